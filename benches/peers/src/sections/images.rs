//! Kernels by size, beside OpenCV, NumPy, image, imageproc, plain Rust and a copy.

use super::{Growth, Section};
use crate::machine;
use crate::measure::{Bar, Side, Spread, alternate, median, side};
use crate::python::{self, Child};
use crate::traffic::{MOVES, Traffic, beside_moves};
use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};
use imageproc::contrast::{self, ThresholdType};
use omnilane::cpu::{Isa, current_isa, with_isa};
use omnilane::memory::Image;
use omnilane::parallel::set_thread_count;
use omnilane_kernels::*;
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

const SIDES: [usize; 8] = [64, 128, 256, 512, 1024, 2048, 4096, 8192];
/// Nanoseconds that a size may take.
const BUDGET: f64 = 1.5e9;

/// What keeps normalization from the speed of memory where that is fast: counted in the loop of `mean_std` for AVX-512.
const SUMS: &str = "; sums in f64 without fused operations, which not every instruction set has, are ten operations on two \
                    ports for 64 bytes, which L2 delivers in less time";

/// What gray takes where it is bound by computing, counted in its loops for AVX-512.
const RGBA: &str = "; 15 operations for 64 pixels";
const RGB: &str = "; 21 operations for 64 pixels";

type Named<'a> = (String, Side<'a>);

pub fn measure(name: &str) -> Section {
    let title = match name {
        "gray" => "Gray from RGBA",
        "gray_rgb" => "Gray from RGB",
        "threshold" => "Threshold",
        _ => "Normalize",
    };
    let mut section = Section::new(name, title);
    section.peers = machine::versions(&["image", "imageproc"]);
    let children = [1, 2].map(|threads| Child::start("images").map(|child| (threads, Rc::new(RefCell::new(child)))));
    let numpy = (name == "normalize").then(|| Child::start("images").map(|child| Rc::new(RefCell::new(child))));
    match &children[0] {
        Ok((_, child)) => section.peers.push(child.borrow().version.clone()),
        Err(why) => section.notes.push(format!("OpenCV and NumPy: not measured ({why}).")),
    }
    let mut lines: Vec<(String, Vec<f64>)> = Vec::new();
    for pixels in SIDES {
        let mut python: Vec<Named<'_>> = Vec::new();
        for (threads, child) in children.iter().flatten() {
            if child.borrow_mut().prepare(&format!("cv2 {name} {pixels} {threads}")).is_ok() {
                python.push((format!("OpenCV, {}", threads_name(*threads)), python::side(child)));
            }
        }
        if let Some(Ok(child)) = &numpy
            && child.borrow_mut().prepare(&format!("numpy normalize {pixels} 1")).is_ok()
        {
            python.push(("NumPy".into(), python::side(child)));
        }
        let times = match name {
            "gray" => gray::<4>(pixels, python),
            "gray_rgb" => gray::<3>(pixels, python),
            "threshold" => threshold_sides(pixels, python),
            _ => normalize_sides(pixels, python),
        };
        record(&mut section, &mut lines, pixels, &times);
    }
    section.growth = Some(Growth { sides: SIDES.into(), lines });
    section
}

fn threads_name(threads: usize) -> &'static str {
    if threads == 1 { "1 thread" } else { "2 threads" }
}

fn record(section: &mut Section, lines: &mut Vec<(String, Vec<f64>)>, pixels: usize, times: &[(String, Vec<f64>)]) {
    for (who, times) in times {
        let speed = (pixels * pixels) as f64 * 1e3 / median(times.clone());
        match lines.iter_mut().find(|(name, _)| name == who) {
            Some((_, speeds)) => speeds.push(speed),
            None => lines.push((who.clone(), vec![speed])),
        }
    }
    let of = |who: &str| times.iter().find(|(name, _)| name == who).map(|(_, times)| times);
    let kernel = section.title.clone();
    let wanted = if section.name == "threshold" { None } else { Some(4.0) };
    for threads in [1, 2] {
        let ours = if threads == 1 { current_isa().name().to_owned() } else { "2 threads".into() };
        let Some(ours) = of(&ours) else { continue };
        let what = format!("{kernel} {pixels}x{pixels}, {}", threads_name(threads));
        for (who, theirs) in times {
            let rival = !Isa::available().any(|isa| isa.name() == who) && who != "2 threads";
            let same_threads = who.ends_with("2 threads") == (threads == 2);
            if rival && same_threads {
                section.rival(&what, who, Spread::ratio(ours, theirs));
            }
        }
        if let Some(wanted) = wanted
            && threads == 1
            && [512, 1024].contains(&pixels)
        {
            let bar = format!("{what}: times faster than OpenCV");
            section.bars.push(match of("OpenCV, 1 thread") {
                Some(theirs) => {
                    let mut reason = of(MOVES).map_or_else(String::new, |moves| beside_moves(ours, moves));
                    reason += match section.name.as_str() {
                        "normalize" => SUMS,
                        "gray" => RGBA,
                        "gray_rgb" => RGB,
                        _ => "",
                    };
                    Bar::at_least(bar, Spread::ratio(ours, theirs), wanted).because(&reason)
                }
                None => Bar::unknown(bar, wanted, "no OpenCV"),
            });
        }
    }
}

