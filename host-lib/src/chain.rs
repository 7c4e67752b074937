//! Proofs on a node's chain: the contract that verifies them, and the registry that records what they prove.

pub use karat_evm::{Accepted, Anvil, Node, NodeError, Receipt};
use karat_evm::{Address, Registry};

use crate::onchain::Target;
use crate::{Error, ProofFile};

/// Contracts on a chain, for proofs like the one that they were made for.
#[derive(Debug)]
pub struct Deployment<'a> {
    /// The contract that verifies.
    pub verifier: Address,
    /// The transactions that put it there, and before it its data, if it has no room for that itself.
    pub verifier_receipts: Vec<Receipt>,
    /// The registry.
    pub registry: Registry<'a>,
    /// The transaction that put it there.
    pub registry_receipts: Vec<Receipt>,
}

impl<'a> Deployment<'a> {
    /// Puts the contract for a target's proofs and a registry onto a node's chain. `gas` is the most that each
    /// transaction may take; without it the node finds out what they take.
    ///
    /// # Errors
    /// When no contract is made for such proofs, or the chain does not take it.
    pub fn new(node: &'a Node, target: &Target, gas: Option<u64>) -> Result<Self, Error> {
        let [verifier, registry] = target.compiled([target.name(), "Registry"])?;
        let deployed = node.deploy("the deployment of the contract", &verifier, gas).map_err(karat_evm::Error::from)?;
        let (verifier, verifier_receipts) = deployed;
        let (registry, registry_receipts) = Registry::deploy(node, &registry, gas)?;
        Ok(Self { verifier, verifier_receipts, registry, registry_receipts })
    }

    /// Submits a proof through the registry, and reads the event that it is recorded with.
    ///
    /// # Errors
    /// When the contract does not accept it, or the transaction is undone for want of gas.
    pub fn submit(&self, file: &ProofFile, gas: Option<u64>) -> Result<(Accepted, Receipt), Error> {
        Ok(self.registry.submit(self.verifier, &file.contract_proof()?, &file.numbers(), gas)?)
    }
}
