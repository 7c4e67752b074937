//! The search for a proof of work: in pieces, between which the trees of other commands come first.

use karat_abi::engine::{Engine, hash};
use karat_abi::registers::engine as registers;
use karat_abi::{GrindArguments, P, Status, Submission};

use crate::card::{Card, ListFetch};
use crate::command::Failure;
use crate::hardware::{Hardware, Ticket};
use crate::lane::{Job, Step};
use crate::mailbox::{BEAT_WORDS, GRIND, List};
use crate::session::Sessions;

/// 32-bit words of the arguments.
const WORDS: usize = size_of::<GrindArguments>() / 4;
/// Batches of a piece. A tree waits for one piece; from one to the next the search loses the time of a poll.
const BATCHES: u32 = 16;

/// Index in the arguments of each word.
mod word {
    pub(super) const POSITION: u32 = 16;
    pub(super) const SAMPLED: u32 = 17;
    pub(super) const BITS: u32 = 18;
    pub(super) const RESERVED: u32 = 19;
}

/// A search under way.
pub(crate) enum Grind {
    Arguments(ListFetch),
    Search(Search),
}

impl Job for Grind {
    const ENGINE: Engine = Engine::Hash;
    const USES: &[Engine] = &[Engine::Hash];

    fn idle() -> Self {
        Self::Arguments(ListFetch::default())
    }

    fn begin(&mut self, submission: &Submission) {
        *self = Self::Arguments(ListFetch::new(submission.list, submission.list_len, GRIND));
    }

    fn step<H: Hardware>(&mut self, card: &mut Card<H>, _: &Sessions, _: &Submission) -> Step {
        match self {
            Self::Arguments(fetch) => {
                if !fetch.step(card, List::Grind) {
                    return Step::Again;
                }
                if fetch.failed() {
                    return Step::Failed(Failure::new(Status::BusError, Engine::Mailbox as u32));
                }
                Search::new(card)
                    .map(|search| {
                        *self = Self::Search(search);
                        Step::Again
                    })
                    .into()
            }
            Self::Search(search) => search.step(card),
        }
    }

    fn arrived(&mut self, _: List, failed: bool) {
        if let Self::Arguments(fetch) = self {
            fetch.arrived(failed);
        }
    }

    fn abort(&mut self) {
        match self {
            // The arguments that are on their way must not arrive for another job.
            Self::Arguments(fetch) => fetch.give_up(),
            Self::Search(search) => search.aborted = true,
        }
    }
}

/// A search whose state the engine has.
pub(crate) struct Search {
    mask: u32,
    places: u32,
    /// First candidate of the next piece.
    next: u64,
    /// The piece under way.
    piece: Option<Ticket>,
    /// Loads of round constants when the first piece began.
    constants: u32,
    aborted: bool,
}

impl Search {
    /// Checks the arguments and gives the engine the state. No piece of an earlier search is under way.
    fn new<H: Hardware>(card: &mut Card<H>) -> Result<Self, Failure> {
        let argument = |index: u32| Err(Failure::new(Status::Argument, index));
        if card.constants == 0 {
            return Err(Failure::new(Status::NoConstants, 0u32));
        }
        let mut words = [0; WORDS];
        for (word, place) in words.iter_mut().zip(GRIND * BEAT_WORDS..) {
            *word = card.hardware.mailbox(place);
        }
        let GrindArguments { state, position, sampled, bits, reserved } = bytemuck::cast(words);
        if let Some(index) = state.iter().position(|value| *value >= P) {
            return argument(2 * index as u32);
        }
        if position >= 8 {
            return argument(word::POSITION);
        }
        if sampled >= 8 {
            return argument(word::SAMPLED);
        }
        if !(1..=32).contains(&bits) {
            return argument(word::BITS);
        }
        if let Some(index) = reserved.iter().position(|value| *value != 0) {
            return argument(word::RESERVED + index as u32);
        }
        for (index, value) in (hash::STATE..).zip(state) {
            card.fill_hash(index, value);
        }
        let (mask, places) = (u32::MAX >> (32 - bits), position | sampled << hash::SAMPLED);
        Ok(Self { mask, places, next: 0, piece: None, constants: card.constants, aborted: false })
    }

    fn step<H: Hardware>(&mut self, card: &mut Card<H>) -> Step {
        if let Some(ticket) = self.piece {
            if !card.engines.reached(&mut card.hardware, Engine::Hash, ticket) {
                return Step::Again;
            }
            self.piece = None;
            let [low, high] = [registers::RESULT_LO, registers::RESULT_HI]
                .map(|register| u64::from(card.hardware.engine(Engine::Hash, register)));
            let result = high << 32 | low;
            if result != u64::MAX {
                return Step::Done(result);
            }
        }
        if self.aborted {
            return Step::Done(0);
        }
        if self.constants != card.constants {
            // What was not found says nothing about these.
            self.constants = card.constants;
            self.next = 0;
        }
        if !card.hash_held && card.room(Engine::Hash) {
            let candidates = BATCHES << card.capabilities.log_batch;
            let mut words = [0; hash::WORDS];
            words[hash::CANDIDATE_LO] = self.next as u32;
            words[hash::CANDIDATE_HI] = (self.next >> 32) as u32;
            words[hash::MASK] = self.mask;
            words[hash::ROWS] = candidates;
            words[hash::PLACES] = self.places;
            words[hash::MODE] = hash::GRIND;
            self.piece = Some(card.engines.push(&mut card.hardware, Engine::Hash, words));
            // Nobody waits until candidates reach the order of the field.
            self.next += u64::from(candidates);
        }
        Step::Again
    }
}
