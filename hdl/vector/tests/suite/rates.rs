//! What the counters say about the rate of the multipliers, and about the time between descriptors.

use karat_abi::registers::engine as map;
use karat_abi::vector::{Instruction, Load, Operand, Product, ProductOp, Row, Sum, SumOp};
use karat_hdl_base::testing::engine::Bench;
use karat_hdl_base::testing::memory::Timing;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::support::job::Shape;
use crate::support::jobs::Jobs;
use crate::support::program::Program;
use crate::support::{model, seed};

/// A product and a sum an instruction; a tile is read by `reads` instructions, one behind the other; eight outputs at the end.
fn program(tiles: usize, reads: usize, writes: bool) -> Program {
    let length = tiles * reads;
    let instructions = (0..length)
        .map(|at| {
            let register = (at % 64) as u16;
            let (a, b) = (Operand::Tile((at / reads) as u8, (at % 8) as u8), Operand::Table(register as u8));
            let product = Product { op: ProductOp::Multiply, a, b, c: Operand::Product(0), to: register };
            let output = writes && at + 8 >= length;
            let sum = Sum { op: SumOp::Add, a, b, to: register, exchange: 0, output };
            let (first, last) = (at % reads == 0, (at + 1) % reads == 0);
            let (need, release) = (first.into(), last.into());
            Instruction { product: Some(product), sum: Some(sum), need, release, last: at + 1 == length }
        })
        .collect();
    let loads = (0..tiles).map(|at| Load { tile: at as u16, row: Row::Own, slot: at as u8, ..Load::default() });
    Program::with(instructions, loads.collect(), tiles)
}

/// Runs jobs; returns busy cycles, products, and cycles starved and stalled.
fn measure(bench: &mut Bench, jobs: &Jobs) -> [u64; 4] {
    let counters = [map::BUSY_LO, map::WORK_LO, map::STARVED_LO, map::STALLED_LO];
    let before = counters.map(|counter| bench.counter(counter));
    jobs.check(bench);
    let after = counters.map(|counter| bench.counter(counter));
    std::array::from_fn(|i| after[i] - before[i])
}

fn check<const LANES: usize>() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = model::<LANES>();
    let mut bench = Bench::new(&model, seed, Timing { jitter: 20, ..Timing::STEADY }, 1 << 16);
    let plain = Shape { log_unroll: 0, log_words: 3, matrix_words: [3; 4], ..Shape::random(&mut rng, LANES) };
    // The last waits for memory: a tile is loaded again when the run before has read it.
    for (what, tiles, reads, runs, writes, least) in [
        ("long", 16, 32, 40, true, 0.95),
        ("without outputs", 16, 32, 40, false, 0.95),
        ("streamed", 40, 32, 20, true, 0.95),
        ("a tile in eight instructions", 32, 8, 100, true, 0.95),
        ("short", 4, 16, 200, true, 0.6),
    ] {
        let shape = Shape { runs, writes, ..plain };
        let jobs = Jobs::new(&mut rng, LANES, vec![(shape, program(tiles, reads, writes))]);
        let [busy, work, starved, stalled] = measure(&mut bench, &jobs);
        assert_eq!(work, (tiles * reads * runs) as u64);
        println!(
            "{LANES} lanes, {what}: {} instructions, {tiles} tiles, {runs} runs: {work} products in {busy} cycles, \
             starved {starved}, stalled {stalled}: {:.3}",
            tiles * reads,
            work as f64 / busy as f64
        );
        assert!(work as f64 >= least * busy as f64);
    }
    // Descriptors of one run of 64 instructions.
    let mut bench = Bench::new(&model, seed, Timing::STEADY, 1 << 16);
    for writes in [false, true] {
        const DESCRIPTORS: u64 = 20;
        let shape = Shape { runs: 1, writes, ..plain };
        let jobs = Jobs::new(&mut rng, LANES, (0..DESCRIPTORS).map(|_| (shape, program(4, 16, writes))).collect());
        let [busy, work, ..] = measure(&mut bench, &jobs);
        println!(
            "{LANES} lanes, writes {writes}: {} cycles a descriptor besides instructions",
            (busy - work) / DESCRIPTORS
        );
        assert!(busy - work < 200 * DESCRIPTORS);
    }
}

#[test]
fn four_lanes_are_busy() {
    check::<4>();
}

#[test]
fn eight_lanes_are_busy() {
    check::<8>();
}
