//! One transform on the engine, in the passes of README.md, against Plonky3's; and whether anything else was written.

use karat_abi::P;
use p3_dft::{Radix2Dit, TwoAdicSubgroupDft};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_util::reverse_bits_len;
use rand::RngExt;
use rand::rngs::SmallRng;

use super::planner::{Extension, Place, Planner};
use super::{Beat, Bench};

/// The kinds of `karat_abi::LdeArguments`.
#[derive(Clone, Copy, Debug)]
pub enum Job {
    Extend {
        log_blowup: usize,
    },
    /// Of rows in bit-reversed order.
    ExtendReversed {
        log_blowup: usize,
    },
    Forward,
    Inverse,
}

/// Content of every beat that is none of a job's business.
const MARK: Beat = [u64::MAX; 8];

/// A factor of the coset: none, that of Plonky3's prover, or any.
pub fn shift(rng: &mut SmallRng) -> u64 {
    match rng.random_range(0..3) {
        0 => 1,
        1 => 7,
        _ => rng.random_range(1..P),
    }
}

/// Runs a job on a random matrix of 2^n rows. An inverse transform has no `shift`.
pub fn check(bench: &mut Bench, log_buffer: usize, job: Job, n: usize, width: usize, shift: u64, rng: &mut SmallRng) {
    let name = format!("{job:?} of 2^{n} rows, {width} columns, shift {shift}");
    println!("{name}");
    let (rows, tiles) = (1 << n, width.div_ceil(8));
    let log_out = match job {
        Job::Extend { log_blowup } | Job::ExtendReversed { log_blowup } => n + log_blowup,
        Job::Forward | Job::Inverse => n,
    };
    let reversed = matches!(job, Job::ExtendReversed { .. });
    let out = 1 << log_out;
    // Tiles are further apart than they need be, and what lies between must stay.
    let from = Place { base: 3, stride: rows + 1 };
    let to = Place { base: 8 + tiles * from.stride, stride: out + 2 };
    let scratch = to.base + tiles * to.stride;
    bench.memory.clear();
    bench.memory.resize(scratch + out + 1, MARK);
    let input: Vec<u64> = (0..rows * width).map(|_| rng.random_range(0..P)).collect();
    for tile in 0..tiles {
        bench.memory[from.base + tile * from.stride..][..rows].fill([0; 8]);
    }
    let place = |row: usize| if reversed { reverse_bits_len(row, n) } else { row };
    let stored: Vec<u64> = (0..rows).flat_map(|row| &input[place(row) * width..][..width]).copied().collect();
    bench.store(from.base, from.stride, width, &stored);
    let before = bench.memory[..to.base].to_vec();

    let matrix = RowMajorMatrix::new(input.into_iter().map(Goldilocks::from_u64).collect(), width);
    let mut planner = Planner::new(log_buffer);
    let (dft, shift) = (Radix2Dit::default(), Goldilocks::from_u64(shift));
    let expected = match job {
        Job::Extend { log_blowup } | Job::ExtendReversed { log_blowup } => {
            planner.extend(&Extension { n, log_blowup, shift, reversed, tiles, from, to, scratch });
            dft.coset_lde_batch(matrix, log_blowup, shift).to_row_major_matrix()
        }
        Job::Forward => {
            planner.transform(n, false, shift, tiles, from, to);
            dft.coset_dft_batch(matrix, shift).to_row_major_matrix()
        }
        Job::Inverse => {
            planner.transform(n, true, Goldilocks::ONE, tiles, from, to);
            dft.idft_batch(matrix)
        }
    };
    let start = bench.cycles;
    bench.run(&planner.steps);
    println!("  {} cycles", bench.cycles - start);

    for i in 0..out {
        let row = expected.row_slice(reverse_bits_len(i, log_out)).unwrap();
        for tile in 0..tiles {
            let word = |c| row.get(8 * tile + c).map_or(0, |x: &Goldilocks| x.as_canonical_u64());
            let beat: Beat = std::array::from_fn(word);
            assert_eq!(bench.memory[to.base + tile * to.stride + i], beat, "{name}: tile {tile}, row {i}");
        }
    }
    assert!(bench.memory[..to.base] == before, "{name}: written before the destination");
    for tile in 1..=tiles {
        let end = to.base + tile * to.stride;
        assert_eq!(bench.memory[end - 2..end], [MARK; 2], "{name}: written past tile {}", tile - 1);
    }
    assert_eq!(bench.memory.last(), Some(&MARK), "{name}: written past the work area");
}
