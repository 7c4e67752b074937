//! MAILBOX: beats between host memory and the mailbox RAM, which the processor reaches word by word.

use karat_abi::checksum::{INITIAL, ROTATIONS};
use karat_abi::engine::mailbox;
use karat_hdl_base::memory::Ram;
use karat_hdl_base::register::{EnabledRegister, Register};
use rust_hdl::prelude::*;

use crate::descriptors::Descriptors;

/// The engine and its RAM of 128 beats. Its descriptors are `karat_abi::engine::mailbox`.
///
/// Entries and lists are small, so the RAM is 64 bits wide and a beat takes eight cycles; each beat written to the host is its
/// own burst, so that it holds nobody up. The processor's accesses come first.
#[derive(LogicBlock)]
pub struct Mailbox {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous, active high.
    pub reset: Signal<In, Bit>,
    /// Register port.
    pub reg_write: Signal<In, Bit>,
    /// Register port.
    pub reg_addr: Signal<In, Bits<6>>,
    /// Register port.
    pub reg_wdata: Signal<In, Bits<32>>,
    /// Register port.
    pub reg_rdata: Signal<Out, Bits<32>>,
    /// A descriptor is in work.
    pub busy: Signal<Out, Bit>,
    /// Processor: word of 32 bits.
    pub mem_addr: Signal<In, Bits<11>>,
    /// Processor: its new value.
    pub mem_wdata: Signal<In, Bits<32>>,
    /// Processor: write it.
    pub mem_write: Signal<In, Bit>,
    /// Processor: its value, a cycle after `mem_addr`.
    pub mem_rdata: Signal<Out, Bits<32>>,
    /// Read port: byte address.
    pub rd_addr: Signal<Out, Bits<64>>,
    /// Read port.
    pub rd_len: Signal<Out, Bits<16>>,
    /// Read port.
    pub rd_cmd_valid: Signal<Out, Bit>,
    /// Read port.
    pub rd_cmd_ready: Signal<In, Bit>,
    /// Read port.
    pub rd_data: [Signal<In, Bits<64>>; 8],
    /// Read port.
    pub rd_valid: Signal<In, Bit>,
    /// Read port.
    pub rd_ready: Signal<Out, Bit>,
    /// Write port: byte address.
    pub wr_addr: Signal<Out, Bits<64>>,
    /// Write port.
    pub wr_len: Signal<Out, Bits<16>>,
    /// Write port.
    pub wr_cmd_valid: Signal<Out, Bit>,
    /// Write port.
    pub wr_cmd_ready: Signal<In, Bit>,
    /// Write port.
    pub wr_data: [Signal<Out, Bits<64>>; 8],
    /// Write port.
    pub wr_strb: Signal<Out, Bits<8>>,
    /// Write port.
    pub wr_valid: Signal<Out, Bit>,
    /// Write port.
    pub wr_ready: Signal<In, Bit>,
    /// Write port.
    pub wr_done: Signal<In, Bit>,
    /// An error of either port.
    pub bus_error: Signal<In, Bit>,
    descriptors: Descriptors<{ mailbox::WORDS }>,
    // Low and high halves; a copy for each reader.
    low: Ram<32, 10>,
    high: Ram<32, 10>,
    processor_low: Ram<32, 10>,
    processor_high: Ram<32, 10>,
    processor_half: Register<Bit>,
    loaded: Register<Bit>,
    // The command of the read, or of the beat on offer, is still to send.
    command: Register<Bit>,
    // Beats still to be moved or acknowledged.
    beats: Register<Bits<7>>,
    address: Register<Bits<64>>,
    // The next word of RAM, and the beat on its way: words still to shift.
    at: Register<Bits<10>>,
    shift: [EnabledRegister<Bits<64>>; 8],
    words: Register<Bits<4>>,
    // Writing: a word was read in the cycle before; the beat is complete; beats still to read from RAM.
    reading: Register<Bit>,
    full: Register<Bit>,
    unread: Register<Bits<7>>,
    // The checksum of the words of an entry that went into RAM.
    sum: Register<Bits<32>>,
    to_host: Signal<Local, Bit>,
    store: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    complete: Signal<Local, Bit>,
    state: Signal<Local, Bits<32>>,
    plus_low: Signal<Local, Bits<32>>,
    mixed_low: Signal<Local, Bits<32>>,
    plus_high: Signal<Local, Bits<32>>,
    nothing: Constant<Bits<32>>,
}

const _: () = assert!(ROTATIONS[0] == 11 && ROTATIONS[1] == 19 && mailbox::CHECK == 1 << 9);

