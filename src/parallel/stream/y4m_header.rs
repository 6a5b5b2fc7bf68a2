//! The first line of a Y4M file.

use super::Y4mError;
use std::time::Duration;

/// Bytes that a frame may have.
const MOST_BYTES: usize = 1 << 30;

/// Where the chroma samples of a file lie, and how many there are; 8 bits a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Y4mColour {
    /// `420`, `420jpeg`: half of the width and height, in the middle of four pixels.
    C420Jpeg,
    /// `420mpeg2`: half of the width and height, between two rows.
    C420Mpeg2,
    /// `420paldv`: half of the width and height, each kind on rows of its own.
    C420Paldv,
    /// `411`: a quarter of the width.
    C411,
    /// `422`: half of the width.
    C422,
    /// `444`: as many as pixels.
    C444,
    /// `444alpha`: `444` and a fourth plane of alpha.
    C444Alpha,
    /// `mono`: none.
    Mono,
}

/// In which order a file's rows were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Y4mInterlacing {
    /// `?`, or not said.
    Unknown,
    /// `p`: all at once.
    Progressive,
    /// `t`: the even rows first.
    TopFirst,
    /// `b`: the odd rows first.
    BottomFirst,
    /// `m`: each frame says it.
    Mixed,
}

/// What the first line of a Y4M file says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Y4mHeader {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Frames a second as a fraction; not said: 0 / 0.
    pub rate: (u32, u32),
    /// The order of the rows.
    pub interlacing: Y4mInterlacing,
    /// Width by height of a pixel as a fraction; not said: 0 / 0.
    pub aspect: (u32, u32),
    /// The chroma samples; not said: [`C420Jpeg`](Y4mColour::C420Jpeg).
    pub colour: Y4mColour,
}

impl Y4mHeader {
    /// A header from its line, without the newline: `YUV4MPEG2 W640 H480 F30000:1001 Ip A1:1 C420jpeg`.
    ///
    /// Parameters stand in any order; `X` ones are comments.
    ///
    /// # Errors
    /// [`Y4mError`], which says what is wrong with which parameter.
    pub fn parse(line: &[u8]) -> Result<Self, Y4mError> {
        let text = String::from_utf8_lossy(line);
        let mut words = text.split(' ');
        let signature = words.next().unwrap_or_default();
        if signature != "YUV4MPEG2" {
            return Err(Y4mError::Signature { found: shortened(signature) });
        }
        let (mut width, mut height) = (None, None);
        let (mut rate, mut aspect) = ((0, 0), (0, 0));
        let (mut interlacing, mut colour) = (Y4mInterlacing::Unknown, Y4mColour::C420Jpeg);
        for word in words.filter(|word| !word.is_empty()) {
            let (tag, value) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            match tag {
                "W" => width = Some(size('W', value)?),
                "H" => height = Some(size('H', value)?),
                "F" => rate = fraction('F', value)?,
                "A" => aspect = fraction('A', value)?,
                "I" => interlacing = interlacing_of(value)?,
                "C" => colour = colour_of(value)?,
                "X" => {}
                _ => {
                    let tag = tag.chars().next().unwrap_or_default();
                    let allowed = "a parameter: W, H, F, I, A, C or X";
                    return Err(Y4mError::Parameter { tag, value: shortened(value), allowed });
                }
            }
        }
        let width = width.ok_or(Y4mError::Missing { tag: 'W' })?;
        let height = height.ok_or(Y4mError::Missing { tag: 'H' })?;
        let header = Y4mHeader { width, height, rate, interlacing, aspect, colour };
        match header.checked_bytes() {
            Some(bytes) if bytes <= MOST_BYTES => Ok(header),
            _ => Err(Y4mError::TooLarge { width, height, most: MOST_BYTES }),
        }
    }

