//! The counters command.

use karat_abi::command::Counters as Block;
use karat_abi::engine::Engine;
use karat_abi::registers::{control, engine as registers};
use karat_abi::{BEAT_BYTES, Submission};

use crate::card::Card;
use crate::hardware::Hardware;
use crate::lane::{Job, Step};
use crate::mailbox::{self, BEAT_WORDS, COUNTERS, Direction, Purpose};

const BEATS: u32 = size_of::<Block>() as u32 / BEAT_BYTES;
/// 32-bit words before the engines' and of each engine.
const HEAD: u32 = 8;
const EACH: u32 = 8;
/// 32-bit words of each stage.
const STAGE: u32 = 4;
const _: () = assert!(
    size_of::<Block>() as u32 / 4
        == HEAD + EACH * karat_abi::engine::ENGINES as u32 + STAGE * karat_abi::stage::STAGES as u32
);

/// Counters being written: first to the mailbox, an engine at a time, then to the host.
pub(crate) struct Counters {
    engine: usize,
    sent: u32,
}

/// A counter of two words that runs while it is read.
fn pair(mut read: impl FnMut(u32) -> u32, low: u32) -> [u32; 2] {
    let before = read(low + 4);
    let value = read(low);
    let after = read(low + 4);
    // If the high word moved, the low one has just wrapped: take the moment of the wrap.
    if before == after { [value, after] } else { [0, after] }
}

impl Job for Counters {
    const ENGINE: Engine = Engine::Mailbox;
    const USES: &[Engine] = &[Engine::Mailbox];

    fn idle() -> Self {
        Self { engine: 0, sent: 0 }
    }

    fn begin(&mut self, _: &Submission) {
        *self = Self::idle();
    }

    fn step<H: Hardware>(&mut self, card: &mut Card<H>, submission: &Submission) -> Step {
        let Card { hardware, completed, stages, .. } = card;
        let base = COUNTERS * BEAT_WORDS;
        if self.engine == 0 {
            let cycles = pair(|register| hardware.control(register), control::CYCLE_LO);
            let idle = pair(|register| hardware.control(register), control::IDLE_LO);
            let split = |value: u64| [value as u32, (value >> 32) as u32];
            let words = [cycles, idle, split(*completed), split(stages.waited())].into_iter().flatten();
            let totals = stages.totals().flatten().flat_map(split);
            let rest = base + HEAD + EACH * Engine::ALL.len() as u32;
            for (word, place) in words.zip(base..).chain(totals.zip(rest..)) {
                hardware.set_mailbox(place, word);
            }
        }
        if let Some(engine) = Engine::ALL.get(self.engine) {
            let mut place = base + HEAD + EACH * self.engine as u32;
            for low in [registers::BUSY_LO, registers::STARVED_LO, registers::STALLED_LO, registers::WORK_LO] {
                for word in pair(|register| hardware.engine(*engine, register), low) {
                    hardware.set_mailbox(place, word);
                    place += 1;
                }
            }
            self.engine += 1;
            return Step::Again;
        }
        while self.sent < BEATS && card.mailbox.room() {
            let host = submission.host + u64::from(self.sent * BEAT_BYTES);
            let beats = (BEATS - self.sent).min(mailbox::beats_to_boundary(host));
            card.transfer(host, COUNTERS + self.sent, beats, Direction::Write { strobe: 0xff }, Purpose::Counters);
            self.sent += beats;
        }
        if self.sent < BEATS { Step::Again } else { Step::Pushed(Ok(0)) }
    }
}
