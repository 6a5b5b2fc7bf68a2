//! The batcher's counters in Prometheus' text format.

use omnilane::batch::{BatchStats, Summary};
use std::fmt::{Display, Write as _};

pub fn text(stats: &BatchStats) -> String {
    let mut out = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, values: &[(&str, &dyn Display)]| {
        let _ = writeln!(out, "# HELP batch_{name} {help}\n# TYPE batch_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(out, "batch_{name}{labels} {value}");
        }
    };
    metric("items_waiting", "gauge", "Items that wait for a batch.", &[("", &stats.waiting)]);
    metric("items_in_flight", "gauge", "Items that are being processed.", &[("", &stats.in_flight)]);
    metric("target_size", "gauge", "Size at which batches leave.", &[("", &stats.target_size)]);
    metric("fill_ratio", "gauge", "Mean batch size divided by the maximum.", &[("", &stats.fill_ratio)]);
    metric("items_submitted_total", "counter", "Items that were taken in.", &[("", &stats.submitted)]);
    metric(
        "items_total",
        "counter",
        "Items by their end.",
        &[
            ("{end=\"completed\"}", &stats.completed),
            ("{end=\"failed\"}", &stats.failed),
            ("{end=\"timeout\"}", &stats.timeouts),
            ("{end=\"cancelled_waiting\"}", &stats.cancelled_waiting),
            ("{end=\"cancelled_running\"}", &stats.cancelled_running),
            ("{end=\"abandoned\"}", &stats.abandoned),
        ],
    );
    metric(
        "rejects_total",
        "counter",
        "Items that were handed back, by reason.",
        &[
            ("{reason=\"full\"}", &stats.rejected_full),
            ("{reason=\"too_large\"}", &stats.rejected_too_large),
            ("{reason=\"closed\"}", &stats.rejected_closed),
        ],
    );
    metric("batches_total", "counter", "Batches that were finished.", &[("", &stats.batches)]);
    metric("panics_total", "counter", "Batches whose processor panicked.", &[("", &stats.panics)]);
    let seconds = |s: Summary<std::time::Duration>| {
        let [p50, p90, p99] = [s.p50, s.p90, s.p99].map(|t| t.as_secs_f64());
        Summary { count: s.count, mean: s.mean.as_secs_f64(), p50, p90, p99, max: s.max.as_secs_f64() }
    };
    summary(&mut out, "wait_seconds", "From taken in to the start of the batch.", seconds(stats.wait));
    summary(&mut out, "service_seconds", "The processor's time for a batch.", seconds(stats.service));
    summary(&mut out, "size", "Items in a batch.", stats.batch_size);
    out
}

fn summary(out: &mut String, name: &str, help: &str, s: Summary<f64>) {
    let _ = writeln!(out, "# HELP batch_{name} {help}\n# TYPE batch_{name} summary");
    for (quantile, value) in [("0.5", s.p50), ("0.9", s.p90), ("0.99", s.p99)] {
        let _ = writeln!(out, "batch_{name}{{quantile=\"{quantile}\"}} {value}");
    }
    let _ = writeln!(out, "batch_{name}_sum {}\nbatch_{name}_count {}", s.mean * s.count as f64, s.count);
}
