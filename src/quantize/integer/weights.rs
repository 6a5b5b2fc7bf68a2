//! The right operand, laid out once in the order in which the product reads it.

use super::super::QuantizeError;
use super::{BLOCK, GROUP, PANEL, QUADS, zeros};
use crate::dispatch::{Kernel, dispatch};
use crate::isa::Products;
use crate::lanes::{LengthError, Simd};
use alloc::vec::Vec;
use core::fmt;

/// Four codes of each of sixteen columns: one line of the cache, and one register of AVX-512.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Line(pub(super) [i8; 64]);

impl Line {
    /// What must be taken off so that `255 * (a + b)` fits 16 bits for every two neighbours: 128 is the most for those of
    /// one sign. None, if there is nothing.
    fn excess(&self) -> Option<Line> {
        let mut excess = Line([0; 64]);
        for (pair, out) in self.0.as_chunks::<2>().0.iter().zip(excess.0.as_chunks_mut::<2>().0) {
            let [a, b] = pair.map(i32::from);
            // Of the larger one, which has that much.
            let over = if a + b > 128 { a + b - 128 } else { (a + b + 128).min(0) };
            out[usize::from(b.abs() > a.abs())] = over as i8;
        }
        excess.0.iter().any(|e| *e != 0).then_some(excess)
    }
}

/// What is known of a panel in one block.
#[derive(Clone, Copy)]
struct Limits {
    /// Sums of two products may leave 16 bits.
    wide: bool,
    /// Where its extra lines end; they start where those of the panel before it end.
    extra: usize,
}

/// A panel in one block.
#[derive(Clone, Copy, Default)]
pub(super) struct Panel<'a> {
    pub(super) lines: &'a [Line],
    /// To be added to the lines of these numbers.
    pub(super) extra: &'a [Line],
    pub(super) extra_at: &'a [u8],
    /// Sums of two products may leave 16 bits. If not, they do not in the extra lines either.
    pub(super) wide: bool,
}

/// Weights of `k` x `n` codes, packed for [`matmul`](super::matmul) and [`matvec`](super::matvec), with their zero points
/// and bias.
///
/// A byte per weight and 8 to 12 per column, `k` rounded up to four and `n` to sixteen; up to an eighth more where large weights
/// are split, see [`matmul_into`](super::matmul_into). They are packed for the instruction set that runs; on another one the
/// integers are the same, only slower to come by. With zero points `z` and bias `b`, column `j` of a product is
///
/// ```text
/// y[j] = b[j] + sum over i of (x[i] - zero_point) * (w[i][j] - z[j])
/// ```
///
/// ```
/// use omnilane::quantize::{PackedWeights, matvec};
///
/// // Three inputs, two outputs.
/// let weights = PackedWeights::new(&[1, -1, 2, -2, 3, -3], 3, 2)?.with_bias(&[100, 200])?;
/// assert_eq!(matvec(&[10u8, 20, 30], 0, &weights)?, [240, 60]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[derive(Clone)]
pub struct PackedWeights {
    /// By groups of columns, in them by blocks of the inner dimension, in them by panels: the order of reading.
    lines: Vec<Line>,
    /// What is taken off lines so that no sum of two products leaves 16 bits, and which line of its block each belongs to.
    extra: Vec<Line>,
    extra_at: Vec<u8>,
    /// For each panel in each block, in the order of the lines.
    panels: Vec<Limits>,
    any_wide: bool,
    k: usize,
    n: usize,
    /// The sum of each column, less its zero point `k` times; wrapping. This and the next two to whole groups.
    column_sums: Vec<i32>,
    /// None, if all are 0.
    zero_points: Vec<i32>,
    bias: Vec<i32>,
}

impl PackedWeights {
    /// From `k` rows of `n` codes: ONNX's MatMulInteger and QLinearMatMul, `x * w`.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if `weights` has not `k * n` elements, [`QuantizeError::TooLarge`] if there is not that
    /// much memory.
    pub fn new(weights: &[i8], k: usize, n: usize) -> Result<Self, QuantizeError> {
        LengthError::check("weights", weights.len(), product(k, n)?)?;
        Self::pack(weights, k, n, n, 1)
    }

