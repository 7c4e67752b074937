//! Proofs made over a card have the bytes of Plonky3's own, and Plonky3 accepts them.

use std::sync::Arc;

use karat::airs::fibonacci::{self, Fibonacci};
use karat::airs::{AirName, Statement};
use karat::config::{Challenge, CpuPcs, Dft, Permutation, Proof, Val};
use karat::job::encode;
use karat::{
    Card, ChallengeField, Degree, Error, HashName, HashingFor, Keccak, Parameters, Poseidon2, Poseidon2Constants,
    Scheme, Session, WithTypes, prove_on_cpu, prove_with_card, verify,
};
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_challenger::{DuplexChallenger, HashChallenger, SerializingChallenger64};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_keccak::Keccak256Hash;
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_uni_stark::StarkConfig;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::card::Software;

/// Few queries and little work: what is proved here is identity, not security.
fn parameters() -> Parameters {
    Parameters { num_queries: 12, query_pow_bits: 4, ..Parameters::default() }
}

/// Proves with the software card, with the model and with the CPU, compares, verifies.
fn check<A>(parameters: &Parameters, air: &A, trace: RowMajorMatrix<Val>, public: &[Val], what: &str)
where
    A: karat::CardAir<Software> + karat::CardAir<Session>,
{
    check_with::<Challenge, Poseidon2, A>(parameters, air, trace, public, what);
}

/// The same for any field of challenges and any hash.
fn check_with<E, H, A>(parameters: &Parameters<H>, air: &A, trace: RowMajorMatrix<Val>, public: &[Val], what: &str)
where
    E: ChallengeField,
    H: HashingFor<E>,
    A: karat::CardAir<Software, E, H> + karat::CardAir<Session, E, H>,
{
    let prove_on =
        |card: &str, proof: Result<Proof<E, H>, Error>| proof.unwrap_or_else(|e| panic!("{what} on {card}: {e}"));
    let software =
        prove_on("software", prove_with_card::<_, E, H, _>(&Software::new(), parameters, air, trace.clone(), public));
    let model = prove_on("model", prove_with_card::<_, E, H, _>(&model(), parameters, air, trace.clone(), public));
    let cpu = encode(&prove_on_cpu::<E, H, _>(parameters, air, trace, public).expect("the CPU can prove it"));
    assert!(encode(&software) == cpu, "{what}: other bytes from the software card");
    assert!(encode(&model) == cpu, "{what}: other bytes from the model");
    verify::<E, H, _>(parameters, air, &model, public).unwrap_or_else(|error| panic!("{what}: {error}"));
}

/// The whole card, but for its cycles.
fn model() -> Arc<Session> {
    Arc::new(Card::open("model").and_then(|card| card.session()).expect("a model"))
}

fn check_named(parameters: &Parameters, name: AirName, log_rows: usize) {
    let statement = Statement::random(name, log_rows, 1).expect("a statement");
    let what = format!(
        "{name} 2^{log_rows}, log blowup {}, log arity {}, cap {}, log final {}",
        parameters.log_blowup, parameters.max_log_arity, parameters.cap_height, parameters.log_final_poly_len
    );
    println!("{what}");
    let Statement { air, trace, public_values, .. } = statement;
    check(parameters, &air, trace, &public_values, &what);
}

#[test]
fn every_combination_of_parameters() {
    for log_blowup in 1..=3 {
        for max_log_arity in 1..=4 {
            for cap_height in [0, 1, 3] {
                for log_final_poly_len in [0, 1, 2] {
                    let parameters =
                        Parameters { log_blowup, max_log_arity, cap_height, log_final_poly_len, ..parameters() };
                    check_named(&parameters, AirName::Fib, 5);
                }
            }
        }
    }
}

#[test]
fn every_size() {
    for log_rows in 1..=12 {
        check_named(&parameters(), AirName::Fib, log_rows);
    }
    for log_rows in 0..=7 {
        check_named(&parameters(), AirName::Poseidon2, log_rows);
    }
}

