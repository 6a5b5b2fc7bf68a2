//! The operations by family; each default body is the definition.

pub mod arith;
pub mod bytes;
pub mod convert;
pub mod width;
