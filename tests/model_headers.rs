//! A thousand mutated headers, and the most crowded ones: an error or a model, and never twice the file in memory.

#![cfg(feature = "mmap")]

mod counting;

use omnilane::memory::{MmapModel, Tensors};
use omnilane_test_values::Random;
use std::path::Path;

/// What does not grow with the file: paths, buffers of the reader, an error's text.
const FIXED: usize = 4096;

/// Opens the file and looks at everything in it; the bytes that took at most, and whether it was a model.
fn open(path: &Path) -> (usize, bool) {
    let (ok, peak) = counting::peak_of(|| {
        let model = MmapModel::from_file(path).expect("it can be read");
        let tensors = model.tensors();
        if let Ok(tensors) = &tensors {
            let bytes: usize = tensors.iter().map(|t| t.bytes().len()).sum();
            assert!(bytes <= model.as_slice().len());
            for tensor in tensors.iter() {
                let elements: usize = tensor.shape().iter().product();
                assert_eq!(elements * tensor.dtype().bits() as usize, tensor.bytes().len() * 8);
                assert_eq!(tensors.get(tensor.name()).expect("it is there").bytes(), tensor.bytes());
            }
        }
        tensors.is_ok()
    });
    (peak, ok)
}

fn file(header: &str, data: usize) -> Vec<u8> {
    let data: Vec<u8> = (0..data).map(|i| i as u8).collect();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
}

fn entry(name: &str, dtype: &str, shape: &str, begin: usize, end: usize) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{begin},{end}]}}"#)
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    const WORDS: [&str; 12] =
        ["18446744073709551615", "-1", "1e99", "[", "]", "{", "}", "\"", "\\u0061", "null", ",\"a\":{}", "F64"];
    let mut below = |n: usize| (random.next() % n as u64) as usize;
    for _ in 0..1 + below(4) {
        let at = below(bytes.len().max(1));
        let end = (at + below(40)).min(bytes.len());
        match below(8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << below(8),
            1 if !bytes.is_empty() => bytes[at] = below(256) as u8,
            2 => _ = bytes.drain(at.min(end)..end),
            3 => {
                let part = bytes[at.min(end)..end].to_vec();
                bytes.splice(at.min(end)..at.min(end), part);
            }
            4 => bytes.truncate(at),
            5 if bytes.len() > 8 => {
                let at = 8 + at % (bytes.len() - 8);
                bytes.splice(at..at, WORDS[below(WORDS.len())].bytes());
            }
            6 => {
                // A digit, so that numbers change and the rest stays.
                let digits: Vec<usize> = (8..bytes.len()).filter(|i| bytes[*i].is_ascii_digit()).collect();
                if !digits.is_empty() {
                    bytes[digits[below(digits.len())]] = b'0' + below(10) as u8;
                }
            }
            _ if bytes.len() >= 8 => bytes[below(3)] = below(256) as u8,
            _ => {}
        }
    }
    // Half of them with the right length again, so that what is behind it is reached.
    if below(2) == 0
        && bytes.len() > 8
        && let Some(end) = bytes.iter().rposition(|b| *b == b'}')
    {
        let len = (end + 1).saturating_sub(8) as u64;
        bytes[..8].copy_from_slice(&len.to_le_bytes());
    }
}

