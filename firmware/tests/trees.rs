//! Merkle trees and round constants, as planned by the firmware and executed word by word, against p3-merkle-tree.

mod support;

use karat_abi::command::MAX_MATRICES;
use karat_abi::{MatrixArguments, MerkleArguments, Opcode, P, Status, Submission};
use karat_firmware::testing::Limits;
use p3_commit::Mmcs;
use p3_field::{Field, PrimeField64};
use p3_goldilocks::{Goldilocks, Poseidon2Goldilocks};
use p3_matrix::dense::RowMajorMatrix;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_poseidon2::ExternalLayerConstants;
use p3_symmetric::{PaddingFreeSponge, TruncatedPermutation};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::{Host, Queue, command};

type Permutation = Poseidon2Goldilocks<8>;
type Packing = <Goldilocks as Field>::Packing;
type Sponge = PaddingFreeSponge<Permutation, 8, 4, 4>;
type Compression = TruncatedPermutation<Permutation, 2, 4, 8>;

const BEATS: u32 = 1 << 16;

/// Round constants in the contract's order, and p3's permutation with them.
fn constants(rng: &mut SmallRng) -> (Vec<u64>, Permutation) {
    let external = ExternalLayerConstants::<Goldilocks, 8>::new_from_rng(8, rng);
    let internal: Vec<Goldilocks> = (0..22).map(|_| rng.random()).collect();
    let rounds = external.get_initial_constants().iter().chain(external.get_terminal_constants());
    let words = rounds.flatten().chain(&internal).map(|word| word.as_canonical_u64()).collect();
    (words, Permutation::new(external, internal))
}

struct Bench {
    host: Host,
    queue: Queue,
    session: u16,
    rng: SmallRng,
    permutation: Permutation,
}

impl Bench {
    fn new(seed: u64, log_batch: u32) -> Self {
        let mut host = Host::new(Limits { seed, card_beats: BEATS, log_batch, delay: 3, ..Limits::default() });
        let session = host.session(0, BEATS);
        let queue = host.queue(1, 16);
        let mut rng = SmallRng::seed_from_u64(seed);
        let (words, permutation) = constants(&mut rng);
        let mut bench = Self { host, queue, session, rng, permutation };
        assert_eq!(bench.load(&words), Ok(0));
        bench
    }

    fn load(&mut self, words: &[u64]) -> Result<u64, (Status, u64)> {
        let list = self.host.memory().allocate_words(words);
        let load = Submission { list, list_len: words.len() as u32 * 8, ..command(Opcode::LoadConstants) };
        self.host.admin(load)
    }

    fn run(&mut self, header: MerkleArguments, matrices: &[MatrixArguments]) -> Result<u64, (Status, u64)> {
        let mut words: Vec<u32> = bytemuck::cast::<_, [u32; 8]>(header).to_vec();
        words.extend(matrices.iter().flat_map(|matrix| bytemuck::cast::<_, [u32; 4]>(*matrix)));
        let list = self.host.list(&words);
        let list_len = words.len() as u32 * 4;
        let submission = Submission { session: self.session, list, list_len, ..command(Opcode::Merkle) };
        self.host.run(&mut self.queue, submission)
    }

