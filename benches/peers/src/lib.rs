//! omnilane beside its peers: each section measures both in one run; `cargo run --release -p omnilane-peers` writes them
//! all to `docs/performance.md`.

#[path = "../../bars/kernels.rs"]
pub mod kernel_bars;
pub mod machine;
#[path = "../../bars/measure.rs"]
pub mod measure;
#[path = "../../bars/memory.rs"]
pub mod memory_bars;
pub mod python;
pub mod report;
pub mod sections;
pub mod svg;
#[path = "../../bars/traffic.rs"]
mod traffic;
