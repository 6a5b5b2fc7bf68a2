//! Quantization beside ONNX Runtime and rten-vecmath, one thread each: `cargo bench -p omnilane-peers --bench quantize`.
//!
//! ONNX Runtime is the Python wheel (`pip install onnxruntime onnx numpy`) in a child process, which is told over a pipe how
//! often to run an operator and answers with the time of one call. Its calls and ours alternate, so that a slow moment of
//! the machine hits both; a ratio is that of the median times. The bar is the ratio of whole calls, what a program sees. A
//! call of its session costs some microseconds whatever the operator (measured with 16 elements), which matters for the
//! small size; the last columns say what the ratio is without them.

use omnilane::lanes::{LengthError, Simd, f16, map, map_in_place};
use omnilane::quantize::{
    DynamicQuantizer, Mode, QuantParams, QuantizeOptions, convert_into, dequantize_into, quantize_into,
    quantize_into_with,
};
use rten_simd::SimdOp;
use rten_vecmath::{F32ToF16, MinMax, Quantize};
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::mem::MaybeUninit;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const LARGE: usize = 1 << 20;
const SMALL: usize = 1 << 16;
/// Pairs of measurements.
const ROUNDS: usize = 61;

fn main() {
    let mut runtime = Runtime::start();
    println!("{:<64} {:>9} {:>7} {:>8} {:>12}", "bar", "measured", "wanted", "", "without call");
    for (n, wanted) in [(LARGE, 1.3), (SMALL, 2.0)] {
        let x = values(n);
        let (mut signed, mut unsigned, mut numbers) = (vec![0_i8; n], vec![0_u8; n], vec![0.0_f32; n]);
        let i8s = QuantParams::<i8>::new(0.03, 3).expect("a scale");
        let u8s = QuantParams::<u8>::new(0.03, 3).expect("a scale");
        let bar = |runtime: &mut Runtime, operator, code, ours: &mut dyn FnMut()| {
            runtime.bar(operator, code, n, wanted, ours);
        };
        bar(&mut runtime, "QuantizeLinear", "u8", &mut || {
            black_box(quantize_into(black_box(&x), &u8s, &mut unsigned)).map(drop).expect("equal lengths");
        });
        bar(&mut runtime, "QuantizeLinear", "i8", &mut || {
            black_box(quantize_into(black_box(&x), &i8s, &mut signed)).map(drop).expect("equal lengths");
        });
        bar(&mut runtime, "DequantizeLinear", "u8", &mut || {
            dequantize_into(black_box(&unsigned), &u8s, &mut numbers).expect("equal lengths");
        });
        bar(&mut runtime, "DequantizeLinear", "i8", &mut || {
            dequantize_into(black_box(&signed), &i8s, &mut numbers).expect("equal lengths");
        });
    }
    for n in [LARGE, SMALL] {
        let (x, mut codes) = (values(n), vec![0_u8; n]);
        runtime.bar("DynamicQuantizeLinear", "u8", n, 1.5, &mut || {
            black_box(DynamicQuantizer::<u8>::new().quantize_into(black_box(&x), &mut codes))
                .map(drop)
                .expect("equal lengths");
        });
    }
    for (n, wanted) in [(LARGE, 1.2), (SMALL, 2.0)] {
        let (x, mut half) = (values(n), vec![f16::ZERO; n]);
        runtime.bar("Cast", "f16", n, wanted, &mut || {
            convert_into(black_box(&x), &mut half).expect("equal lengths");
        });
    }
    copies();
    rten();
}

