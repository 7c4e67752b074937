//! The interpreter of a tape: a kernel of code for every form of expressions.

use std::fmt::Write;

use crate::cut::{Form, Operand, Part};
use crate::expression::{Arithmetic, Value};
use crate::tape::step_size;

/// Bytes of a kernel's code, about.
pub(crate) fn size(form: &Form) -> usize {
    let part = |part: &Part| match part {
        Part::Operand(_) => 14,
        Part::Literal(_) => 0,
        Part::Sum(..) => 4,
        Part::Difference(..) | Part::Product(..) => 16,
    };
    50 + form.parts.iter().map(part).sum::<usize>()
}

/// Gas of a step, about.
pub(crate) fn gas(form: &Form) -> u64 {
    let part = |part: &Part| match part {
        Part::Operand(_) => 21,
        Part::Literal(_) => 3,
        Part::Sum(..) => 6,
        Part::Difference(..) => 35,
        Part::Product(..) => 110,
    };
    let last = match form.parts.last() {
        _ if form.folds => 115,
        Some(Part::Product(..)) => 20,
        _ => 70,
    };
    45 + last + form.parts.iter().map(part).sum::<u64>()
}

/// Code that goes through the tape from `next` to `until`, with the folded constraints in `folded` and the challenge in
/// `alpha`.
pub(crate) fn interpreter(forms: &[Form], degree: usize, stride: usize) -> String {
    let mut arithmetic = Arithmetic::new(degree, stride);
    let kernels: Vec<String> = forms.iter().map(|form| kernel(form, &mut arithmetic)).collect();
    format!(
        "{}for {{}} lt(next, until) {{}} {{
let head := mload(next)
let run := byte(0, head)
next := add(next, 2)
{}}}
",
        arithmetic.functions(),
        choice(&kernels, 0)
    )
}

/// The kernel that `run` is the number of, found by halving.
fn choice(kernels: &[String], first: usize) -> String {
    if let [kernel] = kernels {
        return kernel.clone();
    }
    let half = kernels.len() / 2;
    format!(
        "switch lt(run, {})\ncase 0 {{\n{}}}\ndefault {{\n{}}}\n",
        first + half,
        choice(&kernels[half..], first + half),
        choice(&kernels[..half], first)
    )
}

/// The steps of a run.
fn kernel(form: &Form, arithmetic: &mut Arithmetic) -> String {
    let size = step_size(form);
    let mut reader = Reader { code: String::new(), words: 0, from: 0, at: 0 };
    let result = (!form.folds).then(|| reader.place());
    let operands: Vec<Value> = form.operands.iter().map(|&operand| reader.operand(operand)).collect();
    let mut code = reader.code;
    let mut uses = vec![0; form.parts.len()];
    for part in &form.parts {
        if let Part::Sum(x, y) | Part::Difference(x, y) | Part::Product(x, y) = *part {
            uses[x] += 1;
            uses[y] += 1;
        }
    }
    let mut values: Vec<Value> = Vec::new();
    for (i, part) in form.parts.iter().enumerate() {
        let mut value = match *part {
            Part::Operand(operand) => operands[operand].clone(),
            Part::Literal(value) => Value::constant(value),
            Part::Sum(x, y) => arithmetic.sum(&values[x], &values[y]),
            Part::Difference(x, y) => arithmetic.difference(&values[x], &values[y]),
            Part::Product(x, y) => arithmetic.product(&values[x], &values[y]),
        };
        if uses[i] > 1 && !matches!(part, Part::Literal(_)) {
            writeln!(code, "let v{i} := {}", value.code).expect("strings can be written to");
            value = Value { code: format!("v{i}"), depth: 0, ..value };
        }
        values.push(value);
    }
    let value = values.last().expect("a form has parts");
    code += &match result {
        Some(place) => format!("mstore({place}, {})\n", arithmetic.reduced(value).code),
        None => {
            let folded = Value { code: "product(folded, alpha)".into(), base: false, bits: 64, depth: 1 };
            format!("folded := {}\n", arithmetic.sum(&folded, value).code)
        }
    };
    format!(
        "for {{ let end := add(next, mul(byte(1, head), {size})) }} lt(next, end) {{ next := add(next, {size}) }} {{\n{code}}}\n"
    )
}

/// Takes the places of a step apart.
struct Reader {
    /// Code that loads words of the tape.
    code: String,
    /// How many there are.
    words: usize,
    /// Where the last one begins.
    from: usize,
    /// The next byte.
    at: usize,
}

impl Reader {
    /// A number of some bytes of the tape, times 32 for places.
    fn bytes(&mut self, bytes: usize, mask: &str, shift: usize) -> String {
        if self.words == 0 || self.at + bytes > self.from + 31 {
            self.words += 1;
            self.from = self.at;
            writeln!(self.code, "let code{} := mload(add(next, {}))", self.words, self.from)
                .expect("strings can be written to");
        }
        let right = 256 - 8 * (self.at - self.from + bytes) - shift;
        self.at += bytes;
        format!("and(shr({right}, code{}), {mask})", self.words)
    }

    fn place(&mut self) -> String {
        self.bytes(2, "0x1fffe0", 5)
    }

    fn operand(&mut self, operand: Operand) -> Value {
        let (code, base) = match operand {
            Operand::Constant => (self.bytes(8, "0xffffffffffffffff", 0), true),
            place => (format!("mload({})", self.place()), place == Operand::Base),
        };
        Value { code, base, bits: 64, depth: 0 }
    }
}
