//! Pipelines: overlap, order, bounds, and every way in which one may end.

#[path = "pipeline/ends.rs"]
mod ends;
mod threads;

use omnilane::cpu::{self, Isa, OptLevel, current_isa, with_isa};
use omnilane::parallel::*;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, PoisonError, RwLock, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;
use threads::{Census, Peak, panic_of, within_a_minute};

/// The level is the process's: the test that changes it waits for the others.
static LEVEL: RwLock<()> = RwLock::new(());

fn within<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let _level = LEVEL.read().unwrap_or_else(PoisonError::into_inner);
    within_a_minute(f)
}

fn same<T>() -> Stage<T, T> {
    Stage::serial(|v| v)
}

/// The earlier code sent each item through all stages before it took the next: here, nothing would ever move.
#[test]
fn stages_overlap_in_time() {
    let got = within(|| {
        let (second_began, wait_for_second) = mpsc::channel();
        let (first_began, wait_for_first) = mpsc::channel();
        let first = Stage::serial(move |i: u32| {
            let _ = first_began.send(i); // the other stage may have ended
            if i == 3 {
                // The second stage must work on an earlier item while this one is in the first.
                while wait_for_second.recv().unwrap() != 2 {}
            }
            i
        });
        let second = Stage::serial(move |i: u32| {
            let _ = second_began.send(i);
            if i == 2 {
                // And the first on a later one while this one is in the second.
                while wait_for_first.recv().unwrap() != 3 {}
            }
            i
        });
        PipelineExecutor::new(first, second).execute(0..10).unwrap()
    });
    assert_eq!(got, (0..10).collect::<Vec<_>>());
}

#[test]
fn three_stages_work_at_once() {
    within(|| {
        // Each stage waits, with an item of its own, until all three have one.
        let barrier = Arc::new(Barrier::new(3));
        let stage = |number: usize| {
            let barrier = Arc::clone(&barrier);
            Stage::serial(move |i: usize| {
                if i == 2 - number {
                    barrier.wait();
                }
                i
            })
        };
        let got = Pipeline3::new(stage(0), stage(1), stage(2)).execute(0..3).unwrap();
        assert_eq!(got, [0, 1, 2]);
    });
}

#[test]
fn workers_of_a_stage_work_at_once() {
    within(|| {
        let barrier = Barrier::new(4);
        let stage = Stage::parallel(4, move |i: usize| {
            barrier.wait();
            i
        });
        let got = PipelineExecutor::new(same(), stage.unwrap()).execute(0..40).unwrap();
        assert_eq!(got, (0..40).collect::<Vec<_>>());
        // In the first stage too, where they share the source.
        let barrier = Barrier::new(4);
        let stage = Stage::parallel(4, move |i: usize| {
            barrier.wait();
            i
        });
        let got = PipelineExecutor::new(stage.unwrap(), same()).execute(0..40).unwrap();
        assert_eq!(got, (0..40).collect::<Vec<_>>());
    });
}

/// A worker that takes longer for some items than others.
fn uneven(i: u64) -> u64 {
    for _ in 0..(i * 7919 % 13) * 40 {
        std::hint::spin_loop();
    }
    if i.is_multiple_of(17) {
        thread::yield_now();
    }
    i
}

#[test]
fn results_come_in_the_order_of_the_input() {
    within(|| {
        for workers in [1, 2, 5] {
            let stage = || Stage::parallel(workers, uneven).unwrap();
            for alive in [1, 2, 3, 64] {
                let got =
                    Pipeline3::new(stage(), stage(), stage()).items_alive(alive).unwrap().execute(0..500).unwrap();
                assert_eq!(got, (0..500).collect::<Vec<_>>(), "{workers} workers, {alive} alive");
            }
        }
    });
}

