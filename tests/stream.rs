//! Streams of frames: batches, leaks, late frames, ends; and the reader of video files.

#[path = "stream/files.rs"]
mod files;
mod threads;

use omnilane::memory::BufferPool;
use omnilane::parallel::stream::*;
use omnilane::parallel::{ParallelError, PipelineExecutor, Stage};
use std::io::{self, Read};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;
use threads::{Census, panic_of, within_a_minute};

type Bytes = Frame<Vec<u8>>;

fn frame(i: u64) -> Bytes {
    Frame::new(i, Duration::from_millis(100 * i), vec![i as u8; 10])
}

fn camera(n: u64) -> impl Iterator<Item = io::Result<Bytes>> + Send {
    (0..n).map(|i| Ok(frame(i)))
}

/// A camera that tells when it has no more.
fn camera_that_tells(n: u64, ended: mpsc::Sender<()>) -> impl Iterator<Item = io::Result<Bytes>> + Send {
    let mut frames = camera(n);
    std::iter::from_fn(move || {
        let next = frames.next();
        if next.is_none() {
            ended.send(()).unwrap();
        }
        next
    })
}

fn sequences(batch: &Batch<Vec<u8>>) -> Vec<u64> {
    batch.frames.iter().map(|f| f.sequence).collect()
}

fn all(batches: &mut Batches<Vec<u8>>) -> Vec<(u32, Vec<u64>, BatchEnd)> {
    batches.map(|b| b.unwrap()).map(|b| (b.source, sequences(&b), b.end)).collect()
}

#[test]
fn batches_by_count() {
    within_a_minute(|| {
        for (n, of) in [(0, 3), (1, 3), (3, 3), (10, 3), (10, 1), (1000, 16)] {
            let mut batches = FrameStream::new().batch_frames(of).source(7, camera(n)).start().unwrap();
            let got = all(&mut batches);
            let frames: Vec<u64> = got.iter().flat_map(|(_, frames, _)| frames.clone()).collect();
            assert_eq!(frames, (0..n).collect::<Vec<_>>(), "nothing lost, order kept");
            for (i, (source, frames, end)) in got.iter().enumerate() {
                let last = i + 1 == got.len() && n % of as u64 != 0;
                assert_eq!((*source, frames.len() == of, *end == BatchEnd::Frames), (7, !last, !last));
            }
            let counts = batches.counts()[0];
            assert_eq!((counts.received, counts.delivered, counts.waiting, counts.ended), (n, n, 0, true));
            assert!(batches.next().is_none());
        }
    });
}

#[test]
fn batches_by_bytes() {
    within_a_minute(|| {
        let (ended, wait) = mpsc::channel();
        // Ten bytes a frame: three of them fit into 35 bytes, and one of them into 5, by itself.
        for (bytes, sizes) in [(35, vec![3, 3, 1]), (30, vec![3, 3, 1]), (5, vec![1; 7]), (1000, vec![7])] {
            let stream = FrameStream::new().batch_frames(16).batch_bytes(bytes);
            let mut batches = stream.source(0, camera_that_tells(7, ended.clone())).start().unwrap();
            wait.recv().unwrap();
            let got = all(&mut batches);
            assert_eq!(got.iter().map(|(_, frames, _)| frames.len()).collect::<Vec<_>>(), sizes, "{bytes} bytes");
            assert!(got[..got.len() - 1].iter().all(|(_, _, end)| *end == BatchEnd::Bytes));
        }
    });
}

