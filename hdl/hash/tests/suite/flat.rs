//! Flat matrices as leaves, against p3.

use crate::support::plan::Flat;
use crate::support::{Bench, Config, Constants, Hash, KeccakTree, Shape, seed};
use crate::{sponge, tree};
use karat_hdl_base::testing::memory::Timing;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Every form of a flat matrix.
fn forms() -> impl Iterator<Item = Flat> {
    (2..=6).flat_map(|log_words| [false, true].map(|skip| Flat { log_words, skip }))
}

#[test]
fn rows_of_every_form_and_number() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    for (config, numbers) in [
        (Config::tiny(), &[1, 2, 3, 64, 127, 128, 129, 300][..]),
        (Config::narrow(), &[1, 2, 7, 8, 9, 30]),
        (Config::wide(), &[1, 5, 255, 256, 258]),
    ] {
        let constants = Constants::random(&mut rng);
        let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 12, &constants);
        for flat in forms() {
            for &rows in numbers {
                for hash in [&constants as &dyn Hash, &KeccakTree] {
                    sponge::check_shapes(&mut bench, &config, hash, &mut rng, rows, &[Shape::Flat(flat)]);
                }
            }
        }
    }
}

#[test]
fn leaves_over_flat_and_tile_major_matrices() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    for config in [Config::tiny(), Config::narrow(), Config::wide()] {
        let constants = Constants::random(&mut rng);
        let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 14, &constants);
        for _ in 0..12 {
            let rows = rng.random_range(1..=300);
            let shapes: Vec<Shape> = (0..rng.random_range(2..5)).map(|_| Shape::random(&mut rng)).collect();
            for hash in [&constants as &dyn Hash, &KeccakTree] {
                sponge::check_shapes(&mut bench, &config, hash, &mut rng, rows, &shapes);
            }
        }
    }
}

#[test]
fn rows_under_congestion() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::narrow();
    let constants = Constants::random(&mut rng);
    let mut bench = Bench::new(&config, seed, Timing::CONGESTED, 1 << 10, &constants);
    for flat in forms() {
        let rows = rng.random_range(1..=20);
        for hash in [&constants as &dyn Hash, &KeccakTree] {
            sponge::check_shapes(&mut bench, &config, hash, &mut rng, rows, &[Shape::Flat(flat)]);
        }
    }
}

#[test]
fn trees_over_one_flat_matrix() {
    let seed = seed();
    let config = Config::tiny();
    for flat in forms() {
        for log_height in [0, 1, 3, 8] {
            tree::check_shapes(&config, Timing::ROUGH, seed, &[(1 << log_height, Shape::Flat(flat))], 0);
        }
    }
}

#[test]
fn trees_over_flat_and_tile_major_matrices() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let flat = |log_words, skip| Shape::Flat(Flat { log_words, skip });
    for config in [Config::tiny(), Config::narrow(), Config::wide()] {
        for shapes in [
            &[
                (64, flat(2, true)),
                (64, Shape::Tiles(3)),
                (32, flat(4, true)),
                (8, Shape::Tiles(9)),
                (8, flat(3, true)),
            ][..],
            &[(256, Shape::Tiles(5)), (256, flat(6, false)), (128, flat(2, false)), (1, flat(2, true))],
        ] {
            tree::check_shapes(&config, Timing::ROUGH, seed, shapes, 0);
        }
        let mut shapes: Vec<(u32, Shape)> =
            (0..4).map(|_| (1 << rng.random_range(0..8), Shape::random(&mut rng))).collect();
        shapes.sort_by_key(|&(rows, _)| std::cmp::Reverse(rows));
        tree::check_shapes(&config, Timing::ROUGH, seed, &shapes, 0);
    }
}
