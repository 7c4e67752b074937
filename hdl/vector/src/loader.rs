//! The loads of every run as commands to read.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::reverse::Reverse24;

/// Bits of the index of a group of rows.
const GROUP_BITS: usize = 24;

/// Commands for the loads of run after run, as far as they may begin; every run is for one group of rows, as many as lanes.
///
/// Of a matrix of 8 words a row, the group's rows in tile `tile` are beats `base + tile * stride + group * lanes` and on; with fewer words a
/// row's share of a beat is smaller, and `tile` counts parts. The group of the *next rows* is the one whose index, bits reversed, is larger
/// by one; behind the last group comes the first, rotated (see [`crate::Feeder`]).
#[derive(LogicBlock)]
pub struct Loader {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// Starts; what follows is stable while it runs.
    pub start: Signal<In, Bit>,
    /// Groups of rows, not zero: as many runs.
    pub groups: Signal<In, Bits<24>>,
    /// log2 of the groups of a coset, for next rows.
    pub log_groups: Signal<In, Bits<5>>,
    /// The last group comes first.
    pub descending: Signal<In, Bit>,
    /// Loads that may begin at once.
    pub free: Signal<In, Bits<16>>,
    /// First beat of each matrix.
    pub base: [Signal<In, Bits<32>>; 4],
    /// Beats between its tiles.
    pub stride: [Signal<In, Bits<32>>; 4],
    /// log2 of its words of a row in a tile.
    pub log_words: [Signal<In, Bits<2>>; 4],
    /// A load (`Load::encode`), again from the first after the last.
    pub load: Signal<In, Bits<64>>,
    /// There is one.
    pub load_valid: Signal<In, Bit>,
    /// It is the last of a run.
    pub load_is_last: Signal<In, Bit>,
    /// It is taken.
    pub load_take: Signal<Out, Bit>,
    /// So many more loads may begin.
    pub freed: Signal<In, Bits<5>>,
    /// First beat of a command.
    pub address: Signal<Out, Bits<32>>,
    /// Its beats.
    pub length: Signal<Out, Bits<16>>,
    /// Slot that it is for.
    pub slot: Signal<Out, Bits<6>>,
    /// log2 of the words of a row that it brings.
    pub words: Signal<Out, Bits<2>>,
    /// It is rotated.
    pub rotated: Signal<Out, Bit>,
    /// There is a command.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,
    /// Commands are to come.
    pub busy: Signal<Out, Bit>,
    running: Register<Bit>,
    left: Register<Bits<24>>,
    group: Register<Bits<24>>,
    credit: Register<Bits<16>>,
    // The group of the next rows: three cycles behind `group`.
    reversed: Register<Bits<24>>,
    advanced: Register<Bits<24>>,
    behind: Register<Bits<24>>,
    reverse: Reverse24,
    reverse_back: Reverse24,
    unused: Register<Bits<5>>,
    last_group: Register<Bits<24>>,
    // A load on its way to a command, and how far it is.
    step: Register<Bits<3>>,
    entry: Register<Bits<64>>,
    is_last: Register<Bit>,
    base1: Register<Bits<32>>,
    stride1: Register<Bits<32>>,
    words1: Register<Bits<2>>,
    low: Register<Bits<32>>,
    high: Register<Bits<32>>,
    sum: Register<Bits<32>>,
    offset: Register<Bits<32>>,
    begins: Signal<Local, Bit>,
    taken: Signal<Local, Bit>,
    chosen: Signal<Local, Bits<24>>,
    log_beats: Signal<Local, Bits<5>>,
    spent: Signal<Local, Bits<16>>,
    // log2 of the lanes, less three.
    lanes: Constant<Bits<5>>,
    bits: Constant<Bits<5>>,
    one: Constant<Bits<24>>,
}

impl Loader {
    /// For so many lanes: four or eight.
    pub fn new(lanes: usize) -> Self {
        assert!(lanes == 4 || lanes == 8, "a group is of four or eight rows");
        Self {
            clock: Default::default(),
            reset: Default::default(),
            start: Default::default(),
            groups: Default::default(),
            log_groups: Default::default(),
            descending: Default::default(),
            free: Default::default(),
            base: Default::default(),
            stride: Default::default(),
            log_words: Default::default(),
            load: Default::default(),
            load_valid: Default::default(),
            load_is_last: Default::default(),
            load_take: Default::default(),
            freed: Default::default(),
            address: Default::default(),
            length: Default::default(),
            slot: Default::default(),
            words: Default::default(),
            rotated: Default::default(),
            valid: Default::default(),
            ready: Default::default(),
            busy: Default::default(),
            running: Default::default(),
            left: Default::default(),
            group: Default::default(),
            credit: Default::default(),
            reversed: Default::default(),
            advanced: Default::default(),
            behind: Default::default(),
            reverse: Default::default(),
            reverse_back: Default::default(),
            unused: Default::default(),
            last_group: Default::default(),
            step: Default::default(),
            entry: Default::default(),
            is_last: Default::default(),
            base1: Default::default(),
            stride1: Default::default(),
            words1: Default::default(),
            low: Default::default(),
            high: Default::default(),
            sum: Default::default(),
            offset: Default::default(),
            begins: Default::default(),
            taken: Default::default(),
            chosen: Default::default(),
            log_beats: Default::default(),
            spent: Default::default(),
            lanes: Constant::new((3 - u64::from(lanes.ilog2())).to_bits()),
            bits: Constant::new((GROUP_BITS as u64).to_bits()),
            one: Constant::new(1_u64.to_bits()),
        }
    }
}

