//! Integer products beside ONNX Runtime's MatMulInteger, one thread each, weights packed before; ours are checked.
//! (By default it lets products saturate on CPUs without VNNI; `exact` has its option that does not.)

use super::Section;
use crate::measure::{Bar, Spread, alternate, side};
use crate::python::{self, Child};
use crate::traffic::{MOVES, Traffic, beside};
use omnilane::lanes::{Simd, Vector};
use omnilane::quantize::{MatrixView, PackedWeights, dot, matmul_into};
use std::cell::RefCell;
use std::fs::read;
use std::hint::black_box;
use std::path::Path;
use std::rc::Rc;

const ROUNDS: usize = 21;

/// What rows call the limit of the execution units.
pub const PRODUCTS: &str = "as many products in registers";

pub fn measure() -> Section {
    let mut section = Section::new("integers", "Integer products");
    let child = Child::start("integers").map(|child| Rc::new(RefCell::new(child)));
    match &child {
        Ok(child) => section.peers.push(child.borrow().version.clone()),
        Err(why) => section.notes.push(format!("onnxruntime: not measured ({why}).")),
    }
    for ([m, k, n], wanted) in [([512, 1024, 1024], 1.0), ([1, 4096, 4096], 1.2)] {
        for (largest, weights, exact) in [
            (127, "uniform", false),
            (255, "per-tensor", false),
            (255, "per-column", false),
            (255, "per-column", true),
            (255, "uniform", false),
            (255, "uniform", true),
        ] {
            let what =
                format!("{m} x {k} x {n}, codes to {largest}, {weights} weights{}", if exact { ", exact" } else { "" });
            let bar = format!("{what}: times faster than onnxruntime");
            let prepared = child.as_ref().map_err(Clone::clone).and_then(|child| {
                let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
                let (exact, path) = (u8::from(exact), folder.path().display());
                child.borrow_mut().prepare(&format!("{m} {k} {n} {largest} {weights} {exact} {path}"))?;
                Ok((codes(folder.path()), child))
            });
            let ((x, w, theirs), child) = match prepared {
                Ok(prepared) => prepared,
                Err(why) => {
                    section.bars.push(Bar::unknown(bar, wanted, why));
                    continue;
                }
            };
            let packed = PackedWeights::new(&w, k, n).expect("k * n weights");
            let view = MatrixView::new(&x, m, k).expect("m * k codes");
            let mut out = vec![0; m * n];
            let ours = side(|| matmul_into(view, 0, &packed, &mut out).expect("m * n integers"));
            // Of one row each weight is used once: no product is faster than reading them.
            let (limit, name) = if m == 1 {
                (Traffic { read: k * n, passes: 1, written: 4 * n }.moves(), MOVES)
            } else {
                (side(move || _ = black_box(products_alone(black_box(m * k * n)))), PRODUCTS)
            };
            let times = alternate(ROUNDS, 10e6, &mut [ours, limit, python::side(child)]);
            check(&out, &x, &w, k);
            let right = out.iter().zip(&theirs).filter(|(a, b)| a == b).count() as f64 / out.len() as f64;
            let ratio = Spread::ratio(&times[0], &times[2]);
            section.rival(&what, "onnxruntime", ratio);
            section.rival(&what, name, Spread::ratio(&times[0], &times[1]));
            let reason = beside(&times[0], &times[1], name);
            section.bars.push(Bar::at_least(bar, ratio, wanted).because(&reason));
            if right < 1.0 {
                section.notes.push(format!("{what}: {:.3} % of onnxruntime's integers are right.", 100.0 * right));
            }
        }
    }
    section
}

fn codes(folder: &Path) -> (Vec<u8>, Vec<i8>, Vec<i32>) {
    let bytes = |name: &str| read(folder.join(name)).expect("the child wrote it");
    let product = bytes("y").as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b)).collect();
    (bytes("a"), bytes("b").into_iter().map(|b| b as i8).collect(), product)
}

/// Some integers of the product against 64 bits, and `dot`.
fn check(out: &[i32], x: &[u8], w: &[i8], k: usize) {
    let n = w.len() / k;
    for at in (0..out.len()).step_by(out.len() / 97) {
        let column: Vec<i8> = w[at % n..].iter().step_by(n).copied().collect();
        let row = &x[at / n * k..][..k];
        let want: i64 = row.iter().zip(&column).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
        assert_eq!((i64::from(out[at]), dot(row, &column)), (want, Ok(out[at])), "element {at}");
    }
}

omnilane::kernel! {
    /// So many products of bytes, and sums of four, of the same two registers.
    fn products_alone<S: Simd>(simd: S, products: usize) -> i32 {
        let (x, w) = (black_box(simd.splat(3u8)), black_box(simd.splat(-5i8)));
        // As many as hide the latency of two units.
        let mut sums = [Vector::<S, i32>::zero(simd); 12];
        for _ in 0..products / (sums.len() * Vector::<S, u8>::LANES) {
            for sum in &mut sums {
                *sum = sum.dot_quads(x, w);
            }
        }
        sums.into_iter().fold(simd.splat(0), #[inline(always)] |a, b| a + b).reduce_sum()
    }
}
