//! Where everything is: a proof's parts in calldata, and a verification's data in memory.

use std::fmt::Write;

use p3_field::{Field, PrimeField64, TwoAdicField};

use crate::Shape;
use crate::config::Val;

/// Memory below this is the compiler's, which keeps there what finds no room on the stack.
pub(crate) const MEMORY_START: usize = 0x2000;

/// Constants of a contract, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Constants(Vec<(&'static str, u64)>, String);

impl Constants {
    fn set(&mut self, name: &'static str, value: usize) {
        self.0.push((name, value as u64));
    }

    /// The value of a constant that there is.
    pub fn get(&self, name: &str) -> usize {
        let found = self.0.iter().find(|(n, _)| *n == name);
        found.map(|&(_, value)| value as usize).expect("constants are asked for by their names")
    }

    /// A Solidity file of them.
    pub fn source(&self) -> String {
        let mut source = String::from("// SPDX-License-Identifier: MIT OR Apache-2.0\npragma solidity ^0.8.28;\n\n");
        writeln!(source, "uint256 constant LOG_ARITIES = {};", self.1).expect("strings can be written to");
        for (name, value) in &self.0 {
            writeln!(source, "uint256 constant {name} = {value:#x};").expect("strings can be written to");
        }
        source
    }

    /// The constants of a shape. `longest_seed` is in bytes; `tape` are bytes that constraints or periodic columns are read
    /// from, and `slots` words that constraints need besides.
    pub fn new(shape: &Shape, longest_seed: usize, tape: usize, slots: usize) -> Self {
        let mut c = Self::default();
        c.numbers(shape);
        c.calldata(shape);
        c.memory(shape, longest_seed, tape, slots);
        c
    }

    fn numbers(&mut self, shape: &Shape) {
        let parameters = &shape.parameters;
        self.set("LOG_ROWS", shape.log_rows);
        self.set("LOG_HEIGHT", shape.log_height());
        self.set("QUERIES", parameters.num_queries);
        self.set("ROUNDS", shape.log_arities.len());
        // A byte a round, the first one lowest.
        self.1 = shape.log_arities.iter().rev().fold("0x0".into(), |text, log_arity| format!("{text}{log_arity:02x}"));
        self.set("CAP_HEIGHT", parameters.cap_height);
        self.set("INPUT_TREES", shape.input_trees());
        self.set("INPUT_LEVELS", shape.log_height() - shape.cap_height(shape.log_height()));
        self.set("FINAL_LENGTH", 1 << parameters.log_final_poly_len);
        self.set("OOD_POW_BITS", parameters.ood_pow_bits);
        self.set("BATCH_POW_BITS", parameters.batch_pow_bits);
        self.set("COMMIT_POW_BITS", parameters.commit_pow_bits);
        self.set("QUERY_POW_BITS", parameters.query_pow_bits);
        self.set("PUBLIC_VALUES", shape.public_values);
        self.set("TRACE_WIDTH", shape.trace_width);
        self.set("QUOTIENT_WIDTH", shape.quotient_width());
        self.set("PREPROCESSED_WIDTH", shape.preprocessed_width);
        // Bit 0: the trace; bit 1: the preprocessed columns.
        self.set("OPENS_NEXT", usize::from(shape.opens_next) | usize::from(shape.opens_preprocessed_next) << 1);
        self.set("OPENED_COUNT", shape.opened());
        self.set("CHUNKS", shape.chunks);
        self.set("ELEMENT_BYTES", 8 * shape.degree);
        let longest = shape.trace_width.max(shape.quotient_width()).max(shape.preprocessed_width);
        self.set("POWER_COUNT", longest);
        let root = |bits: usize| Val::two_adic_generator(bits);
        let value = |element: Val| element.as_canonical_u64() as usize;
        self.set("ROOT", value(root(shape.log_height())));
        self.set("ROOT_INVERSE", value(root(shape.log_height()).inverse()));
        self.set("NEXT_ROW", value(root(shape.log_rows)));
        self.set("LAST_ROW", value(root(shape.log_rows).inverse()));
        self.set("FOLD_ROOT", value(root(4)));
        self.set("FOLD_ROOT_INVERSE", value(root(4).inverse()));
    }

