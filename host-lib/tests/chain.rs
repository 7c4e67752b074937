//! Proofs on a chain: what is recorded is what was submitted, and nothing else is recorded.

use std::net::TcpListener;
use std::process::Command;

use karat::airs::{AirName, Statement};
use karat::chain::{Address, Anvil, Deployment, Existing, Node};
use karat::job::{self, CardIdentity, Resident};
use karat::{Card, Degree, Error, HashName, Keccak, Parameters, ProofFile, Scheme};
use karat_evm::NodeError;
use p3_field::PrimeField64;
use serde_json::{Value, json};

/// A proof of the model: 2^6 rows, blowup 4, folded to 4 coefficients.
fn proof() -> ProofFile {
    proof_of(AirName::Fib)
}

fn proof_of(air: AirName) -> ProofFile {
    let parameters: Parameters<Keccak> =
        Parameters { log_blowup: 2, log_final_poly_len: 2, num_queries: 3, query_pow_bits: 2, ..Parameters::default() }
            .with_constants::<Keccak>(());
    let card = Card::open("model").expect("the model opens");
    let identity = CardIdentity { name: "model".into(), firmware_sha256: *card.firmware_sha256() };
    let prover = Resident(card.session().expect("a session"));
    let statement = Statement::random(air, 6, 1).expect("a statement");
    let outcome = job::run::<karat::config::Challenge, Keccak>(&prover, &identity, &parameters, statement);
    let outcome = outcome.expect("a proof");
    outcome.verdict.expect("the CPU's proof");
    assert_eq!(outcome.file.scheme, Scheme { hash: HashName::Keccak, degree: Degree::Two });
    outcome.file
}

/// The error of a node.
fn node_error<T>(result: Result<T, Error>) -> NodeError {
    match result {
        Err(Error::Contract(karat_evm::Error::Node(error))) => error,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("no error"),
    }
}

fn values(file: &ProofFile) -> Vec<u64> {
    file.public_values.iter().map(PrimeField64::as_canonical_u64).collect()
}

/// All events of a chain.
fn events(node: &Node) -> Vec<Value> {
    let events = node.request("eth_getLogs", &json!([{ "fromBlock": "0x0", "toBlock": "latest" }]));
    events.expect("events").as_array().expect("a list").clone()
}

#[test]
fn what_is_recorded_is_what_was_submitted() {
    let file = proof();
    let anvil = Anvil::start().expect("anvil starts");
    let node = Node::connect(anvil.url()).expect("a node");
    let chain = Deployment::new(&node, &file.target(), Existing::default(), None).expect("contracts");
    assert!(events(&node).is_empty());
    let (event, receipt) = chain.submit(&file, None).expect("it is recorded");
    assert_eq!(event.prover, node.account());
    assert_eq!(event.verifier, chain.verifier);
    assert!(!event.public_values.is_empty());
    assert_eq!(event.public_values, values(&file));
    let block = node.request("eth_getBlockByNumber", &json!([format!("{:#x}", receipt.block), false]));
    assert_eq!(block.expect("a block")["timestamp"], format!("{:#x}", event.time));
    assert!(receipt.gas > 100_000);
    let [only] = &events(&node)[..] else { panic!("there is one event") };
    assert_eq!(only["transactionHash"], receipt.transaction.to_string());
    assert_eq!(only["topics"][3], event.statement.to_string());
}

#[test]
fn constraints_in_contracts_of_their_own() {
    let file = proof_of(AirName::Keccak);
    let anvil = Anvil::start().expect("anvil starts");
    let node = Node::connect(anvil.url()).expect("a node");
    let chain = Deployment::new(&node, &file.target(), Existing::default(), None).expect("contracts");
    let created: Vec<_> = chain.verifier_receipts.iter().map(|receipt| receipt.contract.expect("a contract")).collect();
    assert!(created.len() > 1);
    assert_eq!(created.last(), Some(&chain.verifier));
    let (event, _) = chain.submit(&file, None).expect("it is recorded");
    assert_eq!(event.public_values, values(&file));

    // Where its pieces are is not known to who finds it.
    let existing = Existing { verifier: Some(chain.verifier), ..Existing::default() };
    let again = Deployment::new(&node, &file.target(), existing, None).expect("contracts");
    assert_eq!((again.verifier, &again.verifier_receipts[..]), (chain.verifier, &[][..]));
    assert_ne!(again.registry.address(), chain.registry.address());
    again.submit(&file, None).expect("it is recorded");
}