    /// Width and height of a chroma plane; the last sample of an odd size stands for fewer pixels.
    #[must_use]
    pub fn chroma_size(&self) -> (usize, usize) {
        let (w, h) = (self.width, self.height);
        match self.colour {
            Y4mColour::C420Jpeg | Y4mColour::C420Mpeg2 | Y4mColour::C420Paldv => (w.div_ceil(2), h.div_ceil(2)),
            Y4mColour::C411 => (w.div_ceil(4), h),
            Y4mColour::C422 => (w.div_ceil(2), h),
            Y4mColour::C444 | Y4mColour::C444Alpha => (w, h),
            Y4mColour::Mono => (0, 0),
        }
    }

    /// The number of planes: 1 for mono, 4 with alpha, else 3.
    #[must_use]
    pub fn planes(&self) -> usize {
        match self.colour {
            Y4mColour::Mono => 1,
            Y4mColour::C444Alpha => 4,
            _ => 3,
        }
    }

    /// Width and height of plane `i`: luma, two of chroma, alpha.
    pub(super) fn plane_size(&self, i: usize) -> (usize, usize) {
        if i == 1 || i == 2 { self.chroma_size() } else { (self.width, self.height) }
    }

    fn checked_bytes(&self) -> Option<usize> {
        (0..self.planes()).try_fold(0usize, |sum, i| {
            let (width, height) = self.plane_size(i);
            sum.checked_add(width.checked_mul(height)?)
        })
    }

    /// Bytes of a frame's planes; at most 2^30.
    #[must_use]
    pub fn frame_bytes(&self) -> usize {
        self.checked_bytes().unwrap_or(usize::MAX)
    }

    /// When frame `i` is shown, from the beginning; 0 for all of them if the rate is not said.
    #[must_use]
    pub fn timestamp(&self, i: u64) -> Duration {
        let (num, den) = self.rate;
        if num == 0 || den == 0 {
            return Duration::ZERO;
        }
        let ns = u128::from(i) * u128::from(den) * 1_000_000_000 / u128::from(num);
        Duration::new(u64::try_from(ns / 1_000_000_000).unwrap_or(u64::MAX), (ns % 1_000_000_000) as u32)
    }
}

fn size(tag: char, value: &str) -> Result<usize, Y4mError> {
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    let size = value.parse().ok().filter(|n| digits && *n > 0);
    size.ok_or_else(|| Y4mError::Parameter { tag, value: shortened(value), allowed: "a number above 0" })
}

fn fraction(tag: char, value: &str) -> Result<(u32, u32), Y4mError> {
    let parts = value.split_once(':').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    parts.ok_or_else(|| Y4mError::Parameter {
        tag,
        value: shortened(value),
        allowed: "two numbers with a colon between",
    })
}

fn interlacing_of(value: &str) -> Result<Y4mInterlacing, Y4mError> {
    Ok(match value {
        "?" => Y4mInterlacing::Unknown,
        "p" => Y4mInterlacing::Progressive,
        "t" => Y4mInterlacing::TopFirst,
        "b" => Y4mInterlacing::BottomFirst,
        "m" => Y4mInterlacing::Mixed,
        _ => return Err(Y4mError::Parameter { tag: 'I', value: shortened(value), allowed: "one of ?, p, t, b, m" }),
    })
}

fn colour_of(value: &str) -> Result<Y4mColour, Y4mError> {
    Ok(match value {
        "420" | "420jpeg" => Y4mColour::C420Jpeg,
        "420mpeg2" => Y4mColour::C420Mpeg2,
        "420paldv" => Y4mColour::C420Paldv,
        "411" => Y4mColour::C411,
        "422" => Y4mColour::C422,
        "444" => Y4mColour::C444,
        "444alpha" => Y4mColour::C444Alpha,
        "mono" => Y4mColour::Mono,
        _ => return Err(Y4mError::Colour { value: shortened(value) }),
    })
}

/// What is found in a broken file may be anything.
pub(super) fn shortened(text: &str) -> Box<str> {
    text.chars().take(32).collect()
}
