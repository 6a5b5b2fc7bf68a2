//! Streams of frames: batches, leaks, late frames, ends; and the reader of video files.

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

/// A file of these frames, each byte another, with a line of parameters on every second frame.
fn file(header: &str, frames: usize, bytes: usize) -> Vec<u8> {
    let mut file = format!("YUV4MPEG2 {header}\n").into_bytes();
    for i in 0..frames {
        file.extend_from_slice(if i % 2 == 0 { b"FRAME\n" } else { b"FRAME Ip Xhello\n" });
        file.extend((0..bytes).map(|j| (i * 31 + j * 7) as u8));
    }
    file
}

#[test]
fn every_layout_of_eight_bits_is_read() {
    use Y4mColour::*;
    let layouts = [
        ("", C420Jpeg, (4, 3)),
        ("C420", C420Jpeg, (4, 3)),
        ("C420jpeg", C420Jpeg, (4, 3)),
        ("C420mpeg2", C420Mpeg2, (4, 3)),
        ("C420paldv", C420Paldv, (4, 3)),
        ("C411", C411, (2, 5)),
        ("C422", C422, (4, 5)),
        ("C444", C444, (7, 5)),
        ("C444alpha", C444Alpha, (7, 5)),
        ("Cmono", Mono, (0, 0)),
    ];
    for (name, colour, chroma) in layouts {
        let planes = match colour {
            Mono => 1,
            C444Alpha => 4,
            _ => 3,
        };
        let bytes = 35 + if planes > 1 { 2 * chroma.0 * chroma.1 } else { 0 } + if planes == 4 { 35 } else { 0 };
        let file = file(&format!("W7 H5 F30000:1001 It A4:3 Xcomment {name}"), 3, bytes);
        let reader = Y4mReader::new(&file[..]).unwrap();
        let header = reader.header().clone();
        assert_eq!((header.width, header.height, header.rate, header.aspect), (7, 5, (30000, 1001), (4, 3)));
        assert_eq!((header.colour, header.interlacing), (colour, Y4mInterlacing::TopFirst));
        assert_eq!((header.chroma_size(), header.planes(), header.frame_bytes()), (chroma, planes, bytes), "{name}");
        let frames: Vec<_> = reader.map(Result::unwrap).collect();
        assert_eq!(frames.len(), 3);
        for (i, frame) in frames.iter().enumerate() {
            assert_eq!(frame.sequence, i as u64);
            assert_eq!(frame.timestamp, Duration::from_nanos(i as u64 * 1_001_000_000 / 30));
            let want: Vec<u8> = (0..bytes).map(|j| (i * 31 + j * 7) as u8).collect();
            assert_eq!(frame.data.bytes(), want);
            let joined: Vec<u8> = (0..4)
                .filter_map(|p| frame.data.plane(p))
                .flat_map(|p| p.rows().flatten().copied().collect::<Vec<_>>())
                .collect();
            assert_eq!(joined, want, "the planes are the frame");
            assert_eq!((frame.data.luma().width(), frame.data.luma().height()), (7, 5));
            assert!(frame.data.plane(planes).is_none());
        }
    }
}

#[test]
fn headers_that_cannot_be_are_refused() {
    let text = |file: &[u8]| Y4mReader::new(file).unwrap_err().to_string();
    assert_eq!(text(b""), r#"y4m: the file begins with "", it must be "YUV4MPEG2""#);
    assert_eq!(text(b"RIFF\x00\x01 W2 H2\n"), "y4m: the file begins with \"RIFF\\0\\u{1}\", it must be \"YUV4MPEG2\"");
    assert_eq!(text(b"YUV4MPEG2 W64"), "y4m: the file ends inside the header");
    assert_eq!(text(b"YUV4MPEG2 H2\n"), "y4m: the header has no W");
    assert_eq!(text(b"YUV4MPEG2 W2\n"), "y4m: the header has no H");
    for size in ["0", "-3", "+3", "", "2x", "99999999999999999999999"] {
        let want = format!("y4m: W: {size:?}, it must be a number above 0");
        assert_eq!(text(format!("YUV4MPEG2 W{size} H2\n").as_bytes()), want);
    }
    assert_eq!(text(b"YUV4MPEG2 W2 H2 F30\n"), "y4m: F: \"30\", it must be two numbers with a colon between");
    assert_eq!(text(b"YUV4MPEG2 W2 H2 A1:x\n"), "y4m: A: \"1:x\", it must be two numbers with a colon between");
    assert_eq!(text(b"YUV4MPEG2 W2 H2 Iq\n"), "y4m: I: \"q\", it must be one of ?, p, t, b, m");
    assert_eq!(text(b"YUV4MPEG2 W2 H2 Q7\n"), "y4m: Q: \"7\", it must be a parameter: W, H, F, I, A, C or X");
    for colour in ["420p10", "mono16", "422p12", "410", ""] {
        let error = Y4mReader::new(format!("YUV4MPEG2 W2 H2 C{colour}\n").as_bytes()).unwrap_err();
        assert!(matches!(&error, Y4mError::Colour { value } if **value == *colour), "{error}");
    }
    for (w, h) in [(1 << 20, 1 << 20), (usize::MAX, usize::MAX), (usize::MAX, 1)] {
        let error = Y4mReader::new(format!("YUV4MPEG2 W{w} H{h}\n").as_bytes()).unwrap_err();
        assert!(matches!(error, Y4mError::TooLarge { width, height, .. } if (width, height) == (w, h)), "{error}");
    }
    let endless = io::repeat(b' ').take(1 << 20);
    assert!(matches!(Y4mReader::new(b"YUV4MPEG2".chain(endless)), Err(Y4mError::LineTooLong { line: "header", .. })));
}

/// Wherever a file ends: whole frames, then the end or a typed error, never anything else.
#[test]
fn a_file_may_end_anywhere() {
    let whole = file("W4 H2 F25:1 C422", 3, 16);
    let starts: Vec<usize> = [0, 1, 2, 3].iter().map(|&i| file("W4 H2 F25:1 C422", i, 16).len()).collect();
    for end in 0..=whole.len() {
        let Ok(reader) = Y4mReader::new(&whole[..end]) else {
            assert!(end < starts[0]);
            continue;
        };
        let results: Vec<_> = reader.collect();
        let frames = starts.iter().filter(|start| **start <= end).count() - 1;
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), frames, "{end}");
        match results.get(frames) {
            None => assert!(starts.contains(&end)),
            Some(Err(Y4mError::Truncated { frame, needed: 16, .. } | Y4mError::FrameHeader { frame, .. })) => {
                assert_eq!(*frame, frames as u64);
            }
            Some(other) => panic!("{end}: {other:?}"),
        }
        assert!(results.len() <= frames + 1, "an error is the last");
    }
}

