//! The loads of every run as commands to read.

use karat_hdl_base::register::Register;
use karat_hdl_base::reverse::Reverse;
use karat_hdl_base::skid::Skid;
use rust_hdl::prelude::*;

/// Bits of the index of a run, and log2 of the largest coset's groups.
const INDEX_BITS: usize = 24;

/// Commands for the loads of run after run, as far as they may begin; one a cycle.
///
/// The group of rows is `(run << log_unroll) + group`, with run 0 for all if the matrix is fixed. It is beats `base + tile * stride +
/// (group << log_beats)` and on. Of next rows it is the group whose index in its coset, bits reversed, is larger by one, of previous rows
/// smaller by one; where that goes round, the load is rotated (see [`crate::Intake`]).
#[derive(LogicBlock)]
pub struct Loader {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// Starts; what follows is stable while it runs.
    pub start: Signal<In, Bit>,
    /// Runs, not zero.
    pub runs: Signal<In, Bits<24>>,
    /// log2 of the groups of a run.
    pub log_unroll: Signal<In, Bits<3>>,
    /// log2 of the groups of a coset.
    pub log_groups: Signal<In, Bits<5>>,
    /// The last run comes first.
    pub descending: Signal<In, Bit>,
    /// Loads that may begin at once.
    pub free: Signal<In, Bits<16>>,
    /// First beat of each matrix.
    pub base: [Signal<In, Bits<32>>; 4],
    /// Beats between its tiles.
    pub stride: [Signal<In, Bits<32>>; 4],
    /// Its tiles, at most 2^16.
    pub tiles: [Signal<In, Bits<32>>; 4],
    /// log2 of its words of a row in a tile; bit 2: it is fixed.
    pub shape: [Signal<In, Bits<3>>; 4],
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
    /// Bit 0: it is rotated to the next rows; bit 1: to the previous ones.
    pub rotated: Signal<Out, Bits<2>>,
    /// There is a command.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,
    running: Register<Bit>,
    left: Register<Bits<24>>,
    run: Register<Bits<24>>,
    credit: Register<Bits<16>>,
    // What follows from the ports, and is there when the first load comes.
    unused: Register<Bits<5>>,
    last_group: Register<Bits<24>>,
    // Bits of a load's group that count.
    group_mask: Register<Bits<7>>,
    // A load and its run.
    valid1: Register<Bit>,
    load1: Register<Bits<64>>,
    run1: Register<Bits<24>>,
    // Its matrix; a tag is slot, row, group of the run and log2 of the words.
    valid2: Register<Bit>,
    base2: Register<Bits<32>>,
    stride2: Register<Bits<32>>,
    tile2: Register<Bits<16>>,
    run2: Register<Bits<24>>,
    tag2: Register<Bits<16>>,
    shape2: Register<Bits<3>>,
    valid3: Register<Bit>,
    base3: Register<Bits<32>>,
    low3: Register<Bits<32>>,
    high3: Register<Bits<32>>,
    run3: Register<Bits<24>>,
    reversed3: Register<Bits<24>>,
    tag3: Register<Bits<16>>,
    valid4: Register<Bit>,
    sum4: Register<Bits<32>>,
    run4: Register<Bits<24>>,
    moved4: Register<Bits<24>>,
    rotated4: Register<Bits<2>>,
    tag4: Register<Bits<16>>,
    valid5: Register<Bit>,
    sum5: Register<Bits<32>>,
    group5: Register<Bits<32>>,
    rotated5: Register<Bits<2>>,
    tag5: Register<Bits<16>>,
    reverse: Reverse<INDEX_BITS>,
    reverse_back: Reverse<INDEX_BITS>,
    // Commands: address, slot, words, rotation.
    commands: Skid<42>,
    moves: Signal<Local, Bit>,
    begins: Signal<Local, Bit>,
    spent: Signal<Local, Bits<16>>,
    tag: Signal<Local, Bits<16>>,
    other: Signal<Local, Bits<24>>,
    log_beats: Signal<Local, Bits<2>>,
    command: Signal<Local, Bits<32>>,
    log_length: Signal<Local, Bits<2>>,
    // log2 of the lanes, less three.
    lanes: Constant<Bits<2>>,
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
            runs: Default::default(),
            log_unroll: Default::default(),
            log_groups: Default::default(),
            descending: Default::default(),
            free: Default::default(),
            base: Default::default(),
            stride: Default::default(),
            tiles: Default::default(),
            shape: Default::default(),
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
            running: Default::default(),
            left: Default::default(),
            run: Default::default(),
            credit: Default::default(),
            unused: Default::default(),
            last_group: Default::default(),
            group_mask: Default::default(),
            valid1: Default::default(),
            load1: Default::default(),
            run1: Default::default(),
            valid2: Default::default(),
            base2: Default::default(),
            stride2: Default::default(),
            tile2: Default::default(),
            run2: Default::default(),
            tag2: Default::default(),
            shape2: Default::default(),
            valid3: Default::default(),
            base3: Default::default(),
            low3: Default::default(),
            high3: Default::default(),
            run3: Default::default(),
            reversed3: Default::default(),
            tag3: Default::default(),
            valid4: Default::default(),
            sum4: Default::default(),
            run4: Default::default(),
            moved4: Default::default(),
            rotated4: Default::default(),
            tag4: Default::default(),
            valid5: Default::default(),
            sum5: Default::default(),
            group5: Default::default(),
            rotated5: Default::default(),
            tag5: Default::default(),
            reverse: Default::default(),
            reverse_back: Default::default(),
            commands: Default::default(),
            moves: Default::default(),
            begins: Default::default(),
            spent: Default::default(),
            tag: Default::default(),
            other: Default::default(),
            log_beats: Default::default(),
            command: Default::default(),
            log_length: Default::default(),
            lanes: Constant::new((3 - u64::from(lanes.ilog2())).to_bits()),
            bits: Constant::new((INDEX_BITS as u64).to_bits()),
            one: Constant::new(1_u64.to_bits()),
        }
    }
}

