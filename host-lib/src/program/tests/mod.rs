//! Programs compiled from AIRs, against Plonky3's own constraint folder on random rows.

mod airs;
mod kernels;
mod machine;

use super::{Matrix, Program};
use crate::airs::{AirName, Statement};
use crate::config::{Challenge, CpuConfig, Val};
use karat_abi::vector::{Load, Row};
use p3_air::symbolic::{AirLayout, SymbolicAirBuilder, get_constraint_layout};
use p3_air::{Air, RowWindow};
use p3_field::{BasedVectorSpace, PackedFieldExtension, PackedValue, PrimeCharacteristicRing};
use p3_matrix::dense::RowMajorMatrixView;
use p3_uni_stark::{PackedChallenge, PackedVal, ProverConstraintFolder};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use machine::{Loading, Machine, Rows};

type Packed = PackedVal<CpuConfig>;

/// Runs of a program, each on rows of its own.
const RUNS: usize = 3;

/// Random columns of a row and the next.
struct Random {
    layout: AirLayout,
    main: Vec<Packed>,
    preprocessed: Vec<Packed>,
    periodic: Vec<Packed>,
    selectors: [Packed; 3],
}

impl Random {
    fn new(layout: AirLayout, rng: &mut StdRng) -> Self {
        let mut columns = |count: usize| -> Vec<Packed> {
            (0..count).map(|_| Packed::from_fn(|_| Val::new(rng.random::<u64>()))).collect()
        };
        Self {
            layout,
            main: columns(2 * layout.main_width),
            preprocessed: columns(2 * layout.preprocessed_width),
            periodic: columns(layout.num_periodic_columns),
            selectors: columns(3).try_into().unwrap(),
        }
    }
}

/// The rows of every run.
struct Runs([Random; RUNS]);

impl Rows for Runs {
    fn tile(&self, run: usize, load: Load) -> [Option<Val>; 8] {
        // Loads of a run that does not come find something too.
        let rows = &self.0[run % RUNS];
        let matrix = [Matrix::Main, Matrix::Preprocessed, Matrix::Periodic, Matrix::Selectors][load.matrix as usize];
        let (columns, width) = match matrix {
            Matrix::Main => (&rows.main[..], rows.layout.main_width),
            Matrix::Preprocessed => (&rows.preprocessed[..], rows.layout.preprocessed_width),
            Matrix::Periodic => (&rows.periodic[..], rows.layout.num_periodic_columns),
            Matrix::Selectors => (&rows.selectors[..], 3),
        };
        let first = if load.row == Row::Next { width } else { 0 };
        std::array::from_fn(|word| {
            let column = usize::from(load.tile) * 8 + word;
            (column < width).then(|| columns[first + column].as_slice()[0])
        })
    }
}

/// Runs the program of `air` on random rows in every way of loading and compares each with the folder.
fn check<A>(name: &str, air: &A, seed: u64)
where
    A: Air<SymbolicAirBuilder<Val>> + for<'a> Air<ProverConstraintFolder<'a, CpuConfig>>,
{
    println!("{name}: seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let layout = AirLayout::from_air::<Val>(air);
    let program = Program::new(air, layout, 2).unwrap();
    println!("{program}");
    let runs = Runs(std::array::from_fn(|_| Random::new(layout, &mut rng)));
    let public_values: Vec<Val> = (0..layout.num_public_values).map(|_| rng.random()).collect();
    let alpha = Challenge::from_basis_coefficients_fn(|_| rng.random::<Val>());
    let scale: Val = rng.random();

    let (base, extension) = get_constraint_layout::<Val, Val, A>(air, layout).decompose_alpha(alpha);
    let expected = runs.0.each_ref().map(|rows| {
        let preprocessed = RowMajorMatrixView::new(&rows.preprocessed, layout.preprocessed_width);
        let mut folder: ProverConstraintFolder<'_, CpuConfig> = ProverConstraintFolder {
            main: RowMajorMatrixView::new(&rows.main, layout.main_width),
            preprocessed,
            preprocessed_window: RowWindow::from_view(&preprocessed),
            periodic_values: &rows.periodic,
            public_values: &public_values,
            is_first_row: rows.selectors[0],
            is_last_row: rows.selectors[1],
            is_transition: rows.selectors[2],
            base_alpha_powers: &base,
            ext_alpha_powers: &extension,
            base_constraints: Vec::new(),
            ext_constraints: Vec::new(),
            constraint_index: 0,
            constraint_count: base[0].len() + extension.len(),
        };
        air.eval(&mut folder);
        let folded: PackedChallenge<CpuConfig> = folder.finalize_constraints();
        PackedFieldExtension::<Val, Challenge>::extract(&folded, 0) * scale
    });

    let constants = program.constants(alpha, &public_values);
    for loading in [Loading::Early, Loading::Late] {
        for jitter in [false, true] {
            let mut machine = Machine::new(program.code(), &runs, loading);
            for (run, expected) in expected.iter().enumerate() {
                let mut wait = || if jitter && rng.random_bool(0.2) { rng.random_range(0..20) } else { 0 };
                let outputs = machine.run(run, &constants, &machine::table(scale), &mut wait);
                let expected: &[Val] = expected.as_basis_coefficients_slice();
                // A row of a tile.
                assert_eq!(outputs[2..], [Val::ZERO; 6]);
                assert_eq!(outputs[..2], *expected, "{name}, run {run}, {loading:?}, jitter {jitter}");
            }
        }
    }
}

#[test]
fn airs_of_the_command_line() {
    let seed = rand::rng().random();
    for name in AirName::ALL {
        let log_rows = if name == AirName::Keccak { 5 } else { 1 };
        check(name.as_str(), &Statement::random(name, log_rows, seed).unwrap().air, seed);
    }
}

#[test]
fn preprocessed_periodic_and_public_columns() {
    check("mixed", &airs::Mixed, rand::rng().random());
}

#[test]
fn constraints_without_columns_count_too() {
    check("constant", &airs::Constants, rand::rng().random());
}
