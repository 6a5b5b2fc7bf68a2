//! Pools: what they hand out, what they keep, what they refuse, and what nobody ever sees.

use omnilane::lanes::Element;
use omnilane::memory::{BufferPool, GlobalPools, PoolError, PooledBuffer, scratch, scratch_pool};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence::WithSource;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

const KB: usize = 1 << 10;
const MB: usize = 1 << 20;

fn pool(classes: &[usize]) -> BufferPool<u8> {
    classes.iter().fold(BufferPool::builder(), |b, len| b.class(*len)).track_leaks(false).build().unwrap()
}

#[test]
fn the_smallest_class_that_has_room() {
    let pool = pool(&[4096, 64, 1024]);
    for (n, class) in [(0, 64), (1, 64), (64, 64), (65, 1024), (1024, 1024), (1025, 4096), (4096, 4096)] {
        let buffer = pool.get(n).unwrap();
        assert_eq!((buffer.len(), buffer.capacity()), (n, class));
    }
    assert_eq!(pool.stats().oversize, 0);
    let buffer = pool.get(4097).unwrap();
    assert_eq!((buffer.len(), buffer.capacity()), (4097, 4097));
    assert_eq!((pool.stats().oversize, pool.stats().outstanding), (1, 1));
    let kept = pool.stats().retained_bytes;
    drop(buffer);
    assert_eq!((pool.stats().retained_bytes, pool.stats().outstanding), (kept, 0), "it is freed");
}

#[test]
fn buffers_are_aligned() {
    fn check<T: Element>() {
        let pool = BufferPool::<T>::builder().class(7).class(1000).class(MB).build().unwrap();
        for _ in 0..2 {
            for (n, align) in [(1, 64), (8, 64), (1001, 4096), (MB + 1, 4096)] {
                let buffer = pool.get(n).unwrap();
                let align = if buffer.capacity() * size_of::<T>() >= MB { align } else { 64 };
                assert_eq!(buffer.as_ptr().addr() % align, 0);
                assert_eq!(buffer.into_inner().as_ptr().addr() % align, 0);
                assert_eq!(pool.get_uninit(n).unwrap().as_ptr().addr() % align, 0);
            }
        }
    }
    check::<u8>();
    check::<u16>();
    check::<f32>();
    check::<f64>();
}

#[test]
fn old_bytes_are_never_seen() {
    let pool = pool(&[256, 4096]);
    for n in [1, 100, 256, 257, 4096, 5000] {
        pool.get(n).unwrap().fill(0xab);
        assert!(pool.get(n).unwrap().iter().all(|v| *v == 0), "{n} zeros");
        pool.get(n).unwrap().fill(0xab);
        assert!(pool.get_copy(&vec![7; n]).unwrap().iter().all(|v| *v == 7));
        assert!(pool.get_uninit(n).unwrap().fill(8).iter().all(|v| *v == 8));
        assert!(pool.get_uninit(n).unwrap().fill_with(|i| i as u8).iter().enumerate().all(|(i, v)| *v == i as u8));
    }
    // Nor by making a short one longer, in its class or beyond it.
    pool.get(256).unwrap().fill(0xab);
    let mut buffer = pool.get(10).unwrap();
    buffer.fill(1);
    for n in [200, 256, 300, 4096, 6000] {
        let before = buffer.len();
        buffer.resize(n).unwrap();
        assert!(buffer[..before].iter().all(|v| *v <= 1) && buffer[before..].iter().all(|v| *v == 0));
    }
    buffer.resize(3).unwrap();
    buffer.resize(6).unwrap();
    assert_eq!(*buffer, [1, 1, 1, 0, 0, 0]);
    let image = {
        pool.get(4096).unwrap().fill(0xab);
        pool.get_image::<3>(20, 30).unwrap()
    };
    assert!(image.view().rows().flatten().all(|v| *v == 0));
    let short = pool.get_uninit(5).unwrap().copy_from_slice(&[0; 4]).unwrap_err();
    assert_eq!(short, PoolError::LengthMismatch { got: 4, needed: 5 });
}

