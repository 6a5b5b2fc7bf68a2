//! A load on the batcher, under the virtual clock: what it does against what the definition says.

use super::COMPARED;
use super::batch_oracle::scenario::Scenario;
use super::input::Input;
use std::sync::atomic::Ordering::Relaxed;

pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let requests = input.up_to(200);
    let mut next = |n: u64| input.up_to(n.saturating_sub(1) as usize) as u64;
    let report = Scenario::new(&mut next, requests).check();
    COMPARED.fetch_add(report.answers.len() as u64, Relaxed);
}
