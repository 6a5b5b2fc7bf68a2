//! Memory and threads beside other crates.

use super::{Section, UNEXPLAINED};
use crate::machine;
use crate::measure::{Bar, Side, Spread, alternate, side};
use omnilane::lanes::{LengthError, Simd, map};
use omnilane::memory::{Arena, BufferPool, Image};
use omnilane::parallel::*;
use omnilane_kernels::{gray_from_rgba_into, gray_from_rgba_into_parallel};
use pariter::IteratorExt as _;
use rayon::iter::{ParallelBridge, ParallelIterator};
use std::hint::black_box;
use std::thread;
use std::time::Duration;

const KB: usize = 1 << 10;

/// A vector of that length, for opool.
struct Bytes(usize);

impl opool::PoolAllocator<Vec<u8>> for Bytes {
    fn allocate(&self) -> Vec<u8> {
        vec![0; self.0]
    }
}

fn rivals<const N: usize>(section: &mut Section, what: &str, names: [&str; N], mut sides: Vec<Side<'_>>) {
    let times = alternate(61, 1e6, &mut sides);
    for (name, theirs) in names.into_iter().zip(&times[1..]) {
        section.rival(what, name, Spread::ratio(&times[0], theirs));
    }
}

pub fn memory() -> Section {
    let mut section = Section::new("memory", "Pools and arenas");
    section.peers = machine::versions(&["opool", "object-pool", "bumpalo"]);
    section.notes.push("opool and object-pool hand out old bytes; ours are still to be written, or zeroed.".into());
    section.bars = crate::memory_bars::all();
    for (name, n) in [("1 KB", KB), ("64 KB", 64 * KB), ("1 MB", 1024 * KB)] {
        let pool = BufferPool::<u8>::builder().class(n).track_leaks(false).build().expect("a class");
        let (peer, owned) = (opool::Pool::new_prefilled(8, Bytes(n)), opool::Pool::new_prefilled(8, Bytes(n)).to_rc());
        let other = object_pool::Pool::new(8, || vec![0u8; n]);
        rivals(
            &mut section,
            &format!("pool, get and return of {name}"),
            ["opool", "opool, owned", "object-pool", "zeroed Vec"],
            vec![
                side(|| _ = black_box(&mut pool.get_uninit(black_box(n)).expect("memory")[..])),
                side(|| _ = black_box(&mut peer.get()[..])),
                side(|| _ = black_box(&mut owned.clone().get_rc()[..])),
                side(|| _ = black_box(&mut other.pull(|| vec![0; n])[..])),
                side(|| _ = black_box(&mut vec![0u8; black_box(n)][..])),
            ],
        );
    }
    let mut arena = Arena::with_capacity(1 << 20).expect("memory");
    let mut bump = bumpalo::Bump::with_capacity(1 << 20);
    let mut all: Vec<Vec<u8>> = Vec::with_capacity(10_000);
    rivals(
        &mut section,
        "arena, 10 000 slices of 8 to 64 zeros",
        ["bumpalo", "Vec"],
        vec![
            side(|| {
                for i in 0..10_000 {
                    black_box(&mut *arena.alloc_slice::<u8>(black_box(8 + i % 57)).expect("memory"));
                }
                arena.reset();
            }),
            side(|| {
                for i in 0..10_000 {
                    black_box(bump.alloc_slice_fill_copy(black_box(8 + i % 57), 0u8));
                }
                bump.reset();
            }),
            side(|| {
                all.extend((0..10_000).map(|i| vec![0u8; black_box(8 + i % 57)]));
                black_box(&mut all).clear();
            }),
        ],
    );
    section
}

/// About 20 us of arithmetic.
fn work(seed: u64) -> u64 {
    (0..14_000).fold(seed, |v, i| (v ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23))
}

/// `n` calls in equal parts on plain threads.
fn plain_threads(n: usize, work: impl Fn(usize) + Sync) {
    let (threads, work) = (optimal_thread_count(), &work);
    thread::scope(|s| {
        for t in 0..threads {
            s.spawn(move || (t * n / threads..(t + 1) * n / threads).for_each(work));
        }
    });
}