/// Everybody in turn: `ours` on each instruction set and on two threads, then the others.
fn turns(
    ours: &dyn Fn(),
    parallel: &dyn Fn(),
    traffic: Traffic,
    rivals: Vec<Named<'_>>,
    python: Vec<Named<'_>>,
) -> Vec<(String, Vec<f64>)> {
    let mut all: Vec<Named<'_>> = Vec::new();
    for isa in Isa::available() {
        all.push((isa.name().into(), side(move || with_isa(isa, ours).expect("it is available"))));
    }
    all.push(("2 threads".into(), side(parallel)));
    all.extend(rivals);
    all.extend(python);
    all.extend([("copy".into(), traffic.copy()), (MOVES.into(), traffic.moves())]);
    set_thread_count(2).expect("two threads");
    let (names, mut sides): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let once: f64 = sides.iter_mut().map(|side| side(1).max(0.5e6)).sum();
    let rounds = ((BUDGET / once) as usize).clamp(3, 61);
    let times = alternate(rounds, 0.5e6, &mut sides);
    set_thread_count(0).expect("threads");
    names.into_iter().zip(times).collect()
}

fn picture<const C: usize>(side: usize) -> Image<u8, C> {
    Image::from_fn(side, side, |x, y| [(); C].map(|()| ((x * 7) ^ (y * 13)) as u8)).expect("it fits in memory")
}

fn gray<const C: usize>(pixels: usize, python: Vec<Named<'_>>) -> Vec<(String, Vec<f64>)> {
    let (rgba, rgb) = (picture::<4>(if C == 4 { pixels } else { 1 }), picture::<3>(if C == 3 { pixels } else { 1 }));
    let dst = RefCell::new(picture::<1>(pixels));
    let p = pixels as u32;
    let other = if C == 4 {
        DynamicImage::ImageRgba8(RgbaImage::from_raw(p, p, rgba.to_vec()).expect("the size"))
    } else {
        DynamicImage::ImageRgb8(RgbImage::from_raw(p, p, rgb.to_vec()).expect("the size"))
    };
    let (bytes, mut out) = (other.as_bytes(), vec![0u8; pixels * pixels]);
    let rivals: Vec<Named<'_>> = vec![
        ("image to_luma8".into(), side(|| _ = black_box(black_box(&other).to_luma8()))),
        (
            "plain Rust".into(),
            side(move || {
                for (p, v) in black_box(bytes).chunks_exact(C).zip(black_box(&mut out)) {
                    let sum = 9798 * u32::from(p[0]) + 19235 * u32::from(p[1]) + 3735 * u32::from(p[2]);
                    *v = ((sum + (1 << 14)) >> 15) as u8;
                }
            }),
        ),
    ];
    let ours = || {
        let mut dst = dst.borrow_mut();
        let mut dst = dst.view_mut();
        if C == 4 { gray_from_rgba_into(rgba.view(), &mut dst) } else { gray_from_rgb_into(rgb.view(), &mut dst) }
            .expect("equal sizes");
    };
    let parallel = || {
        let mut dst = dst.borrow_mut();
        let mut dst = dst.view_mut();
        if C == 4 {
            gray_from_rgba_into_parallel(rgba.view(), &mut dst)
        } else {
            gray_from_rgb_into_parallel(rgb.view(), &mut dst)
        }
        .expect("equal sizes");
    };
    let traffic = Traffic { read: C * pixels * pixels, passes: 1, written: pixels * pixels };
    turns(&ours, &parallel, traffic, rivals, python)
}

fn threshold_sides(pixels: usize, python: Vec<Named<'_>>) -> Vec<(String, Vec<f64>)> {
    let (src, dst) = (picture::<1>(pixels), RefCell::new(picture::<1>(pixels)));
    let (bytes, mut out) = (src.to_vec(), vec![0u8; pixels * pixels]);
    let other = GrayImage::from_raw(pixels as u32, pixels as u32, src.to_vec()).expect("the size");
    let rivals: Vec<Named<'_>> = vec![
        (
            "imageproc".into(),
            side(|| _ = black_box(contrast::threshold(black_box(&other), 127, ThresholdType::Binary))),
        ),
        (
            "plain Rust".into(),
            side(move || {
                for (v, w) in black_box(&bytes).iter().zip(black_box(&mut out)) {
                    *w = if *v > 127 { 255 } else { 0 };
                }
            }),
        ),
    ];
    let black = Threshold::Binary(255);
    let ours = || threshold_into(src.view(), &mut dst.borrow_mut().view_mut(), 127, black).expect("equal sizes");
    let parallel =
        || threshold_into_parallel(src.view(), &mut dst.borrow_mut().view_mut(), 127, black).expect("equal sizes");
    let traffic = Traffic { read: pixels * pixels, passes: 1, written: pixels * pixels };
    turns(&ours, &parallel, traffic, rivals, python)
}

fn normalize_sides(pixels: usize, python: Vec<Named<'_>>) -> Vec<(String, Vec<f64>)> {
    let src = Image::<f32, 1>::from_fn(pixels, pixels, |x, y| [(((x * 7) ^ (y * 13)) & 255) as f32]).expect("memory");
    let (dst, values) = (RefCell::new(src.clone()), src.to_vec());
    let mut out = values.clone();
    let rivals: Vec<Named<'_>> = vec![(
        "plain Rust".into(),
        side(move || {
            let n = values.len() as f64;
            let mean = black_box(&values).iter().map(|v| f64::from(*v)).sum::<f64>() / n;
            let std = (values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n).sqrt();
            for (v, w) in values.iter().zip(black_box(&mut out)) {
                *w = (*v - mean as f32) / (std as f32 + 1e-8);
            }
        }),
    )];
    let ours = || _ = normalize_into(src.view(), &mut dst.borrow_mut().view_mut()).expect("equal sizes");
    let parallel = || _ = normalize_into_parallel(src.view(), &mut dst.borrow_mut().view_mut()).expect("equal sizes");
    let bytes = 4 * pixels * pixels;
    turns(&ours, &parallel, Traffic { read: bytes, passes: 2, written: bytes }, rivals, python)
}
