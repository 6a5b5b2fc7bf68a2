//! Each kernel on each instruction set, against a plain copy of as many bytes.

use crate::picture::{LEVEL, Page};
use indicatif::{ProgressBar, ProgressStyle};
use omnilane::cpu::{Isa, with_isa};
use omnilane::memory::{Image, ImageError};
use omnilane_kernels::{
    Threshold, gray_from_rgb_into, gray_from_rgba, gray_from_rgba_into, mean_std, normalize_into, threshold_into,
};
use serde::Serialize;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long each measurement takes.
#[derive(Clone, Copy)]
pub struct Settings {
    /// Measurements, of which the median counts.
    samples: usize,
    /// Time that one measurement fills with repeated calls.
    sample: Duration,
}

impl Settings {
    pub const FULL: Settings = Settings { samples: 31, sample: Duration::from_millis(8) };
    pub const QUICK: Settings = Settings { samples: 7, sample: Duration::from_millis(2) };
}

/// One line of the table.
#[derive(Serialize)]
pub struct Row {
    pub kernel: &'static str,
    pub width: usize,
    pub height: usize,
    pub isa: &'static str,
    pub median_ns: f64,
    pub megapixels_per_s: f64,
    /// Bytes read and written.
    pub gigabytes_per_s: f64,
    pub times_scalar: f64,
    /// The time of `copy_from_slice` for as many bytes moved, divided by the kernel's.
    pub share_of_copy: f64,
}

/// A kernel with its buffers, ready to be called again and again.
struct Job<'a> {
    kernel: &'static str,
    /// Bytes read and written for each pixel; a kernel that reads twice counts both.
    bytes_per_pixel: usize,
    call: Box<dyn FnMut() + 'a>,
}

pub fn all(page: &Page, settings: Settings) -> Result<Vec<Row>, ImageError> {
    let (width, height) = (page.width(), page.height());
    let pixels = width * height;
    let gray = gray_from_rgba(page.rgba());
    let rgb = Image::<u8, 3>::from_fn(width, height, |x, y| {
        let [r, g, b, _] = page.rgba().pixel(x, y).unwrap_or_default();
        [r, g, b]
    })?;
    let floats =
        Image::<f32, 1>::from_fn(width, height, |x, y| gray.view().pixel(x, y).unwrap_or_default().map(f32::from))?;

    let bytes = || Image::<u8, 1>::new(width, height);
    let (mut from_rgba, mut from_rgb, mut black_and_white) = (bytes()?, bytes()?, bytes()?);
    let mut normal = Image::<f32, 1>::new(width, height)?;
    let mut jobs = [
        Job {
            kernel: "gray_from_rgba",
            bytes_per_pixel: 5,
            call: Box::new(|| gray_from_rgba_into(page.rgba(), &mut from_rgba.view_mut()).expect("equal sizes")),
        },
        Job {
            kernel: "gray_from_rgb",
            bytes_per_pixel: 4,
            call: Box::new(|| gray_from_rgb_into(rgb.view(), &mut from_rgb.view_mut()).expect("equal sizes")),
        },
        Job {
            kernel: "threshold",
            bytes_per_pixel: 2,
            call: Box::new(|| {
                let dst = &mut black_and_white.view_mut();
                threshold_into(gray.view(), dst, LEVEL, Threshold::Binary(255)).expect("equal sizes");
            }),
        },
        Job {
            kernel: "mean_std",
            bytes_per_pixel: 4,
            call: Box::new(|| {
                black_box(mean_std(floats.view()));
            }),
        },
        Job {
            kernel: "normalize",
            bytes_per_pixel: 12,
            call: Box::new(|| {
                normalize_into(floats.view(), &mut normal.view_mut()).expect("equal sizes");
            }),
        },
    ];

    let isas: Vec<Isa> = Isa::available().collect();
    let bar = ProgressBar::new((jobs.len() * (isas.len() + 1)) as u64);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}").expect("a valid template"));
    let mut rows = Vec::new();
    for job in &mut jobs {
        bar.set_message(format!("{}: copy", job.kernel));
        let copy = copy_time(pixels * job.bytes_per_pixel, settings);
        bar.inc(1);
        let mut scalar = f64::NAN;
        for &isa in &isas {
            bar.set_message(format!("{} on {isa}", job.kernel));
            let ns = with_isa(isa, || median_ns(settings, &mut job.call)).expect("it is available");
            if isa == Isa::Scalar {
                scalar = ns;
            }
            rows.push(Row {
                kernel: job.kernel,
                width,
                height,
                isa: isa.name(),
                median_ns: ns,
                megapixels_per_s: pixels as f64 / ns * 1e3,
                gigabytes_per_s: (pixels * job.bytes_per_pixel) as f64 / ns,
                times_scalar: scalar / ns,
                share_of_copy: copy / ns,
            });
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(rows)
}

/// The time to copy so many bytes that `moved` are read and written.
fn copy_time(moved: usize, settings: Settings) -> f64 {
    let src = vec![1u8; moved.div_ceil(2)];
    let mut dst = vec![0u8; src.len()];
    median_ns(settings, &mut || black_box(&mut dst).copy_from_slice(black_box(&src)))
}

/// The median time of one call in nanoseconds.
pub fn median_ns(settings: Settings, call: &mut dyn FnMut()) -> f64 {
    call();
    let start = Instant::now();
    call();
    let once = start.elapsed().max(Duration::from_nanos(1));
    let calls = (settings.sample.as_nanos() / once.as_nanos()).clamp(1, 1 << 20) as u32;
    let mut times: Vec<f64> = (0..settings.samples)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..calls {
                call();
            }
            start.elapsed().as_nanos() as f64 / f64::from(calls)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
