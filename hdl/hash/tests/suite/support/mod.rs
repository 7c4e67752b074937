//! The engine under Verilator with a memory beside it, and what p3 says about it.

#![allow(dead_code, reason = "the bench of this crate uses a part")]

pub mod hash;
pub mod plan;

use std::ops::{Deref, DerefMut};

use karat_abi::engine::hash::{CONSTANTS, STATE};
use karat_abi::registers::engine as map;
use karat_hdl_base::testing::memory::Timing;
use karat_hdl_base::testing::{engine, simulate};
use karat_hdl_hash::HashEngine;
use karat_verilator::Model;
use p3_commit::Mmcs;
use p3_field::{Field, PrimeField64};
use p3_goldilocks::{Goldilocks, Poseidon2Goldilocks};
use p3_matrix::dense::RowMajorMatrix;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_poseidon2::ExternalLayerConstants;
use p3_symmetric::{
    CryptographicHasher, PaddingFreeSponge, Permutation as _, PseudoCompressionFunction, TruncatedPermutation,
};
use rand::RngExt;
use rand::rngs::SmallRng;

pub use hash::{Hash, KeccakTree};
use plan::{Descriptor, Flat, Search};

/// p3's permutation.
pub type Permutation = Poseidon2Goldilocks<8>;
/// p3's sponge.
pub type Sponge = PaddingFreeSponge<Permutation, 8, 4, 4>;
/// p3's compression.
pub type Compression = TruncatedPermutation<Permutation, 2, 4, 8>;
/// A node.
pub type Digest = [u64; 4];

/// The order of the field.
pub const P: u64 = karat_abi::P;
/// Words at the edges of ranges.
pub const EDGES: [u64; 9] = [0, 1, 2, P - 1, P - 2, 1 << 32, (1 << 32) - 1, (1 << 32) + 1, P >> 1];

/// A random word, often an edge.
pub fn word(rng: &mut SmallRng) -> u64 {
    if rng.random_range(0..4) == 0 { EDGES[rng.random_range(0..EDGES.len())] } else { rng.random_range(0..P) }
}

/// Prints a fresh seed, or takes the one in `KARAT_SEED`.
pub fn seed() -> u64 {
    let seed = match std::env::var("KARAT_SEED") {
        Ok(text) => text.parse().expect("KARAT_SEED is a number"),
        Err(_) => rand::random(),
    };
    println!("KARAT_SEED={seed}");
    seed
}

/// Round constants and the p3 permutation with them.
#[derive(Clone)]
pub struct Constants {
    /// Entries of the table of `karat_abi::engine::hash::CONSTANTS`.
    pub table: Vec<u64>,
    /// p3's permutation with them.
    pub permutation: Permutation,
}

impl Constants {
    fn new(initial: Vec<[Goldilocks; 8]>, terminal: Vec<[Goldilocks; 8]>, internal: Vec<Goldilocks>) -> Self {
        let table: Vec<u64> =
            initial.iter().chain(&terminal).flatten().chain(&internal).map(|c| c.as_canonical_u64()).collect();
        assert_eq!(table.len(), CONSTANTS as usize);
        let external = ExternalLayerConstants::new(initial, terminal);
        Self { table, permutation: Permutation::new(external, internal) }
    }

    /// Those of `default_goldilocks_poseidon2_8`.
    pub fn standard() -> Self {
        let constants = Self::new(
            p3_goldilocks::GOLDILOCKS_POSEIDON2_RC_8_EXTERNAL_INITIAL.to_vec(),
            p3_goldilocks::GOLDILOCKS_POSEIDON2_RC_8_EXTERNAL_FINAL.to_vec(),
            p3_goldilocks::GOLDILOCKS_POSEIDON2_RC_8_INTERNAL.to_vec(),
        );
        Self { permutation: p3_goldilocks::default_goldilocks_poseidon2_8(), ..constants }
    }

