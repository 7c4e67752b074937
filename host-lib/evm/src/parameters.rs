//! Parameters of a proof, and those that no contract can be made for.

use p3_commit::ExtensionMmcs;
use p3_field::ExtensionField;
use p3_fri::FriParameters;
use p3_keccak::Keccak256Hash;

use crate::Error;
use crate::config::{ChallengeMmcs, Challenger, Config, Dft, LeafHash, NodeHash, Pcs, Val, ValMmcs};

/// log2 of the largest two-adic subgroup of Goldilocks.
pub const TWO_ADICITY: usize = 32;

/// Everything that prover and verifier agree on besides the AIR.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parameters {
    /// log2 of the rows of an extended matrix by the rows of the trace, at least 1.
    pub log_blowup: usize,
    /// log2 of the coefficients at which folding stops.
    pub log_final_poly_len: usize,
    /// log2 of the largest folding arity, from 1 to 4.
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
}

impl Default for Parameters {
    /// Few bytes of proof, and 98 conjectured bits of security for 2^16 rows.
    fn default() -> Self {
        Self {
            log_blowup: 4,
            log_final_poly_len: 5,
            max_log_arity: 3,
            num_queries: 21,
            batch_pow_bits: 0,
            commit_pow_bits: 0,
            query_pow_bits: 16,
            ood_pow_bits: 0,
            cap_height: 0,
        }
    }
}

impl Parameters {
    /// Checks the parameters for a trace of `2^log_rows` rows.
    ///
    /// # Errors
    /// For a parameter that Plonky3 would panic on, or that contracts are not made for.
    pub fn validate(&self, log_rows: usize) -> Result<(), Error> {
        let pow = 0..=40;
        for (name, value, range) in [
            ("log_blowup", self.log_blowup, 1..=TWO_ADICITY),
            ("log_final_poly_len", self.log_final_poly_len, 0..=10),
            ("max_log_arity", self.max_log_arity, 1..=4),
            ("num_queries", self.num_queries, 1..=1000),
            ("batch_pow_bits", self.batch_pow_bits, pow.clone()),
            ("commit_pow_bits", self.commit_pow_bits, pow.clone()),
            ("query_pow_bits", self.query_pow_bits, pow.clone()),
            ("ood_pow_bits", self.ood_pow_bits, pow),
            ("cap_height", self.cap_height, 0..=8),
            ("log_rows", log_rows, self.log_final_poly_len + 1..=TWO_ADICITY - self.log_blowup.min(TWO_ADICITY)),
        ] {
            if !range.contains(&value) {
                return Err(Error::OutOfRange { name, value, min: *range.start(), max: *range.end() });
            }
        }
        Ok(())
    }

    /// Commitments with this cap.
    pub fn mmcs(&self) -> ValMmcs {
        ValMmcs::new(LeafHash::new(Keccak256Hash), NodeHash::new(Keccak256Hash), self.cap_height)
    }

    /// The same for p3-fri.
    pub fn fri<E>(&self) -> FriParameters<ChallengeMmcs<E>> {
        FriParameters {
            log_blowup: self.log_blowup,
            log_final_poly_len: self.log_final_poly_len,
            max_log_arity: self.max_log_arity,
            num_queries: self.num_queries,
            batch_proof_of_work_bits: self.batch_pow_bits,
            commit_proof_of_work_bits: self.commit_pow_bits,
            query_proof_of_work_bits: self.query_pow_bits,
            mmcs: ExtensionMmcs::new(self.mmcs()),
        }
    }

    /// Plonky3's configuration, to prove and to verify with.
    pub fn config<E: ExtensionField<Val>>(&self) -> Config<E> {
        let pcs = Pcs::new(Dft::default(), self.mmcs(), self.fri());
        let challenger = Challenger::from_hasher(Vec::new(), Keccak256Hash);
        Config::new(pcs, challenger).with_ood_proof_of_work_bits(self.ood_pow_bits)
    }
}
