//! The order in which frames go through the pipeline.
//!
//! DIRECT and TRANSPOSE are load frames only. EXTEND has a load frame and BLOCKS store frames a tile; a tile's coefficients
//! leave the pipeline while the next frame enters, so tile t + 1 is loaded before tile t is stored. Where nothing real can
//! follow, an empty frame pushes the last one out.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::plan::Geometry;

/// Issues a control word for every slot that enters the pipeline.
#[derive(LogicBlock)]
pub struct Sequencer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// Starts on a descriptor.
    pub start: Signal<In, Bit>,
    /// The kind is EXTEND; constant while it runs, like all of the descriptor.
    pub extend: Signal<In, Bit>,
    /// The kind is TRANSPOSE.
    pub transpose: Signal<In, Bit>,
    /// Flag `INVERSE`.
    pub inverse: Signal<In, Bit>,
    /// Flag `LOAD_TWIDDLE`.
    pub load_twiddle: Signal<In, Bit>,
    /// Word `TILES`.
    pub tiles: Signal<In, Bits<32>>,
    /// Word `BLOCKS`.
    pub blocks: Signal<In, Bits<4>>,
    /// Slots of a frame less one.
    pub frame_mask: Signal<In, Bits<20>>,
    /// Bits of a slot that index points.
    pub point_mask: Signal<In, Bits<20>>,
    /// A beat has been read that is not promised.
    pub available: Signal<In, Bit>,
    /// A place for a result is free.
    pub credit: Signal<In, Bit>,
    /// A load frame is complete in the transform buffer.
    pub loaded: Signal<In, Bit>,
    /// A frame has left the transform buffer for memory (TRANSPOSE).
    pub drained: Signal<In, Bit>,
    /// Control word, see [`crate::word`].
    pub word: Signal<Out, Bits<32>>,
    /// A beat of the input is promised.
    pub promise: Signal<Out, Bit>,
    /// A place for a result is taken.
    pub spend: Signal<Out, Bit>,
    /// A beat that is not of an empty frame has gone in.
    pub work: Signal<Out, Bit>,
    /// A load frame waits for a beat.
    pub starved: Signal<Out, Bit>,
    /// A frame waits for a place, or for the transform buffer.
    pub stalled: Signal<Out, Bit>,
    /// Frames are to come.
    pub busy: Signal<Out, Bit>,

    // `loaded` and `drained` come late in a cycle.
    has_loaded: Register<Bit>,
    has_drained: Register<Bit>,
    running: Register<Bit>,
    loads_left: Register<Bits<32>>,
    stores_left: Register<Bits<32>>,
    block: Register<Bits<4>>,
    load_bank: Register<Bit>,
    store_bank: Register<Bit>,
    // Tiles whose load was chosen but not their last store; tiles loaded and not stored; frames that TRANSPOSE has begun, but
    // for one of the last cycle, and not drained.
    ahead: Register<Bits<4>>,
    ready: Register<Bits<4>>,
    undrained: Register<Bits<4>>,
    began_load: Register<Bit>,
    // With that one, more than two.
    crowded: Register<Bit>,
    undrained_now: Signal<Local, Bits<4>>,
    // What the choice goes by, as it was a cycle ago: two cycles or more lie between two choices.
    can_load: Register<Bit>,
    can_store: Register<Bit>,
    all_chosen: Register<Bit>,
    alone: Register<Bit>,
    last_block: Register<Bit>,
    last_was_load: Register<Bit>,
    last_was_empty: Register<Bit>,

    active: Register<Bit>,
    head: Register<Bits<12>>,
    slot: Register<Bits<20>>,
    next_valid: Register<Bit>,
    next_head: Register<Bits<12>>,
    out: Register<Bits<32>>,
    loads_remain: Register<Bit>,
    stores_remain: Register<Bit>,
    // The slot is among the last 2^q beats of its frame, whose first slot is `first_of_end`; and the slot before that.
    at_end: Register<Bit>,
    end_before: Register<Bits<20>>,
    // The slot is the last of its frame; and the slot before that.
    at_last: Register<Bit>,
    last_before: Register<Bits<20>>,
    first_of_end: Signal<Local, Bits<20>>,
    worked: Register<Bit>,
    starving: Register<Bit>,
    stalling: Register<Bit>,

    choose_load: Signal<Local, Bit>,
    choose_store: Signal<Local, Bit>,
    choose_empty: Signal<Local, Bit>,
    stored: Signal<Local, Bit>,
    block_after: Signal<Local, Bits<4>>,
    is_load: Signal<Local, Bit>,
    is_real: Signal<Local, Bit>,
    first_group: Signal<Local, Bit>,
    last_group: Signal<Local, Bit>,
    hungry: Signal<Local, Bit>,
    blocked: Signal<Local, Bit>,
    step: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    begins: Signal<Local, Bit>,
    begins_load: Signal<Local, Bit>,
    load_head: Signal<Local, Bits<12>>,
    store_head: Signal<Local, Bits<12>>,
    group_mask: Constant<Bits<20>>,
    slots: Constant<Bits<20>>,
}

