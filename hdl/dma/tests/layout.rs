//! Uploads, downloads and gathers of any shape, from and to any pieces of host memory, under any timing.

mod support;

use karat_abi::engine::Engine;
use karat_verilator::Model;
use p3_field::PrimeField64;
use p3_goldilocks::Goldilocks;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::{Bench, Rows, any_timing, any_word, piece, scatter, seed, small, tiny};

fn canonical(word: u64) -> u64 {
    Goldilocks::new(word).as_canonical_u64()
}

fn any_rows(width: usize, log_half: usize, rng: &mut SmallRng) -> Rows {
    let rows = rng.random_range(1..=(4000 / width).clamp(1, 70));
    let stride = rows + rng.random_range(0..5);
    let card = rng.random_range(0..3000);
    Rows { card, stride, width, rows, log_group: rng.random_range(0..=Rows::largest_group(width, log_half)) }
}

/// Uploads a random matrix and compares all of card memory.
fn upload(bench: &mut Bench, shape: Rows, rng: &mut SmallRng) {
    let words: Vec<u64> = (0..shape.rows * shape.width).map(|_| any_word(rng)).collect();
    let mut jobs = Vec::new();
    let mut from = words.iter();
    let longest = [3, 40, 2000][rng.random_range(0..3)];
    for (at, length) in scatter(words.len(), longest.max(words.len() / 60), rng) {
        for (target, word) in bench.host_memory.words[at..at + length].iter_mut().zip(&mut from) {
            *target = *word;
        }
        jobs.push((Engine::HostRead, piece(at, length)));
    }
    jobs.push((Engine::CardWrite, shape.words()));
    let mut expected = bench.card_memory.words.clone();
    for row in 0..shape.rows {
        for column in 0..8 * shape.tiles() {
            let word = if column < shape.width { canonical(words[row * shape.width + column]) } else { 0 };
            expected[shape.index(row, column)] = word;
        }
    }
    bench.run(jobs, 2_000_000);
    assert!(expected == bench.card_memory.words, "{shape:?}: card memory differs");
}

/// Downloads rows of what is in card memory and compares all of host memory.
fn download(bench: &mut Bench, shapes: &[Rows], rng: &mut SmallRng) {
    let mut words = Vec::new();
    let mut jobs = Vec::new();
    for shape in shapes {
        jobs.push((Engine::CardRead, shape.words()));
        for row in 0..shape.rows {
            words.extend((0..shape.width).map(|column| bench.card_memory.words[shape.index(row, column)]));
        }
    }
    let mut expected = bench.host_memory.words.clone();
    let mut from = words.iter();
    let longest = [3, 40, 2000][rng.random_range(0..3)];
    for (at, length) in scatter(words.len(), longest.max(words.len() / 60), rng) {
        for (target, word) in expected[at..at + length].iter_mut().zip(&mut from) {
            *target = *word;
        }
        jobs.push((Engine::HostWrite, piece(at, length)));
    }
    bench.run(jobs, 2_000_000);
    assert!(expected == bench.host_memory.words, "{shapes:?}: host memory differs");
}

fn any_bench(model: &Model, rng: &mut SmallRng) -> Bench {
    Bench::new(model, any_timing(rng), any_timing(rng), rng.random())
}

fn widths() -> impl Iterator<Item = usize> {
    (1..=40).chain([180, 2633])
}

fn every_width(model: &Model, log_half: usize) {
    let mut rng = SmallRng::seed_from_u64(seed());
    let mut bench = any_bench(model, &mut rng);
    for (number, width) in widths().enumerate() {
        if number % 7 == 6 {
            bench = any_bench(model, &mut rng);
        }
        let shape = any_rows(width, log_half, &mut rng);
        upload(&mut bench, shape, &mut rng);
        download(&mut bench, &[shape], &mut rng);
    }
}

#[test]
fn every_width_goes_up_and_down() {
    every_width(&tiny(), 9);
}

#[test]
fn every_width_goes_up_and_down_with_small_rings() {
    every_width(&small(), 6);
}

#[test]
fn every_group_size_and_short_last_groups() {
    let model = tiny();
    let mut rng = SmallRng::seed_from_u64(seed());
    let mut bench = any_bench(&model, &mut rng);
    for width in [1, 8, 9, 23, 180] {
        for log_group in 0..=Rows::largest_group(width, 9) {
            let rows = (rng.random_range(1..=3 << log_group)).min(12_000 / width).max(1);
            let shape = Rows { card: 77, stride: rows + 3, width, rows, log_group };
            upload(&mut bench, shape, &mut rng);
            download(&mut bench, &[shape], &mut rng);
        }
    }
}

#[test]
fn rows_are_gathered_in_order() {
    for model in [tiny(), small()] {
        let mut rng = SmallRng::seed_from_u64(seed());
        for width in [1, 7, 8, 20, 180, 700] {
            let mut bench = any_bench(&model, &mut rng);
            let row = |rng: &mut SmallRng| {
                let card = rng.random_range(0..4000);
                Rows { card, stride: rng.random_range(1..200), width, rows: 1, log_group: 0 }
            };
            let rows: Vec<Rows> = (0..40).map(|_| row(&mut rng)).collect();
            download(&mut bench, &rows, &mut rng);
        }
    }
}

#[test]
fn both_directions_run_at_once() {
    let model = tiny();
    let mut rng = SmallRng::seed_from_u64(seed());
    for _ in 0..6 {
        let mut bench = any_bench(&model, &mut rng);
        let up = Rows { card: 100, stride: 80, width: 21, rows: 70, log_group: 4 };
        let down = Rows { card: 10_000, stride: 50, width: 37, rows: 50, log_group: 5 };
        let words: Vec<u64> = (0..up.width * up.rows).map(|_| any_word(&mut rng)).collect();
        bench.host_memory.words[5..5 + words.len()].copy_from_slice(&words);
        let target = 40_003;
        let jobs = [
            (Engine::HostRead, piece(5, words.len())),
            (Engine::HostWrite, piece(target, down.width * down.rows)),
            (Engine::CardRead, down.words()),
            (Engine::CardWrite, up.words()),
        ];
        let mut card = bench.card_memory.words.clone();
        let mut host = bench.host_memory.words.clone();
        for row in 0..up.rows {
            for column in 0..8 * up.tiles() {
                let word = if column < up.width { canonical(words[row * up.width + column]) } else { 0 };
                card[up.index(row, column)] = word;
            }
        }
        for row in 0..down.rows {
            for column in 0..down.width {
                host[target + row * down.width + column] = bench.card_memory.words[down.index(row, column)];
            }
        }
        bench.run(jobs, 200_000);
        assert!(card == bench.card_memory.words && host == bench.host_memory.words);
    }
}

#[test]
fn a_seed_gives_the_same_cycles() {
    let model = tiny();
    let number = seed();
    let run = || {
        let mut rng = SmallRng::seed_from_u64(number);
        let mut bench = any_bench(&model, &mut rng);
        for width in [3, 64, 100] {
            let shape = any_rows(width, 9, &mut rng);
            upload(&mut bench, shape, &mut rng);
            download(&mut bench, &[shape], &mut rng);
        }
        bench.cycles
    };
    assert_eq!(run(), run());
}