#[test]
fn contracts_of_an_earlier_submission() {
    let file = proof();
    let anvil = Anvil::start().expect("anvil starts");
    let node = Node::connect(anvil.url()).expect("a node");
    let first = Deployment::new(&node, &file.target(), Existing::default(), None).expect("contracts");
    let (event, receipt) = first.submit(&file, None).expect("it is recorded");
    let (verifier, registry) = (first.verifier, first.registry.address());

    let path = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(path.path(), file.to_bytes()).expect("it is written");
    let path = path.path().to_string_lossy();
    let submit = |verifier: Address, registry: Address| {
        let places = [format!("--contract={verifier}"), format!("--registry={registry}")];
        karat(&["submit", &path, "--node", anvil.url(), &places[0], &places[1]])
    };
    let (submitted, text, error) = submit(verifier, registry);
    assert!(submitted, "{error}");
    has_lines(
        &text,
        &[
            &format!("contract     FibVerifier at {verifier}, there already"),
            &format!("registry     {registry}, there already"),
            "transaction  0x",
            &format!("statement    {}", event.statement),
        ],
    );
    // One transaction, because nothing was deployed, and one event more of the same registry.
    assert_eq!(node.request("eth_blockNumber", &json!([])).expect("a number"), format!("{:#x}", receipt.block + 1));
    let events = events(&node);
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event["address"] == registry.to_string().to_lowercase()), "{events:?}");

    for (places, name, found) in [
        ((registry, registry), "FibVerifier", "another AIR"),
        ((verifier, verifier), "Registry", "another version"),
        ((node.account(), registry), "FibVerifier", "without code"),
    ] {
        let (submitted, text, error) = submit(places.0, places.1);
        assert!(!submitted && text.is_empty() && error.contains(name) && error.contains(found), "{text}{error}");
    }
    let mut other = file.target();
    other.parameters.num_queries += 1;
    let existing = Existing { verifier: Some(verifier), registry: Some(registry) };
    let error = node_error(Deployment::new(&node, &other, existing, None));
    assert!(matches!(error, NodeError::NotThere { address, .. } if address == verifier), "{error}");
    let (submitted, _, error) = karat(&["submit", &path, &format!("--registry={registry}")]);
    assert!(!submitted && error.contains("--node"), "{error}");
}

#[test]
fn nothing_is_recorded_of_a_spoiled_proof_or_with_too_little_gas() {
    let file = proof();
    let anvil = Anvil::start().expect("anvil starts");
    let node = Node::connect(anvil.url()).expect("a node");
    let chain = Deployment::new(&node, &file.target(), Existing::default(), None).expect("contracts");
    // The proof within the call of its contract: after the selector, two offsets and its length.
    let (call, values) = (file.calldata().expect("a call"), values(&file));
    let length = u64::from_be_bytes(call[92..100].try_into().expect("8 bytes")) as usize;
    let mut spoiled = call[100..100 + length].to_vec();
    spoiled[100] ^= 1;
    let submit_spoiled = |gas| {
        let outcome = chain.registry.submit(chain.verifier, &spoiled, &values, gas);
        node_error(outcome.map_err(Error::from))
    };

    let blocks = |node: &Node| node.request("eth_blockNumber", &json!([])).expect("a number");
    let before = blocks(&node);
    let error = submit_spoiled(None);
    assert!(matches!(error, NodeError::Rejected(at) if at == chain.verifier), "{error}");
    assert!(error.to_string().contains("unaltered"), "{error}");
    assert_eq!(blocks(&node), before, "nothing was sent");

    // Sent all the same: it is undone, with gas to spare.
    let error = submit_spoiled(Some(10_000_000));
    assert!(matches!(error, NodeError::Undone { used, limit: 10_000_000, .. } if used < 9_000_000), "{error}");
    // Less than the bytes of the call cost: no block could have it.
    let error = node_error(chain.submit(&file, Some(100_000)));
    assert!(matches!(error, NodeError::TooLittleGas { limit: 100_000, least, .. } if least > 100_000), "{error}");
    // More than its bytes cost, and less than the contract's code does besides.
    let error = node_error(Deployment::new(&node, &file.target(), Existing::default(), Some(500_000)));
    let NodeError::Undone { used, limit: 500_000, .. } = error else { panic!("{error}") };
    assert!(used > 400_000 && error.to_string().contains(&format!("used {used} of its 500000 gas")), "{error}");
    assert!(events(&node).is_empty());

    let (event, _) = chain.submit(&file, None).expect("the proof itself is recorded");
    assert_eq!(event.verifier, chain.verifier);
}

