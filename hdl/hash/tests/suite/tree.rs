//! Trees, planned as the README says, against p3's MerkleTreeMmcs.

use crate::support::{Bench, Config, Constants, Digest, Hash, KeccakTree, Matrix, Shape, plan, seed};
use karat_hdl_base::testing::memory::Timing;
use p3_goldilocks::Goldilocks;
use p3_matrix::dense::RowMajorMatrix;
use rand::SeedableRng;
use rand::rngs::SmallRng;

/// p3's cap over matrices in the order given.
fn cap(hash: &dyn Hash, matrices: &[Matrix], cap_height: u32) -> Vec<Digest> {
    let matrices = matrices
        .iter()
        .map(|matrix| {
            let words = matrix.rows.iter().flatten().map(|&word| Goldilocks::new(word)).collect();
            RowMajorMatrix::new(words, matrix.width as usize)
        })
        .collect();
    hash.cap(matrices, cap_height)
}

/// The tree over random tile-major matrices of these heights and widths, tallest first.
fn check(config: &Config, timing: Timing, seed: u64, shapes: &[(u32, u32)], cap_height: u32) {
    let shapes: Vec<(u32, Shape)> = shapes.iter().map(|&(rows, width)| (rows, Shape::Tiles(width))).collect();
    check_shapes(config, timing, seed, &shapes, cap_height);
}

/// The tree over random matrices of these heights, tallest first.
pub fn check_shapes(config: &Config, timing: Timing, seed: u64, shapes: &[(u32, Shape)], cap_height: u32) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let constants = Constants::random(&mut rng);
    let mut bench = Bench::new(config, seed, timing, 1 << 15, &constants);
    let mut at = 0;
    let matrices: Vec<Matrix> = shapes
        .iter()
        .map(|&(rows, shape)| {
            let matrix = Matrix::of(&mut bench, &mut rng, at, rows, shape);
            at += matrix.beats();
            matrix
        })
        .collect();
    let (heap, scratch) = (at, at + shapes[0].0);
    let plans: Vec<plan::Matrix> = matrices.iter().map(Matrix::plan).collect();
    for hash in [&constants as &dyn Hash, &KeccakTree] {
        bench.execute(&hash.of(plan::tree(&plans, heap, scratch, cap_height, config.log_batch)));
        let cap_nodes: Vec<Digest> =
            (0..1 << cap_height).map(|i| bench.memory.node(2 * heap + (1 << cap_height) + i)).collect();
        assert_eq!(cap_nodes, cap(hash, &matrices, cap_height), "{shapes:?}, cap {cap_height}");
        // The levels below the cap, which openings take.
        for node in 1 << cap_height..shapes[0].0 {
            if !shapes.iter().any(|&(rows, _)| rows == 1 << node.ilog2()) {
                let [left, right] = [0, 1].map(|i| bench.memory.node(2 * (heap + node) + i));
                assert_eq!(bench.memory.node(2 * heap + node), hash.compress(left, right), "node {node}");
            }
        }
    }
}

#[test]
fn one_matrix_of_every_height() {
    let seed = seed();
    let config = Config::tiny();
    for log_height in 0..=10 {
        check(&config, Timing::ROUGH, seed + u64::from(log_height), &[(1 << log_height, 3 + log_height)], 0);
    }
    check(&config, Timing::STEADY, seed, &[(512, 7)], 3);
}

#[test]
fn matrices_of_uneven_heights() {
    let seed = seed();
    for config in [Config::tiny(), Config::narrow(), Config::wide()] {
        for (shapes, cap_height) in [
            (&[(64, 5), (64, 9), (32, 3), (4, 17), (4, 1), (1, 2)][..], 0),
            (&[(256, 2), (16, 11), (8, 6)], 3),
            (&[(256, 6), (256, 7), (128, 13), (64, 1), (64, 2), (64, 3)], 0),
            (&[(512, 4), (8, 5)], 3),
            (&[(2, 1), (1, 1)], 0),
            (&[(8, 1)], 3),
        ] {
            check(&config, Timing::ROUGH, seed, shapes, cap_height);
        }
    }
}

#[test]
fn a_tree_under_congestion() {
    let seed = seed();
    check(&Config::tiny(), Timing::CONGESTED, seed, &[(128, 5), (32, 9)], 0);
}
