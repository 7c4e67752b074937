//! Sponges over one matrix and several, tile-major and flat, compressions, and searches.

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
        let keccak = if pair.rng.random() { hash::KECCAK } else { 0 };
        let descriptor = |pair: &mut Pair, width: u32, mode: u32| {
            let mode = mode | keccak;
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
            let width = pair.rng.random_range(1..40);
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

#[test]
fn flat_leaves() {
    let mut pair = Pair::new(20, 1 << 20);
    for index in 0..hash::CONSTANTS {
        let constant = word(&mut pair.rng);
        pair.fill(Engine::Hash, index, constant, 1, 1);
    }
    for trial in 0..60 {
        let log_words = 2 + trial % 5;
        let skip = pair.rng.random();
        let columns = if skip { (1 << log_words) / 4 * 3 } else { 1 << log_words };
        let (width, rows) = (pair.rng.random_range(1..=columns), pair.rng.random_range(1..100));
        let form = if log_words == 2 { hash::PAIRS } else { (log_words - 3) << hash::LOG_ROW_STRIDE };
        let keccak = if pair.rng.random() { hash::KECCAK } else { 0 };
        let mode = hash::FIRST | hash::LAST | form | keccak | if skip { hash::SKIP } else { 0 };
        let src = pair.rng.random_range(0..HALF - 1600);
        let out = 2 * HALF + pair.rng.random_range(0..HALF);
        pair.push(Engine::Hash, &[src, 1, width, rows, out, mode]);
        pair.finish(&format!("trial {trial}: {rows} rows of 2^{log_words} words, {width} columns, mode {mode:#x}"));
    }
}

#[test]
fn searches() {
    let mut pair = Pair::new(21, 1 << 20);
    for index in (0..hash::CONSTANTS).chain(hash::STATE..hash::STATE + 25) {
        let value = word(&mut pair.rng);
        pair.fill(Engine::Hash, index, value, 1, 1);
    }
    for trial in 0..100 {
        let first: u64 = pair.rng.random_range(0..1 << 40);
        let candidates = pair.rng.random_range(1..40);
        let (keccak, places, samples) = if trial % 2 == 0 { (hash::KECCAK, 17, 4) } else { (0, 8, 8) };
        let (position, sampled) = (pair.rng.random_range(0..places), pair.rng.random_range(0..samples));
        let mask = (1 << (trial % 8)) - 1;
        let places = position | sampled << hash::SAMPLED;
        pair.push(Engine::Hash, &[first as u32, (first >> 32) as u32, mask, candidates, places, hash::GRIND | keccak]);
        pair.finish(&format!("trial {trial}: {candidates} candidates from {first}, mask {mask:#x}"));
    }
}
