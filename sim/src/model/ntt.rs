//! The transform engine, as `karat_abi::engine::ntt` describes it: frames are loaded, transformed and stored, several at a time.

use karat_abi::engine::ntt;
use karat_firmware::software::{TableFill, Words};
use p3_field::PrimeCharacteristicRing;
use p3_goldilocks::Goldilocks;
use p3_maybe_rayon::prelude::*;

use super::dif::Roots;
use super::row::{Beat, Row, load, scale, store};

/// Frames that are in the host's memory at the same time.
const FRAMES: usize = 8;

/// Tables and twiddle factors; the rest of the engine is in its descriptors.
pub(super) struct NttEngine {
    /// log2 of the entries of a LO table; what is above indexes HI.
    half: u32,
    /// By `place`.
    tables: Vec<Vec<Goldilocks>>,
    forward: Roots,
    inverse: Roots,
    /// Kept, since memory that is given back to the system costs time when it is taken again.
    frames: Vec<Vec<Row>>,
}

/// A descriptor, as far as it is not addresses.
struct Shape {
    log: u32,
    source: Side,
    destination: Side,
    tiles: usize,
}

/// How a frame stands in memory.
struct Side {
    first: usize,
    /// Beats between two tiles.
    tile: usize,
    /// Beats between two bursts.
    stride: usize,
    /// log2 of the beats of a burst.
    burst: u32,
    /// log2 of the bursts if they stand in bit-reversed order, otherwise 0.
    reversed: u32,
}

impl Side {
    /// First beat of every burst of a frame, and the rows that are in it.
    fn bursts(&self, log: u32) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> {
        let (burst, stride, bits) = (self.burst, self.stride, self.reversed);
        (0..1usize << (log - burst)).map(move |outer| {
            let place = if bits == 0 { outer } else { outer.reverse_bits() >> (usize::BITS - bits) };
            (place * stride, outer << burst..(outer + 1) << burst)
        })
    }

    /// Beats from the first of a frame to behind its last.
    fn extent(&self, log: u32) -> usize {
        ((1 << (log - self.burst)) - 1) * self.stride + (1 << self.burst)
    }
}

/// Where a table stands among all tables.
fn place(index: u32) -> usize {
    let (bank, set, hi) = (index >> 28, index >> 20 & 0xff, index >> 16 & 1);
    ((bank * (1 + ntt::MAX_BLOCKS) + set) * 2 + hi) as usize
}

impl NttEngine {
    pub(super) fn new(log_transform: u32) -> Self {
        let tables = place(ntt::table_index(1, ntt::MAX_BLOCKS, true)) + 1;
        let half = log_transform.div_ceil(2);
        Self {
            half,
            tables: vec![vec![Goldilocks::ZERO; 1 << half]; tables],
            forward: Roots::new(false),
            inverse: Roots::new(true),
            frames: Vec::new(),
        }
    }

    pub(super) fn fill(&mut self, fill: TableFill) {
        let first = (fill.index & 0xffff) as usize;
        let entries = &mut self.tables[place(fill.index)][first..][..fill.count as usize];
        let mut value = Goldilocks::new(fill.start);
        for entry in entries {
            *entry = value;
            value *= Goldilocks::new(fill.ratio);
        }
    }

    /// The factors of the pre-multiplier for every position of a frame.
    fn factors(&self, bank: u32, set: u32, log: u32) -> Vec<Goldilocks> {
        let [low, high] = [false, true].map(|hi| &self.tables[place(ntt::table_index(bank, set, hi))]);
        let rows = 1 << log.saturating_sub(self.half);
        let low = &low[..1 << log.min(self.half)];
        high[..rows].iter().flat_map(|high| low.iter().map(|low| *low * *high)).collect()
    }

    /// The factors of a `TRANSPOSE` frame.
    fn transpose_factors(&self, bank: u32, log: u32, q: u32) -> Vec<Goldilocks> {
        let high = &self.tables[place(ntt::table_index(bank, 0, true))];
        let root = self.forward.root(log);
        let columns: Vec<usize> = (0..1 << q).map(|i| reverse(i, q)).collect();
        let rows = (0..1usize << (log - q)).zip(root.powers());
        rows.flat_map(|(row, ratio)| {
            // By column in order of the power, then in the order of the frame.
            let powers: Vec<_> = ratio.shifted_powers(high[row]).take(1 << q).collect();
            columns.iter().map(move |column| powers[*column])
        })
        .collect()
    }

