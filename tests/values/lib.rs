//! Operands of tests: exhaustive where that is few, else boundary values against each other and random bits. And the lanes of
//! results as plain bits.
//!
//! A crate of its own because the tests of the operations are not optimized: each element has its own copy of what runs for
//! each lane, compiled here.

mod observe;

pub use observe::{Lane, Observe};
use omnilane::lanes::{Element, bf16, f16};

/// SplitMix64: small, and the same everywhere.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    #[allow(clippy::should_implement_trait, reason = "it has no end")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Of mean 0 and deviation 1, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// An element whose interesting values are known.
pub trait Sample: Element {
    /// Where operations of this type change their course.
    fn boundary() -> Vec<Self>;
    /// A value of the type's low bits; floats of ordinary size half of the time.
    fn random(r: &mut Random) -> Self;
    /// Every value, if they are few.
    fn all() -> Option<Vec<Self>> {
        None
    }
    /// A multiple of 64 values: all of them, or the boundary values and random ones.
    fn singles() -> Vec<Self>;
    /// Two multiples of 64 values: all pairs of 8-bit ones, else boundary values against each other and random ones.
    fn pairs() -> (Vec<Self>, Vec<Self>);
    /// `n` values that mix boundary and random ones.
    fn mixed(seed: u64, n: usize) -> Vec<Self>;
}

/// FNV-1a, a word at a time.
#[must_use]
pub fn digest(result: &[u64]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ result.len() as u64;
    result.iter().fold(start, |h, w| (h ^ w).wrapping_mul(0x0100_0000_01b3).rotate_left(29) ^ (h >> 32))
}

/// What every element makes of its values, compiled for each.
macro_rules! lists {
    () => {
        fn singles() -> Vec<Self> {
            singles()
        }
        fn pairs() -> (Vec<Self>, Vec<Self>) {
            pairs()
        }
        fn mixed(seed: u64, n: usize) -> Vec<Self> {
            mixed(seed, n)
        }
    };
}

macro_rules! int_samples {
    ($($t:ty: $all:expr),*) => {$(
        impl Sample for $t {
            fn boundary() -> Vec<Self> {
                let mut v = vec![0, 1, 2, 3, <$t>::MIN, <$t>::MIN + 1, <$t>::MAX, <$t>::MAX - 1, <$t>::MAX / 2, <$t>::MAX / 2 + 1];
                v.extend([(0 as $t).wrapping_sub(1), (0 as $t).wrapping_sub(2), 127, (128u8 as $t), <$t>::BITS as $t, <$t>::BITS as $t - 1, <$t>::BITS as $t + 1]);
                v
            }
            fn random(r: &mut Random) -> Self {
                let v = r.next();
                (v as $t) >> ((v >> 58) as u32 % <$t>::BITS) // of every magnitude
            }
            fn all() -> Option<Vec<Self>> { $all }
            lists!();
        }
    )*};
}
int_samples!(u8: Some((0..=255).collect()), i8: Some((-128..=127).collect()), u16: Some((0..=u16::MAX).collect()),
    i16: Some((i16::MIN..=i16::MAX).collect()), u32: None, i32: None, u64: None, i64: None);

macro_rules! float_samples {
    ($($t:ident $bits:ty, $two63:expr);*) => {$(
        impl Sample for $t {
            fn boundary() -> Vec<Self> {
                let mut v = vec![0.0, 1.0, 0.5, 1.5, 2.5, 0.49999997, 0.5000001, 127.5, 128.0, 254.5, 255.0, 255.5, 256.0, 65504.0, 65519.9,
                    65520.0, 8388607.5, 8388608.0, 16777215.0, 2147483520.0, 2147483648.0, 4294967040.0, 4294967296.0, $two63,
                    $two63 * 2.0, $t::MAX, $t::MIN_POSITIVE, $t::MIN_POSITIVE / 2.0, $t::from_bits(1), $t::EPSILON,
                    $t::INFINITY, $t::NAN, $t::from_bits(<$bits>::MAX >> 1), $t::from_bits($t::INFINITY.to_bits() + 1), 3.0, 1e-5, 6.1e-5, 5.96e-8, 2.9e-8];
                for i in 0..v.len() { v.push(-v[i]); }
                v
            }
            fn random(r: &mut Random) -> Self {
                let v = r.next();
                match v % 4 {
                    0 => $t::from_bits((v >> 2) as $bits ^ (v >> 32) as $bits),
                    1 => (v >> 11) as $t / (1u64 << 53) as $t * 600.0 - 300.0,
                    2 => ((v >> 40) as $t - 8388608.0) * 0.5,
                    _ => ((v >> 2) as i64) as $t * if v & 4 == 0 { 1e-9 } else { -1e-12 },
                }
            }
            lists!();
        }
    )*};
}
float_samples!(f32 u32, 9223371487098961920.0; f64 u64, 9223372036854774784.0);

macro_rules! half_samples {
    ($($t:ty),*) => {$(
        impl Sample for $t {
            fn boundary() -> Vec<Self> { vec![<$t>::ZERO, <$t>::ONE, <$t>::NAN, <$t>::INFINITY, <$t>::MAX, <$t>::MIN] }
            fn random(r: &mut Random) -> Self { <$t>::from_bits(r.next() as u16) }
            fn all() -> Option<Vec<Self>> { Some((0..=u16::MAX).map(<$t>::from_bits).collect()) }
            lists!();
        }
    )*};
}
half_samples!(f16, bf16);

fn singles<T: Sample>() -> Vec<T> {
    let mut r = Random(7);
    let mut v = T::all().unwrap_or_else(|| {
        let mut v = T::boundary();
        v.extend((0..4096).map(|_| T::random(&mut r)));
        v
    });
    while v.len() % 64 != 0 {
        v.push(T::random(&mut r));
    }
    v
}

fn pairs<T: Sample>() -> (Vec<T>, Vec<T>) {
    let values = match T::all() {
        Some(all) if all.len() == 256 => all,
        _ => T::boundary(),
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for x in &values {
        for y in &values {
            a.push(*x);
            b.push(*y);
        }
    }
    let mut r = Random(11);
    for _ in 0..4096 {
        a.push(T::random(&mut r));
        b.push(T::random(&mut r));
    }
    while a.len() % 64 != 0 {
        a.push(T::random(&mut r));
        b.push(T::random(&mut r));
    }
    (a, b)
}

fn mixed<T: Sample>(seed: u64, n: usize) -> Vec<T> {
    let mut r = Random(seed);
    let boundary = T::boundary();
    (0..n)
        .map(|_| match r.next() % 3 {
            0 => boundary[r.next() as usize % boundary.len()],
            _ => T::random(&mut r),
        })
        .collect()
}
