//! How much card memory a proof takes, found before anything is uploaded.
//!
//! A proof allocates from a piece of card memory of its own: what lasts until its end from the low end, what goes with the commands on it
//! from the high one. All that has gone by the time the host waits for everything, at every commitment and every read, so that there are
//! no holes, and the most that is taken is the largest sum of what lasts and what goes between two waits. The functions here follow the
//! stages in their order.

use karat_abi::Stage;
use karat_abi::vector::TABLE;
use karat_driver::{Arena, Info, Layout};
use p3_air::symbolic::AirLayout;

use super::folding::{folds, fri_shape};
use super::opening::groups;
use super::programs::{Programs, chain, reduce};
use super::{ChallengeField, Shape};
use crate::card::Session;
use crate::card::vector::{Block, CardCode};
use crate::hashing::{Hashing, Keccak};
use crate::program::{Matrix, Program, ProgramError};
use crate::prove::ConstraintAir;
use crate::vector::{self, Part, element_words};
use crate::{Error, Parameters};

/// What decides how much card memory proofs of an AIR take, besides their height.
#[derive(Clone)]
pub(super) struct Demand {
    /// The hash makes no difference.
    parameters: Parameters<Keccak>,
    log_buffer: usize,
    shape: Shape,
    main: Part,
    preprocessed: Option<Part>,
    /// Columns, if the constraints read any.
    periodic: u32,
    selectors: bool,
    /// Beats of the constraints' program, and words of its stream of constants.
    program: [u64; 2],
}

/// Beats of card memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Need {
    /// Of what is set up, while it exists.
    pub setup: u64,
    /// Of setting it up, at most.
    pub setting_up: u64,
    /// Of a proof.
    pub proof: u64,
    /// Of a proof, the trace included.
    pub proof_with_trace: u64,
}

impl Need {
    /// Of setting up and then proving.
    pub fn all(self) -> u64 {
        self.setting_up.max(self.setup + self.proof_with_trace)
    }
}

/// Allocations, as they are made.
#[derive(Default)]
struct Tally {
    lasting: u64,
    passing: u64,
    most: u64,
}

impl Tally {
    fn lasting(&mut self, beats: u64) {
        self.lasting += Arena::rounded(beats);
        self.most = self.most.max(self.lasting + self.passing);
    }

    fn passing(&mut self, beats: u64) {
        self.passing += Arena::rounded(beats);
        self.most = self.most.max(self.lasting + self.passing);
    }

    /// Everything was waited for.
    fn settle(&mut self) {
        self.passing = 0;
    }
}

impl Demand {
    /// Of an AIR, the program of whose constraints this is.
    pub fn new<H: Hashing, A: ConstraintAir>(
        parameters: &Parameters<H>,
        info: &Info,
        air: &A,
        layout: AirLayout,
        program: &Program,
        shape: Shape,
    ) -> Self {
        let part =
            |columns: usize, next: Vec<usize>| Part { columns: columns as u32, of_tile: 8, next: !next.is_empty() };
        let reads = |matrix: Matrix| program.code().loads.iter().any(|load| load.matrix == matrix as u8);
        let preprocessed = air.preprocessed_trace().filter(|_| layout.preprocessed_width > 0);
        Self {
            parameters: parameters.with_constants(()),
            log_buffer: info.log_buffer as usize,
            shape,
            main: part(layout.main_width, air.main_next_row_columns()),
            preprocessed: preprocessed.map(|_| part(layout.preprocessed_width, air.preprocessed_next_row_columns())),
            periodic: if reads(Matrix::Periodic) { layout.num_periodic_columns as u32 } else { 0 },
            selectors: reads(Matrix::Selectors),
            program: [CardCode::beats_of(program.code()), program.code().statistics().constants as u64],
        }
    }

    /// The shape of proofs.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether the constraints read selectors.
    pub fn selectors(&self) -> bool {
        self.selectors
    }

    /// Whether the constraints read periodic columns.
    pub fn periodic(&self) -> bool {
        self.periodic > 0
    }

    /// What is opened together: the trace, the quotient's chunks, the preprocessed columns.
    pub fn parts(&self) -> Vec<Part> {
        let chunks = self.shape.chunks() * self.shape.degree;
        // All chunks are in tiles of their own.
        let of_tile = if self.shape.chunks() == 1 { 8 } else { self.shape.degree };
        let quotient = Part { columns: chunks as u32, of_tile: of_tile as u32, next: false };
        [self.main, quotient].into_iter().chain(self.preprocessed).collect()
    }

    /// Points at which something is opened: the next one or not.
    pub fn points(&self) -> u32 {
        1 + u32::from(self.parts().iter().any(|part| part.next))
    }

    /// log2 of the arities of the folds.
    pub fn log_arities(&self) -> Vec<usize> {
        fri_shape(&self.parameters.fri_with(()), self.shape.log_rows + self.shape.log_blowup).log_arities
    }

    /// What proofs take, with the programs that the card has not.
    pub fn need<E: ChallengeField>(&self, programs: &mut Programs<'_>) -> Result<Need, (Stage, ProgramError)> {
        let mut setting_up = Tally::default();
        setting_up.lasting(self.program[0]);
        if let Some(beats) = programs.compile::<E>(self)? {
            setting_up.lasting(beats);
        }
        self.set_up::<E>(&mut setting_up, programs);
        let proof = |uploaded| {
            let mut tally = Tally::default();
            self.prove::<E>(&mut tally, programs, uploaded);
            tally.most
        };
        let [proof, proof_with_trace] = [false, true].map(proof);
        Ok(Need { setup: setting_up.lasting, setting_up: setting_up.most, proof, proof_with_trace })
    }

