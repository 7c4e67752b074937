//! What cannot be proved is refused with the reason, before anything is uploaded, and the session goes on.

use std::error::Error as _;

use karat::airs::fibonacci::{self, Fibonacci};
use karat::airs::{AirName, Statement};
use karat::backend::Backend;
use karat::config::{Challenge, CubicChallenge, Val};
use karat::program::ProgramError;
use karat::{
    Card, ChallengeField, Error, Parameters, ProvableAir, ProverConfig, Session, Trace, prove, prove_trace,
    prove_with_card, prove_with_setup, required_beats, setup, verify,
};
use karat_sim::model::ModelOptions;
use karat_tests::airs::{Crowd, Local, Table};
use karat_tests::cases::compare;
use karat_tests::{chain, parameters};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;

type Config = ProverConfig<Challenge>;

fn model() -> Card {
    Card::open("model").expect("it opens")
}

fn fib(log_rows: usize) -> (Fibonacci, RowMajorMatrix<Val>, Vec<Val>) {
    let (trace, public_values) = fibonacci::trace(Val::ONE, Val::TWO, 1 << log_rows);
    (Fibonacci, trace, public_values)
}

/// Insists on a proof in the session.
fn proves(session: &Session) {
    let (air, trace, public_values) = fib(4);
    compare::<Challenge, _, _>(session, &parameters(1, 1, 0), &air, &trace, &public_values, "a good proof afterwards");
}

/// Insists on an error that says all of this, before anything is uploaded, and on a proof afterwards.
fn refused<T>(session: &Session, parts: &[&str], attempt: impl FnOnce() -> Result<T, Error>) -> Error {
    let uploaded = || session.usage().expect("the card answers").bytes_to_card;
    let before = uploaded();
    let error = attempt().err().expect("an error");
    let text = chain(&error);
    println!("{text}");
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
    assert_eq!(uploaded(), before, "after: {text}");
    proves(session);
    error
}

#[test]
fn constraints_of_a_high_degree() {
    let session = model().session().unwrap();
    let air = Crowd { products: 3 };
    let config = Config::new(session.clone(), parameters(1, 1, 0));
    let parts = ["quotient", "needs a blowup of 4, and it is 2"];
    refused(&session, &parts, || prove(&config, &air, air.trace(8), &[]));
    compare::<Challenge, _, _>(&session, &parameters(2, 1, 0), &air, &air.trace(8), &[], "with a larger one");
}

#[test]
fn a_program_that_does_not_fit() {
    let session = model().session().unwrap();
    let air = Crowd { products: 600 };
    let config = Config::new(session.clone(), parameters(2, 1, 0));
    let parts = ["program of the quotient", "registers of one unit at once, and there are 512"];
    let error = refused(&session, &parts, || prove(&config, &air, air.trace(8), &[]));
    assert!(matches!(error, Error::Program { source: ProgramError::TooManyRegisters { .. }, .. }));
}

#[test]
fn a_trace_that_does_not_satisfy_the_air() {
    let session = model().session().unwrap();
    let air = Table { rows: 16, seed: 5 };
    let (trace, public_values) = air.trace();
    let config = Config::new(session.clone(), parameters(1, 1, 0));
    let ready = setup(&config, &air, 4).expect("it is set up");
    // Word, and what it breaks: the transition to its row, the product in its row, the last row's public value.
    for (word, row, constraint) in [(3 * 7, 6, 0), (3 * 9 + 2, 9, 4), (3 * 15, 14, 0), (1, 0, 0)] {
        let mut bad = trace.clone();
        bad.values[word] += Val::ONE;
        let parts = [&*format!("in row {row}, constraint {constraint} is not zero")];
        let checked = config.clone().checked(true);
        refused(&session, &parts, || prove(&checked, &air, bad.clone(), &public_values));
        let error = refused(&session, &parts, || prove_with_setup(&checked, &ready, &air, bad.clone(), &public_values));
        let Error::Unsatisfied { row: at, constraint: index, .. } = error else { panic!("{error}") };
        assert_eq!((at, index), (row, constraint));
        // It is not checked unless asked for, and then the verifier sees it.
        let proof = prove_with_setup(&config, &ready, &air, bad, &public_values).expect("a proof");
        assert!(matches!(verify(config.parameters(), &air, &proof, &public_values), Err(Error::Invalid(_))));
    }
    let checked = config.checked(true);
    let wrong = [public_values[0], public_values[1] + Val::ONE];
    refused(&session, &["in row 15, constraint 3 is not"], || prove(&checked, &air, trace.clone(), &wrong));
    prove(&checked, &air, trace, &public_values).expect("a good trace passes");
}

