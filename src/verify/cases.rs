//! Which sizes, places and values are tried, from small to large.

use super::report::Placement;
use super::sample::{Random, Sample};

/// What a form of kernel needs to know about its pictures.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// Elements of the source in a pixel.
    pub src_pixel: usize,
    /// Elements of the destination in a pixel.
    pub dst_pixel: usize,
    /// Whether there are rows; a slice is one row.
    pub rows: bool,
    /// Whether the source is the destination.
    pub in_place: bool,
    /// Bytes of an element of the destination.
    pub dst_bytes: usize,
    /// The smaller element's lanes in the widest register.
    pub lanes: usize,
}

/// A size, and where source and destination of it lie.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub width: usize,
    pub height: usize,
    pub src: Placement,
    pub dst: Placement,
}

impl Form {
    /// Source and destination with `pad` elements between rows.
    pub fn shape(&self, width: usize, height: usize, pads: (usize, usize), offsets: (usize, usize)) -> Shape {
        let pads = if self.rows { pads } else { (0, 0) };
        let place = |pixel, pad, offset| Placement { stride: width * pixel + pad, offset };
        let dst = place(self.dst_pixel, pads.1, offsets.1);
        let src = if self.in_place { dst } else { place(self.src_pixel, pads.0, offsets.0) };
        Shape { width, height, src, dst }
    }

    /// The same size without gaps or offsets.
    pub fn tight(&self, shape: &Shape) -> Shape {
        self.shape(shape.width, shape.height, (0, 0), (0, 0))
    }

    /// Every width up to a little more than four of the widest registers, and a few larger ones, each with one, two
    /// and three rows; then the sizes that were asked for; then random ones.
    pub fn shapes(&self, also: &[(usize, usize)], random_cases: usize, random: &mut Random) -> Vec<Shape> {
        const PADS: [usize; 7] = [1, 0, 3, 16, 5, 64, 33];
        const OFFSETS: [usize; 9] = [1, 3, 0, 7, 15, 2, 31, 63, 8];
        let lanes = self.lanes;
        let height = |h| if self.rows { h } else { 1 };
        let mut shapes = Vec::new();
        if self.rows {
            for width in [0, 1, lanes] {
                shapes.push(self.shape(width, 0, (0, 0), (1, 1)));
            }
        }
        let larger = [5 * lanes, 6 * lanes - 1, 8 * lanes + 3, 12 * lanes + lanes / 2];
        for (i, width) in (0..=4 * lanes + 1).chain(larger).enumerate() {
            let (pads, offsets) = ((PADS[i % 7], PADS[(i + 2) % 7]), (OFFSETS[i % 9], OFFSETS[(i / 2 + 4) % 9]));
            shapes.push(self.shape(width, 1, (0, 0), (0, 0)));
            shapes.push(self.shape(width, height(2), (0, 0), (offsets.1, offsets.0)));
            shapes.push(self.shape(width, height(3), pads, offsets));
        }
        for (width, h) in also.iter().map(|(w, h)| (*w, height(*h))) {
            shapes.push(self.shape(width, h, (0, 0), (0, 0)));
            shapes.push(self.shape(width, h, (3, 1), (1, 3)));
        }
        for _ in 0..random_cases {
            let (width, rows) = (random.below(5 * lanes), height(random.below(4) + 1));
            let pads = (random.below(40), random.below(40));
            shapes.push(self.shape(width, rows, pads, (random.below(64), random.below(64))));
        }
        shapes
    }
}

/// `n` values in one of several mixtures: a sum wants a single NaN, a picture wants them all.
pub(super) fn values<T: Sample>(n: usize, random: &mut Random) -> Vec<T> {
    let boundary = T::BOUNDARY;
    let (start, step) = (random.word(), random.word() | 1);
    match random.below(8) {
        0 | 1 => (0..n).map(|_| T::ordinary(random)).collect(),
        2 => (0..n).map(|i| boundary[(i + start as usize % boundary.len()) % boundary.len()]).collect(),
        3 => (0..n).map(|_| random.pick(boundary)).collect(),
        4 => vec![random.pick(boundary); n],
        5 => (0..n).map(|_| T::from_word(random.word())).collect(),
        // Neighbours, or any distance apart: every value of a byte within 256.
        6 => (0..n as u64).map(|i| T::from_word(start.wrapping_add(i.wrapping_mul(step)))).collect(),
        _ => {
            let mut values: Vec<T> = (0..n).map(|_| T::ordinary(random)).collect();
            if n > 0 {
                values[random.below(n)] = random.pick(boundary);
            }
            values
        }
    }
}
