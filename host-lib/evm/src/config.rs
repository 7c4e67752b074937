//! The types of a configuration that contracts verify.

use p3_challenger::{HashChallenger, SerializingChallenger64};
use p3_commit::ExtensionMmcs;
use p3_dft::Radix2DitParallel;
use p3_field::ExtensionField;
use p3_field::extension::{BinomialExtensionField, CubicTrinomialExtensionField};
use p3_fri::{BatchMultiOpening, FriProof, TwoAdicFriPcs};
use p3_goldilocks::Goldilocks;
use p3_keccak::Keccak256Hash;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_symmetric::{CompressionFunctionFromHasher, MerkleCap, SerializingHasher};
use p3_uni_stark::StarkConfig;

/// The field of traces.
pub type Val = Goldilocks;
/// Challenges of degree 2.
pub type QuadraticChallenge = BinomialExtensionField<Val, 2>;
/// Challenges of degree 3.
pub type CubicChallenge = CubicTrinomialExtensionField<Val>;
/// The hash of leaves: Keccak-256 over little-endian elements.
pub type LeafHash = SerializingHasher<Keccak256Hash>;
/// The hash of nodes.
pub type NodeHash = CompressionFunctionFromHasher<Keccak256Hash, 2, 32>;
/// Commitments to matrices over [`Val`].
pub type ValMmcs = MerkleTreeMmcs<Val, u8, LeafHash, NodeHash, 2, 32>;
/// Commitments to matrices over a field of challenges.
pub type ChallengeMmcs<E> = ExtensionMmcs<Val, E, ValMmcs>;
/// A cap: the nodes of one level of a tree.
pub type Commitment = MerkleCap<Val, [u8; 32]>;
/// The transcript.
pub type Challenger = SerializingChallenger64<Val, HashChallenger<u8, Keccak256Hash, 32>>;
/// Transforms of the prover.
pub type Dft = Radix2DitParallel<Val>;
/// The commitment scheme.
pub type Pcs<E> = TwoAdicFriPcs<Val, Dft, ValMmcs, ChallengeMmcs<E>>;
/// An opening proof.
pub type OpeningProof<E> = FriProof<E, ChallengeMmcs<E>, Val, Vec<BatchMultiOpening<Val, ValMmcs>>>;
/// Plonky3's configuration.
pub type Config<E> = StarkConfig<Pcs<E>, E, Challenger>;
/// A proof.
pub type Proof<E> = p3_uni_stark::Proof<Config<E>>;
/// The commitment to preprocessed columns.
pub type PreprocessedKey<E> = p3_uni_stark::PreprocessedVerifierKey<Config<E>>;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::QuadraticChallenge {}
    impl Sealed for super::CubicChallenge {}
}

/// A field of challenges that contracts have arithmetic for.
pub trait Challenge: ExtensionField<Val> + sealed::Sealed {
    /// The Solidity file with the arithmetic.
    const SOURCE: &'static str;
    /// The Solidity file with a round of FRI.
    const FOLD: &'static str;
    /// The arithmetic as Yul functions, for constraints.
    const YUL: &'static str;
    /// Bits from one coefficient of a word to the next.
    const STRIDE: usize;
}

impl Challenge for QuadraticChallenge {
    const SOURCE: &'static str = include_str!("../contracts/quadratic/Extension.sol");
    const FOLD: &'static str = include_str!("../contracts/quadratic/Fold.sol");
    const YUL: &'static str = include_str!("../contracts/quadratic/functions.yul");
    const STRIDE: usize = 128;
}

impl Challenge for CubicChallenge {
    const SOURCE: &'static str = include_str!("../contracts/cubic/Extension.sol");
    const FOLD: &'static str = include_str!("../contracts/cubic/Fold.sol");
    const YUL: &'static str = include_str!("../contracts/cubic/functions.yul");
    const STRIDE: usize = 85;
}
