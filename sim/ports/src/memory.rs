//! What a port reads and writes.

use crate::Beat;

/// A memory of 64-byte beats. `None` and `false` answer with a decode error on the bus.
pub trait Memory {
    /// The beat at a byte address that is a multiple of 64.
    fn read(&mut self, address: u64) -> Option<Beat>;
    /// Writes the words of the beat whose bit in `words` is set.
    fn write(&mut self, address: u64, beat: &Beat, words: u8) -> bool;
}

/// Beats of a page of [`Sparse`].
const PAGE: usize = 1024;

/// A memory of a fixed size that takes host memory only where it was written. What was never written reads as
/// noise from the seed, as it does after power-on.
pub struct Sparse {
    pages: Vec<Option<Box<[Beat]>>>,
    beats: u64,
    seed: u64,
}

impl Sparse {
    /// A memory of `beats` beats.
    pub fn new(beats: u64, seed: u64) -> Self {
        let pages = (beats as usize).div_ceil(PAGE);
        Self { pages: (0..pages).map(|_| None).collect(), beats, seed }
    }

    /// Its size in beats.
    pub fn beats(&self) -> u64 {
        self.beats
    }

    /// The beat with a number, for looking at memory from outside the simulation.
    pub fn beat_mut(&mut self, number: u64) -> Option<&mut Beat> {
        if number >= self.beats {
            return None;
        }
        let (page, offset) = (number as usize / PAGE, number as usize % PAGE);
        let seed = self.seed;
        let page = self.pages[page].get_or_insert_with(|| noise(seed ^ (page as u64) << 32));
        Some(&mut page[offset])
    }
}

/// A page of noise (xorshift64*).
fn noise(seed: u64) -> Box<[Beat]> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut word = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    (0..PAGE).map(|_| std::array::from_fn(|_| word())).collect()
}

impl Memory for Sparse {
    fn read(&mut self, address: u64) -> Option<Beat> {
        self.beat_mut(address / 64).copied()
    }

    fn write(&mut self, address: u64, beat: &Beat, words: u8) -> bool {
        let Some(target) = self.beat_mut(address / 64) else {
            return false;
        };
        for (i, word) in beat.iter().enumerate() {
            if words >> i & 1 == 1 {
                target[i] = *word;
            }
        }
        true
    }
}
