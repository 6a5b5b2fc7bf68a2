//! The page: reading it, and writing what the kernels make of it.

use image::{ImageFormat, ImageReader};
use omnilane::memory::{Image, ImageView};
use omnilane_kernels::{Threshold, gray_from_rgba, threshold};
use std::error::Error;
use std::io::{BufReader, Cursor, ErrorKind};
use std::path::Path;
use std::{fmt, fs};

/// The page that the repository carries.
const OWN: &[u8] = include_bytes!("../data/page.jpg");

/// Where the demo cuts paper from ink.
pub const LEVEL: u8 = 127;

/// A picture in memory, four bytes a pixel.
pub struct Page {
    pub name: String,
    rgba: image::RgbaImage,
}

/// Why there is no page.
#[derive(Debug)]
pub enum ReadError {
    Missing(String),
    Empty(String),
    Foreign(String),
    Broken(String, String),
    Unreadable(String, std::io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{path}: there is no such file"),
            Self::Empty(path) => write!(f, "{path}: the file is empty"),
            Self::Foreign(path) => write!(f, "{path}: neither a PNG nor a JPEG"),
            Self::Broken(path, why) => write!(f, "{path}: the picture is broken: {why}"),
            Self::Unreadable(path, e) => write!(f, "{path}: cannot be read: {e}"),
        }
    }
}

impl Error for ReadError {}

impl Page {
    /// Reads a PNG or JPEG, or the repository's own page.
    pub fn read(path: Option<&Path>) -> Result<Page, ReadError> {
        let Some(path) = path else { return Self::decode("the page of the repository".into(), OWN) };
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|e| match e.kind() {
            ErrorKind::NotFound => ReadError::Missing(name.clone()),
            _ => ReadError::Unreadable(name.clone(), e),
        })?;
        Self::decode(name, &bytes)
    }

    fn decode(name: String, bytes: &[u8]) -> Result<Page, ReadError> {
        if bytes.is_empty() {
            return Err(ReadError::Empty(name));
        }
        let reader = ImageReader::new(BufReader::new(Cursor::new(bytes))).with_guessed_format();
        let reader = reader.map_err(|e| ReadError::Unreadable(name.clone(), e))?;
        if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
            return Err(ReadError::Foreign(name));
        }
        // The decoder fills what a truncated JPEG lacks with gray; the end-of-image marker tells.
        if reader.format() == Some(ImageFormat::Jpeg) && !bytes.windows(2).any(|pair| pair == [0xff, 0xd9]) {
            return Err(ReadError::Broken(name, "the file ends before the picture does".into()));
        }
        let picture = reader.decode().map_err(|e| ReadError::Broken(name.clone(), e.to_string()))?;
        Ok(Page { name, rgba: picture.into_rgba8() })
    }

    pub fn width(&self) -> usize {
        self.rgba.width() as usize
    }

    pub fn height(&self) -> usize {
        self.rgba.height() as usize
    }

    /// The page as omnilane sees it.
    pub fn rgba(&self) -> ImageView<'_, u8, 4> {
        ImageView::new(self.rgba.as_raw(), self.width(), self.height()).expect("a decoded picture fits its buffer")
    }

    /// Writes `gray.png` and `threshold.png`.
    pub fn write(&self, dir: &Path) -> Result<(), Box<dyn Error>> {
        let gray = gray_from_rgba(self.rgba());
        let black_and_white = threshold(gray.view(), LEVEL, Threshold::Binary(255));
        write_png(&gray, &dir.join("gray.png"))?;
        write_png(&black_and_white, &dir.join("threshold.png"))
    }
}

fn write_png(image: &Image<u8, 1>, path: &Path) -> Result<(), Box<dyn Error>> {
    let buffer = image::GrayImage::from_raw(image.width() as u32, image.height() as u32, image.to_vec());
    let buffer = buffer.ok_or("the picture does not fit its buffer")?;
    buffer.save(path).map_err(|e| format!("cannot write {}: {e}", path.display()).into())
}
