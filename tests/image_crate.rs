//! Pictures from and into the buffers of the image crate.

#![cfg(feature = "image")]

use image::{GrayAlphaImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use omnilane::memory::{Image, ImageError, ImageView, ImageViewMut};

#[test]
fn views_borrow_the_buffer() {
    let mut photo = RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8, y as u8, (x * y) as u8]));
    let view = ImageView::<u8, 3>::from(&photo);
    assert_eq!((view.width(), view.height(), view.stride()), (7, 5, 21));
    assert_eq!(view.as_slice().unwrap().as_ptr(), photo.as_raw().as_ptr());
    assert_eq!(view.pixel(6, 4), Some([6, 4, 24]));
    ImageViewMut::<u8, 3>::from(&mut photo).pixel_mut(6, 4).unwrap()[0] = 99;
    assert_eq!(photo.get_pixel(6, 4).0, [99, 4, 24]);
    // One whose vector is longer than the picture.
    let long = GrayImage::from_raw(2, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
    assert_eq!(ImageView::<u8, 1>::from(&long).as_slice(), Some(&[1, 2, 3, 4][..]));
}

#[test]
fn there_and_back() {
    let gray = GrayImage::from_fn(9, 3, |x, y| Luma([(x + 10 * y) as u8]));
    assert_eq!(GrayImage::try_from(&Image::try_from(&gray).unwrap()).unwrap(), gray);
    let alpha = GrayAlphaImage::from_fn(3, 9, |x, y| image::LumaA([x as u8, y as u8]));
    assert_eq!(GrayAlphaImage::try_from(&Image::<u8, 2>::try_from(alpha.clone()).unwrap()).unwrap(), alpha);
    let deep = ImageBuffer::<Rgb<u16>, Vec<u16>>::from_fn(70, 2, |x, y| Rgb([x as u16, 300 * y as u16, 65535]));
    let image = Image::<u16, 3>::try_from(&deep).unwrap();
    assert!(image.view().rows().all(|row| row.as_ptr().addr() % 64 == 0));
    assert_eq!(ImageBuffer::<Rgb<u16>, _>::try_from(&image).unwrap(), deep);
    let float = ImageBuffer::<Rgba<f32>, Vec<f32>>::from_fn(4, 4, |x, y| Rgba([x as f32, y as f32, 0.5, 1.0]));
    assert_eq!(ImageBuffer::<Rgba<f32>, _>::try_from(&Image::try_from(&float).unwrap()).unwrap(), float);
    // A part of a picture.
    let part = ImageView::<u8, 1>::from(&gray).subview(2, 1, 4, 2).unwrap();
    assert_eq!(GrayImage::try_from(part).unwrap().into_raw(), [12, 13, 14, 15, 22, 23, 24, 25]);
}

#[test]
fn sizes_that_the_crate_cannot_count() {
    let wide = u32::MAX as usize + 1;
    let view = ImageView::<u8, 4>::new(&[], wide, 0).unwrap();
    let error = RgbaImage::try_from(view).unwrap_err();
    assert_eq!(error, ImageError::TooLarge { width: wide, height: 0, channels: 4 });
    for (width, height) in [(0, 0), (5, 0), (0, 5)] {
        let empty = RgbaImage::new(width, height);
        let image = Image::<u8, 4>::try_from(&empty).unwrap();
        assert_eq!((image.width(), image.height()), (width as usize, height as usize));
        assert_eq!(RgbaImage::try_from(&image).unwrap(), empty);
    }
}
