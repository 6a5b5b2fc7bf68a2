//! Maps, pipelines and an executor over threads.
//!
//! | | |
//! |---|---|
//! | [`parallel_map`], [`parallel_map_chunked`], [`parallel_unbalanced`] | a closure over a slice |
//! | [`parallel_rows`], [`parallel_zip_rows`] | a picture in bands of rows |
//! | [`parallel_preprocess_any`] | pictures that a closure takes |
//! | [`PipelineExecutor`], [`Pipeline3`] | stages that overlap in time |
//! | [`AsyncParallelExecutor`] | CPU work that async code waits for |
//! | [`stream`] | frames of several sources, in batches |
//!
//! All of them keep the order of the input and lose nothing: an error names its item, a panic goes on in the caller after
//! all threads have stopped. Results do not depend on the number of threads, which [`set_thread_count`] sets at any time.
//! Kernels run on the caller's instruction set in every thread, so [`with_isa`](crate::cpu::with_isa) holds there too
//! (but not in work that a closure itself gives to other threads by other means). Below
//! [`OptLevel::Parallel`](crate::cpu::OptLevel) maps and pipelines run on the calling thread.
//!
//! ```
//! use omnilane::parallel::{PipelineExecutor, Stage, parallel_map};
//!
//! let lengths = parallel_map(&["one", "three"], |word| word.len());
//! assert_eq!(lengths, [3, 5]);
//!
//! let halves = Stage::try_serial(|v: u32| if v % 2 == 0 { Ok(v / 2) } else { Err("odd") });
//! let text = Stage::parallel(2, |v: u32| v.to_string())?;
//! assert_eq!(PipelineExecutor::new(halves, text).execute([2, 4, 6])?, ["1", "2", "3"]);
//! # Ok::<(), omnilane::parallel::ParallelError>(())
//! ```

mod error;
mod handover;
mod map;
mod patience;
mod pipeline;
mod preprocess;
mod rows;
mod signal;
pub mod stream;
mod tasks;
mod threads;
mod waiting;

pub use error::{BoxError, ParallelError};
pub use handover::Order;
pub use map::{parallel_map, parallel_map_chunked, parallel_map_indexed, parallel_unbalanced};
pub use pipeline::{Bottleneck, Pipeline3, PipelineExecutor, PipelineOutput, PipelineReport, Stage, StageReport};
#[cfg(feature = "image")]
pub use preprocess::parallel_preprocess;
pub use preprocess::parallel_preprocess_any;
pub use rows::{parallel_rows, parallel_zip_rows};
pub use tasks::{AsyncParallelExecutor, TaskError, TaskPanic};
pub use threads::{optimal_thread_count, set_thread_count};
