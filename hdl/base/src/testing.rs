//! Verilator models of blocks, for block tests.

pub mod engine;
pub mod memory;

use karat_verilator::{Design, Model, Source};
use rust_hdl::prelude::Block;

use crate::emit::emit;

/// Why a block has no model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It has no Verilog.
    #[error(transparent)]
    Emit(#[from] crate::emit::Error),
    /// Verilator or the C++ compiler did not make a model of it.
    #[error(transparent)]
    Verilator(#[from] karat_verilator::Error),
}

/// Warnings that rust-hdl's way of writing Verilog always gives: literals of 32 bits, and casts by masking.
const EXPECTED: [&str; 2] = ["-Wno-WIDTH", "-Wno-DECLFILENAME"];

/// The design of a block, with top module `name`; clock input `clock`.
pub fn design<T: Block>(name: &str, build: impl FnOnce() -> T + Send) -> Result<Design, Error> {
    let mut design = Design::new(name, [Source::new(format!("{name}.v"), emit(name, build)?)]);
    design.args = EXPECTED.map(String::from).to_vec();
    Ok(design)
}

/// The model of a block: [`design`], built or loaded from the cache.
pub fn simulate<T: Block>(name: &str, build: impl FnOnce() -> T + Send) -> Result<Model, Error> {
    Ok(design(name, build)?.build()?)
}

/// The same design with the synthesis form of every leaf, for tests that the two are equal.
pub fn synthesis_form(mut design: Design) -> Design {
    design.sources.insert(0, Source::new("synthesis_form.v", "`undef VERILATOR\n"));
    design
}
