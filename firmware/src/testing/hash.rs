//! The hash engine, as `karat_abi::engine::hash` describes it: Poseidon2 of width 8 over Goldilocks, and Keccak-256.

use karat_abi::HashFunction;
use karat_abi::engine::hash;

use super::ntt::{add, sub};
use crate::goldilocks::{inverse_of_two_to_the, mul};
use crate::software::{TableFill, Words};

type State = [u64; 8];
/// The state of either hash, of Poseidon2 its first eight words.
type AnyState = [u64; 25];

pub(crate) struct HashEngine {
    log_batch: u32,
    constants: [Option<u64>; hash::CONSTANTS as usize],
    states: Vec<AnyState>,
    position: usize,
    /// Which hash the states are of.
    function: HashFunction,
    permutations: u64,
    /// The state of searches.
    searched: [Option<u64>; 25],
    /// What the last search found.
    pub(crate) result: u64,
}

/// Ends the message behind so many words of the block.
fn pad(state: &mut AnyState, words: usize) {
    state[words] ^= 1;
    state[16] ^= 1 << 63;
}

fn power7(x: u64) -> u64 {
    let square = mul(x, x);
    mul(mul(square, x), mul(square, square))
}

/// circ(2, 3, 1, 1) on each half, then the sum of both on each.
fn external(s: State) -> State {
    let mut y = [0; 8];
    for (i, out) in y.iter_mut().enumerate() {
        let half = i & 4;
        let at = |d: usize| s[half + ((i + d) & 3)];
        let twice = |x: u64| add(x, x);
        *out = add(add(twice(at(0)), add(twice(at(1)), at(1))), add(at(2), at(3)));
    }
    core::array::from_fn(|i| add(y[i], add(y[i & 3], y[4 + (i & 3)])))
}

/// The sum of all, plus each times its diagonal entry (-2, 1, 2, 1/2, 3, -1/2, -3, -4).
fn internal(s: State) -> State {
    let sum = s.into_iter().fold(0, add);
    let half = |x: u64| mul(x, inverse_of_two_to_the(1));
    let times = |x: u64, n: u64| mul(x, n);
    [
        sub(sum, times(s[0], 2)),
        add(sum, s[1]),
        add(sum, times(s[2], 2)),
        add(sum, half(s[3])),
        add(sum, times(s[4], 3)),
        sub(sum, half(s[5])),
        sub(sum, times(s[6], 3)),
        sub(sum, times(s[7], 4)),
    ]
}

/// Beat, and word in it, of a column of a row.
fn locate(words: &Words, row: usize, column: usize) -> (usize, usize) {
    let mode = words[hash::MODE];
    let (pairs, skips) = (mode & hash::PAIRS != 0, mode & hash::SKIP != 0);
    // Place in the row, holes counted.
    let place = if skips { column / 3 * 4 + column % 3 } else { column };
    let start = words[hash::SRC] as usize + place / 8 * words[hash::TILE_STRIDE] as usize;
    if pairs {
        assert!(place < 4, "a row of a pair has four words");
        return (start + row / 2, row % 2 * 4 + place);
    }
    (start + (row << (mode >> hash::LOG_ROW_STRIDE & 3)), place % 8)
}

impl HashEngine {
    pub(crate) fn new(log_batch: u32) -> Self {
        Self {
            log_batch,
            constants: [None; hash::CONSTANTS as usize],
            states: Vec::new(),
            position: 0,
            function: HashFunction::Poseidon2,
            permutations: 0,
            searched: [None; 25],
            result: 0,
        }
    }

    /// A table entry may not be changed under a descriptor that needs it.
    pub(crate) fn assert_free(words: &Words, index: u32) {
        assert!(index >= hash::STATE, "constants were changed while the hash engine ran");
        assert!(words[hash::MODE] & hash::GRIND == 0, "a state was changed while it was searched");
    }

    pub(crate) fn fill(&mut self, fill: TableFill) {
        assert_eq!(fill.count, 1, "table entries are loaded one by one");
        let entry = match fill.index.checked_sub(hash::STATE) {
            Some(word) => &mut self.searched[word as usize],
            None => &mut self.constants[fill.index as usize],
        };
        *entry = Some(fill.start);
    }

    fn permute(&mut self, function: HashFunction, mut state: AnyState) -> AnyState {
        self.permutations += 1;
        match function {
            HashFunction::Poseidon2 => {
                let permuted = self.poseidon2(core::array::from_fn(|i| state[i]));
                state[..8].copy_from_slice(&permuted);
            }
            HashFunction::Keccak => tiny_keccak::keccakf(&mut state),
        }
        state
    }

