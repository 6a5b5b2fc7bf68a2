//! The tensors of a safetensors file by name.

use super::header::{self, Entry, Index, Metadata};
use super::{Dtype, MmapModel, ModelError, TensorElement};
use crate::memory::AlignedBuffer;
use std::fmt;

/// The tensors of a safetensors file: name, dtype, shape, and the data where it lies in the file.
///
/// A tensor that does not lie on a multiple of its element's size cannot be a slice; it is copied when the file is opened,
/// and [`Tensors::copied`] names it. On a big-endian machine that holds for every element of more than a byte.
///
/// ```
/// use omnilane::memory::Tensors;
///
/// let header = br#"{"weight":{"dtype":"I8","shape":[2,3],"data_offsets":[0,6]}}"#;
/// let file = [&(header.len() as u64).to_le_bytes(), &header[..], &[1, 2, 3, 4, 5, 255]].concat();
///
/// let tensors = Tensors::parse(&file)?;
/// let weight = tensors.get("weight")?;
/// assert_eq!(weight.shape(), [2, 3]);
/// assert_eq!(weight.as_slice::<i8>()?, [1, 2, 3, 4, 5, -1]);
/// assert!(weight.as_slice::<f32>().is_err());
/// # Ok::<(), omnilane::memory::ModelError>(())
/// ```
pub struct Tensors<'a> {
    file: FileBytes<'a>,
    index: Index,
    /// Which entries were copied, and where their bytes start in `copies`.
    copied: Vec<(u32, u64)>,
    copies: AlignedBuffer<u8>,
}

enum FileBytes<'a> {
    Borrowed(&'a [u8]),
    Model(MmapModel),
}

impl FileBytes<'_> {
    fn get(&self) -> &[u8] {
        match self {
            FileBytes::Borrowed(bytes) => bytes,
            FileBytes::Model(model) => model.as_slice(),
        }
    }
}

impl<'a> Tensors<'a> {
    /// Reads and checks the header of a file in memory; the data stays where it is.
    ///
    /// Takes less memory than the file has bytes, and what misaligned tensors need.
    ///
    /// # Errors
    /// One that names the tensor and what is wrong with it: a header above 100 MB or after the file's end, no JSON, a
    /// string in it above 64 KB and a fourth of the data, more than 262 144 tensors, a name twice, an unknown dtype, a
    /// shape that overflows, offsets that overlap, leave a gap or do not end with the file.
    pub fn parse(file: &'a [u8]) -> Result<Self, ModelError> {
        Self::new(FileBytes::Borrowed(file))
    }

    pub(super) fn from_model(model: MmapModel) -> Result<Self, ModelError> {
        Self::new(FileBytes::Model(model))
    }

    fn new(file: FileBytes<'a>) -> Result<Self, ModelError> {
        let (header, data) = header::split(file.get())?;
        let index = Index::parse(header, data.len() as u64)?;
        let needs_copy = |entry: &Entry| {
            let (size, align) = (entry.end - entry.begin, entry.dtype.align());
            let address = data.as_ptr().addr() + entry.begin as usize;
            size > 0 && align > 1 && (cfg!(target_endian = "big") || !address.is_multiple_of(align))
        };
        let n = index.entries.iter().filter(|entry| needs_copy(entry)).count();
        let mut copied = Vec::with_capacity(n);
        copied.extend((0u32..).zip(&index.entries).filter(|(_, entry)| needs_copy(entry)).map(|(i, _)| (i, 0u64)));
        // The largest elements first: then each starts on a multiple of its size without a gap.
        let align = |i: u32| index.entries[i as usize].dtype.align();
        copied.sort_unstable_by_key(|(i, _)| std::cmp::Reverse(align(*i)));
        let mut total = 0;
        for (i, at) in &mut copied {
            let entry = &index.entries[*i as usize];
            *at = total;
            total += entry.end - entry.begin;
        }
        let mut copies =
            AlignedBuffer::<u8>::zeroed(total as usize).map_err(|_| ModelError::OutOfMemory { bytes: total })?;
        for (i, at) in &copied {
            let entry = &index.entries[*i as usize];
            let from = &data[entry.begin as usize..entry.end as usize];
            let to = &mut copies[*at as usize..][..from.len()];
            to.copy_from_slice(from);
            if cfg!(target_endian = "big") {
                to.chunks_exact_mut(entry.dtype.align()).for_each(<[u8]>::reverse);
            }
        }
        copied.sort_unstable();
        Ok(Tensors { file, index, copied, copies })
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        // It was split before.
        header::split(self.file.get()).unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.entries.is_empty()
    }

