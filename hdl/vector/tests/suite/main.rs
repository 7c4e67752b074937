//! The vector engine's blocks under Verilator, against Plonky3's field.

mod collector;
mod engine;
mod fetch;
mod forms;
mod intake;
mod issue;
mod lanes;
mod loader;
mod rates;
mod reader;
mod replay;
mod support;
mod writer;
