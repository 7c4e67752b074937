//! One pass from memory to memory: every frame size, direction, interleave and order of bursts, against Plonky3.

use crate::support::{Beat, Bench, Descriptor, FAST, SLOW, Timing, model};
use karat_abi::engine::ntt::{
    BLOCKS, DIRECT, DST, DST_REVERSE, DST_STRIDE, DST_TILE, EXTEND, INVERSE, MODE, SHAPE, SRC, SRC_REVERSE, SRC_STRIDE,
    SRC_TILE, TILES, TRANSPOSE, WORDS, table_index,
};
use p3_dft::{Radix2Dit, TwoAdicSubgroupDft};
use p3_field::{Field, PrimeCharacteristicRing, PrimeField64, TwoAdicField};
use p3_goldilocks::Goldilocks;
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_util::reverse_bits_len;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Transforms of the points of a frame, whose position is point * 2^q + transform; bit-reversed out, inverse without 1/N.
fn transform(frame: &[Beat], q: usize, inverse: bool) -> Vec<Beat> {
    let points = frame.len() >> q;
    let values = frame.iter().flatten().map(|&x| Goldilocks::from_u64(x)).collect();
    let matrix = RowMajorMatrix::new(values, 8 << q);
    let result = if inverse {
        let mut result = Radix2Dit::default().idft_batch(matrix);
        result.values.iter_mut().for_each(|x| *x *= Goldilocks::from_usize(points));
        result
    } else {
        Radix2Dit::default().dft_batch(matrix).to_row_major_matrix()
    };
    let log = points.ilog2() as usize;
    let row = |i: usize| result.values[reverse_bits_len(i, log) * (8 << q)..][..8 << q].to_vec();
    let words: Vec<u64> = (0..points).flat_map(row).map(|x| x.as_canonical_u64()).collect();
    words.chunks(8).map(|beat| beat.try_into().unwrap()).collect()
}

/// Address of a position, relative to the base of its tile.
fn address(position: usize, log_frame: usize, log_burst: usize, stride: usize, reversed: bool) -> usize {
    let outer = position >> log_burst;
    let outer = if reversed { reverse_bits_len(outer, log_frame - log_burst) } else { outer };
    outer * stride + (position & ((1 << log_burst) - 1))
}

struct Pass {
    kind: u32,
    inverse: bool,
    frame: usize,
    q: usize,
    source: usize,
    destination: usize,
    source_reversed: bool,
    destination_reversed: bool,
    tiles: usize,
}

/// Runs a pass on random data with random strides and compares all of the memory.
fn check(bench: &mut Bench, log_buffer: usize, pass: &Pass, rng: &mut SmallRng) {
    let h = log_buffer.div_ceil(2);
    let Pass { frame, q, source, destination, tiles, .. } = *pass;
    let source_stride = (1 << source) + rng.random_range(0..3);
    let destination_stride = (1 << destination) + rng.random_range(0..3);
    let source_tile = source_stride << (frame - source);
    let destination_tile = destination_stride << (frame - destination);
    let to = tiles * source_tile + 5;
    let size = to + tiles * destination_tile;
    for beat in &mut bench.memory[..size] {
        *beat = std::array::from_fn(|_| rng.random_range(0..karat_abi::P));
    }

    let mut factors = vec![Goldilocks::ONE; 1 << frame];
    let load_twiddle = rng.random();
    if pass.kind == TRANSPOSE {
        let ratio = Goldilocks::from_u64(rng.random_range(1..karat_abi::P));
        bench.fill(table_index(0, 0, true), 1, ratio.as_canonical_u64(), 1 << (frame - q));
        let root = Goldilocks::two_adic_generator(frame);
        for (i, factor) in factors.iter_mut().enumerate() {
            let exponent = (i >> q) * reverse_bits_len(i & ((1 << q) - 1), q);
            *factor = ratio.exp_u64((i >> q) as u64) * root.exp_u64(exponent as u64);
        }
    } else if load_twiddle {
        // Not geometric: any table will do.
        let mut low = vec![];
        for i in 0..1 << h.min(frame) {
            low.push(Goldilocks::from_u64(rng.random_range(0..karat_abi::P)));
            bench.fill(table_index(0, 0, false) + i, low[i as usize].as_canonical_u64(), 1, 1);
        }
        let (start, ratio) = (rng.random_range(0..karat_abi::P), rng.random_range(0..karat_abi::P));
        bench.fill(table_index(0, 0, true), start, ratio, 1 << frame.saturating_sub(h));
        for (i, factor) in factors.iter_mut().enumerate() {
            let high = Goldilocks::from_u64(ratio).exp_u64((i >> h) as u64) * Goldilocks::from_u64(start);
            *factor = high * low[i & ((1 << h) - 1)];
        }
    }

    let mut words: Descriptor = [0; WORDS];
    words[SRC] = 0;
    words[SRC_STRIDE] = source_stride as u32;
    words[SRC_TILE] = source_tile as u32;
    words[DST] = to as u32;
    words[DST_STRIDE] = destination_stride as u32;
    words[DST_TILE] = destination_tile as u32;
    words[SHAPE] = (frame | source << 8 | destination << 16 | q << 24) as u32;
    words[TILES] = tiles as u32;
    words[BLOCKS] = rng.random(); // only EXTEND looks at it
    words[MODE] = pass.kind
        | if pass.inverse { INVERSE } else { 0 }
        | if pass.source_reversed { SRC_REVERSE } else { 0 }
        | if pass.destination_reversed { DST_REVERSE } else { 0 }
        | if load_twiddle { karat_abi::engine::ntt::LOAD_TWIDDLE } else { 0 };
    let mut expected = bench.memory.clone();
    for tile in 0..tiles {
        let read = |i: usize| {
            let at = tile * source_tile + address(i, frame, source, source_stride, pass.source_reversed);
            bench.memory[at].map(|x| (Goldilocks::from_u64(x) * factors[i]).as_canonical_u64())
        };
        let input: Vec<Beat> = (0..1 << frame).map(read).collect();
        for (i, beat) in transform(&input, q, pass.inverse).into_iter().enumerate() {
            let i = if pass.kind == TRANSPOSE { (i & ((1 << q) - 1)) << (frame - q) | i >> q } else { i };
            let at = address(i, frame, destination, destination_stride, pass.destination_reversed);
            expected[to + tile * destination_tile + at] = beat;
        }
    }
    bench.push(&words);
    bench.finish(0);
    let differs = (0..size).find(|&at| bench.memory[at] != expected[at]);
    assert_eq!(differs, None, "{words:x?}, {tiles} tiles, destination at {to}");
}

