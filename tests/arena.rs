//! Arenas: many at once, aligned, zeroed; a limit; chunks that are kept.

use omnilane::lanes::f16;
use omnilane::memory::{Arena, ArenaError};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence::WithSource;

#[test]
fn many_live_at_once() {
    let arena = Arena::new();
    let words = arena.alloc_slice::<u64>(5).unwrap();
    let bytes = arena.alloc_slice::<u8>(3).unwrap();
    let value = arena.alloc([1.5f32; 3]).unwrap();
    let halves = arena.alloc_slice::<f16>(7).unwrap();
    let copy = arena.alloc_copy(&[(1u8, 2u32), (3, 4)]).unwrap();
    let squares = arena.alloc_with(4, |i| i * i).unwrap();
    let uninit = arena.alloc_uninit::<u16>(2).unwrap();
    (words[4], bytes[2], value[0], halves[6]) = (7, 8, 9.0, f16::ONE);
    uninit[1].write(5);
    assert_eq!((&words[..], &bytes[..], *value), (&[0, 0, 0, 0, 7][..], &[0, 0, 8][..], [9.0, 1.5, 1.5]));
    assert_eq!((&copy[..], &squares[..], halves[6]), (&[(1, 2), (3, 4)][..], &[0, 1, 4, 9][..], f16::ONE));
    let of_arena = arena.alloc_with(2, |i| arena.alloc(i).unwrap() as &usize).unwrap();
    assert_eq!(of_arena, [&0, &1], "it may be used while a slice is being written");
}

#[test]
fn nothing_old_is_seen() {
    let mut arena = Arena::with_capacity(1 << 16).unwrap();
    for _ in 0..3 {
        for n in (0..200).chain([1000, 5000]) {
            let slice = arena.alloc_slice::<u8>(n).unwrap();
            assert!(slice.iter().all(|v| *v == 0), "{n}");
            slice.fill(0xab);
            let slice = arena.alloc_aligned::<u32>(n / 4, 64).unwrap();
            assert!(slice.iter().all(|v| *v == 0), "{n}");
            slice.fill(0xabab_abab);
        }
        arena.reset();
    }
}

#[test]
fn addresses_are_aligned() {
    let arena = Arena::new();
    for round in 0..20 {
        arena.alloc(round as u8).unwrap();
        for log2 in 0..16 {
            let align = 1usize << log2;
            let slice = arena.alloc_aligned::<u16>(round, align).unwrap();
            assert_eq!((slice.as_ptr().addr() % align.max(2), slice.len()), (0, round));
        }
        assert_eq!(arena.alloc_slice::<f64>(round).unwrap().as_ptr().addr() % 8, 0);
        assert_eq!(std::ptr::from_ref(arena.alloc(1u128).unwrap()).addr() % align_of::<u128>(), 0);
    }
    for align in [0, 3, 48, usize::MAX] {
        let error = arena.alloc_aligned::<u8>(1, align).unwrap_err();
        assert_eq!(error, ArenaError::BadAlignment { align });
    }
    let top = 1 << (usize::BITS - 1);
    assert!(arena.alloc_aligned::<u8>(1, top).is_err() && arena.alloc_aligned::<u8>(0, top).is_ok());
}

#[test]
fn reset_keeps_every_chunk() {
    let mut arena = Arena::with_capacity(1000).unwrap();
    let fill = |arena: &Arena| {
        (0..40).map(|i| arena.alloc_slice::<u32>(50 + 37 * (i % 11)).unwrap().as_ptr().addr()).collect::<Vec<_>>()
    };
    let first = fill(&arena);
    let (chunks, capacity) = (arena.chunks(), arena.capacity());
    assert!(chunks > 3 && arena.used() >= 40 * 200 && arena.used() <= capacity, "{arena:?}");
    for _ in 0..5 {
        arena.reset();
        assert_eq!((arena.chunks(), arena.capacity(), arena.used()), (chunks, capacity, 0));
        assert_eq!(fill(&arena), first, "the same allocations find the same places");
        assert_eq!((arena.chunks(), arena.capacity()), (chunks, capacity));
    }
}

