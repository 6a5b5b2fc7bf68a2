//! Many small allocations that end together.

use super::raw::RawMemory;
use crate::lanes::Element;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::slice;

/// Bytes of the first chunk, if nothing else is said.
const FIRST: usize = 4096;
/// Bytes after each chunk, so that the zeros of a short slice are written without looking at its length.
const SLACK: usize = 64;

/// Why an arena has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArenaError {
    /// The arena would have more than it may.
    #[error("n: {requested} bytes were asked for, but the arena has {capacity} and may have {limit}")]
    LimitReached {
        /// Bytes that were asked for.
        requested: usize,
        /// Bytes of all chunks.
        capacity: usize,
        /// Bytes that they may have.
        limit: usize,
    },
    /// There is not that much memory.
    #[error("n: {elements} elements of {element_size} bytes are more than there is memory for")]
    OutOfMemory {
        /// Elements that were asked for.
        elements: usize,
        /// Bytes of one.
        element_size: usize,
    },
    /// An address is a multiple of a power of two.
    #[error("align: {align}, but it must be a power of two")]
    BadAlignment {
        /// What was asked for.
        align: usize,
    },
}

/// Memory for many values and slices that end together: each costs a few instructions, all are freed by one [`reset`].
///
/// They live at the same time, for as long as the arena is borrowed. What a slice holds is always written, by zeros or by
/// the caller. No destructor runs, so values are [`Copy`]. Chunks of memory are kept by [`reset`], all of them unless
/// [`max_retained_bytes`] says less.
///
/// ```
/// use omnilane::memory::Arena;
///
/// let mut arena = Arena::with_capacity(64 << 10)?;
/// for _frame in 0..3 {
///     let sums = arena.alloc_slice::<u32>(640)?;
///     let row = arena.alloc_aligned::<f32>(640, 64)?;
///     let best = arena.alloc((0, f32::MIN))?;
///     row[5] = 2.0;
///     sums[639] += 1;
///     *best = (5, row[5]);
///     arena.reset();
/// }
/// assert_eq!(arena.capacity(), 64 << 10);
/// # Ok::<(), omnilane::memory::ArenaError>(())
/// ```
///
/// [`reset`]: Arena::reset
/// [`max_retained_bytes`]: Arena::max_retained_bytes
pub struct Arena {
    /// The current chunk; its address is the smallest that was not handed out yet.
    cursor: Cell<NonNull<u8>>,
    /// The address after it, without the slack.
    end: Cell<usize>,
    chunks: RefCell<Chunks>,
    limit: usize,
    max_retained: usize,
}

#[derive(Debug, Default)]
struct Chunks {
    /// In the order in which they are used.
    all: Vec<RawMemory>,
    /// Those that are in use, the current one included.
    in_use: usize,
    /// Bytes of all, without the slack.
    capacity: usize,
    /// Bytes handed out from those before the current one, with what alignment took.
    used_before: usize,
}

fn room(chunk: &RawMemory) -> usize {
    chunk.bytes() - SLACK
}

// SAFETY: the cursor points into a chunk that the arena owns. What it handed out borrows the arena, so none of it exists when
// the arena moves to another thread; and nothing in it is dropped there.
unsafe impl Send for Arena {}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

#[allow(clippy::mut_from_ref, reason = "each call hands out memory that no other one does")]
impl Arena {
    /// An arena without memory; it gets some when it is used.
    #[must_use]
    pub fn new() -> Self {
        Arena {
            cursor: Cell::new(NonNull::dangling()),
            end: Cell::new(0),
            chunks: RefCell::default(),
            limit: usize::MAX,
            max_retained: usize::MAX,
        }
    }

    /// An arena with one chunk of so many bytes.
    ///
    /// # Errors
    /// [`ArenaError::OutOfMemory`] if there is not that much memory.
    pub fn with_capacity(bytes: usize) -> Result<Self, ArenaError> {
        let mut arena = Self::new();
        let chunks = arena.chunks.get_mut();
        let out_of_memory = ArenaError::OutOfMemory { elements: bytes, element_size: 1 };
        if bytes > 0 && !chunks.add(bytes) {
            return Err(out_of_memory);
        }
        arena.reset();
        Ok(arena)
    }

    /// The bytes that its chunks may have, all together; what needs more is [`ArenaError::LimitReached`].
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// The bytes of chunks that [`Arena::reset`] keeps at most.
    #[must_use]
    pub fn max_retained_bytes(mut self, bytes: usize) -> Self {
        self.max_retained = bytes;
        self
    }

