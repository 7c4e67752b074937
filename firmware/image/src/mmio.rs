//! The card's registers at their addresses.

use core::convert::Infallible;
use core::ptr;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{ErrorType, OutputPin};
use karat_abi::Engine;
use karat_abi::registers::{control, firmware};
use karat_firmware::Hardware;
use karat_firmware::board::Board;

use crate::fatal;

/// Cycles of a microsecond, at the fastest clock that the card is built for: slower ones wait longer.
const CYCLES_PER_US: u32 = 250;

/// The processor's address map.
#[derive(Clone, Copy)]
pub struct Mmio;

#[inline(always)]
fn load(address: u32) -> u32 {
    // SAFETY: only called with addresses of registers and mailbox RAM, which are not Rust memory and may all be read.
    unsafe { ptr::read_volatile(address as *const u32) }
}

#[inline(always)]
fn store(address: u32, value: u32) {
    // SAFETY: only called with addresses of registers and mailbox RAM, which are not Rust memory.
    unsafe { ptr::write_volatile(address as *mut u32, value) }
}

/// The address of a mailbox word; the hardware wraps it the same way.
#[inline(always)]
fn mailbox(word: u32) -> u32 {
    firmware::MAILBOX + ((word * 4) & (firmware::MAILBOX_BYTES - 1))
}

#[inline(always)]
fn engine(engine: Engine, offset: u32) -> u32 {
    firmware::ENGINES + engine as u32 * firmware::ENGINE_STRIDE + offset
}

impl Hardware for Mmio {
    #[inline(always)]
    fn control(&mut self, register: u32) -> u32 {
        load(firmware::CONTROL + register)
    }

    #[inline(always)]
    fn set_control(&mut self, register: u32, value: u32) {
        store(firmware::CONTROL + register, value);
    }

    #[inline(always)]
    fn sq_tail(&mut self, queue: u32) -> u32 {
        load(firmware::SQ_TAIL + 4 * queue)
    }

    #[inline(always)]
    fn cq_head(&mut self, queue: u32) -> u32 {
        load(firmware::CQ_HEAD + 4 * queue)
    }

    #[inline(always)]
    fn mailbox(&mut self, word: u32) -> u32 {
        load(mailbox(word))
    }

    #[inline(always)]
    fn set_mailbox(&mut self, word: u32, value: u32) {
        store(mailbox(word), value);
    }

    #[inline(always)]
    fn engine(&mut self, of: Engine, offset: u32) -> u32 {
        load(engine(of, offset))
    }

    #[inline(always)]
    fn set_engine(&mut self, of: Engine, offset: u32, value: u32) {
        store(engine(of, offset), value);
    }

    #[cold]
    fn log(&mut self, text: &[u8]) {
        fatal::log(text);
    }
}

/// One of the board's lights: a bit of `control::LEDS`.
pub struct Led(u32);

/// The board with its lights.
pub fn board() -> Board<Led> {
    Board::new(Led(0), Led(1))
}

impl ErrorType for Led {
    type Error = Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Mmio.set_control(control::LEDS, Mmio.control(control::LEDS) & !(1 << self.0));
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Mmio.set_control(control::LEDS, Mmio.control(control::LEDS) | 1 << self.0);
        Ok(())
    }
}

/// Time by the cycle counter.
pub struct Cycles;

impl DelayNs for Cycles {
    fn delay_ns(&mut self, ns: u32) {
        let mut left = ns;
        while left > 0 {
            let slice = left.min(1_000_000);
            let cycles = slice * CYCLES_PER_US / 1000;
            let start = Mmio.control(control::CYCLE_LO);
            while Mmio.control(control::CYCLE_LO).wrapping_sub(start) <= cycles {}
            left -= slice;
        }
    }
}
