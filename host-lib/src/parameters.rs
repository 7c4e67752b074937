//! Parameters of a proof, and the combinations that Plonky3 0.8.0 would panic on.

use p3_commit::ExtensionMmcs;
use p3_fri::FriParameters;

use crate::ChallengeField;
use crate::config::{ChallengeMmcs, CpuConfig, CpuPcs, Dft};
use crate::hashing::{Hashing, HashingFor, Keccak, Poseidon2};

/// log2 of the largest two-adic subgroup of Goldilocks: rows times blowup cannot be more.
pub const TWO_ADICITY: usize = 32;

/// Most bits of a proof of work: more would take years.
pub const MAX_POW_BITS: usize = 40;

/// Everything that prover and verifier agree on besides the AIR and the field of challenges. H is the hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameters<H: Hashing = Poseidon2> {
    /// log2 of the rows of an extended matrix by the rows of the trace, at least 1.
    pub log_blowup: usize,
    /// log2 of the coefficients at which folding stops.
    pub log_final_poly_len: usize,
    /// log2 of the largest folding arity, at least 1.
    pub max_log_arity: usize,
    /// Queries, at least 1.
    pub num_queries: usize,
    /// Bits of the proof of work before the challenge that batches the openings.
    pub batch_pow_bits: usize,
    /// Bits of the proof of work before every folding challenge.
    pub commit_pow_bits: usize,
    /// Bits of the proof of work before the query indices.
    pub query_pow_bits: usize,
    /// Bits of the proof of work before the out-of-domain point.
    pub ood_pow_bits: usize,
    /// log2 of the nodes of a commitment. Smaller trees have the cap that they can.
    pub cap_height: usize,
    /// Round constants of Poseidon2. Keccak has none.
    pub constants: H::Constants,
}

impl Default for Parameters {
    /// Poseidon2, blowup 2, arity 2, folded to a constant, 100 queries, 16 bits of proof of work before them, roots as
    /// commitments: p3's `FriParameters::new_benchmark`.
    fn default() -> Self {
        Self::benchmark()
    }
}

impl Parameters<Keccak> {
    /// As [`Parameters::default`], with Keccak.
    pub fn keccak() -> Self {
        Self::benchmark()
    }
}

impl<H: Hashing> Parameters<H> {
    /// p3's `FriParameters::new_benchmark`, with any hash.
    pub(crate) fn benchmark() -> Self {
        Self {
            log_blowup: 1,
            log_final_poly_len: 0,
            max_log_arity: 1,
            num_queries: 100,
            batch_pow_bits: 0,
            commit_pow_bits: 0,
            query_pow_bits: 16,
            ood_pow_bits: 0,
            cap_height: 0,
            constants: H::Constants::default(),
        }
    }
}

/// A combination of parameters that cannot be proved with.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// A parameter is outside its range.
    #[error("{name} is {value}, and must be from {min} to {max}")]
    OutOfRange {
        /// The parameter.
        name: &'static str,
        /// What it was.
        value: usize,
        /// The least it can be.
        min: usize,
        /// The most it can be.
        max: usize,
    },
    /// The extended trace has no two-adic domain.
    #[error(
        "2^{log_rows} rows times a blowup of 2^{log_blowup} is more than 2^{TWO_ADICITY}, the largest domain of Goldilocks"
    )]
    DomainTooLarge {
        /// log2 of the rows of the trace.
        log_rows: usize,
        /// log2 of the blowup.
        log_blowup: usize,
    },
    /// Folding would stop before it starts.
    #[error(
        "a final polynomial of 2^{log_final_poly_len} coefficients needs a trace of at least 2^{} rows, not 2^{log_rows}",
        log_final_poly_len + 1
    )]
    FinalPolyTooLong {
        /// log2 of the rows of the trace.
        log_rows: usize,
        /// log2 of the coefficients.
        log_final_poly_len: usize,
    },
}

