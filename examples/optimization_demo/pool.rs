//! Buffers from a pool beside buffers from the allocator, for the same work.

use crate::chart::{self, Bar};
use crate::measure::{Settings, median_ns};
use crate::picture::Page;
use crate::table::time;
use omnilane::memory::pool::{BufferPool, PoolStats};
use omnilane_kernels::{gray_from_rgba, gray_from_rgba_into};
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;

/// Buffers that are taken, written whole and given back.
const SIZES: [(&str, usize); 4] = [("64 KB", 64 << 10), ("1 MB", 1 << 20), ("8 MB", 8 << 20), ("32 MB", 32 << 20)];

/// A work with the allocator's buffers and with the pool's.
pub struct Row {
    work: String,
    fresh_ns: f64,
    pooled_ns: f64,
    /// The pool's own count for the work.
    stats: PoolStats,
}

impl Row {
    fn times(&self) -> f64 {
        self.fresh_ns / self.pooled_ns
    }

    /// Buffers handed out, and those of them that had been used before.
    fn counts(&self) -> (usize, usize) {
        (self.stats.hits + self.stats.misses, self.stats.hits)
    }
}

pub fn all(page: &Page, settings: Settings) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for (name, n) in SIZES {
        let pool = BufferPool::<u8>::new(&[n])?;
        rows.push(Row {
            work: format!("write {name}"),
            fresh_ns: median_ns(settings, &mut || _ = black_box(&mut vec![black_box(7); n][..])),
            pooled_ns: median_ns(settings, &mut || {
                let buffer = pool.get_uninit(n).expect("memory");
                black_box(&mut buffer.fill(black_box(7))[..]);
            }),
            stats: pool.stats(),
        });
    }
    let (width, height) = (page.width(), page.height());
    let pool = BufferPool::<u8>::new(&[(width * height).next_power_of_two()])?;
    rows.push(Row {
        work: "gray page".to_owned(),
        fresh_ns: median_ns(settings, &mut || _ = black_box(gray_from_rgba(page.rgba()))),
        pooled_ns: median_ns(settings, &mut || {
            let mut gray = pool.get_image::<1>(width, height).expect("memory");
            gray_from_rgba_into(page.rgba(), &mut gray.view_mut()).expect("equal sizes");
            black_box(gray);
        }),
        stats: pool.stats(),
    });
    Ok(rows)
}

pub fn table(rows: &[Row]) -> String {
    let mut out = format!(
        "\n{:<16} {:>11} {:>11} {:>9} {:>9} {:>9}\n",
        "buffers", "allocator", "pool", "times", "taken", "reused"
    );
    for row in rows {
        let (taken, reused) = row.counts();
        let (fresh, pooled) = (time(row.fresh_ns), time(row.pooled_ns));
        let _ = writeln!(out, "{:<16} {fresh:>11} {pooled:>11} {:>8.1}x {taken:>9} {reused:>9}", row.work, row.times());
    }
    out
}

/// Bars of the times, and the counts: a section of the page.
pub fn html(rows: &[Row]) -> String {
    let bar = |label: &str, ns, note, best| Bar { label: label.to_owned(), value: ns, text: time(ns), note, best };
    let groups: Vec<_> = rows
        .iter()
        .map(|row| {
            let faster = format!("({:.1} x)", row.times());
            let bars =
                vec![bar("allocator", row.fresh_ns, String::new(), false), bar("pool", row.pooled_ns, faster, true)];
            (row.work.as_str(), bars)
        })
        .collect();
    let mut lines = String::new();
    for row in rows {
        let (taken, reused) = row.counts();
        let _ = writeln!(lines, "<tr><td>{}<td>{taken}<td>{reused}<td>{}", row.work, row.stats.misses);
    }
    format!(
        "<h2>Buffers that come back</h2>
<p>Each work takes a buffer, writes it whole and lets it go. The allocator's is <code>vec![7; n]</code> or the kernel's own
<code>Image</code>, the other one comes from a <code>BufferPool</code>: its pages are mapped already, where large fresh ones
are faulted in one by one.</p>
<div class=beside>
<div class=scroll>{}</div>
<div class=scroll><table>
<tr><th>work<th>taken<th>reused<th>allocated
{lines}</table></div>
</div>
",
        chart::bars("Time of a work with buffers of the allocator and of the pool", &groups)
    )
}
