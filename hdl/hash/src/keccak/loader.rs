//! From blocks and states to the rounds.

use karat_hdl_base::register::{EnabledRegister, KeptRegister, Register};
use rust_hdl::prelude::*;

/// Takes a pass after the other, and row after row of each: its block at once, its state a part a cycle, and offers them to the rounds,
/// which work on the row before meanwhile.
///
/// The tag of a state: bits 0 to 15 its row, 16 that its digest is wanted and not the state, 17 that it is the first of its batch, 18
/// that it is the last of a batch of candidates.
#[derive(LogicBlock)]
pub struct Loader {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets passes and states.
    pub reset: Signal<In, Bit>,
    /// A pass is offered, see [`super::planner::Planner`].
    pub pass_valid: Signal<In, Bit>,
    /// It is taken.
    pub pass_ready: Signal<Out, Bit>,
    /// The pass.
    pub pass: Signal<In, Bits<32>>,
    /// The last row of a block has been read.
    pub block_read: Signal<Out, Bit>,
    /// Block to read.
    pub block: Signal<Out, Bits<2>>,
    /// Row of it.
    pub block_row: Signal<Out, Bits<16>>,
    /// Its words, a cycle later.
    pub absorbed: [Signal<In, Bits<64>>; 17],
    /// Row whose state is read.
    pub state_row: Signal<Out, Bits<16>>,
    /// Part of it.
    pub state_part: Signal<Out, Bits<5>>,
    /// The words of the part, a cycle later.
    pub state: Vec<Signal<In, Bits<64>>>,
    /// A state came to its end, at least a cycle ago.
    pub ended: Signal<In, Bit>,
    /// No state is under way.
    pub idle: Signal<Out, Bit>,
    /// A state is offered to the rounds.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// What goes with it.
    pub out_tag: Signal<Out, Bits<32>>,
    /// Its words.
    pub y: [Signal<Out, Bits<64>>; 25],
    // The pass.
    current: Register<Bit>,
    last: Register<Bits<16>>,
    mask: Register<Bits<32>>,
    padding: Register<Bits<32>>,
    padded: Register<Bit>,
    fresh: Register<Bit>,
    digest: Register<Bit>,
    search: Register<Bit>,
    number: Register<Bits<2>>,
    row: Register<Bits<16>>,
    part: Register<Bits<5>>,
    // The state.
    word: [EnabledRegister<Bits<64>>; 25],
    tag: EnabledRegister<Bits<32>>,
    full: Register<Bit>,
    // The row may begin as soon as there is place. This and `full` once for every five words, as all have 64 loads.
    armed: Register<Bit>,
    armed_at: [KeptRegister<Bit>; 5],
    full_at: [KeptRegister<Bit>; 5],
    begins_at: [Signal<Local, Bit>; 5],
    under_way: Register<Bits<16>>,
    one: Signal<Local, Bits<32>>,
    at_last: Signal<Local, Bit>,
    begins: Signal<Local, Bit>,
    goes: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    block_word: [Signal<Local, Bits<64>>; 25],
    // Of the words of all parts, if they come in this cycle.
    comes: Vec<Signal<Local, Bit>>,
    before: Vec<Signal<Local, Bits<64>>>,
    room: Signal<Local, Bit>,
    last_part: Constant<Bits<5>>,
    // A row begins in the cycle in which the one before it leaves, and not only in the next.
    early: Constant<Bit>,
    _words: usize,
    _more: usize,
    _parts: usize,
}

impl Loader {
    /// For states whose parts have so many words, and rounds that take one in every `interval` cycles.
    pub fn new(words: usize, interval: usize) -> Self {
        let parts = 25_usize.div_ceil(words);
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            pass_valid: Signal::default(),
            pass_ready: Signal::default(),
            pass: Signal::default(),
            block_read: Signal::default(),
            block: Signal::default(),
            block_row: Signal::default(),
            absorbed: Default::default(),
            state_row: Signal::default(),
            state_part: Signal::default(),
            state: (0..words).map(|_| Signal::default()).collect(),
            ended: Signal::default(),
            idle: Signal::default(),
            out_valid: Signal::default(),
            out_ready: Signal::default(),
            out_tag: Signal::default(),
            y: Default::default(),
            current: Register::default(),
            last: Register::default(),
            mask: Register::default(),
            padding: Register::default(),
            padded: Register::default(),
            fresh: Register::default(),
            digest: Register::default(),
            search: Register::default(),
            number: Register::default(),
            row: Register::default(),
            part: Register::default(),
            word: Default::default(),
            tag: EnabledRegister::default(),
            full: Register::default(),
            armed: Register::default(),
            armed_at: Default::default(),
            full_at: Default::default(),
            begins_at: Default::default(),
            under_way: Register::default(),
            one: Signal::default(),
            at_last: Signal::default(),
            begins: Signal::default(),
            goes: Signal::default(),
            ends: Signal::default(),
            block_word: Default::default(),
            comes: (0..parts * words).map(|_| Signal::default()).collect(),
            before: (0..parts * words).map(|_| Signal::default()).collect(),
            room: Signal::default(),
            last_part: Constant::new((parts as u64 - 1).to_bits()),
            early: Constant::new(parts == interval),
            _words: words,
            _more: words + 1,
            _parts: parts,
        }
    }
}

