//! One card's registers: what boot, reset and diagnosis do with them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use karat_abi::image::log;
use karat_abi::registers::{self, bar0, capabilities2, firmware, status};
use karat_abi::{ABI_HASH, ABI_VERSION};
use parking_lot::Mutex;

use crate::error::Loss;
use crate::{Error, Info, Transport};

/// How long a card may take for what the driver itself waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For its firmware to come up.
    pub boot: Duration,
    /// For transfers under way at a reset to end.
    pub halt: Duration,
    /// For an administrative command.
    pub admin: Duration,
}

impl Default for Timeouts {
    /// Far above what any card takes: 20 s, 5 s and 20 s.
    fn default() -> Self {
        Self { boot: Duration::from_secs(20), halt: Duration::from_secs(5), admin: Duration::from_secs(20) }
    }
}

/// A card behind its transport, shared by its device and its queues.
pub(crate) struct Card {
    pub transport: Arc<dyn Transport>,
    pub timeouts: Timeouts,
    /// Held for accesses through BOOT_ADDRESS and BOOT_DATA, which belong together.
    window: Mutex<()>,
}

impl Card {
    /// The card behind a transport, if it is one and was built from this driver's contract.
    pub fn meet(transport: Arc<dyn Transport>, timeouts: Timeouts) -> Result<Self, Error> {
        let card = Self { transport, timeouts, window: Mutex::new(()) };
        match card.read(bar0::MAGIC) {
            registers::MAGIC => {}
            u32::MAX => return Err(card.lost("reading its magic")),
            magic => return Err(Error::NotACard { name: card.name(), magic }),
        }
        let (version, hash) = (card.read(bar0::ABI_VERSION), card.read64(bar0::ABI_HASH_LO));
        card.alive("reading its contract")?;
        card.handshake("hardware", version, hash)?;
        Ok(card)
    }

    /// The transport's name.
    pub fn name(&self) -> String {
        self.transport.name().to_owned()
    }

    fn read(&self, register: u32) -> u32 {
        self.transport.read32(register)
    }

    fn read64(&self, low: u32) -> u64 {
        u64::from(self.read(low)) | u64::from(self.read(low + 4)) << 32
    }

    /// The error of a card that reads as all ones.
    pub fn lost(&self, doing: &'static str) -> Error {
        Error::CardLost { name: self.name(), loss: Loss::AllOnes { doing } }
    }

    /// Fails if the card is gone: what was read before may have been all ones for that reason.
    fn alive(&self, doing: &'static str) -> Result<(), Error> {
        if self.read(bar0::MAGIC) == u32::MAX { Err(self.lost(doing)) } else { Ok(()) }
    }

    /// Refuses to go on with a part that was built from another contract.
    pub fn handshake(&self, part: &'static str, version: u32, hash: u64) -> Result<(), Error> {
        if (version, hash) == (ABI_VERSION, ABI_HASH) {
            return Ok(());
        }
        let remedy = match part {
            "hardware" => "flash the card with the hardware of this release",
            _ => "use the boot image of this release",
        };
        let (our_version, our_hash) = (ABI_VERSION, ABI_HASH);
        Err(Error::Contract { name: self.name(), part, version, hash, our_version, our_hash, remedy })
    }

    /// What the card can do.
    pub fn info(&self) -> Result<Info, Error> {
        let (capabilities, more) = (self.read(bar0::CAPABILITIES), self.read(bar0::CAPABILITIES2));
        let card_beats = self.read(bar0::CARD_BEATS);
        self.alive("reading its capabilities")?;
        Ok(Info {
            ntt_lanes: capabilities & 0xff,
            hash_multipliers: capabilities >> 8 & 0xff,
            log_buffer: capabilities >> 16 & 0xff,
            log_hash_batch: capabilities >> 24,
            layout_beats: more & 0xffff,
            memory_channels: more >> 16 & 0xf,
            hashes: more >> capabilities2::HASHES & 3,
            vector_lanes: more >> 24,
            card_beats,
        })
    }

    /// Holds processor and engines in reset and waits until nothing of theirs is on the buses. Pinned memory may be given
    /// back after success, and when the card is lost.
    pub fn halt(&self) -> Result<(), Error> {
        self.transport.write32(bar0::CONTROL, 0);
        let start = Instant::now();
        loop {
            match self.read(bar0::CONTROL) {
                u32::MAX => return Err(self.lost("holding it in reset")),
                control if control & (registers::CONTROL_DRAINING | registers::CONTROL_RUN) == 0 => return Ok(()),
                _ if start.elapsed() < self.timeouts.halt => {}
                control => {
                    let seen = format!("CONTROL {control:#x}");
                    let what = "its transfers to end after a reset".to_owned();
                    return Err(Error::Timeout { name: self.name(), what, waited: start.elapsed(), seen });
                }
            }
        }
    }

