//! A buffer that goes back to its pool.

use super::core::{Core, Refused, Slab};
use crate::lanes::Element;
use crate::memory::{AlignedBuffer, PoolError};
use crate::sync::sync::Arc;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::{ptr, slice};

/// Memory of a pool with room for `len` elements; goes back when it is dropped.
struct Loan<T> {
    slab: ManuallyDrop<Box<Slab>>,
    len: usize,
    element: PhantomData<T>,
}

impl<T: Element> Loan<T> {
    #[inline(always)]
    fn start(&self) -> *mut T {
        self.slab.memory.start().as_ptr().cast()
    }

    #[inline(always)]
    fn uninit_mut(&mut self) -> &mut [MaybeUninit<T>] {
        // SAFETY: the memory has room for `len` elements, is aligned for them, and belongs to this loan alone.
        unsafe { slice::from_raw_parts_mut(self.start().cast(), self.len) }
    }

    fn into_slab(self) -> Box<Slab> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not used again, nor dropped.
        unsafe { ManuallyDrop::take(&mut this.slab) }
    }
}

impl<T> Drop for Loan<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the loan is not used after its drop.
        unsafe { ManuallyDrop::take(&mut self.slab) }.give_back();
    }
}

/// A buffer of a [`BufferPool`](super::BufferPool): a slice that goes back to it when it is dropped, on whatever thread.
///
/// It starts on 64 bytes, or on a page from 1 MB on; it is as long as was asked for, and its
/// [`capacity`](PooledBuffer::capacity) is its class. It owns its memory and outlives the pool if it must.
///
/// ```
/// use omnilane::memory::BufferPool;
///
/// let pool = BufferPool::<u32>::new(&[1000])?;
/// let mut buffer = pool.get(3)?;
/// buffer.copy_from_slice(&[3, 1, 2]);
/// buffer.sort();
/// assert_eq!(buffer[..], [1, 2, 3]);
/// drop(buffer);
/// assert_eq!(pool.stats().retained, 1);
/// # Ok::<(), omnilane::memory::PoolError>(())
/// ```
pub struct PooledBuffer<T> {
    loan: Loan<T>,
}

/// A buffer in which nothing has been written yet: what was in it before cannot be read.
///
/// Becomes a [`PooledBuffer`] by [`copy_from_slice`](PooledUninit::copy_from_slice), [`fill`](PooledUninit::fill),
/// [`fill_with`](PooledUninit::fill_with), or a promise to have written everything,
/// [`assume_init`](PooledUninit::assume_init).
///
/// ```
/// use omnilane::memory::BufferPool;
///
/// let pool = BufferPool::<f32>::new(&[1000])?;
/// let squares = pool.get_uninit(4)?.fill_with(|i| (i * i) as f32);
/// assert_eq!(squares[..], [0.0, 1.0, 4.0, 9.0]);
/// # Ok::<(), omnilane::memory::PoolError>(())
/// ```
pub struct PooledUninit<T> {
    loan: Loan<T>,
}

impl<T: Element> PooledUninit<T> {
    #[inline(always)]
    pub(super) fn take(core: &Arc<Core>, len: usize, at: &'static Location<'static>) -> Result<Self, PoolError> {
        let out_of_memory = PoolError::OutOfMemory { elements: len, element_size: size_of::<T>() };
        let bytes = len.checked_mul(size_of::<T>()).ok_or(out_of_memory)?;
        match Core::take(core, bytes, at) {
            Ok(slab) => Ok(PooledUninit { loan: Loan { slab: ManuallyDrop::new(slab), len, element: PhantomData } }),
            Err(Refused::OutOfMemory) => Err(out_of_memory),
            Err(Refused::Exhausted { limit }) => Err(PoolError::PoolExhausted { requested: len, limit }),
        }
    }

