//! The mistake, twice: a helper between the kernel and its lane operations that is not `#[inline(always)]`, and a lane
//! operation that is called through a pointer.

use omnilane::lanes::{LengthError, Simd, Vector, map};

/// What LLVM does to a long function, or to a closure bound with `let` and used twice; here on purpose.
#[inline(never)]
fn helper<S: Simd>(v: Vector<S, u8>) -> Vector<S, u8> {
    let add: fn(Vector<S, u8>, Vector<S, u8>) -> Vector<S, u8> = Vector::saturating_add;
    std::hint::black_box(add)(v, v).average_round(v)
}

omnilane::kernel! {
    fn slow<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
        map(simd, src, dst, #[inline(always)] |v| helper(v))
    }
}

fn main() -> Result<(), LengthError> {
    let src: Vec<u8> = std::env::args().flat_map(|arg| arg.into_bytes()).collect();
    let mut dst = vec![0; src.len()];
    slow(&src, &mut dst)?;
    println!("{dst:?}");
    Ok(())
}
