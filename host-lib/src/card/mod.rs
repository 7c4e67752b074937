//! A card, opened for proofs.

pub(crate) mod flight;
mod grind;
mod matrix;
mod operations;
mod reads;
mod session;
pub(crate) mod vector;

#[cfg(feature = "sim")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use karat_abi::BURST_BEATS;
use karat_driver::{Arena, Device};
use parking_lot::Mutex;

use crate::Poseidon2Constants;
pub(crate) use matrix::PANEL_COLUMNS;
pub use matrix::{CardMatrix, CardTree};
pub(crate) use reads::Read;
pub use session::Session;

/// A running card. Clones are the same card.
#[derive(Clone)]
pub struct Card(Arc<Opened>);

struct Opened {
    device: Arc<Device>,
    /// What no session has.
    memory: Arena,
    /// What the card's hashes use now, and the sessions that there are.
    constants: Mutex<Constants>,
    firmware_sha256: [u8; 32],
    /// How long a command of a session may take.
    time_limit: Mutex<Duration>,
    #[cfg(feature = "sim")]
    simulation: Option<Arc<karat_sim::SimTransport>>,
}

/// Round constants, which all sessions of a card share.
#[derive(Default)]
struct Constants {
    loaded: Option<Poseidon2Constants>,
    sessions: usize,
}

/// Why a card could not be opened. Each says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address names no card.
    #[error("`{0}` is not the address of a card; known are: model, sim, sim:NAME, dual, dual:NAME")]
    Address(String),
    /// The card did not come up.
    #[error(transparent)]
    Driver(#[from] karat_driver::Error),
    /// The simulated card could not be made.
    #[cfg(feature = "sim")]
    #[error(transparent)]
    Simulation(#[from] karat_sim::Error),
}

/// How a card is opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// `sim` and `dual` only: decides the start values of registers and memory.
    pub seed: Option<u64>,
    /// `sim` and `dual` only: where to write a waveform.
    #[cfg(feature = "sim")]
    pub fst: Option<PathBuf>,
    /// `sim` and `dual` only: where to write the timeline of engines and stages when the card is closed.
    #[cfg(feature = "sim")]
    pub timeline: Option<PathBuf>,
}

impl Card {
    /// Opens a card by address: `sim` or `sim:NAME`, the card simulated cycle by cycle in this process (`sim` is
    /// `sim:tiny`), whose Verilog is compiled on first use; `model`, the card in software, which gives the same results
    /// hundreds of times faster and counts no cycles; or `dual` or `dual:NAME`, the first and the second at once, where what every
    /// command writes is compared.
    pub fn open(address: &str) -> Result<Self, OpenError> {
        Self::open_with(address, &OpenOptions::default())
    }

    /// Opens a card by address, with options.
    pub fn open_with(address: &str, options: &OpenOptions) -> Result<Self, OpenError> {
        #[cfg(feature = "sim")]
        if address == "model" {
            return Self::model(&karat_sim::model::ModelOptions::default());
        }
        #[cfg(feature = "sim")]
        for (backend, open) in [("sim", Self::simulate as fn(&_) -> _), ("dual", Self::dual)] {
            let Some(config) = configuration(address, backend) else { continue };
            let mut simulation = karat_sim::Options::new(config);
            simulation.seed = options.seed.unwrap_or(simulation.seed);
            simulation.fst = options.fst.clone();
            simulation.timeline = options.timeline.clone();
            return open(&simulation);
        }
        Err(OpenError::Address(address.into()))
    }

    /// Opens a simulated card with everything stated.
    #[cfg(feature = "sim")]
    pub fn simulate(options: &karat_sim::Options) -> Result<Self, OpenError> {
        Self::simulate_with(options, Ok)
    }

    /// Opens a simulated card with everything stated, and the card in software to compare it with.
    #[cfg(feature = "sim")]
    pub fn dual(options: &karat_sim::Options) -> Result<Self, OpenError> {
        let second = karat_sim::model::ModelOptions::default();
        Self::simulate_with(options, |device| Ok(device.compared_with(model(&second)?.0)?))
    }

