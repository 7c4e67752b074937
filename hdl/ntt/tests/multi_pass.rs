//! Transforms larger than the buffer, in the passes of README.md, against Plonky3; and plain transforms.

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

struct Setting {
    lanes: usize,
    log_buffer: usize,
    timing: Timing,
    seed: u64,
}

#[derive(Clone, Copy, Debug)]
enum Job {
    Extend { log_blowup: usize },
    Forward,
    Inverse,
}

fn check(setting: &Setting, jobs: &[(Job, usize, usize)]) {
    let Setting { lanes, log_buffer, timing, seed } = *setting;
    let model = model(lanes, log_buffer);
    let mut rng = SmallRng::seed_from_u64(seed);
    for &(job, n, width) in jobs {
        println!("{job:?} of 2^{n} rows, {width} columns");
        let (rows, tiles) = (1 << n, width.div_ceil(8));
        let log_out = n + if let Job::Extend { log_blowup } = job { log_blowup } else { 0 };
        let out = 1 << log_out;
        let from = Place { base: 1, stride: rows };
        let to = Place { base: 1 + tiles * rows, stride: out };
        let scratch = to.base + tiles * out;
        let mut bench = Bench::new(&model, scratch + out, timing, seed);
        let input: Vec<u64> = (0..rows * width).map(|_| rng.random_range(0..karat_abi::P)).collect();
        bench.store(from.base, from.stride, width, &input);
        let shift = match job {
            Job::Inverse => Goldilocks::ONE,
            _ if rng.random() => Goldilocks::from_u64(7),
            _ => Goldilocks::from_u64(rng.random_range(1..karat_abi::P)),
        };
        let matrix = RowMajorMatrix::new(input.into_iter().map(Goldilocks::from_u64).collect(), width);
        let mut planner = Planner::new(log_buffer);
        let dft = Radix2Dit::default();
        let expected = match job {
            Job::Extend { log_blowup } => {
                planner.extend(&Extension { n, log_blowup, shift, tiles, from, to, scratch });
                dft.coset_lde_batch(matrix, log_blowup, shift).to_row_major_matrix()
            }
            Job::Forward => {
                planner.transform(n, false, shift, tiles, from, to);
                dft.coset_dft_batch(matrix, shift).to_row_major_matrix()
            }
            Job::Inverse => {
                planner.transform(n, true, shift, tiles, from, to);
                dft.idft_batch(matrix)
            }
        };
        bench.run(&planner.steps);
        println!("{} cycles, {} beats read, {} written", bench.cycles, bench.read, bench.written);
        let got = bench.load(to.base, to.stride, width, out);
        for r in 0..out {
            let row = expected.row_slice(reverse_bits_len(r, log_out)).unwrap();
            assert!(
                row.iter().map(|x| x.as_canonical_u64()).eq(got[r * width..][..width].iter().copied()),
                "{job:?} of 2^{n} rows, {width} columns, shift {shift}: row {r}"
            );
        }
    }
}

#[test]
fn two_passes_of_2_lanes_2_10() {
    let setting = Setting { lanes: 2, log_buffer: 10, timing: FAST, seed: 21 };
    let blowup = |log_blowup| Job::Extend { log_blowup };
    check(
        &setting,
        &[
            (blowup(1), 11, 9),
            (blowup(2), 12, 3),
            (blowup(1), 13, 1),
            (blowup(1), 14, 8),
            (Job::Forward, 12, 8),
            (Job::Inverse, 13, 8),
        ],
    );
}

#[test]
fn up_to_four_passes_of_4_lanes_2_6_slow_memory() {
    let setting = Setting { lanes: 4, log_buffer: 6, timing: SLOW, seed: 22 };
    let mut jobs = vec![];
    for n in 0..=13 {
        if n > 6 {
            let log_blowup = if n < 10 { n % 4 } else { 1 };
            jobs.push((Job::Extend { log_blowup }, n, 1 + n % 8));
        }
        jobs.push((Job::Forward, n, 1 + n % 10));
        jobs.push((Job::Inverse, n, 1 + n % 10));
    }
    check(&setting, &jobs);
}

#[test]
fn three_passes_of_8_lanes_2_8() {
    let setting = Setting { lanes: 8, log_buffer: 8, timing: FAST, seed: 23 };
    check(
        &setting,
        &[(Job::Extend { log_blowup: 4 }, 9, 8), (Job::Extend { log_blowup: 1 }, 14, 8), (Job::Forward, 14, 8)],
    );
}

#[test]
fn extension_of_2_18_rows() {
    let setting = Setting { lanes: 2, log_buffer: 10, timing: FAST, seed: 24 };
    check(&setting, &[(Job::Extend { log_blowup: 1 }, 18, 8)]);
}
