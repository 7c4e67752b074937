//! Poseidon2 of width 8 over Goldilocks, with constants that are loaded one by one.

use karat_abi::HashFunction;
use karat_abi::engine::hash;
use p3_field::{PackedValue, PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::{Goldilocks, Poseidon2Goldilocks};
use p3_poseidon2::ExternalLayerConstants;
use p3_symmetric::Permutation as _;

use super::super::row::{Packed, WIDTH};
use super::Function;

type Permutation = Poseidon2Goldilocks<8>;

pub(super) struct Poseidon2 {
    constants: [Goldilocks; hash::CONSTANTS as usize],
    /// Of these constants, once it is needed.
    permutation: Option<Permutation>,
}

impl Poseidon2 {
    pub(super) fn new() -> Self {
        Self { constants: [Goldilocks::ZERO; hash::CONSTANTS as usize], permutation: None }
    }

    /// Loads a constant.
    pub(super) fn set(&mut self, index: usize, value: u64) {
        self.constants[index] = Goldilocks::new(value);
        self.permutation = None;
    }

    /// To be called before anything is hashed.
    pub(super) fn prepare(&mut self) {
        self.permutation.get_or_insert_with(|| permutation(&self.constants));
    }
}

impl Function for Poseidon2 {
    type Lanes = Packed;
    type State = [Packed; 8];
    const WIDTH: usize = WIDTH;
    const RATE: usize = HashFunction::Poseidon2.rate();

    #[inline(always)]
    fn lanes(mut word: impl FnMut(usize) -> u64) -> Packed {
        Packed::from_fn(|lane| Goldilocks::new(word(lane)))
    }

    #[inline(always)]
    fn absorb(state: &mut [Packed; 8], place: usize, word: Packed) {
        state[place] = word;
    }

    #[inline(always)]
    fn permute(&self, state: &mut [Packed; 8]) {
        self.permutation.as_ref().expect("prepared").permute_mut(state);
    }

    fn is_open(absorbed: usize) -> bool {
        absorbed > 0
    }

    #[inline(always)]
    fn compress(&self, nodes: [Packed; 8]) -> [Packed; 8] {
        let mut state = nodes;
        self.permute(&mut state);
        state
    }

    fn digest(state: &[Packed; 8], lane: usize) -> [u64; 4] {
        std::array::from_fn(|word| state[word].as_slice()[lane].as_canonical_u64())
    }

    fn searched(state: &[u64; 25]) -> [Packed; 8] {
        std::array::from_fn(|word| Packed::from(Goldilocks::new(state[word])))
    }

    fn put(state: &mut [Packed; 8], place: usize, candidates: Packed) {
        state[place] = candidates;
    }

    fn sample(state: &[Packed; 8], place: usize, lane: usize) -> u64 {
        state[place].as_slice()[lane].as_canonical_u64()
    }
}

fn permutation(constants: &[Goldilocks; hash::CONSTANTS as usize]) -> Permutation {
    let round = |r: usize| std::array::from_fn(|i| constants[8 * r + i]);
    let external = ExternalLayerConstants::new((0..4).map(round).collect(), (4..8).map(round).collect());
    let internal = constants[64..].to_vec();
    // On aarch64 with NEON p3's alias names another type, whose constructor borrows.
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    return Permutation::new(&external, internal.as_slice().try_into().expect("22 of them"));
    #[cfg(not(all(target_arch = "aarch64", target_feature = "neon")))]
    Permutation::new(external, internal)
}
