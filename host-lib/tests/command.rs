//! `karat` itself, as a user runs it, on the simulated card.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

use karat::ProofFile;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn karat() -> Command {
    Command::new(env!("CARGO_BIN_EXE_karat"))
}

/// Insists on success.
fn stdout(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Insists on an error of one paragraph that is not a panic.
fn refusal(output: Output) -> String {
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("error: ") && !text.contains("panicked"), "{text}");
    text
}

#[test]
fn every_flag_and_every_field_of_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let mut command = karat();
    command.args(["prove", "--card=sim:tiny", "--air=fib", "--log-rows=4", "--log-blowup=2", "--queries=9"]);
    command.args(["--pow-bits=5", "--log-arity=3", "--cap-height=1", "--seed=7", "--hash=keccak", "--degree=3"]);
    for (flag, name) in [("--proof", "proof"), ("--json", "json"), ("--timeline", "timeline")] {
        command.arg(flag).arg(file(name));
    }
    let text = stdout(command.output().expect("karat runs"));
    assert!(text.contains("verified     yes, by Plonky3"), "{text}");

    let read = |name| std::fs::read(file(name)).expect("it was written");
    let report: Value = serde_json::from_slice(&read("json")).expect("JSON");
    let is = |field: &str, value: Value| assert_eq!(report[field], value, "{field}: {report}");
    is("air", "fib".into());
    is("rows", 16.into());
    is("columns", 2.into());
    is("log_blowup", 2.into());
    is("queries", 9.into());
    is("pow_bits", 5.into());
    is("log_arity", 3.into());
    is("cap_height", 1.into());
    is("scheme", serde_json::json!({ "hash": "keccak", "degree": "3" }));
    is("card", "sim:tiny".into());
    is("verified", true.into());
    is("identical_to_cpu", true.into());
    for field in ["cycles", "bytes_to_card", "bytes_from_card", "commands", "proof_bytes"] {
        assert!(report[field].as_u64() > Some(0), "{field}: {report}");
    }
    for field in ["cpu_seconds", "wall_seconds", "sim_cycles_per_second"] {
        assert!(report[field].as_f64() > Some(0.0), "{field}: {report}");
    }
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let proof = ProofFile::from_bytes(&read("proof")).expect("a proof file").proof;
    is("proof_bytes", proof.len().into());
    is("proof_sha256", hexadecimal(&Sha256::digest(&proof)).into());
    assert_eq!(report["firmware_sha256"].as_str().map(str::len), Some(64), "{report}");
    let engines = report["engines"].as_array().expect("engines");
    assert_eq!(engines.len(), karat_abi::Engine::ALL.len());
    for (engine, known) in engines.iter().zip(karat_abi::Engine::ALL) {
        assert_eq!(engine["name"], known.name());
        assert!(engine["busy_cycles"].as_u64() > Some(0), "{report}");
        for field in ["starved_cycles", "stalled_cycles"] {
            assert!(engine[field].as_u64() <= engine["busy_cycles"].as_u64(), "{field}: {engine}");
        }
    }
    let timeline: Value = serde_json::from_slice(&read("timeline")).expect("JSON");
    assert!(timeline.to_string().contains("\"ph\""), "no events");

    let verified = stdout(karat().arg("verify").arg(file("proof")).output().expect("karat runs"));
    assert!(verified.contains("verified     yes"), "{verified}");
}

#[test]
fn a_card_that_does_not_exist_is_an_error_that_names_those_that_do() {
    for (card, reason) in [("sim:huge", "tiny"), ("0000:01:00.0", "sim:NAME")] {
        let text = refusal(karat().args(["prove", "--card", card]).output().expect("karat runs"));
        assert!(text.contains(card) && text.contains(reason), "{text}");
    }
}

#[test]
fn two_cards_are_compared() {
    let text = stdout(karat().args(["info", "--card=dual"]).output().expect("karat runs"));
    assert!(text.contains("sim:tiny and model"), "{text}");
    let mut command = karat();
    command.args(["prove", "--card=dual:tiny", "--air=fib", "--log-rows=3", "--queries=2", "--pow-bits=2"]);
    let text = stdout(command.output().expect("karat runs"));
    assert!(text.contains("sim:tiny and model") && text.contains("identical    yes"), "{text}");
    let listed = stdout(karat().arg("list").output().expect("karat runs"));
    assert!(listed.lines().any(|line| line.starts_with("dual:tiny ")), "{listed}");
}

#[test]
fn output_that_can_not_be_written_is_an_error() {
    for flag in ["--json", "--proof", "--timeline"] {
        let mut command = karat();
        command.args(["prove", "--air=fib", "--log-rows=3", "--queries=2", "--pow-bits=0", flag, "/nowhere/file"]);
        let text = refusal(command.output().expect("karat runs"));
        assert!(text.contains("/nowhere/file"), "{text}");
        assert!(!text.contains("proving"), "it is found out before, not after the proof: {text}");
    }
}

#[test]
fn an_interrupted_proof_leaves_nothing_in_the_way_of_the_next() {
    let arguments = ["prove", "--air=poseidon2", "--queries=2", "--pow-bits=0"];
    for (name, signal) in [("INT", 2), ("KILL", 9)] {
        // What starts the tests may have had it ignored.
        let mut first = Command::new("env")
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_karat")])
            .args(arguments)
            .arg("--log-rows=10")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("karat starts");
        let lines = BufReader::new(first.stderr.take().expect("its messages")).lines();
        let proving = lines.map_while(Result::ok).find(|line| line.starts_with("proving"));
        assert_eq!(proving.as_deref(), Some("proving poseidon2, 1024 rows of 180 columns, on sim:tiny"));
        let kill = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", first.id())).status();
        assert!(kill.expect("sh runs").success());
        let status = first.wait().expect("it ends");
        assert_eq!(status.signal(), Some(signal), "{status}");

        let next = stdout(karat().args(arguments).arg("--log-rows=3").output().expect("karat runs"));
        assert!(next.contains("identical    yes"), "{next}");
    }
}
