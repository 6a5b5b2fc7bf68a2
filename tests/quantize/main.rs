//! Quantization against its definition and ONNX Runtime's results, on every instruction set.

mod channels;
mod degenerate;
mod error;
mod onnx;
#[path = "../oracle/quantize.rs"]
mod oracle;
mod slices;
mod sqnr;
mod ties;

use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::{Code, QuantParams};

/// Runs `f` on every instruction set of this CPU; says which those are.
fn on_every_isa(name: &str, mut f: impl FnMut(Isa)) {
    for isa in Isa::available() {
        with_isa(isa, || f(isa)).expect("it is available");
    }
    println!("{name}: {:?}, not {:?}", Isa::available(), Isa::ALL.map(|isa| (!isa.is_available()).then_some(isa)));
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
