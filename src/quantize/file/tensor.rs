//! One tensor, in pieces: its ranges, its noise, its codes.

use super::source::{Float, Source};
use super::target;
use super::{FileOptions, Progress, TensorReport, floats};
use crate::lanes::f16;
use crate::memory::Dtype;
use crate::memory::model::TensorInfo;
use crate::quantize::plan::push_finite;
use crate::quantize::{
    Candidate, Code, Comparison, Counts, I4, MinMax, Observer, Precision, QuantParams, QuantizeError, Scheme,
    convert_into, dequantize_into, quantize_into,
};

/// Numbers in a piece.
const PIECE: usize = 1 << 16;

/// Counts bytes, and tells how many.
pub(super) struct Stage<'a> {
    pub done: u64,
    pub total: u64,
    pub progress: &'a mut dyn FnMut(Progress<'_>),
}

impl Stage<'_> {
    fn add(&mut self, tensor: &str, bytes: u64) {
        self.done += bytes;
        (self.progress)(Progress { tensor, done: self.done, total: self.total });
    }
}

/// How many scales a tensor has, and how many numbers go with each.
#[derive(Clone, Copy)]
pub(super) struct Scales {
    pub per_channel: bool,
    pub count: u64,
    run: u64,
}

impl Scales {
    pub fn of(entry: &TensorInfo, len: u64, options: &FileOptions) -> Self {
        match entry.shape[..] {
            [channels, _, ..] if options.per_channel && channels > 0 => {
                Scales { per_channel: true, count: channels, run: len / channels }
            }
            _ => Scales { per_channel: false, count: 1, run: len },
        }
    }

    /// `(suffix, type, bytes of an element)` of the tensors beside the codes.
    pub fn tensors(self, options: &FileOptions) -> impl Iterator<Item = (&'static str, Dtype, u64)> {
        let zero_point = (options.scheme == Scheme::Asymmetric).then_some(("zero_point", Dtype::I8, 1));
        [("scale", Dtype::F32, 4)].into_iter().chain(zero_point)
    }

    /// The parts of a piece that begins at number `at` with the channel of each.
    fn runs(self, mut at: u64, mut piece: &[f32], mut f: impl FnMut(usize, &[f32])) {
        while !piece.is_empty() {
            let left = self.run - at % self.run;
            let (now, later) = piece.split_at(left.min(piece.len() as u64) as usize);
            f((at / self.run) as usize, now);
            at += now.len() as u64;
            piece = later;
        }
    }
}

/// What one pass over a tensor finds.
struct Ranges {
    four: Vec<QuantParams<I4>>,
    eight: Vec<QuantParams<i8>>,
    counts: Counts,
}

/// Parameters of the codes that are wanted, for each channel.
fn ranges(
    source: &mut Source,
    entry: &TensorInfo,
    float: Float,
    scales: Scales,
    wanted: &[Precision],
    options: &FileOptions,
    stage: &mut Stage<'_>,
) -> Result<Ranges, QuantizeError> {
    let mut ranges = Ranges { four: Vec::new(), eight: Vec::new(), counts: Counts::default() };
    let mut observer = MinMax::new(options.scheme);
    let (mut at, mut channel) = (0, 0);
    let mut finish = |observer: &mut MinMax| {
        if wanted.contains(&Precision::I4) {
            ranges.four.push(observer.params());
        }
        if wanted.contains(&Precision::I8) {
            ranges.eight.push(observer.params());
        }
        ranges.counts.add(observer.counts());
        *observer = MinMax::new(options.scheme);
    };
    source.for_numbers(entry, float, PIECE, |piece| {
        scales.runs(at, piece, |c, run| {
            if c != channel {
                finish(&mut observer);
                channel = c;
            }
            observer.observe(run);
        });
        at += piece.len() as u64;
        stage.add(&entry.name, (piece.len() * float.bytes()) as u64);
        Ok(())
    })?;
    finish(&mut observer);
    Ok(ranges)
}

