//! From a case that fails to a smaller one that fails in the same way.

use super::cases::Shape;
use super::report::{Failure, Problem};
use super::{Check, Outcome, Sample};

/// Runs of the kernel that a search may take.
const BUDGET: usize = 1500;

/// The smallest failing case so far.
struct Search<'c, 'a, T, O> {
    check: &'c Check<'a, T, O>,
    shape: Shape,
    src: Vec<T>,
    failure: Failure,
    left: usize,
}

impl<T: Sample, O: Outcome> Check<'_, T, O> {
    /// The failure in the smallest case that a greedy search finds.
    pub(super) fn smallest(&self, shape: Shape, src: Vec<T>, failure: Failure) -> Failure {
        // A panic prints where it happens; one message is enough.
        if failure.problem == Problem::Panicked {
            return failure;
        }
        let mut search = Search { check: self, shape, src, failure, left: BUDGET };
        search.crop();
        search.straighten();
        search.clear();
        search.failure
    }
}

impl<T: Sample, O: Outcome> Search<'_, '_, T, O> {
    /// Goes on from this case if it fails alike.
    fn accept(&mut self, shape: Shape, src: Vec<T>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let (old, kind) = (&self.failure, std::mem::discriminant(&self.failure.problem));
        match self.check.one(&shape, &src, &[old.isa], old.case.seed) {
            Err(new) if new.isa == old.isa && std::mem::discriminant(&new.problem) == kind => {
                (self.shape, self.src, self.failure) = (shape, src, new);
                true
            }
            _ => false,
        }
    }

    /// Takes rows and columns away at all four sides.
    fn crop(&mut self) {
        for side in [3, 2, 1, 0, 1] {
            let size = if side < 2 { self.shape.width } else { self.shape.height };
            let mut step = size.next_power_of_two();
            while step > 0 {
                while self.cropped(side, step) {}
                step /= 2;
            }
        }
    }

    /// Without `n` columns at the left (0) or right (1), or rows at the top (2) or bottom (3).
    fn cropped(&mut self, side: usize, n: usize) -> bool {
        let form = &self.check.form;
        let Shape { width, height, src: old_src, dst: old_dst } = self.shape;
        let taken = if side < 2 { (n, 0) } else { (0, n) };
        let (Some(w), Some(h)) = (width.checked_sub(taken.0), height.checked_sub(taken.1)) else {
            return false;
        };
        if !form.rows && h == 0 {
            return false;
        }
        let (x, y) = (if side == 0 { n } else { 0 }, if side == 2 { n } else { 0 });
        let pixel = form.src_pixel;
        let rows = (y..y + h).map(|y| &self.src[(y * width + x) * pixel..][..w * pixel]);
        let src = rows.collect::<Vec<_>>().concat();
        let pads = (old_src.stride - width * pixel, old_dst.stride - width * form.dst_pixel);
        let shape = form.shape(w, h, pads, (old_src.offset, old_dst.offset));
        self.accept(shape, src)
    }

    /// Without gaps and offsets, where the failure does not need them.
    fn straighten(&mut self) {
        let form = self.check.form;
        let Shape { width, height, src, dst } = self.shape;
        let pads = (src.stride - width * form.src_pixel, dst.stride - width * form.dst_pixel);
        let one = (pads.0.min(1), pads.1.min(1));
        for pads in [(0, 0), (0, one.1), (one.0, 0), one, pads] {
            for offsets in [(0, 0), (0, dst.offset), (src.offset, 0), (src.offset, dst.offset)] {
                let src = self.src.clone();
                if self.accept(form.shape(width, height, pads, offsets), src) {
                    return;
                }
            }
        }
    }

    /// Zeros for values that do not matter.
    fn clear(&mut self) {
        let mut step = self.src.len().next_power_of_two();
        while step > 0 {
            for start in (0..self.src.len()).step_by(step) {
                let mut src = self.src.clone();
                let end = (start + step).min(src.len());
                src[start..end].fill(T::default());
                if bytemuck::cast_slice::<T, u8>(&src) != bytemuck::cast_slice::<T, u8>(&self.src) {
                    self.accept(self.shape, src);
                }
            }
            step /= 2;
        }
    }
}