impl Default for Mailbox {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            reg_write: Default::default(),
            reg_addr: Default::default(),
            reg_wdata: Default::default(),
            reg_rdata: Default::default(),
            busy: Default::default(),
            mem_addr: Default::default(),
            mem_wdata: Default::default(),
            mem_write: Default::default(),
            mem_rdata: Default::default(),
            rd_addr: Default::default(),
            rd_len: Default::default(),
            rd_cmd_valid: Default::default(),
            rd_cmd_ready: Default::default(),
            rd_data: Default::default(),
            rd_valid: Default::default(),
            rd_ready: Default::default(),
            wr_addr: Default::default(),
            wr_len: Default::default(),
            wr_cmd_valid: Default::default(),
            wr_cmd_ready: Default::default(),
            wr_data: Default::default(),
            wr_strb: Default::default(),
            wr_valid: Default::default(),
            wr_ready: Default::default(),
            wr_done: Default::default(),
            bus_error: Default::default(),
            descriptors: Default::default(),
            low: Default::default(),
            high: Default::default(),
            processor_low: Default::default(),
            processor_high: Default::default(),
            processor_half: Default::default(),
            loaded: Default::default(),
            command: Default::default(),
            beats: Default::default(),
            address: Default::default(),
            at: Default::default(),
            shift: Default::default(),
            words: Default::default(),
            reading: Default::default(),
            full: Default::default(),
            unread: Default::default(),
            sum: Default::default(),
            to_host: Default::default(),
            store: Default::default(),
            take: Default::default(),
            complete: Default::default(),
            state: Default::default(),
            plus_low: Default::default(),
            mixed_low: Default::default(),
            plus_high: Default::default(),
            nothing: Constant::new(u64::from(INITIAL).to_bits()),
        }
    }
}

