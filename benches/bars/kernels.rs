//! Kernels beside Scalar, the image crate and plain copies.

use super::measure::{Bar, Spread, alternate, faster, side, time};
use super::traffic::{Traffic, beside_moves};
use omnilane::cpu::{Isa, with_isa};
use omnilane::lanes::{LengthError, Simd, map};
use omnilane::memory::{AlignedBuffer, Image, ImageView, ImageViewMut};
use omnilane_kernels::{Threshold, gray_from_rgba_into, normalize_into, threshold_into};
use std::cell::RefCell;
use std::hint::black_box;

const MICROCODE: &str = "copy_from_slice is `rep movsb` from some size on, which need not read the lines that it \
                         overwrites; the line below, a loop of loads and stores, is what a kernel can reach";

/// Every bar of the kernels that needs no other library than the image crate.
pub fn all() -> Vec<Bar> {
    let mut bars = Vec::from(gray_512());
    bars.extend(gray_256());
    bars.push(gray_call());
    bars.push(gray_2048());
    for side in [256, 512, 1024, 4096] {
        bars.extend(threshold(side));
    }
    bars.push(normalize_large());
    bars
}

fn picture<const C: usize>(side: usize) -> Image<u8, C> {
    Image::from_fn(side, side, |x, y| [(); C].map(|()| ((x * 7) ^ (y * 13)) as u8)).expect("it fits in memory")
}

/// The kernel on one instruction set.
fn on(isa: Isa, mut f: impl FnMut()) -> impl FnMut() {
    move || with_isa(isa, &mut f).expect("it is available")
}

fn gray_512() -> [Bar; 2] {
    let (src, mut a, mut b) = (picture::<4>(512), picture::<1>(512), picture::<1>(512));
    let other =
        image::DynamicImage::ImageRgba8(image::RgbaImage::from_raw(512, 512, src.to_vec()).expect("512 x 512 pixels"));
    let peer = faster(
        || gray_from_rgba_into(src.view(), &mut a.view_mut()).expect("equal sizes"),
        || _ = black_box(black_box(&other).to_luma8()),
    );
    let times = alternate(
        101,
        1e6,
        &mut [
            side(|| gray_from_rgba_into(src.view(), &mut a.view_mut()).expect("equal sizes")),
            side(on(Isa::Scalar, || gray_from_rgba_into(src.view(), &mut b.view_mut()).expect("equal sizes"))),
            Traffic { read: 4 * 512 * 512, passes: 1, written: 512 * 512 }.moves(),
        ],
    );
    let scalar = Spread::ratio(&times[0], &times[1]);
    let reason = beside_moves(&times[0], &times[2]);
    [
        Bar::at_least("gray_from_rgba 512x512: times faster than image's to_luma8", peer, 20.0),
        Bar::at_least("gray_from_rgba 512x512: times faster than Scalar", scalar, 5.0).because(&reason),
    ]
}

fn gray_256() -> Vec<Bar> {
    let (src, mut a, mut b) = (picture::<4>(256), picture::<1>(256), picture::<1>(256));
    let mut bars = Vec::new();
    for (fast, slow, wanted) in [(Isa::Avx512, Isa::Avx2, 1.2), (Isa::Avx2, Isa::Portable, 1.6)] {
        let what = format!("gray_from_rgba 256x256: {fast} times faster than {slow}");
        if !(fast.is_available() && slow.is_available()) {
            bars.push(Bar::unknown(what, wanted, "this CPU lacks one of them"));
            continue;
        }
        let measured = faster(
            on(fast, || gray_from_rgba_into(src.view(), &mut a.view_mut()).expect("equal sizes")),
            on(slow, || gray_from_rgba_into(src.view(), &mut b.view_mut()).expect("equal sizes")),
        );
        bars.push(Bar::at_least(what, measured, wanted));
    }
    bars
}

fn gray_call() -> Bar {
    let pixels = [7u8; 4 * 256];
    let mut out = [0u8; 256];
    let mut call = || {
        let src = ImageView::<u8, 4>::new(black_box(&pixels), 256, 1).expect("256 pixels");
        let mut dst = ImageViewMut::new(black_box(&mut out), 256, 1).expect("256 pixels");
        gray_from_rgba_into(src, &mut dst).expect("equal sizes");
    };
    let ns = Spread::of((0..101).map(|_| time(20_000, &mut call)).collect());
    Bar::at_most("gray_from_rgba of 256 pixels: ns for a whole call", ns, 40.0)
}

fn gray_2048() -> Bar {
    let (src, mut dst) = (picture::<4>(2048), picture::<1>(2048));
    let from = vec![1u8; 2048 * 2048 * 5 / 2];
    let mut to = from.clone();
    let measured = faster(
        || gray_from_rgba_into(src.view(), &mut dst.view_mut()).expect("equal sizes"),
        || black_box(&mut to).copy_from_slice(black_box(&from)),
    );
    Bar::at_least("gray_from_rgba 2048x2048: share of the speed of copying as many bytes", measured, 0.85)
}

/// Kernel and copies work in the same memory: in that of others, how far the two buffers are apart decides.
fn threshold(side: usize) -> [Bar; 2] {
    let aligned = || AlignedBuffer::<u8>::zeroed(side * side).expect("it fits in memory");
    let (mut src, dst) = (aligned(), RefCell::new(aligned()));
    src.copy_from_slice(&picture::<1>(side).to_vec());
    let binary = || {
        let mut dst = dst.borrow_mut();
        let src = ImageView::<u8, 1>::new(&src, side, side).expect("it fits the buffer");
        let mut dst = ImageViewMut::<u8, 1>::new(&mut dst, side, side).expect("it fits the buffer");
        threshold_into(src, &mut dst, 127, Threshold::Binary(255)).expect("equal sizes");
    };
    let copy = faster(binary, || black_box(&mut dst.borrow_mut()[..]).copy_from_slice(black_box(&src)));
    let lanes = faster(binary, || {
        copy_by_lanes(black_box(&src), black_box(&mut dst.borrow_mut())).expect("equal lengths");
    });
    [
        Bar::at_least(format!("threshold {side}x{side}: share of the speed of copy_from_slice"), copy, 0.9)
            .because(MICROCODE),
        Bar::at_least(
            format!("threshold {side}x{side}: share of the speed of a loop that loads and stores"),
            lanes,
            0.9,
        ),
    ]
}

omnilane::kernel! {
    /// The copy that the lanes can do: each vector loaded and stored, nothing else.
    fn copy_by_lanes<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
        map(simd, src, dst, #[inline(always)] |v| v)
    }
}

fn normalize_large() -> Bar {
    let side = 4096;
    let src = Image::<f32, 1>::from_fn(side, side, |x, y| [((x * 7) ^ (y * 13)) as f32]).expect("it fits in memory");
    let mut dst = src.clone();
    let from = vec![1.0f32; side * side * 3 / 2];
    let mut to = vec![0.0f32; from.len()];
    let measured = faster(
        || _ = black_box(normalize_into(src.view(), &mut dst.view_mut())),
        || black_box(&mut to).copy_from_slice(black_box(&from)),
    );
    Bar::at_least("normalize 4096x4096: share of the speed of copying as many bytes", measured, 0.9)
}
