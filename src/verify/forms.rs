//! The forms of kernels, and how each is laid out and called.

use super::canvas::Canvas;
use super::cases::Form;
use super::engine::{Check, Run};
use super::{Outcome, Sample};
use crate::memory::{ImageView, ImageViewMut};
use std::fmt;

/// A form's builder: its docs and name, its arguments, its result, the kernel's signature, and how the kernel is run.
macro_rules! form {
    (
        $(#[$attr:meta])*
        $name:ident<$($t:ident: $bound:ident),+ $(; $($c:ident),+)?>, $src:ident -> $outcome:ty,
        ($($signature:tt)*), $run:expr
    ) => {
        $(#[$attr])*
        pub struct $name<'a, $($t,)+ $($(const $c: usize),+)?> {
            name: Box<str>,
            form: Form,
            define: Option<Run<'a, $src, $outcome>>,
        }

        impl<'a, $($t: $bound + 'a,)+ $($(const $c: usize),+)?> $name<'a, $($t,)+ $($($c),+)?> {
            /// What the kernel must give, in plain Rust. Without it the kernel is compared with itself on
            /// [`Isa::Scalar`](crate::cpu::Isa::Scalar) only.
            #[must_use]
            pub fn definition(mut self, f: impl $($signature)* + 'a) -> Self {
                self.define = Some($run(self.form, f));
                self
            }

            /// The kernel, ready to be checked.
            #[must_use]
            pub fn kernel(self, f: impl $($signature)* + 'a) -> Check<'a, $src, $outcome> {
                Check::new(self.name, self.form, self.define, $run(self.form, f))
            }
        }

        impl<$($t,)+ $($(const $c: usize),+)?> fmt::Debug for $name<'_, $($t,)+ $($($c),+)?> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut out = f.debug_struct(stringify!($name));
                out.field("name", &self.name).field("definition", &self.define.is_some()).finish_non_exhaustive()
            }
        }
    };
}

