//! When a batch leaves, what is in it, and whose turn it is: under the virtual clock.

use omnilane::batch::sim::{Answer, Outcome, Report, Request, Simulator};
use omnilane::batch::{BatchConfig, BatchError, DynamicBatcher, Oversized, Policy};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);
const CONFIG: BatchConfig =
    BatchConfig { max_batch_size: 32, max_wait_ms: 50, max_queue_size: 1000, preferred_batch_size: 16 };

fn at(ms: u64) -> Request {
    Request::at(Duration::from_millis(ms))
}

fn with(request: Request, change: impl FnOnce(&mut Request)) -> Request {
    let mut request = request;
    change(&mut request);
    request
}

/// Each batch takes 10 ms.
fn run(policy: Policy, requests: &[Request]) -> Report {
    Simulator::new(policy).unwrap().run(requests, |_| Outcome::Done(10 * MS))
}

fn starts(report: &Report) -> Vec<(u64, usize)> {
    report.batches.iter().map(|batch| (batch.start.as_millis() as u64, batch.items.len())).collect()
}

#[test]
fn the_defaults_are_the_documented_ones() {
    assert_eq!(BatchConfig::default(), CONFIG);
}

#[test]
fn a_lone_item_waits_for_max_wait_and_not_at_all_if_that_is_0() {
    assert_eq!(starts(&run(Policy::new(CONFIG), &[at(3)])), [(53, 1)]);
    let config = BatchConfig { max_wait_ms: 0, ..CONFIG };
    assert_eq!(starts(&run(Policy::new(config), &[at(3)])), [(3, 1)]);
}

#[test]
fn waits_are_finer_than_a_millisecond() {
    let mut policy = Policy::new(CONFIG);
    policy.max_wait = Some(Duration::from_nanos(123_456));
    assert_eq!(run(policy, &[at(1)]).batches[0].start, Duration::from_nanos(1_123_456));
}

#[test]
fn the_wait_is_measured_from_the_oldest() {
    let requests: Vec<Request> = (0..8).map(|i| at(i * 10)).collect();
    // The first batch leaves when the first item has waited 50 ms: those of 0 to 50 ms are in it.
    assert_eq!(starts(&run(Policy::new(CONFIG), &requests)), [(50, 6), (110, 2)]);
}

#[test]
fn the_preferred_size_leaves_at_once_and_does_not_grow() {
    let requests = vec![at(5); 17];
    assert_eq!(starts(&run(Policy::new(CONFIG), &requests)), [(5, 16), (55, 1)]);
}

#[test]
fn the_largest_multiple_that_is_queued_leaves() {
    // 16 leave at 0; 47 come while the worker is busy: 32 of them at 10, and the 15 others when the oldest has waited.
    let mut requests = vec![at(0); 16];
    requests.extend(vec![at(1); 47]);
    assert_eq!(starts(&run(Policy::new(CONFIG), &requests)), [(0, 16), (10, 32), (51, 15)]);
}

#[test]
fn a_busy_worker_lets_the_batch_fill_up() {
    let config = BatchConfig { max_wait_ms: 0, preferred_batch_size: 1, ..CONFIG };
    let requests: Vec<Request> = (0..10).map(at).collect();
    assert_eq!(starts(&run(Policy::new(config), &requests)), [(0, 1), (10, 9)]);
}

#[test]
fn a_deadline_makes_the_batch_leave_in_time_for_the_service() {
    let mut requests = vec![at(0); 16]; // teaches that a batch of 16 takes 10 ms
    requests.push(with(at(20), |r| r.deadline = Some(30 * MS)));
    let report = run(Policy::new(CONFIG), &requests);
    assert_eq!(starts(&report), [(0, 16), (40, 1)]);
    // Nothing is known of the first one's service time: it leaves at once.
    let first = [with(at(20), |r| r.deadline = Some(30 * MS))];
    assert_eq!(starts(&run(Policy::new(CONFIG), &first)), [(20, 1)]);
}