impl<H: Hashing> Parameters<H> {
    /// Checks the parameters for a trace of `2^log_rows` rows.
    ///
    /// # Errors
    /// For every combination that p3 would panic on or refuse half-way, and for proofs of work that would not end.
    pub fn validate(&self, log_rows: usize) -> Result<(), ParameterError> {
        // A zero blowup, arity or query count trips an assertion of p3-fri; an arity of 2^k folds k levels at once,
        // and there are at most TWO_ADICITY. p3 uses as much of a cap as a tree has.
        let pow = 0..=MAX_POW_BITS;
        for (name, value, range) in [
            ("log_blowup", self.log_blowup, 1..=TWO_ADICITY),
            ("log_final_poly_len", self.log_final_poly_len, 0..=TWO_ADICITY),
            ("max_log_arity", self.max_log_arity, 1..=TWO_ADICITY),
            ("num_queries", self.num_queries, 1..=1 << 16),
            ("batch_pow_bits", self.batch_pow_bits, pow.clone()),
            ("commit_pow_bits", self.commit_pow_bits, pow.clone()),
            ("query_pow_bits", self.query_pow_bits, pow.clone()),
            ("ood_pow_bits", self.ood_pow_bits, pow),
            ("cap_height", self.cap_height, 0..=TWO_ADICITY),
        ] {
            if !range.contains(&value) {
                return Err(ParameterError::OutOfRange { name, value, min: *range.start(), max: *range.end() });
            }
        }
        if log_rows > TWO_ADICITY || log_rows + self.log_blowup > TWO_ADICITY {
            return Err(ParameterError::DomainTooLarge { log_rows, log_blowup: self.log_blowup });
        }
        // p3 takes a trace as short as its final polynomial only if that is a constant.
        if self.log_final_poly_len > 0 && log_rows <= self.log_final_poly_len {
            return Err(ParameterError::FinalPolyTooLong { log_rows, log_final_poly_len: self.log_final_poly_len });
        }
        Ok(())
    }

    /// The same with another hash, and its constants.
    pub fn with_constants<G: Hashing>(&self, constants: G::Constants) -> Parameters<G> {
        let Self { log_blowup, log_final_poly_len, max_log_arity, num_queries, .. } = *self;
        let Self { batch_pow_bits, commit_pow_bits, query_pow_bits, ood_pow_bits, cap_height, .. } = *self;
        Parameters {
            log_blowup,
            log_final_poly_len,
            max_log_arity,
            num_queries,
            batch_pow_bits,
            commit_pow_bits,
            query_pow_bits,
            ood_pow_bits,
            cap_height,
            constants,
        }
    }

    /// The same for p3-fri, for a field of challenges.
    pub fn fri<E: ChallengeField>(&self) -> FriParameters<ChallengeMmcs<E, H>> {
        self.fri_with(ExtensionMmcs::new(self.mmcs()))
    }

    pub(crate) fn fri_with<M>(&self, mmcs: M) -> FriParameters<M> {
        FriParameters {
            log_blowup: self.log_blowup,
            log_final_poly_len: self.log_final_poly_len,
            max_log_arity: self.max_log_arity,
            num_queries: self.num_queries,
            batch_proof_of_work_bits: self.batch_pow_bits,
            commit_proof_of_work_bits: self.commit_pow_bits,
            query_proof_of_work_bits: self.query_pow_bits,
            mmcs,
        }
    }

    /// Commitments to matrices with these constants and cap.
    pub fn mmcs(&self) -> H::Mmcs {
        H::mmcs(self)
    }

    /// An empty transcript.
    pub fn challenger(&self) -> H::Challenger {
        H::challenger(self, None)
    }

    /// Plonky3 on the CPU, to verify with, and to compare with.
    pub fn cpu_config<E: ChallengeField>(&self) -> CpuConfig<E, H>
    where
        H: HashingFor<E>,
    {
        let pcs = CpuPcs::<E, H>::new(Dft::default(), self.mmcs(), self.fri::<E>());
        CpuConfig::<E, H>::new(pcs, self.challenger()).with_ood_proof_of_work_bits(self.ood_pow_bits)
    }
}
