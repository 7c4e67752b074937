//! Streams held in RAM, and credits for pipelines that cannot stop.
//!
//! A pipeline of fixed latency has no stall: it writes into a [`BeatFifo`], and its source sends a beat only when
//! [`Credits`] (one for each place of the FIFO) has one: `take` when a beat enters the pipeline, `give` when one leaves
//! the FIFO. At 2^A >= latency + 4 it never waits for credits unless the consumer does.

use rust_hdl::prelude::*;

use crate::memory::Ram;
use crate::register::Register;

/// Pointers and flags of a FIFO of 2^A places around a [`Ram`]. An entry can leave two cycles after it came; one a cycle.
#[derive(LogicBlock)]
pub struct FifoControl<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empties the FIFO.
    pub reset: Signal<In, Bit>,
    /// An entry is offered.
    pub in_valid: Signal<In, Bit>,
    /// There is room; from a register.
    pub in_ready: Signal<Out, Bit>,
    /// An entry is shown.
    pub out_valid: Signal<Out, Bit>,
    /// The entry shown is taken.
    pub out_ready: Signal<In, Bit>,
    /// Entries stored, the one shown included.
    pub count: Signal<Out, Bits<16>>,
    /// RAM port: write the entry offered.
    pub write_enable: Signal<Out, Bit>,
    /// RAM port: where.
    pub write_address: Signal<Out, Bits<A>>,
    /// RAM port: the entry to show next.
    pub read_address: Signal<Out, Bits<A>>,
    head: Register<Bits<A>>,
    tail: Register<Bits<A>>,
    stored: Register<Bits<16>>,
    valid: Register<Bit>,
    room: Register<Bit>,
    push: Signal<Local, Bit>,
    pop: Signal<Local, Bit>,
    change: Signal<Local, Bits<16>>,
    // Entries with which there is room for one more.
    last: Constant<Bits<16>>,
}

impl<const A: usize> Default for FifoControl<A> {
    fn default() -> Self {
        assert!((1..=15).contains(&A), "a FIFO has 2 to 2^15 places");
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            out_valid: Signal::default(),
            out_ready: Signal::default(),
            count: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            read_address: Signal::default(),
            head: Register::default(),
            tail: Register::default(),
            stored: Register::default(),
            valid: Register::default(),
            room: Register::default(),
            push: Signal::default(),
            pop: Signal::default(),
            change: Signal::default(),
            last: Constant::new(((1_u64 << A) - 1).to_bits()),
        }
    }
}

impl<const A: usize> Logic for FifoControl<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, head, tail, stored, valid, room);
        // `out_ready` may come late: nothing is counted or compared behind it.
        self.pop.next = self.valid.q.val() && self.out_ready.val();
        self.push.next = self.in_valid.val() && self.room.q.val();
        // What is written in this cycle can be read in the next one.
        self.valid.d.next = self.stored.q.val() != 0;
        if self.pop.val() {
            self.valid.d.next = self.stored.q.val() != 1;
            self.head.d.next = self.head.q.val() + 1;
        }
        if self.push.val() {
            self.tail.d.next = self.tail.q.val() + 1;
        }
        // One sum, not the choice of two.
        self.change.next = 1.into();
        if self.pop.val() {
            self.change.next = 0xffff.into();
        }
        if self.push.val() != self.pop.val() {
            self.stored.d.next = self.stored.q.val() + self.change.val();
        }
        if self.push.val() && !self.pop.val() {
            self.room.d.next = self.stored.q.val() != self.last.val();
        } else if self.pop.val() {
            self.room.d.next = true;
        }
        self.in_ready.next = self.room.q.val();
        self.out_valid.next = self.valid.q.val();
        self.count.next = self.stored.q.val();
        self.write_enable.next = self.push.val();
        self.write_address.next = self.tail.q.val();
        self.read_address.next = self.head.d.val();
        if self.reset.val() {
            self.head.d.next = 0.into();
            self.tail.d.next = 0.into();
            self.stored.d.next = 0.into();
            self.valid.d.next = false;
            self.room.d.next = true;
        }
    }
}