    /// Drawn from a generator.
    pub fn random(rng: &mut SmallRng) -> Self {
        let external = ExternalLayerConstants::<Goldilocks, 8>::new_from_rng(8, rng);
        let internal = (0..22).map(|_| rng.random()).collect();
        Self::new(external.get_initial_constants().to_vec(), external.get_terminal_constants().to_vec(), internal)
    }
}

impl Hash for Constants {
    fn mode(&self) -> u32 {
        0
    }

    fn state_words(&self) -> usize {
        8
    }

    fn places(&self) -> u32 {
        8
    }

    fn sampled(&self) -> u32 {
        8
    }

    fn sponge(&self, row: &[u64]) -> Digest {
        let digest: [Goldilocks; 4] =
            Sponge::new(self.permutation.clone()).hash_iter(row.iter().copied().map(Goldilocks::new));
        digest.map(|word| word.as_canonical_u64())
    }

    fn compress(&self, left: Digest, right: Digest) -> Digest {
        let nodes = [left, right].map(|node| node.map(Goldilocks::new));
        Compression::new(self.permutation.clone()).compress(nodes).map(|word| word.as_canonical_u64())
    }

    fn accepts(&self, state: &[u64], search: &Search, candidate: u64) -> bool {
        let mut state: [Goldilocks; 8] = std::array::from_fn(|i| Goldilocks::new(state[i]));
        state[search.position as usize] = Goldilocks::new(candidate);
        let word = self.permutation.permute(state)[search.sampled as usize].as_canonical_u64();
        search.takes(word)
    }

    fn cap(&self, matrices: Vec<RowMajorMatrix<Goldilocks>>, cap_height: u32) -> Vec<Digest> {
        type Packing = <Goldilocks as Field>::Packing;
        let mmcs = MerkleTreeMmcs::<Packing, Packing, Sponge, Compression, 2, 4>::new(
            Sponge::new(self.permutation.clone()),
            Compression::new(self.permutation.clone()),
            cap_height as usize,
        );
        let (cap, _) = mmcs.commit(matrices);
        cap.roots().iter().map(|digest| digest.map(|word| word.as_canonical_u64())).collect()
    }
}

/// A configuration of the engine.
pub struct Config {
    /// Verilator's model.
    pub model: Model,
    /// log2 of the rows of a batch.
    pub log_batch: u32,
    /// S-boxes.
    pub lanes: u64,
    /// Rounds of Keccak a cycle.
    pub rounds: u64,
}

impl Config {
    fn new<const LANES: usize, const A: usize, const B: usize, const D: usize, const ROUNDS: usize>() -> Self {
        let name = format!("hash_engine_{LANES}_{D}_{ROUNDS}");
        let model = simulate(&name, HashEngine::<LANES, A, B, D, ROUNDS>::default).unwrap();
        Self { model, log_batch: D as u32, lanes: LANES as u64, rounds: ROUNDS as u64 }
    }

    /// That of `tiny`.
    pub fn tiny() -> Self {
        Self::new::<2, 6, 7, 7, 1>()
    }

    /// One lane, 3 rounds of Keccak a cycle, 8 rows a batch.
    pub fn narrow() -> Self {
        Self::new::<1, 3, 4, 3, 3>()
    }

    /// Four lanes, all rounds of Keccak in a cycle, 256 rows a batch.
    pub fn wide() -> Self {
        Self::new::<4, 6, 7, 8, 24>()
    }

    /// That of `tiny` with 6 rounds of Keccak a cycle.
    pub fn six_rounds() -> Self {
        Self::new::<2, 6, 7, 7, 6>()
    }
}

/// An engine and its memory.
pub struct Bench {
    engine: engine::Bench,
}

impl Bench {
    /// After reset, with round constants loaded.
    pub fn new(config: &Config, seed: u64, timing: Timing, beats: usize, constants: &Constants) -> Self {
        let mut bench = Self { engine: engine::Bench::new(&config.model, seed, timing, beats) };
        bench.load(constants);
        bench
    }

    /// Loads round constants.
    pub fn load(&mut self, constants: &Constants) {
        self.fill(0, &constants.table);
    }

