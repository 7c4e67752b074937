//! Trees over flat matrices, and the search for a proof of work, on the whole card, against Plonky3.

use karat::{Hashing, Keccak, Parameters, Poseidon2};
use karat_abi::command::matrix;
use karat_abi::{Engine, GrindArguments, HashFunction, MatrixArguments, MerkleArguments, P, Stage, Status};
use karat_driver::{After, Device, Error, Layout, Session, finish};
use karat_sim::Options;
use karat_tests::{TIMEOUT, open};
use p3_commit::Mmcs;
use p3_field::PrimeField64;
use p3_goldilocks::Goldilocks;
use p3_keccak::KeccakF;
use p3_matrix::dense::RowMajorMatrix;
use p3_symmetric::Permutation;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

fn seeded() -> SmallRng {
    let seed = rand::random();
    println!("seed {seed}");
    SmallRng::seed_from_u64(seed)
}

fn words(rng: &mut SmallRng, count: u32) -> Vec<u64> {
    (0..count).map(|_| rng.random_range(0..P)).collect()
}

fn upload(session: &Session, layout: &Layout, words: &[u64]) {
    let buffer = session.buffer_from(words).unwrap();
    finish(session.upload(buffer, layout, Stage::Upload, After::Nothing).unwrap(), TIMEOUT).unwrap();
}

/// Leaves of a tile-major and of a flat matrix with skipped words, and what is needed for a tree over them.
struct Forest {
    arguments: MerkleArguments,
    matrices: [MatrixArguments; 2],
    heap: Layout,
    roots: [Vec<u8>; 2],
    _memory: Vec<karat_driver::CardMemory>,
}

const LOG_ROWS: u32 = 7;
const WIDTH: u32 = 9;
/// log2 of the words of a flat row.
const LOG_WORDS: u32 = 4;

impl Forest {
    fn new(session: &Session, rng: &mut SmallRng) -> Self {
        let rows = 1 << LOG_ROWS;
        let memory = [2 * rows, rows << (LOG_WORDS - 3), rows].map(|beats| session.allocate(beats).unwrap());
        let tiles = Layout { first: memory[0].first(), tile_stride: rows, width: WIDTH, rows };
        let tile_words = words(rng, WIDTH * rows);
        upload(session, &tiles, &tile_words);
        // One tile is flat memory.
        let flat = Layout { first: memory[1].first(), tile_stride: 0, width: 8, rows: rows << (LOG_WORDS - 3) };
        let flat_words = words(rng, 8 * flat.rows);
        upload(session, &flat, &flat_words);
        let valid = flat_words.chunks(4).flat_map(|four| &four[..3]).copied().collect();
        let inputs = [(tile_words, WIDTH), (valid, 3 << (LOG_WORDS - 2))].map(|(words, width)| {
            RowMajorMatrix::new(words.into_iter().map(Goldilocks::new).collect(), width as usize)
        });
        let roots =
            [root::<Poseidon2>(&Parameters::default(), &inputs), root::<Keccak>(&Parameters::keccak(), &inputs)];
        let log_rows = LOG_ROWS | LOG_WORDS << matrix::FLAT_SHIFT | matrix::SKIP;
        let matrices = [
            MatrixArguments { card: tiles.first, tile_stride: rows, width: WIDTH, log_rows: LOG_ROWS },
            MatrixArguments { card: flat.first, tile_stride: 0, width: 3 << (LOG_WORDS - 2), log_rows },
        ];
        let heap = Layout { first: memory[2].first(), tile_stride: 0, width: 8, rows };
        let arguments = MerkleArguments { heap: heap.first, matrices: 2, ..Default::default() };
        Self { arguments, matrices, heap, roots, _memory: memory.into() }
    }

    /// Builds the tree, and compares its root.
    fn check(&self, session: &Session, hash: HashFunction) {
        let arguments = MerkleArguments { hash: hash as u32, ..self.arguments };
        finish(session.merkle(&arguments, &self.matrices, Stage::Commit, After::Nothing).unwrap(), TIMEOUT).unwrap();
        let buffer = session.buffer(8).unwrap();
        let top = Layout { rows: 1, ..self.heap };
        let (buffer, _) =
            finish(session.download(buffer, &top, 0, Stage::Download, After::Nothing).unwrap(), TIMEOUT).unwrap();
        let found: [u64; 4] = buffer.to_vec()[4..].try_into().unwrap();
        let found = match hash {
            HashFunction::Poseidon2 => bytes::<Poseidon2>(found),
            HashFunction::Keccak => bytes::<Keccak>(found),
        };
        assert_eq!(found, self.roots[hash as usize], "{hash:?}");
    }
}

/// A node as a proof has it.
fn bytes<H: Hashing>(node: [u64; 4]) -> Vec<u8> {
    postcard::to_stdvec(&H::digest(node)).unwrap()
}

/// Plonky3's root.
fn root<H: Hashing>(parameters: &Parameters<H>, inputs: &[RowMajorMatrix<Goldilocks>]) -> Vec<u8> {
    let (cap, _) = parameters.mmcs().commit(inputs.to_vec());
    postcard::to_stdvec(&cap.roots()[0]).unwrap()
}