form! {
    /// A kernel from a picture to a picture of the same size; from [`image()`].
    ImageKernel<T: Sample, U: Sample; C, D>, T -> Vec<U>,
    (Fn(ImageView<'_, T, C>, &mut ImageViewMut<'_, U, D>)), run_image
}
form! {
    /// A kernel on a picture in its place; from [`image_in_place`].
    ImageInPlace<T: Sample; C>, T -> Vec<T>,
    (Fn(&mut ImageViewMut<'_, T, C>)), run_image_in_place
}
form! {
    /// A kernel from a picture to a value; from [`image_reduce`].
    ImageReduction<T: Sample, R: Outcome; C>, T -> R,
    (Fn(ImageView<'_, T, C>) -> R), run_image_reduce
}
form! {
    /// A kernel from a slice to a slice; from [`slice()`].
    SliceKernel<T: Sample, U: Sample>, T -> Vec<U>,
    (Fn(&[T], &mut [U])), run_slice
}
form! {
    /// A kernel on a slice in its place; from [`slice_in_place`].
    SliceInPlace<T: Sample>, T -> Vec<T>,
    (Fn(&mut [T])), run_slice_in_place
}
form! {
    /// A kernel from a slice to a value; from [`slice_reduce`].
    SliceReduction<T: Sample, R: Outcome>, T -> R,
    (Fn(&[T]) -> R), run_slice_reduce
}

/// A kernel from a picture of `C` channels of `T` to one of the same size of `D` channels of `U`.
///
/// The example is at the top of [this module](crate::verify).
#[must_use]
pub fn image<'a, T: Sample, const C: usize, U: Sample, const D: usize>(name: &str) -> ImageKernel<'a, T, U, C, D> {
    ImageKernel { name: name.into(), form: form::<T, U>(C, D, true), define: None }
}

/// A kernel that writes its result where its source was.
///
/// ```
/// use omnilane::lanes::{Simd, map_in_place};
/// use omnilane::memory::{ImageViewMut, for_each_row};
///
/// omnilane::kernel! {
///     fn double<S: Simd>(simd: S, data: &mut ImageViewMut<'_, f32, 2>) {
///         for_each_row(data, #[inline(always)] |row| map_in_place(simd, row, #[inline(always)] |v| v + v));
///     }
/// }
///
/// let check = omnilane::verify::image_in_place::<f32, 2>("double")
///     .definition(|data| data.rows_mut().flatten().for_each(|v| *v += *v))
///     .kernel(|data| double(data));
/// check.assert();
/// ```
#[must_use]
pub fn image_in_place<'a, T: Sample, const C: usize>(name: &str) -> ImageInPlace<'a, T, C> {
    let form = Form { in_place: true, ..form::<T, T>(C, C, true) };
    ImageInPlace { name: name.into(), form, define: None }
}

/// A kernel from a picture to a value.
///
/// ```
/// let check = omnilane::verify::image_reduce::<u8, 1, usize>("pixels")
///     .definition(|src| src.width() * src.height())
///     .kernel(|src| src.rows().map(<[u8]>::len).sum());
/// check.assert();
/// ```
#[must_use]
pub fn image_reduce<'a, T: Sample, const C: usize, R: Outcome>(name: &str) -> ImageReduction<'a, T, R, C> {
    ImageReduction { name: name.into(), form: form::<T, T>(C, 0, true), define: None }
}

/// A kernel from a slice to a slice, of equal lengths if [`ratio`](SliceKernel::ratio) is not set.
///
/// ```
/// use omnilane::lanes::{LengthError, Simd, map};
///
/// omnilane::kernel! {
///     fn invert<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
///         map(simd, src, dst, #[inline(always)] |v| !v)
///     }
/// }
///
/// let check = omnilane::verify::slice::<u8, u8>("invert")
///     .definition(|src, dst| dst.iter_mut().zip(src).for_each(|(dst, src)| *dst = !src))
///     .kernel(|src, dst| invert(src, dst).unwrap());
/// check.assert();
/// ```
#[must_use]
pub fn slice<'a, T: Sample, U: Sample>(name: &str) -> SliceKernel<'a, T, U> {
    SliceKernel { name: name.into(), form: form::<T, U>(1, 1, false), define: None }
}

/// A kernel on a slice in its place.
///
/// ```
/// use omnilane::lanes::{Simd, map_in_place};
///
/// omnilane::kernel! {
///     fn negate<S: Simd>(simd: S, data: &mut [f32]) {
///         map_in_place(simd, data, #[inline(always)] |v| -v);
///     }
/// }
///
/// let check = omnilane::verify::slice_in_place::<f32>("negate")
///     .definition(|data| data.iter_mut().for_each(|x| *x = -*x))
///     .kernel(|data| negate(data));
/// check.assert();
/// ```
#[must_use]
pub fn slice_in_place<'a, T: Sample>(name: &str) -> SliceInPlace<'a, T> {
    let form = Form { in_place: true, ..form::<T, T>(1, 1, false) };
    SliceInPlace { name: name.into(), form, define: None }
}

/// A kernel from a slice to a value.
///
/// ```
/// use omnilane::lanes::{Simd, max};
///
/// omnilane::kernel! {
///     fn largest<S: Simd>(simd: S, src: &[u16]) -> Option<u16> {
///         max(simd, src)
///     }
/// }
///
/// let check = omnilane::verify::slice_reduce::<u16, Option<u16>>("largest")
///     .definition(|src| src.iter().copied().max())
///     .kernel(|src| largest(src));
/// assert!(check.check()?.elements > 0);
/// # Ok::<(), omnilane::verify::Failure>(())
/// ```
#[must_use]
pub fn slice_reduce<'a, T: Sample, R: Outcome>(name: &str) -> SliceReduction<'a, T, R> {
    SliceReduction { name: name.into(), form: form::<T, T>(1, 0, false), define: None }
}

impl<T: Sample, U: Sample> SliceKernel<'_, T, U> {
    /// `k` elements of the source to `m` of the destination. Set it before the definition and the kernel.
    ///
    /// # Panics
    /// If one of them is 0.
    #[must_use]
    pub fn ratio(mut self, k: usize, m: usize) -> Self {
        assert!(k > 0 && m > 0, "a ratio has no 0");
        assert!(self.define.is_none(), "the ratio comes before the definition");
        (self.form.src_pixel, self.form.dst_pixel) = (k, m);
        self
    }
}

fn form<T, U>(src_pixel: usize, dst_pixel: usize, rows: bool) -> Form {
    let lanes = 64 / size_of::<T>().min(size_of::<U>());
    Form { src_pixel, dst_pixel, rows, in_place: false, dst_bytes: size_of::<U>(), lanes }
}

fn run_slice<'a, T: Sample + 'a, U: Sample + 'a>(form: Form, f: impl Fn(&[T], &mut [U]) + 'a) -> Run<'a, T, Vec<U>> {
    run_to(form, move |src, _, dst, _| f(src, dst))
}

fn run_image<'a, T: Sample + 'a, U: Sample + 'a, const C: usize, const D: usize>(
    form: Form,
    f: impl Fn(ImageView<'_, T, C>, &mut ImageViewMut<'_, U, D>) + 'a,
) -> Run<'a, T, Vec<U>> {
    run_to(form, move |src, from, dst, to| f(view(src, from), &mut view_mut(dst, to)))
}

