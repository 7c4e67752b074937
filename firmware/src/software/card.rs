//! The card as the firmware sees it.

use karat_abi::engine::Engine;
use karat_abi::registers::control;

use super::{Engines, Registers};
use crate::Hardware;

/// Registers with engines behind them.
pub struct SoftwareCard<E> {
    /// What firmware and host read and write.
    pub registers: Registers,
    /// The engines and their memories.
    pub engines: E,
}

impl<E: Engines> SoftwareCard<E> {
    /// A card in reset.
    pub fn new(engines: E) -> Self {
        Self { registers: Registers::new(engines.capabilities()), engines }
    }

    /// Puts engines and registers back to their state after reset. Memories keep what they hold.
    pub(super) fn reset(&mut self) {
        self.registers.reset();
        self.engines.reset();
    }

    /// Lets every engine do a little.
    pub fn tick(&mut self) {
        for engine in &mut self.registers.engines {
            engine.filling = engine.filling.saturating_sub(1);
        }
        self.registers.push_armed();
        self.engines.tick(&mut self.registers);
    }
}

impl<E: Engines> Hardware for SoftwareCard<E> {
    fn control(&mut self, register: u32) -> u32 {
        match register {
            control::DOORBELLS => self.registers.bells(),
            control::CYCLE_LO => self.registers.cycles as u32,
            control::CYCLE_HI => (self.registers.cycles >> 32) as u32,
            _ => self.registers.control[register as usize / 4],
        }
    }

    fn set_control(&mut self, register: u32, value: u32) {
        self.registers.writes += 1;
        match register {
            control::DOORBELLS => self.registers.doorbells &= !value,
            control::INTERRUPT => self.registers.interrupts[value as usize] += 1,
            _ => self.registers.control[register as usize / 4] = value,
        }
    }

    fn sq_tail(&mut self, queue: u32) -> u32 {
        self.registers.sq_tail[queue as usize]
    }

    fn cq_head(&mut self, queue: u32) -> u32 {
        self.registers.cq_head[queue as usize]
    }

    fn mailbox(&mut self, word: u32) -> u32 {
        self.registers.mailbox[word as usize]
    }

    fn set_mailbox(&mut self, word: u32, value: u32) {
        self.registers.writes += 1;
        self.registers.mailbox[word as usize] = value;
    }

    fn engine(&mut self, engine: Engine, offset: u32) -> u32 {
        self.registers.engine(engine).read(offset)
    }

    fn set_engine(&mut self, engine: Engine, offset: u32, value: u32) {
        self.registers.writes += 1;
        if let Some(fill) = self.registers.engine(engine).write(offset, value) {
            let ticks = self.engines.fill(engine, fill, &self.registers);
            self.registers.engine(engine).filling = ticks;
        }
    }

    fn log(&mut self, text: &[u8]) {
        self.registers.log.extend_from_slice(text);
    }
}