omnilane::kernel! {
    fn exp<S: Simd>(simd: S, src: &[f32], dst: &mut [f32]) -> Result<(), LengthError> {
        map(simd, src, dst, #[inline(always)] |v| v.exp())
    }
}

pub fn parallel() -> Section {
    let mut section = Section::new("parallel", "Threads and pipelines");
    section.peers = machine::versions(&["rayon", "pariter"]);
    let threads = optimal_thread_count();
    section.notes.push(format!("{threads} threads; plain threads show what is there."));
    let items: Vec<u64> = (0..10_000).collect();
    let mut sides = [
        side(|| _ = black_box(items.iter().map(|v| work(*v)).collect::<Vec<_>>())),
        side(|| _ = black_box(parallel_map(&items, |v| work(*v)))),
        side(|| _ = black_box(parallel_unbalanced(&items, |v| work(*v)))),
        side(|| plain_threads(items.len(), |i| _ = black_box(work(items[i])))),
        side(|| _ = black_box(items.iter().par_bridge().map(|v| work(*v)).collect::<Vec<_>>())),
        side(|| _ = black_box(items.clone().into_iter().parallel_map(work).collect::<Vec<_>>())),
        side(|| _ = black_box(parallel_map_chunked(&items, 64, |v| work(*v)).expect("a chunk"))),
    ];
    let times = alternate(15, 1.0, &mut sides);
    let plain = format!("plain threads with equal parts reach {:.2}", Spread::ratio(&times[3], &times[0]).value);
    for (name, i) in [("parallel_map", 1), ("parallel_unbalanced", 2), ("parallel_map_chunked by 64", 6)] {
        let what = format!("{name}, 10 000 items of 20 us: times faster than one thread");
        section.bars.push(Bar::at_least(what, Spread::ratio(&times[i], &times[0]), 1.9).because(&plain));
    }
    for (name, i) in [("plain threads", 3), ("rayon par_bridge", 4), ("pariter", 5)] {
        section.rival("map of 10 000 items of 20 us", name, Spread::ratio(&times[1], &times[i]));
    }
    rows(&mut section);
    pictures(&mut section);
    pipelines(&mut section);
    section
}

/// Pictures for which threads are worth nothing, just something, and all that there is.
fn pictures(section: &mut Section) {
    for side_px in [256, 512, 1024, 2048] {
        let src = Image::<u8, 4>::from_fn(side_px, side_px, |x, y| [x as u8, y as u8, (x ^ y) as u8, 255]);
        let src = src.expect("memory");
        let mut gray = [(); 2].map(|()| Image::<u8, 1>::new(side_px, side_px).expect("memory"));
        let [a, b] = &mut gray;
        let mut sides = [
            side(|| gray_from_rgba_into(src.view(), &mut a.view_mut()).expect("equal sizes")),
            side(|| gray_from_rgba_into_parallel(src.view(), &mut b.view_mut()).expect("equal sizes")),
        ];
        let times = alternate(101, 1e6, &mut sides);
        let what = format!("gray_from_rgba_into_parallel, {side_px}x{side_px}: times faster than one thread");
        section.bars.push(Bar::at_least(what, Spread::ratio(&times[1], &times[0]), 0.95).because(UNEXPLAINED));
    }
}

fn rows(section: &mut Section) {
    let side_px = 2048;
    let src =
        Image::<f32, 1>::from_fn(side_px, side_px, |x, y| [((x * 7) ^ (y * 13)) as f32 / 1000.0]).expect("memory");
    let (mut a, mut b, mut c) = (src.clone(), src.clone(), src.clone());
    let mut sides = [
        side(|| {
            for (src, dst) in src.view().rows().zip(a.view_mut().rows_mut()) {
                exp(src, dst).expect("equal lengths");
            }
        }),
        side(|| {
            let done = parallel_zip_rows(src.view(), &mut b.view_mut(), 1, |src, dst| {
                for (src, dst) in src.rows().zip(dst.rows_mut()) {
                    exp(src, dst).expect("equal lengths");
                }
            });
            done.expect("equal sizes");
        }),
        side(|| {
            src.view().rows().zip(c.view_mut().rows_mut()).par_bridge().for_each(|(src, dst)| {
                exp(src, dst).expect("equal lengths");
            });
        }),
    ];
    let times = alternate(101, 1.0, &mut sides);
    let what = "exp of 2048x2048 in bands of rows: times faster than one thread";
    section.bars.push(Bar::at_least(what, Spread::ratio(&times[1], &times[0]), 1.8).because(UNEXPLAINED));
    section.rival("exp of 2048x2048 in bands of rows", "rayon par_bridge", Spread::ratio(&times[1], &times[2]));
}

fn pipelines(section: &mut Section) {
    fn sleep(v: u32) -> u32 {
        thread::sleep(Duration::from_millis(10));
        v
    }
    let mut sides = [
        side(|| {
            let pipeline = Pipeline3::new(Stage::serial(sleep), Stage::serial(sleep), Stage::serial(sleep));
            assert_eq!(pipeline.execute(0..50).expect("no error").len(), 50);
        }),
        side(|| {
            // Its last stage runs on the consumer's thread.
            let stages = (0..50).map(sleep).readahead().map(sleep).readahead().map(sleep);
            assert_eq!(stages.collect::<Vec<_>>().len(), 50);
        }),
    ];
    let times = alternate(3, 1.0, &mut sides);
    let seconds = Spread::of(times[0].iter().map(|ns| ns / 1e9).collect());
    section.bars.push(Bar::at_most("three stages of 10 ms, 50 items: seconds (ideal 0.52)", seconds, 0.56));
    section.rival("three stages of 10 ms, 50 items", "pariter readahead", Spread::ratio(&times[0], &times[1]));

    const N: u64 = 100_000;
    let drain = |alive: usize| {
        let pipeline = PipelineExecutor::new(Stage::serial(|v: u64| v + 1), Stage::serial(|v: u64| v ^ 1));
        let pipeline = pipeline.items_alive(alive).expect("above 0");
        assert_eq!(pipeline.run(0..N).expect("threads").count() as u64, N);
    };
    let mut sides = [
        side(|| drain(256)),
        side(|| drain(4)),
        side(|| {
            let stages = (0..N).map(|v| v + 1).readahead().map(|v| v ^ 1).readahead();
            assert_eq!(stages.collect::<Vec<_>>().len() as u64, N);
        }),
    ];
    let times = alternate(7, 1.0, &mut sides);
    for (name, times) in [("256 items alive", &times[0]), ("4 items alive, the default", &times[1])] {
        let each = Spread::of(times.iter().map(|ns| ns / 1e3 / N as f64 / 2.0).collect());
        let what = format!("empty stages, {name}: us for each item and stage");
        section.bars.push(Bar::at_most(what, each, 1.0).because(UNEXPLAINED));
    }
    for (name, times_of) in [("256 items alive", &times[0]), ("4 items alive", &times[1])] {
        section.rival(format!("two empty stages, {name}"), "pariter readahead", Spread::ratio(times_of, &times[2]));
    }
}
