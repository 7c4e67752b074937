//! Transforms of any size as passes of the engine: README.md in code, for tests. The firmware has its own.

use karat_abi::engine::ntt::{
    BLOCKS, DIRECT, DST, DST_BLOCK, DST_REVERSE, DST_STRIDE, DST_TILE, EXTEND, INVERSE, LOAD_TWIDDLE, MAX_BLOCKS, MODE,
    SHAPE, SRC, SRC_REVERSE, SRC_STRIDE, SRC_TILE, TILES, TRANSPOSE, WORDS, table_index,
};
use p3_field::{Field, PrimeCharacteristicRing, PrimeField64, TwoAdicField};
use p3_goldilocks::Goldilocks;
use p3_util::reverse_bits_len;

use super::Descriptor;

/// What the firmware does, in order.
#[derive(Debug)]
pub enum Step {
    /// The bank of the next fills must be free: all descriptors but the last one are done.
    Bank,
    /// A table fill.
    Fill { index: u32, start: u64, ratio: u64, count: u32 },
    /// A descriptor.
    Pass(Descriptor),
}

/// A place for `tiles` tiles.
#[derive(Clone, Copy)]
pub struct Place {
    pub base: usize,
    pub stride: usize,
}

/// Low-degree extension of `tiles` tiles of 2^n rows to `2^(n + log_blowup)` rows on the coset `shift` times that of the
/// source.
pub struct Extension {
    pub n: usize,
    pub log_blowup: usize,
    pub shift: Goldilocks,
    /// The source is in bit-reversed order.
    pub reversed: bool,
    pub tiles: usize,
    pub from: Place,
    pub to: Place,
    /// Work area of as many beats as a tile of the destination.
    pub scratch: usize,
}

/// Shape of a frame: logs of its beats, of its bursts and of its interleave.
struct Shape {
    frame: usize,
    source: usize,
    destination: usize,
    interleave: usize,
}

/// Addresses of a pass: first beat, beats between bursts, between tiles.
#[derive(Default)]
struct Side {
    base: usize,
    burst: usize,
    tile: usize,
}

/// Plans for an engine with a buffer of 2^K beats.
pub struct Planner {
    k: usize,
    h: usize,
    bank: u32,
    pub steps: Vec<Step>,
}

fn power(base: Goldilocks, exponent: usize) -> Goldilocks {
    base.exp_u64(exponent as u64)
}

/// Root of order 2^log.
fn root(log: usize) -> Goldilocks {
    Goldilocks::two_adic_generator(log)
}

impl Planner {
    pub fn new(log_buffer: usize) -> Self {
        Self { k: log_buffer, h: log_buffer.div_ceil(2), bank: 0, steps: vec![] }
    }

    /// The other bank, once nothing uses it.
    fn next_bank(&mut self) {
        self.bank ^= 1;
        self.steps.push(Step::Bank);
    }

    fn fill(&mut self, set: usize, high: bool, start: Goldilocks, ratio: Goldilocks, log_count: usize) {
        let index = table_index(self.bank, set as u32, high);
        let (start, ratio) = (start.as_canonical_u64(), ratio.as_canonical_u64());
        self.steps.push(Step::Fill { index, start, ratio, count: 1 << log_count });
    }

    /// `constant * ratio^i` for the positions of a frame of 2^frame.
    fn geometric(&mut self, set: usize, constant: Goldilocks, ratio: Goldilocks, frame: usize) {
        self.fill(set, false, constant, ratio, frame.min(self.h));
        self.fill(set, true, Goldilocks::ONE, power(ratio, 1 << self.h), frame.saturating_sub(self.h));
    }

    fn pass(&mut self, mode: u32, shape: Shape, tiles: usize, source: Side, destination: Side, blocks: (usize, usize)) {
        assert!(shape.frame <= self.k);
        let bank = if self.bank == 1 { karat_abi::engine::ntt::BANK } else { 0 };
        let mut words = [0; WORDS];
        words[SRC] = source.base as u32;
        words[SRC_STRIDE] = source.burst as u32;
        words[SRC_TILE] = source.tile as u32;
        words[DST] = destination.base as u32;
        words[DST_STRIDE] = destination.burst as u32;
        words[DST_TILE] = destination.tile as u32;
        words[DST_BLOCK] = blocks.1 as u32;
        words[SHAPE] = (shape.frame | shape.source << 8 | shape.destination << 16 | shape.interleave << 24) as u32;
        words[TILES] = tiles as u32;
        words[BLOCKS] = blocks.0 as u32;
        words[MODE] = mode | bank;
        self.steps.push(Step::Pass(words));
    }

    /// Factors of n > K: logs of the sizes of the levels, from index 1; and m_l, the log of a row of level l.
    fn levels(&self, n: usize) -> (Vec<usize>, Vec<usize>) {
        let step = self.k - self.h;
        let before = (n - self.k).div_ceil(step);
        let mut sizes = vec![0];
        sizes.extend(std::iter::repeat_n(step, before));
        sizes.push(n - before * step);
        let rows = sizes.iter().scan(n, |left, size| {
            *left -= size;
            Some(*left)
        });
        (sizes.clone(), rows.collect())
    }

