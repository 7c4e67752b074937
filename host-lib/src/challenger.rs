//! A transcript whose proofs of work do not depend on how p3 was compiled.

use std::sync::Arc;

use p3_challenger::{CanObserve, CanSample, CanSampleBits, DuplexChallenger, FieldChallenger, GrindingChallenger};
use p3_field::{BasedVectorSpace, Field, PackedValue, PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use p3_symmetric::{MerkleCap, Permutation as _};

use crate::backend::Digest;
use crate::config::Permutation;

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
pub(crate) trait Search: Send + Sync {
    /// The smallest w for which the permutation, applied to `state` with word `position` replaced by w, makes a state whose word `sampled`
    /// has `bits` low bits of zero; none if it cannot tell, and then the host searches.
    fn smallest(&self, state: &[Goldilocks; WIDTH], position: usize, sampled: usize, bits: usize)
    -> Option<Goldilocks>;
}

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

impl CanObserve<MerkleCap<Goldilocks, Digest>> for Challenger {
    fn observe(&mut self, cap: MerkleCap<Goldilocks, Digest>) {
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
        let elsewhere = self.1.as_ref().and_then(|search| search.smallest(&state, slot, SAMPLED, bits));
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
