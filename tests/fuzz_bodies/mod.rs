//! What the fuzzer runs: each target takes bytes and panics if an instruction set differs from the definition.
//!
//! The bodies stand here, not in `fuzz/`, because `cargo test` runs them too (`tests/fuzz_smoke.rs`); the crate in
//! `fuzz/` includes this file.

pub mod gray;
pub mod image_views;
mod input;
pub mod lane_ops;
pub mod model_header;
pub mod normalize;
mod pictures;
pub mod threshold;

#[path = "../ops/data.rs"]
#[allow(dead_code, reason = "made for the tests of the operations")]
mod data;
#[path = "../ops/observe.rs"]
mod observe;
#[path = "../oracle/mod.rs"]
mod oracle;

use std::sync::atomic::AtomicU64;

/// Lanes and elements compared so far.
pub static COMPARED: AtomicU64 = AtomicU64::new(0);

/// A target's name and body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 6] = [
    ("lane_ops", lane_ops::run),
    ("gray", gray::run),
    ("threshold", threshold::run),
    ("normalize", normalize::run),
    ("image_views", image_views::run),
    ("model_header", model_header::run),
];
