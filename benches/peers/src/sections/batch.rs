//! Batchers: the bench of that name in a process of its own, since its runtime keeps threads.

use super::Section;
use crate::machine;
use crate::measure::{Bar, Spread};
use std::process::Command;

pub fn measure() -> Section {
    let mut section = Section::new("batch", "Batching");
    section.peers = machine::versions(&["batch-aint-one", "amate", "batched-fn"]);
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let args = ["bench", "--quiet", "-p", "omnilane-peers", "--bench", "batch"];
    let done = Command::new(cargo).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let text = done.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    // Two tables of the same rows.
    let one_thread = rows.iter().position(|row| row.join(" ") == "threads of the runtime: 1").unwrap_or(rows.len());
    let (two_threads, one_thread) = rows.split_at(one_thread);
    let find = |rows: &[Vec<&str>], submitters: &str, peer: &str, at: usize| {
        let row = rows.iter().find(|row| row.first() == Some(&submitters) && row.get(1) == Some(&peer))?;
        row.get(at)?.trim_end_matches('x').parse::<f64>().ok()
    };
    section.notes.push("Ratios of medians of rounds in turn; a processor that does nothing.".into());
    for submitters in ["1", "8", "64"] {
        for peer in ["batch-aint-one", "amate", "batched-fn", "on_a_worker"] {
            let ratio = |at| find(two_threads, submitters, peer, at);
            let p50 = ratio(5);
            if let Some(p50) = p50 {
                section.rival(format!("{submitters} submitters, p50"), &peer.replace('_', " "), point(p50));
            }
            for (what, at) in [("time of a request", 3), ("p99", 7)] {
                if peer == "on_a_worker" {
                    if let Some(ratio) = ratio(at) {
                        section.rival(format!("{submitters} submitters, {what}"), "on a worker", point(ratio));
                    }
                    continue;
                }
                let alone = find(one_thread, submitters, peer, at);
                if let Some(alone) = alone {
                    section.rival(format!("{submitters} submitters on one thread, {what}"), peer, point(alone));
                }
                let bar = format!("{submitters} submitters, {what}: times better than {peer}");
                let bar = match ratio(at).map(point) {
                    Some(ratio) => {
                        section.rival(format!("{submitters} submitters, {what}"), peer, ratio);
                        let beside = |what: &str, ratio: Option<f64>| ratio.map(|ratio| format!("{what} {ratio:.2}"));
                        let reasons = [beside("the median is better:", p50), beside("on one thread:", alone)];
                        let reason = reasons.into_iter().flatten().collect::<Vec<_>>().join("; ");
                        Bar::at_least(bar, ratio, 1.0).because(&reason)
                    }
                    None => Bar::unknown(bar, 1.0, "the bench printed no such row"),
                };
                section.bars.push(bar);
            }
        }
    }
    for line in text.lines().filter(|line| line.starts_with("max_wait of") || line.starts_with("deadline")) {
        let words: Vec<&str> = line.split("bar:").next().unwrap_or(line).split_whitespace().collect();
        if let [name @ .., p50, _] = &words[..]
            && let Ok(p50) = p50.parse()
        {
            let wanted = if line.starts_with("deadline") { 2000.0 } else { 200.0 };
            section.bars.push(Bar::at_most(format!("{}: us late at the median", name.join(" ")), point(p50), wanted));
        }
    }
    section.notes.extend(text.lines().filter(|line| line.starts_with("idle")).map(String::from));
    section
}

/// A server over HTTP for a minute at twice the load that it can bear: the example, in a process of its own.
pub fn soak() -> Section {
    let mut section = Section::new("soak", "A server at twice its capacity");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let args = ["run", "--quiet", "--release", "-p", "omnilane", "--example", "serve_batch", "--", "soak"];
    let done = Command::new(cargo).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let text = done.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
    section.notes.push("`cargo run --release --example serve_batch -- soak`:".into());
    section.notes.push(format!("```text\n{}\n```", text.trim_end()));
    for what in [
        "p99 of the accepted, share of the time promised",
        "503, ms at p99",
        "memory, the most beside that after a quarter",
        "items left to nobody",
    ] {
        let bar = format!("server at twice its capacity: {what}");
        let line = text.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(": "));
        let values = line.and_then(|line| line.split_once(", at most ")).and_then(|(value, rest)| {
            let most = rest.split_once(':')?.0;
            Some((value.parse().ok()?, most.parse().ok()?))
        });
        section.bars.push(match values {
            Some((value, most)) => Bar::at_most(bar, point(value), most),
            None => Bar::unknown(bar, 0.0, "the example printed no such line"),
        });
    }
    section
}

fn point(value: f64) -> Spread {
    Spread { low: value, value, high: value }
}
