//! What this CPU has, which instruction set is used, and how to choose another one.
//!
//! ```
//! use omnilane::cpu::{self, Isa};
//!
//! println!("{}", cpu::detect_features());
//! println!("kernels run on {} here, and could on {:?}", cpu::current_isa(), Isa::available());
//! ```
//!
//! Kernels run on [`Isa::best`] unless something else is chosen: by [`set_opt_level`] for the process, by the environment's
#![cfg_attr(feature = "std", doc = "`OMNILANE_ISA`, by [`with_isa`] for a scope of one thread,")]
#![cfg_attr(not(feature = "std"), doc = "`OMNILANE_ISA` where there is `std`,")]
//! or by [`dispatch_on`](crate::dispatch_on) for one call. The results are the same; what differs is the time.

mod choice;
mod features;
#[cfg(feature = "std")]
mod system;

#[cfg(feature = "parallel")]
pub(crate) use choice::Captured;
#[cfg(feature = "std")]
pub use choice::with_isa;
pub use choice::{
    IsaError, OptLevel, current_isa, get_opt_level, memory_opt_enabled, parallel_enabled, set_opt_level, simd_enabled,
};
pub use features::{Caches, CpuFeatures, detect_features};

use core::fmt;
use core::iter::FusedIterator;
use core::str::FromStr;

/// An instruction set that omnilane has kernels for, the most basic first.
///
/// ```
/// use omnilane::cpu::Isa;
///
/// assert_eq!("avx2".parse(), Ok(Isa::Avx2));
/// assert!(Isa::Scalar < Isa::best());
/// println!("this CPU has {:?}", Isa::available());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Isa {
    /// Plain loops, the definition of every operation; everywhere.
    Scalar,
    /// 128-bit registers of what the program was compiled for (SSE2, simd128, ...) through `wide`; everywhere.
    Portable,
    /// x86 with SSE4.2 and POPCNT: 128 bits.
    Sse42,
    /// x86 with AVX2, FMA, F16C, BMI: 256 bits.
    Avx2,
    /// x86 with AVX-512 as in Ice Lake and Zen 4: 512 bits. Older AVX-512 CPUs clock down and use [`Isa::Avx2`].
    Avx512,
    /// AArch64 with NEON: 128 bits.
    Neon,
}

impl Isa {
    /// Every instruction set, whether this CPU has it or not.
    pub const ALL: [Isa; 6] = [Isa::Scalar, Isa::Portable, Isa::Sse42, Isa::Avx2, Isa::Avx512, Isa::Neon];

    /// The fastest one of this CPU.
    #[must_use]
    pub fn best() -> Isa {
        Self::available().last().unwrap_or(Isa::Scalar)
    }

    /// Those of this CPU, the fastest last.
    #[must_use]
    pub fn available() -> Available {
        let features = detect_features();
        let mut bits = 0;
        for isa in Isa::ALL {
            bits |= u8::from(features.has(isa)) << isa as u8;
        }
        Available(bits)
    }

    /// Whether this CPU has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        detect_features().has(self)
    }

    /// The name that `OMNILANE_ISA` takes: `scalar portable sse42 avx2 avx512 neon`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Isa::Scalar => "scalar",
            Isa::Portable => "portable",
            Isa::Sse42 => "sse42",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Neon => "neon",
        }
    }

    /// Bytes in one of its registers.
    #[must_use]
    pub const fn register_bytes(self) -> usize {
        match self {
            Isa::Scalar | Isa::Portable | Isa::Sse42 | Isa::Neon => 16,
            Isa::Avx2 => 32,
            Isa::Avx512 => 64,
        }
    }

    fn from_index(i: u8) -> Isa {
        Isa::ALL[usize::from(i)]
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The name is not one of an instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an instruction set; the names are scalar, portable, sse42, avx2, avx512 and neon")]
#[non_exhaustive]
pub struct ParseIsaError;

impl FromStr for Isa {
    type Err = ParseIsaError;

    /// A name as [`Isa::name`] gives it, in any case.
    fn from_str(s: &str) -> Result<Self, ParseIsaError> {
        Isa::ALL.into_iter().find(|isa| s.eq_ignore_ascii_case(isa.name())).ok_or(ParseIsaError)
    }
}

/// The instruction sets of this CPU, the fastest last; from [`Isa::available`].
#[derive(Clone, PartialEq, Eq)]
pub struct Available(u8);

impl Iterator for Available {
    type Item = Isa;

    fn next(&mut self) -> Option<Isa> {
        let i = self.0.trailing_zeros() as u8;
        self.0 &= self.0.wrapping_sub(1);
        Isa::ALL.get(usize::from(i)).copied()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self.0.count_ones() as usize;
        (n, Some(n))
    }
}

impl ExactSizeIterator for Available {}
impl FusedIterator for Available {}

impl fmt::Debug for Available {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
