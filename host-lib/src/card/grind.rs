//! Proofs of work, searched for by the card.

use karat_abi::{GrindArguments, Stage};
use karat_driver::{After, Error};
use p3_field::PrimeField64;
use p3_goldilocks::Goldilocks;

use super::Session;
use crate::challenger::Search;

/// Most bits that the card searches for.
const MOST_BITS: usize = 32;

impl Session {
    fn grind(&self, arguments: &GrindArguments) -> Result<Goldilocks, Error> {
        let pending = self.commands()?.grind(arguments, Stage::Grind, After::All)?;
        Ok(Goldilocks::new(self.collect(pending)?.1.result))
    }
}

impl Search for Session {
    fn smallest(&self, state: &[Goldilocks; 8], position: usize, sampled: usize, bits: usize) -> Option<Goldilocks> {
        if bits > MOST_BITS {
            return None;
        }
        let words = state.map(|word| word.as_canonical_u64());
        let arguments = GrindArguments::poseidon2(words, position as u32, sampled as u32, bits as u32);
        // A card that failed here fails again at the next command, which can say so.
        self.grind(&arguments).inspect_err(|error| tracing::warn!("the card's proof of work: {error}")).ok()
    }
}
