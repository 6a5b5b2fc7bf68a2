//! The kernels over threads: the same bits for every number of them.

use super::*;

/// A picture of random finite values.
fn noise<T: Element, const C: usize>(width: usize, height: usize) -> Image<T, C> {
    let mut state = (width * 31 + height) as u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Six bits a byte: no exponent of a float is all ones.
        (state >> 11) & 0x3f3f_3f3f_3f3f_3f3f
    };
    Image::from_fn(width, height, |_, _| {
        std::array::from_fn(|_| bytemuck::pod_read_unaligned(&next().to_ne_bytes()[..size_of::<T>()]))
    })
    .unwrap()
}

/// Sizes below and above those at which work is split; rows longer than a chunk of the sums.
const SIZES: [(usize, usize); 7] = [(0, 0), (3, 0), (0, 3), (1, 1), (37, 5), (331, 409), (70_001, 2)];

/// `one` and `several` give the same bits on every instruction set for 1 to 8 threads.
fn same_bits<T: Element, U: Element, const C: usize, const D: usize, R: PartialEq + std::fmt::Debug>(
    one: impl Fn(ImageView<'_, T, C>, &mut ImageViewMut<'_, U, D>) -> R,
    several: impl Fn(ImageView<'_, T, C>, &mut ImageViewMut<'_, U, D>) -> R,
) {
    for (width, height) in SIZES {
        let (src, before) = (noise::<T, C>(width, height), noise::<U, D>(width, height));
        let mut want = before.clone();
        let result = one(src.view(), &mut want.view_mut());
        for threads in 1..=8 {
            set_thread_count(threads).unwrap();
            // Scalar is slow without optimization; one number of threads shows that it is carried along.
            for isa in [Isa::best(), Isa::Scalar].into_iter().take(if threads == 3 { 2 } else { 1 }) {
                let mut dst = before.clone();
                let got = with_isa(isa, || several(src.view(), &mut dst.view_mut())).unwrap();
                let bits = |image: &Image<U, D>| bytemuck::cast_slice::<U, u8>(&image.to_vec()).to_vec();
                assert!(got == result && bits(&dst) == bits(&want), "{width} x {height} on {isa}, {threads} threads");
            }
        }
    }
}

