//! Statements and parameters that cannot be proved are refused before anything is done, with the reason.

use karat::airs::fibonacci::{self, Fibonacci};
use karat::airs::{AirName, Statement};
use karat::config::{Challenge, Proof, Val};
use karat::{Error, ParameterError, Parameters, prove_on_cpu, prove_with_card};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;

use crate::card::Software;

/// Tries to prove, and makes sure that the card was not even asked.
fn refusal(parameters: &Parameters, trace: RowMajorMatrix<Val>, public_values: &[Val]) -> Error {
    let card = Software::new();
    let proof: Result<Proof, Error> = prove_with_card(&card, parameters, &Fibonacci, trace.clone(), public_values);
    let error = proof.err().expect("an error");
    assert_eq!(card.operations(), 0);
    assert!(prove_on_cpu::<Challenge, _, _>(parameters, &Fibonacci, trace, public_values).is_err());
    error
}

fn message(error: &Error) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    format!("{error}: {}", source.unwrap_or_default())
}

#[test]
fn traces_that_do_not_fit() {
    let good = Parameters::default();
    let trace = |rows: usize, columns| RowMajorMatrix::new(Val::zero_vec(rows * columns), columns);
    let public = [Val::ZERO; 3];
    for (trace, public, part) in [
        (trace(0, 2), &public[..], "0 rows are not a power of two"),
        (trace(12, 2), &public, "12 rows are not a power of two"),
        (trace(8, 3), &public, "the trace has 3 columns and the AIR 2"),
        (trace(8, 1), &public, "the trace has 1 columns and the AIR 2"),
        (trace(8, 2), &public[..2], "2 public values are given and the AIR has 3"),
    ] {
        let text = message(&refusal(&good, trace, public));
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

/// Spoils good parameters.
type Alteration = fn(&mut Parameters);

#[test]
fn parameters_that_p3_panics_on() {
    let (trace, public) = fibonacci::trace(Val::ONE, Val::ONE, 8);
    let good = Parameters { num_queries: 3, query_pow_bits: 1, ..Parameters::default() };
    let cases: [(Alteration, &str); 12] = [
        (|p| p.log_blowup = 0, "log_blowup is 0, and must be from 1 to 32"),
        (|p| p.log_blowup = 30, "2^3 rows times a blowup of 2^30 is more than 2^32"),
        (|p| p.log_blowup = usize::MAX, "log_blowup is 18446744073709551615"),
        (|p| p.max_log_arity = 0, "max_log_arity is 0, and must be from 1"),
        (|p| p.max_log_arity = 64, "max_log_arity is 64"),
        (|p| p.num_queries = 0, "num_queries is 0, and must be from 1"),
        (|p| p.query_pow_bits = 64, "query_pow_bits is 64, and must be from 0 to 40"),
        (|p| p.commit_pow_bits = 41, "commit_pow_bits is 41"),
        (|p| p.batch_pow_bits = 99, "batch_pow_bits is 99"),
        (|p| p.ood_pow_bits = 99, "ood_pow_bits is 99"),
        (|p| p.cap_height = 64, "cap_height is 64"),
        (
            |p| p.log_final_poly_len = 3,
            "a final polynomial of 2^3 coefficients needs a trace of at least 2^4 rows, not 2^3",
        ),
    ];
    for (alter, part) in cases {
        let mut parameters = good.clone();
        alter(&mut parameters);
        let text = message(&refusal(&parameters, trace.clone(), &public));
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
    // At the edge of what is taken.
    let edges: [Alteration; 3] = [|p| p.cap_height = 32, |p| p.max_log_arity = 32, |p| p.log_final_poly_len = 2];
    for alter in edges {
        let mut parameters = good.clone();
        alter(&mut parameters);
        let card: Proof =
            prove_with_card(&Software::new(), &parameters, &Fibonacci, trace.clone(), &public).expect("a proof");
        let cpu = prove_on_cpu::<Challenge, _, _>(&parameters, &Fibonacci, trace.clone(), &public).expect("a proof");
        assert!(karat::job::encode(&card) == karat::job::encode(&cpu));
        karat::verify(&parameters, &Fibonacci, &card, &public).expect("a valid proof");
    }
}

#[test]
fn one_row_is_a_trace() {
    let parameters = Parameters { num_queries: 3, query_pow_bits: 1, ..Parameters::default() };
    assert_eq!(parameters.validate(0), Ok(()));
    let shorter = Parameters { log_final_poly_len: 1, ..parameters };
    assert_eq!(shorter.validate(1), Err(ParameterError::FinalPolyTooLong { log_rows: 1, log_final_poly_len: 1 }));
}

#[test]
fn statements_that_no_trace_is_made_for() {
    let error = |statement: Result<Statement, Error>| statement.expect_err("an error").to_string();
    for name in AirName::ALL {
        assert!(error(Statement::random(name, 25, 1)).contains("to 2^24 rows, not 2^25"));
        assert!(error(Statement::random(name, usize::MAX, 1)).contains("rows, not 2^"));
    }
    assert!(error(Statement::random(AirName::Keccak, 4, 1)).contains("from 2^5"));
    assert!(error(Statement::keccak(&[0; 1024], Some(7))).contains("takes from 2^8"));
    assert!("sha".parse::<AirName>().is_err_and(|e| e.contains("fib, poseidon2, keccak, blake3")));
}