    /// Executes a descriptor; the beats that went through the pipeline.
    pub(super) fn run(&mut self, words: &Words, memory: &mut [Beat]) -> u64 {
        let mode = words[ntt::MODE];
        let field = |shift: u32| words[ntt::SHAPE] >> shift & 31;
        let (log, q) = (field(0), field(24));
        let side = |first: usize, stride: usize, tile: usize, burst: u32, reverse: u32| Side {
            first: words[first] as usize,
            tile: words[tile] as usize,
            stride: words[stride] as usize,
            burst,
            reversed: if mode & reverse != 0 { log - burst } else { 0 },
        };
        let shape = Shape {
            log,
            source: side(ntt::SRC, ntt::SRC_STRIDE, ntt::SRC_TILE, field(8), ntt::SRC_REVERSE),
            destination: side(ntt::DST, ntt::DST_STRIDE, ntt::DST_TILE, field(16), ntt::DST_REVERSE),
            tiles: words[ntt::TILES] as usize,
        };
        let bank = u32::from(mode & ntt::BANK != 0);
        let load = match mode & ntt::KIND {
            ntt::TRANSPOSE => Some(self.transpose_factors(bank, log, q)),
            _ if mode & ntt::LOAD_TWIDDLE != 0 => Some(self.factors(bank, 0, log)),
            _ => None,
        };
        let inverse = mode & ntt::KIND == ntt::EXTEND || mode & ntt::INVERSE != 0;
        let roots = if inverse && mode & ntt::KIND != ntt::TRANSPOSE { &self.inverse } else { &self.forward };
        let transform = |frame: &mut [Row]| {
            if let Some(factors) = &load {
                frame.iter_mut().zip(factors).for_each(|(row, factor)| *row = scale(row, *factor));
            }
            roots.transform(frame, q);
        };
        let mut frames = std::mem::take(&mut self.frames);
        let beats = (shape.tiles << log) as u64;
        let passes = match mode & ntt::KIND {
            ntt::EXTEND => {
                let blocks: Vec<_> = (0..words[ntt::BLOCKS]).map(|block| self.factors(bank, 1 + block, log)).collect();
                let distance = words[ntt::DST_BLOCK] as usize;
                let extent = (blocks.len() - 1) * distance + shape.destination.extent(log);
                run_tiles(&shape, memory, &mut frames, extent, transform, |frame, spare, memory| {
                    for (block, factors) in blocks.iter().enumerate() {
                        turn(frame, factors, spare);
                        self.forward.transform(spare, 0);
                        write(spare, &shape, &mut memory[block * distance..]);
                    }
                });
                1 + blocks.len() as u64
            }
            kind => {
                let extent = shape.destination.extent(log);
                run_tiles(&shape, memory, &mut frames, extent, transform, |frame, spare, memory| {
                    if kind == ntt::TRANSPOSE {
                        for (i, row) in frame.iter().enumerate() {
                            spare[((i & ((1 << q) - 1)) << (log - q)) + (i >> q)] = *row;
                        }
                        write(spare, &shape, memory);
                    } else {
                        write(frame, &shape, memory);
                    }
                });
                1
            }
        };
        self.frames = frames;
        passes * beats
    }
}

fn reverse(value: usize, bits: u32) -> usize {
    if bits == 0 { 0 } else { value.reverse_bits() >> (usize::BITS - bits) }
}

/// Loads and transforms frames, then finishes them: as many tiles at a time as there is place for, if they are apart.
fn run_tiles(
    shape: &Shape,
    memory: &mut [Beat],
    frames: &mut Vec<Vec<Row>>,
    extent: usize,
    transform: impl Fn(&mut [Row]) + Sync,
    finish: impl Fn(&[Row], &mut [Row], &mut [Beat]) + Sync,
) {
    let apart = shape.destination.tile >= extent;
    let batch = if apart { shape.tiles.min(FRAMES) } else { 1 };
    frames.resize_with(frames.len().max(2 * batch), Vec::new);
    for frame in &mut frames[..2 * batch] {
        frame.resize(1 << shape.log, Row::default());
    }
    for first in (0..shape.tiles).step_by(batch) {
        let tiles = batch.min(shape.tiles - first);
        let (loaded, spare) = frames.split_at_mut(batch);
        loaded[..tiles].par_iter_mut().enumerate().for_each(|(i, frame)| {
            let start = shape.source.first + (first + i) * shape.source.tile;
            for (at, rows) in shape.source.bursts(shape.log) {
                let beats = &memory[start + at..][..rows.len()];
                frame[rows].iter_mut().zip(beats).for_each(|(row, beat)| *row = load(beat));
            }
            transform(frame);
        });
        let start = shape.destination.first + first * shape.destination.tile;
        let memory = &mut memory[start..];
        if apart {
            let windows = memory.par_chunks_mut(shape.destination.tile);
            let frames = loaded[..tiles].par_iter().zip(&mut spare[..tiles]);
            frames.zip(windows).for_each(|((frame, spare), window)| finish(frame, spare, window));
        } else {
            finish(&loaded[0], &mut spare[0], memory);
        }
    }
}

/// A frame in the order of its reversed index, scaled.
///
/// The rows whose indices have the same bits in the middle are done together: they are read and written in runs, where single rows would
/// each be a miss of the cache.
fn turn(frame: &[Row], factors: &[Goldilocks], to: &mut [Row]) {
    /// log2 of the longest run.
    const LOG_RUN: u32 = 4;
    let log = frame.len().ilog2();
    let ends = LOG_RUN.min(log / 2);
    let middle = log - 2 * ends;
    let run = 1usize << ends;
    let mut rows = [Row::default(); 1 << (2 * LOG_RUN)];
    for mid in 0..1usize << middle {
        for high in 0..run {
            let start = high << (log - ends) | mid << ends;
            let column = reverse(high, ends);
            for (low, row) in frame[start..start + run].iter().enumerate() {
                rows[reverse(low, ends) << ends | column] = *row;
            }
        }
        for (high, rows) in rows.chunks_exact(run).take(run).enumerate() {
            let start = high << (log - ends) | reverse(mid, middle) << ends;
            let turned = to[start..start + run].iter_mut().zip(&factors[start..start + run]);
            turned.zip(rows).for_each(|((to, factor), row)| *to = scale(row, *factor));
        }
    }
}

/// Stores a frame, the first of whose beats is that of `memory`.
fn write(frame: &[Row], shape: &Shape, memory: &mut [Beat]) {
    for (at, rows) in shape.destination.bursts(shape.log) {
        let beats = memory[at..][..rows.len()].iter_mut();
        beats.zip(&frame[rows]).for_each(|(beat, row)| *beat = store(row));
    }
}
