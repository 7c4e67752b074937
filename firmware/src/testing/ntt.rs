//! The transform engine, as `karat_abi::engine::ntt` describes it, the slow way.

use std::collections::HashMap;

use karat_abi::P;
use karat_abi::engine::ntt;

use crate::goldilocks::{mul, power, root, root_inverse};
use crate::software::{TableFill, Words};

pub(crate) struct NttEngine {
    k: u32,
    tables: HashMap<u32, u64>,
}

type Beat = [u64; 8];

fn reverse(value: usize, bits: u32) -> usize {
    if bits == 0 { 0 } else { value.reverse_bits() >> (usize::BITS - bits) }
}

pub(crate) fn add(a: u64, b: u64) -> u64 {
    ((u128::from(a) + u128::from(b)) % u128::from(P)) as u64
}

pub(crate) fn sub(a: u64, b: u64) -> u64 {
    add(a, P - b)
}

/// Decimation in frequency over the elements of `frame` at distance 2^q, for each of the 2^q interleaved transforms.
fn transform(frame: &mut [Beat], q: u32, inverse: bool) {
    let mut log = frame.len().trailing_zeros();
    while log > q {
        let points = log - q;
        let omega = if inverse { root_inverse(points) } else { root(points) };
        let half = 1 << (log - 1);
        for block in frame.chunks_mut(1 << log) {
            let (low, high) = block.split_at_mut(half);
            let mut factor = 1;
            for (i, (a, b)) in low.iter_mut().zip(high).enumerate() {
                if i & ((1 << q) - 1) == 0 && i > 0 {
                    factor = mul(factor, omega);
                }
                for (a, b) in a.iter_mut().zip(b) {
                    (*a, *b) = (add(*a, *b), mul(sub(*a, *b), factor));
                }
            }
        }
        log -= 1;
    }
}

impl NttEngine {
    pub(crate) fn new(k: u32) -> Self {
        Self { k, tables: HashMap::new() }
    }

    /// Panics if a descriptor uses the bank that a fill is for.
    pub(crate) fn assert_free(words: &Words, index: u32) {
        let mode = words[ntt::MODE];
        let uses = mode & ntt::KIND != ntt::DIRECT || mode & ntt::LOAD_TWIDDLE != 0;
        let bank = u32::from(mode & ntt::BANK != 0);
        assert!(!uses || bank != index >> 28, "bank {bank} was filled while a descriptor used it");
    }

    pub(crate) fn fill(&mut self, fill: TableFill) {
        let half = self.k.div_ceil(2);
        let size = if fill.index >> 16 & 1 == 1 { 1 << (self.k - half) } else { 1 << half };
        assert!((fill.index & 0xffff) + fill.count <= size, "a table of {size} entries was overrun: {fill:?}");
        let mut value = fill.start;
        for entry in 0..fill.count {
            self.tables.insert(fill.index + entry, value);
            value = mul(value, fill.ratio);
        }
    }

    fn entry(&self, bank: u32, set: u32, hi: bool, at: usize) -> u64 {
        *self.tables.get(&(ntt::table_index(bank, set, hi) + at as u32)).expect("a table entry was never filled")
    }

    fn scale(&self, frame: &mut [Beat], bank: u32, set: u32) {
        let h = self.k.div_ceil(2);
        for (i, beat) in frame.iter_mut().enumerate() {
            let low = self.entry(bank, set, false, i & ((1 << h) - 1));
            let factor = mul(low, self.entry(bank, set, true, i >> h));
            *beat = beat.map(|value| mul(value, factor));
        }
    }

    /// Executes a descriptor; the beats that went through the pipeline.
    pub(crate) fn run(&self, words: &Words, memory: &mut [Beat]) -> u64 {
        let mode = words[ntt::MODE];
        let shape = |shift: u32| words[ntt::SHAPE] >> shift & 31;
        let (log, from, to, q) = (shape(0), shape(8), shape(16), shape(24));
        assert!(log <= self.k && from <= log && to <= log && q <= log, "shape {:#x}", words[ntt::SHAPE]);
        let bank = u32::from(mode & ntt::BANK != 0);
        let kind = mode & ntt::KIND;
        let place = |i: usize, burst: u32, stride: usize, reversed: bool| {
            let outer = if reversed { reverse(i >> burst, log - burst) } else { i >> burst };
            words[stride] as usize * outer + (i & ((1 << burst) - 1))
        };
        let mut beats = 0;
        for tile in 0..words[ntt::TILES] as usize {
            let src = words[ntt::SRC] as usize + tile * words[ntt::SRC_TILE] as usize;
            let dst = words[ntt::DST] as usize + tile * words[ntt::DST_TILE] as usize;
            let mut frame: Vec<Beat> = (0..1usize << log)
                .map(|i| memory[src + place(i, from, ntt::SRC_STRIDE, mode & ntt::SRC_REVERSE != 0)])
                .collect();
            let mut store = |frame: &[Beat], block: usize| {
                for (i, beat) in frame.iter().enumerate() {
                    let at = place(i, to, ntt::DST_STRIDE, mode & ntt::DST_REVERSE != 0);
                    memory[dst + block * words[ntt::DST_BLOCK] as usize + at] = *beat;
                }
            };
            beats += frame.len() as u64;
            if kind == ntt::TRANSPOSE {
                let omega = root(log);
                for (i, beat) in frame.iter_mut().enumerate() {
                    let (point, lane) = (i >> q, i & ((1 << q) - 1));
                    let other = power(omega, (point * reverse(lane, q)) as u64);
                    let factor = mul(self.entry(bank, 0, true, point), other);
                    *beat = beat.map(|value| mul(value, factor));
                }
                transform(&mut frame, q, false);
                let mut turned = frame.clone();
                for (i, beat) in frame.iter().enumerate() {
                    turned[((i & ((1 << q) - 1)) << (log - q)) + (i >> q)] = *beat;
                }
                store(&turned, 0);
                continue;
            }
            if mode & ntt::LOAD_TWIDDLE != 0 {
                self.scale(&mut frame, bank, 0);
            }
            if kind == ntt::DIRECT {
                transform(&mut frame, q, mode & ntt::INVERSE != 0);
                store(&frame, 0);
                continue;
            }
            assert!(
                kind == ntt::EXTEND && q == 0 && (1..=ntt::MAX_BLOCKS).contains(&words[ntt::BLOCKS]),
                "mode {mode:#x}"
            );
            transform(&mut frame, 0, true);
            let coefficients: Vec<Beat> = (0..frame.len()).map(|i| frame[reverse(i, log)]).collect();
            for block in 0..words[ntt::BLOCKS] {
                let mut frame = coefficients.clone();
                self.scale(&mut frame, bank, 1 + block);
                transform(&mut frame, 0, false);
                store(&frame, block as usize);
                beats += frame.len() as u64;
            }
        }
        beats
    }
}