    /// A tree over random matrices of these (log2 height, width), tallest first.
    fn check(&mut self, shapes: &[(u32, u32)], cap_height: u32) {
        let mut at = self.rng.random_range(0..9);
        let mut inputs = Vec::new();
        let mut matrices = Vec::new();
        for (log_rows, width) in shapes {
            let (rows, tiles) = (1 << log_rows, width.div_ceil(8));
            let tile_stride = rows + self.rng.random_range(0..4);
            let values: Vec<Goldilocks> = (0..rows * width).map(|_| self.rng.random()).collect();
            for (i, value) in values.iter().enumerate() {
                let (row, column) = (i as u32 / width, i as u32 % width);
                let beat = at + column / 8 * tile_stride + row;
                self.host.machine.engines_mut().memory[beat as usize][column as usize % 8] = value.as_canonical_u64();
            }
            inputs.push(RowMajorMatrix::new(values, *width as usize));
            matrices.push(MatrixArguments { card: at, tile_stride, width: *width, log_rows: *log_rows });
            at += tiles * tile_stride + self.rng.random_range(0..3);
        }
        let second =
            shapes.iter().find(|(log_rows, _)| *log_rows < shapes[0].0).map_or(0, |(log_rows, _)| 1 << log_rows);
        let heap = at;
        let scratch = heap + (1 << shapes[0].0) + 1;
        assert!(scratch + second <= BEATS, "test needs more card memory");
        let before = self.host.machine.engines().memory.clone();
        let header = MerkleArguments {
            heap,
            scratch,
            scratch_beats: second,
            matrices: shapes.len() as u32,
            cap_height,
            ..Default::default()
        };
        assert_eq!(self.run(header, &matrices), Ok(0), "{shapes:?}");
        let memory = &self.host.machine.engines().memory;
        for beat in (0..heap).chain(heap + (1 << shapes[0].0)..scratch).chain(scratch + second..BEATS) {
            assert_eq!(memory[beat as usize], before[beat as usize], "beat {beat} was overwritten: {shapes:?}");
        }
        // Every level down to the cap is the cap of that height.
        for height in cap_height..=shapes[0].0 {
            let mmcs = MerkleTreeMmcs::<Packing, Packing, Sponge, Compression, 2, 4>::new(
                Sponge::new(self.permutation.clone()),
                Compression::new(self.permutation.clone()),
                height as usize,
            );
            let (cap, _) = mmcs.commit(inputs.clone());
            for (i, digest) in cap.roots().iter().enumerate() {
                let node = (1 << height) + i;
                let found = &memory[heap as usize + node / 2][node % 2 * 4..][..4];
                let expected = digest.map(|word| word.as_canonical_u64());
                assert_eq!(found, expected, "{shapes:?}: node {i} of level {height}");
            }
        }
    }
}

#[test]
fn one_matrix_of_every_height_and_many_widths() {
    let mut bench = Bench::new(1, 7);
    for log_rows in 0..=10 {
        let width = bench.rng.random_range(1..20);
        bench.check(&[(log_rows, width)], 0);
    }
    for width in (1..=17).chain([40, 180]) {
        bench.check(&[(3, width)], 0);
    }
}

#[test]
fn matrices_of_uneven_heights_and_widths_share_a_tree() {
    for log_batch in [2, 7] {
        let mut bench = Bench::new(2, log_batch);
        bench.check(&[(5, 3), (5, 6), (5, 9)], 0);
        bench.check(&[(6, 5), (4, 3), (4, 1), (0, 2)], 0);
        bench.check(&[(9, 2), (8, 2), (7, 2), (6, 2), (5, 2), (4, 2), (3, 2), (2, 2), (1, 2), (0, 2)], 0);
        bench.check(&[(1, 180), (0, 7)], 0);
        for _ in 0..30 {
            let mut shapes: Vec<(u32, u32)> = (0..bench.rng.random_range(1..7))
                .map(|_| (bench.rng.random_range(0..9), bench.rng.random_range(1..30)))
                .collect();
            shapes.sort_by_key(|(log_rows, _)| std::cmp::Reverse(*log_rows));
            bench.check(&shapes, 0);
        }
    }
}

#[test]
fn caps_end_the_tree_early() {
    let mut bench = Bench::new(3, 4);
    for cap_height in 0..=6 {
        bench.check(&[(6, 11)], cap_height);
        bench.check(&[(8, 3), (7, 5), (6, 1), (6, 4)], cap_height);
    }
}

#[test]
fn as_many_matrices_as_the_contract_allows() {
    let mut bench = Bench::new(4, 3);
    let shapes: Vec<(u32, u32)> = (0..MAX_MATRICES).map(|i| (if i < 40 { 4 } else { 2 }, 1 + i % 5)).collect();
    bench.check(&shapes, 1);
}

