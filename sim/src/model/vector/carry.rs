//! What a run takes over from the run before it.
//!
//! A cell that a run reads before it writes it holds what an earlier run left there. If nothing is ever written there, that is the same for
//! all runs. If what is left there is only added to, all runs can be done at once and their sums added up; if it is only multiplied by a
//! constant, its value in any run is known beforehand. Otherwise runs have to be done one after the other.

use karat_abi::vector::ProductOp;
use p3_goldilocks::Goldilocks;

use super::program::{CELLS, Program, Step, TURNING};

/// What a cell is multiplied by from one run to the next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Factor {
    Constant(Goldilocks),
    /// The constant that turns.
    Turning,
}

/// How the cells of a program go from run to run. Cells by their numbers in the program.
#[derive(Default, PartialEq, Debug)]
pub(super) struct Carry {
    /// Read and never written.
    pub fixed: Vec<usize>,
    /// Only added to.
    pub sums: Vec<usize>,
    /// Only multiplied.
    pub powers: Vec<(usize, Factor)>,
    /// Anything else.
    pub others: Vec<usize>,
    /// The cell of the constant that turns, if it is read.
    pub turning: Option<usize>,
}

/// A value: what is in a cell from one write to the next.
#[derive(Default)]
struct Value {
    /// How often it is read.
    reads: usize,
    /// The value that is it plus something else, if a step makes one.
    sum: Option<usize>,
    /// What it is a multiple of, if it is.
    product: Option<(usize, Factor)>,
}

#[derive(Default)]
struct Values {
    all: Vec<Value>,
    /// The value in each cell: at the beginning, if it is read before it is written, and now.
    first: Vec<Option<usize>>,
    now: Vec<Option<usize>>,
}

impl Values {
    fn read(&mut self, cell: usize) -> usize {
        let value = *self.now[cell].get_or_insert_with(|| {
            self.all.push(Value::default());
            self.first[cell] = Some(self.all.len() - 1);
            self.all.len() - 1
        });
        self.all[value].reads += 1;
        value
    }

    /// A new value in a cell: the sums of `terms` and others, or a multiple.
    fn write(&mut self, cell: usize, terms: &[usize], product: Option<(usize, Factor)>) {
        let new = self.all.len();
        self.all.push(Value { product, ..Value::default() });
        for term in terms {
            self.all[*term].sum = Some(new);
        }
        self.now[cell] = Some(new);
    }

    fn step(&mut self, step: &Step, turning: Option<usize>) {
        match *step {
            Step::Load { load: _, to } => (to..to + 8).for_each(|cell| self.write(cell, &[], None)),
            Step::Product { op, a, b, c, to } => {
                let product = match op {
                    ProductOp::Multiply if Some(b) == turning => Some((self.read(a), Factor::Turning)),
                    ProductOp::Multiply if Some(a) == turning => Some((self.read(b), Factor::Turning)),
                    _ => {
                        self.read(a);
                        self.read(b);
                        None
                    }
                };
                self.finish_product(op, c, to, product);
            }
            Step::Scaled { op, a, b, c, to } => {
                let a = self.read(a);
                let product = (op == ProductOp::Multiply).then_some((a, Factor::Constant(b)));
                self.finish_product(op, c, to, product);
            }
            Step::Add { a, b, to } => {
                let terms = [self.read(a), self.read(b)];
                self.write(to, &terms, None);
            }
            Step::Subtract { a, b, to } => {
                let a = self.read(a);
                self.read(b);
                self.write(to, &[a], None);
            }
            Step::Shifted { a, to, .. } | Step::Copy { a, to } => {
                let a = self.read(a);
                self.write(to, &[a], None);
            }
            Step::Reflected { a, to, .. } | Step::Exchange { a, to, .. } => {
                self.read(a);
                self.write(to, &[], None);
            }
            Step::Constant { to, .. } => self.write(to, &[], None),
            Step::Output { a, .. } => {
                self.read(a);
            }
        }
    }

