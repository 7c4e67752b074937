//! Walks a batch of states through absorptions and rounds.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::delay::{FlagDelay, WordDelay};
use crate::lane::{LATE, WRITE};
use crate::parameter::Place;

/// What the sequencer issues.
#[derive(Copy, Clone, PartialEq, Eq, Debug, LogicState)]
enum Phase {
    Idle,
    Plan,
    Gather,
    Settle,
    External,
    Internal,
}

/// Issues the tokens of [`crate::lane::Lane`]: all states of a batch in lockstep, pass after pass.
///
/// A *step* absorbs the first 1 to 8 words of one beat a row. It is cut into blocks of at most four words (the rate, less
/// what an earlier step left there); each takes a pass that overwrites these words and, if the block is full or the last,
/// applies the first linear layer, and then 30 passes of rounds. An address may be issued again when its result
/// has been written, which is when fewer tokens than the batch has addresses are on the way.
#[derive(LogicBlock, Default)]
pub struct Sequencer<const LANES: usize, const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A step is offered.
    pub step_valid: Signal<In, Bit>,
    /// It is taken.
    pub step_ready: Signal<Out, Bit>,
    /// Its rows, 1 to the size of the batch.
    pub step_rows: Signal<In, Bits<16>>,
    /// Words of each beat, 1 to 8.
    pub step_words: Signal<In, Bits<4>>,
    /// Half of the beat RAM that holds its beats.
    pub step_half: Signal<In, Bit>,
    /// The states are zero before.
    pub step_fresh: Signal<In, Bit>,
    /// The sponges end with these words.
    pub step_finish: Signal<In, Bit>,
    /// The whole beat is the state: one permutation.
    pub step_compress: Signal<In, Bit>,
    /// No digests are waiting, so that those of a batch have room.
    pub digests_drained: Signal<In, Bit>,
    /// Waits for that.
    pub stalled: Signal<Out, Bit>,
    /// Waits for a step.
    pub idle: Signal<Out, Bit>,
    /// Tokens are on the way.
    pub draining: Signal<Out, Bit>,

    /// For [`crate::lane::Lane`].
    pub first_address: Signal<Out, Bits<A>>,
    /// For the lanes.
    pub other_address: Signal<Out, Bits<A>>,
    /// For the lanes.
    pub select: Signal<Out, Bits<3>>,
    /// For the lanes.
    pub shift: Signal<Out, Bit>,
    /// For the lanes, with `half`.
    pub beat_address: Signal<Out, Bits<A>>,
    /// Half of the beat RAM that is read.
    pub half: Signal<Out, Bit>,
    /// For the lanes.
    pub load: Signal<Out, Bit>,
    /// For the lanes.
    pub internal: Signal<Out, Bit>,
    /// For the lanes.
    pub gather: Signal<Out, Bit>,
    /// For the lanes.
    pub keep: Signal<Out, Bit>,
    /// For the lanes.
    pub fresh: Signal<Out, Bit>,
    /// For the lanes.
    pub compress: Signal<Out, Bit>,
    /// For the lanes.
    pub mask: Signal<Out, Bits<4>>,
    /// For the lanes.
    pub rotation: Signal<Out, Bits<3>>,
    /// Pass of the token at `LATE + 3`, for [`crate::constants::Constants`].
    pub pass: Signal<Out, Bits<5>>,
    /// There is one.
    pub pass_valid: Signal<Out, Bit>,
    /// For the lanes.
    pub write_address: Signal<Out, Bits<A>>,
    /// For the lanes: the token of the next cycle at `WRITE` ends a permutation.
    pub capture_soon: Signal<Out, Bit>,
    /// The token at `WRITE` ends a permutation.
    pub capture: Signal<Out, Bit>,
    /// Last lane in which it ends one of a row.
    pub capture_last: Signal<Out, Bits<3>>,
    /// Their digests are wanted.
    pub capture_digest: Signal<Out, Bit>,

    phase: Register<Phase>,
    // The step.
    last: Register<Bits<16>>,
    last_lane: Register<Bits<3>>,
    left: Register<Bits<4>>,
    offset: Register<Bits<4>>,
    fresh_state: Register<Bit>,
    finish: Register<Bit>,
    compression: Register<Bit>,
    beat_half: Register<Bit>,
    // The block.
    position: Register<Bits<4>>,
    block_mask: Register<Bits<4>>,
    block_rotation: Register<Bits<3>>,
    permute: Register<Bit>,
    digest: Register<Bit>,
    // The pass.
    address: Register<Bits<16>>,
    // It is the last one; the one before that.
    at_last: Register<Bit>,
    before_last: Register<Bits<16>>,
    word: Register<Bits<3>>,
    number: Register<Bits<5>>,
    on_the_way: Register<Bits<16>>,
    late_reads: Register<Bits<16>>,

    sum: Signal<Local, Bits<4>>,
    fills: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    count: Signal<Local, Bits<4>>,
    filled: Signal<Local, Bits<4>>,
    remaining: Signal<Local, Bits<4>>,
    below: Signal<Local, Bits<16>>,
    masked: Signal<Local, Bits<8>>,
    rotated: Signal<Local, Bits<4>>,
    last_row: Place<LANES>,
    free: Signal<Local, Bit>,
    issue: Signal<Local, Bit>,
    issue_shift: Signal<Local, Bit>,
    // 0: the end of a state of an external round, 1: internal round, 2: absorption that keeps the state, 3: absorption that
    // starts a permutation. All but 0 read the RAM late.
    kind: Signal<Local, Bits<2>>,
    end_lane: Signal<Local, Bits<3>>,
    token: Signal<Local, Bits<32>>,
    late_token: WordDelay<32, { LATE - 2 }>,
    late_valid: FlagDelay<LATE>,
    late_shift: FlagDelay<LATE>,
    write_token: WordDelay<32, { WRITE - 1 }>,
    write_valid: FlagDelay<{ WRITE - 1 }>,
    written: Register<Bit>,
    captured: Register<Bit>,
    soon: Register<Bits<32>>,
    late: Register<Bits<32>>,
    write: Register<Bits<32>>,
    late_read: Signal<Local, Bit>,
    load1: Register<Bit>,
    token1: Register<Bits<32>>,
    load2: Register<Bit>,
    token2: Register<Bits<32>>,
    load3: Register<Bit>,
    token3: Register<Bits<32>>,
}

