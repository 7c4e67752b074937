//! `karat` itself on the model, with nothing but the binary: no Verilator, no compiler, no cache.

use std::path::Path;
use std::process::{Command, Output};

use karat::airs::AirName;
use karat::airs::keccak::MIN_LOG_ROWS;
use serde_json::Value;

/// Runs `karat` where it finds no other program, and insists on success.
fn karat(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_karat"));
    command.env_clear().env("KARAT_CACHE", folder.join("cache")).args(arguments);
    let Output { status, stdout, stderr } = command.output().expect("karat runs");
    assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    assert!(!folder.join("cache").exists(), "{arguments:?} has built something");
    String::from_utf8(stdout).expect("text")
}

#[test]
fn what_it_is_and_whether_it_works() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(karat(folder.path(), &["list"]).lines().any(|line| line.starts_with("model ")));
    let info = karat(folder.path(), &["info", "--card=model"]);
    for line in ["card                model", "transform buffer    65536 rows", "card memory         2048 MiB"] {
        assert!(info.contains(line), "{info}");
    }
    let test = karat(folder.path(), &["selftest", "--card=model"]);
    for rung in karat::selftest::LADDER {
        assert!(test.lines().any(|line| line.starts_with(rung.name) && line.contains(" ok: ")), "{test}");
    }
}

#[test]
fn proofs_of_every_air_and_no_cycles() {
    let folder = tempfile::tempdir().expect("a folder");
    let json = folder.path().join("json");
    for air in AirName::ALL {
        let log_rows = match air {
            AirName::Keccak => MIN_LOG_ROWS,
            AirName::Blake3 => 3,
            AirName::Fib | AirName::Poseidon2 => 7,
        };
        for more in [&[][..], &["--host-quotient"]] {
            let arguments = [
                "prove",
                "--card=model",
                "--queries=5",
                "--pow-bits=4",
                &format!("--air={air}"),
                &format!("--log-rows={log_rows}"),
                &format!("--json={}", json.display()),
            ];
            let text = karat(folder.path(), &[&arguments, more].concat());
            assert!(text.contains("identical    yes") && !text.contains("cycles"), "{text}");
            let report: Value = serde_json::from_slice(&std::fs::read(&json).expect("a report")).expect("JSON");
            assert_eq!((&report["card"], &report["cycles"]), (&"model".into(), &0.into()), "{report}");
            let engines = report["engines"].as_array().expect("engines");
            assert!(engines.iter().all(|engine| engine["busy_cycles"] == 0), "{report}");
            for field in ["bytes_to_card", "bytes_from_card", "commands"] {
                assert!(report[field].as_u64() > Some(0), "{field}: {report}");
            }
        }
    }
}
