//! A card with round constants, and trees on it compared with p3-merkle-tree.
#![allow(dead_code, reason = "every test file uses its part")]

use crate::support::{Host, Queue, command};
use karat_abi::command::matrix;
use karat_abi::{HashFunction, MatrixArguments, MerkleArguments, Opcode, Status, Submission};
use karat_firmware::testing::Limits;
use p3_commit::Mmcs;
use p3_field::{Field, PrimeField64};
use p3_goldilocks::{Goldilocks, Poseidon2Goldilocks};
use p3_keccak::Keccak256Hash;
use p3_matrix::dense::RowMajorMatrix;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_poseidon2::ExternalLayerConstants;
use p3_symmetric::{CompressionFunctionFromHasher, PaddingFreeSponge, SerializingHasher, TruncatedPermutation};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// p3's permutation.
pub type Permutation = Poseidon2Goldilocks<8>;
type Packing = <Goldilocks as Field>::Packing;
type Sponge = PaddingFreeSponge<Permutation, 8, 4, 4>;
type Compression = TruncatedPermutation<Permutation, 2, 4, 8>;

/// Card memory.
pub const BEATS: u32 = 1 << 16;

/// Round constants in the contract's order, and p3's permutation with them.
pub fn constants(rng: &mut SmallRng) -> (Vec<u64>, Permutation) {
    let external = ExternalLayerConstants::<Goldilocks, 8>::new_from_rng(8, rng);
    let internal: Vec<Goldilocks> = (0..22).map(|_| rng.random()).collect();
    let rounds = external.get_initial_constants().iter().chain(external.get_terminal_constants());
    let words = rounds.flatten().chain(&internal).map(|word| word.as_canonical_u64()).collect();
    (words, Permutation::new(external, internal))
}

/// How a matrix stands in card memory.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Tile-major.
    Tiles { width: u32 },
    /// Flat, with `2^log_words` words a row, of which the fourth of every four may belong to no column.
    Flat { log_words: u32, skip: bool },
}

impl Form {
    /// A random one.
    pub fn random(rng: &mut SmallRng) -> Self {
        match rng.random() {
            true => Self::Tiles { width: rng.random_range(1..30) },
            false => Self::Flat { log_words: rng.random_range(2..=6), skip: rng.random() },
        }
    }

    /// Columns.
    pub fn width(self) -> u32 {
        match self {
            Self::Tiles { width } => width,
            Self::Flat { log_words, skip: true } => 3 << (log_words - 2),
            Self::Flat { log_words, skip: false } => 1 << log_words,
        }
    }

    /// The arguments of a matrix at `card`.
    fn arguments(self, card: u32, tile_stride: u32, log_rows: u32) -> MatrixArguments {
        let form = match self {
            Self::Tiles { .. } => 0,
            Self::Flat { log_words, skip } => log_words << matrix::FLAT_SHIFT | if skip { matrix::SKIP } else { 0 },
        };
        MatrixArguments { card, tile_stride, width: self.width(), log_rows: log_rows | form }
    }

    /// Beat, and word in it, of a column of a row; from the first beat on.
    fn locate(self, tile_stride: u32, row: u32, column: u32) -> (u32, usize) {
        match self {
            Self::Tiles { .. } => (column / 8 * tile_stride + row, column as usize % 8),
            Self::Flat { log_words, skip } => {
                let place = (row << log_words) + if skip { column / 3 * 4 + column % 3 } else { column };
                (place / 8, place as usize % 8)
            }
        }
    }

    /// Beats of so many rows.
    fn beats(self, tile_stride: u32, rows: u32) -> u32 {
        match self {
            Self::Tiles { width } => width.div_ceil(8) * tile_stride,
            Self::Flat { log_words, .. } => (rows << log_words).div_ceil(8),
        }
    }
}

/// Matrices in card memory, and the arguments of a tree over them.
pub struct Tree {
    shapes: Vec<(u32, Form)>,
    pub header: MerkleArguments,
    pub matrices: Vec<MatrixArguments>,
    inputs: Vec<RowMajorMatrix<Goldilocks>>,
}

/// A card with round constants, a queue and a session.
pub struct Bench {
    pub host: Host,
    pub queue: Queue,
    pub session: u16,
    pub rng: SmallRng,
    pub permutation: Permutation,
}

impl Bench {
    pub fn new(seed: u64, log_batch: u32) -> Self {
        let mut host = Host::new(Limits { seed, card_beats: BEATS, log_batch, delay: 3, ..Limits::default() });
        let session = host.session(0, BEATS);
        let queue = host.queue(1, 16);
        let mut rng = SmallRng::seed_from_u64(seed);
        let (words, permutation) = constants(&mut rng);
        let mut bench = Self { host, queue, session, rng, permutation };
        assert_eq!(bench.load(&words), Ok(0));
        bench
    }

    /// Loads round constants.
    pub fn load(&mut self, words: &[u64]) -> Result<u64, (Status, u64)> {
        let list = self.host.memory().allocate_words(words);
        let load = Submission { list, list_len: words.len() as u32 * 8, ..command(Opcode::LoadConstants) };
        self.host.admin(load)
    }

    /// Runs a tree.
    pub fn run(&mut self, header: MerkleArguments, matrices: &[MatrixArguments]) -> Result<u64, (Status, u64)> {
        let submission = self.merkle(header, matrices);
        self.host.run(&mut self.queue, submission)
    }

