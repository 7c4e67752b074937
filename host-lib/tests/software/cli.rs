//! `karat prove` and `karat verify`, the former on a card in software.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use clap::Parser;
use karat::job::{CardIdentity, Prover};
use karat::{ChallengeField, Error, HashingFor};

use crate::card::Software;
use crate::prove;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    prove: prove::Arguments,
}

impl prove::Provers for Arc<Software> {
    fn prover<E: ChallengeField, H: HashingFor<E>>(self, _host_quotient: bool) -> Box<dyn Prover<E, H>> {
        Box::new(self)
    }
}

fn run(arguments: &[&str]) -> Result<(), Error> {
    let line = Line::try_parse_from([&["prove"], arguments].concat()).expect("arguments");
    prove::run(&line.prove, |arguments| {
        assert_eq!(arguments.card, "sim");
        let identity = CardIdentity { name: "software".into(), firmware_sha256: [0xab; 32] };
        Ok((Software::new(), identity))
    })
}

/// The error of a command that must not even open the card.
fn refusal(arguments: &[&str]) -> String {
    let line = Line::try_parse_from([&["prove"], arguments].concat()).expect("arguments");
    let error = prove::run::<Arc<Software>>(&line.prove, |_| panic!("the card was opened")).expect_err("an error");
    let source = std::error::Error::source(&error).map(ToString::to_string);
    format!("{error}: {}", source.unwrap_or_default())
}

fn verify(file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_karat")).arg("verify").arg(file).output().expect("karat runs")
}

#[test]
fn a_proof_its_report_and_its_verification() {
    let folder = tempfile::tempdir().expect("a folder");
    let (proof, json) = (folder.path().join("proof"), folder.path().join("report.json"));
    let message = folder.path().join("message");
    std::fs::write(&message, [1; 200]).expect("written");
    run(&[
        "--air=keccak",
        &format!("--input={}", message.display()),
        "--queries=8",
        "--pow-bits=3",
        "--log-arity=2",
        "--cap-height=1",
        &format!("--proof={}", proof.display()),
        &format!("--json={}", json.display()),
    ])
    .expect("a proof");

    let text = std::fs::read_to_string(&json).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for field in [
        "air",
        "rows",
        "columns",
        "log_blowup",
        "card",
        "firmware_sha256",
        "verified",
        "identical_to_cpu",
        "proof_bytes",
        "proof_sha256",
        "cycles",
        "cpu_seconds",
        "wall_seconds",
        "sim_cycles_per_second",
        "bytes_to_card",
        "bytes_from_card",
        "commands",
        "engines",
    ] {
        assert!(!report[field].is_null(), "the report lacks {field}: {text}");
    }
    for field in ["busy_cycles", "starved_cycles", "stalled_cycles"] {
        assert!(report["engines"][0][field].is_u64(), "{text}");
    }
    assert_eq!(report["rows"], 64);
    assert_eq!(report["columns"], 2633);
    assert_eq!(report["verified"], true);
    assert_eq!(report["identical_to_cpu"], true);
    assert_eq!(report["firmware_sha256"], "ab".repeat(32));

    let output = verify(&proof);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("verified     yes"), "{text}");
    assert!(text.contains(report["hash"].as_str().expect("a hash")), "{text}");
    assert!(text.contains("bits conjectured"), "{text}");
}

#[test]
fn files_that_are_not_proofs() {
    let folder = tempfile::tempdir().expect("a folder");
    let proof = folder.path().join("proof");
    run(&["--air=fib", "--log-rows=4", "--queries=4", "--pow-bits=1", &format!("--proof={}", proof.display())])
        .expect("a proof");
    let good = std::fs::read(&proof).expect("a file");
    let mut altered = good.clone();
    altered[good.len() / 2] ^= 0x10;
    for (bytes, reason) in [
        (&altered[..], "its checksum does not match"),
        (&good[..good.len() / 2], "it was cut short"),
        (b"hello", "it is not a proof file"),
        (b"", "it is not a proof file"),
    ] {
        let path = folder.path().join("bad");
        std::fs::write(&path, bytes).expect("written");
        let output = verify(&path);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(reason), "{text:?} does not say {reason:?}");
    }
    let output = verify(&folder.path().join("missing"));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing"));
}

#[test]
fn a_card_that_does_not_open_is_named() {
    let line = Line::try_parse_from(["prove", "--air=fib", "--log-rows=3", "--card=sim:none"]).expect("arguments");
    let result = prove::run::<Arc<Software>>(&line.prove, |arguments| {
        Err(Error::Open { card: arguments.card.clone(), source: "there is none".into() })
    });
    assert_eq!(result.expect_err("an error").to_string(), "cannot open the card sim:none");
}

#[test]
fn inputs_that_cannot_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty");
    std::fs::write(&empty, []).expect("written");
    let input = |path: &Path| format!("--input={}", path.display());
    assert!(refusal(&["--air=keccak", &input(&empty)]).contains("it is empty"));
    assert!(refusal(&["--air=keccak", &input(&folder.path().join("missing"))]).contains("missing"));
    assert!(refusal(&["--air=keccak", &input(folder.path())]).contains("cannot use the input"));
    assert!(refusal(&["--air=fib", &input(&empty)]).contains("only --air keccak takes an input"));
}

#[test]
fn options_that_cannot_be_used() {
    for (option, reason) in [
        ("--log-blowup=0", "log_blowup is 0"),
        ("--log-arity=0", "max_log_arity is 0"),
        ("--queries=0", "num_queries is 0"),
        ("--pow-bits=64", "query_pow_bits is 64"),
        ("--cap-height=99", "cap_height is 99"),
        ("--log-rows=33", "is more than 2^32"),
        ("--log-rows=25", "not 2^25"),
    ] {
        let text = refusal(&["--air=fib", option]);
        assert!(text.contains(reason), "{text:?} does not say {reason:?}");
    }
    for line in [["--air=sha"], ["--log-rows=-1"], ["--queries=many"]] {
        assert!(Line::try_parse_from([&["prove"][..], &line].concat()).is_err());
    }
}

#[test]
fn the_command_prints_a_program_that_keeps_the_multipliers_busy() {
    for (air, limit) in [("poseidon2", 1200), ("keccak", 21_600)] {
        let output = Command::new(env!("CARGO_BIN_EXE_karat")).args(["program", "--air", air]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find(|line| line.starts_with("instructions")).unwrap_or_else(|| panic!("{text}"));
        let instructions: usize = line.split([' ', ',']).find_map(|word| word.parse().ok()).unwrap();
        assert!(instructions <= limit, "{air}: {instructions} instructions");
    }
}
