//! From the read port to the tiles of all lanes.

use karat_hdl_base::fifo::{BeatFifo, Fifo};
use karat_hdl_base::register::{EnabledRegister, Register};
use rust_hdl::prelude::*;

use crate::feeder::Feeder;

/// Keeps the beats of loads, 2^A of them, until the lanes can take them, and says when a load is there.
///
/// A load is as many beats as hold 8, 4 or 2 words of every row of the lanes, in order of rows. It may be *rotated*: lane t takes row
/// `rev(rev(t) + 1)` or `rev(rev(t) - 1)`, rev the reversal of the bits of a lane's index, where the last rows of a coset are followed by
/// its first or the first preceded by its last.
///
/// A lane writes a word a cycle, so that beats may come quicker than they go: no command is sent whose beats have no place.
#[derive(LogicBlock)]
pub struct Intake<const LANES: usize, const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Nothing is under way.
    pub reset: Signal<In, Bit>,
    /// There is place for a command of eight beats.
    pub room: Signal<Out, Bit>,
    /// A command is sent.
    pub sent: Signal<In, Bit>,
    /// Its beats, at most eight.
    pub length: Signal<In, Bits<16>>,
    /// Beat, in the order of the commands.
    pub beat: [Signal<In, Bits<64>>; 8],
    /// There is one.
    pub beat_valid: Signal<In, Bit>,
    /// Its index in its load.
    pub position: Signal<In, Bits<3>>,
    /// It is the last.
    pub is_last: Signal<In, Bit>,
    /// Slot of its load.
    pub slot: Signal<In, Bits<6>>,
    /// log2 of the words of a row.
    pub words: Signal<In, Bits<2>>,
    /// Bit 0: its load is rotated to the next rows; bit 1: to the previous ones.
    pub rotated: Signal<In, Bits<2>>,
    /// A word is written, of each lane.
    pub tile_write: [Signal<Out, Bit>; LANES],
    /// Slot, then word, of each lane.
    pub tile_address: [Signal<Out, Bits<9>>; LANES],
    /// The word, of each lane.
    pub tile_data: [Signal<Out, Bits<64>>; LANES],
    /// A load is there: all of its words can be read from the next cycle on.
    pub loaded: Signal<Out, Bit>,
    /// Beats are to come, or to be written.
    pub busy: Signal<Out, Bit>,
    beats: BeatFifo<A>,
    // Bits 0 to 5: slot; 6 and 7: words; 8 and 9: rotated; 10 to 12: position; 13: last.
    tags: Fifo<14, A>,
    feeders: Vec<Feeder>,
    // The beats that lanes took last, word i of lane l at 8 l + i; and of them the word that is written.
    taken: Vec<EnabledRegister<Bits<64>>>,
    pairs: Vec<Signal<Local, Bits<64>>>,
    fours: Vec<Signal<Local, Bits<64>>>,
    // Beats of commands that no lane has taken.
    promised: Register<Bits<16>>,
    has_room: Register<Bit>,
    // The last beat of a load was taken so many cycles ago.
    ends: Register<Bits<8>>,
    all_ready: Signal<Local, Bit>,
    goes: Signal<Local, Bit>,
    ends_now: Signal<Local, Bits<8>>,
    more: Signal<Local, Bits<16>>,
    fewer: Signal<Local, Bits<16>>,
    _lanes: usize,
    full: Constant<Bits<16>>,
}

impl<const LANES: usize, const A: usize> Default for Intake<LANES, A> {
    fn default() -> Self {
        assert!((5..=15).contains(&A), "there is place for some commands");
        Self {
            clock: Default::default(),
            reset: Default::default(),
            room: Default::default(),
            sent: Default::default(),
            length: Default::default(),
            beat: Default::default(),
            beat_valid: Default::default(),
            position: Default::default(),
            is_last: Default::default(),
            slot: Default::default(),
            words: Default::default(),
            rotated: Default::default(),
            tile_write: std::array::from_fn(|_| Default::default()),
            tile_address: std::array::from_fn(|_| Default::default()),
            tile_data: std::array::from_fn(|_| Default::default()),
            loaded: Default::default(),
            busy: Default::default(),
            beats: Default::default(),
            tags: Default::default(),
            promised: Default::default(),
            has_room: Default::default(),
            ends: Default::default(),
            all_ready: Default::default(),
            goes: Default::default(),
            ends_now: Default::default(),
            more: Default::default(),
            fewer: Default::default(),
            taken: (0..8 * LANES).map(|_| Default::default()).collect(),
            pairs: (0..4 * LANES).map(|_| Default::default()).collect(),
            fours: (0..2 * LANES).map(|_| Default::default()).collect(),
            feeders: (0..LANES).map(|lane| Feeder::new(lane, LANES)).collect(),
            _lanes: LANES,
            // A command that is sent in the cycle in which another's room is reckoned has its place too.
            full: Constant::new(((1_u64 << A) - 16).to_bits()),
        }
    }
}

