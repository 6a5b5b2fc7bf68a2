//! What omnilane makes faster, by size: each kernel on every instruction set of this CPU (`scalar` is our own plain form)
//! and, as `plain`, the loop that one would write without omnilane.
//!
//! `cargo bench --bench optimization_bench`, or a part of it: `cargo bench --bench optimization_bench -- grayscale`.

#[path = "optimization_bench/images.rs"]
mod images;
#[path = "optimization_bench/memory.rs"]
mod memory;
#[path = "optimization_bench/parallel.rs"]
mod parallel;
#[path = "optimization_bench/quantization.rs"]
mod quantization;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use omnilane::cpu::{Isa, with_isa};
use std::hint::black_box;
use std::time::Duration;

/// Pseudo-random 32-bit numbers.
fn noise() -> impl FnMut() -> u32 {
    let mut state = 1u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state
    }
}

/// A kernel on every instruction set, beside plain Rust.
fn compare(
    group: &mut BenchmarkGroup<'_, WallTime>,
    size: &str,
    elements: usize,
    mut kernel: impl FnMut(),
    mut plain: impl FnMut(),
) {
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(elements as u64));
    for isa in Isa::available() {
        group.bench_function(BenchmarkId::new(isa.name(), size), |b| {
            with_isa(isa, || b.iter(&mut kernel)).expect("it is available");
        });
    }
    group.bench_function(BenchmarkId::new("plain", size), |b| b.iter(&mut plain));
}

/// `copy_from_slice` of half of the bytes that a kernel reads and writes.
fn copy(group: &mut BenchmarkGroup<'_, WallTime>, size: &str, moved: usize) {
    let src = vec![1u8; moved.div_ceil(2)];
    let mut dst = vec![0u8; src.len()];
    group.bench_function(BenchmarkId::new("copy", size), |b| {
        b.iter(|| black_box(&mut dst).copy_from_slice(black_box(&src)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(15).warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    targets = images::grayscale, images::threshold, images::normalize, parallel::parallel_map, memory::buffer_pool,
        quantization::by_size, quantization::formats, quantization::per_channel, memory::operations
}
criterion_main!(benches);
