//! Work that async code waits for.

mod executor;
mod permits;

pub use executor::{AsyncParallelExecutor, TaskError, TaskPanic};