#[test]
fn broken_bytes_are_errors() {
    let mut broken = file("W4 H2 C422", 2, 16);
    let second = file("W4 H2 C422", 1, 16).len();
    broken[second] = b'f';
    let mut reader = Y4mReader::new(&broken[..]).unwrap();
    assert!(reader.next().unwrap().is_ok());
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "y4m: frame 1 begins with \"fRAME Ip Xhello\", it must be \"FRAME\"");
    assert!(reader.next().is_none() && reader.next().is_none());

    struct Faulty;
    impl Read for Faulty {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("bad sector"))
        }
    }
    let start = file("W4 H2 C422", 1, 16);
    let mut reader = Y4mReader::new((&start[..]).chain(Faulty)).unwrap();
    assert!(reader.next().unwrap().is_ok());
    assert!(matches!(reader.next(), Some(Err(Y4mError::Io(e))) if e.to_string() == "bad sector"));

    // Any byte replaced by any of these: an answer, not a panic.
    let whole = file("W4 H2 F25:1 Ip A1:1 C422", 2, 16);
    for at in 0..whole.len() {
        for byte in [0, b'\n', b' ', b'0', b'9', b':', 0xff] {
            let mut file = whole.clone();
            file[at] = byte;
            if let Ok(reader) = Y4mReader::new(&file[..]) {
                assert!(reader.count() < 100);
            }
        }
    }
}

#[test]
fn frames_go_back_to_the_pool() {
    let file = file("W8 H4 Cmono", 50, 32);
    let pool = BufferPool::new(&[32]).unwrap();
    let reader = Y4mReader::with_pool(&file[..], &pool).unwrap();
    for frame in reader {
        assert_eq!(frame.unwrap().data.bytes().len(), 32);
    }
    let stats = pool.stats();
    assert_eq!((stats.hits + stats.misses, stats.outstanding), (50, 0), "{stats:?}");
    assert!(stats.misses <= 2, "{stats:?}");
    let own = Y4mReader::new(&file[..]).unwrap();
    let kept: Vec<_> = own.map(Result::unwrap).collect();
    assert_eq!(kept.len(), 50, "frames may outlive their reader");
    let strict = BufferPool::builder().class_limited(32, 64).strict(true).build().unwrap();
    let results: Vec<_> = Y4mReader::with_pool(&file[..], &strict).unwrap().collect();
    assert!(matches!(results.last(), Some(Err(Y4mError::Memory(_)))), "the pool is empty: {:?}", results.last());
}

/// From the file through queue, batches and stages to results, and back to the pool.
#[test]
fn a_file_goes_through_a_pipeline() {
    within_a_minute(|| {
        let file: Arc<[u8]> = file("W8 H4 F50:1 Cmono", 101, 32).into();
        let reader = || Y4mReader::new(io::Cursor::new(Arc::clone(&file))).unwrap();
        let batches = FrameStream::new().batch_frames(4).source(1, reader()).source(2, reader()).start().unwrap();
        let counts = batches.counter();
        let sum = Stage::try_serial(|batch: Result<Batch<Y4mFrame>, ParallelError>| {
            let batch = batch?;
            let sums = batch.frames.iter().map(|f| f.data.bytes().iter().map(|v| u64::from(*v)).sum::<u64>());
            Ok::<_, ParallelError>((batch.source, sums.collect::<Vec<_>>()))
        });
        let pipeline = PipelineExecutor::new(sum, Stage::parallel(2, |v| v).unwrap());
        let results = pipeline.execute(batches).unwrap();
        let want: Vec<u64> = reader().map(|f| f.unwrap().data.bytes().iter().map(|v| u64::from(*v)).sum()).collect();
        for source in [1, 2] {
            let got: Vec<u64> =
                results.iter().filter(|(s, _)| *s == source).flat_map(|(_, sums)| sums.clone()).collect();
            assert_eq!(got, want);
        }
        assert!(counts().iter().all(|c| c.delivered == 101 && c.ended));
    });
}
