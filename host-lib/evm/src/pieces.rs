//! Data as the code of contracts: pieces of a tape that the contract itself has no room for.

use revm::primitives::{hex, keccak256};

use crate::source::{assembly, stores};

/// Bytes that put others behind them onto a chain as code: PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN.
const DEPLOY: [u8; 10] = [0x61, 0, 0, 0x80, 0x60, 10, 0x5f, 0x39, 0x5f, 0xf3];

/// What is on a chain then: a stop, so that a call does nothing, and the data.
fn deployed(piece: &[u8]) -> Vec<u8> {
    [&[0], piece].concat()
}

/// What a transaction carries that puts a piece onto a chain.
pub(crate) fn deployment(piece: &[u8]) -> Vec<u8> {
    let code = deployed(piece);
    let mut deploy = DEPLOY;
    deploy[1..3].copy_from_slice(&u16::try_from(code.len()).expect("pieces are of the code's limit").to_be_bytes());
    [&deploy[..], &code].concat()
}

/// The constructor, and `constraints`, of a contract that reads its tape from pieces. The hash of a piece's code is
/// checked once: code does not change.
pub(crate) fn outside(pieces: &[Vec<u8>], interpreter: &str) -> String {
    let count = pieces.len();
    let each = |line: &dyn Fn(usize, &[u8]) -> String| -> String {
        pieces.iter().enumerate().map(|(i, piece)| line(i, piece)).collect()
    };
    let places = each(&|i, _| format!("    address private immutable PIECE_{i};\n"));
    let checks = each(&|i, piece| {
        let hash = hex::encode_prefixed(keccak256(deployed(piece)));
        format!(
            "        if (pieces[{i}].codehash != {hash}) revert WrongPiece({i});\n        PIECE_{i} = pieces[{i}];\n"
        )
    });
    let calls = each(&|i, _| format!("        folded = interpret(PIECE_{i}, alpha, folded);\n"));
    let copy = "let until := sub(add(TAPE, extcodesize(piece)), 1)
let next := TAPE
extcodecopy(piece, TAPE, 1, sub(until, TAPE))
";
    format!(
        "    /// A contract that does not hold its part of the constraints.
    error WrongPiece(uint256 index);

{places}
    /// The contracts that hold the constraints, in order.
    constructor(address[{count}] memory pieces) {{
{checks}    }}

    function constraints(uint256 alpha) internal view override returns (uint256 folded) {{
{calls}    }}

    function interpret(address piece, uint256 alpha, uint256 sum) private view returns (uint256 folded) {{
        folded = sum;
{}    }}
",
        assembly(&format!("{copy}{interpreter}"))
    )
}

/// `constraints` of a contract that holds its tape itself.
pub(crate) fn inside(tape: &[u8], interpreter: &str) -> String {
    let start = format!("let next := TAPE\nlet until := add(TAPE, {})\n", tape.len());
    format!(
        "    function constraints(uint256 alpha) internal pure override returns (uint256 folded) {{\n{}    }}\n",
        assembly(&(stores("TAPE", tape) + &start + interpreter))
    )
}