impl<const LANES: usize, const A: usize> Logic for Sequencer<LANES, A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            phase,
            last,
            last_lane,
            left,
            offset,
            fresh_state,
            finish,
            compression,
            beat_half,
            position,
            block_mask,
            block_rotation,
            permute,
            digest,
            address,
            at_last,
            before_last,
            word,
            number,
            on_the_way,
            late_reads,
            load1,
            token1,
            load2,
            token2,
            load3,
            token3,
            written,
            captured,
            soon,
            late,
            write
        );
        self.late_token.clock.next = self.clock.val();
        self.late_valid.clock.next = self.clock.val();
        self.late_valid.reset.next = self.reset.val();
        self.late_shift.clock.next = self.clock.val();
        self.late_shift.reset.next = self.reset.val();
        self.write_token.clock.next = self.clock.val();
        self.write_valid.clock.next = self.clock.val();
        self.write_valid.reset.next = self.reset.val();

        self.step_ready.next = self.phase.q.val() == Phase::Idle;
        self.idle.next = self.phase.q.val() == Phase::Idle;
        self.draining.next = self.on_the_way.q.val() != 0;
        self.free.next = self.on_the_way.q.val() <= self.last.q.val();
        self.before_last.d.next = self.last.q.val() - 1;
        self.issue.next = false;
        self.issue_shift.next = false;
        self.kind.next = 0.into();
        self.stalled.next = false;

        // The block that Plan makes: as many words as the step has and the rate takes.
        self.sum.next = self.position.q.val() + self.left.q.val();
        self.fills.next = self.sum.val() >= 4;
        self.ends.next = self.sum.val() <= 4;
        self.filled.next = self.sum.val();
        self.count.next = self.left.q.val();
        self.remaining.next = 0.into();
        if self.fills.val() {
            self.filled.next = 4.into();
            self.count.next = bits::<4>(4) - self.position.q.val();
            self.remaining.next = self.sum.val() - 4;
        }
        // Ones from `position` on, and below `filled`.
        self.masked.next = bits::<8>(15) << self.position.q.val();
        self.below.next = (bits::<16>(1) << self.filled.val()) - 1;
        self.rotated.next = self.offset.q.val() - self.position.q.val();
        self.last_row.row.next = self.step_rows.val() - 1;

        match self.phase.q.val() {
            Phase::Idle => {
                self.last.d.next = self.last_row.state.val();
                self.last_lane.d.next = self.last_row.lane.val();
                self.left.d.next = self.step_words.val();
                self.offset.d.next = 0.into();
                self.finish.d.next = self.step_finish.val();
                self.compression.d.next = self.step_compress.val();
                self.beat_half.d.next = self.step_half.val();
                if self.step_valid.val() {
                    self.phase.d.next = Phase::Plan;
                    if self.step_fresh.val() {
                        self.fresh_state.d.next = true;
                        self.position.d.next = 0.into();
                    }
                }
            }
            Phase::Plan => {
                self.address.d.next = 0.into();
                self.at_last.d.next = self.last.q.val() == 0;
                self.number.d.next = 0.into();
                self.block_mask.d.next = self.masked.val().get_bits::<4>(0) & self.below.val().get_bits::<4>(0);
                self.block_rotation.d.next = self.rotated.val().get_bits::<3>(0);
                self.left.d.next = self.remaining.val();
                self.offset.d.next = self.offset.q.val() + self.count.val();
                self.position.d.next = self.filled.val();
                self.digest.d.next = self.finish.q.val() && self.ends.val();
                self.permute.d.next = self.fills.val() || (self.finish.q.val() && self.ends.val());
                if self.compression.q.val() {
                    self.block_mask.d.next = 15.into();
                    self.left.d.next = 0.into();
                    self.digest.d.next = true;
                    self.permute.d.next = true;
                }
                self.phase.d.next = Phase::Gather;
            }
            Phase::Gather => {
                self.kind.next = 2.into();
                if self.permute.q.val() {
                    self.kind.next = 3.into();
                    self.position.d.next = 0.into();
                }
                if self.free.val() {
                    self.issue.next = true;
                    self.address.d.next = self.address.q.val() + 1;
                    self.at_last.d.next = self.address.q.val() == self.before_last.q.val();
                    if self.at_last.q.val() {
                        self.address.d.next = 0.into();
                        self.at_last.d.next = self.last.q.val() == 0;
                        self.phase.d.next = Phase::Settle;
                    }
                }
            }
            Phase::Settle => {
                // The rounds that follow read the RAM early, and the block may change only behind its last token.
                self.word.d.next = 0.into();
                if self.late_reads.q.val() == 0 {
                    self.fresh_state.d.next = false;
                    self.number.d.next = self.number.q.val() + 1;
                    self.phase.d.next = Phase::External;
                    if !self.permute.q.val() {
                        self.phase.d.next = Phase::Plan;
                        if self.left.q.val() == 0 {
                            self.phase.d.next = Phase::Idle;
                        }
                    }
                }
            }
            Phase::External => {
                if self.word.q.val() == 0 {
                    if (self.number.q.val() == 30)
                        && self.digest.q.val()
                        && (self.address.q.val() == 0)
                        && !self.digests_drained.val()
                    {
                        self.stalled.next = true;
                    } else {
                        self.issue_shift.next = self.free.val();
                    }
                } else {
                    self.issue_shift.next = true;
                }
                if self.issue_shift.val() {
                    self.word.d.next = self.word.q.val() + 1;
                    if self.word.q.val() == 7 {
                        self.issue.next = true;
                        self.address.d.next = self.address.q.val() + 1;
                        self.at_last.d.next = self.address.q.val() == self.before_last.q.val();
                        if self.at_last.q.val() {
                            self.address.d.next = 0.into();
                            self.at_last.d.next = self.last.q.val() == 0;
                            self.number.d.next = self.number.q.val() + 1;
                            if self.number.q.val() == 4 {
                                self.phase.d.next = Phase::Internal;
                            }
                            if self.number.q.val() == 30 {
                                self.phase.d.next = Phase::Plan;
                                if self.left.q.val() == 0 {
                                    self.phase.d.next = Phase::Idle;
                                }
                            }
                        }
                    }
                }
            }
            _ => {
                // Phase::Internal
                self.kind.next = 1.into();
                if self.free.val() {
                    self.issue.next = true;
                    self.address.d.next = self.address.q.val() + 1;
                    self.at_last.d.next = self.address.q.val() == self.before_last.q.val();
                    if self.at_last.q.val() {
                        self.address.d.next = 0.into();
                        self.at_last.d.next = self.last.q.val() == 0;
                        if self.number.q.val() == 26 {
                            self.phase.d.next = Phase::Settle;
                        } else {
                            self.number.d.next = self.number.q.val() + 1;
                        }
                    }
                }
            }
        }

        self.end_lane.next = self.last_row.last.val();
        if self.at_last.q.val() {
            self.end_lane.next = self.last_lane.q.val();
        }
        self.token.next = bit_cast::<32, 16>(self.address.q.val())
            | (bit_cast::<32, 2>(self.kind.val()) << 16)
            | (bit_cast::<32, 5>(self.number.q.val()) << 18)
            | (bit_cast::<32, 3>(self.end_lane.val()) << 23)
            | (bit_cast::<32, 1>(self.digest.q.val().into()) << 26);
        self.late_token.in_data.next = self.token.val();
        self.late_valid.in_data.next = self.issue.val();
        self.late_shift.in_data.next = self.issue_shift.val();
        self.write_token.in_data.next = self.token.val();
        self.write_valid.in_data.next = self.issue.val();
        self.soon.d.next = self.late_token.out_data.val();
        self.late.d.next = self.soon.q.val();
        self.write.d.next = self.write_token.out_data.val();

        // Early and late addresses: the phases see to it that a word is wanted by one of them only.
        self.select.next = 0.into();
        if self.phase.q.val() == Phase::External {
            self.select.next = self.word.q.val();
        }
        self.late_read.next = self.late_valid.out_data.val() && (self.late.q.val().get_bits::<2>(16) != 0);
        self.first_address.next = self.address.q.val().get_bits::<A>(0);
        self.other_address.next = self.address.q.val().get_bits::<A>(0);
        if self.late_read.val() {
            self.other_address.next = self.late.q.val().get_bits::<A>(0);
            if self.late.q.val().get_bit(17) {
                self.first_address.next = self.late.q.val().get_bits::<A>(0);
            }
        }
        // A cycle before, as what is read is rotated into a register.
        self.beat_address.next = self.soon.q.val().get_bits::<A>(0);
        self.shift.next = self.late_shift.out_data.val();
        self.half.next = self.beat_half.q.val();

        self.load1.d.next = self.late_valid.out_data.val();
        self.token1.d.next = self.late.q.val();
        self.load.next = self.load1.q.val();
        self.internal.next = self.token1.q.val().get_bits::<2>(16) == 1;
        self.gather.next = self.token1.q.val().get_bit(17);
        self.keep.next = self.token1.q.val().get_bits::<2>(16) == 2;
        self.fresh.next = self.fresh_state.q.val();
        self.compress.next = self.compression.q.val();
        self.mask.next = self.block_mask.q.val();
        self.rotation.next = self.block_rotation.q.val();
        self.load2.d.next = self.load1.q.val();
        self.token2.d.next = self.token1.q.val();
        self.load3.d.next = self.load2.q.val();
        self.token3.d.next = self.token2.q.val();
        self.pass.next = self.token3.q.val().get_bits::<5>(18);
        self.pass_valid.next = self.load3.q.val();

        self.write_address.next = self.write_token.out_data.val().get_bits::<A>(0);
        self.written.d.next = self.write_valid.out_data.val();
        self.capture_soon.next =
            self.write_valid.out_data.val() && (self.write_token.out_data.val().get_bits::<5>(18) == 30);
        self.captured.d.next =
            self.write_valid.out_data.val() && (self.write_token.out_data.val().get_bits::<5>(18) == 30);
        self.capture.next = self.captured.q.val();
        self.capture_last.next = self.write.q.val().get_bits::<3>(23);
        self.capture_digest.next = self.write.q.val().get_bit(26);

        if self.issue.val() && !self.written.q.val() {
            self.on_the_way.d.next = self.on_the_way.q.val() + 1;
        }
        if !self.issue.val() && self.written.q.val() {
            self.on_the_way.d.next = self.on_the_way.q.val() - 1;
        }
        if (self.issue.val() && (self.kind.val() != 0)) && !self.late_read.val() {
            self.late_reads.d.next = self.late_reads.q.val() + 1;
        }
        if !(self.issue.val() && (self.kind.val() != 0)) && self.late_read.val() {
            self.late_reads.d.next = self.late_reads.q.val() - 1;
        }
        if self.reset.val() {
            self.phase.d.next = Phase::Idle;
            self.on_the_way.d.next = 0.into();
            self.late_reads.d.next = 0.into();
            self.written.d.next = false;
            self.captured.d.next = false;
            self.load1.d.next = false;
            self.load2.d.next = false;
            self.load3.d.next = false;
        }
    }
}
