//! Round constants of Poseidon2, which users draw for themselves and the card therefore loads.

use p3_field::PrimeField64;
use p3_goldilocks::{
    GOLDILOCKS_POSEIDON2_RC_8_EXTERNAL_FINAL, GOLDILOCKS_POSEIDON2_RC_8_EXTERNAL_INITIAL,
    GOLDILOCKS_POSEIDON2_RC_8_INTERNAL, Goldilocks,
};
use p3_poseidon2::ExternalLayerConstants;
use rand::{Rng, RngExt};

use crate::config::Permutation;

/// Words of [`Poseidon2Constants::to_words`].
pub const WORDS: usize = 8 * 8 + 22;

/// Round constants of Poseidon2 over Goldilocks, width 8: 4 + 4 full rounds, 22 partial rounds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Poseidon2Constants {
    /// Full rounds before the partial ones.
    pub initial: [[Goldilocks; 8]; 4],
    /// Partial rounds.
    pub partial: [Goldilocks; 22],
    /// Full rounds after the partial ones.
    pub terminal: [[Goldilocks; 8]; 4],
}

impl Default for Poseidon2Constants {
    /// The constants of `p3_goldilocks::default_goldilocks_poseidon2_8`.
    fn default() -> Self {
        Self {
            initial: GOLDILOCKS_POSEIDON2_RC_8_EXTERNAL_INITIAL,
            partial: GOLDILOCKS_POSEIDON2_RC_8_INTERNAL,
            terminal: GOLDILOCKS_POSEIDON2_RC_8_EXTERNAL_FINAL,
        }
    }
}

impl Poseidon2Constants {
    /// Draws constants in the order of p3's `Poseidon2::new_from_rng_128`, so that a generator in the same state gives
    /// the same permutation.
    pub fn from_rng<R: Rng>(rng: &mut R) -> Self {
        let external = ExternalLayerConstants::<Goldilocks, 8>::new_from_rng(8, rng);
        let mut initial = [[Goldilocks::default(); 8]; 4];
        initial.copy_from_slice(external.get_initial_constants());
        let mut terminal = [[Goldilocks::default(); 8]; 4];
        terminal.copy_from_slice(external.get_terminal_constants());
        Self { initial, partial: std::array::from_fn(|_| rng.random()), terminal }
    }

    /// The permutation with these constants.
    pub fn permutation(&self) -> Permutation {
        let external = ExternalLayerConstants::new(self.initial.to_vec(), self.terminal.to_vec());
        // On aarch64 with NEON p3's alias names another type, whose constructor borrows.
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        return Permutation::new(&external, &self.partial);
        #[cfg(not(all(target_arch = "aarch64", target_feature = "neon")))]
        Permutation::new(external, self.partial.to_vec())
    }

    /// Canonical words in the card's order: initial and terminal full rounds, then partial rounds.
    pub fn to_words(&self) -> [u64; WORDS] {
        let mut words = self.initial.iter().chain(&self.terminal).flatten().chain(&self.partial);
        std::array::from_fn(|_| words.next().map_or(0, PrimeField64::as_canonical_u64))
    }

    /// The inverse of [`Self::to_words`]. Words are taken modulo the field's order.
    pub fn from_words(words: &[u64; WORDS]) -> Self {
        let round = |r: usize| std::array::from_fn(|i| Goldilocks::new(words[8 * r + i]));
        Self {
            initial: std::array::from_fn(round),
            partial: std::array::from_fn(|r| Goldilocks::new(words[64 + r])),
            terminal: std::array::from_fn(|r| round(4 + r)),
        }
    }
}

#[cfg(test)]
mod tests {
    use p3_goldilocks::{Poseidon2Goldilocks, default_goldilocks_poseidon2_8};
    use p3_symmetric::Permutation as _;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const INPUT: [Goldilocks; 8] = Goldilocks::new_array([0, 1, 2, 3, 4, 5, 6, u64::MAX]);

    #[test]
    fn default_is_that_of_p3() {
        assert_eq!(
            Poseidon2Constants::default().permutation().permute(INPUT),
            default_goldilocks_poseidon2_8().permute(INPUT)
        );
    }

    #[test]
    fn drawn_as_p3_draws_them() {
        let theirs = Poseidon2Goldilocks::<8>::new_from_rng_128(&mut StdRng::seed_from_u64(7));
        let ours = Poseidon2Constants::from_rng(&mut StdRng::seed_from_u64(7));
        assert_eq!(ours.permutation().permute(INPUT), theirs.permute(INPUT));
        assert_ne!(ours, Poseidon2Constants::default());
    }

    #[test]
    fn words_and_back() {
        let constants = Poseidon2Constants::from_rng(&mut StdRng::seed_from_u64(8));
        assert_eq!(Poseidon2Constants::from_words(&constants.to_words()), constants);
    }
}
