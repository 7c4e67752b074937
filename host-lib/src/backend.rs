//! What [`crate::CardPcs`] needs of a card, and nothing else.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use karat_abi::{HashFunction, Stage};
use p3_goldilocks::Goldilocks;
use p3_matrix::dense::RowMajorMatrix;

use crate::Poseidon2Constants;
use crate::report::Usage;

/// A node of a Merkle tree: the words that it has in card memory, canonical with Poseidon2; with Keccak its bytes, low byte first.
pub type Node = [u64; 4];

/// Matrices and trees in a card's memory, and the operations on them.
///
/// An operation may return before the card has done it, as long as later operations on its result see it done. Every
/// wait is bounded: an operation that cannot be completed is an error, never a hang and never a panic.
///
/// Matrices are powers of two high. Their rows stand in the order in which they are hashed.
pub trait Backend: Send + Sync {
    /// A matrix in card memory, freed when dropped.
    type Matrix: Send + Sync;
    /// The nodes of a Merkle tree in card memory, freed when dropped. It does not keep the rows.
    type Tree: Send + Sync;

    /// Makes these the constants of Poseidon2 from here on.
    ///
    /// # Errors
    /// When the card cannot take them, or is in use with other constants.
    fn load_constants(&self, constants: &Poseidon2Constants) -> Result<(), BackendError>;

    /// Copies a matrix to the card. Values need not be canonical. The rows keep their order.
    ///
    /// # Errors
    /// When it does not fit in card memory, or the card fails.
    fn upload(&self, values: &RowMajorMatrix<Goldilocks>, stage: Stage) -> Result<Self::Matrix, BackendError>;

    /// Extends every column: rows on a coset `s * H` in natural order to rows on `shift * s * K` in bit-reversed order,
    /// where K has `2^log_blowup` times the points of H.
    ///
    /// # Errors
    /// When the result does not fit in card memory, or the card fails.
    fn lde(
        &self,
        matrix: &Self::Matrix,
        log_blowup: usize,
        shift: Goldilocks,
        stage: Stage,
    ) -> Result<Self::Matrix, BackendError>;

    /// Builds the tree that `MerkleTreeMmcs` builds, and returns its level of `2^cap_height` nodes: with the padding-free Poseidon2 sponge
    /// (width 8, rate 4) and the truncated two-to-one permutation, or with Keccak-256 of the bytes of words. Heights may differ.
    /// `cap_height` is at most log2 of the greatest height.
    ///
    /// # Errors
    /// When the tree does not fit in card memory, or the card fails.
    fn merkle(
        &self,
        matrices: &[&Self::Matrix],
        cap_height: usize,
        hash: HashFunction,
        stage: Stage,
    ) -> Result<(Vec<Node>, Self::Tree), BackendError>;

    /// Copies a range of rows to the host, canonical.
    ///
    /// # Errors
    /// When the card fails.
    fn download(
        &self,
        matrix: &Self::Matrix,
        rows: Range<usize>,
        stage: Stage,
    ) -> Result<RowMajorMatrix<Goldilocks>, BackendError>;

    /// Copies the rows at `indices` (ascending, none twice) to the host, canonical, in that order.
    ///
    /// # Errors
    /// When the card fails.
    fn rows(
        &self,
        matrix: &Self::Matrix,
        indices: &[usize],
        stage: Stage,
    ) -> Result<RowMajorMatrix<Goldilocks>, BackendError>;

    /// Copies nodes to the host, in the order asked for. Nodes are numbered as in a heap: the level of `h` nodes stands
    /// at `h..2h`, so the root is 1. Levels above the cap are never asked for.
    ///
    /// # Errors
    /// When the card fails.
    fn nodes(&self, tree: &Self::Tree, nodes: &[usize], stage: Stage) -> Result<Vec<Node>, BackendError>;

    /// What the card has done since it was opened.
    ///
    /// # Errors
    /// When the card fails.
    fn usage(&self) -> Result<Usage, BackendError>;
}

/// A failed operation of a card.
#[derive(Clone, Debug)]
pub struct BackendError {
    /// What was being done, to what: "extending 1024 rows of 180 columns".
    pub operation: String,
    /// Why it failed.
    pub source: Arc<dyn std::error::Error + Send + Sync>,
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed on the card", self.operation)
    }
}

impl std::error::Error for BackendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The error itself, not the counter around it, so that it can be downcast.
        Some(&*self.source)
    }
}

impl BackendError {
    /// An operation that failed because of `source`.
    pub fn new(operation: impl Into<String>, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { operation: operation.into(), source: Arc::new(source) }
    }
}
