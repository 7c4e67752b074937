//! The Solidity compiler: npm's `solc`, which is WebAssembly, run by Node.js. Its output is cached.

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use karat_packages::node::{self, Package};
use karat_packages::store::{self, Key};
use karat_packages::{Error as PackageError, cache_dir};
use serde_json::{Value, json};

use crate::config::Challenge;
use crate::layout::MEMORY_START;
use crate::{Contract, Error};

/// The most bytes of a contract that a chain takes.
pub(crate) const CODE_LIMIT: usize = 24_576;

const SOLC: Package = Package {
    name: "solc",
    version: "0.8.37",
    sha256: "0e1a1ab6d12c37f5503271b2c4679cd433459c884851920d148d6fb154575a51",
    files: &["soljson.js"],
    otherwise: "",
};

/// What the compiler is asked for.
const CODE: [&str; 3] =
    ["evm.bytecode.object", "evm.deployedBytecode.object", "evm.deployedBytecode.immutableReferences"];

/// Compiles what is on standard input with the compiler that is named as the argument.
const SCRIPT: &str = "const fs = require('fs'), m = require(process.argv[1]);
    const compile = m.cwrap('solidity_compile', 'string', ['string', 'number', 'number']);
    process.stdout.write(compile(fs.readFileSync(0, 'utf8'), 0, 0));";

/// A contract that can be deployed.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Its name.
    pub name: String,
    /// What a transaction that deploys it carries.
    pub code: Vec<u8>,
    /// What is on the chain then, with zeros where it is told something when it is deployed.
    pub deployed: Vec<u8>,
    /// Where that is.
    pub immutable: Vec<Range<usize>>,
    /// What other transactions carry, before that one: it is followed by the addresses of the contracts that they make.
    pub pieces: Vec<Vec<u8>>,
}

impl<E: Challenge> Contract<E> {
    /// Compiles the contract.
    ///
    /// # Errors
    /// Without a network, if the compiler is not in the cache; and for a contract that is too large.
    pub fn compile(&self) -> Result<Compiled, Error> {
        Ok(Compiled { pieces: self.pieces.clone(), ..self.compile_named(&self.name)? })
    }

    /// Compiles a contract from the sources of this one, which takes no pieces.
    ///
    /// # Errors
    /// As [`Contract::compile`].
    pub fn compile_named(&self, name: &str) -> Result<Compiled, Error> {
        let input = self.compiler_input().to_string();
        let key = Key::new("contract 2").field(SOLC.sha256).field(&input).field(name).finish();
        let make = |place: &Path| {
            let path = place.join("evm.json");
            let found = self.run(name, &input)?.to_string();
            fs::write(&path, found).map_err(PackageError::io("writing", path))?;
            Ok::<(), Error>(())
        };
        let (place, _) = store::entry(&cache_dir(), &format!("contracts/{name}-{key}"), make)?;
        let path = place.join("evm.json");
        let found = fs::read_to_string(&path).map_err(PackageError::io("reading", path))?;
        let compiled = read(name, &found).ok_or_else(|| Error::Compile { name: name.to_owned(), output: found })?;
        let size = compiled.deployed.len();
        if size > CODE_LIMIT {
            return Err(Error::TooLarge { name: name.to_owned(), size, limit: CODE_LIMIT });
        }
        if reserved(&compiled.deployed).is_none_or(|end| end > MEMORY_START) {
            return Err(Error::Unsupported("constraints of which the compiler keeps too many values in memory"));
        }
        Ok(compiled)
    }

    /// The input of the compiler, as `solc --standard-json` takes it.
    pub fn compiler_input(&self) -> Value {
        let source = |(name, text): (&String, &String)| (name.clone(), json!({ "content": text }));
        json!({
            "language": "Solidity",
            "sources": self.sources.iter().map(source).collect::<serde_json::Map<String, Value>>(),
            "settings": {
                "viaIR": true,
                "evmVersion": "osaka",
                "optimizer": {
                    "enabled": true,
                    "runs": 200,
                    // Masks as they are: made of others, they are shorter, and take several times the gas in every loop.
                    "details": {
                        "constantOptimizer": false,
                        "yul": true,
                        "cse": true,
                        "deduplicate": true,
                        "inliner": true,
                        "jumpdestRemover": true,
                        "orderLiterals": true,
                        "peephole": true,
                    },
                },
                "metadata": { "bytecodeHash": "none", "appendCBOR": false },
                "outputSelection": { "*": { "*": CODE } },
            },
        })
    }

