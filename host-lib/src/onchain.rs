//! Proofs on chain: the contracts of the command line's AIRs, and calls of them.

use std::collections::BTreeMap;

use karat_evm::config::{self as evm, QuadraticChallenge};
use karat_evm::{Compiled, Contract, Evm, Outcome, arguments, export, selector};
use p3_field::PrimeField64;

use crate::airs::{AirName, AirSpec};
use crate::config::{Challenge, CubicChallenge};
use crate::{ChallengeField, Degree, Error, HashName, Keccak, Parameters, ProofFile, Scheme};

/// What a contract checks proofs of.
#[derive(Clone, Debug)]
pub struct Target {
    /// The AIR.
    pub spec: AirSpec,
    /// log2 of the rows.
    pub log_rows: usize,
    /// Hash, which must be Keccak, and degree.
    pub scheme: Scheme,
    /// The rest.
    pub parameters: Parameters,
}

impl Target {
    /// The contract's name.
    pub fn name(&self) -> &'static str {
        match self.spec.name() {
            AirName::Fib => "FibVerifier",
            AirName::Poseidon2 => "Poseidon2Verifier",
            AirName::Keccak => "KeccakVerifier",
            AirName::Blake3 => "Blake3Verifier",
        }
    }

    /// The files of the contract and of the registry, by name: Solidity, and data that the contract has no room for.
    ///
    /// # Errors
    /// When no contract is made for it.
    pub fn files(&self) -> Result<BTreeMap<String, String>, Error> {
        Ok(match self.scheme.degree {
            Degree::Two => self.contract::<Challenge>()?.files(),
            Degree::Three => self.contract::<CubicChallenge>()?.files(),
        })
    }

    /// Contracts of its sources, compiled.
    pub(crate) fn compiled<const N: usize>(&self, names: [&str; N]) -> Result<[Compiled; N], Error> {
        match self.scheme.degree {
            Degree::Two => compiled(&self.contract::<Challenge>()?, names),
            Degree::Three => compiled(&self.contract::<CubicChallenge>()?, names),
        }
    }

    fn contract<E: evm::Challenge>(&self) -> Result<Contract<E>, Error> {
        if self.scheme.hash != HashName::Keccak {
            return Err(Error::Statement(format!(
                "a contract checks proofs whose hash is keccak, and this one's is {}: prove with `--hash keccak`",
                self.scheme.hash
            )));
        }
        let Parameters { log_blowup, log_final_poly_len, max_log_arity, num_queries, .. } = self.parameters;
        let Parameters { batch_pow_bits, commit_pow_bits, query_pow_bits, ood_pow_bits, cap_height, .. } =
            self.parameters;
        let parameters = karat_evm::Parameters {
            log_blowup,
            log_final_poly_len,
            max_log_arity,
            num_queries,
            batch_pow_bits,
            commit_pow_bits,
            query_pow_bits,
            ood_pow_bits,
            cap_height,
        };
        let air = self.spec.build(self.log_rows)?;
        Ok(export(&air, &parameters, self.log_rows, None, self.name())?)
    }
}

impl ProofFile {
    /// What its contract checks proofs of.
    pub fn target(&self) -> Target {
        let Self { spec, log_rows, scheme, ref parameters, .. } = *self;
        Target { spec, log_rows, scheme, parameters: parameters.clone() }
    }

    /// What a transaction carries that has the contract verify the proof: the call of `verify(bytes,uint64[])`.
    ///
    /// # Errors
    /// When no contract is made for such proofs, or the proof is of another shape.
    pub fn calldata(&self) -> Result<Vec<u8>, Error> {
        let proof = self.contract_proof()?;
        Ok([&selector("verify(bytes,uint64[])")[..], &arguments(&proof, &self.numbers())].concat())
    }

    /// Has the contract verify the proof, on a chain in this process.
    ///
    /// # Errors
    /// When there is no contract, it does not fit a chain, or it runs out of gas. A proof that is not accepted is none.
    pub fn verify_on_chain(&self) -> Result<Outcome, Error> {
        let mut chain = Evm::new();
        let [verifier] = self.target().compiled([self.target().name()])?;
        let (address, _) = chain.deploy(&verifier, &[])?;
        Ok(chain.verify(address, &self.contract_proof()?, &self.numbers())?)
    }

    /// The proof as its contract takes it.
    pub(crate) fn contract_proof(&self) -> Result<Vec<u8>, Error> {
        match self.scheme.degree {
            Degree::Two => self.encode::<Challenge>(&self.target().contract()?),
            Degree::Three => self.encode::<CubicChallenge>(&self.target().contract()?),
        }
    }

    fn encode<E: evm::Challenge + ChallengeField>(&self, contract: &Contract<E>) -> Result<Vec<u8>, Error> {
        let proof = self.decode::<E, Keccak>()?;
        // The same fields of the same types: only the transcript, a parameter of `Proof`, differs.
        let proof = evm::Proof::<E> {
            commitments: proof.commitments,
            opened_values: proof.opened_values,
            opening_proof: proof.opening_proof,
            degree_bits: proof.degree_bits,
            ood_pow_witness: proof.ood_pow_witness,
        };
        Ok(contract.encode(&proof, &self.public_values)?)
    }

    /// The public values.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.public_values.iter().map(PrimeField64::as_canonical_u64).collect()
    }
}

fn compiled<E: evm::Challenge, const N: usize>(
    contract: &Contract<E>,
    names: [&str; N],
) -> Result<[Compiled; N], Error> {
    let compile = |name: &&str| if contract.name == *name { contract.compile() } else { contract.compile_named(name) };
    let all: Vec<Compiled> = names.iter().map(compile).collect::<Result<_, _>>()?;
    Ok(all.try_into().expect("as many as names"))
}

// One type under two names.
const _: fn(Challenge) -> QuadraticChallenge = |challenge| challenge;
