//! How a pipeline ends: errors, panics, an output that is dropped.

use super::*;

/// Signs the census in every closure.
fn signing<T>(census: &Census) -> impl Fn(T) -> T + Clone + use<T> {
    let census = census.clone();
    move |v| {
        census.sign();
        v
    }
}

#[test]
fn the_first_error_ends_it_with_stage_and_item() {
    within(|| {
        for order in [Order::Input, Order::Ready] {
            for failing in 0..3 {
                let (census, peak, entered) = (Census::default(), Peak::default(), Arc::new(AtomicUsize::new(0)));
                let stage = |number: usize| {
                    let sign = signing(&census);
                    Stage::try_parallel(2, move |v: Counted| {
                        let v = sign(v);
                        if number == failing && v.1 == 40 { Err(format!("no {}", v.1)) } else { Ok(v) }
                    })
                    .unwrap()
                };
                let source = {
                    let (peak, entered) = (peak.clone(), Arc::clone(&entered));
                    (0..u32::MAX).map(move |i| {
                        entered.fetch_add(1, SeqCst);
                        Counted::new(&peak, i)
                    })
                };
                let pipeline = Pipeline3::new(stage(0), stage(1), stage(2)).order(order);
                let mut output = pipeline.run(source).unwrap();
                let error = loop {
                    match output.next().expect("the error comes before the end") {
                        Ok(v) => assert!(order == Order::Ready || v.1 < 40),
                        Err(e) => break e,
                    }
                };
                assert_eq!(error.to_string(), format!("stage {failing}, item 40 (both counted from 0): no 40"));
                let ParallelError::Stage { stage, item, .. } = error else { panic!("{error:?}") };
                assert_eq!((stage, item), (failing, 40));
                // With the error everything has ended: threads, items, source.
                assert_eq!((census.alive(), peak.now()), (0, 0));
                // Ready results may overtake the failing item, so many of them as come before it.
                let entered = entered.load(SeqCst);
                assert!(order == Order::Ready || entered <= 40 + 12 + 1, "{entered} items entered");
                assert!(output.next().is_none() && output.next().is_none());
            }
        }
    });
}

#[test]
fn execute_gives_the_error() {
    within(|| {
        let pipeline =
            PipelineExecutor::new(same(), Stage::try_serial(|v: u8| if v == 9 { Err("nine") } else { Ok(v) }));
        let error = pipeline.execute(0..20).unwrap_err();
        assert!(matches!(error, ParallelError::Stage { stage: 1, item: 9, .. }), "{error:?}");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "nine");
    });
}

#[test]
fn a_panic_goes_on_when_all_threads_have_ended() {
    within(|| {
        for place in 0..4 {
            let (census, peak) = (Census::default(), Peak::default());
            let stage = |number: usize| {
                let sign = signing(&census);
                Stage::parallel(2, move |v: Counted| {
                    let v = sign(v);
                    assert!(number != place || v.1 != 40, "on purpose");
                    v
                })
                .unwrap()
            };
            let source = {
                let peak = peak.clone();
                (0..u32::MAX).map(move |i| {
                    assert!(place != 3 || i != 40, "on purpose");
                    Counted::new(&peak, i)
                })
            };
            let mut output = Pipeline3::new(stage(0), stage(1), stage(2)).run(source).unwrap();
            let text = panic_of(|| while output.next().is_some_and(|v| v.is_ok()) {});
            assert_eq!(text, "on purpose");
            assert_eq!((census.alive(), peak.now()), (0, 0), "the panic in {place}");
            assert!(output.next().is_none(), "it has ended");
        }
    });
}

/// An item whose drop panics is a panic of the pipeline; nobody hangs.
#[test]
fn a_panic_in_a_drop_is_no_deadlock() {
    struct Explosive(u32);
    impl Drop for Explosive {
        fn drop(&mut self) {
            assert!(self.0 != 5 || thread::panicking(), "dropped on purpose");
        }
    }
    within(|| {
        let pipeline = PipelineExecutor::new(Stage::serial(Explosive), Stage::serial(|v: Explosive| v.0));
        assert_eq!(panic_of(|| pipeline.execute(0..100)), "dropped on purpose");
    });
}

#[test]
fn dropping_the_output_stops_and_joins() {
    within(|| {
        for taken in [0, 1, 50] {
            for workers in [1, 3] {
                let (census, peak) = (Census::default(), Peak::default());
                let source = {
                    let peak = peak.clone();
                    (0..).map(move |i| Counted::new(&peak, i))
                };
                let stage = || Stage::parallel(workers, signing(&census)).unwrap();
                let mut output = Pipeline3::new(stage(), stage(), stage()).run(source).unwrap();
                for i in 0..taken {
                    assert_eq!(output.next().unwrap().unwrap().1, i);
                }
                drop(output);
                assert_eq!((census.alive(), peak.now()), (0, 0));
                assert!(taken == 0 || census.ever() >= 3);
            }
        }
    });
}

/// A panic while the pipeline is stopped is not swallowed.
#[test]
fn dropping_the_output_tells_of_a_panic() {
    within(|| {
        let (began, wait) = mpsc::channel();
        let stage = Stage::serial(move |_: u8| -> u8 {
            began.send(()).unwrap();
            panic!("on purpose")
        });
        let output = PipelineExecutor::new(same(), stage).run(0..9).unwrap();
        wait.recv().unwrap();
        assert_eq!(panic_of(move || drop(output)), "on purpose");
    });
}
