//! What the verifier tells.

use crate::cpu::Isa;
use core::fmt;

/// What was compared; `Display` is one line for the log of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says what could not run"]
pub struct Report {
    /// The kernel's name.
    pub kernel: Box<str>,
    /// Sources that were tried.
    pub cases: usize,
    /// Elements of results that were compared, over all instruction sets.
    pub elements: usize,
    /// The instruction sets that ran.
    pub ran: Vec<Isa>,
    /// Those that did not.
    pub skipped: Vec<Skipped>,
    /// Whether there was a definition to compare with, or [`Isa::Scalar`] only.
    pub defined: bool,
    /// The distance from the definition that was allowed.
    pub ulps: u64,
    /// The seed of the random values.
    pub seed: u64,
}

/// An instruction set that did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Which.
    pub isa: Isa,
    /// Why.
    pub reason: &'static str,
}

impl Skipped {
    pub(super) fn all_but(ran: &[Isa]) -> Vec<Skipped> {
        let x86 = cfg!(any(target_arch = "x86", target_arch = "x86_64"));
        let reason = |isa: Isa| match isa {
            _ if isa.is_available() => "left out by OMNILANE_VERIFY_ISA",
            Isa::Neon if cfg!(target_arch = "aarch64") => "this CPU lacks it",
            Isa::Sse42 | Isa::Avx2 | Isa::Avx512 if x86 => "this CPU lacks it",
            _ => "another architecture",
        };
        let missing = Isa::ALL.into_iter().filter(|isa| !ran.contains(isa));
        missing.map(|isa| Skipped { isa, reason: reason(isa) }).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} cases, {} elements, ", self.kernel, self.cases, self.elements)?;
        match (self.defined, self.ulps) {
            (true, 0) => f.write_str("equal to the definition and to scalar")?,
            (true, n) => write!(f, "within {n} ulps of the definition and equal to scalar")?,
            (false, _) => f.write_str("equal to scalar (no definition)")?,
        }
        f.write_str(" on")?;
        for (i, isa) in self.ran.iter().enumerate() {
            write!(f, "{} {isa}", if i == 0 { "" } else { "," })?;
        }
        for (i, skip) in self.skipped.iter().enumerate() {
            write!(f, "{} {} ({})", if i == 0 { "; NOT RUN:" } else { "," }, skip.isa, skip.reason)?;
        }
        write!(f, "; seed {}", self.seed)
    }
}

/// A kernel's first failure, in the smallest case that was found for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The kernel's name.
    pub kernel: Box<str>,
    /// The instruction set it ran on.
    pub isa: Isa,
    /// What is wrong.
    pub problem: Problem,
    /// The source and the destination.
    pub case: Box<Case>,
    /// Where in the destination; a reduction and a panic have no place.
    pub place: Option<Place>,
    /// What the kernel gave there, or how it panicked.
    pub got: Box<str>,
    /// What it should have given.
    pub want: Box<str>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A value is not the wanted one.
    Differs(Against),
    /// An element of the destination kept what was there before.
    NotWritten,
    /// An element before the destination was written.
    WrittenBefore {
        /// Elements from there to the destination.
        elements: usize,
    },
    /// An element between two rows was written; the place's column is beyond the row.
    WrittenBetween,
    /// An element after the destination was written.
    WrittenAfter {
        /// Elements from the destination's last to there.
        elements: usize,
    },
    /// The kernel panicked.
    Panicked,
}

/// What a result was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Against {
    /// The caller's definition.
    Definition,
    /// The same kernel on [`Isa::Scalar`], from and to rows without gaps.
    Scalar,
}

/// The sizes and places of a source and its destination.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// Pixels in a row; of a slice the length, in the ratio's units.
    pub width: usize,
    /// Rows; 1 for a slice.
    pub height: usize,
    /// Where the source lies.
    pub src: Placement,
    /// Where the destination lies; of no meaning for a reduction.
    pub dst: Placement,
    /// The source's values, or the first of many.
    pub values: Box<str>,
    /// The seed with which the failure was found.
    pub seed: u64,
}

/// Where a picture lies in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placement {
    /// Elements from the start of a row to the start of the next.
    pub stride: usize,
    /// Elements from an address that 64 divides to the first.
    pub offset: usize,
}

/// An element of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// From the top.
    pub row: usize,
    /// The pixel in its row.
    pub column: usize,
    /// The channel in its pixel.
    pub channel: usize,
    /// The lane of a register that it falls into, where registers start with the row (without gaps: with the picture).
    pub lane: usize,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: ", self.kernel, self.isa)?;
        match self.problem {
            Problem::Differs(Against::Definition) => f.write_str("differs from the definition")?,
            Problem::Differs(Against::Scalar) => f.write_str("differs from scalar")?,
            Problem::NotWritten => f.write_str("an element was not written")?,
            Problem::WrittenBefore { elements } => write!(f, "wrote {elements} elements before the destination")?,
            Problem::WrittenBetween => f.write_str("wrote between the rows")?,
            Problem::WrittenAfter { elements } => write!(f, "wrote {elements} elements after the destination")?,
            Problem::Panicked => f.write_str("panicked")?,
        }
        if let Some(Place { row, column, channel, lane }) = self.place {
            write!(f, " at row {row}, column {column}, channel {channel} (lane {lane})")?;
        }
        if self.problem == Problem::Panicked {
            write!(f, ": {}", self.got)?;
        } else {
            write!(f, ": got {}, wanted {}", self.got, self.want)?;
        }
        let Case { width, height, src, dst, values, seed } = &*self.case;
        write!(f, "\n  smallest case: {width} x {height}, src stride {} offset {}", src.stride, src.offset)?;
        write!(f, ", dst stride {} offset {}, values {values}", dst.stride, dst.offset)?;
        write!(f, "\n  found with seed {seed} (OMNILANE_SEED={seed} repeats it)")
    }
}

impl std::error::Error for Failure {}
