//! Leaf digests against p3's sponge.

use crate::support::plan::{self, leaves};
use crate::support::{Bench, Config, Constants, Hash, KeccakTree, Matrix, Shape, seed};
use karat_hdl_base::testing::memory::Timing;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Leaf digests of random tile-major matrices of one height.
fn check(bench: &mut Bench, config: &Config, hash: &dyn Hash, rng: &mut SmallRng, rows: u32, widths: &[u32]) {
    let shapes: Vec<Shape> = widths.iter().map(|&width| Shape::Tiles(width)).collect();
    check_shapes(bench, config, hash, rng, rows, &shapes);
}

/// Random matrices of one height one after the other in memory, then their leaf digests.
pub fn check_shapes(
    bench: &mut Bench,
    config: &Config,
    hash: &dyn Hash,
    rng: &mut SmallRng,
    rows: u32,
    shapes: &[Shape],
) {
    let mut at = rng.random_range(0..3);
    let matrices: Vec<Matrix> = shapes
        .iter()
        .map(|&shape| {
            let matrix = Matrix::of(bench, rng, at, rows, shape);
            at += matrix.beats() + rng.random_range(0..3);
            matrix
        })
        .collect();
    let spread = rng.random();
    let out = 2 * at + rng.random_range(0..4);
    let marker: [u64; 8] = rng.random();
    bench.memory.beats[at as usize..].fill(marker);
    let plans: Vec<plan::Matrix> = matrices.iter().map(Matrix::plan).collect();
    bench.execute(&hash.of(leaves(&plans, out, spread, config.log_batch)));
    let step = if spread { 2 } else { 1 };
    for row in 0..rows {
        let leaf: Vec<u64> = matrices.iter().flat_map(|matrix| matrix.rows[row as usize].iter().copied()).collect();
        let digest = bench.memory.node(out + step * row);
        assert_eq!(digest, hash.sponge(&leaf), "row {row} of {rows}, {shapes:?}");
    }
    // Nothing else was written.
    let marker = [&marker[..4], &marker[4..]];
    let written = (0..rows).map(|row| out + step * row).collect::<std::collections::HashSet<u32>>();
    for node in 2 * at..(out + step * rows + 8) {
        if !written.contains(&node) {
            assert_eq!(bench.memory.node(node), marker[node as usize % 2], "node {node} of {out}..");
        }
    }
}

#[test]
fn every_width_from_1_to_40() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::tiny();
    let constants = Constants::random(&mut rng);
    let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 12, &constants);
    for width in 1..=40 {
        let rows = rng.random_range(1..=24);
        for hash in [&constants as &dyn Hash, &KeccakTree] {
            check(&mut bench, &config, hash, &mut rng, rows, &[width]);
        }
    }
}

#[test]
fn any_number_of_rows_from_1_to_300() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::tiny();
    let constants = Constants::standard();
    let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 12, &constants);
    for rows in [1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 100, 127, 128, 129, 130, 191, 255, 256, 257, 300] {
        let width = rng.random_range(1..=17);
        for hash in [&constants as &dyn Hash, &KeccakTree] {
            check(&mut bench, &config, hash, &mut rng, rows, &[width]);
        }
    }
}

#[test]
fn wide_rows_in_several_batches() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::tiny();
    let constants = Constants::random(&mut rng);
    let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 13, &constants);
    for hash in [&constants as &dyn Hash, &KeccakTree] {
        check(&mut bench, &config, hash, &mut rng, 192, &[180]);
    }
}

#[test]
fn leaves_over_several_matrices_whose_blocks_cross_their_boundaries() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    for config in [Config::tiny(), Config::narrow(), Config::wide()] {
        let constants = Constants::random(&mut rng);
        let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 14, &constants);
        for widths in [&[1, 1][..], &[1, 2, 1], &[3, 3, 3, 3], &[5, 7], &[2, 8, 1, 16, 3], &[4, 4], &[9, 17, 6]] {
            let rows = rng.random_range(1..=20);
            for hash in [&constants as &dyn Hash, &KeccakTree] {
                check(&mut bench, &config, hash, &mut rng, rows, widths);
            }
        }
        for _ in 0..6 {
            let rows = rng.random_range(1..=300);
            let widths: Vec<u32> = (0..rng.random_range(2..5)).map(|_| rng.random_range(1..20)).collect();
            for hash in [&constants as &dyn Hash, &KeccakTree] {
                check(&mut bench, &config, hash, &mut rng, rows, &widths);
            }
        }
    }
}

#[test]
fn other_configurations_under_congestion() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    for config in [Config::narrow(), Config::wide()] {
        let constants = Constants::random(&mut rng);
        let mut bench = Bench::new(&config, seed, Timing::CONGESTED, 1 << 13, &constants);
        for rows in [1, 5, 8, 9, 40, 270] {
            let width = rng.random_range(1..=40);
            for hash in [&constants as &dyn Hash, &KeccakTree] {
                check(&mut bench, &config, hash, &mut rng, rows, &[width]);
            }
        }
    }
}

#[test]
fn rows_that_fill_blocks_of_keccak_or_nearly() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    for config in [Config::tiny(), Config::narrow(), Config::wide(), Config::six_rounds()] {
        let constants = Constants::random(&mut rng);
        let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 14, &constants);
        for width in [16, 17, 18, 33, 34, 35, 51, 52, 68, 180] {
            for rows in [1, 2, rng.random_range(3..300)] {
                check(&mut bench, &config, &KeccakTree, &mut rng, rows, &[width]);
            }
        }
        for widths in [&[17, 17][..], &[16, 1], &[1, 16, 17], &[9, 8, 1], &[12, 22]] {
            let rows = rng.random_range(1..300);
            check(&mut bench, &config, &KeccakTree, &mut rng, rows, widths);
        }
    }
}

#[test]
fn hashes_in_turns() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    for config in [Config::tiny(), Config::narrow(), Config::wide()] {
        let constants = Constants::random(&mut rng);
        let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 14, &constants);
        // Without a pause: the next descriptor is queued while one runs.
        let (mut at, mut descriptors, mut expected) = (0, Vec::new(), Vec::new());
        let hashes = [&constants as &dyn Hash, &KeccakTree];
        for turn in 0..8 {
            let (rows, width) = (rng.random_range(1..=150), rng.random_range(1..=20));
            let matrix = Matrix::random(&mut bench, &mut rng, at, rows, width);
            let out = at + matrix.beats();
            at = out + rows.div_ceil(2);
            descriptors.extend(hashes[turn % 2].of(leaves(&[matrix.plan()], 2 * out, false, config.log_batch)));
            expected.extend((2 * out..).zip(matrix.rows.iter().map(|row| hashes[turn % 2].sponge(row))));
        }
        bench.execute(&descriptors);
        for (node, digest) in expected {
            assert_eq!(bench.memory.node(node), digest, "node {node}");
        }
    }
}

#[test]
fn a_leaf_that_does_not_end_leaves_nothing() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::narrow();
    let constants = Constants::random(&mut rng);
    let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 10, &constants);
    for hash in [&constants as &dyn Hash, &KeccakTree] {
        for width in [3, 16, 17, 20] {
            let matrix = Matrix::random(&mut bench, &mut rng, 0, 8, width);
            let plan = matrix.plan();
            let mut begun = hash.of(leaves(&[plan, plan], 0, false, config.log_batch));
            begun.truncate(1);
            bench.execute(&begun);
            check(&mut bench, &config, hash, &mut rng, 7, &[5]);
        }
    }
}
