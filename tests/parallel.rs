//! Maps and row bands: the same results for every number of threads, and what must not go wrong.

#[path = "parallel/kernels.rs"]
mod kernels;
mod threads;

use omnilane::cpu::{self, Isa, OptLevel, current_isa, with_isa};
use omnilane::lanes::{Element, Num, STREAM_FROM};
use omnilane::memory::{Image, ImageView, ImageViewMut};
use omnilane::parallel::*;
use omnilane::verify;
use omnilane_kernels::*;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, Mutex, MutexGuard};
use std::thread;
use threads::{Census, Peak, panic_of, within_a_minute};

/// The number of threads is the process's: tests take turns.
static SETTING: Mutex<()> = Mutex::new(());

fn with_threads(n: usize) -> MutexGuard<'static, ()> {
    let guard = SETTING.lock().unwrap_or_else(|e| e.into_inner());
    cpu::set_opt_level(OptLevel::Full);
    set_thread_count(n).unwrap();
    guard
}

/// The earlier code kept its first pool: a later setting was ignored without a word.
#[test]
fn the_thread_count_can_be_set_at_any_time() {
    let _guard = with_threads(0);
    assert_eq!(optimal_thread_count(), thread::available_parallelism().unwrap().get());
    for n in [3, 1, 5, 2] {
        set_thread_count(n).unwrap();
        assert_eq!(optimal_thread_count(), n);
        // All of them at once, or none comes through.
        within_a_minute(move || {
            let barrier = Barrier::new(n);
            let items: Vec<usize> = (0..n).collect();
            type Map<'a> = &'a dyn Fn(&Census) -> Vec<usize>;
            let maps: [Map<'_>; 2] = [&|census| parallel_map(&items, |i| meet(&barrier, census, *i)), &|census| {
                parallel_unbalanced(&items, |i| meet(&barrier, census, *i))
            }];
            for map in maps {
                // The calling thread may be one of them, or not.
                let census = Census::default();
                assert_eq!(map(&census), items);
                assert_eq!(census.ever(), n);
            }
        });
    }
    fn meet(barrier: &Barrier, census: &Census, i: usize) -> usize {
        barrier.wait();
        census.sign();
        i
    }
}

#[test]
fn the_thread_count_can_be_set_inside_a_map() {
    let _guard = with_threads(2);
    let got = within_a_minute(|| {
        parallel_map_indexed(40, |i| {
            set_thread_count(1 + i % 4).unwrap();
            parallel_map_indexed(40, |j| i * j).iter().sum::<usize>()
        })
    });
    assert_eq!(got, (0..40).map(|i| i * 780).collect::<Vec<_>>());
}

#[test]
fn a_thread_count_that_cannot_be_is_refused() {
    let _guard = with_threads(3);
    let error = set_thread_count(usize::MAX).unwrap_err();
    assert!(matches!(error, ParallelError::TooManyThreads { requested: usize::MAX, .. }), "{error:?}");
    assert!(error.to_string().contains(&usize::MAX.to_string()), "{error}");
    assert_eq!(optimal_thread_count(), 3, "the setting stays");
}

#[test]
fn maps_keep_the_order_for_every_number_of_threads() {
    for threads in 1..=8 {
        let _guard = with_threads(threads);
        for n in [0, 1, 2, 3, 31, 32, 33, 127, 128, 129, 2000] {
            let items: Vec<u64> = (0..n).collect();
            let f = |v: &u64| v.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(7).to_string();
            let want: Vec<String> = items.iter().map(f).collect();
            assert_eq!(parallel_map(&items, f), want);
            assert_eq!(parallel_map_indexed(n as usize, |i| f(&(i as u64))), want);
            assert_eq!(parallel_unbalanced(&items, f), want);
            assert_eq!(parallel_preprocess_any(items.clone(), |v| f(&v)), want);
            for chunk in [None, Some(1), Some(2), Some(7), Some(64), Some(1_000_000), Some(usize::MAX)] {
                assert_eq!(parallel_map_chunked(&items, chunk, f).unwrap(), want, "{n} in chunks of {chunk:?}");
            }
        }
    }
}

#[test]
fn a_chunk_of_nothing_is_an_error() {
    let error = parallel_map_chunked(&[1, 2, 3], 0, |_| panic!("called")).map(|v: Vec<()>| v).unwrap_err();
    assert!(matches!(error, ParallelError::ChunkSize), "{error:?}");
    assert_eq!(error.to_string(), "chunk: 0 items, it must be at least 1");
    assert!(parallel_map_chunked(&[0u8; 0], 0, |v| *v).is_err(), "also where there is nothing to do");
}

