//! A transcript whose proofs of work do not depend on how p3 was compiled.

use std::fmt;
use std::sync::Arc;

use karat_abi::{GrindArguments, HashFunction};
use p3_challenger::{
    ByteGrindingChallenger, CanObserve, CanSample, CanSampleBits, DuplexChallenger, FieldChallenger,
    GrindingChallenger, SerializingChallenger64,
};
use p3_field::{BasedVectorSpace, Field, PackedValue, PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use p3_keccak::Keccak256Hash;
use p3_maybe_rayon::prelude::*;
use p3_symmetric::{CryptographicHasher, MerkleCap, Permutation as _};

use crate::config::Permutation;
use crate::hashing::words;

type Packed = <Goldilocks as Field>::Packing;

const WIDTH: usize = 8;
const RATE: usize = 4;

/// p3's duplex challenger over Poseidon2 (width 8, rate 4), which finds the *smallest* witness of a proof of work.
///
/// p3's own search returns the smallest one only while its `parallel` feature is off, and Cargo turns a feature on for
/// everybody as soon as one crate of a build asks for it. In all else the two are the same, byte for byte.
#[derive(Clone)]
pub struct Challenger(DuplexChallenger<Goldilocks, Permutation, WIDTH, RATE>, Option<Arc<dyn Search>>);

/// Who searches for proofs of work.
pub trait Search: Send + Sync {
    /// The smallest witness; none if it cannot tell, and then the host searches.
    fn smallest(&self, arguments: &GrindArguments) -> Option<u64>;
}

/// Most bits that anybody but the host searches for.
const MOST_BITS: usize = 32;

impl Challenger {
    /// An empty transcript.
    pub fn new(permutation: Permutation) -> Self {
        Self(DuplexChallenger::new(permutation), None)
    }

    /// The same, with its proofs of work searched for by somebody else.
    pub(crate) fn searching(self, search: Arc<dyn Search>) -> Self {
        Self(self.0, Some(search))
    }
}

impl CanObserve<Goldilocks> for Challenger {
    fn observe(&mut self, value: Goldilocks) {
        self.0.observe(value);
    }
}

impl CanObserve<MerkleCap<Goldilocks, [Goldilocks; 4]>> for Challenger {
    fn observe(&mut self, cap: MerkleCap<Goldilocks, [Goldilocks; 4]>) {
        self.0.observe(cap);
    }
}

impl<A: BasedVectorSpace<Goldilocks>> CanSample<A> for Challenger {
    fn sample(&mut self) -> A {
        self.0.sample()
    }
}

impl CanSampleBits<usize> for Challenger {
    fn sample_bits(&mut self, bits: usize) -> usize {
        self.0.sample_bits(bits)
    }
}

impl FieldChallenger<Goldilocks> for Challenger {}

impl GrindingChallenger for Challenger {
    type Witness = Goldilocks;

    /// Tries candidates in ascending order, one a lane. Panics from 64 bits on, as p3's does.
    fn grind(&mut self, bits: usize) -> Goldilocks {
        assert!(bits < 64, "a proof of work has fewer than 64 bits");
        if bits == 0 {
            return Goldilocks::ZERO;
        }
        let mask = (1u64 << bits) - 1;

        // The state that p3 permutes once the witness has been absorbed: buffered elements, the witness, zeros, and the
        // number of absorbed elements added to the first word of the capacity.
        let slot = self.0.input_buffer.len();
        let mut state = self.0.sponge_state;
        state[..slot].copy_from_slice(&self.0.input_buffer);
        state[slot..RATE].fill(Goldilocks::ZERO);
        state[RATE] += Goldilocks::from_usize(slot + 1);
        // Samples are taken from the end of the rate.
        const SAMPLED: usize = RATE - 1;
        let arguments = GrindArguments::poseidon2(words(&state), slot as u32, SAMPLED as u32, bits as u32);
        let search = self.1.as_ref().filter(|_| bits <= MOST_BITS);
        let elsewhere = search.and_then(|search| search.smallest(&arguments)).map(Goldilocks::new);
        let witness = elsewhere.unwrap_or_else(|| self.search(&state, slot, SAMPLED, mask));
        assert!(self.check_witness(bits, witness), "the search mirrors the transcript");
        witness
    }
}

impl Challenger {
    fn search(&self, state: &[Goldilocks; WIDTH], position: usize, sampled: usize, mask: u64) -> Goldilocks {
        let base = state.map(Packed::from);
        (0..Goldilocks::ORDER_U64)
            .step_by(Packed::WIDTH)
            .find_map(|first| {
                let candidate = |lane| Goldilocks::new(first + lane as u64);
                let mut state = base;
                state[position] = Packed::from_fn(candidate);
                self.0.permutation.permute_mut(&mut state);
                state[sampled].as_slice().iter().position(|sample| sample.as_canonical_u64() & mask == 0).map(candidate)
            })
            .expect("one of 2^64 candidates satisfies fewer than 64 bits")
    }
}

/// p3's byte-wise challenger over Keccak-256, which finds the *smallest* witness of a proof of work.
pub type KeccakChallenger = SerializingChallenger64<Goldilocks, KeccakBytes>;

/// An empty transcript, whose proofs of work somebody else may search for.
pub(crate) fn keccak_challenger(search: Option<Arc<dyn Search>>) -> KeccakChallenger {
    KeccakChallenger::new(KeccakBytes { input: Vec::new(), output: Vec::new(), search })
}

/// p3's `HashChallenger` over Keccak-256 but for its search, which needs to see what was observed.
#[derive(Clone)]
pub struct KeccakBytes {
    /// What was observed since the last digest, behind that.
    input: Vec<u8>,
    /// What of the digest was not sampled yet: samples are taken from its end.
    output: Vec<u8>,
    search: Option<Arc<dyn Search>>,
}

impl fmt::Debug for KeccakBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeccakBytes").field("input", &self.input).field("output", &self.output).finish_non_exhaustive()
    }
}

