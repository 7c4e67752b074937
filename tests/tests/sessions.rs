//! Sessions beside each other and one after the other, proofs that are cancelled, and cards that are lost half-way.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use karat::airs::fibonacci::{self, Fibonacci};
use karat::airs::{AirName, Statement};
use karat::config::{Challenge, Proof, Val};
use karat::job::encode;
use karat::{
    Card, Error, Parameters, ProverConfig, Session, Trace, prove, prove_trace, prove_with_setup, required_beats, setup,
};
use karat_driver::Timeouts;
use karat_sim::Options;
use karat_tests::cases::compare;
use karat_tests::watched::Watched;
use karat_tests::{TIMEOUT, chain, parameters};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;

type Config = ProverConfig<Challenge>;

fn fib(log_rows: usize) -> (RowMajorMatrix<Val>, Vec<Val>) {
    fibonacci::trace(Val::ONE, Val::TWO, 1 << log_rows)
}

fn proves(session: &Session) {
    let (trace, public_values) = fib(4);
    compare::<Challenge, _, _>(session, &parameters(1, 1, 0), &Fibonacci, &trace, &public_values, "a good proof");
}

/// A session with as much memory as its proof takes.
fn session_for(card: &Card, parameters: &Parameters, statement: &Statement) -> Session {
    let beats = required_beats::<Challenge, _, _>(card, parameters, &statement.air, statement.log_rows()).unwrap();
    card.session_of(beats as u32).unwrap()
}

fn bytes(session: Session, parameters: &Parameters, statement: Statement) -> Vec<u8> {
    let config = Config::new(session, parameters.clone());
    let Statement { air, trace, public_values, .. } = statement;
    encode(&prove(&config, &air, trace, &public_values).unwrap_or_else(|error| panic!("{}", chain(&error))))
}

#[test]
fn two_sessions_at_once_take_no_longer_than_one_after_the_other() {
    let jobs = [(AirName::Fib, 7, parameters(2, 1, 0)), (AirName::Poseidon2, 4, parameters(1, 2, 1))];
    let statement =
        |(name, log_rows, _): &(AirName, usize, Parameters)| Statement::random(*name, *log_rows, 1).unwrap();
    let open = || Card::simulate(&Options::new("tiny")).unwrap();
    let cycles = |card: &Card| card.simulation().unwrap().counters().cycles;
    let alone = jobs.each_ref().map(|job| {
        let card = open();
        let session = session_for(&card, &job.2, &statement(job));
        let before = cycles(&card);
        let proof = bytes(session, &job.2, statement(job));
        (proof, cycles(&card) - before)
    });
    let card = open();
    let sessions = jobs.each_ref().map(|job| session_for(&card, &job.2, &statement(job)));
    let before = cycles(&card);
    let together: Vec<Vec<u8>> = thread::scope(|scope| {
        let threads: Vec<_> = jobs
            .iter()
            .zip(sessions)
            .map(|(job, session)| scope.spawn(move || bytes(session, &job.2, statement(job))))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it proves")).collect()
    });
    let together_cycles = cycles(&card) - before;
    let sum: u64 = alone.iter().map(|(_, cycles)| cycles).sum();
    println!("alone {} and {}, together {together_cycles}: {:.3} of the sum", alone[0].1, alone[1].1, {
        together_cycles as f64 / sum as f64
    });
    for ((proof, _), beside) in alone.iter().zip(&together) {
        assert!(proof == beside, "another proof beside another session");
    }
    assert!(together_cycles as f64 <= 1.02 * sum as f64);
}

#[test]
fn a_dropped_session_leaves_memory_and_queue_to_the_next() {
    let card = Card::open("model").unwrap();
    let all = card.session().unwrap().free_beats();
    for _ in 0..20 {
        let session = card.session().unwrap();
        assert_eq!(session.free_beats(), all);
        proves(&session);
    }
}

