//! A new kernel from nothing: gamma-free brightening, `min(255, 2 v)`, on whatever instruction set this CPU has.

use omnilane::cpu::{Isa, with_isa};
use omnilane::kernel;
use omnilane::lanes::{LengthError, Simd, map};

kernel! {
    /// Twice as bright: `min(255, 2 v)`.
    ///
    /// # Errors
    /// [`LengthError`] if the lengths differ.
    pub fn brighten<S: Simd>(simd: S, src: &[u8], dst: &mut [u8]) -> Result<(), LengthError> {
        map(simd, src, dst, #[inline(always)] |v| v.saturating_add(v))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let src: Vec<u8> = (0..=255).collect();
    let mut dst = vec![0; src.len()];
    for isa in Isa::available() {
        with_isa(isa, || brighten(&src, &mut dst))??;
        assert!(src.iter().zip(&dst).all(|(v, w)| *w == v.saturating_mul(2)));
        println!("{isa}: {:?} ... {:?}", &dst[..5], &dst[125..130]);
    }
    Ok(())
}
