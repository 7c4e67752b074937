//! CARD_READ: tiles of card memory become rows of the download stream.

use karat_abi::engine::card;
use karat_hdl_base::fifo::Fifo;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::descriptors::Descriptors;
use crate::packer::Packer;
use crate::ring::Ring;
use crate::walk::{RowWalk, TileWalk};

/// The engine. Its descriptors are `karat_abi::engine::card`; only the valid columns go to the stream.
///
/// A group of rows is read into the ring of 2^A beats tile by tile, each tile one command, and leaves it row by row. Reads
/// are sent for as much as the ring has room for, over any number of descriptors up to 16, so that a gather of single
/// rows does not wait for memory at every row. A descriptor is done when its last word has gone to the stream.
#[derive(LogicBlock, Default)]
pub struct CardRead<const A: usize> {
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
    /// Read port: beat address.
    pub rd_addr: Signal<Out, Bits<32>>,
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
    /// Read port: always ready, since reads are sent for what there is room for.
    pub rd_ready: Signal<Out, Bit>,
    /// Read port.
    pub bus_error: Signal<In, Bit>,
    /// Dense stream, see [`crate::packer`].
    pub out_data: [Signal<Out, Bits<64>>; 8],
    /// Dense stream.
    pub out_end: Signal<Out, Bits<4>>,
    /// Dense stream.
    pub out_valid: Signal<Out, Bit>,
    /// Dense stream.
    pub out_ready: Signal<In, Bit>,
    descriptors: Descriptors<{ card::WORDS }>,
    tiles: TileWalk,
    ring: Ring<A>,
    // Descriptors whose reads are sent: rows, log2 of the group, width.
    jobs: Fifo<64, 4>,
    rows: RowWalk,
    packer: Packer,
    loaded: Register<Bit>,
    // Positions in the ring: sent for, arrived, passed on.
    sent: Register<Bits<16>>,
    arrived: Register<Bits<16>>,
    freed: Register<Bits<16>>,
    // The beat that was fetched.
    beat: Register<Bit>,
    beat_position: Register<Bits<16>>,
    beat_count: Register<Bits<4>>,
    beat_frees: Register<Bit>,
    beat_last: Register<Bit>,
    command: Signal<Local, Bit>,
    accepted: Signal<Local, Bit>,
    ahead: Signal<Local, Bits<16>>,
    // There is room in the ring for the burst that is asked for; the beat that is wanted has come.
    room: Register<Bit>,
    available: Register<Bit>,
    fetch: Signal<Local, Bit>,
    leave: Signal<Local, Bit>,
    start: Signal<Local, Bit>,
}

