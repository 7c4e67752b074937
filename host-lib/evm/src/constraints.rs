//! How the constraints of an AIR become part of a contract: as code, as a tape in its code, or as one in other contracts'.

use crate::config::Challenge;
use crate::dag::Dag;
use crate::layout::Constants;
use crate::tape::Tape;
use crate::yul::Leaves;
use crate::{Shape, kernel, pieces, source, yul};

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
    /// Gas that they take, about, if they are on a tape.
    pub gas: u64,
}

impl Constraints {
    /// The constraints of a graph. `longest_seed` is in bytes.
    pub fn new<E: Challenge>(dag: &Dag, shape: &Shape, longest_seed: usize) -> Self {
        if dag.operations() <= MAX_OPERATIONS {
            let constants = Constants::new(shape, longest_seed, 0, yul::slots(dag));
            let code = E::YUL.to_owned() + &yul::constraints(dag, shape, &constants, E::STRIDE);
            let code = source::function_of("constraints(uint256 alpha)", "returns (uint256 folded) ", &code);
            return Self { constants, code, pieces: Vec::new(), gas: 0 };
        }
        let tape = Tape::new(dag);
        let constants = Constants::new(shape, longest_seed, tape.buffer(), tape.schedule.slots);
        let data = tape.pieces(dag, Leaves { shape, constants: &constants });
        let interpreter = E::YUL.to_owned() + &kernel::interpreter(&tape.cut.forms, shape.degree, E::STRIDE);
        let (code, pieces) = match &data[..] {
            [data] if tape.is_inside() => (pieces::inside(data, &interpreter), Vec::new()),
            _ => {
                let deployments = data.iter().map(|piece| pieces::deployment(piece)).collect();
                (pieces::outside(&data, &interpreter), deployments)
            }
        };
        Self { constants, code, pieces, gas: tape.gas() }
    }
}