impl CanObserve<u8> for KeccakBytes {
    fn observe(&mut self, value: u8) {
        self.output.clear();
        self.input.push(value);
    }
}

impl CanSample<u8> for KeccakBytes {
    fn sample(&mut self) -> u8 {
        if self.output.is_empty() {
            let digest: [u8; 32] = Keccak256Hash.hash_iter(self.input.drain(..));
            self.input.extend(digest);
            self.output.extend(digest);
        }
        self.output.pop().expect("a digest has bytes")
    }
}

impl KeccakBytes {
    /// The smallest witness by somebody else, where one block of Keccak decides: a word behind what was observed, and `bits` low bits of
    /// the word that is sampled next.
    fn smallest_elsewhere(&self, bits: u32) -> Option<u64> {
        let (observed, []) = self.input.as_chunks::<8>() else { return None };
        // The padding needs a word of the block too.
        if observed.len() > HashFunction::Keccak.rate() - 2 || !(1..=MOST_BITS as u32).contains(&bits) {
            return None;
        }
        let mut state = [0; 25];
        for (word, bytes) in state.iter_mut().zip(observed) {
            *word = u64::from_le_bytes(*bytes);
        }
        state[observed.len() + 1] = 1;
        state[HashFunction::Keccak.rate() - 1] ^= 1 << 63;
        let (position, hash) = (observed.len() as u32, HashFunction::Keccak as u32);
        self.search.as_ref()?.smallest(&GrindArguments { state, position, sampled: 3, bits, hash })
    }
}

impl ByteGrindingChallenger for KeccakBytes {
    fn find_witness<const W: usize, const S: usize>(
        &self,
        candidates: u64,
        encode: impl Fn(u64) -> [u8; W] + Sync,
        accepts: impl Fn([u8; S]) -> bool + Sync,
    ) -> Option<u64> {
        let passes = |candidate: u64| {
            let mut challenger = Self { search: None, ..self.clone() };
            challenger.observe_slice(&encode(candidate));
            accepts(challenger.sample_array())
        };
        // What is asked of the sample is that some low bits of it are zero: those without which nothing is accepted.
        let refused = |bit: u32| {
            let mut sample = [0; S];
            sample[bit as usize / 8] = 1 << (bit % 8);
            !accepts(sample)
        };
        let bits = (0..8 * S as u32).take_while(|bit| refused(*bit)).count() as u32;
        let elsewhere = (W == 8 && S == 8).then(|| self.smallest_elsewhere(bits)).flatten();
        if let Some(witness) = elsewhere {
            assert!(passes(witness), "the search mirrors the transcript");
            return Some(witness);
        }
        (0..candidates).into_par_iter().find_first(|candidate| passes(*candidate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Poseidon2Constants;

    #[test]
    fn finds_the_smallest_witness_at_every_fill_of_the_buffer() {
        for absorbed in 0..9 {
            let mut start = Challenger::new(Poseidon2Constants::default().permutation());
            for value in 0..absorbed {
                start.observe(Goldilocks::from_usize(value));
            }
            for bits in [1, 5, 9] {
                let smallest = (0..).map(Goldilocks::new).find(|witness| start.0.clone().check_witness(bits, *witness));
                let mut ground = start.clone();
                assert_eq!(Some(ground.grind(bits)), smallest);

                let mut expected = start.0.clone();
                assert!(expected.check_witness(bits, smallest.expect("found")));
                let (ours, theirs): (Goldilocks, Goldilocks) = (ground.sample(), expected.sample());
                assert_eq!(ours, theirs, "the transcript goes on from the same state");
            }
        }
    }
}
