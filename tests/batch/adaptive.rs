//! The size that the adaptive batcher finds, under the virtual clock.

use super::eventually;
use omnilane::batch::rules::{Aimd, Bisection, Clipper, LatencyTarget, SizeRule};
use omnilane::batch::sim::{Outcome, Report, Request, Simulator};
use omnilane::batch::{AdaptiveBatcher, BatchConfig, BatchError, Policy};
use omnilane_test_values::Random;
use std::time::Duration;

const TARGET: Duration = Duration::from_millis(10);
const MAX: usize = 256;

/// Standard normal, by the sum of twelve uniforms.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
}

/// More requests than can be served, so that every batch is full: `2 ms + 0.1 ms b`, with noise, and slower from one batch on.
fn saturated(rule: impl SizeRule + 'static, batches: usize, noise: f64, slow_from: usize) -> Report {
    let config = BatchConfig { max_batch_size: MAX, max_queue_size: usize::MAX, ..BatchConfig::default() };
    let requests = vec![Request::at(Duration::ZERO); batches * 75];
    let (mut random, mut number) = (Random(7), 0);
    let mut report = Simulator::new(Policy::new(config)).unwrap().rule(rule).run(&requests, |batch| {
        let factor = if number >= slow_from { 2.0 } else { 1.0 };
        number += 1;
        let time = (2e6 + 1e5 * batch.items.len() as f64) * factor * (1.0 + noise * normal(&mut random));
        Outcome::Done(Duration::from_nanos(time as u64))
    });
    // The last ones are not full.
    report.batches.truncate(batches);
    report
}

fn sizes(report: &Report) -> Vec<usize> {
    report.batches.iter().map(|batch| batch.items.len()).collect()
}

fn misses(report: &Report, from: usize) -> f64 {
    let late = |batch: &&omnilane::batch::sim::Batch| matches!(batch.outcome, Outcome::Done(time) if time > TARGET);
    let batches = &report.batches[from..];
    batches.iter().filter(late).count() as f64 / batches.len() as f64
}

#[test]
fn it_finds_72_within_40_batches_and_stays() {
    let sizes = sizes(&saturated(LatencyTarget::new(TARGET, MAX), 400, 0.0, usize::MAX));
    let near = sizes.iter().position(|size| size.abs_diff(72) * 20 <= 72).unwrap();
    println!("{near} batches: {:?}", &sizes[..45]);
    assert_eq!(sizes[0], 1);
    assert!(near < 40, "{near} batches: {sizes:?}");
    assert!(sizes[near..].iter().all(|size| size.abs_diff(72) * 20 <= 72), "{sizes:?}");
    assert_eq!(sizes[100..], [72; 300]);
    for pair in sizes.windows(2) {
        assert!(pair[1] <= pair[0] + (pair[0] / 10).max(1), "grew by more than a tenth: {pair:?}");
    }
}

#[test]
fn with_noise_it_varies_little_and_misses_rarely() {
    let report = saturated(LatencyTarget::new(TARGET, MAX), 1000, 0.05, usize::MAX);
    let sizes = sizes(&report);
    let (least, most) = (sizes[100..].iter().min().unwrap(), sizes[100..].iter().max().unwrap());
    println!("sizes {least} to {most}, misses {}", misses(&report, 0));
    assert!((most - least) as f64 <= 0.1 * *most as f64, "from {least} to {most}");
    assert!(misses(&report, 0) <= 0.01);
}

#[test]
fn after_a_slowdown_it_is_under_the_target_within_10_batches() {
    for noise in [0.0, 0.05] {
        let report = saturated(LatencyTarget::new(TARGET, MAX), 400, noise, 200);
        let late = (200..400).filter(|i| matches!(report.batches[*i].outcome, Outcome::Done(time) if time > TARGET));
        let late: Vec<usize> = late.collect();
        println!("late {late:?}: {:?}", &sizes(&report)[198..225]);
        assert!(late.iter().filter(|i| **i < 210).count() < 10, "{late:?}");
        assert!(late.iter().filter(|i| **i >= 210).count() <= 3, "{late:?}");
        // 4 ms + 0.2 ms b: 26 without noise.
        let end = sizes(&report)[399];
        assert!((18..=26).contains(&end), "{end}");
    }
}

