//! How much of its time the pipeline is fed, from the engine's counters.

use crate::support::{Bench, Descriptor, FAST, model};
use karat_abi::engine::ntt::{
    BLOCKS, DIRECT, DST, DST_BLOCK, DST_STRIDE, DST_TILE, EXTEND, INVERSE, MODE, SHAPE, SRC_REVERSE, SRC_STRIDE,
    SRC_TILE, TILES, TRANSPOSE, WORDS,
};
use karat_abi::registers::engine as map;

/// Runs one descriptor and returns the share of its cycles in which a beat that counts went in.
fn rate(lanes: usize, name: &str, words: &Descriptor, beats: usize) -> f64 {
    let model = model(lanes, if lanes == 8 { 8 } else { 10 });
    let mut bench = Bench::new(&model, beats, FAST, 31);
    bench.push(words);
    bench.finish(0);
    let [busy, starved, stalled, work] =
        [map::BUSY_LO, map::STARVED_LO, map::STALLED_LO, map::WORK_LO].map(|counter| bench.counter(counter));
    let rate = (work * (8 / lanes as u64)) as f64 / busy as f64;
    println!("{lanes} lanes, {name}: {work} beats in {busy} cycles, {starved} starved, {stalled} stalled: {rate:.3}");
    assert!(busy >= starved + stalled);
    rate
}

fn extend(lanes: usize, frame: usize, tiles: usize, blocks: usize) -> f64 {
    let rows = 1 << frame;
    let mut words: Descriptor = [0; WORDS];
    words[SRC_TILE] = rows as u32;
    words[DST] = (tiles * rows) as u32;
    words[DST_TILE] = (blocks * rows) as u32;
    words[DST_BLOCK] = rows as u32;
    words[SHAPE] = (frame | frame << 8 | frame << 16) as u32;
    words[TILES] = tiles as u32;
    words[BLOCKS] = blocks as u32;
    words[MODE] = EXTEND;
    let name = format!("extension of {tiles} tiles of 2^{frame} rows by {blocks}");
    rate(lanes, &name, &words, tiles * rows * (1 + blocks))
}

fn pass(lanes: usize, kind: u32, frame: usize, q: usize, tiles: usize) -> f64 {
    let mut words: Descriptor = [0; WORDS];
    let whole = tiles << frame;
    words[SRC_STRIDE] = (tiles << q) as u32;
    words[SRC_TILE] = 1 << q;
    words[DST] = whole as u32;
    let destination = if kind == TRANSPOSE { frame } else { q };
    words[DST_STRIDE] = (tiles << q) as u32;
    words[DST_TILE] = 1 << destination;
    words[SHAPE] = (frame | q << 8 | destination << 16 | q << 24) as u32;
    words[TILES] = tiles as u32;
    words[MODE] = kind;
    let name = format!("pass {kind} of {tiles} frames of 2^{frame}, interleave 2^{q}");
    rate(lanes, &name, &words, 2 * whole)
}

/// The first pass from a source in bit-reversed order: beat by beat on both sides, the destination's two beats apart.
fn reversed_pass(lanes: usize, frame: usize, q: usize, tiles: usize) -> f64 {
    let mut words: Descriptor = [0; WORDS];
    words[SRC_STRIDE] = 1;
    words[SRC_TILE] = 1 << frame;
    words[DST] = (tiles << frame) as u32;
    words[DST_STRIDE] = 2;
    words[DST_TILE] = 2 << frame;
    words[SHAPE] = (frame | q << 24) as u32;
    words[TILES] = tiles as u32;
    words[MODE] = DIRECT | INVERSE | SRC_REVERSE;
    let name = format!("reversed pass of {tiles} frames of 2^{frame}, interleave 2^{q}");
    rate(lanes, &name, &words, 3 * (tiles << frame))
}

#[test]
fn rate_of_2_lanes() {
    // One frame of eight pushes the last results out.
    assert!(extend(2, 10, 2, 2) >= 6.0 / 7.0 * 0.97);
    assert!(extend(2, 10, 8, 2) >= 0.94);
    assert!(extend(2, 10, 8, 8) >= 0.97);
    assert!(extend(2, 6, 32, 2) >= 0.9);
    assert!(pass(2, DIRECT, 10, 5, 16) >= 0.93);
    assert!(pass(2, TRANSPOSE, 10, 5, 32) >= 0.9);
    assert!(reversed_pass(2, 10, 5, 16) >= 0.9);
}

#[test]
fn rate_of_8_lanes() {
    assert!(extend(8, 8, 16, 2) >= 0.94);
    assert!(pass(8, DIRECT, 8, 4, 32) >= 0.93);
    // A bank is free when all of its frame has gone out, which takes the latency of the pipeline and 2^q beats of every frame.
    assert!(pass(8, TRANSPOSE, 8, 4, 64) >= 0.75);
    assert!(reversed_pass(8, 8, 4, 32) >= 0.9);
}
