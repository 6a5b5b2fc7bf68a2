//! `exp ln log2 pow tanh sigmoid` of f32 lanes, with the same bits on every instruction set.
//!
//! Only operations whose bits are the same everywhere are used: `+ - * /`, comparison, selection, shifts and exact
//! conversions, no fused multiply-add (which is emulated, so slow, where the CPU has none). An argument is reduced to a
//! short interval with products that are exact, because the constants have few bits, and a polynomial does the rest; the
//! polynomials are minimax fits (Remez) for the relative error of the whole result, their coefficients then rounded.
//!
//! An error in ULP is the distance from the exact result in units of the spacing of f32 at that result, measured over
//! all 2^32 arguments by `OMNILANE_EXHAUSTIVE=1 cargo test --test math`; a correctly rounded result has at most 0.5.

use super::{Float, Simd, Vector};

/// log2(e)
const LOG2_E: f32 = core::f32::consts::LOG2_E;
/// ln(2) in 15 bits: its product with an integer of 9 bits is exact.
const LN_2_HIGH: f32 = 0.693_145_75;
/// ln(2) - `LN_2_HIGH`
const LN_2_LOW: f32 = 1.428_606_8e-6;

/// (e^r - 1 - r) / r^2 for |r| <= ln(2)/2: e^r has a relative error of at most 2^-27.9.
const EXP: [f32; 5] = [0.499_999_94, 0.166_665_21, 0.041_668_39, 0.008_368_717, 0.001_381_464];
/// (ln(1+f) - f) / f^2 for sqrt(1/2) <= 1+f < sqrt(2): ln(1+f) has a relative error of at most 2^-27.4.
const LN: [f32; 9] = [
    -0.499_999_88,
    0.333_333_25,
    -0.250_015_83,
    0.200_019_75,
    -0.166_090_82,
    0.141_818_18,
    -0.132_429_85,
    0.129_044_8,
    -0.076_218_374,
];
/// log2(1+f) / f - 1 for sqrt(1/2) <= 1+f < sqrt(2): log2(1+f) has a relative error of at most 2^-25.6.
const LOG2: [f32; 10] = [
    0.442_695_05,
    -0.721_347_33,
    0.480_898_23,
    -0.360_696_64,
    0.288_567_42,
    -0.239_617_4,
    0.204_600_56,
    -0.191_062_66,
    0.186_175_36,
    -0.109_950_244,
];
/// (tanh(x) - x) / x^3 in x^2 for |x| <= 0.625: tanh(x) has a relative error of at most 2^-26.7.
const TANH: [f32; 5] = [-0.333_332_8, 0.133_314_42, -0.053_739_72, 0.020_639_1, -0.005_704_998];
/// log2((1+s) / (1-s)) / s in s^2 for |s| <= 0.1716, which is sqrt(1/2)..sqrt(2): relative error at most 2^-37.7.
const LOG2_WIDE: [f64; 5] = [
    2.885_390_081_790_086_4,
    0.961_796_673_341_797_5,
    0.577_083_584_965_151_3,
    0.411_672_718_997_776_7,
    0.340_730_106_585_343_36,
];
/// 2^r for |r| <= 1/2: relative error at most 2^-34.5.
const EXP2_WIDE: [f64; 8] = [
    0.999_999_999_961_617_8,
    0.693_147_180_728_673_4,
    0.240_226_511_987_845_36,
    0.055_504_103_529_456_006,
    0.009_618_027_169_428_047,
    0.001_333_392_277_690_464_2,
    0.000_154_693_182_137_647_19,
    1.520_191_735_269_056_6e-5,
];

/// Adding it rounds to an integer, half to even, and leaves `n + 254` in the low bits: twice the exponent bias.
const ROUND: f32 = 12_582_912.0 + 254.0;
/// The same for f64, with `n + 1023`: the exponent field of 2^n.
const ROUND_WIDE: f64 = 6_755_399_441_055_744.0 + 1023.0;
/// The bits of sqrt(1/2).
const SQRT_HALF: i32 = 0x3f35_04f3;
/// The bit of the sign.
const SIGN: u32 = 1 << 31;

