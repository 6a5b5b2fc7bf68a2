//! Calibration over a long stream: memory stays flat, and threads merge to the same result in any order.
//!
//! `OMNILANE_EXHAUSTIVE=1 cargo test --release --test calibrate_stream` takes 10^9 values, else there are two million.

mod counting;

use omnilane::quantize::{Counts, KlDivergence, Merge, MinMax, MseSearch, Percentile, Scheme};
use std::fmt::Debug;

/// Values of a call.
const CALL: usize = 1 << 16;
/// Threads, and parts of the stream.
const PARTS: usize = 4;

/// Part `part` of the stream, call by call: values whose range grows now and then.
fn stream(part: usize, calls: usize, mut f: impl FnMut(&[f32])) {
    let mut r = part as u64 + 1;
    let mut values = vec![0.0f32; CALL];
    for v in &mut values {
        r = r.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *v = (r >> 40) as f32 / (1 << 23) as f32 - 1.0;
    }
    values[17] = f32::NAN;
    values[4711] = f32::INFINITY;
    for call in 0..calls {
        values[call % CALL] *= 1.5;
        f(&values);
    }
}

fn check<O: Merge + Clone + PartialEq + Debug + Send>(empty: O, calls: usize) {
    let (parts, most): (Vec<O>, _) = counting::peak_of(|| {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..PARTS)
                .map(|part| {
                    let mut observer = empty.clone();
                    scope.spawn(move || {
                        stream(part, calls, |values| observer.observe(values));
                        observer
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        })
    });
    // The stream itself, 256 KB a thread, is not the observers'.
    let most = most.saturating_sub(PARTS * 4 * CALL);
    println!("{PARTS} threads, {} values each: {most} bytes", calls * CALL);
    assert!(most < PARTS * 100_000, "{most} bytes");

    let (finite, special) = ((calls * PARTS * (CALL - 2)) as u64, (calls * PARTS) as u64);
    let merged = |order: [usize; PARTS]| {
        let mut all = parts[order[0]].clone();
        order[1..].iter().for_each(|i| all.merge(&parts[*i]).unwrap());
        all
    };
    let all = merged([0, 1, 2, 3]);
    assert_eq!(all.counts(), Counts { finite, nan: special, infinite: special });
    for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        assert_eq!(merged(order), all);
    }
    let (mut left, mut right) = (parts[2].clone(), parts[1].clone());
    left.merge(&parts[0]).unwrap();
    right.merge(&parts[3]).unwrap();
    right.merge(&left).unwrap();
    assert_eq!(right, all);
    assert_eq!(right.params::<i8>(), all.params::<i8>());
}

#[test]
fn memory_stays_flat_and_threads_merge_in_any_order() {
    let exhaustive = std::env::var_os("OMNILANE_EXHAUSTIVE").is_some();
    let calls = if exhaustive { 1_000_000_000usize.div_ceil(CALL * PARTS) } else { 8 };
    check(Percentile::new(Scheme::Asymmetric), calls);
    check(Percentile::new(Scheme::Symmetric), calls);
    // The same histogram; a short stream is enough.
    check(MseSearch::new(Scheme::Symmetric), 8);
    check(KlDivergence::new(Scheme::Asymmetric), 8);
    check(MinMax::new(Scheme::Symmetric), 8);
}
