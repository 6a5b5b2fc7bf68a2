//! ggml's block formats against stored vectors and their definition, on every instruction set.

#[path = "oracle/blocks.rs"]
mod oracle;

use omnilane::cpu::{Isa, with_isa};
use omnilane::quantize::{BlockFormat, QuantizeError};
use proptest::prelude::*;

const FORMATS: [BlockFormat; 2] = [BlockFormat::Q8_0, BlockFormat::Q4_0];

type Definition = (fn(&[f32]) -> Vec<u8>, fn(&[u8]) -> Vec<f32>);

fn definition(format: BlockFormat) -> Definition {
    match format {
        BlockFormat::Q4_0 => (oracle::q4_0, oracle::from_q4_0),
        _ => (oracle::q8_0, oracle::from_q8_0),
    }
}

/// Both ways against the definition; NaN equals NaN.
fn check(format: BlockFormat, x: &[f32]) {
    let (quantize, dequantize) = definition(format);
    let want: Vec<u8> = x.chunks(32).flat_map(quantize).collect();
    let want_back: Vec<f32> = want.chunks(format.block_bytes()).flat_map(dequantize).collect();
    for isa in Isa::available() {
        let (got, back) = with_isa(isa, || {
            let got = format.quantize(x).unwrap();
            let back = format.dequantize(&got).unwrap();
            (got, back)
        })
        .unwrap();
        assert_eq!(got, want, "{isa}: {format:?} of {x:?}");
        let bits = |v: &[f32]| v.iter().map(|v| if v.is_nan() { 1 } else { v.to_bits() }).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(&want_back), "{isa}: {format:?} of {x:?}");
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

#[test]
fn stored_vectors() {
    let mut lines = 0;
    for line in include_str!("oracle/blocks.txt").lines() {
        let [name, numbers, bytes] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let format = FORMATS.into_iter().find(|f| f.name() == name).unwrap();
        let x: Vec<f32> = hex(numbers).chunks(4).map(|b| f32::from_be_bytes(b.try_into().unwrap())).collect();
        for isa in Isa::available() {
            assert_eq!(with_isa(isa, || format.quantize(&x)).unwrap().unwrap(), hex(bytes), "{isa}: {line}");
        }
        check(format, &x);
        lines += 1;
    }
    assert_eq!(lines, 92);
}

#[test]
fn specials() {
    let mut block = [1.0f32; 32];
    block[3] = f32::NAN;
    block[4] = f32::INFINITY;
    block[5] = f32::NEG_INFINITY;
    for format in FORMATS {
        check(format, &block);
        check(format, &[f32::NAN; 32]);
        check(format, &[f32::INFINITY; 32]);
        check(format, &[f32::MIN_POSITIVE; 32]);
        check(format, &[f32::from_bits(1); 64]);
        check(format, &[0.499_999_97 * 127.0; 32]);
        let codes = format.dequantize(&format.quantize(&block).unwrap()).unwrap();
        assert_eq!(codes[3], 0.0);
        assert!(codes[4] > 0.87 && codes[5] < -0.87);
        // Every code of one block, and every scale.
        let mut bytes = vec![0; format.block_bytes()];
        for high in 0..=255 {
            bytes.fill(high ^ 0x5a);
            bytes[1] = high;
            let want = definition(format).1(&bytes);
            let got = format.dequantize(&bytes).unwrap();
            assert!(got.iter().zip(&want).all(|(a, b)| a == b || a.is_nan() && b.is_nan()), "{format:?} {bytes:?}");
        }
    }
}

#[test]
fn sizes() {
    for format in FORMATS {
        assert!(format.quantize(&[]).unwrap().is_empty());
        assert!(format.dequantize(&[]).unwrap().is_empty());
        assert_eq!(format.bytes_for(64).unwrap(), 2 * format.block_bytes());
        let error = format.quantize(&[1.0; 33]).unwrap_err();
        assert_eq!(error.to_string(), "src: its length is 33, it must be 32");
        let mut dst = vec![7; format.block_bytes() + 1];
        assert!(matches!(format.quantize_into(&[1.0; 32], &mut dst), Err(QuantizeError::Length(_))));
        assert!(dst.iter().all(|b| *b == 7));
        assert!(matches!(format.dequantize(&dst), Err(QuantizeError::Length(_))));
        assert!(matches!(format.dequantize_into(&dst[1..], &mut [0.0; 31]), Err(QuantizeError::Length(_))));
    }
    assert_eq!((BlockFormat::Q8_0.block_bytes(), BlockFormat::Q4_0.block_bytes()), (34, 18));
}

#[test]
fn scales_that_f16_cannot_hold() {
    for (format, divisor) in [(BlockFormat::Q8_0, 127.0f32), (BlockFormat::Q4_0, 8.0)] {
        let mut x = vec![1.0f32; 96];
        x[70] = 65504.0 * divisor;
        check(format, &x);
        for large in [65520.0 * divisor, f32::MAX, f32::MIN] {
            x[70] = large;
            let mut dst = vec![7; 3 * format.block_bytes()];
            let error = format.quantize_into(&x, &mut dst).unwrap_err();
            assert_eq!(error, QuantizeError::BlockScale { block: 2, format: format.name() });
            assert!(dst.iter().all(|b| *b == 7), "something was written");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_numbers(bits in proptest::collection::vec(any::<u32>(), 1..5), scale in -40i32..18) {
        // Whatever bits, and numbers of one magnitude.
        for format in FORMATS {
            let mut r = u64::from(bits[0]);
            let mut next = || { r = r.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407); r >> 32 };
            let x: Vec<f32> = (0..32 * bits.len()).map(|_| (next() as f32 / 2e9 - 1.0) * (scale as f32).exp2()).collect();
            check(format, &x);
            let x: Vec<f32> = (0..32).map(|_| f32::from_bits(next() as u32)).map(|v| if v.abs() > 5e5 { 0.0 } else { v }).collect();
            check(format, &x);
        }
    }
}