omnilane::kernel! {
    /// Nothing but a load and a store of each vector.
    fn copy_by_lanes<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
        map(simd, src, dst, #[inline(always)] |v| v)
    }

    /// Nothing but a store of each vector.
    fn fill_by_lanes<S: Simd>(simd: S, dst: &mut [f32]) {
        map_in_place(simd, dst, #[inline(always)] |_| simd.splat(1.0));
    }
}

/// What moves as many bytes, and computes nothing.
fn copies() {
    println!();
    for n in [LARGE, SMALL] {
        for (name, bytes) in [("quantize", 5), ("dequantize", 5), ("f32 to f16", 6)] {
            let (src, mut dst) = (vec![1_u8; bytes * n / 2], vec![0_u8; bytes * n / 2]);
            let copy = || copy_by_lanes(black_box(&src), &mut dst).expect("equal lengths");
            let ns = speed(copy);
            println!("{name} of {n}: a copy of as many bytes would be {:.1} G elements/s", n as f64 / ns);
        }
        let mut dst = vec![0.0_f32; n];
        let ns = speed(|| fill_by_lanes(black_box(&mut dst)));
        println!("dequantize of {n}: storing alone would be {:.1} G elements/s", n as f64 / ns);
    }
}

fn speed(mut f: impl FnMut()) -> f64 {
    median((0..ROUNDS).map(|_| time(8, &mut f)).collect())
}

/// rten-vecmath multiplies by the reciprocal: its peer is `Fast`.
fn rten() {
    println!();
    for n in [LARGE, SMALL] {
        let (x, mut codes) = (values(n), vec![0_u8; n]);
        let mut theirs = vec![MaybeUninit::new(0_u8); n];
        let params = QuantParams::<u8>::new(0.03, 3).expect("a scale");
        let fast = QuantizeOptions::default().mode(Mode::Fast);
        for (mode, options) in [("Exact", QuantizeOptions::default()), ("Fast", fast)] {
            pair(
                &format!("quantize {mode} of {n}: times faster than rten-vecmath's Quantize"),
                || quantize_into_with(black_box(&x), &params, options, &mut codes).map(drop).expect("equal lengths"),
                || _ = black_box(Quantize::new(black_box(&x), &mut theirs, 1.0 / 0.03, 3_u8).dispatch()),
            );
        }
        pair(
            &format!("dynamic of {n}: times faster than rten-vecmath's MinMax and Quantize"),
            || DynamicQuantizer::<u8>::new().quantize_into(black_box(&x), &mut codes).map(drop).expect("equal lengths"),
            || {
                let (min, max) = MinMax::new(black_box(&x)).dispatch();
                let scale = (max - min) / 255.0;
                black_box(Quantize::new(&x, &mut theirs, 1.0 / scale, (-min / scale) as u8).dispatch());
            },
        );
        let (mut half, mut their_half) = (vec![f16::ZERO; n], vec![MaybeUninit::<rten_simd::f16>::uninit(); n]);
        pair(
            &format!("f32 to f16 of {n}: times faster than rten-vecmath's F32ToF16"),
            || convert_into(black_box(&x), &mut half).expect("equal lengths"),
            || _ = black_box(F32ToF16::new(black_box(&x), &mut their_half).dispatch()),
        );
    }
}

fn pair(what: &str, mut ours: impl FnMut(), mut theirs: impl FnMut()) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        a.push(time(8, &mut ours));
        b.push(time(8, &mut theirs));
    }
    println!("{what:<75} {:>6.2}", median(b) / median(a));
}

/// Pseudo-random, roughly normal.
fn values(n: usize) -> Vec<f32> {
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    (0..n).map(|_| (next() + next() + next() + next() - 2.0) * 1.7).collect()
}

fn time(calls: u32, mut f: impl FnMut()) -> f64 {
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

/// ONNX Runtime in its process.
struct Runtime {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Runtime {
    fn start() -> Runtime {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/quantize_onnxruntime.py");
        let spawned = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|e| missing(&e.to_string()));
        let (to, from) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let mut runtime = Runtime { child, to, from: BufReader::new(from) };
        println!("{}", runtime.line());
        runtime
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        match self.from.read_line(&mut line) {
            Ok(n) if n > 0 => line.trim().into(),
            _ => missing("the child ended"),
        }
    }

    fn prepare(&mut self, operator: &str, code: &str, n: usize) {
        writeln!(self.to, "prepare {operator} {code} {n}").expect("the child reads");
        assert_eq!(self.line(), "ready");
    }

    /// Nanoseconds of one call.
    fn run(&mut self, calls: u32) -> f64 {
        writeln!(self.to, "run {calls}").expect("the child reads");
        self.line().parse().expect("a number")
    }

    fn bar(&mut self, operator: &str, code: &str, n: usize, wanted: f64, ours: &mut dyn FnMut()) {
        self.prepare(operator, code, 16);
        let call = median((0..ROUNDS).map(|_| self.run(50)).collect());
        self.prepare(operator, code, n);
        let about_a_millisecond =
            |ns: f64| (Duration::from_millis(1).as_nanos() as f64 / ns).clamp(1.0, 10_000.0) as u32;
        let (calls_a, calls_b) = (about_a_millisecond(time(3, &mut *ours)), about_a_millisecond(self.run(3)));
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            a.push(time(calls_a, &mut *ours));
            b.push(self.run(calls_b));
        }
        let (a, b) = (median(a), median(b));
        let (measured, alone) = (b / a, (b - call) / a);
        println!(
            "{:<64} {measured:>9.2} {wanted:>7.2} {:>8} {alone:>12.2}   {:.1} G/s, they {:.1}, and {:.1} us a call",
            format!("{operator} {code}, {n}: times faster than onnxruntime"),
            if measured >= wanted { "met" } else { "MISSED" },
            n as f64 / a,
            n as f64 / (b - call),
            call / 1000.0,
        );
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Without its input it ends; if it does not, it is ended.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn missing(why: &str) -> ! {
    eprintln!("NOT MEASURED: python3 with onnxruntime, onnx and numpy is needed ({why});");
    eprintln!("    pip install onnxruntime onnx numpy");
    std::process::exit(1)
}
