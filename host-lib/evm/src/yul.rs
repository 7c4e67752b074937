//! Constraints as Yul: values are words of lanes, sums of which are reduced only when a lane is about to overflow.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::Shape;
use crate::dag::{Dag, Id, Node};
use crate::layout::Constants;

/// Most nested calls of an expression before it gets a slot: the compiler recurses over them.
const MAX_DEPTH: usize = 12;

/// A value of a node.
#[derive(Clone)]
struct Value {
    /// The expression.
    code: String,
    /// Whether it is an element of Goldilocks, with nothing in the other lanes.
    base: bool,
    /// Lanes are below two to this.
    bits: usize,
    /// Nested operations.
    depth: usize,
}

/// Words of memory that the constraints of a graph need at most.
pub(crate) fn slots(dag: &Dag) -> usize {
    dag.nodes.len() + 1
}

/// Writes the code that leaves the folded constraints in `folded`, with the challenge in `alpha`.
pub(crate) fn constraints(dag: &Dag, shape: &Shape, constants: &Constants, stride: usize) -> String {
    Writer::new(shape, constants, stride, dag.uses()).write(dag)
}

/// Where values that are no results are.
pub(crate) struct Leaves<'a> {
    pub shape: &'a Shape,
    pub constants: &'a Constants,
}

impl Leaves<'_> {
    /// The place of a value in memory, and whether it is an element of Goldilocks; or else the constant that it is.
    pub fn place(&self, leaf: Node) -> Result<(usize, bool), u64> {
        let shape = self.shape;
        let trace = shape.trace_width * (1 + usize::from(shape.opens_next));
        let preprocessed = trace + shape.quotient_width();
        let place = |name: &str, index: usize| self.constants.get(name) + 32 * index;
        match leaf {
            // Rows that are not opened are zero to Plonky3.
            Node::Main(_, true) if !shape.opens_next => Err(0),
            Node::Preprocessed(_, true) if !shape.opens_preprocessed_next => Err(0),
            // Opened values are in the order of the transcript.
            Node::Main(column, next) => Ok((place("OPENED", column + usize::from(next) * shape.trace_width), false)),
            Node::Preprocessed(column, next) => {
                let row = usize::from(next) * shape.preprocessed_width;
                Ok((place("OPENED", preprocessed + row + column), false))
            }
            Node::Periodic(column) => Ok((place("PERIODIC", column), false)),
            Node::Public(index) => Ok((place("PUBLIC", index), true)),
            Node::Selector(index) => Ok((place("SELECTORS", index), false)),
            Node::Constant(value) => Err(value),
            Node::Sum(..) | Node::Difference(..) | Node::Product(..) => unreachable!("results are no leaves"),
        }
    }
}

struct Writer<'a> {
    shape: &'a Shape,
    constants: &'a Constants,
    stride: usize,
    uses: Vec<usize>,
    values: Vec<Option<Value>>,
    slots: usize,
    /// Bits of subtrahends, and whether they are of Goldilocks, that there is a function for.
    differences: BTreeSet<(usize, bool)>,
    code: String,
}

impl<'a> Writer<'a> {
    fn new(shape: &'a Shape, constants: &'a Constants, stride: usize, uses: Vec<usize>) -> Self {
        let values = vec![None; uses.len()];
        Self { shape, constants, stride, uses, values, slots: 0, differences: BTreeSet::new(), code: String::new() }
    }

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
        let mut functions = String::new();
        for &(bits, base) in &self.differences {
            let name = if base { "minusBase" } else { "minus" };
            // 2^(bits - 63) times P is above all that has so many bits.
            let multiple = 0xffff_ffff_0000_0001_u128;
            let lanes = if base { 1 } else { self.shape.degree };
            let lane = |i: usize| format!("shl({}, {multiple:#x})", bits - 63 + i * self.stride);
            let offset = (1..lanes).fold(lane(0), |sum, i| format!("or({sum}, {})", lane(i)));
            writeln!(functions, "function {name}{bits}(a, b) -> r {{ r := sub(add(a, {offset}), b) }}")
                .expect("strings can be written to");
        }
        functions + &self.code
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
        let at = self.constants.get("SLOTS") + 32 * self.slots;
        self.slots += 1;
        self.line(format!("mstore({at:#x}, {})", value.code));
        Value { code: format!("mload({at:#x})"), depth: 0, ..value }
    }

    fn node(&mut self, node: Node) -> Value {
        match node {
            Node::Sum(x, y) => {
                let (x, y) = (self.operand(x), self.operand(y));
                let (base, bits) = (x.base && y.base, x.bits.max(y.bits) + 1);
                self.call("add", &x, &y, base, bits)
            }
            Node::Difference(x, y) => {
                let (x, y) = (self.operand(x), self.operand(y));
                let below = y.bits.max(64);
                self.differences.insert((below, y.base));
                let name = format!("minus{}{below}", if y.base { "Base" } else { "" });
                let (base, bits) = (x.base && y.base, x.bits.max(below + 1) + 1);
                self.call(&name, &x, &y, base, bits)
            }
            Node::Product(x, y) => {
                let (x, y) = (self.value(x), self.value(y));
                match (x.base, y.base) {
                    (true, true) => {
                        let depth = 1 + x.depth.max(y.depth);
                        let code = format!("mulmod({}, {}, P)", x.code, y.code);
                        Value { code, base: true, bits: 64, depth }
                    }
                    (false, false) => self.call("product", &x, &y, false, 64),
                    (false, true) => self.call("scaled", &x, &y, false, 64),
                    (true, false) => self.call("scaled", &y, &x, false, 64),
                }
            }
            leaf => match (Leaves { shape: self.shape, constants: self.constants }).place(leaf) {
                Ok((place, base)) => Value { code: format!("mload({place:#x})"), base, bits: 64, depth: 0 },
                Err(constant) => {
                    let bits = 64 - constant.leading_zeros() as usize;
                    Value { code: format!("{constant:#x}"), base: true, bits, depth: 0 }
                }
            },
        }
    }

    fn call(&self, name: &str, x: &Value, y: &Value, base: bool, bits: usize) -> Value {
        let code = format!("{name}({}, {})", x.code, y.code);
        Value { code, base, bits, depth: 1 + x.depth.max(y.depth) }
    }

    /// A value that a sum or a difference of which has room in a lane.
    fn operand(&self, id: Id) -> Value {
        let value = self.value(id);
        // A difference adds two bits to the longer one.
        if value.bits + 4 < self.stride.min(120) {
            return value;
        }
        let code = match value.base {
            true => format!("mod({}, P)", value.code),
            false => format!("reduced({})", value.code),
        };
        Value { code, bits: 64, depth: value.depth + 1, ..value }
    }
}
