//! Tensors in one buffer.

use omnilane::batch::{BatchError, Stack};
use omnilane::lanes::Element;
use omnilane::memory::BufferPool;

fn stacks_of<T: Element + PartialEq + std::fmt::Debug>(value: impl Fn(usize) -> T) {
    let pool = BufferPool::<T>::new(&[1000]).unwrap();
    for (shape, n) in [(vec![3, 5], 15), (vec![7], 7), (vec![], 1), (vec![4, 0], 0)] {
        for count in [0, 1, 3, 40] {
            let items: Vec<Vec<T>> = (0..count).map(|i| (0..n).map(|k| value(i * n + k)).collect()).collect();
            let stack = Stack::gather(&pool, &shape, &items).unwrap();
            assert_eq!((stack.len(), stack.is_empty(), stack.shape()), (count, count == 0, &shape[..]));
            assert_eq!(stack.as_slice(), items.concat());
            assert_eq!(stack.as_slice().as_ptr() as usize % 64, 0);
            assert_eq!(stack.item(count), None);
            let start = stack.as_slice().as_ptr();
            let parts = stack.split();
            assert_eq!(parts.len(), count);
            for (i, (part, item)) in parts.iter().zip(&items).enumerate() {
                assert_eq!((&part[..], part.shape()), (&item[..], &shape[..]));
                assert_eq!(part.as_ptr() as usize, start as usize + i * n * size_of::<T>(), "not a copy");
            }
        }
    }
}

#[test]
fn items_lie_one_behind_the_other_and_are_split_without_a_copy() {
    stacks_of(|i| i as u8);
    stacks_of(|i| i as f32);
    stacks_of(|i| i as i64);
}

#[test]
fn an_item_of_another_shape_is_refused_by_number() {
    let pool = BufferPool::<f32>::new(&[64]).unwrap();
    let items = [vec![0.0; 6], vec![0.0; 5]];
    let error = Stack::gather(&pool, &[2, 3], &items).unwrap_err();
    assert_eq!(error, BatchError::Shape { index: 1, got: 5, needed: 6 });
    assert_eq!(error.to_string(), "item 1: 5 elements, but the shape needs 6");
    assert!(matches!(Stack::new(&pool, &[usize::MAX, 2], 3), Err(BatchError::Pool(_))));
}

#[test]
fn the_buffer_goes_back_with_the_last_part() {
    let pool = BufferPool::<u8>::new(&[64]).unwrap();
    let mut stack = Stack::new(&pool, &[4], 2).unwrap();
    stack.item_mut(1).unwrap().fill(9);
    let [first, second] = <[_; 2]>::try_from(stack.split()).unwrap();
    let again = second.clone();
    drop((first, second));
    assert_eq!((&again[..], pool.stats().outstanding), (&[9; 4][..], 1));
    drop(again);
    assert_eq!(pool.stats().outstanding, 0);
}