#[test]
fn an_item_that_expires_behind_a_busy_worker_is_answered_at_its_deadline_and_not_run() {
    let mut requests = vec![at(0); 16];
    requests.push(with(at(1), |r| r.deadline = Some(4 * MS)));
    let report = run(Policy::new(CONFIG), &requests);
    assert_eq!(report.answers[16], (5 * MS, Answer::Timeout));
    assert_eq!(starts(&report), [(0, 16)]);
    // The default deadline does the same.
    requests[16].deadline = None;
    let mut policy = Policy::new(CONFIG);
    policy.deadline = Some(4 * MS);
    assert_eq!(run(policy, &requests).answers[16], (5 * MS, Answer::Timeout));
}

#[test]
fn a_cancelled_item_gives_its_place_free_at_once() {
    let config = BatchConfig { max_batch_size: 2, preferred_batch_size: 2, max_queue_size: 2, ..CONFIG };
    let mut requests = vec![at(0), at(0), at(1), with(at(1), |r| r.cancel = Some(2 * MS)), at(2), at(4)];
    let report = run(Policy::new(config), &requests);
    assert_eq!(report.answers[3], (3 * MS, Answer::Cancelled));
    assert_eq!(report.answers[4].1, Answer::Full);
    assert_eq!(report.answers[5].1, Answer::Done);
    assert_eq!((report.stats.cancelled_waiting, report.stats.cancelled_running), (1, 0));
    // After its start: the batch is finished, the result is dropped and counted.
    requests[0].cancel = Some(5 * MS);
    let report = run(Policy::new(config), &requests);
    assert_eq!((report.answers[0], report.stats.cancelled_running), ((5 * MS, Answer::Cancelled), 1));
}

#[test]
fn capacity_counts_what_waits_only() {
    let config = BatchConfig { max_batch_size: 2, preferred_batch_size: 2, max_queue_size: 3, ..CONFIG };
    let answers = run(Policy::new(config), &[at(0); 6]).answers;
    assert_eq!(answers.iter().filter(|(_, answer)| *answer == Answer::Full).count(), 1, "2 run, 3 wait: {answers:?}");
}

