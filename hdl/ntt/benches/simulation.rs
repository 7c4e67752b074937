//! What the engine costs in simulation: nanoseconds a cycle, at work and idle.

#[path = "../tests/suite/support/mod.rs"]
mod support;

use std::time::Instant;

use karat_abi::engine::ntt::{BLOCKS, DST, DST_BLOCK, DST_TILE, EXTEND, MODE, SHAPE, SRC_TILE, TILES, WORDS};
use support::{Bench, Descriptor, FAST, model};

/// The lowest of several runs, with what the bench around the engine costs.
fn measure(lanes: usize, log_buffer: usize) {
    let model = model(lanes, log_buffer);
    let (rows, tiles) = (1 << log_buffer, 16);
    let mut words: Descriptor = [0; WORDS];
    words[SRC_TILE] = rows;
    words[DST] = tiles * rows;
    words[DST_TILE] = 2 * rows;
    words[DST_BLOCK] = rows;
    let log = log_buffer as u32;
    words[SHAPE] = log | log << 8 | log << 16;
    words[TILES] = tiles;
    words[BLOCKS] = 2;
    words[MODE] = EXTEND;
    let mut bench = Bench::new(&model, (3 * tiles * rows) as usize, FAST, 1);
    let (mut work, mut idle) = (f64::MAX, f64::MAX);
    for _ in 0..5 {
        let (start, before) = (Instant::now(), bench.cycles);
        bench.push(&words);
        bench.finish(0);
        work = work.min(start.elapsed().as_nanos() as f64 / (bench.cycles - before) as f64);
        let start = Instant::now();
        for _ in 0..100_000 {
            bench.cycle();
        }
        idle = idle.min(start.elapsed().as_nanos() as f64 / 100_000.0);
    }
    println!("{lanes} lanes, buffer 2^{log_buffer}: {work:.0} ns a cycle at work, {idle:.0} ns idle, bench included");
}

fn main() {
    measure(2, 10);
    measure(8, 8);
}