    fn poseidon2(&self, state: State) -> State {
        let constant = |i: usize| self.constants[i].expect("a round constant was never loaded");
        let full = |s: State, round: usize| {
            let powers: State = core::array::from_fn(|i| power7(add(s[i], constant(8 * round + i))));
            external(powers)
        };
        let mut s = external(state);
        s = (0..4).fold(s, full);
        for round in 0..22 {
            s[0] = power7(add(s[0], constant(64 + round)));
            s = internal(s);
        }
        (4..8).fold(s, full)
    }

    /// Executes a descriptor; the permutations that it took.
    pub(crate) fn run(&mut self, words: &Words, memory: &mut [State]) -> u64 {
        self.permutations = 0;
        let mode = words[hash::MODE];
        let rows = words[hash::ROWS] as usize;
        let step = if mode & hash::SPREAD != 0 { 2 } else { 1 };
        let place = |i: usize| words[hash::OUT] as usize + step * i;
        let keccak = mode & hash::KECCAK != 0;
        let function = if keccak { HashFunction::Keccak } else { HashFunction::Poseidon2 };
        let store = |memory: &mut [State], i: usize, state: AnyState| {
            let (beat, half) = (place(i) / 2, place(i) % 2 * 4);
            memory[beat][half..half + 4].copy_from_slice(&state[..4]);
        };
        assert!(rows > 0);
        if mode & hash::GRIND != 0 {
            self.search(function, words);
            return self.permutations;
        }
        if mode & hash::COMPRESS != 0 {
            for i in 0..rows {
                let mut state = [0; 25];
                state[..8].copy_from_slice(&memory[words[hash::SRC] as usize + i]);
                if keccak {
                    pad(&mut state, 8);
                }
                let state = self.permute(function, state);
                store(memory, i, state);
            }
            return self.permutations;
        }
        if mode & hash::FIRST != 0 {
            self.states = vec![[0; 25]; rows];
            self.position = 0;
            self.function = function;
        }
        let whole = mode & (hash::FIRST | hash::LAST) == hash::FIRST | hash::LAST;
        assert!(whole || rows <= 1 << self.log_batch, "{rows} rows are more than a batch");
        assert_eq!(self.states.len(), rows, "the matrices of a leaf have different rows");
        assert_eq!(self.function, function, "the matrices of a leaf are for different hashes");
        for column in 0..words[hash::WIDTH] as usize {
            for i in 0..rows {
                let (beat, word) = locate(words, i, column);
                let place = &mut self.states[i][self.position];
                *place = if keccak { *place ^ memory[beat][word] } else { memory[beat][word] };
            }
            self.position += 1;
            if self.position == function.rate() {
                self.end_block();
            }
        }
        if mode & hash::LAST != 0 {
            if keccak {
                self.states.iter_mut().for_each(|state| pad(state, self.position));
            }
            if keccak || self.position > 0 {
                self.end_block();
            }
            for i in 0..rows {
                store(memory, i, self.states[i]);
            }
        }
        self.permutations
    }

    fn search(&mut self, function: HashFunction, words: &Words) {
        // The sponges of an unfinished leaf are lost.
        self.states.clear();
        let first = u64::from(words[hash::CANDIDATE_LO]) | u64::from(words[hash::CANDIDATE_HI]) << 32;
        let [position, sampled] =
            [(0, 31), (hash::SAMPLED, 7)].map(|(shift, mask)| (words[hash::PLACES] >> shift & mask) as usize);
        let mut state = [0; 25];
        for (word, searched) in state.iter_mut().zip(self.searched).take(function.state_words()) {
            *word = searched.expect("the state of a search was never loaded");
        }
        let found = (first..first + u64::from(words[hash::ROWS])).find(|candidate| {
            let mut state = state;
            let sample = match function {
                HashFunction::Poseidon2 => {
                    state[position] = *candidate;
                    self.permute(function, state)[sampled]
                }
                HashFunction::Keccak => {
                    state[position] ^= *candidate;
                    self.permute(function, state)[sampled].swap_bytes()
                }
            };
            sample as u32 & words[hash::MASK] == 0
        });
        self.result = found.unwrap_or(u64::MAX);
    }

    fn end_block(&mut self) {
        self.position = 0;
        for i in 0..self.states.len() {
            self.states[i] = self.permute(self.function, self.states[i]);
        }
    }
}