#[test]
fn every_proof_of_work() {
    let parameters =
        Parameters { batch_pow_bits: 3, commit_pow_bits: 5, query_pow_bits: 9, ood_pow_bits: 4, ..parameters() };
    check_named(&parameters, AirName::Fib, 6);
    let parameters = Parameters { query_pow_bits: 0, ..self::parameters() };
    check_named(&parameters, AirName::Fib, 6);
}

#[test]
fn more_queries_than_leaves() {
    let parameters = Parameters { num_queries: 100, ..parameters() };
    check_named(&parameters, AirName::Fib, 3);
}

#[test]
fn poseidon2_under_several_parameters() {
    for (log_blowup, max_log_arity, cap_height) in [(1, 1, 3), (2, 2, 0), (3, 3, 3), (1, 3, 0)] {
        let parameters = Parameters { log_blowup, max_log_arity, cap_height, ..parameters() };
        check_named(&parameters, AirName::Poseidon2, 6);
    }
}

#[test]
fn keccak_and_blake3() {
    check_named(&parameters(), AirName::Keccak, 5);
    check_named(&parameters(), AirName::Blake3, 2);
}

#[test]
fn keccak_of_a_message() {
    let message: Vec<u8> = (0..300).map(|i| i as u8).collect();
    let Statement { air, trace, public_values, .. } = Statement::keccak(&message, None).expect("a statement");
    assert_eq!(trace.height(), 128);
    check(&parameters(), &air, trace.clone(), &public_values, "keccak");

    // Another hash is not accepted.
    let proof = prove_on_cpu::<Challenge, _, _>(&parameters(), &air, trace, &public_values).expect("a proof");
    for limb in [0, 15] {
        let mut other = public_values.clone();
        other[limb] += Val::ONE;
        assert!(verify(&parameters(), &air, &proof, &other).is_err());
    }
}

#[test]
fn drawn_constants() {
    let parameters =
        Parameters { constants: Poseidon2Constants::from_rng(&mut StdRng::seed_from_u64(3)), ..parameters() };
    check_named(&parameters, AirName::Fib, 6);
}

/// The CPU's proofs here come from p3's own transcript too. It searches the smallest witness only without `parallel`: with it, no work is
/// asked for.
#[test]
fn the_transcript_is_that_of_p3() {
    type Stock = StarkConfig<CpuPcs, Challenge, DuplexChallenger<Val, Permutation, 8, 4>>;
    let query_pow_bits = if p3_maybe_rayon::PARALLEL_ENABLED { 0 } else { 8 };
    let parameters = Parameters { query_pow_bits, ..parameters() };
    let pcs = <CpuPcs>::new(Dft::default(), parameters.mmcs(), parameters.fri());
    let config = Stock::new(pcs, DuplexChallenger::new(parameters.constants.permutation()));
    let Statement { air, trace, public_values, .. } = Statement::random(AirName::Fib, 6, 2).expect("a statement");
    let card: Proof =
        prove_with_card(&Software::new(), &parameters, &air, trace.clone(), &public_values).expect("a proof");
    let card: p3_uni_stark::Proof<Stock> = postcard::from_bytes(&encode(&card)).expect("the same format");
    p3_uni_stark::verify(&config, &air, &card, &public_values).expect("p3 accepts it");
    let cpu = p3_uni_stark::prove(&config, &air, trace, &public_values).expect("a proof");
    assert!(postcard::to_stdvec(&card).unwrap() == postcard::to_stdvec(&cpu).unwrap());
}

#[test]
fn every_scheme() {
    struct Check(AirName);
    impl WithTypes for Check {
        type Output = ();
        fn run<E: ChallengeField, H: HashingFor<E>>(self) {
            let parameters = Parameters { max_log_arity: 2, cap_height: 1, ..parameters() };
            let parameters = parameters.with_constants::<H>(H::constants_of(&parameters.constants));
            let Statement { air, trace, public_values, .. } = Statement::random(self.0, 5, 7).expect("a statement");
            check_with::<E, H, _>(&parameters, &air, trace, &public_values, &format!("{:?}", Scheme::of::<E, H>()));
        }
    }
    for hash in [HashName::Poseidon2, HashName::Keccak] {
        for degree in [Degree::Two, Degree::Three] {
            for air in [AirName::Fib, AirName::Poseidon2] {
                Scheme { hash, degree }.with_types(Check(air));
            }
        }
    }
}

