//! Quality against bits: how much of a picture, and of normally distributed numbers, is left at so many bits a number.

use crate::picture::Page;
use omnilane::memory::{Image, ImageError};
use omnilane::quantize::{
    BlockFormat, Code, Comparison, I4, MinMax, MseSearch, Observer, Percentile, QuantParams, QuantizeError,
    QuantizedTensor, Scheme,
};
use omnilane_kernels::{gray_from_rgba, normalize};
use std::error::Error;
use std::fmt::Write as _;

/// One point of the plot.
pub struct Quality {
    pub data: &'static str,
    pub method: &'static str,
    /// Bits of a number, scales included.
    pub bits: f64,
    /// The ratio of signal to quantization noise.
    pub sqnr_db: f64,
}

/// The names of the two sets of numbers.
const DATA: [&str; 2] = ["the page", "N(0, 1)"];

/// Measures all of them.
pub fn all(page: &Page) -> Result<Vec<Quality>, Box<dyn Error>> {
    let mut points = Vec::new();
    for (name, numbers) in DATA.into_iter().zip([normalized(page)?, normal(1 << 18)]) {
        measure(name, &numbers, &mut points)?;
    }
    Ok(points)
}

/// The page in gray, with mean 0 and deviation 1, cut to whole blocks.
fn normalized(page: &Page) -> Result<Vec<f32>, ImageError> {
    let gray = gray_from_rgba(page.rgba());
    let view = gray.view();
    let floats = Image::<f32, 1>::from_fn(page.width(), page.height(), |x, y| {
        view.pixel(x, y).unwrap_or_default().map(f32::from)
    })?;
    let mut numbers = normalize(floats.view()).to_vec();
    numbers.truncate(numbers.len() / BlockFormat::BLOCK_LEN * BlockFormat::BLOCK_LEN);
    Ok(numbers)
}

/// Box and Muller's numbers from Knuth's generator.
fn normal(n: usize) -> Vec<f32> {
    let mut state = 1u64;
    let mut unit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    (0..n).map(|_| ((-2.0 * unit().ln()).sqrt() * (std::f64::consts::TAU * unit()).cos()) as f32).collect()
}

fn measure(data: &'static str, numbers: &[f32], points: &mut Vec<Quality>) -> Result<(), QuantizeError> {
    let scheme = Scheme::Symmetric;
    codes::<I4>(data, numbers, points)?;
    codes::<i8>(data, numbers, points)?;
    let mut add = |method, bits, restored: &[f32]| -> Result<(), QuantizeError> {
        let sqnr = Comparison::of(numbers, restored)?.sqnr();
        points.extend(sqnr.map(|sqnr_db| Quality { data, method, bits, sqnr_db }));
        Ok(())
    };
    for format in [BlockFormat::Q4_0, BlockFormat::Q8_0] {
        let blocks = format.quantize(numbers)?;
        add("blocks of 32", 8.0 * blocks.len() as f64 / numbers.len() as f64, &format.dequantize(&blocks)?)?;
    }
    let mut observer = MinMax::new(scheme);
    observer.observe(numbers);
    let tensor = QuantizedTensor::<i16>::with_params(numbers, observer.params());
    add("min-max", 16.0, &tensor.to_f32())
}

/// One scale for all, chosen by three observers.
fn codes<C: Code>(data: &'static str, numbers: &[f32], points: &mut Vec<Quality>) -> Result<(), QuantizeError> {
    fn params<O: Observer, C: Code>(mut observer: O, numbers: &[f32]) -> QuantParams<C> {
        observer.observe(numbers);
        observer.params()
    }
    let scheme = Scheme::Symmetric;
    let chosen = [
        ("min-max", params::<_, C>(MinMax::new(scheme), numbers)),
        ("99.99 %", params(Percentile::new(scheme), numbers)),
        ("least error", params(MseSearch::new(scheme), numbers)),
    ];
    for (method, params) in chosen {
        let tensor = QuantizedTensor::<C>::with_params(numbers, params);
        if let Some(sqnr_db) = Comparison::of(numbers, &tensor.to_f32())?.sqnr() {
            let bits = 32.0 / tensor.compression_ratio();
            points.push(Quality { data, method, bits, sqnr_db });
        }
    }
    Ok(())
}

/// The methods in the order of their colours.
const METHODS: [&str; 4] = ["min-max", "99.99 %", "least error", "blocks of 32"];

