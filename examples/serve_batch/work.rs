//! What is done with a batch: decode, gray, normalize into one stacked tensor, quantize into another.

use image::{ImageFormat, ImageReader, Limits};
use omnilane::batch::{Stack, StackItem};
use omnilane::memory::{BufferPool, Image, ImageView, ImageViewMut, PoolError};
use omnilane::quantize::DynamicQuantizer;
use omnilane_kernels::{gray_from_rgb_into, normalize_in_place};
use std::io::Cursor;
use std::time::Duration;

/// Pixels of a side at most: a small file may claim to be a huge picture.
const MAX_SIDE: u32 = 4096;

/// A picture as it came, of which the head has been read.
pub struct Picture {
    pub bytes: axum::body::Bytes,
    pub width: u32,
    pub height: u32,
}

/// The codes of a picture: its part of the batch's tensor, not a copy.
pub struct Codes {
    pub codes: StackItem<u8>,
    pub scale: f32,
    pub zero_point: i32,
}

fn reader(bytes: &[u8]) -> Result<ImageReader<Cursor<&[u8]>>, String> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
    match reader.format() {
        Some(ImageFormat::Png | ImageFormat::Jpeg) => Ok(reader),
        _ => Err("body: neither a PNG nor a JPEG".into()),
    }
}

impl Picture {
    /// Reads the head of a picture, no more: its size is the batch's key.
    pub fn new(bytes: axum::body::Bytes) -> Result<Self, String> {
        let (width, height) = reader(&bytes)?.into_dimensions().map_err(|e| format!("body: {e}"))?;
        if width > MAX_SIDE || height > MAX_SIDE {
            return Err(format!("body: {width} x {height} pixels, at most {MAX_SIDE} x {MAX_SIDE} are taken"));
        }
        Ok(Picture { bytes, width, height })
    }

    fn decode(&self) -> Result<image::RgbImage, String> {
        let mut reader = reader(&self.bytes)?;
        let mut limits = Limits::default();
        (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
        reader.limits(limits);
        let rgb = reader.decode().map_err(|e| format!("body: {e}"))?.into_rgb8();
        match rgb.dimensions() == (self.width, self.height) {
            true => Ok(rgb),
            false => Err("body: the picture is not of the size that its head says".into()),
        }
    }
}

/// A worker's own state.
pub struct Worker {
    normal: BufferPool<f32>,
    codes: BufferPool<u8>,
    model: Duration,
}

impl Worker {
    pub fn new(model: Duration) -> Result<Self, PoolError> {
        let classes = [1 << 16, 1 << 19, 1 << 22];
        Ok(Worker { normal: BufferPool::new(&classes)?, codes: BufferPool::new(&classes)?, model })
    }

    /// All pictures are of one size. A broken one fails alone.
    pub fn run(&mut self, pictures: Vec<Picture>) -> Result<Vec<Result<Codes, String>>, Box<dyn std::error::Error>> {
        let Some(first) = pictures.first() else { return Ok(Vec::new()) };
        let (width, height) = (first.width as usize, first.height as usize);
        let decoded: Vec<Result<image::RgbImage, String>> = pictures.iter().map(Picture::decode).collect();
        let whole = decoded.iter().filter(|picture| picture.is_ok()).count();

        let shape = [height, width];
        let mut normal = Stack::new(&self.normal, &shape, whole)?;
        let mut codes = Stack::new(&self.codes, &shape, whole)?;
        let mut gray = Image::<u8, 1>::new(width, height)?;
        let quantizer = DynamicQuantizer::<u8>::new();
        let mut params = Vec::with_capacity(whole);
        for (i, rgb) in decoded.iter().flatten().enumerate() {
            gray_from_rgb_into(ImageView::new(rgb, width, height)?, &mut gray.view_mut())?;
            let tensor = normal.item_mut(i).ok_or("stack: an item is missing")?;
            for (row, gray) in tensor.chunks_exact_mut(width).zip(gray.view().rows()) {
                row.iter_mut().zip(gray).for_each(|(to, from)| *to = f32::from(*from));
            }
            normalize_in_place::<1>(&mut ImageViewMut::new(tensor, width, height)?);
            let codes = codes.item_mut(i).ok_or("stack: an item is missing")?;
            // A scale for each picture: the answer must not depend on who else is in the batch.
            params.push(quantizer.quantize_into(tensor, codes)?);
        }
        if !self.model.is_zero() {
            std::thread::sleep(self.model);
        }
        let mut parts = codes.split().into_iter().zip(params);
        let results = decoded.into_iter().map(|picture| {
            picture?;
            let (codes, params) = parts.next().ok_or("stack: an item is missing")?;
            Ok(Codes { codes, scale: params.scale(), zero_point: params.zero_point() })
        });
        Ok(results.collect())
    }
}

/// A picture for the load generator: a piece of the page that the repository carries, as a JPEG.
pub fn sample(side: u32) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let page = image::load_from_memory(include_bytes!("../data/page.jpg"))?.into_rgb8();
    let piece = image::imageops::resize(&page, side, side, image::imageops::FilterType::Triangle);
    let mut bytes = Vec::new();
    piece.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg)?;
    Ok(bytes)
}