    fn calldata(&mut self, shape: &Shape) {
        let parameters = &shape.parameters;
        let rounds = shape.log_arities.len();
        let element = 8 * shape.degree;
        let pow = |bits: usize, count: usize| if bits == 0 { 0 } else { 8 * count };
        let mut at = 0;
        let mut part = |this: &mut Self, name: &'static str, size: usize| {
            this.set(name, at);
            at += size;
            at
        };
        part(self, "OOD_POW_DATA", pow(parameters.ood_pow_bits, 1));
        part(self, "OPENED_DATA", element * shape.opened());
        part(self, "BATCH_POW_DATA", pow(parameters.batch_pow_bits, 1));
        part(self, "COMMIT_POW_DATA", pow(parameters.commit_pow_bits, rounds));
        part(self, "FINAL_DATA", element << parameters.log_final_poly_len);
        part(self, "QUERY_POW_DATA", pow(parameters.query_pow_bits, 1));
        let siblings: usize = shape.log_arities.iter().map(|log_arity| (1 << log_arity) - 1).sum();
        let row = 8 * (shape.trace_width + shape.quotient_width() + shape.preprocessed_width) + element * siblings;
        part(self, "QUERY_DATA", row * parameters.num_queries);
        let cap = 32 << shape.cap_height(shape.log_height());
        part(self, "TRACE_CAP_DATA", cap);
        part(self, "QUOTIENT_CAP_DATA", cap);
        let round_caps = shape.round_heights().iter().map(|&height| 32 << shape.cap_height(height)).sum();
        let fixed = part(self, "ROUND_CAP_DATA", round_caps);
        self.set("SIBLING_BYTES", element * siblings);
        self.set("TRACE_CAP_BYTES", cap);
        self.set("QUOTIENT_CAP_BYTES", cap);
        self.set("FIXED_BYTES", fixed);
    }

    fn memory(&mut self, shape: &Shape, longest_seed: usize, tape: usize, slots: usize) {
        let queries = shape.parameters.num_queries;
        let rounds = shape.log_arities.len();
        let cap = self.get("TRACE_CAP_BYTES");
        let element = self.get("ELEMENT_BYTES");
        let longest_row = (8 * self.get("POWER_COUNT")).max(element << 4);
        // The most that is hashed at once: a seed, and a cap or two with public values, or opened values.
        let observed = 2 * cap + 8 * shape.public_values + element * shape.opened().max(self.get("FINAL_LENGTH"));
        let trees = shape.input_trees() + rounds;
        let common = [
            ("BUFFER", (longest_seed + observed).div_ceil(32) + 4),
            ("LEFT", 1),
            ("PUBLIC", shape.public_values),
            ("OPENED", shape.opened() + 1),
            ("PREPROCESSED_CAP", if shape.preprocessed_width > 0 { cap / 32 } else { 0 }),
        ];
        let constraints = [
            ("SELECTORS", 3),
            ("PERIODIC", shape.periodic_columns),
            ("SQUARES", shape.log_rows + 1),
            ("CHUNK_FACTORS", 2 * shape.chunks),
            ("TAPE", tape.div_ceil(32) + 1),
            ("SLOTS", slots),
        ];
        let openings = [
            ("REDUCTION", 6),
            ("POWERS", self.get("POWER_COUNT") * shape.degree),
            ("BETAS", rounds),
            ("INDICES", queries),
            ("ORDER", queries + 1),
            ("POINTS", 2 * queries),
            ("INVERSES", 4 * queries),
            ("ROOTS", 2 * shape.log_height()),
            ("TWIDDLES", 32),
            ("EVALUATIONS", 16 * shape.degree),
            ("ROW", longest_row.div_ceil(32) + 1),
            ("CAP", cap / 32),
            ("NODES", 2 * (shape.log_height() + 1)),
            ("DIGESTS", queries * trees),
            ("FINAL", (self.get("QUERY_DATA") - self.get("FINAL_DATA")).div_ceil(32) + 1),
            ("SIBLINGS", self.get("SIBLING_BYTES").div_ceil(32) + 1),
        ];
        let start = self.places(&common, MEMORY_START);
        // Memory costs the more, the more there is: the openings take what the constraints leave.
        let end = self.places(&constraints, start).max(self.places(&openings, start));
        self.set("MEMORY_END", end);
        let trace = shape.trace_width * (1 + usize::from(shape.opens_next));
        self.set("OPENED_CHUNKS", self.get("OPENED") + 32 * trace);
    }

    /// Places of so many words each, from `at` on; returns where they end.
    fn places(&mut self, words: &[(&'static str, usize)], mut at: usize) -> usize {
        for &(name, words) in words {
            self.set(name, at);
            at += 32 * words;
        }
        at
    }
}