/// The source stops in the middle of a batch until the batch has been delivered: only time can close it.
#[test]
fn batches_by_time() {
    within_a_minute(|| {
        let (go_on, wait) = mpsc::channel::<()>();
        let source = camera(5).inspect(move |frame| {
            if frame.as_ref().unwrap().sequence == 3 {
                wait.recv().unwrap();
            }
        });
        let stream = FrameStream::new().batch_frames(16).batch_wait(Duration::from_millis(30));
        let mut batches = stream.source(0, source).start().unwrap();
        let mut seen = Vec::new();
        while seen.len() < 3 {
            let batch = batches.next().unwrap().unwrap();
            assert_eq!(batch.end, BatchEnd::Time);
            seen.extend(sequences(&batch));
        }
        assert_eq!(seen, [0, 1, 2]);
        go_on.send(()).unwrap();
        seen.extend(all(&mut batches).into_iter().flat_map(|(_, frames, _)| frames));
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn the_end_of_a_source_flushes_only_that_source() {
    within_a_minute(|| {
        let (go_on, wait) = mpsc::channel::<()>();
        let slow = camera(4).inspect(move |frame| {
            if frame.as_ref().unwrap().sequence == 2 {
                wait.recv().unwrap();
            }
        });
        let stream = FrameStream::new().batch_frames(4);
        let mut batches = stream.source(1, slow).source(2, camera(3)).start().unwrap();
        // Source 2 has ended with three frames; those of source 1 wait for their batch.
        let first = batches.next().unwrap().unwrap();
        assert_eq!((first.source, sequences(&first), first.end), (2, vec![0, 1, 2], BatchEnd::Source));
        assert!(first.frames.iter().all(|frame| frame.source == 2), "the stream fills the source in");
        assert_eq!(batches.counts()[0].delivered, 0);
        go_on.send(()).unwrap();
        assert_eq!(all(&mut batches), [(1, vec![0, 1, 2, 3], BatchEnd::Frames)]);
    });
}

#[test]
fn a_full_queue_leaks_as_it_was_told() {
    within_a_minute(|| {
        for (leak, kept) in [(Leak::DropNew, vec![0, 1, 2, 3]), (Leak::DropOld, vec![6, 7, 8, 9])] {
            let (ended, wait) = mpsc::channel();
            let mut batches =
                FrameStream::new().queue(4, leak).source(3, camera_that_tells(10, ended)).start().unwrap();
            wait.recv().unwrap();
            let waiting = batches.counts()[0];
            assert_eq!((waiting.received, waiting.waiting, waiting.dropped_new + waiting.dropped_old), (10, 4, 6));
            let got: Vec<u64> = all(&mut batches).into_iter().flat_map(|(_, frames, _)| frames).collect();
            assert_eq!(got, kept);
            let counts = batches.counts()[0];
            let dropped = if leak == Leak::DropNew { counts.dropped_new } else { counts.dropped_old };
            assert_eq!((counts.source, dropped, counts.delivered, counts.late), (3, 6, 4, 0));
        }
        // A source that blocks loses nothing, and is not ahead by more than its queue.
        let (took, taken) = mpsc::channel();
        let source = camera(50).inspect(move |frame| took.send(frame.as_ref().unwrap().sequence).unwrap());
        let mut batches = FrameStream::new().queue(4, Leak::Block).source(0, source).start().unwrap();
        for i in 0..50 {
            let batch = batches.next().unwrap().unwrap();
            assert_eq!(sequences(&batch), [i]);
            assert!(taken.try_iter().all(|ahead| ahead <= i + 6), "one batch out, four in the queue, one that waits");
        }
        assert!(batches.next().is_none());
    });
}

#[test]
fn late_frames_are_dropped_by_age() {
    within_a_minute(|| {
        let (ended, wait) = mpsc::channel();
        let stream = FrameStream::new().batch_frames(16).max_age(Duration::from_millis(250));
        let mut batches = stream.source(0, camera_that_tells(10, ended)).start().unwrap();
        wait.recv().unwrap();
        // The newest is at 900 ms; 700 ms is 200 behind, 600 ms 300.
        assert_eq!(all(&mut batches), [(0, vec![7, 8, 9], BatchEnd::Source)]);
        let counts = batches.counts()[0];
        assert_eq!((counts.received, counts.late, counts.delivered), (10, 7, 3));

        // One that comes out of order, too late.
        let (ended, wait) = mpsc::channel();
        let frames = [50, 51, 3, 52].map(|i| Ok::<_, io::Error>(frame(i)));
        let mut frames = frames.into_iter();
        let source = std::iter::from_fn(move || {
            frames.next().or_else(|| {
                ended.send(()).unwrap();
                None
            })
        });
        let mut batches =
            FrameStream::new().batch_frames(16).max_age(Duration::from_secs(1)).source(0, source).start().unwrap();
        wait.recv().unwrap();
        assert_eq!(all(&mut batches), [(0, vec![50, 51, 52], BatchEnd::Source)]);
    });
}

/// A source whose frames are all too old must not leave its thread waiting for room.
#[test]
fn late_frames_make_room() {
    within_a_minute(|| {
        let frames = (0..100).map(|i| Ok::<_, io::Error>(frame(if i % 5 == 4 { 1000 + i } else { i })));
        let stream = FrameStream::new().queue(4, Leak::Block).batch_frames(4).max_age(Duration::from_millis(1));
        let mut batches = stream.source(0, frames).start().unwrap();
        let got = all(&mut batches);
        let counts = batches.counts()[0];
        assert_eq!(counts.received, 100);
        assert_eq!(counts.late + counts.delivered, 100);
        assert!(got.iter().any(|(_, frames, _)| frames.contains(&1099)));
    });
}

#[test]
fn a_broken_source_ends_alone() {
    within_a_minute(|| {
        let broken = camera(5).chain([Err(io::Error::other("unplugged")), Ok(frame(9))]);
        let mut batches = FrameStream::new().batch_frames(3).source(1, broken).source(2, camera(7)).start().unwrap();
        let (mut frames, mut errors) = ([0, 0], Vec::new());
        for batch in batches.by_ref() {
            match batch {
                Ok(batch) => frames[batch.source as usize - 1] += batch.frames.len(),
                Err(e) => {
                    assert_eq!(frames[0], 5, "what came before is delivered before");
                    errors.push(e);
                }
            }
        }
        assert_eq!(frames, [5, 7]);
        let [ParallelError::Source { id: 1, frames: 5, .. }] = &errors[..] else { panic!("{errors:?}") };
        assert_eq!(errors[0].to_string(), "source 1, after 5 frames: unplugged");
        assert!(batches.next().is_none());
    });
}

#[test]
fn a_panic_of_a_source_goes_on() {
    within_a_minute(|| {
        let census = Census::default();
        let sign = census.clone();
        let other = camera(u64::MAX).inspect(move |_| sign.sign());
        let source = camera(9).inspect(|frame| assert!(frame.as_ref().unwrap().sequence != 5, "on purpose"));
        let mut batches = FrameStream::new().source(1, source).source(2, other).start().unwrap();
        assert_eq!(panic_of(|| batches.by_ref().for_each(drop)), "on purpose");
        assert_eq!(census.alive(), 0);
        assert!(batches.next().is_none());
    });
}

#[test]
fn dropping_the_batches_stops_and_joins() {
    within_a_minute(|| {
        for leak in [Leak::Block, Leak::DropNew, Leak::DropOld] {
            for taken in [0, 10] {
                let census = Census::default();
                let source = |_| {
                    let census = census.clone();
                    camera(u64::MAX).inspect(move |_| census.sign())
                };
                let stream = FrameStream::new().queue(4, leak).source(1, source(1)).source(2, source(2));
                let mut batches = stream.start().unwrap();
                assert_eq!(batches.by_ref().take(taken).count(), taken);
                drop(batches);
                assert_eq!(census.alive(), 0);
            }
        }
    });
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let refused = |stream: FrameStream<Vec<u8>>| stream.start().unwrap_err();
    assert!(matches!(refused(FrameStream::new()), ParallelError::NoSource));
    let twice = FrameStream::new().source(4, camera(1)).source(5, camera(1)).source(4, camera(1));
    assert!(matches!(refused(twice), ParallelError::SourceTwice { id: 4 }));
    for (capacity, batch) in [(0, 1), (4, 5), (4, 0)] {
        let error = refused(FrameStream::new().queue(capacity, Leak::Block).batch_frames(batch).source(0, camera(1)));
        assert!(
            matches!(error, ParallelError::Queue { capacity: c, batch: b } if (c, b) == (capacity, batch)),
            "{error}"
        );
    }
}

#[test]
fn async_streams_are_sources() {
    within_a_minute(|| {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let feeder = std::thread::spawn(move || {
            (0..40).for_each(|i| sender.blocking_send(Ok::<_, io::Error>(frame(i))).unwrap())
        });
        let census = Census::default();
        let sign = census.clone();
        let stream =
            FrameStream::new().source_stream(1, move |cx| receiver.poll_recv(cx)).source_stream(2, move |_| {
                sign.sign();
                Poll::<Option<io::Result<Bytes>>>::Pending
            });
        let mut batches = stream.start().unwrap();
        for i in 0..40 {
            assert_eq!(sequences(&batches.next().unwrap().unwrap()), [i]);
        }
        feeder.join().unwrap();
        // The second one gives nothing and never ends; the drop wakes it.
        drop(batches);
        assert_eq!(census.alive(), 0);
    });
}
