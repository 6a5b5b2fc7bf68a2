//! What bad input gets.

use omnilane::quantize::*;

/// Every refusal names the argument, and nothing is written.
#[test]
fn refusals() {
    fn message<T: std::fmt::Debug>(result: Result<T, QuantizeError>) -> String {
        result.unwrap_err().to_string()
    }
    assert_eq!(message(dot(&[1u8], &[])), "b: its length is 0, it must be 1");
    assert_eq!(message(PackedWeights::new(&[1], 2, 3)), "weights: its length is 1, it must be 6");
    assert!(message(PackedWeights::new(&[], usize::MAX, 2)).starts_with("rows, columns: "));
    // No memory for a column's sums where there are no weights.
    assert!(message(PackedWeights::new(&[], 0, usize::MAX / 8)).starts_with("rows, columns: "));
    let weights = PackedWeights::new(&[1; 6], 2, 3).unwrap();
    let bias = weights.clone().with_bias(&[1]);
    assert_eq!(message(bias), "bias: its length is 1, it must be 3");
    assert_eq!(message(weights.clone().with_zero_points(&[1, 2])), "zero_points: its length is 2, it must be 3");
    assert_eq!(message(MatrixView::new(&[0u8], 2, 3)), "data: its length is 1, it must be 6");
    assert_eq!(message(MatrixView::with_stride(&[0u8; 8], 2, 3, 2)), "stride: 2 elements, but a row has 3");
    assert_eq!(message(MatrixView::with_stride(&[0u8; 6], 2, 3, 4)), "data: 6 elements, but the matrix needs 7");
    assert!(message(MatrixView::with_stride(&[0u8; 6], usize::MAX, 3, 4)).starts_with("rows, columns: "));
    let x = MatrixView::new(&[1u8, 2], 1, 2).unwrap();
    let mut out = [7; 2];
    assert_eq!(message(matmul_into(x, 0, &weights, &mut out)), "out: its length is 2, it must be 3");
    let mut out = [7; 3];
    let narrow = MatrixView::new(&[1u8], 1, 1).unwrap();
    assert_eq!(message(matmul_into(narrow, 0, &weights, &mut out)), "x: its length is 1, it must be 2");
    let two = Requantizer::<u8>::per_channel(&[1.0, 2.0], 0).unwrap();
    let mut codes = [7; 3];
    let refused = matmul_requantized_into(x, 0, &weights, &two, &mut codes);
    assert_eq!(message(refused), "requantizer: its length is 2, it must be 3");
    assert_eq!(message(requantize_into(&[1, 2, 3], &two, &mut codes)), "sums: its length is 3, it must be 2");
    assert_eq!(message(requantize_into(&[1, 2], &two, &mut codes)), "out: its length is 3, it must be 2");
    assert_eq!((out, codes), ([7; 3], [7; 3]));
    for bad in [-1.0, f32::NAN, f32::INFINITY] {
        assert!(message(Requantizer::<u8>::new(bad, 0)).starts_with("multiplier: "));
        assert!(message(Requantizer::<u8>::fixed_point(bad.into(), 0)).starts_with("multiplier: "));
    }
    assert!(message(Requantizer::<u8>::fixed_point(1073741824.0, 0)).starts_with("multiplier: 1073741824"));
    let range = Requantizer::<u8>::new(1.0, 0).unwrap().with_range(5, 4);
    assert_eq!(message(range), "min, max: 5, 4; min must not be above max");
}