#[test]
fn buffers_come_back() {
    let pool = pool(&[KB]);
    let address = pool.get(KB).unwrap().as_ptr().addr();
    assert_eq!(pool.get(5).unwrap().as_ptr().addr(), address, "on drop");
    catch_unwind(AssertUnwindSafe(|| {
        let _buffer = pool.get(9).unwrap();
        panic!("on purpose");
    }))
    .unwrap_err();
    assert_eq!(pool.get(5).unwrap().as_ptr().addr(), address, "on unwind");
    let buffer = pool.get(5).unwrap();
    thread::spawn(move || assert_eq!(buffer.len(), 5)).join().unwrap();
    assert_eq!(pool.get(5).unwrap().as_ptr().addr(), address, "from another thread");
    drop(pool.get_uninit(5).unwrap());
    assert_eq!(pool.get(5).unwrap().as_ptr().addr(), address, "before it is written");
    let stats = pool.stats();
    assert_eq!((stats.hits, stats.misses, stats.outstanding, stats.retained), (7, 1, 0, 1));

    let detached = pool.get(5).unwrap().into_inner();
    assert_eq!((&*detached, pool.stats().outstanding, pool.stats().retained), (&[0u8; 5][..], 0, 0));
    drop(detached);
    assert_eq!(pool.stats().retained, 0, "into_inner detaches");
}

#[test]
fn handles_are_owned() {
    fn owned<T: Send + Sync + 'static>(_: &T) {}
    let pool = BufferPool::<f32>::builder().class(16).track_leaks(false).build().unwrap();
    let mut buffer = pool.get(16).unwrap();
    let uninit = pool.get_uninit(16).unwrap();
    owned(&pool);
    owned(&buffer);
    owned(&uninit);
    owned(&pool.get_image::<1>(1, 1).unwrap());
    drop(pool);
    buffer[15] = 2.0;
    assert_eq!(buffer[15], 2.0, "it outlives the pool");
    thread::spawn(move || drop((buffer, uninit))).join().unwrap();
}

#[test]
fn the_maximum_is_kept_after_a_burst() {
    let pool = BufferPool::<u8>::builder().class(KB).class_limited(4 * KB, 8 * KB).max_retained_bytes(16 * KB);
    let pool = pool.track_leaks(false).build().unwrap();
    let burst: Vec<_> = (0..100).map(|i| pool.get(if i % 2 == 0 { KB } else { 4 * KB }).unwrap()).collect();
    assert_eq!((pool.stats().outstanding, pool.stats().high_water, pool.stats().retained_bytes), (100, 100, 0));
    drop(burst);
    let (stats, classes) = (pool.stats(), pool.class_stats());
    assert!(stats.retained_bytes <= 16 * KB && stats.retained_bytes > 12 * KB, "{stats:?}");
    assert!(classes[1].retained_bytes <= 8 * KB, "{classes:?}");
    assert_eq!(stats.dropped + stats.retained, 100);
    assert_eq!((classes[0].high_water, classes[1].high_water), (50, 50));

    // From many threads too.
    let burst: Vec<_> = (0..64).map(|_| pool.get(KB).unwrap()).collect();
    thread::scope(|s| {
        for buffer in burst {
            s.spawn(move || drop(buffer));
        }
    });
    assert!(pool.stats().retained_bytes <= 16 * KB, "{:?}", pool.stats());
    pool.trim();
    assert_eq!((pool.stats().retained, pool.stats().retained_bytes), (0, 0));
    drop(pool.get(KB).unwrap());
    assert_eq!(pool.stats().retained_bytes, KB, "it goes on after a trim");
}

