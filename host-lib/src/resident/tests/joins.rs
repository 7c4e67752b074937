//! Folds that another input joins, against Plonky3's: `folded + beta^arity * input`, as its prover has it after a layer.

use std::marker::PhantomData;
use std::sync::Arc;

use karat_abi::Stage;
use karat_driver::CardMemory;
use p3_fri::{FriFoldingStrategy, TwoAdicFriFolding, TwoAdicFriFoldingForMmcs};
use p3_matrix::dense::RowMajorMatrix;
use rand::distr::{Distribution, StandardUniform};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::card::vector::{Block, Pass, Piece, View};
use crate::card::{Card, Session};
use crate::config::{Challenge, CubicChallenge, Val, ValMmcs};
use crate::resident::folding::{folds, read};
use crate::resident::selectors::pairs_of;
use crate::resident::{ChallengeField, Shape};
use crate::vector::{Domain, Shape as Program, element_words};

/// Most words that a group of lanes reads: pairs of elements of four.
const LANES_READ: usize = 64;

/// Elements, flat, and what lanes without a row read.
fn push<E: ChallengeField>(block: &mut Block, elements: &[E]) -> Piece {
    let padding = element_words(E::DIMENSION) - E::DIMENSION;
    let words = |element: &E| [element.as_basis_coefficients_slice(), &vec![Val::default(); padding]].concat();
    let mut words: Vec<Val> = elements.iter().flat_map(words).collect();
    words.resize(words.len().max(LANES_READ), Val::default());
    block.push_values(&words)
}

/// Folds a codeword by two, `log_arity` times, and joins `input` in the last.
fn fold_and_join<E: ChallengeField>(
    session: &Session,
    shape: Shape,
    codeword: &[E],
    input: &[E],
    log_arity: usize,
    beta: E,
) -> Vec<E> {
    let (stage, words, none) = (Stage::Fri, element_words(E::DIMENSION), View::default());
    let mut block = Block::default();
    let (codeword, joined) = (push(&mut block, codeword), push(&mut block, input));
    let inputs = session.place(&block, stage).unwrap();
    let mut source = inputs.flat(codeword, 2 * words);
    let mut result: Option<Arc<CardMemory>> = None;
    for (k, fold) in folds(shape, input.len().ilog2() as usize + log_arity, log_arity).into_iter().enumerate() {
        let joins = k + 1 == log_arity;
        let groups = fold.domain.unroll();
        let programs = [Program::FoldStart { groups }, Program::Fold { groups, joins }];
        let [start, code] = programs.map(|program| session.shape::<E>(&program, stage).unwrap());
        let mut block = Block::default();
        let seeds = block.push_values(&pairs_of(&fold.seeds()));
        let table = block.push_values(&fold.table(beta.exp_power_of_2(k), beta.exp_power_of_2(log_arity)));
        let stream = block.push_values(&start.code().stream(&fold.words()));
        let data = session.place(&block, stage).unwrap();
        let next = session.lasting(shape.flat_beats(fold.domain.log_rows)).unwrap();
        let other = if joins { inputs.flat(joined, words) } else { none };
        let passes = [
            Pass {
                stream: (stream.words() > 0).then_some(stream),
                matrices: [none, none, data.flat(seeds, 2).fixed(), none],
                ..Pass::new(&start, Domain::one_group(shape.log_lanes), &data, table)
            },
            Pass {
                matrices: [source, other, none, none],
                output: Some((next.first(), words)),
                ..Pass::new(&code, fold.domain, &data, table)
            },
        ];
        session.run(&passes, &[&next], stage).unwrap();
        source = View::flat(next.first(), 2 * words);
        // What it was made of stays until then.
        session.settle().unwrap();
        result = Some(next);
    }
    read(session, shape, &result.expect("a fold"), input.len().ilog2() as usize).unwrap()
}

fn check<E: ChallengeField>(session: &Session, log_arity: usize, log_rows: usize, rng: &mut StdRng)
where
    StandardUniform: Distribution<E>,
{
    let log_lanes = session.card().device().info().vector_lanes.ilog2() as usize;
    let shape = Shape { log_rows, log_blowup: 0, log_chunks: 0, log_lanes, degree: E::DIMENSION };
    let codeword: Vec<E> = (0..1 << (log_rows + log_arity)).map(|_| rng.random()).collect();
    let input: Vec<E> = (0..1 << log_rows).map(|_| rng.random()).collect();
    let beta: E = rng.random();
    let folding: TwoAdicFriFoldingForMmcs<Val, ValMmcs> = TwoAdicFriFolding(PhantomData);
    let leaves = RowMajorMatrix::new(codeword.clone(), 1 << log_arity);
    let mut expected = FriFoldingStrategy::<Val, E>::fold_matrix(&folding, beta, log_arity, leaves);
    let weight = beta.exp_power_of_2(log_arity);
    expected.iter_mut().zip(&input).for_each(|(folded, &input)| *folded += weight * input);
    let folded = fold_and_join(session, shape, &codeword, &input, log_arity, beta);
    assert!(folded == expected, "degree {}, arity {}, 2^{log_rows} rows", E::DIMENSION, 1 << log_arity);
}

fn check_all(card: &str, heights: &[usize]) {
    let seed = rand::rng().random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let session = Card::open(card).unwrap().session().unwrap();
    for log_arity in 1..=4 {
        for &log_rows in heights {
            check::<Challenge>(&session, log_arity, log_rows, &mut rng);
            check::<CubicChallenge>(&session, log_arity, log_rows, &mut rng);
        }
    }
}

#[test]
fn inputs_join_layers_of_every_height_on_the_model() {
    check_all("model", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
}

#[test]
fn inputs_join_layers_on_the_simulated_card() {
    // Fewer rows than lanes, and several runs.
    check_all("sim:tiny", &[2, 5, 10]);
}