#[test]
fn a_serial_stage_sees_the_order_of_the_input() {
    within(|| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let see = Arc::clone(&seen);
        let record = Stage::serial(move |i: u64| see.lock().unwrap().push(i));
        let pipeline = PipelineExecutor::new(Stage::parallel(4, uneven).unwrap(), record);
        assert_eq!(pipeline.order(Order::Ready).execute(0..1000).unwrap().len(), 1000);
        assert_eq!(*seen.lock().unwrap(), (0..1000).collect::<Vec<_>>());
    });
}

#[test]
fn ready_results_do_not_wait_for_earlier_ones() {
    within(|| {
        let (release, hold) = mpsc::channel::<()>();
        let hold = Mutex::new(hold);
        let stage = Stage::parallel(2, move |i: u32| {
            if i == 0 {
                hold.lock().unwrap().recv().unwrap();
            }
            i
        });
        let pipeline = PipelineExecutor::new(same(), stage.unwrap()).order(Order::Ready);
        let mut output = pipeline.run(0..20).unwrap();
        let mut numbers = HashSet::new();
        // With the first item held, all others come; the number says which each is.
        for _ in 0..19 {
            let (number, value) = output.next_numbered().unwrap().unwrap();
            assert_eq!(number, u64::from(value));
            numbers.insert(number);
        }
        assert_eq!(numbers, (1..20).collect());
        release.send(()).unwrap();
        assert_eq!(output.next_numbered().unwrap().unwrap(), (0, 0));
        assert!(output.next().is_none() && output.next().is_none());
    });
}

/// An item that is counted while it exists.
struct Counted(Peak, u32);

