//! Slither, a static analyser, finds nothing in contracts that is not explained here.

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use karat_evm::config::{Challenge, Config, CubicChallenge, QuadraticChallenge};
use karat_evm::{Contract, Parameters, export, solc};
use karat_packages::{Error, cache_dir, pip, python, store};
use serde_json::{Value, json};
use support::Provable;
use support::airs::{Mixed, poseidon2};
use support::keccak::keccak;

/// What Slither imports to analyse; its other tools' packages are left out.
const SLITHER: &str = include_str!("support/slither.txt");

/// What it finds, where (names, or anywhere), and why it stays.
const EXPLAINED: [(&str, &[&str], &str); 7] = [
    (
        "assembly",
        &[],
        "arithmetic of lanes, memory at fixed places, and generated code are assembly, and tested as such",
    ),
    ("too-many-digits", &[], "masks, lanes and seeds are written in full width, so that their parts can be seen"),
    (
        "incorrect-shift",
        &["row", "point"],
        "a constant is shifted by a number that is not: it is not the other way round",
    ),
    (
        "cyclomatic-complexity",
        &["constraints", "interpret"],
        "the interpreter of a tape chooses one of many kernels, which are generated",
    ),
    ("naming-convention", &["PIECE_0", "PIECE_1"], "immutable values are written as constants are"),
    ("incorrect-equality", &["submit"], "a statement that was not accepted has the time zero, which no block has"),
    ("timestamp", &["submit"], "the time is recorded, and compared with nothing but zero"),
];

/// The folder of Slither's packages.
fn slither() -> PathBuf {
    let make = |place: &Path| pip::install(&python(), "slither-analyzer 0.11.6", "", SLITHER, place).map(|_| ());
    let key = store::Key::new("slither").field(SLITHER).finish();
    let (place, _) = store::entry::<Error>(&cache_dir(), &format!("packages/slither-{key}"), make).unwrap();
    place.join("pip")
}

/// What Slither finds in a contract, the registry, and all that they are made of.
fn findings<E: Challenge>(contract: &Contract<E>) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    contract.sources.iter().for_each(|(name, text)| fs::write(path(name), text).unwrap());
    let mut input = contract.compiler_input();
    let code = ["evm.bytecode", "evm.deployedBytecode", "abi", "metadata", "devdoc", "userdoc"];
    input["settings"]["outputSelection"] = json!({ "*": { "*": code, "": ["ast"] } });
    let output = solc(&contract.name, &input.to_string()).unwrap();
    let file = format!("{}.sol", contract.name);
    let metadata = output["contracts"][&file][&contract.name]["metadata"].as_str().unwrap();
    let metadata: Value = serde_json::from_str(metadata).unwrap();
    fs::write(path("input.json"), input.to_string()).unwrap();
    fs::write(path("output.json"), output.to_string()).unwrap();
    // The compiler as Slither calls it, which has said already what it will say.
    let version = metadata["compiler"]["version"].as_str().unwrap();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'Version: {version}'; else cat > input; cat output.json; fi\n"
    );
    fs::write(path("solc"), script).unwrap();
    fs::set_permissions(path("solc"), Permissions::from_mode(0o755)).unwrap();

    let mut command = Command::new(python());
    command.args([
        "-S",
        "-m",
        "slither",
        "input.json",
        "--compile-force-framework",
        "Solc-json",
        "--json",
        "-",
        "--solc",
    ]);
    command.arg(path("solc")).env("PYTHONPATH", slither()).current_dir(folder.path());
    // Nothing but these packages, which stay as they were fetched.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let said = command.output().unwrap();
    let error = String::from_utf8_lossy(&said.stderr);
    let report: Value = serde_json::from_slice(&said.stdout).unwrap_or_else(|_| panic!("{error}"));
    assert_eq!(report["success"], true, "{report}\n{error}");
    report["results"]["detectors"].as_array().unwrap().clone()
}

/// Whether a finding is of this kind, and of these functions.
fn explains((check, functions, _): &(&str, &[&str], &str), finding: &Value) -> bool {
    let mut elements = finding["elements"].as_array().into_iter().flatten();
    let name = |element: &Value| {
        [&element["name"], &element["type_specific_fields"]["parent"]["name"]]
            .map(|n| n.as_str().unwrap_or("").to_owned())
    };
    finding["check"] == *check
        && (functions.is_empty()
            || elements.any(|element| name(element).iter().any(|n| functions.contains(&n.as_str()))))
}

fn analyse<E: Challenge, A: Provable<E>>(air: &A, log_rows: usize, used: &mut [usize; EXPLAINED.len()]) {
    // Few queries, so that a transaction has the gas for wide rows too.
    let parameters = Parameters { num_queries: 2, ..Parameters::default() };
    let config = parameters.config::<E>();
    let key = p3_uni_stark::setup_preprocessed::<Config<E>, A>(&config, air, log_rows).unwrap().map(|(_, key)| key);
    let contract = export::<E, A>(air, &parameters, log_rows, key.as_ref(), "Statement").unwrap();
    let mut unexplained = Vec::new();
    for finding in findings(&contract) {
        match EXPLAINED.iter().position(|explanation| explains(explanation, &finding)) {
            Some(explained) => used[explained] += 1,
            None => {
                unexplained.push(format!("{} ({}): {}", finding["check"], finding["impact"], finding["description"]))
            }
        }
    }
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}

#[test]
fn nothing_unexplained() {
    let mut used = [0; EXPLAINED.len()];
    analyse::<QuadraticChallenge, _>(&Mixed(6), 6, &mut used);
    analyse::<CubicChallenge, _>(&Mixed(6), 6, &mut used);
    analyse::<QuadraticChallenge, _>(&poseidon2(2).0, 6, &mut used);
    // Its constraints are in contracts of their own.
    analyse::<QuadraticChallenge, _>(&keccak(5).0, 6, &mut used);
    for ((check, _, why), count) in EXPLAINED.iter().zip(used) {
        println!("{count} of `{check}`: {why}");
        assert!(count > 0, "nothing is found that this explains: {check}");
    }
}
