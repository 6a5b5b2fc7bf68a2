//! Quantization beside ONNX Runtime, NumPy and rten-vecmath, one thread each.

use super::{Section, UNEXPLAINED};
use crate::machine;
use crate::measure::{Bar, Side, Spread, alternate, side};
use crate::python::{self, Child};
use crate::traffic::{MOVES, Traffic, beside_moves};
use omnilane::lanes::f16;
use omnilane::quantize::*;
use rten_simd::SimdOp;
use rten_vecmath::{F32ToF16, MinMax, Quantize};
use std::cell::RefCell;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::rc::Rc;

const LARGE: usize = 1 << 20;
const SMALL: usize = 1 << 16;
const ROUNDS: usize = 61;

/// A Python child, or why there is none.
type Runtime = Result<Rc<RefCell<Child>>, String>;

pub fn measure() -> Section {
    let mut section = Section::new("quantize", "Quantization");
    section.peers = machine::versions(&["rten-vecmath"]);
    let runtime = Child::start("quantize").map(|child| Rc::new(RefCell::new(child)));
    match &runtime {
        Ok(child) => section.peers.push(child.borrow().version.clone()),
        Err(why) => section.notes.push(format!("onnxruntime and NumPy: not measured ({why}).")),
    }
    section.notes.push("A bar is about whole calls of onnxruntime's session, some microseconds each included.".into());
    for (n, linear, dynamic, cast) in [(LARGE, 1.3, 1.5, 1.2), (SMALL, 2.0, 1.5, 2.0)] {
        let x = values(n);
        let (mut i, mut u, mut f, mut h) = (vec![0_i8; n], vec![0_u8; n], vec![0.0_f32; n], vec![f16::ZERO; n]);
        let i8s = QuantParams::<i8>::new(0.03, 3).expect("a scale");
        let u8s = QuantParams::<u8>::new(0.03, 3).expect("a scale");
        let moves = |passes, from, to| Some(Traffic { read: from * n, passes, written: to * n });
        let mut bar = |operator, code, traffic, wanted, ours: &mut dyn FnMut()| {
            against(&mut section, &runtime, (operator, code), (n, traffic, wanted), ours);
        };
        bar("QuantizeLinear", "u8", moves(1, 4, 1), linear, &mut || {
            black_box(quantize_into(black_box(&x), &u8s, &mut u)).map(drop).expect("equal lengths");
        });
        bar("QuantizeLinear", "i8", moves(1, 4, 1), linear, &mut || {
            black_box(quantize_into(black_box(&x), &i8s, &mut i)).map(drop).expect("equal lengths");
        });
        bar("DequantizeLinear", "u8", moves(1, 1, 4), linear, &mut || {
            dequantize_into(black_box(&u), &u8s, &mut f).expect("equal lengths");
        });
        bar("DequantizeLinear", "i8", moves(1, 1, 4), linear, &mut || {
            dequantize_into(black_box(&i), &i8s, &mut f).expect("equal lengths");
        });
        bar("DynamicQuantizeLinear", "u8", moves(2, 4, 1), dynamic, &mut || {
            let done = DynamicQuantizer::<u8>::new().quantize_into(black_box(&x), &mut u);
            black_box(done).map(drop).expect("equal lengths");
        });
        bar("Cast", "f16", moves(1, 4, 2), cast, &mut || convert_into(black_box(&x), &mut h).expect("equal lengths"));
    }
    for (name, scheme) in [("a", Scheme::Asymmetric), ("s", Scheme::Symmetric)] {
        let x = values(LARGE);
        against(&mut section, &runtime, ("percentile", name), (LARGE, None, 20.0), &mut || {
            let mut observer = Percentile::new(scheme);
            observer.observe(black_box(&x));
            black_box(observer.limits::<u8>(CodeRange::Full));
        });
    }
    rten(&mut section);
    section
}

