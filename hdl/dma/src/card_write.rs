//! CARD_WRITE: rows of the upload stream become tiles of card memory.

use karat_abi::engine::card;
use karat_hdl_base::field::Canonicalise;
use karat_hdl_base::fifo::Fifo;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::descriptors::Descriptors;
use crate::ring::Ring;
use crate::unpacker::Unpacker;
use crate::walk::{RowWalk, TileWalk};

/// The engine. Its descriptors are `karat_abi::engine::card`. Words are reduced below p; absent columns of the last tile
/// become zero.
///
/// A group of rows is written into the ring of 2^A beats row by row and read from it tile by tile, each tile one burst; while a
/// group leaves the ring the next one enters it, so that a group may take half the ring. Groups of one row need no
/// change of order and pass through whatever their width.
#[derive(LogicBlock, Default)]
pub struct CardWrite<const A: usize> {
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
    /// Write port: beat address.
    pub wr_addr: Signal<Out, Bits<32>>,
    /// Write port.
    pub wr_len: Signal<Out, Bits<16>>,
    /// Write port.
    pub wr_cmd_valid: Signal<Out, Bit>,
    /// Write port.
    pub wr_cmd_ready: Signal<In, Bit>,
    /// Write port.
    pub wr_data: [Signal<Out, Bits<64>>; 8],
    /// Write port: always all words.
    pub wr_strb: Signal<Out, Bits<8>>,
    /// Write port.
    pub wr_valid: Signal<Out, Bit>,
    /// Write port.
    pub wr_ready: Signal<In, Bit>,
    /// Write port.
    pub wr_done: Signal<In, Bit>,
    /// Write port.
    pub bus_error: Signal<In, Bit>,
    descriptors: Descriptors<{ card::WORDS }>,
    unpacker: Unpacker,
    canonical: [Canonicalise; 8],
    // What belongs to the words in `canonical`, whose latency is one cycle.
    filling: Register<Bit>,
    lanes: Register<Bits<8>>,
    tag: Register<Bits<17>>,
    ring: Ring<A>,
    rows: RowWalk,
    tiles: TileWalk,
    // For every command in flight whether it ends its descriptor.
    commands: Fifo<1, 6>,
    loaded: Register<Bit>,
    // Positions in the ring: complete up to, commanded up to, fetched, passed on.
    filled: Register<Bits<16>>,
    commanded: Register<Bits<16>>,
    fetched: Register<Bits<16>>,
    freed: Register<Bits<16>>,
    beat: Register<Bit>,
    request: Signal<Local, Bit>,
    ready_beats: Signal<Local, Bits<16>>,
    // There is room in the ring for the beat that is asked for; its beats are enough for a command; some are commanded.
    room: Register<Bit>,
    enough: Register<Bit>,
    some: Register<Bit>,
    left_beats: Signal<Local, Bits<16>>,
    next_fetched: Signal<Local, Bits<16>>,
    command: Signal<Local, Bit>,
    accepted: Signal<Local, Bit>,
    fetch: Signal<Local, Bit>,
    tag_position: Signal<Local, Bits<16>>,
}

const _: () = assert!(Canonicalise::LATENCY == 1);

