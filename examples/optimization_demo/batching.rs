//! Batching in the simulator: four rules look for the batch size that keeps within 10 ms, when a batch of `b` takes
//! `2 ms + 0.1 ms b` with 5 % noise, and twice as long from the 500th batch on.

use omnilane::batch::rules::{Aimd, Bisection, Clipper, LatencyTarget, SizeRule};
use omnilane::batch::sim::{Outcome, Report, Request, Simulator};
use omnilane::batch::{BatchConfig, BatchError, Policy};
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

const TARGET: Duration = Duration::from_millis(10);
const MAX: usize = 256;
const BATCHES: usize = 1000;
const SLOW_FROM: usize = BATCHES / 2;

/// What a rule made of it.
#[derive(Serialize)]
pub struct Rule {
    pub name: &'static str,
    /// Items in a second of virtual time.
    pub served_per_s: f64,
    /// The share of batches that took longer than the target.
    pub missed: f64,
    /// Batches that took longer after the slowdown, before the first that did not.
    pub recovery: usize,
    /// The size of each batch.
    pub sizes: Vec<usize>,
}

pub fn rules() -> Result<Vec<Rule>, BatchError> {
    Ok(vec![
        rule("omnilane", LatencyTarget::new(TARGET, MAX))?,
        rule("Clipper", Clipper::new(TARGET, MAX, 2))?,
        rule("Netflix AIMD", Aimd::new(TARGET, MAX))?,
        rule("Daft", Bisection::new(TARGET, TARGET / 20, MAX))?,
    ])
}

fn rule(name: &'static str, rule: impl SizeRule + 'static) -> Result<Rule, BatchError> {
    let config = BatchConfig { max_batch_size: MAX, max_queue_size: usize::MAX, ..BatchConfig::default() };
    let requests = vec![Request::at(Duration::ZERO); 75 * BATCHES];
    let (mut batches, mut noise) = (0, 7u32);
    let report = Simulator::new(Policy::new(config))?.rule(rule).run(&requests, |batch| {
        batches += 1;
        let slow = if batches > SLOW_FROM { 2.0 } else { 1.0 };
        Outcome::Done(
            (Duration::from_millis(2) + Duration::from_micros(100) * batch.items.len() as u32)
                .mul_f64(slow * (1.0 + 0.05 * normal(&mut noise))),
        )
    });
    Ok(summary(name, &report))
}

/// Near enough to a standard normal: the sum of twelve uniforms.
fn normal(state: &mut u32) -> f64 {
    let mut uniform = || {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(*state >> 8) / f64::from(1u32 << 24)
    };
    (0..12).map(|_| uniform()).sum::<f64>() - 6.0
}

fn summary(name: &'static str, report: &Report) -> Rule {
    let batches = &report.batches[..BATCHES.min(report.batches.len())];
    let missed = |batch: &&omnilane::batch::sim::Batch| matches!(batch.outcome, Outcome::Done(time) if time > TARGET);
    let sizes: Vec<usize> = batches.iter().map(|batch| batch.items.len()).collect();
    let time = batches.last().map_or(1.0, |batch| batch.start.as_secs_f64());
    Rule {
        name,
        served_per_s: sizes.iter().sum::<usize>() as f64 / time,
        missed: batches.iter().filter(missed).count() as f64 / batches.len() as f64,
        recovery: batches.iter().skip(SLOW_FROM).take_while(missed).count(),
        sizes,
    }
}

pub fn table(rules: &[Rule]) -> String {
    let mut out = String::from(
        "\nbatching, in the simulator: 2 ms + 0.1 ms b with 5 % noise, twice that from batch 500; target 10 ms\n",
    );
    let _ = writeln!(
        out,
        "{:<16} {:>9} {:>9} {:>10} {:>12} {:>10}",
        "rule", "items/s", "missed", "recovery", "size at 499", "at the end"
    );
    for rule in rules {
        let size = |batch: usize| rule.sizes.get(batch).copied().unwrap_or_default();
        let _ = writeln!(
            out,
            "{:<16} {:>9.0} {:>8.1}% {:>10} {:>12} {:>10}",
            rule.name,
            rule.served_per_s,
            100.0 * rule.missed,
            rule.recovery,
            size(SLOW_FROM - 1),
            size(BATCHES - 1)
        );
    }
    out + "missed: batches that took longer than the target. recovery: batches from the slowdown to the first within it.\n"
}

/// The sizes, batch by batch, and the table: a section of the page.
pub fn html(rules: &[Rule]) -> String {
    const COLOURS: [&str; 4] = ["#d9622b", "#3178c6", "#6b9a3f", "#93a0ae"];
    let most = rules.iter().flat_map(|rule| &rule.sizes).max().copied().unwrap_or(1) as f64;
    let (mut lines, mut rows) = (String::new(), String::new());
    for (i, (rule, colour)) in rules.iter().zip(COLOURS).enumerate().rev() {
        let mut points = String::new();
        for (batch, size) in rule.sizes.iter().enumerate() {
            let (x, y) = (720.0 * batch as f64 / BATCHES as f64, 200.0 * (1.0 - *size as f64 / most));
            let _ = write!(points, "{x:.1},{y:.1} ");
        }
        let width = if i == 0 { 2.0 } else { 1.0 };
        let _ = writeln!(
            lines,
            "<polyline fill='none' stroke='{colour}' stroke-width='{width}' points='{points}'/>\
             <text x='{}' y='246' style='fill:{colour}'>{}</text>",
            180 * i,
            rule.name
        );
    }
    let mut axes = String::new();
    for size in (0..).step_by(40).take_while(|size| f64::from(*size) <= most) {
        let y = 200.0 * (1.0 - f64::from(size) / most);
        let _ = writeln!(
            axes,
            "<line x1='0' x2='720' y1='{y:.1}' y2='{y:.1}' style='stroke:var(--line)'/>\
             <text class='faint' x='-8' y='{:.1}' text-anchor='end'>{size}</text>",
            y + 4.0
        );
    }
    for batch in (0..=BATCHES).step_by(SLOW_FROM / 2) {
        let x = 720 * batch / BATCHES;
        let _ = writeln!(axes, "<text class='faint' x='{x}' y='220' text-anchor='middle'>{batch}</text>");
    }
    for rule in rules {
        let _ = writeln!(
            rows,
            "<tr><td>{}<td>{:.0}<td>{:.1}%<td>{}",
            rule.name,
            rule.served_per_s,
            100.0 * rule.missed,
            rule.recovery
        );
    }
    format!(
        "<h2>Batching</h2>
<p>A batch of <i>b</i> takes 2 ms + 0.1 ms <i>b</i> with 5 % noise, and twice as long from the 500th batch on. Each rule looks
for the largest size that keeps within 10 ms, in the simulator's virtual time.</p>
<div class=beside>
<div class=scroll><svg class='chart sizes' viewBox='-40 -30 784 284' role='img' aria-label='Batch sizes by rule'>
<text x='-40' y='-14'>size of each batch, by its number</text>
{axes}{lines}</svg></div>
<div class=scroll><table>
<tr><th>rule<th>items/s<th>missed<th>recovery
{rows}</table></div>
</div>
"
    )
}