impl<const LANES: usize, const A: usize> Logic for Intake<LANES, A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, promised, has_room, ends);
        self.beats.clock.next = self.clock.val();
        self.beats.reset.next = self.reset.val();
        self.tags.clock.next = self.clock.val();
        self.tags.reset.next = self.reset.val();
        self.beats.in_valid.next = self.beat_valid.val();
        self.tags.in_valid.next = self.beat_valid.val();
        self.tags.in_data.next = bit_cast::<14, 6>(self.slot.val())
            | (bit_cast::<14, 2>(self.words.val()) << 6)
            | (bit_cast::<14, 2>(self.rotated.val()) << 8)
            | (bit_cast::<14, 3>(self.position.val()) << 10)
            | (bit_cast::<14, 1>(self.is_last.val().into()) << 13);
        for i in 0..8 {
            self.beats.in_data[i].next = self.beat[i].val();
        }

        self.all_ready.next = true;
        for l in 0..self._lanes {
            self.feeders[l].clock.next = self.clock.val();
            self.feeders[l].reset.next = self.reset.val();
            self.feeders[l].slot.next = self.tags.out_data.val().get_bits::<6>(0);
            self.feeders[l].log_words.next = self.tags.out_data.val().get_bits::<2>(6);
            self.feeders[l].rotated.next = self.tags.out_data.val().get_bits::<2>(8);
            self.feeders[l].position.next = self.tags.out_data.val().get_bits::<3>(10);
            if !self.feeders[l].ready.val() {
                self.all_ready.next = false;
            }
            self.tile_write[l].next = self.feeders[l].write.val();
            self.tile_address[l].next = self.feeders[l].address.val();
        }
        self.goes.next = self.beats.out_valid.val() && self.all_ready.val();
        for l in 0..self._lanes {
            self.feeders[l].valid.next = self.goes.val();
            for i in 0..8 {
                self.taken[8 * l + i].clock.next = self.clock.val();
                self.taken[8 * l + i].enable.next = self.feeders[l].takes.val();
                self.taken[8 * l + i].d.next = self.beats.out_data[i].val();
            }
            for i in 0..4 {
                self.pairs[4 * l + i].next = self.taken[8 * l + 2 * i].q.val();
                if self.feeders[l].word.val().get_bit(0) {
                    self.pairs[4 * l + i].next = self.taken[8 * l + 2 * i + 1].q.val();
                }
            }
            for i in 0..2 {
                self.fours[2 * l + i].next = self.pairs[4 * l + 2 * i].val();
                if self.feeders[l].word.val().get_bit(1) {
                    self.fours[2 * l + i].next = self.pairs[4 * l + 2 * i + 1].val();
                }
            }
            self.tile_data[l].next = self.fours[2 * l].val();
            if self.feeders[l].word.val().get_bit(2) {
                self.tile_data[l].next = self.fours[2 * l + 1].val();
            }
        }
        self.beats.out_ready.next = self.all_ready.val();
        self.tags.out_ready.next = self.all_ready.val();

        // A lane that takes the last beat writes its last word eight cycles later at most.
        self.ends_now.next = 0.into();
        if self.goes.val() && self.tags.out_data.val().get_bit(13) {
            self.ends_now.next = 1.into();
        }
        self.ends.d.next = (self.ends.q.val() << 1) | self.ends_now.val();
        self.loaded.next = self.ends.q.val().get_bit(7);

        self.more.next = 0.into();
        if self.sent.val() {
            self.more.next = self.length.val();
        }
        self.fewer.next = 0.into();
        if self.goes.val() {
            self.fewer.next = 1.into();
        }
        self.promised.d.next = self.promised.q.val() + self.more.val() - self.fewer.val();
        self.has_room.d.next = self.promised.q.val() <= self.full.val();
        self.room.next = self.has_room.q.val();
        self.busy.next = self.promised.q.val().any() || self.ends.q.val().any();
        if self.reset.val() {
            self.promised.d.next = 0.into();
            self.has_room.d.next = false;
            self.ends.d.next = 0.into();
        }
    }
}
