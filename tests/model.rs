//! Model files: what is mapped and what is copied, what a header is refused for, and that truncation harms nobody.

#![cfg(feature = "mmap")]

mod child;

use omnilane::lanes::{bf16, f16};
use omnilane::memory::{Advice, Dtype, MmapModel, ModelError, TensorElement, Tensors};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence::WithSource;
use safetensors::tensor::TensorView;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A file in the format: the header's length, the header, the data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

fn refused(header: &str, data: &[u8]) -> ModelError {
    Tensors::parse(&file(header, data)).expect_err(header)
}

/// As [`Tensors::parse`], from memory that starts on 64 bytes, as a model's does.
fn saved(dir: &Path, bytes: &[u8]) -> PathBuf {
    let path = dir.join("model.safetensors");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_the_safetensors_crate_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let weights: Vec<f32> = (0..6).map(|i| i as f32 - 2.5).collect();
    let halves: Vec<f16> = weights.iter().map(|v| f16::from_f32(*v)).collect();
    let bytes: Vec<i8> = vec![-128, -1, 0, 127, 5];
    // The format is little-endian.
    let weights_written: Vec<u8> = weights.iter().flat_map(|v| v.to_le_bytes()).collect();
    let halves_written: Vec<u8> = halves.iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = |dtype, shape: &[usize], data| TensorView::new(dtype, shape.into(), data).unwrap();
    let tensors = [
        ("weight", view(safetensors::Dtype::F32, &[2, 3], &weights_written)),
        ("half", view(safetensors::Dtype::F16, &[3, 2], &halves_written)),
        ("quantized \"q\"\n", view(safetensors::Dtype::I8, &[5], bytemuck::cast_slice(&bytes))),
        ("scalar", view(safetensors::Dtype::U64, &[], &[1, 0, 0, 0, 0, 0, 0, 0])),
        ("none", view(safetensors::Dtype::F64, &[0, 7], &[])),
    ];
    let metadata = HashMap::from([("made by".to_string(), "a \"test\"".to_string())]);
    let path = saved(dir.path(), &safetensors::serialize(tensors, Some(metadata)).unwrap());

    let model = MmapModel::from_file(&path).unwrap();
    let tensors = model.tensors().unwrap();
    let names: Vec<_> = tensors.iter().map(|t| t.name()).collect();
    assert_eq!(names, ["half", "none", "quantized \"q\"\n", "scalar", "weight"]);
    let (weight, half) = (tensors.get("weight").unwrap(), tensors.get("half").unwrap());
    assert_eq!(
        (weight.dtype(), weight.shape(), weight.as_slice::<f32>().unwrap()),
        (Dtype::F32, &[2, 3][..], &weights[..])
    );
    assert_eq!((half.dtype(), half.shape(), half.as_slice::<f16>().unwrap()), (Dtype::F16, &[3, 2][..], &halves[..]));
    assert_eq!(tensors.get("quantized \"q\"\n").unwrap().as_slice::<i8>().unwrap(), bytes);
    assert_eq!(tensors.get("scalar").unwrap().as_shaped::<u64>(&[]).unwrap(), [1]);
    assert_eq!(tensors.get("none").unwrap().as_shaped::<f64>(&[0, 7]).unwrap().len(), 0);
    assert_eq!(tensors.metadata().collect::<Vec<_>>(), [("made by", "a \"test\"")]);
    // The slices are the file's memory: nothing was copied but what has another order of bytes.
    let swapped: &[&str] = if cfg!(target_endian = "big") { &["half", "scalar", "weight"] } else { &[] };
    assert_eq!(tensors.copied().map(|t| t.name()).collect::<Vec<_>>(), swapped);
    let all = model.as_slice().as_ptr_range();
    for tensor in tensors.iter().filter(|t| !t.bytes().is_empty() && !swapped.contains(&t.name())) {
        assert!(all.contains(&tensor.bytes().as_ptr()), "{tensor:?}");
    }
    let owned = MmapModel::from_file(&path).unwrap().into_tensors().unwrap();
    assert_eq!(owned.get("weight").unwrap().as_slice::<f32>().unwrap(), weights);
}

