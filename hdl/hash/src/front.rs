//! From a descriptor to the beats and steps of a permutation core, whichever it is.

use karat_abi::engine::hash;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::parameter::Power;

/// What the front end does.
#[derive(Copy, Clone, PartialEq, Eq, Debug, LogicState)]
enum Phase {
    Idle,
    Batch,
    Command,
    Load,
    Announce,
    Offer,
}

// `mode` is taken apart below by these numbers.
const _: () = {
    assert!(hash::COMPRESS == 1 << 0 && hash::FIRST == 1 << 1 && hash::LAST == 1 << 2 && hash::SPREAD == 1 << 3);
    assert!(hash::PAIRS == 1 << 4 && hash::SKIP == 1 << 5 && hash::GRIND == 1 << 6 && hash::LOG_ROW_STRIDE == 8);
};

/// Reads the tiles of a batch of up to 2^D rows one after the other into the half of the beat RAM that the core does not work on, and
/// offers each as a step; announces the digests of a batch to the writer before the step that makes them.
///
/// A tile is one burst, or a beat a row where rows are apart. For a search nothing is read: a beat a candidate is made, a cycle
/// each, and each batch is a step until there is something to stop for.
#[derive(LogicBlock, Default)]
pub struct Front<const D: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Drops the descriptor.
    pub reset: Signal<In, Bit>,
    /// A descriptor begins; its words stay until the engine is done with it.
    pub start: Signal<In, Bit>,
    /// Descriptor word `SRC`.
    pub source: Signal<In, Bits<32>>,
    /// Descriptor word `TILE_STRIDE`.
    pub tile_stride: Signal<In, Bits<32>>,
    /// Descriptor word `WIDTH`.
    pub width: Signal<In, Bits<32>>,
    /// Descriptor word `ROWS`.
    pub rows: Signal<In, Bits<32>>,
    /// Descriptor word `OUT`.
    pub node: Signal<In, Bits<32>>,
    /// Descriptor word `MODE`.
    pub mode: Signal<In, Bits<32>>,
    /// Nothing is left to read or to offer.
    pub idle: Signal<Out, Bit>,

    /// Read port, see `hdl/README.md`.
    pub rd_addr: Signal<Out, Bits<32>>,
    /// Read port.
    pub rd_len: Signal<Out, Bits<16>>,
    /// Read port.
    pub rd_cmd_valid: Signal<Out, Bit>,
    /// Read port.
    pub rd_cmd_ready: Signal<In, Bit>,
    /// Read port; the data go to the core directly.
    pub rd_valid: Signal<In, Bit>,
    /// Read port.
    pub rd_ready: Signal<Out, Bit>,

    /// The fourth word of every four is left out of each beat.
    pub skip: Signal<Out, Bit>,
    /// Of the beat of the next cycle the upper half is wanted.
    pub upper: Signal<Out, Bit>,
    /// Beats are made for a search.
    pub search: Signal<Out, Bit>,
    /// They can be.
    pub candidate_ready: Signal<In, Bit>,
    /// Something was found: no step is offered any more.
    pub stop: Signal<In, Bit>,
    /// The beat at the read port, or the one made, goes to the core.
    pub beat_write: Signal<Out, Bit>,
    /// Its row in the batch.
    pub beat_row: Signal<Out, Bits<16>>,
    /// Half of the beats that is filled, and that a step offered is about.
    pub half: Signal<Out, Bit>,
    /// A step is offered, see [`crate::poseidon2`].
    pub step_valid: Signal<Out, Bit>,
    /// It is taken.
    pub step_ready: Signal<In, Bit>,
    /// Rows of the batch.
    pub step_rows: Signal<Out, Bits<16>>,
    /// Words of each beat to absorb.
    pub step_words: Signal<Out, Bits<4>>,
    /// The sponges start empty.
    pub step_fresh: Signal<Out, Bit>,
    /// The sponges end.
    pub step_finish: Signal<Out, Bit>,
    /// Beats are pairs of digests.
    pub step_compress: Signal<Out, Bit>,

    /// `step_rows` digests will come.
    pub job_valid: Signal<Out, Bit>,
    /// The writer has noted them.
    pub job_ready: Signal<In, Bit>,
    /// Node of the first.
    pub job_node: Signal<Out, Bits<32>>,
    /// They go to every second node.
    pub job_spread: Signal<Out, Bit>,

    phase: Register<Phase>,
    row_address: Register<Bits<32>>,
    rows_left: Register<Bits<32>>,
    next_node: Register<Bits<32>>,
    // Of the tile, and of the next read in it.
    tile_address: Register<Bits<32>>,
    address: Register<Bits<32>>,
    words_left: Register<Bits<32>>,
    batch: Register<Bits<16>>,
    // Beats from this batch to the next.
    advance: Register<Bits<32>>,
    // Reads of the tile that are not asked for yet, and whether there are.
    to_ask: Register<Bits<16>>,
    asking: Register<Bit>,
    row: Register<Bits<16>>,
    // It is the last one of the batch; the one before that.
    at_last: Register<Bit>,
    before_last: Register<Bits<16>>,
    first_tile: Register<Bit>,
    last_tile: Register<Bit>,
    filled: Register<Bit>,
    finish: Signal<Local, Bit>,
    // Each beat, or pair of digests, is a state.
    whole: Signal<Local, Bit>,
    grind: Signal<Local, Bit>,
    pairs: Signal<Local, Bit>,
    apart: Signal<Local, Bit>,
    log_stride: Signal<Local, Bits<2>>,
    stride: Signal<Local, Bits<4>>,
    spread: Signal<Local, Bit>,
    beat_words: Signal<Local, Bits<4>>,
    here: Signal<Local, Bit>,
    full: Power<32, D>,
}

