//! The search for a proof of work: in pieces, between which the trees of other commands come first.

use karat_abi::engine::{Engine, hash};
use karat_abi::registers::engine as registers;
use karat_abi::{GrindArguments, P, Status, Submission};

use crate::card::Card;
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
    Idle,
    /// The engine has not got the state yet.
    Arguments(GrindArguments),
    Search(Search),
}

impl Job for Grind {
    const ENGINE: Engine = Engine::Hash;
    const USES: &[Engine] = &[Engine::Hash];
    const ARGUMENTS: Option<(List, u32)> = Some((List::Grind, GRIND));

    fn idle() -> Self {
        Self::Idle
    }

    fn begin(&mut self, _: &Submission) {
        *self = Self::Idle;
    }

    fn check<H: Hardware>(&mut self, card: &mut Card<H>, _: &Sessions, _: &Submission) -> Result<(), Failure> {
        *self = Self::Arguments(read(card)?);
        Ok(())
    }

    fn step<H: Hardware>(&mut self, card: &mut Card<H>, _: &Submission) -> Step {
        if let Self::Arguments(arguments) = self {
            if card.constants == 0 {
                return Step::Failed(Failure::new(Status::NoConstants, 0u32));
            }
            *self = Self::Search(Search::new(card, arguments));
        }
        match self {
            Self::Search(search) => search.step(card),
            _ => Step::Again,
        }
    }

    fn abort(&mut self) {
        if let Self::Search(search) = self {
            search.aborted = true;
        }
    }
}

/// The arguments, if they are good.
fn read<H: Hardware>(card: &mut Card<H>) -> Result<GrindArguments, Failure> {
    let argument = |index: u32| Err(Failure::new(Status::Argument, index));
    let mut words = [0; WORDS];
    for (word, place) in words.iter_mut().zip(GRIND * BEAT_WORDS..) {
        *word = card.hardware.mailbox(place);
    }
    let arguments: GrindArguments = bytemuck::cast(words);
    let GrindArguments { state, position, sampled, bits, reserved } = arguments;
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
    Ok(arguments)
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
    /// Gives the engine the state. No piece of an earlier search is under way.
    fn new<H: Hardware>(card: &mut Card<H>, arguments: &GrindArguments) -> Self {
        let GrindArguments { state, position, sampled, bits, .. } = *arguments;
        for (index, value) in (hash::STATE..).zip(state) {
            card.fill_hash(index, value);
        }
        let (mask, places) = (u32::MAX >> (32 - bits), position | sampled << hash::SAMPLED);
        Self { mask, places, next: 0, piece: None, constants: card.constants, aborted: false }
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
