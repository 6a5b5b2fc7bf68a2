//! Pools where memory optimizations are switched off: the same buffers, and nothing is kept.

use omnilane::cpu::{OptLevel, set_opt_level};
use omnilane::memory::{BufferPool, GlobalPools, PoolError, scratch};

#[test]
fn nothing_is_kept() {
    set_opt_level(OptLevel::Parallel);
    let pool = BufferPool::<u32>::builder().class_limited(256, 2048).strict(true).build().unwrap();
    for _ in 0..3 {
        let mut buffer = pool.get(200).unwrap();
        assert_eq!((buffer.len(), buffer.capacity(), buffer.as_ptr().addr() % 64), (200, 256, 0));
        buffer.fill(5);
    }
    let stats = pool.stats();
    assert_eq!((stats.hits, stats.misses, stats.retained_bytes, stats.outstanding), (0, 3, 0, 0));
    let held = [pool.get(1).unwrap(), pool.get(1).unwrap()];
    assert_eq!(pool.get(1).unwrap_err(), PoolError::PoolExhausted { requested: 1, limit: 2048 });
    // One that was taken before is kept after.
    set_opt_level(OptLevel::Full);
    drop(held);
    assert_eq!(pool.stats().retained, 2);
    assert_eq!(pool.get(9).unwrap().iter().sum::<u32>(), 0);
    assert_eq!(pool.stats().hits, 1);
    set_opt_level(OptLevel::None);
    drop((GlobalPools::get::<u8>(9).unwrap(), scratch::<u8>(9).unwrap()));
    assert_eq!(GlobalPools::small().stats().retained, 0);
}