#[test]
fn public_values_and_shapes() {
    let session = model().session().unwrap();
    let config = Config::new(session.clone(), parameters(1, 1, 0));
    let (air, trace, public_values) = fib(4);
    let ready = setup(&config, &air, 4).expect("it is set up");
    let counts = ["2 public values are given and the AIR has 3"];
    refused(&session, &counts, || prove(&config, &air, trace.clone(), &public_values[..2]));
    refused(&session, &counts, || prove_with_setup(&config, &ready, &air, trace.clone(), &public_values[..2]));
    refused(&session, &["the trace has 3 columns and the AIR 2"], || {
        prove(&config, &air, RowMajorMatrix::new(Val::zero_vec(24), 3), &public_values)
    });
    let (_, longer, others) = fib(5);
    refused(&session, &["prepared for 2^4 rows, and the trace has 2^5"], || {
        prove_with_setup(&config, &ready, &air, longer, &others)
    });
    let other = Config::new(session.clone(), Parameters { max_log_arity: 3, ..parameters(1, 1, 0) });
    refused(&session, &["prepared with other parameters"], || {
        prove_with_setup(&other, &ready, &air, trace.clone(), &public_values)
    });
    refused(&session, &["a trace of 4 rows is shorter than the vector engine's 8 lanes"], || setup(&config, &air, 2));
    refused(&session, &["2^25 rows is longer than the card's transforms"], || setup(&config, &air, 25));

    let short = Trace::new(&session, 16, 2).expect("there is room");
    refused(&session, &["2 of the trace's 2 columns are missing"], || {
        prove_trace(&config, &ready, &air, short, &public_values)
    });
}

#[test]
fn preprocessed_columns_are_set_up_by_prove_and_refused_by_the_other() {
    let session = model().session().unwrap();
    let air = Table { rows: 8, seed: 2 };
    let (trace, public_values) = air.trace();
    refused(&session, &["preprocessed columns is proved by `prove`"], || {
        prove_with_card::<_, Challenge, _, _>(
            &std::sync::Arc::new(session.clone()),
            &parameters(1, 1, 0),
            &air,
            trace.clone(),
            &public_values,
        )
    });
    compare::<Challenge, _, _>(&session, &parameters(1, 1, 0), &air, &trace, &public_values, "without a set-up");
}

#[test]
fn handles_of_another_session() {
    let card = model();
    let [mine, theirs] = [(); 2].map(|()| card.session_of(1 << 16).unwrap());
    let (air, trace, public_values) = fib(4);
    let [config, other] = [&mine, &theirs].map(|session| Config::new(session.clone(), parameters(1, 1, 0)));
    let [ready, foreign] = [&config, &other].map(|config| setup(config, &air, 4).expect("it is set up"));
    let theirs_too = Trace::upload(&theirs, &trace).expect("it is uploaded");
    // All of that before what is uploaded is counted.
    theirs.usage().expect("the card answers");
    refused(&mine, &["the AIR was prepared in another session"], || {
        prove_with_setup(&config, &foreign, &air, trace.clone(), &public_values)
    });
    refused(&mine, &["the trace is another session's"], || {
        prove_trace(&config, &ready, &air, theirs_too, &public_values)
    });
    proves(&theirs);
}

#[test]
fn handles_of_a_card_that_was_reset() {
    let card = model();
    let session = card.session().unwrap();
    let (air, trace, public_values) = fib(4);
    let config = Config::new(session.clone(), parameters(1, 1, 0));
    let ready = setup(&config, &air, 4).expect("it is set up");
    let there = Trace::upload(&session, &trace).expect("it is uploaded");
    card.device().reset().expect("it boots again");
    let is_reset = |error: Error| {
        let Error::Card { source, .. } = &error else { panic!("{error}") };
        println!("{}", chain(&error));
        let cause = source.source().and_then(|cause| cause.downcast_ref::<karat_driver::Error>());
        assert!(matches!(cause, Some(karat_driver::Error::CardReset { .. })), "{}", chain(&error));
    };
    is_reset(prove_trace(&config, &ready, &air, there, &public_values).err().expect("an error"));
    is_reset(prove_with_setup(&config, &ready, &air, trace.clone(), &public_values).err().expect("an error"));
    is_reset(prove(&config, &air, trace.clone(), &public_values).err().expect("an error"));
    is_reset(Trace::upload(&session, &trace).err().expect("an error"));
    drop((config, ready, session));
    proves(&card.session().expect("a new session takes the memory"));
}