#[test]
fn a_pool_that_may_keep_one_buffer_reuses_it_across_threads() {
    let pool = BufferPool::<u8>::builder().class(KB).max_retained_bytes(KB).track_leaks(false).build().unwrap();
    let (send, receive) = mpsc::channel::<PooledBuffer<u8>>();
    let (done, wait) = mpsc::channel();
    let other = thread::spawn(move || {
        for buffer in receive {
            drop(buffer);
            done.send(()).unwrap();
        }
    });
    for _ in 0..100 {
        send.send(pool.get(KB).unwrap()).unwrap();
        wait.recv().unwrap();
    }
    drop(send);
    other.join().unwrap();
    assert_eq!((pool.stats().misses, pool.stats().dropped), (1, 0), "{:?}", pool.stats());
    // Two classes that fit one at a time: the budget moves from one to the other.
    let pool = BufferPool::<u8>::builder().class(KB).class(2 * KB).max_retained_bytes(2 * KB).build().unwrap();
    let small = pool.get(KB).unwrap();
    drop(small);
    let (small, large) = (pool.get(KB).unwrap(), pool.get(2 * KB).unwrap());
    drop(large);
    assert_eq!((pool.stats().retained_bytes, pool.stats().dropped), (2 * KB, 0));
    drop(small);
    assert_eq!((pool.stats().retained_bytes, pool.stats().dropped), (2 * KB, 1));
}

#[test]
fn a_buffer_that_grew_is_dropped() {
    let pool = pool(&[KB]);
    let mut buffer = pool.get(KB).unwrap();
    buffer.fill(3);
    buffer.resize(KB + 1).unwrap();
    assert_eq!((buffer.len(), buffer.capacity(), buffer[KB - 1], buffer[KB]), (KB + 1, KB + 1, 3, 0));
    assert_eq!((pool.stats().retained, pool.stats().oversize), (1, 1), "what it had is back");
    drop(buffer);
    assert_eq!((pool.stats().retained_bytes, pool.stats().outstanding), (KB, 0));
}

#[test]
fn a_strict_pool_refuses_and_never_blocks() {
    let pool = BufferPool::<f32>::builder().class_limited(256, 2 * KB).class(1024).max_retained_bytes(8 * KB);
    let pool = pool.strict(true).track_leaks(false).build().unwrap();
    let held = [pool.get(1).unwrap(), pool.get(256).unwrap()];
    let full = PoolError::PoolExhausted { requested: 200, limit: 2 * KB };
    assert_eq!(pool.get(200).unwrap_err(), full);
    let text = full.to_string();
    assert!(text.contains("200") && text.contains("2048"), "{text}");
    let large = pool.get(1024).unwrap();
    assert_eq!(pool.get(1024).unwrap_err(), PoolError::PoolExhausted { requested: 1024, limit: 8 * KB });
    // Larger than every class, and than what is left.
    assert_eq!(pool.get(1025).unwrap_err(), PoolError::PoolExhausted { requested: 1025, limit: 8 * KB });
    drop(large);
    // What another class keeps makes room.
    assert_eq!(pool.stats().retained_bytes, 4 * KB);
    let oversize = pool.get(1500).unwrap();
    assert_eq!(pool.stats().retained_bytes, 0);
    drop((oversize, held));
    // One that waits in another thread's place is found.
    let pool = BufferPool::<u8>::builder().class_limited(64, 64).strict(true).build().unwrap();
    let buffer = pool.get(64).unwrap();
    thread::spawn(move || drop(buffer)).join().unwrap();
    assert!(pool.get(64).is_ok());
    assert_eq!((pool.stats().misses, pool.stats().hits), (1, 1));
}

#[test]
fn bad_classes_are_refused() {
    let build = |classes: &[usize]| BufferPool::<u32>::new(classes).unwrap_err();
    assert_eq!(build(&[]), PoolError::NoClass);
    assert_eq!(build(&[4, 0]), PoolError::BadClass { len: 0 });
    assert_eq!(build(&[4, 8, 4]), PoolError::BadClass { len: 4 });
    assert_eq!(build(&[usize::MAX / 4]), PoolError::BadClass { len: usize::MAX / 4 });
    assert_eq!(build(&[usize::MAX]), PoolError::BadClass { len: usize::MAX });
    let many: Vec<_> = (1..40).collect();
    assert_eq!(build(&many), PoolError::TooManyClasses { got: 39, max: 32 });
    let pool = BufferPool::<u32>::new(&[4]).unwrap();
    for n in [usize::MAX, usize::MAX / 4, isize::MAX as usize / 4] {
        assert_eq!(pool.get(n).unwrap_err(), PoolError::OutOfMemory { elements: n, element_size: 4 });
    }
    assert!(pool.get_image::<4>(usize::MAX, 1).is_err() && pool.get_image::<4>(1 << 40, 1 << 40).is_err());
    assert_eq!(pool.stats().outstanding, 0, "what was refused is not counted");
}

