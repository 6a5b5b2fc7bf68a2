//! Arithmetic on the codes themselves: products of integers, and their way back to codes.

mod dot;
mod input;
mod matmul;
mod multiply;
mod requantize;
mod tile;
mod view;
mod weights;

pub use dot::dot;
pub use input::Activation;
pub use matmul::{
    matmul, matmul_into, matmul_requantized, matmul_requantized_into, matvec, matvec_into, matvec_requantized,
    matvec_requantized_into,
};
pub use requantize::{OutputCode, Requantizer, requantize, requantize_into};
pub use view::MatrixView;
pub use weights::PackedWeights;

use super::QuantizeError;
use alloc::vec::Vec;

/// Columns that lie side by side in the packed weights: a line has four codes of each.
const PANEL: usize = 16;
/// Columns that are finished together: four panels.
const GROUP: usize = 64;
/// Lines in a block of the inner dimension: of a panel, 4 KiB, so that it, the one after it, the activations and the sums stay
/// in a first-level cache of 32 KiB. (With 128 a product of 512 x 1024 x 1024 took a fifth longer.)
const QUADS: usize = 64;
/// Codes in a block of the inner dimension.
const BLOCK: usize = 4 * QUADS;

/// Zeros, or that there is no memory for `rows` x `columns` elements.
fn zeros<T: Copy + Default>(rows: usize, columns: usize) -> Result<Vec<T>, QuantizeError> {
    let too_large = QuantizeError::TooLarge { rows, columns };
    let len = rows.checked_mul(columns).ok_or(too_large.clone())?;
    let mut out = Vec::new();
    out.try_reserve_exact(len).map_err(|_| too_large)?;
    out.resize(len, T::default());
    Ok(out)
}
