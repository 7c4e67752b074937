//! Where results are kept.

use karat_abi::vector::{REGISTERS, SUMMAND_DELAY};

use super::ProgramError;
use super::operation::{Index, Source};
use super::schedule::Schedule;

/// Registers of results.
pub(super) struct Registers {
    /// Register of every operation, in the bank of its unit.
    pub of: Vec<u16>,
    /// Most that were used of the product unit's and of the sum unit's.
    pub used: [usize; 2],
}

impl Registers {
    /// Registers are free again in the instruction that reads them last: units read when an operation starts, before
    /// one that starts with it writes, and a program that waits for a load changes nothing in that order. The summand of a
    /// product is read later than a sum can be written that starts soon behind. `states` registers are of no result.
    pub fn new(schedule: &Schedule, states: u16) -> Result<Self, ProgramError> {
        let operations = &schedule.operations;
        let mut last_read = schedule.starts.clone();
        for (index, operation) in operations.iter().enumerate() {
            for (source, delay) in [(Some(operation.a), 0), (Some(operation.b), 0), (operation.c, SUMMAND_DELAY)] {
                if let Some(Source::Result(read)) = source {
                    let writes = operations[read].kind.latency() - 1;
                    let last = schedule.starts[index] + (delay + 1).saturating_sub(writes);
                    last_read[read] = last_read[read].max(last);
                }
            }
        }
        // Past the end no register is needed.
        let mut ends: Vec<Vec<Index>> = vec![Vec::new(); schedule.slots.len()];
        for (index, &last) in last_read.iter().enumerate() {
            if let Some(ends) = ends.get_mut(last) {
                ends.push(index);
            }
        }
        let limits = [REGISTERS - usize::from(states), REGISTERS];
        let mut registers = Self { of: vec![0; operations.len()], used: [0; 2] };
        let mut free: [Vec<u16>; 2] = [const { Vec::new() }; 2];
        let bank = |index: Index| usize::from(operations[index].kind.is_sum());
        for (at, slot) in schedule.slots.iter().enumerate() {
            let is_free = |index: &&Index| operations[**index].state.is_none();
            let released = |index: &&Index| is_free(index) && schedule.starts[**index] < at;
            for &index in ends[at].iter().filter(released) {
                free[bank(index)].push(registers.of[index]);
            }
            for index in [slot.product, slot.sum].into_iter().flatten() {
                let bank = bank(index);
                if let Some(state) = operations[index].state {
                    registers.of[index] = state_register(state);
                    continue;
                }
                registers.of[index] = free[bank].pop().unwrap_or_else(|| {
                    registers.used[bank] += 1;
                    (registers.used[bank] - 1) as u16
                });
            }
            // Read by nothing: only its output counts.
            for &index in ends[at].iter().filter(|index| is_free(index) && schedule.starts[**index] == at) {
                free[bank(index)].push(registers.of[index]);
            }
        }
        if let Some((&needed, &limit)) = registers.used.iter().zip(&limits).find(|(used, limit)| used > limit) {
            return Err(ProgramError::TooManyRegisters { needed, limit });
        }
        Ok(registers)
    }
}

/// The register of a state, which no result of a run is given.
pub(super) fn state_register(state: u16) -> u16 {
    REGISTERS as u16 - 1 - state
}