    /// A value.
    ///
    /// # Errors
    /// [`ArenaError::LimitReached`], [`ArenaError::OutOfMemory`].
    #[inline]
    pub fn alloc<T: Copy>(&self, value: T) -> Result<&mut T, ArenaError> {
        let place = self.reserve::<T>(1, align_of::<T>())?;
        // SAFETY: the place has room for one, is aligned for it, and nobody else has it while the arena is borrowed.
        unsafe {
            place.write(value);
            Ok(&mut *place.as_ptr())
        }
    }

    /// `n` zeros.
    ///
    /// # Errors
    /// [`ArenaError::LimitReached`], [`ArenaError::OutOfMemory`].
    #[inline]
    pub fn alloc_slice<T: Element>(&self, n: usize) -> Result<&mut [T], ArenaError> {
        let place = self.reserve::<T>(n, align_of::<T>())?;
        // SAFETY: it is what `reserve` gave.
        Ok(unsafe { zeros(place, n) })
    }

    /// `n` zeros whose address is a multiple of `align`, or of what the element needs if that is more.
    ///
    /// # Errors
    /// [`ArenaError::BadAlignment`] if `align` is no power of two, and as [`Arena::alloc_slice`].
    #[inline]
    pub fn alloc_aligned<T: Element>(&self, n: usize, align: usize) -> Result<&mut [T], ArenaError> {
        if !align.is_power_of_two() {
            return Err(ArenaError::BadAlignment { align });
        }
        let place = self.reserve::<T>(n, align.max(align_of::<T>()))?;
        // SAFETY: it is what `reserve` gave.
        Ok(unsafe { zeros(place, n) })
    }

    /// A copy of `src`.
    ///
    /// # Errors
    /// [`ArenaError::LimitReached`], [`ArenaError::OutOfMemory`].
    #[inline]
    pub fn alloc_copy<T: Copy>(&self, src: &[T]) -> Result<&mut [T], ArenaError> {
        let place = self.reserve::<T>(src.len(), align_of::<T>())?;
        // SAFETY: the place has room for as many, is aligned for them, and nobody else has it while the arena is borrowed,
        // so `src` does not reach into it either.
        unsafe {
            place.as_ptr().copy_from_nonoverlapping(src.as_ptr(), src.len());
            Ok(slice::from_raw_parts_mut(place.as_ptr(), src.len()))
        }
    }

    /// `n` elements, `f(i)` at index `i`.
    ///
    /// # Errors
    /// [`ArenaError::LimitReached`], [`ArenaError::OutOfMemory`].
    #[inline]
    pub fn alloc_with<T: Copy>(&self, n: usize, mut f: impl FnMut(usize) -> T) -> Result<&mut [T], ArenaError> {
        let all = self.alloc_uninit::<T>(n)?;
        for (i, place) in all.iter_mut().enumerate() {
            place.write(f(i));
        }
        // SAFETY: each was written.
        Ok(unsafe { slice::from_raw_parts_mut(all.as_mut_ptr().cast(), n) })
    }

    /// `n` elements that are still to be written.
    ///
    /// # Errors
    /// [`ArenaError::LimitReached`], [`ArenaError::OutOfMemory`].
    #[inline]
    pub fn alloc_uninit<T: Copy>(&self, n: usize) -> Result<&mut [MaybeUninit<T>], ArenaError> {
        let place = self.reserve::<T>(n, align_of::<T>())?;
        // SAFETY: the place has room for `n`, is aligned for them, and nobody else has it while the arena is borrowed.
        Ok(unsafe { slice::from_raw_parts_mut(place.cast().as_ptr(), n) })
    }

    /// Memory for `n` elements; after it, in the same chunk, at least [`SLACK`] bytes that nobody has yet, if `n` is not 0.
    #[inline(always)]
    fn reserve<T>(&self, n: usize, align: usize) -> Result<NonNull<T>, ArenaError> {
        if let Some(bytes) = n.checked_mul(size_of::<T>())
            && let Some(place) = self.bump(bytes, align)
        {
            return Ok(place.cast());
        }
        self.reserve_slowly(n, size_of::<T>(), align).map(NonNull::cast)
    }

    /// From the current chunk.
    #[inline(always)]
    fn bump(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let cursor = self.cursor.get();
        let start = cursor.addr().get().checked_add(align - 1)? & !(align - 1);
        let end = start.checked_add(bytes)?;
        if end > self.end.get() {
            return None;
        }
        // SAFETY: both are at most one past the chunk that the cursor points into.
        unsafe {
            let place = cursor.add(start - cursor.addr().get());
            self.cursor.set(place.add(bytes));
            Some(place)
        }
    }

