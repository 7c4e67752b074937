//! Low-degree extensions that fit the transform buffer, against Plonky3.

mod support;

use p3_dft::{Radix2Dit, TwoAdicSubgroupDft};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_util::reverse_bits_len;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::planner::{Extension, Place, Planner};
use support::{Bench, FAST, SLOW, Timing, model};

fn check(
    bench: &mut Bench,
    log_buffer: usize,
    n: usize,
    log_blowup: usize,
    width: usize,
    shift: u64,
    rng: &mut SmallRng,
) {
    let (rows, extended, tiles) = (1 << n, 1 << (n + log_blowup), width.div_ceil(8));
    let input: Vec<u64> = (0..rows * width).map(|_| rng.random_range(0..karat_abi::P)).collect();
    // Tiles are further apart than they need be, and what lies between must stay.
    let from = Place { base: 3, stride: rows + 1 };
    let to = Place { base: 8 + tiles * (rows + 1), stride: extended + 2 };
    bench.memory.fill([u64::MAX; 8]);
    for tile in 0..tiles {
        bench.memory[from.base + tile * from.stride..][..rows].fill([0; 8]);
    }
    bench.store(from.base, from.stride, width, &input);
    let mut planner = Planner::new(log_buffer);
    let shift_element = Goldilocks::from_u64(shift);
    planner.extend(&Extension { n, log_blowup, shift: shift_element, tiles, from, to, scratch: 0 });
    bench.run(&planner.steps);

    let matrix = RowMajorMatrix::new(input.iter().copied().map(Goldilocks::from_u64).collect(), width);
    let expected = Radix2Dit::default().coset_lde_batch(matrix, log_blowup, Goldilocks::from_u64(shift));
    let got = bench.load(to.base, to.stride, width, extended);
    for r in 0..extended {
        let row: Vec<u64> = expected
            .row_slice(reverse_bits_len(r, n + log_blowup))
            .unwrap()
            .iter()
            .map(|x| x.as_canonical_u64())
            .collect();
        assert_eq!(row, got[r * width..][..width], "n {n}, blowup {log_blowup}, width {width}, shift {shift}, row {r}");
    }
    for tile in 0..tiles {
        let base = to.base + tile * to.stride;
        for beat in &bench.memory[base..][..extended] {
            let present = (width - tile * 8).min(8);
            assert!(beat[present..].iter().all(|&word| word == 0), "an absent column is not zero");
        }
        assert_eq!(bench.memory[base + extended], [u64::MAX; 8], "written past a tile");
    }
}

fn sizes(lanes: usize, log_buffer: usize, timing: Timing, seed: u64) {
    let model = model(lanes, log_buffer);
    let mut bench = Bench::new(&model, 1 << (log_buffer + 6), timing, seed);
    let mut rng = SmallRng::seed_from_u64(seed);
    for n in 0..=log_buffer {
        for log_blowup in 0..=3 {
            let shift = if rng.random() { 7 } else { rng.random_range(1..karat_abi::P) };
            let width = rng.random_range(1..=17);
            check(&mut bench, log_buffer, n, log_blowup, width, shift, &mut rng);
        }
    }
}

#[test]
fn sizes_2_lanes_2_10() {
    sizes(2, 10, FAST, 1);
}

#[test]
fn sizes_4_lanes_2_6_slow_memory() {
    sizes(4, 6, SLOW, 2);
}

#[test]
fn every_width_and_more_blocks_than_a_bank_has() {
    let model = model(2, 10);
    let mut bench = Bench::new(&model, 1 << 12, SLOW, 3);
    let mut rng = SmallRng::seed_from_u64(3);
    for width in 1..=17 {
        check(&mut bench, 10, 5, 1, width, 7, &mut rng);
    }
    check(&mut bench, 10, 3, 4, 9, 7, &mut rng);
    check(&mut bench, 10, 0, 4, 1, 7, &mut rng);
}