impl<const A: usize> Logic for CardWrite<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, loaded, filled, commanded, fetched, freed, beat, filling, lanes, tag, room, enough, some
        );
        clock!(self, clock, descriptors, unpacker, ring, rows, tiles, commands);
        self.descriptors.reset.next = self.reset.val();
        self.descriptors.reg_write.next = self.reg_write.val();
        self.descriptors.reg_addr.next = self.reg_addr.val();
        self.descriptors.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata.next = self.descriptors.reg_rdata.val();
        self.busy.next = self.descriptors.busy.val();
        self.descriptors.bus_error.next = self.bus_error.val();
        self.unpacker.reset.next = self.reset.val();
        self.rows.reset.next = self.reset.val();
        self.tiles.reset.next = self.reset.val();
        self.commands.reset.next = self.reset.val();

        // Both walks start with a descriptor; the next one may start when both are through it.
        self.rows.load.next = self.descriptors.active.val() && !self.loaded.q.val();
        self.rows.width.next = self.descriptors.words[2].val().get_bits::<27>(0);
        self.rows.rows.next = self.descriptors.words[3].val();
        self.rows.log_group.next = self.descriptors.words[4].val().get_bits::<5>(0);
        self.tiles.load.next = self.descriptors.active.val() && !self.loaded.q.val();
        self.tiles.card.next = self.descriptors.words[0].val();
        self.tiles.stride.next = self.descriptors.words[1].val();
        self.tiles.width.next = self.descriptors.words[2].val().get_bits::<27>(0);
        self.tiles.rows.next = self.descriptors.words[3].val();
        self.tiles.log_group.next = self.descriptors.words[4].val().get_bits::<5>(0);
        self.descriptors.advance.next = false;
        if self.loaded.q.val() {
            if !self.rows.walking.val() && !self.tiles.walking.val() {
                self.loaded.d.next = false;
                self.descriptors.advance.next = true;
            }
        } else {
            self.loaded.d.next = self.descriptors.active.val();
        }

        // Stream to ring.
        self.unpacker.in_valid.next = self.in_valid.val();
        self.unpacker.in_end.next = self.in_end.val();
        self.in_ready.next = self.unpacker.in_ready.val();
        self.ring.claim.next = self.rows.position.val() + 1;
        self.ring.freed.next = self.freed.q.val();
        self.ring.next_claim.next = self.rows.following.val() + 1;
        self.request.next = self.rows.walking.val() && self.room.q.val();
        self.unpacker.request_valid.next = self.request.val();
        self.unpacker.request_count.next = self.rows.count.val();
        self.unpacker.request_lane.next = 0.into();
        self.unpacker.request_tag.next = bit_cast::<17, 16>(self.rows.position.val());
        if self.rows.complete.val() {
            self.unpacker.request_tag.next = bit_cast::<17, 16>(self.rows.position.val()) | 0x1_0000;
        }
        self.rows.step.next = self.request.val() && self.unpacker.request_ready.val();
        self.room.d.next = self.ring.room.val();
        if self.request.val() && self.unpacker.request_ready.val() {
            self.room.d.next = self.ring.next_room.val();
        }
        self.filling.d.next = self.unpacker.out_valid.val();
        self.lanes.d.next = self.unpacker.out_lanes.val();
        self.tag.d.next = self.unpacker.out_tag.val();
        self.tag_position.next = self.tag.q.val().get_bits::<16>(0);
        self.ring.write.next = self.filling.q.val();
        self.ring.write_position.next = self.tag_position.val();
        for i in 0..8 {
            self.unpacker.in_data[i].next = self.in_data[i].val();
            self.canonical[i].clock.next = self.clock.val();
            self.canonical[i].value.next = self.unpacker.out_data[i].val();
            self.ring.write_data[i].next = 0.into();
            if self.lanes.q.val().get_bit(i) {
                self.ring.write_data[i].next = self.canonical[i].canonical.val();
            }
        }
        if self.filling.q.val() && self.tag.q.val().get_bit(16) {
            self.filled.d.next = self.tag_position.val() + 1;
        }

        // A command when all its beats are in the ring, so that they follow it without waiting for the host.
        self.ready_beats.next = self.filled.q.val() - self.commanded.q.val();
        self.command.next = self.tiles.walking.val() && self.enough.q.val() && self.commands.in_ready.val();
        self.accepted.next = self.command.val() && self.wr_cmd_ready.val();
        self.wr_cmd_valid.next = self.command.val();
        self.wr_addr.next = self.tiles.addr.val();
        self.wr_len.next = self.tiles.len.val();
        self.tiles.step.next = self.accepted.val();
        self.commands.in_valid.next = self.accepted.val();
        self.commands.in_data.next = 0.into();
        if self.tiles.last.val() {
            self.commands.in_data.next = 1.into();
        }
        if self.accepted.val() {
            self.commanded.d.next = self.commanded.q.val() + self.tiles.len.val();
        }
        self.left_beats.next = self.ready_beats.val() - self.tiles.len.val();
        self.enough.d.next = self.tiles.walking.val() && (self.tiles.len.val() <= self.ready_beats.val());
        if self.accepted.val() {
            self.enough.d.next = !self.tiles.last.val() && (self.tiles.next_len.val() <= self.left_beats.val());
        }

        // Ring to memory.
        self.fetch.next = self.some.q.val() && (!self.beat.q.val() || self.wr_ready.val());
        self.next_fetched.next = self.fetched.q.val() + 1;
        self.some.d.next = self.fetched.q.val() != self.commanded.q.val();
        self.ring.fetch.next = self.fetch.val();
        self.ring.fetch_position.next = self.fetched.q.val();
        self.wr_valid.next = self.beat.q.val();
        self.wr_strb.next = 255.into();
        for i in 0..8 {
            self.wr_data[i].next = self.ring.data[i].val();
        }
        if self.beat.q.val() && self.wr_ready.val() {
            self.beat.d.next = false;
            self.freed.d.next = self.freed.q.val() + 1;
        }
        if self.fetch.val() {
            self.beat.d.next = true;
            self.fetched.d.next = self.next_fetched.val();
            self.some.d.next = self.next_fetched.val() != self.commanded.q.val();
        }

        self.commands.out_ready.next = self.wr_done.val();
        self.descriptors.complete.next = self.wr_done.val() && (self.commands.out_data.val() == 1);
        self.descriptors.work.next = self.beat.q.val() && self.wr_ready.val();
        self.descriptors.starved.next = self.request.val() && !self.unpacker.request_ready.val();
        self.descriptors.stalled.next = self.beat.q.val() && !self.wr_ready.val();
        if self.reset.val() {
            self.loaded.d.next = false;
            self.filled.d.next = 0.into();
            self.commanded.d.next = 0.into();
            self.fetched.d.next = 0.into();
            self.freed.d.next = 0.into();
            self.beat.d.next = false;
            self.filling.d.next = false;
            self.enough.d.next = false;
            self.some.d.next = false;
        }
    }
}
