//! The innermost loops: some rows of activations by a panel of weights, the sums in registers.

use super::input::{Pairs, Quads};
use super::weights::{Line, PackedWeights, Panel};
use super::{PANEL, QUADS};
use crate::isa::Products;
use crate::lanes::{Simd, Vector};

const BY_QUADS: u8 = Products::Quads as u8;
const BY_BYTES: u8 = Products::Bytes as u8;
const BY_PAIRS: u8 = Products::Pairs as u8;

/// Rows whose time is that of reading the weights.
const FEW: usize = 3;

/// Activations, staged.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// How many.
    pub(super) len: usize,
    /// Their words, block by block, `step` rows in each.
    pub(super) quads: &'a [Quads],
    /// For [`Products::Pairs`], if the weights or the instruction set need it; else none.
    pub(super) pairs: &'a [Pairs],
    pub(super) step: usize,
    /// Every code is below 128: so no sum of two products leaves 16 bits.
    pub(super) small: bool,
}

/// The sums of some rows with a group of columns, `step` from row to row.
pub(super) struct Sums<'a> {
    pub(super) sums: &'a mut [i32],
    pub(super) step: usize,
}

/// What the sums of some rows with a group start from: `bias - zero_point * column_sums - row_sum * zero_points`.
#[derive(Clone, Copy)]
pub(super) struct Offset<'a> {
    /// Of the activations.
    pub(super) zero_point: i32,
    pub(super) column_sums: &'a [i32],
    pub(super) bias: &'a [i32],
    /// Of the weights, if they have any.
    pub(super) zero_points: Option<&'a [i32]>,
    pub(super) row_sums: &'a [i32],
}

impl Offset<'_> {
    /// Of some columns, from `column` on, without what depends on the row.
    #[inline(always)]
    fn load<S: Simd, const VECTORS: usize>(&self, simd: S, column: usize) -> [Vector<S, i32>; VECTORS] {
        let mut offset = load::<S, VECTORS>(simd, &self.bias[column..]);
        for (offset, column_sum) in offset.iter_mut().zip(load::<S, VECTORS>(simd, &self.column_sums[column..])) {
            *offset -= simd.splat(self.zero_point) * column_sum;
        }
        offset
    }
}

#[inline(always)]
fn load<S: Simd, const VECTORS: usize>(simd: S, from: &[i32]) -> [Vector<S, i32>; VECTORS] {
    let mut to = [Vector::zero(simd); VECTORS];
    for (v, to) in to.iter_mut().enumerate() {
        *to = Vector::load(simd, &from[v * Vector::<S, i32>::LANES..]);
    }
    to
}

/// A panel of a group, or two, in some blocks; and what the sums start from, if these are the first.
#[derive(Clone, Copy)]
struct Columns<'a> {
    weights: &'a PackedWeights,
    group: usize,
    start: usize,
    end: usize,
    panel: usize,
    /// It and the next in the first of the blocks, found once for all rows.
    first: [Panel<'a>; 2],
    offset: Option<Offset<'a>>,
}

impl<'a> Columns<'a> {
    /// It and the next in a block.
    #[inline(always)]
    fn at(&self, block: usize, two: bool) -> [Panel<'a>; 2] {
        let panel = self.weights.panel(self.group, block, self.panel);
        [panel, if two { self.weights.panel(self.group, block, self.panel + 1) } else { panel }]
    }
}

/// Adds the products of some rows with one group of columns in some blocks: `sums[i][j] += rows[i] . column j`. Only those by
/// [`Products::Quads`] may be several.
#[inline(always)]
pub(super) fn multiply_group<S: Simd>(
    simd: S,
    weights: &PackedWeights,
    [group, start, end]: [usize; 3],
    rows: Rows<'_>,
    sums: &mut Sums<'_>,
    offset: Option<Offset<'_>>,
) {
    let panels = weights.panels(group);
    let mut panel = 0;
    while panel < panels {
        // Two panels at a time where one register spans a panel and there are 32 of them. Not for a few rows: memory is what
        // takes their time, and is faster where reading goes on in one place (1.1 to 1.9 times, Zen 4).
        let two = S::BYTES == 64 && rows.len > FEW && panel + 1 < panels;
        let mut first = [Panel::default(); 2];
        if start < end {
            first = [weights.panel(group, start, panel); 2];
            if two {
                first[1] = weights.panel(group, start, panel + 1);
            }
        }
        let columns = Columns { weights, group, start, end, panel, first, offset };
        match S::PRODUCTS {
            Products::Quads if two => two_panels(simd, columns, rows, sums),
            Products::Quads => one_panel::<S, BY_QUADS>(simd, columns, rows, sums),
            Products::Bytes if rows.small || !first[0].wide => one_panel::<S, BY_BYTES>(simd, columns, rows, sums),
            _ => one_panel::<S, BY_PAIRS>(simd, columns, rows, sums),
        }
        panel += if two { 2 } else { 1 };
    }
}

