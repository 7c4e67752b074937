//! Codewords that are not of low degree are accepted exactly when Plonky3's queries miss where they are not.
#![cfg(not(debug_assertions))] // Plonky3's prover checks what it is given, in debug builds.

mod support;

use karat_evm::Parameters;
use karat_evm::config::{
    Challenge, ChallengeMmcs, Challenger, CubicChallenge, Dft, Proof, QuadraticChallenge, Val, ValMmcs,
};
use p3_dft::TwoAdicSubgroupDft;
use p3_field::PrimeCharacteristicRing;
use p3_fri::TwoAdicFriPcs;
use p3_keccak::Keccak256Hash;
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_uni_stark::StarkConfig;
use support::airs::{Fibonacci, fibonacci};
use support::{Case, Provable};

/// Transforms that spoil rows of what they extend: one in `0`, of those that neither the quotient nor the opened values
/// are made of, so that nothing but the low-degree test can tell.
#[derive(Clone, Default, Debug)]
struct Noisy(usize);

impl TwoAdicSubgroupDft<Val> for Noisy {
    type Evaluations = RowMajorMatrix<Val>;

    fn dft_batch(&self, mat: RowMajorMatrix<Val>) -> Self::Evaluations {
        Dft::default().dft_batch(mat).to_row_major_matrix()
    }

    fn coset_lde_batch(&self, mat: RowMajorMatrix<Val>, added_bits: usize, shift: Val) -> Self::Evaluations {
        let mut extended = Dft::default().coset_lde_batch(mat, added_bits, shift).to_row_major_matrix();
        let width = extended.width();
        let odd = (1..extended.height()).step_by(2);
        odd.step_by(self.0).for_each(|row| extended.values[row * width] += Val::ONE);
        extended
    }
}

fn spoiled<E: Challenge>(max_log_arity: usize)
where
    Fibonacci: Provable<E>,
{
    let parameters = Parameters {
        log_blowup: 3,
        log_final_poly_len: 1,
        max_log_arity,
        num_queries: 3,
        query_pow_bits: 0,
        ..Parameters::default()
    };
    let (trace, public_values) = fibonacci(7);
    let mut case = Case::<E, _>::new(Fibonacci, trace, public_values, parameters);
    case.accepted();
    let mut outcomes = [0; 2];
    // From every second row of all to four.
    for step in [1, 3, 16, 50, 99, 128].into_iter().flat_map(|step| (0..6).map(move |i| step + i)) {
        type Pcs<E> = TwoAdicFriPcs<Val, Noisy, ValMmcs, ChallengeMmcs<E>>;
        let pcs = Pcs::<E>::new(Noisy(step), parameters.mmcs(), parameters.fri());
        let challenger = Challenger::from_hasher(Vec::new(), Keccak256Hash);
        let config = StarkConfig::<Pcs<E>, E, Challenger>::new(pcs, challenger);
        let (trace, public_values) = fibonacci(7);
        let proof = p3_uni_stark::prove(&config, &Fibonacci, trace, &public_values).unwrap();
        let proof: Proof<E> = serde_json::from_value(serde_json::to_value(proof).unwrap()).unwrap();
        let expected = case.plonky3(&proof, &public_values);
        let (bytes, public) = (case.contract.encode(&proof, &public_values).unwrap(), case.public());
        assert_eq!(case.call(&bytes, &public).accepted, expected, "every {step}");
        outcomes[usize::from(expected)] += 1;
    }
    eprintln!("{outcomes:?}");
    assert!(outcomes[0] > 0);
}

#[test]
fn spoiled_codewords() {
    for max_log_arity in [1, 3] {
        spoiled::<QuadraticChallenge>(max_log_arity);
        spoiled::<CubicChallenge>(max_log_arity);
    }
}
