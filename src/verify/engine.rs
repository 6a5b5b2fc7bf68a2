//! A kernel on every instruction set, case by case.

use super::canvas::{Outside, PATTERNS};
use super::cases::{Form, Shape, values};
use super::report::{Against, Case, Failure, Place, Problem, Report, Skipped};
use super::{Outcome, Random, Sample};
use crate::cpu::{Isa, with_isa};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs something over source values laid out as the shape says, everything else filled with the byte.
pub(super) type Run<'a, T, O> = Box<dyn Fn(&Shape, &[T], u8) -> Result<O, Outside> + 'a>;

/// A kernel that is ready to be checked; made by `kernel` of one of the forms.
pub struct Check<'a, T, O> {
    name: Box<str>,
    pub(super) form: Form,
    define: Option<Run<'a, T, O>>,
    run: Run<'a, T, O>,
    seed: u64,
    random_cases: usize,
    ulps: u64,
    also: Vec<(usize, usize)>,
}

/// The seed, unless something else is asked for.
const SEED: u64 = 2_463_534_242;
/// Random sizes after the grid, unless something else is asked for.
const RANDOM_CASES: usize = 48;

impl<'a, T: Sample, O: Outcome> Check<'a, T, O> {
    pub(super) fn new(name: Box<str>, form: Form, define: Option<Run<'a, T, O>>, run: Run<'a, T, O>) -> Self {
        Check { name, form, define, run, seed: SEED, random_cases: RANDOM_CASES, ulps: 0, also: Vec::new() }
    }

    /// The seed of the random values; `OMNILANE_SEED` in the environment goes before it.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The number of random sizes after the grid of sizes; 48 if not set.
    #[must_use]
    pub fn cases(mut self, n: usize) -> Self {
        self.random_cases = n;
        self
    }

    /// How far from the definition a float may be, in units of the last place. 0, equal bits, if not set.
    ///
    /// Between instruction sets the bits are equal in any case.
    #[must_use]
    pub fn ulps(mut self, ulps: u64) -> Self {
        self.ulps = ulps;
        self
    }

    /// One more size to try; a slice has no use for the height.
    #[must_use]
    pub fn also(mut self, width: usize, height: usize) -> Self {
        self.also.push((width, height));
        self
    }

    /// Runs the kernel on every instruction set of this CPU over all cases; on the one that `OMNILANE_VERIFY_ISA` names
    /// and nothing else, if the environment has it (where an emulator is slow). The report lists what did not run.
    ///
    /// # Errors
    /// [`Failure`], with the smallest case that was found for it.
    pub fn check(&self) -> Result<Report, Failure> {
        let seed = seed_from_environment().unwrap_or(self.seed);
        let mut random = Random::new(seed);
        let only = only_from_environment();
        let ran: Vec<Isa> = Isa::available().filter(|isa| only.is_none_or(|only| only == *isa)).collect();
        let (mut cases, mut elements) = (0, 0);
        for shape in self.form.shapes(&self.also, self.random_cases, &mut random) {
            let src = values(shape.width * shape.height * self.form.src_pixel, &mut random);
            match self.one(&shape, &src, &ran, seed) {
                Ok(n) => elements += n,
                Err(failure) => return Err(self.smallest(shape, src, failure)),
            }
            cases += 1;
        }
        let (kernel, skipped, defined) = (self.name.clone(), Skipped::all_but(&ran), self.define.is_some());
        Ok(Report { kernel, cases, elements, ran, skipped, defined, ulps: self.ulps, seed })
    }

    /// [`check`](Check::check) for a test: prints the report.
    ///
    /// # Panics
    /// With the [`Failure`].
    #[track_caller]
    pub fn assert(&self) {
        match self.check() {
            Ok(report) => println!("{report}"),
            Err(failure) => panic!("{failure}"),
        }
    }