impl<S: Simd> Vector<S, f32> {
    /// e to the power of each lane, within 0.98 ULP.
    ///
    /// Any finite argument is in the domain: from 88.722 84 on the result overflows to infinity, below -87.336 54 it
    /// underflows gradually, with one rounding, and from -103.972 084 down it is 0. `exp(inf) = inf`, `exp(-inf) = 0`, NaN
    /// gives NaN.
    ///
    /// ```
    /// use omnilane::{lanes::Vector, token::Scalar};
    ///
    /// let x = Vector::from_array(Scalar::new(), [0.0_f32, 1.0, f32::NEG_INFINITY, 100.0]);
    /// assert_eq!(x.exp().to_array(), [1.0, 2.718_281_7, 0.0, f32::INFINITY]);
    /// ```
    #[inline(always)]
    pub fn exp(self) -> Self {
        // The result is infinite from here on; unlike `clamp` the comparison leaves NaN alone.
        let high = Self::splat(self.simd, 89.0);
        self.gt(high).select(high, self).exp_below()
    }

    /// The natural logarithm of each lane, within 0.89 ULP.
    ///
    /// The domain is every positive number, subnormal ones included. `ln(1) = +0`, `ln(±0) = -inf`, `ln(inf) = inf`; a
    /// negative number and NaN give NaN.
    ///
    /// ```
    /// use omnilane::{lanes::Vector, token::Scalar};
    ///
    /// let x = Vector::from_array(Scalar::new(), [1.0_f32, 10.0, 0.0, -1.0]).ln().to_array();
    /// assert_eq!(x[..3], [0.0, 2.302_585_1, f32::NEG_INFINITY]);
    /// assert!(x[3].is_nan());
    /// ```
    #[inline(always)]
    pub fn ln(self) -> Self {
        let simd = self.simd;
        let (f, e) = self.split();
        let fraction = f + (f * f * polynomial(f, LN) + e * Vector::splat(simd, LN_2_LOW));
        self.logarithm(e * Vector::splat(simd, LN_2_HIGH) + fraction)
    }

    /// The logarithm to base 2 of each lane, within 1.34 ULP; exact for powers of two.
    ///
    /// The domain is every positive number, subnormal ones included. `log2(1) = +0`, `log2(±0) = -inf`,
    /// `log2(inf) = inf`; a negative number and NaN give NaN.
    ///
    /// ```
    /// use omnilane::{lanes::Vector, token::Scalar};
    ///
    /// let x = Vector::from_array(Scalar::new(), [8.0_f32, 10.0, f32::from_bits(1), f32::INFINITY]);
    /// assert_eq!(x.log2().to_array(), [3.0, 3.321_928, -149.0, f32::INFINITY]);
    /// ```
    #[inline(always)]
    pub fn log2(self) -> Self {
        let (f, e) = self.split();
        self.logarithm(e + (f + f * polynomial(f, LOG2)))
    }

