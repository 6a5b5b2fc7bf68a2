//! Integer products beside ONNX Runtime's MatMulInteger, one thread each: `cargo bench -p omnilane-peers --bench integers`.
//!
//! ONNX Runtime is the PyPI wheel (`pip install onnxruntime onnx numpy`; `PYTHON` names the interpreter) in a child process,
//! which is told over a pipe how often to multiply and answers with the time of one call. Its calls and ours alternate, so
//! that a slow moment of the machine hits both; the ratio is that of the median times. Both multiply the same codes by
//! weights packed before, and ours are checked: the last column is the share of ONNX Runtime's integers that are right.
//! (By default it lets products saturate on CPUs without VNNI; `exact` rows have its option that does not.)

use omnilane::cpu::current_isa;
use omnilane::quantize::{MatrixView, PackedWeights, dot, matmul_into};
use std::fs::read;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// Pairs of measurements.
const ROUNDS: usize = 41;

struct Bar {
    size: [usize; 3],
    wanted: f64,
    /// The largest activation.
    largest: u8,
    weights: &'static str,
    exact: bool,
}

fn main() {
    let mut runtime = Runtime::start();
    println!("ours on {}", current_isa());
    println!("{:<68} {:>9} {:>7} {:>8} {:>9} {:>10}", "bar", "measured", "wanted", "", "GOP/s", "theirs right");
    for (size, wanted) in [([512, 1024, 1024], 1.0), ([1, 4096, 4096], 1.2)] {
        for (largest, weights, exact) in [
            (127, "uniform", false),
            (255, "per-tensor", false),
            (255, "per-column", false),
            (255, "per-column", true),
            (255, "uniform", false),
            (255, "uniform", true),
        ] {
            runtime.bar(&Bar { size, wanted, largest, weights, exact });
        }
    }
}

struct Runtime {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Runtime {
    fn start() -> Runtime {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/integers_onnxruntime.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let (input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let mut runtime = Runtime { child, input, output: BufReader::new(output) };
        println!("beside {}", runtime.line());
        runtime
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the child lives");
        assert!(!line.is_empty(), "the child ended: are onnxruntime, onnx and numpy installed?");
        line.trim_end().to_owned()
    }

    fn ask(&mut self, question: &str) -> String {
        writeln!(self.input, "{question}").expect("the child lives");
        self.line()
    }

    fn run(&mut self, calls: u32) -> f64 {
        self.ask(&format!("run {calls}")).parse().expect("nanoseconds")
    }

    fn bar(&mut self, bar: &Bar) {
        let [m, k, n] = bar.size;
        let folder = tempfile::tempdir().expect("a folder");
        let (exact, path) = (u8::from(bar.exact), folder.path().display());
        let ready = self.ask(&format!("prepare {m} {k} {n} {} {} {exact} {path}", bar.largest, bar.weights));
        assert_eq!(ready, "ready");
        let (x, w, theirs) = codes(folder.path());
        let weights = PackedWeights::new(&w, k, n).expect("k * n weights");
        let view = MatrixView::new(&x, m, k).expect("m * k codes");
        let mut out = vec![0; m * n];
        let mut ours = || matmul_into(view, 0, &weights, &mut out).expect("m * n integers");
        ours();
        let calls = (30e6 / time(1, &mut ours)).clamp(1.0, 200.0) as u32;
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            a.push(time(calls, &mut ours));
            b.push(self.run(calls));
        }
        let (a, b) = (median(a), median(b));
        check(&out, &x, &w, k);
        let right = out.iter().zip(&theirs).filter(|(a, b)| a == b).count() as f64 / out.len() as f64;
        let name = format!(
            "{m} x {k} x {n}, codes to {}, {} weights{}: times faster than ORT",
            bar.largest,
            bar.weights,
            if bar.exact { ", exact" } else { "" }
        );
        let (ratio, speed) = (b / a, 2.0 * (m * k * n) as f64 / a);
        let met = if ratio >= bar.wanted { "met" } else { "MISSED" };
        println!("{name:<68} {ratio:>9.2} {:>7.2} {met:>8} {speed:>9.0} {:>9.3} %", bar.wanted, 100.0 * right);
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // It ends when its input does; if not, the bench is over all the same.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn codes(folder: &Path) -> (Vec<u8>, Vec<i8>, Vec<i32>) {
    let bytes = |name: &str| read(folder.join(name)).expect("the child wrote it");
    let product = bytes("y").as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b)).collect();
    (bytes("a"), bytes("b").into_iter().map(|b| b as i8).collect(), product)
}

/// Some integers of the product against 64 bits, and `dot`.
fn check(out: &[i32], x: &[u8], w: &[i8], k: usize) {
    let n = w.len() / k;
    for at in (0..out.len()).step_by(out.len() / 97) {
        let column: Vec<i8> = w[at % n..].iter().step_by(n).copied().collect();
        let row = &x[at / n * k..][..k];
        let want: i64 = row.iter().zip(&column).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
        assert_eq!((i64::from(out[at]), dot(row, &column)), (want, Ok(out[at])), "element {at}");
    }
}

/// Nanoseconds of a call.
fn time(calls: u32, f: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        f();
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