    /// From `n` rows of `k` codes, the weights of one output after the other: PyTorch's `Linear.weight`, `x * w^T`.
    ///
    /// # Errors
    /// As [`PackedWeights::new`].
    pub fn from_transposed(weights: &[i8], n: usize, k: usize) -> Result<Self, QuantizeError> {
        LengthError::check("weights", weights.len(), product(k, n)?)?;
        Self::pack(weights, k, n, 1, k)
    }

    /// Weight `(i, j)` is `weights[i * down + j * across]`.
    fn pack(weights: &[i8], k: usize, n: usize, down: usize, across: usize) -> Result<Self, QuantizeError> {
        let too_large = QuantizeError::TooLarge { rows: k, columns: n };
        let panels = n.div_ceil(PANEL);
        let count = k.div_ceil(4).checked_mul(panels).ok_or(too_large.clone())?;
        let padded = n.checked_next_multiple_of(GROUP).ok_or(too_large.clone())?;
        let mut packed = PackedWeights {
            lines: Vec::new(),
            extra: Vec::new(),
            extra_at: Vec::new(),
            panels: Vec::new(),
            any_wide: false,
            k,
            n,
            column_sums: zeros(1, padded)?,
            zero_points: Vec::new(),
            bias: zeros(1, padded)?,
        };
        let split = dispatch(Saturates);
        packed.lines.try_reserve_exact(count).map_err(|_| too_large)?;
        for first in (0..panels).step_by(GROUP / PANEL) {
            for start in (0..k).step_by(BLOCK) {
                for panel in first..panels.min(first + GROUP / PANEL) {
                    let begin = packed.lines.len();
                    for i in (start..k.min(start.saturating_add(BLOCK))).step_by(4) {
                        let mut line = Line([0; 64]);
                        for j in panel * PANEL..n.min((panel + 1) * PANEL) {
                            for q in i..k.min(i.saturating_add(4)) {
                                let code = weights[q * down + j * across];
                                line.0[j % PANEL * 4 + (q - i)] = code;
                                packed.column_sums[j] = packed.column_sums[j].wrapping_add(code.into());
                            }
                        }
                        packed.lines.push(line);
                    }
                    packed.limit(begin, split);
                }
            }
        }
        Ok(packed)
    }

    /// Limits the lines of a panel, from `begin` on, to pairs whose products' sum fits 16 bits, if `split`, and if so few lines
    /// need it that multiplying those twice is cheap.
    fn limit(&mut self, begin: usize, split: bool) {
        let (before, lines) = (self.extra.len(), &mut self.lines[begin..]);
        let most = before + if split { lines.len().div_ceil(8) } else { 0 };
        let mut wide = false;
        for (i, line) in lines.iter().enumerate() {
            if line.excess().is_some() {
                wide = self.extra_at.len() == most;
                if wide {
                    break;
                }
                self.extra_at.push(i as u8);
            }
        }
        if wide {
            self.extra_at.truncate(before);
        }
        for i in &self.extra_at[before..] {
            let line = &mut lines[usize::from(*i)];
            if let Some(excess) = line.excess() {
                for (w, e) in line.0.iter_mut().zip(&excess.0) {
                    *w -= e;
                }
                self.extra.push(excess);
            }
        }
        self.any_wide |= wide;
        self.panels.push(Limits { wide, extra: self.extra.len() });
    }

