//! Merkle trees, and the round constants that they take.
//!
//! The descriptors of a tree are derived in `hdl/hash/README.md`. Descriptors of the hash engine run strictly one after the other, so
//! that a level may be queued behind the one it reads.

use karat_abi::command::MAX_MATRICES;
use karat_abi::engine::{Engine, hash};
use karat_abi::{HashFunction, MatrixArguments, MerkleArguments, Opcode, P, Status, Submission};

use crate::card::Card;
use crate::command::Failure;
use crate::hardware::Hardware;
use crate::lane::{Job, Step};
use crate::leaves::Leaves;
use crate::mailbox::{BEAT_WORDS, HASH, List};
use crate::session::{Range, Session, Sessions};

/// First word in the mailbox of the arguments.
const ARGUMENTS: u32 = HASH * BEAT_WORDS;
/// 32-bit words of a tree's header and of each of its matrices.
const HEADER: u32 = (size_of::<MerkleArguments>() / 4) as u32;
const MATRIX: u32 = (size_of::<MatrixArguments>() / 4) as u32;
/// Bytes of the round constants.
pub(crate) const CONSTANTS_BYTES: u32 = hash::CONSTANTS * 8;

/// A command of the hash engine under way.
pub(crate) enum Hash {
    /// Loads constants from this one on.
    Constants(u32),
    /// A tree, and its next descriptor.
    Tree(Tree, Option<[u32; hash::WORDS]>),
}

impl Job for Hash {
    const ENGINE: Engine = Engine::Hash;
    const USES: &[Engine] = &[Engine::Hash];
    const ARGUMENTS: Option<(List, u32)> = Some((List::Hash, HASH));

    fn idle() -> Self {
        Self::Constants(0)
    }

    fn begin(&mut self, _: &Submission) {
        *self = Self::idle();
    }

    fn check<H: Hardware>(
        &mut self,
        card: &mut Card<H>,
        sessions: &Sessions,
        submission: &Submission,
    ) -> Result<(), Failure> {
        if submission.opcode == Opcode::LoadConstants as u8 {
            return check_constants(card);
        }
        let mut tree = Tree::new(card, sessions.of_command(submission.session)?, submission.list_len)?;
        let first = tree.next(card);
        *self = Self::Tree(tree, first);
        Ok(())
    }

    fn arm<H: Hardware>(&mut self, card: &mut Card<H>, _: &Submission, engines: u32) -> bool {
        let Self::Tree(tree, next) = self else { return false };
        if card.can_hash(tree.hash).is_err() || !card.room(Engine::Hash) {
            return false;
        }
        let Some(descriptor) = next.take() else { return false };
        // From now on nobody else writes the engine's registers.
        card.hash_held = true;
        card.engines.stage(&mut card.hardware, Engine::Hash, descriptor);
        card.engines.arm(&mut card.hardware, Engine::Hash, engines);
        *next = tree.next(card);
        true
    }

    fn step<H: Hardware>(&mut self, card: &mut Card<H>, _: &Submission) -> Step {
        let (tree, next) = match self {
            Self::Constants(next) => return load_constants(card, next),
            Self::Tree(tree, next) => (tree, next),
        };
        if let Err(failure) = card.can_hash(tree.hash) {
            return Step::Failed(failure);
        }
        card.hash_held = true;
        while card.room(Engine::Hash) {
            let Some(descriptor) = next.take() else {
                card.hash_held = false;
                return Step::Pushed(Ok(0));
            };
            card.engines.push(&mut card.hardware, Engine::Hash, descriptor);
            *next = tree.next(card);
        }
        Step::Again
    }

    fn abort(&mut self) {
        if let Self::Tree(tree, next) = self {
            tree.phase = Phase::Done;
            *next = None;
        }
    }
}

fn check_constants<H: Hardware>(card: &mut Card<H>) -> Result<(), Failure> {
    for index in 0..hash::CONSTANTS {
        let [low, high] = [0, 1].map(|half| card.hardware.mailbox(ARGUMENTS + 2 * index + half));
        if u64::from(low) | u64::from(high) << 32 >= P {
            return Err(Failure::new(Status::Argument, 2 * index));
        }
    }
    Ok(())
}

/// Loads the next few constants, once no descriptor uses the old ones.
fn load_constants<H: Hardware>(card: &mut Card<H>, next: &mut u32) -> Step {
    /// Constants in one go, so that other queues are not kept waiting.
    const AT_ONCE: u32 = 8;
    card.hash_held = true;
    let last = card.engines.last(Engine::Hash);
    if !card.engines.reached(&mut card.hardware, Engine::Hash, last) {
        return Step::Again;
    }
    for _ in 0..AT_ONCE.min(hash::CONSTANTS - *next) {
        let [low, high] = [0, 1].map(|half| u64::from(card.hardware.mailbox(ARGUMENTS + 2 * *next + half)));
        card.fill_hash(*next, high << 32 | low);
        *next += 1;
    }
    if *next < hash::CONSTANTS {
        return Step::Again;
    }
    card.constants = card.constants.saturating_add(1);
    card.hash_held = false;
    Step::Pushed(Ok(0))
}

/// What is pushed next for a level.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Digests of the rows of the level's matrices.
    Leaves,
    /// The level below, compressed to every second node of the work area.
    Spread,
    /// The level: from the level below, or from the pairs in the work area.
    Compress {
        pairs: bool,
    },
    Done,
}

/// A tree under construction, from the tallest level down to the cap.
pub(crate) struct Tree {
    heap: u32,
    scratch: u32,
    cap_height: u32,
    matrices: u32,
    hash: HashFunction,
    /// log2 of the nodes of the level.
    log: u32,
    tallest: u32,
    phase: Phase,
    /// The matrices of the level are `first .. end`.
    first: u32,
    end: u32,
    /// Matrix and row of the next leaf descriptor.
    matrix: u32,
    row: u32,
}