#[test]
fn the_host_s_trace_is_not_looked_at_after_the_upload() {
    let session = Card::open("sim").unwrap().session().unwrap();
    let config = Config::new(session.clone(), parameters(1, 1, 0));
    let Statement { air, trace, public_values, .. } = Statement::random(AirName::Poseidon2, 3, 1).unwrap();
    let ready = setup(&config, &air, 3).unwrap();
    let good = encode(&prove_with_setup(&config, &ready, &air, trace.clone(), &public_values).unwrap());
    let mut there = Trace::new(&session, 8, trace.width).unwrap();
    for first in (0..trace.width).step_by(2 * Trace::COLUMNS) {
        let last = (first + 2 * Trace::COLUMNS).min(trace.width);
        let rows = trace.values.chunks_exact(trace.width).flat_map(|row| row[first..last].to_vec());
        let mut columns = RowMajorMatrix::new(rows.collect(), last - first);
        there.push(&columns).unwrap();
        columns.values.fill(Val::NEG_ONE);
    }
    let proof = prove_trace(&config, &ready, &air, there, &public_values).unwrap();
    assert!(encode(&proof) == good);
}

/// Proves while another thread cancels at the wait of this number.
fn cancelled_at(session: &Session, watched: &Watched, wait: u64, attempt: impl FnOnce() -> Result<Proof, Error>) {
    watched.hold_after(wait);
    let started = Instant::now();
    let result = thread::scope(|scope| {
        scope.spawn(|| {
            watched.held();
            session.cancel().expect("the card is well");
        });
        attempt()
    });
    assert!(matches!(result, Err(Error::Cancelled)), "wait {wait}: {:?}", result.map(|_| ()).map_err(|e| chain(&e)));
    assert!(started.elapsed() < TIMEOUT);
}

#[test]
fn a_proof_is_cancelled_at_any_wait() {
    let (card, watched) = Watched::model(1 << 16);
    let session = card.session().unwrap();
    let (trace, public_values) = fib(5);
    let config = Config::new(session.clone(), parameters(1, 1, 0));
    let ready = setup(&config, &Fibonacci, 5).unwrap();
    let again = || prove_with_setup(&config, &ready, &Fibonacci, trace.clone(), &public_values);
    again().expect("a proof");
    let before = watched.waits();
    again().expect("a proof");
    let waits = watched.waits() - before;
    println!("{waits} waits");
    assert!(waits > 20);
    // What this takes of the card for later proofs too stays.
    proves(&session);
    let free = session.free_beats();
    // Nothing is begun after the last wait, so that what it waited for ends the proof.
    for wait in 0..waits - 1 {
        cancelled_at(&session, &watched, wait, again);
        assert_eq!(session.free_beats(), free, "wait {wait}: something is left on the card");
        if wait % 8 == 0 {
            proves(&session);
        }
    }
    again().expect("what was prepared is still good");
}

/// What the card was given for later proofs too is not taken for there if it never came.
#[test]
fn a_first_proof_is_cancelled() {
    let (card, watched) = Watched::model(1 << 16);
    let (trace, public_values) = fib(5);
    let parameters = parameters(1, 1, 0);
    proves(&card.session().unwrap());
    for wait in 0..10 {
        let session = card.session().unwrap();
        let config = Config::new(session.clone(), parameters.clone());
        cancelled_at(&session, &watched, wait, || prove(&config, &Fibonacci, trace.clone(), &public_values));
        compare::<Challenge, _, _>(&session, &parameters, &Fibonacci, &trace, &public_values, "after that");
    }
}

#[test]
fn a_trace_on_its_way_is_cancelled() {
    let session = Card::open("model").unwrap().session().unwrap();
    let (trace, public_values) = fib(5);
    let config = Config::new(session.clone(), parameters(1, 1, 0));
    let ready = setup(&config, &Fibonacci, 5).unwrap();
    let there = Trace::upload(&session, &trace).unwrap();
    session.cancel().expect("the card is well");
    let void = prove_trace(&config, &ready, &Fibonacci, there, &public_values);
    assert!(matches!(void, Err(Error::Cancelled)));
    let there = Trace::upload(&session, &trace).unwrap();
    prove_trace(&config, &ready, &Fibonacci, there, &public_values).expect("what was prepared is still good");
}

