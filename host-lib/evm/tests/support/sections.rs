//! Where the parts of an encoded proof begin, by the description of the encoding.

use karat_evm::Shape;
use karat_evm::config::{Challenge, Proof};

/// Places in an encoded proof.
pub struct Sections {
    /// Where every part begins, in order, and where the proof ends.
    pub boundaries: Vec<usize>,
    /// Where the witness of the queries is, if there is one.
    pub query_witness: Option<usize>,
    /// Where the rows of the first query are.
    pub queries: usize,
    /// Bytes of a query.
    pub query_bytes: usize,
    /// Where field elements end, and caps begin.
    pub caps: usize,
    /// Where siblings begin.
    pub siblings: usize,
    /// Where the proof ends.
    pub end: usize,
}

impl Sections {
    pub fn new<E: Challenge>(shape: &Shape, proof: &Proof<E>) -> Self {
        let parameters = &shape.parameters;
        let element = 8 * shape.degree;
        let rounds = shape.log_arities.len();
        let mut boundaries = vec![0];
        let mut part = |size: usize| {
            let start = boundaries[boundaries.len() - 1];
            if size > 0 {
                boundaries.push(start + size);
            }
            start
        };
        let witness = |bits: usize| if bits > 0 { 8 } else { 0 };
        part(witness(parameters.ood_pow_bits));
        part(element * shape.trace_width);
        part(if shape.opens_next { element * shape.trace_width } else { 0 });
        part(element * shape.quotient_width());
        part(element * shape.preprocessed_width);
        part(if shape.opens_preprocessed_next { element * shape.preprocessed_width } else { 0 });
        part(witness(parameters.batch_pow_bits));
        (0..rounds).for_each(|_| _ = part(witness(parameters.commit_pow_bits)));
        part(element << parameters.log_final_poly_len);
        let query_witness = part(witness(parameters.query_pow_bits));
        let queries = part(0);
        for _ in 0..parameters.num_queries {
            part(8 * shape.trace_width);
            part(8 * shape.quotient_width());
            part(8 * shape.preprocessed_width);
            shape.log_arities.iter().for_each(|log_arity| _ = part(element * ((1 << log_arity) - 1)));
        }
        let caps = part(0);
        let heights = [vec![shape.log_height(); 2], shape.round_heights()].concat();
        heights.into_iter().for_each(|height| _ = part(32 << shape.cap_height(height)));
        let siblings = part(0);
        let opening = &proof.opening_proof;
        opening.input_openings.iter().for_each(|batch| _ = part(32 * batch.opening_proof.sibling_hashes.len()));
        opening.commit_phase_openings.iter().for_each(|round| _ = part(32 * round.opening_proof.sibling_hashes.len()));
        let end = part(0);
        Self {
            boundaries,
            query_witness: (parameters.query_pow_bits > 0).then_some(query_witness),
            queries,
            query_bytes: (caps - queries) / parameters.num_queries,
            caps,
            siblings,
            end,
        }
    }
}
