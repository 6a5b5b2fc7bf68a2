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
/// From here on memory is to be in huge pages, if this is a system that can be asked for them.
const HUGE: usize = if cfg!(all(feature = "std", target_os = "linux")) { 4 << 20 } else { usize::MAX };
/// The huge page of x86-64, and of AArch64 with pages of 4 KB.
const HUGE_PAGE: usize = 2 << 20;

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
    /// `bytes` of memory on a cache line, or on a page if they are many, or on a huge one; `None` if there is not that much.
    pub fn new(bytes: usize, zeroed: bool) -> Option<Self> {
        let align = match bytes {
            HUGE.. => HUGE_PAGE,
            LARGE.. => PAGE,
            _ => LINE,
        };
        Self::aligned(bytes, align, zeroed)
    }

    /// `bytes` of memory on a multiple of `align`; `None` if there is not that much, or `align` is no power of two.
    pub fn aligned(bytes: usize, align: usize, zeroed: bool) -> Option<Self> {
        let layout = Layout::from_size_align(bytes, align).ok()?;
        if bytes == 0 {
            let start = NonNull::new(core::ptr::without_provenance_mut(align))?;
            return Some(RawMemory { start, layout });
        }
        let huge = bytes >= HUGE;
        // SAFETY: the size is not 0.
        let start = NonNull::new(unsafe { if zeroed && !huge { alloc_zeroed(layout) } else { alloc(layout) } })?;
        if huge {
            // Before anything is written: pages that are there stay as they are.
            ask_for_huge_pages(start, bytes);
            if zeroed {
                // SAFETY: so many bytes were allocated.
                unsafe { start.write_bytes(0, bytes) };
            }
        }
        Some(RawMemory { start, layout })
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

/// Fewer page faults and fewer misses in the translation of addresses; without them everything works as before.
fn ask_for_huge_pages(start: NonNull<u8>, bytes: usize) {
    #[cfg(all(feature = "std", target_os = "linux"))]
    // SAFETY: advice changes no contents, and the memory is ours.
    let _ = unsafe { libc::madvise(start.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE) };
    #[cfg(not(all(feature = "std", target_os = "linux")))]
    let _ = (start, bytes);
}

impl Drop for RawMemory {
    fn drop(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: it was allocated with this layout, and nobody else frees it.
            unsafe { dealloc(self.start.as_ptr(), self.layout) }
        }
    }
}