    /// The command of a tree, its arguments in host memory.
    pub fn merkle(&mut self, header: MerkleArguments, matrices: &[MatrixArguments]) -> Submission {
        let mut words: Vec<u32> = bytemuck::cast::<_, [u32; 8]>(header).to_vec();
        words.extend(matrices.iter().flat_map(|matrix| bytemuck::cast::<_, [u32; 4]>(*matrix)));
        let list = self.host.list(&words);
        let list_len = words.len() as u32 * 4;
        Submission { session: self.session, list, list_len, ..command(Opcode::Merkle) }
    }

    /// A tree over random tile-major matrices of these (log2 height, width), tallest first.
    pub fn check(&mut self, shapes: &[(u32, u32)], cap_height: u32) {
        let shapes: Vec<(u32, Form)> =
            shapes.iter().map(|(log_rows, width)| (*log_rows, Form::Tiles { width: *width })).collect();
        self.check_forms(&shapes, cap_height);
    }

    /// A tree over random matrices of these (log2 height, form), tallest first.
    pub fn check_forms(&mut self, shapes: &[(u32, Form)], cap_height: u32) {
        for function in HashFunction::ALL {
            let mut tree = self.place(shapes, cap_height);
            tree.header.hash = function as u32;
            let before = self.host.machine.engines().memory.clone();
            assert_eq!(self.run(tree.header, &tree.matrices), Ok(0), "{shapes:?}");
            self.compare(&tree, &before);
        }
    }

    /// Puts random matrices of these (log2 height, form), tallest first, into card memory, for a tree.
    pub fn place(&mut self, shapes: &[(u32, Form)], cap_height: u32) -> Tree {
        let mut at = self.rng.random_range(0..9);
        let mut inputs = Vec::new();
        let mut matrices = Vec::new();
        for (log_rows, form) in shapes {
            let (rows, width) = (1 << log_rows, form.width());
            let tile_stride = rows + self.rng.random_range(0..4);
            let values: Vec<Goldilocks> = (0..rows * width).map(|_| self.rng.random()).collect();
            for (i, value) in values.iter().enumerate() {
                let (beat, word) = form.locate(tile_stride, i as u32 / width, i as u32 % width);
                self.host.machine.engines_mut().memory[(at + beat) as usize][word] = value.as_canonical_u64();
            }
            inputs.push(RowMajorMatrix::new(values, width as usize));
            matrices.push(form.arguments(at, tile_stride, *log_rows));
            at += form.beats(tile_stride, rows) + self.rng.random_range(0..3);
        }
        let second =
            shapes.iter().find(|(log_rows, _)| *log_rows < shapes[0].0).map_or(0, |(log_rows, _)| 1 << log_rows);
        let heap = at;
        let scratch = heap + (1 << shapes[0].0) + 1;
        assert!(scratch + second <= BEATS, "test needs more card memory");
        let header = MerkleArguments {
            heap,
            scratch,
            scratch_beats: second,
            matrices: shapes.len() as u32,
            cap_height,
            ..Default::default()
        };
        Tree { shapes: shapes.to_vec(), header, matrices, inputs }
    }

    /// Compares a tree in card memory with p3's, and the rest of memory with what it was before.
    pub fn compare(&self, tree: &Tree, before: &[[u64; 8]]) {
        let Tree { shapes, header, inputs, .. } = tree;
        let MerkleArguments { heap, scratch, scratch_beats, cap_height, .. } = *header;
        let memory = &self.host.machine.engines().memory;
        for beat in (0..heap).chain(heap + (1 << shapes[0].0)..scratch).chain(scratch + scratch_beats..BEATS) {
            assert_eq!(memory[beat as usize], before[beat as usize], "beat {beat} was overwritten: {shapes:?}");
        }
        // Every level down to the cap is the cap of that height.
        for height in cap_height..=shapes[0].0 {
            let cap = match HashFunction::from_u32(header.hash).unwrap() {
                HashFunction::Poseidon2 => self.poseidon2_cap(inputs, height),
                HashFunction::Keccak => keccak_cap(inputs, height),
            };
            for (i, expected) in cap.into_iter().enumerate() {
                let node = (1 << height) + i;
                let found = &memory[heap as usize + node / 2][node % 2 * 4..][..4];
                assert_eq!(found, expected, "{shapes:?}: node {i} of level {height}");
            }
        }
    }

    fn poseidon2_cap(&self, inputs: &[RowMajorMatrix<Goldilocks>], height: u32) -> Vec<[u64; 4]> {
        let mmcs = MerkleTreeMmcs::<Packing, Packing, Sponge, Compression, 2, 4>::new(
            Sponge::new(self.permutation.clone()),
            Compression::new(self.permutation.clone()),
            height as usize,
        );
        let (cap, _) = mmcs.commit(inputs.to_vec());
        cap.roots().iter().map(|digest| digest.map(|word| word.as_canonical_u64())).collect()
    }
}

type KeccakSponge = SerializingHasher<Keccak256Hash>;
type KeccakCompression = CompressionFunctionFromHasher<Keccak256Hash, 2, 32>;

fn keccak_cap(inputs: &[RowMajorMatrix<Goldilocks>], height: u32) -> Vec<[u64; 4]> {
    let mmcs = MerkleTreeMmcs::<Goldilocks, u8, KeccakSponge, KeccakCompression, 2, 32>::new(
        KeccakSponge::new(Keccak256Hash),
        KeccakCompression::new(Keccak256Hash),
        height as usize,
    );
    let (cap, _) = mmcs.commit(inputs.to_vec());
    let words = |digest: &[u8; 32]| -> [u64; 4] {
        let (words, _) = digest.as_chunks::<8>();
        std::array::from_fn(|i| u64::from_le_bytes(words[i]))
    };
    cap.roots().iter().map(words).collect()
}
