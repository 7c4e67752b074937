//! The vector engine's multipliers at work, by the counters of the cycle-accurate card.
//!
//! Counted are the cycles that twice as many rows take more, so that what a descriptor or a layer takes once does not count; and the
//! products that the arithmetic needs, not those that a program happens to start. What the rows hold makes no difference.

use std::sync::Arc;

use karat_abi::command::EngineCounters;
use karat_abi::vector::{MATRICES, TABLE};
use karat_abi::{Engine, Stage, TILE_COLUMNS};
use karat_driver::CardMemory;
use p3_air::symbolic::AirLayout;

use crate::airs::{AirName, Statement};
use crate::card::vector::{Block, Pass, View};
use crate::card::{Card, Session};
use crate::config::{Challenge, CubicChallenge, Val};
use crate::program::{Code, Program};
use crate::resident::folding::fold_layer;
use crate::resident::opening::groups;
use crate::resident::{ChallengeField, Shape};
use crate::vector::{Domain, Part, Reduce, Shape as Kernel, element_words};

/// Least share of the cycles of sums and folds.
const LEAST: f64 = 0.9;
/// Beats between tiles, as in a trace of 2^10 rows that is extended to 2^11.
const STRIDE: u32 = 1 << 11;
const NONE: View = View { first: 0, stride: 0, tiles: 0, words: 0, fixed: false };

/// A card and what all programs read.
struct Bench {
    session: Session,
    log_lanes: usize,
    input: Arc<CardMemory>,
}

impl Bench {
    fn open() -> Self {
        let session = Card::open("sim:tiny").unwrap().session().unwrap();
        let log_lanes = session.card().device().info().vector_lanes.ilog2() as usize;
        // The widest trace is Keccak's, of 2633 columns.
        let input = session.lasting(330 * STRIDE).unwrap();
        Self { session, log_lanes, input }
    }

    fn shape<E: ChallengeField>(&self) -> Shape {
        Shape { log_rows: 10, log_blowup: 1, log_chunks: 1, log_lanes: self.log_lanes, degree: E::DIMENSION }
    }

    fn tiles(&self, columns: u32, of_tile: u32) -> View {
        View::tiles(self.input.first(), STRIDE, columns.div_ceil(of_tile))
    }

    /// Elements by row.
    fn elements<E: ChallengeField>(&self) -> View {
        View::flat(self.input.first(), element_words(E::DIMENSION))
    }

    fn counters(&self) -> EngineCounters {
        self.session.settle().unwrap();
        self.session.card().device().counters().unwrap().engines[Engine::Vector as usize]
    }

    /// What `work` takes more for `2^(log_rows + 1)` rows than for `2^log_rows`.
    fn marginal(&self, log_rows: usize, work: impl Fn(usize)) -> EngineCounters {
        let taken = |log_rows| {
            let before = self.counters();
            work(log_rows);
            less(self.counters(), before)
        };
        let few = taken(log_rows);
        less(taken(log_rows + 1), few)
    }

    /// Runs a program; outputs are as many words a row.
    fn run(&self, code: &Code, domain: Domain, matrices: [View; MATRICES], output: Option<usize>) {
        let stage = Stage::Open;
        let code = self.session.place_code(code.clone(), stage).unwrap();
        let mut block = Block::default();
        let table = block.push([0; TABLE]);
        let stream = block.push(vec![0; code.code().statistics().constants]);
        let data = self.session.place(&block, stage).unwrap();
        let result = self.session.passing(1 << domain.log_rows).unwrap();
        let pass = Pass {
            stream: (stream.words() > 0).then_some(stream),
            matrices,
            output: output.map(|words| (result.first(), words)),
            ..Pass::new(&code, domain, &data, table)
        };
        self.session.run(&[pass], &[&self.input, &result], stage).unwrap();
        self.session.settle().unwrap();
    }
}

fn less(a: EngineCounters, b: EngineCounters) -> EngineCounters {
    EngineCounters {
        busy: a.busy - b.busy,
        starved: a.starved.saturating_sub(b.starved),
        stalled: a.stalled.saturating_sub(b.stalled),
        work: a.work - b.work,
    }
}

/// Products of two elements' multiplication, of which neither is known before: of all pairs of coefficients, and with `X^2 = 7` one by
/// 7; with `X^3 = X + 1` none.
fn multiplication(degree: u64) -> u64 {
    degree * degree + u64::from(degree == 2)
}

/// Insists on the share of the cycles in which every lane starts a product of those that `rows` rows need.
fn check<E: ChallengeField>(what: &str, rows: u64, needed: u64, counted: EngineCounters) {
    let EngineCounters { busy, starved, stalled, work } = counted;
    let cycles = 8.0 * busy as f64 / rows as f64;
    // An instruction is of eight lanes.
    let share = needed as f64 / 8.0 / busy as f64;
    println!(
        "degree {}  {what:16} {:6.1} products a row, {cycles:7.1} cycles for 8 rows, {starved} of {busy} starved, \
         {stalled} stalled: {share:.3}",
        E::DIMENSION,
        needed as f64 / rows as f64
    );
    assert!(work * 8 >= needed, "{what}: more products are needed than were started");
    assert!(share >= LEAST, "{what}: {share}");
}

