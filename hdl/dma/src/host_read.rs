//! HOST_READ: linear pieces of host memory become the upload stream.

use karat_abi::engine::host;
use karat_hdl_base::fifo::Fifo;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::descriptors::Descriptors;
use crate::packer::Packer;
use crate::ring::Ring;

/// The engine. Its descriptors are `karat_abi::engine::host`; the words of consecutive pieces follow each other in the stream
/// without gaps. Reads are sent for as much as the ring of 2^A beats has room for, over any number of pieces up to 16; a
/// descriptor is done when its last word has come.
#[derive(LogicBlock, Default)]
pub struct HostRead<const A: usize> {
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
    /// Read port: byte address.
    pub rd_addr: Signal<Out, Bits<64>>,
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
    descriptors: Descriptors<{ host::WORDS }>,
    ring: Ring<A>,
    pieces: Fifo<32, 4>,
    packer: Packer,
    // Reads still to send for the active descriptor.
    sending: Register<Bit>,
    address: Register<Bits<64>>,
    beats: Register<Bits<32>>,
    // The next of them, worked out a cycle ahead.
    prepared: Register<Bit>,
    chunk: Register<Bits<7>>,
    last_chunk: Register<Bit>,
    // Positions in the ring: sent for, arrived, fetched, passed on.
    sent: Register<Bits<16>>,
    arrived: Register<Bits<16>>,
    fetched: Register<Bits<16>>,
    freed: Register<Bits<16>>,
    // The piece being passed on, and its beat that was fetched.
    piece: Register<Bit>,
    lane: Register<Bits<3>>,
    words: Register<Bits<29>>,
    beat: Register<Bit>,
    beat_lane: Register<Bits<3>>,
    beat_count: Register<Bits<4>>,
    beat_last: Register<Bit>,
    start: Signal<Local, Bit>,
    first_lane: Signal<Local, Bits<3>>,
    piece_words: Signal<Local, Bits<29>>,
    spread: Signal<Local, Bits<32>>,
    page_room: Signal<Local, Bits<32>>,
    beats_now: Signal<Local, Bits<32>>,
    chunk16: Signal<Local, Bits<16>>,
    only: Signal<Local, Bit>,
    accepted: Signal<Local, Bit>,
    lanes_left: Signal<Local, Bits<29>>,
    count: Signal<Local, Bits<4>>,
    last_beat: Signal<Local, Bit>,
    // There is room in the ring for the chunk; there are beats to fetch.
    room: Register<Bit>,
    available: Register<Bit>,
    next_fetched: Signal<Local, Bits<16>>,
    fetch: Signal<Local, Bit>,
    leave: Signal<Local, Bit>,
}

