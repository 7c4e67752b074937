//! The beats of outputs as writes to card memory.

use karat_hdl_base::register::Register;
use karat_hdl_base::write_fifo::WriteFifo;
use rust_hdl::prelude::*;

/// Writes the beats of every run to where its groups of rows belong, a command a run.
///
/// Keeps 2^A beats. `room` says whether those of another run have place, with all that began before; it falls for a cycle when a run
/// begins, and a run with outputs has two instructions at least.
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
    /// log2 of the beats of a run, at most A - 1.
    pub log_beats: Signal<In, Bits<3>>,
    /// Runs have outputs.
    pub writes: Signal<In, Bit>,
    /// Runs.
    pub runs: Signal<In, Bits<24>>,
    /// The last run comes first.
    pub descending: Signal<In, Bit>,
    /// A run begins.
    pub begins: Signal<In, Bit>,
    /// There is place for one.
    pub room: Signal<Out, Bit>,
    /// Beat.
    pub beat: [Signal<In, Bits<64>>; 8],
    /// There is one; nothing if runs have no outputs.
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
    fifo: WriteFifo<A>,
    at: Register<Bits<32>>,
    // Beats of all runs but one; a cycle behind the start.
    last: Register<Bits<32>>,
    started: Register<Bit>,
    // Beats promised to runs that began and not yet written, and as many as leave place for a run.
    promised: Register<Bits<16>>,
    most: Register<Bits<16>>,
    has_room: Register<Bit>,
    length: Signal<Local, Bits<16>>,
    sent: Signal<Local, Bits<16>>,
    begun: Signal<Local, Bits<16>>,
    places: Constant<Bits<16>>,
}

impl<const A: usize> Default for Writer<A> {
    fn default() -> Self {
        assert!((2..=15).contains(&A), "there is place for the beats of two runs");
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
            last: Default::default(),
            started: Default::default(),
            promised: Default::default(),
            most: Default::default(),
            has_room: Default::default(),
            length: Default::default(),
            sent: Default::default(),
            begun: Default::default(),
            places: Constant::new((1_u64 << A).to_bits()),
        }
    }
}

impl<const A: usize> Logic for Writer<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at, last, started, promised, most, has_room);
        self.length.next = bits::<16>(1) << self.log_beats.val();
        self.fifo.clock.next = self.clock.val();
        self.fifo.reset.next = self.reset.val();
        self.fifo.beat_valid.next = self.beat_valid.val() && self.writes.val();
        self.fifo.command_valid.next = self.writes.val();
        self.fifo.address.next = self.at.q.val();
        self.fifo.length.next = self.length.val();
        self.wr_addr.next = self.fifo.wr_addr.val();
        self.wr_len.next = self.fifo.wr_len.val();
        self.wr_cmd_valid.next = self.fifo.wr_cmd_valid.val();
        self.fifo.wr_cmd_ready.next = self.wr_cmd_ready.val();
        self.wr_valid.next = self.fifo.wr_valid.val();
        self.fifo.wr_ready.next = self.wr_ready.val();
        self.fifo.wr_done.next = self.wr_done.val();
        for i in 0..8 {
            self.fifo.beat[i].next = self.beat[i].val();
            self.wr_data[i].next = self.fifo.wr_data[i].val();
        }

        if self.fifo.command_ready.val() {
            self.at.d.next = self.at.q.val() + bit_cast::<32, 16>(self.length.val());
            if self.descending.val() {
                self.at.d.next = self.at.q.val() - bit_cast::<32, 16>(self.length.val());
            }
        }
        self.last.d.next = (bit_cast::<32, 24>(self.runs.val()) - 1) << self.log_beats.val();
        self.started.d.next = self.start.val();
        if self.started.q.val() {
            self.at.d.next = self.base.val();
            if self.descending.val() {
                self.at.d.next = self.base.val() + self.last.q.val();
            }
        }

        self.sent.next = 0.into();
        if self.fifo.freed.val() {
            self.sent.next = 1.into();
        }
        self.begun.next = 0.into();
        if self.begins.val() && self.writes.val() {
            self.begun.next = self.length.val();
        }
        self.promised.d.next = self.promised.q.val() + self.begun.val() - self.sent.val();
        self.most.d.next = self.places.val() - self.length.val();
        self.has_room.d.next =
            !self.writes.val() || ((self.promised.q.val() <= self.most.q.val()) && !self.begins.val());
        self.room.next = self.has_room.q.val();
        self.busy.next = self.promised.q.val().any() || self.fifo.busy.val();
        if self.reset.val() {
            self.started.d.next = false;
            self.promised.d.next = 0.into();
            self.has_room.d.next = false;
        }
    }
}
