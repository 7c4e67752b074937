//! Low-degree extensions and plain transforms: arguments, then the actions of a [`Plan`] as the engine takes them.

use karat_abi::command::lde;
use karat_abi::engine::{Engine, status};
use karat_abi::registers::engine as registers;
use karat_abi::{LdeArguments, P, Status, Submission};

use crate::card::Card;
use crate::command::Failure;
use crate::goldilocks::TWO_ADICITY;
use crate::hardware::Hardware;
use crate::lane::{Job, Step};
use crate::mailbox::{BEAT_WORDS, LDE, List};
use crate::plan::{Action, Fill, Plan};
use crate::session::{Range, Session, Sessions};

/// log2 of the most rows of a transform.
const MAX_LOG_ROWS: u32 = 24;

/// Index in the argument block of each word.
mod word {
    pub(super) const SHIFT: u32 = 0;
    pub(super) const SOURCE_STRIDE: u32 = 3;
    pub(super) const DESTINATION: u32 = 4;
    pub(super) const DESTINATION_STRIDE: u32 = 5;
    pub(super) const TILES: u32 = 6;
    pub(super) const LOG_ROWS: u32 = 7;
    pub(super) const LOG_BLOWUP: u32 = 8;
    pub(super) const MODE: u32 = 9;
    pub(super) const SCRATCH: u32 = 10;
    pub(super) const RESERVED: u32 = 12;
}

/// A transform under way.
pub(crate) struct Transform {
    plan: Plan,
    next: Option<Action>,
}

impl Job for Transform {
    const ENGINE: Engine = Engine::Ntt;
    const USES: &[Engine] = &[Engine::Ntt];
    const ARGUMENTS: Option<(List, u32)> = Some((List::Lde, LDE));

    fn idle() -> Self {
        Self { plan: Plan::empty(), next: None }
    }

    fn begin(&mut self, _: &Submission) {
        self.next = None;
    }

    fn check<H: Hardware>(
        &mut self,
        card: &mut Card<H>,
        sessions: &Sessions,
        submission: &Submission,
    ) -> Result<(), Failure> {
        let arguments = read(card);
        let log_transform = card.capabilities.log_transform;
        validate(&arguments, log_transform, sessions.of_command(submission.session)?)?;
        self.plan.begin(&arguments, log_transform, card.banks.next);
        self.next = self.plan.next();
        Ok(())
    }

    /// The tables of the first descriptor.
    fn prepare<H: Hardware>(&mut self, card: &mut Card<H>) -> bool {
        match &self.next {
            Some(Action::Fill(fill)) => {
                if card.try_fill(fill) {
                    self.next = self.plan.next();
                }
                false
            }
            Some(Action::Run(_, true)) => !card.banks.fills(&mut card.hardware),
            _ => true,
        }
    }

    fn arm<H: Hardware>(&mut self, card: &mut Card<H>, _: &Submission, engines: u32) -> bool {
        let Some(Action::Run(words, uses_bank)) = &self.next else { return false };
        if !card.room(Engine::Ntt) {
            return false;
        }
        card.engines.stage(&mut card.hardware, Engine::Ntt, *words);
        let ticket = card.engines.arm(&mut card.hardware, Engine::Ntt, engines);
        if *uses_bank {
            card.banks.last_use[self.plan.bank() as usize & 1] = ticket;
        }
        self.next = self.plan.next();
        true
    }

    fn step<H: Hardware>(&mut self, card: &mut Card<H>, _: &Submission) -> Step {
        /// Actions in one go, so that other queues are not kept waiting.
        const AT_ONCE: u32 = 4;
        for _ in 0..AT_ONCE {
            let taken = match &self.next {
                Some(Action::Fill(fill)) => card.try_fill(fill),
                Some(Action::Run(words, uses_bank)) => card.try_run(words, uses_bank.then(|| self.plan.bank())),
                None => {
                    card.banks.next = self.plan.bank();
                    return Step::Pushed(Ok(0));
                }
            };
            if !taken {
                break;
            }
            self.next = self.plan.next();
        }
        Step::Again
    }

    fn abort(&mut self) {
        self.plan.abort();
        self.next = None;
    }
}

