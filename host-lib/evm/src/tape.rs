//! Constraints as a tape that the contract interprets: a third of the code, for AIRs whose constraints would not fit.
//!
//! An instruction is an operation, a byte, and the places of its result and its operands in memory, in words, two bytes
//! each.

use std::fmt::Write;

use crate::Shape;
use crate::dag::{Dag, Id, Node};
use crate::layout::Constants;
use crate::yul::Leaves;

/// Bytes of an instruction.
const INSTRUCTION: usize = 7;

/// Lanes of operands are below two to this: what subtraction adds is above it, and there is room for its sum.
const MAX_BITS: u32 = 71;

const SUM: u8 = 1;
const DIFFERENCE: u8 = 2;
const PRODUCT: u8 = 3;
const SCALED: u8 = 4;
const BASE_PRODUCT: u8 = 5;
const ACCUMULATE: u8 = 6;
const REDUCE: u8 = 7;

/// Words of memory that a tape and its values need at most.
pub(crate) fn slots(dag: &Dag) -> usize {
    let instructions = 2 * dag.nodes.len() + dag.constraints.len() + 1;
    2 * dag.nodes.len() + 1 + (INSTRUCTION * instructions).div_ceil(32) + 1
}

/// Bytes of a contract that a tape takes at least: a word of it takes five more to be written.
pub(crate) fn code_size(dag: &Dag) -> usize {
    (INSTRUCTION * dag.operations()).div_ceil(32) * 37
}

/// Writes the code that leaves the folded constraints in `folded`, with the challenge in `alpha`.
pub(crate) fn constraints(dag: &Dag, shape: &Shape, constants: &Constants, stride: usize) -> String {
    let mut writer = Writer { tape: Vec::new(), next: constants.get("SLOTS") / 32 + 1, setup: String::new() };
    let leaves = Leaves { shape, constants };
    let uses = dag.uses();
    let mut values = vec![None; dag.nodes.len()];
    let mut next = 0;
    for &root in &dag.constraints {
        while next <= root {
            if uses[next] > 0 {
                values[next] = Some(writer.node(dag.nodes[next], &values, &leaves));
            }
            next += 1;
        }
        let value = get(&values, root);
        writer.push(ACCUMULATE, 0, value.place, 0);
    }
    writer.push(0, 0, 0, 0);
    writer.finish(shape.degree, stride)
}

/// A value of a node.
#[derive(Clone, Copy)]
struct Value {
    /// Its place in memory, in words.
    place: usize,
    /// Whether it is an element of Goldilocks.
    base: bool,
    /// Lanes are below two to this.
    bits: u32,
}

fn get(values: &[Option<Value>], id: Id) -> Value {
    values[id].expect("operands come first")
}

struct Writer {
    tape: Vec<u8>,
    /// The next word of memory that is free.
    next: usize,
    /// Code that writes the constants.
    setup: String,
}

impl Writer {
    fn push(&mut self, operation: u8, to: usize, a: usize, b: usize) {
        self.tape.push(operation);
        for place in [to, a, b] {
            let place = u16::try_from(place).expect("constraints that fit into a contract have few enough places");
            self.tape.extend(place.to_be_bytes());
        }
    }

    fn operation(&mut self, operation: u8, a: Value, b: Value, base: bool, bits: u32) -> Value {
        let place = self.next;
        self.next += 1;
        self.push(operation, place, a.place, b.place);
        Value { place, base, bits }
    }

    fn reduced(&mut self, value: Value) -> Value {
        if value.bits < MAX_BITS {
            return value;
        }
        self.operation(REDUCE, value, value, value.base, 64)
    }

    fn node(&mut self, node: Node, values: &[Option<Value>], leaves: &Leaves<'_>) -> Value {
        match node {
            Node::Sum(x, y) => {
                let (x, y) = (self.reduced(get(values, x)), self.reduced(get(values, y)));
                self.operation(SUM, x, y, x.base && y.base, x.bits.max(y.bits) + 1)
            }
            Node::Difference(x, y) => {
                let (x, y) = (self.reduced(get(values, x)), self.reduced(get(values, y)));
                self.operation(DIFFERENCE, x, y, x.base && y.base, 64)
            }
            Node::Product(x, y) => {
                let (x, y) = (get(values, x), get(values, y));
                match (x.base, y.base) {
                    (true, true) => self.operation(BASE_PRODUCT, x, y, true, 64),
                    (false, false) => self.operation(PRODUCT, x, y, false, 64),
                    (false, true) => self.operation(SCALED, x, y, false, 64),
                    (true, false) => self.operation(SCALED, y, x, false, 64),
                }
            }
            leaf => match leaves.place(leaf) {
                Ok((at, base)) => Value { place: at / 32, base, bits: 64 },
                Err(constant) => {
                    let place = self.next;
                    self.next += 1;
                    writeln!(self.setup, "mstore({:#x}, {constant:#x})", 32 * place)
                        .expect("strings can be written to");
                    Value { place, base: true, bits: 64 }
                }
            },
        }
    }

    /// The interpreter, and what it starts from. The places of all memory are words, so that the tape follows the values.
    fn finish(mut self, degree: usize, stride: usize) -> String {
        let start = 32 * self.next;
        for (i, word) in self.tape.chunks(32).enumerate() {
            let digits: String = word.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(self.setup, "mstore({:#x}, 0x{digits:0<64})", start + 32 * i).expect("strings can be written to");
        }
        let lane = |i: usize| format!("shl({}, P)", 8 + i * stride);
        let offset = (1..degree).fold(lane(0), |sum, i| format!("or({sum}, {})", lane(i)));
        format!(
            "{}let offset := {offset}
for {{ let next := {start:#x} }} 1 {{ next := add(next, {INSTRUCTION}) }} {{
    let code := mload(next)
    let a := mload(and(shr(211, code), 0x1fffe0))
    let b := mload(and(shr(195, code), 0x1fffe0))
    let r
    switch byte(0, code)
    case {SUM} {{ r := add(a, b) }}
    case {PRODUCT} {{ r := product(a, b) }}
    case {DIFFERENCE} {{ r := reduced(sub(add(a, offset), b)) }}
    case {ACCUMULATE} {{
        folded := add(product(folded, alpha), a)
        continue
    }}
    case {SCALED} {{ r := scaled(a, b) }}
    case {BASE_PRODUCT} {{ r := mulmod(a, b, P) }}
    case {REDUCE} {{ r := reduced(a) }}
    default {{ break }}
    mstore(and(shr(227, code), 0x1fffe0), r)
}}
",
            self.setup
        )
    }
}