    /// Loads the state of searches.
    pub fn load_state(&mut self, state: &[u64]) {
        self.fill(STATE, state);
    }

    fn fill(&mut self, first: u32, words: &[u64]) {
        for (index, &value) in (first..).zip(words) {
            self.write(map::TABLE_INDEX, index);
            self.write(map::TABLE_START_LO, value as u32);
            self.write(map::TABLE_START_HI, (value >> 32) as u32);
            self.write(map::TABLE_FILL, 1);
        }
        self.run(1);
    }

    /// What the last search found.
    pub fn found(&mut self) -> Option<u64> {
        let result = self.counter(map::RESULT_LO);
        (result != u64::MAX).then_some(result)
    }

    /// Runs descriptors, two of them queued at a time, to the end of the last.
    pub fn execute(&mut self, descriptors: &[Descriptor]) {
        for words in descriptors {
            self.push(words);
        }
        self.finish();
    }
}

impl Deref for Bench {
    type Target = engine::Bench;

    fn deref(&self) -> &engine::Bench {
        &self.engine
    }
}

impl DerefMut for Bench {
    fn deref_mut(&mut self) -> &mut engine::Bench {
        &mut self.engine
    }
}

/// How a matrix of a test stands in memory.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Tile-major, so many columns.
    Tiles(u32),
    /// Flat.
    Flat(Flat),
}

impl Shape {
    /// A random one.
    pub fn random(rng: &mut SmallRng) -> Self {
        match rng.random() {
            true => Self::Tiles(rng.random_range(1..20)),
            false => Self::Flat(Flat { log_words: rng.random_range(2..=6), skip: rng.random() }),
        }
    }
}

/// A matrix of random words with all others (which must not matter) random too.
pub struct Matrix {
    /// First beat.
    pub card: u32,
    /// Beats between tiles.
    pub tile_stride: u32,
    /// Valid columns.
    pub width: u32,
    /// Rows of valid words.
    pub rows: Vec<Vec<u64>>,
    /// Not tile-major but flat.
    pub flat: Option<Flat>,
}

impl Matrix {
    /// Puts a random tile-major matrix into memory at `card`.
    pub fn random(bench: &mut Bench, rng: &mut SmallRng, card: u32, rows: u32, width: u32) -> Self {
        Self::of(bench, rng, card, rows, Shape::Tiles(width))
    }

    /// Puts a random matrix into memory at `card`.
    pub fn of(bench: &mut Bench, rng: &mut SmallRng, card: u32, rows: u32, shape: Shape) -> Self {
        let (width, flat) = match shape {
            Shape::Tiles(width) => (width, None),
            Shape::Flat(flat) => (flat.width(), Some(flat)),
        };
        let tile_stride = rows + rng.random_range(0..4);
        let words = (0..rows).map(|_| (0..width).map(|_| word(rng)).collect()).collect();
        let matrix = Self { card, tile_stride, width, rows: words, flat };
        for beat in &mut bench.memory.beats[card as usize..][..matrix.beats() as usize] {
            *beat = rng.random();
        }
        for (r, row) in matrix.rows.iter().enumerate() {
            for (c, &word) in row.iter().enumerate() {
                let (beat, lane) = match flat {
                    None => (c / 8 * tile_stride as usize + r, c % 8),
                    Some(Flat { log_words, skip }) => {
                        let at = (r << log_words) + if skip { c / 3 * 4 + c % 3 } else { c };
                        (at / 8, at % 8)
                    }
                };
                bench.memory.beats[card as usize + beat][lane] = word;
            }
        }
        matrix
    }

    /// Beats it takes in memory.
    pub fn beats(&self) -> u32 {
        let rows = self.rows.len() as u32;
        self.flat.map_or(self.width.div_ceil(8) * self.tile_stride, |flat| flat.beats(rows))
    }

    /// As the planner sees it.
    pub fn plan(&self) -> plan::Matrix {
        let Self { card, tile_stride, width, flat, .. } = *self;
        plan::Matrix { card, tile_stride, width, rows: self.rows.len() as u32, flat }
    }
}
