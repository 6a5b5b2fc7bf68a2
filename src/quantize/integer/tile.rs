//! The innermost loops: some rows of activations by a panel of weights, the sums in registers.

use super::input::{Pairs, Quads};
use super::weights::{Line, PackedWeights, Panel};
use super::{Form, GROUP, PANEL, QUADS};
use crate::lanes::{Simd, Vector};

const BY_QUADS: u8 = Form::Quads as u8;
const BY_BYTES: u8 = Form::Bytes as u8;
const BY_PAIRS: u8 = Form::Pairs as u8;

/// Rows whose time is that of reading the weights.
const FEW: usize = 3;

/// Activations of one block, staged.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) quads: &'a [Quads],
    /// For [`Form::Pairs`], if the weights or the instruction set need it; else none.
    pub(super) pairs: &'a [Pairs],
    /// Every code is below 128: so no sum of two products leaves 16 bits.
    pub(super) small: bool,
}

/// Which words of the rows the lines meet.
#[derive(Clone, Copy)]
enum Order<'a> {
    /// Line `j` those of number `j`; and what to ask the memory for meanwhile.
    Same(&'a [Line]),
    /// Line `j` those of number `at[j]`.
    At(&'a [u8]),
}

impl Order<'_> {
    /// The number of the words that line `j` meets.
    #[inline(always)]
    fn word(&self, j: usize) -> usize {
        match self {
            Order::Same(_) => j,
            Order::At(at) => usize::from(at[j]) % QUADS,
        }
    }
}

/// Adds the products of some rows with one group of columns in one block: `sums[i][j] += rows[i] . column j`.
#[inline(always)]
pub(super) fn multiply_block<S: Simd>(
    simd: S,
    weights: &PackedWeights,
    [group, block]: [usize; 2],
    rows: Rows<'_>,
    sums: &mut [[i32; GROUP]],
) {
    let panels = weights.panels(group);
    let mut p = 0;
    while p < panels {
        let panel = weights.panel(group, block, p);
        let column = p * PANEL;
        p += 1;
        // Two panels at a time where one register spans a panel and there are 32 of them. Not for a few rows: memory is what
        // takes their time, and is faster where reading goes on in one place (1.1 to 1.9 times, Zen 4).
        let two = S::BYTES == 64 && sums.len() > FEW && p < panels;
        let next = if two { Some(weights.panel(group, block, p)) } else { None };
        match (Form::best::<S>(), next) {
            (Form::Quads, Some(next)) => {
                two_panels(simd, rows, [panel, next], sums, column);
                p += 1;
            }
            (Form::Quads, _) => one_panel::<S, BY_QUADS>(simd, rows, panel, sums, column),
            (Form::Bytes, _) if rows.small || !panel.wide => one_panel::<S, BY_BYTES>(simd, rows, panel, sums, column),
            _ => one_panel::<S, BY_PAIRS>(simd, rows, panel, sums, column),
        }
    }
}

