//! From steps to blocks.

use karat_hdl_base::fifo::Fifo;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::delay::FlagDelay;

/// Cycles from the last digest of a batch of candidates to a search that has seen it and offers no other.
const SEEN: usize = 5;

/// Counts the words of the rows, which are all at the same place, and queues a *pass* over the batch for each block that is
/// complete or padded.
///
/// A pass is a word: bits 0 to 15 the last row, 16 to 20 the number of words, 21 `fresh` (the states are zero before), 22 `pad` behind
/// the words, 23 `digest` (the states are not needed any more), 24 `search`: all states are row 0's, and the number is that of the one
/// word that is absorbed.
#[derive(LogicBlock, Default)]
pub struct Planner {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A step is offered, see [`crate::poseidon2`]. What is said about it holds from a cycle before its first beat on.
    pub step_valid: Signal<In, Bit>,
    /// It is taken: there is room for the beats of another.
    pub step_ready: Signal<Out, Bit>,
    /// Its rows.
    pub step_rows: Signal<In, Bits<16>>,
    /// Words of each beat.
    pub step_words: Signal<In, Bits<4>>,
    /// The sponges start empty.
    pub step_fresh: Signal<In, Bit>,
    /// The sponges end.
    pub step_finish: Signal<In, Bit>,
    /// All eight words of each beat, whatever `step_words` says.
    pub step_compress: Signal<In, Bit>,
    /// The first word of each beat is a candidate.
    pub search: Signal<In, Bit>,
    /// Word of the state that it is added to.
    pub candidate_place: Signal<In, Bits<5>>,
    /// Block that the beats of the step go into.
    pub block: Signal<Out, Bits<2>>,
    /// From this word of it on.
    pub position: Signal<Out, Bits<5>>,
    /// A pass is shown.
    pub pass_valid: Signal<Out, Bit>,
    /// It is taken.
    pub pass_ready: Signal<In, Bit>,
    /// The pass.
    pub pass: Signal<Out, Bits<32>>,
    /// The block of a pass has been read.
    pub block_read: Signal<In, Bit>,
    /// The last digest of a batch of candidates comes out.
    pub batch_done: Signal<In, Bit>,
    /// No pass is queued or under way to its states, and no search waits.
    pub idle: Signal<Out, Bit>,
    queue: Fifo<32, 2>,
    filled: Register<Bits<5>>,
    filling: Register<Bits<2>>,
    // The leaf has had no pass.
    untouched: Register<Bit>,
    // Blocks that have a pass and are not read yet.
    used: Register<Bits<3>>,
    // Batches of candidates whose digests have not been seen.
    batches: Register<Bits<2>>,
    seen: FlagDelay<SEEN>,
    // A step that completes a block and ends makes a second pass.
    second: Register<Bit>,
    second_pass: Register<Bits<32>>,
    start: Signal<Local, Bits<5>>,
    words: Signal<Local, Bits<4>>,
    sum: Signal<Local, Bits<6>>,
    rest: Signal<Local, Bits<6>>,
    fills: Signal<Local, Bit>,
    added: Signal<Local, Bits<3>>,
    total: Signal<Local, Bits<3>>,
    accept: Signal<Local, Bit>,
    fresh: Signal<Local, Bit>,
    common: Signal<Local, Bits<32>>,
    full_pass: Signal<Local, Bits<32>>,
    last_pass: Signal<Local, Bits<32>>,
}

impl Logic for Planner {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, filled, filling, untouched, used, batches, second, second_pass);
        // A leaf that did not end leaves a block begun.
        self.start.next = self.filled.q.val();
        if self.step_fresh.val() {
            self.start.next = 0.into();
        }
        self.position.next = self.start.val();
        if self.search.val() {
            self.position.next = self.candidate_place.val();
        }
        self.block.next = self.filling.q.val();

        self.words.next = self.step_words.val();
        if self.step_compress.val() {
            self.words.next = 8.into();
        }
        self.sum.next = bit_cast::<6, 5>(self.start.val()) + bit_cast::<6, 4>(self.words.val());
        self.fills.next = self.sum.val() >= 17;
        self.rest.next = self.sum.val();
        if self.fills.val() {
            self.rest.next = self.sum.val() - 17;
        }
        self.added.next = bit_cast::<3, 1>(self.fills.val().into()) + bit_cast::<3, 1>(self.step_finish.val().into());
        // The next beats go into the block that is being filled and the one behind it.
        self.total.next = self.used.q.val() + self.added.val();
        self.step_ready.next =
            !self.second.q.val() && (self.total.val() <= 2) && (!self.search.val() || (self.batches.q.val() < 2));
        self.accept.next = self.step_valid.val() && self.step_ready.val();
        self.fresh.next = (self.step_fresh.val() || self.untouched.q.val()) && !self.search.val();

        self.common.next = bit_cast::<32, 16>(self.step_rows.val() - 1);
        self.full_pass.next =
            self.common.val() | (bits::<32>(17) << 16) | (bit_cast::<32, 1>(self.fresh.val().into()) << 21);
        self.last_pass.next = self.common.val()
            | (bit_cast::<32, 6>(self.rest.val()) << 16)
            | (bit_cast::<32, 1>((self.fresh.val() && !self.fills.val()).into()) << 21)
            | bits::<32>(0xc0_0000);
        if self.search.val() {
            self.last_pass.next =
                self.common.val() | (bit_cast::<32, 5>(self.candidate_place.val()) << 16) | bits::<32>(0x180_0000);
        }
        self.queue.clock.next = self.clock.val();
        self.queue.reset.next = self.reset.val();
        self.queue.in_valid.next =
            (self.accept.val() && (self.fills.val() || self.step_finish.val())) || self.second.q.val();
        self.queue.in_data.next = self.last_pass.val();
        if self.fills.val() {
            self.queue.in_data.next = self.full_pass.val();
        }
        if self.second.q.val() {
            self.queue.in_data.next = self.second_pass.q.val();
        }
        self.pass_valid.next = self.queue.out_valid.val();
        self.pass.next = self.queue.out_data.val();
        self.queue.out_ready.next = self.pass_ready.val();

        self.second.d.next = self.accept.val() && self.fills.val() && self.step_finish.val();
        self.second_pass.d.next = self.last_pass.val();
        if self.accept.val() {
            self.filled.d.next = self.rest.val().get_bits::<5>(0);
            if self.step_finish.val() {
                self.filled.d.next = 0.into();
            }
            self.filling.d.next = self.filling.q.val() + self.added.val().get_bits::<2>(0);
            self.untouched.d.next = self.fresh.val() && !self.fills.val() && !self.step_finish.val();
            self.used.d.next = self.total.val();
        }
        if self.block_read.val() {
            self.used.d.next = self.used.q.val() - 1;
            if self.accept.val() {
                self.used.d.next = self.total.val() - 1;
            }
        }
        self.seen.clock.next = self.clock.val();
        self.seen.reset.next = self.reset.val();
        self.seen.in_data.next = self.batch_done.val();
        if (self.accept.val() && self.search.val()) && !self.seen.out_data.val() {
            self.batches.d.next = self.batches.q.val() + 1;
        }
        if !(self.accept.val() && self.search.val()) && self.seen.out_data.val() {
            self.batches.d.next = self.batches.q.val() - 1;
        }
        self.idle.next = (self.used.q.val() == 0) && (self.batches.q.val() == 0);
        if self.reset.val() {
            self.filled.d.next = 0.into();
            self.filling.d.next = 0.into();
            self.untouched.d.next = false;
            self.used.d.next = 0.into();
            self.batches.d.next = 0.into();
            self.second.d.next = false;
        }
    }
}