    /// Low-degree extension, bit-reversed out.
    pub fn extend(&mut self, extension: &Extension) {
        let Extension { n, log_blowup, shift, reversed, tiles, from, to, .. } = *extension;
        let blowup = 1 << log_blowup;
        let sigma: Vec<Goldilocks> =
            (0..blowup).map(|b| shift * power(root(n + log_blowup), reverse_bits_len(b, log_blowup))).collect();
        let scale = power(Goldilocks::TWO, n).inverse();
        if n <= self.k {
            for (first, sigma) in (0..).step_by(MAX_BLOCKS as usize).zip(sigma.chunks(MAX_BLOCKS as usize)) {
                self.next_bank();
                for (b, &sigma) in sigma.iter().enumerate() {
                    self.geometric(1 + b, scale, sigma, n);
                }
                let source = Side { base: from.base, burst: 1, tile: from.stride };
                let destination = Side { base: to.base + (first << n), burst: 0, tile: to.stride };
                let (mode, burst) = if reversed { (EXTEND | SRC_REVERSE, 0) } else { (EXTEND, n) };
                let shape = Shape { frame: n, source: burst, destination: n, interleave: 0 };
                self.pass(mode, shape, tiles, source, destination, (sigma.len(), 1 << n));
            }
            return;
        }
        for tile in 0..tiles {
            let (from, to) = (from.base + tile * from.stride, to.base + tile * to.stride);
            self.extend_tile(extension, &sigma, scale, from, to);
        }
    }

    fn extend_tile(&mut self, extension: &Extension, sigma: &[Goldilocks], scale: Goldilocks, from: usize, to: usize) {
        let Extension { n, reversed, scratch, .. } = *extension;
        let (q, (sizes, rows)) = (self.h, self.levels(n));
        let f = sizes.len() - 1;
        let (mut here, mut there) = if f % 2 == 0 { (to, scratch) } else { (scratch, to) };

        if reversed {
            self.first_reversed(&sizes, &rows, from, here);
        } else {
            self.first(&sizes, &rows, from, here, INVERSE | DST_REVERSE, Goldilocks::ONE);
        }
        // Where the rows of level 1 stand.
        let place = |k: usize| if reversed { reverse_bits_len(k, sizes[1]) } else { k };
        for l in 2..f {
            self.middle(&sizes, &rows, l, here, INVERSE | DST_REVERSE, |at| {
                let k = if l == 2 { place(at) } else { at };
                power(root(rows[l - 2]).inverse(), k)
            });
        }

        let last = sizes[f];
        for row in 0..1 << (n - last) {
            // row = (k_1, .., k_{f-1}) from its high bits; the prefix has k_1 lowest.
            let mut prefix = 0;
            for l in 1..f {
                let digit = row >> (rows[l] - last) & ((1 << sizes[l]) - 1);
                prefix |= digit << sizes[1..l].iter().sum::<usize>();
            }
            let digit = row & ((1 << sizes[f - 1]) - 1);
            for (first, sigma) in (0..).step_by(MAX_BLOCKS as usize).zip(sigma.chunks(MAX_BLOCKS as usize)) {
                self.next_bank();
                self.geometric(0, Goldilocks::ONE, power(root(rows[f - 2]).inverse(), digit), last);
                for (b, &sigma) in sigma.iter().enumerate() {
                    self.geometric(1 + b, power(sigma, prefix) * scale, power(sigma, 1 << (n - last)), last);
                }
                let below = (1 << rows[1]) - 1;
                let from = place((row << last) >> rows[1]) << rows[1] | (row << last) & below;
                let source = Side { base: here + from, ..Side::default() };
                let destination = Side { base: there + (row << last) + (first << n), ..Side::default() };
                let shape = Shape { frame: last, source: last, destination: last, interleave: 0 };
                self.pass(EXTEND | LOAD_TWIDDLE, shape, 1, source, destination, (sigma.len(), 1 << n));
            }
        }
        (here, there) = (there, here);

        for l in (1..f).rev() {
            let (frame, above) = (sizes[l] + q, sizes[1..l].iter().sum::<usize>());
            for group in 0..1 << (rows[l] - q) {
                self.next_bank();
                let ratio = power(root(rows[l - 1]), reverse_bits_len(group, rows[l] - q));
                self.fill(0, true, Goldilocks::ONE, ratio, sizes[l]);
                let source = Side { base: here + (group << q), burst: 1 << rows[l], tile: 1 << rows[l - 1] };
                let destination = Side { base: there + (group << frame), burst: 0, tile: 1 << rows[l - 1] };
                let shape = Shape { frame, source: q, destination: frame, interleave: q };
                self.pass(TRANSPOSE, shape, sigma.len() << above, source, destination, (1, 0));
            }
            (here, there) = (there, here);
        }
        assert_eq!(here, to);
    }

