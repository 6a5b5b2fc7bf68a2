//! What a driver refuses.

/// A slice does not have the length that another argument asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{argument}: its length is {got}, it must be {expected}")]
#[non_exhaustive]
pub struct LengthError {
    /// The name of the argument.
    pub argument: &'static str,
    /// Its length.
    pub got: usize,
    /// The length that it must have.
    pub expected: usize,
}

impl LengthError {
    /// An error unless the argument's length is `expected`; for drivers and kernels.
    ///
    /// # Errors
    /// If `got` is not `expected`.
    #[inline]
    pub fn check(argument: &'static str, got: usize, expected: usize) -> Result<(), LengthError> {
        if got == expected { Ok(()) } else { Err(LengthError { argument, got, expected }) }
    }
}
