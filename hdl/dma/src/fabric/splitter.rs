//! From one client's commands to bursts.

use karat_hdl_base::register::Register;
use karat_hdl_base::skid::Skid;
use rust_hdl::prelude::*;

/// Holds up to three commands and cuts the oldest at 4 KiB boundaries, which a burst of AXI must not cross; so no burst is longer
/// than 64 beats. `cmd_ready` is a register.
#[derive(LogicBlock, Default)]
pub struct Splitter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the commands.
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
    /// There will be one in the next cycle even if it is taken in this one.
    pub more: Signal<Out, Bit>,
    /// It is taken.
    pub burst_take: Signal<In, Bit>,
    addresses: Skid<64>,
    lengths: Skid<16>,
    holds: Register<Bit>,
    at: Register<Bits<64>>,
    // The end of the command, in beats from the start of the page, which has 64; it is in the page.
    reach: Register<Bits<17>>,
    only: Register<Bit>,
    in_page: Signal<Local, Bits<17>>,
    beats: Signal<Local, Bits<17>>,
    new_in_page: Signal<Local, Bits<17>>,
    new_reach: Signal<Local, Bits<17>>,
    next: Signal<Local, Bit>,
}

impl Logic for Splitter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, holds, at, reach, only);
        clock!(self, clock, addresses, lengths);
        self.addresses.reset.next = self.reset.val();
        self.lengths.reset.next = self.reset.val();
        self.addresses.in_data.next = self.addr.val();
        self.lengths.in_data.next = self.len.val();
        self.addresses.in_valid.next = self.cmd_valid.val();
        self.lengths.in_valid.next = self.cmd_valid.val();
        self.cmd_ready.next = self.addresses.in_ready.val();

        self.in_page.next = bit_cast::<17, 6>(self.at.q.val().get_bits::<6>(6));
        self.beats.next = bits::<17>(64) - self.in_page.val();
        if self.only.q.val() {
            self.beats.next = self.reach.q.val() - self.in_page.val();
        }
        self.burst_addr.next = self.at.q.val();
        self.burst_len.next = bit_cast::<7, 17>(self.beats.val());
        self.burst_last.next = self.only.q.val();
        self.burst_valid.next = self.holds.q.val();
        self.more.next = self.holds.q.val() && (!self.only.q.val() || self.addresses.out_valid.val());
        if self.burst_take.val() {
            // The next page, if the command goes on.
            self.holds.d.next = !self.only.q.val();
            self.at.d.next = (self.at.q.val() | 0xfff) + 1;
            self.reach.d.next = self.reach.q.val() - 64;
            self.only.d.next = self.reach.q.val() <= 128;
        }
        self.new_in_page.next = bit_cast::<17, 6>(self.addresses.out_data.val().get_bits::<6>(6));
        self.new_reach.next = bit_cast::<17, 16>(self.lengths.out_data.val()) + self.new_in_page.val();
        self.next.next = !self.holds.q.val() || (self.burst_take.val() && self.only.q.val());
        self.addresses.out_ready.next = self.next.val();
        self.lengths.out_ready.next = self.next.val();
        if self.next.val() {
            self.holds.d.next = self.addresses.out_valid.val();
            self.at.d.next = self.addresses.out_data.val();
            self.reach.d.next = self.new_reach.val();
            self.only.d.next = self.new_reach.val() <= 64;
        }
        if self.reset.val() {
            self.holds.d.next = false;
        }
    }
}
