//! Y4M files: every layout, every place at which a file can break off.

use super::*;

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