#[inline(always)]
fn two_panels<S: Simd>(simd: S, columns: Columns<'_>, rows: Rows<'_>, sums: &mut Sums<'_>) {
    multiply_lines::<S, BY_QUADS, 2, false>(simd, columns, rows, sums);
    // None, unless the weights were packed on another instruction set.
    if columns.weights.any_split() {
        for panel in columns.panel..columns.panel + 2 {
            let mut columns = Columns { panel, offset: None, ..columns };
            columns.first = columns.at(columns.start, false);
            multiply_lines::<S, BY_QUADS, 1, true>(simd, columns, rows, sums);
        }
    }
}

/// One panel, with what was split off its lines.
#[inline(always)]
fn one_panel<S: Simd, const FORM: u8>(simd: S, columns: Columns<'_>, rows: Rows<'_>, sums: &mut Sums<'_>) {
    // By pairs the sums are 256 times too large, and must fit 32 bits.
    const { assert!(256 * 4 * QUADS as i64 * 255 * 128 <= i32::MAX as i64) };
    match S::BYTES {
        64 => multiply_lines::<S, FORM, 1, false>(simd, columns, rows, sums),
        32 => multiply_lines::<S, FORM, 2, false>(simd, columns, rows, sums),
        _ => multiply_lines::<S, FORM, 4, false>(simd, columns, rows, sums),
    }
}

/// All rows, in tiles of as many as the registers hold: 12 x 2 sums in AVX-512's 32 registers, 4 x 4 in NEON's, 4 x 2 in
/// AVX2's 16 (6 x 2 is a tenth slower: it leaves none for the products), 2 x 4 in SSE's.
#[inline(always)]
fn multiply_lines<S: Simd, const FORM: u8, const VECTORS: usize, const EXTRA: bool>(
    simd: S,
    columns: Columns<'_>,
    rows: Rows<'_>,
    sums: &mut Sums<'_>,
) {
    let (mut i, n) = (0, rows.len);
    if S::BYTES == 64 {
        while n - i >= 12 {
            tile::<S, FORM, 12, VECTORS, 1, EXTRA>(simd, columns, rows, sums, i);
            i += 12;
        }
    }
    if S::BYTES >= 32 || S::REGISTERS == 32 {
        while n - i >= 4 {
            tile::<S, FORM, 4, VECTORS, 1, EXTRA>(simd, columns, rows, sums, i);
            i += 4;
        }
    }
    // Several sums of one column hide how long an operation takes.
    while n - i >= 2 {
        if S::BYTES == 64 {
            tile::<S, FORM, 2, VECTORS, 2, EXTRA>(simd, columns, rows, sums, i);
        } else {
            tile::<S, FORM, 2, VECTORS, 1, EXTRA>(simd, columns, rows, sums, i);
        }
        i += 2;
    }
    while i < n {
        if S::BYTES >= 32 {
            tile::<S, FORM, 1, VECTORS, 4, EXTRA>(simd, columns, rows, sums, i);
        } else {
            tile::<S, FORM, 1, VECTORS, 1, EXTRA>(simd, columns, rows, sums, i);
        }
        i += 1;
    }
}

