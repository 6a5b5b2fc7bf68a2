//! Views and images: what they refuse, what they show, and what they leave alone.

use omnilane::memory::{Image, ImageError, ImageView, ImageViewMut, for_each_row, zip_rows};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence::WithSource;

const MAX: usize = usize::MAX;

/// The same error from the view for reading and the one for writing.
#[track_caller]
fn refuses<const C: usize>(len: usize, width: usize, height: usize, stride: usize, error: ImageError) {
    let mut data = vec![0u8; len];
    assert_eq!(ImageView::<u8, C>::with_stride(&data, width, height, stride).unwrap_err(), error);
    assert_eq!(ImageViewMut::<u8, C>::with_stride(&mut data, width, height, stride).unwrap_err(), error);
    if stride == width.saturating_mul(C) {
        assert_eq!(ImageView::<u8, C>::new(&data, width, height).unwrap_err(), error);
        assert_eq!(ImageViewMut::<u8, C>::new(&mut data, width, height).unwrap_err(), error);
    }
}

#[test]
fn short_data_is_refused() {
    refuses::<3>(17, 3, 2, 9, ImageError::DataTooShort { got: 17, needed: 18 });
    refuses::<3>(0, 1, 1, 3, ImageError::DataTooShort { got: 0, needed: 3 });
    // The last row needs no padding: 2 * 10 + 9.
    refuses::<3>(28, 3, 3, 10, ImageError::DataTooShort { got: 28, needed: 29 });
    assert!(ImageView::<u8, 3>::with_stride(&[0; 29], 3, 3, 10).is_ok());
    let text = ImageView::<u8, 3>::new(&[0; 17], 3, 2).unwrap_err().to_string();
    assert!(text.contains("data") && text.contains("17") && text.contains("18"), "{text}");
}

#[test]
fn overlapping_rows_are_refused() {
    refuses::<4>(100, 3, 2, 11, ImageError::StrideTooSmall { stride: 11, row: 12 });
    refuses::<1>(100, 3, 0, 2, ImageError::StrideTooSmall { stride: 2, row: 3 });
    let text = ImageView::<u8, 4>::with_stride(&[0; 100], 3, 2, 11).unwrap_err().to_string();
    assert!(text.contains("stride") && text.contains("11") && text.contains("12"), "{text}");
}

#[test]
fn products_that_overflow_are_refused() {
    let too_large = |width, height, channels| ImageError::TooLarge { width, height, channels };
    refuses::<4>(8, MAX / 2, 1, MAX, too_large(MAX / 2, 1, 4));
    refuses::<1>(8, 2, MAX, 2, too_large(2, MAX, 1));
    refuses::<1>(8, MAX / 2, 3, MAX / 2 + 1, too_large(MAX / 2, 3, 1));
    refuses::<1>(8, 1, 3, MAX, too_large(1, 3, 1));
    refuses::<2>(8, MAX, MAX, MAX, too_large(MAX, MAX, 2));
    for (width, height) in [(MAX, 1), (1, MAX), (MAX / 4, 2), (MAX / 64, 65), (MAX / 8, 1)] {
        assert_eq!(Image::<u64, 2>::new(width, height).unwrap_err(), too_large(width, height, 2));
    }
    let text = Image::<u64, 2>::new(MAX, 1).unwrap_err().to_string();
    assert!(text.contains("width") && text.contains(&MAX.to_string()), "{text}");
    // No address has that many bytes after it.
    assert_eq!(Image::<u8, 1>::new(MAX / 2 + 1, 1).unwrap_err(), too_large(MAX / 2 + 1, 1, 1));
}