/// The plot's own look, for `quality.svg` as a file of its own and inside the page.
const STYLE: &str = "
svg:root { background: #fbfbf9 } .quality text { font: 13px system-ui, sans-serif; fill: #1d2733 } .quality .faint { fill: #6b7785 }
.quality line { stroke: #d9dde2 } .quality .m0 { --c: #3178c6 } .quality .m1 { --c: #2f9e63 }
.quality .m2 { --c: #d9622b } .quality .m3 { --c: #8a56c2 }
.quality polyline { fill: none; stroke: var(--c); stroke-width: 1.5; opacity: .8 } .quality circle { fill: var(--c) }
@media (prefers-color-scheme: dark) { svg:root { background: #14181d } .quality text { fill: #e4e9ee } .quality .faint { fill: #93a0ae }
.quality line { stroke: #333c46 } .quality .m0 { --c: #5b9be0 } .quality .m1 { --c: #4cc283 }
.quality .m2 { --c: #ec8552 } .quality .m3 { --c: #b083e6 } }
";

/// SQNR over bits, a panel for each set of numbers, a line for each method.
pub fn plot(points: &[Quality]) -> String {
    const LEFT: f64 = 46.0;
    const TOP: f64 = 30.0;
    const WIDTH: f64 = 330.0;
    const HEIGHT: f64 = 240.0;
    const STEP: f64 = 410.0;
    let most = points.iter().map(|p| p.sqnr_db).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let top = (most / 20.0).ceil().max(1.0) * 20.0;
    // Bits on a logarithmic axis from 4 to 16.
    let x = |bits: f64| LEFT + WIDTH * ((bits / 3.6).log2() / (17.0f64 / 3.6).log2());
    let y = |db: f64| TOP + HEIGHT * (1.0 - db.clamp(0.0, top) / top);
    let mut body = String::new();
    for (panel, data) in DATA.into_iter().enumerate() {
        let _ = writeln!(body, "<g transform='translate({:.0} 0)'>", panel as f64 * STEP);
        let _ = writeln!(body, "<text x='{LEFT}' y='16' font-weight='600'>{data}: SQNR in dB</text>");
        for db in (0..=top as usize).step_by(20) {
            let at = y(db as f64);
            let _ = writeln!(
                body,
                "<line x1='{LEFT}' x2='{:.0}' y1='{at:.1}' y2='{at:.1}'/><text x='{:.0}' y='{:.1}' \
                 text-anchor='end' class='faint'>{db}</text>",
                LEFT + WIDTH,
                LEFT - 6.0,
                at + 4.0
            );
        }
        for bits in [4, 8, 16] {
            let _ = writeln!(
                body,
                "<text x='{:.1}' y='{:.0}' text-anchor='middle' class='faint'>{bits} bits</text>",
                x(f64::from(bits)),
                TOP + HEIGHT + 18.0
            );
        }
        for (i, method) in METHODS.into_iter().enumerate() {
            let mut line: Vec<&Quality> = points.iter().filter(|p| p.data == data && p.method == method).collect();
            line.sort_by(|a, b| a.bits.total_cmp(&b.bits));
            let corners: Vec<String> = line.iter().map(|p| format!("{:.1},{:.1}", x(p.bits), y(p.sqnr_db))).collect();
            let _ = writeln!(body, "<g class='m{i}'><polyline points='{}'/>", corners.join(" "));
            for p in line {
                let _ = writeln!(
                    body,
                    "<circle cx='{:.1}' cy='{:.1}' r='4'><title>{method}, {:.2} bits: {:.1} dB</title></circle>",
                    x(p.bits),
                    y(p.sqnr_db),
                    p.bits,
                    p.sqnr_db
                );
            }
            let _ = writeln!(
                body,
                "<circle cx='{:.0}' cy='{:.0}' r='4'/><text x='{:.0}' y='{:.0}'>{method}</text></g>",
                LEFT + 14.0,
                TOP + 10.0 + 18.0 * i as f64,
                LEFT + 24.0,
                TOP + 14.0 + 18.0 * i as f64
            );
        }
        body.push_str("</g>\n");
    }
    format!(
        "<svg class='quality' xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {:.0} {:.0}' role='img' \
         aria-label='Signal to quantization noise over bits a number'>\n<style>{STYLE}</style>\n{body}</svg>\n",
        STEP + LEFT + WIDTH + 26.0,
        TOP + HEIGHT + 30.0
    )
}

/// The plot and what it shows: a section of the page.
pub fn html(plot: &str) -> String {
    format!(
        "<h2>Quality against bits</h2>
<div class=scroll>{plot}</div>
<p class=note>The page's gray values, normalized to mean 0 and deviation 1, and 2<sup>18</sup> normally distributed numbers,
quantized and restored. SQNR is the energy of the numbers over that of the error. One symmetric scale for all, over the
largest magnitude, over 99.99 % of the magnitudes, or where the squared error is least; or a scale for each block of 32
(ggml's Q4_0 and Q8_0), whose bits count too. A bit more is worth about 6 dB.</p>
"
    )
}
