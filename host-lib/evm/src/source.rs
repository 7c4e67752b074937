//! The file of a contract: what depends on the AIR.

use std::fmt::Write;

use p3_commit::PolynomialSpace;
use p3_field::{Field, PrimeCharacteristicRing, PrimeField64};

use crate::Shape;
use crate::config::{Challenge, Val};
use crate::layout::Constants;
use crate::periodic::Periodic;
use crate::shape::chunk_domains;

/// The file of contract `name`. `seeds` are those of the transcripts, and `cap` is the commitment to the preprocessed
/// columns.
pub(crate) fn contract<E: Challenge>(
    name: &str,
    shape: &Shape,
    constants: &Constants,
    seeds: &[Vec<u8>; 3],
    cap: &[u8],
    periodic: &Periodic,
    constraints: &str,
) -> String {
    let mut body = String::new();
    for (function, bytes) in ["seed", "openingSeed", "friSeed"].into_iter().zip(seeds) {
        let code = format!("{}end := add(to, {})\n", stores("to", bytes), bytes.len());
        body += &function_of(&format!("{function}(uint256 to)"), "returns (uint256 end) ", &code);
    }
    let cap = stores(&constants.get("PREPROCESSED_CAP").to_string(), cap);
    body += &function_of("preprocessedCap()", "", &cap);
    body += &function_of("chunks()", "", &chunks(shape, constants));
    let columns = periodic.code::<E>(shape, constants);
    body += &format!("    function periodicColumns() internal pure override {{\n{columns}    }}\n");
    body += constraints;
    format!(
        "// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {{P}} from \"./Goldilocks.sol\";
import {{Extension, LANE}} from \"./Extension.sol\";
import {{TAPE}} from \"./Parameters.sol\";
import {{Stark}} from \"./Stark.sol\";

contract {name} is Stark {{
{body}}}
"
    )
}

/// A function of assembly that the shared files declare.
pub(crate) fn function_of(signature: &str, returns: &str, code: &str) -> String {
    format!("    function {signature} internal pure override {returns}{{\n{}    }}\n", assembly(code))
}

/// Lines of assembly, in a function.
pub(crate) fn assembly(code: &str) -> String {
    let code: String = code.lines().map(|line| format!("            {line}\n")).collect();
    format!("        assembly (\"memory-safe\") {{\n{code}        }}\n")
}

/// The functions of an extension's arithmetic that code calls.
pub(crate) fn functions<E: Challenge>(code: &str) -> String {
    let called = |function: &&str| code.contains(&function[..=function.find('(').unwrap_or(0)]);
    let functions = E::YUL.split("function ").skip(1).filter(called);
    functions.map(|function| format!("function {function}")).collect()
}

/// Code that writes bytes to memory, and perhaps some more behind them.
pub(crate) fn stores(to: &str, bytes: &[u8]) -> String {
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
            writeln!(code, "mstore({:#x}, {value:#x})", at + 64 * i + 32 * k).expect("strings can be written to");
        }
    }
    code
}
