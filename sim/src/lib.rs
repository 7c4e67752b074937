//! The whole card in this process, cycle-accurate: emitted Verilog under Verilator, the firmware on its processor, and
//! models of the two things outside the card, host memory behind PCIe and card memory.
//!
//! Everything is made on first use and cached; see `karat_verilator` for the models and [`firmware`] for the image.

#![deny(unsafe_code)]

mod error;
pub mod firmware;
// The only place with `unsafe`: it vouches for the memory that it hands out.
#[allow(unsafe_code)]
mod host;
mod machine;
pub mod model;
mod timeline;
mod toolchain;
mod transport;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use karat_hdl::{CardSources, Config};
use karat_verilator::{Design, Model, Source};
use parking_lot::Mutex;

pub use error::Error;
pub use karat_ports::{Fault, PortCounters, Timing, Way};
pub use transport::{CardPort, SimCounters, SimTransport};

/// The configurations that can be simulated.
pub const CONFIGS: &[&Config] = Config::ALL;

/// How a card is simulated.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration of the hardware, such as `tiny`.
    pub config: String,
    /// Decides the start values of registers and memory, jitter and back-pressure.
    pub seed: u64,
    /// Host memory behind PCIe.
    pub host: Timing,
    /// Card memory.
    pub card: Timing,
    /// Size of card memory in beats of 64 bytes.
    pub card_beats: u64,
    /// Host memory is given to the card in pieces of at most this size, a multiple of 64.
    pub piece_bytes: usize,
    /// Where to write a waveform. A model with waveforms is built separately and is several times slower.
    pub fst: Option<PathBuf>,
    /// Where to write the timeline of engines and stages, when the card is closed.
    pub timeline: Option<PathBuf>,
}

impl Options {
    /// The defaults, which every published figure uses: seed 1, [`Timing::HOST`], [`Timing::CARD`], pieces of 2 MiB.
    pub fn new(config: &str) -> Self {
        Self {
            config: config.into(),
            seed: 1,
            host: Timing::HOST,
            card: Timing::CARD,
            card_beats: karat_hdl::CARD_BEATS,
            piece_bytes: 2 << 20,
            fst: None,
            timeline: None,
        }
    }
}

/// The model of a configuration, built on first use.
pub fn model(config: &str, trace: bool) -> Result<Model, Error> {
    let Some(config) = Config::by_name(config) else {
        let known = Config::ALL.iter().map(|config| config.name).collect::<Vec<_>>().join(", ");
        return Err(Error::UnknownConfig { name: config.into(), known });
    };
    /// Emission takes seconds and gives the same every time: once a process is enough.
    static EMITTED: Mutex<BTreeMap<&str, Arc<CardSources>>> = Mutex::new(BTreeMap::new());
    let sources = {
        let mut emitted = EMITTED.lock();
        match emitted.get(config.name) {
            Some(sources) => sources.clone(),
            None => {
                let sources = Arc::new(karat_hdl::emit(config)?);
                emitted.insert(config.name, sources.clone());
                sources
            }
        }
    };
    let mut files = vec![Source::new(format!("{}.v", sources.top), sources.verilog.as_str())];
    let vexriscv = karat_verilator::packages::vexriscv(sources.processor)?;
    let packaged = Source::read(&vexriscv)?;
    let processor = karat_hdl::processor_verilog(&packaged.text).map_err(karat_hdl::Error::from)?;
    files.push(Source::new(packaged.name, processor));
    let mut design = Design::new(sources.top.as_str(), files);
    design.trace = trace;
    Ok(design.build()?)
}