#[test]
fn leaks_are_named() {
    let pool = BufferPool::<u8>::builder().class(KB).track_leaks(true).build().unwrap();
    let (a, b) = (pool.get(1).unwrap(), pool.get_copy(&[1, 2]).unwrap());
    let lines = [line!() - 1; 2];
    let report = pool.leak_report();
    assert_eq!(report.outstanding.iter().map(|o| o.taken_at.line()).collect::<Vec<_>>(), lines);
    assert!(report.outstanding.iter().all(|o| o.bytes == KB && o.taken_at.file().ends_with("pool.rs")));
    let text = report.to_string();
    assert!(text.contains("2 buffers") && text.contains("1024 bytes, taken at"), "{text}");
    drop(a);
    assert_eq!(pool.leak_report().outstanding.len(), 1);
    drop(b.into_inner());
    assert_eq!(pool.leak_report().outstanding, []);
    // Not `forget`: the leak sanitizer would name it, too.
    let forgotten = std::mem::ManuallyDrop::new(pool.get(1).unwrap());
    assert_eq!(pool.leak_report().outstanding.len(), 1, "a forgotten one stays");
    drop(std::mem::ManuallyDrop::into_inner(forgotten));
    assert_eq!(pool.leak_report().outstanding, []);
}

#[test]
fn global_pools_and_the_threads_own() {
    for (n, class) in [(1, KB), (KB, KB), (KB + 1, 64 * KB), (64 * KB, 64 * KB), (MB, MB), (MB + 1, MB + 1)] {
        assert_eq!(GlobalPools::get::<u8>(n).unwrap().capacity(), class);
    }
    assert_eq!(GlobalPools::get::<f64>(200).unwrap().capacity(), 8 * KB, "in elements");
    let pools = [GlobalPools::small(), GlobalPools::medium(), GlobalPools::large()];
    assert_eq!(pools.map(|p| p.class_stats()[0].len), [KB, 64 * KB, MB]);
    assert_eq!(GlobalPools::large().stats().oversize, 1);
    GlobalPools::trim();
    assert!(pools.iter().all(|p| p.stats().retained == 0));

    let address = scratch::<f32>(100).unwrap().as_ptr().addr();
    assert_eq!(scratch::<i16>(300).unwrap().as_ptr().addr(), address, "one pool for every element");
    let pool = scratch_pool::<u8>();
    let (hits, buffer) = (pool.stats().hits, scratch::<u8>(5).unwrap());
    thread::spawn(move || {
        assert_ne!(scratch::<u8>(5).unwrap().as_ptr().addr(), address, "another thread has another");
        drop(buffer);
    })
    .join()
    .unwrap();
    assert_eq!(pool.stats().hits, hits + 1);
    assert_eq!(scratch::<u8>(5).unwrap().as_ptr().addr(), address, "and gives back what it was sent");
    // A buffer outlives the thread whose pool it came from.
    assert_eq!(*thread::spawn(|| scratch::<u8>(3).unwrap()).join().unwrap(), [0; 3]);
}

#[test]
fn threads_share_without_mixing() {
    let pool = BufferPool::<u64>::builder().class(64).class(512).max_retained_bytes(40 * KB).build().unwrap();
    let (send, receive) = mpsc::channel::<(u64, PooledBuffer<u64>)>();
    thread::scope(|s| {
        for t in 0..4u64 {
            let (pool, send) = (&pool, send.clone());
            s.spawn(move || {
                for i in 0..2000 {
                    let n = 1 + (i * 37 + t * 11) % 512;
                    let mut buffer = pool.get(n as usize).unwrap();
                    assert!(buffer.iter().all(|v| *v == 0));
                    buffer.fill(t << 32 | i);
                    if i % 3 == 0 {
                        send.send((t << 32 | i, buffer)).unwrap();
                    } else if i % 501 == 1 {
                        pool.trim();
                    }
                }
            });
        }
        drop(send);
        for (mark, buffer) in receive {
            assert!(buffer.iter().all(|v| *v == mark), "nobody else wrote to it");
        }
    });
    let stats = pool.stats();
    assert_eq!((stats.hits + stats.misses, stats.outstanding), (8000, 0));
    assert!(stats.retained_bytes <= 40 * KB, "{stats:?}");
}

