//! Transforms of frames in place: decimation in frequency, natural order in, bit-reversed out.

use std::sync::OnceLock;

use p3_field::{Field, PrimeCharacteristicRing, TwoAdicField};
use p3_goldilocks::Goldilocks;
use p3_maybe_rayon::prelude::*;

use super::row::{Row, scale};

/// log2 of the longest frame, and one.
const LEVELS: usize = 17;
/// From so many rows on, a block is worked on by several threads.
const PARALLEL: usize = 1 << 12;
/// Up to so many rows, a block is taken to stay in the first cache.
const CACHED: usize = 1 << 9;

/// The first, second and third power of a twiddle factor.
type Powers = [Goldilocks; 3];

/// Twiddle factors of one direction, made when they are first needed.
pub(super) struct Roots {
    inverse: bool,
    levels: [OnceLock<Vec<Powers>>; LEVELS],
}

impl Roots {
    pub(super) fn new(inverse: bool) -> Self {
        Self { inverse, levels: Default::default() }
    }

    /// The root of unity of order 2^`log` that transforms of 2^`log` points take.
    pub(super) fn root(&self, log: u32) -> Goldilocks {
        let root = Goldilocks::two_adic_generator(log as usize);
        if self.inverse { root.inverse() } else { root }
    }

    /// The powers for the butterflies of 2^`log` points, four at a time.
    fn level(&self, log: u32) -> &[Powers] {
        self.levels[log as usize].get_or_init(|| {
            let quarter = 1 << (log - 2);
            self.root(log).powers().take(quarter).map(|w| [w, w.square(), w.cube()]).collect()
        })
    }

    /// Transforms the rows of a frame at distance 2^q, for each of the 2^q interleaved transforms.
    pub(super) fn transform(&self, frame: &mut [Row], q: u32) {
        let points = frame.len().ilog2() - q;
        match points {
            0 => {}
            1 => {
                let (low, high) = frame.split_at_mut(frame.len() / 2);
                low.iter_mut().zip(high).for_each(|(a, b)| halves(a, b));
            }
            _ if frame.len() <= CACHED => self.transform_cached(frame, q),
            _ => {
                let quarter = frame.len() / 4;
                self.pass(frame, q, points);
                if frame.len() >= PARALLEL {
                    frame.par_chunks_exact_mut(quarter).for_each(|block| self.transform(block, q));
                } else {
                    frame.chunks_exact_mut(quarter).for_each(|block| self.transform(block, q));
                }
            }
        }
    }

    /// All passes over a short frame, one after the other.
    fn transform_cached(&self, frame: &mut [Row], q: u32) {
        let mut points = frame.len().ilog2() - q;
        while points >= 2 {
            for block in frame.chunks_exact_mut(1 << (points + q)) {
                self.pass(block, q, points);
            }
            points -= 2;
        }
        if points == 1 {
            for block in frame.chunks_exact_mut(2 << q) {
                let (low, high) = block.split_at_mut(1 << q);
                low.iter_mut().zip(high).for_each(|(a, b)| halves(a, b));
            }
        }
    }

    /// The first two stages of transforms of 2^`points` points.
    #[inline]
    fn pass(&self, block: &mut [Row], q: u32, points: u32) {
        /// Rows of a quarter for a thread.
        const SHARE: usize = PARALLEL / 4;
        let quarter = block.len() / 4;
        let powers = self.level(points);
        let unit = self.root(2);
        let parallel = block.len() >= PARALLEL;
        let (low, high) = block.split_at_mut(2 * quarter);
        let ((a, b), (c, d)) = (low.split_at_mut(quarter), high.split_at_mut(quarter));
        if points == 2 {
            // The only factor is one.
            for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
                quarters(a, b, c, d, unit, |row, _| row);
            }
            return;
        }
        let share = |first: usize, a: &mut [Row], b: &mut [Row], c: &mut [Row], d: &mut [Row]| {
            for (i, (((a, b), c), d)) in a.iter_mut().zip(b).zip(c).zip(d).enumerate() {
                let factors = powers[(first + i) >> q];
                quarters(a, b, c, d, unit, |row, power| scale(&row, factors[power - 1]));
            }
        };
        if parallel {
            let parts = a.par_chunks_mut(SHARE).zip(b.par_chunks_mut(SHARE));
            let parts = parts.zip(c.par_chunks_mut(SHARE)).zip(d.par_chunks_mut(SHARE));
            parts.enumerate().for_each(|(i, (((a, b), c), d))| share(i * SHARE, a, b, c, d));
        } else {
            share(0, a, b, c, d);
        }
    }
}

/// The butterfly of two points.
#[inline(always)]
fn halves(a: &mut Row, b: &mut Row) {
    for (a, b) in a.iter_mut().zip(b) {
        (*a, *b) = (*a + *b, *a - *b);
    }
}

/// The butterfly of four points, `unit` being of order 4: two stages. `twist` multiplies by a power of the twiddle factor.
#[inline(always)]
fn quarters(a: &mut Row, b: &mut Row, c: &mut Row, d: &mut Row, unit: Goldilocks, twist: impl Fn(Row, usize) -> Row) {
    let zip = |x: &Row, y: &Row, subtract: bool| -> Row {
        std::array::from_fn(|i| if subtract { x[i] - y[i] } else { x[i] + y[i] })
    };
    let (even, odd) = (zip(a, c, false), zip(b, d, false));
    let (even_less, odd_less) = (zip(a, c, true), scale(&zip(b, d, true), unit));
    *a = zip(&even, &odd, false);
    *b = twist(zip(&even, &odd, true), 2);
    *c = twist(zip(&even_less, &odd_less, false), 1);
    *d = twist(zip(&even_less, &odd_less, true), 3);
}