#[test]
fn a_proof_is_cancelled_on_the_cycle_accurate_card() {
    let (card, watched) = Watched::simulation();
    let session = card.session().unwrap();
    let (trace, public_values) = fib(5);
    let config = Config::new(session.clone(), parameters(1, 1, 0));
    let ready = setup(&config, &Fibonacci, 5).unwrap();
    let again = || prove_with_setup(&config, &ready, &Fibonacci, trace.clone(), &public_values);
    again().expect("a proof");
    let before = watched.waits();
    again().expect("a proof");
    let waits = watched.waits() - before;
    for part in 0..4 {
        cancelled_at(&session, &watched, part * (waits - 2) / 3, again);
        proves(&session);
    }
}

#[test]
fn a_card_that_is_lost_at_any_access_is_an_error() {
    let (trace, public_values) = fib(4);
    let attempt = |card: &Card, watched: &Watched| {
        let session = card.session().map_err(|error| chain(&error))?;
        let config = Config::new(session, parameters(1, 1, 0));
        let proof = prove(&config, &Fibonacci, trace.clone(), &public_values).map_err(|error| chain(&error))?;
        Ok::<_, String>((proof, watched.accesses()))
    };
    let (card, watched) = Watched::model(1 << 14);
    let before = watched.accesses();
    let (_, after) = attempt(&card, &watched).expect("a proof");
    let accesses = after - before;
    println!("{accesses} accesses");
    let mut stages = HashSet::new();
    // The last only tells the card that its last completion was seen.
    for lost in 0..accesses - 1 {
        let (card, watched) = Watched::model(1 << 14);
        watched.lose_after(lost);
        let started = Instant::now();
        let text = attempt(&card, &watched).err().unwrap_or_else(|| panic!("access {lost}: a proof"));
        assert!(text.contains("card model is lost"), "access {lost}: {text}");
        stages.insert(text.split(':').next().expect("a part").to_owned());
        drop(card);
        assert!(started.elapsed() < TIMEOUT, "access {lost}");
    }
    println!("{stages:?}");
    for stage in ["setup", "trace commitment", "quotient commitment", "opening"] {
        assert!(stages.iter().any(|text| text.contains(stage)), "never lost at the {stage}");
    }
}

/// A card whose registers read sensibly, and which does nothing more.
#[test]
fn a_card_that_goes_silent_half_way_is_lost_in_bounded_time() {
    const LIMIT: Duration = Duration::from_secs(2);
    const PARTS: u64 = 6;
    let (trace, public_values) = fib(4);
    let attempt = |deaf_after: u64| {
        let (card, watched) = Watched::model_with(1 << 14, Timeouts { admin: LIMIT, ..Timeouts::default() });
        card.set_time_limit(LIMIT);
        let config = Config::new(card.session().unwrap(), parameters(1, 1, 0));
        watched.deafen_after(deaf_after);
        let before = watched.accesses();
        let outcome = prove(&config, &Fibonacci, trace.clone(), &public_values).map_err(|error| chain(&error));
        (outcome, watched.accesses() - before)
    };
    let (outcome, accesses) = attempt(1 << 40);
    outcome.expect("a proof");
    thread::scope(|scope| {
        for part in 0..PARTS {
            let attempt = &attempt;
            scope.spawn(move || {
                let started = Instant::now();
                let text = attempt(part * accesses / PARTS).0.err().expect("the card is silent");
                println!("{text}");
                assert!(text.contains("card model is lost: it answered nothing") && text.contains("queue 0"), "{text}");
                assert!(text.contains("takes no writes"), "what cannot be read is not shown: {text}");
                assert!(started.elapsed() < TIMEOUT, "waits are bounded");
            });
        }
    });
}

/// A card that answers and does not come to an end: the simulation is far from done with the trace's upload within a millisecond.
#[test]
fn a_card_that_takes_too_long_is_an_error_and_the_next_session_works() {
    let card = Card::open("sim").unwrap();
    card.set_time_limit(Duration::from_millis(1));
    let (trace, public_values) = fib(9);
    let config = Config::new(card.session().unwrap(), parameters(1, 2, 0));
    let error = prove(&config, &Fibonacci, trace, &public_values).err().expect("a millisecond is not enough");
    let text = chain(&error);
    println!("{text}");
    assert!(text.contains("waited"), "{text}");
    drop(config);
    card.set_time_limit(TIMEOUT);
    proves(&card.session().unwrap());
}
