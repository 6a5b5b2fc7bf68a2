//! A dynamic batcher: it gathers single requests into batches, and answers each caller exactly once, on time, under
//! overload, panics and cancellations.
//!
//! ```
//! use omnilane::batch::{BatchConfig, DynamicBatcher};
//!
//! let config = BatchConfig { max_wait_ms: 1, ..BatchConfig::default() };
//! let squares = |items: Vec<u64>| items.iter().map(|v| v * v).collect::<Vec<u64>>();
//! let batcher = DynamicBatcher::new(config, squares)?;
//!
//! // Three callers, one batch. `.await` them instead on any runtime.
//! let pending = [1, 2, 3].map(|v| batcher.add(v));
//! let results = pending.map(|p| p.map_err(|rejected| rejected.reason)?.wait());
//! assert_eq!(results, [Ok(1), Ok(4), Ok(9)]);
//! # Ok::<(), omnilane::batch::BatchError>(())
//! ```
//!
//! # When a batch leaves
//! As soon as a worker is free, and one of these holds for the items of a key:
//! - as many wait as the preferred size, or their weight is that of a whole batch;
//! - the oldest has waited for `max_wait`;
//! - the nearest deadline, less what a batch of what waits would take (`a + c b + 2.33 sigma`, learned from those that ran; at
//!   least 0.5 ms), is reached. Before anything is known, an item with a deadline leaves at once;
//! - the batcher is closing.
//!
//! Its size is the largest multiple of the preferred size then queued, up to `max_batch_size`; all that is queued if that is
//! less than the preferred size; and no more than the maximal weight. It does not grow afterwards. While all workers are
//! busy, the queue fills and the next batch is larger.
//!
//! # Whose turn it is
//! Within a key, items go in the order of their coming less the head start of their priority
//! ([`ItemOptions::priority`]): first come, first served among equals, and none starves. Keys share the workers by deficit
//! round robin: in a round each key may spend as much as one whole batch holds, in weight if there are weights, else in items;
//! what it does not spend it keeps for the next round while it has items. Within a round, the key goes first whose first item
//! does. Output `i` of the processor belongs to input `i`.
//!
//! # What may go wrong
//! Every caller gets one answer, whatever happens: [`BatchError`] lists them. An item whose deadline comes while it is queued
//! is answered by a timer of its own, even if all workers are busy, and is never in a batch. An item whose caller goes away
//! leaves the queue at once. A panic in the processor, or a wrong number of results, is an error for that batch's callers, and
//! the worker lives on. No function of the user's runs under a lock, but for the comparison of keys.
//!
//! # Threads
//! Each worker is a thread, and one more is the timer: no polling, and no time is used while nothing happens. Threads share
//! one mutex and two condition variables, and answers go through oneshot channels of tokio, which need no runtime. What is decided
//! under the mutex is a state machine ([`sim`]) that a model test checks against a plain
//! definition. Timers are as fine as the system's condition variables: some 60 us late on
//! Linux, up to a tick (1 to 16 ms) on Windows.

mod adaptive;
mod batcher;
mod block_on;
mod builder;
mod callers;
mod config;
mod core;
mod error;
mod front;
mod histogram;
mod model;
mod pending;
pub mod rules;
mod service;
mod shared;
pub mod sim;
mod stack;
mod stats;
mod timer;
mod worker;

pub use adaptive::{AdaptiveBatcher, AdaptiveBuilder};
pub use batcher::{DynamicBatcher, Shutdown};
pub use builder::Builder;
pub use config::{BatchConfig, ItemOptions, Oversized, Policy};
pub use error::{BatchError, Rejected};
use front::Front;
pub use histogram::Summary;
pub use pending::{Pending, Permit, Reserve};
pub use service::{BatchResponse, BatchService};
pub use stack::{Stack, StackItem};
pub use stats::BatchStats;
pub use worker::BatchResult;