/// `ROWS` rows from `row` on by `VECTORS` registers of columns, each with `CHAINS` sums of every so many lines.
#[inline(always)]
fn tile<S: Simd, const FORM: u8, const ROWS: usize, const VECTORS: usize, const CHAINS: usize, const EXTRA: bool>(
    simd: S,
    columns: Columns<'_>,
    rows: Rows<'_>,
    sums: &mut Sums<'_>,
    row: usize,
) {
    let mut acc = [[[Vector::<S, i32>::zero(simd); VECTORS]; ROWS]; CHAINS];
    let (mut block, [mut panel, mut next]) = (columns.start, columns.first);
    // At least one, even if it has no lines. On registers of less than 64 bytes it is the only one.
    loop {
        let staged = (block - columns.start) * rows.step + row;
        let mut tile = Tile::<ROWS> {
            quads: &[[0; QUADS]; ROWS],
            pairs: &[[[0; QUADS]; 2]; ROWS],
            lines: [panel.lines, next.lines],
        };
        if FORM == BY_PAIRS {
            tile.pairs = rows.pairs[staged..].first_chunk().expect("as many rows as the tile has");
        } else {
            tile.quads = rows.quads[staged..].first_chunk().expect("as many rows as the tile has");
        }
        if !EXTRA {
            let len = tile.lines[0].len().min(tile.lines[1].len()).min(QUADS);
            let whole = len / CHAINS * CHAINS;
            for j in (0..whole).step_by(CHAINS) {
                for (chain, acc) in acc.iter_mut().enumerate() {
                    tile.add_line::<S, FORM, VECTORS>(simd, acc, [j + chain, j + chain]);
                }
            }
            for j in whole..len {
                tile.add_line::<S, FORM, VECTORS>(simd, &mut acc[0], [j, j]);
            }
        }
        tile.lines = [panel.extra; 2];
        if EXTRA || VECTORS * S::BYTES == 64 {
            for (j, word) in panel.extra_at.iter().enumerate() {
                tile.add_line::<S, FORM, VECTORS>(simd, &mut acc[0], [j, usize::from(*word) % QUADS]);
            }
        }
        block += 1;
        if S::BYTES < 64 || block >= columns.end {
            break;
        }
        [panel, next] = columns.at(block, VECTORS * S::BYTES > 64);
    }
    let mut total = acc[0];
    for acc in &acc[1..] {
        for (total, acc) in total.iter_mut().zip(acc) {
            for (total, acc) in total.iter_mut().zip(acc) {
                *total += *acc;
            }
        }
    }
    if FORM == BY_PAIRS {
        for total in total.as_flattened_mut() {
            *total = *total >> 8;
        }
    }
    let column = columns.panel * PANEL;
    let to = &mut sums.sums[row * sums.step + column..];
    // A loop for each case: with the choice in it, the compiler would keep the sums in memory.
    if let Some(offset @ Offset { zero_points: Some(zero_points), .. }) = columns.offset {
        let zero_points = load::<S, VECTORS>(simd, &zero_points[column..]);
        let all = offset.load::<S, VECTORS>(simd, column);
        for (r, total) in total.into_iter().enumerate() {
            let row_sum = simd.splat(offset.row_sums[row + r]);
            for (v, total) in total.into_iter().enumerate() {
                let start = all[v] - row_sum * zero_points[v];
                (start + total).store(&mut to[r * sums.step + v * Vector::<S, i32>::LANES..]);
            }
        }
    } else if let Some(offset) = columns.offset {
        let offset = offset.load::<S, VECTORS>(simd, column);
        for (r, total) in total.into_iter().enumerate() {
            for (v, total) in total.into_iter().enumerate() {
                (offset[v] + total).store(&mut to[r * sums.step + v * Vector::<S, i32>::LANES..]);
            }
        }
    } else {
        for (r, total) in total.into_iter().enumerate() {
            for (v, total) in total.into_iter().enumerate() {
                let to = &mut to[r * sums.step + v * Vector::<S, i32>::LANES..];
                (Vector::load(simd, to) + total).store(to);
            }
        }
    }
}

/// What a tile reads.
struct Tile<'a, const ROWS: usize> {
    quads: &'a [Quads; ROWS],
    pairs: &'a [Pairs; ROWS],
    lines: [&'a [Line]; 2],
}

impl<const ROWS: usize> Tile<'_, ROWS> {
    /// Adds the products of line `j` with the words of number `word`.
    ///
    /// By pairs, a weight stands in the high byte of its 16 bits, so that one operation gets it there: a shift for the low
    /// bytes, a mask for the high ones.
    #[inline(always)]
    fn add_line<S: Simd, const FORM: u8, const VECTORS: usize>(
        &self,
        simd: S,
        acc: &mut [[Vector<S, i32>; VECTORS]; ROWS],
        [j, word]: [usize; 2],
    ) {
        let (high, one) = (simd.splat(0xff00u16).bitcast::<i16>(), simd.splat(1i16));
        let mut weights = [Vector::<S, i8>::zero(simd); VECTORS];
        for (v, weights) in weights.iter_mut().enumerate() {
            let byte = v * S::BYTES;
            *weights = Vector::load(simd, &self.lines[byte / 64][j].0[byte % 64..]);
        }
        if FORM == BY_PAIRS {
            let low_and_high = [
                weights.map(
                    #[inline(always)]
                    |w| w.bitcast::<i16>() << 8,
                ),
                weights.map(
                    #[inline(always)]
                    |w| w.bitcast::<i16>() & high,
                ),
            ];
            for (half, weights) in low_and_high.into_iter().enumerate() {
                for (pairs, acc) in self.pairs.iter().zip(&mut *acc) {
                    let x = simd.splat(pairs[half][word]).bitcast::<i16>();
                    for (sum, w) in acc.iter_mut().zip(weights) {
                        *sum = sum.dot_pairs_add(x, w);
                    }
                }
            }
        } else {
            for (quads, acc) in self.quads.iter().zip(acc) {
                let x = simd.splat(quads[word]).bitcast::<u8>();
                for (sum, w) in acc.iter_mut().zip(weights) {
                    *sum = if FORM == BY_QUADS {
                        sum.dot_quads(x, w)
                    } else {
                        sum.dot_pairs_add(x.dot_pairs_saturating(w), one)
                    };
                }
            }
        }
    }
}