fn against(
    section: &mut Section,
    runtime: &Runtime,
    (operator, code): (&str, &str),
    (n, traffic, wanted): (usize, Option<Traffic>, f64),
    ours: &mut dyn FnMut(),
) {
    let peer = if operator == "percentile" { "NumPy" } else { "onnxruntime" };
    let what = format!("{operator} {code}, {n}");
    let mut sides: Vec<Side<'_>> = vec![side(ours)];
    if let Some(traffic) = traffic {
        sides.extend([traffic.copy(), traffic.moves()]);
    }
    let ready = runtime.as_ref().map_err(Clone::clone).and_then(|child| {
        child.borrow_mut().prepare(&format!("{operator} {code} {n}"))?;
        Ok(python::side(child))
    });
    let bar = format!("{what}: times faster than {peer}");
    let unknown = match ready {
        Ok(theirs) => {
            sides.push(theirs);
            None
        }
        Err(why) => Some(why),
    };
    let times = alternate(ROUNDS, 1e6, &mut sides);
    let mut reason = UNEXPLAINED.to_owned();
    if traffic.is_some() {
        section.rival(&what, "copy", Spread::ratio(&times[0], &times[1]));
        section.rival(&what, MOVES, Spread::ratio(&times[0], &times[2]));
        reason = beside_moves(&times[0], &times[2]);
    }
    let bar = match (unknown, times.last()) {
        (None, Some(theirs)) => {
            let ratio = Spread::ratio(&times[0], theirs);
            section.rival(&what, peer, ratio);
            Bar::at_least(bar, ratio, wanted).because(&reason)
        }
        (why, _) => Bar::unknown(bar, wanted, why.unwrap_or_default()),
    };
    section.bars.push(bar);
}

/// rten-vecmath multiplies by the reciprocal: its peer is `Fast`.
fn rten(section: &mut Section) {
    for n in [LARGE, SMALL] {
        let (x, mut codes) = (values(n), vec![0_u8; n]);
        let mut theirs = vec![MaybeUninit::new(0_u8); n];
        let params = QuantParams::<u8>::new(0.03, 3).expect("a scale");
        let mut pair = |what: String, ours: &mut dyn FnMut(), theirs: &mut dyn FnMut()| {
            let times = alternate(ROUNDS, 1e6, &mut [side(ours), side(theirs)]);
            section.rival(what, "rten-vecmath", Spread::ratio(&times[0], &times[1]));
        };
        for (name, mode) in [("quantize, exact", Mode::Exact), ("quantize, fast mode", Mode::Fast)] {
            let options = QuantizeOptions::default().mode(mode);
            pair(
                format!("{name}, {n}"),
                &mut || {
                    quantize_into_with(black_box(&x), &params, options, &mut codes).map(drop).expect("equal lengths")
                },
                &mut || _ = black_box(Quantize::new(black_box(&x), &mut theirs, 1.0 / 0.03, 3_u8).dispatch()),
            );
        }
        pair(
            format!("DynamicQuantizeLinear u8, {n}"),
            &mut || {
                let done = DynamicQuantizer::<u8>::new().quantize_into(black_box(&x), &mut codes);
                done.map(drop).expect("equal lengths");
            },
            &mut || {
                let (min, max) = MinMax::new(black_box(&x)).dispatch();
                let scale = (max - min) / 255.0;
                black_box(Quantize::new(&x, &mut theirs, 1.0 / scale, (-min / scale) as u8).dispatch());
            },
        );
        let (mut half, mut their_half) = (vec![f16::ZERO; n], vec![MaybeUninit::<rten_simd::f16>::uninit(); n]);
        pair(
            format!("Cast f16, {n}"),
            &mut || convert_into(black_box(&x), &mut half).expect("equal lengths"),
            &mut || _ = black_box(F32ToF16::new(black_box(&x), &mut their_half).dispatch()),
        );
    }
}

/// Pseudo-random, roughly normal.
fn values(n: usize) -> Vec<f32> {
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    (0..n).map(|_| (next() + next() + next() + next() - 2.0) * 1.7).collect()
}
