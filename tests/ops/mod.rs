//! Every lane operation on one instruction set against its definition at the same register width.
//!
//! `run` takes the token and drives it and `Reference<token>` (all operations at their definitions) over the same
//! operands: all pairs of 8-bit values, all 16-bit values, boundary values and random ones for the rest.

mod data;
mod moves;
mod number;
mod observe;
mod special;

use omnilane::lanes::{Simd, Word};
use std::collections::BTreeSet;

/// What was tested: (operation, element).
#[derive(Default)]
pub struct Tally(pub BTreeSet<(&'static str, &'static str)>);

impl Tally {
    pub fn add(&mut self, op: &'static str, element: &'static str) {
        self.0.insert((op, element));
    }
}

/// Runs every operation of `simd` and returns what was tested.
pub fn run<S: Simd>(simd: S) -> Tally {
    let mut tally = Tally::default();
    number::run(simd, &mut tally);
    moves::run(simd, &mut tally);
    special::run(simd, &mut tally);
    tally
}

/// Whether `f` panics, which it is expected to do: without a message, whose backtrace takes seconds under an emulator.
pub fn panics(f: impl FnOnce()) -> bool {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    std::panic::set_hook(hook);
    result.is_err()
}

/// The last part of a type's name: `f16` of `half::binary16::f16`.
pub fn short<T>() -> &'static str {
    std::any::type_name::<T>().rsplit("::").next().unwrap()
}

/// `i` as a word.
pub fn number_word<B: Word>(i: u64) -> B {
    let bytes = i.to_le_bytes();
    let mut word = B::default();
    let out = bytemuck::bytes_of_mut(&mut word);
    let n = out.len();
    out.copy_from_slice(&bytes[..n]);
    if cfg!(target_endian = "big") {
        out.reverse();
    }
    word
}

/// Evaluates an expression over vectors on `$simd` and on its reference for each set of operands, and compares.
///
/// `check!(simd, tally, "op", T, [a: &[T], b: &[U]] => expression)`: the operands are slices of equal bytes per vector.
#[macro_export]
macro_rules! check {
    ($simd:ident, $tally:ident, $op:literal, $t:ty, [$($a:ident: $at:ty = $data:expr),+] => $e:expr) => {{
        use omnilane::lanes::Vector;
        #[allow(unused_imports, reason = "some results bring it along")]
        use $crate::ops::observe::Observe as _;
        $tally.add($op, $crate::ops::short::<$t>());
        $(let $a: Vec<$at> = $data;)+
        let vectors = [$($a.len() / Vector::<S, $at>::LANES),+].into_iter().min().unwrap();
        assert!(vectors > 0);
        for n in 0..vectors {
            $(let $a = &$a[n * Vector::<S, $at>::LANES..][..Vector::<S, $at>::LANES];)+
            let got = {
                let $simd = $simd;
                $(let $a = Vector::load($simd, $a);)+
                let _ = $simd;
                $e.observe()
            };
            let want = {
                let $simd = omnilane::token::Reference($simd);
                $(let $a = Vector::load($simd, $a);)+
                let _ = $simd;
                $e.observe()
            };
            assert!(
                got == want,
                "{} of {} on {}: operands {:?}\n got {:x?}\nwant {:x?}",
                $op, $crate::ops::short::<$t>(), S::ISA, ($(stringify!($a), $a),+), got, want
            );
        }
    }};
}
