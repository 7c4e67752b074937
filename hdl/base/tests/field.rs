//! Field arithmetic against p3-goldilocks: all pairs of edge values, then random vectors, one a cycle.

use std::time::Instant;

use karat_hdl_base::field::{Add, Canonicalise, Halve, Multiply, Negate, PRIME, Rotate, Square, Sub, rotation};
use karat_hdl_base::testing::{design, synthesis_form};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rust_hdl::prelude::Block;

const RANDOM: usize = 100_000;

/// Values around every boundary of the reductions.
fn edges(canonical: bool) -> Vec<u64> {
    let around = [0, 1 << 16, 1 << 31, 1 << 32, 1 << 33, 1 << 48, 1 << 63, PRIME, PRIME >> 1, PRIME - (1 << 32)];
    let mut values: Vec<u64> =
        around.iter().flat_map(|v| (0..5_u64).map(move |d| v.wrapping_add(d).wrapping_sub(2))).collect();
    values.extend([0xffff_ffff_0000_0000, 0xffff_ffff_8000_0000, u64::MAX - 1]);
    if canonical {
        values.retain(|v| *v < PRIME);
    }
    values.sort();
    values.dedup();
    values
}

/// How the second operand of a case is drawn.
#[derive(Clone, Copy, PartialEq)]
enum Second {
    Element,
    /// A power of two from 0 to 191, given to the block in its encoding.
    Power,
}

/// A block of one or two operands and its meaning.
struct Case {
    operands: &'static [&'static str],
    result: &'static str,
    latency: usize,
    canonical: bool,
    second: Second,
    expected: fn(Goldilocks, Goldilocks) -> Goldilocks,
}

fn vectors(case: &Case, rng: &mut SmallRng) -> Vec<[u64; 2]> {
    let edges = edges(case.canonical);
    let powers: Vec<u64> = (0..192).collect();
    let seconds = if case.second == Second::Power { &powers } else { &edges };
    let mut vectors: Vec<[u64; 2]> = edges.iter().flat_map(|a| seconds.iter().map(move |b| [*a, *b])).collect();
    let limit = if case.canonical { PRIME - 1 } else { u64::MAX };
    let limits = [limit, if case.second == Second::Power { 191 } else { limit }];
    vectors.extend((0..RANDOM).map(|_| limits.map(|limit| rng.random_range(0..=limit))));
    vectors
}

/// Both forms of the Verilog give Plonky3's results, each exactly `latency` cycles after its operands.
fn check<T: Block>(name: &str, build: impl Fn() -> T + Send + Copy, case: &Case) {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let vectors = vectors(case, &mut rng);
    let expected: Vec<u64> = vectors
        .iter()
        .map(|[a, b]| (case.expected)(Goldilocks::new(*a), Goldilocks::new(*b)).as_canonical_u64())
        .collect();
    let drive = |vector: &[u64; 2]| match case.second {
        Second::Element => *vector,
        Second::Power => [vector[0], rotation(vector[1] as u32).into()],
    };
    let fast = design(name, build).unwrap();
    for (form, design) in [("fast", fast.clone()), ("synthesis", synthesis_form(fast))] {
        let model = design.build().unwrap();
        let operands: Vec<_> = case.operands.iter().map(|name| model.port(name).unwrap()).collect();
        let result = model.port(case.result).unwrap();
        let mut dut = model.instance(seed);
        let mut results = Vec::with_capacity(vectors.len());
        let start = Instant::now();
        for vector in vectors.iter().chain(std::iter::repeat_n(&[0, 0], case.latency)) {
            for (port, value) in operands.iter().zip(drive(vector)) {
                dut.set(*port, value);
            }
            dut.cycle();
            results.push(dut.get(result));
        }
        let time = start.elapsed().as_nanos() as f64 / results.len() as f64;
        println!("{name}, {form} form: {time:.1} ns a cycle with the test's own work");
        for (at, vector) in vectors.iter().enumerate() {
            // The edge that takes the operands is the first of the latency.
            let got = results[at + case.latency - 1];
            assert_eq!(got, expected[at], "{name}, {form} form: {vector:x?} gave {got:x}, not {:x}", expected[at]);
        }
    }
}

macro_rules! arithmetic {
    ($($test:ident: $block:ident($($operand:literal),+) -> $result:literal, canonical $canonical:literal, $expected:expr;)*) => {$(
        #[test]
        fn $test() {
            let second = if [$($operand),+].contains(&"amount") { Second::Power } else { Second::Element };
            check(concat!("test_", stringify!($test)), $block::default, &Case {
                operands: &[$($operand),+],
                result: $result,
                latency: $block::LATENCY,
                canonical: $canonical,
                second,
                expected: $expected,
            });
        }
    )*};
}

arithmetic! {
    add: Add("a", "b") -> "sum", canonical true, |a, b| a + b;
    sub: Sub("a", "b") -> "difference", canonical true, |a, b| a - b;
    multiply: Multiply("a", "b") -> "product", canonical false, |a, b| a * b;
    square: Square("value") -> "square", canonical false, |a, _| a * a;
    rotate: Rotate("value", "amount") -> "result", canonical false, |a, k| a * Goldilocks::TWO.exp_u64(k.as_canonical_u64());
    canonicalise: Canonicalise("value") -> "canonical", canonical false, |a, _| a;
    halve: Halve("value") -> "half", canonical true, |a, _| a.halve();
    negate: Negate("value") -> "negative", canonical true, |a, _| -a;
}
