//! From one client's commands to bursts.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Holds one command and cuts it at 4 KiB boundaries, which a burst of AXI must not cross; so no burst is longer than 64 beats.
#[derive(LogicBlock, Default)]
pub struct Splitter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the command.
    pub reset: Signal<In, Bit>,
    /// Byte address, a multiple of 64.
    pub addr: Signal<In, Bits<64>>,
    /// Beats, not zero.
    pub len: Signal<In, Bits<16>>,
    /// A command is offered.
    pub cmd_valid: Signal<In, Bit>,
    /// It is taken.
    pub cmd_ready: Signal<Out, Bit>,
    /// Byte address of the burst.
    pub burst_addr: Signal<Out, Bits<64>>,
    /// Its beats, 1 to 64.
    pub burst_len: Signal<Out, Bits<7>>,
    /// It is the last of its command.
    pub burst_last: Signal<Out, Bit>,
    /// There is a burst.
    pub burst_valid: Signal<Out, Bit>,
    /// It is taken.
    pub burst_take: Signal<In, Bit>,
    at: Register<Bits<64>>,
    left: Register<Bits<16>>,
    room: Signal<Local, Bits<16>>,
    beats: Signal<Local, Bits<16>>,
    only: Signal<Local, Bit>,
}

impl Logic for Splitter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at, left);
        self.room.next = bits::<16>(64) - bit_cast::<16, 6>(self.at.q.val().get_bits::<6>(6));
        self.only.next = self.left.q.val() <= self.room.val();
        self.beats.next = self.room.val();
        if self.only.val() {
            self.beats.next = self.left.q.val();
        }
        self.burst_addr.next = self.at.q.val();
        self.burst_len.next = bit_cast::<7, 16>(self.beats.val());
        self.burst_last.next = self.only.val();
        self.burst_valid.next = self.left.q.val() != 0;
        self.cmd_ready.next = (self.left.q.val() == 0) || (self.burst_take.val() && self.only.val());
        if self.burst_take.val() {
            self.at.d.next = self.at.q.val() + (bit_cast::<64, 16>(self.beats.val()) << 6);
            self.left.d.next = self.left.q.val() - self.beats.val();
        }
        if self.cmd_valid.val() && ((self.left.q.val() == 0) || (self.burst_take.val() && self.only.val())) {
            self.at.d.next = self.addr.val();
            self.left.d.next = self.len.val();
        }
        if self.reset.val() {
            self.left.d.next = 0.into();
        }
    }
}