#[test]
fn a_burst_is_given_back() {
    let mut arena = Arena::with_capacity(4096).unwrap().max_retained_bytes(100_000);
    for _ in 0..3 {
        arena.alloc_slice::<u8>(3000).unwrap();
        arena.alloc_slice::<u8>(60_000).unwrap();
        arena.alloc_slice::<u8>(2_000_000).unwrap();
        assert!(arena.capacity() > 2_000_000);
        arena.reset();
        assert!(arena.capacity() <= 100_000 && arena.capacity() >= 4096, "{arena:?}");
    }
    arena.shrink_to(0);
    assert_eq!((arena.capacity(), arena.chunks()), (0, 0));
    assert_eq!(*arena.alloc_slice::<u8>(2).unwrap(), [0, 0], "it goes on");
}

#[test]
fn limits_are_kept() {
    let mut arena = Arena::new().limit(10_000);
    arena.alloc_slice::<u8>(4000).unwrap();
    arena.alloc_slice::<u8>(5000).unwrap();
    let error = arena.alloc_slice::<u16>(4000).unwrap_err();
    assert_eq!(error, ArenaError::LimitReached { requested: 8000, capacity: arena.capacity(), limit: 10_000 });
    assert!(error.to_string().contains("8000") && error.to_string().contains("10000"), "{error}");
    assert!(arena.capacity() <= 10_000);
    arena.alloc_slice::<u8>(10_000 - arena.capacity()).unwrap();
    arena.reset();
    assert!(arena.capacity() <= 10_000);
    // All of a limit can be used.
    assert_eq!(Arena::new().limit(777).alloc_slice::<u8>(777).unwrap().len(), 777);
    for n in [usize::MAX, usize::MAX / 8, isize::MAX as usize / 8] {
        let error = Arena::new().alloc_slice::<u64>(n).unwrap_err();
        assert_eq!(error, ArenaError::OutOfMemory { elements: n, element_size: 8 });
    }
    assert!(Arena::with_capacity(usize::MAX).is_err() && Arena::with_capacity(0).is_ok());
    fn moves<T: Send>(_: T) {}
    moves(arena);
}

#[derive(Clone, Debug)]
enum Step {
    Bytes(usize),
    Words(usize),
    Aligned(usize, u32),
    Value(u32),
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..300usize).prop_map(Step::Bytes),
        4 => (0..900usize).prop_map(Step::Words),
        2 => (0..100usize, 0..9u32).prop_map(|(n, log2)| Step::Aligned(n, log2)),
        4 => any::<u32>().prop_map(Step::Value),
        1 => Just(Step::Reset),
    ]
}

/// A slice that is alive, and what must be in it.
fn check(live: &[(&mut [u8], u8)]) -> Result<(), TestCaseError> {
    for (slice, value) in live {
        prop_assert!(slice.iter().all(|v| v == value));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_failure_persistence(WithSource("regressions")))]

    /// Everything that is alive keeps what was written to it; a second run of the same steps needs no memory.
    #[test]
    fn live_slices_never_meet(steps in prop::collection::vec(step(), 1..100), capacity in 0..5000usize) {
        let mut arena = Arena::with_capacity(capacity).unwrap();
        for steps in steps.split(|step| matches!(step, Step::Reset)) {
            let mut after_first = None;
            for _ in 0..2 {
                {
                    let mut live: Vec<(&mut [u8], u8)> = Vec::new();
                    for (number, step) in (1u8..).zip(steps) {
                        let slice = match *step {
                            Step::Bytes(n) => arena.alloc_slice::<u8>(n).unwrap(),
                            Step::Words(n) => bytemuck::cast_slice_mut(arena.alloc_slice::<u64>(n).unwrap()),
                            Step::Aligned(n, log2) => arena.alloc_aligned::<u8>(n, 1 << log2).unwrap(),
                            Step::Value(v) => {
                                let value = arena.alloc(v).unwrap();
                                prop_assert_eq!(*value, v);
                                *value = 0;
                                bytemuck::bytes_of_mut(value)
                            }
                            Step::Reset => unreachable!("split there"),
                        };
                        prop_assert!(slice.iter().all(|v| *v == 0));
                        slice.fill(number);
                        live.push((slice, number));
                    }
                    check(&live)?;
                }
                arena.reset();
                let now = (arena.chunks(), arena.capacity());
                prop_assert_eq!(*after_first.get_or_insert(now), now);
            }
        }
    }
}
