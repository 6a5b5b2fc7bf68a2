//! A picture in memory that shows what was written around it.

use super::report::{Placement, Problem};
use crate::lanes::Element;

/// The two fillings of what must not be written, and of what must. No bit is equal in both.
pub(super) const PATTERNS: [u8; 2] = [0xc3, 0x3c];
/// Bytes around the picture that are watched.
const GUARD: usize = 192;
/// What a placement's offset counts from.
const ALIGN: usize = 64;

/// Rows of elements, everything around them filled with a pattern.
pub(super) struct Canvas<T> {
    data: Vec<T>,
    start: usize,
    len: usize,
    row: usize,
    height: usize,
    stride: usize,
    pattern: u8,
}

/// Something was written where nothing should be.
pub(super) struct Outside {
    pub problem: Problem,
    /// Row, and element from the start of the row.
    pub place: (usize, usize),
    pub got: String,
    pub want: String,
}

impl<T: Element> Canvas<T> {
    /// `height` rows of `row` elements, all of them holding the pattern.
    pub fn new(row: usize, height: usize, at: Placement, pattern: u8) -> Self {
        let guard = GUARD / size_of::<T>();
        let len = if height == 0 { 0 } else { (height - 1) * at.stride + row };
        let mut data = vec![T::default(); ALIGN / size_of::<T>() + guard + at.offset + len + guard];
        bytemuck::cast_slice_mut::<T, u8>(&mut data).fill(pattern);
        let to_aligned = data.as_ptr().addr().wrapping_neg() % ALIGN / size_of::<T>();
        Canvas { data, start: to_aligned + guard + at.offset, len, row, height, stride: at.stride, pattern }
    }

    /// A picture of these elements, given without gaps.
    pub fn with(content: &[T], row: usize, height: usize, at: Placement, pattern: u8) -> Self {
        let mut canvas = Self::new(row, height, at, pattern);
        for y in 0..height {
            canvas.data[canvas.start + y * at.stride..][..row].copy_from_slice(&content[y * row..][..row]);
        }
        canvas
    }

    /// From the first element to the last.
    pub fn picture(&self) -> &[T] {
        &self.data[self.start..][..self.len]
    }

    /// From the first element to the last.
    pub fn picture_mut(&mut self) -> &mut [T] {
        &mut self.data[self.start..][..self.len]
    }

    /// The elements without gaps, if nothing else was written.
    pub fn finish(self) -> Result<Vec<T>, Outside> {
        let (before, rest) = self.data.split_at(self.start);
        let (picture, after) = rest.split_at(self.len);
        if let Some(i) = self.touched(before) {
            let problem = Problem::WrittenBefore { elements: before.len() - i };
            return Err(self.outside(problem, (0, 0), before[i]));
        }
        let mut content = Vec::with_capacity(self.row * self.height);
        for (y, row) in picture.chunks(self.stride.max(1)).enumerate() {
            let (row, gap) = row.split_at(self.row);
            if let Some(i) = self.touched(gap) {
                return Err(self.outside(Problem::WrittenBetween, (y, self.row + i), gap[i]));
            }
            content.extend_from_slice(row);
        }
        if let Some(i) = self.touched(after) {
            let place = (self.height.saturating_sub(1), self.row + i);
            return Err(self.outside(Problem::WrittenAfter { elements: i + 1 }, place, after[i]));
        }
        Ok(content)
    }

    /// The first element that does not hold the pattern.
    fn touched(&self, guard: &[T]) -> Option<usize> {
        let bytes = bytemuck::cast_slice::<T, u8>(guard);
        // Almost always the whole guard is as it was; comparing it with itself, shifted, is one memcmp.
        match bytes {
            [] => None,
            [first, ..] if *first == self.pattern && bytes[1..] == bytes[..bytes.len() - 1] => None,
            _ => bytes.iter().position(|b| *b != self.pattern).map(|i| i / size_of::<T>()),
        }
    }

    fn outside(&self, problem: Problem, place: (usize, usize), got: T) -> Outside {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let want = format!("bytes {}, as they were", hex(&vec![self.pattern; size_of::<T>()]));
        Outside { problem, place, got: format!("bytes {}", hex(bytemuck::bytes_of(&got))), want }
    }
}
