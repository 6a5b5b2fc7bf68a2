//! What the fuzzer runs: each target takes bytes and panics if an instruction set differs from the definition.
//!
//! The bodies stand here, not in `fuzz/`, because `cargo test` runs them too (`tests/proof/fuzz_smoke.rs`); the crate in
//! `fuzz/` includes this file.

pub mod batch;
pub mod gray;
pub mod image_views;
mod input;
pub mod integers;
pub mod lane_ops;
pub mod model_header;
pub mod normalize;
mod pictures;
pub mod quantize;
pub mod threshold;

#[path = "../../batch_oracle/mod.rs"]
mod batch_oracle;
#[path = "../../oracle/mod.rs"]
mod oracle;
#[path = "../../oracle/quantize.rs"]
mod quantize_oracle;

use std::sync::atomic::AtomicU64;

/// Lanes and elements compared so far.
pub static COMPARED: AtomicU64 = AtomicU64::new(0);

/// A target's name and body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("lane_ops", lane_ops::run),
    ("gray", gray::run),
    ("threshold", threshold::run),
    ("normalize", normalize::run),
    ("image_views", image_views::run),
    ("integers", integers::run),
    ("quantize", quantize::run),
    ("batch", batch::run),
    ("model_header", model_header::run),
];
