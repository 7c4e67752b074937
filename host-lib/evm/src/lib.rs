//! Ethereum contracts that verify Plonky3 proofs over Goldilocks, made for one AIR and one set of parameters each.
#![doc = include_str!("../README.md")]

mod anvil;
mod compiler;
pub mod config;
mod constraints;
mod contract;
mod cut;
mod decoding;
mod encoding;
mod error;
mod evm;
mod expression;
mod kernel;
mod layout;
mod node;
mod node_error;
mod parameters;
mod periodic;
mod pieces;
mod registry;
mod replay;
mod schedule;
mod shape;
mod source;
mod tape;
mod yul;

pub use anvil::Anvil;
pub use compiler::{Compiled, solc};
pub use contract::{Contract, export};
pub use error::Error;
pub use evm::{Evm, Outcome, arguments, selector};
pub use node::{Log, Node, Receipt};
pub use node_error::NodeError;
pub use parameters::{Parameters, TWO_ADICITY};
pub use registry::{Accepted, Registry};
pub use revm::primitives::{Address, B256};
pub use shape::Shape;
