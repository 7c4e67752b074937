//! The write half of a fabric.

use std::array;

use karat_hdl_base::register::{KeptRegister, Register};
use karat_hdl_base::skid::Skid;
use rust_hdl::prelude::*;

use super::{Acknowledge, Arbiter, Splitter, Strobe};

/// N write clients on the channels AW, W and B of one AXI4 master; see [`super`]. W is 8 N: word `j` of client `i` is
/// `data[8 i + j]`.
#[derive(LogicBlock)]
pub struct WriteFabric<const N: usize, const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets all commands.
    pub reset: Signal<In, Bit>,
    /// Byte address of a client's command, a multiple of 64.
    pub addr: [Signal<In, Bits<64>>; N],
    /// Its beats, not zero.
    pub len: [Signal<In, Bits<16>>; N],
    /// The client offers a command.
    pub cmd_valid: [Signal<In, Bit>; N],
    /// It is taken.
    pub cmd_ready: [Signal<Out, Bit>; N],
    /// A client's beat.
    pub data: [Signal<In, Bits<64>>; W],
    /// Words of it to write.
    pub strb: [Signal<In, Bits<8>>; N],
    /// The client offers a beat.
    pub valid: [Signal<In, Bit>; N],
    /// It is taken.
    pub ready: [Signal<Out, Bit>; N],
    /// Memory has acknowledged all beats of the client's oldest command.
    pub done: [Signal<Out, Bit>; N],
    /// A burst of the client was answered with an error.
    pub bus_error: [Signal<Out, Bit>; N],
    /// AXI4: the client.
    pub awid: Signal<Out, Bits<4>>,
    /// AXI4: byte address.
    pub awaddr: Signal<Out, Bits<64>>,
    /// AXI4: beats - 1.
    pub awlen: Signal<Out, Bits<8>>,
    /// AXI4: 6, 64 bytes a beat.
    pub awsize: Signal<Out, Bits<3>>,
    /// AXI4: 1, incrementing.
    pub awburst: Signal<Out, Bits<2>>,
    /// AXI4.
    pub awvalid: Signal<Out, Bit>,
    /// AXI4.
    pub awready: Signal<In, Bit>,
    /// AXI4.
    pub wdata: [Signal<Out, Bits<64>>; 8],
    /// AXI4: a bit a byte.
    pub wstrb: Signal<Out, Bits<64>>,
    /// AXI4.
    pub wlast: Signal<Out, Bit>,
    /// AXI4.
    pub wvalid: Signal<Out, Bit>,
    /// AXI4.
    pub wready: Signal<In, Bit>,
    /// AXI4: the client.
    pub bid: Signal<In, Bits<4>>,
    /// AXI4: bit 1 is an error.
    pub bresp: Signal<In, Bits<2>>,
    /// AXI4.
    pub bvalid: Signal<In, Bit>,
    /// AXI4: always ready.
    pub bready: Signal<Out, Bit>,
    splitters: [Splitter; N],
    acknowledge: [Acknowledge; N],
    strobe: Strobe,
    arbiter: Arbiter<N>,
    eligible: Signal<Local, Bits<16>>,
    // Bursts granted: address, and client with beats.
    addresses: Skid<64>,
    grants: Skid<11>,
    // Their beats that are still to come on W; they are few.
    ahead: Register<Bits<8>>,
    few: Register<Bit>,
    // The burst on AW.
    client: Register<Bits<4>>,
    address: Register<Bits<64>>,
    beats: Register<Bits<7>>,
    offered: Register<Bit>,
    // The client whose beats are on W, a copy for each word of them, and how many.
    source: Register<Bits<4>>,
    lane_source: [KeptRegister<Bits<4>>; 8],
    left: Register<Bits<7>>,
    sending: Register<Bit>,
    last_beat: Register<Bit>,
    // The burst after it, which is on AW.
    next_left: Register<Bits<7>>,
    waiting: Register<Bit>,
    pick: Signal<Local, Bits<4>>,
    grant: Signal<Local, Bit>,
    take: [Signal<Local, Bit>; N],
    offers: [Signal<Local, Bit>; N],
    granted: Signal<Local, Bits<7>>,
    promised: Signal<Local, Bits<8>>,
    head_client: Signal<Local, Bits<4>>,
    head_beats: Signal<Local, Bits<7>>,
    go: Signal<Local, Bit>,
    transfer: Signal<Local, Bit>,
    source_valid: Signal<Local, Bit>,
    ending: Signal<Local, Bit>,
    new_source: Signal<Local, Bits<4>>,
    new_left: Signal<Local, Bits<7>>,
}

