//! AIRs, their proofs by Plonky3 on the CPU, and the contracts for them.
#![allow(dead_code, missing_docs)]

pub mod airs;
pub mod keccak;
pub mod marked;
pub mod sections;
pub mod spoiled;
pub mod table;

use karat_evm::config::{Challenge, Challenger, Config, PreprocessedKey, Proof, Val};
use karat_evm::{Contract, Evm, Outcome, Parameters, export};
use p3_air::symbolic::SymbolicAirBuilder;
use p3_air::{Air, DebugConstraintBuilder};
use p3_field::PrimeField64;
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_uni_stark::{ProverConstraintFolder, VerifierConstraintFolder};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rayon::ThreadPoolBuilder;

/// The order of the field.
pub const P: u64 = 0xffff_ffff_0000_0001;

/// What Plonky3 needs of an AIR.
pub trait Provable<E: Challenge>:
    Air<SymbolicAirBuilder<Val>>
    + for<'a> Air<ProverConstraintFolder<'a, Config<E>>>
    + for<'a> Air<VerifierConstraintFolder<'a, Config<E>>>
    + for<'a> Air<DebugConstraintBuilder<'a, Val>>
    + p3_uni_stark::QuotientAir<Config<E>>
    + Sync
{
}

impl<E: Challenge, A> Provable<E> for A where
    A: Air<SymbolicAirBuilder<Val>>
        + for<'a> Air<ProverConstraintFolder<'a, Config<E>>>
        + for<'a> Air<VerifierConstraintFolder<'a, Config<E>>>
        + for<'a> Air<DebugConstraintBuilder<'a, Val>>
        + p3_uni_stark::QuotientAir<Config<E>>
        + Sync
{
}

/// A statement, its proof, and a contract for it on a chain.
pub struct Case<E: Challenge, A> {
    pub air: A,
    pub parameters: Parameters,
    pub config: Config<E>,
    pub key: Option<PreprocessedKey<E>>,
    pub public_values: Vec<Val>,
    pub proof: Proof<E>,
    pub contract: Contract<E>,
    pub evm: Evm,
    pub address: revm::primitives::Address,
    pub size: usize,
    pub deployment: u64,
}

impl<E: Challenge, A: Provable<E>> Case<E, A>
where
    Challenger: p3_challenger::FieldChallenger<Val>,
{
    pub fn new(air: A, trace: RowMajorMatrix<Val>, public_values: Vec<Val>, parameters: Parameters) -> Self {
        let log_rows = trace.height().ilog2() as usize;
        let config = parameters.config::<E>();
        let preprocessed = p3_uni_stark::setup_preprocessed::<Config<E>, A>(&config, &air, log_rows).unwrap();
        let (data, key) = preprocessed.unzip();
        let prove = || p3_uni_stark::prove_with_preprocessed(&config, &air, trace, &public_values, data.as_ref());
        let proof = serially(prove).unwrap();
        let contract = export::<E, A>(&air, &parameters, log_rows, key.as_ref(), "Statement").unwrap();
        let compiled = contract.compile().unwrap();
        let mut evm = Evm::new();
        let (address, deployment) = evm.deploy(&compiled, &[]).unwrap();
        let size = compiled.deployed.len();
        Self { air, parameters, config, key, public_values, proof, contract, evm, address, size, deployment }
    }

    /// Plonky3's own verifier.
    pub fn plonky3(&self, proof: &Proof<E>, public_values: &[Val]) -> bool {
        let key = self.key.as_ref();
        p3_uni_stark::verify_with_preprocessed(&self.config, &self.air, proof, public_values, key).is_ok()
    }

    pub fn public(&self) -> Vec<u64> {
        numbers(&self.public_values)
    }

    pub fn encoded(&self) -> Vec<u8> {
        self.contract.encode(&self.proof, &self.public_values).unwrap()
    }

    pub fn call(&mut self, proof: &[u8], public_values: &[u64]) -> Outcome {
        self.evm.verify(self.address, proof, public_values).unwrap()
    }

    /// With public values of Plonky3's.
    pub fn call_with(&mut self, proof: &[u8], public_values: &[Val]) -> Outcome {
        self.call(proof, &numbers(public_values))
    }

    pub fn accepted(&mut self) -> Outcome {
        assert!(self.plonky3(&self.proof, &self.public_values));
        let (proof, public) = (self.encoded(), self.public());
        let outcome = self.call(&proof, &public);
        assert!(outcome.accepted);
        outcome
    }
}

/// Has Plonky3 look for proofs of work from the smallest witness on: on several threads, the first that is found is taken.
fn serially<R: Send>(prove: impl FnOnce() -> R + Send) -> R {
    ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(prove)
}

/// Elements as contracts take them.
pub fn numbers(values: &[Val]) -> Vec<u64> {
    values.iter().map(PrimeField64::as_canonical_u64).collect()
}

/// Random numbers, whose seed is printed.
pub fn rng() -> SmallRng {
    SmallRng::seed_from_u64(seed())
}

/// `KARAT_SEED` or a new one, which is printed.
pub fn seed() -> u64 {
    let seed = match std::env::var("KARAT_SEED") {
        Ok(seed) => seed.parse().expect("KARAT_SEED is a number"),
        Err(_) => rand::random(),
    };
    eprintln!("KARAT_SEED={seed}");
    seed
}
