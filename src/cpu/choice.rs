//! Which instruction set a kernel runs on: the level, the environment, the thread's scope.

use super::Isa;
use core::fmt;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// How much of the library's machinery is used; for the whole process, changeable at any time.
///
/// ```
/// use omnilane::cpu::{OptLevel, get_opt_level, memory_opt_enabled, parallel_enabled, set_opt_level, simd_enabled};
///
/// set_opt_level(OptLevel::Simd);
/// assert_eq!(get_opt_level(), OptLevel::Simd);
/// assert!(simd_enabled() && !parallel_enabled() && !memory_opt_enabled());
/// set_opt_level(OptLevel::Full);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum OptLevel {
    /// Kernels run on [`Isa::Scalar`], on the calling thread.
    None,
    /// Kernels run on the CPU's best instruction set, on the calling thread.
    Simd,
    /// Also, work may be split between threads.
    Parallel,
    /// Also, buffers may be pooled and files mapped. The default.
    #[default]
    Full,
}

/// An instruction set was asked for that this CPU lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct IsaError {
    /// What was asked for.
    pub requested: Isa,
}

impl fmt::Display for IsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "isa: this CPU has no {}; it has", self.requested)?;
        for (i, isa) in Isa::available().enumerate() {
            write!(f, "{} {isa}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

static LEVEL: AtomicU8 = AtomicU8::new(OptLevel::Full as u8);
/// What [`OptLevel::Simd`] and above use, and [`UNSET`] before the first kernel.
static CHOSEN: AtomicU8 = AtomicU8::new(UNSET);
const UNSET: u8 = u8::MAX;

/// Sets how much of the library is used, for every thread, from now on.
///
/// The results of kernels do not depend on it.
///
/// ```
/// use omnilane::cpu::{Isa, OptLevel, current_isa, set_opt_level};
///
/// set_opt_level(OptLevel::None);
/// assert_eq!(current_isa(), Isa::Scalar);
/// set_opt_level(OptLevel::Full);
/// ```
pub fn set_opt_level(level: OptLevel) {
    LEVEL.store(level as u8, Relaxed);
}

/// How much of the library is used.
#[must_use]
pub fn get_opt_level() -> OptLevel {
    match LEVEL.load(Relaxed) {
        0 => OptLevel::None,
        1 => OptLevel::Simd,
        2 => OptLevel::Parallel,
        _ => OptLevel::Full,
    }
}

/// Whether kernels use more than [`Isa::Scalar`].
#[must_use]
pub fn simd_enabled() -> bool {
    get_opt_level() >= OptLevel::Simd
}

/// Whether work may be split between threads.
#[must_use]
pub fn parallel_enabled() -> bool {
    get_opt_level() >= OptLevel::Parallel
}

/// Whether buffers may be pooled and files mapped.
#[must_use]
pub fn memory_opt_enabled() -> bool {
    get_opt_level() >= OptLevel::Full
}

/// The instruction set that a kernel called now on this thread runs on.
///
/// In order: the scope of `with_isa`, [`OptLevel::None`], the environment's `OMNILANE_ISA`,
/// [`Isa::best`].
///
/// ```
/// use omnilane::cpu::{Isa, current_isa};
///
/// assert!(current_isa().is_available());
/// println!("kernels run on {}", current_isa());
/// ```
#[inline]
#[must_use]
pub fn current_isa() -> Isa {
    #[cfg(feature = "std")]
    if let Some(isa) = scope::get() {
        return isa;
    }
    if LEVEL.load(Relaxed) == OptLevel::None as u8 {
        return Isa::Scalar;
    }
    match CHOSEN.load(Relaxed) {
        UNSET => choose(),
        isa => Isa::from_index(isa),
    }
}

#[cold]
fn choose() -> Isa {
    let isa = from_environment().unwrap_or_else(Isa::best);
    CHOSEN.store(isa as u8, Relaxed);
    isa
}

#[cfg(not(feature = "std"))]
fn from_environment() -> Option<Isa> {
    None
}

/// `OMNILANE_ISA`, if it names an instruction set of this CPU; otherwise one warning.
#[cfg(feature = "std")]
fn from_environment() -> Option<Isa> {
    use std::sync::Once;
    static WARNED: Once = Once::new();

    let value = std::env::var_os("OMNILANE_ISA").filter(|v| !v.is_empty())?;
    let asked = value.to_str().and_then(|s| s.trim().parse::<Isa>().ok());
    let usable = asked.filter(|isa| isa.is_available());
    if usable.is_none() {
        WARNED.call_once(|| {
            let problem = if asked.is_some() { "this CPU does not have it" } else { "no such instruction set" };
            let names = Isa::available().map(Isa::name).collect::<Vec<_>>().join(", ");
            eprintln!("omnilane: OMNILANE_ISA={value:?}: {problem} (here: {names}); using {}", Isa::best());
        });
    }
    usable
}

#[cfg(feature = "parallel")]
pub(crate) use scope::Captured;
#[cfg(feature = "std")]
pub use scope::with_isa;

#[cfg(feature = "std")]
mod scope {
    use super::{Isa, IsaError};
    use std::cell::Cell;
    use std::marker::PhantomData;

    thread_local! {
        static FORCED: Cell<Option<Isa>> = const { Cell::new(None) };
    }

    #[inline]
    pub(super) fn get() -> Option<Isa> {
        FORCED.with(Cell::get)
    }

    /// Runs `f` with every kernel that it calls on this thread on `isa`; scopes nest, and end on a panic too.
    ///
    /// ```
    /// use omnilane::cpu::{Isa, current_isa, with_isa};
    ///
    /// assert_eq!(with_isa(Isa::Scalar, current_isa)?, Isa::Scalar);
    /// # Ok::<(), omnilane::cpu::IsaError>(())
    /// ```
    ///
    /// # Errors
    /// [`IsaError`] if the CPU lacks it; `f` is not called then.
    pub fn with_isa<R>(isa: Isa, f: impl FnOnce() -> R) -> Result<R, IsaError> {
        if !isa.is_available() {
            return Err(IsaError { requested: isa });
        }
        let _scope = Scope::enter(isa);
        Ok(f())
    }

    /// What was forced before, until the end of the scope; belongs to the thread.
    pub(crate) struct Scope(Option<Isa>, PhantomData<*const ()>);

    impl Scope {
        /// `isa` is one of this CPU's.
        fn enter(isa: Isa) -> Scope {
            Scope(FORCED.replace(Some(isa)), PhantomData)
        }
    }

    impl Drop for Scope {
        fn drop(&mut self) {
            FORCED.set(self.0);
        }
    }

    /// The instruction set of the thread that gives work to others, which do the work on it.
    #[cfg(feature = "parallel")]
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Captured(Isa);

    #[cfg(feature = "parallel")]
    impl Captured {
        pub(crate) fn here() -> Captured {
            Captured(super::current_isa())
        }

        /// Kernels of this thread run on it until the scope is dropped.
        pub(crate) fn enter(self) -> Scope {
            Scope::enter(self.0)
        }
    }
}