#[test]
fn it_grows_back_when_the_machine_is_fast_again() {
    let mut rule = LatencyTarget::new(TARGET, MAX);
    let mut run = |a: u64, c: u64, batches: usize| {
        for _ in 0..batches {
            let service = Duration::from_nanos(a + c * rule.size() as u64);
            rule.observe(&omnilane::batch::rules::Observation { size: rule.size(), full: true, service });
        }
        rule.size()
    };
    assert_eq!(run(4_000_000, 200_000, 100), 26);
    assert_eq!(run(2_000_000, 100_000, 100), 72);
}

#[test]
fn it_grows_only_if_batches_were_full() {
    let mut rule = LatencyTarget::new(TARGET, MAX);
    for _ in 0..100 {
        let service = Duration::from_millis(1);
        rule.observe(&omnilane::batch::rules::Observation { size: 1, full: false, service });
    }
    assert_eq!(rule.size(), 1);
}

#[test]
fn the_other_rules_miss_more_or_serve_less() {
    let ours = saturated(LatencyTarget::new(TARGET, MAX), 1000, 0.05, usize::MAX);
    let tolerance = TARGET / 20;
    let others = [
        ("Clipper", saturated(Clipper::new(TARGET, MAX, 2), 1000, 0.05, usize::MAX)),
        ("Netflix", saturated(Aimd::new(TARGET, MAX), 1000, 0.05, usize::MAX)),
        ("Daft", saturated(Bisection::new(TARGET, tolerance, MAX), 1000, 0.05, usize::MAX)),
    ];
    let served = |report: &Report| {
        let time = report.batches.last().unwrap().start;
        sizes(report).iter().sum::<usize>() as f64 / time.as_secs_f64()
    };
    println!("ours: {:.0}/s, misses {:.3}", served(&ours), misses(&ours, 0));
    for (name, report) in others {
        println!("{name}: {:.0}/s, misses {:.3}", served(&report), misses(&report, 0));
        assert!(misses(&report, 0) > misses(&ours, 0), "{name}");
    }
}

/// The user's earlier code wrote the adapted size to a copy that nothing read.
#[test]
fn the_size_that_was_found_is_the_size_of_the_batches() {
    let config =
        BatchConfig { max_batch_size: 64, max_wait_ms: 1000, max_queue_size: 10_000, preferred_batch_size: 16 };
    let (sent, sizes) = std::sync::mpsc::channel();
    let batcher = AdaptiveBatcher::new(config, Duration::from_secs(5), move |items: Vec<u32>| {
        sent.send(items.len()).unwrap();
        items
    });
    let batcher = batcher.unwrap();
    let pending: Vec<_> = (0..600).map(|i| batcher.add(i).unwrap()).collect();
    eventually("the batches", || batcher.queue_size() < batcher.target_size());
    batcher.close();
    for (i, pending) in pending.into_iter().enumerate() {
        assert_eq!(super::answer(pending), Ok(i as u32));
    }
    let sizes: Vec<usize> = sizes.try_iter().collect();
    assert_eq!(sizes[..5], [1, 2, 3, 4, 5], "each full batch is followed by a larger one: {sizes:?}");
    assert!(batcher.target_size() > 10);
}

#[test]
fn a_target_of_no_time_is_refused() {
    let error = AdaptiveBatcher::new(BatchConfig::default(), Duration::ZERO, |items: Vec<u8>| items).unwrap_err();
    assert!(matches!(error, BatchError::Configuration { field: "target", .. }), "{error}");
}
