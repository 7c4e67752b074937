//! The vector engine, as `karat_abi::engine::vector` describes it: a program is taken apart once a descriptor, then executed for many runs
//! at once, on all threads unless a run has to wait for the one before it.

mod carry;
mod descriptor;
mod execute;
mod program;

use karat_firmware::software::Words;
use p3_field::PrimeCharacteristicRing;
use p3_goldilocks::Goldilocks;
use p3_maybe_rayon::prelude::*;

use super::row::{Beat, Row, broadcast, scale};
use carry::{Carry, Factor};
use descriptor::Descriptor;
use execute::{Cells, zip};
use program::{CELLS, Program, turn};

/// Runs that a thread works on at once.
const BATCH: usize = 16;
/// Batches whose outputs are kept until they are written.
const SEGMENT: usize = 1 << 9;
/// Batches that are too few for a second thread.
const SHARE: usize = 4;

/// What stays from run to run and from descriptor to descriptor.
pub(super) struct VectorEngine {
    /// By cell.
    state: Vec<Row>,
}

/// A descriptor that is worked on.
struct Job<'a> {
    descriptor: &'a Descriptor,
    program: &'a Program,
    carry: &'a Carry,
    state: &'a [Row],
    memory: &'a [Beat],
}

impl VectorEngine {
    pub(super) fn new() -> Self {
        Self { state: vec![Row::default(); CELLS] }
    }

    /// Executes a descriptor; the products that it started, of all lanes together one. A program that the card would hang on, or that does
    /// what the contract does not say, is an error.
    pub(super) fn run(&mut self, words: &Words, memory: &mut [Beat]) -> Option<u64> {
        let descriptor = Descriptor::read(words, memory);
        let program = match Program::new(&descriptor) {
            Ok(program) => program,
            Err(malformed) => {
                tracing::error!("a program of the vector engine can't be executed: {}", malformed.0);
                return None;
            }
        };
        let carry = Carry::of(&program);
        let runs = descriptor.runs;
        // The last run is done alone, so that all that it leaves is left.
        let together = if carry.others.is_empty() { (runs - 1) / BATCH * BATCH } else { 0 };
        let mut factors: Vec<Goldilocks> = vec![Goldilocks::ONE; carry.powers.len()];
        for first in (0..together).step_by(SEGMENT * BATCH) {
            let count = (together - first).min(SEGMENT * BATCH);
            self.run_together(&descriptor, &program, &carry, first..first + count, &mut factors, memory);
        }
        for ((cell, _), factor) in carry.powers.iter().zip(factors) {
            let value = &mut self.state[program.cells[*cell]];
            *value = scale(value, factor);
        }
        self.run_in_order(&descriptor, &program, &carry, together..runs, memory);
        Some(program.products * runs as u64)
    }

    /// Runs that come at these places in the order, one after the other.
    fn run_in_order(
        &mut self,
        descriptor: &Descriptor,
        program: &Program,
        carry: &Carry,
        places: std::ops::Range<usize>,
        memory: &mut [Beat],
    ) {
        let cells = Cells::<1>::new(program.cells.len());
        let kept = || program.cells.iter().enumerate().filter(|(_, what)| **what < CELLS);
        for (cell, what) in kept() {
            cells.at(cell, 0).set(self.state[*what]);
        }
        let beats = descriptor.run_beats();
        let mut output = vec![[0; 8]; beats];
        for place in places {
            let run = number(descriptor, place);
            if let Some(cell) = carry.turning {
                cells.set(cell, |_| broadcast(turn(&descriptor.table, run)));
            }
            cells.execute(descriptor, program, run, memory, &mut output);
            memory[descriptor.output + run * beats..][..beats].copy_from_slice(&output);
        }
        for (cell, what) in kept() {
            self.state[*what] = cells.at(cell, 0).get();
        }
    }