    /// Puts an image into boot RAM, with the processor held in reset, and reads it back.
    pub fn load(&self, image: &[u8]) -> Result<(), Error> {
        let _window = self.window.lock();
        self.transport.write32(bar0::BOOT_ADDRESS, firmware::BOOT_RAM);
        let words = || image.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        for word in words() {
            self.transport.write32(bar0::BOOT_DATA, word);
        }
        for (i, written) in words().enumerate() {
            let address = firmware::BOOT_RAM + 4 * i as u32;
            let seen = self.peek(address);
            if seen != written {
                self.alive("reading its boot RAM back")?;
                return Err(Error::BootMemory { name: self.name(), address, written, seen });
            }
        }
        // An image of ones alone reads the same from a card that is gone.
        self.alive("loading its boot RAM")
    }

    /// Lets the firmware run on two admin rings of so many entries and waits until it is ready.
    pub fn run(&self, rings: (u64, u64), entries: usize) -> Result<(), Error> {
        let (sq, cq) = rings;
        for (register, value) in [
            (bar0::ADMIN_SQ_LO, sq as u32),
            (bar0::ADMIN_SQ_HI, (sq >> 32) as u32),
            (bar0::ADMIN_CQ_LO, cq as u32),
            (bar0::ADMIN_CQ_HI, (cq >> 32) as u32),
            (bar0::ADMIN_ENTRIES, entries as u32),
            (bar0::CONTROL, registers::CONTROL_RUN),
        ] {
            self.transport.write32(register, value);
        }
        let start = Instant::now();
        loop {
            match self.read(bar0::STATUS) {
                status::READY => break,
                status::RESET | status::BOOTING if start.elapsed() < self.timeouts.boot => {}
                _ => return Err(self.diagnose("the firmware to come up", start.elapsed())),
            }
        }
        let hash = self.read64(bar0::FIRMWARE_HASH_LO);
        self.alive("reading the contract of its firmware")?;
        self.handshake("running firmware", ABI_VERSION, hash)
    }

    /// Fails if waiting is in vain: the card is gone or its firmware stopped.
    pub fn look(&self, waited: Duration) -> Result<(), Error> {
        match self.read(bar0::STATUS) {
            u32::MAX | status::FATAL => Err(self.diagnose("an answer", waited)),
            _ => Ok(()),
        }
    }

    /// Why a wait was in vain.
    pub fn diagnose(&self, what: &str, waited: Duration) -> Error {
        let name = self.name();
        let seen = match self.read(bar0::STATUS) {
            u32::MAX => return self.lost("waiting for an answer"),
            status::FATAL => {
                let cause = match self.read(bar0::FATAL_CODE) {
                    registers::fatal::PANIC => "it panicked in line",
                    registers::fatal::TRAP => "the processor trapped",
                    registers::fatal::IMAGE => "its image in boot RAM is damaged",
                    registers::fatal::CONTRACT => "the hardware was built with another contract",
                    _ => "for an unknown reason",
                };
                let address = self.read(bar0::FATAL_ADDRESS);
                return Error::Fatal { name, cause, address, log: self.log() };
            }
            status::RESET => "the processor in reset or not at its first instruction".to_owned(),
            status::BOOTING => "the firmware booting".to_owned(),
            status::READY => format!("the firmware ready and its log ending with: {}", self.log()),
            other => format!("the unknown state {other:#x}"),
        };
        Error::Timeout { name, what: what.to_owned(), waited, seen }
    }

    /// The text in the log ring, oldest first.
    pub fn log(&self) -> String {
        let base = self.read(bar0::LOG_ADDRESS);
        let fits = base <= firmware::BOOT_RAM_BYTES - log::DATA - log::RING_BYTES;
        if base == 0 || !base.is_multiple_of(4) || !fits {
            return "(no log)".to_owned();
        }
        let _window = self.window.lock();
        let head = self.peek(base + log::HEAD);
        if self.read(bar0::BOOT_ADDRESS) != base + log::HEAD {
            return "(out of reach: the card takes no writes)".to_owned();
        }
        let first = head.saturating_sub(log::RING_BYTES);
        let mut text = Vec::new();
        let (mut word, mut at) = ([0; 4], None);
        for i in first..head {
            let offset = i % log::RING_BYTES;
            if at != Some(offset / 4) {
                at = Some(offset / 4);
                word = self.peek(base + log::DATA + offset / 4 * 4).to_le_bytes();
            }
            text.push(word[(offset % 4) as usize]);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// A word of boot RAM. The window is held.
    fn peek(&self, address: u32) -> u32 {
        self.transport.write32(bar0::BOOT_ADDRESS, address);
        self.read(bar0::BOOT_DATA)
    }
}
