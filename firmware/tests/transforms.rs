//! Low-degree extensions and plain transforms, as planned by the firmware and executed word by word, against p3-dft.

mod support;

use karat_abi::command::lde;
use karat_abi::{LdeArguments, Opcode, P, Status, Submission};
use karat_firmware::testing::Limits;
use p3_dft::{Radix2Dit, TwoAdicSubgroupDft};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use p3_matrix::Matrix;
use p3_matrix::bitrev::BitReversibleMatrix;
use p3_matrix::dense::RowMajorMatrix;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::{Host, Queue, command};

struct Bench {
    host: Host,
    queue: Queue,
    session: u16,
    rng: SmallRng,
}

const BEATS: u32 = 1 << 18;

impl Bench {
    fn new(seed: u64, log_transform: u32) -> Self {
        let mut host = Host::new(Limits { seed, card_beats: BEATS, log_transform, delay: 3, ..Limits::default() });
        let session = host.session(0, BEATS);
        let queue = host.queue(1, 16);
        Self { host, queue, session, rng: SmallRng::seed_from_u64(seed) }
    }

    fn run(&mut self, arguments: &LdeArguments) -> Result<u64, (Status, u64)> {
        let words: [u64; 8] = bytemuck::cast(*arguments);
        let list = self.host.memory().allocate_words(&words);
        let submission = Submission { session: self.session, list, list_len: 64, ..command(Opcode::Lde) };
        self.host.run(&mut self.queue, submission)
    }

    /// A random transform of this shape, with room between everything, compared with p3's.
    fn check(&mut self, log_rows: u32, log_blowup: u32, tiles: u32, mode: u32, shift: u64, dense: bool) {
        let (rows, extended) = (1u32 << log_rows, 1u32 << (log_rows + log_blowup));
        let gap = |rng: &mut SmallRng| rng.random_range(0..5);
        let source_stride = rows + gap(&mut self.rng);
        let destination_stride = extended + if dense { 0 } else { 1 + gap(&mut self.rng) };
        let source = gap(&mut self.rng);
        let destination = source + tiles * source_stride + gap(&mut self.rng);
        let scratch = destination + tiles * destination_stride + gap(&mut self.rng);
        let scratch_beats = extended * (2 + self.rng.random_range(0..3));
        assert!(scratch + scratch_beats <= BEATS, "test needs more card memory");
        let width = tiles as usize * 8;
        let values: Vec<Goldilocks> = (0..rows as usize * width)
            .map(|_| Goldilocks::new(if self.rng.random_bool(0.1) { P - 1 } else { self.rng.random_range(0..P) }))
            .collect();
        let matrix = RowMajorMatrix::new(values, width);
        let reversed = mode & lde::REVERSED != 0;
        let stored = if reversed { matrix.clone().bit_reverse_rows().to_row_major_matrix() } else { matrix.clone() };
        let memory = &mut self.host.machine.engines_mut().memory;
        for (beat, row, tile) in (0..rows).flat_map(|r| (0..tiles).map(move |t| (source + t * source_stride + r, r, t)))
        {
            memory[beat as usize] =
                core::array::from_fn(|c| stored.get(row as usize, tile as usize * 8 + c).unwrap().as_canonical_u64());
        }
        let before = memory.clone();
        let arguments = LdeArguments {
            shift,
            source,
            source_stride,
            destination,
            destination_stride,
            tiles,
            log_rows,
            log_blowup,
            mode,
            scratch,
            scratch_beats,
            ..Default::default()
        };
        assert_eq!(self.run(&arguments), Ok(0), "{arguments:?}");
        let dft = Radix2Dit::default();
        let shift = Goldilocks::new(shift);
        let expected = match mode & !lde::REVERSED {
            lde::EXTEND => dft.coset_lde_batch(matrix, log_blowup as usize, shift).to_row_major_matrix(),
            lde::FORWARD => dft.coset_dft_batch(matrix, shift).to_row_major_matrix(),
            _ => dft.idft_batch(matrix),
        };
        let expected = expected.bit_reverse_rows().to_row_major_matrix();
        let memory = &self.host.machine.engines().memory;
        let mut written = vec![false; BEATS as usize];
        for (tile, row) in (0..tiles).flat_map(|t| (0..extended).map(move |r| (t, r))) {
            let beat = (destination + tile * destination_stride + row) as usize;
            written[beat] = true;
            for (column, found) in memory[beat].iter().enumerate() {
                let wanted = expected.get(row as usize, tile as usize * 8 + column).unwrap().as_canonical_u64();
                assert_eq!(*found, wanted, "tile {tile} row {row} column {column} of {arguments:?}");
            }
        }
        let scratch = scratch as usize..(scratch + scratch_beats) as usize;
        for (beat, (now, then)) in memory.iter().zip(&before).enumerate() {
            assert!(
                written[beat] || scratch.contains(&beat) || now == then,
                "beat {beat} was overwritten: {arguments:?}"
            );
        }
    }
}

