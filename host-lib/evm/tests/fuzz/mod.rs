//! Mutated proofs, of which a contract must accept exactly those that Plonky3's verifier does.

mod bytes;
mod cases;
mod prover;
mod structure;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};
use karat_evm::config::{Challenge, Proof, Val};
use p3_matrix::dense::RowMajorMatrix;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

pub use cases::{Subject, subjects};

use crate::support::sections::Sections;
use crate::support::{Case, seed};
use prover::Fuzzed;

/// Mutations that one thread does at a time.
const BATCH: usize = 400;
/// Mutations of one proof.
const PER_PROOF: usize = 8;

/// What came of mutations.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    /// Accepted by both, of Plonky3's proofs and of encodings.
    pub accepted: [usize; 2],
    /// Rejected by both.
    pub rejected: [usize; 2],
    /// Encodings that are none, which contracts rejected; and proofs without an encoding, which Plonky3 rejected.
    pub refused: [usize; 2],
    /// Of those accepted, the ones that a mutation had changed.
    pub changed: [usize; 2],
    /// Proofs that were bad before they were mutated, and that Plonky3 accepts.
    pub lucky: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        for (own, others) in [
            (&mut self.accepted, other.accepted),
            (&mut self.rejected, other.rejected),
            (&mut self.refused, other.refused),
            (&mut self.changed, other.changed),
        ] {
            own.iter_mut().zip(others).for_each(|(own, other)| *own += other);
        }
        self.lucky += other.lucky;
    }

    /// Proofs that both were asked about.
    pub fn compared(&self) -> usize {
        [self.accepted, self.rejected].iter().flatten().sum()
    }
}

/// Mutates proofs of these subjects in turn, on all cores, and panics where contract and Plonky3 differ.
pub fn run(subjects: &[Subject], mutations: usize) -> Tally {
    let seed = seed();
    let batches = mutations.div_ceil(BATCH);
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} mutations [{elapsed} / {duration}]");
    let bar = ProgressBar::new((batches * BATCH) as u64).with_style(style.expect("a template"));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            if batch >= batches {
                return tally;
            }
            // A batch has its own numbers, whichever thread does it.
            let mut rng = SmallRng::seed_from_u64(seed.wrapping_add(batch as u64));
            tally.add(&subjects[batch % subjects.len()](&mut rng));
            bar.inc(BATCH as u64);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().for_each(|worker| tally.add(&worker.join().expect("contract and Plonky3 agree")));
    });
    bar.finish_and_clear();
    println!("{} mutations in {:.1} s: {tally:?}", batches * BATCH, bar.elapsed().as_secs_f64());
    tally
}

/// A batch of mutations of a case's proofs.
fn batch<E: Challenge, A: Fuzzed<E>>(mut case: Case<E, A>, trace: &RowMajorMatrix<Val>, rng: &mut SmallRng) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..BATCH / PER_PROOF {
        // Most are right; some have rows out of order, which queries may miss, and some a wrong trace.
        let (spoiled, wrong) = match rng.random_range(0..8) {
            0 => (0, true),
            1 | 2 => (rng.random_range(1..8), false),
            _ => (0, false),
        };
        let mut trace = trace.clone();
        if wrong {
            let cell = rng.random_range(0..trace.values.len());
            trace.values[cell] = rng.random();
        }
        let proof = prover::prove(&case.air, &case.parameters, trace, &case.public_values, spoiled, rng.random());
        let luck = case.plonky3(&proof, &case.public_values);
        assert!(luck || spoiled > 0 || wrong);
        let bad = spoiled > 0 || wrong;
        tally.lucky += usize::from(bad && luck);
        for i in 0..PER_PROOF {
            // The proof itself, then one mutation or a few.
            let count = if i < 2 { 0 } else { 1 + rng.random_range(0..6_usize).saturating_sub(3) };
            if i % 2 == 0 {
                structural(&mut case, &proof, count, rng, &mut tally);
            } else {
                encoded(&mut case, &proof, count, rng, &mut tally);
            }
        }
    }
    tally
}

/// Other public values, now and then.
fn public_values<E: Challenge, A>(case: &Case<E, A>, rng: &mut SmallRng) -> Vec<Val> {
    let mut values = case.public_values.clone();
    if !values.is_empty() && rng.random_range(0..64) == 0 {
        let place = rng.random_range(0..values.len());
        values[place] = rng.random();
    }
    values
}

fn structural<E: Challenge, A: Fuzzed<E>>(
    case: &mut Case<E, A>,
    proof: &Proof<E>,
    count: usize,
    rng: &mut SmallRng,
    tally: &mut Tally,
) {
    let original = serde_json::to_value(proof).expect("numbers");
    let mut value = original.clone();
    (0..count).for_each(|_| structure::mutate(&mut value, rng));
    let (text, original) = (value.to_string(), original.to_string());
    // Types refuse some: those are no proofs.
    let Ok(proof) = serde_json::from_value::<Proof<E>>(value) else {
        tally.refused[0] += 1;
        return;
    };
    let values = public_values(case, rng);
    let expected = case.plonky3(&proof, &values);
    let Ok(bytes) = case.contract.encode(&proof, &values) else {
        assert!(!expected, "Plonky3 accepts what has no encoding: {text}");
        tally.refused[0] += 1;
        return;
    };
    assert_eq!(case.call_with(&bytes, &values).accepted, expected, "public values {values:?}, proof {text}");
    let again = case.contract.decode(&bytes, &values).expect("an encoding");
    assert_eq!(serde_json::to_value(again).expect("numbers").to_string(), text);
    tally.accepted[0] += usize::from(expected);
    tally.changed[0] += usize::from(expected && text != original);
    tally.rejected[0] += usize::from(!expected);
}

fn encoded<E: Challenge, A: Fuzzed<E>>(
    case: &mut Case<E, A>,
    proof: &Proof<E>,
    count: usize,
    rng: &mut SmallRng,
    tally: &mut Tally,
) {
    let sections = Sections::new(&case.contract.shape, proof);
    let original = case.contract.encode(proof, &case.public_values).expect("a proof of the contract's shape");
    assert_eq!(original.len(), sections.end);
    let mut bytes = original.clone();
    (0..count).for_each(|_| bytes::mutate(&mut bytes, &sections, rng));
    let values = public_values(case, rng);
    let accepted = case.call_with(&bytes, &values).accepted;
    let Ok(proof) = case.contract.decode(&bytes, &values) else {
        assert!(!accepted, "accepted, and no encoding: public values {values:?}, proof {bytes:?}");
        tally.refused[1] += 1;
        return;
    };
    assert_eq!(accepted, case.plonky3(&proof, &values), "public values {values:?}, proof {bytes:?}");
    assert_eq!(case.contract.encode(&proof, &values).expect("it was decoded"), bytes);
    tally.accepted[1] += usize::from(accepted);
    tally.changed[1] += usize::from(accepted && bytes != original);
    tally.rejected[1] += usize::from(!accepted);
}
