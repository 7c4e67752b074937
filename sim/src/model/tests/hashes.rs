//! Sponges over one matrix and several, and compressions.

use karat_abi::engine::{Engine, hash};
use rand::RngExt;

use super::{HALF, Pair, word};

#[test]
fn sponges_and_compressions() {
    let mut pair = Pair::new(13, 1 << 20);
    for index in 0..hash::CONSTANTS {
        let constant = word(&mut pair.rng);
        pair.fill(Engine::Hash, index, constant, 1, 1);
    }
    for trial in 0..60 {
        let rows = [1, 2, 7, 8, 9, 64, 200][trial % 7];
        let spread = if pair.rng.random() { hash::SPREAD } else { 0 };
        let descriptor = |pair: &mut Pair, width: u32, mode: u32| {
            let stride = rows + pair.rng.random_range(0..9);
            let src = pair.rng.random_range(0..HALF - width.div_ceil(8) * stride);
            let out = 2 * HALF + pair.rng.random_range(0..2 * HALF - 2 * rows);
            pair.push(Engine::Hash, &[src, stride, width, rows, out, mode]);
            pair.finish(&format!("trial {trial}: {rows} rows, {width} columns, mode {mode}"));
        };
        if trial % 3 == 0 {
            descriptor(&mut pair, 8, hash::COMPRESS | spread);
            continue;
        }
        let matrices = pair.rng.random_range(1..5);
        for matrix in 0..matrices {
            let width = pair.rng.random_range(1..30);
            let first = if matrix == 0 { hash::FIRST } else { 0 };
            let last = if matrix + 1 == matrices { hash::LAST } else { 0 };
            descriptor(&mut pair, width, first | last | spread);
        }
    }
    // Other constants are taken from the next descriptor on.
    let constant = word(&mut pair.rng);
    pair.fill(Engine::Hash, 64, constant, 1, 1);
    pair.push(Engine::Hash, &[0, 0, 8, 20, 2 * HALF, hash::COMPRESS]);
    pair.finish("another constant");
}
