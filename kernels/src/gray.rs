//! Gray from colour: BT.601 luma in 15-bit fixed point.

#[cfg(feature = "parallel")]
use crate::bands::zip_bands;
use crate::{Error, destination};
use omnilane::kernel;
use omnilane::lanes::{Simd, Vector, map_blocks};
use omnilane::memory::{Image, ImageView, ImageViewMut, zip_rows};

/// The weights of red, green and blue; they add up to 2^15.
const R: i16 = 9798;
const G: i16 = 19235;
const B: i16 = 3735;

kernel! {
    fn gray4<S: Simd, const FIRST: i16, const THIRD: i16>(
        simd: S,
        src: ImageView<'_, u8, 4>,
        dst: &mut ImageViewMut<'_, u8, 1>,
    ) {
        zip_rows(src, dst, #[inline(always)] |src, dst| {
            let fits = map_blocks(simd, src, dst, #[inline(always)] |v: [Vector<S, u8>; 4]| {
                [Vector::weighted_mean4::<FIRST, G, THIRD, 0>(v)]
            });
            debug_assert!(fits.is_ok(), "the sizes were checked");
        });
    }

    fn gray3<S: Simd, const FIRST: i16, const THIRD: i16>(
        simd: S,
        src: ImageView<'_, u8, 3>,
        dst: &mut ImageViewMut<'_, u8, 1>,
    ) {
        zip_rows(src, dst, #[inline(always)] |src, dst| {
            let fits = map_blocks(simd, src, dst, #[inline(always)] |v: [Vector<S, u8>; 3]| {
                [Vector::weighted_mean3::<FIRST, G, THIRD>(v)]
            });
            debug_assert!(fits.is_ok(), "the sizes were checked");
        });
    }
}

macro_rules! gray {
    ($($name:ident $into:ident $parallel:ident $into_parallel:ident $channels:literal $kernel:ident $first:ident $third:ident $order:literal $pixel:literal $expect:literal;)*) => {$(
        #[doc = concat!("Gray from ", $order, ": `(9798 R + 19235 G + 3735 B + 2^14) >> 15`, u8 to u8.")]
        ///
        /// BT.601's luma (0.299, 0.587, 0.114) in 15 bits, rounded; bit-equal to OpenCV's `cvtColor`. Alpha is ignored.
        ///
        /// ```
        #[doc = concat!("let data = ", $pixel, ";")]
        #[doc = concat!("let src = omnilane::memory::ImageView::<u8, ", $channels, ">::new(&data, 1, 1)?;")]
        #[doc = concat!("assert_eq!(omnilane_kernels::", stringify!($name), "(src).to_vec(), [", $expect, "]);")]
        /// # Ok::<(), omnilane::memory::ImageError>(())
        /// ```
        ///
        /// # Panics
        /// If there is no memory for the result.
        #[must_use]
        pub fn $name(src: ImageView<'_, u8, $channels>) -> Image<u8, 1> {
            let mut dst = destination(src.width(), src.height());
            $kernel::<$first, $third>(src, &mut dst.view_mut());
            dst
        }

        #[doc = concat!("[`", stringify!($name), "`] into a picture of the same size; allocates nothing.")]
        ///
        /// ```
        #[doc = concat!("let data = ", $pixel, ";")]
        #[doc = concat!("let src = omnilane::memory::ImageView::<u8, ", $channels, ">::new(&data, 1, 1)?;")]
        /// let mut gray = omnilane::memory::Image::<u8, 1>::new(1, 1)?;
        #[doc = concat!("omnilane_kernels::", stringify!($into), "(src, &mut gray.view_mut())?;")]
        #[doc = concat!("assert_eq!(gray.to_vec(), [", $expect, "]);")]
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        ///
        /// # Errors
        /// [`Error::SizeMismatch`]; nothing is written then.
        pub fn $into(src: ImageView<'_, u8, $channels>, dst: &mut ImageViewMut<'_, u8, 1>) -> Result<(), Error> {
            Error::check_size(&src, dst)?;
            $kernel::<$first, $third>(src, dst);
            Ok(())
        }

        #[doc = concat!("[`", stringify!($name), "`] with the rows split between threads; the same bits.")]
        ///
        /// ```
        /// use omnilane::memory::Image;
        #[doc = concat!("use omnilane_kernels::{", stringify!($name), ", ", stringify!($parallel), "};")]
        ///
        #[doc = concat!("let src = Image::<u8, ", $channels, ">::from_fn(640, 480, |x, y| [(x ^ y) as u8; ", $channels, "])?;")]
        #[doc = concat!("assert_eq!(", stringify!($parallel), "(src.view()), ", stringify!($name), "(src.view()));")]
        /// # Ok::<(), omnilane::memory::ImageError>(())
        /// ```
        ///
        /// # Panics
        /// If there is no memory for the result.
        #[cfg(feature = "parallel")]
        #[must_use]
        pub fn $parallel(src: ImageView<'_, u8, $channels>) -> Image<u8, 1> {
            let mut dst = destination(src.width(), src.height());
            zip_bands(src, &mut dst.view_mut(), |src, dst| $kernel::<$first, $third>(src, dst));
            dst
        }

        #[doc = concat!("[`", stringify!($into), "`] with the rows split between threads; the same bits.")]
        ///
        /// ```
        /// use omnilane::memory::Image;
        #[doc = concat!("use omnilane_kernels::{", stringify!($name), ", ", stringify!($into_parallel), "};")]
        ///
        #[doc = concat!("let src = Image::<u8, ", $channels, ">::from_fn(640, 480, |x, y| [(x ^ y) as u8; ", $channels, "])?;")]
        /// let mut gray = Image::<u8, 1>::new(640, 480)?;
        #[doc = concat!(stringify!($into_parallel), "(src.view(), &mut gray.view_mut())?;")]
        #[doc = concat!("assert_eq!(gray, ", stringify!($name), "(src.view()));")]
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        ///
        /// # Errors
        /// [`Error::SizeMismatch`]; nothing is written then.
        #[cfg(feature = "parallel")]
        pub fn $into_parallel(
            src: ImageView<'_, u8, $channels>,
            dst: &mut ImageViewMut<'_, u8, 1>,
        ) -> Result<(), Error> {
            Error::check_size(&src, dst)?;
            zip_bands(src, dst, |src, dst| $kernel::<$first, $third>(src, dst));
            Ok(())
        }
    )*};
}
gray! {
    gray_from_rgba gray_from_rgba_into gray_from_rgba_parallel gray_from_rgba_into_parallel
        4 gray4 R B "RGBA" "[255, 0, 0, 9]" "76";
    gray_from_bgra gray_from_bgra_into gray_from_bgra_parallel gray_from_bgra_into_parallel
        4 gray4 B R "BGRA" "[255, 0, 0, 9]" "29";
    gray_from_rgb gray_from_rgb_into gray_from_rgb_parallel gray_from_rgb_into_parallel
        3 gray3 R B "RGB" "[0, 255, 0]" "150";
    gray_from_bgr gray_from_bgr_into gray_from_bgr_parallel gray_from_bgr_into_parallel
        3 gray3 B R "BGR" "[0, 255, 0]" "150";
}
