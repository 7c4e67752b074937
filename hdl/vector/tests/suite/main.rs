//! The vector engine's blocks under Verilator, against Plonky3's field.

mod collector;
mod fetch;
mod intake;
mod issue;
mod lanes;
mod loader;
mod reader;
mod replay;
mod writer;