/// The bytes and the noise of each precision.
pub(super) fn measure(
    source: &mut Source,
    entry: &TensorInfo,
    float: Float,
    options: &FileOptions,
    stage: &mut Stage<'_>,
) -> Result<Vec<Candidate>, QuantizeError> {
    let len = entry.bytes() / float.bytes() as u64;
    let scales = Scales::of(entry, len, options);
    // The pass that finds the ranges, and the one that measures, count as one: they are found once more to write.
    let mut silent = |_: Progress<'_>| {};
    let quiet = &mut Stage { done: 0, total: 0, progress: &mut silent };
    let found = ranges(source, entry, float, scales, &Precision::ALL, options, quiet)?;
    let mut noise = [Comparison::default(); 3];
    let mut at = 0;
    source.for_numbers(entry, float, PIECE, |piece| {
        for (noise, precision) in noise.iter_mut().zip(Precision::ALL) {
            let mut restored = Vec::with_capacity(piece.len());
            let mut bytes = Bytes::default();
            encode(precision, &found, scales, at, piece, &mut bytes, &mut restored)?;
            push_finite(noise, piece.to_vec(), restored);
        }
        at += piece.len() as u64;
        stage.add(&entry.name, (piece.len() * float.bytes()) as u64);
        Ok(())
    })?;
    let beside: u64 = scales.tensors(options).map(|t| t.2 * scales.count).sum();
    Ok(Precision::ALL
        .iter()
        .zip(noise)
        .map(|(precision, noise)| {
            let beside = if *precision == Precision::F16 { 0 } else { beside };
            Candidate { precision: *precision, bytes: precision.bytes(len) + beside, noise: noise.relative_noise() }
        })
        .collect())
}

/// Writes a tensor and what is beside it; copies it if it has no precision.
pub(super) fn write(
    source: &mut Source,
    entry: &TensorInfo,
    precision: Option<Precision>,
    options: &FileOptions,
    target: &mut target::Target,
    stage: &mut Stage<'_>,
) -> Result<TensorReport, QuantizeError> {
    let mut to = target.start_of(&entry.name);
    let (Some(precision), Some((float, len))) = (precision, floats(entry, options)) else {
        source.for_bytes(entry, 4 * PIECE, |bytes| {
            target.write_at(to, bytes)?;
            to += bytes.len() as u64;
            stage.add(&entry.name, bytes.len() as u64);
            Ok(())
        })?;
        return Ok(summary(entry));
    };

    let scales = Scales::of(entry, len, options);
    let found = ranges(source, entry, float, scales, &[precision], options, stage)?;
    let mut noise = Comparison::default();
    let mut at = 0;
    let mut bytes = Bytes::default();
    source.for_numbers(entry, float, PIECE, |piece| {
        let mut restored = Vec::with_capacity(piece.len());
        encode(precision, &found, scales, at, piece, &mut bytes, &mut restored)?;
        push_finite(&mut noise, piece.to_vec(), restored);
        at += piece.len() as u64;
        if at == len {
            bytes.end();
        }
        target.write_at(to, &bytes.whole)?;
        to += bytes.whole.len() as u64;
        bytes.whole.clear();
        stage.add(&entry.name, (piece.len() * float.bytes()) as u64);
        Ok(())
    })?;

    let mut report = TensorReport {
        precision: Some(precision),
        sqnr: noise.sqnr(),
        nan: found.counts.nan,
        infinite: found.counts.infinite,
        bytes_after: precision.bytes(len),
        ..summary(entry)
    };
    match precision {
        Precision::I4 => write_scales(&found.four, scales, entry, options, target, &mut report)?,
        Precision::I8 => write_scales(&found.eight, scales, entry, options, target, &mut report)?,
        Precision::F16 => {}
    }
    Ok(report)
}

