//! From a kernel to its clone for this CPU: one trampoline per instruction set.
//!
//! [`Kernel::run`] is generic over the token; each trampoline below carries the target features of one instruction set,
//! and `run`, inlined into it, is compiled with them. [`dispatch`] picks by [`current_isa`](crate::cpu::current_isa).
//! The default path and a forced one (`cpu::with_isa`, [`dispatch_on`]) go through the same clones.

use crate::cpu::{Isa, IsaError, current_isa};
use crate::isa::{portable::Portable, scalar::Scalar};
use crate::lanes::Simd;

/// Work that is written once and compiled for every instruction set: the arguments are the fields.
///
/// [`kernel!`](crate::kernel) writes the implementation for a function; by hand it is
///
/// ```
/// use omnilane::lanes::{Simd, sum};
/// use omnilane::{Kernel, dispatch};
///
/// struct Total<'a>(&'a [f32]);
///
/// impl Kernel for Total<'_> {
///     type Output = f32;
///     #[inline(always)]
///     fn run<S: Simd>(self, simd: S) -> f32 {
///         sum(simd, self.0)
///     }
/// }
///
/// assert_eq!(dispatch(Total(&[1.0, 2.0, 3.0])), 6.0);
/// ```
pub trait Kernel {
    /// What the kernel returns.
    type Output;

    /// The kernel on the instruction set that `simd` proves.
    ///
    /// Implement it `#[inline(always)]`, and everything between it and the lane operations too.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Runs the kernel on [`current_isa`](crate::cpu::current_isa).
///
/// ```
/// use omnilane::lanes::{Simd, sum};
///
/// struct Total<'a>(&'a [u32]);
///
/// impl omnilane::Kernel for Total<'_> {
///     type Output = u32;
///     #[inline(always)]
///     fn run<S: Simd>(self, simd: S) -> u32 {
///         sum(simd, self.0)
///     }
/// }
///
/// assert_eq!(omnilane::dispatch(Total(&[1, 2, 3])), 6);
/// ```
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: `current_isa` names only what this CPU has.
    unsafe { on(current_isa(), kernel) }
}

/// Runs the kernel on `isa`.
///
/// ```
/// # use omnilane::{Kernel, dispatch_on, lanes::Simd, cpu::Isa};
/// struct Name;
/// impl Kernel for Name {
///     type Output = Isa;
///     #[inline(always)]
///     fn run<S: Simd>(self, _: S) -> Isa {
///         S::ISA
///     }
/// }
/// assert_eq!(dispatch_on(Isa::Portable, Name)?, Isa::Portable);
/// # Ok::<(), omnilane::cpu::IsaError>(())
/// ```
///
/// # Errors
/// [`IsaError`] if this CPU lacks it.
#[inline]
pub fn dispatch_on<K: Kernel>(isa: Isa, kernel: K) -> Result<K::Output, IsaError> {
    if !isa.is_available() {
        return Err(IsaError { requested: isa });
    }
    // SAFETY: it was just found to be available.
    Ok(unsafe { on(isa, kernel) })
}

/// One trampoline per instruction set of an architecture, and the choice between them.
macro_rules! trampolines {
    ($($isa:ident $f:ident if $cfg:tt: $($target:literal)|+;)*) => {
        $($(
            #[cfg $cfg]
            #[multiversion::target($target)]
            fn $f<K: Kernel>(simd: crate::token::$isa, kernel: K) -> K::Output {
                kernel.run(simd)
            }
        )+)*

        /// Runs the kernel's clone for `isa`.
        ///
        /// # Safety
        /// This CPU has `isa`.
        #[inline]
        unsafe fn on<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
            match isa {
                $(#[cfg $cfg]
                // SAFETY: the CPU has the instruction set, so the token is true and the trampoline's features are there.
                Isa::$isa => unsafe { $f(crate::token::$isa::assume(), kernel) },)*
                Isa::Scalar => on_scalar(Scalar::new(), kernel),
                _ => on_portable(Portable::new(), kernel),
            }
        }
    };
}
trampolines! {
    Sse42 on_sse42 if (any(target_arch = "x86", target_arch = "x86_64")):
        "x86+sse4.2+popcnt" | "x86_64+sse4.2+popcnt";
    Avx2 on_avx2 if (any(target_arch = "x86", target_arch = "x86_64")):
        "x86+avx2+fma+f16c+bmi1+bmi2+lzcnt+movbe+popcnt" | "x86_64+avx2+fma+f16c+bmi1+bmi2+lzcnt+movbe+popcnt";
    Avx512 on_avx512 if (any(target_arch = "x86", target_arch = "x86_64")):
        "x86+avx512f+avx2+fma+f16c+bmi1+bmi2+lzcnt+movbe+popcnt"
        | "x86_64+avx512f+avx2+fma+f16c+bmi1+bmi2+lzcnt+movbe+popcnt";
    Neon on_neon if (all(target_arch = "aarch64", target_endian = "little", target_feature = "neon")):
        "aarch64+neon";
}

#[inline(never)]
fn on_scalar<K: Kernel>(simd: Scalar, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[inline(never)]
fn on_portable<K: Kernel>(simd: Portable, kernel: K) -> K::Output {
    kernel.run(simd)
}
