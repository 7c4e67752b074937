//! From a configuration to Verilog.

use karat_hdl_base::emit::{Error as EmitError, emit as emit_block};
use karat_hdl_control::PROCESSOR;

use crate::config::TINY;
use crate::{Card, Config};

/// Why a configuration has no Verilog.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The hardware description has a mistake.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The processor's package is not the one that is known.
    #[error(transparent)]
    Processor(#[from] karat_hdl_control::caches::Error),
    /// The constants are not those of a configuration of this crate.
    #[error("no card is built for the configuration `{name}` with these constants; known: {known}")]
    Unknown {
        /// Its name.
        name: &'static str,
        /// The names that exist.
        known: String,
    },
}

/// A card's Verilog.
#[derive(Clone, Debug)]
pub struct CardSources {
    /// Name of the top module.
    pub top: String,
    /// All modules but the processor.
    pub verilog: String,
    /// The processor's package variant, for `karat_verilator::packages::vexriscv`: the file to add, as
    /// [`crate::processor_verilog`] makes it.
    pub processor: &'static str,
}

/// A card with the constants of a configuration.
macro_rules! card {
    ($config:ident) => {
        Card::<
            { $config.ntt_log_fifo },
            { $config.hash_sboxes },
            { $config.hash_log_batch - $config.hash_sboxes.ilog2() as usize },
            { $config.hash_log_batch - $config.hash_sboxes.ilog2() as usize + 1 },
            { $config.hash_log_batch },
            { $config.hash_rounds },
            { $config.vector_lanes },
            { $config.log_read_ahead },
            { $config.log_layout },
            { $config.log_write_behind },
        >::new(&$config)
    };
}

/// The Verilog of a configuration's card, module `card_NAME`. It is the same in every run.
pub fn emit(config: &Config) -> Result<CardSources, Error> {
    let top = format!("card_{}", config.name);
    let verilog = if *config == TINY {
        emit_block(&top, || card!(TINY))?
    } else {
        let known = Config::ALL.iter().map(|config| config.name).collect::<Vec<_>>().join(", ");
        return Err(Error::Unknown { name: config.name, known });
    };
    Ok(CardSources { top, verilog, processor: PROCESSOR })
}