#[cfg(target_pointer_width = "64")]
#[test]
fn sizes_beyond_32_bits_are_counted() {
    // 65536 x 65537 pixels are 65536 in 32 bits, which the data would have.
    let (width, height) = (65536, 65537);
    refuses::<1>(65536, width, height, width, ImageError::DataTooShort { got: 65536, needed: width * height });
    // A picture that is there: rows far apart in memory that nobody touches, and that Linux therefore does not provide.
    if !cfg!(target_os = "linux") {
        return;
    }
    let data = vec![0u8; (1 << 32) + 10];
    let view = ImageView::<u8, 1>::with_stride(&data, 3, 3, 1 << 31).unwrap();
    assert_eq!(view.row(2).unwrap().as_ptr(), &raw const data[1 << 32]);
    assert_eq!(view.subview(1, 2, 2, 1).unwrap().pixel(1, 0), Some([0]));
}

#[test]
fn zero_sizes_are_fine() {
    for (width, height) in [(0, 0), (5, 0), (0, 5), (MAX / 8, 0), (0, 1000)] {
        let view = ImageView::<u8, 3>::new(&[], width, height).unwrap();
        assert_eq!((view.width(), view.height()), (width, height));
        assert_eq!(view.rows().len(), height);
        assert!(view.rows().take(3).all(<[u8]>::is_empty));
        assert_eq!((view.pixel(0, 0), view.as_slice()), (None, Some(&[][..])));
        assert_eq!(view, view.subview(0, 0, width, height).unwrap());
        let mut data: [u8; 0] = [];
        let mut view = ImageViewMut::<u8, 3>::new(&mut data, width, height).unwrap();
        assert_eq!(view.pixel_mut(0, 0), None);
        assert_eq!(view.rows_mut().len(), height);
    }
    for (width, height) in [(0, 0), (5, 0), (0, 5)] {
        let image = Image::<f32, 3>::new(width, height).unwrap();
        assert_eq!((image.width(), image.height(), image.to_vec()), (width, height, vec![]));
        assert_eq!(image, image.view().to_image().unwrap());
    }
}

#[test]
fn subviews_outside_are_refused() {
    let mut data = [0u8; 12];
    let all = [
        (5, 0, 0, 0),
        (0, 4, 0, 0),
        (0, 0, 5, 1),
        (0, 0, 1, 4),
        (3, 2, 2, 1),
        (MAX, 0, 2, 1),
        (0, MAX, 1, MAX),
        (1, 1, MAX, 1),
    ];
    for (x, y, width, height) in all {
        let error = ImageError::OutOfBounds { x, y, width, height, image_width: 4, image_height: 3 };
        assert_eq!(ImageView::<_, 1>::new(&data, 4, 3).unwrap().subview(x, y, width, height).unwrap_err(), error);
        let view = ImageViewMut::<_, 1>::new(&mut data, 4, 3).unwrap();
        assert_eq!(view.subview(x, y, width, height).unwrap_err(), error);
        let text = error.to_string();
        assert!(text.contains("subview") && text.contains("4 x 3"), "{text}");
    }
    // Empty ones may touch the far edges.
    let view = ImageView::<_, 1>::new(&data, 4, 3).unwrap();
    for (x, y, width, height) in [(4, 3, 0, 0), (4, 0, 0, 3), (0, 3, 4, 0)] {
        let sub = view.subview(x, y, width, height).unwrap();
        assert_eq!((sub.width(), sub.height()), (width, height));
    }
    let view = ImageViewMut::<_, 1>::new(&mut data, 4, 3).unwrap();
    let error = ImageError::OutOfBounds { x: 0, y: 0, width: 4, height: 4, image_width: 4, image_height: 3 };
    assert_eq!(view.split_rows_mut(4).unwrap_err(), error);
}

