//! One read port for all that the engine reads.

use karat_hdl_base::fifo::Fifo;
use karat_hdl_base::register::Register;
use karat_hdl_base::skid::Skid;
use rust_hdl::prelude::*;

/// Sources of commands: loads, table, program, constants, tiles.
pub const SOURCES: usize = 5;

/// Merges commands, of the sources that have one in turn, and tells their beats apart again, which come in the order of the commands.
///
/// Every beat is taken: a source asks for what it has place for.
#[derive(LogicBlock, Default)]
pub struct Reader {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// No command is under way.
    pub reset: Signal<In, Bit>,
    /// The first source is next.
    pub start: Signal<In, Bit>,
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
    /// Beat, a cycle after it was at the read port.
    pub beat: [Signal<Out, Bits<64>>; 8],
    /// It is of this source.
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
    pub rd_data: [Signal<In, Bits<64>>; 8],
    /// Read port.
    pub rd_valid: Signal<In, Bit>,
    /// Read port.
    pub rd_ready: Signal<Out, Bit>,
    // Address, then beats.
    commands: Skid<48>,
    // Bits 0 to 2: source; 3 to 8: slot; 9 and 10: words; 11 and 12: rotated; 13 to 16: beats.
    tags: Fifo<17, 5>,
    // Commands that wait for their last beat.
    under_way: Register<Bits<8>>,
    // Sources behind that of the command taken last.
    later: Register<Bits<5>>,
    place: Register<Bits<4>>,
    data: [Register<Bits<64>>; 8],
    is_beat: Register<Bit>,
    free: Signal<Local, Bit>,
    any: Signal<Local, Bit>,
    source: Signal<Local, Bits<3>>,
    taken: Signal<Local, Bit>,
    chosen: Signal<Local, Bits<32>>,
    beats: Signal<Local, Bits<16>>,
    ends: Signal<Local, Bit>,
}

impl Logic for Reader {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, under_way, later, place, is_beat);
        self.commands.clock.next = self.clock.val();
        self.commands.reset.next = self.reset.val();
        self.tags.clock.next = self.clock.val();
        self.tags.reset.next = self.reset.val();

        self.free.next = self.commands.in_ready.val() && self.tags.in_ready.val();
        self.any.next = false;
        self.source.next = 0.into();
        // The first behind the one whose turn it was, or the first of all.
        for i in 0..5 {
            if self.valid[4 - i].val() {
                self.any.next = true;
                self.source.next = bits::<3>(4) - i.to_bits();
            }
        }
        for i in 0..5 {
            if self.valid[4 - i].val() && self.later.q.val().get_bit(4 - i) {
                self.source.next = bits::<3>(4) - i.to_bits();
            }
        }
        self.taken.next = self.free.val() && self.any.val();
        self.chosen.next = 0.into();
        self.beats.next = 0.into();
        for i in 0..5 {
            self.ready[i].next = self.taken.val() && (self.source.val() == i.to_bits());
            if self.source.val() == i.to_bits() {
                self.chosen.next = self.address[i].val();
                self.beats.next = self.length[i].val();
                if self.taken.val() {
                    self.later.d.next = bits::<5>(0x1e) << i.to_bits::<3>();
                }
            }
        }
        self.commands.in_valid.next = self.taken.val();
        self.commands.in_data.next =
            bit_cast::<48, 32>(self.chosen.val()) | (bit_cast::<48, 16>(self.beats.val()) << 32);
        self.tags.in_valid.next = self.taken.val();
        self.tags.in_data.next = bit_cast::<17, 3>(self.source.val())
            | (bit_cast::<17, 6>(self.slot.val()) << 3)
            | (bit_cast::<17, 2>(self.words.val()) << 9)
            | (bit_cast::<17, 2>(self.rotated.val()) << 11)
            | (bit_cast::<17, 16>(self.beats.val()) << 13);
        self.rd_addr.next = self.commands.out_data.val().get_bits::<32>(0);
        self.rd_len.next = self.commands.out_data.val().get_bits::<16>(32);
        self.rd_cmd_valid.next = self.commands.out_valid.val();
        self.commands.out_ready.next = self.rd_cmd_ready.val();

        // The tag of a beat is there before it: it was stored with the command.
        self.rd_ready.next = true;
        self.is_beat.d.next = self.rd_valid.val();
        for i in 0..8 {
            self.data[i].clock.next = self.clock.val();
            self.data[i].d.next = self.rd_data[i].val();
            self.beat[i].next = self.data[i].q.val();
        }
        self.ends.next = self.is_beat.q.val() && (self.place.q.val() + 1 == self.tags.out_data.val().get_bits::<4>(13));
        self.tags.out_ready.next = self.ends.val();
        if self.is_beat.q.val() {
            self.place.d.next = self.place.q.val() + 1;
        }
        if self.ends.val() {
            self.place.d.next = 0.into();
        }
        for i in 0..5 {
            self.came[i].next = self.is_beat.q.val() && (self.tags.out_data.val().get_bits::<3>(0) == i.to_bits());
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
        self.busy.next = self.under_way.q.val().any();
        if self.start.val() {
            self.later.d.next = 0.into();
        }
        if self.reset.val() {
            self.under_way.d.next = 0.into();
            self.place.d.next = 0.into();
            self.is_beat.d.next = false;
        }
    }
}