/// A FIFO of 2^A entries of W <= 64 bits, for commands and narrow streams.
#[derive(LogicBlock, Default)]
pub struct Fifo<const W: usize, const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empties the FIFO.
    pub reset: Signal<In, Bit>,
    /// Entry offered.
    pub in_data: Signal<In, Bits<W>>,
    /// An entry is offered.
    pub in_valid: Signal<In, Bit>,
    /// There is room.
    pub in_ready: Signal<Out, Bit>,
    /// Oldest entry.
    pub out_data: Signal<Out, Bits<W>>,
    /// There is one.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// Entries stored.
    pub count: Signal<Out, Bits<16>>,
    control: FifoControl<A>,
    store: Ram<W, A>,
}

impl<const W: usize, const A: usize> Logic for Fifo<W, A> {
    #[hdl_gen]
    fn update(&mut self) {
        self.control.clock.next = self.clock.val();
        self.control.reset.next = self.reset.val();
        self.control.in_valid.next = self.in_valid.val();
        self.control.out_ready.next = self.out_ready.val();
        self.in_ready.next = self.control.in_ready.val();
        self.out_valid.next = self.control.out_valid.val();
        self.count.next = self.control.count.val();
        self.store.clock.next = self.clock.val();
        self.store.write_enable.next = self.control.write_enable.val();
        self.store.write_address.next = self.control.write_address.val();
        self.store.write_data.next = self.in_data.val();
        self.store.read_address.next = self.control.read_address.val();
        self.out_data.next = self.store.read_data.val();
    }
}

/// A FIFO of 2^A beats.
#[derive(LogicBlock, Default)]
pub struct BeatFifo<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empties the FIFO.
    pub reset: Signal<In, Bit>,
    /// Beat offered.
    pub in_data: [Signal<In, Bits<64>>; 8],
    /// A beat is offered.
    pub in_valid: Signal<In, Bit>,
    /// There is room.
    pub in_ready: Signal<Out, Bit>,
    /// Oldest beat.
    pub out_data: [Signal<Out, Bits<64>>; 8],
    /// There is one.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// Beats stored.
    pub count: Signal<Out, Bits<16>>,
    control: FifoControl<A>,
    store: [Ram<64, A>; 8],
}

impl<const A: usize> Logic for BeatFifo<A> {
    #[hdl_gen]
    fn update(&mut self) {
        self.control.clock.next = self.clock.val();
        self.control.reset.next = self.reset.val();
        self.control.in_valid.next = self.in_valid.val();
        self.control.out_ready.next = self.out_ready.val();
        self.in_ready.next = self.control.in_ready.val();
        self.out_valid.next = self.control.out_valid.val();
        self.count.next = self.control.count.val();
        for i in 0..8 {
            self.store[i].clock.next = self.clock.val();
            self.store[i].write_enable.next = self.control.write_enable.val();
            self.store[i].write_address.next = self.control.write_address.val();
            self.store[i].write_data.next = self.in_data[i].val();
            self.store[i].read_address.next = self.control.read_address.val();
            self.out_data[i].next = self.store[i].read_data.val();
        }
    }
}

/// Credits for the 2^A places of a FIFO behind a pipeline that cannot stop.
#[derive(LogicBlock)]
pub struct Credits<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Gives all credits back.
    pub reset: Signal<In, Bit>,
    /// Uses one credit; only while `available`.
    pub take: Signal<In, Bit>,
    /// Gives one back.
    pub give: Signal<In, Bit>,
    /// At least one is left; from a register.
    pub available: Signal<Out, Bit>,
    used: Register<Bits<16>>,
    depth: Constant<Bits<16>>,
}

impl<const A: usize> Default for Credits<A> {
    fn default() -> Self {
        assert!(A <= 15, "at most 2^15 credits");
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            take: Signal::default(),
            give: Signal::default(),
            available: Signal::default(),
            used: Register::default(),
            depth: Constant::new((1_u64 << A).to_bits()),
        }
    }
}

impl<const A: usize> Logic for Credits<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, used);
        if self.take.val() && !self.give.val() {
            self.used.d.next = self.used.q.val() + 1;
        }
        if self.give.val() && !self.take.val() {
            self.used.d.next = self.used.q.val() - 1;
        }
        self.available.next = self.used.q.val() != self.depth.val();
        if self.reset.val() {
            self.used.d.next = 0.into();
        }
    }
}