    /// The same weights with these zero points: one, or one for each column. Those it had are replaced.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] for another number of them.
    pub fn with_zero_points(mut self, zero_points: &[i8]) -> Result<Self, QuantizeError> {
        if zero_points.len() != 1 {
            LengthError::check("zero_points", zero_points.len(), self.n)?;
        }
        let k = self.k as i32; // wraps, as all of it does
        for (sum, z) in self.column_sums.iter_mut().zip(&self.zero_points) {
            *sum = sum.wrapping_add(k.wrapping_mul(*z));
        }
        self.zero_points.clear();
        if zero_points.iter().any(|z| *z != 0) {
            self.zero_points = zeros(1, self.bias.len())?;
            for j in 0..self.n {
                let z = i32::from(zero_points[if zero_points.len() == 1 { 0 } else { j }]);
                self.zero_points[j] = z;
                self.column_sums[j] = self.column_sums[j].wrapping_sub(k.wrapping_mul(z));
            }
        }
        Ok(self)
    }

    /// The same weights with this bias, one number for each column, in units of the product: input scale times weight
    /// scale, as ONNX and TFLite store it.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] for another number of them.
    pub fn with_bias(mut self, bias: &[i32]) -> Result<Self, QuantizeError> {
        LengthError::check("bias", bias.len(), self.n)?;
        self.bias[..self.n].copy_from_slice(bias);
        Ok(self)
    }

    /// The inner dimension: how many inputs.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    /// The columns: how many outputs.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// Bytes that they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.lines)
            + size_of_val(&*self.extra)
            + self.extra_at.len()
            + size_of_val(&*self.panels)
            + size_of::<i32>() * (self.column_sums.len() + self.zero_points.len() + self.bias.len())
    }

    #[inline(always)]
    pub(super) fn groups(&self) -> usize {
        self.n.div_ceil(GROUP)
    }

    #[inline(always)]
    pub(super) fn blocks(&self) -> usize {
        self.k.div_ceil(BLOCK)
    }

    /// How many panels a group has.
    #[inline(always)]
    pub(super) fn panels(&self, group: usize) -> usize {
        (self.n.div_ceil(PANEL) - group * (GROUP / PANEL)).min(GROUP / PANEL)
    }

    /// Panel `p` of a group in a block.
    #[inline(always)]
    pub(super) fn panel(&self, group: usize, block: usize, p: usize) -> Panel<'_> {
        let (quads, panels) = (self.k.div_ceil(4), self.panels(group));
        let len = (quads - block * QUADS).min(QUADS);
        let start = group * (GROUP / PANEL) * quads + block * QUADS * panels + p * len;
        let number = group * (GROUP / PANEL) * self.blocks() + block * panels + p;
        let Limits { wide, extra: end } = self.panels[number];
        let begin = if number == 0 { 0 } else { self.panels[number - 1].extra };
        Panel {
            lines: &self.lines[start..][..len],
            extra: &self.extra[begin..end],
            extra_at: &self.extra_at[begin..end],
            wide,
        }
    }

    /// Whether sums of two products may leave 16 bits anywhere.
    #[inline(always)]
    pub(super) fn any_wide(&self) -> bool {
        self.any_wide
    }

    /// Whether any lines are split in two.
    #[inline(always)]
    pub(super) fn any_split(&self) -> bool {
        !self.extra.is_empty()
    }

    /// What is added to the products of a group: the column sums, the bias, and the zero points if there are any.
    #[inline(always)]
    pub(super) fn columns(&self, group: usize) -> (&[i32], &[i32], Option<&[i32]>) {
        let columns = group * GROUP..(group + 1) * GROUP;
        (&self.column_sums[columns.clone()], &self.bias[columns.clone()], self.zero_points.get(columns))
    }

    #[inline(always)]
    pub(super) fn has_zero_points(&self) -> bool {
        !self.zero_points.is_empty()
    }
}

/// Whether the instruction set adds two products in 16 bits.
struct Saturates;

impl Kernel for Saturates {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> bool {
        S::PRODUCTS == Products::Bytes
    }
}

fn product(k: usize, n: usize) -> Result<usize, QuantizeError> {
    k.checked_mul(n).ok_or(QuantizeError::TooLarge { rows: k, columns: n })
}

impl fmt::Debug for PackedWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackedWeights({} x {})", self.k, self.n)
    }
}
