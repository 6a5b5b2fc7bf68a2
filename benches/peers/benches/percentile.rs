//! Percentile calibration of 2^20 values beside numpy.percentile, in one run: `cargo bench -p omnilane-peers --bench
//! percentile`. Needs python3 with NumPy, and says so if it is missing.
//!
//! Calls alternate; the ratio is that of the median times. Both find the limits of the middle 99.99 % (two percentiles),
//! or percentile 99.99 of the magnitudes; NumPy's are exact, ours within one bin of the histogram, which is printed.

use omnilane::quantize::{CodeRange, Observer, Percentile, Scheme};
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

const LEN: usize = 1 << 20;
const ROUNDS: usize = 41;

/// Reads the values, then times one call for every line that it gets.
const SCRIPT: &str = "
import sys, time, numpy as np
x = np.fromfile(sys.argv[1], np.float32)
print(np.__version__, flush=True)
for line in sys.stdin:
    start = time.perf_counter_ns()
    if line[0] == 'a':
        p = np.percentile(x, [0.005, 99.995])
    else:
        p = np.percentile(np.abs(x), [99.99])
    ns = time.perf_counter_ns() - start
    print(ns, p[-1], flush=True)
";

struct NumPy {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl NumPy {
    fn start(file: &std::path::Path) -> Result<(Self, String), Box<dyn Error>> {
        let mut command = Command::new("python3");
        command.args(["-c", SCRIPT]).arg(file).env("OMP_NUM_THREADS", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let input = child.stdin.take().ok_or("no input")?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut version = String::new();
        output.read_line(&mut version)?;
        if version.is_empty() {
            return Err("python3 has no NumPy: pip install numpy".into());
        }
        Ok((NumPy { child, input, output }, version.trim().into()))
    }

    /// The time of one call in nanoseconds, and the upper limit.
    fn call(&mut self, scheme: Scheme) -> Result<(f64, f64), Box<dyn Error>> {
        writeln!(self.input, "{}", if scheme == Scheme::Asymmetric { "a" } else { "s" })?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let (ns, limit) = line.trim().split_once(' ').ok_or("NumPy has gone away")?;
        Ok((ns.parse()?, limit.parse()?))
    }
}

impl Drop for NumPy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut state = 1u64;
    let mut unit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let mut normal = || ((-2.0 * unit().ln()).sqrt() * (std::f64::consts::TAU * unit()).cos()) as f32;
    let values: Vec<f32> = (0..LEN).map(|_| normal()).collect();
    let file = std::env::temp_dir().join(format!("omnilane-percentile-{}.f32", std::process::id()));
    std::fs::write(&file, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())?;
    let started = NumPy::start(&file);
    let result = match started {
        Ok((mut numpy, version)) => compare(&values, &mut numpy, &version),
        Err(e) => {
            println!("NOT MEASURED: {e}");
            Ok(())
        }
    };
    std::fs::remove_file(&file)?;
    result
}

fn compare(values: &[f32], numpy: &mut NumPy, version: &str) -> Result<(), Box<dyn Error>> {
    println!("{LEN} values of N(0, 1), 99.99 %; NumPy {version}; bar: 20 times as fast");
    for scheme in [Scheme::Asymmetric, Scheme::Symmetric] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (mut limit, mut their_limit, mut bin) = (0.0, 0.0, 0.0);
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let mut observer = Percentile::new(scheme);
            observer.observe(black_box(values));
            limit = black_box(observer.limits::<u8>(CodeRange::Full)).ok_or("no limits")?.1;
            ours.push(start.elapsed().as_nanos() as f64);
            bin = observer.histogram().bin_width();
            let (ns, p) = numpy.call(scheme)?;
            theirs.push(ns);
            their_limit = p;
        }
        let (ours, theirs) = (median(ours), median(theirs));
        println!(
            "{:<11} {:>6.1} times as fast ({:.2} ms, {:.2} ms); limit {limit:.5}, theirs {their_limit:.5}, bin {bin:.5}",
            format!("{scheme:?}"),
            theirs / ours,
            ours / 1e6,
            theirs / 1e6,
        );
    }
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