#[inline(always)]
fn two_panels<S: Simd>(
    simd: S,
    rows: Rows<'_>,
    [panel, next]: [Panel<'_>; 2],
    sums: &mut [[i32; GROUP]],
    column: usize,
) {
    let order = Order::Same(panel.ahead);
    multiply_lines::<S, BY_QUADS, 2>(simd, rows, [panel.lines, next.lines], order, sums, column);
    add_extra::<S, BY_QUADS>(simd, rows, panel, sums, column);
    add_extra::<S, BY_QUADS>(simd, rows, next, sums, column + PANEL);
}

#[inline(always)]
fn one_panel<S: Simd, const FORM: u8>(
    simd: S,
    rows: Rows<'_>,
    panel: Panel<'_>,
    sums: &mut [[i32; GROUP]],
    column: usize,
) {
    // By pairs the sums are 256 times too large, and must fit 32 bits.
    const { assert!(256 * 4 * QUADS as i64 * 255 * 128 <= i32::MAX as i64) };
    lines::<S, FORM>(simd, rows, panel.lines, Order::Same(panel.ahead), sums, column);
    add_extra::<S, FORM>(simd, rows, panel, sums, column);
}

#[inline(always)]
fn add_extra<S: Simd, const FORM: u8>(
    simd: S,
    rows: Rows<'_>,
    panel: Panel<'_>,
    sums: &mut [[i32; GROUP]],
    column: usize,
) {
    if !panel.extra.is_empty() {
        lines::<S, FORM>(simd, rows, panel.extra, Order::At(panel.extra_at), sums, column);
    }
}

/// Some lines of one panel.
#[inline(always)]
fn lines<S: Simd, const FORM: u8>(
    simd: S,
    rows: Rows<'_>,
    lines: &[Line],
    order: Order<'_>,
    sums: &mut [[i32; GROUP]],
    column: usize,
) {
    match S::BYTES {
        64 => multiply_lines::<S, FORM, 1>(simd, rows, [lines, lines], order, sums, column),
        32 => multiply_lines::<S, FORM, 2>(simd, rows, [lines, lines], order, sums, column),
        _ => multiply_lines::<S, FORM, 4>(simd, rows, [lines, lines], order, sums, column),
    }
}

/// All rows, in tiles of as many as the registers hold: 12 x 2 sums in AVX-512's 32 registers, 4 x 4 in NEON's, 4 x 2 in
/// AVX2's 16 (6 x 2 is a tenth slower: it leaves none for the products), 2 x 4 in SSE's.
#[inline(always)]
fn multiply_lines<S: Simd, const FORM: u8, const VECTORS: usize>(
    simd: S,
    rows: Rows<'_>,
    lines: [&[Line]; 2],
    order: Order<'_>,
    sums: &mut [[i32; GROUP]],
    column: usize,
) {
    let (mut i, n) = (0, sums.len());
    if S::BYTES == 64 {
        while n - i >= 12 {
            tile::<S, FORM, 12, VECTORS, 1>(simd, rows, lines, order, sums, [i, column]);
            i += 12;
        }
    }
    if S::BYTES >= 32 || S::REGISTERS == 32 {
        while n - i >= 4 {
            tile::<S, FORM, 4, VECTORS, 1>(simd, rows, lines, order, sums, [i, column]);
            i += 4;
        }
    }
    // Several sums of one column hide how long an operation takes.
    while n - i >= 2 {
        if S::BYTES == 64 {
            tile::<S, FORM, 2, VECTORS, 2>(simd, rows, lines, order, sums, [i, column]);
        } else {
            tile::<S, FORM, 2, VECTORS, 1>(simd, rows, lines, order, sums, [i, column]);
        }
        i += 2;
    }
    while i < n {
        if S::BYTES >= 32 {
            tile::<S, FORM, 1, VECTORS, 4>(simd, rows, lines, order, sums, [i, column]);
        } else {
            tile::<S, FORM, 1, VECTORS, 1>(simd, rows, lines, order, sums, [i, column]);
        }
        i += 1;
    }
}

/// `ROWS` rows from `row` on by `VECTORS` registers of columns, each with `CHAINS` sums of every so many lines.
#[inline(always)]
fn tile<S: Simd, const FORM: u8, const ROWS: usize, const VECTORS: usize, const CHAINS: usize>(
    simd: S,
    rows: Rows<'_>,
    lines: [&[Line]; 2],
    order: Order<'_>,
    sums: &mut [[i32; GROUP]],
    [row, column]: [usize; 2],
) {
    let mut tile = Tile::<ROWS> { quads: &[[0; QUADS]; ROWS], pairs: &[[[0; QUADS]; 2]; ROWS], lines, ahead: &[] };
    if FORM == BY_PAIRS {
        tile.pairs = rows.pairs[row..].first_chunk().expect("as many rows as the tile has");
    } else {
        tile.quads = rows.quads[row..].first_chunk().expect("as many rows as the tile has");
    }
    let len = lines[0].len().min(lines[1].len()).min(QUADS);
    // The first rows ask for what all of them read.
    if let (Order::Same(ahead), 0) = (order, row) {
        tile.ahead = ahead;
    }
    let mut acc = [[[Vector::<S, i32>::zero(simd); VECTORS]; ROWS]; CHAINS];
    let whole = len / CHAINS * CHAINS;
    for j in (0..whole).step_by(CHAINS) {
        for (chain, acc) in acc.iter_mut().enumerate() {
            tile.add_line::<S, FORM, VECTORS>(simd, acc, [j + chain, order.word(j + chain), len]);
        }
    }
    for j in whole..len {
        tile.add_line::<S, FORM, VECTORS>(simd, &mut acc[0], [j, order.word(j), len]);
    }
    for r in 0..ROWS {
        for v in 0..VECTORS {
            let sums = &mut sums[row + r][column + v * Vector::<S, i32>::LANES..];
            let mut sum = acc[0][r][v];
            for acc in &acc[1..] {
                sum += acc[r][v];
            }
            let product = if FORM == BY_PAIRS { sum >> 8 } else { sum };
            (Vector::load(simd, sums) + product).store(sums);
        }
    }
}

/// What a tile reads.
struct Tile<'a, const ROWS: usize> {
    quads: &'a [Quads; ROWS],
    pairs: &'a [Pairs; ROWS],
    lines: [&'a [Line]; 2],
    ahead: &'a [Line],
}

impl<const ROWS: usize> Tile<'_, ROWS> {
    /// Adds the products of line `j`, of `len`, with the words of number `word`.
    ///
    /// By pairs, a weight stands in the high byte of its 16 bits, so that one operation gets it there: a shift for the low
    /// bytes, a mask for the high ones.
    #[inline(always)]
    fn add_line<S: Simd, const FORM: u8, const VECTORS: usize>(
        &self,
        simd: S,
        acc: &mut [[Vector<S, i32>; VECTORS]; ROWS],
        [j, word, len]: [usize; 3],
    ) {
        let (high, one) = (simd.splat(0xff00u16).bitcast::<i16>(), simd.splat(1i16));
        for panel in 0..VECTORS * S::BYTES / 64 {
            if let Some(line) = self.ahead.get(panel * len + j) {
                Vector::prefetch(simd, &line.0);
            }
        }
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
