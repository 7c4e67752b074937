//! The beats of outputs as writes to card memory.

use karat_hdl_base::fifo::BeatFifo;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Writes the beats of every run to where its group of rows belongs, a command a run, when all of them are there.
///
/// Keeps 2^A beats. `room` says whether those of another run have place, with all that began before.
#[derive(LogicBlock)]
pub struct Writer<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Starts; what follows is stable until nothing is under way.
    pub start: Signal<In, Bit>,
    /// First beat of the output.
    pub base: Signal<In, Bits<32>>,
    /// log2 of the beats of a run.
    pub log_beats: Signal<In, Bits<2>>,
    /// Runs have outputs.
    pub writes: Signal<In, Bit>,
    /// Runs.
    pub runs: Signal<In, Bits<24>>,
    /// The last group comes first.
    pub descending: Signal<In, Bit>,
    /// A run begins.
    pub begins: Signal<In, Bit>,
    /// There is place for one.
    pub room: Signal<Out, Bit>,
    /// Beat.
    pub beat: [Signal<In, Bits<64>>; 8],
    /// There is one.
    pub beat_valid: Signal<In, Bit>,
    /// Beats are to be written, or not acknowledged.
    pub busy: Signal<Out, Bit>,
    /// Write port.
    pub wr_addr: Signal<Out, Bits<32>>,
    /// Write port.
    pub wr_len: Signal<Out, Bits<16>>,
    /// Write port.
    pub wr_cmd_valid: Signal<Out, Bit>,
    /// Write port.
    pub wr_cmd_ready: Signal<In, Bit>,
    /// Write port.
    pub wr_data: [Signal<Out, Bits<64>>; 8],
    /// Write port.
    pub wr_valid: Signal<Out, Bit>,
    /// Write port.
    pub wr_ready: Signal<In, Bit>,
    /// Write port.
    pub wr_done: Signal<In, Bit>,
    fifo: BeatFifo<A>,
    at: Register<Bits<32>>,
    // Beats promised to runs that began and not yet written; beats in the FIFO that no command covers; beats that commands cover.
    promised: Register<Bits<16>>,
    uncovered: Register<Bits<16>>,
    covered: Register<Bits<16>>,
    unacknowledged: Register<Bits<16>>,
    has_room: Register<Bit>,
    length: Signal<Local, Bits<16>>,
    fits: Signal<Local, Bit>,
    accepted: Signal<Local, Bit>,
    pop: Signal<Local, Bit>,
    gain: Signal<Local, Bits<16>>,
    cost: Signal<Local, Bits<16>>,
    sent: Signal<Local, Bits<16>>,
    begun: Signal<Local, Bits<16>>,
    last: Signal<Local, Bits<32>>,
    places: Constant<Bits<16>>,
}

impl<const A: usize> Default for Writer<A> {
    fn default() -> Self {
        assert!((5..=15).contains(&A), "there is place for the beats of several runs");
        Self {
            clock: Default::default(),
            reset: Default::default(),
            start: Default::default(),
            base: Default::default(),
            log_beats: Default::default(),
            writes: Default::default(),
            runs: Default::default(),
            descending: Default::default(),
            begins: Default::default(),
            room: Default::default(),
            beat: Default::default(),
            beat_valid: Default::default(),
            busy: Default::default(),
            wr_addr: Default::default(),
            wr_len: Default::default(),
            wr_cmd_valid: Default::default(),
            wr_cmd_ready: Default::default(),
            wr_data: Default::default(),
            wr_valid: Default::default(),
            wr_ready: Default::default(),
            wr_done: Default::default(),
            fifo: Default::default(),
            at: Default::default(),
            promised: Default::default(),
            uncovered: Default::default(),
            covered: Default::default(),
            unacknowledged: Default::default(),
            has_room: Default::default(),
            length: Default::default(),
            fits: Default::default(),
            accepted: Default::default(),
            pop: Default::default(),
            gain: Default::default(),
            cost: Default::default(),
            sent: Default::default(),
            begun: Default::default(),
            last: Default::default(),
            // For a run that begins in the cycle in which another's room is reckoned.
            places: Constant::new(((1_u64 << A) - 16).to_bits()),
        }
    }
}

impl<const A: usize> Logic for Writer<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at, promised, uncovered, covered, unacknowledged, has_room);
        self.length.next = bits::<16>(1) << self.log_beats.val();
        self.fifo.clock.next = self.clock.val();
        self.fifo.reset.next = self.reset.val();
        self.fifo.in_valid.next = self.beat_valid.val();
        for i in 0..8 {
            self.fifo.in_data[i].next = self.beat[i].val();
            self.wr_data[i].next = self.fifo.out_data[i].val();
        }
        self.has_room.d.next = self.promised.q.val() <= self.places.val();
        self.room.next = self.has_room.q.val();

        self.fits.next = self.uncovered.q.val() >= self.length.val();
        self.wr_addr.next = self.at.q.val();
        self.wr_len.next = self.length.val();
        self.wr_cmd_valid.next = self.fits.val();
        self.accepted.next = self.fits.val() && self.wr_cmd_ready.val();
        self.wr_valid.next = self.fifo.out_valid.val() && (self.covered.q.val() != 0);
        self.fifo.out_ready.next = (self.covered.q.val() != 0) && self.wr_ready.val();
        self.pop.next = self.fifo.out_valid.val() && (self.covered.q.val() != 0) && self.wr_ready.val();

        self.gain.next = 0.into();
        if self.beat_valid.val() {
            self.gain.next = 1.into();
        }
        self.cost.next = 0.into();
        if self.accepted.val() {
            self.cost.next = self.length.val();
            self.at.d.next = self.at.q.val() + bit_cast::<32, 16>(self.length.val());
            if self.descending.val() {
                self.at.d.next = self.at.q.val() - bit_cast::<32, 16>(self.length.val());
            }
        }
        self.sent.next = 0.into();
        if self.pop.val() {
            self.sent.next = 1.into();
        }
        self.begun.next = 0.into();
        if self.begins.val() && self.writes.val() {
            self.begun.next = self.length.val();
        }
        self.promised.d.next = self.promised.q.val() + self.begun.val() - self.sent.val();
        self.uncovered.d.next = self.uncovered.q.val() + self.gain.val() - self.cost.val();
        self.covered.d.next = self.covered.q.val() + self.cost.val() - self.sent.val();
        if self.accepted.val() && !self.wr_done.val() {
            self.unacknowledged.d.next = self.unacknowledged.q.val() + 1;
        }
        if !self.accepted.val() && self.wr_done.val() {
            self.unacknowledged.d.next = self.unacknowledged.q.val() - 1;
        }
        self.busy.next = (self.promised.q.val() != 0) || (self.unacknowledged.q.val() != 0);
        // Beats of all runs but one.
        self.last.next = (bit_cast::<32, 24>(self.runs.val()) - 1) << self.log_beats.val();
        if self.start.val() {
            self.at.d.next = self.base.val();
            if self.descending.val() {
                self.at.d.next = self.base.val() + self.last.val();
            }
        }
        if self.reset.val() {
            self.promised.d.next = 0.into();
            self.uncovered.d.next = 0.into();
            self.covered.d.next = 0.into();
            self.unacknowledged.d.next = 0.into();
            self.has_room.d.next = false;
        }
    }
}