#[derive(Clone, Debug)]
enum Step {
    Get(usize),
    Drop(usize),
    Resize(usize, usize),
    Detach(usize),
    Trim,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..600usize).prop_map(Step::Get),
        6 => any::<usize>().prop_map(Step::Drop),
        2 => (any::<usize>(), 0..600usize).prop_map(|(i, n)| Step::Resize(i, n)),
        1 => any::<usize>().prop_map(Step::Detach),
        1 => Just(Step::Trim),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_failure_persistence(WithSource("regressions")))]

    /// Against a plain model: contents, counts, and both limits after every step; strict pools never have more than that out.
    #[test]
    fn the_book_is_right(
        steps in prop::collection::vec(step(), 1..120),
        limits in prop::array::uniform2(0..2000usize),
        total in 0..3000usize,
        strict: bool,
    ) {
        const LENS: [usize; 2] = [100, 500];
        let builder = BufferPool::<u16>::builder().class_limited(100, limits[0]).class_limited(500, limits[1]);
        let pool = builder.max_retained_bytes(total).strict(strict).track_leaks(true).build().unwrap();
        let mut live: Vec<(Vec<u16>, PooledBuffer<u16>)> = Vec::new();
        let (mut taken, mut most) = (0, 0);
        for (number, step) in (1u16..).zip(steps) {
            match step {
                Step::Get(n) => match pool.get(n) {
                    Ok(mut buffer) => {
                        taken += 1;
                        prop_assert!(buffer.iter().all(|v| *v == 0) && buffer.len() == n);
                        prop_assert_eq!(buffer.capacity(), LENS.into_iter().find(|len| *len >= n).unwrap_or(n));
                        buffer.fill(number);
                        live.push((vec![number; n], buffer));
                    }
                    Err(e) => prop_assert!(strict, "{}", e),
                },
                Step::Drop(i) if !live.is_empty() => _ = live.swap_remove(i % live.len()),
                Step::Resize(i, n) if !live.is_empty() => {
                    let i = i % live.len();
                    let (model, buffer) = &mut live[i];
                    let grows = n > buffer.capacity();
                    match buffer.resize(n) {
                        Ok(()) => {
                            taken += usize::from(grows);
                            model.resize(n, 0);
                        }
                        Err(e) => prop_assert!(strict && grows, "{}", e),
                    }
                }
                Step::Detach(i) if !live.is_empty() => {
                    let (model, buffer) = live.swap_remove(i % live.len());
                    prop_assert_eq!(&*buffer.into_inner(), &model[..]);
                }
                Step::Trim => {
                    pool.trim();
                    prop_assert_eq!(pool.stats().retained_bytes, 0);
                }
                _ => {}
            }
            most = most.max(live.len());
            let (stats, classes) = (pool.stats(), pool.class_stats());
            prop_assert!(live.iter().all(|(model, buffer)| **buffer == model[..]));
            prop_assert_eq!(stats.outstanding, live.len());
            prop_assert_eq!(stats.hits + stats.misses + stats.oversize, taken);
            prop_assert_eq!(pool.leak_report().outstanding.len(), live.len());
            prop_assert!(stats.retained_bytes <= total && stats.high_water >= most);
            for (class, limit) in classes.iter().zip(limits) {
                prop_assert!(class.retained_bytes <= limit, "{:?}", class);
                prop_assert!(!strict || (class.retained + class.outstanding) * class.len * 2 <= limit, "{:?}", class);
            }
            let out: usize = live.iter().map(|(_, buffer)| buffer.capacity() * 2).sum();
            prop_assert!(!strict || out + stats.retained_bytes <= total);
        }
    }
}
