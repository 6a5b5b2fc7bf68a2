//! The page's way through the kernels: after the first image, pools and arenas allocate nothing.

mod counting;

use counting::{allocations_of as calls, live_here};
use omnilane::memory::{Arena, BufferPool, ImageView, PooledImage, scratch};
use omnilane_kernels::{Threshold, gray_from_rgba_into, normalize_into, threshold_into};
use std::sync::Mutex;

/// Bytes that this thread allocated since `before` and did not free.
fn out_since(before: isize) -> usize {
    usize::try_from(live_here() - before).expect("more was allocated than freed")
}

const PAGE: &[u8] = include_bytes!("../examples/data/page.jpg");

/// Gray, black and white, and normalized; a few values of each.
fn chain(page: ImageView<'_, u8, 4>, bytes: &BufferPool<u8>, floats: &BufferPool<f32>) -> [f32; 3] {
    let (width, height) = (page.width(), page.height());
    let mut gray: PooledImage<u8, 1> = bytes.get_image(width, height).expect("memory");
    gray_from_rgba_into(page, &mut gray.view_mut()).expect("equal sizes");
    let mut ink: PooledImage<u8, 1> = bytes.get_image(width, height).expect("memory");
    threshold_into(gray.view(), &mut ink.view_mut(), 127, Threshold::Binary(255)).expect("equal sizes");
    let mut light: PooledImage<f32, 1> = floats.get_image(width, height).expect("memory");
    for (to, from) in light.view_mut().into_rows().zip(gray.view().rows()) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = f32::from(*from));
    }
    let mut normal: PooledImage<f32, 1> = floats.get_image(width, height).expect("memory");
    let _ = normalize_into(light.view(), &mut normal.view_mut());
    let mut columns = scratch::<u32>(width).expect("memory");
    for row in ink.view().rows() {
        columns.iter_mut().zip(row).for_each(|(sum, v)| *sum += u32::from(*v));
    }
    let pixel = normal.view().pixel(width / 2, height / 2).expect("inside");
    [pixel[0], columns[width / 2] as f32, f32::from(gray.view().pixel(3, 3).expect("inside")[0])]
}

#[test]
fn a_page_allocates_nothing_after_the_first() {
    let page = image::load_from_memory(PAGE).expect("the repository's page").into_rgba8();
    let view = ImageView::<u8, 4>::new(page.as_raw(), page.width() as usize, page.height() as usize).expect("whole");
    // A part of it, because a debug build is slow.
    let view = view.subview(100, 200, 600, 300).expect("inside");
    // A debug build remembers who took what, in memory of its own.
    let bytes = BufferPool::<u8>::builder().class(1 << 24).track_leaks(false).build().expect("a class");
    let floats = bytes.cast::<f32>();
    let mut first = [0.0; 3];
    let at_first = calls(|| first = chain(view, &bytes, &floats));
    assert!(at_first > 0, "the counter counts");
    for image in 1..10 {
        let mut now = [0.0; 3];
        assert_eq!(calls(|| now = chain(view, &bytes, &floats)), 0, "image {image}");
        assert_eq!(now, first);
    }
    assert!(first[2] > 0.0 && bytes.stats().oversize == 0, "{first:?} {:?}", bytes.stats());
    // Without a pool, each image does.
    let none =
        BufferPool::<u8>::builder().class(1 << 24).max_retained_bytes(0).track_leaks(false).build().expect("a class");
    for _ in 0..2 {
        assert!(calls(|| _ = chain(view, &none, &none.cast())) >= 4);
    }
}

#[test]
fn a_buffer_that_another_thread_returns_is_found() {
    let pool = BufferPool::<u8>::builder().class(1 << 16).track_leaks(false).build().expect("a class");
    let hand = Mutex::new(None);
    let turn = std::sync::Barrier::new(2);
    std::thread::scope(|s| {
        s.spawn(|| {
            for _ in 0..50 {
                turn.wait();
                assert_eq!(calls(|| drop(hand.lock().expect("no panic").take())), 0);
                turn.wait();
            }
        });
        for i in 0..50 {
            let allocated = calls(|| *hand.lock().expect("no panic") = Some(pool.get(50_000).expect("memory")));
            assert!(i == 0 || allocated == 0, "{allocated} in round {i}");
            turn.wait();
            turn.wait();
        }
    });
    assert_eq!((pool.stats().misses, pool.stats().hits), (1, 49));
}

#[test]
fn memory_returns_to_its_bound_after_a_burst() {
    const BOUND: usize = 1 << 20;
    let pool = BufferPool::<u8>::builder().class(1 << 16).max_retained_bytes(BOUND).track_leaks(false).build();
    let pool = pool.expect("a class");
    let mut arena = Arena::new().max_retained_bytes(BOUND);
    let before = live_here();
    for _ in 0..3 {
        let burst: Vec<_> = (0..500).map(|_| pool.get(1 << 16).expect("memory")).collect();
        assert!(out_since(before) >= 500 << 16);
        drop(burst);
        // What it keeps, and the boxes and the queue that hold it.
        let kept = out_since(before);
        assert!((BOUND..=BOUND + BOUND / 100).contains(&kept), "{kept}");
    }
    assert_eq!(pool.stats().retained_bytes, BOUND);
    drop(pool);
    let before = live_here();
    for _ in 0..3 {
        for _ in 0..500 {
            arena.alloc_slice::<u8>(1 << 16).expect("memory");
        }
        assert!(out_since(before) >= 500 << 16);
        arena.reset();
        let kept = out_since(before);
        assert!(kept <= BOUND + BOUND / 100, "{kept}");
    }
    assert_eq!(calls(|| _ = arena.alloc_slice::<u8>(4000).expect("memory")), 0, "some is kept");
}
