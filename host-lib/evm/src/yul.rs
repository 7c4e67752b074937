//! Constraints as Yul, for AIRs of few.

use karat_constraints::{Dag, Id, Matrix, Node};

use crate::Shape;
use crate::expression::{Arithmetic, Value};
use crate::layout::Constants;

/// Most nested calls of an expression before it gets a slot: the compiler recurses over them.
const MAX_DEPTH: usize = 12;

/// Words of memory that the constraints of a graph need at most.
pub(crate) fn slots(dag: &Dag) -> usize {
    dag.nodes.len() + 1
}

/// Writes the code that leaves the folded constraints in `folded`, with the challenge in `alpha`.
pub(crate) fn constraints(dag: &Dag, shape: &Shape, constants: &Constants, stride: usize) -> String {
    let uses = dag.uses(1);
    let values = vec![None; uses.len()];
    let arithmetic = Arithmetic::new(shape.degree, stride);
    let leaves = Leaves { shape, constants };
    Writer { leaves, uses, values, slots: 0, arithmetic, code: String::new() }.write(dag)
}

/// Where values that are no results are.
#[derive(Clone, Copy)]
pub(crate) struct Leaves<'a> {
    pub shape: &'a Shape,
    pub constants: &'a Constants,
}

impl Leaves<'_> {
    /// The place of a value in memory; or else the constant that it is.
    pub fn place(&self, leaf: Node) -> Result<usize, u64> {
        let shape = self.shape;
        let trace = shape.trace_width * (1 + usize::from(shape.opens_next));
        let preprocessed = trace + shape.quotient_width();
        let place = |name: &str, index: usize| Ok(self.constants.get(name) + 32 * index);
        match leaf {
            // Rows that are not opened are zero to Plonky3.
            Node::Column { matrix: Matrix::Main, next: true, .. } if !shape.opens_next => Err(0),
            Node::Column { matrix: Matrix::Preprocessed, next: true, .. } if !shape.opens_preprocessed_next => Err(0),
            Node::Column { matrix, column, next } => match matrix {
                // Opened values are in the order of the transcript.
                Matrix::Main => place("OPENED", column + usize::from(next) * shape.trace_width),
                Matrix::Preprocessed => {
                    place("OPENED", preprocessed + usize::from(next) * shape.preprocessed_width + column)
                }
                Matrix::Periodic => place("PERIODIC", column),
                Matrix::Selectors => place("SELECTORS", column),
            },
            Node::Public(index) => place("PUBLIC", index),
            Node::Constant(value) => Err(value),
            Node::Sum(..) | Node::Difference(..) | Node::Product(..) => unreachable!("results are no leaves"),
        }
    }
}

struct Writer<'a> {
    leaves: Leaves<'a>,
    uses: Vec<usize>,
    values: Vec<Option<Value>>,
    slots: usize,
    arithmetic: Arithmetic,
    code: String,
}

impl Writer<'_> {
    fn write(mut self, dag: &Dag) -> String {
        let mut next = 0;
        for (i, &root) in dag.constraints.iter().enumerate() {
            // Nodes only when they are needed: most values are used soon.
            while next <= root {
                if self.uses[next] > 0 {
                    let value = self.node(dag.nodes[next]);
                    self.values[next] = Some(self.keep(next, value));
                }
                next += 1;
            }
            let value = self.value(root);
            let first = i == 0;
            self.line(match first {
                true => format!("let sum := {}", value.code),
                false => format!("sum := add(product(sum, alpha), {})", value.code),
            });
        }
        if !dag.constraints.is_empty() {
            self.line("folded := sum".into());
        }
        self.arithmetic.functions() + &self.code
    }

    fn line(&mut self, line: String) {
        self.code.push_str(&line);
        self.code.push('\n');
    }

    fn value(&self, id: Id) -> Value {
        self.values[id].clone().expect("operands come first")
    }

    /// What is read more than once, or is nested too deeply, gets a slot.
    fn keep(&mut self, id: Id, value: Value) -> Value {
        if value.depth == 0 || (self.uses[id] == 1 && value.depth < MAX_DEPTH) {
            return value;
        }
        let at = self.leaves.constants.get("SLOTS") + 32 * self.slots;
        self.slots += 1;
        self.line(format!("mstore({at:#x}, {})", value.code));
        Value { code: format!("mload({at:#x})"), depth: 0, ..value }
    }

    fn node(&mut self, node: Node) -> Value {
        match node {
            Node::Sum(x, y) => self.arithmetic.sum(&self.value(x), &self.value(y)),
            Node::Difference(x, y) => {
                let (x, y) = (self.value(x), self.value(y));
                self.arithmetic.difference(&x, &y)
            }
            Node::Product(x, y) => self.arithmetic.product(&self.value(x), &self.value(y)),
            leaf => match self.leaves.place(leaf) {
                Ok(place) => Value { code: format!("mload({place:#x})"), base: leaf.is_constant(), bits: 64, depth: 0 },
                Err(constant) => Value::constant(constant),
            },
        }
    }
}
