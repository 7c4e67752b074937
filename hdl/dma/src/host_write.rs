//! HOST_WRITE: the download stream becomes linear pieces of host memory.

use karat_abi::engine::host;
use karat_hdl_base::fifo::Fifo;
use karat_hdl_base::memory::EnabledRam;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::descriptors::Descriptors;
use crate::ring::Ring;
use crate::unpacker::Unpacker;

/// The engine. Its descriptors are `karat_abi::engine::host`; consecutive pieces take consecutive words of the stream. Only the
/// words of a piece are written in its first and last beat. A descriptor is done when the host has acknowledged its last burst.
#[derive(LogicBlock, Default)]
pub struct HostWrite<const A: usize> {
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
    /// Dense stream, see [`crate::packer`].
    pub in_data: [Signal<In, Bits<64>>; 8],
    /// Dense stream.
    pub in_end: Signal<In, Bits<4>>,
    /// Dense stream.
    pub in_valid: Signal<In, Bit>,
    /// Dense stream.
    pub in_ready: Signal<Out, Bit>,
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
    /// Write port.
    pub bus_error: Signal<In, Bit>,
    descriptors: Descriptors<{ host::WORDS }>,
    unpacker: Unpacker,
    ring: Ring<A>,
    strobes: EnabledRam<8, A>,
    // For every command in flight whether it ends its descriptor.
    commands: Fifo<1, 6>,
    loaded: Register<Bit>,
    // Words still to take from the stream, and the lane of the next one.
    words: Register<Bits<29>>,
    lane: Register<Bits<3>>,
    // Commands still to send.
    address: Register<Bits<64>>,
    beats: Register<Bits<32>>,
    // The next of them, worked out a cycle ahead.
    prepared: Register<Bit>,
    chunk: Register<Bits<7>>,
    last_chunk: Register<Bit>,
    // Its beats are in the ring.
    enough: Register<Bit>,
    // Positions in the ring: asked for, filled, commanded, fetched, passed on.
    asked: Register<Bits<16>>,
    // One more.
    next_asked: Register<Bits<16>>,
    filled: Register<Bits<16>>,
    commanded: Register<Bits<16>>,
    fetched: Register<Bits<16>>,
    freed: Register<Bits<16>>,
    beat: Register<Bit>,
    // There is room in the ring for the beat that is asked for; beats in it that are commanded.
    room: Register<Bit>,
    some: Register<Bit>,
    next_fetched: Signal<Local, Bits<16>>,
    spread: Signal<Local, Bits<32>>,
    lanes_left: Signal<Local, Bits<29>>,
    count: Signal<Local, Bits<4>>,
    request: Signal<Local, Bit>,
    page_room: Signal<Local, Bits<32>>,
    beats_now: Signal<Local, Bits<32>>,
    chunk16: Signal<Local, Bits<16>>,
    only: Signal<Local, Bit>,
    ready_beats: Signal<Local, Bits<16>>,
    command: Signal<Local, Bit>,
    accepted: Signal<Local, Bit>,
    fetch: Signal<Local, Bit>,
    tag_position: Signal<Local, Bits<16>>,
}

