//! The measurements as a table for the terminal.

use crate::measure::Row;
use std::fmt::Write as _;

pub fn table(rows: &[Row]) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:<16} {:>11} {:<9} {:>11} {:>12} {:>8} {:>9} {:>8}",
        "kernel", "size", "isa", "median", "Mpixels/s", "GB/s", "x scalar", "of copy"
    );
    let mut last = "";
    for row in rows {
        if row.kernel != last && !last.is_empty() {
            out.push('\n');
        }
        last = row.kernel;
        let _ = writeln!(
            out,
            "{:<16} {:>11} {:<9} {:>11} {:>12.0} {:>8.1} {:>9.1} {:>7.0}%",
            row.kernel,
            format!("{}x{}", row.width, row.height),
            row.isa,
            time(row.median_ns),
            row.megapixels_per_s,
            row.gigabytes_per_s,
            row.times_scalar,
            100.0 * row.share_of_copy,
        );
    }
    out + "\nGB/s: bytes read and written. of copy: the time of copy_from_slice for as many bytes, divided by this time.\n"
}

/// Nanoseconds with a fitting unit.
pub fn time(ns: f64) -> String {
    match ns {
        _ if ns < 1e3 => format!("{ns:.0} ns"),
        _ if ns < 1e6 => format!("{:.1} us", ns / 1e3),
        _ => format!("{:.2} ms", ns / 1e6),
    }
}
