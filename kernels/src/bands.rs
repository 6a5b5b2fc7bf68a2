//! Rows in bands for the parallel forms; sizes were checked.

use omnilane::lanes::Element;
use omnilane::memory::{ImageView, ImageViewMut};
use omnilane::parallel::{parallel_rows, parallel_zip_rows};

/// `f` on bands of two pictures of the same height.
pub(crate) fn zip_bands<T: Element, U: Element, const C: usize, const D: usize>(
    src: ImageView<'_, T, C>,
    dst: &mut ImageViewMut<'_, U, D>,
    f: impl Fn(ImageView<'_, T, C>, &mut ImageViewMut<'_, U, D>) + Sync,
) {
    let done = parallel_zip_rows(src, dst, 1, f);
    debug_assert!(done.is_ok(), "the sizes were checked");
}

/// `f` on bands of a picture.
pub(crate) fn bands<T: Element, const C: usize>(
    data: &mut ImageViewMut<'_, T, C>,
    f: impl Fn(&mut ImageViewMut<'_, T, C>) + Sync,
) {
    let done = parallel_rows(data, 1, |_, band| f(band));
    debug_assert!(done.is_ok(), "one row is a step");
}
