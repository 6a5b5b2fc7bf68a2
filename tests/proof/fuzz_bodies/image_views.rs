//! Sequences of operations on views against a plain model: the same pixels and errors, and never a panic.

use super::input::Input;
use omnilane::memory::{Image, ImageError, ImageView, ImageViewMut};

pub fn run(bytes: &[u8]) {
    let mut i = Input(bytes);
    match i.byte() % 4 {
        0 => sequence::<u8, 1>(&mut i),
        1 => sequence::<u8, 3>(&mut i),
        2 => sequence::<u16, 4>(&mut i),
        _ => images::<2>(&mut i),
    }
}

/// A rectangle of a buffer, in the most obvious arithmetic.
#[derive(Clone, Copy, Debug)]
struct Model {
    start: usize,
    width: usize,
    height: usize,
    stride: usize,
}

impl Model {
    /// The index of a pixel's first channel.
    fn at(&self, x: usize, y: usize, channels: usize) -> Option<usize> {
        (x < self.width && y < self.height).then(|| self.start + y * self.stride + x * channels)
    }

    /// The part, if it is inside.
    fn part(&self, x: usize, y: usize, width: usize, height: usize, channels: usize) -> Option<Model> {
        let inside =
            x as u128 + width as u128 <= self.width as u128 && y as u128 + height as u128 <= self.height as u128;
        let start = || if width == 0 || height == 0 { self.start } else { self.start + y * self.stride + x * channels };
        inside.then(|| Model { start: start(), width, height, ..*self })
    }
}

/// What a constructor must say, in arithmetic that does not overflow.
fn verdict(len: usize, width: usize, height: usize, stride: usize, channels: usize) -> Result<(), &'static str> {
    let (row, most) = (width as u128 * channels as u128, usize::MAX as u128);
    // The product alone fits; with a row of several times 2^64 the sum may not.
    let needed = if height == 0 { 0 } else { ((height as u128 - 1) * stride as u128).saturating_add(row) };
    match () {
        () if row > most => Err("too large"),
        () if (stride as u128) < row => Err("stride"),
        () if needed > most => Err("too large"),
        () if len as u128 >= needed => Ok(()),
        () => Err("too short"),
    }
}

fn kind(e: ImageError) -> &'static str {
    match e {
        ImageError::TooLarge { .. } => "too large",
        ImageError::StrideTooSmall { .. } => "stride",
        ImageError::DataTooShort { .. } => "too short",
        ImageError::OutOfBounds { .. } => "outside",
        _ => "unknown",
    }
}

trait Pixel: omnilane::lanes::Element {
    fn of(i: usize) -> Self;
}
impl Pixel for u8 {
    fn of(i: usize) -> u8 {
        (i * 31 % 251) as u8
    }
}
impl Pixel for u16 {
    fn of(i: usize) -> u16 {
        (i * 31 % 65521) as u16
    }
}

fn sequence<T: Pixel, const C: usize>(i: &mut Input<'_>) {
    let len = i.up_to(600);
    let (width, height, gap) = (i.size(20), i.size(12), i.size(9));
    let stride = if i.byte().is_multiple_of(8) { gap } else { width.saturating_mul(C).saturating_add(gap) };
    let mut data: Vec<T> = (0..len).map(T::of).collect();
    let mut plain = data.clone();

    let want = verdict(len, width, height, stride, C);
    assert_eq!(ImageView::<T, C>::with_stride(&data, width, height, stride).map(|_| ()).map_err(kind), want);
    let packed = verdict(len, width, height, width.saturating_mul(C), C);
    assert_eq!(ImageView::<T, C>::new(&data, width, height).map(|_| ()).map_err(kind), packed);
    assert_eq!(ImageViewMut::<T, C>::new(&mut data, width, height).map(|_| ()).map_err(kind), packed);
    let Ok(mut view) = ImageViewMut::<T, C>::with_stride(&mut data, width, height, stride) else {
        return assert!(want.is_err());
    };
    let mut model = Model { start: 0, width, height, stride };
    for _ in 0..12 {
        reads(view.as_view(), model, &plain, i);
        match i.byte() % 6 {
            0 => {
                let (x, y, w, h) =
                    (i.size(model.width), i.size(model.height), i.size(model.width), i.size(model.height));
                let part = model.part(x, y, w, h, C);
                assert_eq!(view.reborrow().subview(x, y, w, h).is_ok(), part.is_some(), "{model:?} {x} {y} {w} {h}");
                if let (Ok(v), Some(m)) = (view.as_view().subview(x, y, w, h), part) {
                    reads(v, m, &plain, i);
                    model = m;
                    view = view.subview(x, y, w, h).expect("it was one before");
                }
            }
            1 => {
                let y = i.size(model.height);
                assert_eq!(view.reborrow().split_rows_mut(y).is_ok(), y <= model.height);
                if y <= model.height {
                    let (above, below) = view.split_rows_mut(y).expect("it was two before");
                    let top = Model { height: y, ..model };
                    let start = if y == model.height { model.start } else { model.start + y * model.stride };
                    let bottom = Model { start, height: model.height - y, ..model };
                    reads(above.as_view(), top, &plain, i);
                    reads(below.as_view(), bottom, &plain, i);
                    (view, model) = if i.byte().is_multiple_of(2) { (above, top) } else { (below, bottom) };
                }
            }
            2 => {
                let (x, y, value) = (i.size(model.width), i.size(model.height), T::of(i.up_to(999)));
                let at = model.at(x, y, C);
                let pixel = view.pixel_mut(x, y);
                assert_eq!(pixel.is_some(), at.is_some());
                if let (Some(pixel), Some(at)) = (pixel, at) {
                    *pixel = [value; C];
                    plain[at..at + C].fill(value);
                }
            }
            3 => {
                let (y, value) = (i.size(model.height), T::of(i.up_to(999)));
                let row = view.row_mut(y);
                assert_eq!(row.is_some(), y < model.height);
                if let Some(row) = row {
                    assert_eq!(row.len(), model.width * C);
                    row.fill(value);
                    if let Some(at) = model.at(0, y, C) {
                        plain[at..at + model.width * C].fill(value);
                    }
                }
            }
            4 => {
                let value = T::of(i.up_to(999));
                for row in view.rows_mut().take(50) {
                    row.fill(value);
                }
                for y in 0..model.height.min(50) {
                    if let Some(at) = model.at(0, y, C) {
                        plain[at..at + model.width * C].fill(value);
                    }
                }
            }
            _ => {
                let whole = view.is_contiguous();
                assert_eq!(view.as_mut_slice().is_some(), whole);
                assert_eq!(whole, model.height <= 1 || model.stride == model.width * C);
            }
        }
    }
    assert_eq!(data, plain, "outside the rectangles nothing is written");
}

