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

/// The account of every stage.
pub(crate) struct Stages([Account; STAGES]);

impl Stages {
    pub(crate) const fn new() -> Self {
        Self([Account { running: 0, since: 0, cycles: 0, ended: 0 }; STAGES])
    }

    /// A command of a stage starts.
    pub(crate) fn begin<H: Hardware>(&mut self, hardware: &mut H, stage: u32) {
        let Some(account) = self.0.get_mut(stage as usize) else { return };
        if account.running == 0 {
            account.since = hardware.control(control::CYCLE_LO);
        }
        account.running += 1;
    }

    /// A command that started has ended. A stage that runs for 2^32 cycles without a break loses count.
    pub(crate) fn end<H: Hardware>(&mut self, hardware: &mut H, stage: u32) {
        let Some(account) = self.0.get_mut(stage as usize) else { return };
        account.running = account.running.saturating_sub(1);
        account.ended += 1;
        if account.running == 0 {
            account.cycles += u64::from(hardware.control(control::CYCLE_LO).wrapping_sub(account.since));
        }
    }

    /// Cycles and commands of every stage.
    pub(crate) fn totals(&self) -> impl Iterator<Item = [u64; 2]> {
        self.0.iter().map(|account| [account.cycles, account.ended])
    }
}