#[test]
fn every_size_up_to_2_14_with_the_tiny_buffer() {
    let mut bench = Bench::new(1, 10);
    for log_rows in 0..=14 {
        for log_blowup in 0..=3.min(16 - log_rows) {
            bench.check(log_rows, log_blowup, 1, lde::EXTEND, 7, true);
        }
    }
}

#[test]
fn every_size_with_small_buffers_takes_many_passes() {
    for log_transform in [2, 3, 4, 5, 7] {
        let mut bench = Bench::new(log_transform.into(), log_transform);
        for log_rows in 0..=11 {
            let log_blowup = bench.rng.random_range(0..=3);
            let tiles = bench.rng.random_range(1..=3);
            let shift = bench.rng.random_range(1..P);
            let dense = bench.rng.random_bool(0.5);
            bench.check(log_rows, log_blowup, tiles, lde::EXTEND, shift, dense);
        }
    }
}

const REVERSED: u32 = lde::EXTEND | lde::REVERSED;

#[test]
fn bit_reversed_sources_of_every_size_below_at_and_above_the_buffer() {
    for log_transform in [2, 3, 4, 6, 7, 10] {
        let mut bench = Bench::new(6, log_transform);
        for log_rows in 0..=log_transform + 3 {
            for log_blowup in 0..=3.min(15 - log_rows) {
                let tiles = bench.rng.random_range(1..=2);
                let shift = if bench.rng.random_bool(0.3) { 7 } else { bench.rng.random_range(1..P) };
                let dense = bench.rng.random_bool(0.5);
                bench.check(log_rows, log_blowup, tiles, REVERSED, shift, dense);
            }
        }
    }
    // With a buffer of four beats, up to ten levels.
    let mut bench = Bench::new(7, 2);
    for log_rows in 6..=11 {
        bench.check(log_rows, 1, 3, REVERSED, 7, log_rows % 2 == 0);
    }
}

#[test]
fn many_tiles_go_in_batches_of_what_the_work_area_holds() {
    let mut bench = Bench::new(2, 6);
    for (tiles, dense) in [(2, true), (3, false), (5, true), (7, true), (7, false)] {
        bench.check(8, 1, tiles, lde::EXTEND, 7, dense);
        bench.check(9, 2, tiles, lde::EXTEND, 49, dense);
        bench.check(5, 2, tiles, lde::EXTEND, 49, dense);
        bench.check(8, 2, tiles, REVERSED, 7, dense);
        bench.check(5, 2, tiles, REVERSED, 1, dense);
    }
}

#[test]
fn blowups_beyond_a_bank_of_twiddle_sets_take_several_descriptors() {
    let mut bench = Bench::new(3, 6);
    for log_blowup in [4, 5] {
        for log_rows in [0, 3, 6, 8] {
            bench.check(log_rows, log_blowup, 2, lde::EXTEND, 7, true);
            bench.check(log_rows, log_blowup, 2, REVERSED, 7, true);
        }
    }
}

#[test]
fn plain_transforms_forward_on_cosets_and_inverse() {
    for log_transform in [2, 4, 7, 10] {
        let mut bench = Bench::new(4, log_transform);
        for log_rows in 0..=13 {
            let tiles = bench.rng.random_range(1..=3);
            let shift = bench.rng.random_range(1..P);
            bench.check(log_rows, 0, tiles, lde::FORWARD, 1, false);
            bench.check(log_rows, 0, tiles, lde::FORWARD, shift, true);
            bench.check(log_rows, 0, tiles, lde::INVERSE, 1, false);
        }
    }
}