fn reads<T: Pixel, const C: usize>(view: ImageView<'_, T, C>, model: Model, plain: &[T], i: &mut Input<'_>) {
    assert_eq!((view.width(), view.height(), view.stride()), (model.width, model.height, model.stride));
    let row = |y: usize| match model.at(0, y, C) {
        Some(at) => &plain[at..at + model.width * C],
        None => &[],
    };
    let (x, y) = (i.size(model.width), i.size(model.height));
    let pixel = model.at(x, y, C).map(|at| plain[at..at + C].to_vec());
    assert_eq!(view.pixel(x, y).map(|p| p.to_vec()), pixel, "pixel {x} {y} of {model:?}");
    assert_eq!(view.row(y), (y < model.height).then(|| row(y)), "row {y} of {model:?}");
    let mut rows = view.rows();
    assert_eq!(rows.len(), model.height);
    let skipped = i.size(model.height);
    let next = rows.nth(skipped);
    assert_eq!(next, (skipped < model.height).then(|| row(skipped)), "rows().nth({skipped}) of {model:?}");
    assert_eq!(rows.len(), model.height.saturating_sub(skipped.saturating_add(1)));
    if model.height <= 50 {
        let all: Vec<T> = (0..model.height).flat_map(|y| row(y).to_vec()).collect();
        assert_eq!(view.rows().collect::<Vec<_>>().concat(), all);
        assert_eq!(view.as_slice().is_some(), view.is_contiguous());
        assert_eq!(view.as_slice().unwrap_or(&all), all);
        let image = view.to_image().expect("a small picture");
        assert_eq!((image.to_vec(), image.view() == view), (all, true));
    }
}

/// Pictures that own their memory, and sizes for which there is none.
fn images<const C: usize>(i: &mut Input<'_>) {
    let (width, height) = (i.size(40), i.size(20));
    // Rows of 64 bytes, in arithmetic that saturates where it would overflow.
    let row = width as u128 * C as u128;
    let elements =
        if height == 0 { 0 } else { (height as u128 - 1).saturating_mul(row.next_multiple_of(32)).saturating_add(row) };
    // An allocation has at most `isize::MAX` bytes, and a picture's are whole lines of 64.
    let impossible = row > usize::MAX as u128 || elements > (isize::MAX as u128 - 63) / 2;
    if !impossible && elements > 1 << 24 {
        return; // how much memory there is, is not our question
    }
    let image = Image::<u16, C>::new(width, height);
    assert_eq!(image.is_err(), impossible, "{width} x {height}");
    let Ok(mut image) = image else { return };
    assert_eq!((image.width(), image.height()), (width, height));
    assert!(image.stride() >= width * C);
    let (x, y) = (i.size(width), i.size(height));
    let inside = x < width && y < height;
    if let Some(pixel) = image.view_mut().pixel_mut(x, y) {
        *pixel = [7; C];
    }
    assert_eq!(image.view().pixel(x, y), inside.then_some([7; C]));
    if height <= 50 {
        assert!(image.view().rows().all(|row| row.as_ptr().addr().is_multiple_of(64) && row.len() == width * C));
        assert_eq!(image.to_vec().iter().filter(|v| **v == 7).count(), if inside { C } else { 0 });
        assert_eq!(image.clone(), image);
    }
}