impl<const A: usize> Logic for HostWrite<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, loaded, words, lane, prepared, chunk, last_chunk, enough, address, beats, asked, next_asked,
            filled
        );
        dff_setup!(self, clock, commanded, fetched, freed, beat, room, some);
        clock!(self, clock, descriptors, unpacker, ring, strobes, commands);
        self.descriptors.reset.next = self.reset.val();
        self.descriptors.reg_write.next = self.reg_write.val();
        self.descriptors.reg_addr.next = self.reg_addr.val();
        self.descriptors.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata.next = self.descriptors.reg_rdata.val();
        self.busy.next = self.descriptors.busy.val();
        self.descriptors.bus_error.next = self.bus_error.val();
        self.unpacker.reset.next = self.reset.val();
        self.commands.reset.next = self.reset.val();

        // Stream to ring.
        self.unpacker.in_valid.next = self.in_valid.val();
        self.unpacker.in_end.next = self.in_end.val();
        self.in_ready.next = self.unpacker.in_ready.val();
        self.lanes_left.next = bits::<29>(8) - bit_cast::<29, 3>(self.lane.q.val());
        self.count.next = self.lanes_left.val().get_bits::<4>(0);
        if self.words.q.val() < self.lanes_left.val() {
            self.count.next = self.words.q.val().get_bits::<4>(0);
        }
        self.ring.claim.next = self.next_asked.q.val();
        self.ring.freed.next = self.freed.q.val();
        self.ring.next_claim.next = self.next_asked.q.val() + 1;
        self.room.d.next = self.ring.room.val();
        self.request.next = (self.words.q.val() != 0) && self.room.q.val();
        self.unpacker.request_valid.next = self.request.val();
        self.unpacker.request_count.next = self.count.val();
        self.unpacker.request_lane.next = self.lane.q.val();
        self.unpacker.request_tag.next = bit_cast::<17, 16>(self.asked.q.val());
        if self.request.val() && self.unpacker.request_ready.val() {
            self.asked.d.next = self.next_asked.q.val();
            self.next_asked.d.next = self.next_asked.q.val() + 1;
            self.room.d.next = self.ring.next_room.val();
            self.lane.d.next = 0.into();
            self.words.d.next = self.words.q.val() - bit_cast::<29, 4>(self.count.val());
        }
        self.tag_position.next = self.unpacker.out_tag.val().get_bits::<16>(0);
        self.ring.write.next = self.unpacker.out_valid.val();
        self.ring.write_position.next = self.tag_position.val();
        self.strobes.write_enable.next = self.unpacker.out_valid.val();
        self.strobes.write_address.next = self.tag_position.val().get_bits::<A>(0);
        self.strobes.write_data.next = self.unpacker.out_lanes.val();
        for i in 0..8 {
            self.unpacker.in_data[i].next = self.in_data[i].val();
            self.ring.write_data[i].next = self.unpacker.out_data[i].val();
        }
        if self.unpacker.out_valid.val() {
            self.filled.d.next = self.tag_position.val() + 1;
        }

        // A command when all its beats are in the ring; it ends at a 4 KiB boundary of the host.
        self.page_room.next = bits::<32>(64) - bit_cast::<32, 6>(self.address.q.val().get_bits::<6>(6));
        self.only.next = self.beats.q.val() <= self.page_room.val();
        self.beats_now.next = self.page_room.val();
        if self.only.val() {
            self.beats_now.next = self.beats.q.val();
        }
        if self.beats.q.val() != 0 {
            self.prepared.d.next = true;
            self.chunk.d.next = self.beats_now.val().get_bits::<7>(0);
            self.last_chunk.d.next = self.only.val();
        }
        self.chunk16.next = bit_cast::<16, 7>(self.chunk.q.val());
        self.ready_beats.next = self.filled.q.val() - self.commanded.q.val();
        self.enough.d.next = self.prepared.q.val() && (self.chunk16.val() <= self.ready_beats.val());
        self.command.next = self.enough.q.val() && self.commands.in_ready.val();
        self.accepted.next = self.command.val() && self.wr_cmd_ready.val();
        self.wr_cmd_valid.next = self.command.val();
        self.wr_addr.next = self.address.q.val();
        self.wr_len.next = self.chunk16.val();
        self.commands.in_valid.next = self.accepted.val();
        self.commands.in_data.next = 0.into();
        if self.last_chunk.q.val() {
            self.commands.in_data.next = 1.into();
        }
        self.descriptors.advance.next = self.accepted.val() && self.last_chunk.q.val();
        if self.accepted.val() {
            self.prepared.d.next = false;
            self.enough.d.next = false;
            self.address.d.next = self.address.q.val() + (bit_cast::<64, 7>(self.chunk.q.val()) << 6);
            self.beats.d.next = self.beats.q.val() - bit_cast::<32, 7>(self.chunk.q.val());
            self.commanded.d.next = self.commanded.q.val() + self.chunk16.val();
            if self.last_chunk.q.val() {
                self.loaded.d.next = false;
            }
        }

        // A new descriptor: its first beat may begin in any lane.
        self.spread.next = bit_cast::<32, 29>(self.descriptors.words[2].val().get_bits::<29>(3))
            + bit_cast::<32, 3>(self.descriptors.words[0].val().get_bits::<3>(3))
            + 7;
        if self.descriptors.active.val() && !self.loaded.q.val() {
            self.loaded.d.next = true;
            self.words.d.next = self.descriptors.words[2].val().get_bits::<29>(3);
            self.lane.d.next = self.descriptors.words[0].val().get_bits::<3>(3);
            self.address.d.next = (bit_cast::<64, 32>(self.descriptors.words[1].val()) << 32)
                | (bit_cast::<64, 26>(self.descriptors.words[0].val().get_bits::<26>(6)) << 6);
            self.beats.d.next = bit_cast::<32, 29>(self.spread.val().get_bits::<29>(3));
        }

        // Ring to host.
        self.fetch.next = self.some.q.val() && (!self.beat.q.val() || self.wr_ready.val());
        self.next_fetched.next = self.fetched.q.val() + 1;
        self.some.d.next = self.fetched.q.val() != self.commanded.q.val();
        self.ring.fetch.next = self.fetch.val();
        self.ring.fetch_position.next = self.fetched.q.val();
        self.wr_valid.next = self.beat.q.val();
        if self.beat.q.val() && self.wr_ready.val() {
            self.beat.d.next = false;
            self.freed.d.next = self.freed.q.val() + 1;
        }
        if self.fetch.val() {
            self.beat.d.next = true;
            self.fetched.d.next = self.next_fetched.val();
            self.some.d.next = self.next_fetched.val() != self.commanded.q.val();
        }
        self.strobes.read_enable.next = self.fetch.val();
        self.strobes.read_address.next = self.fetched.q.val().get_bits::<A>(0);
        self.wr_strb.next = self.strobes.read_data.val();
        for i in 0..8 {
            self.wr_data[i].next = self.ring.data[i].val();
        }

        self.commands.out_ready.next = self.wr_done.val();
        self.descriptors.complete.next = self.wr_done.val() && (self.commands.out_data.val() == 1);
        self.descriptors.work.next = self.beat.q.val() && self.wr_ready.val();
        self.descriptors.starved.next = self.request.val() && !self.unpacker.request_ready.val();
        self.descriptors.stalled.next = self.beat.q.val() && !self.wr_ready.val();
        if self.reset.val() {
            self.loaded.d.next = false;
            self.words.d.next = 0.into();
            self.beats.d.next = 0.into();
            self.asked.d.next = 0.into();
            self.next_asked.d.next = 1.into();
            self.filled.d.next = 0.into();
            self.commanded.d.next = 0.into();
            self.fetched.d.next = 0.into();
            self.freed.d.next = 0.into();
            self.beat.d.next = false;
            self.some.d.next = false;
            self.prepared.d.next = false;
            self.enough.d.next = false;
        }
    }
}