    fn finish_product(&mut self, op: ProductOp, c: usize, to: usize, product: Option<(usize, Factor)>) {
        match op {
            ProductOp::Multiply => self.write(to, &[], product),
            ProductOp::Add | ProductOp::SubtractFrom => {
                let c = self.read(c);
                self.write(to, &[c], None);
            }
            ProductOp::Subtract => {
                self.read(c);
                self.write(to, &[], None);
            }
        }
    }

    /// Whether a value becomes another by additions alone, and goes nowhere else.
    fn is_summed(&self, mut value: usize, end: usize) -> bool {
        while value != end {
            match self.all[value] {
                Value { reads: 1, sum: Some(sum), .. } => value = sum,
                _ => return false,
            }
        }
        self.all[end].reads == 0
    }
}

impl Carry {
    pub fn of(program: &Program) -> Self {
        let cells = program.cells.len();
        let turning = program.cells.iter().position(|cell| *cell == TURNING);
        let mut values = Values { all: Vec::new(), first: vec![None; cells], now: vec![None; cells] };
        for step in &program.steps {
            values.step(step, turning);
        }
        let mut carry = Self { turning, ..Self::default() };
        for (cell, what) in program.cells.iter().enumerate() {
            let (Some(first), Some(last)) = (values.first[cell], values.now[cell]) else { continue };
            // What turns is set for every run, and the other cells of no register are written before they are read.
            if *what >= CELLS {
                continue;
            }
            if first == last {
                carry.fixed.push(cell);
            } else if values.is_summed(first, last) {
                carry.sums.push(cell);
            } else if let Some((of, factor)) = values.all[last].product
                && of == first
            {
                carry.powers.push((cell, factor));
            } else {
                carry.others.push(cell);
            }
        }
        carry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of steps on cells that are registers 0 to 3.
    fn carry(steps: &[Step]) -> Carry {
        Carry::of(&Program { steps: steps.to_vec(), cells: (0..4).collect(), products: 0 })
    }

    #[test]
    fn what_is_only_added_to_is_a_sum() {
        let add = |c, to| Step::Product { op: ProductOp::Add, a: 0, b: 0, c, to };
        let sums = Carry { fixed: vec![0], sums: vec![1], ..Carry::default() };
        assert_eq!(carry(&[add(1, 1)]), sums);
        // On its way through another cell too, and less something.
        assert_eq!(carry(&[add(1, 2), Step::Subtract { a: 2, b: 0, to: 1 }]), sums);
        let others = Carry { fixed: vec![0], others: vec![1], ..Carry::default() };
        assert_eq!(carry(&[add(1, 1), Step::Output { a: 1, index: 0 }]), others);
        assert_eq!(carry(&[Step::Subtract { a: 0, b: 1, to: 1 }]), others);
        assert_eq!(carry(&[Step::Add { a: 1, b: 1, to: 1 }]), Carry { others: vec![1], ..Carry::default() });
        // Each becomes the other.
        let swap = [Step::Copy { a: 1, to: 3 }, Step::Copy { a: 2, to: 1 }, Step::Copy { a: 3, to: 2 }];
        assert_eq!(carry(&swap), Carry { others: vec![1, 2], ..Carry::default() });
    }

    #[test]
    fn what_is_only_multiplied_is_a_power() {
        let product = Step::Product { op: ProductOp::Multiply, a: 2, b: 1, c: 0, to: 1 };
        let steps = vec![Step::Output { a: 1, index: 0 }, product, Step::Output { a: 1, index: 1 }];
        let found = Carry::of(&Program { steps, cells: vec![0, 1, TURNING], products: 0 });
        let expected = Carry { powers: vec![(1, Factor::Turning)], turning: Some(2), ..Carry::default() };
        assert_eq!(found, expected);
        let b = Goldilocks::new(7);
        let constant = Step::Scaled { op: ProductOp::Multiply, a: 1, b, c: 0, to: 1 };
        assert_eq!(carry(&[constant]).powers, [(1, Factor::Constant(b))]);
        // A product with something that differs from run to run.
        let square = Step::Product { op: ProductOp::Multiply, a: 1, b: 1, c: 0, to: 1 };
        assert_eq!(carry(&[square]).others, [1]);
    }
}
