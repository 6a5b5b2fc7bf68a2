//! What quantization allocates: its output, and nothing else. The only test of its program, so that nobody else allocates.

mod counting;

use counting::allocated_by as allocated;
use omnilane::quantize::*;

#[test]
fn the_output_only() {
    const N: usize = 100_000;
    let src: Vec<f32> = (0..N).map(|i| (i as f32 * 0.37).sin()).collect();
    let params = QuantParams::<i8>::symmetric(1.0).unwrap();
    let (mut codes, mut numbers) = (vec![0; N], vec![0.0; N]);
    // The first call of a program asks the operating system about the CPU.
    _ = omnilane::cpu::current_isa();
    let ((), bytes) = allocated(|| {
        quantize_into(&src, &params, &mut codes).unwrap();
        dequantize_into(&codes, &params, &mut numbers).unwrap();
        fake_quantize_into(&src, &params, &mut numbers).unwrap();
        DynamicQuantizer::new().quantize_into(&src, &mut codes).map(|_: QuantParams<i8>| ()).unwrap();
    });
    assert_eq!(bytes, 0);

    let (tensor, bytes) = allocated(|| QuantizedTensor::<i8>::from_f32_symmetric(&src));
    assert_eq!(bytes, N);
    assert_eq!(tensor.bytes(), N + 5);
    assert!(tensor.compression_ratio() > 3.999, "{}", tensor.compression_ratio());
    assert_eq!(allocated(|| tensor.to_f32()).1, 4 * N);

    let (tensor, bytes) = allocated(|| QuantizedTensor::<I4>::from_f32_symmetric(&src));
    assert_eq!((bytes, tensor.bytes()), (N / 2, N / 2 + 5));
    assert!(tensor.compression_ratio() > 7.999, "{}", tensor.compression_ratio());

    // And, per channel, the parameters and what finds them: 40 bytes a channel, and the shape.
    let (_, bytes) = allocated(|| PerChannelQuant::<i8>::from_f32(&src, &[100, 1000], 0).unwrap());
    assert!(bytes <= N + 100 * 80 + 64, "{bytes} bytes");

    #[cfg(feature = "mmap")]
    from_a_model(&src);
}

/// The values of a model are quantized where the file's bytes are: the codes are all that is allocated.
#[cfg(feature = "mmap")]
fn from_a_model(values: &[f32]) {
    use omnilane::memory::MmapModel;

    let mut header =
        format!(r#"{{"w":{{"dtype":"F32","shape":[{}],"data_offsets":[0,{}]}}}}"#, values.len(), size_of_val(values));
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, bytes).unwrap();

    // SAFETY: nobody else knows the file.
    let model = unsafe { MmapModel::map_file(&path) }.unwrap();
    assert!(model.is_mapped());
    let tensors = model.tensors().unwrap();
    let view = tensors.get("w").unwrap();
    assert!(!view.is_copied());
    let (tensor, bytes) = allocated(|| QuantizedTensor::<i8>::from_f32_symmetric(view.as_slice().unwrap()));
    assert_eq!(bytes, values.len());
    assert_eq!(tensor, QuantizedTensor::from_f32_symmetric(values));
    assert!(model.as_slice().as_ptr_range().contains(&view.bytes().as_ptr()));
}
