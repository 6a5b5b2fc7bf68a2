//! Products and requantization, in 64 and 128 bits.

/// `b[j] + sum over q of (x[i][q] - zero_point) * (w[q][j] - z[j])`, in 64 bits. `z` has one element or `n`.
pub fn matmul<A: Copy + Into<i64>>(
    (m, k, n): (usize, usize, usize),
    (x, zero_point): (&[A], A),
    (w, z): (&[i8], &[i8]),
    bias: &[i32],
) -> Vec<i64> {
    let mut out = Vec::new();
    for i in 0..m {
        for j in 0..n {
            let z = i64::from(z[if z.len() == 1 { 0 } else { j }]);
            let product = |q: usize| (x[i * k + q].into() - zero_point.into()) * (i64::from(w[q * n + j]) - z);
            out.push(i64::from(bias[j]) + (0..k).map(product).sum::<i64>());
        }
    }
    out
}

/// `clamp(round_half_even(f32(sum) * multiplier) + zero_point)`.
pub fn requantize(sum: i32, multiplier: f32, zero_point: i32, [min, max]: [i32; 2]) -> i32 {
    let rounded = f64::from((sum as f32 * multiplier).round_ties_even());
    (rounded + f64::from(zero_point)).clamp(f64::from(min), f64::from(max)) as i32
}

/// `clamp(floor(sum * q / 2^s + 1/2) + zero_point)`, `q / 2^s` the multiplier to 31 bits, in 128 bits.
pub fn requantize_fixed(sum: i32, multiplier: f64, zero_point: i32, [min, max]: [i32; 2]) -> i32 {
    // As many bits after the point as leave 31 in all.
    let nearest = |s: i32| (multiplier * 2f64.powi(s)).round() as i128;
    let s = (1..=62).rev().find(|s| nearest(*s) < 1 << 31).expect("below 2^30");
    let rounded = (2 * i128::from(sum) * nearest(s) + (1 << s)).div_euclid(2 << s);
    (rounded + i128::from(zero_point)).clamp(min.into(), max.into()) as i32
}