    /// Transforms of level 1, from the source; of the input times the powers of `shift`.
    fn first(&mut self, sizes: &[usize], rows: &[usize], from: usize, to: usize, mode: u32, shift: Goldilocks) {
        let q = self.h;
        let shape = || Shape { frame: sizes[1] + q, source: q, destination: q, interleave: q };
        let side = |base| Side { base, burst: 1 << rows[1], tile: 1 << q };
        if shift == Goldilocks::ONE {
            self.pass(DIRECT | mode, shape(), 1 << (rows[1] - q), side(from), side(to), (1, 0));
            return;
        }
        for group in 0..1 << (rows[1] - q) {
            self.next_bank();
            self.fill(0, false, power(shift, group << q), shift, q);
            self.fill(0, true, Goldilocks::ONE, power(shift, 1 << rows[1]), sizes[1]);
            let at = group << q;
            self.pass(DIRECT | mode | LOAD_TWIDDLE, shape(), 1, side(from + at), side(to + at), (1, 0));
        }
    }

    /// Inverse transforms of level 1, from a source in bit-reversed order; rows are left bit-reversed, each in order.
    fn first_reversed(&mut self, sizes: &[usize], rows: &[usize], from: usize, to: usize) {
        let (q, frame) = (self.h, sizes[1] + self.h);
        let log_groups = rows[1] - q;
        for group in 0..1 << log_groups {
            let source = Side { base: from + (group << frame), burst: 1, tile: 0 };
            let destination = Side { base: to + reverse_bits_len(group, log_groups), burst: 1 << log_groups, tile: 0 };
            let shape = Shape { frame, source: 0, destination: 0, interleave: q };
            self.pass(DIRECT | INVERSE | SRC_REVERSE, shape, 1, source, destination, (1, 0));
        }
    }

    /// Transforms of level l, 1 < l < f, in place. `ratio` is the twiddle of a row by its place among its siblings.
    fn middle(
        &mut self,
        sizes: &[usize],
        rows: &[usize],
        l: usize,
        at: usize,
        mode: u32,
        ratio: impl Fn(usize) -> Goldilocks,
    ) {
        let q = self.h;
        for place in 0..1 << sizes[l - 1] {
            let v = ratio(place);
            for group in 0..1 << (rows[l] - q) {
                self.next_bank();
                self.fill(0, false, power(v, group << q), v, q);
                self.fill(0, true, Goldilocks::ONE, power(v, 1 << rows[l]), sizes[l]);
                let side = || Side {
                    base: at + (place << rows[l - 1]) + (group << q),
                    burst: 1 << rows[l],
                    tile: 1 << rows[l - 2],
                };
                let shape = Shape { frame: sizes[l] + q, source: q, destination: q, interleave: q };
                let tiles = 1 << sizes[1..l - 1].iter().sum::<usize>();
                self.pass(DIRECT | LOAD_TWIDDLE | mode, shape, tiles, side(), side(), (1, 0));
            }
        }
    }

    /// Plain transform, bit-reversed out: forward of the input times the powers of `shift`, or inverse with 1/N.
    pub fn transform(&mut self, n: usize, inverse: bool, shift: Goldilocks, tiles: usize, from: Place, to: Place) {
        let mode = if inverse { INVERSE } else { 0 };
        let scale = if inverse { power(Goldilocks::TWO, n).inverse() } else { Goldilocks::ONE };
        if n <= self.k {
            self.next_bank();
            self.geometric(0, scale, shift, n);
            let side = |place: Place| Side { base: place.base, burst: 0, tile: place.stride };
            let shape = Shape { frame: n, source: n, destination: n, interleave: 0 };
            self.pass(DIRECT | LOAD_TWIDDLE | mode, shape, tiles, side(from), side(to), (1, 0));
            return;
        }
        let (sizes, rows) = self.levels(n);
        let f = sizes.len() - 1;
        let (last, siblings) = (sizes[f], sizes[f - 1]);
        let direction = |root: Goldilocks| if inverse { root.inverse() } else { root };
        for tile in 0..tiles {
            let (from, to) = (from.base + tile * from.stride, to.base + tile * to.stride);
            self.first(&sizes, &rows, from, to, mode, shift);
            for l in 2..f {
                self.middle(&sizes, &rows, l, to, mode, |place| {
                    power(direction(root(rows[l - 2])), reverse_bits_len(place, sizes[l - 1]))
                });
            }
            for place in 0..1 << siblings {
                let k = reverse_bits_len(place, siblings);
                self.next_bank();
                self.geometric(0, scale, power(direction(root(rows[f - 2])), k), last);
                // All rows at this place among their siblings.
                let side = || Side { base: to + (place << last), burst: 0, tile: 1 << rows[f - 2] };
                let shape = Shape { frame: last, source: last, destination: last, interleave: 0 };
                self.pass(DIRECT | LOAD_TWIDDLE | mode, shape, 1 << (n - rows[f - 2]), side(), side(), (1, 0));
            }
        }
    }
}
