//! What can go wrong with a chain's node, and what to do about it.

use crate::{Address, B256};

/// An error of a node, or of a transaction that it was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// Nothing answers.
    #[error(
        "no Ethereum node answers at {url}: {reason}; name the address of one that listens, such as \
         http://127.0.0.1:8545, or none to have `anvil` started"
    )]
    Unreachable {
        /// The address.
        url: String,
        /// What happened instead.
        reason: String,
    },
    /// Something answers, but not as a node would.
    #[error(
        "what answers at {url} is no Ethereum node: to {method} it says {answer:?}; name the address of a node's JSON-RPC"
    )]
    Answer {
        /// The address.
        url: String,
        /// What it was asked.
        method: String,
        /// What it said.
        answer: String,
    },
    /// The node refuses a request.
    #[error("the node refuses {method}: {message}")]
    Refused {
        /// The request.
        method: String,
        /// Why.
        message: String,
        /// What the contract that was called returned, if it was one that refused.
        data: Vec<u8>,
    },
    /// There is no account whose transactions the node would sign.
    #[error(
        "the node at {0} has no unlocked account to send transactions from: unlock one there, or start one that has \
         some (`anvil`, `geth --dev`)"
    )]
    NoAccount(String),
    /// A limit of gas below what the transaction's bytes alone cost: no block could have it.
    #[error(
        "{what} cannot have a limit of {limit} gas: its bytes alone cost {least}; set no limit to have the node find out"
    )]
    TooLittleGas {
        /// What it was to do.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// What its bytes cost.
        least: u64,
    },
    /// A contract that is not where it should be.
    #[error(
        "what is at {address} on the node's chain is not the contract `{name}`, but {found}: name the address that it \
         was deployed at, or none to have it deployed"
    )]
    NotThere {
        /// The contract.
        name: String,
        /// Where it should be.
        address: Address,
        /// What is there.
        found: &'static str,
    },
    /// A transaction that nobody mined.
    #[error(
        "{transaction}, {what}, is not in a block after {seconds} seconds: it may be yet; see that the node mines blocks"
    )]
    Pending {
        /// What it was to do.
        what: &'static str,
        /// Its hash.
        transaction: B256,
        /// For how long it was waited for.
        seconds: u64,
    },
    /// A transaction that was undone.
    #[error(
        "{transaction}, {what}, was undone, and used {used} of its {limit} gas: it ran out of gas, or its contract \
         refused; without a limit of gas the node finds out which, and how much it takes"
    )]
    Undone {
        /// What it was to do.
        what: &'static str,
        /// Its hash.
        transaction: B256,
        /// Gas that it used.
        used: u64,
        /// The most that it could have.
        limit: u64,
    },
    /// The registry was not given a valid proof.
    #[error(
        "the registry does not record it: the contract at {0} does not accept the proof; it takes proofs of its own AIR, \
         parameters, number of rows and public values, unaltered"
    )]
    Rejected(Address),
    /// The registry's transaction succeeded, and yet recorded something else.
    #[error("{0} has no event of what was submitted: the contract that was called is no registry")]
    NoEvent(B256),
    /// There is no `anvil` for this machine.
    #[error("there is no `anvil` for {0}: start a node, and name its address")]
    Platform(String),
    /// `anvil` ended.
    #[error("`anvil` did not start: {0}")]
    Anvil(String),
}
