//! The beats of a sequence as commands to read, once or for every pass.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Commands for a sequence that a [`crate::Replay`] shows: of eight beats, or of what is left of a pass, when there is room for them.
#[derive(LogicBlock, Default)]
pub struct Fetch {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// Starts; what follows is stable while it runs.
    pub start: Signal<In, Bit>,
    /// First beat of the sequence.
    pub base: Signal<In, Bits<32>>,
    /// Its beats; none if zero.
    pub beats: Signal<In, Bits<20>>,
    /// Passes, not zero.
    pub passes: Signal<In, Bits<24>>,
    /// One pass is enough.
    pub keeps: Signal<In, Bit>,
    /// Places for beats that are free, of [`crate::Replay`].
    pub room: Signal<In, Bits<16>>,
    /// A beat of a command has come.
    pub came: Signal<In, Bit>,
    /// First beat of a command.
    pub address: Signal<Out, Bits<32>>,
    /// Its beats, at most eight.
    pub length: Signal<Out, Bits<16>>,
    /// There is a command.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,
    /// Commands are to come.
    pub busy: Signal<Out, Bit>,
    running: Register<Bit>,
    at: Register<Bits<32>>,
    left: Register<Bits<20>>,
    passes_left: Register<Bits<24>>,
    // Beats asked for that have not come.
    coming: Register<Bits<16>>,
    // A command waits: beats come and room stays while it does.
    offers: Register<Bit>,
    chunk: Register<Bits<16>>,
    behind: Signal<Local, Bits<20>>,
    next_chunk: Signal<Local, Bits<16>>,
    taken: Signal<Local, Bit>,
    asked: Signal<Local, Bits<16>>,
    got: Signal<Local, Bits<16>>,
}

impl Logic for Fetch {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, running, at, left, passes_left, coming, offers, chunk);
        self.taken.next = self.offers.q.val() && self.ready.val();
        // A command is made up in one cycle and offered from the next on; the first when it starts, as everything has room then.
        self.behind.next = self.left.q.val();
        if self.start.val() {
            self.behind.next = self.beats.val();
        }
        self.next_chunk.next = bit_cast::<16, 20>(self.behind.val());
        if self.behind.val() > 8 {
            self.next_chunk.next = 8.into();
        }
        if self.running.q.val() && !self.offers.q.val() {
            self.chunk.d.next = self.next_chunk.val();
            self.offers.d.next = self.coming.q.val() + self.next_chunk.val() <= self.room.val();
        }
        self.asked.next = 0.into();
        if self.taken.val() {
            self.asked.next = self.chunk.q.val();
            self.offers.d.next = false;
            self.at.d.next = self.at.q.val() + bit_cast::<32, 16>(self.chunk.q.val());
            self.left.d.next = self.left.q.val() - bit_cast::<20, 16>(self.chunk.q.val());
            if self.left.q.val() == bit_cast::<20, 16>(self.chunk.q.val()) {
                self.at.d.next = self.base.val();
                self.left.d.next = self.beats.val();
                self.passes_left.d.next = self.passes_left.q.val() - 1;
                if (self.passes_left.q.val() == 1) || self.keeps.val() {
                    self.running.d.next = false;
                }
            }
        }
        self.got.next = 0.into();
        if self.came.val() {
            self.got.next = 1.into();
        }
        self.coming.d.next = self.coming.q.val() + self.asked.val() - self.got.val();
        self.address.next = self.at.q.val();
        self.length.next = self.chunk.q.val();
        self.valid.next = self.offers.q.val();
        self.busy.next = self.running.q.val();
        if self.start.val() {
            self.running.d.next = self.beats.val().any();
            self.offers.d.next = self.beats.val().any();
            self.chunk.d.next = self.next_chunk.val();
            self.at.d.next = self.base.val();
            self.left.d.next = self.beats.val();
            self.passes_left.d.next = self.passes.val();
        }
        if self.reset.val() {
            self.running.d.next = false;
            self.offers.d.next = false;
            self.coming.d.next = 0.into();
        }
    }
}
