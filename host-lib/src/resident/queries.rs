//! Answers to queries, of matrices and of folded layers.

use karat_abi::Stage;
use karat_driver::Layout;
use p3_fri::{BatchMultiOpening, CommitPhaseMultiStep};

use super::folding::{Layer, element};
use super::{ChallengeField, Committed, Shape, context};
use crate::BackendError;
use crate::card::Session;
use crate::config::{ChallengeMmcs, Val};
use crate::hashing::Hashing;
use crate::pcs::query::{Tree, ascending, open_paths, open_rows};
use crate::vector::element_words;

/// The rows of every matrix of a commitment at the queried indices, and their paths.
pub(super) fn answer_input<H: Hashing>(
    session: &Session,
    data: &Committed,
    indices: &[usize],
) -> Result<BatchMultiOpening<Val, H::Mmcs>, BackendError> {
    let mut opened_values = vec![Vec::with_capacity(data.matrices.len()); indices.len()];
    for matrix in &data.matrices {
        let rows = open_rows(session, matrix, matrix.width(), indices)?;
        for (values, row) in opened_values.iter_mut().zip(rows) {
            values.push(row);
        }
    }
    let log_height = data.matrices[0].height().ilog2() as usize;
    let tree = Tree { handle: &data.tree, log_height, log_cap: data.log_cap };
    Ok(BatchMultiOpening { opened_values, opening_proof: open_paths::<Session, H>(session, &tree, indices)? })
}

/// The siblings of every query in every layer, and their paths.
pub(super) fn answer_layers<E: ChallengeField, H: Hashing>(
    session: &Session,
    shape: Shape,
    layers: &[Layer],
    indices: &[usize],
) -> Result<Vec<CommitPhaseMultiStep<E, ChallengeMmcs<E, H>>>, BackendError> {
    let mut indices = indices.to_vec();
    layers
        .iter()
        .map(|layer| {
            let rows: Vec<_> = indices.iter().map(|i| i >> layer.log_arity).collect();
            let opened = context(leaves::<E>(session, shape, layer, &rows), "reading leaves of a folded layer")?;
            let sibling_values = indices
                .iter()
                .zip(opened)
                .map(|(index, row)| {
                    let queried = index % (1 << layer.log_arity);
                    row.into_iter().enumerate().filter_map(|(i, value)| (i != queried).then_some(value)).collect()
                })
                .collect();
            let tree = Tree { handle: &layer.tree, log_height: layer.log_rows, log_cap: layer.log_cap };
            let opening_proof = open_paths::<Session, H>(session, &tree, &rows)?;
            indices = rows;
            Ok(CommitPhaseMultiStep { sibling_values, opening_proof })
        })
        .collect()
}

/// Leaves of a layer, in the order of `rows`, which may repeat. Each beat comes from the card once.
fn leaves<E: ChallengeField>(
    session: &Session,
    shape: Shape,
    layer: &Layer,
    rows: &[usize],
) -> Result<Vec<Vec<E>>, karat_driver::Error> {
    let words = element_words(shape.degree);
    let row_words = words << layer.log_arity;
    let beats_of = |row: usize| row * row_words / 8..((row + 1) * row_words).div_ceil(8);
    let beats = ascending(&rows.iter().flat_map(|&row| beats_of(row)).collect::<Vec<_>>());
    let height = layer.memory.beats();
    let layout = Layout { first: layer.memory.first(), tile_stride: height, width: 8, rows: height };
    let values = session.gather_rows(&layout, &beats, Stage::Query)?;
    Ok(rows
        .iter()
        .map(|&row| {
            let first = beats.partition_point(|&beat| beat < beats_of(row).start);
            let values = &values[8 * first + row * row_words % 8..][..row_words];
            values.chunks_exact(words).map(|words| element(words, shape.degree)).collect()
        })
        .collect())
}
