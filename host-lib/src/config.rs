//! The types of a configuration: the ecosystem's usual Goldilocks one.

use p3_commit::ExtensionMmcs;
use p3_dft::Radix2DitParallel;
use p3_field::Field;
use p3_field::coset::TwoAdicMultiplicativeCoset;
use p3_field::extension::{BinomialExtensionField, CubicTrinomialExtensionField};
use p3_fri::{BatchMultiOpening, CommitPhaseMultiStep, FriProof, TwoAdicFriPcs};
use p3_goldilocks::{Goldilocks, Poseidon2Goldilocks};
use p3_keccak::Keccak256Hash;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_symmetric::{
    CompressionFunctionFromHasher, MerkleCap, PaddingFreeSponge, SerializingHasher, TruncatedPermutation,
};
use p3_uni_stark::StarkConfig;

use crate::CardPcs;
use crate::hashing::{Hashing, Poseidon2};

/// The field of traces.
pub type Val = Goldilocks;
/// The usual field of challenges, of degree 2.
pub type Challenge = BinomialExtensionField<Val, 2>;
/// The field of challenges of degree 3.
pub type CubicChallenge = CubicTrinomialExtensionField<Val>;
/// Poseidon2 of width 8.
pub type Permutation = Poseidon2Goldilocks<8>;
/// The hash of leaves.
pub type Sponge = PaddingFreeSponge<Permutation, 8, 4, 4>;
/// The hash of nodes.
pub type Compression = TruncatedPermutation<Permutation, 2, 4, 8>;
/// Commitments to matrices over [`Val`].
pub type ValMmcs = MerkleTreeMmcs<<Val as Field>::Packing, <Val as Field>::Packing, Sponge, Compression, 2, 4>;
/// The hash of leaves with Keccak.
pub type KeccakSponge = SerializingHasher<Keccak256Hash>;
/// The hash of nodes with Keccak.
pub type KeccakCompression = CompressionFunctionFromHasher<Keccak256Hash, 2, 32>;
/// Commitments with Keccak to matrices over [`Val`].
pub type KeccakMmcs = MerkleTreeMmcs<Val, u8, KeccakSponge, KeccakCompression, 2, 32>;
/// Commitments to matrices over a field of challenges.
pub type ChallengeMmcs<E = Challenge, H = Poseidon2> = ExtensionMmcs<Val, E, <H as Hashing>::Mmcs>;
/// A cap: the nodes of one level of a tree.
pub type Commitment<H = Poseidon2> = MerkleCap<Val, <H as Hashing>::Digest>;
/// Evaluation domains.
pub type Domain = TwoAdicMultiplicativeCoset<Val>;
/// Transforms on the host.
pub type Dft = Radix2DitParallel<Val>;
/// Plonky3's own commitment scheme, which verifies, and which proves on the CPU.
pub type CpuPcs<E = Challenge, H = Poseidon2> = TwoAdicFriPcs<Val, Dft, <H as Hashing>::Mmcs, ChallengeMmcs<E, H>>;
/// Plonky3's own opening proof.
pub type OpeningProof<E = Challenge, H = Poseidon2> =
    FriProof<E, ChallengeMmcs<E, H>, Val, Vec<BatchMultiOpening<Val, <H as Hashing>::Mmcs>>>;
/// The answers of one folded layer in it.
pub type LayerOpening<E = Challenge, H = Poseidon2> = CommitPhaseMultiStep<E, ChallengeMmcs<E, H>>;
/// Plonky3 on the CPU.
pub type CpuConfig<E = Challenge, H = Poseidon2> = StarkConfig<CpuPcs<E, H>, E, <H as Hashing>::Challenger>;
/// Plonky3 on a card.
pub type CardConfig<B, E = Challenge, H = Poseidon2> = StarkConfig<CardPcs<B, E, H>, E, <H as Hashing>::Challenger>;
/// Plonky3's own proof: what a card makes is of the same type, and has the same bytes, as what the CPU makes.
pub type Proof<E = Challenge, H = Poseidon2> = p3_uni_stark::Proof<CpuConfig<E, H>>;
