//! Programs of the vector engine: descriptors that are checked, then pushed as the engine has room.

use karat_abi::command::MAX_PASSES;
use karat_abi::engine::Engine;
use karat_abi::{Status, Submission, VectorArguments};

use crate::card::Card;
use crate::command::Failure;
use crate::hardware::Hardware;
use crate::lane::{Job, Step};
use crate::mailbox::{BEAT_WORDS, List, VECTOR};
use crate::session::{Session, Sessions};

mod pass;

use pass::Wrong;

/// First word in the mailbox of the arguments.
const ARGUMENTS: u32 = VECTOR * BEAT_WORDS;
/// 32-bit words of the header and of each pass.
const HEADER: u32 = (size_of::<VectorArguments>() / 4) as u32;
const PASS: u32 = pass::WORDS as u32;

/// A command of the vector engine under way.
pub(crate) struct Vector {
    /// Passes, and how many of them were pushed.
    passes: u32,
    pushed: u32,
    /// The next descriptor stands in the engine's registers.
    staged: bool,
}

impl Job for Vector {
    const ENGINE: Engine = Engine::Vector;
    const USES: &[Engine] = &[Engine::Vector];
    const ARGUMENTS: Option<(List, u32)> = Some((List::Vector, VECTOR));

    fn idle() -> Self {
        Self { passes: 0, pushed: 0, staged: false }
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
        let session = sessions.of_command(submission.session)?;
        self.passes = check(card, session, submission.list_len)?;
        Ok(())
    }

    fn prepare<H: Hardware>(&mut self, card: &mut Card<H>) -> bool {
        self.stage(card);
        true
    }

    fn arm<H: Hardware>(&mut self, card: &mut Card<H>, _: &Submission, engines: u32) -> bool {
        let arms = self.staged && card.room(Engine::Vector);
        if arms {
            card.engines.arm(&mut card.hardware, Engine::Vector, engines);
            self.pushed += 1;
            self.staged = false;
        }
        arms
    }

    fn step<H: Hardware>(&mut self, card: &mut Card<H>, _: &Submission) -> Step {
        while self.pushed < self.passes {
            if !card.room(Engine::Vector) {
                return Step::Again;
            }
            self.stage(card);
            card.engines.push_staged(&mut card.hardware, Engine::Vector);
            self.pushed += 1;
            self.staged = false;
            self.stage(card);
        }
        Step::Pushed(Ok(0))
    }

    fn abort(&mut self) {
        self.passes = self.pushed;
    }
}

impl Vector {
    /// Writes the next descriptor into the engine's registers, where it may wait: nobody else uses them.
    fn stage<H: Hardware>(&mut self, card: &mut Card<H>) {
        if !self.staged && self.pushed < self.passes {
            let mut words = read(card, self.pushed);
            pass::complete(&mut words);
            let [descriptor @ .., _] = words;
            card.engines.stage(&mut card.hardware, Engine::Vector, descriptor);
            self.staged = true;
        }
    }
}

/// A pass as the host gave it, four words at a time: a load takes longer when its value is stored at once.
fn read<H: Hardware>(card: &mut Card<H>, number: u32) -> [u32; pass::WORDS] {
    const { assert!(pass::WORDS.is_multiple_of(4)) };
    let mut words = [0; pass::WORDS];
    let (fours, _) = words.as_chunks_mut::<4>();
    let mut place = ARGUMENTS + HEADER + number * PASS;
    for four in fours {
        *four = [0, 1, 2, 3].map(|i| card.hardware.mailbox(place + i));
        place += 4;
    }
    words
}

/// The number of passes, if all of them are good.
fn check<H: Hardware>(card: &mut Card<H>, session: Session, list_len: u32) -> Result<u32, Failure> {
    let argument = |index: u32| Err(Failure::new(Status::Argument, index));
    let words: [u32; HEADER as usize] = core::array::from_fn(|i| card.hardware.mailbox(ARGUMENTS + i as u32));
    let VectorArguments { passes, reserved } = bytemuck::cast(words);
    if passes > MAX_PASSES || (HEADER + passes * PASS) * 4 != list_len {
        return argument(0);
    }
    if let Some(index) = reserved.iter().position(|word| *word != 0) {
        return argument(1 + index as u32);
    }
    for number in 0..passes {
        match pass::check(&read(card, number), &session, card.capabilities.vector_lanes) {
            Ok(()) => (),
            Err(Wrong::Word(index)) => return argument(HEADER + number * PASS + index as u32),
            Err(Wrong::Range(failure)) => return Err(failure),
        }
    }
    Ok(passes)
}
