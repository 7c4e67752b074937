//! A sequence of words in memory, read for every run.

use rust_hdl::prelude::*;

use crate::fetch::Fetch;
use crate::replay::Replay;

/// Shows the units of a sequence, again from the first after the last: a [`Replay`] of 2^A beats and what it asks for.
#[derive(LogicBlock)]
pub struct Sequence<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// Starts; what follows is stable while it runs.
    pub start: Signal<In, Bit>,
    /// First beat.
    pub base: Signal<In, Bits<32>>,
    /// Units of a pass; none if zero.
    pub units: Signal<In, Bits<20>>,
    /// Passes, not zero.
    pub passes: Signal<In, Bits<24>>,
    /// First beat of a command.
    pub address: Signal<Out, Bits<32>>,
    /// Its beats, at most eight.
    pub length: Signal<Out, Bits<16>>,
    /// There is a command.
    pub command_valid: Signal<Out, Bit>,
    /// It is taken.
    pub command_ready: Signal<In, Bit>,
    /// Beat.
    pub beat: [Signal<In, Bits<64>>; 8],
    /// There is one.
    pub came: Signal<In, Bit>,
    /// First word of the unit.
    pub first: Signal<Out, Bits<64>>,
    /// Second word.
    pub second: Signal<Out, Bits<64>>,
    /// There is a unit.
    pub valid: Signal<Out, Bit>,
    /// It is the last of the pass.
    pub is_last: Signal<Out, Bit>,
    /// It is taken.
    pub take: Signal<In, Bit>,
    fetch: Fetch,
    replay: Replay<A>,
    rounded: Signal<Local, Bits<21>>,
    beats: Signal<Local, Bits<20>>,
    keeps: Signal<Local, Bit>,
    // Units of a beat less one, and log2 of them; beats that fit.
    more: Constant<Bits<20>>,
    log_units: Constant<Bits<2>>,
    places: Constant<Bits<20>>,
}

impl<const A: usize> Sequence<A> {
    /// With units of `words` words: one or two.
    pub fn new(words: usize) -> Self {
        let units = 8 / words as u64;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            start: Default::default(),
            base: Default::default(),
            units: Default::default(),
            passes: Default::default(),
            address: Default::default(),
            length: Default::default(),
            command_valid: Default::default(),
            command_ready: Default::default(),
            beat: Default::default(),
            came: Default::default(),
            first: Default::default(),
            second: Default::default(),
            valid: Default::default(),
            is_last: Default::default(),
            take: Default::default(),
            fetch: Default::default(),
            replay: Replay::new(words),
            rounded: Default::default(),
            beats: Default::default(),
            keeps: Default::default(),
            more: Constant::new((units - 1).to_bits()),
            log_units: Constant::new(u64::from(units.ilog2()).to_bits()),
            places: Constant::new((1_u64 << A).to_bits()),
        }
    }
}

impl<const A: usize> Logic for Sequence<A> {
    #[hdl_gen]
    fn update(&mut self) {
        self.rounded.next = bit_cast::<21, 20>(self.units.val()) + bit_cast::<21, 20>(self.more.val());
        self.beats.next = bit_cast::<20, 21>(self.rounded.val() >> self.log_units.val());
        self.keeps.next = self.beats.val() <= self.places.val();
        self.fetch.clock.next = self.clock.val();
        self.fetch.reset.next = self.reset.val();
        self.fetch.start.next = self.start.val();
        self.fetch.base.next = self.base.val();
        self.fetch.beats.next = self.beats.val();
        self.fetch.passes.next = self.passes.val();
        self.fetch.keeps.next = self.keeps.val();
        self.fetch.room.next = self.replay.room.val();
        self.fetch.came.next = self.came.val();
        self.address.next = self.fetch.address.val();
        self.length.next = self.fetch.length.val();
        self.command_valid.next = self.fetch.valid.val();
        self.fetch.ready.next = self.command_ready.val();
        self.replay.clock.next = self.clock.val();
        self.replay.reset.next = self.reset.val();
        self.replay.start.next = self.start.val();
        self.replay.beats.next = self.beats.val();
        self.replay.last_unit.next = self.units.val() - 1;
        self.replay.keeps.next = self.keeps.val();
        self.replay.in_valid.next = self.came.val();
        for i in 0..8 {
            self.replay.in_data[i].next = self.beat[i].val();
        }
        self.first.next = self.replay.first.val();
        self.second.next = self.replay.second.val();
        self.valid.next = self.replay.valid.val();
        self.is_last.next = self.replay.is_last.val();
        self.replay.take.next = self.take.val();
    }
}
