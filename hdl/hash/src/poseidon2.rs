//! Poseidon2 behind the seam that the front end knows.
//!
//! The seam, the same for every permutation: beats of a batch of rows are written into one of two halves, row by row, while the
//! core works on the other; a *step* then says what to absorb from that half; digests come out in order of rows, and
//! must find room (`digests_drained`). A core that takes a step no longer reads the half of the step before it, and has room for the beats
//! of the next. What is said about a step holds from the cycle before its first beat on.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::constants::Constants;
use crate::lane::Lane;
use crate::parameter::Place;
use crate::sequencer::Sequencer;

/// `LANES` lanes of 2^A states each (B = A + 1); row `r` of a batch is state `r / LANES` of lane `r mod LANES`.
#[derive(LogicBlock)]
pub struct Poseidon2<const LANES: usize, const A: usize, const B: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything but the round constants.
    pub reset: Signal<In, Bit>,
    /// Writes a round constant.
    pub constant_write: Signal<In, Bit>,
    /// Its entry, see [`Constants`].
    pub constant_index: Signal<In, Bits<7>>,
    /// Its value.
    pub constant_value: Signal<In, Bits<64>>,
    /// A beat arrives.
    pub beat_write: Signal<In, Bit>,
    /// Its half.
    pub beat_half: Signal<In, Bit>,
    /// Its row in the batch.
    pub beat_row: Signal<In, Bits<16>>,
    /// Its words, a cycle later.
    pub beat: [Signal<In, Bits<64>>; 8],
    /// A step is offered.
    pub step_valid: Signal<In, Bit>,
    /// It is taken.
    pub step_ready: Signal<Out, Bit>,
    /// Its rows, 1 to LANES 2^A.
    pub step_rows: Signal<In, Bits<16>>,
    /// Words of each beat to absorb, 1 to 8.
    pub step_words: Signal<In, Bits<4>>,
    /// Half that holds the beats.
    pub step_half: Signal<In, Bit>,
    /// The sponges start empty.
    pub step_fresh: Signal<In, Bit>,
    /// The sponges end with this step.
    pub step_finish: Signal<In, Bit>,
    /// Not sponges: each beat is two digests to compress into one.
    pub step_compress: Signal<In, Bit>,
    /// A digest is words 4 to 7 of its state, not 0 to 3. Stays while there are digests to come.
    pub upper: Signal<In, Bit>,
    /// All digests that came out have been taken.
    pub digests_drained: Signal<In, Bit>,
    /// A digest comes out.
    pub digest_valid: Signal<Out, Bit>,
    /// Its words.
    pub digest: [Signal<Out, Bits<64>>; 4],
    /// A permutation was done.
    pub permuted: Signal<Out, Bit>,
    /// Waits for a step, and all permutations are done.
    pub idle: Signal<Out, Bit>,
    /// Waits for a step.
    pub starved: Signal<Out, Bit>,
    /// Waits for `digests_drained`.
    pub stalled: Signal<Out, Bit>,
    lane: [Lane<A, B>; LANES],
    sequencer: Sequencer<LANES, A>,
    constants: Constants,
    // Results that are to come out of the lanes: whether there are, from which lane to which, with digests or not.
    captured: Register<Bit>,
    captured_lane: Register<Bits<3>>,
    captured_last: Register<Bits<3>>,
    captured_digest: Register<Bit>,
    beat_lane: Signal<Local, Bits<8>>,
    one: Signal<Local, Bits<8>>,
    place: Place<LANES>,
    digest_lane: Signal<Local, Bits<8>>,
    beat_address: Signal<Local, Bits<B>>,
    read_address: Signal<Local, Bits<B>>,
    depth: Constant<Bits<4>>,
}

impl<const LANES: usize, const A: usize, const B: usize> Default for Poseidon2<LANES, A, B> {
    fn default() -> Self {
        const { assert!(B == A + 1) };
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            constant_write: Signal::default(),
            constant_index: Signal::default(),
            constant_value: Signal::default(),
            beat_write: Signal::default(),
            beat_half: Signal::default(),
            beat_row: Signal::default(),
            beat: Default::default(),
            step_valid: Signal::default(),
            step_ready: Signal::default(),
            step_rows: Signal::default(),
            step_words: Signal::default(),
            step_half: Signal::default(),
            step_fresh: Signal::default(),
            step_finish: Signal::default(),
            step_compress: Signal::default(),
            upper: Signal::default(),
            digests_drained: Signal::default(),
            digest_valid: Signal::default(),
            digest: Default::default(),
            permuted: Signal::default(),
            idle: Signal::default(),
            starved: Signal::default(),
            stalled: Signal::default(),
            lane: std::array::from_fn(|_| Lane::default()),
            sequencer: Sequencer::default(),
            constants: Constants::default(),
            captured: Register::default(),
            captured_lane: Register::default(),
            captured_last: Register::default(),
            captured_digest: Register::default(),
            beat_lane: Signal::default(),
            one: Signal::default(),
            place: Place::default(),
            digest_lane: Signal::default(),
            beat_address: Signal::default(),
            read_address: Signal::default(),
            depth: Constant::new((A as u64).to_bits()),
        }
    }
}

