//! Video through a pipeline: a Y4M file is read, batched, normalized and thresholded, with every part at work at once.
//!
//! `cargo run --release --example video_stream` writes a film of its own to `target/video_stream/film.y4m` and plays it
//! from two sources. Given a file, it plays that; `ffmpeg -i film.mp4 film.y4m` makes one of anything. `--help` tells the
//! rest.

use omnilane::memory::{BufferPool, PooledImage};
use omnilane::parallel::stream::{Batch, FrameStream, Leak, Y4mFrame, Y4mHeader, Y4mReader};
use omnilane::parallel::{BoxError, ParallelError, PipelineExecutor, Stage};
use omnilane_kernels::{Threshold, normalize_in_place, threshold_in_place};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const HELP: &str = "\
A video goes through a pipeline: read, batch, normalize, threshold.

usage: video_stream [FILE.y4m] [--leak block|new|old] [--workers N] [--frames N]

  FILE.y4m    8-bit video; without it, one of moving waves is written and played
  --leak L    what a source does whose queue is full: wait, drop the new frame, drop the oldest [block]
  --workers N workers of the first stage [2]
  --frames N  frames of the film that is written [300]
  --help      this text
";

struct Args {
    file: Option<PathBuf>,
    leak: Leak,
    workers: usize,
    frames: u32,
}

fn main() -> ExitCode {
    match parse().and_then(|args| args.map_or(Ok(()), |args| run(&args))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("video_stream: {e}");
            ExitCode::FAILURE
        }
    }
}

fn parse() -> Result<Option<Args>, BoxError> {
    use lexopt::prelude::{Long, Value, ValueExt};
    let mut args = Args { file: None, leak: Leak::Block, workers: 2, frames: 300 };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("help") => {
                print!("{HELP}");
                return Ok(None);
            }
            Long("leak") => {
                args.leak = match parser.value()?.string()?.as_str() {
                    "block" => Leak::Block,
                    "new" => Leak::DropNew,
                    "old" => Leak::DropOld,
                    other => return Err(format!("--leak: {other:?}, it must be block, new or old").into()),
                }
            }
            Long("workers") => args.workers = parser.value()?.parse()?,
            Long("frames") => args.frames = parser.value()?.parse()?,
            Value(file) if args.file.is_none() => args.file = Some(file.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(args))
}

/// Black and white pictures of one batch.
struct Masks(Vec<PooledImage<f32, 1>>);

fn run(args: &Args) -> Result<(), BoxError> {
    let file = match &args.file {
        Some(file) => file.clone(),
        None => film(args.frames)?,
    };
    let open = || -> Result<_, BoxError> {
        let opened = File::open(&file).map_err(|e| format!("cannot open {}: {e}", file.display()))?;
        Ok(Y4mReader::new(opened)?)
    };
    let header = open()?.header().clone();
    println!("film      {}, {} x {}, {:?}", file.display(), header.width, header.height, header.colour);

    let batches = FrameStream::new()
        .queue(16, args.leak)
        .batch_frames(4)
        .batch_wait(Duration::from_millis(50))
        .max_age(Duration::from_secs(2))
        .source(1, open()?)
        .source(2, open()?)
        .start()?;
    let counts = batches.counter();

    let pool = pool(&header)?;
    let normalize = Stage::try_parallel(args.workers, move |batch: Result<Batch<Y4mFrame>, ParallelError>| {
        batch?.frames.iter().map(|frame| normalized(&pool, &frame.data)).collect::<Result<_, BoxError>>().map(Masks)
    })?;
    let threshold = Stage::serial(|mut masks: Masks| {
        for mask in &mut masks.0 {
            threshold_in_place(&mut mask.view_mut(), 0.0, Threshold::Binary(1.0));
        }
        masks
    });

    let start = Instant::now();
    let (mut frames, mut bright) = (0u64, 0.0);
    let mut output = PipelineExecutor::new(normalize, threshold).run(batches)?;
    for masks in output.by_ref() {
        for mask in masks?.0 {
            frames += 1;
            bright += mask.view().rows().flatten().map(|v| f64::from(*v)).sum::<f64>();
        }
    }
    let seconds = start.elapsed().as_secs_f64();

    let pixels = (header.width * header.height) as f64 * frames as f64;
    println!("played    {frames} frames in {seconds:.2} s: {:.0} frames/s", frames as f64 / seconds);
    println!("bright    {:.1}% of the pixels are above their frame's mean", 100.0 * bright / pixels.max(1.0));
    for c in counts() {
        println!(
            "source {}  {} received, {} delivered, dropped: {} new, {} old, {} late",
            c.source, c.received, c.delivered, c.dropped_new, c.dropped_old, c.late
        );
    }
    println!("\n{}", output.report());
    Ok(())
}

/// Buffers for the floats of a frame, whose rows start on 64 bytes.
fn pool(header: &Y4mHeader) -> Result<BufferPool<f32>, BoxError> {
    Ok(BufferPool::new(&[header.width.next_multiple_of(16) * header.height])?)
}

/// The luma with mean 0 and deviation 1.
fn normalized(pool: &BufferPool<f32>, frame: &Y4mFrame) -> Result<PooledImage<f32, 1>, BoxError> {
    let luma = frame.luma();
    let mut image = pool.get_image::<1>(luma.width(), luma.height())?;
    for (from, to) in luma.rows().zip(image.view_mut().rows_mut()) {
        from.iter().zip(to).for_each(|(v, out)| *out = f32::from(*v));
    }
    normalize_in_place(&mut image.view_mut());
    Ok(image)
}

/// A film of moving waves.
fn film(frames: u32) -> io::Result<PathBuf> {
    let path = Path::new("target/video_stream/film.y4m");
    fs::create_dir_all("target/video_stream")?;
    let (width, height) = (640u32, 360u32);
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg")?;
    let mut planes = vec![128u8; (width * height * 3 / 2) as usize];
    for t in 0..frames {
        for (y, row) in planes.chunks_exact_mut(width as usize).take(height as usize).enumerate() {
            for (x, v) in row.iter_mut().enumerate() {
                let (x, y) = (x as u32 + 3 * t, y as u32 + t);
                *v = (((x ^ y) & 127) + (((x * y) >> 9) & 127)) as u8;
            }
        }
        writeln!(file, "FRAME")?;
        file.write_all(&planes)?;
    }
    file.flush()?;
    Ok(path.to_owned())
}