#[test]
fn views_borrow_and_never_copy() {
    let data: Vec<u16> = (0..240).collect();
    let view = ImageView::<u16, 2>::with_stride(&data, 9, 11, 21).unwrap();
    let sub = view.subview(3, 2, 5, 4).unwrap();
    assert_eq!(sub.row(0).unwrap().as_ptr(), &raw const data[2 * 21 + 6]);
    assert_eq!(sub.stride(), 21);
    // A view is a slice and three numbers: making one cannot allocate, and dropping one frees nothing.
    assert_eq!(size_of::<ImageView<'_, u16, 2>>(), 5 * size_of::<usize>());
    assert!(!std::mem::needs_drop::<ImageView<'_, u16, 2>>() && !std::mem::needs_drop::<ImageViewMut<'_, u16, 2>>());
    // The result of a subview of a view that is gone lives as long as the data.
    let outlives = { view.subview(1, 1, 2, 2).unwrap() };
    assert_eq!(outlives.pixel(0, 0), Some([23, 24]));
}

#[test]
fn rows_are_an_exact_iterator() {
    let data: Vec<u8> = (0..32).collect();
    let view = ImageView::<u8, 1>::with_stride(&data, 3, 5, 7).unwrap();
    let mut rows = view.rows();
    assert_eq!((rows.len(), rows.size_hint()), (5, (5, Some(5))));
    assert_eq!((rows.next(), rows.nth(1), rows.len()), (Some(&data[0..3]), Some(&data[14..17]), 2));
    assert_eq!((rows.nth(1), rows.next(), rows.len()), (Some(&data[28..31]), None, 0));
    assert_eq!((view.rows().nth(5), view.rows().nth(MAX), view.row(5)), (None, None, None));

    let mut data = data;
    let mut view = ImageViewMut::<u8, 1>::with_stride(&mut data, 3, 5, 7).unwrap();
    let mut rows = view.rows_mut();
    assert_eq!((rows.len(), rows.nth(3).map(|r| r.to_vec()), rows.len()), (5, Some(vec![21, 22, 23]), 1));
    assert_eq!((rows.next().map(|r| r.to_vec()), rows.next(), rows.len()), (Some(vec![28, 29, 30]), None, 0));
    assert_eq!(view.rows_mut().nth(MAX), None);
    assert_eq!(view.row_mut(5), None);
    view.pixel_mut(2, 4).unwrap()[0] = 99;
    assert_eq!(view.row_mut(4).unwrap(), [28, 29, 99]);
}

#[test]
fn an_image_starts_each_row_on_64_bytes() {
    fn check<T: omnilane::lanes::Element, const C: usize>() {
        for width in [1, 2, 7, 21, 64, 65, 100] {
            let mut image = Image::<T, C>::new(width, 3).unwrap();
            assert_eq!(image.stride() * size_of::<T>() % 64, 0);
            assert!(image.stride() >= width * C && image.stride() * size_of::<T>() < width * C * size_of::<T>() + 64);
            for row in image.view().rows() {
                assert_eq!((row.as_ptr().addr() % 64, row.len()), (0, width * C));
                assert!(row.iter().all(|v| *v == T::default()), "a picture of zeros");
            }
            for row in image.view_mut().rows_mut() {
                assert_eq!(row.as_ptr().addr() % 64, 0);
            }
            let copy = image.clone();
            assert!(copy.view().rows().all(|row| row.as_ptr().addr() % 64 == 0), "a clone too");
        }
    }
    check::<u8, 1>();
    check::<u8, 3>();
    check::<u16, 4>();
    check::<f32, 3>();
    check::<f64, 2>();
}

#[test]
fn equality_sees_size_and_pixels_only() {
    let (mut a, mut b) = ([0u8; 20], [9u8; 30]);
    let (strides, size) = ([7, 10], (2, 3));
    for (data, stride) in [(&mut a[..], strides[0]), (&mut b[..], strides[1])] {
        let mut view = ImageViewMut::<u8, 3>::with_stride(data, size.0, size.1, stride).unwrap();
        view.rows_mut().flatten().enumerate().for_each(|(i, v)| *v = i as u8);
    }
    let (view_a, view_b) = (
        ImageView::<u8, 3>::with_stride(&a, 2, 3, strides[0]).unwrap(),
        ImageView::<u8, 3>::with_stride(&b, 2, 3, strides[1]).unwrap(),
    );
    assert_eq!(view_a, view_b);
    assert_eq!(view_a.to_image().unwrap(), view_b.to_image().unwrap());
    assert_ne!(view_a, view_b.subview(0, 0, 2, 2).unwrap());
    // Equal elements, another shape.
    assert_ne!(ImageView::<u8, 1>::new(&[1, 2], 2, 1).unwrap(), ImageView::<u8, 1>::new(&[1, 2], 1, 2).unwrap());
    assert_ne!(ImageView::<u8, 1>::new(&[], 2, 0).unwrap(), ImageView::<u8, 1>::new(&[], 0, 2).unwrap());
    let nan = [f32::NAN];
    let nan = ImageView::<f32, 1>::new(&nan, 1, 1).unwrap();
    assert_ne!(nan, nan, "elements compare as themselves");
}

#[test]
fn debug_names_the_shape() {
    let data = [0u16; 32];
    let text = format!("{:?}", ImageView::<u16, 3>::with_stride(&data, 2, 3, 10).unwrap());
    for part in ["ImageView", "u16", "channels: 3", "width: 2", "height: 3", "stride: 10"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn two_pictures_without_gaps_are_one_row() {
    let src: Vec<u8> = (0..24).collect();
    let calls = |src: ImageView<'_, u8, 2>, stride: usize| {
        let mut data = vec![77u8; 4 * stride];
        let mut dst = ImageViewMut::<u8, 2>::with_stride(&mut data, 4, 3, stride).unwrap();
        let mut calls = Vec::new();
        zip_rows(src, &mut dst, |src, dst| {
            calls.push(src.len());
            dst.copy_from_slice(src);
        });
        assert_eq!(dst.as_view(), src);
        for_each_row(&mut dst, |row| calls.push(row.len()));
        calls
    };
    let view = ImageView::<u8, 2>::new(&src, 4, 3).unwrap();
    assert_eq!(calls(view, 8), [24, 24]);
    assert_eq!(calls(view, 9), [8; 6]);
    let wide = vec![1; 60];
    assert_eq!(calls(ImageView::<u8, 2>::with_stride(&wide, 4, 3, 20).unwrap(), 8), [8, 8, 8, 24]);
}

/// A shape, and data for it: width, height, padding, elements after the last.
fn shape() -> impl Strategy<Value = (usize, usize, usize, usize)> {
    (0..12usize, 0..9usize, 0..6usize, 0..4usize)
}

proptest! {
    // Kept beside this file, to be run first from then on.
    #![proptest_config(ProptestConfig::with_failure_persistence(WithSource("regressions")))]

    /// A subview of a subview is the subview at the sum of the corners; every pixel is where the formula says.
    #[test]
    fn subviews_compose((width, height, pad, more) in shape(), cuts in prop::array::uniform8(0.0..1.0f64)) {
        let stride = width * 3 + pad;
        let data: Vec<u32> = (0..(height * stride + more) as u32).collect();
        let view = ImageView::<u32, 3>::with_stride(&data, width, height, stride).unwrap();
        let part = |f: f64, all: usize| (f * (all + 1) as f64) as usize;
        let cut = |view: ImageView<'_, u32, 3>, c: &[f64]| {
            let (x, y) = (part(c[0], view.width()), part(c[1], view.height()));
            (x, y, part(c[2], view.width() - x), part(c[3], view.height() - y))
        };
        let (x, y, w, h) = cut(view, &cuts[..4]);
        let outer = view.subview(x, y, w, h).unwrap();
        let (x2, y2, w2, h2) = cut(outer, &cuts[4..]);
        let inner = outer.subview(x2, y2, w2, h2).unwrap();
        prop_assert_eq!(inner, view.subview(x + x2, y + y2, w2, h2).unwrap());
        for (row_number, row) in inner.rows().enumerate() {
            prop_assert_eq!(Some(row), inner.row(row_number));
            for (column, pixel) in row.chunks_exact(3).enumerate() {
                let first = ((y + y2 + row_number) * stride + (x + x2 + column) * 3) as u32;
                prop_assert_eq!(pixel, [first, first + 1, first + 2]);
                prop_assert_eq!(inner.pixel(column, row_number), Some([first, first + 1, first + 2]));
            }
        }
        prop_assert_eq!((inner.pixel(w2, 0), inner.pixel(0, h2)), (None, None));
        if let Some(all) = inner.as_slice() {
            prop_assert!(all.iter().eq(inner.rows().flatten()));
        }
        let image = inner.to_image().unwrap();
        prop_assert_eq!(image.view(), inner);
        prop_assert!(image.to_vec().iter().eq(inner.rows().flatten()));
    }

    /// Writing a rectangle through any of the ways writes that rectangle and nothing else.
    #[test]
    fn only_the_picture_is_written((width, height, pad, more) in shape(), cuts in prop::array::uniform5(0.0..1.0f64)) {
        let stride = width * 2 + pad;
        let mut data = vec![1u8; height * stride + more];
        let part = |f: f64, all: usize| (f * (all + 1) as f64) as usize;
        let (x, y) = (part(cuts[0], width), part(cuts[1], height));
        let (w, h) = (part(cuts[2], width - x), part(cuts[3], height - y));
        let split = part(cuts[4], h);
        let view = ImageViewMut::<u8, 2>::with_stride(&mut data, width, height, stride).unwrap();
        let (mut above, below) = view.subview(x, y, w, h).unwrap().split_rows_mut(split).unwrap();
        prop_assert_eq!((above.height(), below.height(), below.width()), (split, h - split, w));
        above.rows_mut().for_each(|row| row.fill(2));
        let mut below = below;
        for row in 0..h - split {
            for column in 0..w {
                below.pixel_mut(column, row).unwrap().fill(3);
            }
        }
        for (i, v) in data.iter().enumerate() {
            let (row, element) = (i / stride.max(1), i % stride.max(1));
            let inside = row >= y && row < y + h && element >= 2 * x && element < 2 * (x + w);
            let want = if !inside { 1 } else if row < y + split { 2 } else { 3 };
            prop_assert_eq!(*v, want, "element {} of row {}", element, row);
        }
    }

    /// What is refused is refused for the reason that holds, what is accepted can be walked.
    #[test]
    fn sizes_are_checked(len in 0..200usize, width in 0..14usize, height in 0..14usize, stride in 0..40usize) {
        let data = vec![0u16; len];
        let needed = if height == 0 { 0 } else { (height - 1) * stride + width * 2 };
        match ImageView::<u16, 2>::with_stride(&data, width, height, stride) {
            Ok(view) => {
                prop_assert!(stride >= width * 2 && len >= needed);
                prop_assert_eq!(view.rows().map(<[u16]>::len).sum::<usize>(), width * 2 * height);
                prop_assert_eq!(view.is_contiguous(), height <= 1 || stride == width * 2);
            }
            Err(ImageError::StrideTooSmall { stride: s, row }) => prop_assert!((s, row) == (stride, width * 2) && s < row),
            Err(ImageError::DataTooShort { got, needed: n }) => prop_assert!((got, n) == (len, needed) && got < n),
            Err(e) => prop_assert!(false, "{}", e),
        }
    }
}

/// That Linux was asked; whether it has huge pages to give is its own affair.
#[cfg(target_os = "linux")]
#[test]
fn large_pictures_ask_for_huge_pages() {
    let image = Image::<u8, 1>::new(4096, 1024).unwrap();
    let start = image.view().row(0).unwrap().as_ptr().addr();
    assert_eq!(start % (2 << 20), 0);
    let known = std::fs::exists("/sys/kernel/mm/transparent_hugepage/enabled").unwrap();
    if !known || std::env::var_os("OMNILANE_TEST_RUNNER").is_some() {
        eprintln!("not tested: no huge pages here, or an emulator that keeps the advice to itself");
        return;
    }
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut inside = false;
    let flags = smaps.lines().find_map(|line| {
        if let Some((from, to)) = line.split_whitespace().next().and_then(|range| range.split_once('-')) {
            let [from, to] = [from, to].map(|end| usize::from_str_radix(end, 16).unwrap());
            inside = (from..to).contains(&start);
        }
        line.strip_prefix("VmFlags:").filter(|_| inside)
    });
    assert!(flags.unwrap().split_whitespace().any(|flag| flag == "hg"), "{flags:?}");
}