// One test, because it counts what the process allocates.
#[test]
fn an_error_or_a_model_and_never_twice_the_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("model.safetensors");
    let check = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).expect("it is written");
        let (peak, ok) = open(&path);
        assert!(peak <= 2 * bytes.len() + FIXED, "{what}: {peak} bytes for a file of {}", bytes.len());
        // Who accepts less than the safetensors crate may; who accepts more is wrong.
        if ok {
            safetensors::SafeTensors::deserialize(bytes).unwrap_or_else(|e| panic!("{what}: {e}"));
        }
        ok
    };

    let plain = [entry("a", "F32", "2,3", 0, 24), entry("b", "I8", "5", 24, 29), entry("c", "F64", "1", 29, 37)];
    let seeds = [
        file(&format!("{{{}}}", plain.join(",")), 37),
        file(&format!(r#"{{"__metadata__":{{"k":"v\n"}},{}}}   "#, plain.join(",")), 37),
        file(&format!("{{{}}}", entry("t\\u00e9\\n", "F16", "", 0, 2)), 2),
        file("{}", 0),
    ];
    let (mut models, mut errors) = (0, 0);
    for number in 0..1000u64 {
        let mut random = Random(number);
        let mut bytes = seeds[number as usize % seeds.len()].clone();
        mutate(&mut bytes, &mut random);
        if check(&bytes, &format!("mutation {number}")) { models += 1 } else { errors += 1 }
    }
    assert!(models > 20 && errors > 500, "{models} models, {errors} errors: both must be reached");

    // Headers that are crowded with whatever an index has to remember.
    let n = 5_000;
    let names = |f: &dyn Fn(usize) -> String| format!("{{{}}}", (0..n).map(f).collect::<Vec<_>>().join(","));
    let empty = names(&|i| entry(&format!("{i:x}"), "U8", "0", 0, 0));
    assert!(check(&file(&empty, 0), "as many tensors as fit"));
    let mut misaligned = names(&|i| entry(&format!("{i:x}"), "F16", "", 2 * i + 1, 2 * i + 3));
    misaligned.insert_str(1, &(entry("-", "U8", "", 0, 1) + ","));
    misaligned += &" ".repeat(misaligned.len() % 2);
    assert!(check(&file(&misaligned, 2 * n + 1), "all of them misaligned"));
    let long = "n".repeat(300);
    assert!(check(&file(&names(&|i| entry(&format!("\\n{long}{i}"), "U8", "0", 0, 0)), 0), "names that are decoded"));
    let ones = ["1"; 255].join(",");
    assert!(check(&file(&names(&|i| entry(&format!("{i:x}"), "U8", &ones, i, i + 1)), n), "many dimensions"));
    let pairs = (0..n).map(|i| format!(r#""{i:x}":"""#)).collect::<Vec<_>>().join(",");
    assert!(check(&file(&format!(r#"{{"__metadata__":{{{pairs}}}}}"#), 0), "metadata"));
    let string = "\\n".repeat(500_000);
    assert!(!check(&file(&format!(r#"{{"__metadata__":{{"k":"{string}"}}}}"#), 0), "one long string"));
    // 100 000 bytes that are decoded, in memory that grows piece by piece: a fourth of the data, and one more.
    let string = format!("\\n{}", "n".repeat(98)).repeat(1000);
    let long = |data: usize| {
        format!(r#"{{"__metadata__":{{"k":"{string}"}},{}}}"#, entry("a", "U8", &data.to_string(), 0, data))
    };
    assert!(check(&file(&long(400_000), 400_000), "a long string beside much data"));
    assert!(!check(&file(&long(399_999), 399_999), "a string too long for the data"));
    assert!(!check(&file(&"[".repeat(500_000), 0), "brackets"));
    assert!(!check(&file(&format!(r#"{{"a":{{"x":{}"#, "[".repeat(500_000)), 0), "brackets in a field"));
    assert!(!check(&file(&format!("{{\"a\":{}", "1".repeat(500_000)), 0), "digits"));
    assert!(!check(&file(&format!("{{{}", "\"a\":{},".repeat(50_000)), 0), "braces"));
    let twins = names(&|_| entry("twin", "U8", "0", 0, 0));
    assert!(!check(&file(&twins, 0), "one name"));
    // The cap, without a file of that size.
    let many = format!("{{{}}}", vec![entry("", "U8", "0", 0, 0); (1 << 18) + 1].join(","));
    let error = Tensors::parse(&file(&many, 0)).expect_err("one too many").to_string();
    assert!(error.contains("more than 262144 tensors"), "{error}");
}