    /// Each lane to the power of the same lane of `y`, within 0.51 ULP (measured over 10^9 pairs); computed in f64.
    ///
    /// Defined as in IEEE 754 and C99's Annex F:
    /// - `pow(x, ±0) = 1` and `pow(1, y) = 1`, even for NaN; otherwise NaN in either operand gives NaN.
    /// - A negative finite `x` gives NaN unless `y` is an integer; the result is negative if that integer is odd.
    /// - `pow(±0, y)` is 0 for positive `y` and infinite for negative; its sign is that of `x` for odd integers, else `+`.
    /// - `pow(±inf, y)` is the reverse of that, with the same rule of signs.
    /// - `pow(x, ±inf)` is 1 for `x = -1`, else 0 or infinite as `|x|` is below or above 1.
    /// - Overflow gives infinity; underflow is gradual, with one rounding.
    ///
    /// ```
    /// use omnilane::{lanes::Vector, token::Scalar};
    ///
    /// let x = Vector::from_array(Scalar::new(), [2.0_f32, -2.0, -0.0, f32::NAN]);
    /// let y = Vector::from_array(Scalar::new(), [0.5_f32, 3.0, -3.0, 0.0]);
    /// assert_eq!(x.pow(y).to_array(), [1.414_213_5, -8.0, f32::NEG_INFINITY, 1.0]);
    /// ```
    #[inline(always)]
    pub fn pow(self, y: Self) -> Self {
        let simd = self.simd;
        let (zero, one, infinity) =
            (Vector::splat(simd, 0.0), Vector::splat(simd, 1.0), Vector::splat(simd, f32::INFINITY));

        // An infinite logarithm in place of the exponent answers for 0 and infinity, and NaN stays NaN.
        let x = self.abs();
        let (f, e) = x.split();
        let e = x.lt(infinity).select(e, x);
        let e = x.eq(zero).select(-infinity, e);
        let (f, e, power) = (f.widen(), e.widen(), y.widen());
        let z =
            Self::narrow([exp2_wide(power[0] * log2_wide(f[0], e[0])), exp2_wide(power[1] * log2_wide(f[1], e[1]))]);
        let z = (y.eq(zero) | x.eq(one)).select(one, z);

        // An infinite power counts as an even integer, as every large number is one.
        let half = y * Vector::splat(simd, 0.5);
        let integer = y.round_even().eq(y);
        let odd = integer & half.round_even().ne(half);
        let sign = odd.select(self, zero).bitcast::<u32>() & Vector::splat(simd, SIGN);
        let invalid = self.lt(zero) & x.lt(infinity) & !integer;
        invalid.select(Vector::splat(simd, f32::NAN), (z.bitcast() ^ sign).bitcast())
    }

    /// The hyperbolic tangent `(e^x - e^-x) / (e^x + e^-x)` of each lane, within 1.47 ULP.
    ///
    /// Every argument is in the domain; odd, so `tanh(±0) = ±0`; from about ±9.01 on the result is ±1. NaN gives NaN.
    ///
    /// ```
    /// use omnilane::{lanes::Vector, token::Scalar};
    ///
    /// let x = Vector::from_array(Scalar::new(), [0.5_f32, -1.0, f32::INFINITY, 1e-40]);
    /// assert_eq!(x.tanh().to_array(), [0.462_117_17, -0.761_594_2, 1.0, 1e-40]);
    /// ```
    #[inline(always)]
    pub fn tanh(self) -> Self {
        let simd = self.simd;
        let one = Vector::splat(simd, 1.0);
        let x = self.abs();

        let square = x * x;
        let small = x + x * (square * polynomial(square, TANH));

        // 1 - 2 / (e^2x + 1), in powers that cannot overflow; from 9.5 on it is 1.
        let limit = Vector::splat(simd, 9.5);
        let bounded = x.gt(limit).select(limit, x);
        let (p, m) = (bounded * Vector::splat(simd, -2.0)).exp_parts();
        let t = p * ((m - Vector::splat(simd, 127)) << 23).bitcast();
        let large = one - (t + t) / (one + t);

        let y = x.lt(Vector::splat(simd, 0.625)).select(small, large);
        (y.bitcast::<u32>() | self.bitcast::<u32>() & Vector::splat(simd, SIGN)).bitcast()
    }

    /// The logistic function `1 / (1 + e^-x)` of each lane, within 1.87 ULP.
    ///
    /// Every argument is in the domain. `sigmoid(±0) = 0.5`; towards `inf` the result is 1, towards `-inf` it behaves
    /// like e^x, underflowing gradually to 0. NaN gives NaN.
    ///
    /// ```
    /// use omnilane::{lanes::Vector, token::Scalar};
    ///
    /// let x = Vector::from_array(Scalar::new(), [0.0_f32, 1.0, f32::INFINITY, -104.0]);
    /// assert_eq!(x.sigmoid().to_array(), [0.5, 0.731_058_6, 1.0, 0.0]);
    /// ```
    #[inline(always)]
    pub fn sigmoid(self) -> Self {
        let simd = self.simd;
        let (zero, half, one) = (Vector::splat(simd, 0.0), Vector::splat(simd, 0.5), Vector::splat(simd, 1.0));
        let t = (-self.abs()).exp_below();
        let q = t / (one + t);
        // q is the result for a negative argument, but where t is small t - tq = t / (1 + t) loses less: there the
        // rounding errors of q weigh little.
        let negative = t.lt(half).select(t - t * q, q);
        self.ge(zero).select(one - q, negative)
    }

