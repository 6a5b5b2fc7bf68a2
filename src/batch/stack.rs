//! Tensors of a batch, one behind the other.

use super::BatchError;
use crate::lanes::Element;
use crate::memory::{BufferPool, PooledBuffer};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Items of equal shape in one contiguous buffer of a pool, 64-byte aligned: the input of a model that runs a whole batch, or
/// its output, which [`Stack::split`] hands to the callers without a copy.
///
/// Item `i` is the elements `[i n, (i + 1) n)`, with `n` the product of the shape; the buffer goes back to its pool when the
/// stack and all parts of it are dropped.
///
/// ```
/// use omnilane::batch::{BatchConfig, DynamicBatcher, Stack};
/// use omnilane::memory::BufferPool;
///
/// let pool = BufferPool::<f32>::new(&[1 << 16])?;
/// // Only tensors of equal size share a batch; the model sees them as one of shape [batch, 2, 2].
/// let batcher = DynamicBatcher::builder(BatchConfig { max_wait_ms: 1, ..BatchConfig::default() })
///     .key(Vec::len)
///     .build(move |tensors: Vec<Vec<f32>>| {
///         let mut stack = Stack::gather(&pool, &[2, 2], &tensors)?;
///         stack.as_mut_slice().iter_mut().for_each(|v| *v += 1.0);
///         Ok::<_, omnilane::batch::BatchError>(stack.split())
///     })?;
/// let pending = [batcher.add(vec![0.0; 4]), batcher.add(vec![5.0; 4])].map(|p| p.map_err(|r| r.reason));
/// let results: Vec<_> = pending.into_iter().map(|p| p.and_then(|p| p.wait())).collect::<Result<_, _>>()?;
/// assert_eq!((&results[0][..], &results[1][..]), (&[1.0; 4][..], &[6.0; 4][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Stack<T> {
    buffer: PooledBuffer<T>,
    shape: Vec<usize>,
    count: usize,
    /// Elements in an item.
    stride: usize,
}

impl<T: Element> Stack<T> {
    /// `count` items of zeros.
    ///
    /// # Errors
    /// [`BatchError::Pool`] if the pool has no such buffer.
    pub fn new(pool: &BufferPool<T>, shape: &[usize], count: usize) -> Result<Self, BatchError> {
        // A product that no address has room for is refused by the pool.
        let stride = shape.iter().fold(1usize, |n, dim| n.saturating_mul(*dim));
        let buffer = pool.get(if shape.contains(&0) { 0 } else { stride.saturating_mul(count) })?;
        let stride = if shape.contains(&0) { 0 } else { stride };
        Ok(Stack { buffer, shape: shape.to_vec(), count, stride })
    }

    /// Copies of `items`, in their order.
    ///
    /// # Errors
    /// [`BatchError::Shape`] naming the first item that has another number of elements; as [`Stack::new`].
    pub fn gather(pool: &BufferPool<T>, shape: &[usize], items: &[impl AsRef<[T]>]) -> Result<Self, BatchError> {
        let mut stack = Self::new(pool, shape, items.len())?;
        for (index, item) in items.iter().enumerate() {
            let item = item.as_ref();
            let place = stack.place(index);
            let needed = place.len();
            if item.len() != needed {
                return Err(BatchError::Shape { index, got: item.len(), needed });
            }
            place.copy_from_slice(item);
        }
        Ok(stack)
    }

    fn place(&mut self, index: usize) -> &mut [T] {
        &mut self.buffer[index * self.stride..(index + 1) * self.stride]
    }

    /// Items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The shape of an item; the whole is `[len, shape...]`.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All elements.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.buffer
    }

    /// All elements, to be written.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.buffer
    }

    /// An item, if there is one of that number.
    #[must_use]
    pub fn item(&self, index: usize) -> Option<&[T]> {
        (index < self.count).then(|| &self.buffer[index * self.stride..(index + 1) * self.stride])
    }

    /// An item to be written: a kernel that writes here saves the copy.
    #[must_use]
    pub fn item_mut(&mut self, index: usize) -> Option<&mut [T]> {
        (index < self.count).then(|| self.place(index))
    }

    /// The items, each an owner of the whole buffer that shows its part: nothing is copied.
    #[must_use]
    pub fn split(self) -> Vec<StackItem<T>> {
        let count = self.count;
        let stack = Arc::new(self);
        (0..count).map(|index| StackItem { stack: Arc::clone(&stack), index }).collect()
    }
}

impl<T: Element> fmt::Debug for Stack<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("len", &self.count).field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// One item of a [`Stack`] that was split. The buffer goes back to its pool with the last of them.
pub struct StackItem<T> {
    stack: Arc<Stack<T>>,
    index: usize,
}

impl<T> StackItem<T> {
    /// Its shape.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.stack.shape
    }
}

impl<T: Element> Deref for StackItem<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.stack.item(self.index).unwrap_or_default()
    }
}

impl<T: Element> AsRef<[T]> for StackItem<T> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T> Clone for StackItem<T> {
    /// The same elements, shared.
    fn clone(&self) -> Self {
        StackItem { stack: Arc::clone(&self.stack), index: self.index }
    }
}

impl<T: Element> fmt::Debug for StackItem<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackItem").field("index", &self.index).field("shape", &self.shape()).finish_non_exhaustive()
    }
}
