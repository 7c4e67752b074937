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
    holds: Register<Bit>,
    at: Register<Bits<64>>,
    left: Register<Bits<16>>,
    in_page: Signal<Local, Bits<17>>,
    reach: Signal<Local, Bits<17>>,
    beats: Signal<Local, Bits<17>>,
    only: Signal<Local, Bit>,
}

impl Logic for Splitter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, holds, at, left);
        // The command counted from the start of the page, which has 64 beats.
        self.in_page.next = bit_cast::<17, 6>(self.at.q.val().get_bits::<6>(6));
        self.reach.next = bit_cast::<17, 16>(self.left.q.val()) + self.in_page.val();
        self.only.next = self.reach.val() <= 64;
        self.beats.next = bits::<17>(64) - self.in_page.val();
        if self.only.val() {
            self.beats.next = bit_cast::<17, 16>(self.left.q.val());
        }
        self.burst_addr.next = self.at.q.val();
        self.burst_len.next = bit_cast::<7, 17>(self.beats.val());
        self.burst_last.next = self.only.val();
        self.burst_valid.next = self.holds.q.val();
        self.cmd_ready.next = !self.holds.q.val() || (self.burst_take.val() && self.only.val());
        if self.burst_take.val() {
            // The next page, if the command goes on.
            self.holds.d.next = !self.only.val();
            self.at.d.next = (self.at.q.val() | 0xfff) + 1;
            self.left.d.next = bit_cast::<16, 17>(self.reach.val() - 64);
        }
        if self.cmd_valid.val() && (!self.holds.q.val() || (self.burst_take.val() && self.only.val())) {
            self.holds.d.next = true;
            self.at.d.next = self.addr.val();
            self.left.d.next = self.len.val();
        }
        if self.reset.val() {
            self.holds.d.next = false;
        }
    }
}
