//! Arithmetic and constraints of contracts equal Plonky3's at random points.

mod support;

use karat_evm::config::{Challenge, Config, CubicChallenge, QuadraticChallenge, Val};
use karat_evm::{Compiled, Contract, Evm, Parameters, export, selector};
use p3_air::{BaseAir, RowWindow};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_keccak_air::KeccakAir;
use p3_matrix::dense::RowMajorMatrixView;
use p3_matrix::stack::VerticalPair;
use p3_uni_stark::VerifierConstraintFolder;
use rand::distr::{Distribution, StandardUniform};
use rand::rngs::SmallRng;
use rand::{Rng, RngExt};
use revm::primitives::{Address, U256};
use support::airs::{Fibonacci, Mixed, Wide, poseidon2};
use support::{Provable, rng};

struct Harness {
    evm: Evm,
    address: Address,
}

impl Harness {
    fn new<E: Challenge>(mut contract: Contract<E>) -> Self {
        let mut source = include_str!("support/harness.sol").to_owned();
        if !contract.pieces.is_empty() {
            let head = "contract Harness is Statement {";
            let count = contract.pieces.len();
            let constructor = format!("{head}\nconstructor(address[{count}] memory pieces) Statement(pieces) {{}}\n");
            source = source.replace(head, &constructor);
        }
        contract.sources.insert("Harness.sol".into(), source);
        let compiled = Compiled { pieces: contract.pieces.clone(), ..contract.compile_named("Harness").unwrap() };
        let mut evm = Evm::new();
        let (address, _) = evm.deploy(&compiled, &[]).unwrap();
        Self { evm, address }
    }

    fn call(&mut self, function: &str, values: &[U256]) -> Vec<U256> {
        let mut call = selector(&format!("{function}(uint256[])")).to_vec();
        for word in [U256::from(32), U256::from(values.len())].iter().chain(values) {
            call.extend(word.to_be_bytes::<32>());
        }
        let output = self.evm.call(self.address, call).unwrap().output;
        output.chunks(32).map(U256::from_be_slice).collect()
    }
}

/// A word of an element.
fn word<E: Challenge>(element: E) -> U256 {
    let coefficients = element.as_basis_coefficients_slice().iter().enumerate();
    coefficients.map(|(i, c)| U256::from(c.as_canonical_u64()) << (i * E::STRIDE)).fold(U256::ZERO, |a, b| a | b)
}

/// An element, now and then with coefficients at the edges of the field.
fn element<E: Challenge>(rng: &mut SmallRng) -> E {
    E::from_basis_coefficients_fn(|_| match rng.next_u32() % 8 {
        0 => Val::ZERO,
        1 => Val::NEG_ONE,
        2 => Val::from_u64(u64::from(u32::MAX)),
        _ => rng.random(),
    })
}

fn arithmetic<E: Challenge>() {
    let mut rng = rng();
    let contract = export::<E, _>(&Fibonacci, &Parameters::default(), 8, None, "Statement").unwrap();
    let mut harness = Harness::new(contract);
    let x = E::from_basis_coefficients_fn(|i| if i == 1 { Val::ONE } else { Val::ZERO });
    for _ in 0..300 {
        let (a, b): (E, E) = (element(&mut rng), element(&mut rng));
        let c: Val = rng.random();
        let got = harness.call("arithmetic", &[word(a), word(b), U256::from(c.as_canonical_u64())]);
        let inverse = a.try_inverse().unwrap_or(E::ZERO);
        let expected = [a + b, a - b, a * b, inverse, (a * c).exp_u64(5) * x];
        assert_eq!(got, expected.map(word));
    }
}

#[test]
fn extensions() {
    arithmetic::<QuadraticChallenge>();
    arithmetic::<CubicChallenge>();
}

/// Values of everything at a random point that is no point of a proof: constraints are evaluated all the same.
fn constraints<E: Challenge, A>(air: &A, log_rows: usize)
where
    A: Provable<E> + BaseAir<Val>,
    StandardUniform: Distribution<Val>,
{
    let mut rng = rng();
    // Constraints know nothing of queries.
    let parameters = Parameters { num_queries: 1, ..Parameters::default() };
    let config = parameters.config::<E>();
    let key = p3_uni_stark::setup_preprocessed::<Config<E>, A>(&config, air, log_rows).unwrap().map(|(_, key)| key);
    let contract = export::<E, A>(air, &parameters, log_rows, key.as_ref(), "Statement").unwrap();
    let shape = contract.shape.clone();
    let mut harness = Harness::new(contract);
    for _ in 0..20 {
        let mut draw = |count: usize| (0..count).map(|_| element::<E>(&mut rng)).collect::<Vec<E>>();
        let (alpha, selectors) = (draw(1)[0], draw(3));
        let (local, next) = (draw(shape.trace_width), draw(shape.trace_width));
        let quotient = draw(shape.quotient_width());
        let (fixed, fixed_next) = (draw(shape.preprocessed_width), draw(shape.preprocessed_width));
        let periodic = draw(shape.periodic_columns);
        let public: Vec<Val> = (0..shape.public_values).map(|_| rng.random()).collect();
        let row = RowMajorMatrixView::new_row;
        let mut folder: VerifierConstraintFolder<'_, Config<E>> = VerifierConstraintFolder {
            main: VerticalPair::new(row(&local), row(&next)),
            preprocessed: VerticalPair::new(row(&fixed), row(&fixed_next)),
            preprocessed_window: RowWindow::from_two_rows(&fixed, &fixed_next),
            periodic_values: &periodic,
            public_values: &public,
            is_first_row: selectors[0],
            is_last_row: selectors[1],
            is_transition: selectors[2],
            alpha,
            accumulator: E::ZERO,
        };
        air.eval(&mut folder);
        let opened = [vec![alpha], local.clone(), next.clone(), quotient, fixed.clone(), fixed_next.clone(), selectors];
        let mut values: Vec<U256> = opened.concat().into_iter().map(word).collect();
        values.extend(public.iter().map(|v| U256::from(v.as_canonical_u64())));
        values.extend(periodic.iter().copied().map(word));
        assert_eq!(harness.call("evaluate", &values), [word(folder.accumulator)]);
    }
}

#[test]
fn constraints_at_random_points() {
    constraints::<QuadraticChallenge, _>(&Mixed(6), 6);
    constraints::<CubicChallenge, _>(&Mixed(6), 6);
    constraints::<QuadraticChallenge, _>(&Wide(5), 6);
    constraints::<CubicChallenge, _>(&Wide(9), 6);
    constraints::<CubicChallenge, _>(&Fibonacci, 6);
}

#[test]
fn constraints_in_pieces_at_random_points() {
    constraints::<QuadraticChallenge, _>(&KeccakAir {}, 6);
    constraints::<CubicChallenge, _>(&KeccakAir {}, 6);
}

#[test]
fn constraints_on_a_tape_at_random_points() {
    constraints::<QuadraticChallenge, _>(&poseidon2(2).0, 6);
    constraints::<CubicChallenge, _>(&poseidon2(2).0, 6);
}
