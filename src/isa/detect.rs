//! Asking the CPU what it has, without the operating system's help, so that it works without `std` too.

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
use crate::cpu::Caches;
use crate::cpu::CpuFeatures;

/// What the CPU has; asks anew at each call.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub fn detect() -> CpuFeatures {
    #[cfg(target_arch = "x86")]
    use core::arch::x86 as arch;
    #[cfg(target_arch = "x86_64")]
    use core::arch::x86_64 as arch;

    // Safe from Rust 1.94 on, unsafe before.
    #[allow(unused_unsafe, reason = "unsafe before Rust 1.94 only")]
    fn cpuid(leaf: u32, sub: u32) -> [u32; 4] {
        // SAFETY: every x86 CPU that Rust supports has CPUID.
        let r = unsafe { arch::__cpuid_count(leaf, sub) };
        [r.eax, r.ebx, r.ecx, r.edx]
    }
    let bit = |word: u32, n: u32| word >> n & 1 != 0;

    let mut f = CpuFeatures::default();
    let (max, max_extended) = (cpuid(0, 0)[0], cpuid(0x8000_0000, 0)[0]);
    let [_, _, ecx1, _] = cpuid(1, 0);
    let [_, ebx7, ecx7, edx7] = if max >= 7 { cpuid(7, 0) } else { [0; 4] };
    let [_, _, ecx_extended, _] = if max_extended >= 0x8000_0001 { cpuid(0x8000_0001, 0) } else { [0; 4] };

    // Which registers the operating system saves: bits 1 2 for AVX, 5 6 7 for AVX-512, 17 18 for AMX.
    let saved = if bit(ecx1, 27) {
        #[target_feature(enable = "xsave")]
        fn xcr0() -> u64 {
            // SAFETY: the caller has seen OSXSAVE, which says that XGETBV works in user code.
            #[allow(unused_unsafe, reason = "safe in a function with the feature")]
            unsafe {
                arch::_xgetbv(0)
            }
        }
        // SAFETY: OSXSAVE implies XSAVE.
        unsafe { xcr0() }
    } else {
        0
    };
    let (avx, avx512, amx) = (saved & 0x6 == 0x6, saved & 0xe6 == 0xe6, saved & 0x6_0000 == 0x6_0000);

    f.sse42 = bit(ecx1, 20);
    f.popcnt = bit(ecx1, 23);
    f.bmi1 = bit(ebx7, 3);
    f.bmi2 = bit(ebx7, 8);
    f.lzcnt = bit(ecx_extended, 5);
    f.movbe = bit(ecx1, 22);
    f.avx = avx && bit(ecx1, 28);
    f.avx2 = f.avx && bit(ebx7, 5);
    f.fma = f.avx && bit(ecx1, 12);
    f.f16c = f.avx && bit(ecx1, 29);
    f.avx512f = avx512 && bit(ebx7, 16);
    for (flag, set) in [
        (&mut f.avx512bw, bit(ebx7, 30)),
        (&mut f.avx512cd, bit(ebx7, 28)),
        (&mut f.avx512dq, bit(ebx7, 17)),
        (&mut f.avx512vl, bit(ebx7, 31)),
        (&mut f.avx512ifma, bit(ebx7, 21)),
        (&mut f.avx512vbmi, bit(ecx7, 1)),
        (&mut f.avx512vbmi2, bit(ecx7, 6)),
        (&mut f.avx512vnni, bit(ecx7, 11)),
        (&mut f.avx512bitalg, bit(ecx7, 12)),
        (&mut f.avx512vpopcntdq, bit(ecx7, 14)),
        (&mut f.avx512fp16, bit(edx7, 23)),
    ] {
        *flag = f.avx512f && set;
    }
    f.gfni = bit(ecx7, 8);
    f.vaes = f.avx && bit(ecx7, 9) && bit(ecx1, 25);
    f.vpclmulqdq = f.avx && bit(ecx7, 10) && bit(ecx1, 1);
    f.amx_bf16 = amx && bit(edx7, 22);
    f.amx_tile = amx && bit(edx7, 24);
    f.amx_int8 = amx && bit(edx7, 25);

    // AMD's leaf first: its CPUs leave leaf 4 empty. Both have the same form.
    let amd = max_extended >= 0x8000_001d && bit(ecx_extended, 22);
    let leaf = if amd { 0x8000_001d } else { 4 };
    if amd || max >= 4 {
        f.caches = caches(|sub| cpuid(leaf, sub));
    }
    f
}

/// Data caches from the "deterministic cache parameters" of Intel and AMD.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn caches(leaf: impl Fn(u32) -> [u32; 4]) -> Caches {
    let mut caches = Caches::default();
    for sub in 0..8 {
        let [eax, ebx, ecx, _] = leaf(sub);
        let (kind, level) = (eax & 31, eax >> 5 & 7);
        if kind == 0 {
            break;
        }
        let (line, partitions, ways) = ((ebx & 0xfff) + 1, (ebx >> 12 & 0x3ff) + 1, (ebx >> 22) + 1);
        let bytes = line as usize * partitions as usize * ways as usize * (ecx as usize + 1);
        match (kind, level) {
            (1 | 3, 1) => caches.l1_data = Some(bytes),
            (1 | 3, 2) => caches.l2 = Some(bytes),
            (1 | 3, 3) => caches.l3 = Some(bytes),
            _ => {}
        }
    }
    caches
}

/// What the CPU has; asks anew at each call.
#[cfg(target_arch = "aarch64")]
pub fn detect() -> CpuFeatures {
    let mut f = CpuFeatures::default();
    #[cfg(feature = "std")]
    {
        f.neon = std::arch::is_aarch64_feature_detected!("neon");
        f.dotprod = std::arch::is_aarch64_feature_detected!("dotprod");
        f.i8mm = std::arch::is_aarch64_feature_detected!("i8mm");
        f.fp16 = std::arch::is_aarch64_feature_detected!("fp16");
    }
    // Without an operating system to ask: what the program was compiled for.
    #[cfg(not(feature = "std"))]
    {
        f.neon = cfg!(target_feature = "neon");
        f.dotprod = cfg!(target_feature = "dotprod");
        f.i8mm = cfg!(target_feature = "i8mm");
        f.fp16 = cfg!(target_feature = "fp16");
    }
    f
}

/// What the CPU has: nothing that this library knows of.
#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
pub fn detect() -> CpuFeatures {
    CpuFeatures::default()
}
