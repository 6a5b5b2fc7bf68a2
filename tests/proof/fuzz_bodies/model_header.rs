//! The header of a model: an error, or tensors that are what they say and cover the data.

use super::input::Input;
use omnilane::memory::{ModelError, TensorElement, TensorView, Tensors};

/// The bytes as a file, or as a header with the right length, or choices that make a header that is nearly right.
pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let file = match input.byte() % 3 {
        0 => input.0.to_vec(),
        1 => {
            let split = input.up_to(input.0.len());
            let (header, data) = input.0.split_at(split.min(input.0.len()));
            [&(header.len() as u64).to_le_bytes(), header, data].concat()
        }
        _ => nearly_right(&mut input),
    };
    match Tensors::parse(&file) {
        Ok(tensors) => check(&file, &tensors),
        Err(e) => assert!(!e.to_string().is_empty()),
    }
}

fn nearly_right(input: &mut Input<'_>) -> Vec<u8> {
    const DTYPES: [&str; 8] = ["U8", "I8", "F16", "BF16", "I32", "F64", "F4", "X"];
    const BITS: [usize; 8] = [8, 8, 16, 16, 32, 64, 4, 8];
    let (mut header, mut end) = (String::from("{"), 0);
    let n = input.up_to(5);
    for i in 0..n {
        let which = usize::from(input.byte()) % 8;
        let shape: Vec<usize> = (0..input.up_to(3)).map(|_| input.size(6)).collect();
        let size = shape.iter().fold(BITS[which], |product, n| product.saturating_mul(*n)) / 8;
        let begin = if input.byte() == 0 { input.size(40) } else { end };
        end = if input.byte() == 0 { input.size(40) } else { begin.saturating_add(size) };
        let name = if input.byte() == 0 { "t0".into() } else { format!("t{i}") };
        let (dtype, comma) = (DTYPES[which], if i == 0 { "" } else { "," });
        header += &format!(r#"{comma}"{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{begin},{end}]}}"#);
    }
    header.push('}');
    header.extend(std::iter::repeat_n(' ', input.up_to(8)));
    let mut file = [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
    file.extend((0..end.min(2000) + usize::from(input.byte() == 0)).map(|i| i as u8));
    file
}

fn check(file: &[u8], tensors: &Tensors<'_>) {
    let header = u64::from_le_bytes(*file.first_chunk().expect("a length")) as usize;
    let data = &file[8 + header..];
    let (mut total, mut last) = (0, None);
    for tensor in tensors.iter() {
        assert!(last < Some(tensor.name()), "by name, and each once");
        last = Some(tensor.name());
        total += tensor.bytes().len();
        let elements: usize = tensor.shape().iter().product();
        assert_eq!(elements * tensor.dtype().bits() as usize, 8 * tensor.bytes().len());
        let here = data.as_ptr_range();
        assert!(tensor.is_copied() || tensor.bytes().is_empty() || here.contains(&tensor.bytes().as_ptr()));
        let again = tensors.get(tensor.name()).expect("it is there");
        assert_eq!(again.bytes().as_ptr(), tensor.bytes().as_ptr());
        let typed = [
            is::<u8>(&tensor, elements),
            is::<i8>(&tensor, elements),
            is::<omnilane::lanes::f16>(&tensor, elements),
            is::<omnilane::lanes::bf16>(&tensor, elements),
            is::<i32>(&tensor, elements),
            is::<f64>(&tensor, elements),
        ];
        assert!(typed.iter().filter(|is| **is).count() <= 1);
    }
    assert_eq!(total, data.len(), "each byte once");
    assert!(matches!(tensors.get("no such tensor"), Err(ModelError::NoTensor { .. })));
    assert!(tensors.metadata().count() <= file.len());
}

fn is<T: TensorElement>(tensor: &TensorView<'_>, elements: usize) -> bool {
    match tensor.as_slice::<T>() {
        Ok(slice) => {
            assert_eq!((slice.len(), tensor.dtype()), (elements, T::DTYPE));
            true
        }
        Err(e) => {
            assert!(matches!(e, ModelError::WrongDtype { .. }) && tensor.dtype() != T::DTYPE);
            false
        }
    }
}
