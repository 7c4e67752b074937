//! Proofs on a node's chain: the contract that verifies them, and the registry that records what they prove.

use karat_evm::Registry;
pub use karat_evm::{Accepted, Address, Anvil, Node, NodeError, Receipt};

use crate::onchain::Target;
use crate::{Error, ProofFile};

/// Contracts that are on a chain already, if they are: of an earlier [`Deployment`].
#[derive(Clone, Copy, Default, Debug)]
pub struct Existing {
    /// The contract that verifies.
    pub verifier: Option<Address>,
    /// The registry.
    pub registry: Option<Address>,
}

/// Contracts on a chain, for proofs like the one that they were made for.
#[derive(Debug)]
pub struct Deployment<'a> {
    /// The contract that verifies.
    pub verifier: Address,
    /// The transactions that put it there, and before it its data, if it has no room for that itself. None, if it was there.
    pub verifier_receipts: Vec<Receipt>,
    /// The registry.
    pub registry: Registry<'a>,
    /// The transaction that put it there, if it was not.
    pub registry_receipts: Vec<Receipt>,
}

impl<'a> Deployment<'a> {
    /// Puts the contract for a target's proofs and a registry onto a node's chain, but for those that are there. `gas` is
    /// the most that each transaction may take; without it the node finds out what they take.
    ///
    /// # Errors
    /// When no contract is made for such proofs, the chain does not take it, or another is where it should be.
    pub fn new(node: &'a Node, target: &Target, existing: Existing, gas: Option<u64>) -> Result<Self, Error> {
        let [verifier, registry] = target.compiled([target.name(), "Registry"])?;
        // Before anything is deployed: a mistake costs nothing then.
        let there = existing.registry.map(|address| Registry::at(node, &registry, address)).transpose()?;
        let deployed = match existing.verifier {
            Some(address) => node.expect(&verifier, address).map(|()| (address, Vec::new())),
            None => node.deploy("the deployment of the contract", &verifier, gas),
        };
        let (verifier, verifier_receipts) = deployed.map_err(karat_evm::Error::from)?;
        let (registry, registry_receipts) = match there {
            Some(registry) => (registry, Vec::new()),
            None => Registry::deploy(node, &registry, gas)?,
        };
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
