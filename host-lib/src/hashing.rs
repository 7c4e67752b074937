//! The hash that a configuration commits and draws its challenges with.

use std::fmt::Debug;
use std::sync::Arc;

use karat_abi::HashFunction;
use p3_challenger::{CanObserve, CanSample, FieldChallenger, GrindingChallenger};
use p3_commit::Mmcs;
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_keccak::Keccak256Hash;
use p3_merkle_tree::PrunedMerklePaths;
use p3_symmetric::MerkleCap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::Node;
use crate::challenger::{KeccakChallenger, Search, keccak_challenger};
use crate::config::{Compression, KeccakCompression, KeccakMmcs, KeccakSponge, Sponge, Val, ValMmcs};
use crate::{Challenger, Parameters, Poseidon2Constants};

/// What makes nodes of trees, and challenges of what a transcript has seen.
pub trait Hashing: Copy + Debug + Default + PartialEq + Eq + Send + Sync + 'static {
    /// As the card knows it.
    const FUNCTION: HashFunction;
    /// What there is to choose about it.
    type Constants: Clone + PartialEq + Eq + Debug + Default + Send + Sync;
    /// A node.
    type Digest: Copy + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Siblings on the way from leaves to a cap.
    type Paths: Clone + Send + Sync;
    /// Commitments to matrices.
    type Mmcs: Mmcs<Val, Commitment = MerkleCap<Val, Self::Digest>, MultiProof = Self::Paths, Error: Send + Sync>
        + Send
        + Sync
        + 'static;
    /// The transcript, which finds the smallest witness of a proof of work.
    type Challenger: FieldChallenger<Val>
        + CanObserve<MerkleCap<Val, Self::Digest>>
        + GrindingChallenger<Witness = Val>
        + Clone
        + Send
        + Sync;

    /// The round constants that a card needs, if it needs any.
    fn round_constants(constants: &Self::Constants) -> Option<&Poseidon2Constants>;
    /// The constants, where those of Poseidon2 are these.
    fn constants_of(round_constants: &Poseidon2Constants) -> Self::Constants;
    /// Commitments with a configuration's cap.
    fn mmcs(parameters: &Parameters<Self>) -> Self::Mmcs;
    /// An empty transcript, whose proofs of work `search` is asked for first, if there is somebody.
    fn challenger(parameters: &Parameters<Self>, search: Option<Arc<dyn Search>>) -> Self::Challenger;
    /// The node whose words these are in card memory.
    fn digest(node: Node) -> Self::Digest;
    /// Siblings in the order of p3-merkle-tree's `pruning`.
    fn paths(siblings: Vec<Self::Digest>) -> Self::Paths;

    /// The commitment that a tree's cap is.
    fn cap(nodes: &[Node]) -> MerkleCap<Val, Self::Digest> {
        MerkleCap::new(nodes.iter().map(|node| Self::digest(*node)).collect())
    }
}

/// [`Hashing`] whose transcript gives challenges in E, as all do.
pub trait HashingFor<E>: Hashing<Challenger: CanSample<E>> {}

impl<E, H: Hashing<Challenger: CanSample<E>>> HashingFor<E> for H {}

/// Poseidon2 of width 8, the ecosystem's usual hash for Goldilocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Poseidon2;

impl Hashing for Poseidon2 {
    const FUNCTION: HashFunction = HashFunction::Poseidon2;
    type Constants = Poseidon2Constants;
    type Digest = [Val; 4];
    type Paths = PrunedMerklePaths<Val, 4>;
    type Mmcs = ValMmcs;
    type Challenger = Challenger;

    fn round_constants(constants: &Poseidon2Constants) -> Option<&Poseidon2Constants> {
        Some(constants)
    }

    fn constants_of(round_constants: &Poseidon2Constants) -> Poseidon2Constants {
        round_constants.clone()
    }

    fn mmcs(parameters: &Parameters) -> ValMmcs {
        let permutation = parameters.constants.permutation();
        ValMmcs::new(Sponge::new(permutation.clone()), Compression::new(permutation), parameters.cap_height)
    }

    fn challenger(parameters: &Parameters, search: Option<Arc<dyn Search>>) -> Challenger {
        let challenger = Challenger::new(parameters.constants.permutation());
        match search {
            Some(search) => challenger.searching(search),
            None => challenger,
        }
    }

    fn digest(node: Node) -> [Val; 4] {
        node.map(Val::from_u64)
    }

    fn paths(sibling_hashes: Vec<[Val; 4]>) -> Self::Paths {
        PrunedMerklePaths { sibling_hashes }
    }
}

/// Keccak-256 of the bytes of words, low byte first: what a contract can check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keccak;

impl Hashing for Keccak {
    const FUNCTION: HashFunction = HashFunction::Keccak;
    type Constants = ();
    type Digest = [u8; 32];
    type Paths = PrunedMerklePaths<u8, 32>;
    type Mmcs = KeccakMmcs;
    type Challenger = KeccakChallenger;

    fn round_constants((): &()) -> Option<&Poseidon2Constants> {
        None
    }

    fn constants_of(_: &Poseidon2Constants) {}

    fn mmcs(parameters: &Parameters<Self>) -> KeccakMmcs {
        let (sponge, compression) = (KeccakSponge::new(Keccak256Hash), KeccakCompression::new(Keccak256Hash));
        KeccakMmcs::new(sponge, compression, parameters.cap_height)
    }

    fn challenger(_: &Parameters<Self>, search: Option<Arc<dyn Search>>) -> KeccakChallenger {
        keccak_challenger(search)
    }

    fn digest(node: Node) -> [u8; 32] {
        let bytes = node.map(u64::to_le_bytes);
        bytes.as_flattened().try_into().expect("four times eight")
    }

    fn paths(sibling_hashes: Vec<[u8; 32]>) -> Self::Paths {
        PrunedMerklePaths { sibling_hashes }
    }
}

/// The words of a state of Poseidon2, canonical.
pub(crate) fn words<const N: usize>(state: &[Val; N]) -> [u64; N] {
    state.map(|word| word.as_canonical_u64())
}