impl<const N: usize, const W: usize> Default for WriteFabric<N, W> {
    fn default() -> Self {
        assert!((1..=16).contains(&N) && W == 8 * N, "1 to 16 clients of 8 words");
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            addr: array::from_fn(|_| Signal::default()),
            len: array::from_fn(|_| Signal::default()),
            cmd_valid: array::from_fn(|_| Signal::default()),
            cmd_ready: array::from_fn(|_| Signal::default()),
            data: array::from_fn(|_| Signal::default()),
            strb: array::from_fn(|_| Signal::default()),
            valid: array::from_fn(|_| Signal::default()),
            ready: array::from_fn(|_| Signal::default()),
            done: array::from_fn(|_| Signal::default()),
            bus_error: array::from_fn(|_| Signal::default()),
            awid: Signal::default(),
            awaddr: Signal::default(),
            awlen: Signal::default(),
            awsize: Signal::default(),
            awburst: Signal::default(),
            awvalid: Signal::default(),
            awready: Signal::default(),
            wdata: Default::default(),
            wstrb: Signal::default(),
            wlast: Signal::default(),
            wvalid: Signal::default(),
            wready: Signal::default(),
            bid: Signal::default(),
            bresp: Signal::default(),
            bvalid: Signal::default(),
            bready: Signal::default(),
            splitters: array::from_fn(|_| Splitter::default()),
            acknowledge: array::from_fn(|_| Acknowledge::default()),
            strobe: Strobe::default(),
            arbiter: Arbiter::default(),
            eligible: Signal::default(),
            addresses: Skid::default(),
            grants: Skid::default(),
            ahead: Register::default(),
            few: Register::default(),
            client: Register::default(),
            address: Register::default(),
            beats: Register::default(),
            offered: Register::default(),
            source: Register::default(),
            lane_source: Default::default(),
            left: Register::default(),
            sending: Register::default(),
            last_beat: Register::default(),
            next_left: Register::default(),
            waiting: Register::default(),
            pick: Signal::default(),
            grant: Signal::default(),
            take: array::from_fn(|_| Signal::default()),
            offers: array::from_fn(|_| Signal::default()),
            granted: Signal::default(),
            promised: Signal::default(),
            head_client: Signal::default(),
            head_beats: Signal::default(),
            go: Signal::default(),
            transfer: Signal::default(),
            source_valid: Signal::default(),
            ending: Signal::default(),
            new_source: Signal::default(),
            new_left: Signal::default(),
        }
    }
}