impl Logic for Loader {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, running, left, group, credit, reversed, advanced, behind, unused, last_group);
        dff_setup!(self, clock, step, entry, is_last, base1, stride1, words1, low, high, sum, offset);
        self.unused.d.next = self.bits.val() - self.log_groups.val();
        self.last_group.d.next = (self.one.val() << self.log_groups.val()) - 1;
        self.reverse.x.next = self.group.q.val();
        self.reversed.d.next = self.reverse.y.val() >> self.unused.q.val();
        self.advanced.d.next = (self.reversed.q.val() + 1) & self.last_group.q.val();
        self.reverse_back.x.next = self.advanced.q.val();
        self.behind.d.next = self.reverse_back.y.val() >> self.unused.q.val();

        self.begins.next =
            self.running.q.val() && (self.step.q.val() == 0) && self.load_valid.val() && self.credit.q.val().any();
        self.load_take.next = self.begins.val();
        self.spent.next = 0.into();
        if self.begins.val() {
            self.spent.next = 1.into();
            self.entry.d.next = self.load.val();
            self.is_last.d.next = self.load_is_last.val();
            self.step.d.next = 1.into();
        }
        self.credit.d.next = self.credit.q.val() + bit_cast::<16, 5>(self.freed.val()) - self.spent.val();

        if self.step.q.val() == 1 {
            self.step.d.next = 2.into();
        }
        for i in 0..4 {
            if self.entry.q.val().get_bits::<2>(24) == i.to_bits() {
                self.base1.d.next = self.base[i].val();
                self.stride1.d.next = self.stride[i].val();
                self.words1.d.next = self.log_words[i].val();
            }
        }
        if self.step.q.val() == 2 {
            self.step.d.next = 3.into();
        }
        self.low.d.next = self.entry.q.val().get_bits::<16>(0) * self.stride1.q.val().get_bits::<16>(0);
        self.high.d.next = self.entry.q.val().get_bits::<16>(0) * self.stride1.q.val().get_bits::<16>(16);
        if self.step.q.val() == 3 {
            self.step.d.next = 4.into();
        }
        self.sum.d.next = self.base1.q.val() + self.low.q.val() + (self.high.q.val() << 16);
        self.chosen.next = self.group.q.val();
        if self.entry.q.val().get_bit(32) {
            self.chosen.next = self.behind.q.val();
        }
        self.log_beats.next = bit_cast::<5, 2>(self.words1.q.val()) - self.lanes.val();
        self.offset.d.next = bit_cast::<32, 24>(self.chosen.val()) << self.log_beats.val();
        // A step more: that long a new group takes to its next rows.
        if self.step.q.val() == 4 {
            self.step.d.next = 5.into();
        }
        self.taken.next = (self.step.q.val() == 5) && self.ready.val();
        self.address.next = self.sum.q.val() + self.offset.q.val();
        self.length.next = bits::<16>(1) << self.log_beats.val();
        self.slot.next = self.entry.q.val().get_bits::<6>(16);
        self.words.next = self.words1.q.val();
        self.rotated.next = self.entry.q.val().get_bit(32) && (self.group.q.val() == self.last_group.q.val());
        self.valid.next = self.step.q.val() == 5;
        self.busy.next = self.running.q.val();
        if self.taken.val() {
            self.step.d.next = 0.into();
            if self.is_last.q.val() {
                self.left.d.next = self.left.q.val() - 1;
                self.group.d.next = self.group.q.val() + 1;
                if self.descending.val() {
                    self.group.d.next = self.group.q.val() - 1;
                }
                if self.left.q.val() == 1 {
                    self.running.d.next = false;
                }
            }
        }
        if self.start.val() {
            self.running.d.next = true;
            self.left.d.next = self.groups.val();
            self.group.d.next = 0.into();
            if self.descending.val() {
                self.group.d.next = self.groups.val() - 1;
            }
            self.credit.d.next = self.free.val();
            self.step.d.next = 0.into();
        }
        if self.reset.val() {
            self.running.d.next = false;
            self.step.d.next = 0.into();
        }
    }
}