impl Sequencer {
    /// The sequencer of an engine.
    pub fn new(geometry: &Geometry) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            start: Default::default(),
            extend: Default::default(),
            transpose: Default::default(),
            inverse: Default::default(),
            load_twiddle: Default::default(),
            tiles: Default::default(),
            blocks: Default::default(),
            frame_mask: Default::default(),
            point_mask: Default::default(),
            available: Default::default(),
            credit: Default::default(),
            loaded: Default::default(),
            drained: Default::default(),
            word: Default::default(),
            promise: Default::default(),
            spend: Default::default(),
            work: Default::default(),
            starved: Default::default(),
            stalled: Default::default(),
            busy: Default::default(),
            has_loaded: Default::default(),
            has_drained: Default::default(),
            running: Default::default(),
            loads_left: Default::default(),
            stores_left: Default::default(),
            block: Default::default(),
            load_bank: Default::default(),
            store_bank: Default::default(),
            ahead: Default::default(),
            ready: Default::default(),
            undrained: Default::default(),
            began_load: Default::default(),
            crowded: Default::default(),
            undrained_now: Default::default(),
            alone: Default::default(),
            last_block: Default::default(),
            last_was_load: Default::default(),
            last_was_empty: Default::default(),
            active: Default::default(),
            head: Default::default(),
            slot: Default::default(),
            next_valid: Default::default(),
            next_head: Default::default(),
            out: Default::default(),
            loads_remain: Default::default(),
            stores_remain: Default::default(),
            at_end: Default::default(),
            end_before: Default::default(),
            at_last: Default::default(),
            last_before: Default::default(),
            first_of_end: Default::default(),
            worked: Default::default(),
            starving: Default::default(),
            stalling: Default::default(),
            can_load: Default::default(),
            can_store: Default::default(),
            choose_load: Default::default(),
            choose_store: Default::default(),
            choose_empty: Default::default(),
            stored: Default::default(),
            all_chosen: Default::default(),
            block_after: Default::default(),
            is_load: Default::default(),
            is_real: Default::default(),
            first_group: Default::default(),
            last_group: Default::default(),
            hungry: Default::default(),
            blocked: Default::default(),
            step: Default::default(),
            ends: Default::default(),
            begins: Default::default(),
            begins_load: Default::default(),
            load_head: Default::default(),
            store_head: Default::default(),
            group_mask: Constant::new((geometry.groups() as u64 - 1).to_bits()),
            slots: Constant::new(geometry.slot_mask().to_bits()),
        }
    }
}