    /// One source on these instruction sets: the number of elements that were compared.
    pub(super) fn one(&self, shape: &Shape, src: &[T], isas: &[Isa], seed: u64) -> Result<usize, Failure> {
        let fail = |isa, problem, place, got: String, want: String| Failure {
            kernel: self.name.clone(),
            isa,
            problem,
            case: Box::new(case(shape, src, seed)),
            place,
            got: got.into(),
            want: want.into(),
        };
        let attempt = |isa, shape: &Shape, pattern| {
            let run = || catch_unwind(AssertUnwindSafe(|| (self.run)(shape, src, pattern)));
            match with_isa(isa, run) {
                Ok(Ok(Ok(outcome))) => Ok(outcome),
                Ok(Ok(Err(Outside { problem, place: (row, i), got, want }))) => {
                    Err(fail(isa, problem, Some(self.place(shape, row, i, isa)), got, want))
                }
                Ok(Err(panic)) => Err(fail(isa, Problem::Panicked, None, message(&*panic), String::new())),
                Err(e) => unreachable!("only available instruction sets are run: {e}"),
            }
        };

        let tight = self.form.tight(shape);
        let definition = match &self.define {
            Some(define) => match define(&tight, src, PATTERNS[0]) {
                Ok(outcome) => Some(outcome),
                Err(_) => panic!("{}: the definition wrote outside its destination", self.name),
            },
            None => None,
        };
        let scalar = attempt(Isa::Scalar, &tight, PATTERNS[0])?;
        let mut compared = 0;
        for isa in isas.iter().copied() {
            for (i, pattern) in PATTERNS.into_iter().enumerate() {
                let got = attempt(isa, shape, pattern)?;
                let to_definition = definition.as_ref().map(|d| (d, Against::Definition, self.ulps));
                for (want, against, ulps) in to_definition.into_iter().chain([(&scalar, Against::Scalar, 0)]) {
                    let Some(part) = got.differs(want, ulps) else {
                        continue;
                    };
                    let mut problem = Problem::Differs(against);
                    if got.is_filled(part, pattern) {
                        let other = PATTERNS[1 - i];
                        if attempt(isa, shape, other)?.is_filled(part, other) {
                            problem = Problem::NotWritten;
                        }
                    }
                    let row = shape.width * self.form.dst_pixel;
                    let place = (row != 0).then(|| self.place(shape, part / row, part % row, isa));
                    return Err(fail(isa, problem, place, got.show(part), want.show(part)));
                }
                compared += got.parts();
            }
        }
        Ok(compared)
    }

    fn place(&self, shape: &Shape, row: usize, i: usize, isa: Isa) -> Place {
        let per_row = shape.width * self.form.dst_pixel;
        let before = if shape.dst.stride == per_row { row * per_row } else { 0 };
        let pixel = self.form.dst_pixel.max(1);
        let lane = (before + i) % (isa.register_bytes() / self.form.dst_bytes);
        Place { row, column: i / pixel, channel: i % pixel, lane }
    }
}

fn case<T: Sample>(shape: &Shape, src: &[T], seed: u64) -> Case {
    let Shape { width, height, src: from, dst, .. } = *shape;
    let shown = &src[..src.len().min(16)];
    let more = if shown.len() < src.len() { format!(" and {} more", src.len() - shown.len()) } else { String::new() };
    Case { width, height, src: from, dst, values: format!("{shown:?}{more}").into(), seed }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}

fn only_from_environment() -> Option<Isa> {
    let value = std::env::var("OMNILANE_VERIFY_ISA").ok().filter(|v| !v.is_empty())?;
    match value.trim().parse::<Isa>() {
        Ok(isa) if isa.is_available() => Some(isa),
        Ok(isa) => panic!("OMNILANE_VERIFY_ISA={value:?}: this machine cannot run {isa}"),
        Err(e) => panic!("OMNILANE_VERIFY_ISA={value:?}: {e}"),
    }
}

fn seed_from_environment() -> Option<u64> {
    let value = std::env::var("OMNILANE_SEED").ok().filter(|v| !v.is_empty())?;
    match value.trim().parse() {
        Ok(seed) => Some(seed),
        Err(e) => panic!("OMNILANE_SEED={value:?}: {e}"),
    }
}

impl<T, O> fmt::Debug for Check<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Check { name, define, seed, random_cases, ulps, also, .. } = self;
        let mut out = f.debug_struct("Check");
        out.field("name", name).field("definition", &define.is_some()).field("seed", seed);
        out.field("cases", random_cases).field("ulps", ulps).field("also", also).finish_non_exhaustive()
    }
}
