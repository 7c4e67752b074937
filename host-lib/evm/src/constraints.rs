//! How the constraints of an AIR become part of a contract: as code, as a tape in its code, or as one in other contracts'.

use karat_constraints::Dag;

use crate::config::Challenge;
use crate::evm::GAS_LIMIT;
use crate::layout::Constants;
use crate::tape::{MEMORY_LIMIT, Tape};
use crate::yul::Leaves;
use crate::{Error, Shape, kernel, pieces, source, yul};

/// Operations that become code: more would not leave room for the rest of a contract.
const MAX_OPERATIONS: usize = 300;

/// The constraints, as they are in a contract.
pub(crate) struct Constraints {
    /// The contract's constants, which know how much memory the constraints take.
    pub constants: Constants,
    /// What the contract evaluates them by.
    pub code: String,
    /// What transactions carry that put the tape onto a chain, if it is in other contracts.
    pub pieces: Vec<Vec<u8>>,
}

impl Constraints {
    /// The constraints of a graph. `longest_seed`, and `data` that periodic columns are read from, are in bytes.
    pub fn new<E: Challenge>(
        name: &str,
        dag: &Dag,
        shape: &Shape,
        longest_seed: usize,
        data: usize,
    ) -> Result<Self, Error> {
        if dag.operations() <= MAX_OPERATIONS {
            let constants = Constants::new(shape, longest_seed, data, yul::slots(dag));
            let code = yul::constraints(dag, shape, &constants, E::STRIDE);
            let code = source::functions::<E>(&code) + &code;
            let code = source::function_of("constraints(uint256 alpha)", "returns (uint256 folded) ", &code);
            check_gas(name, &constants, 0)?;
            return Ok(Self { constants, code, pieces: Vec::new() });
        }
        let tape = Tape::new(dag);
        let constants = Constants::new(shape, longest_seed, data.max(tape.buffer()), tape.schedule.slots);
        check_gas(name, &constants, tape.gas())?;
        if constants.get("SLOTS") + 32 * tape.schedule.slots > MEMORY_LIMIT {
            return Err(Error::Unsupported("constraints that need too many values at once"));
        }
        let data = tape.pieces(dag, Leaves { shape, constants: &constants });
        let interpreter = kernel::interpreter(&tape.cut.forms, shape.degree, E::STRIDE);
        let interpreter = source::functions::<E>(&interpreter) + &interpreter;
        let (code, pieces) = match &data[..] {
            [data] if tape.is_inside() => (pieces::inside(data, &interpreter), Vec::new()),
            _ => {
                let deployments = data.iter().map(|piece| pieces::deployment(piece)).collect();
                (pieces::outside(&data, &interpreter), deployments)
            }
        };
        Ok(Self { constants, code, pieces })
    }
}

/// Refuses what no transaction has the gas for.
fn check_gas(name: &str, constants: &Constants, constraints: u64) -> Result<(), Error> {
    let bytes = constants.get("FIXED_BYTES");
    let gas = least_gas(bytes as u64, constraints);
    if gas > GAS_LIMIT {
        return Err(Error::TooMuchGas { name: name.to_owned(), bytes, gas, limit: GAS_LIMIT });
    }
    Ok(())
}

/// What a verification takes at least, about: of EIP-7623's floor, and of the execution, which takes as much as calldata
/// for reading it, and `constraints`. Next to no byte of field elements and digests is zero.
fn least_gas(bytes: u64, constraints: u64) -> u64 {
    (40 * bytes).max(32 * bytes + constraints) / 256 * 255
}
