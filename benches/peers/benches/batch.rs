//! Batchers with a processor that does nothing: what a request costs, and what it waits; then how late timers are.
//!
//! `cargo bench -p omnilane-peers --bench batch`. The first two are omnilane's, whose batches callers run, or a worker. All
//! of a row in one run, the rounds of the batchers in turn. Submitters are tokio tasks on two threads, then on one; each sends
//! its next request when it has the answer to the last one.

use batch_aint_one::{Batcher, BatchingPolicy, Limits, Processor};
use omnilane::batch::{BatchConfig, BatchError, DynamicBatcher, ItemOptions};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

const MAX: usize = 64;
const ROUNDS: usize = 7;

type Answer = Pin<Box<dyn Future<Output = u64> + Send>>;
type Submit = Arc<dyn Fn(u64) -> Answer + Send + Sync>;

fn omnilane(on_callers: bool) -> Submit {
    let config = BatchConfig { max_batch_size: MAX, max_wait_ms: 0, max_queue_size: 1000, preferred_batch_size: 1 };
    let builder = DynamicBatcher::builder(config);
    let builder = if on_callers { builder.on_callers() } else { builder };
    let batcher = builder.build(|items: Vec<u64>| items).expect("a valid configuration");
    Arc::new(move |v| {
        let pending = batcher.add(v).expect("a place");
        Box::pin(async move { pending.await.expect("a result") })
    })
}

#[derive(Clone, Debug)]
struct Nothing;

impl Processor for Nothing {
    type Key = ();
    type Input = u64;
    type Output = u64;
    type Error = String;
    type Resources = ();

    async fn acquire_resources(&self, _: ()) -> Result<(), String> {
        Ok(())
    }

    async fn process(&self, _: (), inputs: impl Iterator<Item = u64> + Send, _: ()) -> Result<Vec<u64>, String> {
        Ok(inputs.collect())
    }
}

fn batch_aint_one(runtime: &Runtime) -> Submit {
    let _inside = runtime.enter();
    let limits = Limits::builder().max_batch_size(MAX).max_key_concurrency(1).build();
    let batcher = Batcher::builder().name("nothing").processor(Nothing).limits(limits);
    let batcher = Arc::new(batcher.batching_policy(BatchingPolicy::Immediate).build());
    Arc::new(move |v| {
        let batcher = Arc::clone(&batcher);
        Box::pin(async move { batcher.add((), v).await.expect("a result") })
    })
}

struct Reply;

impl amate::Batching for Reply {
    type Item = (u64, oneshot::Sender<u64>);

    fn weight(&self, _: &Self::Item) -> usize {
        1
    }

    fn window(&self) -> Duration {
        Duration::ZERO
    }

    fn run(&self, batch: Vec<amate::Queued<Self::Item>>) {
        for queued in batch {
            let (v, reply) = queued.item;
            let _ = reply.send(v);
        }
    }
}

fn amate() -> Submit {
    let config = amate::Config { max_batch: MAX, workers: 1, capacity: Some(1000), waits_unannounced: false };
    let engine = Arc::new(amate::Engine::start(Reply, config, |i| format!("amate-{i}")));
    Arc::new(move |v| {
        let (reply, answer) = oneshot::channel();
        assert!(engine.submit(None, (v, reply)).is_ok(), "a place");
        Box::pin(async move { answer.await.expect("a result") })
    })
}

fn batched_fn() -> Submit {
    async fn submit(v: u64) -> u64 {
        let nothing = batched_fn::batched_fn! {
            handler = |batch: Vec<u64>| -> Vec<u64> { batch };
            config = { max_batch_size: MAX, max_delay: 0, channel_cap: Some(1000) };
            context = {};
        };
        nothing(v).await.expect("a result")
    }
    Arc::new(|v| Box::pin(submit(v)))
}