impl Logic for Mailbox {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, processor_half, loaded, command, beats, address, at, words, reading, full, unread, sum);
        clock!(self, clock, descriptors, low, high, processor_low, processor_high);
        self.descriptors.reset.next = self.reset.val();
        self.descriptors.reg_write.next = self.reg_write.val();
        self.descriptors.reg_addr.next = self.reg_addr.val();
        self.descriptors.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata.next = self.descriptors.reg_rdata.val();
        self.busy.next = self.descriptors.busy.val();
        self.descriptors.bus_error.next = self.bus_error.val();
        self.to_host.next = self.descriptors.words[4].val().get_bit(8);

        // A word of RAM is two steps of the checksum.
        self.state.next = self.sum.q.val();
        if self.words.q.val() == 8 {
            self.state.next = self.nothing.val();
        }
        self.plus_low.next = self.state.val() + self.shift[0].q.val().get_bits::<32>(0);
        self.mixed_low.next = self.plus_low.val()
            ^ ((self.plus_low.val() << 11) | (self.plus_low.val() >> 21))
            ^ ((self.plus_low.val() << 19) | (self.plus_low.val() >> 13));
        self.plus_high.next = self.mixed_low.val() + self.shift[0].q.val().get_bits::<32>(32);
        // RAM: the processor writes half a word, the engine whole words when the processor does not write.
        self.store.next =
            (self.words.q.val() != 0) && self.loaded.q.val() && !self.to_host.val() && !self.mem_write.val();
        if self.store.val() {
            self.sum.d.next = self.plus_high.val()
                ^ ((self.plus_high.val() << 11) | (self.plus_high.val() >> 21))
                ^ ((self.plus_high.val() << 19) | (self.plus_high.val() >> 13));
        }
        self.low.write_enable.next = self.store.val();
        self.high.write_enable.next = self.store.val();
        self.low.write_address.next = self.at.q.val();
        self.low.write_data.next = self.shift[0].q.val().get_bits::<32>(0);
        self.high.write_data.next = self.shift[0].q.val().get_bits::<32>(32);
        if self.descriptors.words[4].val().get_bit(9) && (self.words.q.val() == 1) {
            self.high.write_data.next = self.shift[0].q.val().get_bits::<32>(32) ^ self.mixed_low.val();
        }
        if self.mem_write.val() {
            self.low.write_enable.next = !self.mem_addr.val().get_bit(0);
            self.high.write_enable.next = self.mem_addr.val().get_bit(0);
            self.low.write_address.next = self.mem_addr.val().get_bits::<10>(1);
            self.low.write_data.next = self.mem_wdata.val();
            self.high.write_data.next = self.mem_wdata.val();
        }
        self.high.write_address.next = self.low.write_address.val();
        self.low.read_address.next = self.at.q.val();
        self.high.read_address.next = self.at.q.val();
        self.processor_low.write_enable.next = self.low.write_enable.val();
        self.processor_low.write_address.next = self.low.write_address.val();
        self.processor_low.write_data.next = self.low.write_data.val();
        self.processor_low.read_address.next = self.mem_addr.val().get_bits::<10>(1);
        self.processor_high.write_enable.next = self.high.write_enable.val();
        self.processor_high.write_address.next = self.low.write_address.val();
        self.processor_high.write_data.next = self.high.write_data.val();
        self.processor_high.read_address.next = self.mem_addr.val().get_bits::<10>(1);
        self.processor_half.d.next = self.mem_addr.val().get_bit(0);
        self.mem_rdata.next = self.processor_low.read_data.val();
        if self.processor_half.q.val() {
            self.mem_rdata.next = self.processor_high.read_data.val();
        }

        // Commands: one for a read; one a beat for a write, once the beat is complete.
        self.rd_addr.next = self.address.q.val();
        self.rd_len.next = bit_cast::<16, 7>(self.beats.q.val());
        self.rd_cmd_valid.next = self.command.q.val() && !self.to_host.val();
        self.wr_addr.next = self.address.q.val();
        self.wr_len.next = 1.into();
        self.wr_cmd_valid.next = self.command.q.val() && self.to_host.val();
        if self.to_host.val() {
            if self.command.q.val() && self.wr_cmd_ready.val() {
                self.command.d.next = false;
                self.address.d.next = self.address.q.val() + 64;
            }
        } else if self.rd_cmd_ready.val() {
            self.command.d.next = false;
        }

        // From the host: a beat is taken when the one before has gone into RAM.
        self.rd_ready.next = (self.words.q.val() == 0) || (self.store.val() && (self.words.q.val() == 1));
        if self.store.val() {
            self.at.d.next = self.at.q.val() + 1;
            self.words.d.next = self.words.q.val() - 1;
            if self.words.q.val() == 1 {
                self.beats.d.next = self.beats.q.val() - 1;
            }
        }
        self.take.next =
            self.rd_valid.val() && ((self.words.q.val() == 0) || (self.store.val() && (self.words.q.val() == 1)));
        if self.take.val() {
            self.words.d.next = 8.into();
        }

        // To the host: eight words are read while the beat before is not on offer any more. A word that the processor
        // writes while it is read is the processor's mistake.
        self.wr_valid.next = self.full.q.val();
        self.wr_strb.next = self.descriptors.words[4].val().get_bits::<8>(0);
        for i in 0..8 {
            self.wr_data[i].next = self.shift[i].q.val();
        }
        self.reading.d.next = false;
        if self.loaded.q.val() && self.to_host.val() {
            if self.full.q.val() {
                if self.wr_ready.val() {
                    self.full.d.next = false;
                    self.unread.d.next = self.unread.q.val() - 1;
                }
            } else {
                if (self.unread.q.val() != 0) && (self.words.q.val() != 8) {
                    self.reading.d.next = true;
                    self.at.d.next = self.at.q.val() + 1;
                    self.words.d.next = self.words.q.val() + 1;
                }
                if self.reading.q.val() && (self.words.q.val() == 8) {
                    self.full.d.next = true;
                    self.command.d.next = true;
                    self.words.d.next = 0.into();
                }
            }
            if self.wr_done.val() {
                self.beats.d.next = self.beats.q.val() - 1;
            }
        }

        // Word 0 of the beat leaves at the front on its way into RAM; words from RAM enter at the back.
        for i in 0..7 {
            self.shift[i].d.next = self.shift[i + 1].q.val();
        }
        self.shift[7].d.next =
            (bit_cast::<64, 32>(self.high.read_data.val()) << 32) | bit_cast::<64, 32>(self.low.read_data.val());
        for i in 0..8 {
            self.shift[i].clock.next = self.clock.val();
            self.shift[i].enable.next = self.take.val() || self.store.val() || self.reading.q.val();
            if self.take.val() {
                self.shift[i].d.next = self.rd_data[i].val();
            }
        }

        self.complete.next = self.loaded.q.val() && (self.beats.q.val() == 0);
        self.descriptors.advance.next = self.complete.val();
        self.descriptors.complete.next = self.complete.val();
        if self.complete.val() {
            self.loaded.d.next = false;
        }
        if self.descriptors.active.val() && !self.loaded.q.val() {
            self.loaded.d.next = true;
            self.command.d.next = !self.to_host.val();
            self.beats.d.next = self.descriptors.words[3].val().get_bits::<7>(0);
            self.unread.d.next = self.descriptors.words[3].val().get_bits::<7>(0);
            self.address.d.next = (bit_cast::<64, 32>(self.descriptors.words[1].val()) << 32)
                | (bit_cast::<64, 26>(self.descriptors.words[0].val().get_bits::<26>(6)) << 6);
            self.at.d.next = bit_cast::<10, 7>(self.descriptors.words[2].val().get_bits::<7>(0)) << 3;
        }
        self.descriptors.work.next =
            (self.full.q.val() && self.wr_ready.val()) || (self.store.val() && (self.words.q.val() == 1));
        self.descriptors.starved.next = self.loaded.q.val() && !self.to_host.val() && (self.words.q.val() == 0);
        self.descriptors.stalled.next = self.full.q.val() && !self.wr_ready.val();
        if self.reset.val() {
            self.loaded.d.next = false;
            self.command.d.next = false;
            self.words.d.next = 0.into();
            self.reading.d.next = false;
            self.full.d.next = false;
        }
    }
}
