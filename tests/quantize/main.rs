//! Quantization against its definition and ONNX Runtime's results, on every instruction set.

mod channels;
mod degenerate;
mod error;
mod onnx;
#[path = "../oracle/quantize.rs"]
mod oracle;
mod slices;
mod sqnr;

use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::{Code, QuantParams};

/// Runs `f` on every instruction set of this CPU; says which those are.
fn on_every_isa(name: &str, mut f: impl FnMut(Isa)) {
    for isa in Isa::available() {
        with_isa(isa, || f(isa)).expect("it is available");
    }
    println!("{name}: {:?}, not {:?}", Isa::available(), Isa::ALL.map(|isa| (!isa.is_available()).then_some(isa)));
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In 0..1.
    fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of mean 0 and deviation 1.
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// The code of `x` by the definition.
fn code<C: Code>(x: f32, params: &QuantParams<C>) -> C {
    let range = (params.qmin(), params.qmax());
    C::saturate(oracle::quantize(x, params.scale(), params.zero_point(), range))
}

/// The codes of `src` by the definition, in memory.
fn codes<C: Code>(src: &[f32], params: &QuantParams<C>) -> Vec<C::Storage> {
    let mut codes = vec![C::Storage::default(); C::storage_len(src.len())];
    for (i, x) in src.iter().enumerate() {
        code(*x, params).set(&mut codes, i);
    }
    codes
}

/// Bit-equal, and zeros have their sign.
fn assert_same(got: &[f32], want: &[f32], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert_eq!(g.to_bits(), w.to_bits(), "{what}: element {i} is {g}, not {w}");
    }
}