#[test]
fn ten_million_tiny_items() {
    let _guard = with_threads(2);
    let items: Vec<u32> = (0..10_000_000).collect();
    let check = |got: Vec<u32>| assert!(got.len() == items.len() && got.iter().zip(&items).all(|(a, b)| *a == b ^ 5));
    check(parallel_map(&items, |v| v ^ 5));
    check(parallel_map_chunked(&items, 1000, |v| v ^ 5).unwrap());
    check(parallel_unbalanced(&items, |v| v ^ 5));
    // Elements without a size.
    assert_eq!(parallel_map(&items, |_| ()).len(), items.len());
}

#[test]
fn small_work_stays_on_the_calling_thread() {
    let _guard = with_threads(4);
    let here = thread::current().id();
    let place = |_: &u8| thread::current().id();
    assert_eq!(parallel_map(&[1], place), [here]);
    assert_eq!(parallel_unbalanced(&[1], place), [here]);
    assert_eq!(parallel_map_chunked(&[1; 50], 50, place).unwrap(), [here; 50]);
    assert_eq!(parallel_map(&[1; 64], place)[0], here, "the calling thread begins");
    set_thread_count(1).unwrap();
    assert_eq!(parallel_map(&[1; 500], place), [here; 500]);
    assert_eq!(parallel_unbalanced(&[1; 500], place), [here; 500]);
}

#[test]
fn below_the_parallel_level_there_is_one_thread() {
    let _guard = with_threads(4);
    let here = thread::current().id();
    for level in [OptLevel::None, OptLevel::Simd] {
        cpu::set_opt_level(level);
        assert_eq!(optimal_thread_count(), 1);
        assert_eq!(parallel_map_chunked(&[1; 50], 1, |_| thread::current().id()).unwrap(), [here; 50]);
        assert_eq!(parallel_unbalanced(&[1; 50], |_| thread::current().id()), [here; 50]);
        let mut image = Image::<u8, 1>::new(1000, 1000).unwrap();
        parallel_rows(&mut image.view_mut(), 1, |_, _| assert_eq!(thread::current().id(), here)).unwrap();
    }
    cpu::set_opt_level(OptLevel::Full);
    assert_eq!(optimal_thread_count(), 4);
}

#[test]
fn a_forced_instruction_set_holds_in_the_threads() {
    let _guard = with_threads(4);
    for isa in Isa::available() {
        let barrier = Barrier::new(4);
        let place = |_: &u8| {
            barrier.wait(); // four threads, so at least three others than this
            current_isa()
        };
        with_isa(isa, || {
            assert_eq!(parallel_map(&[0; 4], place), [isa; 4]);
            assert_eq!(parallel_map_chunked(&[0; 4], 1, place).unwrap(), [isa; 4]);
            assert_eq!(parallel_unbalanced(&[0; 4], place), [isa; 4]);
            assert_eq!(parallel_preprocess_any(vec![0; 4], |v| place(&v)), [isa; 4]);
            // A scope inside an item ends with it.
            let inner = parallel_map(&[0; 64], |_| with_isa(Isa::Scalar, current_isa).unwrap());
            assert_eq!(inner, [Isa::Scalar; 64]);
            let (mut image, census) = (Image::<u8, 1>::new(1000, 1000).unwrap(), Census::default());
            parallel_rows(&mut image.view_mut(), 1, |_, _| {
                census.sign();
                thread::sleep(std::time::Duration::from_millis(1)); // or it would stay on this thread
                assert_eq!(current_isa(), isa);
            })
            .unwrap();
            assert!(census.ever() > 1);
        })
        .unwrap();
        // And not longer than the map.
        let outside = current_isa();
        assert_eq!(parallel_map(&[0; 4], place), [outside; 4]);
    }
}

