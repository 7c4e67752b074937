//! The words that a lane reads, as often as it reads them in a cycle.

use karat_hdl_base::memory::Ram;
use rust_hdl::prelude::*;

/// Copies of a bank of 512 words, one for each reader.
#[derive(LogicBlock)]
pub struct Bank<const READERS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Writes a word.
    pub write_enable: Signal<In, Bit>,
    /// Which.
    pub write_address: Signal<In, Bits<9>>,
    /// Its new value.
    pub write_data: Signal<In, Bits<64>>,
    /// Word of every reader.
    pub read_address: [Signal<In, Bits<9>>; READERS],
    /// Its value, a cycle later.
    pub read_data: [Signal<Out, Bits<64>>; READERS],
    copies: [Ram<64, 9>; READERS],
    _readers: usize,
}

impl<const READERS: usize> Default for Bank<READERS> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            read_address: std::array::from_fn(|_| Signal::default()),
            read_data: std::array::from_fn(|_| Signal::default()),
            copies: std::array::from_fn(|_| Ram::default()),
            _readers: READERS,
        }
    }
}

impl<const READERS: usize> Logic for Bank<READERS> {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..self._readers {
            self.copies[i].clock.next = self.clock.val();
            self.copies[i].write_enable.next = self.write_enable.val();
            self.copies[i].write_address.next = self.write_address.val();
            self.copies[i].write_data.next = self.write_data.val();
            self.copies[i].read_address.next = self.read_address[i].val();
            self.read_data[i].next = self.copies[i].read_data.val();
        }
    }
}
