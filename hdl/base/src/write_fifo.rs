//! Beats and commands of a write port.

use rust_hdl::prelude::*;

use crate::fifo::BeatFifo;
use crate::register::Register;

/// A FIFO of 2^A beats in front of a write port. A command is offered only when all of its beats are there, so that they never keep
/// the port waiting; beats go when a command covers them.
///
/// Commands that follow each other are of one length: when the length changes, there is no command for a cycle at least.
#[derive(LogicBlock, Default)]
pub struct WriteFifo<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Beat.
    pub beat: [Signal<In, Bits<64>>; 8],
    /// There is one, for which there is a place.
    pub beat_valid: Signal<In, Bit>,
    /// A command.
    pub command_valid: Signal<In, Bit>,
    /// It is taken.
    pub command_ready: Signal<Out, Bit>,
    /// Its first beat.
    pub address: Signal<In, Bits<32>>,
    /// Its beats, not zero, at most 2^A.
    pub length: Signal<In, Bits<16>>,
    /// A beat leaves.
    pub freed: Signal<Out, Bit>,
    /// Commands are not acknowledged.
    pub busy: Signal<Out, Bit>,
    /// Write port.
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
    pub wr_valid: Signal<Out, Bit>,
    /// Write port.
    pub wr_ready: Signal<In, Bit>,
    /// Write port.
    pub wr_done: Signal<In, Bit>,
    fifo: BeatFifo<A>,
    // Beats in the FIFO that no command covers, and beats that commands cover.
    uncovered: Register<Bits<16>>,
    covered: Register<Bits<16>>,
    outstanding: Register<Bits<16>>,
    // The next command has all of its beats; the beat shown is covered. Either may be known a cycle late.
    enough: Register<Bit>,
    is_covered: Register<Bit>,
    fits: Signal<Local, Bit>,
    accepted: Signal<Local, Bit>,
    pop: Signal<Local, Bit>,
    gain: Signal<Local, Bits<16>>,
    cost: Signal<Local, Bits<16>>,
    needed: Signal<Local, Bits<16>>,
    sent: Signal<Local, Bits<16>>,
}

impl<const A: usize> Logic for WriteFifo<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, uncovered, covered, outstanding, enough, is_covered);
        self.fifo.clock.next = self.clock.val();
        self.fifo.reset.next = self.reset.val();
        self.fifo.in_valid.next = self.beat_valid.val();
        for i in 0..8 {
            self.fifo.in_data[i].next = self.beat[i].val();
            self.wr_data[i].next = self.fifo.out_data[i].val();
        }

        self.fits.next = self.command_valid.val() && self.enough.q.val();
        self.wr_addr.next = self.address.val();
        self.wr_len.next = self.length.val();
        self.wr_cmd_valid.next = self.fits.val();
        self.accepted.next = self.fits.val() && self.wr_cmd_ready.val();
        self.command_ready.next = self.accepted.val();

        self.wr_valid.next = self.fifo.out_valid.val() && self.is_covered.q.val();
        self.pop.next = self.fifo.out_valid.val() && self.is_covered.q.val() && self.wr_ready.val();
        self.fifo.out_ready.next = self.is_covered.q.val() && self.wr_ready.val();
        self.is_covered.d.next = self.covered.q.val() != 0;
        if self.pop.val() {
            self.is_covered.d.next = self.covered.q.val() > 1;
        }
        self.freed.next = self.pop.val();

        self.gain.next = 0.into();
        if self.beat_valid.val() {
            self.gain.next = 1.into();
        }
        self.cost.next = 0.into();
        self.needed.next = self.length.val();
        if self.accepted.val() {
            self.cost.next = self.length.val();
            self.needed.next = self.length.val() << 1;
        }
        // Of the count before this change of it, without the beat that comes.
        self.enough.d.next = self.uncovered.q.val() >= self.needed.val();
        self.sent.next = 0.into();
        if self.pop.val() {
            self.sent.next = 1.into();
        }
        self.uncovered.d.next = self.uncovered.q.val() + self.gain.val() - self.cost.val();
        self.covered.d.next = self.covered.q.val() + self.cost.val() - self.sent.val();
        if self.accepted.val() && !self.wr_done.val() {
            self.outstanding.d.next = self.outstanding.q.val() + 1;
        } else if !self.accepted.val() && self.wr_done.val() {
            self.outstanding.d.next = self.outstanding.q.val() - 1;
        }
        self.busy.next = self.outstanding.q.val() != 0;
        if self.reset.val() {
            self.uncovered.d.next = 0.into();
            self.covered.d.next = 0.into();
            self.outstanding.d.next = 0.into();
            self.enough.d.next = false;
            self.is_covered.d.next = false;
        }
    }
}
