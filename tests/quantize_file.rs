//! Models in files: what is written, how much memory it takes, and what is refused.
#![cfg(feature = "mmap")]

mod counting;

use omnilane::lanes::{bf16, f16};
use omnilane::memory::{MmapModel, Tensors};
use omnilane::quantize::*;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// One test at a time, so that the count is that of one.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn noise(n: usize, scale: f32) -> Vec<f32> {
    let mut r = n as u64 ^ 0x9e37_79b9;
    (0..n)
        .map(|_| {
            r = r.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((r >> 40) as f32 / (1 << 23) as f32 - 1.0) * scale
        })
        .collect()
}

type Tensor = (&'static str, Dtype, Vec<usize>, Vec<u8>);

fn f32s(name: &'static str, shape: &[usize], values: &[f32]) -> Tensor {
    (name, Dtype::F32, shape.to_vec(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

fn save(path: &Path, tensors: &[Tensor], metadata: Option<HashMap<String, String>>) {
    let views = tensors.iter().map(|(n, d, s, b)| (*n, TensorView::new(*d, s.clone(), b).unwrap()));
    safetensors::serialize_to_file(views, metadata, path).unwrap();
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

/// A small model of all kinds.
fn model() -> Vec<Tensor> {
    let odd = noise(33 * 77, 0.02);
    let half: Vec<u8> = noise(2048, 3.0).iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
    let brain: Vec<u8> = noise(5000, 1e-3).iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect();
    vec![
        f32s("odd.weight", &[33, 77], &odd),
        f32s("bias", &[33], &noise(33, 1.0)),
        ("half", Dtype::F16, vec![2, 16, 64], half),
        ("brain", Dtype::BF16, vec![5000], brain),
        ("ids", Dtype::I64, vec![300], vec![7; 2400]),
        f32s("none", &[0, 5], &[]),
        f32s("large", &[3, 70_001], &noise(210_003, 10.0)),
    ]
}

/// The numbers of a tensor of the file that was read.
fn original(tensors: &[Tensor], name: &str) -> Vec<f32> {
    let (_, dtype, _, bytes) = tensors.iter().find(|t| t.0 == name).unwrap();
    match dtype {
        Dtype::F32 => numbers(bytes),
        Dtype::F16 => bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect(),
        _ => bytes.chunks_exact(2).map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32()).collect(),
    }
}

/// Reads a quantized file as its docs say, and restores a tensor.
fn restore(file: &SafeTensors<'_>, metadata: &serde_json::Value, name: &str) -> Vec<f32> {
    let field = &metadata["tensors"][name];
    let tensor = file.tensor(name).unwrap();
    let len: u64 = field["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap()).product();
    if field["codes"] == "f16" {
        return tensor.data().chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect();
    }
    let scales = numbers(file.tensor(field["scale"].as_str().unwrap()).unwrap().data());
    let zeros: Vec<i32> = match field["zero_point"].as_str() {
        Some(name) => file.tensor(name).unwrap().data().iter().map(|b| i32::from(*b as i8)).collect(),
        None => vec![0; scales.len()],
    };
    assert_eq!(scales.len(), zeros.len());
    assert_eq!(field.get("axis").is_some(), scales.len() > 1);
    let run = len as usize / scales.len();
    (0..len as usize)
        .map(|i| {
            let code = match field["codes"].as_str().unwrap() {
                "i8" => i32::from(tensor.data()[i] as i8),
                "i4" => i32::from(((tensor.data()[i / 2] >> (4 * (i % 2))) << 4) as i8 >> 4),
                other => panic!("{other}"),
            };
            scales[i / run] * (code - zeros[i / run]) as f32
        })
        .collect()
}

/// Quantizes the model, reads what was written with the safetensors crate, and compares everything with the report.
fn check(options: &FileOptions) -> FileReport {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a.safetensors"), dir.path().join("b.safetensors"));
    let tensors = model();
    save(&from, &tensors, Some(HashMap::from([("format".into(), "pt".into())])));
    let mut calls = Vec::new();
    let report = quantize_file(&from, &to, options, |p| calls.push((p.done, p.total))).unwrap();
    assert!(calls.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 == w[1].1), "progress goes on");
    let last = calls.last().unwrap();
    assert_eq!(last.0, last.1, "and ends at the end");

    let bytes = fs::read(&to).unwrap();
    assert_eq!(bytes.len() as u64, report.bytes_after);
    assert_eq!(fs::metadata(&from).unwrap().len(), report.bytes_before);
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let texts = header.metadata().as_ref().unwrap();
    assert_eq!(texts["format"], "pt");
    let metadata: serde_json::Value = serde_json::from_str(&texts["omnilane.quantization"]).unwrap();
    assert_eq!(metadata["version"], 1);

    assert_eq!(report.tensors.len(), tensors.len());
    for (name, dtype, shape, data) in &tensors {
        let r = report.tensors.iter().find(|r| r.name == *name).unwrap();
        assert_eq!(r.bytes_before, data.len() as u64);
        let Some(precision) = r.precision else {
            let t = file.tensor(name).unwrap();
            assert_eq!((t.dtype(), t.shape(), t.data()), (*dtype, &shape[..], &data[..]), "{name} was copied");
            assert_eq!((r.sqnr, r.bytes_after), (None, r.bytes_before));
            continue;
        };
        let (x, y) = (original(&tensors, name), restore(&file, &metadata, name));
        let want = sqnr(&x, &y).unwrap().unwrap();
        let got = r.sqnr.unwrap();
        assert!(got == want || (got - want).abs() < 1e-6, "{name}: {got} dB reported, {want} dB read");
        let beside: usize = ["scale", "zero_point"]
            .iter()
            .filter_map(|kind| file.tensor(&format!("{name}.{kind}")).ok())
            .map(|t| t.data().len())
            .sum();
        assert_eq!(r.bytes_after as usize, file.tensor(name).unwrap().data().len() + beside);
        // Half a step is the most that a number is off.
        if let (Some((_, scale)), true) = (r.scales, precision != Precision::F16) {
            let off = max_error(&x, &y).unwrap().unwrap();
            assert!(off <= f64::from(scale) * 0.500_01, "{name}: {off} off, the step is {scale}");
        }
        // Every tensor is aligned.
        let at = file.tensor(name).unwrap().data().as_ptr() as usize - bytes.as_ptr() as usize;
        assert_eq!(at % file.tensor(name).unwrap().dtype().bitsize().div_ceil(8), 0);
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing else is left");
    println!("{report}");
    report
}

#[test]
fn every_precision_reads_back() {
    let _alone = alone();
    for precision in Precision::ALL {
        for scheme in [Scheme::Symmetric, Scheme::Asymmetric] {
            for per_channel in [false, true] {
                let options = FileOptions::new(Target::All(precision)).scheme(scheme).per_channel(per_channel);
                let report = check(&options);
                assert_eq!(report.tensors.iter().filter(|t| t.precision == Some(precision)).count(), 4);
                assert!(report.to_string().contains("odd.weight"));
            }
        }
    }
}

#[test]
fn a_budget_is_kept() {
    let _alone = alone();
    let sizes: Vec<u64> = Precision::ALL
        .map(|p| check(&FileOptions::new(Target::All(p))).tensors.iter().map(|t| t.bytes_after).sum())
        .to_vec();
    assert!(sizes[0] < sizes[1] && sizes[1] < sizes[2]);
    let mut last = f64::INFINITY;
    for budget in [sizes[0], sizes[0] + 3000, sizes[1], (sizes[1] + sizes[2]) / 2, sizes[2]] {
        let report = check(&FileOptions::new(Target::Budget(budget)));
        let bytes: u64 = report.tensors.iter().map(|t| t.bytes_after).sum();
        assert!(bytes <= budget, "{bytes} of {budget}");
        let noise: f64 = report.tensors.iter().filter_map(|t| t.sqnr).map(|db| 10f64.powf(-db / 10.0)).sum();
        assert!(noise <= last, "more bytes, less noise");
        last = noise;
    }
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a"), dir.path().join("b"));
    save(&from, &model(), None);
    let error = quantize_file(&from, &to, &FileOptions::new(Target::Budget(sizes[0] - 1)), |_| {}).unwrap_err();
    assert_eq!(error, QuantizeError::Budget { budget: sizes[0] - 1, needed: sizes[0] });
    assert!(!to.exists());
}

#[test]
fn special_numbers_are_counted() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    let mut x = noise(2000, 1.0);
    (x[3], x[700], x[701]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    save(&path, &[f32s("w", &[2000], &x)], None);
    // Onto itself.
    let report = quantize_file(&path, &path, &FileOptions::new(Target::All(Precision::I8)), |_| {}).unwrap();
    assert_eq!((report.tensors[0].nan, report.tensors[0].infinite), (1, 2));
    assert!(report.tensors[0].sqnr.unwrap() > 45.0);
    let bytes = fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let codes = file.tensor("w").unwrap();
    assert_eq!([3, 700, 701].map(|i| codes.data()[i] as i8), [0, 127, -127]);
    let error = quantize_file(&path, &path, &FileOptions::new(Target::All(Precision::I8)), |_| {}).unwrap_err();
    assert!(error.to_string().ends_with("it is quantized already"), "{error}");
}

/// 32 MB of numbers in less than 3 MB of memory.
#[test]
fn memory_is_bounded() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a"), dir.path().join("b"));
    {
        let x = noise(4 << 20, 1.0);
        save(&from, &[f32s("w", &[1024, 4096], &x), f32s("v", &[1 << 20], &x[..1 << 20])], None);
    }
    for target in [Target::All(Precision::I4), Target::All(Precision::I8), Target::Budget(6 << 20)] {
        let quantize = || quantize_file(&from, &to, &FileOptions::new(target), |_| {}).unwrap();
        let (report, most) = counting::peak_of(quantize);
        println!("{target:?}: {} bytes with {most} bytes of memory", report.bytes_before);
        assert!(most < 3 << 20, "{target:?}: {most} bytes");
    }
}

#[test]
fn nothing_half_written_stays() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a"), dir.path().join("b"));
    save(&from, &model(), None);
    fs::write(&to, "what was there before").unwrap();
    let mut calls = 0;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        quantize_file(&from, &to, &FileOptions::new(Target::All(Precision::I8)), |_| {
            calls += 1;
            assert!(calls < 7, "enough");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(fs::read(&to).unwrap(), b"what was there before");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "the temporary file is gone");
}

#[test]
fn files_that_are_refused() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a"), dir.path().join("b"));
    let options = FileOptions::new(Target::All(Precision::I8));
    let refused = |bytes: &[u8]| {
        fs::write(&from, bytes).unwrap();
        let error = quantize_file(&from, &to, &options, |_| {}).unwrap_err();
        assert!(!to.exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(matches!(error, QuantizeError::Model { .. }), "{error}");
        error.to_string()
    };
    let with = |header: &str, data: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    };
    let w = |dtype: &str, shape: &str, offsets: &str| {
        format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    // The reader of models says why.
    let broken = |bytes: &[u8], reason: &str| {
        assert_eq!(refused(bytes), format!("{}: {}", from.display(), Tensors::parse(bytes).unwrap_err()));
        assert!(refused(bytes).contains(reason), "{reason}: {}", refused(bytes));
    };
    broken(b"", "header: the file has 0 bytes, but its first 8 are the header's length");
    broken(b"1234567", "header: the file has 7 bytes, but its first 8 are the header's length");
    broken(&u64::MAX.to_le_bytes(), "header: 18446744073709551615 bytes, but at most 100000000 are allowed");
    broken(&with("{}", 0)[..9], "header: 2 bytes, but the file has only 1 after the length");
    broken(&with("[]", 0), "header: invalid type: sequence, expected a map from names to tensors");
    broken(&with("{} x", 0), "header: trailing characters");
    broken(&with(r#"{"__metadata__":{"k":1}}"#, 0), "header: invalid type: integer `1`, expected a string");
    let one = |dtype, shape, offsets, data, reason: &str| broken(&with(&w(dtype, shape, offsets), data), reason);
    one("F32", "[2]", "[0,4]", 4, r#"tensor "w": data_offsets: 0 to 4, but 0 to 8 is what follows and fits"#);
    one("F32", "[-2]", "[0,4]", 4, "header: invalid value: integer `-2`, expected u64");
    one("F32", "[1]", "[4,0]", 4, r#"tensor "w": data_offsets: 4 to 0, but 4 to 8 is what follows and fits"#);
    one("F32", "[1]", "[4,8]", 8, r#"tensor "w": data_offsets: 4 to 8, but 0 to 4 is what follows and fits"#);
    one("F32", "[1]", "[0,4]", 3, "header: the tensors have 4 bytes, but 3 follow the header");
    one("F32", "[1]", "[0,4]", 5, "header: the tensors have 4 bytes, but 5 follow the header");
    one("F32", "[4294967296,4294967296]", "[0,0]", 0, r#"tensor "w": shape: it is no whole number of bytes"#);
    one("F33", "[1]", "[0,4]", 4, r#"tensor "w": dtype: "F33" is none of the format's"#);
    broken(&with(r#"{"w":{"shape":[0],"data_offsets":[0,0]}}"#, 0), r#"tensor "w": dtype must stand there once"#);
    let twice =
        r#"{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#;
    broken(&with(twice, 2), r#"header: the name "w" stands there twice"#);
    save(&from, &[f32s("w", &[2000], &noise(2000, 1.0)), f32s("w.scale", &[1], &[1.0])], None);
    assert!(refused(&fs::read(&from).unwrap()).ends_with("two tensors of the quantized model would be named w.scale"));

    let error = quantize_file(dir.path().join("missing"), &to, &options, |_| {}).unwrap_err();
    assert!(matches!(error, QuantizeError::Io { action: "read", kind: std::io::ErrorKind::NotFound, .. }), "{error}");
    save(&from, &model(), None);
    let nowhere = dir.path().join("no/such/folder");
    let error = quantize_file(&from, &nowhere, &options, |_| {}).unwrap_err();
    assert!(matches!(error, QuantizeError::Io { action: "written", .. }), "{error}");
    let empty = with("{}", 0);
    fs::write(&from, empty).unwrap();
    assert!(quantize_file(&from, &to, &options, |_| {}).unwrap().tensors.is_empty());
    assert!(SafeTensors::deserialize(&fs::read(&to).unwrap()).unwrap().is_empty());
}

/// A model of so many tensors that the description of what became of them is a long string.
#[test]
fn what_was_written_can_be_read() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a"), dir.path().join("b"));
    let x: Vec<u8> = noise(1024, 1.0).iter().flat_map(|v| v.to_le_bytes()).collect();
    let save = |count: usize, dtype: Dtype, shape: &[usize], bytes: &[u8]| {
        let views = (0..count).map(|i| {
            (format!("model.layers.{i}.attention.weight"), TensorView::new(dtype, shape.to_vec(), bytes).unwrap())
        });
        safetensors::serialize_to_file(views, None, &from).unwrap();
    };
    let quantize = |from: &Path, precision| quantize_file(from, &to, &FileOptions::new(Target::All(precision)), |_| {});
    save(600, Dtype::F32, &[1024], &x);
    quantize(&from, Precision::I8).unwrap();
    let model = MmapModel::from_file(&to).unwrap();
    let tensors = model.tensors().unwrap();
    assert_eq!(tensors.len(), 1200);
    assert_eq!(tensors.copied().len(), 0, "every tensor is aligned");
    assert!(tensors.metadata().all(|(key, value)| key == "omnilane.quantization" && value.len() > 1 << 16));
    drop(tensors);
    let error = quantize(&to, Precision::I8).unwrap_err();
    assert!(error.to_string().ends_with("it is quantized already"), "{error}");

    // With half the bytes, the description is too long for the data: nothing is written, and what was there stays.
    let before = fs::read(&to).unwrap();
    let error = quantize(&from, Precision::I4).unwrap_err();
    assert!(error.to_string().contains("the quantized model: header: a string of"), "{error}");
    assert_eq!(fs::read(&to).unwrap(), before);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);

    // Elements of less than a byte are copied.
    save(1, Dtype::F4, &[3, 2], &[1, 2, 3]);
    quantize(&from, Precision::I8).unwrap();
    let model = MmapModel::from_file(&to).unwrap();
    assert_eq!(model.tensors().unwrap().get("model.layers.0.attention.weight").unwrap().bytes(), [1, 2, 3]);
}
