//! The card as the jobs use it: registers, engines, mailbox, and what the configuration can do.

use karat_abi::engine::Engine;
use karat_abi::registers::{capabilities2, control, engine as registers};
use karat_abi::{HashFunction, Status};

use crate::command::Failure;
use crate::hardware::{Engines, Hardware};
use crate::mailbox::{self, Direction, List, Mailbox, Purpose};
use crate::stages::Stages;
use crate::transform::Banks;

/// What the configuration says about itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capabilities {
    /// Size of card memory.
    pub(crate) card_beats: u32,
    /// log2 of the beats of the transform buffer.
    pub(crate) log_transform: u32,
    /// log2 of the rows whose sponge states the hash engine holds.
    pub(crate) log_batch: u32,
    /// Beats of half the layout buffer.
    pub(crate) layout_beats: u32,
    /// Lanes of the vector engine.
    pub(crate) vector_lanes: u32,
    /// The hashes that there are, a bit each.
    pub(crate) hashes: u32,
}

pub(crate) struct Card<H> {
    pub(crate) hardware: H,
    pub(crate) engines: Engines,
    pub(crate) mailbox: Mailbox,
    pub(crate) capabilities: Capabilities,
    /// The banks of twiddle sets.
    pub(crate) banks: Banks,
    /// How often round constants were loaded.
    pub(crate) constants: u32,
    /// The hash engine takes no search, as it holds the sponges of a tree, or round constants are being loaded. A tree keeps it
    /// until its last descriptor, so that it waits for no more of a search than what it finds there.
    pub(crate) hash_held: bool,
    /// Commands completed, for the counters.
    pub(crate) completed: u64,
    pub(crate) stages: Stages,
}

impl<H: Hardware> Card<H> {
    pub(crate) fn new(mut hardware: H) -> Self {
        let [one, two] = [control::CAPABILITIES, control::CAPABILITIES2].map(|register| hardware.control(register));
        let capabilities = Capabilities {
            card_beats: hardware.control(control::CARD_BEATS),
            // Less than four beats would leave no digit for a second pass.
            log_transform: (one >> 16 & 0xff).clamp(2, 16),
            log_batch: one >> 24 & 31,
            layout_beats: two & 0xffff,
            vector_lanes: two >> 24,
            hashes: two >> capabilities2::HASHES & 3,
        };
        let engines = Engines::new(&mut hardware);
        let banks = Banks::new(engines.last(Engine::Ntt));
        Self {
            hardware,
            engines,
            mailbox: Mailbox::new(),
            capabilities,
            banks,
            constants: 0,
            hash_held: false,
            completed: 0,
            stages: Stages::new(),
        }
    }

    #[inline]
    pub(crate) fn room(&mut self, engine: Engine) -> bool {
        self.engines.room(&mut self.hardware, engine)
    }

    /// Starts to read beats of host memory into mailbox RAM, if the mailbox engine has room.
    #[inline]
    pub(crate) fn fetch(&mut self, host: u64, beat: u32, beats: u32, purpose: Purpose) -> bool {
        let room = self.mailbox.room();
        if room {
            self.transfer(host, beat, beats, Direction::Read, purpose);
        }
        room
    }

    /// Starts a transfer between host memory and mailbox RAM. The mailbox engine must have room.
    #[inline]
    pub(crate) fn transfer(&mut self, host: u64, beat: u32, beats: u32, direction: Direction, purpose: Purpose) {
        self.mailbox.start(&mut self.hardware, &mut self.engines, host, beat, beats, direction, purpose);
    }

    /// Whether what a command needs to hash with is there.
    pub(crate) fn can_hash(&self, hash: HashFunction) -> Result<(), Failure> {
        if hash == HashFunction::Poseidon2 && self.constants == 0 {
            return Err(Failure::new(Status::NoConstants, 0u32));
        }
        if self.capabilities.hashes >> hash as u32 & 1 == 0 {
            return Err(Failure::new(Status::NoHash, hash as u32));
        }
        Ok(())
    }

    /// Writes an entry of the hash engine's table.
    pub(crate) fn fill_hash(&mut self, index: u32, value: u64) {
        for (register, word) in [
            (registers::TABLE_INDEX, index),
            (registers::TABLE_START_LO, value as u32),
            (registers::TABLE_START_HI, (value >> 32) as u32),
            (registers::TABLE_FILL, 1),
        ] {
            self.hardware.set_engine(Engine::Hash, register, word);
        }
    }

    /// Rows that the layout engines gather for bursts, as log2, for rows of so many words.
    pub(crate) fn log_group(&self, width: u32) -> u32 {
        /// log2 of the longest burst.
        const MOST: u32 = karat_abi::BURST_BEATS.trailing_zeros();
        let tiles = width.div_ceil(karat_abi::TILE_COLUMNS);
        let mut log = 0;
        while log < MOST && tiles << (log + 1) <= self.capabilities.layout_beats {
            log += 1;
        }
        log
    }
}

/// A contiguous list in host memory on its way into mailbox RAM.
#[derive(Default)]
pub(crate) struct ListFetch {
    host: u64,
    beat: u32,
    beats: u32,
    flying: u32,
    failed: bool,
}

impl ListFetch {
    /// `bytes` bytes at `host` to mailbox RAM from `beat` on.
    pub(crate) fn new(host: u64, bytes: u32, beat: u32) -> Self {
        Self { host, beat, beats: bytes.div_ceil(karat_abi::BEAT_BYTES), flying: 0, failed: false }
    }

    /// Goes on; true when everything is there.
    #[inline(never)]
    pub(crate) fn step<H: Hardware>(&mut self, card: &mut Card<H>, list: List) -> bool {
        while self.beats > 0 {
            let beats = self.beats.min(mailbox::beats_to_boundary(self.host));
            if !card.fetch(self.host, self.beat, beats, Purpose::List(list)) {
                return false;
            }
            self.flying += 1;
            self.host += u64::from(beats * karat_abi::BEAT_BYTES);
            self.beat += beats;
            self.beats -= beats;
        }
        self.flying == 0
    }

    /// A transfer of it is done, with or without an error of the bus.
    pub(crate) fn arrived(&mut self, failed: bool) {
        self.flying -= 1;
        self.failed |= failed;
    }

    /// Lets the fetch come to an end as if it had failed.
    pub(crate) fn give_up(&mut self) {
        self.beats = 0;
        self.failed = true;
    }

    /// Whether everything that was asked for has arrived.
    pub(crate) fn is_over(&self) -> bool {
        self.flying == 0
    }

    /// Whether a bus error came up.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }
}
