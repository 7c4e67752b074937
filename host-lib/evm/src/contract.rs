//! Contracts of an AIR.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::marker::PhantomData;

use p3_air::symbolic::{AirLayout, SymbolicAirBuilder, get_all_symbolic_constraints};
use p3_air::{Air, BaseAir};
use p3_commit::PolynomialSpace;
use p3_dft::{NaiveDft, TwoAdicSubgroupDft};
use p3_field::{Field, PrimeCharacteristicRing, PrimeField64};
use p3_uni_stark::Proof as P3Proof;

use crate::compiler::CODE_LIMIT;
use crate::config::{Challenge, Config, PreprocessedKey, Val};
use crate::dag::Dag;
use crate::layout::Constants;
use crate::shape::chunk_domains;
use crate::{Error, Parameters, Shape, encoding, tape, yul};

/// The files that all contracts share.
const LIBRARY: [(&str, &str); 6] = [
    ("Goldilocks.sol", include_str!("../contracts/Goldilocks.sol")),
    ("Transcript.sol", include_str!("../contracts/Transcript.sol")),
    ("Merkle.sol", include_str!("../contracts/Merkle.sol")),
    ("Queries.sol", include_str!("../contracts/Queries.sol")),
    ("Registry.sol", include_str!("../contracts/Registry.sol")),
    ("Stark.sol", include_str!("../contracts/Stark.sol")),
];

/// Operations of constraints that become code: more would not leave room for the rest of a contract.
const MAX_OPERATIONS: usize = 400;

/// A contract that verifies proofs of one AIR with one set of parameters, for traces of one height.
#[derive(Clone, Debug)]
pub struct Contract<E> {
    /// Its name, and its file's without `.sol`.
    pub name: String,
    /// Solidity files by name: everything that it takes to compile it.
    pub sources: BTreeMap<String, String>,
    /// The shape of its proofs.
    pub shape: Shape,
    challenge: PhantomData<E>,
}

impl<E: Challenge> Contract<E> {
    /// A proof as the contract takes it.
    ///
    /// # Errors
    /// For a proof of another shape.
    pub fn encode(&self, proof: &P3Proof<Config<E>>) -> Result<Vec<u8>, Error> {
        encoding::encode(&self.shape, proof)
    }
}

/// The contract `name` for proofs that `air` is satisfied by a trace of `2^log_rows` rows. An AIR with preprocessed columns
/// needs their commitment.
///
/// # Errors
/// For an AIR, a commitment or parameters that no contract is made for. Whether the code is too large for a chain is known
/// when it is compiled.
pub fn export<E, A>(
    air: &A,
    parameters: &Parameters,
    log_rows: usize,
    preprocessed: Option<&PreprocessedKey<E>>,
    name: &str,
) -> Result<Contract<E>, Error>
where
    E: Challenge,
    A: Air<SymbolicAirBuilder<Val>>,
{
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if !is_name(name) || name == "Stark" || LIBRARY.iter().any(|(file, _)| file.strip_suffix(".sol") == Some(name)) {
        return Err(Error::Name(name.to_owned()));
    }
    if !air.public_boundary_io().is_empty() {
        return Err(Error::Unsupported("public values bound to the boundary of the trace"));
    }
    let shape = Shape::new::<E, A>(air, parameters, log_rows)?;
    check_key(&shape, preprocessed)?;
    let (base, extension) = get_all_symbolic_constraints::<Val, Val, A>(air, AirLayout::from_air::<Val>(air));
    if !extension.is_empty() {
        return Err(Error::Unsupported("constraints over an extension"));
    }
    let dag = Dag::new(&base);
    let seeds = shape.seeds::<E, A>(air);
    let longest = seeds.iter().map(Vec::len).max().unwrap_or(0);
    let constants = Constants::new(&shape, longest, yul::slots(&dag).max(tape::slots(&dag)));

    let cap: Vec<u8> = preprocessed.map_or(Vec::new(), |key| key.commitment.roots().concat());
    let periodic = periodic_columns::<A>(air, &shape, &constants)?;
    let mut body = String::new();
    for (function, bytes) in ["seed", "openingSeed", "friSeed"].into_iter().zip(&seeds) {
        let code = format!("{}end := add(to, {})\n", stores("to", bytes), bytes.len());
        body += &format!(
            "    function {function}(uint256 to) internal pure override returns (uint256 end) {{\n        assembly \
             (\"memory-safe\") {{\n{}        }}\n    }}\n\n",
            indent(&code)
        );
    }
    body += &procedure("preprocessedCap", &stores(&constants.get("PREPROCESSED_CAP").to_string(), &cap));
    body += &procedure("chunks", &chunks(&shape, &constants));
    body += &procedure("periodicColumns", &(periodic.0 + &if periodic.1 { E::YUL } else { "" }));
    let operations = dag.operations();
    // Seven bytes an operation, in words that take five more to write.
    let size = operations * 7 * 37 / 32;
    if size > CODE_LIMIT {
        return Err(Error::TooLarge { name: name.to_owned(), size, limit: CODE_LIMIT });
    }
    let constraints = match operations > MAX_OPERATIONS {
        true => tape::constraints(&dag, &shape, &constants, E::STRIDE),
        false => yul::constraints(&dag, &shape, &constants, E::STRIDE),
    };
    body += &format!(
        "    function constraints(uint256 alpha) internal pure override returns (uint256 folded) {{\n        assembly \
         (\"memory-safe\") {{\n{}{}        }}\n    }}\n",
        indent(E::YUL),
        indent(&constraints)
    );
    let main = format!(
        "// SPDX-License-Identifier: MIT OR Apache-2.0\npragma solidity ^0.8.28;\n\nimport {{P}} from \
         \"./Goldilocks.sol\";\nimport {{LANE}} from \"./Extension.sol\";\nimport {{Stark}} from \
         \"./Stark.sol\";\n\ncontract {name} is Stark {{\n{body}}}\n"
    );
    let mut sources: BTreeMap<String, String> =
        LIBRARY.iter().map(|&(file, text)| (file.to_owned(), text.to_owned())).collect();
    sources.insert("Extension.sol".to_owned(), E::SOURCE.to_owned());
    sources.insert("Fold.sol".to_owned(), E::FOLD.to_owned());
    sources.insert("Parameters.sol".to_owned(), constants.source());
    sources.insert(format!("{name}.sol"), main);
    Ok(Contract { name: name.to_owned(), sources, shape, challenge: PhantomData })
}