/// Scales, and zero points if there are.
fn write_scales<C: Code>(
    params: &[QuantParams<C>],
    scales: Scales,
    entry: &TensorInfo,
    options: &FileOptions,
    target: &mut target::Target,
    report: &mut TensorReport,
) -> Result<(), QuantizeError> {
    for (kind, _, width) in scales.tensors(options) {
        let bytes: Vec<u8> = match kind {
            "scale" => params.iter().flat_map(|p| p.scale().to_le_bytes()).collect(),
            // Codes of 4 and 8 bits: the zero point is one of them.
            _ => params.iter().map(|p| p.zero_point() as u8).collect(),
        };
        target.write_at(target.start_of(&format!("{}.{kind}", entry.name)), &bytes)?;
        report.bytes_after += scales.count * width;
    }
    let all = params.iter().map(QuantParams::scale);
    report.scales = all.map(|s| (s, s)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    Ok(())
}

/// Codes on their way to the file: channels of an odd length leave a nibble for the next one.
#[derive(Default)]
struct Bytes {
    whole: Vec<u8>,
    nibble: Option<u8>,
}

impl Bytes {
    /// So many nibbles, two to a byte, low first.
    fn push_nibbles(&mut self, packed: &[u8], len: usize) {
        let Some(mut low) = self.nibble else {
            self.whole.extend(&packed[..len / 2]);
            self.nibble = (len % 2 == 1).then(|| packed[len / 2] & 15);
            return;
        };
        for byte in &packed[..len / 2] {
            self.whole.push(low | byte << 4);
            low = byte >> 4;
        }
        self.nibble = Some(low);
        if len % 2 == 1 {
            self.whole.push(low | packed[len / 2] << 4);
            self.nibble = None;
        }
    }

    /// The last nibble, if it is alone.
    fn end(&mut self) {
        self.whole.extend(self.nibble.take());
    }
}

/// The codes of a piece that begins at number `at`, and what they stand for.
fn encode(
    precision: Precision,
    found: &Ranges,
    scales: Scales,
    at: u64,
    piece: &[f32],
    bytes: &mut Bytes,
    restored: &mut Vec<f32>,
) -> Result<(), QuantizeError> {
    let start = restored.len();
    restored.resize(start + piece.len(), 0.0);
    let restored = &mut restored[start..];
    let mut result = Ok(());
    let mut done = 0;
    match precision {
        Precision::F16 => {
            let mut halves = vec![f16::ZERO; piece.len()];
            convert_into(piece, &mut halves)?;
            convert_into(&halves, restored)?;
            bytes.whole.extend(halves.iter().flat_map(|h| h.to_le_bytes()));
        }
        Precision::I8 => scales.runs(at, piece, |channel, run| {
            let mut codes = vec![0; run.len()];
            let to = &mut restored[done..done + run.len()];
            let coded = code(run, &found.eight[channel], &mut codes, to);
            bytes.whole.extend(codes.iter().map(|c| c.cast_unsigned()));
            done += run.len();
            result = result.clone().and(coded);
        }),
        Precision::I4 => scales.runs(at, piece, |channel, run| {
            let mut codes = vec![0; I4::storage_len(run.len())];
            let to = &mut restored[done..done + run.len()];
            let coded = code(run, &found.four[channel], &mut codes, to);
            bytes.push_nibbles(&codes, run.len());
            done += run.len();
            result = result.clone().and(coded);
        }),
    }
    result
}

fn code<C: Code>(
    numbers: &[f32],
    params: &QuantParams<C>,
    codes: &mut [C::Storage],
    restored: &mut [f32],
) -> Result<(), QuantizeError> {
    quantize_into(numbers, params, codes)?;
    dequantize_into(codes, params, restored)
}

/// What is known of a tensor before.
fn summary(entry: &TensorInfo) -> TensorReport {
    TensorReport {
        name: entry.name.clone(),
        shape: entry.shape.clone(),
        dtype: entry.dtype.name().into(),
        precision: None,
        scales: None,
        sqnr: None,
        nan: 0,
        infinite: 0,
        bytes_before: entry.bytes(),
        bytes_after: entry.bytes(),
    }
}