fn matrix<H: Hardware>(card: &mut Card<H>, index: u32) -> Leaves {
    let word = ARGUMENTS + HEADER + index * MATRIX;
    Leaves(bytemuck::cast([0, 1, 2, 3].map(|i| card.hardware.mailbox(word + i))))
}

impl Tree {
    fn new<H: Hardware>(card: &mut Card<H>, session: Session, list_len: u32) -> Result<Self, Failure> {
        let argument = |index: u32| Err(Failure::new(Status::Argument, index));
        let mut words = [0; HEADER as usize];
        for (word, place) in words.iter_mut().zip(ARGUMENTS..) {
            *word = card.hardware.mailbox(place);
        }
        let header: MerkleArguments = bytemuck::cast(words);
        if (HEADER + header.matrices.min(MAX_MATRICES) * MATRIX) * 4 != list_len || header.matrices > MAX_MATRICES {
            return argument(3);
        }
        if let Some(index) = header.reserved.iter().position(|word| *word != 0) {
            return argument(6 + index as u32);
        }
        let Some(hash) = HashFunction::from_u32(header.hash) else { return argument(5) };
        let tallest = matrix(card, 0).log_rows();
        let (mut previous, mut second) = (tallest, None);
        for index in 0..header.matrices {
            let base = HEADER + index * MATRIX;
            let leaves = matrix(card, index);
            let log_rows = leaves.log_rows();
            if log_rows < header.cap_height {
                return argument(base + 3);
            }
            match leaves.check(previous) {
                Ok(range) => session.check(range)?,
                Err(word) => return argument(base + word),
            }
            if log_rows < tallest {
                second = second.or(Some(log_rows));
            }
            previous = log_rows;
        }
        session.check(Range::new(header.heap, 1u64 << tallest))?;
        if let Some(second) = second {
            let needed = 1u64 << second;
            if u64::from(header.scratch_beats) < needed {
                return Err(Failure::new(Status::ScratchTooSmall, needed));
            }
            session.check(Range::new(header.scratch, header.scratch_beats))?;
            if Range::new(header.scratch, needed).overlaps(&Range::new(header.heap, 1u64 << tallest)) {
                return argument(1);
            }
        }
        let mut tree = Self {
            heap: header.heap,
            scratch: header.scratch,
            cap_height: header.cap_height,
            matrices: header.matrices,
            hash,
            log: tallest,
            tallest,
            phase: Phase::Leaves,
            first: 0,
            end: 0,
            matrix: 0,
            row: 0,
        };
        tree.find_level(card);
        Ok(tree)
    }

    /// Finds the matrices of the level: those that follow the last level's.
    fn find_level<H: Hardware>(&mut self, card: &mut Card<H>) {
        self.first = self.end;
        while self.end < self.matrices && matrix(card, self.end).log_rows() == self.log {
            self.end += 1;
        }
        self.matrix = self.first;
        self.row = 0;
    }

    /// The next descriptor, if there is one.
    fn next<H: Hardware>(&mut self, card: &mut Card<H>) -> Option<[u32; hash::WORDS]> {
        let rows = 1u32 << self.log;
        let mut words = [0; hash::WORDS];
        words[hash::ROWS] = rows;
        match self.phase {
            Phase::Done => return None,
            Phase::Spread => {
                words[hash::SRC] = self.heap.wrapping_add(rows);
                words[hash::OUT] = self.scratch.wrapping_mul(2);
                words[hash::MODE] = hash::COMPRESS | hash::SPREAD;
                self.phase = Phase::Leaves;
            }
            Phase::Compress { pairs } => {
                words[hash::SRC] = if pairs { self.scratch } else { self.heap.wrapping_add(rows) };
                words[hash::OUT] = self.heap.wrapping_mul(2).wrapping_add(rows);
                words[hash::MODE] = hash::COMPRESS;
                self.next_level(card);
            }
            Phase::Leaves => self.leaves(card, &mut words),
        }
        if self.hash == HashFunction::Keccak {
            words[hash::MODE] |= hash::KECCAK;
        }
        Some(words)
    }

    /// The next descriptor of the level's leaves: one matrix at once, several in batches that the engine can hold.
    fn leaves<H: Hardware>(&mut self, card: &mut Card<H>, words: &mut [u32; hash::WORDS]) {
        let total = 1u32 << self.log;
        let batch = if self.end - self.first == 1 { total } else { 1 << card.capabilities.log_batch };
        let rows = batch.min(total - self.row);
        let top = self.log == self.tallest;
        matrix(card, self.matrix).describe(self.row, words);
        words[hash::ROWS] = rows;
        words[hash::OUT] = if top {
            self.heap.wrapping_mul(2).wrapping_add(total + self.row)
        } else {
            self.scratch.wrapping_mul(2).wrapping_add(1 + 2 * self.row)
        };
        let mode = &mut words[hash::MODE];
        *mode |= if top { 0 } else { hash::SPREAD };
        if self.matrix == self.first {
            *mode |= hash::FIRST;
        }
        self.matrix += 1;
        if self.matrix == self.end {
            *mode |= hash::LAST;
            self.matrix = self.first;
            self.row += rows;
            if self.row == total {
                if top { self.next_level(card) } else { self.phase = Phase::Compress { pairs: true } }
            }
        }
    }

    fn next_level<H: Hardware>(&mut self, card: &mut Card<H>) {
        if self.log == self.cap_height {
            self.phase = Phase::Done;
            return;
        }
        self.log -= 1;
        self.find_level(card);
        self.phase = if self.first < self.end { Phase::Spread } else { Phase::Compress { pairs: false } };
    }
}