    /// Runs that come at these places in the order, whole batches, all at once. `factors` are those of the powers, from the first run of the
    /// descriptor to the first of these, and then to behind the last.
    fn run_together(
        &mut self,
        descriptor: &Descriptor,
        program: &Program,
        carry: &Carry,
        places: std::ops::Range<usize>,
        factors: &mut [Goldilocks],
        memory: &mut [Beat],
    ) {
        let powers: Vec<Vec<Goldilocks>> = carry
            .powers
            .iter()
            .zip(factors)
            .map(|((_, factor), value)| {
                let step = |place| match factor {
                    Factor::Constant(factor) => *factor,
                    Factor::Turning => turn(&descriptor.table, number(descriptor, place)),
                };
                places.clone().map(|place| std::mem::replace(value, *value * step(place))).collect()
            })
            .collect();
        // The lowest of the runs, from which on they are without a gap.
        let lowest = if descriptor.descending { number(descriptor, places.end - 1) } else { places.start };
        let beats = descriptor.run_beats();
        // Without outputs too, batches are counted by it.
        let mut output = vec![[0; 8]; places.len() * beats.max(1)];
        let job = Job { descriptor, program, carry, state: &self.state, memory };
        let sums = output
            .par_chunks_mut(BATCH * beats.max(1))
            .enumerate()
            .with_min_len(SHARE)
            .fold(
                || job.cells(),
                |cells, (batch, output)| {
                    let first = lowest + batch * BATCH;
                    job.run(
                        &cells,
                        first,
                        |run| {
                            let place = if descriptor.descending { descriptor.runs - 1 - run } else { run };
                            powers.iter().map(move |powers| powers[place - places.start])
                        },
                        output,
                    );
                    cells
                },
            )
            .map(|cells| job.sums(&cells))
            .reduce(
                || vec![Row::default(); carry.sums.len()],
                |a, b| a.into_iter().zip(b).map(|(a, b)| zip(a, b, |a, b| a + b)).collect(),
            );
        if beats > 0 {
            memory[descriptor.output + lowest * beats..][..output.len()].copy_from_slice(&output);
        }
        for (cell, sum) in carry.sums.iter().zip(sums) {
            let value = &mut self.state[program.cells[*cell]];
            *value = zip(*value, sum, |a, b| a + b);
        }
    }
}

impl Job<'_> {
    /// Cells for the runs of a thread: sums begin at zero.
    fn cells(&self) -> Cells<BATCH> {
        let cells = Cells::new(self.program.cells.len());
        for cell in &self.carry.fixed {
            cells.set(*cell, |_| self.state[self.program.cells[*cell]]);
        }
        cells
    }

    /// Runs `first ..` of a batch; `powers` are the factors of the powers in a run.
    fn run<I: Iterator<Item = Goldilocks>>(
        &self,
        cells: &Cells<BATCH>,
        first: usize,
        powers: impl Fn(usize) -> I,
        output: &mut [Beat],
    ) {
        if let Some(cell) = self.carry.turning {
            cells.set(cell, |run| broadcast(turn(&self.descriptor.table, first + run)));
        }
        for run in 0..BATCH {
            for ((cell, _), factor) in self.carry.powers.iter().zip(powers(first + run)) {
                cells.at(*cell, run).set(scale(&self.state[self.program.cells[*cell]], factor));
            }
        }
        cells.execute(self.descriptor, self.program, first, self.memory, output);
    }

    /// What the runs of a thread have added up.
    fn sums(&self, cells: &Cells<BATCH>) -> Vec<Row> {
        let sum = |cell: &usize| {
            (0..BATCH).map(|run| cells.at(*cell, run).get()).fold(Row::default(), |a, b| zip(a, b, |a, b| a + b))
        };
        self.carry.sums.iter().map(sum).collect()
    }
}

/// The run that comes at a place in the order.
fn number(descriptor: &Descriptor, place: usize) -> usize {
    if descriptor.descending { descriptor.runs - 1 - place } else { place }
}
