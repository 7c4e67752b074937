//! Answers to queries: rows, and the nodes that lead from them to a cap.

use karat_abi::Stage;
use p3_fri::BatchMultiOpening;

use super::commitment::{check_count, check_shape};
use super::{ProverData, Shared};
use crate::config::Val;
use crate::hashing::{Hashing, HashingFor};
use crate::{Backend, BackendError, ChallengeField};

/// A tree on the card, and where its cap is.
pub(crate) struct Tree<'a, T> {
    pub(crate) handle: &'a T,
    pub(crate) log_height: usize,
    pub(crate) log_cap: usize,
}

impl<B: Backend, E: ChallengeField, H: HashingFor<E>> Shared<B, E, H> {
    /// The rows of every matrix of a commitment at the queried indices, which count in `2^log_height`, and their paths.
    pub(super) fn answer_input(
        &self,
        data: &ProverData<B>,
        indices: &[usize],
        log_height: usize,
    ) -> Result<BatchMultiOpening<Val, H::Mmcs>, BackendError> {
        let shift = log_height - data.log_height;
        let leaves: Vec<_> = indices.iter().map(|i| i >> shift).collect();
        let mut opened_values = vec![Vec::with_capacity(data.matrices.len()); indices.len()];
        for matrix in &data.matrices {
            let shift = data.log_height - matrix.log_height;
            let rows: Vec<_> = leaves.iter().map(|leaf| leaf >> shift).collect();
            let opened = open_rows(&*self.backend, &matrix.handle, matrix.width, &rows)?;
            for (values, row) in opened_values.iter_mut().zip(opened) {
                values.push(row);
            }
        }
        let tree = Tree { handle: &data.tree, log_height: data.log_height, log_cap: data.log_cap };
        Ok(BatchMultiOpening { opened_values, opening_proof: open_paths::<B, H>(&*self.backend, &tree, &leaves)? })
    }
}

/// Rows in the order of `indices`, which may repeat. Each comes from the card once.
pub(crate) fn open_rows<B: Backend>(
    backend: &B,
    matrix: &B::Matrix,
    width: usize,
    indices: &[usize],
) -> Result<Vec<Vec<Val>>, BackendError> {
    let distinct = ascending(indices);
    let rows = backend.rows(matrix, &distinct, Stage::Query)?;
    check_shape(&rows, distinct.len(), width, "words of opened rows")?;
    Ok(indices
        .iter()
        .map(|index| {
            let row = distinct.partition_point(|other| other < index);
            rows.values[row * width..(row + 1) * width].to_vec()
        })
        .collect())
}

/// The nodes that a verifier who has the leaves at `indices` lacks on its way to the cap.
pub(crate) fn open_paths<B: Backend, H: Hashing>(
    backend: &B,
    tree: &Tree<'_, B::Tree>,
    indices: &[usize],
) -> Result<H::Paths, BackendError> {
    let nodes = frontier(indices, tree.log_height, tree.log_cap);
    let siblings = if nodes.is_empty() { Vec::new() } else { backend.nodes(tree.handle, &nodes, Stage::Query)? };
    check_count(siblings.len(), nodes.len(), "nodes of a path")?;
    Ok(H::paths(siblings.into_iter().map(H::digest).collect()))
}

/// The nodes to send for the leaves `indices` of a tree of `2^log_height` leaves, in the order of p3-merkle-tree's
/// `pruning` (leaves first, ascending within a level): siblings that no queried leaf lies under. Heap numbers.
pub(crate) fn frontier(indices: &[usize], log_height: usize, log_cap: usize) -> Vec<usize> {
    let mut sent = Vec::new();
    let mut known: Vec<_> = ascending(indices).into_iter().map(|index| (1 << log_height) + index).collect();
    for _ in log_cap..log_height {
        sent.extend(known.iter().map(|node| node ^ 1).filter(|sibling| known.binary_search(sibling).is_err()));
        known = known.iter().map(|node| node >> 1).collect();
        known.dedup();
    }
    sent
}

pub(crate) fn ascending(indices: &[usize]) -> Vec<usize> {
    let mut distinct = indices.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

#[cfg(test)]
mod tests {
    use super::frontier;

    /// The example of p3-merkle-tree's documentation: 8 leaves, 1, 2 and 5 queried, siblings 0, 3, 4 and F.
    #[test]
    fn frontier_of_the_documented_example() {
        assert_eq!(frontier(&[5, 1, 2, 1], 3, 0), [8, 11, 12, 7]);
        assert_eq!(frontier(&[5, 1, 2], 3, 2), [8, 11, 12]);
        assert!(frontier(&[5, 1, 2], 3, 3).is_empty());
        assert!(frontier(&[], 3, 0).is_empty());
    }
}