impl Counted {
    fn new(peak: &Peak, i: u32) -> Self {
        peak.enter();
        Counted(peak.clone(), i)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[test]
fn no_more_items_are_alive_than_allowed() {
    within(|| {
        for (alive, workers) in [(1, 1), (1, 3), (2, 1), (5, 3), (100, 2)] {
            let peak = Peak::default();
            let source = {
                let peak = peak.clone();
                (0..400).map(move |i| Counted::new(&peak, i))
            };
            let stage = || Stage::parallel(workers, |v: Counted| v).unwrap();
            let pipeline = Pipeline3::new(stage(), same(), stage()).items_alive(alive).unwrap();
            let mut output = pipeline.run(source).unwrap();
            for i in 0..400 {
                // A slow consumer holds the source back.
                if i % 100 == 0 {
                    thread::sleep(Duration::from_millis(5));
                }
                assert_eq!(output.next().unwrap().unwrap().1, i);
            }
            assert!(output.next().is_none());
            // One more: what the consumer has just been given is no longer in the pipeline, but exists.
            assert!(peak.most() <= alive + 1, "{} alive, {alive} allowed", peak.most());
            assert_eq!(peak.now(), 0);
        }
        // The default: two for each worker.
        let peak = Peak::default();
        let source = {
            let peak = peak.clone();
            (0..100).map(move |i| Counted::new(&peak, i))
        };
        let mut output = PipelineExecutor::new(same(), same()).run(source).unwrap();
        thread::sleep(Duration::from_millis(50));
        assert!(peak.most() <= 4);
        assert_eq!(output.by_ref().count(), 100);
    });
}

#[test]
fn nothing_one_and_many_items() {
    within(|| {
        let pipeline = || Pipeline3::new(same(), Stage::parallel(3, |v: u64| v + 1).unwrap(), same());
        assert!(pipeline().execute([]).unwrap().is_empty());
        assert_eq!(pipeline().execute([6]).unwrap(), [7]);
        let mut sum = 0;
        for (i, v) in pipeline().items_alive(1000).unwrap().run(0..300_000).unwrap().enumerate() {
            let v = v.unwrap();
            assert_eq!(v, i as u64 + 1);
            sum += v;
        }
        assert_eq!(sum, 300_000 * 300_001 / 2);
        // Without threads of a stage there is nothing to run, and without a place nothing moves.
        assert!(matches!(Stage::parallel(0, |v: u8| v), Err(ParallelError::Workers)));
        assert!(matches!(Stage::try_parallel(0, Ok::<u8, BoxError>), Err(ParallelError::Workers)));
        assert!(matches!(pipeline().items_alive(0), Err(ParallelError::ItemsAlive)));
    });
}

/// The only worker of a pool consumes a pipeline whose stages need that worker.
#[test]
fn a_consumer_on_a_rayon_worker_lends_its_thread() {
    within(|| {
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());
        let stage = |pool: &Arc<rayon::ThreadPool>| {
            let pool = Arc::clone(pool);
            Stage::parallel(2, move |v: u64| pool.install(|| rayon::join(|| v, || 1)).0 + 1).unwrap()
        };
        let (first, second) = (stage(&pool), stage(&pool));
        let got = pool.install(|| PipelineExecutor::new(first, second).execute(0..200)).unwrap();
        assert_eq!(got, (2..202).collect::<Vec<_>>());
        // The same when it is dropped there.
        let (first, second) = (stage(&pool), stage(&pool));
        pool.install(|| {
            let mut output = PipelineExecutor::new(first, second).run(0..).unwrap();
            assert_eq!(output.next().unwrap().unwrap(), 2);
        });
    });
}

#[test]
fn pipelines_in_maps_and_maps_in_pipelines() {
    within(|| {
        for threads in [1, 2] {
            set_thread_count(threads).unwrap();
            let got = parallel_map_indexed(6, |i| {
                let stage = Stage::serial(|v: usize| parallel_map_indexed(50, |j| j * v).iter().sum::<usize>());
                let inner = Stage::serial(|v: usize| PipelineExecutor::new(same(), same()).execute([v, v]).unwrap()[0]);
                PipelineExecutor::new(stage, inner).execute(i..i + 20).unwrap()
            });
            for (i, got) in got.iter().enumerate() {
                assert_eq!(*got, (i..i + 20).map(|v| v * 1225).collect::<Vec<_>>());
            }
        }
        set_thread_count(0).unwrap();
    });
}

#[test]
fn a_forced_instruction_set_holds_in_the_stages() {
    within(|| {
        for isa in Isa::available() {
            let pipeline = PipelineExecutor::new(
                Stage::parallel(2, |_: u8| current_isa()).unwrap(),
                Stage::serial(|before| (before, current_isa())),
            );
            // Where it was started counts, not where the results are taken.
            let output = with_isa(isa, || pipeline.run(vec![0; 30])).unwrap().unwrap();
            let places: Vec<_> = output.map(Result::unwrap).collect();
            assert_eq!(places, [(isa, isa); 30]);
        }
    });
}

#[test]
fn below_the_parallel_level_everything_is_here() {
    let _level = LEVEL.write().unwrap_or_else(PoisonError::into_inner);
    for level in [OptLevel::None, OptLevel::Simd] {
        cpu::set_opt_level(level);
        let here = thread::current().id();
        let place = |v: u32| (v, thread::current().id());
        let pipeline = Pipeline3::new(Stage::parallel(3, place).unwrap(), same(), same());
        assert_eq!(pipeline.execute(0..50).unwrap(), (0..50).map(|v| (v, here)).collect::<Vec<_>>());
        let stage = Stage::try_serial(|v: u32| if v == 7 { Err("seven") } else { Ok(v) });
        let mut output = PipelineExecutor::new(same(), stage).run(0..9).unwrap();
        assert_eq!(output.by_ref().take(7).map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        let error = output.next().unwrap().unwrap_err();
        assert!(matches!(error, ParallelError::Stage { stage: 1, item: 7, .. }), "{error:?}");
        assert!(output.next().is_none());
        assert_eq!(output.report().stages[0].items, 8);
        let pipeline = PipelineExecutor::new(same(), Stage::serial(|_: u8| -> u8 { panic!("on purpose") }));
        assert_eq!(panic_of(|| pipeline.execute(0..9)), "on purpose");
    }
    cpu::set_opt_level(OptLevel::Full);
}

/// Who waits for whom, where one part is slow by far. The report is about time, so this test sleeps; how long is not
/// compared with anything outside the report.
#[test]
fn the_report_explains_a_slow_part() {
    within(|| {
        let slow_if = |slow: bool| {
            move |v: u32| {
                if slow {
                    thread::sleep(Duration::from_millis(4));
                }
                v
            }
        };
        let run = |at: usize| {
            let stage = |i: usize| Stage::serial(slow_if(at == i));
            let source = (0..40).map(slow_if(at == 8));
            let mut output = Pipeline3::new(stage(0), stage(1), stage(2)).run(source).unwrap();
            let consume = slow_if(at == 9);
            let mut results = 0;
            for v in output.by_ref() {
                consume(v.unwrap());
                results += 1;
            }
            assert_eq!(results, 40);
            output.report()
        };
        let report = run(1);
        println!("{report}");
        let [first, second, third] = &report.stages[..] else { panic!("three stages") };
        assert_eq!(report.bottleneck(), Bottleneck::Stage(1));
        assert!(second.busy > second.starved + second.blocked);
        assert!(first.blocked > first.busy + first.starved, "the first waits for room");
        assert!(third.starved > third.busy + third.blocked, "the third waits for items");
        assert!(report.stages.iter().all(|s| s.items == 40 && s.workers == 1));
        let text = report.to_string();
        assert!(text.contains("bottleneck: stage 1") && text.lines().count() == 7, "{text}");

        assert_eq!(run(0).bottleneck(), Bottleneck::Stage(0));
        let report = run(2);
        assert_eq!(report.bottleneck(), Bottleneck::Stage(2));
        assert!(report.stages[1].blocked > report.stages[1].starved, "the items are all below:\n{report}");
        let report = run(8);
        assert_eq!(report.bottleneck(), Bottleneck::Source);
        assert!(report.stages.iter().all(|s| s.starved > s.busy + s.blocked), "{report}");
        let report = run(9);
        assert_eq!(report.bottleneck(), Bottleneck::Consumer);
        assert!(report.stages[0].blocked > report.stages[0].starved, "{report}");
    });
}

#[test]
fn a_report_can_be_had_while_it_runs() {
    within(|| {
        let mut output = PipelineExecutor::new(same(), same()).run(0..).unwrap();
        for _ in 0..20 {
            output.next().unwrap().unwrap();
        }
        let report = output.report();
        assert!(report.stages[1].items >= 20 && report.stages[0].items >= report.stages[1].items);
        assert!(format!("{output:?}").contains("report"));
    });
}

#[test]
fn an_async_stream_feeds_it() {
    within(|| {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(2);
        let feeder = thread::spawn(move || {
            for i in 0..500u32 {
                sender.blocking_send(i).unwrap();
            }
        });
        let pipeline = PipelineExecutor::new(same(), Stage::parallel(2, |v: u32| v * 2).unwrap());
        let output = pipeline.run_stream(move |cx| receiver.poll_recv(cx)).unwrap();
        let got: Vec<u32> = output.map(Result::unwrap).collect();
        feeder.join().unwrap();
        assert_eq!(got, (0..500).map(|v| v * 2).collect::<Vec<_>>());
    });
}

/// A stream from which nothing comes keeps nobody from going.
#[test]
fn dropping_the_output_wakes_an_async_stream() {
    within(|| {
        let (census, polled) = (Census::default(), Arc::new(AtomicBool::new(false)));
        let poll = {
            let (census, polled) = (census.clone(), Arc::clone(&polled));
            move |_: &mut std::task::Context<'_>| {
                census.sign();
                polled.store(true, SeqCst);
                Poll::<Option<u8>>::Pending
            }
        };
        let output = PipelineExecutor::new(same(), same()).run_stream(poll).unwrap();
        while !polled.load(SeqCst) {
            thread::yield_now();
        }
        drop(output);
        assert_eq!(census.alive(), 0);
    });
}