impl<const D: usize> Logic for Front<D> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            phase,
            row_address,
            rows_left,
            next_node,
            tile_address,
            address,
            words_left,
            batch,
            advance,
            to_ask,
            asking,
            row,
            at_last,
            before_last,
            first_tile,
            last_tile,
            filled
        );
        self.spread.next = self.mode.val().get_bit(3);
        self.pairs.next = self.mode.val().get_bit(4);
        self.skip.next = self.mode.val().get_bit(5);
        self.grind.next = self.mode.val().get_bit(6);
        self.whole.next = self.mode.val().get_bit(0) || self.mode.val().get_bit(6);
        self.log_stride.next = self.mode.val().get_bits::<2>(8);
        self.apart.next = self.log_stride.val() != 0;
        self.stride.next = bits::<4>(1) << self.log_stride.val();
        self.beat_words.next = 8.into();
        if self.mode.val().get_bit(5) {
            self.beat_words.next = 6.into();
        }
        self.search.next = self.grind.val();
        self.finish.next = self.last_tile.q.val() && (self.mode.val().get_bit(2) || self.whole.val());
        self.idle.next = self.phase.q.val() == Phase::Idle;
        self.rd_addr.next = self.address.q.val();
        self.rd_len.next = self.batch.q.val();
        if self.pairs.val() {
            self.rd_len.next = (self.batch.q.val() >> 1) + bit_cast::<16, 1>(self.batch.q.val().get_bits::<1>(0));
        }
        if self.apart.val() {
            self.rd_len.next = 1.into();
        }
        self.rd_cmd_valid.next = ((self.phase.q.val() == Phase::Command) && !self.grind.val()) || self.asking.q.val();
        self.here.next = (self.phase.q.val() == Phase::Load) && (self.rd_valid.val() || self.grind.val());
        self.beat_write.next = self.here.val();
        // The beat of a pair stays for the second row.
        self.rd_ready.next = (self.phase.q.val() == Phase::Load)
            && (!self.pairs.val() || self.row.q.val().get_bit(0) || self.at_last.q.val());
        self.beat_row.next = self.row.q.val();
        self.half.next = self.filled.q.val();
        self.step_valid.next = (self.phase.q.val() == Phase::Offer) && !self.stop.val();
        self.step_rows.next = self.batch.q.val();
        self.step_words.next = self.beat_words.val();
        if self.last_tile.q.val() {
            self.step_words.next = self.words_left.q.val().get_bits::<4>(0);
        }
        self.step_fresh.next = (self.first_tile.q.val() && self.mode.val().get_bit(1)) || self.whole.val();
        self.step_finish.next = self.finish.val();
        self.step_compress.next = self.whole.val();
        self.job_valid.next = self.phase.q.val() == Phase::Announce;
        self.job_node.next = self.next_node.q.val();
        self.job_spread.next = self.spread.val();

        match self.phase.q.val() {
            Phase::Idle => {
                self.row_address.d.next = self.source.val();
                self.rows_left.d.next = self.rows.val();
                self.next_node.d.next = self.node.val();
                if self.start.val() {
                    self.phase.d.next = Phase::Batch;
                }
            }
            Phase::Batch => {
                self.batch.d.next = self.full.out.val().get_bits::<16>(0);
                if self.rows_left.q.val() < self.full.out.val() {
                    self.batch.d.next = self.rows_left.q.val().get_bits::<16>(0);
                }
                self.tile_address.d.next = self.row_address.q.val();
                self.address.d.next = self.row_address.q.val();
                self.words_left.d.next = self.width.val();
                self.first_tile.d.next = true;
                self.phase.d.next = Phase::Command;
            }
            Phase::Command => {
                self.row.d.next = 0.into();
                self.before_last.d.next = self.batch.q.val() - 2;
                self.at_last.d.next = self.batch.q.val() == 1;
                self.last_tile.d.next =
                    (self.words_left.q.val() <= bit_cast::<32, 4>(self.beat_words.val())) || self.whole.val();
                self.advance.d.next = bit_cast::<32, 16>(self.batch.q.val()) << self.log_stride.val();
                if self.pairs.val() {
                    self.advance.d.next = bit_cast::<32, 16>(self.batch.q.val()) >> 1;
                }
                self.to_ask.d.next = self.batch.q.val() - 1;
                if self.grind.val() {
                    if self.candidate_ready.val() {
                        self.phase.d.next = Phase::Load;
                    }
                } else if self.rd_cmd_ready.val() {
                    self.address.d.next = self.address.q.val() + bit_cast::<32, 4>(self.stride.val());
                    self.asking.d.next = self.apart.val() && (self.batch.q.val() != 1);
                    self.phase.d.next = Phase::Load;
                }
            }
            Phase::Load => {
                if self.asking.q.val() && self.rd_cmd_ready.val() {
                    self.address.d.next = self.address.q.val() + bit_cast::<32, 4>(self.stride.val());
                    self.to_ask.d.next = self.to_ask.q.val() - 1;
                    self.asking.d.next = self.to_ask.q.val() != 1;
                }
                if self.here.val() {
                    self.row.d.next = self.row.q.val() + 1;
                    self.at_last.d.next = self.row.q.val() == self.before_last.q.val();
                    if self.at_last.q.val() {
                        self.phase.d.next = Phase::Offer;
                        if self.finish.val() && !self.grind.val() {
                            self.phase.d.next = Phase::Announce;
                        }
                    }
                }
            }
            Phase::Announce => {
                if self.job_ready.val() {
                    self.phase.d.next = Phase::Offer;
                }
            }
            _ => {
                // Phase::Offer. With the step the core leaves the other half.
                if self.stop.val() {
                    self.phase.d.next = Phase::Idle;
                } else if self.step_ready.val() {
                    self.filled.d.next = !self.filled.q.val();
                    self.first_tile.d.next = false;
                    self.tile_address.d.next = self.tile_address.q.val() + self.tile_stride.val();
                    self.address.d.next = self.tile_address.q.val() + self.tile_stride.val();
                    self.words_left.d.next = self.words_left.q.val() - bit_cast::<32, 4>(self.beat_words.val());
                    self.phase.d.next = Phase::Command;
                    if self.last_tile.q.val() {
                        self.row_address.d.next = self.row_address.q.val() + self.advance.q.val();
                        self.rows_left.d.next = self.rows_left.q.val() - bit_cast::<32, 16>(self.batch.q.val());
                        self.next_node.d.next = self.next_node.q.val() + bit_cast::<32, 16>(self.batch.q.val());
                        if self.spread.val() {
                            self.next_node.d.next =
                                self.next_node.q.val() + (bit_cast::<32, 16>(self.batch.q.val()) << 1);
                        }
                        self.phase.d.next = Phase::Batch;
                        if self.rows_left.q.val() == bit_cast::<32, 16>(self.batch.q.val()) {
                            self.phase.d.next = Phase::Idle;
                        }
                    }
                }
            }
        }
        // Of the next cycle, for the registers between.
        self.upper.next = self.pairs.val() && self.row.d.val().get_bit(0);
        if self.reset.val() {
            self.phase.d.next = Phase::Idle;
            self.asking.d.next = false;
            self.filled.d.next = false;
        }
    }
}
