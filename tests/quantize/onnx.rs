//! What ONNX Runtime gives, stored by tests/data/onnx/make.py.

use crate::{assert_same, on_every_isa};
use omnilane::lanes::f16;
use omnilane::quantize::*;

struct Record {
    op: String,
    code: String,
    real: String,
    scale: f32,
    zero_point: i32,
    n: usize,
    /// Inputs, then outputs.
    data: Vec<u8>,
}

fn records(mut bytes: &[u8]) -> Vec<Record> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.iter().position(|b| *b == b'\n').expect("a line");
        let line = str::from_utf8(&bytes[..end]).expect("text");
        let [op, code, real, scale, zero_point, n] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let n: usize = n.parse().unwrap();
        let code_bytes = if code.ends_with("16") { 2 } else { 1 };
        let real_bytes = if real == "f16" { 2 } else { 4 };
        let (data, rest) = bytes[end + 1..].split_at(n * (code_bytes + real_bytes));
        out.push(Record {
            op: op.into(),
            code: code.into(),
            real: real.into(),
            scale: f32::from_bits(scale.parse().unwrap()),
            zero_point: zero_point.parse().unwrap(),
            n,
            data: data.into(),
        });
        bytes = rest;
    }
    out
}

fn reals<R: Real>(bytes: &[u8]) -> Vec<R> {
    let width = size_of::<R>();
    bytes
        .chunks_exact(width)
        .map(|b| {
            R::from_f32(match width {
                2 => f16::from_le_bytes([b[0], b[1]]).to_f32(),
                _ => f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            })
        })
        .collect()
}

/// The codes of a record in memory, nibbles packed.
fn stored<C: Code>(bytes: &[u8], n: usize) -> Vec<C::Storage> {
    let mut codes = vec![C::Storage::default(); C::storage_len(n)];
    for (i, b) in bytes.chunks_exact(bytes.len() / n.max(1)).enumerate() {
        let v = match (b.len(), C::MIN < 0) {
            (2, true) => i16::from_le_bytes([b[0], b[1]]).into(),
            (2, false) => u16::from_le_bytes([b[0], b[1]]).into(),
            (_, true) => i32::from(b[0] as i8),
            (_, false) => b[0].into(),
        };
        C::saturate(v).set(&mut codes, i);
    }
    codes
}

fn check<C: Code, R: Real>(record: &Record) {
    let params = QuantParams::<C>::new(record.scale, record.zero_point).unwrap();
    let Record { op, code, real, n, .. } = record;
    let what = format!("{op} {code} {real} of {n}: {params:?}");
    match op.as_str() {
        "quantize" => {
            let (src, want) = record.data.split_at(n * size_of::<R>());
            let (src, want) = (reals::<R>(src), stored::<C>(want, *n));
            assert_eq!(quantize_weights(&src, &params), want, "{what}");
        }
        "dequantize" => {
            let (codes, want) = record.data.split_at(record.data.len() - n * size_of::<R>());
            let mut got = vec![R::default(); *n];
            dequantize_into(&stored::<C>(codes, *n), &params, &mut got).unwrap();
            let wide = |v: Vec<R>| v.into_iter().map(R::to_f32).collect::<Vec<_>>();
            assert_same(&wide(got), &wide(reals::<R>(want)), &what);
        }
        "dynamic" => {
            let (src, want) = record.data.split_at(n * size_of::<R>());
            let mut codes = vec![C::Storage::default(); *n];
            let found = DynamicQuantizer::<C>::new().quantize_into(&reals::<R>(src), &mut codes).unwrap();
            assert_eq!((found, codes), (params, stored::<C>(want, *n)), "{what}");
        }
        other => panic!("no operator {other}"),
    }
}

/// Bit-equal, on every instruction set.
#[test]
fn same_as_onnx_runtime() {
    let file = std::env::var("OMNILANE_ONNX_CASES");
    let file = file.unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/onnx/cases.bin").into());
    let records = records(&std::fs::read(&file).expect("the stored results"));
    assert!(records.len() > 100, "{file} has only {} records", records.len());
    on_every_isa("onnx", |_| {
        for record in &records {
            match (record.code.as_str(), record.real.as_str()) {
                ("i8", "f32") => check::<i8, f32>(record),
                ("u8", "f32") => check::<u8, f32>(record),
                ("i16", "f32") => check::<i16, f32>(record),
                ("u16", "f32") => check::<u16, f32>(record),
                ("i4", "f32") => check::<I4, f32>(record),
                ("u4", "f32") => check::<U4, f32>(record),
                ("i8", "f16") => check::<i8, f16>(record),
                ("u8", "f16") => check::<u8, f16>(record),
                ("i16", "f16") => check::<i16, f16>(record),
                ("u16", "f16") => check::<u16, f16>(record),
                ("i4", "f16") => check::<I4, f16>(record),
                ("u4", "f16") => check::<U4, f16>(record),
                other => panic!("no such types: {other:?}"),
            }
        }
    });
    println!("{} elements of {} records", records.iter().map(|r| r.n).sum::<usize>(), records.len());
}
