//! What all engines share: the register block and the descriptor queue.

use karat_abi::engine::status;
use karat_abi::registers::engine as registers;

/// A descriptor as pushed.
pub type Words = [u32; 32];

/// A table fill as ordered: `count` entries from `index` on, `start`, `start * ratio`, ...
#[derive(Clone, Copy, Debug)]
pub struct TableFill {
    /// As written to TABLE_INDEX.
    pub index: u32,
    /// First value.
    pub start: u64,
    /// From one value to the next.
    pub ratio: u64,
    /// Entries.
    pub count: u32,
}

/// An engine's registers and descriptors.
#[derive(Default)]
pub struct EngineState {
    /// A bus has answered with an error since reset.
    pub error: bool,
    /// Cycles with a descriptor active.
    pub busy: u64,
    /// Units of work done.
    pub work: u64,
    /// What a search found.
    pub result: u64,
    /// Ticks until the table fill under way is done.
    pub(super) filling: u32,
    staging: Words,
    /// Engines, a bit each, that the staged descriptor waits for.
    armed: u32,
    active: Option<Words>,
    pending: Option<Words>,
    done: u32,
    table: [u32; 5],
}

impl EngineState {
    /// The descriptor that is worked on.
    pub fn active(&self) -> Option<&Words> {
        self.active.as_ref()
    }

    /// The descriptor behind it.
    pub fn pending(&self) -> Option<&Words> {
        self.pending.as_ref()
    }

    /// The active descriptor is done.
    pub fn finish(&mut self) {
        self.active = self.pending.take();
        self.done = self.done.wrapping_add(1);
    }

    /// Engines that the staged descriptor waits for, a bit each.
    pub(super) fn armed(&self) -> u32 {
        self.armed
    }

    /// Queues the staged descriptor.
    pub(super) fn push(&mut self) {
        assert!(self.pending.is_none(), "firmware pushed to an engine that was full");
        self.armed = 0;
        if self.active.is_none() {
            self.active = Some(self.staging);
        } else {
            self.pending = Some(self.staging);
        }
    }

    pub(super) fn read(&self, offset: u32) -> u32 {
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

    /// Writes a register; the fill that was ordered, if one was.
    pub(super) fn write(&mut self, offset: u32, value: u32) -> Option<TableFill> {
        match offset {
            0..=0x7c => {
                assert!(self.armed == 0, "firmware changed a descriptor that was armed");
                self.staging[offset as usize / 4] = value;
            }
            registers::PUSH => {
                assert!(self.armed == 0, "firmware pushed a descriptor that was armed");
                self.push();
            }
            registers::ARM if value != 0 => {
                assert!(self.armed == 0, "firmware armed a descriptor twice");
                self.armed = value;
            }
            registers::ARM if self.armed != 0 => self.push(),
            registers::ARM => (),
            registers::TABLE_INDEX..=registers::TABLE_RATIO_HI => {
                self.table[(offset - registers::TABLE_INDEX) as usize / 4] = value;
            }
            registers::TABLE_FILL => {
                assert!(self.filling == 0, "firmware ordered a table fill while one ran");
                let pair = |i: usize| u64::from(self.table[i]) | u64::from(self.table[i + 1]) << 32;
                return Some(TableFill { index: self.table[0], start: pair(1), ratio: pair(3), count: value });
            }
            _ => panic!("firmware wrote engine register {offset:#x}, which does not exist"),
        }
        None
    }
}