impl Logic for Sequencer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            running,
            loads_left,
            stores_left,
            block,
            load_bank,
            store_bank,
            ahead,
            ready,
            undrained
        );
        dff_setup!(
            self,
            clock,
            loads_remain,
            stores_remain,
            at_end,
            end_before,
            at_last,
            last_before,
            worked,
            starving,
            stalling
        );
        dff_setup!(self, clock, last_was_load, last_was_empty, active, head, slot, next_valid, next_head, out);

        dff_setup!(self, clock, has_loaded, has_drained, began_load, crowded);
        dff_setup!(self, clock, can_load, can_store, all_chosen, alone, last_block);
        self.has_loaded.d.next = self.loaded.val();
        self.has_drained.d.next = self.drained.val();

        // Which frame comes next.
        self.can_load.d.next = self.loads_remain.q.val() && (!self.extend.val() || (self.ahead.q.val() < 2));
        self.can_store.d.next = self.ready.q.val() != 0;
        self.all_chosen.d.next = !self.loads_remain.q.val() && !self.stores_remain.q.val();
        self.alone.d.next = self.ahead.q.val() == 1;
        self.block_after.next = self.block.q.val() + 1;
        self.last_block.d.next = self.block_after.val() == self.blocks.val();
        self.choose_load.next = false;
        self.choose_store.next = false;
        self.choose_empty.next = false;
        if self.running.q.val() && !self.next_valid.q.val() {
            if self.can_load.q.val() && (self.available.val() || !self.can_store.q.val()) {
                self.choose_load.next = true;
            } else if self.can_store.q.val() {
                self.choose_store.next = true;
            } else if self.all_chosen.q.val() {
                self.choose_empty.next = !self.last_was_empty.q.val();
                self.running.d.next = false;
            } else if self.last_was_load.q.val() && self.alone.q.val() {
                // The only tile on its way is behind no other frame.
                self.choose_empty.next = true;
            }
        }
        self.stored.next = self.choose_store.val() && self.last_block.q.val();

        self.load_head.next = 0x030.into();
        if self.extend.val() || (self.inverse.val() && !self.transpose.val()) {
            self.load_head.next = self.load_head.val() | 0x001;
        }
        if self.extend.val() || self.transpose.val() {
            self.load_head.next = self.load_head.val() | 0x004;
        } else {
            self.load_head.next = self.load_head.val() | 0x002;
        }
        if self.load_bank.q.val() {
            self.load_head.next = self.load_head.val() | 0x008;
        }
        if !self.load_twiddle.val() && !self.transpose.val() {
            self.load_head.next = self.load_head.val() | 0x080;
        }
        self.store_head.next = 0x052 | (bit_cast::<12, 4>(self.block_after.val()) << 8);
        if self.store_bank.q.val() {
            self.store_head.next = self.store_head.val() | 0x008;
        }
        if self.choose_load.val() {
            self.next_valid.d.next = true;
            self.next_head.d.next = self.load_head.val();
            self.loads_left.d.next = self.loads_left.q.val() - 1;
            self.loads_remain.d.next = self.loads_left.q.val() != 1;
            self.load_bank.d.next = !self.load_bank.q.val();
        }
        if self.choose_store.val() {
            self.next_valid.d.next = true;
            self.next_head.d.next = self.store_head.val();
            self.block.d.next = self.block_after.val();
            if self.stored.val() {
                self.block.d.next = 0.into();
                self.stores_left.d.next = self.stores_left.q.val() - 1;
                self.stores_remain.d.next = self.stores_left.q.val() != 1;
                self.store_bank.d.next = !self.store_bank.q.val();
            }
        }
        if self.choose_empty.val() {
            self.next_valid.d.next = true;
            self.next_head.d.next = 0x090.into();
        }
        if self.choose_load.val() || self.choose_store.val() || self.choose_empty.val() {
            self.last_was_load.d.next = self.choose_load.val();
            self.last_was_empty.d.next = self.choose_empty.val();
        }
        if self.choose_load.val() && !self.stored.val() {
            self.ahead.d.next = self.ahead.q.val() + 1;
        } else if !self.choose_load.val() && self.stored.val() {
            self.ahead.d.next = self.ahead.q.val() - 1;
        }
        if self.has_loaded.q.val() && self.extend.val() && !self.stored.val() {
            self.ready.d.next = self.ready.q.val() + 1;
        } else if !(self.has_loaded.q.val() && self.extend.val()) && self.stored.val() {
            self.ready.d.next = self.ready.q.val() - 1;
        }

        // The slots of the frame.
        self.is_load.next = self.head.q.val().get_bit(5);
        self.is_real.next = self.head.q.val().get_bit(5) || self.head.q.val().get_bit(6);
        self.first_group.next = (self.slot.q.val() & self.group_mask.val()) == 0;
        self.last_group.next = (self.slot.q.val() & self.group_mask.val()) == self.group_mask.val();
        self.hungry.next = self.active.q.val() && self.first_group.val() && self.is_load.val() && !self.available.val();
        // The last 2^q beats of a frame push its first results into the bank that the frame before last must have left.
        self.blocked.next = self.active.q.val()
            && ((self.first_group.val() && !self.credit.val())
                || (self.transpose.val() && self.is_load.val() && self.at_end.q.val() && self.crowded.q.val()));
        self.step.next = self.active.q.val() && !self.hungry.val() && !self.blocked.val();
        self.promise.next = self.step.val() && self.first_group.val() && self.is_load.val();
        self.spend.next = self.step.val() && self.first_group.val();
        self.worked.d.next = self.step.val() && self.last_group.val() && self.is_real.val();
        self.starving.d.next = self.hungry.val();
        self.stalling.d.next = self.blocked.val();
        self.work.next = self.worked.q.val();
        self.starved.next = self.starving.q.val();
        self.stalled.next = self.stalling.q.val();
        self.ends.next = self.step.val() && self.at_last.q.val();
        self.begins.next = self.next_valid.q.val() && (self.ends.val() || !self.active.q.val());
        self.begins_load.next = self.begins.val() && self.next_head.q.val().get_bit(5) && self.transpose.val();

        self.out.d.next = 0.into();
        if self.step.val() {
            self.out.d.next = bit_cast::<32, 20>(self.slot.q.val() & self.slots.val())
                | (bit_cast::<32, 12>(self.head.q.val()) << 20);
            self.slot.d.next = self.slot.q.val() + 1;
            self.at_end.d.next = self.at_end.q.val() || (self.slot.q.val() == self.end_before.q.val());
            self.at_last.d.next = self.slot.q.val() == self.last_before.q.val();
        }
        self.first_of_end.next = self.frame_mask.val() & self.point_mask.val();
        self.end_before.d.next = self.first_of_end.val() - 1;
        self.last_before.d.next = self.frame_mask.val() - 1;
        if self.ends.val() {
            self.active.d.next = false;
            self.slot.d.next = 0.into();
            self.at_end.d.next = self.first_of_end.val() == 0;
            self.at_last.d.next = self.frame_mask.val() == 0;
        }
        if self.begins.val() {
            self.active.d.next = true;
            self.head.d.next = self.next_head.q.val();
            self.next_valid.d.next = false;
        }
        self.began_load.d.next = self.begins_load.val();
        self.undrained_now.next = self.undrained.q.val();
        if self.began_load.q.val() && !self.has_drained.q.val() {
            self.undrained_now.next = self.undrained.q.val() + 1;
        } else if !self.began_load.q.val() && self.has_drained.q.val() {
            self.undrained_now.next = self.undrained.q.val() - 1;
        }
        self.undrained.d.next = self.undrained_now.val();
        self.crowded.d.next = self.undrained_now.val() > 2;
        if self.begins_load.val() {
            self.crowded.d.next = self.undrained_now.val() > 1;
        }
        self.word.next = self.out.q.val();
        self.busy.next = self.running.q.val() || self.active.q.val() || self.next_valid.q.val();

        if self.start.val() {
            self.running.d.next = true;
            self.loads_left.d.next = self.tiles.val();
            self.loads_remain.d.next = true;
            self.stores_left.d.next = self.tiles.val();
            self.stores_remain.d.next = self.extend.val();
            self.at_end.d.next = self.first_of_end.val() == 0;
            self.at_last.d.next = self.frame_mask.val() == 0;
            self.last_was_load.d.next = false;
            self.last_was_empty.d.next = false;
            self.load_bank.d.next = false;
            self.store_bank.d.next = false;
            self.block.d.next = 0.into();
            self.ahead.d.next = 0.into();
            self.ready.d.next = 0.into();
            self.undrained.d.next = 0.into();
            self.crowded.d.next = false;
            self.can_load.d.next = true;
            self.can_store.d.next = false;
            self.all_chosen.d.next = false;
        }
        if self.reset.val() {
            self.has_loaded.d.next = false;
            self.has_drained.d.next = false;
            self.began_load.d.next = false;
            self.running.d.next = false;
            self.active.d.next = false;
            self.next_valid.d.next = false;
            self.slot.d.next = 0.into();
            self.out.d.next = 0.into();
            self.worked.d.next = false;
            self.starving.d.next = false;
            self.stalling.d.next = false;
        }
    }
}