    #[cfg(feature = "sim")]
    fn simulate_with(
        options: &karat_sim::Options,
        prepare: impl FnOnce(Device) -> Result<Device, OpenError>,
    ) -> Result<Self, OpenError> {
        let image = karat_sim::firmware::image(karat_sim::firmware::Build::Normal)?;
        let transport = Arc::new(karat_sim::SimTransport::open(options)?);
        let device = prepare(Device::open(transport.clone(), &image)?)?;
        let mut card = Self::new(Arc::new(device), &image);
        Arc::get_mut(&mut card.0).expect("it was just made").simulation = Some(transport);
        Ok(card)
    }

    /// Opens the card in software with everything stated.
    #[cfg(feature = "sim")]
    pub fn model(options: &karat_sim::model::ModelOptions) -> Result<Self, OpenError> {
        let (device, image) = model(options)?;
        Ok(Self::new(Arc::new(device), &image))
    }

    /// A card that runs this image.
    pub fn new(device: Arc<Device>, image: &[u8]) -> Self {
        use sha2::Digest;
        let memory = Arena::new(0, device.info().card_beats / BURST_BEATS * BURST_BEATS);
        Self(Arc::new(Opened {
            device,
            memory,
            constants: Mutex::default(),
            firmware_sha256: sha2::Sha256::digest(image).into(),
            time_limit: Mutex::new(flight::TIME_LIMIT),
            #[cfg(feature = "sim")]
            simulation: None,
        }))
    }

    /// How long a command may take before its session gives it up with [`karat_driver::Error::Timeout`], or, if the card does not answer
    /// anything else either, with [`karat_driver::Error::CardLost`]; for sessions that are opened from now on. An hour if nothing is said, as a simulated card takes minutes for what a real one does in milliseconds.
    pub fn set_time_limit(&self, limit: Duration) {
        *self.0.time_limit.lock() = limit;
    }

    /// A session with the largest piece of card memory that no other has.
    ///
    /// # Errors
    /// When there is no memory or no queue left, or the card fails.
    pub fn session(&self) -> Result<Session, OpenError> {
        self.session_of(self.0.memory.largest())
    }

    /// A session with at least `beats` beats of 64 bytes of card memory.
    ///
    /// # Errors
    /// As [`Card::session`].
    pub fn session_of(&self, beats: u32) -> Result<Session, OpenError> {
        Session::new(self, beats)
    }

    /// The addresses of the cards that can be opened here, and a description of each.
    pub fn list() -> Vec<(String, String)> {
        let mut cards = Vec::new();
        #[cfg(feature = "sim")]
        cards.push(("model".into(), "in software: the same results, at the speed of this machine, no cycles".into()));
        #[cfg(feature = "sim")]
        for config in karat_sim::CONFIGS {
            let (lanes, multipliers) = (config.ntt_lanes, 4 * config.hash_sboxes);
            let description = format!("simulated: {lanes} NTT lanes, {multipliers} hash multipliers");
            cards.push((format!("sim:{}", config.name), description));
        }
        #[cfg(feature = "sim")]
        for config in karat_sim::CONFIGS {
            let description = format!("sim:{} and model at once, compared after every command", config.name);
            cards.push((format!("dual:{}", config.name), description));
        }
        cards
    }

    /// The driver's view of the card.
    pub fn device(&self) -> &Arc<Device> {
        &self.0.device
    }

    /// Hash of the boot image that the card runs.
    pub fn firmware_sha256(&self) -> &[u8; 32] {
        &self.0.firmware_sha256
    }

    /// The simulation, if the card is one: for faults and counters.
    #[cfg(feature = "sim")]
    pub fn simulation(&self) -> Option<&karat_sim::SimTransport> {
        self.0.simulation.as_deref()
    }
}

/// The card in software, booted, and its image.
#[cfg(feature = "sim")]
fn model(options: &karat_sim::model::ModelOptions) -> Result<(Device, Vec<u8>), OpenError> {
    use karat_sim::model::ModelTransport;
    let image = ModelTransport::image();
    Ok((Device::open(Arc::new(ModelTransport::open(options)), &image)?, image))
}

/// The configuration that an address `BACKEND` or `BACKEND:NAME` names.
#[cfg(feature = "sim")]
fn configuration<'a>(address: &'a str, backend: &str) -> Option<&'a str> {
    match address.strip_prefix(backend)? {
        "" => Some("tiny"),
        rest => rest.strip_prefix(':'),
    }
}
