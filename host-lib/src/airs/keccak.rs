//! The Keccak-f permutations of a Keccak-256 hash.
//!
//! p3's [`KeccakAir`] proves that blocks of 24 rows are permutations, of whatever. What makes a hash of them is added
//! here: the first state has an empty capacity, every permutation hands its capacity to the next, and the one that ends
//! the message leaves the public hash. So a proof says: *somebody who knows `blocks` blocks of 136 bytes whose sponge
//! gives this hash made it*. The blocks stay private. The padding of the last one is not constrained, which takes nothing
//! from collision resistance, the number of blocks being public.

use std::borrow::{Borrow, Cow};

use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_keccak::KeccakF;
use p3_keccak_air::{KeccakAir, KeccakCols, NUM_KECCAK_COLS, NUM_ROUNDS, U64_LIMBS};
use p3_matrix::dense::RowMajorMatrix;
use p3_symmetric::Permutation;

use crate::Error;
use crate::config::Val;

/// Rows of a permutation.
pub const ROUNDS: usize = NUM_ROUNDS;
/// Bytes of a block.
pub const RATE: usize = 136;
/// log2 of the fewest rows: those of one permutation, to the next power of two.
pub const MIN_LOG_ROWS: usize = 5;

/// Words of a block; the others are the capacity.
const RATE_WORDS: usize = RATE / 8;
/// Words of a hash.
const HASH_WORDS: usize = 4;

/// [`KeccakAir`] with the constraints that make a sponge of its permutations.
///
/// Public values: the hash in 16 limbs of 16 bits, little-endian. One periodic column, as long as the trace, marks the
/// row that ends the message.
#[derive(Debug)]
pub struct KeccakSponge {
    permutations: KeccakAir,
    end_of_message: Vec<Vec<Val>>,
}

impl KeccakSponge {
    /// The AIR of a message of `blocks` blocks in `2^log_rows` rows.
    ///
    /// # Errors
    /// When there is no block, or they do not fit.
    pub fn new(blocks: u64, log_rows: usize) -> Result<Self, Error> {
        let rows = 1u64.checked_shl(log_rows as u32).unwrap_or(0);
        let last = blocks
            .checked_mul(ROUNDS as u64)
            .and_then(|end| end.checked_sub(1))
            .filter(|last| *last < rows && log_rows <= super::MAX_LOG_ROWS)
            .ok_or_else(|| {
                Error::Statement(format!("{blocks} permutations of Keccak-f do not fit 2^{log_rows} rows"))
            })?;
        let mut selector = Val::zero_vec(1 << log_rows);
        selector[last as usize] = Val::ONE;
        Ok(Self { permutations: KeccakAir {}, end_of_message: vec![selector] })
    }
}

impl BaseAir<Val> for KeccakSponge {
    fn width(&self) -> usize {
        NUM_KECCAK_COLS
    }

    fn num_public_values(&self) -> usize {
        HASH_WORDS * U64_LIMBS
    }