    /// What the compiler makes of contract `name`.
    fn run(&self, name: &str, input: &str) -> Result<Value, Error> {
        let value = solc(name, input)?;
        let files = value["contracts"].as_object().into_iter().flat_map(serde_json::Map::values);
        let found = files.map(|file| &file[name]["evm"]).find(|found| found.is_object());
        let output = format!("no file has a contract `{name}`");
        found.cloned().ok_or_else(|| Error::Compile { name: name.to_owned(), output })
    }
}

impl Compiled {
    /// Whether this is what is on a chain once the contract is, whatever it was told.
    pub fn is_deployed_as(&self, code: &[u8]) -> bool {
        let mut code = code.to_vec();
        for range in &self.immutable {
            code.get_mut(range.clone()).into_iter().for_each(|told| told.fill(0));
        }
        code == self.deployed
    }
}

/// A contract from what the compiler makes of it.
fn read(name: &str, evm: &str) -> Option<Compiled> {
    let evm: Value = serde_json::from_str(evm).ok()?;
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let range = |place: &Value| {
        let start = number(&place["start"])?;
        Some(start..start + number(&place["length"])?)
    };
    let deployed = &evm["deployedBytecode"];
    let places = deployed["immutableReferences"].as_object().into_iter().flat_map(serde_json::Map::values);
    let places = places.filter_map(Value::as_array).flatten();
    Some(Compiled {
        name: name.to_owned(),
        code: bytes(evm["bytecode"]["object"].as_str()?)?,
        deployed: bytes(deployed["object"].as_str()?)?,
        immutable: places.map(range).collect::<Option<_>>()?,
        pieces: Vec::new(),
    })
}

/// What the compiler says to an input of its standard JSON. `name` is for errors.
///
/// # Errors
/// Without a network, if the compiler is not in the cache; and when it refuses the input.
pub fn solc(name: &str, input: &str) -> Result<Value, Error> {
    let node = node::node()?;
    let compiler = node.package(&SOLC)?.join("soljson.js");
    let io = || PackageError::io("running", &compiler);
    let mut command = Command::new(&node.node);
    command.args(["-e", SCRIPT]).arg(&compiler);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(io())?;
    let mut stdin = child.stdin.take().expect("standard input is piped");
    // Beside the reading of its output: pipes hold only so much.
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output()
    });
    let output = output.map_err(io())?;
    let failed = |output: String| Error::Compile { name: name.to_owned(), output };
    let said = || failed(String::from_utf8_lossy(&output.stderr).into_owned());
    let value: Value = serde_json::from_slice(&output.stdout).map_err(|_| said())?;
    let messages = value["errors"].as_array().into_iter().flatten();
    let errors: Vec<&str> = messages
        .filter(|message| message["severity"] == "error")
        .filter_map(|message| message["formattedMessage"].as_str())
        .collect();
    if errors.is_empty() { Ok(value) } else { Err(failed(errors.join("\n"))) }
}

/// Where the memory ends that the compiler takes for itself: what a contract first writes to the place of that pointer.
fn reserved(code: &[u8]) -> Option<usize> {
    let (end, rest) = match code {
        [0x60, a, rest @ ..] => (usize::from(*a), rest),
        [0x61, a, b, rest @ ..] => (usize::from(u16::from_be_bytes([*a, *b])), rest),
        _ => return None,
    };
    // PUSH, perhaps DUP1, PUSH1 0x40, MSTORE.
    matches!(rest, [0x60, 0x40, 0x52, ..] | [0x80, 0x60, 0x40, 0x52, ..]).then_some(end)
}

/// The bytes of hexadecimal digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}
