//! Expressions of Yul: values are words of lanes, sums of which are reduced only when a lane is about to overflow.

use std::collections::BTreeSet;
use std::fmt::Write;

/// A value.
#[derive(Clone)]
pub(crate) struct Value {
    /// The expression.
    pub code: String,
    /// Whether it is an element of Goldilocks, with nothing in the other lanes.
    pub base: bool,
    /// Lanes are below two to this.
    pub bits: usize,
    /// Nested operations.
    pub depth: usize,
}

impl Value {
    /// A constant.
    pub fn constant(value: u64) -> Self {
        let bits = 64 - value.leading_zeros() as usize;
        Self { code: format!("{value:#x}"), base: true, bits, depth: 0 }
    }
}

/// Operations on values, by the functions of a field's `functions.yul`.
pub(crate) struct Arithmetic {
    degree: usize,
    /// Bits from one lane to the next.
    stride: usize,
    /// Bits of subtrahends, and whether they are of Goldilocks, that there is a function for.
    differences: BTreeSet<(usize, bool)>,
}

impl Arithmetic {
    pub fn new(degree: usize, stride: usize) -> Self {
        Self { degree, stride, differences: BTreeSet::new() }
    }

    pub fn sum(&self, x: &Value, y: &Value) -> Value {
        let (x, y) = (self.operand(x), self.operand(y));
        call("add", &x, &y, x.base && y.base, x.bits.max(y.bits) + 1)
    }

    pub fn difference(&mut self, x: &Value, y: &Value) -> Value {
        let (x, y) = (self.operand(x), self.operand(y));
        let below = y.bits.max(64);
        self.differences.insert((below, y.base));
        let name = format!("minus{}{below}", if y.base { "Base" } else { "" });
        call(&name, &x, &y, x.base && y.base, x.bits.max(below + 1) + 1)
    }

    pub fn product(&self, x: &Value, y: &Value) -> Value {
        match (x.base, y.base) {
            (true, true) => {
                let depth = 1 + x.depth.max(y.depth);
                Value { code: format!("mulmod({}, {}, P)", x.code, y.code), base: true, bits: 64, depth }
            }
            (false, false) => call("product", x, y, false, 64),
            (false, true) => call("scaled", x, y, false, 64),
            (true, false) => call("scaled", y, x, false, 64),
        }
    }

    /// The same with lanes of 64 bits.
    pub fn reduced(&self, value: &Value) -> Value {
        if value.bits <= 64 {
            return value.clone();
        }
        let code = match value.base {
            true => format!("mod({}, P)", value.code),
            false => format!("reduced({})", value.code),
        };
        Value { code, bits: 64, depth: value.depth + 1, ..*value }
    }

    /// A value that a sum or a difference of which has room in a lane.
    fn operand(&self, value: &Value) -> Value {
        // A difference adds two bits to the longer one.
        if value.bits + 4 < self.stride.min(120) { value.clone() } else { self.reduced(value) }
    }

    /// The functions that differences call.
    pub fn functions(&self) -> String {
        let mut functions = String::new();
        for &(bits, base) in &self.differences {
            let name = if base { "minusBase" } else { "minus" };
            // 2^(bits - 63) times P is above all that has so many bits.
            let multiple = 0xffff_ffff_0000_0001_u128;
            let lanes = if base { 1 } else { self.degree };
            let lane = |i: usize| format!("shl({}, {multiple:#x})", bits - 63 + i * self.stride);
            let offset = (1..lanes).fold(lane(0), |sum, i| format!("or({sum}, {})", lane(i)));
            writeln!(functions, "function {name}{bits}(a, b) -> r {{ r := sub(add(a, {offset}), b) }}")
                .expect("strings can be written to");
        }
        functions
    }
}

fn call(name: &str, x: &Value, y: &Value, base: bool, bits: usize) -> Value {
    let code = format!("{name}({}, {})", x.code, y.code);
    Value { code, base, bits, depth: 1 + x.depth.max(y.depth) }
}
