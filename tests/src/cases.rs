//! Combinations of parameters and AIRs, and proofs of them compared with Plonky3's.

use std::collections::HashSet;
use std::fmt;

use karat::airs::{AirName, Statement};
use karat::config::Val;
use karat::job::encode;
use karat::{
    Card, ChallengeField, Degree, Error, HashName, HashingFor, Parameters, ProvableAir, ProverConfig, Scheme, Session,
    WithTypes, prove, prove_on_cpu, verify,
};
use p3_matrix::dense::RowMajorMatrix;

use crate::airs::{Local, Table};
use crate::chain;

/// Values of every parameter, in the order of [`Case`].
const VALUES: [&[usize]; PARAMETERS] =
    [&[0, 1, 2, 3, 4, 5], &[1, 2, 3], &[1, 2, 3], &[0, 3], &[0, 4], &[0, 8], &[2, 3], &[0, 1]];
const PARAMETERS: usize = 8;

/// What is proved, and how.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Case {
    air: usize,
    log_blowup: usize,
    log_arity: usize,
    cap_height: usize,
    log_final: usize,
    pow_bits: usize,
    degree: usize,
    /// A [`HashFunction`](karat::HashFunction), as a number.
    hash: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ["fib", "poseidon2", "keccak", "blake3", "table", "local"][self.air];
        let Self { log_blowup, log_arity, cap_height, log_final, pow_bits, .. } = self;
        let scheme = self.scheme();
        let (blowup, arity) = (1 << log_blowup, 1 << log_arity);
        write!(f, "{name:9}  blowup {blowup}  arity {arity}  cap {cap_height}  final 2^{log_final}  ")?;
        write!(f, "work {pow_bits} bits  degree {}  {}", scheme.degree, scheme.hash)
    }
}

impl Case {
    fn new(values: [usize; PARAMETERS]) -> Self {
        let [air, log_blowup, log_arity, cap_height, log_final, pow_bits, degree, hash] = values;
        Self { air, log_blowup, log_arity, cap_height, log_final, pow_bits, degree, hash }
    }

    fn values(self) -> [usize; PARAMETERS] {
        let Self { air, log_blowup, log_arity, cap_height, log_final, pow_bits, degree, hash } = self;
        [air, log_blowup, log_arity, cap_height, log_final, pow_bits, degree, hash]
    }

    fn parameters(self) -> Parameters {
        Parameters {
            log_blowup: self.log_blowup,
            max_log_arity: self.log_arity,
            cap_height: self.cap_height,
            log_final_poly_len: self.log_final,
            num_queries: 6,
            query_pow_bits: self.pow_bits,
            // All sites of work in some.
            commit_pow_bits: if self.cap_height == 3 { self.pow_bits / 4 } else { 0 },
            batch_pow_bits: self.pow_bits / 8,
            ood_pow_bits: self.pow_bits / 4,
            ..Parameters::default()
        }
    }

    /// Proves it in a session and compares.
    pub fn check(self, session: &Session) {
        self.scheme().with_types(Check { case: self, session });
    }

    fn scheme(self) -> Scheme {
        let degree = if self.degree == 2 { Degree::Two } else { Degree::Three };
        let hash = if self.hash == 0 { HashName::Poseidon2 } else { HashName::Keccak };
        Scheme { hash, degree }
    }

    fn check_in<E: ChallengeField, H: HashingFor<E>>(self, session: &Session) {
        let log_rows = if self.log_final == 0 { 3 + self.log_arity } else { 5 };
        let parameters = self.parameters();
        let parameters = parameters.with_constants::<H>(H::constants_of(&parameters.constants));
        let what = self.to_string();
        let statement = |name, log_rows| Statement::random(name, log_rows, 1).expect("a statement");
        match self.air {
            0..4 => {
                // Three permutations of Keccak take 72 rows.
                let log_rows = [log_rows, log_rows, 7, log_rows.min(5)][self.air];
                let Statement { air, trace, public_values, .. } = statement(AirName::ALL[self.air], log_rows);
                compare::<E, H, _>(session, &parameters, &air, &trace, &public_values, &what);
            }
            4 => {
                let air = Table { rows: 1 << log_rows, seed: 7 };
                let (trace, public_values) = air.trace();
                compare::<E, H, _>(session, &parameters, &air, &trace, &public_values, &what);
            }
            _ => compare::<E, H, _>(session, &parameters, &Local, &Local::trace(1 << log_rows, 7), &[], &what),
        }
    }
}

struct Check<'a> {
    case: Case,
    session: &'a Session,
}

impl WithTypes for Check<'_> {
    type Output = ();
    fn run<E: ChallengeField, H: HashingFor<E>>(self) {
        self.case.check_in::<E, H>(self.session);
    }
}

/// Insists on a proof that has the bytes of Plonky3's own and is accepted by its verifier.
pub fn compare<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    session: &Session,
    parameters: &Parameters<H>,
    air: &A,
    trace: &RowMajorMatrix<Val>,
    public_values: &[Val],
    what: &str,
) {
    let fail = |error: Error| -> ! { panic!("{what}: {}", chain(&error)) };
    let config = ProverConfig::<E, H>::new(session.clone(), parameters.clone());
    let proof = prove(&config, air, trace.clone(), public_values).unwrap_or_else(|error| fail(error));
    let expected = prove_on_cpu::<E, H, A>(parameters, air, trace.clone(), public_values).unwrap_or_else(|e| fail(e));
    assert!(encode(&proof) == encode(&expected), "{what}: other bytes than Plonky3's");
    verify::<E, H, A>(parameters, air, &proof, public_values).unwrap_or_else(|error| fail(error));
}

/// All AIRs.
pub const ALL: &[usize] = VALUES[0];
/// Those of few columns or rows, which take seconds on the simulated card.
pub const SMALL: &[usize] = &[0, 1, 4, 5];

/// Every combination for these AIRs.
pub fn all(airs: &[usize]) -> Vec<Case> {
    let mut values = VALUES;
    values[0] = airs;
    let mut all = vec![[0; PARAMETERS]];
    for (parameter, values) in values.iter().enumerate() {
        let with = |case: &[usize; PARAMETERS], value: usize| {
            let mut case = *case;
            case[parameter] = value;
            case
        };
        all = all.iter().flat_map(|case| values.iter().map(move |&value| with(case, value))).collect();
    }
    all.into_iter().map(Case::new).collect()
}

/// Few combinations that have every pair of values of two parameters.
pub fn pairwise(airs: &[usize]) -> Vec<Case> {
    let pairs = |case: &Case| -> Vec<[usize; 4]> {
        let values = case.values();
        (0..PARAMETERS).flat_map(|a| (0..a).map(move |b| [a, values[a], b, values[b]])).collect()
    };
    let all = all(airs);
    let mut missing: HashSet<[usize; 4]> = all.iter().flat_map(pairs).collect();
    let mut chosen = Vec::new();
    while !missing.is_empty() {
        let gain = |case: &&Case| pairs(case).iter().filter(|pair| missing.contains(*pair)).count();
        // The first of the best, so that the choice is always the same.
        let best = *all.iter().rev().max_by_key(gain).expect("there are combinations");
        pairs(&best).iter().for_each(|pair| {
            missing.remove(pair);
        });
        chosen.push(best);
    }
    chosen
}

/// Proves all in one session of a card.
pub fn check(card: &str, cases: &[Case]) {
    let session = Card::open(card).expect("the card opens").session().expect("all of it is free");
    for (number, case) in cases.iter().enumerate() {
        println!("{:4} of {}  {case}", number + 1, cases.len());
        case.check(&session);
    }
}
