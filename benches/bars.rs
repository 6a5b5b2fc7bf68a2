//! The speeds that omnilane promises, as ratios measured in one run: `cargo bench --bench bars`.
//!
//! Each line is a pair of programs whose calls alternate, so that a slow moment of the machine hits both; the ratio is the
//! median of the rounds, and quartiles stand beside it. Never fails, since time is not a test. Beside other libraries, and
//! as a report: `cargo run --release -p omnilane-peers`.

#[path = "bars/kernels.rs"]
mod kernels;
#[allow(dead_code, reason = "the report uses more of it")]
#[path = "bars/measure.rs"]
mod measure;
#[path = "bars/memory.rs"]
mod memory;
#[allow(dead_code, reason = "the report uses more of it")]
#[path = "bars/traffic.rs"]
mod traffic;

fn main() {
    println!("bar: measured (quartiles) wanted");
    for bar in kernels::all().into_iter().chain(memory::all()) {
        println!("{}", bar.line());
    }
}
