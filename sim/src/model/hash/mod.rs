//! The hash engine, as `karat_abi::engine::hash` describes it, a vector of rows at a time.

use karat_abi::engine::hash;
use karat_firmware::software::{TableFill, Words};

use super::row::Beat;

mod keccak;
mod poseidon2;
mod sponges;

use keccak::Keccak;
use poseidon2::Poseidon2;
use sponges::Sponges;

/// Tables, and the sponges that are not finished.
pub(super) struct HashEngine {
    poseidon2: Poseidon2,
    sponges: Sponges<Poseidon2>,
    keccak: Sponges<Keccak>,
    /// What a search starts from.
    search: [u64; 25],
    /// What the last search found.
    pub(super) result: u64,
}

impl HashEngine {
    pub(super) fn new() -> Self {
        Self {
            poseidon2: Poseidon2::new(),
            sponges: Sponges::new(),
            keccak: Sponges::new(),
            search: [0; 25],
            result: 0,
        }
    }

    pub(super) fn fill(&mut self, fill: TableFill) {
        match fill.index.checked_sub(hash::STATE) {
            Some(word) => self.search[word as usize] = fill.start,
            None => self.poseidon2.set(fill.index as usize, fill.start),
        }
    }

    /// Executes a descriptor; the permutations that it took.
    pub(super) fn run(&mut self, words: &Words, memory: &mut [Beat]) -> u64 {
        if words[hash::MODE] & hash::KECCAK != 0 {
            run(&Keccak, &mut self.keccak, words, memory, &self.search, &mut self.result)
        } else {
            self.poseidon2.prepare();
            run(&self.poseidon2, &mut self.sponges, words, memory, &self.search, &mut self.result)
        }
    }
}

fn run<F: Function>(
    function: &F,
    sponges: &mut Sponges<F>,
    words: &Words,
    memory: &mut [Beat],
    search: &[u64; 25],
    result: &mut u64,
) -> u64 {
    let mode = words[hash::MODE];
    if mode & hash::GRIND != 0 {
        let (found, permutations) = sponges::search(function, words, search);
        *result = found.unwrap_or(u64::MAX);
        return permutations;
    }
    let permutations = if mode & hash::COMPRESS != 0 {
        sponges.compress(function, words, memory)
    } else {
        sponges.absorb(function, words, memory)
    };
    if mode & (hash::COMPRESS | hash::LAST) != 0 {
        sponges.store(words, memory);
    }
    permutations as u64
}

/// A hash, of as many rows at a time as a vector has lanes.
trait Function: Sync {
    /// A word of each row.
    type Lanes: Copy;
    /// A state of each row.
    type State: Clone + Default + Send + Sync;
    /// Rows.
    const WIDTH: usize;
    /// Words that a sponge absorbs before a permutation.
    const RATE: usize;

    /// The word that each lane has.
    fn lanes(word: impl FnMut(usize) -> u64) -> Self::Lanes;
    /// Takes in word `place` of a block.
    fn absorb(state: &mut Self::State, place: usize, word: Self::Lanes);
    fn permute(&self, state: &mut Self::State);
    /// Whether sponges that have absorbed so many words of a block end with a permutation.
    fn is_open(absorbed: usize) -> bool;
    /// Ends a message there, before that permutation.
    fn pad(_: &mut Self::State, _absorbed: usize) {}
    /// What makes one node of two.
    fn compress(&self, nodes: [Self::Lanes; 8]) -> Self::State;
    /// A lane's digest.
    fn digest(state: &Self::State, lane: usize) -> [u64; 4];
    /// The state of a search.
    fn searched(state: &[u64; 25]) -> Self::State;
    /// Puts candidates in.
    fn put(state: &mut Self::State, place: usize, candidates: Self::Lanes);
    /// The word of a lane that is to have zeros.
    fn sample(state: &Self::State, place: usize, lane: usize) -> u64;
}
