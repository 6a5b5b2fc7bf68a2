//! Many pictures through one closure.

use super::map::map_owned;

/// `f` of each picture, in the order of the pictures; a thread that is free takes another one, however large each is.
///
/// `f` takes the picture, so that it can change it without a copy. Let it return a `Result` where it can fail: each
/// result stands at its picture's place.
///
/// ```
/// use image::DynamicImage;
/// use omnilane::parallel::parallel_preprocess;
///
/// let pages = vec![DynamicImage::new_rgb8(40, 30), DynamicImage::new_rgba8(7, 9)];
/// let gray = parallel_preprocess(pages, |page| page.into_luma8());
/// assert_eq!(gray[1].dimensions(), (7, 9));
/// ```
///
/// # Panics
/// If `f` panics, with what it panicked with, after every thread has stopped.
#[cfg(feature = "image")]
pub fn parallel_preprocess<U: Send>(
    images: Vec<image::DynamicImage>,
    f: impl Fn(image::DynamicImage) -> U + Sync,
) -> Vec<U> {
    map_owned(images, f)
}

/// `parallel_preprocess` of anything: `f` of each item, in the order of the items.
///
/// ```
/// let pages = vec!["a".to_owned(), "b".to_owned()];
/// assert_eq!(omnilane::parallel::parallel_preprocess_any(pages, |page| page + "!"), ["a!", "b!"]);
/// ```
///
/// # Panics
/// If `f` panics, with what it panicked with, after every thread has stopped.
pub fn parallel_preprocess_any<T: Send, U: Send>(items: Vec<T>, f: impl Fn(T) -> U + Sync) -> Vec<U> {
    map_owned(items, f)
}