#[test]
fn those_who_wait_for_a_place_get_it_in_order() {
    let config = BatchConfig { max_batch_size: 1, preferred_batch_size: 1, max_queue_size: 1, ..CONFIG };
    let requests = [at(0), at(0), at(1), at(2)].map(|r| with(r, |r| r.waits = true));
    let report = run(Policy::new(config), &requests);
    assert_eq!(report.batches.iter().map(|batch| batch.items[0]).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(report.answers.iter().all(|(_, answer)| *answer == Answer::Done));
}

#[test]
fn an_item_that_is_too_heavy_is_handed_back_or_runs_alone() {
    let mut policy = Policy::new(BatchConfig { max_wait_ms: 0, ..CONFIG });
    policy.max_weight = Some(10);
    let requests = [4, 11, 4, 4].map(|weight| with(at(0), |r| r.weight = weight));
    let report = run(policy, &requests);
    assert_eq!(report.answers[1], (Duration::ZERO, Answer::TooLarge));
    policy.oversized = Oversized::Alone;
    let report = run(policy, &requests);
    assert!(report.batches.iter().any(|batch| batch.items == [1]));
    assert!(report.answers.iter().all(|(_, answer)| *answer == Answer::Done));
}

#[test]
fn weights_bound_a_batch() {
    let mut policy = Policy::new(CONFIG);
    policy.max_weight = Some(10);
    let requests = [4, 4, 4, 9, 1].map(|weight| with(at(0), |r| r.weight = weight));
    // 8 fit, the third would make 12: the weight is reached, so nothing waits for max_wait.
    let items: Vec<Vec<usize>> = run(policy, &requests).batches.into_iter().map(|batch| batch.items).collect();
    assert_eq!(items, [vec![0, 1], vec![2], vec![3, 4]]);
}

#[test]
fn higher_priorities_go_first_but_age() {
    let config = BatchConfig { max_batch_size: 1, preferred_batch_size: 1, ..CONFIG };
    let mut policy = Policy::new(config);
    policy.priority_step = 100 * MS;
    // The worker is busy until 10. A plain item waits since 1; urgent ones come every 10 ms.
    let mut requests = vec![at(0), at(1)];
    requests.extend((0..30).map(|i| with(at(2 + 10 * i), |r| r.priority = 1)));
    let order: Vec<usize> = run(policy, &requests).batches.into_iter().map(|batch| batch.items[0]).collect();
    assert_eq!(order[..3], [0, 2, 3], "urgent ones pass");
    let place = order.iter().position(|item| *item == 1).unwrap();
    // It has the rank of an urgent one that came at 101 ms: those of 2, 12, ... 92 go before it.
    assert_eq!(place, 11, "{order:?}");
}

#[test]
fn only_equal_keys_share_a_batch() {
    let requests: Vec<Request> = (0..64).map(|i| with(at(0), |r| r.key = i % 3)).collect();
    for batch in run(Policy::new(CONFIG), &requests).batches {
        let keys: Vec<usize> = batch.items.iter().map(|item| item % 3).collect();
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }
}

#[test]
fn keys_share_the_worker_by_weight() {
    // Key 0 floods with light items, key 1 with heavy ones; both get the same weight done.
    let mut policy = Policy::new(BatchConfig { max_queue_size: 10_000, max_wait_ms: 0, ..CONFIG });
    policy.max_weight = Some(32);
    let requests: Vec<Request> = (0..4000)
        .map(|i| {
            with(at(0), |r| {
                r.key = i % 2;
                r.weight = if r.key == 0 { 1 } else { 20 };
            })
        })
        .collect();
    let report = run(policy, &requests);
    let mut weights = [0u64; 2];
    for batch in &report.batches[..90] {
        for item in &batch.items {
            weights[item % 2] += requests[*item].weight;
        }
    }
    let [light, heavy] = weights;
    assert!(light.abs_diff(heavy) <= 64, "after 90 batches: {light} and {heavy}");
}

#[test]
fn a_flood_on_one_key_does_not_hold_up_another() {
    let mut requests = vec![at(0); 500];
    requests.push(with(at(5), |r| r.key = 1));
    let report = run(Policy::new(CONFIG), &requests);
    // It may leave at 55, and then waits for no more than the batch that runs and one of the flood.
    assert!(report.answers[500].0 <= 85 * MS, "{:?}", report.answers[500]);
}

#[test]
fn closing_lets_partial_batches_leave_at_once() {
    let requests = [at(0), at(0), at(0), at(8)];
    let report = Simulator::new(Policy::new(CONFIG)).unwrap().shutdown(7 * MS, 100 * MS);
    let report = report.run(&requests, |_| Outcome::Done(10 * MS));
    assert_eq!(starts(&report), [(7, 3)]);
    assert_eq!(report.answers[3], (8 * MS, Answer::Closed));
}

#[test]
fn a_configuration_that_does_not_fit_names_its_field() {
    let error = |config: BatchConfig| match DynamicBatcher::new(config, |items: Vec<u8>| items) {
        Err(error @ BatchError::Configuration { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let max = |max_batch_size| BatchConfig { max_batch_size, ..CONFIG };
    assert_eq!(error(max(0)), "max_batch_size: 0, it must be at least 1");
    assert_eq!(error(max(15)), "preferred_batch_size: 16, it must be at most max_batch_size");
    let config = BatchConfig { max_queue_size: 31, ..CONFIG };
    assert_eq!(error(config), "max_queue_size: 31, it must be at least max_batch_size");
    let config = BatchConfig { preferred_batch_size: 0, ..CONFIG };
    assert_eq!(error(config), "preferred_batch_size: 0, it must be at least 1");
    let builder = DynamicBatcher::<u8, u8>::builder(CONFIG);
    let error = builder.build_each(0, |_| |items: Vec<u8>| items).unwrap_err();
    assert_eq!(error.to_string(), "workers: 0, it must be at least 1");
    let builder = DynamicBatcher::<u8, u8>::builder(CONFIG).weight(0, |_| 1);
    assert_eq!(builder.build(|items| items).unwrap_err().to_string(), "max_weight: 0, it must be at least 1");
}

#[test]
fn the_same_load_gives_the_same_report() {
    let requests: Vec<Request> = (0..300).map(|i| with(at(i * 7 % 90), |r| r.key = i % 4)).collect();
    assert_eq!(run(Policy::new(CONFIG), &requests), run(Policy::new(CONFIG), &requests));
}