fn check_key<E: Challenge>(shape: &Shape, key: Option<&PreprocessedKey<E>>) -> Result<(), Error> {
    let (width, log_rows) = (shape.preprocessed_width, shape.log_rows);
    let roots = 1 << shape.cap_height(shape.log_height());
    let got = match key {
        None if width == 0 => return Ok(()),
        None => "none".to_owned(),
        Some(key) if key.width == width && key.degree_bits == log_rows && key.commitment.num_roots() == roots => {
            return Ok(());
        }
        Some(key) => format!("{} in 2^{} rows, with {} roots", key.width, key.degree_bits, key.commitment.num_roots()),
    };
    Err(Error::PreprocessedKey { width, log_rows, got })
}

fn indent(code: &str) -> String {
    code.lines().map(|line| format!("            {line}\n")).collect()
}

/// A function without arguments.
fn procedure(name: &str, code: &str) -> String {
    format!(
        "    function {name}() internal pure override {{\n        assembly (\"memory-safe\") {{\n{}        }}\n    }}\n\n",
        indent(code)
    )
}

/// Code that writes bytes to memory, and perhaps some more behind them.
fn stores(to: &str, bytes: &[u8]) -> String {
    let mut code = String::new();
    for (i, word) in bytes.chunks(32).enumerate() {
        let digits: String = word.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(code, "mstore(add({to}, {}), 0x{digits:0<64})", 32 * i).expect("strings can be written to");
    }
    code
}

/// For every chunk: one over the product of the other chunks' vanishing polynomials on its domain, and one over its shift
/// to the power of the rows.
fn chunks(shape: &Shape, constants: &Constants) -> String {
    let domains = chunk_domains(shape);
    let at = constants.get("CHUNK_FACTORS");
    let mut code = String::new();
    for (i, domain) in domains.iter().enumerate() {
        let others = domains.iter().enumerate().filter(|&(j, _)| j != i);
        let factor: Val = others.map(|(_, other)| other.vanishing_poly_at_point(domain.first_point())).product();
        let inverse_shift = domain.shift_inverse().exp_power_of_2(shape.log_rows);
        for (k, value) in [factor.inverse(), inverse_shift].into_iter().enumerate() {
            let value = value.as_canonical_u64();
            writeln!(code, "mstore({:#x}, {value:#x})", at + 64 * i + 32 * k).expect("string");
        }
    }
    code
}

/// Code that evaluates the periodic columns, by their coefficients; and whether there are any.
fn periodic_columns<A: BaseAir<Val>>(air: &A, shape: &Shape, constants: &Constants) -> Result<(String, bool), Error> {
    let mut code = String::new();
    let columns = air.periodic_columns();
    for (i, column) in columns.iter().enumerate() {
        if !column.len().is_power_of_two() || column.len() > 1 << shape.log_rows {
            return Err(Error::Unsupported("a periodic column whose period does not divide the rows"));
        }
        let folds = shape.log_rows - column.len().ilog2() as usize;
        let coefficients = NaiveDft.idft(column.clone());
        let power = format!("mload({:#x})", constants.get("SQUARES") + 32 * folds);
        let mut terms = coefficients.iter().rev().map(|c| format!("{:#x}", c.as_canonical_u64()));
        let first = terms.next().unwrap_or_else(|| "0".to_owned());
        let last = constants.get("PERIODIC") + 32 * i;
        writeln!(code, "{{\nlet power := {power}\nlet sum := {first}").expect("string");
        for term in terms {
            writeln!(code, "sum := add(product(sum, power), {term})").expect("string");
        }
        writeln!(code, "mstore({last:#x}, reduced(sum))\n}}").expect("string");
    }
    let any = !columns.is_empty();
    Ok((code, any))
}
