//! The threads that maps and tasks run on: pools of our own, which can be exchanged at any time.

use super::ParallelError;
use super::patience::Patience;
use crate::cpu::parallel_enabled;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::num::NonZero;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The threads of one setting; work that runs on them keeps them alive when the setting changes.
pub(super) struct Pools {
    threads: usize,
    /// Nothing where one thread is enough: the caller's.
    maps: Option<ThreadPool>,
    /// Tasks have threads of their own, or a long queue of tasks would keep every map waiting.
    tasks: OnceLock<ThreadPool>,
}

impl Pools {
    fn new(threads: usize) -> Result<Pools, ParallelError> {
        let maps = if threads > 1 { Some(pool(threads, "map")?) } else { None };
        Ok(Pools { threads, maps, tasks: OnceLock::new() })
    }

    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `f` on a thread of the pool, and waits for it.
    pub fn install<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        match &self.maps {
            Some(pool) => pool.install(f),
            None => f(),
        }
    }

    /// Calls `f` here and, at the same time, on up to `others` threads of the pool; returns when all calls have.
    ///
    /// This thread begins at once, while the others wake up: for work that each call takes from what is left.
    pub fn share(&self, others: usize, f: impl Fn() + Sync) {
        let Some(pool) = &self.maps else { return f() };
        let (f, ended) = (&f, &AtomicUsize::new(0));
        pool.in_place_scope(|scope| {
            for _ in 0..others {
                scope.spawn(move |_| {
                    let _end = CountOnDrop(ended);
                    f();
                });
            }
            f();
            // Most likely they are at their last piece: a sleep and a wake-up take longer.
            Patience::new().wait_until(|| ended.load(Acquire) == others);
        });
    }

    /// The threads for tasks.
    pub fn tasks(&self) -> Result<&ThreadPool, ParallelError> {
        if let Some(pool) = self.tasks.get() {
            return Ok(pool);
        }
        let new = pool(self.threads, "task")?;
        Ok(self.tasks.get_or_init(|| new))
    }
}

/// Counts a call that has ended, also by a panic.
struct CountOnDrop<'a>(&'a AtomicUsize);

impl Drop for CountOnDrop<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Release);
    }
}

fn pool(threads: usize, what: &'static str) -> Result<ThreadPool, ParallelError> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(move |i| format!("omnilane-{what}-{i}"))
        .build()
        .map_err(|e| ParallelError::Threads { requested: threads, source: e.into() })
}

/// The pools, once something needed them, and the count that was asked for.
struct Setting {
    requested: usize,
    pools: Option<Arc<Pools>>,
}

static SETTING: Mutex<Setting> = Mutex::new(Setting { requested: 0, pools: None });

fn setting() -> MutexGuard<'static, Setting> {
    SETTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asking the operating system takes microseconds.
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZero::get))
}

/// Sets how many threads maps, row bands and tasks use from now on; 0 is one for each core, as at the start.
///
/// Works at any time and from any thread. Work that runs already ends on the threads on which it began; those threads end
/// after it. Results do not depend on the count. With 1, maps run on the calling thread. Pipelines have threads of their
/// own: one for each worker of a stage.
///
/// ```
/// use omnilane::parallel::{optimal_thread_count, set_thread_count};
///
/// set_thread_count(3)?;
/// assert_eq!(optimal_thread_count(), 3);
/// set_thread_count(0)?;
/// # Ok::<(), omnilane::parallel::ParallelError>(())
/// ```
///
/// # Errors
/// [`ParallelError::TooManyThreads`] above what a pool can have, [`ParallelError::Threads`] if the operating system does
/// not start so many. The setting stays as it was then.
pub fn set_thread_count(threads: usize) -> Result<(), ParallelError> {
    let most = rayon::max_num_threads();
    if threads > most {
        return Err(ParallelError::TooManyThreads { requested: threads, most });
    }
    let pools = Arc::new(Pools::new(if threads == 0 { cores() } else { threads })?);
    let mut setting = setting();
    setting.requested = threads;
    let old = setting.pools.replace(pools);
    drop(setting);
    drop(old);
    Ok(())
}

/// How many threads parallel work that begins now uses: what [`set_thread_count`] said, or one for each core; 1 if
/// [`parallel_enabled`] says no.
#[must_use]
pub fn optimal_thread_count() -> usize {
    if !parallel_enabled() {
        return 1;
    }
    match setting().requested {
        0 => cores(),
        n => n,
    }
}

/// The pools of now. If the operating system gives no threads for the default setting, that is an error here, and maps
/// run on the calling thread.
fn current() -> Result<Arc<Pools>, ParallelError> {
    let mut setting = setting();
    if let Some(pools) = &setting.pools {
        return Ok(Arc::clone(pools));
    }
    let pools = Arc::new(Pools::new(cores())?);
    setting.pools = Some(Arc::clone(&pools));
    Ok(pools)
}

/// The threads for maps, if there is more than the caller's.
pub(super) fn for_maps() -> Option<Arc<Pools>> {
    if !parallel_enabled() {
        return None;
    }
    current().ok().filter(|pools| pools.maps.is_some())
}

/// The threads for tasks.
pub(super) fn for_tasks() -> Result<Arc<Pools>, ParallelError> {
    let pools = current()?;
    pools.tasks()?;
    Ok(pools)
}
