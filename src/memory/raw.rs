//! One aligned allocation, without a type.

use alloc::alloc::{alloc, alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Bytes on which memory starts: a cache line, and the widest register.
pub(super) const LINE: usize = 64;
/// A page, on which memory of [`LARGE`] bytes and more starts.
const PAGE: usize = if cfg!(all(target_vendor = "apple", target_arch = "aarch64")) { 16384 } else { 4096 };
/// From here on memory starts on a page.
const LARGE: usize = 1 << 20;

/// Memory that this value owns alone; nothing is known about what is in it.
#[derive(Debug)]
pub(super) struct RawMemory {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the memory belongs to this value alone, like that of a `Box<[MaybeUninit<u8>]>`, and no thread has anything to do
// with where it was allocated. A shared reference gives out an address and no access.
unsafe impl Send for RawMemory {}
// SAFETY: as above.
unsafe impl Sync for RawMemory {}

impl RawMemory {
    /// `bytes` of memory on a cache line, or on a page if they are many; `None` if there is not that much.
    pub fn new(bytes: usize, zeroed: bool) -> Option<Self> {
        Self::aligned(bytes, if bytes >= LARGE { PAGE } else { LINE }, zeroed)
    }

    /// `bytes` of memory on a multiple of `align`; `None` if there is not that much, or `align` is no power of two.
    pub fn aligned(bytes: usize, align: usize, zeroed: bool) -> Option<Self> {
        let layout = Layout::from_size_align(bytes, align).ok()?;
        if bytes == 0 {
            let start = NonNull::new(core::ptr::without_provenance_mut(align))?;
            return Some(RawMemory { start, layout });
        }
        // SAFETY: the size is not 0.
        let start = unsafe { if zeroed { alloc_zeroed(layout) } else { alloc(layout) } };
        Some(RawMemory { start: NonNull::new(start)?, layout })
    }

    /// Where it starts; valid for [`RawMemory::bytes`] for as long as this value lives, wherever it is moved.
    #[inline(always)]
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// How much it is.
    #[cfg_attr(not(feature = "std"), allow(dead_code, reason = "the pool asks"))]
    #[inline(always)]
    pub fn bytes(&self) -> usize {
        self.layout.size()
    }
}

impl Drop for RawMemory {
    fn drop(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: it was allocated with this layout, and nobody else frees it.
            unsafe { dealloc(self.start.as_ptr(), self.layout) }
        }
    }
}
