//! Every kernel of `omnilane-kernels` against its plain definition, on every instruction set.

mod oracle;

use omnilane::cpu::{Isa, with_isa};
use omnilane::lanes::Element;
use omnilane::memory::{Image, ImageView, ImageViewMut};
use omnilane::verify::{self, Sample};
use omnilane_kernels::*;
use omnilane_test_values::Random;

type Into8<const C: usize> = fn(ImageView<'_, u8, C>, &mut ImageViewMut<'_, u8, 1>) -> Result<(), Error>;

#[test]
fn gray() {
    fn check<const C: usize>(name: &str, kernel: Into8<C>, order: [usize; 3]) {
        verify::image::<u8, C, u8, 1>(name)
            .definition(move |src, dst| oracle::gray(src, dst, order))
            .kernel(move |src, dst| kernel(src, dst).unwrap())
            .also(1921, 2)
            .assert();
    }
    check::<4>("gray_from_rgba", gray_from_rgba_into, [0, 1, 2]);
    check::<4>("gray_from_bgra", gray_from_bgra_into, [2, 1, 0]);
    check::<3>("gray_from_rgb", gray_from_rgb_into, [0, 1, 2]);
    check::<3>("gray_from_bgr", gray_from_bgr_into, [2, 1, 0]);
}

/// The allocating forms give what the others write.
#[test]
fn gray_makes_its_destination() {
    fn check<const C: usize>(kernel: fn(ImageView<'_, u8, C>) -> Image<u8, 1>, into: Into8<C>) {
        let src = noise::<u8, C>(37, 5);
        let mut dst = Image::new(37, 5).unwrap();
        into(src.view(), &mut dst.view_mut()).unwrap();
        for isa in Isa::available() {
            assert_eq!(with_isa(isa, || kernel(src.view())).unwrap(), dst, "{isa}");
        }
    }
    check(gray_from_rgba, gray_from_rgba_into);
    check(gray_from_bgra, gray_from_bgra_into);
    check(gray_from_rgb, gray_from_rgb_into);
    check(gray_from_bgr, gray_from_bgr_into);
}

/// Every gray value of one colour alone, and of the corners of the colour cube.
#[test]
fn gray_of_every_value() {
    let src = Image::<u8, 4>::from_fn(256, 8, |x, y| {
        let v = x as u8;
        let channel = |bit: usize| if y & bit != 0 { v } else { 0 };
        [channel(1), channel(2), channel(4), !v]
    })
    .unwrap();
    let mut want = Image::new(256, 8).unwrap();
    oracle::gray(src.view(), &mut want.view_mut(), [0, 1, 2]);
    for isa in Isa::available() {
        assert_eq!(with_isa(isa, || gray_from_rgba(src.view())).unwrap(), want, "{isa}");
    }
}

fn kinds<T>(max: T) -> [(&'static str, Threshold<T>); 5]
where
    T: Copy,
{
    use Threshold::*;
    let [a, b] = [Binary(max), BinaryInv(max)];
    [("binary", a), ("binary_inv", b), ("truncate", Truncate), ("to_zero", ToZero), ("to_zero_inv", ToZeroInv)]
}

fn check_threshold<T: Sample + omnilane::lanes::Num, const C: usize>(level: T, max: T) {
    for (kind_name, kind) in kinds(max) {
        let name = format!("threshold {kind_name} above {level}, {C} of {}", std::any::type_name::<T>());
        verify::image::<T, C, T, C>(&name)
            .definition(move |src, dst| {
                for (src, dst) in src.rows().zip(dst.rows_mut()) {
                    src.iter().zip(dst).for_each(|(v, out)| *out = oracle::threshold(*v, level, kind));
                }
            })
            .kernel(move |src, dst| threshold_into(src, dst, level, kind).unwrap())
            .cases(12)
            .assert();
        verify::image_in_place::<T, C>(&format!("{name}, in place"))
            .definition(move |data| data.rows_mut().flatten().for_each(|v| *v = oracle::threshold(*v, level, kind)))
            .kernel(move |data| threshold_in_place(data, level, kind))
            .cases(12)
            .assert();
    }
}

#[test]
fn threshold_u8() {
    check_threshold::<u8, 1>(127, 255);
    check_threshold::<u8, 3>(254, 17);
}

#[test]
fn threshold_u8_extreme_levels() {
    check_threshold::<u8, 1>(0, 1);
    check_threshold::<u8, 1>(255, 9);
}

#[test]
fn threshold_u16() {
    check_threshold::<u16, 1>(32768, 65535);
    check_threshold::<u16, 3>(255, 1);
}

#[test]
fn threshold_f32() {
    check_threshold::<f32, 1>(0.0, 1.0);
    check_threshold::<f32, 3>(255.5, -0.0);
    check_threshold::<f32, 1>(f32::NAN, 3.0);
    check_threshold::<f32, 1>(f32::INFINITY, f32::NAN);
}

#[test]
fn threshold_makes_its_destination() {
    let src = noise::<u16, 3>(21, 4);
    for (_, kind) in kinds(7) {
        let mut want = Image::<u16, 3>::new(21, 4).unwrap();
        threshold_into(src.view(), &mut want.view_mut(), 300, kind).unwrap();
        assert_eq!(threshold(src.view(), 300, kind), want);
    }
}

/// What `mean_std` says that it does: 16 lanes of f64 over differences to the first element, folded by halves after
/// every 65536 elements.
fn mean_std_in_its_order(values: &[f32]) -> MeanStd {
    let pivot = values.first().map_or(0.0, |v| f64::from(*v));
    let pivot = if pivot.is_finite() { pivot } else { 0.0 };
    let mut sums = [0.0; 2];
    for chunk in values.chunks(1 << 16) {
        let mut lanes = [[0.0; 16]; 2];
        for (i, v) in chunk.iter().enumerate() {
            let difference = f64::from(*v) - pivot;
            lanes[0][i % 16] += difference;
            lanes[1][i % 16] += difference * difference;
        }
        for (sum, mut lanes) in sums.iter_mut().zip(lanes) {
            for n in [8, 4, 2, 1] {
                for i in 0..n {
                    lanes[i] += lanes[i + n];
                }
            }
            *sum += lanes[0];
        }
    }
    let n = values.len() as f64;
    if values.is_empty() {
        return MeanStd { mean: 0.0, std: 0.0 };
    }
    let mean = sums[0] / n;
    let variance = sums[1] / n - mean * mean;
    MeanStd { mean: pivot + mean, std: if variance < 0.0 { 0.0 } else { variance.sqrt() } }
}

fn normalize_in_its_order(values: &[f32]) -> Vec<f32> {
    let MeanStd { mean, std } = mean_std_in_its_order(values);
    let high = mean as f32;
    let (low, scale) = ((mean - f64::from(high)) as f32, (1.0 / (std + 1e-8)) as f32);
    values.iter().map(|v| (v - high - low) * scale).collect()
}

fn flat<T: Element, const C: usize>(src: ImageView<'_, T, C>) -> Vec<T> {
    src.rows().flatten().copied().collect()
}

#[test]
fn mean_std_in_a_fixed_order() {
    fn check<const C: usize>() {
        verify::image_reduce::<f32, C, (f64, f64)>(&format!("mean_std of {C} channels"))
            .definition(|src| {
                let m = mean_std_in_its_order(&flat(src));
                (m.mean, m.std)
            })
            .kernel(|src| {
                let m = mean_std(src);
                (m.mean, m.std)
            })
            .also(70_001, 1)
            .also(333, 200)
            .assert();
    }
    check::<1>();
    check::<3>();
}

#[test]
fn normalize_in_a_fixed_order() {
    fn check<const C: usize>() {
        verify::image::<f32, C, f32, C>(&format!("normalize of {C} channels"))
            .definition(|src, dst| {
                let values = normalize_in_its_order(&flat(src));
                dst.rows_mut().flatten().zip(values).for_each(|(out, v)| *out = v);
            })
            .kernel(|src, dst| {
                normalize_into(src, dst).unwrap();
            })
            .also(301, 220)
            .assert();
        verify::image_in_place::<f32, C>(&format!("normalize of {C} channels in place"))
            .definition(|data| {
                let values = normalize_in_its_order(&flat(data.as_view()));
                data.rows_mut().flatten().zip(values).for_each(|(out, v)| *out = v);
            })
            .kernel(|data| {
                normalize_in_place(data);
            })
            .assert();
    }
    check::<1>();
    check::<3>();
}

/// The distance from the two-pass oracle in f64: of mean and deviation relative, of the elements in units of the deviation.
fn check_accuracy(values: &[f32], width: usize) {
    let src = ImageView::<f32, 1>::new(values, width, values.len() / width).unwrap();
    let (want, want_values) = (oracle::mean_std(values), oracle::normalize(values));
    for isa in Isa::available() {
        let (got, image) = with_isa(isa, || (mean_std(src), normalize(src))).unwrap();
        assert!((got.mean - want.mean).abs() <= 1e-6 * want.mean.abs(), "{isa}: {got:?}, wanted {want:?}");
        assert!((got.std - want.std).abs() <= 1e-6 * want.std.abs(), "{isa}: {got:?}, wanted {want:?}");
        for (got, want) in image.to_vec().iter().zip(&want_values) {
            assert!((f64::from(*got) - want).abs() <= 1e-6 * want.abs().max(1.0), "{isa}: {got}, wanted {want}");
        }
    }
}

/// Approximately normal: the sum of twelve uniform values has variance 1.
fn normal(n: usize, mean: f64, std: f64) -> Vec<f32> {
    let mut r = Random(9);
    (0..n).map(|_| (mean + std * ((0..12).map(|_| r.unit()).sum::<f64>() - 6.0)) as f32).collect()
}

/// From `STREAM_FROM` bytes on the stores go past the caches: the same bits as of the rows one by one, ends included.
#[test]
fn normalize_of_a_large_picture() {
    let (width, height) = (1021, omnilane::lanes::STREAM_FROM / 4 / 1021 + 1);
    // Sixteen rows again and again: an emulator takes long to make noise.
    let some = noise::<f32, 1>(width, 16).to_vec();
    let packed: Vec<f32> = some.iter().copied().cycle().take(width * height).collect();
    let view = ImageView::<f32, 1>::new(&packed, width, height).unwrap();
    let mut rows = Image::<f32, 1>::new(width, height).unwrap();
    assert!(!rows.view_mut().is_contiguous(), "its rows are to be stored one by one");
    normalize_into(view, &mut rows.view_mut()).unwrap();
    let want = rows.to_vec();
    for isa in Isa::available() {
        // Three elements in: no register is aligned at the start.
        let mut got = vec![0.0f32; packed.len() + 3];
        let mut dst = ImageViewMut::<f32, 1>::new(&mut got[3..], width, height).unwrap();
        with_isa(isa, || normalize_into(view, &mut dst)).unwrap().unwrap();
        assert!(got[3..] == want, "{isa}");
    }
}

#[test]
fn normalize_is_accurate() {
    check_accuracy(&normal(300 * 400, 1e4, 1.0), 300);
    check_accuracy(&normal(300 * 400, 1e7, 1.0), 300);
    check_accuracy(&normal(300 * 400, 1e7, 1000.0), 400);
    check_accuracy(&normal(97 * 3, 0.0, 1e-20), 97);
    check_accuracy(&normal(97 * 3, -5.0, 1e15), 97);
    // The first element, which the sums are relative to, far away from the others.
    let mut values = normal(300 * 400, 1e4, 1.0);
    values[0] = 0.0;
    check_accuracy(&values, 300);
}

#[test]
fn normalize_a_constant_gives_zero() {
    for value in
        [0.0, -0.0, 1.0, 1e-3, 16_777_216.0, 1e7 + 1.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::from_bits(1)]
    {
        for n in [1, 2, 15, 16, 17, 1000, 65_536, 65_537] {
            let values = vec![value; n];
            let src = ImageView::<f32, 1>::new(&values, n, 1).unwrap();
            for isa in Isa::available() {
                let (m, image) = with_isa(isa, || (mean_std(src), normalize(src))).unwrap();
                assert_eq!((m.mean, m.std), (f64::from(value), 0.0), "{isa}: {n} times {value}");
                assert!(image.to_vec().iter().all(|v| *v == 0.0), "{isa}: {n} times {value}");
            }
        }
    }
}

#[test]
fn normalize_of_nan_and_infinities_is_nan() {
    for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for (n, at) in [(1, 0), (40, 0), (40, 7), (40, 39), (1000, 500)] {
            let mut values = normal(n, 3.0, 2.0);
            values[at] = special;
            let src = ImageView::<f32, 1>::new(&values, n, 1).unwrap();
            for isa in Isa::available() {
                let (m, image) = with_isa(isa, || (mean_std(src), normalize(src))).unwrap();
                // The mean that IEEE 754 gives the sum; no deviation.
                if special.is_nan() {
                    assert!(m.mean.is_nan(), "{isa}: {m:?}");
                } else {
                    assert_eq!(m.mean, f64::from(special), "{isa}");
                }
                assert!(m.std.is_nan(), "{isa}: {m:?}");
                assert!(image.to_vec().iter().all(|v| v.is_nan()), "{isa}: {special} at {at} of {n}");
            }
        }
    }
    // Both infinities have no mean.
    let src = ImageView::<f32, 1>::new(&[f32::INFINITY, 1.0, f32::NEG_INFINITY], 3, 1).unwrap();
    assert!(mean_std(src).mean.is_nan());
}

#[test]
fn empty_pictures_are_fine() {
    for (width, height) in [(0, 0), (5, 0), (0, 5)] {
        let (bytes, floats) =
            (ImageView::<u8, 4>::new(&[], width, height), ImageView::<f32, 1>::new(&[], width, height));
        let (bytes, floats) = (bytes.unwrap(), floats.unwrap());
        for isa in Isa::available() {
            let results = with_isa(isa, || (gray_from_rgba(bytes), normalize(floats), mean_std(floats))).unwrap();
            assert_eq!((results.0.width(), results.0.height()), (width, height));
            assert_eq!((results.1.width(), results.1.height()), (width, height));
            assert_eq!(results.2, MeanStd { mean: 0.0, std: 0.0 });
            let none = with_isa(isa, || threshold(floats, 0.0, Threshold::ToZero)).unwrap();
            assert_eq!((none.width(), none.height()), (width, height));
        }
    }
}

/// Every kernel refuses a destination of another size, says which sizes there were, and writes nothing.
#[test]
fn sizes_that_do_not_match_are_refused() {
    fn refused<T: Element, const C: usize>(run: impl Fn(&mut ImageViewMut<'_, T, C>) -> Result<(), Error>) {
        for (width, height) in [(6, 4), (8, 4), (7, 3), (7, 5), (4, 7), (14, 2), (0, 0)] {
            let mut dst = noise::<T, C>(width, height);
            let before = dst.clone();
            let error = run(&mut dst.view_mut()).unwrap_err();
            let (expected_width, expected_height) = (7, 4);
            assert!(
                matches!(error, Error::SizeMismatch { width: w, height: h, expected_width: ew, expected_height: eh, .. }
                    if (w, h, ew, eh) == (width, height, expected_width, expected_height)),
                "{error:?}"
            );
            assert_eq!(
                error.to_string(),
                format!("dst: {width} x {height} pixels, it must be {expected_width} x {expected_height}, as src")
            );
            assert_eq!(dst, before, "something was written");
        }
    }
    let (four, three, one) = (noise::<u8, 4>(7, 4), noise::<u8, 3>(7, 4), noise::<f32, 1>(7, 4));
    for isa in Isa::available() {
        with_isa(isa, || {
            refused(|dst| gray_from_rgba_into(four.view(), dst));
            refused(|dst| gray_from_bgra_into(four.view(), dst));
            refused(|dst| gray_from_rgb_into(three.view(), dst));
            refused(|dst| gray_from_bgr_into(three.view(), dst));
            refused(|dst| threshold_into(three.view(), dst, 3, Threshold::Truncate));
            refused(|dst| threshold_into(one.view(), dst, 3.0, Threshold::Binary(1.0)));
            refused(|dst| normalize_into(one.view(), dst).map(drop));
        })
        .unwrap();
    }
}

/// A picture of random finite values.
fn noise<T: Element, const C: usize>(width: usize, height: usize) -> Image<T, C> {
    let mut r = Random(width as u64 * 31 + height as u64);
    Image::from_fn(width, height, |_, _| {
        // Six bits a byte: no exponent of a float is all ones.
        std::array::from_fn(|_| {
            bytemuck::pod_read_unaligned(&(r.next() & 0x3f3f_3f3f_3f3f_3f3f).to_ne_bytes()[..size_of::<T>()])
        })
    })
    .unwrap()
}