    /// The most rows, fewer than now, that would fit so many beats, set up from the beginning.
    fn largest<E: ChallengeField>(&self, programs: &mut Programs<'_>, beats: u32) -> Option<usize> {
        let heights = (self.shape.log_lanes..self.shape.log_rows).rev();
        let mut heights = heights.filter(|&log_rows| self.parameters.validate(log_rows).is_ok());
        let fits = |log_rows: &usize| {
            let demand = Self { shape: Shape { log_rows: *log_rows, ..self.shape }, ..self.clone() };
            demand.need::<E>(programs).is_ok_and(|need| need.all() <= u64::from(beats))
        };
        heights.find(fits).map(|log_rows| 1 << log_rows)
    }

    /// The error of a session without room for so many beats.
    pub fn no_room<E: ChallengeField>(&self, session: &Session, stage: &'static str, needed: u64) -> Error {
        let free = session.free_beats();
        let largest = self.largest::<E>(&mut Programs::new(Some(session)), free);
        let (rows, columns) = (1 << self.shape.log_rows, self.main.columns as usize);
        Error::Memory { stage, rows, columns, needed, free, largest }
    }

    fn rows(&self) -> u64 {
        1 << self.shape.log_rows
    }

    fn extended(&self) -> u64 {
        self.rows() << self.shape.log_blowup
    }

    /// Beats of so many flat elements.
    fn flat(&self, log_count: usize) -> u64 {
        ((element_words(self.shape.degree) as u64) << log_count.max(self.shape.log_lanes)).div_ceil(8)
    }

    /// Beats of the work area of an extension.
    fn work_area(&self) -> u64 {
        if self.shape.log_rows > self.log_buffer { 2 * self.extended() } else { 0 }
    }

    /// Words of a value for every lane.
    fn seeds(&self) -> usize {
        2 << self.shape.log_lanes
    }

    fn set_up<E: ChallengeField>(&self, tally: &mut Tally, programs: &Programs<'_>) {
        if self.selectors {
            let stream = programs.words::<E>(&chain(self.shape, 1));
            tally.lasting((self.rows() / 2) << self.shape.log_chunks);
            tally.passing(self.rows() / 2);
            tally.passing(self.rows() / 4);
            for _ in 0..self.shape.chunks() {
                tally.passing(Block::beats_of(&[self.seeds(), TABLE, TABLE, stream]));
            }
        }
        if let Some(part) = self.preprocessed {
            self.commit(tally, part.columns, true);
        }
        if self.periodic > 0 {
            self.extend(tally, self.periodic, true);
        }
    }

    /// A matrix, which is uploaded or there, and its extension.
    fn extend(&self, tally: &mut Tally, columns: u32, uploaded: bool) {
        let tiles = u64::from(Layout::tiles(columns));
        if uploaded {
            tally.passing(self.rows() * tiles);
        }
        tally.lasting(self.extended() * tiles);
        tally.passing(self.work_area());
    }

    fn commit(&self, tally: &mut Tally, columns: u32, uploaded: bool) {
        self.extend(tally, columns, uploaded);
        self.tree(tally, self.extended());
    }

    /// A tree, whose cap is read.
    fn tree(&self, tally: &mut Tally, leaves: u64) {
        tally.lasting(leaves);
        tally.passing(0);
    }

    fn prove<E: ChallengeField>(&self, tally: &mut Tally, programs: &Programs<'_>, uploaded: bool) {
        self.commit(tally, self.main.columns, uploaded);
        tally.settle();

        let mut data = vec![TABLE; self.shape.chunks()];
        data.push(self.program[1] as usize);
        tally.passing(Block::beats_of(&data));
        tally.passing(self.rows() << self.shape.log_chunks);
        tally.lasting(self.extended() << self.shape.log_chunks);
        tally.passing(self.work_area());
        self.tree(tally, self.extended());
        tally.settle();

        let weights = u64::from(self.points()) * self.flat(self.shape.log_rows);
        tally.passing(weights);
        tally.passing(self.rows() / 2);
        let stream = programs.words::<E>(&chain(self.shape, self.shape.degree));
        tally.passing(Block::beats_of(&[self.seeds(), TABLE, TABLE, stream]));
        let (_, results) = groups(self.shape, &self.parts());
        tally.passing(u64::from(results) << self.shape.log_lanes);
        tally.passing(Block::beats_of(&[TABLE]));
        tally.settle();

        tally.passing(weights);
        let stream = programs.words::<E>(&reduce(self));
        tally.passing(Block::beats_of(&[TABLE, stream]));
        tally.passing(self.rows());
        tally.passing(self.extended());
        let mut log_height = self.shape.log_rows + self.shape.log_blowup;
        tally.lasting(self.flat(log_height));
        tally.passing(self.work_area());

        for log_arity in self.log_arities() {
            self.tree(tally, 1 << (log_height - log_arity));
            tally.settle();
            let folds = folds(self.shape, log_height, log_arity);
            let mut data = Vec::new();
            for fold in &folds {
                let [start, _] = vector::Shape::of_fold(fold);
                data.extend([self.seeds(), TABLE, programs.words::<E>(&start)]);
            }
            tally.passing(Block::beats_of(&data));
            log_height -= log_arity;
            for fold in &folds {
                let beats = self.flat(fold.domain.log_rows);
                if fold.domain.log_rows == log_height { tally.lasting(beats) } else { tally.passing(beats) }
            }
        }
    }
}
