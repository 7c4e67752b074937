//! What the counters say about the rate of the multipliers and of the rounds.

use std::time::Instant;

use crate::support::plan::{self, Descriptor, Flat, Search, compress, leaves, tree};
use crate::support::{Bench, Config, Constants, Hash, KeccakTree, Matrix, Shape, seed};
use karat_abi::registers::engine as map;
use karat_hdl_base::testing::memory::Timing;
use rand::SeedableRng;
use rand::rngs::SmallRng;

/// S-boxes of a permutation: eight in each of eight external rounds, one in each of 22 internal rounds.
const SBOXES: u64 = 8 * 8 + 22;

/// Runs descriptors and returns (busy cycles, permutations), with a line of figures.
fn measure(name: &str, bench: &mut Bench, descriptors: &[Descriptor]) -> (u64, u64) {
    let counters = [map::BUSY_LO, map::WORK_LO, map::STARVED_LO, map::STALLED_LO];
    let before = counters.map(|counter| bench.counter(counter));
    let (start, cycles) = (Instant::now(), bench.cycles);
    bench.execute(descriptors);
    let nanoseconds = start.elapsed().as_nanos() as f64 / (bench.cycles - cycles) as f64;
    let after = counters.map(|counter| bench.counter(counter));
    let [busy, work, starved, stalled] = std::array::from_fn(|i| after[i] - before[i]);
    println!(
        "{name}: {work} permutations in {busy} cycles, {:.2} a permutation, starved {starved}, stalled {stalled}; \
         {nanoseconds:.0} ns a cycle with the test bench",
        busy as f64 / work as f64
    );
    (busy, work)
}

#[test]
fn sponge_and_tree_keep_the_multipliers_busy() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let constants = Constants::standard();
    for config in [Config::tiny(), Config::wide()] {
        // Cycles of a permutation if every S-box took an element in every cycle.
        let interval = SBOXES as f64 / config.lanes as f64;
        let mut bench = Bench::new(&config, seed, Timing { jitter: 20, ..Timing::STEADY }, 1 << 16, &constants);
        let matrix = Matrix::random(&mut bench, &mut rng, 0, 1024, 180);
        let (heap, scratch) = (matrix.beats(), matrix.beats() + 1024);
        let sponge = leaves(&[matrix.plan()], 2 * heap + 1024, false, config.log_batch);
        let whole = tree(&[matrix.plan()], heap, scratch, 0, config.log_batch);
        for (name, descriptors, permutations) in [
            ("sponge of 180 columns, 1024 rows", &sponge, 45 * 1024),
            ("tree over 180 columns, 1024 rows", &whole, 45 * 1024 + 1023),
        ] {
            let (busy, work) = measure(name, &mut bench, descriptors);
            assert_eq!(work, permutations);
            assert!(
                interval * work as f64 >= 0.95 * busy as f64,
                "{name}: {:.3}",
                interval * work as f64 / busy as f64
            );
        }
        let flat = Matrix::random(&mut bench, &mut rng, 0, 4096, 4);
        let heap = flat.beats();
        for (name, descriptors) in [
            ("sponge of one block, 4096 rows", leaves(&[flat.plan()], 2 * heap, false, config.log_batch)),
            ("one level of 4096 nodes", vec![compress(0, 4096, 2 * heap, false)]),
        ] {
            let (busy, work) = measure(name, &mut bench, &descriptors);
            assert_eq!(work, 4096);
            assert!(
                interval * work as f64 >= 0.95 * busy as f64,
                "{name}: {:.3}",
                interval * work as f64 / busy as f64
            );
        }
        // Bound by the latency of the upper levels: no promise but that of a bound.
        let (busy, _) = measure(
            "levels over 1024 leaves",
            &mut bench,
            &tree(&[matrix.plan()], heap, scratch, 0, config.log_batch)[1..],
        );
        assert!(busy < 1023 * (interval as u64 + 2) + 10 * 1700);
        let (busy, _) = measure("a single compression", &mut bench, &[compress(0, 1, 2 * heap, false)]);
        assert!(busy < 1600);
    }
}