impl<const A: usize> Logic for HostRead<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sending, prepared, chunk, last_chunk, address, beats, sent, arrived, fetched, freed);
        dff_setup!(self, clock, room, available, piece, lane, words, beat, beat_lane, beat_count, beat_last);
        self.descriptors.clock.next = self.clock.val();
        self.descriptors.reset.next = self.reset.val();
        self.descriptors.reg_write.next = self.reg_write.val();
        self.descriptors.reg_addr.next = self.reg_addr.val();
        self.descriptors.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata.next = self.descriptors.reg_rdata.val();
        self.busy.next = self.descriptors.busy.val();
        self.descriptors.bus_error.next = self.bus_error.val();
        self.ring.clock.next = self.clock.val();
        self.pieces.clock.next = self.clock.val();
        self.pieces.reset.next = self.reset.val();
        self.packer.clock.next = self.clock.val();
        self.packer.reset.next = self.reset.val();

        // A new descriptor: its first beat may begin in any lane.
        self.start.next = self.descriptors.active.val() && !self.sending.q.val() && self.pieces.in_ready.val();
        self.first_lane.next = self.descriptors.words[0].val().get_bits::<3>(3);
        self.piece_words.next = self.descriptors.words[2].val().get_bits::<29>(3);
        self.spread.next = bit_cast::<32, 29>(self.piece_words.val()) + bit_cast::<32, 3>(self.first_lane.val()) + 7;
        self.pieces.in_valid.next = self.descriptors.active.val() && !self.sending.q.val();
        self.pieces.in_data.next =
            (bit_cast::<32, 29>(self.piece_words.val()) << 3) | bit_cast::<32, 3>(self.first_lane.val());
        if self.start.val() {
            self.sending.d.next = true;
            self.address.d.next = (bit_cast::<64, 32>(self.descriptors.words[1].val()) << 32)
                | (bit_cast::<64, 26>(self.descriptors.words[0].val().get_bits::<26>(6)) << 6);
            self.beats.d.next = bit_cast::<32, 29>(self.spread.val().get_bits::<29>(3));
        }

        // Chunks end at 4 KiB boundaries of the host.
        self.page_room.next = bits::<32>(64) - bit_cast::<32, 6>(self.address.q.val().get_bits::<6>(6));
        self.only.next = self.beats.q.val() <= self.page_room.val();
        self.beats_now.next = self.page_room.val();
        if self.only.val() {
            self.beats_now.next = self.beats.q.val();
        }
        if self.sending.q.val() {
            self.prepared.d.next = true;
            self.chunk.d.next = self.beats_now.val().get_bits::<7>(0);
            self.last_chunk.d.next = self.only.val();
        }
        self.chunk16.next = bit_cast::<16, 7>(self.chunk.q.val());
        self.rd_addr.next = self.address.q.val();
        self.rd_len.next = self.chunk16.val();
        self.ring.claim.next = self.sent.q.val() + self.chunk16.val();
        self.ring.freed.next = self.freed.q.val();
        // Chunks come with cycles between them: room for the next one is not asked for ahead.
        self.ring.next_claim.next = self.sent.q.val();
        self.room.d.next = self.prepared.q.val() && self.ring.room.val();
        self.rd_cmd_valid.next = self.room.q.val();
        self.accepted.next = self.room.q.val() && self.rd_cmd_ready.val();
        self.descriptors.advance.next = self.accepted.val() && self.last_chunk.q.val();
        if self.accepted.val() {
            self.prepared.d.next = false;
            self.room.d.next = false;
            self.address.d.next = self.address.q.val() + (bit_cast::<64, 7>(self.chunk.q.val()) << 6);
            self.beats.d.next = self.beats.q.val() - bit_cast::<32, 7>(self.chunk.q.val());
            self.sent.d.next = self.sent.q.val() + self.chunk16.val();
            if self.last_chunk.q.val() {
                self.sending.d.next = false;
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

        // Beats of the piece go to the packer.
        self.leave.next = self.beat.q.val() && self.packer.in_ready.val();
        self.next_fetched.next = self.fetched.q.val() + 1;
        self.available.d.next = self.arrived.q.val() != self.fetched.q.val();
        self.fetch.next =
            self.piece.q.val() && self.available.q.val() && (!self.beat.q.val() || self.packer.in_ready.val());
        self.lanes_left.next = bits::<29>(8) - bit_cast::<29, 3>(self.lane.q.val());
        self.last_beat.next = self.words.q.val() <= self.lanes_left.val();
        self.count.next = self.lanes_left.val().get_bits::<4>(0);
        if self.last_beat.val() {
            self.count.next = self.words.q.val().get_bits::<4>(0);
        }
        // A piece starts in the cycle after the end of the one before.
        self.pieces.out_ready.next = !self.piece.q.val();
        self.ring.fetch.next = self.fetch.val();
        self.ring.fetch_position.next = self.fetched.q.val();
        if self.leave.val() {
            self.beat.d.next = false;
            self.freed.d.next = self.freed.q.val() + 1;
        }
        if self.fetch.val() {
            self.beat.d.next = true;
            self.beat_lane.d.next = self.lane.q.val();
            self.beat_count.d.next = self.count.val();
            self.beat_last.d.next = self.last_beat.val();
            self.fetched.d.next = self.next_fetched.val();
            self.available.d.next = self.arrived.q.val() != self.next_fetched.val();
            self.lane.d.next = 0.into();
            self.words.d.next = self.words.q.val() - bit_cast::<29, 4>(self.count.val());
        }
        if self.fetch.val() && self.last_beat.val() {
            self.piece.d.next = false;
        }
        if !self.piece.q.val() {
            self.piece.d.next = self.pieces.out_valid.val();
            self.lane.d.next = self.pieces.out_data.val().get_bits::<3>(0);
            self.words.d.next = self.pieces.out_data.val().get_bits::<29>(3);
        }
        self.packer.in_valid.next = self.beat.q.val();
        self.packer.in_first.next = self.beat_lane.q.val();
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
        self.descriptors.starved.next = self.piece.q.val() && !self.available.q.val();
        self.descriptors.stalled.next = self.beat.q.val() && !self.packer.in_ready.val();
        if self.reset.val() {
            self.sending.d.next = false;
            self.sent.d.next = 0.into();
            self.arrived.d.next = 0.into();
            self.fetched.d.next = 0.into();
            self.freed.d.next = 0.into();
            self.piece.d.next = false;
            self.beat.d.next = false;
            self.prepared.d.next = false;
            self.room.d.next = false;
            self.available.d.next = false;
        }
    }
}
