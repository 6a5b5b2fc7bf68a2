//! The features that matter to kernels, found once.

use super::Isa;
use core::fmt;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident $label:literal,)*) => {
        /// What the CPU has, as far as kernels care; from [`detect_features`].
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct CpuFeatures {
            $($(#[$doc])* pub $name: bool,)*
            /// Sizes of the caches.
            pub caches: Caches,
            /// Physical cores, where the system tells.
            pub physical_cores: Option<usize>,
            /// Hardware threads that this process may use, where the system tells.
            pub logical_cores: Option<usize>,
        }

        impl CpuFeatures {
            /// Each feature's usual name, and whether the CPU has it.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, bool)> {
                [$(($label, self.$name)),*].into_iter()
            }

            fn flags(&self) -> u64 {
                let mut flags = 0;
                for (i, set) in [$(self.$name),*].into_iter().enumerate() {
                    flags |= u64::from(set) << i;
                }
                flags
            }

            fn from_flags(mut flags: u64) -> Self {
                let mut f = Self::default();
                for flag in [$(&mut f.$name),*] {
                    *flag = flags & 1 != 0;
                    flags >>= 1;
                }
                f
            }
        }
    };
}
features! {
    /// SSE4.2
    sse42 "sse4.2",
    /// POPCNT
    popcnt "popcnt",
    /// AVX
    avx "avx",
    /// AVX2
    avx2 "avx2",
    /// Fused multiply-add
    fma "fma",
    /// Conversion between f16 and f32
    f16c "f16c",
    /// BMI1
    bmi1 "bmi1",
    /// BMI2
    bmi2 "bmi2",
    /// LZCNT
    lzcnt "lzcnt",
    /// MOVBE
    movbe "movbe",
    /// AVX-512 foundation
    avx512f "avx512f",
    /// AVX-512 of bytes and words
    avx512bw "avx512bw",
    /// AVX-512 conflict detection
    avx512cd "avx512cd",
    /// AVX-512 of double and quad words
    avx512dq "avx512dq",
    /// AVX-512 on shorter vectors
    avx512vl "avx512vl",
    /// AVX-512 52-bit integer fused multiply-add
    avx512ifma "avx512ifma",
    /// AVX-512 byte permutations
    avx512vbmi "avx512vbmi",
    /// AVX-512 compression of bytes and words
    avx512vbmi2 "avx512vbmi2",
    /// AVX-512 integer dot products
    avx512vnni "avx512vnni",
    /// AVX-512 bit counts of bytes and words
    avx512bitalg "avx512bitalg",
    /// AVX-512 bit counts of double and quad words
    avx512vpopcntdq "avx512vpopcntdq",
    /// Galois field instructions
    gfni "gfni",
    /// AES on vectors
    vaes "vaes",
    /// Carry-less multiplication on vectors
    vpclmulqdq "vpclmulqdq",
    /// AVX-512 arithmetic of f16; reported, not used
    avx512fp16 "avx512fp16",
    /// AMX tiles; reported, not used
    amx_tile "amx-tile",
    /// AMX products of int8; reported, not used
    amx_int8 "amx-int8",
    /// AMX products of bf16; reported, not used
    amx_bf16 "amx-bf16",
    /// NEON
    neon "neon",
    /// NEON integer dot products
    dotprod "dotprod",
    /// NEON integer matrix products
    i8mm "i8mm",
    /// NEON arithmetic of f16
    fp16 "fp16",
}

/// Sizes of the data caches in bytes, where the CPU or the system tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caches {
    /// First level, per core.
    pub l1_data: Option<usize>,
    /// Second level, usually per core.
    pub l2: Option<usize>,
    /// Third level, usually shared.
    pub l3: Option<usize>,
}

impl CpuFeatures {
    /// Whether the CPU has all that `isa` needs.
    #[must_use]
    pub fn has(&self, isa: Isa) -> bool {
        let x86 = cfg!(any(target_arch = "x86", target_arch = "x86_64"));
        let sse42 = x86 && self.sse42 && self.popcnt;
        let avx2 = sse42
            && [self.avx2, self.fma, self.f16c, self.bmi1, self.bmi2, self.lzcnt, self.movbe].into_iter().all(|f| f);
        match isa {
            Isa::Scalar | Isa::Portable => true,
            Isa::Sse42 => sse42,
            Isa::Avx2 => avx2,
            Isa::Avx512 => {
                let ice_lake = [
                    self.avx512f,
                    self.avx512bw,
                    self.avx512cd,
                    self.avx512dq,
                    self.avx512vl,
                    self.avx512ifma,
                    self.avx512vbmi,
                    self.avx512vbmi2,
                    self.avx512vnni,
                    self.avx512bitalg,
                    self.avx512vpopcntdq,
                    self.gfni,
                    self.vaes,
                    self.vpclmulqdq,
                ];
                avx2 && ice_lake.into_iter().all(|f| f)
            }
            // Big-endian registers number their lanes the other way round.
            Isa::Neon => self.neon && cfg!(all(target_endian = "little", target_feature = "neon")),
        }
    }
}

impl fmt::Display for CpuFeatures {
    /// The features that are there, then caches and cores, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut none = true;
        for (name, _) in self.iter().filter(|(_, set)| *set) {
            write!(f, "{}{name}", if none { "" } else { " " })?;
            none = false;
        }
        if none {
            f.write_str("no features that kernels use")?;
        }
        let caches = [("L1", self.caches.l1_data), ("L2", self.caches.l2), ("L3", self.caches.l3)];
        for (name, bytes) in caches {
            if let Some(bytes) = bytes {
                write!(f, ", {name} {} KiB", bytes / 1024)?;
            }
        }
        if let Some(n) = self.physical_cores {
            write!(f, ", {n} cores")?;
        }
        if let Some(n) = self.logical_cores {
            write!(f, ", {n} threads")?;
        }
        Ok(())
    }
}

/// The flags, and above them the mark that they were found.
static FLAGS: AtomicU64 = AtomicU64::new(0);
const FOUND: u64 = 1 << 63;
/// L1, L2, L3, physical and logical cores; 0 is unknown.
static SIZES: [AtomicUsize; 5] = [const { AtomicUsize::new(0) }; 5];

/// What this CPU has. Asked once; later calls read it from memory.
///
/// ```
/// let cpu = omnilane::cpu::detect_features();
/// assert_eq!(cpu, omnilane::cpu::detect_features());
/// ```
#[must_use]
pub fn detect_features() -> CpuFeatures {
    let flags = FLAGS.load(core::sync::atomic::Ordering::Acquire);
    if flags & FOUND == 0 {
        return find();
    }
    let mut f = CpuFeatures::from_flags(flags);
    let [l1_data, l2, l3, physical, logical] =
        [0, 1, 2, 3, 4].map(|i: usize| Some(SIZES[i].load(Relaxed)).filter(|n| *n != 0));
    f.caches = Caches { l1_data, l2, l3 };
    f.physical_cores = physical;
    f.logical_cores = logical;
    f
}

#[cold]
fn find() -> CpuFeatures {
    #[allow(unused_mut, reason = "only std can ask the system for more")]
    let mut f = crate::isa::detect();
    #[cfg(feature = "std")]
    super::system::complete(&mut f);
    let sizes = [f.caches.l1_data, f.caches.l2, f.caches.l3, f.physical_cores, f.logical_cores];
    for (place, size) in SIZES.iter().zip(sizes) {
        place.store(size.unwrap_or(0), Relaxed);
    }
    FLAGS.store(f.flags() | FOUND, core::sync::atomic::Ordering::Release);
    f
}
