//! Pictures at odd places in a buffer, and a kernel's result against what it must be, byte by byte around it too.

use super::COMPARED;
use super::input::Input;
use omnilane::cpu::{Isa, with_isa};
use omnilane::lanes::Element;
use omnilane::memory::{ImageView, ImageViewMut};
use omnilane_test_values::Lane;
use std::sync::atomic::Ordering::Relaxed;

/// Elements behind the last row that nobody may touch.
const GUARD: usize = 70;

/// Where a picture lies in a buffer.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    width: usize,
    height: usize,
    channels: usize,
    stride: usize,
    offset: usize,
}

impl Place {
    /// Any size, stride and offset.
    pub fn new(i: &mut Input<'_>, channels: usize) -> Place {
        let widest = i.pick(&[20, 70, 150, 600]);
        let (width, height) = (i.up_to(widest), i.up_to(5));
        Place { width, height, channels, stride: 0, offset: 0 }.moved(i)
    }

    /// A picture of the same size somewhere else.
    pub fn moved(self, i: &mut Input<'_>) -> Place {
        let gap = i.pick(&[0, 0, 1, 3, 16, 61]);
        Place { stride: self.width * self.channels + gap, offset: i.up_to(66), ..self }
    }

    /// A picture of the same size with other channels somewhere else.
    pub fn with_channels(self, i: &mut Input<'_>, channels: usize) -> Place {
        Place { channels, ..self }.moved(i)
    }

    /// Elements of the buffer that it lies in.
    pub fn buffer(&self) -> usize {
        self.offset + self.stride * self.height + GUARD
    }

    /// The indices of its rows in the buffer.
    fn rows(self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let row = self.width * self.channels;
        (0..self.height).map(move |y| self.offset + y * self.stride).map(move |start| start..start + row)
    }

    /// The picture in `buffer`.
    pub fn view<'a, T: Element, const C: usize>(&self, buffer: &'a [T]) -> ImageView<'a, T, C> {
        assert_eq!(C, self.channels);
        let view = ImageView::with_stride(&buffer[self.offset..], self.width, self.height, self.stride);
        view.expect("the buffer is large enough")
    }

    /// The picture in `buffer`, for writing.
    pub fn view_mut<'a, T: Element, const C: usize>(&self, buffer: &'a mut [T]) -> ImageViewMut<'a, T, C> {
        assert_eq!(C, self.channels);
        let view = ImageViewMut::with_stride(&mut buffer[self.offset..], self.width, self.height, self.stride);
        view.expect("the buffer is large enough")
    }

    /// The picture's elements, row by row.
    pub fn pack<T: Copy>(&self, buffer: &[T]) -> Vec<T> {
        self.rows().flat_map(|row| buffer[row].to_vec()).collect()
    }

    /// Writes the picture's elements, row by row.
    pub fn unpack<T: Copy>(&self, elements: &[T], buffer: &mut [T]) {
        let mut elements = elements.iter();
        for row in self.rows() {
            buffer[row].iter_mut().zip(&mut elements).for_each(|(to, from)| *to = *from);
        }
    }

    /// Two buffers of different contents.
    pub fn filled<T: Element>(&self, fills: [T; 2]) -> [Vec<T>; 2] {
        fills.map(|fill| vec![fill; self.buffer()])
    }

    /// Runs `kernel` on every instruction set, in a copy of each of `buffers`, on the picture there: afterwards the
    /// picture is `want`, row by row, and everything around it is as before.
    ///
    /// Two buffers, because in one of them an element that is never written may happen to be right.
    pub fn check<T: Element + Lane, const C: usize>(
        &self,
        buffers: [Vec<T>; 2],
        want: &[T],
        kernel: impl Fn(&mut ImageViewMut<'_, T, C>),
    ) {
        for before in buffers {
            let mut expected = before.clone();
            self.unpack(want, &mut expected);
            for isa in Isa::available() {
                let mut got = before.clone();
                let ran = with_isa(isa, || kernel(&mut self.view_mut(&mut got)));
                assert!(ran.is_ok(), "{isa} is available");
                for (at, (got, expected)) in got.iter().zip(&expected).enumerate() {
                    let same = got.bits() == expected.bits();
                    assert!(same, "on {isa}, {self:?}: element {at} of the buffer is {got}, not {expected}");
                }
                COMPARED.fetch_add(want.len() as u64, Relaxed);
            }
        }
    }
}
