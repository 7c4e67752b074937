//! A whole card as the host sees it, with the firmware running inside.

use karat_abi::image::{Header, IMAGE_MAGIC};
use karat_abi::registers::{
    self, CONTROL_RUN, DOORBELL, DOORBELL_STRIDE, MAGIC, QUEUES, bar0, control, fatal, firmware, status,
};
use karat_abi::{ABI_HASH, ABI_VERSION, Engine};

use super::{Engines, Registers, SoftwareCard};
use crate::{Firmware, Hardware};

/// Where the log ring stands in boot RAM.
const LOG: u32 = firmware::BOOT_RAM_BYTES - 4096;

enum Processor<E> {
    Held(Box<SoftwareCard<E>>),
    Running(Box<Firmware<SoftwareCard<E>>>),
    /// Between two states, for the length of a statement.
    Moving,
}

/// A card with BAR0 and interrupts. The image in boot RAM is checked as the real firmware checks itself, but what runs
/// is the library.
pub struct Machine<E> {
    processor: Processor<E>,
    boot: Vec<u32>,
    boot_address: u32,
    scratch: u32,
}

/// The smallest image that is accepted: a header for `code`, with this contract.
pub fn image(code: &[u32]) -> Vec<u32> {
    let header = Header {
        magic: IMAGE_MAGIC,
        abi_version: ABI_VERSION,
        abi_hash: ABI_HASH,
        len: (size_of::<Header>() + code.len() * 4) as u32,
        checksum: karat_abi::checksum(code),
        reserved: [0; 2],
    };
    let words: [u32; 8] = bytemuck::cast(header);
    [&words, code].concat()
}

impl<E: Engines> Machine<E> {
    /// A card that is held in reset.
    pub fn new(engines: E) -> Self {
        Self {
            processor: Processor::Held(Box::new(SoftwareCard::new(engines))),
            boot: vec![0; firmware::BOOT_RAM_BYTES as usize / 4],
            boot_address: 0,
            scratch: 0,
        }
    }

    /// The engines and memories.
    pub fn engines(&self) -> &E {
        &self.card().engines
    }

    /// The engines and memories.
    pub fn engines_mut(&mut self) -> &mut E {
        &mut self.card_mut().engines
    }

    /// Registers and mailbox.
    pub fn registers(&self) -> &Registers {
        &self.card().registers
    }

    /// The card as the firmware sees it.
    fn card(&self) -> &SoftwareCard<E> {
        match &self.processor {
            Processor::Held(card) => card,
            Processor::Running(firmware) => firmware.hardware(),
            Processor::Moving => unreachable!(),
        }
    }

    /// The card as the firmware sees it.
    pub fn card_mut(&mut self) -> &mut SoftwareCard<E> {
        match &mut self.processor {
            Processor::Held(card) => card,
            Processor::Running(firmware) => firmware.hardware_mut(),
            Processor::Moving => unreachable!(),
        }
    }

    /// Polls the firmware once and lets every engine do a little. False if nothing was under way, as far as can be seen: every
    /// engine is idle and the firmware wrote nothing.
    pub fn step(&mut self) -> bool {
        let Processor::Running(firmware) = &mut self.processor else { return false };
        let before = firmware.hardware().registers.writes;
        firmware.poll();
        let card = firmware.hardware_mut();
        let moved = card.registers.writes != before || Engine::ALL.iter().any(|engine| card.registers.is_busy(*engine));
        card.tick();
        moved
    }

    /// Whether the interrupt of a vector was sent since the last call.
    pub fn take_interrupt(&mut self, vector: u32) -> bool {
        core::mem::take(&mut self.card_mut().registers.interrupts[vector as usize]) != 0
    }

