//! A million requests against the plain definition: `cargo test --release --test batch model`.

use super::batch_oracle::scenario::Scenario;
use omnilane::batch::sim::Answer;
use omnilane_test_values::Random;

/// `OMNILANE_BATCH_REQUESTS` sets another number. Without optimization the definition is slow, so there are fewer.
fn requests() -> usize {
    let default = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };
    std::env::var("OMNILANE_BATCH_REQUESTS").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

#[test]
fn requests_are_answered_once_and_as_defined() {
    // Long ones are few: the definition looks at all that waits.
    let (mut done, mut seed, mut answers) = (0, 0, [0usize; 8]);
    let mut batches = 0;
    while done < requests() {
        let mut random = Random(seed);
        let n = if seed % 16 == 0 { 1500 } else { 150 };
        let scenario = Scenario::new(&mut |n| random.next() % n.max(1), n);
        let report = scenario.check();
        batches += report.batches.len();
        for (_, answer) in &report.answers {
            answers[*answer as usize] += 1;
        }
        done += n;
        seed += 1;
    }
    let names = ["done", "failed", "timeout", "full", "too large", "closed", "cancelled", "abandoned"];
    for (name, n) in names.iter().zip(answers) {
        println!("{name}: {n}");
        // Every kind of answer was tried, not only the easy ones.
        assert!(n * 1000 > done, "{name}: only {n} of {done}");
    }
    println!("{done} requests in {batches} batches; {} scenarios", seed);
    assert_eq!(Answer::Abandoned as usize, 7);
}
