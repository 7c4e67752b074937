//! The registers of a card, from both sides, and its mailbox RAM.

use karat_abi::Engine;
use karat_abi::engine::ENGINES;
use karat_abi::registers::{QUEUES, bells, capabilities2, control, firmware};

use super::engine::EngineState;

/// What a card says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities {
    /// Beats of card memory.
    pub card_beats: u32,
    /// Lanes of the transform engine.
    pub ntt_lanes: u32,
    /// Multipliers of the hash engine.
    pub hash_multipliers: u32,
    /// log2 of the beats of the transform buffer.
    pub log_transform: u32,
    /// log2 of the rows of a hash batch.
    pub log_batch: u32,
    /// Beats of half the layout buffer.
    pub layout_beats: u32,
    /// Lanes of the vector engine.
    pub vector_lanes: u32,
    /// The hashes that there are, a bit each.
    pub hashes: u32,
}

/// Registers, descriptors and mailbox RAM.
pub struct Registers {
    /// Mailbox RAM, in words of 32 bits.
    pub mailbox: Vec<u32>,
    /// By engine.
    pub engines: [EngineState; ENGINES],
    /// Time, as CYCLE shows it.
    pub cycles: u64,
    pub(super) control: [u32; 0x20],
    pub(super) doorbells: u32,
    pub(super) sq_tail: [u32; QUEUES as usize],
    pub(super) cq_head: [u32; QUEUES as usize],
    pub(super) interrupts: [u64; QUEUES as usize],
    pub(super) log: Vec<u8>,
    /// Writes of the firmware so far: while they stand still, it waits.
    pub(super) writes: u64,
}

impl Registers {
    pub(super) fn new(capabilities: Capabilities) -> Self {
        let Capabilities {
            card_beats,
            ntt_lanes,
            hash_multipliers,
            log_transform,
            log_batch,
            layout_beats,
            vector_lanes,
            hashes,
        } = capabilities;
        let mut control = [0; 0x20];
        control[control::CARD_BEATS as usize / 4] = card_beats;
        control[control::CAPABILITIES as usize / 4] =
            ntt_lanes | hash_multipliers << 8 | log_transform << 16 | log_batch << 24;
        control[control::CAPABILITIES2 as usize / 4] =
            layout_beats | 1 << 16 | hashes << capabilities2::HASHES | vector_lanes << 24;
        Self {
            mailbox: vec![0; firmware::MAILBOX_BYTES as usize / 4],
            engines: Default::default(),
            cycles: 0,
            control,
            doorbells: 0,
            sq_tail: [0; QUEUES as usize],
            cq_head: [0; QUEUES as usize],
            interrupts: [0; QUEUES as usize],
            log: Vec::new(),
            writes: 0,
        }
    }

    /// The state of an engine.
    pub fn engine(&mut self, engine: Engine) -> &mut EngineState {
        &mut self.engines[engine as usize]
    }

    /// Whether an engine has a descriptor.
    pub fn is_busy(&self, engine: Engine) -> bool {
        self.engines[engine as usize].active().is_some()
    }

    /// Queues descriptors that need wait for no engine any more.
    pub(super) fn push_armed(&mut self) {
        let busy = Engine::ALL.iter().filter(|engine| self.is_busy(**engine)).fold(0, |busy, e| busy | 1 << *e as u32);
        for engine in self.engines.iter_mut().filter(|engine| engine.armed() != 0 && engine.armed() & busy == 0) {
            engine.push();
        }
    }

    /// The log's text so far.
    pub fn log_text(&self) -> String {
        String::from_utf8_lossy(&self.log).into_owned()
    }

    pub(super) fn reset(&mut self) {
        self.engines = Default::default();
        for register in [
            control::STATUS,
            control::FATAL_CODE,
            control::FATAL_ADDRESS,
            control::FIRMWARE_HASH_LO,
            control::FIRMWARE_HASH_HI,
            control::LOG_ADDRESS,
            control::MARKER,
            control::LEDS,
        ] {
            self.control[register as usize / 4] = 0;
        }
        self.doorbells = 0;
        self.sq_tail = Default::default();
        self.cq_head = Default::default();
    }

    /// DOORBELLS as the firmware reads it.
    pub(super) fn bells(&self) -> u32 {
        let busy = Engine::ALL.iter().filter(|engine| self.is_busy(**engine)).fold(0, |busy, e| busy | 1 << *e as u32);
        self.doorbells | busy << bells::BUSY_SHIFT | (self.doorbells.trailing_zeros() & 7) << bells::LOWEST_SHIFT
    }
}