/// A session of exactly what is asked for is enough; of less it is refused, and what is said to fit does.
fn fits<E: ChallengeField, A: ProvableAir<E>>(
    parameters: &Parameters,
    log_rows: usize,
    statement: impl Fn(usize) -> (A, RowMajorMatrix<Val>, Vec<Val>),
) {
    let card = Card::model(&ModelOptions { card_beats: 1 << 24, ..ModelOptions::default() }).unwrap();
    let (air, trace, public_values) = statement(log_rows);
    let beats = |log_rows| required_beats::<E, _, A>(&card, parameters, &statement(log_rows).0, log_rows).unwrap();
    let needed = beats(log_rows);
    let what = format!("2^{log_rows} rows of {} columns in {needed} beats", trace.width);
    println!("{what}");
    let session = card.session_of(needed as u32).unwrap();
    assert_eq!(u64::from(session.free_beats()), needed);
    for _ in 0..2 {
        compare::<E, _, A>(&session, parameters, &air, &trace, &public_values, &what);
    }
    drop(session);
    for given in [needed - 64, needed / 5] {
        let session = card.session_of(given as u32).unwrap();
        let uploaded = session.usage().unwrap().bytes_to_card;
        let config = ProverConfig::<E>::new(session.clone(), parameters.clone());
        let error = prove(&config, &air, trace.clone(), &public_values).err().expect("there is no room");
        println!("{}", chain(&error));
        assert_eq!(session.usage().unwrap().bytes_to_card, uploaded);
        let Error::Memory { needed: again, largest, free, .. } = error else { panic!("{}", chain(&error)) };
        assert_eq!(again, needed);
        let Some(rows) = largest else {
            assert!(beats(3) > u64::from(free), "eight rows would fit");
            continue;
        };
        let fitting = rows.ilog2() as usize;
        assert!(fitting < log_rows && beats(fitting) <= u64::from(free) && beats(fitting + 1) > u64::from(free));
        let (air, trace, public_values) = statement(fitting);
        compare::<E, _, A>(&session, parameters, &air, &trace, &public_values, &format!("{rows} rows that fit"));
    }
}

#[test]
fn memory_that_suffices_for_narrow_and_wide_traces() {
    let of = |name| {
        move |log_rows| {
            let Statement { air, trace, public_values, .. } = Statement::random(name, log_rows, 1).unwrap();
            (air, trace, public_values)
        }
    };
    fits::<Challenge, _>(&parameters(1, 1, 0), 10, fib);
    fits::<Challenge, _>(&parameters(1, 3, 3), 6, of(AirName::Poseidon2));
    fits::<CubicChallenge, _>(&parameters(2, 2, 0), 8, of(AirName::Poseidon2));
}

#[test]
fn memory_that_suffices_with_preprocessed_columns_and_several_chunks() {
    let table = |log_rows: usize| {
        let air = Table { rows: 1 << log_rows, seed: 7 };
        let (trace, public_values) = air.trace();
        (air, trace, public_values)
    };
    fits::<CubicChallenge, _>(&parameters(1, 2, 1), 9, table);
    let local = |log_rows: usize| (Local, Local::trace(1 << log_rows, 3), Vec::new());
    let parameters = Parameters { log_final_poly_len: 2, ..parameters(3, 3, 0) };
    fits::<Challenge, _>(&parameters, 9, local);
    let crowd = |log_rows: usize| (Crowd { products: 9 }, Crowd { products: 9 }.trace(1 << log_rows), Vec::new());
    fits::<Challenge, _>(&parameters, 8, crowd);
}

/// Longer than the transform's buffer.
#[test]
fn memory_that_suffices_for_transforms_with_a_work_area() {
    fits::<Challenge, _>(&parameters(1, 2, 0), 17, fib);
}
