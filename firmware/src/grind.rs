//! The search for a proof of work: in pieces, between which the trees of other commands come first.

use karat_abi::engine::{Engine, hash};
use karat_abi::registers::engine as registers;
use karat_abi::{GrindArguments, HashFunction, P, Status, Submission};

use crate::card::Card;
use crate::command::Failure;
use crate::hardware::{Hardware, Ticket};
use crate::lane::{Job, Step};
use crate::mailbox::{BEAT_WORDS, GRIND, List};
use crate::session::Sessions;

/// First word in the mailbox of the arguments, and 32-bit words of the state in them.
const ARGUMENTS: u32 = GRIND * BEAT_WORDS;
const STATE: u32 = 50;
/// Batches of a piece. A tree waits for one piece; from one to the next the search loses the time of a poll.
const BATCHES: u32 = 16;

/// Index in the arguments of each word behind the state.
mod word {
    pub(super) const POSITION: u32 = super::STATE;
    pub(super) const SAMPLED: u32 = super::STATE + 1;
    pub(super) const BITS: u32 = super::STATE + 2;
    pub(super) const HASH: u32 = super::STATE + 3;
}
const _: () = assert!(size_of::<GrindArguments>() as u32 == 4 * (word::HASH + 1));

/// A search under way.
pub(crate) struct Grind {
    hash: HashFunction,
    mask: u32,
    places: u32,
    /// The engine has the state.
    begun: bool,
    /// First candidate of the next piece.
    next: u64,
    /// The piece under way.
    piece: Option<Ticket>,
    /// Loads of round constants when the first piece began.
    constants: u32,
    aborted: bool,
}

impl Job for Grind {
    const ENGINE: Engine = Engine::Hash;
    const USES: &[Engine] = &[Engine::Hash];
    const ARGUMENTS: Option<(List, u32)> = Some((List::Grind, GRIND));

    fn idle() -> Self {
        let hash = HashFunction::Poseidon2;
        Self { hash, mask: 0, places: 0, begun: false, next: 0, piece: None, constants: 0, aborted: false }
    }

    fn begin(&mut self, _: &Submission) {
        *self = Self::idle();
    }

    fn check<H: Hardware>(&mut self, card: &mut Card<H>, _: &Sessions, _: &Submission) -> Result<(), Failure> {
        let argument = |index: u32| Err(Failure::new(Status::Argument, index));
        let [position, sampled, bits, hash] =
            [word::POSITION, word::SAMPLED, word::BITS, word::HASH].map(|word| card.hardware.mailbox(ARGUMENTS + word));
        let Some(hash) = HashFunction::from_u32(hash) else { return argument(word::HASH) };
        // Where the candidate may stand, and the sample.
        let (places, samples) = match hash {
            HashFunction::Poseidon2 => (8, 8),
            HashFunction::Keccak => (17, 4),
        };
        if position >= places {
            return argument(word::POSITION);
        }
        if sampled >= samples {
            return argument(word::SAMPLED);
        }
        if !(1..=32).contains(&bits) {
            return argument(word::BITS);
        }
        if hash == HashFunction::Poseidon2 {
            for index in 0..STATE / 2 {
                let value = state(card, index);
                if value >= P || (value != 0 && index >= 8) {
                    return argument(2 * index);
                }
            }
        }
        self.hash = hash;
        self.mask = u32::MAX >> (32 - bits);
        self.places = position | sampled << hash::SAMPLED;
        Ok(())
    }

    fn step<H: Hardware>(&mut self, card: &mut Card<H>, _: &Submission) -> Step {
        if !self.begun {
            if let Err(failure) = card.can_hash(self.hash) {
                return Step::Failed(failure);
            }
            // No piece of an earlier search is under way.
            for index in 0..self.hash.state_words() as u32 {
                let value = state(card, index);
                card.fill_hash(hash::STATE + index, value);
            }
            self.constants = card.constants;
            self.begun = true;
        }
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
        if self.constants != card.constants && self.hash == HashFunction::Poseidon2 {
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
            words[hash::MODE] = match self.hash {
                HashFunction::Poseidon2 => hash::GRIND,
                HashFunction::Keccak => hash::GRIND | hash::KECCAK,
            };
            self.piece = Some(card.engines.push(&mut card.hardware, Engine::Hash, words));
            // Nobody waits until candidates reach the order of the field.
            self.next += u64::from(candidates);
        }
        Step::Again
    }

    fn abort(&mut self) {
        self.aborted = true;
    }
}

/// A word of the state, as the host gave it.
fn state<H: Hardware>(card: &mut Card<H>, index: u32) -> u64 {
    let [low, high] = [0, 1].map(|half| u64::from(card.hardware.mailbox(ARGUMENTS + 2 * index + half)));
    high << 32 | low
}