    /// The tensor of that name.
    ///
    /// # Errors
    /// [`ModelError::NoTensor`] if there is none.
    pub fn get(&self, name: &str) -> Result<TensorView<'_>, ModelError> {
        let (header, _) = self.parts();
        match self.index.entries.binary_search_by(|entry| self.index.name(header, entry).cmp(name)) {
            Ok(i) => Ok(self.view(i)),
            Err(_) => Err(ModelError::NoTensor { name: name.into() }),
        }
    }

    /// All of them, by name.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = TensorView<'_>> {
        (0..self.len()).map(|i| self.view(i))
    }

    /// Those that were copied because they are misaligned in the file.
    #[must_use]
    pub fn copied(&self) -> impl ExactSizeIterator<Item = TensorView<'_>> {
        self.copied.iter().map(|(i, _)| self.view(*i as usize))
    }

    /// The file's metadata, in its order.
    #[must_use]
    pub fn metadata(&self) -> Metadata<'_> {
        self.index.metadata()
    }

    fn view(&self, i: usize) -> TensorView<'_> {
        let (header, data) = self.parts();
        let entry = &self.index.entries[i];
        let copy = self.copied.binary_search_by_key(&i, |(i, _)| *i as usize).ok().map(|k| self.copied[k].1 as usize);
        let bytes = match copy {
            Some(at) => &self.copies[at..][..(entry.end - entry.begin) as usize],
            None => &data[entry.begin as usize..entry.end as usize],
        };
        TensorView {
            name: self.index.name(header, entry),
            dtype: entry.dtype,
            shape: self.index.shape(entry).map(|n| n as usize).collect(),
            bytes,
            is_copied: copy.is_some(),
        }
    }
}

impl fmt::Debug for Tensors<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// One tensor: its name, the type of its elements, its shape, and its data.
///
/// ```
/// use omnilane::memory::{Dtype, Tensors};
///
/// let header = br#"{"bias":{"dtype":"U8","shape":[1,2],"data_offsets":[0,2]}}"#;
/// let file = [&(header.len() as u64).to_le_bytes(), &header[..], &[7, 9]].concat();
/// let tensors = Tensors::parse(&file)?;
/// let bias = tensors.get("bias")?;
/// assert_eq!((bias.name(), bias.dtype(), bias.shape()), ("bias", Dtype::U8, &[1, 2][..]));
/// assert_eq!(bias.as_shaped::<u8>(&[1, 2])?, [7, 9]);
/// # Ok::<(), omnilane::memory::ModelError>(())
/// ```
#[derive(Clone)]
pub struct TensorView<'a> {
    name: &'a str,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: &'a [u8],
    is_copied: bool,
}

impl<'a> TensorView<'a> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Its elements.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Its dimensions, the outermost first; none for a single number.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Whether its data is a copy, because it is misaligned in the file.
    #[must_use]
    pub fn is_copied(&self) -> bool {
        self.is_copied
    }

    /// Its data as bytes, in this machine's order.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its elements, the last dimension's beside each other.
    ///
    /// # Errors
    /// [`ModelError::WrongDtype`] if they are others.
    pub fn as_slice<T: TensorElement>(&self) -> Result<&'a [T], ModelError> {
        if self.dtype != T::DTYPE {
            return Err(ModelError::WrongDtype { name: self.name.into(), dtype: self.dtype, wanted: T::DTYPE });
        }
        // The address fits the element, or the data was copied to where it does; only no data at all lies anywhere.
        Ok(bytemuck::try_cast_slice(self.bytes).unwrap_or_default())
    }

    /// Its elements, if it has the shape that is expected.
    ///
    /// # Errors
    /// [`ModelError::WrongDtype`], [`ModelError::WrongShape`].
    pub fn as_shaped<T: TensorElement>(&self, shape: &[usize]) -> Result<&'a [T], ModelError> {
        let elements = self.as_slice()?;
        if self.shape != shape {
            let (shape, wanted) = (self.shape.clone(), shape.into());
            return Err(ModelError::WrongShape { name: self.name.into(), shape, wanted });
        }
        Ok(elements)
    }
}

impl fmt::Debug for TensorView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {} {:?}", self.name, self.dtype, self.shape)
    }
}
