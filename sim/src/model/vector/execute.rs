//! Steps, executed for several runs at once.

use std::cell::Cell;

use karat_abi::vector::ProductOp;
use p3_field::{PackedValue, PrimeField64};
use p3_goldilocks::Goldilocks;

use super::Row;
use super::descriptor::Descriptor;
use super::program::{Program, Step};
use crate::model::LANES;
use crate::model::row::{Beat, Packed, WIDTH, broadcast};

/// A word of all rows of `RUNS` runs.
type Words<const RUNS: usize> = [Cell<Row>; RUNS];

/// The cells of a program, for `RUNS` runs.
pub(super) struct Cells<const RUNS: usize>(Vec<Words<RUNS>>);

impl<const RUNS: usize> Cells<RUNS> {
    /// Cells of zeros.
    pub fn new(count: usize) -> Self {
        Self((0..count).map(|_| std::array::from_fn(|_| Cell::default())).collect())
    }

    /// A cell in one of the runs.
    pub fn at(&self, cell: usize, run: usize) -> &Cell<Row> {
        &self.0[cell][run]
    }

    /// Sets a cell, in all runs, to what it is in each.
    pub fn set(&self, cell: usize, mut value: impl FnMut(usize) -> Row) {
        self.0[cell].iter().enumerate().for_each(|(run, word)| word.set(value(run)));
    }

    /// Executes a program for runs `first ..`; `output` is where the output of the first of them begins.
    pub fn execute(
        &self,
        descriptor: &Descriptor,
        program: &Program,
        first: usize,
        memory: &[Beat],
        output: &mut [Beat],
    ) {
        for step in &program.steps {
            match *step {
                Step::Load { load, to } => {
                    for run in 0..RUNS {
                        descriptor.load(load, first + run, memory, |word, row| self.0[to + word][run].set(row));
                    }
                }
                Step::Product { op, a, b, c, to } => {
                    let [a, b, c, to] = [a, b, c, to].map(|cell| &self.0[cell]);
                    product(op, c, to, |run| zip(a[run].get(), b[run].get(), |a, b| a * b));
                }
                Step::Scaled { op, a, b, c, to } => {
                    let [a, c, to] = [a, c, to].map(|cell| &self.0[cell]);
                    let b = Packed::from(b);
                    product(op, c, to, |run| a[run].get().map(|a| a * b));
                }
                Step::Add { a, b, to } => self.each(a, b, to, |a, b| a + b),
                Step::Subtract { a, b, to } => self.each(a, b, to, |a, b| a - b),
                Step::Shifted { a, b, to } => {
                    let b = Packed::from(b);
                    self.each(a, a, to, |a, _| a + b);
                }
                Step::Reflected { a, b, to } => {
                    let b = Packed::from(b);
                    self.each(a, a, to, |a, _| b - a);
                }
                Step::Copy { a, to } => self.each(a, a, to, |a, _| a),
                Step::Constant { value, to } => self.set(to, |_| broadcast(value)),
                Step::Exchange { a, bits, to } => self.set(to, |run| {
                    let a = self.0[a][run].get();
                    lanes(|lane| lane_of(&a, lane ^ bits))
                }),
                Step::Output { a, index } => {
                    let (words, beats) = (descriptor.words, descriptor.run_beats());
                    let (group, word) = (index / words, index % words);
                    for run in 0..RUNS {
                        let row = self.0[a][run].get();
                        for lane in 0..LANES as usize {
                            let at = (group * LANES as usize + lane) * words + word;
                            output[run * beats + at / 8][at % 8] = lane_of(&row, lane).as_canonical_u64();
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn each(&self, a: usize, b: usize, to: usize, value: impl Fn(Packed, Packed) -> Packed) {
        let [a, b, to] = [a, b, to].map(|cell| &self.0[cell]);
        for run in 0..RUNS {
            to[run].set(zip(a[run].get(), b[run].get(), &value));
        }
    }
}

#[inline(always)]
fn product<const RUNS: usize>(op: ProductOp, c: &Words<RUNS>, to: &Words<RUNS>, product: impl Fn(usize) -> Row) {
    match op {
        ProductOp::Multiply => to.iter().enumerate().for_each(|(run, to)| to.set(product(run))),
        ProductOp::Add => {
            to.iter().enumerate().for_each(|(run, to)| to.set(zip(product(run), c[run].get(), |p, c| p + c)));
        }
        ProductOp::SubtractFrom => {
            to.iter().enumerate().for_each(|(run, to)| to.set(zip(c[run].get(), product(run), |c, p| c - p)));
        }
        ProductOp::Subtract => {
            to.iter().enumerate().for_each(|(run, to)| to.set(zip(product(run), c[run].get(), |p, c| p - c)));
        }
    }
}

/// Two rows, element by element.
#[inline(always)]
pub(super) fn zip(a: Row, b: Row, value: impl Fn(Packed, Packed) -> Packed) -> Row {
    std::array::from_fn(|i| value(a[i], b[i]))
}

fn lane_of(row: &Row, lane: usize) -> Goldilocks {
    Packed::unpack_slice(row)[lane]
}

/// A word of every lane.
fn lanes(value: impl Fn(usize) -> Goldilocks) -> Row {
    std::array::from_fn(|pack| Packed::from_fn(|lane| value(pack * WIDTH + lane)))
}