    #[cold]
    #[inline(never)]
    fn reserve_slowly(&self, n: usize, size: usize, align: usize) -> Result<NonNull<u8>, ArenaError> {
        let out_of_memory = ArenaError::OutOfMemory { elements: n, element_size: size };
        let bytes = n.checked_mul(size).ok_or(out_of_memory)?;
        if bytes == 0 {
            // An address is all that it needs.
            return NonNull::new(core::ptr::without_provenance_mut(align)).ok_or(out_of_memory);
        }
        // A chunk starts on 64 bytes; what is aligned to more may have to skip the difference.
        let needed = bytes.checked_add(align.saturating_sub(64)).ok_or(out_of_memory)?;
        let mut chunks = self.chunks.borrow_mut();
        let fitting = (chunks.in_use..chunks.all.len()).find(|i| room(&chunks.all[*i]) >= needed);
        let found = match fitting {
            Some(i) => i,
            None => {
                let left = self.limit.saturating_sub(chunks.capacity);
                if needed > left {
                    let (capacity, limit) = (chunks.capacity, self.limit);
                    return Err(ArenaError::LimitReached { requested: bytes, capacity, limit });
                }
                let last = chunks.all.last().map_or(FIRST / 2, room);
                let wanted = needed.max(last.saturating_mul(2)).min(left);
                if !chunks.add(wanted) && !chunks.add(needed) {
                    return Err(out_of_memory);
                }
                chunks.all.len() - 1
            }
        };
        // What was skipped stays in line, and the same allocations after a reset find the same chunks.
        let next = chunks.in_use;
        chunks.all[next..=found].rotate_right(1);
        chunks.used_before += self.used_in_current(&chunks);
        chunks.in_use += 1;
        self.enter(&chunks.all[next]);
        self.bump(bytes, align).ok_or(out_of_memory)
    }

    fn enter(&self, chunk: &RawMemory) {
        self.cursor.set(chunk.start());
        self.end.set(chunk.start().addr().get() + room(chunk));
    }

    fn used_in_current(&self, chunks: &Chunks) -> usize {
        let current = chunks.in_use.checked_sub(1).map(|i| &chunks.all[i]);
        current.map_or(0, |chunk| self.cursor.get().addr().get() - chunk.start().addr().get())
    }

    /// Ends everything that was allocated, and keeps the chunks for what comes: all of them, or
    /// [`max_retained_bytes`](Arena::max_retained_bytes).
    pub fn reset(&mut self) {
        self.shrink_to(self.max_retained);
    }

    /// Ends everything that was allocated, and frees chunks, the last ones first, until they have at most so many bytes.
    pub fn shrink_to(&mut self, bytes: usize) {
        let chunks = self.chunks.get_mut();
        while chunks.capacity > bytes
            && let Some(chunk) = chunks.all.pop()
        {
            chunks.capacity -= room(&chunk);
        }
        (chunks.in_use, chunks.used_before) = (chunks.all.len().min(1), 0);
        let (cursor, end) = match chunks.all.first() {
            Some(first) => (first.start(), first.start().addr().get() + room(first)),
            None => (NonNull::dangling(), 0),
        };
        (self.cursor, self.end) = (Cell::new(cursor), Cell::new(end));
    }

    /// Bytes of all chunks.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.chunks.borrow().capacity
    }

    /// Bytes handed out since the last reset, with what alignment took.
    #[must_use]
    pub fn used(&self) -> usize {
        let chunks = self.chunks.borrow();
        chunks.used_before + self.used_in_current(&chunks)
    }

    /// Chunks.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.chunks.borrow().all.len()
    }
}

impl Chunks {
    /// One more, with room for so many bytes.
    fn add(&mut self, bytes: usize) -> bool {
        let Some(memory) = bytes.checked_add(SLACK).and_then(|bytes| RawMemory::new(bytes, false)) else {
            return false;
        };
        if self.all.try_reserve(1).is_err() {
            return false;
        }
        self.all.push(memory);
        self.capacity += bytes;
        true
    }
}

/// # Safety
/// `place` is what [`Arena::reserve`] gave for `n` elements.
#[inline(always)]
unsafe fn zeros<'a, T: Element>(place: NonNull<T>, n: usize) -> &'a mut [T] {
    let bytes = n * size_of::<T>();
    // SAFETY: the place has room for `n` elements, is aligned for them, and nobody else has it; a zero of each byte is a zero
    // of the element. Up to `SLACK` bytes may be written whatever the length, because nobody has those after it yet.
    unsafe {
        if bytes == 0 {
        } else if bytes <= SLACK / 2 {
            place.cast::<[u8; SLACK / 2]>().as_ptr().write_unaligned([0; SLACK / 2]);
        } else if bytes <= SLACK {
            place.cast::<[u8; SLACK]>().as_ptr().write_unaligned([0; SLACK]);
        } else {
            place.as_ptr().write_bytes(0, n);
        }
        slice::from_raw_parts_mut(place.as_ptr(), n)
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("used", &self.used())
            .field("capacity", &self.capacity())
            .field("chunks", &self.chunks())
            .field("limit", &self.limit)
            .finish()
    }
}
