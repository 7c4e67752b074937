//! Proofs from calldata: the inverse of the encoding.

use p3_field::PrimeField64;
use p3_fri::{BatchMultiOpening, CommitPhaseMultiStep};
use p3_merkle_tree::PrunedMerklePaths;
use p3_uni_stark::{Commitments, OpenedValues, PreprocessedOpenedValues};

use crate::config::{Challenge, ChallengeMmcs, Commitment, OpeningProof, Proof, Val, ValMmcs};
use crate::encoding::sibling_order;
use crate::{Error, Shape};

/// Reads a proof. `indices` tells those of the queries, of a proof that has no siblings yet.
pub(crate) fn decode<E: Challenge>(
    shape: &Shape,
    bytes: &[u8],
    indices: impl FnOnce(&Proof<E>) -> Vec<usize>,
) -> Result<Proof<E>, Error> {
    let mut reader = Reader(bytes);
    let parameters = &shape.parameters;
    let ood_pow_witness = reader.witness(parameters.ood_pow_bits)?;
    let opened_values = opened_values(&mut reader, shape)?;
    let batch_pow_witness = reader.witness(parameters.batch_pow_bits)?;
    let rounds = shape.log_arities.iter();
    let commit_pow_witnesses = rounds.map(|_| reader.witness(parameters.commit_pow_bits)).collect::<Result<_, _>>()?;
    let final_poly = reader.elements(1 << parameters.log_final_poly_len)?;
    let query_pow_witness = reader.witness(parameters.query_pow_bits)?;
    let (mut input_openings, mut commit_phase_openings) = queries::<E>(&mut reader, shape)?;

    let height = shape.log_height();
    let commitments =
        Commitments { trace: reader.cap(shape, height)?, quotient_chunks: reader.cap(shape, height)?, random: None };
    let heights = shape.round_heights();
    let caps = heights.iter().map(|&height| reader.cap(shape, height)).collect::<Result<_, _>>()?;

    let opening_proof = OpeningProof::<E> {
        batch_pow_witness,
        commit_phase_commits: caps,
        commit_pow_witnesses,
        input_openings: Vec::new(),
        commit_phase_openings: Vec::new(),
        final_poly,
        query_pow_witness,
    };
    let mut proof = Proof { commitments, opened_values, opening_proof, degree_bits: shape.log_rows, ood_pow_witness };
    let indices = indices(&proof);
    for batch in &mut input_openings {
        batch.opening_proof = reader.siblings(&indices, 0, height - shape.cap_height(height))?;
    }
    for (round, leaves) in commit_phase_openings.iter_mut().zip(heights) {
        round.opening_proof = reader.siblings(&indices, height - leaves, leaves - shape.cap_height(leaves))?;
    }
    if !reader.0.is_empty() {
        return Err(Error::Encoding("has bytes behind the last sibling"));
    }
    proof.opening_proof.input_openings = input_openings;
    proof.opening_proof.commit_phase_openings = commit_phase_openings;
    Ok(proof)
}

fn opened_values<E: Challenge>(reader: &mut Reader<'_>, shape: &Shape) -> Result<OpenedValues<E>, Error> {
    let trace_local = reader.elements(shape.trace_width)?;
    let trace_next = shape.opens_next.then(|| reader.elements(shape.trace_width)).transpose()?;
    let quotient_chunks = (0..shape.chunks).map(|_| reader.elements(shape.degree)).collect::<Result<_, _>>()?;
    let mut preprocessed = None;
    if shape.preprocessed_width > 0 {
        let local = reader.elements(shape.preprocessed_width)?;
        let next = shape.opens_preprocessed_next.then(|| reader.elements(shape.preprocessed_width)).transpose()?;
        preprocessed = Some(PreprocessedOpenedValues { local, next });
    }
    Ok(OpenedValues { trace_local, trace_next, preprocessed, quotient_chunks, random: None })
}

type Openings<E> = (Vec<BatchMultiOpening<Val, ValMmcs>>, Vec<CommitPhaseMultiStep<E, ChallengeMmcs<E>>>);

/// What the queries open, by tree.
fn queries<E: Challenge>(reader: &mut Reader<'_>, shape: &Shape) -> Result<Openings<E>, Error> {
    let none = || PrunedMerklePaths { sibling_hashes: Vec::new() };
    let input = |_| BatchMultiOpening { opened_values: Vec::new(), opening_proof: none() };
    let round = |_| CommitPhaseMultiStep { sibling_values: Vec::new(), opening_proof: none() };
    let mut inputs: Vec<BatchMultiOpening<Val, ValMmcs>> = (0..shape.input_trees()).map(input).collect();
    let mut rounds: Vec<CommitPhaseMultiStep<E, _>> = (0..shape.log_arities.len()).map(round).collect();
    let matrices = [(1, shape.trace_width), (shape.chunks, shape.degree), (1, shape.preprocessed_width)];
    for _ in 0..shape.parameters.num_queries {
        for (batch, (count, width)) in inputs.iter_mut().zip(matrices) {
            let rows = (0..count).map(|_| reader.values(width)).collect::<Result<_, _>>()?;
            batch.opened_values.push(rows);
        }
        for (round, log_arity) in rounds.iter_mut().zip(&shape.log_arities) {
            round.sibling_values.push(reader.elements((1 << log_arity) - 1)?);
        }
    }
    Ok((inputs, rounds))
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Error::Encoding("ends too early"))?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn value(&mut self) -> Result<Val, Error> {
        let number = u64::from_le_bytes(self.take()?);
        if number >= Val::ORDER_U64 {
            return Err(Error::Encoding("has a number that is not below the order of the field"));
        }
        Ok(Val::new(number))
    }

    fn values(&mut self, count: usize) -> Result<Vec<Val>, Error> {
        (0..count).map(|_| self.value()).collect()
    }

    fn elements<E: Challenge>(&mut self, count: usize) -> Result<Vec<E>, Error> {
        let values = self.values(count * E::DIMENSION)?;
        Ok(values.chunks(E::DIMENSION).map(|chunk| E::from_basis_coefficients_fn(|i| chunk[i])).collect())
    }

    fn witness(&mut self, bits: usize) -> Result<Val, Error> {
        if bits == 0 { Ok(Val::default()) } else { self.value() }
    }

    fn digests(&mut self, count: usize) -> Result<Vec<[u8; 32]>, Error> {
        (0..count).map(|_| self.take()).collect()
    }

    fn cap(&mut self, shape: &Shape, height: usize) -> Result<Commitment, Error> {
        Ok(Commitment::new(self.digests(1 << shape.cap_height(height))?))
    }

    fn siblings(&mut self, indices: &[usize], shift: usize, levels: usize) -> Result<PrunedMerklePaths<u8, 32>, Error> {
        let order = sibling_order(indices, shift, levels);
        let mut sibling_hashes = vec![[0; 32]; order.len()];
        for place in order {
            sibling_hashes[place] = self.take()?;
        }
        Ok(PrunedMerklePaths { sibling_hashes })
    }
}