impl<const N: usize, const W: usize> Logic for WriteFabric<N, W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, ahead, few, client, address, beats, offered);
        dff_setup!(self, clock, source, left, sending, last_beat, next_left, waiting);
        clock!(self, clock, arbiter, addresses, grants);
        self.arbiter.reset.next = self.reset.val();
        self.addresses.reset.next = self.reset.val();
        self.grants.reset.next = self.reset.val();
        // Bursts are granted ahead, since a memory may want an address before its data, but only when few beats are: the
        // later, the more clients are considered. These are the ones whose data have begun to come.
        self.grant.next = self.arbiter.valid.val() && self.few.q.val() && self.grants.in_ready.val();
        self.eligible.next = 0.into();
        for i in 0..N {
            self.splitters[i].clock.next = self.clock.val();
            self.splitters[i].reset.next = self.reset.val();
            self.splitters[i].addr.next = self.addr[i].val();
            self.splitters[i].len.next = self.len[i].val();
            self.splitters[i].cmd_valid.next = self.cmd_valid[i].val();
            self.cmd_ready[i].next = self.splitters[i].cmd_ready.val();
            self.take[i].next = self.grant.val() && self.arbiter.chosen.val().get_bit(i);
            self.splitters[i].burst_take.next = self.take[i].val();
            self.offers[i].next = self.splitters[i].burst_valid.val();
            if self.take[i].val() {
                self.offers[i].next = self.splitters[i].more.val();
            }
            if self.offers[i].val() && self.valid[i].val() && self.acknowledge[i].room.val() {
                self.eligible.next = self.eligible.val() | (bits::<16>(1) << i.to_bits::<4>());
            }
        }
        self.arbiter.eligible.next = self.eligible.val();
        self.arbiter.take.next = self.grant.val();
        self.pick.next = 0.into();
        self.granted.next = 0.into();
        self.addresses.in_data.next = 0.into();
        for i in 0..N {
            if self.arbiter.chosen.val().get_bit(i) {
                self.pick.next = i.to_bits::<4>();
                self.addresses.in_data.next = self.splitters[i].burst_addr.val();
                self.granted.next = self.splitters[i].burst_len.val();
            }
        }
        self.grants.in_data.next = bit_cast::<11, 4>(self.pick.val()) | (bit_cast::<11, 7>(self.granted.val()) << 4);
        self.addresses.in_valid.next = self.grant.val();
        self.grants.in_valid.next = self.grant.val();
        self.promised.next = self.ahead.q.val();
        if self.grant.val() {
            self.promised.next = self.ahead.q.val() + bit_cast::<8, 7>(self.granted.val());
        }

        // The beats of the burst on W.
        self.source_valid.next = false;
        self.strobe.words.next = 0.into();
        for j in 0..8 {
            self.wdata[j].next = self.data[j].val();
        }
        for i in 0..N {
            if self.source.q.val() == i.to_bits::<4>() {
                self.source_valid.next = self.valid[i].val();
                self.strobe.words.next = self.strb[i].val();
            }
            for j in 0..8 {
                if self.lane_source[j].q.val() == i.to_bits::<4>() {
                    self.wdata[j].next = self.data[8 * i + j].val();
                }
            }
        }
        self.wvalid.next = self.sending.q.val() && self.source_valid.val();
        self.wstrb.next = self.strobe.bytes.val();
        self.wlast.next = self.last_beat.q.val();
        self.transfer.next = self.sending.q.val() && self.source_valid.val() && self.wready.val();
        for i in 0..N {
            self.ready[i].next = self.sending.q.val() && (self.source.q.val() == i.to_bits::<4>()) && self.wready.val();
        }
        self.ending.next = !self.sending.q.val() || (self.transfer.val() && self.last_beat.q.val());
        self.ahead.d.next = self.promised.val();
        self.few.d.next = self.promised.val() <= 4;
        if self.transfer.val() {
            self.ahead.d.next = self.promised.val() - 1;
            self.few.d.next = self.promised.val() <= 5;
        }

        // On AW one burst is ahead of that on W.
        self.go.next = self.grants.out_valid.val()
            && (!self.offered.q.val() || self.awready.val())
            && (!self.waiting.q.val() || self.ending.val());
        self.addresses.out_ready.next = self.go.val();
        self.grants.out_ready.next = self.go.val();
        self.head_client.next = self.grants.out_data.val().get_bits::<4>(0);
        self.head_beats.next = self.grants.out_data.val().get_bits::<7>(4);
        if self.awready.val() {
            self.offered.d.next = false;
        }
        if self.go.val() {
            self.offered.d.next = true;
            self.client.d.next = self.head_client.val();
            self.address.d.next = self.addresses.out_data.val();
            self.beats.d.next = self.head_beats.val() - 1;
            self.next_left.d.next = self.head_beats.val();
        }
        self.new_left.next = self.left.q.val() - 1;
        self.new_source.next = self.source.q.val();
        if self.ending.val() {
            if self.waiting.q.val() {
                self.new_source.next = self.client.q.val();
                self.new_left.next = self.next_left.q.val();
                self.waiting.d.next = self.go.val();
            } else {
                self.new_source.next = self.head_client.val();
                self.new_left.next = self.head_beats.val();
                self.sending.d.next = self.go.val();
            }
        } else if self.go.val() {
            self.waiting.d.next = true;
        }
        self.source.d.next = self.new_source.val();
        for j in 0..8 {
            self.lane_source[j].clock.next = self.clock.val();
            self.lane_source[j].d.next = self.new_source.val();
        }
        if self.ending.val() || self.transfer.val() {
            self.left.d.next = self.new_left.val();
            self.last_beat.d.next = self.new_left.val() == 1;
        }
        self.awid.next = self.client.q.val();
        self.awaddr.next = self.address.q.val();
        self.awlen.next = bit_cast::<8, 7>(self.beats.q.val());
        self.awsize.next = 6.into();
        self.awburst.next = 1.into();
        self.awvalid.next = self.offered.q.val();

        self.bready.next = true;
        for i in 0..N {
            self.acknowledge[i].clock.next = self.clock.val();
            self.acknowledge[i].reset.next = self.reset.val();
            self.acknowledge[i].issue.next = self.take[i].val();
            self.acknowledge[i].issue_last.next = self.splitters[i].burst_last.val();
            self.acknowledge[i].answer.next = self.bvalid.val() && (self.bid.val() == i.to_bits::<4>());
            self.done[i].next = self.acknowledge[i].done.val();
            self.bus_error[i].next =
                self.bvalid.val() && (self.bid.val() == i.to_bits::<4>()) && self.bresp.val().get_bit(1);
        }
        if self.reset.val() {
            self.offered.d.next = false;
            self.ahead.d.next = 0.into();
            self.few.d.next = true;
            self.sending.d.next = false;
            self.waiting.d.next = false;
        }
    }
}
