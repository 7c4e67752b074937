//! One read port for all that the engine reads.

use karat_hdl_base::fifo::Fifo;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Sources of commands: table, program, constants, loads, tiles.
pub const SOURCES: usize = 5;

/// Merges commands, of the sources that have one in turn, and tells their beats apart again, which come in the order of the commands.
#[derive(LogicBlock, Default)]
pub struct Reader {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// No command is under way.
    pub reset: Signal<In, Bit>,
    /// First beat of a command of each source.
    pub address: [Signal<In, Bits<32>>; SOURCES],
    /// Its beats, at most eight.
    pub length: [Signal<In, Bits<16>>; SOURCES],
    /// There is one.
    pub valid: [Signal<In, Bit>; SOURCES],
    /// It is taken.
    pub ready: [Signal<Out, Bit>; SOURCES],
    /// Of a command for tiles: the slot.
    pub slot: Signal<In, Bits<6>>,
    /// log2 of the words of a row.
    pub words: Signal<In, Bits<2>>,
    /// Its rotation, as [`crate::Intake`] has it.
    pub rotated: Signal<In, Bits<2>>,
    /// A beat of this source is at the read port.
    pub came: [Signal<Out, Bit>; SOURCES],
    /// Its index in its command.
    pub position: Signal<Out, Bits<3>>,
    /// It is the last.
    pub is_last: Signal<Out, Bit>,
    /// Slot of its command.
    pub beat_slot: Signal<Out, Bits<6>>,
    /// log2 of the words of a row.
    pub beat_words: Signal<Out, Bits<2>>,
    /// Rotation of its load.
    pub beat_rotated: Signal<Out, Bits<2>>,
    /// Commands are under way.
    pub busy: Signal<Out, Bit>,
    /// Read port.
    pub rd_addr: Signal<Out, Bits<32>>,
    /// Read port.
    pub rd_len: Signal<Out, Bits<16>>,
    /// Read port.
    pub rd_cmd_valid: Signal<Out, Bit>,
    /// Read port.
    pub rd_cmd_ready: Signal<In, Bit>,
    /// Read port.
    pub rd_valid: Signal<In, Bit>,
    /// Read port.
    pub rd_ready: Signal<Out, Bit>,
    // A command, until the port and the list of those under way have taken it.
    held: Register<Bit>,
    at: Register<Bits<32>>,
    beats: Register<Bits<16>>,
    tag: Register<Bits<13>>,
    // Bits 0 to 2: source; 3 to 8: slot; 9 and 10: words; 11 and 12: rotated; 13 to 16: beats.
    tags: Fifo<17, 5>,
    // Commands that wait for their last beat.
    under_way: Register<Bits<8>>,
    // Source of the command taken last.
    turn: Register<Bits<3>>,
    place: Register<Bits<4>>,
    free: Signal<Local, Bit>,
    any: Signal<Local, Bit>,
    source: Signal<Local, Bits<3>>,
    taken: Signal<Local, Bit>,
    beat: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
}

impl Logic for Reader {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held, at, beats, tag, under_way, turn, place);
        self.tags.clock.next = self.clock.val();
        self.tags.reset.next = self.reset.val();

        self.taken.next = self.held.q.val() && self.rd_cmd_ready.val() && self.tags.in_ready.val();
        self.rd_addr.next = self.at.q.val();
        self.rd_len.next = self.beats.q.val();
        self.rd_cmd_valid.next = self.held.q.val() && self.tags.in_ready.val();
        self.tags.in_valid.next = self.taken.val();
        self.tags.in_data.next = bit_cast::<17, 13>(self.tag.q.val()) | (bit_cast::<17, 16>(self.beats.q.val()) << 13);
        if self.taken.val() {
            self.held.d.next = false;
        }
        self.free.next = !self.held.q.val();
        self.any.next = false;
        self.source.next = 0.into();
        // The first above the source whose turn it was, or the first of all.
        for i in 0..5 {
            if self.valid[4 - i].val() {
                self.any.next = true;
                self.source.next = bits::<3>(4) - i.to_bits();
            }
        }
        for i in 0..5 {
            if self.valid[4 - i].val() && (self.turn.q.val() < bits::<3>(4) - i.to_bits()) {
                self.source.next = bits::<3>(4) - i.to_bits();
            }
        }
        for i in 0..5 {
            self.ready[i].next = self.free.val() && self.any.val() && (self.source.val() == i.to_bits());
            if self.free.val() && self.any.val() && (self.source.val() == i.to_bits()) {
                self.held.d.next = true;
                self.turn.d.next = i.to_bits();
                self.at.d.next = self.address[i].val();
                self.beats.d.next = self.length[i].val();
                self.tag.d.next = bit_cast::<13, 3>(self.source.val())
                    | (bit_cast::<13, 6>(self.slot.val()) << 3)
                    | (bit_cast::<13, 2>(self.words.val()) << 9)
                    | (bit_cast::<13, 2>(self.rotated.val()) << 11);
            }
        }

        self.rd_ready.next = self.tags.out_valid.val();
        self.beat.next = self.rd_valid.val() && self.tags.out_valid.val();
        self.ends.next = self.beat.val() && (self.place.q.val() + 1 == self.tags.out_data.val().get_bits::<4>(13));
        self.tags.out_ready.next = self.ends.val();
        if self.beat.val() {
            self.place.d.next = self.place.q.val() + 1;
        }
        if self.ends.val() {
            self.place.d.next = 0.into();
        }
        for i in 0..5 {
            self.came[i].next = self.beat.val() && (self.tags.out_data.val().get_bits::<3>(0) == i.to_bits());
        }
        self.position.next = self.place.q.val().get_bits::<3>(0);
        self.is_last.next = self.ends.val();
        self.beat_slot.next = self.tags.out_data.val().get_bits::<6>(3);
        self.beat_words.next = self.tags.out_data.val().get_bits::<2>(9);
        self.beat_rotated.next = self.tags.out_data.val().get_bits::<2>(11);
        if self.taken.val() && !self.ends.val() {
            self.under_way.d.next = self.under_way.q.val() + 1;
        }
        if self.ends.val() && !self.taken.val() {
            self.under_way.d.next = self.under_way.q.val() - 1;
        }
        self.busy.next = self.held.q.val() || self.under_way.q.val().any();
        if self.reset.val() {
            self.held.d.next = false;
            self.under_way.d.next = 0.into();
            self.turn.d.next = 0.into();
            self.place.d.next = 0.into();
        }
    }
}