#[test]
fn a_panic_goes_on_in_the_caller_when_all_threads_have_stopped() {
    for threads in [1, 2, 4] {
        let _guard = with_threads(threads);
        let (at_work, items) = (Peak::default(), (0..300).collect::<Vec<u32>>());
        let f = |v: &u32| {
            at_work.enter();
            if v % 100 == 77 {
                at_work.leave();
                panic!("item on purpose");
            }
            thread::yield_now();
            at_work.leave();
            *v
        };
        let maps: [&dyn Fn() -> Vec<u32>; 5] = [
            &|| parallel_map(&items, f),
            &|| parallel_map_chunked(&items, 3, f).unwrap(),
            &|| parallel_unbalanced(&items, f),
            &|| parallel_preprocess_any(items.clone(), |v| f(&v)),
            &|| parallel_map_indexed(300, |i| f(&(i as u32))),
        ];
        for map in maps {
            assert_eq!(panic_of(map), "item on purpose");
            assert_eq!(at_work.now(), 0, "somebody still works");
        }
        // The threads are as good as before.
        assert_eq!(parallel_map(&items, |v| v + 1), (1..301).collect::<Vec<_>>());
    }
}

#[test]
fn results_of_a_map_that_panicked_are_dropped() {
    let _guard = with_threads(3);
    let alive = Peak::default();
    struct Counted(Peak);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.leave();
        }
    }
    let f = |i: usize| {
        assert_ne!(i, 900, "on purpose");
        alive.enter();
        Counted(alive.clone())
    };
    panic_of(|| parallel_map_indexed(1000, f));
    panic_of(|| parallel_unbalanced(&(0..1000).collect::<Vec<_>>(), |i| f(*i)));
    assert!(alive.most() > 0);
    assert_eq!(alive.now(), 0);
}

/// One thread everywhere: whoever blocks it blocks all.
#[test]
fn nested_use_does_not_deadlock() {
    for threads in [1, 2] {
        let _guard = with_threads(threads);
        let sum = within_a_minute(|| {
            let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let inner = |i: usize| -> usize {
                let nested =
                    parallel_map_indexed(20, |j| parallel_unbalanced(&[i, j], |k| k + 1).iter().sum::<usize>());
                nested.par_iter().sum::<usize>() + one.install(|| parallel_map_indexed(3, |k| k)).len()
            };
            one.install(|| parallel_map_indexed(40, inner).par_iter().sum::<usize>())
                + parallel_map_indexed(40, |i| one.install(|| inner(i))).iter().sum::<usize>()
        });
        let each = |i: usize| (0..20).map(|j| i + j + 2).sum::<usize>() + 3;
        assert_eq!(sum, 2 * (0..40).map(each).sum::<usize>());
    }
}

#[test]
fn bands_cover_every_row_once_and_start_on_steps() {
    for threads in 1..=8 {
        let _guard = with_threads(threads);
        for (width, height, step) in [
            (0, 0, 1),
            (7, 0, 2),
            (0, 7, 3),
            (5, 5, 1),
            (300, 401, 1),
            (300, 401, 16),
            (1, 70_001, 8),
            (100_000, 5, 2),
            (300, 400, 5000),
            (300, 400, usize::MAX),
        ] {
            let mut image = Image::<u16, 2>::new(width, height).unwrap();
            let rows_seen = AtomicUsize::new(0);
            parallel_rows(&mut image.view_mut(), step, |rows, band| {
                assert_eq!((rows.start % step, band.height(), band.width()), (0, rows.len(), width));
                rows_seen.fetch_add(rows.len(), SeqCst);
                for (y, row) in rows.zip(band.rows_mut()) {
                    row.iter_mut().for_each(|v| *v += (y % 60_000) as u16 + 1);
                }
            })
            .unwrap();
            assert_eq!(rows_seen.into_inner(), height);
            for (y, row) in image.view().rows().enumerate() {
                assert!(row.iter().all(|v| *v == (y % 60_000) as u16 + 1));
            }
        }
    }
}

#[test]
fn bands_refuse_what_cannot_be() {
    let _guard = with_threads(4);
    let (src, mut dst) = (Image::<u8, 1>::new(4, 5).unwrap(), Image::<u8, 1>::new(4, 6).unwrap());
    let error = parallel_rows(&mut dst.view_mut(), 0, |_, _| panic!("called")).unwrap_err();
    assert!(matches!(error, ParallelError::RowStep), "{error:?}");
    let error = parallel_zip_rows(src.view(), &mut dst.view_mut(), 1, |_, _| panic!("called")).unwrap_err();
    assert!(matches!(error, ParallelError::Rows { height: 6, expected: 5, .. }), "{error:?}");
    assert_eq!(error.to_string(), "dst: 6 rows, it must have 5, as src");
    let mut large = Image::<u8, 1>::new(2000, 2000).unwrap();
    let text =
        panic_of(|| parallel_rows(&mut large.view_mut(), 1, |rows, _| assert!(!rows.contains(&900), "on purpose")));
    assert_eq!(text, "on purpose");
}
