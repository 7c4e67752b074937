//! Proofs in calldata: eight little-endian bytes an element, 32 a digest, and nothing that the shape determines.
//!
//! In this order: all field elements (the witnesses of proofs of work of more than zero bits, opened values and the final
//! polynomial in the order of the transcript, then for every query its rows and the siblings of every round), all
//! caps, and the siblings of all trees.

use std::collections::{BTreeSet, HashMap};

use p3_field::PrimeField64;

use crate::config::{Challenge, Commitment, Proof, Val};
use crate::{Error, Shape};

/// `indices` are those of the queries: they tell which sibling is whose.
pub(crate) fn encode<E: Challenge>(shape: &Shape, proof: &Proof<E>, indices: &[usize]) -> Result<Vec<u8>, Error> {
    let mut writer = Writer(Vec::new());
    let parameters = &shape.parameters;
    let opening = &proof.opening_proof;
    let queries = parameters.num_queries;
    let rounds = shape.log_arities.len();
    expect("rows, as a logarithm", proof.degree_bits, shape.log_rows)?;
    expect("commitments of rounds", opening.commit_phase_commits.len(), rounds)?;
    expect("witnesses of rounds", opening.commit_pow_witnesses.len(), rounds)?;
    expect("rounds", opening.commit_phase_openings.len(), rounds)?;
    expect("openings of inputs", opening.input_openings.len(), shape.input_trees())?;

    writer.witness("witness of the out-of-domain point", parameters.ood_pow_bits, proof.ood_pow_witness)?;
    opened_values(&mut writer, shape, proof)?;
    writer.witness("witness of the batch", parameters.batch_pow_bits, opening.batch_pow_witness)?;
    for &witness in &opening.commit_pow_witnesses {
        writer.witness("witness of a round", parameters.commit_pow_bits, witness)?;
    }
    let length = 1 << parameters.log_final_poly_len;
    writer.elements("coefficients of the final polynomial", &opening.final_poly, length)?;
    writer.witness("witness of the queries", parameters.query_pow_bits, opening.query_pow_witness)?;

    let widths = [shape.trace_width, shape.degree, shape.preprocessed_width];
    let matrices = [1, shape.chunks, 1];
    for batch in &opening.input_openings {
        expect("queries", batch.opened_values.len(), queries)?;
    }
    for round in &opening.commit_phase_openings {
        expect("queries", round.sibling_values.len(), queries)?;
    }
    for query in 0..queries {
        for (tree, batch) in opening.input_openings.iter().enumerate() {
            expect("opened matrices", batch.opened_values[query].len(), matrices[tree])?;
            for row in &batch.opened_values[query] {
                expect("columns of an opened row", row.len(), widths[tree])?;
                row.iter().for_each(|&value| writer.value(value));
            }
        }
        for (round, log_arity) in opening.commit_phase_openings.iter().zip(&shape.log_arities) {
            writer.elements("siblings of a round", &round.sibling_values[query], (1 << log_arity) - 1)?;
        }
    }

    let height = shape.log_height();
    writer.cap(shape, &proof.commitments.trace, height)?;
    writer.cap(shape, &proof.commitments.quotient_chunks, height)?;
    for (cap, height) in opening.commit_phase_commits.iter().zip(shape.round_heights()) {
        writer.cap(shape, cap, height)?;
    }
    for batch in &opening.input_openings {
        let siblings = &batch.opening_proof.sibling_hashes;
        siblings_by_leaf(&mut writer, siblings, indices, 0, height - shape.cap_height(height))?;
    }
    for (round, leaves) in opening.commit_phase_openings.iter().zip(shape.round_heights()) {
        let siblings = &round.opening_proof.sibling_hashes;
        siblings_by_leaf(&mut writer, siblings, indices, height - leaves, leaves - shape.cap_height(leaves))?;
    }
    Ok(writer.0)
}

fn siblings_by_leaf(
    writer: &mut Writer,
    siblings: &[[u8; 32]],
    indices: &[usize],
    shift: usize,
    levels: usize,
) -> Result<(), Error> {
    let order = sibling_order(indices, shift, levels);
    expect("siblings of a tree", siblings.len(), order.len())?;
    order.iter().for_each(|&place| writer.0.extend(siblings[place]));
    Ok(())
}

