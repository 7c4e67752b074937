//! Proof files: what was written is read and verified, and what was altered is refused with a reason.

use karat::airs::{AirName, Statement};
use karat::config::Challenge;
use karat::job::{self, CardIdentity};
use karat::{Error, Parameters, Poseidon2Constants, ProofFile, ProofFileError};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::card::Software;

fn outcome(parameters: &Parameters, statement: Statement) -> job::Outcome {
    let identity = CardIdentity { name: "software".into(), firmware_sha256: [7; 32] };
    job::run::<Challenge, _>(&Software::new(), &identity, parameters, statement).expect("a proof")
}

fn parameters() -> Parameters {
    Parameters { num_queries: 6, query_pow_bits: 3, ..Parameters::default() }
}

fn file() -> ProofFile {
    outcome(&parameters(), Statement::random(AirName::Fib, 4, 1).expect("a statement")).file
}

fn refusal(bytes: &[u8]) -> Option<Error> {
    ProofFile::from_bytes(bytes).map_err(Error::from).and_then(|file| file.verify()).err()
}

#[test]
fn what_was_written_is_verified() {
    let mut with_constants = parameters();
    with_constants.constants = Poseidon2Constants::from_rng(&mut StdRng::seed_from_u64(11));
    for (name, parameters) in
        [(AirName::Fib, parameters()), (AirName::Poseidon2, with_constants), (AirName::Blake3, parameters())]
    {
        let log_rows = if name == AirName::Blake3 { 0 } else { 4 };
        let outcome = outcome(&parameters, Statement::random(name, log_rows, 2).expect("a statement"));
        assert!(outcome.verdict.is_ok());
        let bytes = outcome.file.to_bytes();
        let file = ProofFile::from_bytes(&bytes).expect("a proof file");
        assert_eq!(file.parameters, parameters);
        assert_eq!(file.spec.name(), name);
        assert_eq!(file.verify().expect("a valid proof"), outcome.report.security);
        assert_eq!(file.to_bytes(), bytes);
    }
}

#[test]
fn a_keccak_file_names_the_hash() {
    let outcome = outcome(&parameters(), Statement::keccak(b"abc", None).expect("a statement"));
    let file = ProofFile::from_bytes(&outcome.file.to_bytes()).expect("a proof file");
    file.verify().expect("a valid proof");
    // Keccak-256 of "abc", as in Ethereum.
    let hash = "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45";
    assert_eq!(file.hash().as_deref(), Some(hash));
    assert!(file.describe().contains(hash));
}

#[test]
fn every_altered_byte_is_noticed() {
    let bytes = file().to_bytes();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1 << (at % 8);
        let error = ProofFile::from_bytes(&altered).err().unwrap_or_else(|| panic!("byte {at} was altered unnoticed"));
        match at {
            0..8 => assert_eq!(error, ProofFileError::NotAProof),
            8..12 => assert!(matches!(error, ProofFileError::Version(_))),
            _ => {
                assert!(matches!(error, ProofFileError::Checksum | ProofFileError::Length { .. }), "byte {at}: {error}")
            }
        }
    }
}

#[test]
fn every_shortened_or_extended_file_is_refused() {
    let bytes = file().to_bytes();
    for length in 0..bytes.len() {
        let error = ProofFile::from_bytes(&bytes[..length]).err().expect("it was cut short");
        assert!(matches!(error, ProofFileError::NotAProof | ProofFileError::Length { .. }), "{length}: {error}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(ProofFile::from_bytes(&longer), Err(ProofFileError::Length { .. })));
    assert!(matches!(ProofFile::from_bytes(b"not a proof"), Err(ProofFileError::NotAProof)));
}

/// Whoever writes a checksum of their own still has to have a proof.
#[test]
fn altered_proofs_with_a_good_checksum_are_refused() {
    let good = file();
    assert!(refusal(&good.to_bytes()).is_none());
    for at in 0..good.proof.len() {
        let mut file = file_like(&good);
        file.proof[at] ^= 1 << (at % 8);
        let error = refusal(&file.to_bytes()).unwrap_or_else(|| panic!("byte {at} of the proof was altered unnoticed"));
        assert!(matches!(error, Error::Invalid(_) | Error::ProofFile(ProofFileError::Malformed { .. })), "{error}");
    }
    let mut file = file_like(&good);
    file.proof.push(0);
    assert!(matches!(refusal(&file.to_bytes()), Some(Error::ProofFile(ProofFileError::Malformed { .. }))));
}

#[test]
fn altered_statements_and_parameters_with_a_good_checksum_are_refused() {
    let good = file();
    let alterations: [fn(&mut ProofFile); 14] = [
        |f| f.public_values[1] += karat::config::Val::new(1),
        |f| f.public_values.truncate(2),
        |f| f.log_rows += 1,
        |f| f.log_rows = 1 << 31,
        |f| f.spec = karat::airs::AirSpec::Poseidon2,
        |f| f.spec = karat::airs::AirSpec::Keccak { blocks: u64::MAX },
        |f| f.parameters.log_blowup += 1,
        |f| f.parameters.log_blowup = 0,
        |f| f.parameters.max_log_arity = 0,
        |f| f.parameters.max_log_arity = 2,
        |f| f.parameters.num_queries -= 1,
        |f| f.parameters.query_pow_bits = 63,
        |f| f.parameters.cap_height = 1,
        |f| f.parameters.constants.partial[3] += karat::config::Val::new(1),
    ];
    for (i, alter) in alterations.into_iter().enumerate() {
        let mut file = file_like(&good);
        alter(&mut file);
        assert!(refusal(&file.to_bytes()).is_some(), "alteration {i} went unnoticed");
    }
}

fn file_like(file: &ProofFile) -> ProofFile {
    ProofFile::from_bytes(&file.to_bytes()).expect("a proof file")
}