impl<H: Hardware> Card<H> {
    /// Starts a table fill, if none runs and no descriptor uses the bank any more.
    fn try_fill(&mut self, fill: &Fill) -> bool {
        let Self { hardware, engines, banks, .. } = self;
        let last_use = banks.last_use[(fill.index >> 28 & 1) as usize];
        if !engines.reached(hardware, Engine::Ntt, last_use) || banks.fills(hardware) {
            return false;
        }
        for (register, value) in [
            (registers::TABLE_INDEX, fill.index),
            (registers::TABLE_START_LO, fill.start as u32),
            (registers::TABLE_START_HI, (fill.start >> 32) as u32),
            (registers::TABLE_RATIO_LO, fill.ratio as u32),
            (registers::TABLE_RATIO_HI, (fill.ratio >> 32) as u32),
            (registers::TABLE_FILL, fill.count),
        ] {
            hardware.set_engine(Engine::Ntt, register, value);
        }
        banks.filling = true;
        true
    }

    /// Pushes a descriptor that uses `bank`, if there is room and its tables are filled.
    fn try_run(&mut self, words: &[u32; karat_abi::engine::ntt::WORDS], bank: Option<u32>) -> bool {
        if !self.room(Engine::Ntt) || (bank.is_some() && self.banks.fills(&mut self.hardware)) {
            return false;
        }
        let ticket = self.engines.push(&mut self.hardware, Engine::Ntt, *words);
        if let Some(bank) = bank {
            self.banks.last_use[bank as usize & 1] = ticket;
        }
        true
    }
}

/// The two banks of twiddle sets.
#[derive(Default)]
pub(crate) struct Banks {
    /// The bank that the next transform begins with.
    next: u32,
    /// The last descriptor that uses each.
    last_use: [crate::hardware::Ticket; 2],
    /// A fill was started and not yet seen to end.
    filling: bool,
}

impl Banks {
    /// No descriptor uses them.
    pub(crate) fn new(last: crate::hardware::Ticket) -> Self {
        Self { next: 0, last_use: [last; 2], filling: false }
    }

    fn fills<H: Hardware>(&mut self, hardware: &mut H) -> bool {
        self.filling = self.filling && hardware.engine(Engine::Ntt, registers::STATUS) & status::FILLING != 0;
        self.filling
    }
}

fn read<H: Hardware>(card: &mut Card<H>) -> LdeArguments {
    let mut words = [0; size_of::<LdeArguments>() / 4];
    for (word, place) in words.iter_mut().zip(LDE * BEAT_WORDS..) {
        *word = card.hardware.mailbox(place);
    }
    bytemuck::cast(words)
}

fn validate(arguments: &LdeArguments, log_transform: u32, session: Session) -> Result<(), Failure> {
    let argument = |index: u32| Err(Failure::new(Status::Argument, index));
    let LdeArguments { shift, log_rows, log_blowup, mode, tiles, .. } = *arguments;
    if let Some(index) = arguments.reserved.iter().position(|word| *word != 0) {
        return argument(word::RESERVED + index as u32);
    }
    if shift == 0 || shift >= P {
        return argument(word::SHIFT);
    }
    if tiles == 0 {
        return argument(word::TILES);
    }
    if log_rows > MAX_LOG_ROWS {
        return argument(word::LOG_ROWS);
    }
    if ![lde::EXTEND, lde::EXTEND | lde::REVERSED, lde::FORWARD, lde::INVERSE].contains(&mode) {
        return argument(word::MODE);
    }
    // Rows count up to 2^31, so that they fit the words of a descriptor.
    if log_blowup > TWO_ADICITY - 1 - log_rows || (mode & !lde::REVERSED != lde::EXTEND && log_blowup != 0) {
        return argument(word::LOG_BLOWUP);
    }
    let (rows, extended) = (1u64 << log_rows, 1u64 << (log_rows + log_blowup));
    if tiles > 1 && u64::from(arguments.source_stride) < rows {
        return argument(word::SOURCE_STRIDE);
    }
    if u64::from(arguments.destination_stride) < extended {
        return argument(word::DESTINATION_STRIDE);
    }
    let source = Range::of_matrix(arguments.source, tiles, arguments.source_stride, rows);
    let destination = Range::of_matrix(arguments.destination, tiles, arguments.destination_stride, extended);
    session.check(source)?;
    session.check(destination)?;
    if source.overlaps(&destination) {
        return argument(word::DESTINATION);
    }
    if Plan::scratch_per_tile(arguments, log_transform) != 0 {
        let needed = 2 * extended;
        if u64::from(arguments.scratch_beats) < needed {
            return Err(Failure::new(Status::ScratchTooSmall, needed));
        }
        let scratch = Range::new(arguments.scratch, arguments.scratch_beats);
        session.check(scratch)?;
        if scratch.overlaps(&source) || scratch.overlaps(&destination) {
            return argument(word::SCRATCH);
        }
    }
    Ok(())
}