    /// Reads a register of BAR0.
    pub fn read32(&mut self, offset: u32) -> u32 {
        let boot_word = self.boot_address as usize / 4 % self.boot.len();
        let boot = self.boot_word(boot_word);
        let (scratch, boot_address) = (self.scratch, self.boot_address);
        let running = matches!(self.processor, Processor::Running(_));
        let card = self.card_mut();
        let shown = match offset {
            bar0::STATUS => control::STATUS,
            bar0::CAPABILITIES => control::CAPABILITIES,
            bar0::CAPABILITIES2 => control::CAPABILITIES2,
            bar0::FATAL_CODE => control::FATAL_CODE,
            bar0::FATAL_ADDRESS => control::FATAL_ADDRESS,
            bar0::FIRMWARE_HASH_LO => control::FIRMWARE_HASH_LO,
            bar0::FIRMWARE_HASH_HI => control::FIRMWARE_HASH_HI,
            bar0::CARD_BEATS => control::CARD_BEATS,
            bar0::LOG_ADDRESS => control::LOG_ADDRESS,
            bar0::CYCLE_LO => control::CYCLE_LO,
            bar0::CYCLE_HI => control::CYCLE_HI,
            bar0::ADMIN_SQ_LO..=bar0::ADMIN_ENTRIES => offset - bar0::ADMIN_SQ_LO + control::ADMIN_SQ_LO,
            bar0::MAGIC => return MAGIC,
            bar0::ABI_VERSION => return ABI_VERSION,
            bar0::ABI_HASH_LO => return ABI_HASH as u32,
            bar0::ABI_HASH_HI => return (ABI_HASH >> 32) as u32,
            bar0::CONTROL => return if running || card.control(control::STATUS) != 0 { CONTROL_RUN } else { 0 },
            bar0::SCRATCH => return scratch,
            bar0::BOOT_ADDRESS => return boot_address,
            bar0::BOOT_DATA => return boot,
            _ => return 0,
        };
        card.control(shown)
    }

    /// Writes a register of BAR0.
    pub fn write32(&mut self, offset: u32, value: u32) {
        match offset {
            bar0::CONTROL if value & CONTROL_RUN != 0 => self.boot(),
            bar0::CONTROL => self.hold(),
            bar0::SCRATCH => self.scratch = value,
            bar0::BOOT_ADDRESS => self.boot_address = value,
            bar0::BOOT_DATA => {
                let word = self.boot_address as usize / 4 % self.boot.len();
                self.boot[word] = value;
                self.boot_address += 4;
            }
            bar0::ADMIN_SQ_LO..=bar0::ADMIN_ENTRIES => {
                let register = offset - bar0::ADMIN_SQ_LO + control::ADMIN_SQ_LO;
                self.card_mut().registers.control[register as usize / 4] = value;
            }
            DOORBELL..registers::BAR0_BYTES => {
                let queue = (offset - DOORBELL) / DOORBELL_STRIDE;
                if queue < QUEUES && matches!(self.processor, Processor::Running(_)) {
                    let registers = &mut self.card_mut().registers;
                    let positions = if offset & 4 == 0 { &mut registers.sq_tail } else { &mut registers.cq_head };
                    positions[queue as usize] = value;
                    registers.doorbells |= 1 << queue;
                }
            }
            _ => (),
        }
    }

    fn boot_word(&self, word: usize) -> u32 {
        let log = self.card().registers.log.as_slice();
        let at = word as u32 * 4;
        match at.checked_sub(LOG) {
            Some(0) => log.len() as u32,
            Some(offset) => {
                // The ring that `image::log` describes, made from the whole text.
                let ring = karat_abi::image::log::RING_BYTES as usize;
                let byte = |i: usize| {
                    let turns = (log.len().saturating_sub(i + 1)) / ring;
                    log.get(turns * ring + i).copied().unwrap_or(0)
                };
                let first = offset as usize - 4;
                if first >= ring { self.boot[word] } else { u32::from_le_bytes([0, 1, 2, 3].map(|i| byte(first + i))) }
            }
            None => self.boot[word],
        }
    }

    fn boot(&mut self) {
        if let Processor::Running(_) = self.processor {
            return;
        }
        let Processor::Held(mut card) = core::mem::replace(&mut self.processor, Processor::Moving) else {
            unreachable!()
        };
        let header: Header = bytemuck::pod_read_unaligned(bytemuck::cast_slice(&self.boot[..8]));
        let words = (header.len as usize / 4).clamp(8, self.boot.len());
        card.set_control(control::LOG_ADDRESS, LOG);
        if header.magic != IMAGE_MAGIC || karat_abi::checksum(&self.boot[8..words]) != header.checksum {
            card.set_control(control::FATAL_CODE, fatal::IMAGE);
            card.set_control(control::STATUS, status::FATAL);
            self.processor = Processor::Held(card);
            return;
        }
        let mut firmware = Firmware::new(*card);
        firmware.announce();
        firmware.hardware_mut().set_control(control::FIRMWARE_HASH_LO, header.abi_hash as u32);
        firmware.hardware_mut().set_control(control::FIRMWARE_HASH_HI, (header.abi_hash >> 32) as u32);
        self.processor = Processor::Running(Box::new(firmware));
    }

    fn hold(&mut self) {
        let mut card = match core::mem::replace(&mut self.processor, Processor::Moving) {
            Processor::Held(card) => card,
            Processor::Running(firmware) => Box::new(firmware.into_hardware()),
            Processor::Moving => unreachable!(),
        };
        card.reset();
        self.processor = Processor::Held(card);
    }
}
