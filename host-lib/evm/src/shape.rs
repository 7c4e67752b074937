//! What an AIR and parameters determine about a proof: numbers, and the domain separation of its transcripts.

use p3_air::symbolic::{AirLayout, SymbolicAirBuilder};
use p3_air::{Air, BaseAir};
use p3_challenger::CanObserve;
use p3_commit::PolynomialSpace;
use p3_field::PrimeField64;
use p3_field::coset::TwoAdicMultiplicativeCoset;
use p3_fri::{FriShape, PcsShape, fold_schedule};
use p3_uni_stark::{StarkShape, get_log_num_quotient_chunks_for_domain};

use crate::config::{Challenge, Val};
use crate::parameters::TWO_ADICITY;
use crate::{Error, Parameters};

/// The shape of a proof.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The parameters.
    pub parameters: Parameters,
    /// log2 of the rows of the trace.
    pub log_rows: usize,
    /// Degree of the field of challenges.
    pub degree: usize,
    /// Columns of the trace.
    pub trace_width: usize,
    /// Preprocessed columns.
    pub preprocessed_width: usize,
    /// Public values.
    pub public_values: usize,
    /// Periodic columns.
    pub periodic_columns: usize,
    /// Chunks of the quotient.
    pub chunks: usize,
    /// Whether the trace is opened on the next row.
    pub opens_next: bool,
    /// Whether the preprocessed columns are.
    pub opens_preprocessed_next: bool,
    /// log2 of every round's arity.
    pub log_arities: Vec<usize>,
}

impl Shape {
    /// The shape of proofs of `air` in `2^log_rows` rows.
    ///
    /// # Errors
    /// For parameters that contracts are not made for.
    pub fn new<E, A>(air: &A, parameters: &Parameters, log_rows: usize) -> Result<Self, Error>
    where
        E: Challenge,
        A: Air<SymbolicAirBuilder<Val>>,
    {
        parameters.validate(log_rows)?;
        let layout = AirLayout::from_air::<Val>(air);
        let log_chunks = get_log_num_quotient_chunks_for_domain::<Val, A>(air, layout, domain(log_rows), 0);
        let max = TWO_ADICITY - log_rows;
        if log_chunks > max {
            return Err(Error::OutOfRange { name: "log2 of the quotient's chunks", value: log_chunks, min: 0, max });
        }
        let log_height = log_rows + parameters.log_blowup;
        let log_final = parameters.log_blowup + parameters.log_final_poly_len;
        Ok(Self {
            parameters: *parameters,
            log_rows,
            degree: E::DIMENSION,
            trace_width: layout.main_width,
            preprocessed_width: layout.preprocessed_width,
            public_values: layout.num_public_values,
            periodic_columns: layout.num_periodic_columns,
            chunks: 1 << log_chunks,
            opens_next: !air.main_next_row_columns().is_empty(),
            opens_preprocessed_next: !air.preprocessed_next_row_columns().is_empty(),
            log_arities: fold_schedule(&[log_height], log_final, parameters.max_log_arity),
        })
    }

    /// log2 of the rows of an extended matrix.
    pub fn log_height(&self) -> usize {
        self.log_rows + self.parameters.log_blowup
    }

    /// Base field elements of a row of all chunks.
    pub fn quotient_width(&self) -> usize {
        self.chunks * self.degree
    }

    /// Opened values, in the order of the transcript.
    pub fn opened(&self) -> usize {
        let twice = |opens| 1 + usize::from(opens);
        self.trace_width * twice(self.opens_next)
            + self.quotient_width()
            + self.preprocessed_width * twice(self.opens_preprocessed_next)
    }

    /// Trees of the inputs.
    pub fn input_trees(&self) -> usize {
        2 + usize::from(self.preprocessed_width > 0)
    }

    /// log2 of the leaves of every round's tree.
    pub fn round_heights(&self) -> Vec<usize> {
        let mut height = self.log_height();
        let below = |log_arity: &usize| {
            height -= log_arity;
            height
        };
        self.log_arities.iter().map(below).collect()
    }

    /// log2 of the nodes of a cap over `2^height` leaves.
    pub fn cap_height(&self, height: usize) -> usize {
        self.parameters.cap_height.min(height)
    }

    /// What seeds the three transcripts: of the STARK, of the openings, and of FRI.
    pub(crate) fn seeds<E: Challenge, A: BaseAir<Val>>(&self, air: &A) -> [Vec<u8>; 3] {
        let parameters = &self.parameters;
        let stark = StarkShape::new::<Val, A>(
            air,
            self.preprocessed_width,
            self.log_rows,
            self.log_rows,
            self.chunks,
            false,
            parameters.ood_pow_bits,
        );
        let twice = |width, opens| if opens { vec![width, width] } else { vec![width] };
        let mut counts = vec![vec![twice(self.trace_width, self.opens_next)], vec![vec![self.degree]; self.chunks]];
        if self.preprocessed_width > 0 {
            counts.push(vec![twice(self.preprocessed_width, self.opens_preprocessed_next)]);
        }
        let pcs = PcsShape { claimed_evaluation_counts: counts, batch_pow_bits: parameters.batch_pow_bits };
        let fri = FriShape::with_schedule(&parameters.fri::<E>(), self.log_arities.clone(), self.log_height());
        let mut seeds = [Recorder::default(), Recorder::default(), Recorder::default()];
        stark.domain_separator::<Val, E>().seed(&mut seeds[0]);
        pcs.domain_separator::<Val, E>().seed(&mut seeds[1]);
        fri.domain_separator::<Val, E>().seed(&mut seeds[2]);
        seeds.map(|recorder| recorder.0)
    }
}

/// The domain of a trace.
pub(crate) fn domain(log_rows: usize) -> TwoAdicMultiplicativeCoset<Val> {
    TwoAdicMultiplicativeCoset::new(<Val as p3_field::PrimeCharacteristicRing>::ONE, log_rows)
        .expect("validated parameters have a domain")
}

/// Domains of the quotient's chunks.
pub(crate) fn chunk_domains(shape: &Shape) -> Vec<TwoAdicMultiplicativeCoset<Val>> {
    domain(shape.log_rows).create_disjoint_domain(shape.chunks << shape.log_rows).split_domains(shape.chunks)
}

/// A transcript that keeps the bytes it observes.
#[derive(Default)]
struct Recorder(Vec<u8>);

impl CanObserve<Val> for Recorder {
    fn observe(&mut self, value: Val) {
        self.0.extend(value.as_canonical_u64().to_le_bytes());
    }
}
