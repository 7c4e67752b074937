//! What p3 says about a hash of the engine.

use karat_abi::engine::hash::{KECCAK, MODE};
use p3_commit::Mmcs;
use p3_goldilocks::Goldilocks;
use p3_keccak::{Keccak256Hash, KeccakF};
use p3_matrix::dense::RowMajorMatrix;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_symmetric::{
    CompressionFunctionFromHasher, CryptographicHasher, Permutation, PseudoCompressionFunction, SerializingHasher,
};

use super::Digest;
use super::plan::{Descriptor, Search};

/// A hash of the engine: what its descriptors have, and what comes of them.
pub trait Hash {
    /// Bits of `MODE` that choose it.
    fn mode(&self) -> u32;
    /// Words of its state.
    fn state_words(&self) -> usize;
    /// Words of the state that a candidate may be for.
    fn places(&self) -> u32;
    /// Words that may be looked at in a search.
    fn sampled(&self) -> u32;
    /// The digest of a row.
    fn sponge(&self, row: &[u64]) -> Digest;
    /// The parent of two nodes.
    fn compress(&self, left: Digest, right: Digest) -> Digest;
    /// Whether a candidate will do.
    fn accepts(&self, state: &[u64], search: &Search, candidate: u64) -> bool;
    /// The cap over matrices in the order given.
    fn cap(&self, matrices: Vec<RowMajorMatrix<Goldilocks>>, cap_height: u32) -> Vec<Digest>;

    /// A plan's descriptors for this hash.
    fn of(&self, mut descriptors: Vec<Descriptor>) -> Vec<Descriptor> {
        for words in &mut descriptors {
            words[MODE] |= self.mode();
        }
        descriptors
    }
}

/// Keccak-256 of words.
pub struct KeccakTree;

type Compression = CompressionFunctionFromHasher<Keccak256Hash, 2, 32>;

/// Words as bytes.
pub fn bytes(words: impl IntoIterator<Item = u64>) -> Vec<u8> {
    words.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// A digest as words.
fn words(digest: [u8; 32]) -> Digest {
    std::array::from_fn(|i| u64::from_le_bytes(digest[8 * i..][..8].try_into().unwrap()))
}

impl Hash for KeccakTree {
    fn mode(&self) -> u32 {
        KECCAK
    }

    fn state_words(&self) -> usize {
        25
    }

    fn places(&self) -> u32 {
        17
    }

    fn sampled(&self) -> u32 {
        4
    }

    fn sponge(&self, row: &[u64]) -> Digest {
        words(SerializingHasher::new(Keccak256Hash).hash_iter(row.iter().copied().map(Goldilocks::new)))
    }

    fn compress(&self, left: Digest, right: Digest) -> Digest {
        let nodes = [left, right].map(|node| bytes(node).try_into().unwrap());
        words(Compression::new(Keccak256Hash).compress(nodes))
    }

    fn accepts(&self, state: &[u64], search: &Search, candidate: u64) -> bool {
        let mut state: [u64; 25] = state.try_into().unwrap();
        state[search.position as usize] ^= candidate;
        KeccakF.permute_mut(&mut state);
        search.takes(state[search.sampled as usize].swap_bytes())
    }

    fn cap(&self, matrices: Vec<RowMajorMatrix<Goldilocks>>, cap_height: u32) -> Vec<Digest> {
        type Hasher = SerializingHasher<Keccak256Hash>;
        let mmcs = MerkleTreeMmcs::<Goldilocks, u8, Hasher, Compression, 2, 32>::new(
            Hasher::new(Keccak256Hash),
            Compression::new(Keccak256Hash),
            cap_height as usize,
        );
        let (cap, _) = mmcs.commit(matrices);
        cap.roots().iter().map(|&digest| words(digest)).collect()
    }
}