    /// Elements that it has room for before it has to leave its class.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.loan.slab.memory.bytes() / size_of::<T>()
    }

    /// The buffer with a copy of `src`.
    ///
    /// # Errors
    /// [`PoolError::LengthMismatch`] if `src` has another length.
    pub fn copy_from_slice(mut self, src: &[T]) -> Result<PooledBuffer<T>, PoolError> {
        if src.len() != self.len() {
            return Err(PoolError::LengthMismatch { got: src.len(), needed: self.len() });
        }
        write_all(&mut self, src);
        // SAFETY: every element was written.
        Ok(unsafe { self.assume_init() })
    }

    /// The buffer with `value` in each element.
    #[must_use]
    pub fn fill(self, value: T) -> PooledBuffer<T> {
        self.fill_with(|_| value)
    }

    /// The buffer with `f(i)` in element `i`.
    #[must_use]
    pub fn fill_with(mut self, mut f: impl FnMut(usize) -> T) -> PooledBuffer<T> {
        for (i, element) in self.iter_mut().enumerate() {
            element.write(f(i));
        }
        // SAFETY: every element was written.
        unsafe { self.assume_init() }
    }

    /// The buffer with a zero in each element.
    #[inline(always)]
    #[must_use]
    pub fn zeroed(mut self) -> PooledBuffer<T> {
        let all = self.loan.uninit_mut();
        // SAFETY: a zero of each of its bytes is a zero of an element.
        unsafe {
            ptr::write_bytes(all.as_mut_ptr(), 0, all.len());
            self.assume_init()
        }
    }

    /// The buffer as it is.
    ///
    /// # Safety
    /// Every element has been written.
    #[inline(always)]
    #[must_use]
    pub unsafe fn assume_init(self) -> PooledBuffer<T> {
        PooledBuffer { loan: self.loan }
    }
}

impl<T: Element> Deref for PooledUninit<T> {
    type Target = [MaybeUninit<T>];

    #[inline(always)]
    fn deref(&self) -> &[MaybeUninit<T>] {
        // SAFETY: as in `uninit_mut`, and the borrow keeps writers away.
        unsafe { slice::from_raw_parts(self.loan.start().cast(), self.loan.len) }
    }
}

impl<T: Element> DerefMut for PooledUninit<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [MaybeUninit<T>] {
        self.loan.uninit_mut()
    }
}

impl<T: Element> PooledBuffer<T> {
    /// Elements that it has room for: its class.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.loan.slab.memory.bytes() / size_of::<T>()
    }

    /// Makes it longer, by zeros, or shorter. One that outgrows its capacity moves to a buffer of a larger class, or, beyond
    /// all classes, to memory of its own that is freed in the end; what it had goes back to the pool.
    ///
    /// # Errors
    /// [`PoolError::OutOfMemory`], or [`PoolError::PoolExhausted`] of a strict pool; the buffer is as it was.
    #[track_caller]
    pub fn resize(&mut self, len: usize) -> Result<(), PoolError> {
        if len > self.capacity() {
            let mut larger = PooledUninit::<T>::take(self.loan.slab.core(), len, Location::caller())?;
            let (start, rest) = larger.split_at_mut(self.len());
            write_all(start, self);
            rest.fill(MaybeUninit::new(T::default()));
            // SAFETY: both parts were written.
            *self = unsafe { larger.assume_init() };
            return Ok(());
        }
        let old = self.loan.len;
        self.loan.len = len;
        if let Some(new) = self.loan.uninit_mut().get_mut(old..) {
            new.fill(MaybeUninit::new(T::default()));
        }
        Ok(())
    }

    /// The memory, which the pool forgets: it is freed in the end, and does not come back.
    #[must_use]
    pub fn into_inner(self) -> AlignedBuffer<T> {
        let len = self.loan.len;
        let slab = self.loan.into_slab();
        slab.untrack();
        // SAFETY: a `PooledBuffer` is written in its whole length.
        unsafe { AlignedBuffer::from_raw(slab.detach(), len) }
    }
}

impl<T: Element> Deref for PooledBuffer<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: a `PooledBuffer` is written in its whole length; otherwise as in `PooledUninit`.
        unsafe { slice::from_raw_parts(self.loan.start(), self.loan.len) }
    }
}

impl<T: Element> DerefMut for PooledBuffer<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and the borrow is the only one.
        unsafe { slice::from_raw_parts_mut(self.loan.start(), self.loan.len) }
    }
}

impl<T: Element> AsRef<[T]> for PooledBuffer<T> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T: Element> AsMut<[T]> for PooledBuffer<T> {
    fn as_mut(&mut self) -> &mut [T] {
        self
    }
}

impl<T: Element> fmt::Debug for PooledBuffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(f, "PooledBuffer", self.len(), self.capacity(), std::any::type_name::<T>())
    }
}

impl<T: Element> fmt::Debug for PooledUninit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(f, "PooledUninit", self.len(), self.capacity(), std::any::type_name::<T>())
    }
}

/// Writes each element; the lengths are equal.
fn write_all<T: Element>(dst: &mut [MaybeUninit<T>], src: &[T]) {
    for (dst, src) in dst.iter_mut().zip(src) {
        dst.write(*src);
    }
}

fn debug(f: &mut fmt::Formatter<'_>, name: &str, len: usize, capacity: usize, element: &str) -> fmt::Result {
    f.debug_struct(name).field("element", &element).field("len", &len).field("capacity", &capacity).finish()
}