#[test]
fn constants_can_be_changed_between_trees_and_are_needed() {
    let mut bench = Bench::new(5, 7);
    bench.check(&[(4, 9)], 0);
    for _ in 0..3 {
        let (words, permutation) = constants(&mut bench.rng);
        assert_eq!(bench.load(&words), Ok(0));
        bench.permutation = permutation;
        bench.check(&[(4, 9)], 0);
    }
    let (mut words, _) = constants(&mut bench.rng);
    words[85] = P;
    assert_eq!(bench.load(&words), Err((Status::Argument, 170)));
    assert_eq!(bench.load(&words[..85]), Err((Status::HostRange, 680)));
    bench.check(&[(4, 9)], 0);

    let mut host = Host::new(Limits::default());
    let session = host.session(0, 1024);
    let mut queue = host.queue(1, 16);
    let mut words = vec![0, 0, 0, 1, 0, 0, 0, 0];
    words.extend([64, 1, 1, 0]);
    let list = host.list(&words);
    let submission = Submission { session, list, list_len: 48, ..command(Opcode::Merkle) };
    assert_eq!(host.run(&mut queue, submission), Err((Status::NoConstants, 0)));
}

#[test]
fn wrong_arguments_are_named_by_their_index() {
    let mut bench = Bench::new(6, 7);
    let header = MerkleArguments {
        heap: 1024,
        scratch: 2048,
        scratch_beats: 4,
        matrices: 2,
        cap_height: 1,
        ..Default::default()
    };
    let first = MatrixArguments { card: 0, tile_stride: 16, width: 9, log_rows: 4 };
    let second = MatrixArguments { card: 100, tile_stride: 4, width: 3, log_rows: 2 };
    assert_eq!(bench.run(header, &[first, second]), Ok(0));
    let argument = |index: u64| (Status::Argument, index);
    let beats = u64::from(BEATS);
    for (header, matrices, expected) in [
        (MerkleArguments { matrices: 1, ..header }, [first, second], argument(3)),
        (MerkleArguments { matrices: u32::MAX, ..header }, [first, second], argument(3)),
        (MerkleArguments { reserved: [0, 1, 0], ..header }, [first, second], argument(6)),
        (MerkleArguments { cap_height: 5, ..header }, [first, second], argument(11)),
        (MerkleArguments { cap_height: 3, ..header }, [first, second], argument(15)),
        (header, [second, first], argument(15)),
        (header, [first, MatrixArguments { width: 0, ..second }], argument(14)),
        (header, [MatrixArguments { width: u32::MAX, ..first }, second], argument(10)),
        (header, [MatrixArguments { tile_stride: 15, ..first }, second], argument(9)),
        (header, [MatrixArguments { log_rows: 32, ..first }, second], argument(11)),
        (header, [MatrixArguments { card: BEATS - 31, ..first }, second], (Status::CardRange, beats - 31)),
        (MerkleArguments { heap: BEATS - 15, ..header }, [first, second], (Status::CardRange, beats - 15)),
        (MerkleArguments { scratch: BEATS - 3, ..header }, [first, second], (Status::CardRange, beats - 3)),
        (MerkleArguments { scratch: 1030, ..header }, [first, second], argument(1)),
        (MerkleArguments { scratch_beats: 3, ..header }, [first, second], (Status::ScratchTooSmall, 4)),
    ] {
        assert_eq!(bench.run(header, &matrices), Err(expected), "{header:?} {matrices:?}");
    }
    for list_len in [0, 32, 47, 49, 60, 1072] {
        let list = bench.host.list(&[0; 300]);
        let submission = Submission { session: bench.session, list, list_len, ..command(Opcode::Merkle) };
        assert_eq!(bench.host.run(&mut bench.queue, submission), Err((Status::HostRange, list_len.into())));
    }
    assert_eq!(bench.run(header, &[first, second]), Ok(0));
}