fn run_slice_in_place<'a, T: Sample + 'a>(form: Form, f: impl Fn(&mut [T]) + 'a) -> Run<'a, T, Vec<T>> {
    run_in_place(form, move |data, _| f(data))
}

fn run_image_in_place<'a, T: Sample + 'a, const C: usize>(
    form: Form,
    f: impl Fn(&mut ImageViewMut<'_, T, C>) + 'a,
) -> Run<'a, T, Vec<T>> {
    run_in_place(form, move |data, at| f(&mut view_mut(data, at)))
}

fn run_slice_reduce<'a, T: Sample + 'a, R: 'a>(form: Form, f: impl Fn(&[T]) -> R + 'a) -> Run<'a, T, R> {
    run_reduce(form, move |src, _| f(src))
}

fn run_image_reduce<'a, T: Sample + 'a, R: 'a, const C: usize>(
    form: Form,
    f: impl Fn(ImageView<'_, T, C>) -> R + 'a,
) -> Run<'a, T, R> {
    run_reduce(form, move |src, from| f(view(src, from)))
}

/// Width, height and stride of a picture in a slice.
type Dimensions = [usize; 3];

fn run_to<'a, T: Sample + 'a, U: Sample + 'a>(
    form: Form,
    f: impl Fn(&[T], Dimensions, &mut [U], Dimensions) + 'a,
) -> Run<'a, T, Vec<U>> {
    Box::new(move |shape, src, pattern| {
        let (width, height) = (shape.width, shape.height);
        let src = Canvas::with(src, width * form.src_pixel, height, shape.src, pattern);
        let mut dst = Canvas::new(width * form.dst_pixel, height, shape.dst, pattern);
        let (from, to) = ([width, height, shape.src.stride], [width, height, shape.dst.stride]);
        f(src.picture(), from, dst.picture_mut(), to);
        dst.finish()
    })
}

fn run_in_place<'a, T: Sample + 'a>(form: Form, f: impl Fn(&mut [T], Dimensions) + 'a) -> Run<'a, T, Vec<T>> {
    Box::new(move |shape, src, pattern| {
        let mut data = Canvas::with(src, shape.width * form.dst_pixel, shape.height, shape.dst, pattern);
        f(data.picture_mut(), [shape.width, shape.height, shape.dst.stride]);
        data.finish()
    })
}

fn run_reduce<'a, T: Sample + 'a, R: 'a>(form: Form, f: impl Fn(&[T], Dimensions) -> R + 'a) -> Run<'a, T, R> {
    Box::new(move |shape, src, pattern| {
        let src = Canvas::with(src, shape.width * form.src_pixel, shape.height, shape.src, pattern);
        Ok(f(src.picture(), [shape.width, shape.height, shape.src.stride]))
    })
}

fn view<T: Sample, const C: usize>(data: &[T], [width, height, stride]: Dimensions) -> ImageView<'_, T, C> {
    ImageView::with_stride(data, width, height, stride).expect("the canvas fits the picture")
}

fn view_mut<T: Sample, const C: usize>(data: &mut [T], [width, height, stride]: Dimensions) -> ImageViewMut<'_, T, C> {
    ImageViewMut::with_stride(data, width, height, stride).expect("the canvas fits the picture")
}
