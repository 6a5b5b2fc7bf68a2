//! The targets' bodies, which `cargo test` runs too.

#[path = "../../tests/proof/fuzz_bodies/mod.rs"]
pub mod fuzz_bodies;
