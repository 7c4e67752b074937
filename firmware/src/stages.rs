//! How long each stage of a proof had commands under way.

use karat_abi::registers::control;
use karat_abi::stage::STAGES;

use crate::hardware::Hardware;

#[derive(Clone, Copy)]
struct Account {
    /// Commands under way.
    running: u32,
    /// When the first of them started, low word.
    since: u32,
    cycles: u64,
    ended: u64,
}

/// The account of every stage, and of the time that none had a command.
pub(crate) struct Stages {
    accounts: [Account; STAGES],
    /// When the last command ended, low word, if there is none.
    waiting_since: Option<u32>,
    waited: u64,
}

impl Stages {
    #[inline(never)]
    pub(crate) const fn new() -> Self {
        let none = Account { running: 0, since: 0, cycles: 0, ended: 0 };
        Self { accounts: [none; STAGES], waiting_since: None, waited: 0 }
    }

    /// The card has no command any more. A wait of 2^32 cycles loses count.
    pub(crate) fn wait<H: Hardware>(&mut self, hardware: &mut H) {
        self.waiting_since = Some(hardware.control(control::CYCLE_LO));
    }

    /// A command of a stage starts.
    pub(crate) fn begin<H: Hardware>(&mut self, hardware: &mut H, stage: u32) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += u64::from(hardware.control(control::CYCLE_LO).wrapping_sub(since));
        }
        let Some(account) = self.accounts.get_mut(stage as usize) else { return };
        if account.running == 0 {
            account.since = hardware.control(control::CYCLE_LO);
        }
        account.running += 1;
    }

    /// A command that started has ended. A stage that runs for 2^32 cycles without a break loses count.
    pub(crate) fn end<H: Hardware>(&mut self, hardware: &mut H, stage: u32) {
        let Some(account) = self.accounts.get_mut(stage as usize) else { return };
        account.running = account.running.saturating_sub(1);
        account.ended += 1;
        if account.running == 0 {
            account.cycles += u64::from(hardware.control(control::CYCLE_LO).wrapping_sub(account.since));
        }
    }

    /// Cycles with no command, from the first one on.
    pub(crate) fn waited(&self) -> u64 {
        self.waited
    }

    /// Cycles and commands of every stage.
    pub(crate) fn totals(&self) -> impl Iterator<Item = [u64; 2]> {
        self.accounts.iter().map(|account| [account.cycles, account.ended])
    }
}
