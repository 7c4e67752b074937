//! Ethereum contracts that verify Plonky3 proofs over Goldilocks, made for one AIR and one set of parameters each.
#![doc = include_str!("../README.md")]

mod compiler;
pub mod config;
mod contract;
mod dag;
mod encoding;
mod error;
mod evm;
mod layout;
mod parameters;
mod replay;
mod shape;
mod source;
mod tape;
mod yul;

pub use compiler::Compiled;
pub use contract::{Contract, export};
pub use error::Error;
pub use evm::{Evm, Outcome, arguments, selector};
pub use parameters::{Parameters, TWO_ADICITY};
pub use shape::Shape;