fn passes(lanes: usize, log_buffer: usize, timing: Timing, seed: u64, count: usize) {
    let model = model(lanes, log_buffer);
    let mut bench = Bench::new(&model, 1 << (log_buffer + 5), timing, seed);
    let mut rng = SmallRng::seed_from_u64(seed);
    for frame in 0..=log_buffer {
        for inverse in [false, true] {
            let pass = Pass {
                kind: DIRECT,
                inverse,
                frame,
                q: 0,
                source: frame,
                destination: frame,
                source_reversed: false,
                destination_reversed: false,
                tiles: 2,
            };
            check(&mut bench, log_buffer, &pass, &mut rng);
        }
    }
    for _ in 0..count {
        let transpose = rng.random();
        let frame = rng.random_range(0..=log_buffer);
        // A HI table holds the points of a TRANSPOSE.
        let least = if transpose { frame.saturating_sub(log_buffer / 2) } else { 0 };
        let pass = Pass {
            kind: if transpose { TRANSPOSE } else { DIRECT },
            inverse: !transpose && rng.random(),
            frame,
            q: rng.random_range(least..=frame),
            source: rng.random_range(0..=frame),
            destination: rng.random_range(0..=frame),
            source_reversed: rng.random(),
            destination_reversed: rng.random(),
            tiles: rng.random_range(1..=5),
        };
        check(&mut bench, log_buffer, &pass, &mut rng);
    }
}

#[test]
fn passes_2_lanes_2_10() {
    passes(2, 10, FAST, 11, 60);
}

#[test]
fn passes_4_lanes_2_6_slow_memory() {
    passes(4, 6, SLOW, 12, 150);
}

#[test]
fn passes_8_lanes_2_8() {
    passes(8, 8, FAST, 13, 80);
    passes(8, 8, SLOW, 14, 40);
}

#[test]
fn extension_of_bit_reversed_input() {
    let (n, blocks) = (7, 3);
    let model = model(2, 10);
    let mut bench = Bench::new(&model, 1 << 11, FAST, 15);
    let mut rng = SmallRng::seed_from_u64(15);
    let rows: Vec<Beat> = (0..1 << n).map(|_| std::array::from_fn(|_| rng.random_range(0..karat_abi::P))).collect();
    for (i, row) in rows.iter().enumerate() {
        bench.memory[reverse_bits_len(i, n)] = *row;
    }
    let scale = Goldilocks::from_u64(1 << n).inverse();
    let shifts: Vec<Goldilocks> =
        (0..blocks).map(|_| Goldilocks::from_u64(rng.random_range(1..karat_abi::P))).collect();
    for (b, &shift) in (0..).zip(&shifts) {
        let ratio = shift.exp_u64(1 << 5).as_canonical_u64();
        bench.fill(table_index(1, 1 + b, false), scale.as_canonical_u64(), shift.as_canonical_u64(), 1 << 5);
        bench.fill(table_index(1, 1 + b, true), 1, ratio, 1 << (n - 5));
    }
    let mut words: Descriptor = [0; WORDS];
    words[SRC_STRIDE] = 1;
    words[DST] = 1 << n;
    words[karat_abi::engine::ntt::DST_BLOCK] = 1 << n;
    words[SHAPE] = (n | n << 16) as u32;
    words[TILES] = 1;
    words[BLOCKS] = blocks as u32;
    words[MODE] = EXTEND | SRC_REVERSE | karat_abi::engine::ntt::BANK;
    bench.push(&words);
    bench.finish(0);
    let values: Vec<Goldilocks> = rows.iter().flatten().map(|&x| Goldilocks::from_u64(x)).collect();
    let coefficients = Radix2Dit::default().idft_batch(RowMajorMatrix::new(values, 8));
    for (b, &shift) in shifts.iter().enumerate() {
        let expected = Radix2Dit::default().coset_dft_batch(coefficients.clone(), shift);
        for i in 0..1 << n {
            let row: Vec<u64> =
                expected.row_slice(reverse_bits_len(i, n)).unwrap().iter().map(|x| x.as_canonical_u64()).collect();
            assert_eq!(row, bench.memory[((1 + b) << n) + i], "block {b}, row {i}");
        }
    }
}
