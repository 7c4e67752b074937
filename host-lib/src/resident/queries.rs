//! Answers to queries, of matrices and of folded layers.

use karat_abi::Stage;
use karat_driver::Layout;
use p3_fri::{BatchMultiOpening, CommitPhaseMultiStep};

use super::folding::{Layer, element};
use super::{ChallengeField, Committed, Shape, context};
use crate::BackendError;
use crate::card::{CardTree, Read, Session};
use crate::config::{LayerOpening, Val};
use crate::hashing::Hashing;
use crate::pcs::query::{ascending, frontier};
use crate::vector::element_words;

/// The answers of commitments and of layers.
pub(super) type Answers<E, H> = (Vec<BatchMultiOpening<Val, <H as Hashing>::Mmcs>>, Vec<LayerOpening<E, H>>);

/// All that the queried indices ask for, read from the card in one go.
pub(super) fn answer<E: ChallengeField, H: Hashing>(
    session: &Session,
    shape: Shape,
    data: &[&Committed],
    layers: &[Layer],
    indices: &[usize],
) -> Result<Answers<E, H>, BackendError> {
    let mut reads = Vec::new();
    let distinct = ascending(indices);
    let inputs: Vec<Path> = data
        .iter()
        .map(|data| {
            reads.extend(data.matrices.iter().map(|matrix| matrix.read(&distinct)));
            let log_height = data.matrices[0].height().ilog2() as usize;
            Path::new(&data.tree, frontier(indices, log_height, data.log_cap), &mut reads)
        })
        .collect();
    let mut queried = indices.to_vec();
    let folded: Vec<(Leaves, Path)> = layers
        .iter()
        .map(|layer| {
            let rows: Vec<usize> = queried.iter().map(|index| index >> layer.log_arity).collect();
            let leaves = Leaves::new(shape, layer, std::mem::replace(&mut queried, rows.clone()), rows);
            reads.push(leaves.read(layer));
            let nodes = frontier(&leaves.rows, layer.log_rows, layer.log_cap);
            (leaves, Path::new(&layer.tree, nodes, &mut reads))
        })
        .collect();

    let mut words = context(session.read_all(&reads, Stage::Query), "reading what the queries ask for")?.into_iter();
    let mut next = || words.next().expect("one for each read");
    let inputs = data.iter().zip(inputs).map(|(data, path)| {
        let mut opened_values = vec![Vec::with_capacity(data.matrices.len()); indices.len()];
        for matrix in &data.matrices {
            let rows = next();
            for (values, index) in opened_values.iter_mut().zip(indices) {
                let row = distinct.partition_point(|other| other < index);
                let row = &rows[row * matrix.width()..][..matrix.width()];
                values.push(row.iter().map(|word| Val::new(*word)).collect());
            }
        }
        BatchMultiOpening { opened_values, opening_proof: path.proof::<H>(&reads, &mut next) }
    });
    let inputs = inputs.collect();
    let folded = folded.into_iter().map(|(leaves, path)| {
        let sibling_values = leaves.siblings::<E>(&next());
        CommitPhaseMultiStep { sibling_values, opening_proof: path.proof::<H>(&reads, &mut next) }
    });
    Ok((inputs, folded.collect()))
}

/// Siblings on the way to a cap.
struct Path {
    /// Heap numbers, in the order of the proof.
    nodes: Vec<usize>,
    /// The read of them.
    read: usize,
}

impl Path {
    fn new(tree: &CardTree, nodes: Vec<usize>, reads: &mut Vec<Read>) -> Self {
        reads.push(tree.read(&nodes));
        Self { nodes, read: reads.len() - 1 }
    }

    fn proof<H: Hashing>(self, reads: &[Read], next: &mut impl FnMut() -> Vec<u64>) -> H::Paths {
        H::paths(reads[self.read].nodes(&next(), &self.nodes).into_iter().map(H::digest).collect())
    }
}

/// Leaves of a layer.
struct Leaves {
    /// Coefficients of an element, words of one, and of a row.
    degree: usize,
    words: usize,
    row_words: usize,
    log_arity: usize,
    /// The values that were asked for, and the rows that they are in, which may repeat.
    queried: Vec<usize>,
    rows: Vec<usize>,
    /// The beats that have them, each once.
    beats: Vec<usize>,
}

impl Leaves {
    fn new(shape: Shape, layer: &Layer, queried: Vec<usize>, rows: Vec<usize>) -> Self {
        let words = element_words(shape.degree);
        let row_words = words << layer.log_arity;
        let beats_of = |row: usize| row * row_words / 8..((row + 1) * row_words).div_ceil(8);
        let beats = ascending(&rows.iter().flat_map(|&row| beats_of(row)).collect::<Vec<_>>());
        Self { degree: shape.degree, words, row_words, log_arity: layer.log_arity, queried, rows, beats }
    }

    fn read(&self, layer: &Layer) -> Read {
        let height = layer.memory.beats();
        let layout = Layout { first: layer.memory.first(), tile_stride: height, width: 8, rows: height };
        Read { layout, rows: self.beats.clone() }
    }

    /// The other values of each row, from the words of the beats.
    fn siblings<E: ChallengeField>(&self, words: &[u64]) -> Vec<Vec<E>> {
        let row = |row: usize| {
            let first = self.beats.partition_point(|&beat| beat < row * self.row_words / 8);
            words[8 * first + row * self.row_words % 8..][..self.row_words].chunks_exact(self.words)
        };
        self.queried
            .iter()
            .zip(&self.rows)
            .map(|(index, number)| {
                let queried = index % (1 << self.log_arity);
                let others = row(*number).enumerate().filter(|(i, _)| *i != queried);
                others.map(|(_, words)| element(words, self.degree)).collect()
            })
            .collect()
    }
}
