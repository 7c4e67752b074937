//! The registry on a chain: what is submitted to it, and the event that comes of it.

use revm::primitives::{B256, U256, keccak256};

use crate::node::{Log, Node, Receipt};
use crate::{Address, Compiled, Error, NodeError, arguments, selector};

/// The event of the registry's source.
const EVENT: &str = "Accepted(address,address,bytes32,uint256,uint64[])";

/// A registry on a node's chain.
#[derive(Clone, Copy, Debug)]
pub struct Registry<'a> {
    node: &'a Node,
    address: Address,
}

/// An event of a registry: a statement was accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// Who submitted it.
    pub prover: Address,
    /// The contract that accepted it.
    pub verifier: Address,
    /// The hash of contract and public values.
    pub statement: B256,
    /// When: seconds since 1970, of the block.
    pub time: u64,
    /// The public values.
    pub public_values: Vec<u64>,
}

impl<'a> Registry<'a> {
    /// Puts a registry onto the chain. `compiled` is a contract's `compile_named("Registry")`.
    ///
    /// # Errors
    /// When the chain does not take it.
    pub fn deploy(node: &'a Node, compiled: &Compiled, gas: Option<u64>) -> Result<(Self, Vec<Receipt>), Error> {
        let (address, receipts) = node.deploy("the deployment of the registry", compiled, gas)?;
        Ok((Self { node, address }, receipts))
    }

    /// A registry that is on the chain already. `compiled` is as for [`Registry::deploy`].
    ///
    /// # Errors
    /// When there is none at the address.
    pub fn at(node: &'a Node, compiled: &Compiled, address: Address) -> Result<Self, Error> {
        node.expect(compiled, address)?;
        Ok(Self { node, address })
    }

    /// Where it is.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Submits a proof to be verified by the contract `verifier`, and reads back what the registry recorded. `gas` is the
    /// most that it may take; without it the node finds out what it takes.
    ///
    /// # Errors
    /// When the proof is not accepted, or the transaction is undone for want of gas.
    pub fn submit(
        &self,
        verifier: Address,
        proof: &[u8],
        public_values: &[u64],
        gas: Option<u64>,
    ) -> Result<(Accepted, Receipt), Error> {
        let call = Self::call(verifier, proof, public_values);
        let receipt = match self.node.transact("the submission", Some(self.address), &call, gas) {
            Err(NodeError::Refused { data, .. }) if data == selector("Rejected()") => {
                return Err(NodeError::Rejected(verifier).into());
            }
            other => other?,
        };
        let mut own = receipt.logs.iter().filter(|log| log.address == self.address);
        let event = own.find_map(Accepted::read).ok_or(NodeError::NoEvent(receipt.transaction))?;
        Ok((event, receipt))
    }

    /// The call of `submit(address,bytes,uint64[])`.
    pub fn call(verifier: Address, proof: &[u8], public_values: &[u64]) -> Vec<u8> {
        let mut call = selector("submit(address,bytes,uint64[])").to_vec();
        call.extend(verifier.into_word());
        // The offsets of a proof and public values are one word further, because the contract comes first.
        let values = arguments(proof, public_values);
        let (offsets, rest) = values.split_at(64);
        for offset in offsets.chunks(32) {
            call.extend((U256::from_be_slice(offset) + U256::from(32)).to_be_bytes::<32>());
        }
        call.extend(rest);
        call
    }
}

impl Accepted {
    /// The event, if it is one.
    pub fn read(log: &Log) -> Option<Self> {
        let [kind, prover, verifier, statement] = log.topics[..] else { return None };
        if kind != keccak256(EVENT) {
            return None;
        }
        let numbers: Option<Vec<u64>> =
            log.data.chunks(32).map(|word| U256::from_be_slice(word).try_into().ok()).collect();
        let numbers = numbers?;
        // The time, where the public values begin, and how many they are.
        let [time, 64, count, public_values @ ..] = &numbers[..] else { return None };
        if public_values.len() as u64 != *count {
            return None;
        }
        Some(Self {
            prover: Address::from_word(prover),
            verifier: Address::from_word(verifier),
            statement,
            time: *time,
            public_values: public_values.to_vec(),
        })
    }
}