impl Logic for Loader {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, running, left, run, credit, unused, last_group, group_mask, valid1, load1, run1);
        dff_setup!(self, clock, valid2, base2, stride2, tile2, run2, tag2, shape2);
        dff_setup!(self, clock, valid3, base3, low3, high3, run3, reversed3, tag3);
        dff_setup!(self, clock, valid4, sum4, run4, moved4, rotated4, tag4, valid5, sum5, group5, rotated5, tag5);
        self.commands.clock.next = self.clock.val();
        self.commands.reset.next = self.reset.val();
        self.unused.d.next = self.bits.val() - self.log_groups.val();
        self.last_group.d.next = (self.one.val() << self.log_groups.val()) - 1;
        self.group_mask.d.next = (bits::<7>(1) << self.log_unroll.val()) - 1;

        self.moves.next = self.commands.in_ready.val();
        self.begins.next =
            self.running.q.val() && self.load_valid.val() && self.credit.q.val().any() && self.moves.val();
        self.load_take.next = self.begins.val();
        self.spent.next = 0.into();
        if self.begins.val() {
            self.spent.next = 1.into();
            if self.load_is_last.val() {
                self.left.d.next = self.left.q.val() - 1;
                self.run.d.next = self.run.q.val() + 1;
                if self.descending.val() {
                    self.run.d.next = self.run.q.val() - 1;
                }
                if self.left.q.val() == 1 {
                    self.running.d.next = false;
                }
            }
        }
        self.credit.d.next = self.credit.q.val() + bit_cast::<16, 5>(self.freed.val()) - self.spent.val();

        // Slot in bits 0 to 5 of a tag, row in 6 and 7, group in 8 to 13, words in 14 and 15.
        self.tag.next = bit_cast::<16, 6>(self.load1.q.val().get_bits::<6>(16))
            | (bit_cast::<16, 2>(self.load1.q.val().get_bits::<2>(32)) << 6)
            | (bit_cast::<16, 6>(self.load1.q.val().get_bits::<6>(40) & self.group_mask.q.val().get_bits::<6>(0)) << 8);
        self.reverse.x.next = self.run2.q.val();
        self.reverse_back.x.next = self.moved4.q.val();
        // In its coset.
        self.other.next =
            (self.run4.q.val() & !self.last_group.q.val()) | (self.reverse_back.y.val() >> self.unused.q.val());
        if self.moves.val() {
            self.valid1.d.next = self.begins.val();
            self.load1.d.next = self.load.val();
            self.run1.d.next = self.run.q.val();

            self.valid2.d.next = self.valid1.q.val();
            self.tag2.d.next = self.tag.val();
            for i in 0..4 {
                if self.load1.q.val().get_bits::<2>(24) == i.to_bits() {
                    self.base2.d.next = self.base[i].val();
                    self.stride2.d.next = self.stride[i].val();
                    self.tile2.d.next = self.load1.q.val().get_bits::<16>(0);
                    if bit_cast::<32, 16>(self.load1.q.val().get_bits::<16>(0)) >= self.tiles[i].val() {
                        self.tile2.d.next = 0.into();
                    }
                    self.run2.d.next = self.run1.q.val();
                    if self.shape[i].val().get_bit(2) {
                        self.run2.d.next = 0.into();
                        self.tag2.d.next = self.tag.val() & 0xff3f;
                    }
                    self.shape2.d.next = self.shape[i].val();
                }
            }

            self.valid3.d.next = self.valid2.q.val();
            self.base3.d.next = self.base2.q.val();
            self.low3.d.next = self.tile2.q.val() * self.stride2.q.val().get_bits::<16>(0);
            self.high3.d.next = self.tile2.q.val() * self.stride2.q.val().get_bits::<16>(16);
            self.run3.d.next = self.run2.q.val();
            self.reversed3.d.next = self.reverse.y.val() >> self.unused.q.val();
            self.tag3.d.next = self.tag2.q.val() | (bit_cast::<16, 2>(self.shape2.q.val().get_bits::<2>(0)) << 14);

            self.valid4.d.next = self.valid3.q.val();
            self.sum4.d.next = self.base3.q.val() + self.low3.q.val() + (self.high3.q.val() << 16);
            self.run4.d.next = self.run3.q.val();
            self.moved4.d.next = (self.reversed3.q.val() + 1) & self.last_group.q.val();
            if self.tag3.q.val().get_bit(7) {
                self.moved4.d.next = (self.reversed3.q.val() - 1) & self.last_group.q.val();
            }
            self.rotated4.d.next = 0.into();
            if self.tag3.q.val().get_bit(6) && (self.reversed3.q.val() == self.last_group.q.val()) {
                self.rotated4.d.next = 1.into();
            }
            if self.tag3.q.val().get_bit(7) && (self.reversed3.q.val() == 0) {
                self.rotated4.d.next = 2.into();
            }
            self.tag4.d.next = self.tag3.q.val();

            self.valid5.d.next = self.valid4.q.val();
            self.sum5.d.next = self.sum4.q.val();
            self.group5.d.next = (bit_cast::<32, 24>(self.run4.q.val()) << self.log_unroll.val())
                + bit_cast::<32, 6>(self.tag4.q.val().get_bits::<6>(8));
            if self.tag4.q.val().get_bits::<2>(6).any() {
                self.group5.d.next = bit_cast::<32, 24>(self.other.val());
            }
            self.rotated5.d.next = self.rotated4.q.val();
            self.tag5.d.next = self.tag4.q.val();
        }
        self.log_beats.next = self.tag5.q.val().get_bits::<2>(14) - self.lanes.val();
        self.command.next = self.sum5.q.val() + (self.group5.q.val() << self.log_beats.val());
        self.commands.in_valid.next = self.valid5.q.val();
        self.commands.in_data.next = bit_cast::<42, 32>(self.command.val())
            | (bit_cast::<42, 6>(self.tag5.q.val().get_bits::<6>(0)) << 32)
            | (bit_cast::<42, 2>(self.tag5.q.val().get_bits::<2>(14)) << 38)
            | (bit_cast::<42, 2>(self.rotated5.q.val()) << 40);
        self.commands.out_ready.next = self.ready.val();
        self.address.next = self.commands.out_data.val().get_bits::<32>(0);
        self.slot.next = self.commands.out_data.val().get_bits::<6>(32);
        self.words.next = self.commands.out_data.val().get_bits::<2>(38);
        self.rotated.next = self.commands.out_data.val().get_bits::<2>(40);
        self.log_length.next = self.commands.out_data.val().get_bits::<2>(38) - self.lanes.val();
        self.length.next = bits::<16>(1) << self.log_length.val();
        self.valid.next = self.commands.out_valid.val();
        if self.start.val() {
            self.running.d.next = true;
            self.left.d.next = self.runs.val();
            self.run.d.next = 0.into();
            if self.descending.val() {
                self.run.d.next = self.runs.val() - 1;
            }
            self.credit.d.next = self.free.val();
        }
        if self.reset.val() {
            self.running.d.next = false;
            self.valid1.d.next = false;
            self.valid2.d.next = false;
            self.valid3.d.next = false;
            self.valid4.d.next = false;
            self.valid5.d.next = false;
        }
    }
}