#[test]
fn flat_rows_and_searches_keep_the_multipliers_busy() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    for config in [Config::tiny(), Config::wide()] {
        let interval = SBOXES as f64 / config.lanes as f64;
        let timing = Timing { jitter: 20, ..Timing::STEADY };
        let mut bench = Bench::new(&config, seed, timing, 1 << 14, &Constants::standard());
        let place = Matrix::of(&mut bench, &mut rng, 0, 1024, Shape::Flat(Flat { log_words: 6, skip: false }));
        let mut check = |name: &str, descriptors: &[Descriptor], permutations| {
            let (busy, work) = measure(name, &mut bench, descriptors);
            assert_eq!(work, permutations);
            let share = interval * work as f64 / busy as f64;
            assert!(share >= 0.95, "{name}: {share:.3}");
        };
        for (log_words, skip) in [(2, false), (2, true), (3, false), (4, true), (6, false), (6, true)] {
            let flat = Flat { log_words, skip };
            let rows = 1024;
            let matrix = plan::Matrix { card: 0, tile_stride: 0, width: flat.width(), rows, flat: Some(flat) };
            let descriptors = leaves(&[matrix], 2 * place.beats(), false, config.log_batch);
            let blocks = flat.width().div_ceil(4);
            check(&format!("{rows} rows, {flat:?}"), &descriptors, u64::from(rows * blocks));
        }
        // Nothing is found: no word of these has 32 zeros.
        let search = Search { position: 0, sampled: 3, bits: 32 };
        check("search among 8192 candidates", &[search.among(0, 8192)], 8192);
        assert_eq!(bench.found(), None);
    }
}

#[test]
fn the_rounds_of_keccak_are_kept_busy() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    for config in [Config::tiny(), Config::six_rounds(), Config::wide()] {
        let interval = 24.0 / config.rounds as f64;
        let timing = Timing { jitter: 20, ..Timing::STEADY };
        let mut bench = Bench::new(&config, seed, timing, 1 << 16, &Constants::standard());
        let place = Matrix::random(&mut bench, &mut rng, 0, 2048, 180);
        let (heap, scratch) = (place.beats(), place.beats() + 2048);
        let mut check = |name: &str, descriptors: Vec<Descriptor>, permutations: u64| {
            let name = format!("{} rounds a cycle, {name}", config.rounds);
            let (busy, work) = measure(&name, &mut bench, &KeccakTree.of(descriptors));
            assert_eq!(work, permutations, "{name}");
            let share = interval * work as f64 / busy as f64;
            println!("{name}: {share:.3}");
            // With all rounds in a cycle beats are too few.
            assert!(config.rounds > 6 || share >= 0.95, "{name}: {share:.3}");
        };
        for (width, rows) in [(180, 2048), (8, 4096), (16, 4096), (17, 2048), (34, 2048)] {
            let matrix = plan::Matrix { width, rows, ..place.plan() };
            let permutations = u64::from(rows * (width / 17 + 1));
            check(
                &format!("sponge of {width} columns, {rows} rows"),
                leaves(&[matrix], 2 * heap, false, config.log_batch),
                permutations,
            );
        }
        let whole = tree(&[place.plan()], heap, scratch, 0, config.log_batch);
        check("tree over 180 columns, 2048 rows", whole.clone(), 11 * 2048 + 2047);
        check("one level of 4096 nodes", vec![compress(0, 4096, 2 * heap, false)], 4096);
        let flat = Flat { log_words: 6, skip: true };
        let matrix = plan::Matrix { card: 0, tile_stride: 0, width: flat.width(), rows: 2048, flat: Some(flat) };
        check("2048 flat rows of 48 of 64 words", leaves(&[matrix], 2 * heap, false, config.log_batch), 3 * 2048);
        let search = Search { position: 4, sampled: 3, bits: 32 };
        check("search among 8192 candidates", vec![search.among(0, 8192)], 8192);
        // Bound by latency.
        measure("levels over 2048 leaves", &mut bench, &KeccakTree.of(whole[1..].to_vec()));
        let (busy, _) =
            measure("a single compression", &mut bench, &KeccakTree.of(vec![compress(0, 1, 2 * heap, false)]));
        assert!(busy < 250);
    }
}
