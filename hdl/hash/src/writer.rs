//! From digests in order of rows to nodes in card memory.

use karat_hdl_base::fifo::FifoControl;
use karat_hdl_base::memory::Ram;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// What the writer does.
#[derive(Copy, Clone, PartialEq, Eq, Debug, LogicState)]
enum Phase {
    Idle,
    Command,
    Data,
}

/// Buffers 2^D digests and writes them as nodes, two a beat where they are neighbours: one write command for each batch.
#[derive(LogicBlock, Default)]
pub struct Writer<const D: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Drops everything.
    pub reset: Signal<In, Bit>,
    /// Digests will come.
    pub job_valid: Signal<In, Bit>,
    /// They are noted.
    pub job_ready: Signal<Out, Bit>,
    /// Node of the first.
    pub job_node: Signal<In, Bits<32>>,
    /// How many, not zero.
    pub job_rows: Signal<In, Bits<16>>,
    /// They go to every second node.
    pub job_spread: Signal<In, Bit>,
    /// A digest comes; only as many as there is room for.
    pub digest_valid: Signal<In, Bit>,
    /// Its words.
    pub digest: [Signal<In, Bits<64>>; 4],
    /// No digest is buffered.
    pub drained: Signal<Out, Bit>,
    /// Every digest noted is acknowledged by the memory.
    pub idle: Signal<Out, Bit>,
    /// Write port, see `hdl/README.md`.
    pub wr_addr: Signal<Out, Bits<32>>,
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
    phase: Register<Phase>,
    noted: Register<Bit>,
    noted_node: Register<Bits<32>>,
    noted_rows: Register<Bits<16>>,
    noted_spread: Register<Bit>,
    node: Register<Bits<32>>,
    left: Register<Bits<16>>,
    // `left` is not zero.
    more: Register<Bit>,
    spread: Register<Bit>,
    beats: Signal<Local, Bits<17>>,
    take: Signal<Local, Bit>,
    // The beat in the making, then at the port.
    words: [Register<Bits<64>>; 8],
    strobe: Register<Bits<8>>,
    valid: Register<Bit>,
    // Its low half is made, and its high half will be.
    paired: Register<Bit>,
    unacknowledged: Register<Bits<16>>,
    issued: Signal<Local, Bit>,
    // A digest that comes, on its way to RAM.
    arrived: Register<Bit>,
    arrival: [Register<Bits<64>>; 4],
    control: FifoControl<D>,
    store: [Ram<64, D>; 4],
}

impl<const D: usize> Logic for Writer<D> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            phase,
            noted,
            noted_node,
            noted_rows,
            noted_spread,
            node,
            left,
            more,
            spread,
            strobe,
            valid,
            paired,
            unacknowledged,
            arrived
        );
        self.arrived.d.next = self.digest_valid.val();
        self.take.next = (self.phase.q.val() == Phase::Data)
            && self.control.out_valid.val()
            && self.more.q.val()
            && (!self.valid.q.val() || self.wr_ready.val());
        self.control.clock.next = self.clock.val();
        self.control.reset.next = self.reset.val();
        self.control.in_valid.next = self.arrived.q.val();
        self.control.out_ready.next = self.take.val();
        for i in 0..4 {
            self.arrival[i].clock.next = self.clock.val();
            self.arrival[i].d.next = self.digest[i].val();
            self.store[i].clock.next = self.clock.val();
            self.store[i].write_enable.next = self.control.write_enable.val();
            self.store[i].write_address.next = self.control.write_address.val();
            self.store[i].write_data.next = self.arrival[i].q.val();
            self.store[i].read_address.next = self.control.read_address.val();
        }
        for i in 0..8 {
            self.words[i].clock.next = self.clock.val();
            self.words[i].d.next = self.words[i].q.val();
            self.wr_data[i].next = self.words[i].q.val();
        }
        self.drained.next = (self.control.count.val() == 0) && !self.arrived.q.val();
        self.idle.next =
            (self.phase.q.val() == Phase::Idle) && !self.noted.q.val() && (self.unacknowledged.q.val() == 0);
        self.job_ready.next = !self.noted.q.val();
        if self.job_valid.val() && !self.noted.q.val() {
            self.noted.d.next = true;
            self.noted_node.d.next = self.job_node.val();
            self.noted_rows.d.next = self.job_rows.val();
            self.noted_spread.d.next = self.job_spread.val();
        }

        // Node n is half n mod 2 of beat n / 2.
        self.beats.next =
            (bit_cast::<17, 16>(self.left.q.val()) + bit_cast::<17, 1>(self.node.q.val().get_bits::<1>(0)) + 1) >> 1;
        self.wr_addr.next = self.node.q.val() >> 1;
        self.wr_len.next = self.beats.val().get_bits::<16>(0);
        if self.spread.q.val() {
            self.wr_len.next = self.left.q.val();
        }
        self.wr_cmd_valid.next = self.phase.q.val() == Phase::Command;
        self.wr_strb.next = self.strobe.q.val();
        self.wr_valid.next = self.valid.q.val();
        if self.wr_ready.val() {
            self.valid.d.next = false;
        }
        if self.take.val() {
            if self.node.q.val().get_bit(0) {
                for i in 0..4 {
                    self.words[i + 4].d.next = self.store[i].read_data.val();
                }
                self.strobe.d.next = 0xf0.into();
                if self.paired.q.val() {
                    self.strobe.d.next = 0xff.into();
                }
            } else {
                for i in 0..4 {
                    self.words[i].d.next = self.store[i].read_data.val();
                }
                self.strobe.d.next = 0x0f.into();
            }
            self.valid.d.next = self.node.q.val().get_bit(0) || self.spread.q.val() || (self.left.q.val() == 1);
            self.paired.d.next = !(self.node.q.val().get_bit(0) || self.spread.q.val() || (self.left.q.val() == 1));
            self.left.d.next = self.left.q.val() - 1;
            self.more.d.next = self.left.q.val() != 1;
            self.node.d.next = self.node.q.val() + 1;
            if self.spread.q.val() {
                self.node.d.next = self.node.q.val() + 2;
            }
        }
        self.issued.next = (self.phase.q.val() == Phase::Command) && self.wr_cmd_ready.val();
        if self.issued.val() && !self.wr_done.val() {
            self.unacknowledged.d.next = self.unacknowledged.q.val() + 1;
        }
        if !self.issued.val() && self.wr_done.val() {
            self.unacknowledged.d.next = self.unacknowledged.q.val() - 1;
        }
        match self.phase.q.val() {
            Phase::Idle => {
                if self.noted.q.val() {
                    self.noted.d.next = false;
                    self.node.d.next = self.noted_node.q.val();
                    self.left.d.next = self.noted_rows.q.val();
                    self.more.d.next = true;
                    self.spread.d.next = self.noted_spread.q.val();
                    self.phase.d.next = Phase::Command;
                }
            }
            Phase::Command => {
                self.paired.d.next = false;
                if self.wr_cmd_ready.val() {
                    self.phase.d.next = Phase::Data;
                }
            }
            _ => {
                // Phase::Data
                if !self.more.q.val() && (!self.valid.q.val() || self.wr_ready.val()) {
                    self.phase.d.next = Phase::Idle;
                }
            }
        }
        if self.reset.val() {
            self.phase.d.next = Phase::Idle;
            self.noted.d.next = false;
            self.arrived.d.next = false;
            self.valid.d.next = false;
            self.unacknowledged.d.next = 0.into();
        }
    }
}
