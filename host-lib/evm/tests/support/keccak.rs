//! Plonky3's AIR of Keccak-f: 2,633 columns.

use karat_evm::config::Val;
use p3_keccak::KeccakF;
use p3_keccak_air::{KeccakAir, NUM_ROUNDS};
use p3_matrix::dense::RowMajorMatrix;
use p3_symmetric::Permutation;

/// The permutations that hash the beginning of a file, as many as there are rows for.
pub fn keccak(log_rows: usize) -> (KeccakAir, RowMajorMatrix<Val>) {
    let file = include_bytes!("../../../../LICENSE-APACHE");
    let mut state = [0; 25];
    let blocks = file.as_chunks::<136>().0.iter().take((1 << log_rows) / NUM_ROUNDS);
    let inputs = blocks.map(|block| {
        for (word, bytes) in state.iter_mut().zip(block.as_chunks().0) {
            *word ^= u64::from_le_bytes(*bytes);
        }
        let input = state;
        KeccakF.permute_mut(&mut state);
        input
    });
    (KeccakAir {}, p3_keccak_air::generate_trace_rows(inputs.collect(), 0))
}
