//! Both permutations behind one seam, see [`crate::poseidon2`].

use karat_hdl_base::gate::ClockGate;
use rust_hdl::prelude::*;

use crate::keccak::Keccak;
use crate::poseidon2::Poseidon2;

/// Poseidon2 and Keccak. In the core that a descriptor is not for nothing changes.
#[derive(LogicBlock)]
pub struct Cores<const LANES: usize, const A: usize, const B: usize, const D: usize, const ROUNDS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything but the round constants.
    pub reset: Signal<In, Bit>,
    /// There is a descriptor; from a register of `clock`, as the next.
    pub active: Signal<In, Bit>,
    /// It is for Keccak. Stays for a descriptor.
    pub is_keccak: Signal<In, Bit>,
    /// Writes a round constant of Poseidon2.
    pub constant_write: Signal<In, Bit>,
    /// Its entry, see [`crate::constants::Constants`].
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
    /// Its rows, 1 to 2^D.
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
    /// Each beat is a candidate. Stays for a descriptor.
    pub search: Signal<In, Bit>,
    /// Of Keccak's state the word that it is added to.
    pub candidate_place: Signal<In, Bits<5>>,
    /// A digest of Poseidon2 is words 4 to 7 of its state, not 0 to 3. Stays while there are digests to come.
    pub upper: Signal<In, Bit>,
    /// The words of the state of a search come, one after the other, for Keccak.
    pub base_start: Signal<In, Bit>,
    /// One comes.
    pub base_write: Signal<In, Bit>,
    /// The word.
    pub base: Signal<In, Bits<64>>,
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
    poseidon2: Poseidon2<LANES, A, B>,
    keccak: Keccak,
    poseidon2_gate: ClockGate,
    keccak_gate: ClockGate,
}

impl<const LANES: usize, const A: usize, const B: usize, const D: usize, const ROUNDS: usize> Default
    for Cores<LANES, A, B, D, ROUNDS>
{
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            active: Signal::default(),
            is_keccak: Signal::default(),
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
            search: Signal::default(),
            candidate_place: Signal::default(),
            upper: Signal::default(),
            base_start: Signal::default(),
            base_write: Signal::default(),
            base: Signal::default(),
            digests_drained: Signal::default(),
            digest_valid: Signal::default(),
            digest: Default::default(),
            permuted: Signal::default(),
            idle: Signal::default(),
            starved: Signal::default(),
            stalled: Signal::default(),
            poseidon2: Poseidon2::default(),
            keccak: Keccak::new(D, ROUNDS),
            poseidon2_gate: ClockGate::default(),
            keccak_gate: ClockGate::default(),
        }
    }
}

impl<const LANES: usize, const A: usize, const B: usize, const D: usize, const ROUNDS: usize> Logic
    for Cores<LANES, A, B, D, ROUNDS>
{
    #[hdl_gen]
    fn update(&mut self) {
        self.poseidon2_gate.clock.next = self.clock.val();
        self.poseidon2_gate.enable.next =
            (self.active.val() && !self.is_keccak.val()) || self.constant_write.val() || self.reset.val();
        self.keccak_gate.clock.next = self.clock.val();
        self.keccak_gate.enable.next = (self.active.val() && self.is_keccak.val()) || self.reset.val();

        self.poseidon2.clock.next = self.poseidon2_gate.gated.val();
        self.poseidon2.reset.next = self.reset.val();
        self.poseidon2.constant_write.next = self.constant_write.val();
        self.poseidon2.constant_index.next = self.constant_index.val();
        self.poseidon2.constant_value.next = self.constant_value.val();
        self.poseidon2.beat_write.next = self.beat_write.val() && !self.is_keccak.val();
        self.poseidon2.beat_half.next = self.beat_half.val();
        self.poseidon2.beat_row.next = self.beat_row.val();
        self.poseidon2.step_valid.next = self.step_valid.val() && !self.is_keccak.val();
        self.poseidon2.step_rows.next = self.step_rows.val();
        self.poseidon2.step_words.next = self.step_words.val();
        self.poseidon2.step_half.next = self.step_half.val();
        self.poseidon2.step_fresh.next = self.step_fresh.val();
        self.poseidon2.step_finish.next = self.step_finish.val();
        self.poseidon2.step_compress.next = self.step_compress.val();
        self.poseidon2.upper.next = self.upper.val();
        self.poseidon2.digests_drained.next = self.digests_drained.val();

        self.keccak.clock.next = self.keccak_gate.gated.val();
        self.keccak.reset.next = self.reset.val();
        self.keccak.beat_write.next = self.beat_write.val() && self.is_keccak.val();
        self.keccak.beat_row.next = self.beat_row.val();
        self.keccak.step_valid.next = self.step_valid.val() && self.is_keccak.val();
        self.keccak.step_rows.next = self.step_rows.val();
        self.keccak.step_words.next = self.step_words.val();
        self.keccak.step_fresh.next = self.step_fresh.val();
        self.keccak.step_finish.next = self.step_finish.val();
        self.keccak.step_compress.next = self.step_compress.val();
        self.keccak.search.next = self.search.val();
        self.keccak.candidate_place.next = self.candidate_place.val();
        self.keccak.base_start.next = self.base_start.val();
        self.keccak.base_write.next = self.base_write.val();
        self.keccak.base.next = self.base.val();
        self.keccak.digests_drained.next = self.digests_drained.val();

        for i in 0..8 {
            self.poseidon2.beat[i].next = self.beat[i].val();
            self.keccak.beat[i].next = self.beat[i].val();
        }

        self.permuted.next = self.poseidon2.permuted.val() || self.keccak.permuted.val();
        self.step_ready.next = self.poseidon2.step_ready.val();
        self.digest_valid.next = self.poseidon2.digest_valid.val();
        self.idle.next = self.poseidon2.idle.val();
        self.starved.next = self.poseidon2.starved.val();
        self.stalled.next = self.poseidon2.stalled.val();
        for i in 0..4 {
            self.digest[i].next = self.poseidon2.digest[i].val();
        }
        if self.is_keccak.val() {
            self.step_ready.next = self.keccak.step_ready.val();
            self.digest_valid.next = self.keccak.digest_valid.val();
            self.idle.next = self.keccak.idle.val();
            self.starved.next = self.keccak.starved.val();
            self.stalled.next = self.keccak.stalled.val();
            for i in 0..4 {
                self.digest[i].next = self.keccak.digest[i].val();
            }
        }
    }
}
