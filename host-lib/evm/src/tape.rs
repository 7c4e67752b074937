//! Constraints as a tape, for AIRs of many: runs of a kernel of code, each on the places of its operands in memory.
//!
//! A run is the number of its kernel, the number of its steps, and for every step the places of the result, if it is kept,
//! and of the operands: two bytes each, in words. Constants are there themselves, in eight bytes.

use karat_constraints::Dag;

use crate::cut::{Cut, Form, Operand};
use crate::kernel;
use crate::schedule::{LONGEST, Run, Schedule, Source, Step};
use crate::yul::Leaves;

/// Bytes of a contract that kernels and a tape may take.
const ROOM: usize = 13_000;

/// Bytes of code that write a word of a tape.
pub(crate) const WORD: usize = 37;

/// Bytes of a tape that the code of another contract holds, behind one that stops whoever calls it.
const LONGEST_PIECE: usize = crate::compiler::CODE_LIMIT - 1;

/// Bytes of code that kernels may take, by [`kernel::size`].
const KERNELS: usize = 11_000;

/// Most operations of an expression that is tried. The largest kernels are not the best: few expressions are alike then.
const LIMITS: std::ops::RangeInclusive<usize> = 1..=16;

/// Bytes of a run's head.
const HEAD: usize = 2;

/// The constraints of an AIR.
pub(crate) struct Tape {
    pub cut: Cut,
    pub schedule: Schedule,
}

impl Tape {
    /// The tape that takes the least gas, of those whose kernels have room: those of single operations always have.
    pub fn new(dag: &Dag) -> Self {
        let tapes = LIMITS.map(|limit| {
            let cut = Cut::new(dag, limit);
            let schedule = Schedule::new(&cut);
            Self { cut, schedule }
        });
        let too_large = |tape: &Self| tape.kernels() > KERNELS || tape.cut.forms.len() > LONGEST;
        tapes.min_by_key(|tape| (too_large(tape), tape.gas())).expect("there are limits to choose from")
    }

    /// Bytes of the kernels, about.
    fn kernels(&self) -> usize {
        self.cut.forms.iter().map(kernel::size).sum()
    }

    /// Gas that it takes, about.
    pub fn gas(&self) -> u64 {
        let choice = u64::from(self.cut.forms.len().ilog2() + 1) * 25 + 50;
        let run = |run: &Run| choice + run.steps.len() as u64 * kernel::gas(&self.cut.forms[run.form]);
        self.schedule.runs.iter().map(run).sum()
    }

    /// Its bytes.
    pub fn size(&self) -> usize {
        let run = |run: &Run| HEAD + run.steps.len() * step_size(&self.cut.forms[run.form]);
        self.schedule.runs.iter().map(run).sum()
    }

    /// Whether the contract's own code holds it.
    pub fn is_inside(&self) -> bool {
        self.kernels() + self.size().div_ceil(32) * WORD <= ROOM
    }

    /// Bytes of memory for the longest piece.
    pub fn buffer(&self) -> usize {
        if self.is_inside() { self.size() } else { self.size().min(LONGEST_PIECE) }
    }

    /// The tape in pieces, none of which ends within a step.
    pub fn pieces(&self, dag: &Dag, leaves: Leaves<'_>) -> Vec<Vec<u8>> {
        let mut pieces = vec![Vec::new()];
        for run in &self.schedule.runs {
            let form = &self.cut.forms[run.form];
            let mut steps = &run.steps[..];
            while !steps.is_empty() {
                let used = pieces.last().map_or(0, Vec::len);
                let room = LONGEST_PIECE.saturating_sub(used + HEAD) / step_size(form);
                if room == 0 {
                    pieces.push(Vec::new());
                    continue;
                }
                let (now, later) = steps.split_at(room.min(steps.len()));
                let piece = pieces.last_mut().expect("there is always one");
                piece.extend([run.form as u8, now.len() as u8]);
                now.iter().for_each(|step| write(piece, form, step, dag, leaves));
                steps = later;
            }
        }
        pieces
    }
}

/// Bytes of a step.
pub(crate) fn step_size(form: &Form) -> usize {
    let operand = |operand: &Operand| if *operand == Operand::Constant { 8 } else { 2 };
    form.operands.iter().map(operand).sum::<usize>() + if form.folds { 0 } else { 2 }
}

/// Memory that places of two bytes reach.
pub(crate) const MEMORY_LIMIT: usize = 32 << 16;

/// Solidity's word of zero.
const ZERO: usize = 0x60;

fn write(piece: &mut Vec<u8>, form: &Form, step: &Step, dag: &Dag, leaves: Leaves<'_>) {
    let slot = |slot: usize| leaves.constants.get("SLOTS") + 32 * slot;
    let place = |at: usize| u16::try_from(at / 32).expect("memory beyond the limit is refused").to_be_bytes();
    piece.extend(step.result.into_iter().flat_map(|result| place(slot(result))));
    for (source, operand) in step.operands.iter().zip(&form.operands) {
        let found = match *source {
            Source::Slot(index) => Ok(slot(index)),
            Source::Leaf(id) => leaves.place(dag.nodes[id]),
        };
        match (found, operand) {
            (Err(constant), Operand::Constant) => piece.extend(constant.to_be_bytes()),
            // Rows that are not opened.
            (found, _) => piece.extend(place(found.unwrap_or(ZERO))),
        }
    }
}
