//! Proofs made on a card are accepted by the contracts that are exported for them.

use std::process::{Command, Output};

use karat::airs::{AirName, Statement};
use karat::job::{self, CardIdentity, Outcome};
use karat::{ChallengeField, Degree, HashName, HashingFor, Parameters, ProofFile, Scheme, WithTypes};

use crate::card::Software;

fn parameters() -> Parameters {
    Parameters {
        log_blowup: 2,
        num_queries: 7,
        query_pow_bits: 4,
        max_log_arity: 2,
        log_final_poly_len: 2,
        ..Parameters::default()
    }
}

/// A proof on the card in software.
struct Prove(Statement);

impl WithTypes for Prove {
    type Output = Outcome;

    fn run<E: ChallengeField, H: HashingFor<E>>(self) -> Outcome {
        let identity = CardIdentity { name: "software".into(), firmware_sha256: [7; 32] };
        let parameters = parameters().with_constants::<H>(H::constants_of(&parameters().constants));
        job::run::<E, H>(&Software::new(), &identity, &parameters, self.0).expect("a proof")
    }
}

fn file(scheme: Scheme) -> ProofFile {
    scheme.with_types(Prove(Statement::random(AirName::Fib, 5, 1).expect("a statement"))).file
}

fn karat(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_karat")).args(arguments).output().expect("karat runs")
}

#[test]
fn contracts_accept_proofs_of_both_degrees_and_no_others() {
    for degree in [Degree::Two, Degree::Three] {
        let mut file = file(Scheme { hash: HashName::Keccak, degree });
        let outcome = file.verify_on_chain().expect("it runs");
        assert!(outcome.accepted, "degree {degree}");
        assert_eq!(file.calldata().expect("a call").len(), outcome.calldata);
        file.public_values[2] += karat::config::Val::new(1);
        // The queries are others then, and the proof may not even have what they ask for.
        assert!(!file.verify_on_chain().is_ok_and(|outcome| outcome.accepted), "another statement, degree {degree}");
    }
}

#[test]
fn there_is_no_contract_for_another_hash() {
    let error = file(Scheme::default()).verify_on_chain().expect_err("an error").to_string();
    assert!(error.contains("poseidon2") && error.contains("--hash keccak"), "{error}");
}

#[test]
fn from_a_proof_to_its_contract_at_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let flags = ["--log-blowup=2", "--queries=5", "--pow-bits=3", "--log-arity=3", "--log-final=1", "--hash=keccak"];
    let (proof, calldata, out) = (path("proof"), path("calldata"), path("contracts"));
    let prove = ["prove", "--card=model", "--air=fib", "--log-rows=5", "--proof", &proof, "--calldata", &calldata];
    let output = karat(&[&prove[..], &flags].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let call = std::fs::read_to_string(&calldata).expect("it was written");
    let file = ProofFile::from_bytes(&std::fs::read(&proof).expect("it was written")).expect("a proof file");
    let expected: String = file.calldata().expect("a call").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(call.trim_end(), format!("0x{expected}"));

    let output = karat(&["verify", &proof, "--evm"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("yes, by FibVerifier") && text.contains("gas "), "{text}");

    let output = karat(&[&["export-verifier", "--air=fib", "--log-rows=5", "--out", &out], &flags[..]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (name, text) in file.target().files().expect("files") {
        assert_eq!(
            std::fs::read_to_string(folder.path().join("contracts").join(&name)).expect("a file"),
            text,
            "{name}"
        );
    }

    let keccak = ["export-verifier", "--air=keccak", "--log-rows=7", "--out", &out];
    let output = karat(&[&keccak[..], &["--preset=wide-98"]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("KeccakVerifier.piece1.hex"), "{text}");
    let piece = std::fs::read_to_string(folder.path().join("contracts/KeccakVerifier.piece1.hex")).expect("a file");
    assert!(piece.starts_with("0x61"), "it is what a transaction carries");
    let refused = karat(&[&keccak[..], &["--preset=fast-98"]].concat());
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && text.contains("fewer queries"), "{text}");
}