    fn num_periodic_columns(&self) -> usize {
        1
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<Val>]> {
        Cow::Borrowed(&self.end_of_message)
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for KeccakSponge {
    fn eval(&self, builder: &mut AB) {
        self.permutations.eval(builder);

        let main = builder.main();
        let local: &KeccakCols<AB::Var> = main.current_slice().borrow();
        let next: &KeccakCols<AB::Var> = main.next_slice().borrow();
        let limbs = |words: std::ops::Range<usize>| {
            words.flat_map(|word| (0..U64_LIMBS).map(move |limb| (word / 5, word % 5, limb)))
        };

        let last_round = local.step_flags[ROUNDS - 1];
        for (y, x, limb) in limbs(RATE_WORDS..25) {
            builder.when_first_row().assert_zero(local.preimage[y][x][limb]);
            builder
                .when_transition()
                .when(last_round)
                .assert_eq(next.preimage[y][x][limb], local.a_prime_prime_prime(y, x, limb));
        }

        let end: AB::Expr = builder.periodic_values()[0].into();
        let hash: Vec<AB::Expr> = builder.public_values().iter().map(|&limb| limb.into()).collect();
        for ((y, x, limb), expected) in limbs(0..HASH_WORDS).zip(hash) {
            builder.when(end.clone()).assert_eq(local.a_prime_prime_prime(y, x, limb), expected);
        }
    }
}

/// A message on its way through the sponge.
#[derive(Debug)]
pub struct Absorbed {
    /// The states that are permuted, one a block.
    inputs: Vec<[u64; 25]>,
    /// What the last permutation leaves.
    state: [u64; 25],
}

impl Absorbed {
    /// Pads `message` as Keccak-256 does (`0x01`, zeros, `0x80`), and absorbs it.
    pub fn new(message: &[u8]) -> Self {
        let mut padded = message.to_vec();
        padded.push(0x01);
        padded.resize(padded.len().next_multiple_of(RATE), 0);
        if let Some(last) = padded.last_mut() {
            *last |= 0x80;
        }
        let mut state = [0; 25];
        let inputs = padded
            .chunks_exact(RATE)
            .map(|block| {
                for (word, bytes) in state.iter_mut().zip(block.chunks_exact(8)) {
                    *word ^= bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
                }
                let input = state;
                KeccakF.permute_mut(&mut state);
                input
            })
            .collect();
        Self { inputs, state }
    }

    /// Blocks of the padded message.
    pub fn blocks(&self) -> u64 {
        self.inputs.len() as u64
    }

    /// log2 of the fewest rows that hold it.
    pub fn log_rows(&self) -> usize {
        (self.inputs.len() * ROUNDS).next_power_of_two().ilog2() as usize
    }

    /// The hash in limbs of 16 bits.
    pub fn public_values(&self) -> Vec<Val> {
        self.state[..HASH_WORDS]
            .iter()
            .flat_map(|word| (0..U64_LIMBS).map(move |limb| Val::from_u16((word >> (16 * limb)) as u16)))
            .collect()
    }

    /// The trace in `2^log_rows` rows, which must hold it. Behind the message the sponge goes on, absorbing zeros; the
    /// last permutation does not fit, and is cut off.
    pub fn trace(&self, log_rows: usize) -> RowMajorMatrix<Val> {
        let rows = 1 << log_rows;
        let mut inputs = self.inputs.clone();
        let mut state = self.state;
        while (inputs.len() + 1) * ROUNDS <= rows {
            inputs.push(state);
            KeccakF.permute_mut(&mut state);
        }
        let complete = inputs.len() * ROUNDS * NUM_KECCAK_COLS;
        // p3 fills up with permutations of zero.
        let mut trace = p3_keccak_air::generate_trace_rows::<Val>(inputs, 0);
        let cut = p3_keccak_air::generate_trace_rows::<Val>(vec![state], 0);
        let rest = trace.values.len() - complete;
        trace.values[complete..].copy_from_slice(&cut.values[..rest]);
        trace
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use p3_field::PrimeField64;
    use p3_keccak::Keccak256Hash;
    use p3_symmetric::CryptographicHasher;

    use super::*;

    #[test]
    fn the_hash_is_keccak_256() {
        for length in [0, 1, 7, 8, 135, 136, 137, 271, 272, 1024] {
            let message: Vec<u8> = (0..length).map(|i| (i * 7 + 3) as u8).collect();
            let expected = Keccak256Hash.hash_iter(message.iter().copied());
            let sponge = Absorbed::new(&message);
            let hash: Vec<u8> =
                sponge.public_values().iter().flat_map(|limb| (limb.as_canonical_u64() as u16).to_le_bytes()).collect();
            assert_eq!(hash, expected, "{length} bytes");
            assert_eq!(sponge.blocks(), length as u64 / 136 + 1);
        }
    }

    /// Whether a trace of 64 rows satisfies the AIR of `blocks` blocks.
    fn satisfied(sponge: &Absorbed, blocks: u64, hash: &[Val]) -> bool {
        let (air, trace) = (KeccakSponge::new(blocks, 6).expect("an AIR"), sponge.trace(6));
        catch_unwind(AssertUnwindSafe(|| p3_air::check_constraints(&air, &trace, hash))).is_ok()
    }

    #[test]
    fn only_a_sponge_satisfies_the_air() {
        let good = Absorbed::new(&[5; 200]);
        let hash = good.public_values();
        assert!(satisfied(&good, 2, &hash));
        assert!(!satisfied(&good, 1, &hash), "the hash is that after the last block");
        for limb in 0..16 {
            let mut other = hash.clone();
            other[limb] += Val::ONE;
            assert!(!satisfied(&good, 2, &other), "limb {limb} of another hash");
        }

        // Real permutations throughout, but of states that no message leads to. The last word is of the capacity.
        let forged = |inputs: Vec<[u64; 25]>| {
            let mut state = inputs[inputs.len() - 1];
            KeccakF.permute_mut(&mut state);
            Absorbed { inputs, state }
        };
        for block in 0..2 {
            let mut inputs = good.inputs.clone();
            inputs[block][24] ^= 1 << 40;
            if block == 0 {
                // What follows fits what comes before, so that the start alone is wrong.
                inputs[1] = forged(inputs[..1].to_vec()).state;
            }
            let forged = forged(inputs);
            assert!(!satisfied(&forged, 2, &forged.public_values()), "block {block} starts with another capacity");
        }
    }

    #[test]
    fn a_message_that_does_not_fit_has_no_air() {
        assert!(KeccakSponge::new(0, 5).is_err());
        assert!(KeccakSponge::new(1, 4).is_err());
        assert!(KeccakSponge::new(2, 5).is_err());
        assert!(KeccakSponge::new(u64::MAX, 5).is_err());
        assert!(KeccakSponge::new(1, 64).is_err());
        assert!(KeccakSponge::new(1, 5).is_ok());
    }
}
