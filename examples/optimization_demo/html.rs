//! The report: pictures, a bar chart, the table. One page that needs nothing but the files beside it.

use crate::chart::{self, Bar};
use crate::measure::Row;
use crate::picture::{LEVEL, Page};
use crate::table::time;
use omnilane::cpu::{current_isa, detect_features};
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d2733; --paper: #fbfbf9; --faint: #6b7785; --line: #d9dde2; --bar: #3178c6; --best: #d9622b }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --paper: #14181d; --faint: #93a0ae; --line: #333c46; --bar: #5b9be0; --best: #ec8552 } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 80rem; margin: 2rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 } p.sub, figcaption, .note { color: var(--faint) } p { max-width: 46rem }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); gap: 2rem; align-items: start }
.pictures { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
figure { margin: 0 } figure img { width: 100%; height: auto; border: 1px solid var(--line) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .2rem .6rem; white-space: nowrap; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child, .named :is(th, td):nth-child(2) { text-align: left } tr.best td { font-weight: 600 } h2:first-child { margin-top: 0 }
svg { width: 100%; height: auto } .half { max-width: 36rem } .quality { max-width: 64rem } .quality, .sizes { min-width: 30rem } code { overflow-wrap: anywhere }
@media (max-width: 40rem) { th, td { padding: .2rem .4rem; font-size: .9rem } h1 { font-size: 1.6rem } }
";

/// Writes `index.html` and `chart.svg`; the sections follow the measurements.
pub fn write(dir: &Path, page: &Page, rows: &[Row], sections: &[String]) -> io::Result<()> {
    let chart = chart(rows);
    fs::write(dir.join("chart.svg"), &chart)?;
    fs::write(dir.join("index.html"), report(page, rows, &chart, &sections.concat()))
}

fn report(page: &Page, rows: &[Row], chart: &str, sections: &str) -> String {
    let (width, height) = (page.width(), page.height());
    let mut table = String::new();
    for row in rows {
        let _ = writeln!(
            table,
            "<tr{}><td>{}<td>{}<td>{}<td>{:.0}<td>{:.1}<td>{:.1}<td>{:.0}%",
            if is_best(row, rows) { " class=best" } else { "" },
            row.kernel,
            row.isa,
            time(row.median_ns),
            row.megapixels_per_s,
            row.gigabytes_per_s,
            row.times_scalar,
            100.0 * row.share_of_copy,
        );
    }
    format!(
        "<!doctype html>
<html lang=en>
<meta charset=utf-8>
<meta name=viewport content='width=device-width, initial-scale=1'>
<title>omnilane: a page through the kernels</title>
<style>{STYLE}</style>
<h1>A page through the kernels</h1>
<p class=sub>{name}, {width} &times; {height} pixels, one thread</p>
<p>This CPU has <code>{features}</code>. Kernels run on <b>{isa}</b> here; below, each of them on every instruction set of
this machine. All of them give the same bits.</p>
<div class=beside>
<div class=pictures>
<figure><img src=gray.png alt='the page in gray' width={width} height={height}><figcaption>gray_from_rgba</figcaption></figure>
<figure><img src=threshold.png alt='the page in black and white' width={width} height={height}><figcaption>threshold at {LEVEL}</figcaption></figure>
</div>
<div>
<h2>Megapixels per second</h2>
<div class=scroll>{chart}</div>
</div>
</div>
<h2>Measurements</h2>
<div class=scroll><table class=named>
<tr><th>kernel<th>isa<th>median<th>Mpixels/s<th>GB/s<th>&times; scalar<th>of copy
{table}</table></div>
<p class=note>GB/s counts bytes read and written. <i>Of copy</i> is the time of copy_from_slice for as many bytes, divided by
the kernel's time.</p>
{sections}</html>
",
        name = escape(&page.name),
        features = detect_features(),
        isa = current_isa(),
    )
}

/// Bars of megapixels per second, each kernel on its own scale.
fn chart(rows: &[Row]) -> String {
    let mut groups: Vec<(&str, Vec<Bar>)> = Vec::new();
    for row in rows {
        if groups.last().is_none_or(|(kernel, _)| *kernel != row.kernel) {
            groups.push((row.kernel, Vec::new()));
        }
        let bar = Bar {
            label: row.isa.to_owned(),
            value: row.megapixels_per_s,
            text: format!("{:.0}", row.megapixels_per_s),
            note: format!("({:.1} x scalar)", row.times_scalar),
            best: is_best(row, rows),
        };
        groups.last_mut().expect("a group was just there").1.push(bar);
    }
    chart::bars("Megapixels per second of each kernel on each instruction set", &groups)
}

fn is_best(row: &Row, rows: &[Row]) -> bool {
    rows.iter().filter(|r| r.kernel == row.kernel).all(|r| r.megapixels_per_s <= row.megapixels_per_s)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