/// p3's own challenger for Keccak, and ours.
#[test]
fn the_transcript_with_keccak_is_that_of_p3() {
    type Bytes = HashChallenger<u8, Keccak256Hash, 32>;
    type Stock = StarkConfig<CpuPcs<Challenge, Keccak>, Challenge, SerializingChallenger64<Val, Bytes>>;
    let query_pow_bits = if p3_maybe_rayon::PARALLEL_ENABLED { 0 } else { 8 };
    let parameters = Parameters { num_queries: 6, query_pow_bits, ..Parameters::keccak() };
    let pcs = CpuPcs::<Challenge, Keccak>::new(Dft::default(), parameters.mmcs(), parameters.fri());
    let config = Stock::new(pcs, SerializingChallenger64::new(Bytes::new(vec![], Keccak256Hash)));
    let Statement { air, trace, public_values, .. } = Statement::random(AirName::Fib, 6, 2).expect("a statement");
    let card: Proof<Challenge, Keccak> =
        prove_with_card(&Software::new(), &parameters, &air, trace.clone(), &public_values).expect("a proof");
    let card: p3_uni_stark::Proof<Stock> = postcard::from_bytes(&encode(&card)).expect("the same format");
    p3_uni_stark::verify(&config, &air, &card, &public_values).expect("p3 accepts it");
    let cpu = p3_uni_stark::prove(&config, &air, trace, &public_values).expect("a proof");
    assert!(postcard::to_stdvec(&card).unwrap() == postcard::to_stdvec(&cpu).unwrap());
}

/// `a^9 = b`, with a periodic column: of degree 9, so that the quotient takes eight chunks.
struct HighDegree;

impl BaseAir<Val> for HighDegree {
    fn width(&self) -> usize {
        3
    }

    fn num_periodic_columns(&self) -> usize {
        1
    }

    fn periodic_columns(&self) -> std::borrow::Cow<'_, [Vec<Val>]> {
        vec![vec![Val::ONE, Val::TWO]].into()
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for HighDegree {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let (a, b, c) = {
            let row = main.current_slice();
            (row[0], row[1], row[2])
        };
        let periodic: AB::Expr = builder.periodic_values()[0].into();
        let power = (0..8).fold(a.into(), |power: AB::Expr, _| power * a);
        builder.assert_eq(power, b);
        builder.assert_eq(periodic, c);
    }
}

/// With a blowup below the number of quotient chunks the extended trace does not reach: p3 goes back to coefficients.
#[test]
fn constraints_of_a_higher_degree_than_the_blowup() {
    let mut rng = StdRng::seed_from_u64(5);
    let values = (0..16)
        .flat_map(|row| {
            let a: Val = rng.random();
            [a, a.exp_u64(9), Val::from_usize(1 + row % 2)]
        })
        .collect();
    let trace = RowMajorMatrix::new(values, 3);
    for log_blowup in 1..=4 {
        let parameters = Parameters { log_blowup, ..parameters() };
        check(&parameters, &HighDegree, trace.clone(), &[], "degree 9");
    }
}

/// Values from the host need not be canonical.
#[test]
fn traces_of_any_words() {
    // Only small words have a second form below 2^64.
    let (mut trace, public) = fibonacci::trace(Val::ZERO, Val::ONE, 64);
    let expected = prove_on_cpu::<Challenge, _, _>(&parameters(), &Fibonacci, trace.clone(), &public).expect("a proof");
    for value in &mut trace.values[..40] {
        let word = value.as_canonical_u64();
        *value = Val::new(word + Val::ORDER_U64);
    }
    let card: Proof =
        prove_with_card(&Software::new(), &parameters(), &Fibonacci, trace.clone(), &public).expect("a proof");
    assert!(encode(&card) == encode(&expected));
    let model: Proof = prove_with_card(&model(), &parameters(), &Fibonacci, trace, &public).expect("a proof");
    assert!(encode(&model) == encode(&expected));
}