fn arguments(rng: &mut SmallRng, bits: u32) -> GrindArguments {
    let state = words(rng, 8).try_into().unwrap();
    GrindArguments::poseidon2(state, rng.random_range(0..8), rng.random_range(0..8), bits)
}

fn keccak_arguments(rng: &mut SmallRng, bits: u32) -> GrindArguments {
    GrindArguments {
        state: rng.random(),
        position: rng.random_range(0..17),
        sampled: rng.random_range(0..4),
        bits,
        hash: HashFunction::Keccak as u32,
    }
}

/// Busy cycles and permutations of the hash engine.
fn hash_counters(device: &Device) -> (u64, u64) {
    let counters = device.counters().unwrap().engines[Engine::Hash as usize];
    (counters.busy, counters.work)
}

#[test]
fn a_flat_and_a_tile_major_matrix_share_a_tree() {
    let (device, _) = open(&Options::new("tiny"));
    let session = device.session(0, 1 << 12).unwrap();
    device.load_constants(&Parameters::default().constants.to_words()).unwrap();
    let forest = Forest::new(&session, &mut seeded());
    for hash in [HashFunction::Poseidon2, HashFunction::Keccak, HashFunction::Poseidon2] {
        forest.check(&session, hash);
    }
}

#[test]
fn a_search_finds_the_smallest_witness_and_keeps_the_engine_busy() {
    let (device, simulation) = open(&Options::new("tiny"));
    let session = device.session(0, 64).unwrap();
    let constants = Parameters::default().constants;
    device.load_constants(&constants.to_words()).unwrap();
    let mut rng = seeded();
    let permutation = constants.permutation();
    for (bits, keccak) in [1, 4, 12].into_iter().flat_map(|bits| [(bits, false), (bits, true)]) {
        let arguments = if keccak { keccak_arguments(&mut rng, bits) } else { arguments(&mut rng, bits) };
        let sample = |witness: u64| {
            let [position, sampled] = [arguments.position, arguments.sampled].map(|place| place as usize);
            if keccak {
                let mut state = arguments.state;
                state[position] ^= witness;
                return KeccakF.permute(state)[sampled].swap_bytes();
            }
            let mut state: [Goldilocks; 8] = std::array::from_fn(|i| Goldilocks::new(arguments.state[i]));
            state[position] = Goldilocks::new(witness);
            permutation.permute(state)[sampled].as_canonical_u64()
        };
        let accepts = |witness: &u64| sample(*witness).is_multiple_of(1 << bits);
        let (busy_before, work_before) = hash_counters(&device);
        let before = simulation.counters().cycles;
        let (_, completion) = finish(session.grind(&arguments, Stage::Fri, After::Nothing).unwrap(), TIMEOUT).unwrap();
        let cycles = simulation.counters().cycles - before;
        assert_eq!(Some(completion.result), (0..).find(accepts), "{arguments:?}");
        let (busy, work) = hash_counters(&device);
        let (busy, work) = (busy - busy_before, work - work_before);
        println!(
            "{bits} bits, Keccak {keccak}: witness {}, {work} permutations, {busy} cycles busy, {cycles} cycles",
            completion.result
        );
        // The command's own way costs some thousand cycles, each piece of the search a few hundred.
        assert!(cycles < 6000 + work * 45 + work / 2048 * 1000, "{cycles} cycles for {work} permutations");
    }
}

#[test]
fn a_tree_waits_for_a_piece_of_a_search_and_the_search_can_be_aborted() {
    let (device, simulation) = open(&Options::new("tiny"));
    let session = device.session(0, 1 << 12).unwrap();
    device.load_constants(&Parameters::default().constants.to_words()).unwrap();
    let mut rng = seeded();
    let forest = Forest::new(&session, &mut rng);
    let timed = || {
        let before = simulation.counters().cycles;
        forest.check(&session, HashFunction::Poseidon2);
        simulation.counters().cycles - before
    };
    let alone = timed();
    let queue = device.create_queue(4).unwrap();
    // No end is in sight.
    let search = session.on(&queue).grind(&arguments(&mut rng, 32), Stage::Fri, After::Nothing).unwrap();
    let beside = [timed(), timed()];
    println!("tree alone: {alone} cycles, beside a search {beside:?}");
    // 2048 permutations, and what the tree and the way of its commands take.
    let piece = 2048 * 45;
    assert!(beside.into_iter().all(|cycles| cycles < alone + piece + piece / 4), "{alone} {beside:?}");
    let before = simulation.counters().cycles;
    device.delete_queue(&queue).unwrap();
    let cycles = simulation.counters().cycles - before;
    println!("aborted after {cycles} cycles");
    assert!(cycles < 2 * piece);
    match finish(search, TIMEOUT) {
        Err(Error::Command { status: Status::Aborted, .. }) => (),
        Err(error) => panic!("{error}"),
        Ok((_, completion)) => panic!("found {}", completion.result),
    }
}
