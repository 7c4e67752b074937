//! The read half of a fabric.

use std::array;

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use super::{Arbiter, BURSTS, Splitter};

/// N read clients on the channels AR and R of one AXI4 master; see [`super`].
#[derive(LogicBlock)]
pub struct ReadFabric<const N: usize> {
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
    /// The beat that came from memory, shown to all clients.
    pub data: [Signal<Out, Bits<64>>; 8],
    /// It is for this client.
    pub valid: [Signal<Out, Bit>; N],
    /// The client takes it.
    pub ready: [Signal<In, Bit>; N],
    /// The beat that the client takes in this cycle came with an error.
    pub bus_error: [Signal<Out, Bit>; N],
    /// AXI4: the client.
    pub arid: Signal<Out, Bits<4>>,
    /// AXI4: byte address.
    pub araddr: Signal<Out, Bits<64>>,
    /// AXI4: beats - 1.
    pub arlen: Signal<Out, Bits<8>>,
    /// AXI4: 6, 64 bytes a beat.
    pub arsize: Signal<Out, Bits<3>>,
    /// AXI4: 1, incrementing.
    pub arburst: Signal<Out, Bits<2>>,
    /// AXI4.
    pub arvalid: Signal<Out, Bit>,
    /// AXI4.
    pub arready: Signal<In, Bit>,
    /// AXI4: the client.
    pub rid: Signal<In, Bits<4>>,
    /// AXI4.
    pub rdata: [Signal<In, Bits<64>>; 8],
    /// AXI4: bit 1 is an error.
    pub rresp: Signal<In, Bits<2>>,
    /// AXI4.
    pub rlast: Signal<In, Bit>,
    /// AXI4.
    pub rvalid: Signal<In, Bit>,
    /// AXI4.
    pub rready: Signal<Out, Bit>,
    splitters: [Splitter; N],
    arbiter: Arbiter<N>,
    eligible: Signal<Local, Bits<16>>,
    // The burst on AR.
    client: Register<Bits<4>>,
    address: Register<Bits<64>>,
    beats: Register<Bits<7>>,
    offered: Register<Bit>,
    outstanding: Register<Bits<8>>,
    full: Register<Bit>,
    go: Signal<Local, Bit>,
    take: [Signal<Local, Bit>; N],
    offers: [Signal<Local, Bit>; N],
    accept: Signal<Local, Bit>,
    end_of_burst: Signal<Local, Bit>,
    last_place: Constant<Bits<8>>,
}

impl<const N: usize> Default for ReadFabric<N> {
    fn default() -> Self {
        assert!((1..=16).contains(&N), "1 to 16 clients");
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            addr: array::from_fn(|_| Signal::default()),
            len: array::from_fn(|_| Signal::default()),
            cmd_valid: array::from_fn(|_| Signal::default()),
            cmd_ready: array::from_fn(|_| Signal::default()),
            data: Default::default(),
            valid: array::from_fn(|_| Signal::default()),
            ready: array::from_fn(|_| Signal::default()),
            bus_error: array::from_fn(|_| Signal::default()),
            arid: Signal::default(),
            araddr: Signal::default(),
            arlen: Signal::default(),
            arsize: Signal::default(),
            arburst: Signal::default(),
            arvalid: Signal::default(),
            arready: Signal::default(),
            rid: Signal::default(),
            rdata: Default::default(),
            rresp: Signal::default(),
            rlast: Signal::default(),
            rvalid: Signal::default(),
            rready: Signal::default(),
            splitters: array::from_fn(|_| Splitter::default()),
            arbiter: Arbiter::default(),
            eligible: Signal::default(),
            client: Register::default(),
            address: Register::default(),
            beats: Register::default(),
            offered: Register::default(),
            outstanding: Register::default(),
            full: Register::default(),
            go: Signal::default(),
            take: array::from_fn(|_| Signal::default()),
            offers: array::from_fn(|_| Signal::default()),
            accept: Signal::default(),
            end_of_burst: Signal::default(),
            last_place: Constant::new((BURSTS - 1).to_bits()),
        }
    }
}

impl<const N: usize> Logic for ReadFabric<N> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, client, address, beats, offered, outstanding, full);
        self.arbiter.clock.next = self.clock.val();
        self.arbiter.reset.next = self.reset.val();
        self.go.next = self.arbiter.valid.val() && (!self.offered.q.val() || self.arready.val()) && !self.full.q.val();
        self.eligible.next = 0.into();
        for i in 0..N {
            self.splitters[i].clock.next = self.clock.val();
            self.splitters[i].reset.next = self.reset.val();
            self.splitters[i].addr.next = self.addr[i].val();
            self.splitters[i].len.next = self.len[i].val();
            self.splitters[i].cmd_valid.next = self.cmd_valid[i].val();
            self.cmd_ready[i].next = self.splitters[i].cmd_ready.val();
            self.take[i].next = self.go.val() && self.arbiter.chosen.val().get_bit(i);
            self.splitters[i].burst_take.next = self.take[i].val();
            self.offers[i].next = self.splitters[i].burst_valid.val();
            if self.take[i].val() {
                self.offers[i].next = self.splitters[i].more.val();
            }
            if self.offers[i].val() {
                self.eligible.next = self.eligible.val() | (bits::<16>(1) << i.to_bits::<4>());
            }
        }
        self.arbiter.eligible.next = self.eligible.val();
        self.arbiter.take.next = self.go.val();
        if self.arready.val() {
            self.offered.d.next = false;
        }
        if self.go.val() {
            self.offered.d.next = true;
        }
        for i in 0..N {
            if self.take[i].val() {
                self.client.d.next = i.to_bits::<4>();
                self.address.d.next = self.splitters[i].burst_addr.val();
                self.beats.d.next = self.splitters[i].burst_len.val() - 1;
            }
        }
        self.arid.next = self.client.q.val();
        self.araddr.next = self.address.q.val();
        self.arlen.next = bit_cast::<8, 7>(self.beats.q.val());
        self.arsize.next = 6.into();
        self.arburst.next = 1.into();
        self.arvalid.next = self.offered.q.val();

        self.accept.next = false;
        for i in 0..N {
            self.valid[i].next = self.rvalid.val() && (self.rid.val() == i.to_bits::<4>());
            self.bus_error[i].next = self.rvalid.val()
                && (self.rid.val() == i.to_bits::<4>())
                && self.ready[i].val()
                && self.rresp.val().get_bit(1);
            if (self.rid.val() == i.to_bits::<4>()) && self.ready[i].val() {
                self.accept.next = true;
            }
        }
        for i in 0..8 {
            self.data[i].next = self.rdata[i].val();
        }
        self.rready.next = self.accept.val();
        self.end_of_burst.next = self.rvalid.val() && self.accept.val() && self.rlast.val();
        if self.go.val() && !self.end_of_burst.val() {
            self.outstanding.d.next = self.outstanding.q.val() + 1;
            self.full.d.next = self.outstanding.q.val() == self.last_place.val();
        }
        if self.end_of_burst.val() && !self.go.val() {
            self.outstanding.d.next = self.outstanding.q.val() - 1;
            self.full.d.next = false;
        }
        if self.reset.val() {
            self.offered.d.next = false;
            self.outstanding.d.next = 0.into();
            self.full.d.next = false;
        }
    }
}