impl<const LANES: usize, const A: usize, const B: usize> Logic for Poseidon2<LANES, A, B> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, captured, captured_lane, captured_last, captured_digest);
        self.constants.clock.next = self.clock.val();
        self.constants.write.next = self.constant_write.val();
        self.constants.index.next = self.constant_index.val();
        self.constants.value.next = self.constant_value.val();
        self.constants.pass.next = self.sequencer.pass.val();
        self.constants.valid.next = self.sequencer.pass_valid.val();

        self.sequencer.clock.next = self.clock.val();
        self.sequencer.reset.next = self.reset.val();
        self.sequencer.step_valid.next = self.step_valid.val();
        self.sequencer.step_rows.next = self.step_rows.val();
        self.sequencer.step_words.next = self.step_words.val();
        self.sequencer.step_half.next = self.step_half.val();
        self.sequencer.step_fresh.next = self.step_fresh.val();
        self.sequencer.step_finish.next = self.step_finish.val();
        self.sequencer.step_compress.next = self.step_compress.val();
        self.sequencer.digests_drained.next = self.digests_drained.val();
        self.step_ready.next = self.sequencer.step_ready.val();
        self.stalled.next = self.sequencer.stalled.val();
        self.starved.next = self.sequencer.idle.val();
        self.idle.next = self.sequencer.idle.val() && !self.sequencer.draining.val() && !self.captured.q.val();

        // Half and state, and the lane one-hot.
        self.one.next = 1.into();
        self.place.row.next = self.beat_row.val();
        self.beat_lane.next = self.one.val() << self.place.lane.val();
        self.beat_address.next = bit_cast::<B, 16>(self.place.state.val())
            | (bit_cast::<B, 1>(self.beat_half.val().into()) << self.depth.val());
        self.read_address.next = bit_cast::<B, A>(self.sequencer.beat_address.val())
            | (bit_cast::<B, 1>(self.sequencer.half.val().into()) << self.depth.val());

        self.digest_lane.next = self.one.val() << self.captured_lane.q.val();
        for i in 0..4 {
            self.digest[i].next = 0.into();
        }
        for i in 0..LANES {
            self.lane[i].clock.next = self.clock.val();
            self.lane[i].reset.next = self.reset.val();
            self.lane[i].first_address.next = self.sequencer.first_address.val();
            self.lane[i].other_address.next = self.sequencer.other_address.val();
            self.lane[i].select.next = self.sequencer.select.val();
            self.lane[i].shift.next = self.sequencer.shift.val();
            self.lane[i].beat_address.next = self.read_address.val();
            self.lane[i].load.next = self.sequencer.load.val();
            self.lane[i].internal.next = self.sequencer.internal.val();
            self.lane[i].gather.next = self.sequencer.gather.val();
            self.lane[i].keep.next = self.sequencer.keep.val();
            self.lane[i].fresh.next = self.sequencer.fresh.val();
            self.lane[i].compress.next = self.sequencer.compress.val();
            self.lane[i].mask.next = self.sequencer.mask.val();
            self.lane[i].rotation.next = self.sequencer.rotation.val();
            self.lane[i].constant0.next = self.constants.constant[0].val();
            self.lane[i].constant1.next = self.constants.constant[1].val();
            self.lane[i].constant2.next = self.constants.constant[2].val();
            self.lane[i].constant3.next = self.constants.constant[3].val();
            self.lane[i].constant4.next = self.constants.constant[4].val();
            self.lane[i].constant5.next = self.constants.constant[5].val();
            self.lane[i].constant6.next = self.constants.constant[6].val();
            self.lane[i].constant7.next = self.constants.constant[7].val();
            self.lane[i].write_address.next = self.sequencer.write_address.val();
            self.lane[i].capture.next = self.sequencer.capture_soon.val();
            self.lane[i].upper.next = self.upper.val();
            self.lane[i].beat_write.next = self.beat_write.val() && self.beat_lane.val().get_bit(i);
            self.lane[i].beat_write_address.next = self.beat_address.val();
            self.lane[i].beat0.next = self.beat[0].val();
            self.lane[i].beat1.next = self.beat[1].val();
            self.lane[i].beat2.next = self.beat[2].val();
            self.lane[i].beat3.next = self.beat[3].val();
            self.lane[i].beat4.next = self.beat[4].val();
            self.lane[i].beat5.next = self.beat[5].val();
            self.lane[i].beat6.next = self.beat[6].val();
            self.lane[i].beat7.next = self.beat[7].val();
            if self.digest_lane.val().get_bit(i) {
                self.digest[0].next = self.lane[i].digest0.val();
                self.digest[1].next = self.lane[i].digest1.val();
                self.digest[2].next = self.lane[i].digest2.val();
                self.digest[3].next = self.lane[i].digest3.val();
            }
        }

        // Captures are at least eight cycles apart, so that the results of one come out before the next.
        self.permuted.next = self.captured.q.val();
        self.digest_valid.next = self.captured.q.val() && self.captured_digest.q.val();
        self.captured_lane.d.next = self.captured_lane.q.val() + 1;
        if self.captured_lane.q.val() == self.captured_last.q.val() {
            self.captured.d.next = false;
        }
        if self.sequencer.capture.val() {
            self.captured.d.next = true;
            self.captured_lane.d.next = 0.into();
            self.captured_last.d.next = self.sequencer.capture_last.val();
            self.captured_digest.d.next = self.sequencer.capture_digest.val();
        }
        if self.reset.val() {
            self.captured.d.next = false;
        }
    }
}