#[test]
fn gray_has_the_same_bits_for_every_number_of_threads() {
    let _guard = with_threads(0);
    same_bits::<u8, u8, 4, 1, _>(gray_from_rgba_into, gray_from_rgba_into_parallel);
    same_bits::<u8, u8, 4, 1, _>(gray_from_bgra_into, gray_from_bgra_into_parallel);
    same_bits::<u8, u8, 3, 1, _>(gray_from_rgb_into, gray_from_rgb_into_parallel);
    same_bits::<u8, u8, 3, 1, _>(gray_from_bgr_into, gray_from_bgr_into_parallel);
    fn makes<const C: usize>(
        one: fn(ImageView<'_, u8, C>) -> Image<u8, 1>,
        several: fn(ImageView<'_, u8, C>) -> Image<u8, 1>,
    ) {
        let src = noise::<u8, C>(401, 330);
        assert_eq!(one(src.view()), several(src.view()));
    }
    makes::<4>(gray_from_rgba, gray_from_rgba_parallel);
    makes::<4>(gray_from_bgra, gray_from_bgra_parallel);
    makes::<3>(gray_from_rgb, gray_from_rgb_parallel);
    makes::<3>(gray_from_bgr, gray_from_bgr_parallel);
}

#[test]
fn threshold_has_the_same_bits_for_every_number_of_threads() {
    fn check<T: Num, const C: usize>(level: T, max: T) {
        use Threshold::*;
        for kind in [Binary(max), ToZero].into_iter().take(if C == 1 { 1 } else { 2 }) {
            same_bits::<T, T, C, C, _>(
                |src, dst| threshold_into(src, dst, level, kind),
                |src, dst| threshold_into_parallel(src, dst, level, kind),
            );
            same_bits::<T, T, C, C, _>(
                |_, dst| threshold_in_place(dst, level, kind),
                |_, dst| threshold_in_place_parallel(dst, level, kind),
            );
        }
        let src = noise::<T, C>(401, 330);
        assert_eq!(threshold(src.view(), level, ToZero), threshold_parallel(src.view(), level, ToZero));
    }
    let _guard = with_threads(0);
    check::<u8, 3>(31, 200);
    check::<f32, 1>(0.3, 1.0);
}

#[test]
fn normalize_has_the_same_bits_for_every_number_of_threads() {
    fn check<const C: usize>() {
        let bits = |m: MeanStd| (m.mean.to_bits(), m.std.to_bits());
        same_bits::<f32, f32, C, C, _>(|src, _| bits(mean_std(src)), |src, _| bits(mean_std_parallel(src)));
        same_bits::<f32, f32, C, C, _>(
            |src, dst| normalize_into(src, dst).map(bits),
            |src, dst| normalize_into_parallel(src, dst).map(bits),
        );
        same_bits::<f32, f32, C, C, _>(
            |_, dst| bits(normalize_in_place(dst)),
            |_, dst| bits(normalize_in_place_parallel(dst)),
        );
        let src = noise::<f32, C>(401, 330);
        assert_eq!(normalize(src.view()), normalize_parallel(src.view()));
    }
    let _guard = with_threads(0);
    check::<1>();
    check::<3>();
}

/// A picture that one thread writes past the caches, and so do bands of it; whole rows, and rows with a gap.
#[test]
fn a_picture_larger_than_the_caches_has_the_same_bits() {
    let _guard = with_threads(3);
    let height = STREAM_FROM / 4 / 4096 + 1;
    let src = Image::<f32, 1>::from_fn(4097, height, |x, y| [((x * 7) ^ (y * 13)) as f32]).unwrap();
    let mut dst = Image::<f32, 1>::new(4097, height).unwrap();
    for width in [4097, 4096] {
        let src = src.view().subview(0, 0, width, height).unwrap();
        let want = normalize(src);
        let mut dst = dst.view_mut().subview(0, 0, width, height).unwrap();
        normalize_into_parallel(src, &mut dst).unwrap();
        let (mut got, mut all) = (dst.as_view().rows(), want.view().rows());
        assert!(got.by_ref().zip(all.by_ref()).all(|(a, b)| a == b) && got.next().is_none(), "{width} wide");
    }
}

/// The parallel forms under the verifier: guards around the destination, every instruction set, large pictures too.
#[test]
fn the_parallel_forms_are_verified() {
    let _guard = with_threads(3);
    verify::image::<u8, 4, u8, 1>("gray_from_rgba_into_parallel")
        .definition(|src, dst| gray_from_rgba_into(src, dst).unwrap())
        .kernel(|src, dst| gray_from_rgba_into_parallel(src, dst).unwrap())
        .also(401, 330)
        .cases(4)
        .assert();
    verify::image::<f32, 1, f32, 1>("normalize_into_parallel")
        .definition(|src, dst| _ = normalize_into(src, dst).unwrap())
        .kernel(|src, dst| _ = normalize_into_parallel(src, dst).unwrap())
        .also(401, 330)
        .cases(4)
        .assert();
}

#[test]
fn the_parallel_forms_refuse_other_sizes_and_write_nothing() {
    let _guard = with_threads(4);
    let (four, one) = (noise::<u8, 4>(500, 300), noise::<f32, 1>(500, 300));
    for (width, height) in [(500, 299), (499, 300), (0, 0)] {
        let (mut bytes, mut floats) = (noise::<u8, 1>(width, height), noise::<f32, 1>(width, height));
        let before = (bytes.clone(), floats.clone());
        assert!(matches!(
            gray_from_rgba_into_parallel(four.view(), &mut bytes.view_mut()),
            Err(Error::SizeMismatch { .. })
        ));
        assert!(threshold_into_parallel(one.view(), &mut floats.view_mut(), 0.5, Threshold::ToZero).is_err());
        assert!(normalize_into_parallel(one.view(), &mut floats.view_mut()).is_err());
        assert_eq!((bytes, floats), before);
    }
}

#[cfg(feature = "image")]
#[test]
fn pictures_are_preprocessed_in_order() {
    use image::DynamicImage;
    for threads in [1, 2, 7] {
        let _guard = with_threads(threads);
        let sizes: Vec<(u32, u32)> = (0..50).map(|i| (1 + i * 37 % 90, 1 + i * 11 % 40)).collect();
        let pages = sizes.iter().map(|&(w, h)| DynamicImage::new_rgba8(w, h)).collect();
        let got = parallel_preprocess(pages, |page| match page.width() {
            1 => Err("too narrow"),
            _ => Ok(page.into_luma8()),
        });
        for (got, size) in got.iter().zip(&sizes) {
            match got {
                Ok(gray) => assert_eq!(gray.dimensions(), *size),
                Err(e) => assert_eq!((*e, size.0), ("too narrow", 1)),
            }
        }
        assert!(got.len() == 50 && got.iter().any(|r| r.is_err()));
    }
}