impl Logic for Loader {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, current, last, mask, padding, padded, fresh, digest, search, number, row, part);
        dff_setup!(self, clock, full, armed, under_way);
        self.one.next = bits::<32>(1) << self.pass.val().get_bits::<5>(16);
        self.pass_ready.next = !self.current.q.val();
        if self.pass_valid.val() && !self.current.q.val() {
            self.current.d.next = true;
            self.last.d.next = self.pass.val().get_bits::<16>(0);
            self.fresh.d.next = self.pass.val().get_bit(21);
            self.padded.d.next = self.pass.val().get_bit(22);
            self.digest.d.next = self.pass.val().get_bit(23);
            self.search.d.next = self.pass.val().get_bit(24);
            self.mask.d.next = self.one.val() - 1;
            if self.pass.val().get_bit(24) {
                self.mask.d.next = self.one.val();
            }
            self.padding.d.next = 0.into();
            if self.pass.val().get_bit(22) {
                self.padding.d.next = self.one.val();
            }
        }

        // The RAMs show the row's block and the first part of its state.
        self.at_last.next = self.row.q.val() == self.last.q.val();
        self.begins.next = self.armed.q.val() && (!self.full.q.val() || (self.early.val() && self.out_ready.val()));
        self.goes.next = self.begins.val() || (self.part.q.val() != 0);
        self.ends.next = self.goes.val() && (self.fresh.q.val() || (self.part.q.val() == self.last_part.val()));
        self.block_read.next = self.ends.val() && self.at_last.val();
        if self.out_ready.val() {
            self.full.d.next = false;
        }
        if self.goes.val() {
            self.part.d.next = self.part.q.val() + 1;
        }
        if self.ends.val() {
            self.full.d.next = true;
            self.part.d.next = 0.into();
            self.row.d.next = self.row.q.val() + 1;
            if self.at_last.val() {
                self.row.d.next = 0.into();
                self.number.d.next = self.number.q.val() + 1;
                self.current.d.next = false;
            }
        }
        if self.begins.val() && !self.ended.val() {
            self.under_way.d.next = self.under_way.q.val() + 1;
        }
        if !self.begins.val() && self.ended.val() {
            self.under_way.d.next = self.under_way.q.val() - 1;
        }
        // A row may begin again when its state has been written, which is when fewer are under way than the batch has rows.
        self.room.next = self.under_way.q.val() <= self.last.q.val();
        if self.begins.val() {
            self.room.next = self.under_way.q.val() < self.last.q.val();
        }
        self.armed.d.next = (self.current.q.val() && !(self.ends.val() && self.at_last.val()))
            && (self.ends.val() || !self.goes.val())
            && (self.fresh.q.val() || self.search.q.val() || self.room.val());
        self.idle.next = self.under_way.q.val() == 0;
        self.block.next = self.number.d.val();
        self.block_row.next = self.row.d.val();
        self.state_part.next = self.part.d.val();
        self.state_row.next = self.row.d.val();
        if self.search.q.val() {
            self.state_row.next = 0.into();
        }

        for i in 0..25 {
            self.block_word[i].next = 0.into();
        }
        for i in 0..17 {
            if self.mask.q.val().get_bit(i) {
                self.block_word[i].next = self.absorbed[i].val();
            }
            if self.padding.q.val().get_bit(i) {
                self.block_word[i].next = 1.into();
            }
        }
        if self.padded.q.val() {
            self.block_word[16].next =
                (bit_cast::<64, 1>(self.padding.q.val().get_bits::<1>(16))) | (bits::<64>(1) << 63);
        }
        for n in self._words..self._more {
            for p in 0..self._parts {
                for i in 0..self._words {
                    self.comes[p * n + i].next =
                        self.goes.val() && !self.fresh.q.val() && (self.part.q.val() == p.to_bits());
                    self.before[p * n + i].next = 0.into();
                    if self.comes[p * n + i].val() {
                        self.before[p * n + i].next = self.state[i].val();
                    }
                }
            }
        }
        for i in 0..5 {
            self.begins_at[i].next =
                self.armed_at[i].q.val() && (!self.full_at[i].q.val() || (self.early.val() && self.out_ready.val()));
        }
        for i in 0..25 {
            self.word[i].clock.next = self.clock.val();
            self.word[i].enable.next = self.begins_at[i / 5].val() || self.comes[i].val();
            self.word[i].d.next = self.word[i].q.val() ^ self.before[i].val();
            if self.begins_at[i / 5].val() {
                self.word[i].d.next = self.block_word[i].val() ^ self.before[i].val();
            }
            self.y[i].next = self.word[i].q.val();
        }
        self.tag.clock.next = self.clock.val();
        self.tag.enable.next = self.begins.val();
        self.tag.d.next = bit_cast::<32, 16>(self.row.q.val())
            | (bit_cast::<32, 1>(self.digest.q.val().into()) << 16)
            | (bit_cast::<32, 1>((self.row.q.val() == 0).into()) << 17)
            | (bit_cast::<32, 1>((self.search.q.val() && self.at_last.val()).into()) << 18);
        self.out_valid.next = self.full.q.val();
        self.out_tag.next = self.tag.q.val();
        if self.reset.val() {
            self.current.d.next = false;
            self.number.d.next = 0.into();
            self.row.d.next = 0.into();
            self.part.d.next = 0.into();
            self.full.d.next = false;
            self.armed.d.next = false;
            self.under_way.d.next = 0.into();
        }
        for i in 0..5 {
            self.armed_at[i].clock.next = self.clock.val();
            self.armed_at[i].d.next = self.armed.d.val();
            self.full_at[i].clock.next = self.clock.val();
            self.full_at[i].d.next = self.full.d.val();
        }
    }
}
