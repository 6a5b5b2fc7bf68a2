//! Decisions and operands out of the fuzzer's bytes.

use omnilane_test_values::Sample;

/// Bytes that are read from the front; after their end come zeros.
pub struct Input<'a>(pub &'a [u8]);

impl Input<'_> {
    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Eight bytes as a number.
    pub fn word(&mut self) -> u64 {
        (0..8).fold(0, |word, i| word | u64::from(self.byte()) << (8 * i))
    }

    /// A number below `n`, or equal: 0 to `n`.
    pub fn up_to(&mut self, n: usize) -> usize {
        let two = usize::from(self.byte()) | usize::from(self.byte()) << 8;
        two % n.saturating_add(1)
    }

    /// One of a few.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// A number of ordinary size, or any at all.
    pub fn size(&mut self, ordinary: usize) -> usize {
        match self.byte() {
            0 => self.word() as usize,
            1 => usize::MAX / (1 + self.up_to(16)),
            _ => self.up_to(ordinary),
        }
    }

    /// `n` elements: the input's own bits, boundary values that it picks, or a mix from its seed.
    pub fn elements<T: Sample>(&mut self, n: usize) -> Vec<T> {
        match self.byte() % 3 {
            0 => {
                let mut out = vec![T::default(); n];
                let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut out);
                bytes.iter_mut().for_each(|b| *b = self.byte());
                out
            }
            1 => {
                let boundary = T::boundary();
                (0..n).map(|_| self.pick(&boundary)).collect()
            }
            _ => T::mixed(self.word(), n),
        }
    }

    /// One element, as [`Input::elements`] makes them.
    pub fn element<T: Sample>(&mut self) -> T {
        self.elements(1)[0]
    }
}
