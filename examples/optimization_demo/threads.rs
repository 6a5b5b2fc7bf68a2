//! Each kernel on one thread and on several.

use crate::chart::{self, Bar};
use crate::measure::{Settings, median_ns};
use crate::picture::{LEVEL, Page};
use crate::table::time;
use omnilane::lanes::{LengthError, Simd, map};
use omnilane::memory::Image;
use omnilane::parallel::{optimal_thread_count, parallel_zip_rows, set_thread_count};
use omnilane_kernels::{
    Threshold, gray_from_rgba, gray_from_rgba_into, gray_from_rgba_into_parallel, normalize_into,
    normalize_into_parallel, threshold_into, threshold_into_parallel,
};
use std::error::Error;
use std::fmt::Write as _;

omnilane::kernel! {
    /// Work that computes more than it moves.
    fn exp<S: Simd>(simd: S, src: &[f32], dst: &mut [f32]) -> Result<(), LengthError> {
        map(simd, src, dst, #[inline(always)] |v| v.exp())
    }
}

/// A kernel on so many threads.
pub struct Row {
    kernel: &'static str,
    threads: usize,
    ns: f64,
    /// The time of one thread, divided by this one.
    speed_up: f64,
}

/// The kernels on 1, 2, 4, ... threads, up to one for each core.
pub fn all(page: &Page, settings: Settings) -> Result<Vec<Row>, Box<dyn Error>> {
    let (width, height) = (page.width(), page.height());
    let gray = gray_from_rgba(page.rgba());
    let floats =
        Image::<f32, 1>::from_fn(width, height, |x, y| gray.view().pixel(x, y).unwrap_or_default().map(f32::from))?;
    let (mut bytes, mut black_and_white) = (gray.clone(), gray.clone());
    let (mut normal, mut exponential) = (floats.clone(), floats.clone());

    type Call<'a> = Box<dyn FnMut() + 'a>;
    let (mut bytes_2, mut black_and_white_2) = (gray.clone(), gray.clone());
    let (mut normal_2, mut exponential_2) = (floats.clone(), floats.clone());
    let whole = |dst: &mut Image<f32, 1>| {
        for (src, dst) in floats.view().rows().zip(dst.view_mut().rows_mut()) {
            exp(src, dst).expect("equal lengths");
        }
    };
    let banded = |dst: &mut Image<f32, 1>| {
        let done = parallel_zip_rows(floats.view(), &mut dst.view_mut(), 1, |src, dst| {
            for (src, dst) in src.rows().zip(dst.rows_mut()) {
                exp(src, dst).expect("equal lengths");
            }
        });
        done.expect("equal sizes");
    };
    let black = Threshold::Binary(255);
    let mut kernels: [(&'static str, Call<'_>, Call<'_>); 4] = [
        (
            "gray_from_rgba",
            Box::new(|| gray_from_rgba_into(page.rgba(), &mut bytes.view_mut()).expect("equal sizes")),
            Box::new(|| gray_from_rgba_into_parallel(page.rgba(), &mut bytes_2.view_mut()).expect("equal sizes")),
        ),
        (
            "threshold",
            Box::new(|| {
                threshold_into(gray.view(), &mut black_and_white.view_mut(), LEVEL, black).expect("equal sizes");
            }),
            Box::new(|| {
                let dst = &mut black_and_white_2.view_mut();
                threshold_into_parallel(gray.view(), dst, LEVEL, black).expect("equal sizes");
            }),
        ),
        (
            "normalize",
            Box::new(|| _ = normalize_into(floats.view(), &mut normal.view_mut()).expect("equal sizes")),
            Box::new(|| _ = normalize_into_parallel(floats.view(), &mut normal_2.view_mut()).expect("equal sizes")),
        ),
        ("exp", Box::new(|| whole(&mut exponential)), Box::new(|| banded(&mut exponential_2))),
    ];

    let most = optimal_thread_count();
    let mut rows = Vec::new();
    for (kernel, one, several) in &mut kernels {
        let alone = median_ns(settings, one);
        rows.push(Row { kernel, threads: 1, ns: alone, speed_up: 1.0 });
        let mut threads = 2;
        while threads <= most {
            set_thread_count(threads)?;
            let ns = median_ns(settings, several);
            rows.push(Row { kernel, threads, ns, speed_up: alone / ns });
            threads = if threads < most { (2 * threads).min(most) } else { most + 1 };
        }
    }
    set_thread_count(0)?;
    drop(kernels);
    let same = bytes == bytes_2 && black_and_white == black_and_white_2 && normal == normal_2;
    if most > 1 && !(same && exponential == exponential_2) {
        return Err("one thread and several gave different bits".into());
    }
    Ok(rows)
}

/// What there is to say of the rows.
fn note(rows: &[Row]) -> &'static str {
    if rows.iter().all(|row| row.threads == 1) {
        "This machine has one core: nothing to compare."
    } else {
        "The results of one thread and of several have the same bits."
    }
}

pub fn table(rows: &[Row]) -> String {
    let mut out = format!("\n{:<16} {:>8} {:>11} {:>9}\n", "kernel", "threads", "median", "speed-up");
    for row in rows {
        let _ = writeln!(out, "{:<16} {:>8} {:>11} {:>8.2}x", row.kernel, row.threads, time(row.ns), row.speed_up);
    }
    format!("{out}\n{}\n", note(rows))
}

/// Bars of the speed-up: a section of the page.
pub fn html(rows: &[Row]) -> String {
    let mut groups: Vec<(&str, Vec<Bar>)> = Vec::new();
    for row in rows {
        if row.threads == 1 {
            groups.push((row.kernel, Vec::new()));
        }
        let bar = Bar {
            label: if row.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", row.threads) },
            value: row.speed_up,
            text: time(row.ns),
            note: format!("({:.2} x)", row.speed_up),
            best: row.threads > 1 && row.speed_up > 1.0,
        };
        if let Some((_, bars)) = groups.last_mut() {
            bars.push(bar);
        }
    }
    let bars = chart::bars("Speed-up of each kernel by threads", &groups);
    format!(
        "<h2>Threads</h2>
<p>The same kernels with their rows split between threads: how many times as fast as on one. What only moves memory gains
as far as the memory allows; <code>exp</code> computes more than it moves. {}</p>
<div class='half scroll'>{bars}</div>
",
        note(rows)
    )
}
