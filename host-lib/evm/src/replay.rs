//! The transcript of a proof, replayed for the indices of its queries.

use p3_challenger::{CanObserve, CanSample, CanSampleBits, GrindingChallenger};
use p3_keccak::Keccak256Hash;

use crate::Shape;
use crate::config::{Challenge, Challenger, Commitment, Proof, Val};

/// The indices that a verifier would draw, whether it would accept the proof or not.
pub(crate) fn indices<E: Challenge>(
    shape: &Shape,
    seeds: &[Vec<u8>; 3],
    preprocessed: Option<&Commitment>,
    proof: &Proof<E>,
    public_values: &[Val],
) -> Vec<usize> {
    let parameters = &shape.parameters;
    let opening = &proof.opening_proof;
    let mut replay = Replay(Challenger::from_hasher(Vec::new(), Keccak256Hash));
    replay.seed(&seeds[0]);
    replay.0.observe(&proof.commitments.trace);
    if let Some(cap) = preprocessed {
        replay.0.observe(cap);
    }
    replay.0.observe_slice(public_values);
    replay.challenge::<E>(0, Val::default());
    replay.0.observe(&proof.commitments.quotient_chunks);
    replay.challenge::<E>(parameters.ood_pow_bits, proof.ood_pow_witness);

    replay.seed(&seeds[1]);
    let opened = &proof.opened_values;
    replay.elements(&opened.trace_local);
    replay.elements(opened.trace_next.as_deref().unwrap_or(&[]));
    opened.quotient_chunks.iter().for_each(|chunk| replay.elements(chunk));
    replay.elements(opened.preprocessed_local().unwrap_or(&[]));
    replay.elements(opened.preprocessed_next().unwrap_or(&[]));
    replay.challenge::<E>(parameters.batch_pow_bits, opening.batch_pow_witness);

    replay.seed(&seeds[2]);
    for (cap, &witness) in opening.commit_phase_commits.iter().zip(&opening.commit_pow_witnesses) {
        replay.0.observe(cap);
        replay.challenge::<E>(parameters.commit_pow_bits, witness);
    }
    replay.elements(&opening.final_poly);
    let _ = replay.0.check_witness(parameters.query_pow_bits, opening.query_pow_witness);
    (0..parameters.num_queries).map(|_| replay.0.sample_bits(shape.log_height())).collect()
}

struct Replay(Challenger);

impl Replay {
    fn seed(&mut self, seed: &[u8]) {
        for bytes in seed.as_chunks().0 {
            self.0.observe(Val::new(u64::from_le_bytes(*bytes)));
        }
    }

    fn elements<E: Challenge>(&mut self, elements: &[E]) {
        elements.iter().for_each(|element| self.0.observe_slice(element.as_basis_coefficients_slice()));
    }

    /// Draws a challenge after a proof of work, good or bad.
    fn challenge<E: Challenge>(&mut self, bits: usize, witness: Val) {
        let _ = self.0.check_witness(bits, witness);
        let _: E = self.0.sample();
    }
}