impl<const A: usize> Logic for CardRead<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, loaded, sent, arrived, freed, room, available);
        dff_setup!(self, clock, beat, beat_position, beat_count, beat_frees, beat_last);
        clock!(self, clock, descriptors, tiles, ring, jobs, rows, packer);
        self.descriptors.reset.next = self.reset.val();
        self.descriptors.reg_write.next = self.reg_write.val();
        self.descriptors.reg_addr.next = self.reg_addr.val();
        self.descriptors.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata.next = self.descriptors.reg_rdata.val();
        self.busy.next = self.descriptors.busy.val();
        self.descriptors.bus_error.next = self.bus_error.val();
        self.tiles.reset.next = self.reset.val();
        self.jobs.reset.next = self.reset.val();
        self.rows.reset.next = self.reset.val();
        self.packer.reset.next = self.reset.val();

        // A new descriptor.
        self.start.next = self.descriptors.active.val() && !self.loaded.q.val() && self.jobs.in_ready.val();
        self.jobs.in_valid.next = self.descriptors.active.val() && !self.loaded.q.val();
        self.jobs.in_data.next = (bit_cast::<64, 32>(self.descriptors.words[3].val()) << 32)
            | (bit_cast::<64, 5>(self.descriptors.words[4].val().get_bits::<5>(0)) << 27)
            | bit_cast::<64, 27>(self.descriptors.words[2].val().get_bits::<27>(0));
        self.tiles.load.next = self.start.val();
        self.tiles.card.next = self.descriptors.words[0].val();
        self.tiles.stride.next = self.descriptors.words[1].val();
        self.tiles.width.next = self.descriptors.words[2].val().get_bits::<27>(0);
        self.tiles.rows.next = self.descriptors.words[3].val();
        self.tiles.log_group.next = self.descriptors.words[4].val().get_bits::<5>(0);
        if self.start.val() {
            self.loaded.d.next = true;
        }

        // Memory to ring.
        self.ring.claim.next = self.sent.q.val() + self.tiles.len.val();
        self.ring.freed.next = self.freed.q.val();
        self.ring.next_claim.next = self.sent.q.val() + self.tiles.len.val() + self.tiles.next_len.val();
        self.command.next = self.tiles.walking.val() && self.room.q.val();
        self.accepted.next = self.command.val() && self.rd_cmd_ready.val();
        self.rd_cmd_valid.next = self.command.val();
        self.rd_addr.next = self.tiles.addr.val();
        self.rd_len.next = self.tiles.len.val();
        self.tiles.step.next = self.accepted.val();
        self.descriptors.advance.next = self.accepted.val() && self.tiles.last.val();
        self.room.d.next = self.tiles.walking.val() && self.ring.room.val();
        if self.accepted.val() {
            self.sent.d.next = self.sent.q.val() + self.tiles.len.val();
            self.room.d.next = !self.tiles.last.val() && self.ring.next_room.val();
            if self.tiles.last.val() {
                self.loaded.d.next = false;
            }
        }
        self.rd_ready.next = true;
        self.ring.write.next = self.rd_valid.val();
        self.ring.write_position.next = self.arrived.q.val();
        for i in 0..8 {
            self.ring.write_data[i].next = self.rd_data[i].val();
        }
        if self.rd_valid.val() {
            self.arrived.d.next = self.arrived.q.val() + 1;
        }

        // Ring to stream.
        self.jobs.out_ready.next = !self.rows.walking.val();
        self.rows.load.next = !self.rows.walking.val() && self.jobs.out_valid.val();
        self.rows.width.next = self.jobs.out_data.val().get_bits::<27>(0);
        self.rows.log_group.next = self.jobs.out_data.val().get_bits::<5>(27);
        self.rows.rows.next = self.jobs.out_data.val().get_bits::<32>(32);
        self.leave.next = self.beat.q.val() && self.packer.in_ready.val();
        self.fetch.next =
            self.rows.walking.val() && self.available.q.val() && (!self.beat.q.val() || self.packer.in_ready.val());
        self.rows.step.next = self.fetch.val();
        self.ahead.next = self.arrived.q.val() - self.rows.position.val();
        if self.fetch.val() {
            self.ahead.next = self.arrived.q.val() - self.rows.following.val();
        }
        self.available.d.next = (self.ahead.val() != 0) && !self.ahead.val().get_bit(15);
        self.ring.fetch.next = self.fetch.val();
        self.ring.fetch_position.next = self.rows.position.val();
        if self.leave.val() {
            self.beat.d.next = false;
            if self.beat_frees.q.val() {
                self.freed.d.next = self.beat_position.q.val() + 1;
            }
        }
        if self.fetch.val() {
            self.beat.d.next = true;
            self.beat_position.d.next = self.rows.position.val();
            self.beat_count.d.next = self.rows.count.val();
            self.beat_frees.d.next = self.rows.complete.val();
            self.beat_last.d.next = self.rows.last.val();
        }
        self.packer.in_valid.next = self.beat.q.val();
        self.packer.in_first.next = 0.into();
        self.packer.in_count.next = self.beat_count.q.val();
        self.packer.flush.next = !self.descriptors.busy.val();
        self.packer.out_ready.next = self.out_ready.val();
        self.out_valid.next = self.packer.out_valid.val();
        self.out_end.next = self.packer.out_end.val();
        for i in 0..8 {
            self.packer.in_data[i].next = self.ring.data[i].val();
            self.out_data[i].next = self.packer.out_data[i].val();
        }

        self.descriptors.complete.next = self.leave.val() && self.beat_last.q.val();
        self.descriptors.work.next = self.rd_valid.val();
        self.descriptors.starved.next = self.rows.walking.val() && !self.available.q.val();
        self.descriptors.stalled.next = self.beat.q.val() && !self.packer.in_ready.val();
        if self.reset.val() {
            self.loaded.d.next = false;
            self.sent.d.next = 0.into();
            self.arrived.d.next = 0.into();
            self.freed.d.next = 0.into();
            self.beat.d.next = false;
            self.room.d.next = false;
            self.available.d.next = false;
        }
    }
}
