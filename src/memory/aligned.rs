//! A slice that owns its memory and starts on a cache line.

use super::PoolError;
use super::raw::RawMemory;
use crate::lanes::Element;
use alloc::alloc::handle_alloc_error;
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::slice;

/// A slice that owns its memory, starts on 64 bytes, or on a page from 1 MB on, and never grows. From 4 MB on, Linux is asked
/// for huge pages.
///
/// ```
/// use omnilane::memory::AlignedBuffer;
///
/// let mut data = AlignedBuffer::<f32>::zeroed(1000)?;
/// assert_eq!(data.as_ptr().addr() % 64, 0);
/// data[999] = 1.5;
/// assert_eq!(data.iter().sum::<f32>(), 1.5);
/// # Ok::<(), omnilane::memory::PoolError>(())
/// ```
pub struct AlignedBuffer<T> {
    memory: RawMemory,
    len: usize,
    element: PhantomData<T>,
}

impl<T: Element> AlignedBuffer<T> {
    /// `len` zeros.
    ///
    /// # Errors
    /// [`PoolError::OutOfMemory`] if there is not that much memory.
    pub fn zeroed(len: usize) -> Result<Self, PoolError> {
        let out_of_memory = PoolError::OutOfMemory { elements: len, element_size: size_of::<T>() };
        let bytes = len.checked_mul(size_of::<T>()).ok_or(out_of_memory)?;
        let memory = RawMemory::new(bytes, true).ok_or(out_of_memory)?;
        Ok(AlignedBuffer { memory, len, element: PhantomData })
    }

    /// # Safety
    /// The first `len` elements of the memory are initialised; it is that large, and aligned for them.
    #[cfg(feature = "std")]
    pub(super) unsafe fn from_raw(memory: RawMemory, len: usize) -> Self {
        debug_assert!(len * size_of::<T>() <= memory.bytes());
        AlignedBuffer { memory, len, element: PhantomData }
    }
}

impl<T: Element> Clone for AlignedBuffer<T> {
    fn clone(&self) -> Self {
        let bytes = self.len * size_of::<T>();
        let Some(memory) = RawMemory::new(bytes, false) else {
            handle_alloc_error(Layout::for_value(&self[..]));
        };
        // SAFETY: both are that large, and the new one is nobody else's.
        unsafe { self.memory.start().copy_to_nonoverlapping(memory.start(), bytes) };
        AlignedBuffer { memory, len: self.len, element: PhantomData }
    }
}

impl<T: Element> Deref for AlignedBuffer<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: both constructors see to it that `len` elements are there and initialised; the borrow of `self` keeps
        // the memory, and keeps writers away.
        unsafe { slice::from_raw_parts(self.memory.start().cast().as_ptr(), self.len) }
    }
}

impl<T: Element> DerefMut for AlignedBuffer<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and the borrow is the only one.
        unsafe { slice::from_raw_parts_mut(self.memory.start().cast().as_ptr(), self.len) }
    }
}

impl<T: Element> AsRef<[T]> for AlignedBuffer<T> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T: Element> AsMut<[T]> for AlignedBuffer<T> {
    fn as_mut(&mut self) -> &mut [T] {
        self
    }
}

impl<T: Element> PartialEq for AlignedBuffer<T> {
    /// Whether the elements are equal.
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl<T: Element + Eq> Eq for AlignedBuffer<T> {}

impl<T: Element> fmt::Debug for AlignedBuffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlignedBuffer")
            .field("element", &core::any::type_name::<T>())
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
