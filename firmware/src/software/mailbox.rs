//! The mailbox engine, which is the same whatever the other engines are.

use karat_abi::Engine;
use karat_abi::engine::mailbox;

use super::{Registers, Words};

/// Host memory, a 64-bit word at a time. Addresses are bus addresses, multiples of 8.
pub trait HostBus {
    /// The word at an address; none if the bus answers with an error.
    fn read(&mut self, address: u64) -> Option<u64>;
    /// Writes a word; false if the bus answers with an error.
    fn write(&mut self, address: u64, value: u64) -> bool;
}

/// What a read that failed brings.
pub const ERROR_WORD: u64 = 0xdead_dead_dead_dead;

/// Executes a mailbox descriptor.
pub fn transfer(registers: &mut Registers, host: &mut impl HostBus, words: &Words) {
    let address = u64::from(words[mailbox::HOST_LO]) | u64::from(words[mailbox::HOST_HI]) << 32;
    let (slot, beats, direction) = (words[mailbox::SLOT], words[mailbox::BEATS], words[mailbox::DIRECTION]);
    assert!(address.is_multiple_of(64) && (1..=64).contains(&beats), "mailbox {address:#x}, {beats} beats");
    assert_eq!(address / 4096, (address + u64::from(beats) * 64 - 1) / 4096, "mailbox transfer crosses a page");
    let mut good = true;
    for beat in 0..beats {
        let place = ((slot + beat) * 16) as usize;
        for word in 0..8 {
            let at = address + u64::from(beat * 64 + word * 8);
            let place = place + 2 * word as usize;
            if direction & mailbox::WRITE == 0 {
                let value = host.read(at);
                good &= value.is_some();
                let value = value.unwrap_or(ERROR_WORD);
                registers.mailbox[place] = value as u32;
                registers.mailbox[place + 1] = (value >> 32) as u32;
            } else if direction >> word & 1 == 1 {
                let [low, high] = [0, 1].map(|half| u64::from(registers.mailbox[place + half]));
                good &= host.write(at, low | high << 32);
            }
        }
        if direction & (mailbox::WRITE | mailbox::CHECK) == mailbox::CHECK {
            registers.mailbox[place + 15] ^= karat_abi::checksum(&registers.mailbox[place..place + 15]);
        }
    }
    let state = registers.engine(Engine::Mailbox);
    state.error |= !good;
    state.work += u64::from(beats);
}
