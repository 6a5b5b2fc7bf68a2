//! A matrix of codes in somebody's memory.

use super::super::QuantizeError;
use crate::lanes::LengthError;
use core::ops::Range;

/// Rows of codes in a slice, `stride` elements from the start of one to the start of the next.
///
/// ```
/// use omnilane::quantize::MatrixView;
///
/// let codes = [1u8, 2, 3, 0, 4, 5, 6];
/// let view = MatrixView::with_stride(&codes, 2, 3, 4)?;
/// assert_eq!(view.row(1), [4, 5, 6]);
/// assert_eq!(view.range(1..2).row(0), [4, 5, 6]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MatrixView<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<'a, T> MatrixView<'a, T> {
    /// `rows * columns` elements, one row after the other.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if `data` has another length, [`QuantizeError::TooLarge`] if none could be right.
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Result<Self, QuantizeError> {
        let needed = rows.checked_mul(columns).ok_or(QuantizeError::TooLarge { rows, columns })?;
        LengthError::check("data", data.len(), needed)?;
        Ok(MatrixView { data, rows, columns, stride: columns })
    }

    /// Rows `stride` elements apart; what lies between them is not read, and the last row needs only `columns`.
    ///
    /// # Errors
    /// [`QuantizeError::Stride`] if rows overlap, [`QuantizeError::DataTooShort`] if `data` ends inside the matrix.
    pub fn with_stride(data: &'a [T], rows: usize, columns: usize, stride: usize) -> Result<Self, QuantizeError> {
        if stride < columns {
            return Err(QuantizeError::Stride { stride, columns });
        }
        let too_large = QuantizeError::TooLarge { rows, columns: stride };
        let needed = match rows.checked_sub(1) {
            Some(gaps) => gaps.checked_mul(stride).and_then(|n| n.checked_add(columns)).ok_or(too_large)?,
            None => 0,
        };
        if data.len() < needed {
            return Err(QuantizeError::DataTooShort { got: data.len(), needed });
        }
        Ok(MatrixView { data, rows, columns, stride })
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements in a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `i`.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline(always)]
    #[must_use]
    pub fn row(&self, i: usize) -> &'a [T] {
        assert!(i < self.rows, "row {i} of {}", self.rows);
        &self.data[i * self.stride..][..self.columns]
    }

    /// Some of the rows: what one of several threads works on.
    ///
    /// # Panics
    /// If there are not so many, or the range ends before it starts.
    #[must_use]
    pub fn range(&self, rows: Range<usize>) -> MatrixView<'a, T> {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "rows {rows:?} of {}", self.rows);
        let data = if rows.is_empty() { &[] } else { &self.data[rows.start * self.stride..] };
        MatrixView { data, rows: rows.len(), ..*self }
    }
}