#[test]
fn every_element_type() {
    fn check<T: TensorElement>(name: &str) {
        let values: Vec<T> = (0..5u8).map(|i| bytemuck::pod_read_unaligned(&vec![i; size_of::<T>()])).collect();
        let data = bytemuck::cast_slice::<T, u8>(&values);
        let bytes =
            file(&format!(r#"{{"x":{{"dtype":"{name}","shape":[5,1],"data_offsets":[0,{}]}}}}"#, data.len()), data);
        let tensors = Tensors::parse(&bytes).unwrap();
        let tensor = tensors.get("x").unwrap();
        assert_eq!((T::DTYPE.name(), tensor.dtype(), T::DTYPE.bits() as usize), (name, T::DTYPE, 8 * size_of::<T>()));
        assert_eq!(tensor.as_slice::<T>().unwrap(), values);
    }
    check::<u8>("U8");
    check::<i8>("I8");
    check::<u16>("U16");
    check::<i16>("I16");
    check::<f16>("F16");
    check::<bf16>("BF16");
    check::<u32>("U32");
    check::<i32>("I32");
    check::<f32>("F32");
    check::<u64>("U64");
    check::<i64>("I64");
    check::<f64>("F64");
    // The others by their bytes.
    for (name, shape, size) in
        [("BOOL", "3", 3), ("F4", "4", 2), ("F6_E2M3", "4", 3), ("F8_E4M3", "2", 2), ("C64", "2", 16)]
    {
        let bytes = file(
            &format!(r#"{{"x":{{"dtype":"{name}","shape":[{shape}],"data_offsets":[0,{size}]}}}}"#),
            &vec![1; size],
        );
        let tensors = Tensors::parse(&bytes).unwrap();
        let tensor = tensors.get("x").unwrap();
        assert_eq!((tensor.dtype().name(), tensor.bytes().len()), (name, size));
        assert!(matches!(tensor.as_slice::<u8>(), Err(ModelError::WrongDtype { .. })));
    }
}

#[test]
fn dtype_and_shape_are_checked() {
    let bytes = file(r#"{"w":{"dtype":"I16","shape":[2,3],"data_offsets":[0,12]}}"#, &[1; 12]);
    let tensors = Tensors::parse(&bytes).unwrap();
    let w = tensors.get("w").unwrap();
    let error = w.as_slice::<f16>().unwrap_err();
    assert!(matches!(error, ModelError::WrongDtype { dtype: Dtype::I16, wanted: Dtype::F16, .. }));
    assert_eq!(error.to_string(), r#"tensor "w": F16 was asked for, but its elements are I16"#);
    let error = w.as_shaped::<i16>(&[3, 2]).unwrap_err();
    assert_eq!(error.to_string(), r#"tensor "w": shape [3, 2] was asked for, but it has [2, 3]"#);
    assert_eq!(w.as_shaped::<i16>(&[2, 3]).unwrap(), [0x101; 6]);
    let error = tensors.get("v").unwrap_err();
    assert_eq!(error.to_string(), r#"name: there is no tensor "v""#);
}

#[test]
fn a_misaligned_tensor_is_copied_and_named() {
    let header = r#"{"b":{"dtype":"F64","shape":[2],"data_offsets":[1,17]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"c":{"dtype":"U16","shape":[1],"data_offsets":[17,19]},"d":{"dtype":"I8","shape":[1],"data_offsets":[19,20]}}"#;
    let mut data = vec![9];
    data.extend([1.5f64, -2.5].iter().flat_map(|v| v.to_le_bytes()));
    data.extend([0x34, 0x12, 0xff]);
    // The header's length decides what is misaligned.
    for pad in 0..8 {
        let dir = tempfile::tempdir().unwrap();
        let header = format!("{header}{}", " ".repeat(pad));
        let model = MmapModel::from_file(saved(dir.path(), &file(&header, &data))).unwrap();
        let start = 8 + header.len();
        let tensors = model.tensors().unwrap();
        let mut wanted = Vec::new();
        wanted.extend((!(start + 1).is_multiple_of(8)).then_some("b"));
        wanted.extend((!(start + 17).is_multiple_of(2)).then_some("c"));
        if cfg!(target_endian = "little") {
            assert_eq!(tensors.copied().map(|t| t.name()).collect::<Vec<_>>(), wanted);
        }
        assert_eq!(tensors.get("b").unwrap().as_slice::<f64>().unwrap(), [1.5, -2.5]);
        assert_eq!(tensors.get("c").unwrap().as_slice::<u16>().unwrap(), [0x1234]);
        assert!(tensors.iter().all(|t| t.is_copied() == tensors.copied().any(|c| c.name() == t.name())));
        assert_eq!((tensors.get("a").unwrap().bytes(), tensors.get("d").unwrap().bytes()), (&[9u8][..], &[255u8][..]));
    }
}

#[test]
fn headers_are_refused() {
    use ModelError as E;
    let t = |fields: &str| format!(r#"{{"t":{{{fields}}}}}"#);
    let one = |dtype: &str, shape: &str, offsets: &str| {
        t(&format!(r#""dtype":"{dtype}","shape":[{shape}],"data_offsets":[{offsets}]"#))
    };
    assert!(matches!(Tensors::parse(&[]), Err(E::NoHeader { file: 0 })));
    assert!(matches!(Tensors::parse(&[1; 7]), Err(E::NoHeader { file: 7 })));
    assert!(matches!(Tensors::parse(&[255; 8]), Err(E::HeaderTooLarge { header: u64::MAX, max: 100_000_000 })));
    let long = [&100_000_001u64.to_le_bytes()[..], b"{}"].concat();
    assert!(matches!(Tensors::parse(&long), Err(E::HeaderTooLarge { header: 100_000_001, .. })));
    let cut = [&3u64.to_le_bytes()[..], b"{}"].concat();
    assert!(matches!(Tensors::parse(&cut), Err(E::HeaderTruncated { header: 3, left: 2 })));
    for text in
        ["", "{", "[]", "{}}", r#"{"t":1}"#, "{\"\u{1}\":1}", r#"{"t":{"dtype":7}}"#, r#"{"__metadata__":{"a":1}}"#]
    {
        assert!(matches!(refused(text, &[]), E::Syntax { .. }), "{text}");
    }
    let invalid_utf8 = [&9u64.to_le_bytes()[..], b"{\"\xff\":1}  "].concat();
    assert!(matches!(Tensors::parse(&invalid_utf8), Err(E::Syntax { .. })));
    assert!(matches!(refused(&one("U8", "-1", "0,1"), &[0]), E::Syntax { .. }));
    assert!(matches!(refused(&one("U8", "1.5", "0,1"), &[0]), E::Syntax { .. }));
    assert!(matches!(refused(&one("U8", "1", "0,1,2"), &[0]), E::Syntax { .. }));
    assert!(matches!(refused(&one("U8", "99999999999999999999", "0,1"), &[0]), E::Syntax { .. }));

    let deep = format!(r#"{{"t":{{"x":{}1{}}}}}"#, "[".repeat(5000), "]".repeat(5000));
    assert!(matches!(refused(&deep, &[]), E::TooDeep { depth: 5002, max: 32 }), "no stack is overrun");
    let extra = one("U8", "1", "0,1").replace("}}", r#","x":[{"[[[":["]]",1.5,null]}]}}"#);
    assert!(Tensors::parse(&file(&extra, &[0])).is_ok(), "a field that the format may get");
    let name = "n".repeat(70_000);
    assert!(matches!(refused(&format!(r#"{{"{name}":1}}"#), &[]), E::StringTooLong { len: 70_000, .. }));
    assert!(matches!(refused(&format!(r#"{{"{name}"#), &[]), E::StringTooLong { len: 70_000, .. }));

    for field in ["dtype", "shape", "data_offsets"] {
        let all = [r#""dtype":"U8""#, r#""shape":[1]"#, r#""data_offsets":[0,1]"#];
        let without: Vec<_> = all.into_iter().filter(|f| !f.contains(field)).collect();
        let twice: Vec<_> = all.into_iter().chain(all.into_iter().filter(|f| f.contains(field))).collect();
        for fields in [without, twice] {
            match refused(&t(&fields.join(",")), &[0]) {
                E::Field { name, field: which } => assert_eq!((&*name, which), ("t", field)),
                e => panic!("{e}"),
            }
        }
    }
    match refused(&one("F128", "1", "0,16"), &[0; 16]) {
        E::UnknownDtype { name, dtype } => assert_eq!((&*name, &*dtype), ("t", "F128")),
        e => panic!("{e}"),
    }
    // Products that overflow, dimensions without end, half a byte.
    let big = u64::MAX / 2;
    for shape in [format!("{big},3"), format!("{big},{big},0"), ["1"; 256].join(","), format!("{}", u64::MAX)] {
        assert!(matches!(refused(&one("U64", &shape, "0,1"), &[0]), E::BadShape { .. }), "{shape}");
    }
    assert!(matches!(refused(&one("F4", "3", "0,2"), &[0; 2]), E::BadShape { .. }));
    assert!(Tensors::parse(&file(&one("U8", &["1"; 255].join(","), "0,1"), &[0])).is_ok());
    // Offsets: not the shape's size, backwards, at the end of numbers.
    for offsets in ["0,3", "0,5", "4,0", "18446744073709551615,3", "18446744073709551612,18446744073709551616"] {
        let error = refused(&one("F32", "1", offsets), &[0; 4]);
        assert!(matches!(error, E::Offsets { .. } | E::Syntax { .. }), "{offsets}: {error}");
    }
    // A gap before, an overlap, bytes left over, bytes that are not there.
    let two = |a: &str, b: &str| {
        format!(
            r#"{{"a":{{"dtype":"U8","shape":[2],"data_offsets":[{a}]}},"b":{{"dtype":"U8","shape":[2],"data_offsets":[{b}]}}}}"#
        )
    };
    assert!(Tensors::parse(&file(&two("2,4", "0,2"), &[0; 4])).is_ok());
    assert!(matches!(refused(&two("0,2", "3,5"), &[0; 5]), E::Offsets { begin: 3, expected_begin: 2, .. }));
    assert!(matches!(refused(&two("0,2", "1,3"), &[0; 3]), E::Offsets { begin: 1, expected_begin: 2, .. }));
    assert!(matches!(refused(&two("1,3", "3,5"), &[0; 5]), E::Offsets { begin: 1, expected_begin: 0, .. }));
    assert!(matches!(refused(&two("0,2", "2,4"), &[0; 5]), E::DataLength { tensors: 4, data: 5 }));
    assert!(matches!(refused(&two("0,2", "2,4"), &[0; 3]), E::DataLength { tensors: 4, data: 3 }));
    assert!(matches!(refused("{}", &[0]), E::DataLength { tensors: 0, data: 1 }));
    // One name twice, however it is written.
    let twin = two("0,2", "2,4").replace("\"b\"", "\"\\u0061\"");
    match refused(&twin, &[0; 4]) {
        E::DuplicateName { name } => assert_eq!(name, "a"),
        e => panic!("{e}"),
    }
    let metadata = r#"{"__metadata__":{},"__metadata__":{}}"#;
    assert!(matches!(refused(metadata, &[]), E::DuplicateName { .. }));
    let empty = Tensors::parse(&file("{}  ", &[])).map(|t| (t.len(), t.is_empty())).unwrap();
    assert_eq!(empty, (0, true));
}

#[test]
fn files_that_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let error = MmapModel::from_file(&missing).unwrap_err();
    assert!(matches!(&error, ModelError::Io { path, .. } if *path == missing), "{error}");
    assert!(matches!(MmapModel::from_file(dir.path()), Err(ModelError::NotAFile { .. })));
    let empty = saved(dir.path(), &[]);
    // SAFETY: the file is this test's own.
    for model in [MmapModel::from_file(&empty).unwrap(), unsafe { MmapModel::map_file(&empty) }.unwrap()] {
        assert_eq!((model.as_slice(), model.is_mapped()), (&[][..], false));
        model.advise(Advice::WillNeed).unwrap();
        assert!(matches!(model.tensors(), Err(ModelError::NoHeader { file: 0 })));
    }
}

#[test]
fn a_map_and_a_copy_have_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..100_000u32).map(|i| (i * 7) as u8).collect();
    let path = saved(dir.path(), &bytes);
    let copy = MmapModel::from_file(&path).unwrap();
    // SAFETY: the file is this test's own.
    let map = unsafe { MmapModel::map_file(&path) }.unwrap();
    assert!(!copy.is_mapped() && map.is_mapped(), "a plain file is no safe map");
    assert_eq!((copy.as_slice(), map.as_slice()), (&bytes[..], &bytes[..]));
    for advice in [Advice::Normal, Advice::Random, Advice::Sequential, Advice::WillNeed] {
        copy.advise(advice).unwrap();
        map.advise(advice).unwrap();
    }
    assert_eq!((copy.as_slice().as_ptr().addr() % 64, map.as_slice().as_ptr().addr() % 64), (0, 0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_nobody_can_change_is_mapped() {
    use std::io::Write as _;
    use std::os::fd::{AsRawFd as _, FromRawFd as _};

    unsafe extern "C" {
        fn memfd_create(name: *const std::ffi::c_char, flags: u32) -> i32;
        fn fcntl(fd: i32, command: i32, ...) -> i32;
    }
    const MFD_ALLOW_SEALING: u32 = 2;
    const F_ADD_SEALS: i32 = 1033;
    const SHRINK_AND_WRITE: i32 = 2 | 8;
    // SAFETY: the name ends in 0, and the descriptor is new and ours.
    let mut file = unsafe {
        let fd = memfd_create(c"model".as_ptr(), MFD_ALLOW_SEALING);
        assert!(fd >= 0);
        fs::File::from_raw_fd(fd)
    };
    file.write_all(&[7; 5000]).unwrap();
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let open = MmapModel::from_file(&path).unwrap();
    assert!(!open.is_mapped(), "it could still be truncated");
    // SAFETY: it takes one number, and changes nothing in memory.
    assert_eq!(unsafe { fcntl(file.as_raw_fd(), F_ADD_SEALS, SHRINK_AND_WRITE) }, 0);
    let sealed = MmapModel::from_file(&path).unwrap();
    assert!(sealed.is_mapped() && file.set_len(0).is_err());
    assert_eq!((sealed.as_slice(), open.as_slice()), (&[7; 5000][..], &[7; 5000][..]));
}

/// Truncates the file under an open model, and reads all of it.
#[test]
#[ignore = "the child of truncation_harms_nobody, which dies where a map is unsafe"]
fn truncation_child() {
    let path = std::env::var_os("OMNILANE_TEST_FILE").expect("run by truncation_harms_nobody");
    let map = std::env::var_os("OMNILANE_TEST_MAP").is_some();
    // SAFETY: the promise is broken on purpose; this process is made to die of it.
    let model = if map { unsafe { MmapModel::map_file(&path) } } else { MmapModel::from_file(&path) }.unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    assert_eq!(model.as_slice().iter().map(|b| u64::from(*b)).sum::<u64>(), 3 << 20);
}

#[test]
fn truncation_harms_nobody() {
    let child = |map: bool| {
        let dir = tempfile::tempdir().unwrap();
        let path = saved(dir.path(), &vec![3; 1 << 20]);
        let mut child = child::this_binary();
        child.args(["--exact", "truncation_child", "--ignored"]).env("OMNILANE_TEST_FILE", path);
        if map {
            child.env("OMNILANE_TEST_MAP", "1");
        }
        child.output().unwrap()
    };
    let safe = child(false);
    let text = String::from_utf8_lossy(&safe.stdout);
    assert!(safe.status.success() && text.contains("1 passed"), "{text}");
    // The same child with the unsafe constructor is killed: the test sees what it is for.
    #[cfg(target_os = "linux")]
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child(true).status), Some(7), "SIGBUS");
}

/// Tensors by dtype, shape and padding of the header, written out by hand.
fn tensors() -> impl Strategy<Value = Vec<(usize, Vec<usize>)>> {
    prop::collection::vec((0..6usize, prop::collection::vec(0..5usize, 0..4)), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_failure_persistence(WithSource("regressions")))]

    /// What was written is read, in whatever order, at whatever alignment, and the safetensors crate reads the same.
    #[test]
    fn written_and_read(list in tensors(), pad in 0..16usize, turn in 0..8usize, seed: u8) {
        const DTYPES: [(&str, usize); 6] = [("U8", 1), ("F16", 2), ("BF16", 2), ("I32", 4), ("F64", 8), ("F8_E5M2", 1)];
        let (mut entries, mut data) = (Vec::new(), Vec::new());
        for (i, (dtype, shape)) in list.iter().enumerate() {
            let (dtype, size) = DTYPES[*dtype];
            let (begin, len) = (data.len(), shape.iter().product::<usize>() * size);
            data.extend((0..len).map(|k| (k as u8).wrapping_mul(31).wrapping_add(seed)));
            entries.push(format!(
                r#""t{i}":{{"shape":{shape:?},"data_offsets":[{begin},{}],"dtype":"{dtype}"}}"#, data.len()
            ));
        }
        let n = entries.len().max(1);
        entries.rotate_left(turn % n);
        let bytes = file(&format!("{{{}}}{}", entries.join(","), " ".repeat(pad)), &data);
        let ours = Tensors::parse(&bytes).unwrap();
        let theirs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        prop_assert_eq!(ours.len(), list.len());
        for (i, (dtype, shape)) in list.iter().enumerate() {
            let name = format!("t{i}");
            let (our, their) = (ours.get(&name).unwrap(), theirs.tensor(&name).unwrap());
            prop_assert_eq!((our.shape(), our.dtype().name()), (&shape[..], DTYPES[*dtype].0));
            if cfg!(target_endian = "little") {
                prop_assert_eq!(our.bytes(), their.data());
            }
            if let Ok(values) = our.as_slice::<f64>() {
                let wanted: Vec<u64> = their.data().chunks(8).map(|b| u64::from_le_bytes(b.try_into().unwrap())).collect();
                prop_assert_eq!(values.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), wanted);
            }
        }
    }
}
