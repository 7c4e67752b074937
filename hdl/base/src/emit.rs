//! From a block to its Verilog.

use std::any::Any;
use std::thread;

use rust_hdl::core::check_error::CheckError;
use rust_hdl::prelude::*;

use crate::modules;

/// Why a block has no Verilog.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Signals that nothing drives; the names start at the block.
    #[error("{top}: nothing drives {}", signals.join(", "))]
    Undriven {
        /// The block.
        top: String,
        /// Paths of the signals.
        signals: Vec<String>,
    },
    /// Signals that depend on themselves in one cycle.
    #[error("{top}: combinational loop through {}", signals.join(", "))]
    Loop {
        /// The block.
        top: String,
        /// Paths of the signals.
        signals: Vec<String>,
    },
    /// Inputs that their own block writes.
    #[error("{top}: a block writes its own input {}", signals.join(", "))]
    WritesInput {
        /// The block.
        top: String,
        /// Paths of the signals.
        signals: Vec<String>,
    },
    /// The block could not be built or translated.
    #[error("{top}: {message}; the usual causes are an index outside an array and a width that does not fit")]
    Panicked {
        /// The block.
        top: String,
        /// What the panic said.
        message: String,
    },
    /// The emitted text does not have the form that merging expects.
    #[error("{top}: {message}")]
    Malformed {
        /// The block.
        top: String,
        /// Where and what.
        message: String,
    },
    /// The operating system gave no thread.
    #[error("starting the thread that builds {top}")]
    Thread {
        /// The block.
        top: String,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
}

/// Blocks hold their sub-blocks by value, so that a card is a value of many megabytes that `Default` builds on the stack.
/// Untouched pages cost nothing.
const STACK: usize = 1 << 30;

/// The Verilog of the block that `build` returns, as module `name` and its sub-modules.
///
/// Equal modules are merged, see [`Error`] for what is checked. The text is the same for every run.
pub fn emit<T: Block>(name: &str, build: impl FnOnce() -> T + Send) -> Result<String, Error> {
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name(format!("emit {name}"))
            .stack_size(STACK)
            .spawn_scoped(scope, || emit_here(name, build))
            .map_err(|source| Error::Thread { top: name.into(), source })?;
        worker.join().unwrap_or_else(|panic| Err(Error::Panicked { top: name.into(), message: panic_text(&*panic) }))
    })
}

fn emit_here<T: Block>(name: &str, build: impl FnOnce() -> T) -> Result<String, Error> {
    let mut block = build();
    block.connect_all();
    check_all(&block).map_err(|error| check_error(name, error))?;
    let mut modules = ModuleDefines::default();
    block.accept(name, &mut modules);
    modules::merge(name, &modules.defines()).map_err(|message| Error::Malformed { top: name.into(), message })
}

fn check_error(top: &str, error: CheckError) -> Error {
    let top = top.to_owned();
    let list = |names: Vec<rust_hdl::core::check_error::PathedName>| {
        let mut names: Vec<String> =
            names.into_iter().map(|signal| format!("{}.{}", signal.path, signal.name)).collect();
        names.sort();
        names
    };
    match error {
        CheckError::OpenSignal(open) => Error::Undriven { top, signals: list(open.into_values().collect()) },
        CheckError::LogicLoops(signals) => Error::Loop { top, signals: list(signals) },
        CheckError::WritesToInputs(signals) => Error::WritesInput { top, signals: list(signals) },
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()))
        .unwrap_or_else(|| "building it panicked".into())
}