/// Nanoseconds for a request, and median and 99th percentile of the time to its answer in microseconds.
fn round(runtime: &Runtime, submit: &Submit, submitters: u64, each: u64) -> [f64; 3] {
    let start = Instant::now();
    let tasks: Vec<_> = (0..submitters)
        .map(|task| {
            let submit = Arc::clone(submit);
            runtime.spawn(async move {
                let mut times = Vec::with_capacity(each as usize);
                for i in 0..each {
                    let v = task * each + i;
                    let start = Instant::now();
                    assert_eq!(submit(v).await, v);
                    times.push(start.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times: Vec<Duration> = Vec::new();
    for task in tasks {
        times.extend(runtime.block_on(task).expect("the task ends"));
    }
    let ns = start.elapsed().as_nanos() as f64 / (submitters * each) as f64;
    [ns, percentile(&mut times, 0.5), percentile(&mut times, 0.99)]
}

/// In microseconds.
fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    times[((share * times.len() as f64).ceil() as usize).clamp(1, times.len()) - 1].as_nanos() as f64 / 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare() {
    for threads in [2, 1] {
        compare_on(threads);
    }
}

fn compare_on(threads: usize) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().expect("a runtime");
    let batchers = [
        ("on callers", omnilane(true)),
        ("on a worker", omnilane(false)),
        ("batch-aint-one", batch_aint_one(&runtime)),
        ("amate", amate()),
        ("batched-fn", batched_fn()),
    ];
    println!("threads of the runtime: {threads}");
    println!(
        "{:<11} {:<15} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "submitters", "batcher", "ns/request", "of ours", "p50 us", "of ours", "p99 us", "of ours"
    );
    for submitters in [1, 8, 64] {
        let each = 24_000 / submitters;
        let mut rounds = vec![[const { Vec::new() }; 3]; batchers.len()];
        for _ in 0..ROUNDS {
            for ((_, submit), times) in batchers.iter().zip(&mut rounds) {
                for (times, time) in times.iter_mut().zip(round(&runtime, submit, submitters, each)) {
                    times.push(time);
                }
            }
        }
        let medians: Vec<[f64; 3]> = rounds.into_iter().map(|times| times.map(median)).collect();
        let ours = medians[0];
        for ((name, _), [ns, p50, p99]) in batchers.iter().zip(&medians) {
            let name = name.replace(' ', "_");
            print!("{submitters:<11} {name:<15} {ns:>11.0} {:>8.2}x ", ns / ours[0]);
            println!("{p50:>9.1} {:>8.2}x {p99:>9.1} {:>8.2}x", p50 / ours[1], p99 / ours[2]);
        }
        let better = medians[2..].iter().all(|[ns, _, p99]| *ns > ours[0] && *p99 > ours[2]);
        println!("{submitters:<11} better than each in both: {}\n", if better { "yes" } else { "NO" });
    }
}

/// How late a batch leaves that waits for `max_wait`, and how late a deadline is seen to, on an idle machine.
fn timers() {
    println!("{:<34} {:>9} {:>9}   bar: 200 us at the median", "late by, us", "median", "p99");
    for wait in [200, 1000, 5000] {
        let wait = Duration::from_micros(wait);
        let (sent, started) = mpsc::channel();
        let batcher = DynamicBatcher::builder(BatchConfig::default()).max_wait(wait).build(move |items: Vec<u64>| {
            let _ = sent.send(Instant::now());
            items
        });
        let batcher = batcher.expect("a valid configuration");
        let mut late: Vec<Duration> = (0..200)
            .map(|v| {
                std::thread::sleep(Duration::from_millis(1));
                let due = Instant::now() + wait;
                batcher.submit_blocking(v).expect("a result");
                started.recv().expect("a batch").saturating_duration_since(due)
            })
            .collect();
        let [p50, p99] = [0.5, 0.99].map(|share| percentile(&mut late, share));
        println!("{:<34} {p50:>9.1} {p99:>9.1}", format!("max_wait of {wait:?}"));
    }
    let (open, door) = mpsc::channel::<()>();
    let (sent, started) = mpsc::channel();
    let config = BatchConfig { max_wait_ms: 0, preferred_batch_size: 1, ..BatchConfig::default() };
    let batcher = DynamicBatcher::new(config, move |items: Vec<u64>| {
        let _ = sent.send(());
        let _ = door.recv();
        items
    });
    let batcher = batcher.expect("a valid configuration");
    let busy = batcher.add(0).expect("a place");
    // Not before: the worker would take the first of those that are to expire along.
    started.recv().expect("a batch");
    let mut late: Vec<Duration> = (0..200)
        .map(|v| {
            let time = Duration::from_millis(2);
            let options = ItemOptions { deadline: Some(time), ..ItemOptions::default() };
            let due = Instant::now() + time;
            assert_eq!(batcher.submit_blocking_with(v, options), Err(BatchError::Timeout));
            due.elapsed()
        })
        .collect();
    let [p50, p99] = [0.5, 0.99].map(|share| percentile(&mut late, share));
    println!("{:<34} {p50:>9.1} {p99:>9.1}   bar: 2000 us", "deadline, worker busy");
    drop(open);
    let _ = busy.wait();
}

/// CPU time that the process takes while batchers have nothing to do.
fn idle() {
    let batchers: Vec<_> = (0..50)
        .map(|_| {
            let batcher =
                DynamicBatcher::new(BatchConfig::default(), |items: Vec<u64>| items).expect("a valid configuration");
            let _ = batcher.submit_blocking(1);
            batcher
        })
        .collect();
    let Some(before) = cpu_ticks() else {
        println!("idle CPU: not measured, it is read from /proc");
        return;
    };
    std::thread::sleep(Duration::from_secs(3));
    let ticks = cpu_ticks().unwrap_or_default() - before;
    println!("idle: {} batchers took {ticks} of 300 ticks of CPU time in 3 s", batchers.len());
}

/// User and system time of this process in clock ticks (a hundredth of a second).
fn cpu_ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

fn main() {
    // A part by its name; all of them without one.
    let only: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, part) in [("compare", compare as fn()), ("timers", timers), ("idle", idle)] {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            part();
        }
    }
}
