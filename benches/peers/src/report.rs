//! `docs/performance.md` and its charts, or those of another machine, from the stored results alone.

use crate::sections::integers::PRODUCTS;
use crate::sections::{NAMES, Rival, Section};
use crate::svg;
use crate::traffic::MOVES;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

/// Sections by name.
pub type Results = BTreeMap<String, Section>;

/// The page's name; those of other machines are named `performance-NAME`.
pub const PAGE: &str = "performance";

/// What was stored for a page; nothing if there is no such file.
///
/// # Errors
/// The file cannot be read, or is none of ours.
pub fn load(folder: &Path, page: &str) -> io::Result<Results> {
    match fs::read_to_string(folder.join(page).join("results.json")) {
        Ok(text) => serde_json::from_str(&text).map_err(io::Error::from),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Results::new()),
        Err(e) => Err(e),
    }
}

/// Writes the results, the charts and the report.
///
/// # Errors
/// A file cannot be written.
pub fn write(folder: &Path, page: &str, results: &Results) -> io::Result<()> {
    let charts = folder.join(page);
    fs::create_dir_all(&charts)?;
    fs::write(charts.join("results.json"), serde_json::to_string_pretty(results)? + "\n")?;
    let sections: Vec<&Section> = NAMES.iter().filter_map(|name| results.get(*name)).collect();
    let mut out = String::from(
        "# Performance\n\n<!-- Written by `cargo run --release -p omnilane-peers`: do not edit. -->\n\n\
         `cargo run --release -p omnilane-peers` measures omnilane and its peers in one run and writes this page;\n\
         `-- --only gray,quantize` measures these parts again. Calls of all rivals alternate; a ratio is the median of\n\
         the rounds, whose quartiles stand in brackets. Above 1, omnilane is faster. OpenCV, onnxruntime and\n\
         NumPy are the PyPI wheels, with one thread if nothing else is said.\n\n",
    );
    if page == PAGE {
        others(&mut out, folder)?;
    }
    machines(&mut out, &sections);
    bars(&mut out, &sections);
    let best = best_peers(&sections);
    fs::write(charts.join("peers.svg"), svg::ratios("Times faster than the best peer", "times faster", &best))?;
    let copies: Vec<_> =
        rivals(&sections).filter(|r| r.peer == "copy").map(|r| (r.what.clone(), r.ratio.value)).collect();
    fs::write(charts.join("copy.svg"), svg::ratios("Share of the speed of a copy of as many bytes", "share", &copies))?;
    let _ = writeln!(out, "## Beside the best peer\n\n![Times faster than the best peer]({page}/peers.svg)\n");
    out.push_str("## Beside a copy\n\nA kernel that reads and writes as fast as `copy_from_slice` moves as many bytes has 1.\n\n");
    let _ = writeln!(
        out,
        "Rows about \"{MOVES}\" set beside a kernel what memory asks of it in any case: the source is read as often,\n\
         then as many bytes are written as the result has (the largest byte, and `fill`). At 1, what it computes is free.\n"
    );
    let _ = writeln!(out, "![Share of copy speed]({page}/copy.svg)\n");
    for section in sections {
        detail(&mut out, section, page, &charts)?;
    }
    fs::write(folder.join(format!("{page}.md")), out.trim_end().to_owned() + "\n")
}

fn rivals<'a>(sections: &'a [&Section]) -> impl Iterator<Item = &'a Rival> {
    sections.iter().flat_map(|section| &section.rivals)
}

/// The pages of other machines.
fn others(out: &mut String, folder: &Path) -> io::Result<()> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(machine) = name.strip_prefix(PAGE).and_then(|rest| rest.strip_prefix('-')?.strip_suffix(".md")) {
            pages.push(format!("[{machine}]({name})"));
        }
    }
    pages.sort_unstable();
    if !pages.is_empty() {
        let _ = writeln!(out, "The same of other machines, as of their dates and commits: {}.\n", pages.join(", "));
    }
    Ok(())
}

