//! What the firmware sees of the card, and its account of what it has queued at the engines.

use karat_abi::engine::{ENGINES, Engine, status};
use karat_abi::registers::engine as registers;

use crate::mailbox::BEAT_WORDS;

/// The processor's view of the card: control registers, mailbox RAM, engine registers and a place for log text.
///
/// The RISC-V image implements it with volatile accesses, the host with software engines. An access of the real card takes
/// several cycles, so the firmware reads nothing twice.
pub trait Hardware {
    /// Reads a register of `karat_abi::registers::control`.
    fn control(&mut self, register: u32) -> u32;
    /// Writes a register of `karat_abi::registers::control`.
    fn set_control(&mut self, register: u32, value: u32);
    /// The submission tail that the host wrote last for a queue.
    fn sq_tail(&mut self, queue: u32) -> u32;
    /// The completion head that the host wrote last for a queue.
    fn cq_head(&mut self, queue: u32) -> u32;
    /// Reads a 32-bit word of mailbox RAM.
    fn mailbox(&mut self, word: u32) -> u32;
    /// Reads four words of a beat of mailbox RAM to their places: a load takes longer when its value is stored at once.
    #[inline(always)]
    fn mailbox_words(&mut self, beat: u32, which: [usize; 4], to: &mut [u32; BEAT_WORDS as usize]) {
        let values = which.map(|word| self.mailbox(beat * BEAT_WORDS + word as u32));
        for (word, value) in which.into_iter().zip(values) {
            to[word % BEAT_WORDS as usize] = value;
        }
    }
    /// Writes a 32-bit word of mailbox RAM.
    fn set_mailbox(&mut self, word: u32, value: u32);
    /// Reads the register at a byte offset in an engine's block.
    fn engine(&mut self, engine: Engine, offset: u32) -> u32;
    /// Writes the register at a byte offset in an engine's block.
    fn set_engine(&mut self, engine: Engine, offset: u32, value: u32);
    /// Appends text to the log.
    fn log(&mut self, text: &[u8]);
}

/// Descriptors that an engine holds: one active, one pending.
const DEPTH: u32 = 2;

/// The value that an engine's DONE counter takes when a certain descriptor is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticket(u32);

impl Ticket {
    /// Of nothing.
    pub(crate) const NONE: Self = Self(0);
}

#[derive(Clone, Copy, Default)]
struct Account {
    pushed: u32,
    done: u32,
}

/// How many descriptors were pushed to and completed by each engine, as far as the firmware knows.
pub(crate) struct Engines {
    accounts: [Account; ENGINES],
    /// Engines whose staged descriptors wait for others, a bit each. They count as queued.
    armed: u32,
}

impl Engines {
    /// Starts from what the engines have counted so far.
    pub(crate) fn new<H: Hardware>(hardware: &mut H) -> Self {
        let accounts = Engine::ALL.map(|engine| {
            let done = hardware.engine(engine, registers::DONE);
            Account { pushed: done, done }
        });
        Self { accounts, armed: 0 }
    }

    /// Whether a descriptor can be pushed now. Reads DONE only if the last known value does not decide it.
    #[inline]
    pub(crate) fn room<H: Hardware>(&mut self, hardware: &mut H, engine: Engine) -> bool {
        if self.armed >> engine as u32 & 1 == 1 {
            return false;
        }
        self.unarmed_room(hardware, engine)
    }

    /// As [`Self::room`], of an engine whose descriptors are never armed.
    #[inline]
    pub(crate) fn unarmed_room<H: Hardware>(&mut self, hardware: &mut H, engine: Engine) -> bool {
        let account = &mut self.accounts[engine as usize];
        if account.pushed.wrapping_sub(account.done) < DEPTH {
            return true;
        }
        account.done = hardware.engine(engine, registers::DONE);
        account.pushed.wrapping_sub(account.done) < DEPTH
    }

    /// Queues a descriptor. There must be room.
    #[inline(always)]
    pub(crate) fn push<H: Hardware, const WORDS: usize>(
        &mut self,
        hardware: &mut H,
        engine: Engine,
        words: [u32; WORDS],
    ) -> Ticket {
        self.stage(hardware, engine, words);
        self.push_staged(hardware, engine)
    }

    /// Writes a descriptor into the engine's registers, to be queued later. Needs no room: the engine copies them when they are queued.
    #[inline(always)]
    pub(crate) fn stage<H: Hardware, const WORDS: usize>(&self, hardware: &mut H, engine: Engine, words: [u32; WORDS]) {
        for (index, word) in words.into_iter().enumerate() {
            hardware.set_engine(engine, 4 * index as u32, word);
        }
    }

    /// Queues the descriptor that was staged last. There must be room.
    #[inline(always)]
    pub(crate) fn push_staged<H: Hardware>(&mut self, hardware: &mut H, engine: Engine) -> Ticket {
        hardware.set_engine(engine, registers::PUSH, 1);
        self.queued(engine)
    }

    /// Lets the descriptor that was staged last be queued when none of `engines` (a bit each) is busy. There must be room; there is none
    /// until it is released.
    pub(crate) fn arm<H: Hardware>(&mut self, hardware: &mut H, engine: Engine, engines: u32) -> Ticket {
        hardware.set_engine(engine, registers::ARM, engines);
        self.armed |= 1 << engine as u32;
        self.queued(engine)
    }

    /// An armed descriptor has nothing to wait for any more, whatever else those engines do: it is queued now if it was not.
    pub(crate) fn release<H: Hardware>(&mut self, hardware: &mut H, engine: Engine) {
        if self.armed >> engine as u32 & 1 == 0 {
            return;
        }
        hardware.set_engine(engine, registers::ARM, 0);
        self.armed &= !(1 << engine as u32);
    }

    #[inline(always)]
    fn queued(&mut self, engine: Engine) -> Ticket {
        let account = &mut self.accounts[engine as usize];
        account.pushed = account.pushed.wrapping_add(1);
        Ticket(account.pushed)
    }

    /// Whether the descriptor of a ticket is done, all its writes acknowledged.
    #[inline]
    pub(crate) fn reached<H: Hardware>(&mut self, hardware: &mut H, engine: Engine, ticket: Ticket) -> bool {
        let account = &mut self.accounts[engine as usize];
        if (account.done.wrapping_sub(ticket.0) as i32) < 0 {
            account.done = hardware.engine(engine, registers::DONE);
        }
        account.done.wrapping_sub(ticket.0) as i32 >= 0
    }

    /// The ticket of the descriptor pushed last.
    pub(crate) fn last(&self, engine: Engine) -> Ticket {
        Ticket(self.accounts[engine as usize].pushed)
    }

    /// Whether a bus has answered this engine with an error since reset. The bit is sticky, so that from then on no
    /// result of the engine is trusted.
    pub(crate) fn faulted<H: Hardware>(hardware: &mut H, engine: Engine) -> bool {
        hardware.engine(engine, registers::STATUS) & status::ERROR != 0
    }
}