fn sums<E: ChallengeField>(bench: &Bench) {
    const LOG_ROWS: usize = 8;
    const ROWS: u64 = 1 << LOG_ROWS;
    let (shape, degree) = (bench.shape::<E>(), E::DIMENSION as u64);
    // The columns of Poseidon2's AIR, and those of the quotient's chunks.
    let trace = Part { columns: 180, of_tile: TILE_COLUMNS, next: true };
    let quotient = Part { columns: 2 * degree as u32, of_tile: degree as u32, next: false };

    // An element of the trace, at a point: a product for every coefficient.
    let needed = 2 * u64::from(trace.columns) * degree * ROWS;
    let (groups, _) = groups(shape, &[trace]);
    let codes: Vec<Code> = groups.iter().map(|group| group.programs(shape)[1].compile::<E>().unwrap()).collect();
    let counted = bench.marginal(LOG_ROWS, |log_rows| {
        for (group, code) in groups.iter().zip(&codes) {
            let matrices = [bench.tiles(64, TILE_COLUMNS), bench.elements::<E>(), NONE, NONE];
            bench.run(code, Domain { log_rows, ..group.rows(shape) }, matrices, None);
        }
    });
    check::<E>("sums of columns", ROWS, needed, counted);

    // An element of both, for all points: a product for every coefficient. Then the trace's factor at the next point, and by
    // 1 / (z - x) at both.
    let elements = u64::from(trace.columns + quotient.columns) * degree;
    let needed = (elements + degree * degree + 2 * multiplication(degree)) * ROWS;
    let reduce = Reduce { parts: vec![trace, quotient] };
    let domain = reduce.domain(shape.log_rows, shape.log_lanes, shape.degree);
    let code = Kernel::Reduce { reduce, groups: domain.unroll() }.compile::<E>().unwrap();
    let [main, chunks] = [trace, quotient].map(|part| bench.tiles(part.columns, part.of_tile));
    let reciprocals = View { stride: STRIDE, tiles: 2, ..bench.elements::<E>() };
    let counted = bench.marginal(LOG_ROWS, |log_rows| {
        bench.run(&code, Domain { log_rows, ..domain }, [main, chunks, NONE, reciprocals], Some(8));
    });
    check::<E>("sums of rows", ROWS, needed, counted);
}

fn folds<E: ChallengeField>(bench: &Bench) {
    const LOG_HEIGHT: usize = 13;
    let (shape, degree) = (bench.shape::<E>(), E::DIMENSION as u64);
    for log_arity in 1..=4 {
        let counted = bench.marginal(LOG_HEIGHT, |log_height| {
            let codeword = bench.session.passing(shape.flat_beats(log_height)).unwrap();
            fold_layer::<E>(&bench.session, shape, &codeword, log_height, log_arity, E::ONE).unwrap();
            bench.session.settle().unwrap();
        });
        // Those of all folds by two. Each takes beta to its own point, and multiplies a difference by that.
        let rows = (1 << LOG_HEIGHT) - (1 << (LOG_HEIGHT - log_arity));
        check::<E>(&format!("fold by {}", 1 << log_arity), rows, rows * (degree + multiplication(degree)), counted);
    }
}

#[test]
fn sums_and_folds_keep_the_multipliers_busy() {
    let bench = Bench::open();
    sums::<Challenge>(&bench);
    sums::<CubicChallenge>(&bench);
    folds::<Challenge>(&bench);
    folds::<CubicChallenge>(&bench);
}

#[test]
fn constraints_take_few_cycles() {
    let bench = Bench::open();
    for (name, log_rows, most) in [(AirName::Poseidon2, 5, 1_200), (AirName::Keccak, 4, 21_600)] {
        let air = Statement::random(name, 5, 1).unwrap().air;
        let layout = AirLayout::from_air::<Val>(&air);
        let program = Program::new(&air, layout, 2).unwrap();
        let main = bench.tiles(layout.main_width as u32, TILE_COLUMNS);
        let EngineCounters { busy, starved, stalled, work } = bench.marginal(log_rows, |log_rows| {
            let domain = Domain { log_rows, log_lanes: bench.log_lanes, most_unroll: 0 };
            bench.run(program.code(), domain, [main, NONE, NONE, View::flat(bench.input.first(), 4)], Some(8));
        });
        let runs = 1 << (log_rows - 3);
        println!(
            "degree 2  {name:16} {:6} products a row, {:7} cycles for 8 rows, {starved} of {busy} starved, {stalled} stalled",
            work / runs,
            busy / runs
        );
        assert_eq!(work, program.code().statistics().products as u64 * runs);
        assert!(busy <= most * runs, "{name}: {busy} cycles for {runs} times 8 rows");
    }
}