fn machines(out: &mut String, sections: &[&Section]) {
    out.push_str("## Where and when\n\n");
    let mut seen: Vec<(&crate::machine::Machine, Vec<String>)> = Vec::new();
    for section in sections {
        let entry = format!("{} ({})", section.name, format!("{} {}", section.date, section.revision).trim());
        match seen.iter_mut().find(|(machine, _)| *machine == &section.machine) {
            Some((_, names)) => names.push(entry),
            None => seen.push((&section.machine, vec![entry])),
        }
    }
    for (machine, names) in seen {
        let _ = writeln!(
            out,
            "- {}, {} cores; {}\n  - extensions: {}\n  - instruction sets: {}\n  - measured here: {}",
            machine.cpu,
            machine.cores,
            machine.rustc,
            machine.features,
            machine.isas,
            names.join(", ")
        );
    }
    let mut peers: Vec<&str> = sections.iter().flat_map(|section| &section.peers).map(String::as_str).collect();
    peers.sort_unstable();
    peers.dedup();
    let _ = writeln!(out, "- beside: {}\n", peers.join(", "));
}

fn bars(out: &mut String, sections: &[&Section]) {
    let all = || sections.iter().flat_map(|section| &section.bars);
    let count = |met| all().filter(|bar| bar.met() == met).count();
    let _ = writeln!(
        out,
        "## What is promised\n\n{} met, {} missed, {} not measured.\n\n\
         | bar | measured | wanted | |\n|---|--:|--:|---|",
        count(Some(true)),
        count(Some(false)),
        count(None)
    );
    for bar in all() {
        let measured =
            bar.measured.map_or_else(String::new, |m| format!("{:.2} ({:.2} to {:.2})", m.value, m.low, m.high));
        let met = match bar.met() {
            Some(true) => "met".into(),
            Some(false) => format!("**missed** {}", bar.reason),
            None => format!("not measured: {}", bar.reason),
        };
        let wanted = format!("{} {}", if bar.at_most { "at most" } else { "at least" }, bar.wanted);
        let _ = writeln!(out, "| {} | {measured} | {wanted} | {} |", bar.what, met.trim());
    }
    out.push('\n');
}

/// The least ratio of each comparison, and whose it is.
fn best_peers(sections: &[&Section]) -> Vec<(String, f64)> {
    let mut best: Vec<&Rival> = Vec::new();
    for rival in
        rivals(sections).filter(|rival| !["copy", "plain Rust", MOVES, PRODUCTS].contains(&rival.peer.as_str()))
    {
        match best.iter_mut().find(|other| other.what == rival.what) {
            Some(other) if rival.ratio.value < other.ratio.value => *other = rival,
            Some(_) => {}
            None => best.push(rival),
        }
    }
    best.iter().map(|rival| (format!("{}: {}", rival.what, rival.peer), rival.ratio.value)).collect()
}

fn detail(out: &mut String, section: &Section, page: &str, charts: &Path) -> io::Result<()> {
    if section.rivals.is_empty() && section.growth.is_none() && section.notes.is_empty() {
        return Ok(());
    }
    let _ = writeln!(out, "## {}\n", section.title);
    for note in &section.notes {
        let _ = writeln!(out, "{note}\n");
    }
    if let Some(growth) = &section.growth {
        let title = format!("{}: megapixels per second by size", section.title);
        fs::write(charts.join(format!("{}.svg", section.name)), svg::growth(&title, &growth.sides, &growth.lines))?;
        let _ = writeln!(out, "![{title}]({page}/{}.svg)\n\n| megapixels/s |", section.name);
        out.truncate(out.len() - 1);
        growth.sides.iter().for_each(|side| _ = write!(out, " {side}² |"));
        let _ = writeln!(out, "\n|---|{}", "--:|".repeat(growth.sides.len()));
        for (name, speeds) in &growth.lines {
            let cells: Vec<String> = speeds.iter().map(|speed| format!("{speed:.0}")).collect();
            let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
        }
        out.push('\n');
    }
    if section.rivals.is_empty() {
        return Ok(());
    }
    out.push_str("| | peer | times faster |\n|---|---|--:|\n");
    for Rival { what, peer, ratio } in &section.rivals {
        let _ = writeln!(out, "| {what} | {peer} | {:.2} ({:.2} to {:.2}) |", ratio.value, ratio.low, ratio.high);
    }
    out.push('\n');
    Ok(())
}