#[test]
fn two_extensions_queued_together_share_the_twiddle_banks_safely() {
    for seed in 0..10 {
        let mut host = Host::new(Limits { seed, delay: 60, log_transform: 6, card_beats: BEATS, ..Limits::default() });
        let session = host.session(0, BEATS);
        let mut queue = host.queue(1, 16);
        let memory = &mut host.machine.engines_mut().memory;
        let mut rng = SmallRng::seed_from_u64(seed);
        for beat in memory.iter_mut() {
            *beat = [rng.random_range(0..P); 8];
        }
        let sources = memory[..1024].to_vec();
        for i in 0..4u32 {
            let arguments = LdeArguments {
                shift: 7 + u64::from(i),
                source: i * 256,
                source_stride: 256,
                destination: 4096 + i * 1024,
                destination_stride: 512,
                tiles: 1,
                log_rows: 8,
                log_blowup: 1,
                // Not shared: the commands are independent.
                scratch: 16384 + i * 4096,
                scratch_beats: 4096,
                ..Default::default()
            };
            let list = host.memory().allocate_words(&bytemuck::cast::<_, [u64; 8]>(arguments));
            host.put(&mut queue, Submission { session, list, list_len: 64, ..command(Opcode::Lde) });
        }
        host.ring(&queue);
        for _ in 0..4 {
            assert_eq!(host.wait(&mut queue).status, Status::Success);
        }
        for i in 0..4 {
            let values = sources[i * 256..][..256].iter().map(|beat| Goldilocks::new(beat[0])).collect();
            let shift = Goldilocks::from_u64(7 + i as u64);
            let expected = Radix2Dit::default().coset_lde_batch(RowMajorMatrix::new_col(values), 1, shift);
            let expected = expected.to_row_major_matrix().bit_reverse_rows().to_row_major_matrix();
            for (row, value) in expected.values.iter().enumerate() {
                let found = host.machine.engines().memory[4096 + i * 1024 + row][3];
                assert_eq!(found, value.as_canonical_u64(), "seed {seed} command {i} row {row}");
            }
        }
    }
}

#[test]
fn wrong_arguments_are_named_by_their_index() {
    let mut bench = Bench::new(5, 6);
    let good = LdeArguments {
        shift: 7,
        source: 0,
        source_stride: 256,
        destination: 1024,
        destination_stride: 1024,
        tiles: 2,
        log_rows: 8,
        log_blowup: 2,
        scratch: 8192,
        scratch_beats: 2048,
        ..Default::default()
    };
    assert_eq!(bench.run(&good), Ok(0));
    let argument = |index: u64| (Status::Argument, index);
    for (arguments, expected) in [
        (LdeArguments { shift: 0, ..good }, argument(0)),
        (LdeArguments { shift: P, ..good }, argument(0)),
        (LdeArguments { source_stride: 255, ..good }, argument(3)),
        (LdeArguments { destination: 100, ..good }, argument(4)),
        (LdeArguments { destination_stride: 1023, ..good }, argument(5)),
        (LdeArguments { tiles: 0, ..good }, argument(6)),
        (LdeArguments { log_rows: 25, ..good }, argument(7)),
        (LdeArguments { log_rows: u32::MAX, ..good }, argument(7)),
        (LdeArguments { log_blowup: 24, ..good }, argument(8)),
        (LdeArguments { log_blowup: u32::MAX, ..good }, argument(8)),
        (LdeArguments { mode: lde::FORWARD, ..good }, argument(8)),
        (LdeArguments { mode: 3, ..good }, argument(9)),
        (LdeArguments { mode: lde::FORWARD | lde::REVERSED, log_blowup: 0, ..good }, argument(9)),
        (LdeArguments { mode: lde::INVERSE | lde::REVERSED, log_blowup: 0, ..good }, argument(9)),
        (LdeArguments { mode: 1 << 9, ..good }, argument(9)),
        (LdeArguments { mode: REVERSED, scratch_beats: 2047, ..good }, (Status::ScratchTooSmall, 2048)),
        (LdeArguments { mode: REVERSED, scratch: 512, ..good }, argument(10)),
        (LdeArguments { scratch: 512, ..good }, argument(10)),
        (LdeArguments { scratch: 0, ..good }, argument(10)),
        (LdeArguments { reserved: [0, 0, 0, 1], ..good }, argument(15)),
        (LdeArguments { source: BEATS - 511, ..good }, (Status::CardRange, u64::from(BEATS) - 511)),
        (LdeArguments { destination: BEATS - 2047, ..good }, (Status::CardRange, u64::from(BEATS) - 2047)),
        (LdeArguments { tiles: u32::MAX, ..good }, (Status::CardRange, 0)),
        (LdeArguments { source_stride: u32::MAX, ..good }, (Status::CardRange, 0)),
        (LdeArguments { scratch: BEATS - 2047, ..good }, (Status::CardRange, u64::from(BEATS) - 2047)),
        (LdeArguments { scratch_beats: 2047, ..good }, (Status::ScratchTooSmall, 2048)),
    ] {
        assert_eq!(bench.run(&arguments), Err(expected), "{arguments:?}");
        assert_eq!(bench.run(&good), Ok(0));
    }
    let list = bench.host.list(&[0; 16]);
    let short = Submission { session: bench.session, list, list_len: 60, ..command(Opcode::Lde) };
    assert_eq!(bench.host.run(&mut bench.queue, short), Err((Status::HostRange, 60)));
}
