//! Keccak-256 behind the seam that the front end knows, see [`crate::poseidon2`].
//!
//! The words of beats are sorted into blocks of the rate as they come, so that a step is only counted; for each block that is complete
//! there is a *pass* over the rows. While the rounds work on a row, the state of the next is loaded and that of the one before is
//! unloaded.

pub mod blocks;
pub mod iota;
pub mod loader;
pub mod planner;
pub mod rounds;
pub mod store;

use rust_hdl::prelude::*;

use blocks::Blocks;
use loader::Loader;
use planner::Planner;
use rounds::Rounds;
use store::Store;

/// Batches of rows in lockstep, one row after the other through the rounds, and their states in RAM.
///
/// What is said about a step holds from a cycle before its first beat on, for beats are put where they belong.
#[derive(LogicBlock)]
pub struct Keccak {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A beat arrives.
    pub beat_write: Signal<In, Bit>,
    /// Its row in the batch.
    pub beat_row: Signal<In, Bits<16>>,
    /// Its words, a cycle later.
    pub beat: [Signal<In, Bits<64>>; 8],
    /// A step is offered.
    pub step_valid: Signal<In, Bit>,
    /// It is taken.
    pub step_ready: Signal<Out, Bit>,
    /// Its rows, 1 to the size of the batch.
    pub step_rows: Signal<In, Bits<16>>,
    /// Words of each beat to absorb, 1 to 8.
    pub step_words: Signal<In, Bits<4>>,
    /// The sponges start empty.
    pub step_fresh: Signal<In, Bit>,
    /// The sponges end with this step.
    pub step_finish: Signal<In, Bit>,
    /// Each beat is two digests to compress into one.
    pub step_compress: Signal<In, Bit>,
    /// Each beat is a candidate; stays for a descriptor.
    pub search: Signal<In, Bit>,
    /// Word of the state that it is added to.
    pub candidate_place: Signal<In, Bits<5>>,
    /// The words of the state of a search come, one after the other.
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
    planner: Planner,
    blocks: Blocks,
    loader: Loader,
    rounds: Rounds,
    store: Store,
    _words: usize,
}

impl Keccak {
    /// Batches of 2^`log_batch` rows, and so many rounds a cycle, a divisor of 24.
    pub fn new(log_batch: usize, rounds: usize) -> Self {
        // A state is read and written in the cycles that the rounds take a permutation.
        let words = 25_usize.div_ceil(rounds::ROUNDS / rounds);
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            beat_write: Signal::default(),
            beat_row: Signal::default(),
            beat: Default::default(),
            step_valid: Signal::default(),
            step_ready: Signal::default(),
            step_rows: Signal::default(),
            step_words: Signal::default(),
            step_fresh: Signal::default(),
            step_finish: Signal::default(),
            step_compress: Signal::default(),
            search: Signal::default(),
            candidate_place: Signal::default(),
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
            planner: Planner::default(),
            blocks: Blocks::new(log_batch),
            loader: Loader::new(words, rounds::ROUNDS / rounds),
            rounds: Rounds::new(rounds),
            store: Store::new(log_batch, words),
            _words: words,
        }
    }
}

impl Logic for Keccak {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, planner, blocks, loader, rounds, store);
        self.planner.reset.next = self.reset.val();
        self.planner.step_valid.next = self.step_valid.val();
        self.step_ready.next = self.planner.step_ready.val();
        self.planner.step_rows.next = self.step_rows.val();
        self.planner.step_words.next = self.step_words.val();
        self.planner.step_fresh.next = self.step_fresh.val();
        self.planner.step_finish.next = self.step_finish.val();
        self.planner.step_compress.next = self.step_compress.val();
        self.planner.search.next = self.search.val();
        self.planner.candidate_place.next = self.candidate_place.val();
        self.planner.block_read.next = self.loader.block_read.val();
        self.planner.batch_done.next = self.store.batch_done.val();

        self.blocks.beat_write.next = self.beat_write.val();
        self.blocks.beat_row.next = self.beat_row.val();
        self.blocks.block.next = self.planner.block.val();
        self.blocks.position.next = self.planner.position.val();
        self.blocks.read_row.next = self.loader.block_row.val();
        self.blocks.read_block.next = self.loader.block.val();
        for i in 0..8 {
            self.blocks.beat[i].next = self.beat[i].val();
        }

        self.loader.reset.next = self.reset.val();
        self.loader.pass_valid.next = self.planner.pass_valid.val();
        self.planner.pass_ready.next = self.loader.pass_ready.val();
        self.loader.pass.next = self.planner.pass.val();
        for i in 0..17 {
            self.loader.absorbed[i].next = self.blocks.word[i].val();
        }
        self.loader.ended.next = self.store.ended.val();
        self.store.read_row.next = self.loader.state_row.val();
        self.store.read_part.next = self.loader.state_part.val();
        for i in 0..self._words {
            self.loader.state[i].next = self.store.state[i].val();
        }

        self.rounds.reset.next = self.reset.val();
        self.rounds.in_valid.next = self.loader.out_valid.val();
        self.loader.out_ready.next = self.rounds.in_ready.val();
        self.rounds.in_tag.next = self.loader.out_tag.val();
        for i in 0..25 {
            self.rounds.x[i].next = self.loader.y[i].val();
            self.store.x[i].next = self.rounds.y[i].val();
        }
        self.store.reset.next = self.reset.val();
        self.store.in_valid.next = self.rounds.out_valid.val();
        self.rounds.out_ready.next = self.store.in_ready.val();
        self.store.in_tag.next = self.rounds.out_tag.val();
        self.permuted.next = self.rounds.out_valid.val() && self.store.in_ready.val();

        self.store.digests_drained.next = self.digests_drained.val();
        self.stalled.next = self.store.stalled.val();
        self.digest_valid.next = self.store.digest_valid.val();
        for i in 0..4 {
            self.digest[i].next = self.store.digest[i].val();
        }
        self.store.base_start.next = self.base_start.val();
        self.store.base_write.next = self.base_write.val();
        self.store.base.next = self.base.val();
        self.idle.next = self.planner.idle.val() && self.loader.idle.val();
        self.starved.next = self.planner.idle.val() && self.loader.idle.val();
    }
}