/// Plonky3 has the siblings of a tree level by level; the contract wants them in the order of the leaves whose paths need
/// them first, and from the leaf up. For each in the contract's order, its place in Plonky3's.
pub(crate) fn sibling_order(indices: &[usize], shift: usize, levels: usize) -> Vec<usize> {
    let leaves: BTreeSet<usize> = indices.iter().map(|index| index >> shift).collect();
    let mut nodes = leaves.clone();
    let mut places = HashMap::new();
    for level in 0..levels {
        for node in nodes.iter().filter(|&node| !nodes.contains(&(node ^ 1))) {
            places.insert((level, node >> 1), places.len());
        }
        nodes = nodes.iter().map(|node| node >> 1).collect();
    }
    let leaves: Vec<usize> = leaves.into_iter().collect();
    let mut order = Vec::with_capacity(places.len());
    for (i, leaf) in leaves.iter().enumerate() {
        // A path ends where it meets the next leaf's, and takes no sibling where it meets the last one's.
        let end = leaves.get(i + 1).map_or(levels, |next| levels.min((leaf ^ next).ilog2() as usize));
        order.extend((0..end).filter_map(|level| places.remove(&(level, leaf >> (level + 1)))));
    }
    order
}

fn opened_values<E: Challenge>(writer: &mut Writer, shape: &Shape, proof: &Proof<E>) -> Result<(), Error> {
    let opened = &proof.opened_values;
    // What is there and empty is not what is not there: Plonky3 tells them apart.
    let (random, randoms) = (&proof.commitments.random, &opened.random);
    expect("randomisations", usize::from(random.is_some()) + usize::from(randoms.is_some()), 0)?;
    let mut row = |what, values: Option<&[E]>, width: usize| {
        expect(what, usize::from(values.is_some()), usize::from(width > 0))?;
        writer.elements(what, values.unwrap_or(&[]), width)
    };
    row("opened columns", Some(&opened.trace_local), shape.trace_width)?;
    let width = |opens, width| if opens { width } else { 0 };
    row("opened columns of the next row", opened.trace_next.as_deref(), width(shape.opens_next, shape.trace_width))?;
    expect("chunks of the quotient", opened.quotient_chunks.len(), shape.chunks)?;
    for chunk in &opened.quotient_chunks {
        row("coefficients of a chunk", Some(chunk), shape.degree)?;
    }
    row("opened preprocessed columns", opened.preprocessed_local(), shape.preprocessed_width)?;
    let next = width(shape.opens_preprocessed_next, shape.preprocessed_width);
    row("opened preprocessed columns of the next row", opened.preprocessed_next(), next)
}

fn expect(what: &'static str, got: usize, expected: usize) -> Result<(), Error> {
    if got == expected { Ok(()) } else { Err(Error::Shape { what, got, expected }) }
}

struct Writer(Vec<u8>);

impl Writer {
    fn value(&mut self, value: Val) {
        self.0.extend(value.as_canonical_u64().to_le_bytes());
    }

    fn elements<E: Challenge>(&mut self, what: &'static str, elements: &[E], expected: usize) -> Result<(), Error> {
        expect(what, elements.len(), expected)?;
        for element in elements {
            element.as_basis_coefficients_slice().iter().for_each(|&value| self.value(value));
        }
        Ok(())
    }

    /// Without bits there is no proof of work, and Plonky3 takes no witness but zero.
    fn witness(&mut self, what: &'static str, bits: usize, witness: Val) -> Result<(), Error> {
        if bits > 0 {
            self.value(witness);
            return Ok(());
        }
        expect(what, usize::from(witness.as_canonical_u64() != 0), 0)
    }

    fn cap(&mut self, shape: &Shape, cap: &Commitment, height: usize) -> Result<(), Error> {
        expect("roots of a commitment", cap.num_roots(), 1 << shape.cap_height(height))?;
        cap.roots().iter().for_each(|digest| self.0.extend(digest));
        Ok(())
    }
}
