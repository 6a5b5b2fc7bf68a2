//! The speeds that omnilane promises, as ratios measured in one run: `cargo bench --bench bars`.
//!
//! Each line is a pair of programs whose calls alternate, so that a slow moment of the machine hits both; the ratio is that
//! of the median times. Prints whether each bar is met; never fails, since time is not a test.

#[path = "bars/memory.rs"]
mod memory;

use omnilane::cpu::{Isa, with_isa};
use omnilane::lanes::{LengthError, Simd, map};
use omnilane::memory::{Image, ImageView, ImageViewMut};
use omnilane_kernels::{Threshold, gray_from_rgba_into, normalize_into, threshold_into};
use std::hint::black_box;
use std::time::{Duration, Instant};

fn main() {
    println!("{:<71} {:>9} {:>7}", "bar", "measured", "wanted");
    gray_512();
    gray_256();
    gray_call();
    for side in [256, 512, 1024, 4096] {
        threshold(side);
    }
    normalize_large();
    memory::all();
}

/// `bar` is met if `b` takes at least `wanted` times as long as `a`.
fn ratio(bar: &str, wanted: f64, mut a: impl FnMut(), mut b: impl FnMut()) {
    let (mut times_a, mut times_b) = (Vec::new(), Vec::new());
    let (calls_a, calls_b) = (calls(&mut a), calls(&mut b));
    for _ in 0..101 {
        times_a.push(time(calls_a, &mut a));
        times_b.push(time(calls_b, &mut b));
    }
    let measured = median(times_b) / median(times_a);
    report(bar, measured, wanted, measured >= wanted);
}

fn report(bar: &str, measured: f64, wanted: f64, met: bool) {
    println!("{bar:<71} {measured:>9.2} {wanted:>7.2}  {}", if met { "met" } else { "MISSED" });
}

/// Calls that take about a millisecond.
fn calls(f: &mut dyn FnMut()) -> u32 {
    f();
    let start = Instant::now();
    f();
    (Duration::from_millis(1).as_nanos() / start.elapsed().as_nanos().max(1)).clamp(1, 100_000) as u32
}

fn time(calls: u32, f: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        f();
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn picture<const C: usize>(side: usize) -> Image<u8, C> {
    Image::from_fn(side, side, |x, y| [(); C].map(|()| ((x * 7) ^ (y * 13)) as u8)).expect("it fits in memory")
}

/// The kernel on one instruction set; a bar for one that this CPU lacks is not measured.
fn on(isa: Isa, mut f: impl FnMut()) -> impl FnMut() {
    move || with_isa(isa, &mut f).expect("it is available")
}

fn gray_512() {
    let (src, mut a, mut b) = (picture::<4>(512), picture::<1>(512), picture::<1>(512));
    let other =
        image::DynamicImage::ImageRgba8(image::RgbaImage::from_raw(512, 512, src.to_vec()).expect("512 x 512 pixels"));
    ratio(
        "gray_from_rgba 512x512: times faster than image's to_luma8",
        20.0,
        || gray_from_rgba_into(src.view(), &mut a.view_mut()).expect("equal sizes"),
        || _ = black_box(black_box(&other).to_luma8()),
    );
    ratio(
        "gray_from_rgba 512x512: times faster than Scalar",
        5.0,
        || gray_from_rgba_into(src.view(), &mut a.view_mut()).expect("equal sizes"),
        on(Isa::Scalar, || gray_from_rgba_into(src.view(), &mut b.view_mut()).expect("equal sizes")),
    );
}

fn gray_256() {
    let (src, mut a, mut b) = (picture::<4>(256), picture::<1>(256), picture::<1>(256));
    for (fast, slow, wanted) in [(Isa::Avx512, Isa::Avx2, 1.2), (Isa::Avx2, Isa::Portable, 1.6)] {
        let bar = format!("gray_from_rgba 256x256: {fast} times faster than {slow}");
        if fast.is_available() && slow.is_available() {
            ratio(
                &bar,
                wanted,
                on(fast, || gray_from_rgba_into(src.view(), &mut a.view_mut()).expect("equal sizes")),
                on(slow, || gray_from_rgba_into(src.view(), &mut b.view_mut()).expect("equal sizes")),
            );
        } else {
            println!("{bar:<71} not measured: this CPU lacks one of them");
        }
    }
}

fn gray_call() {
    let pixels = [7u8; 4 * 256];
    let mut out = [0u8; 256];
    let mut call = || {
        let src = ImageView::<u8, 4>::new(black_box(&pixels), 256, 1).expect("256 pixels");
        let mut dst = ImageViewMut::new(black_box(&mut out), 256, 1).expect("256 pixels");
        gray_from_rgba_into(src, &mut dst).expect("equal sizes");
    };
    let ns = median((0..101).map(|_| time(20_000, &mut call)).collect());
    report("gray_from_rgba of 256 pixels: ns for a whole call", ns, 40.0, ns < 40.0);
}

fn threshold(side: usize) {
    let (src, mut dst) = (picture::<1>(side), picture::<1>(side));
    let (from, mut to) = (src.to_vec(), src.to_vec());
    ratio(
        &format!("threshold {side}x{side}: share of the speed of copy_from_slice"),
        0.9,
        || threshold_into(src.view(), &mut dst.view_mut(), 127, Threshold::Binary(255)).expect("equal sizes"),
        || black_box(&mut to).copy_from_slice(black_box(&from)),
    );
    // What no loop of loads and stores can pass; `copy_from_slice` is microcode (`rep movsb`) from some size on, which
    // need not read the lines that it overwrites.
    ratio(
        &format!("threshold {side}x{side}: share of the speed of a loop that loads and stores"),
        0.9,
        || threshold_into(src.view(), &mut dst.view_mut(), 127, Threshold::Binary(255)).expect("equal sizes"),
        || copy_by_lanes(black_box(&from), black_box(&mut to)).expect("equal lengths"),
    );
}

omnilane::kernel! {
    /// The copy that the lanes can do: each vector loaded and stored, nothing else.
    fn copy_by_lanes<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
        map(simd, src, dst, #[inline(always)] |v| v)
    }
}

fn normalize_large() {
    let side = 4096;
    let src = Image::<f32, 1>::from_fn(side, side, |x, y| [((x * 7) ^ (y * 13)) as f32]).expect("it fits in memory");
    let mut dst = src.clone();
    let from = vec![1.0f32; side * side * 3 / 2];
    let mut to = vec![0.0f32; from.len()];
    ratio(
        "normalize 4096x4096: share of the speed of copying as many bytes",
        0.9,
        || _ = black_box(normalize_into(src.view(), &mut dst.view_mut())),
        || black_box(&mut to).copy_from_slice(black_box(&from)),
    );
}
