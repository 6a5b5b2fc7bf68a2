//! What a task must move, and nothing else: the limit that memory sets.

use super::measure::{Side, Spread, side};
use omnilane::lanes::{Simd, max};
use std::hint::black_box;

/// The bytes that a task reads, how often, and those that it writes.
#[derive(Clone, Copy)]
pub struct Traffic {
    pub read: usize,
    pub passes: usize,
    pub written: usize,
}

impl Traffic {
    /// As many bytes, half of them read and half written, by `copy_from_slice`.
    pub fn copy(self) -> Side<'static> {
        let from = vec![1_u8; (self.read * self.passes + self.written) / 2];
        let mut to = from.clone();
        side(move || black_box(&mut to).copy_from_slice(black_box(&from)))
    }

    /// Reads as many bytes, as often, then writes as many.
    pub fn moves(self) -> Side<'static> {
        let (from, mut to) = (vec![1_u8; self.read], vec![0_u8; self.written]);
        side(move || {
            for _ in 0..self.passes {
                black_box(largest(black_box(&from)));
            }
            black_box(&mut to).fill(black_box(2));
        })
    }
}

/// What rows about [`Traffic::moves`] call it.
pub const MOVES: &str = "reading and writing alone";

/// A reason that is measured: how near `ours` is to [`Traffic::moves`].
pub fn beside_moves(ours: &[f64], moves: &[f64]) -> String {
    beside(ours, moves, MOVES)
}

/// The same beside another limit.
pub fn beside(ours: &[f64], limit: &[f64], name: &str) -> String {
    format!("at {:.2} of the speed of {name}", Spread::ratio(ours, limit).value)
}

omnilane::kernel! {
    /// Reads all bytes, and does as little with them as can be done.
    fn largest<S: Simd>(simd: S, bytes: &[u8]) -> Option<u8> {
        max(simd, bytes)
    }
}
