//! A kernel that is wrong on purpose, in one of several ways.

use omnilane::cpu::Isa;
use omnilane::lanes::{Simd, Vector, map};
use omnilane::memory::{ImageView, ImageViewMut};
use omnilane::{Kernel, dispatch};

/// `!v` over rows of u8, wrong as `fault` says.
struct Invert<'a, 'b, const C: usize> {
    src: ImageView<'a, u8, C>,
    dst: &'b mut ImageViewMut<'a, u8, C>,
    fault: Fault,
}

#[derive(Clone, Copy)]
/// How a kernel is wrong.
pub enum Fault {
    None,
    /// The elements after the last whole vector are copied.
    Tail,
    /// The last element of a row of `LANES + 1` elements is forgotten.
    Unwritten,
    /// The element after each row is written; the last row's is left alone.
    Padding,
    /// The element before the first, and the one after the last.
    Before,
    After,
    /// Lane 5 is wrong on one instruction set.
    Lane(Isa),
    /// 255 becomes 1.
    Boundary,
    /// The first lane past a row is read.
    ReadsPadding,
    /// Rows of 7 panic.
    Panic,
}

impl<const C: usize> Kernel for Invert<'_, '_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Invert { src, dst, fault } = self;
        let lanes = Vector::<S, u8>::LANES;
        let rows = src.height();
        for (y, (src, dst)) in src.rows().zip(dst.rows_mut()).enumerate() {
            map(simd, src, dst, |v| !v).unwrap();
            let (n, end) = (dst.len(), dst.as_mut_ptr_range().end);
            match fault {
                Fault::None => {}
                Fault::Tail => dst[n / lanes * lanes..].copy_from_slice(&src[n / lanes * lanes..]),
                Fault::Unwritten if n == lanes + 1 => dst[n - 1] = BEFORE.get(),
                Fault::Unwritten => {}
                // SAFETY: the row after this one lies in the same allocation, so its gap does too. Wrong on purpose.
                Fault::Padding if y + 1 < rows && n > 0 => unsafe { *end = 1 },
                Fault::Padding => {}
                // SAFETY: the verifier's guards surround the picture. Wrong on purpose.
                Fault::Before if y == 0 && n > 0 => unsafe { *dst.as_mut_ptr().sub(2) = 1 },
                Fault::Before => {}
                // SAFETY: as above.
                Fault::After if y + 1 == rows => unsafe { *end.add(3) = 1 },
                Fault::After => {}
                Fault::Lane(isa) if S::ISA == isa => dst.iter_mut().skip(5).step_by(lanes).for_each(|v| *v ^= 0x40),
                Fault::Lane(_) => {}
                Fault::Boundary => dst.iter_mut().filter(|v| **v == 0).for_each(|v| *v = 1),
                // SAFETY: as above; one byte past a row may be read.
                Fault::ReadsPadding if n > 0 => dst[n - 1] ^= unsafe { *src.as_ptr().add(n) },
                Fault::ReadsPadding => {}
                Fault::Panic => assert!(n != 7, "seven"),
            }
        }
    }
}

thread_local! {
    /// What the last element of the first row holds, for a kernel that wants to forget it.
    pub static BEFORE: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
}

/// `!v` for every element, wrong as `fault` says.
pub fn invert<'a, const C: usize>(src: ImageView<'a, u8, C>, dst: &mut ImageViewMut<'a, u8, C>, fault: Fault) {
    dispatch(Invert { src, dst, fault });
}
