//! What all engines share: the register block and the descriptor queue.

use karat_abi::engine::status;
use karat_abi::registers::engine as registers;

/// A descriptor as pushed.
pub(crate) type Words = [u32; 32];

/// A table fill as ordered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableFill {
    pub(crate) index: u32,
    pub(crate) start: u64,
    pub(crate) ratio: u64,
    pub(crate) count: u32,
}

/// An engine's registers and descriptors.
#[derive(Default)]
pub(crate) struct EngineState {
    staging: Words,
    pub(crate) active: Option<Words>,
    pub(crate) pending: Option<Words>,
    /// Polls until the active descriptor acts, and what of it was done.
    pub(crate) delay: u32,
    pub(crate) progress: u64,
    pub(crate) error: bool,
    done: u32,
    pub(crate) busy: u64,
    pub(crate) work: u64,
    /// What a search found.
    pub(crate) result: u64,
    table: [u32; 5],
    /// Polls until the table fill under way is done.
    pub(crate) filling: u32,
    pub(crate) fill: Option<TableFill>,
}

impl EngineState {
    pub(crate) fn read(&self, offset: u32) -> u32 {
        let flag = |set: bool, bit: u32| if set { bit } else { 0 };
        match offset {
            registers::STATUS => {
                flag(self.active.is_some(), status::BUSY)
                    | flag(self.pending.is_some(), status::FULL)
                    | flag(self.error, status::ERROR)
                    | flag(self.filling > 0, status::FILLING)
            }
            registers::DONE => self.done,
            registers::BUSY_LO => self.busy as u32,
            registers::BUSY_HI => (self.busy >> 32) as u32,
            registers::WORK_LO => self.work as u32,
            registers::WORK_HI => (self.work >> 32) as u32,
            registers::RESULT_LO => self.result as u32,
            registers::RESULT_HI => (self.result >> 32) as u32,
            _ => 0,
        }
    }

    /// Writes a register; true if a descriptor became active or a fill was ordered.
    pub(crate) fn write(&mut self, offset: u32, value: u32) {
        match offset {
            0..=0x7c => self.staging[offset as usize / 4] = value,
            registers::PUSH => {
                assert!(self.pending.is_none(), "firmware pushed to an engine that was full");
                if self.active.is_none() {
                    self.active = Some(self.staging);
                } else {
                    self.pending = Some(self.staging);
                }
            }
            registers::TABLE_INDEX..=registers::TABLE_RATIO_HI => {
                self.table[(offset - registers::TABLE_INDEX) as usize / 4] = value;
            }
            registers::TABLE_FILL => {
                assert!(self.filling == 0, "firmware ordered a table fill while one ran");
                let pair = |i: usize| u64::from(self.table[i]) | u64::from(self.table[i + 1]) << 32;
                self.fill = Some(TableFill { index: self.table[0], start: pair(1), ratio: pair(3), count: value });
            }
            _ => panic!("firmware wrote engine register {offset:#x}, which does not exist"),
        }
    }

    /// The active descriptor is done.
    pub(crate) fn finish(&mut self) {
        self.active = self.pending.take();
        self.progress = 0;
        self.done = self.done.wrapping_add(1);
    }
}
