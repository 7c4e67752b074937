//! Plonky3's prover, made to give many proofs of one statement, and bad ones that a verifier accepts now and then.

use karat_evm::Parameters;
use karat_evm::config::{Challenge, ChallengeMmcs, Challenger, Commitment, Dft, Proof, Val, ValMmcs};
use p3_air::Air;
use p3_challenger::{CanObserve, CanSample, CanSampleBits, FieldChallenger, GrindingChallenger};
use p3_dft::TwoAdicSubgroupDft;
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};
use p3_fri::TwoAdicFriPcs;
use p3_keccak::Keccak256Hash;
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_uni_stark::{ProverConstraintFolder, QuotientAir, StarkConfig};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::support::Provable;

/// The configuration of that prover.
pub type Other<E> = StarkConfig<TwoAdicFriPcs<Val, Spoiling, ValMmcs, ChallengeMmcs<E>>, E, Wandering>;

/// What both provers and Plonky3's verifier need of an AIR.
pub trait Fuzzed<E: Challenge>:
    Provable<E> + QuotientAir<Other<E>> + for<'a> Air<ProverConstraintFolder<'a, Other<E>>>
{
}

impl<E: Challenge, A> Fuzzed<E> for A where
    A: Provable<E> + QuotientAir<Other<E>> + for<'a> Air<ProverConstraintFolder<'a, Other<E>>>
{
}

/// A proof with witnesses that the seed decides. `spoiled` is how many rows are left in order between two that are not, in
/// the committed matrices; zero spoils none.
pub fn prove<E, A>(
    air: &A,
    parameters: &Parameters,
    trace: RowMajorMatrix<Val>,
    public_values: &[Val],
    spoiled: usize,
    seed: u64,
) -> Proof<E>
where
    E: Challenge,
    A: Fuzzed<E>,
{
    let config = |spoiled| {
        let pcs = TwoAdicFriPcs::new(Spoiling(spoiled), parameters.mmcs(), parameters.fri());
        let challenger = Wandering(Challenger::from_hasher(Vec::new(), Keccak256Hash), SmallRng::seed_from_u64(seed));
        Other::<E>::new(pcs, challenger).with_ood_proof_of_work_bits(parameters.ood_pow_bits)
    };
    let log_rows = trace.height().ilog2() as usize;
    // The preprocessed columns are the verifier's, and whole.
    let data = p3_uni_stark::setup_preprocessed(&config(0), air, log_rows).expect("a key").map(|(data, _)| data);
    let proof = p3_uni_stark::prove_with_preprocessed(&config(spoiled), air, trace, public_values, data.as_ref())
        .expect("a proof");
    // The same but for the types that made it.
    serde_json::from_value(serde_json::to_value(proof).expect("numbers")).expect("the same proof")
}

/// Transforms that spoil some of the rows that they extend a matrix by.
#[derive(Clone, Default, Debug)]
pub struct Spoiling(usize);

impl TwoAdicSubgroupDft<Val> for Spoiling {
    type Evaluations = RowMajorMatrix<Val>;

    fn dft_batch(&self, mat: RowMajorMatrix<Val>) -> Self::Evaluations {
        Dft::default().dft_batch(mat).to_row_major_matrix()
    }

    fn coset_lde_batch(&self, mat: RowMajorMatrix<Val>, added_bits: usize, shift: Val) -> Self::Evaluations {
        let mut extended = Dft::default().coset_lde_batch(mat, added_bits, shift).to_row_major_matrix();
        if self.0 > 0 {
            let width = extended.width();
            // Odd rows: of the others quotients and opened values are made.
            let odd = (1..extended.height()).step_by(2);
            odd.step_by(self.0).for_each(|row| extended.values[row * width] += Val::ONE);
        }
        extended
    }
}

/// A transcript whose proofs of work are any that are right, not the first ones.
#[derive(Clone, Debug)]
pub struct Wandering(Challenger, SmallRng);

impl CanObserve<Val> for Wandering {
    fn observe(&mut self, value: Val) {
        self.0.observe(value);
    }
}

impl CanObserve<Commitment> for Wandering {
    fn observe(&mut self, value: Commitment) {
        self.0.observe(value);
    }
}

impl<E: BasedVectorSpace<Val>> CanSample<E> for Wandering {
    fn sample(&mut self) -> E {
        self.0.sample()
    }
}

impl CanSampleBits<usize> for Wandering {
    fn sample_bits(&mut self, bits: usize) -> usize {
        self.0.sample_bits(bits)
    }
}

impl FieldChallenger<Val> for Wandering {}

impl GrindingChallenger for Wandering {
    type Witness = Val;

    fn grind(&mut self, bits: usize) -> Val {
        if bits == 0 {
            return Val::ZERO;
        }
        loop {
            let (mut after, witness) = (self.0.clone(), self.1.random());
            if after.check_witness(bits, witness) {
                self.0 = after;
                return witness;
            }
        }
    }

    fn check_witness(&mut self, bits: usize, witness: Val) -> bool {
        self.0.check_witness(bits, witness)
    }
}