#[test]
fn nodes_that_cannot_be_used() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let url = format!("http://127.0.0.1:{port}");
    let error = Node::connect(&url).expect_err("nothing is there");
    assert!(matches!(error, NodeError::Unreachable { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(&url) && text.contains("8545") && text.contains("anvil"), "{text}");
    let error = Node::connect("not an address").expect_err("no address");
    assert!(matches!(error, NodeError::Unreachable { .. }), "{error}");

    let anvil = Anvil::start_with(&["--accounts", "0"]).expect("anvil starts");
    let error = Node::connect(anvil.url()).expect_err("no account");
    assert!(matches!(error, NodeError::NoAccount(_)) && error.to_string().contains("unlock one"), "{error}");
}

/// Whether `karat` succeeded, and what it wrote.
fn karat(arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_karat")).args(arguments).output().expect("karat runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

const PROVE: [&str; 7] =
    ["prove", "--air=fib", "--log-rows=6", "--log-blowup=2", "--log-final=2", "--queries=3", "--pow-bits=2"];

/// Insists on lines that begin like this, in this order.
fn has_lines(text: &str, beginnings: &[&str]) {
    let mut lines = text.lines();
    for beginning in beginnings {
        assert!(lines.any(|line| line.starts_with(beginning)), "no {beginning:?} where it should be: {text}");
    }
}

#[test]
fn from_the_simulated_card_to_the_event_with_one_command() {
    let prove = [&PROVE[..], &["--card=sim", "--hash=keccak", "--submit"]].concat();
    let (recorded, text, error) = karat(&prove);
    assert!(recorded, "{error}");
    let contracts = ["node         ", "contract     FibVerifier at 0x", "registry     0x"];
    has_lines(&text, &contracts);
    has_lines(
        &text,
        &[contracts[2], "verified     yes", "transaction  0x", "gas          ", "prover       0x", "public 0"],
    );

    // Before the proof, not after it.
    let (recorded, text, error) = karat(&[&prove[..], &["--node=http://127.0.0.1:1"]].concat());
    assert!(
        !recorded && text.is_empty() && error.contains("127.0.0.1:1") && !error.contains("proving"),
        "{text}{error}"
    );
    let (recorded, text, error) = karat(&[&PROVE[..], &["--card=model", "--submit"]].concat());
    assert!(!recorded && text.is_empty() && error.contains("prove with `--hash keccak`"), "{text}{error}");
    for alone in ["--node=http://127.0.0.1:1", "--gas=1000000"] {
        let (recorded, _, error) = karat(&[&PROVE[..], &["--card=model", alone]].concat());
        assert!(!recorded && error.contains("--submit"), "{error}");
    }
}

#[test]
fn a_proof_file_by_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("proof").to_string_lossy().into_owned();
    let prove = |arguments: &[&str]| {
        let (proved, _, error) = karat(&[&PROVE[..], &["--card=model", "--proof", &file], arguments].concat());
        assert!(proved, "{error}");
    };
    prove(&["--hash=keccak"]);
    let (submitted, text, error) = karat(&["submit", &file]);
    assert!(submitted, "{error}");
    has_lines(
        &text,
        &["contract     FibVerifier at 0x", "transaction  0x", "gas          ", "prover       0x", "time "],
    );
    let (submitted, text, error) = karat(&["submit", "--gas=500000", &file]);
    assert!(!submitted && text.is_empty() && error.contains("of its 500000 gas"), "{text}{error}");

    prove(&[]);
    let (submitted, _, error) = karat(&["submit", &file]);
    assert!(!submitted && error.contains("prove with `--hash keccak`"), "{error}");
}