    /// e^x for x below 90.
    #[inline(always)]
    fn exp_below(self) -> Self {
        let simd = self.simd;
        let low = Vector::splat(simd, -104.0);
        let (p, m) = self.lt(low).select(low, self).exp_parts();
        // 2^n as a product of two normal numbers, n reaching from -150 to 128: the first product is exact, so there is
        // one rounding, in the second, where the result is subnormal or overflows.
        let first = m >> 1;
        let second = m - first;
        p * (first << 23).bitcast() * (second << 23).bitcast()
    }

    /// `(e^r, bits)` with x = n ln(2) + r, |r| <= ln(2)/2; the low 9 bits of `bits` are `n + 254`. |x| is below 110 or
    /// NaN.
    #[inline(always)]
    fn exp_parts(self) -> (Self, Vector<S, i32>) {
        let simd = self.simd;
        let rounded = self * Vector::splat(simd, LOG2_E) + Vector::splat(simd, ROUND);
        let n = rounded - Vector::splat(simd, ROUND);
        // The first product and difference are exact.
        let r = self - n * Vector::splat(simd, LN_2_HIGH) - n * Vector::splat(simd, LN_2_LOW);
        (Vector::splat(simd, 1.0) + (r + r * r * polynomial(r, EXP)), rounded.bitcast())
    }

    /// `(f, e)` with x = 2^e (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), for positive finite x; f is finite for any x.
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let simd = self.simd;
        // A subnormal number is made normal first.
        let small = self.lt(Vector::splat(simd, f32::MIN_POSITIVE));
        let bits = small.select(self * Vector::splat(simd, 8_388_608.0), self).bitcast::<i32>();
        let e = (bits - Vector::splat(simd, SQRT_HALF)) >> 23;
        let f = (bits - (e << 23)).bitcast::<f32>() - Vector::splat(simd, 1.0);
        (f, e.to_float() - small.select(Vector::splat(simd, 23.0), Vector::splat(simd, 0.0)))
    }

    /// `y` where x is positive and finite, what a logarithm is elsewhere.
    #[inline(always)]
    fn logarithm(self, y: Self) -> Self {
        let simd = self.simd;
        let (zero, infinity) = (Vector::splat(simd, 0.0), Vector::splat(simd, f32::INFINITY));
        // x itself is what is left: inf or NaN.
        let special = self.eq(zero).select(-infinity, self.lt(zero).select(Vector::splat(simd, f32::NAN), self));
        (self.gt(zero) & self.lt(infinity)).select(y, special)
    }
}

/// log2(2^e (1 + f)) for sqrt(1/2) <= 1 + f < sqrt(2).
#[inline(always)]
fn log2_wide<S: Simd>(f: Vector<S, f64>, e: Vector<S, f64>) -> Vector<S, f64> {
    let s = f / (f + Vector::splat(f.simd, 2.0));
    e + s * polynomial(s * s, LOG2_WIDE)
}

/// 2^t, far outside the range of f32 some number outside it; NaN stays NaN.
#[inline(always)]
fn exp2_wide<S: Simd>(t: Vector<S, f64>) -> Vector<S, f64> {
    let simd = t.simd;
    let (low, high, round) = (Vector::splat(simd, -160.0), Vector::splat(simd, 160.0), Vector::splat(simd, ROUND_WIDE));
    let t = t.gt(high).select(high, t);
    let t = t.lt(low).select(low, t);
    let rounded = t + round;
    // A product, not a sum of exponents, so that NaN stays NaN whatever its bits give here.
    let scale = (rounded.bitcast::<u64>() << 52).bitcast();
    polynomial(t - (rounded - round), EXP2_WIDE) * scale
}

/// `c[0] + x (c[1] + x (c[2] + ...))`
#[inline(always)]
fn polynomial<S: Simd, T: Float, const N: usize>(x: Vector<S, T>, c: [T; N]) -> Vector<S, T> {
    let mut y = Vector::splat(x.simd, c[N - 1]);
    for i in (0..N - 1).rev() {
        y = y * x + Vector::splat(x.simd, c[i]);
    }
    y
}
