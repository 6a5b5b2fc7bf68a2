//! Every lane operation on one instruction set against its definition at the same register width.
//!
//! [`run`] drives a token over fixed operands: all pairs of 8-bit values, all 16-bit values, boundary values and random ones
//! for the rest. It runs once with `Reference`, where every operation is its definition, and notes a digest of each result; every
//! instruction set of that width is then compared with the digests. Only what differs is computed again, to be printed.

mod moves;
mod number;
mod special;

use omnilane::cpu::Isa;
use omnilane::lanes::{Simd, Word};
use omnilane_test_values::digest;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Digests of the results of each check, vector by vector.
pub type Digests = Vec<Vec<u64>>;

/// The result that differs.
pub struct Difference {
    check: usize,
    vector: usize,
    pub text: String,
}

enum Mode<'a> {
    Note(Digests),
    Compare(&'a Digests, Option<Difference>),
    Find(usize, usize, Vec<u64>),
}

/// What was tested, and what it was compared with.
pub struct Tally<'a> {
    /// (operation, element).
    tested: BTreeSet<(&'static str, &'static str)>,
    isa: Isa,
    checks: usize,
    mode: Mode<'a>,
}

/// Operands as the checks' loop, which is compiled once, sees them.
pub trait Operand {
    fn bytes(&self) -> usize;
    fn show(&self, vector: usize, register: usize) -> String;
}

impl<T: std::fmt::Debug> Operand for &[T] {
    fn bytes(&self) -> usize {
        size_of_val(*self)
    }

    fn show(&self, vector: usize, register: usize) -> String {
        let lanes = register / size_of::<T>();
        format!("{:?}", &self[vector * lanes..][..lanes])
    }
}

impl<'a> Tally<'a> {
    fn new(isa: Isa, mode: Mode<'a>) -> Self {
        Tally { tested: BTreeSet::new(), isa, checks: 0, mode }
    }

    pub fn add(&mut self, op: &'static str, element: &'static str) {
        self.tested.insert((op, element));
    }

    /// Notes or compares `result(n)` for each `n`, a register of the operands.
    pub fn check(
        &mut self,
        op: &'static str,
        element: &'static str,
        register: usize,
        operands: &[(&str, &dyn Operand)],
        result: &mut dyn FnMut(usize, &mut Vec<u64>),
    ) {
        self.add(op, element);
        let vectors = operands.iter().map(|(_, o)| o.bytes() / register).min().unwrap_or(0);
        assert!(vectors > 0, "{op} of {element}: no operands");
        let mut got = Vec::new();
        let mut result = |n, got: &mut Vec<u64>| {
            got.clear();
            result(n, got);
            digest(got)
        };
        match &mut self.mode {
            Mode::Note(digests) => digests.push((0..vectors).map(|n| result(n, &mut got)).collect()),
            Mode::Compare(digests, difference) => {
                let want = &digests[self.checks];
                assert_eq!(want.len(), vectors, "{op} of {element}: other operands than the definition");
                for (n, want) in want.iter().enumerate() {
                    if result(n, &mut got) == *want || difference.is_some() {
                        continue;
                    }
                    let mut text = format!("{op} of {element} on {}: operands", self.isa);
                    for (name, o) in operands {
                        let _ = write!(text, " {name} = {}", o.show(n, register));
                    }
                    let _ = write!(text, "\n got {got:x?}");
                    *difference = Some(Difference { check: self.checks, vector: n, text });
                }
            }
            Mode::Find(check, vector, found) if *check == self.checks => {
                result(*vector, found);
            }
            Mode::Find(..) => {}
        }
        self.checks += 1;
    }
}

/// The digests of all results of `simd`.
pub fn note<R: Simd>(simd: R) -> Digests {
    let mut tally = Tally::new(R::ISA, Mode::Note(Vec::new()));
    run(simd, &mut tally);
    match tally.mode {
        Mode::Note(digests) => digests,
        _ => unreachable!("it was made above"),
    }
}

/// The result of `simd` where another one differed from it.
pub fn find<R: Simd>(simd: R, difference: &Difference) -> Vec<u64> {
    let mut tally = Tally::new(R::ISA, Mode::Find(difference.check, difference.vector, Vec::new()));
    run(simd, &mut tally);
    match tally.mode {
        Mode::Find(_, _, found) => found,
        _ => unreachable!("it was made above"),
    }
}

/// Every operation of `simd` against the digests: what was tested, or the first result that differs.
pub fn compare<S: Simd>(simd: S, digests: &Digests) -> Result<BTreeSet<(&'static str, &'static str)>, Difference> {
    let mut tally = Tally::new(S::ISA, Mode::Compare(digests, None));
    run(simd, &mut tally);
    assert_eq!(tally.checks, digests.len(), "the definition ran other checks than {}", S::ISA);
    match tally.mode {
        Mode::Compare(_, Some(difference)) => Err(difference),
        _ => Ok(tally.tested),
    }
}

/// Runs every operation of `simd`.
#[inline(never)]
fn run<S: Simd>(simd: S, tally: &mut Tally<'_>) {
    number::run(simd, tally);
    moves::run(simd, tally);
    special::run(simd, tally);
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

/// Evaluates an expression over vectors for each register of the operands.
///
/// `check!(simd, tally, "op", T, [a: T = &[T], b: U = &[U]] => expression)`: the operands are slices of equal bytes per vector.
#[macro_export]
macro_rules! check {
    ($simd:ident, $tally:ident, $op:literal, $t:ty, [$($a:ident: $at:ty = $data:expr),+] => $e:expr) => {{
        use omnilane::lanes::Vector;
        #[allow(unused_imports, reason = "some results bring it along")]
        use omnilane_test_values::Observe as _;
        $(let $a: &[$at] = &$data;)+
        $tally.check(
            $op,
            $crate::ops::short::<$t>(),
            Vector::<S, u8>::LANES,
            &[$((stringify!($a), &$a)),+],
            &mut |n, out| {
                $(let $a = Vector::load($simd, &$a[n * Vector::<S, $at>::LANES..]);)+
                $e.observe_into(out)
            },
        );
    }};
}
