//! The AIRs of the command line, each with a generator of traces.
//!
//! Any other AIR of Plonky3's can be proved as well: see [`crate::prove_with_card`].

pub mod fibonacci;
pub mod keccak;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use p3_air::{Air, AirBuilder, BaseAir};
use p3_blake3_air::Blake3Air;
use p3_field::PrimeField64;
use p3_goldilocks::GenericPoseidon2LinearLayersGoldilocks;
use p3_matrix::dense::RowMajorMatrix;
use p3_poseidon2_air::{Poseidon2Air, RoundConstants};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::Poseidon2Constants;
use crate::config::Val;
use fibonacci::Fibonacci;
use keccak::KeccakSponge;

/// p3's Poseidon2 AIR of 180 columns: width 8, x^7 with one register, 4 + 4 full rounds, 22 partial rounds.
type Poseidon2 = Poseidon2Air<Val, GenericPoseidon2LinearLayersGoldilocks, 8, 7, 1, 4, 22>;

/// The name of an AIR.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AirName {
    /// Fibonacci numbers: 2 columns.
    Fib,
    /// Poseidon2 permutations: 180 columns.
    Poseidon2,
    /// The Keccak-f permutations of a Keccak-256 hash: 2633 columns.
    Keccak,
    /// Blake3 compressions: 9168 columns.
    Blake3,
}

impl AirName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fib, Self::Poseidon2, Self::Keccak, Self::Blake3];

    /// The name on the command line, in reports and in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fib => "fib",
            Self::Poseidon2 => "poseidon2",
            Self::Keccak => "keccak",
            Self::Blake3 => "blake3",
        }
    }
}

impl fmt::Display for AirName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AirName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|air| air.as_str() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no AIR {name:?}: it must be one of {names}")
        })
    }
}

/// Everything about an AIR that a verifier has to know besides its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AirSpec {
    /// See [`AirName::Fib`].
    Fib,
    /// See [`AirName::Poseidon2`].
    Poseidon2,
    /// See [`AirName::Keccak`].
    Keccak {
        /// Blocks of 136 bytes that are hashed.
        blocks: u64,
    },
    /// See [`AirName::Blake3`].
    Blake3,
}

impl AirSpec {
    /// The name.
    pub const fn name(self) -> AirName {
        match self {
            Self::Fib => AirName::Fib,
            Self::Poseidon2 => AirName::Poseidon2,
            Self::Keccak { .. } => AirName::Keccak,
            Self::Blake3 => AirName::Blake3,
        }
    }

    /// The AIR for `2^log_rows` rows.
    ///
    /// # Errors
    /// When it does not fit them.
    pub fn build(self, log_rows: usize) -> Result<NamedAir, Error> {
        Ok(match self {
            Self::Fib => NamedAir::Fib(Fibonacci),
            Self::Poseidon2 => NamedAir::Poseidon2(Box::new(poseidon2())),
            Self::Keccak { blocks } => NamedAir::Keccak(KeccakSponge::new(blocks, log_rows)?),
            Self::Blake3 => NamedAir::Blake3(Blake3Air {}),
        })
    }
}

/// One of the AIRs of the command line.
#[derive(Debug)]
pub enum NamedAir {
    /// See [`AirName::Fib`].
    Fib(Fibonacci),
    /// See [`AirName::Poseidon2`].
    Poseidon2(Box<Poseidon2Air<Val, GenericPoseidon2LinearLayersGoldilocks, 8, 7, 1, 4, 22>>),
    /// See [`AirName::Keccak`].
    Keccak(KeccakSponge),
    /// See [`AirName::Blake3`].
    Blake3(Blake3Air),
}

/// Calls the same method of whichever AIR it is.
macro_rules! delegate {
    ($self:ident, $air:ident => $call:expr) => {
        match $self {
            NamedAir::Fib($air) => $call,
            NamedAir::Poseidon2(boxed) => {
                let $air = boxed.as_ref();
                $call
            }
            NamedAir::Keccak($air) => $call,
            NamedAir::Blake3($air) => $call,
        }
    };
}

impl BaseAir<Val> for NamedAir {
    fn width(&self) -> usize {
        delegate!(self, air => BaseAir::<Val>::width(air))
    }

    fn num_periodic_columns(&self) -> usize {
        delegate!(self, air => BaseAir::<Val>::num_periodic_columns(air))
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<Val>]> {
        delegate!(self, air => BaseAir::<Val>::periodic_columns(air))
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        delegate!(self, air => BaseAir::<Val>::main_next_row_columns(air))
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        delegate!(self, air => BaseAir::<Val>::max_constraint_degree(air))
    }

    fn num_public_values(&self) -> usize {
        delegate!(self, air => BaseAir::<Val>::num_public_values(air))
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for NamedAir {
    fn eval(&self, builder: &mut AB) {
        delegate!(self, air => air.eval(builder));
    }
}

/// Something to prove.
#[derive(Debug)]
pub struct Statement {
    /// What the verifier has to know of the AIR.
    pub spec: AirSpec,
    /// The AIR.
    pub air: NamedAir,
    /// The trace, natural order.
    pub trace: RowMajorMatrix<Val>,
    /// The public values.
    pub public_values: Vec<Val>,
}

impl Statement {
    /// A trace of `2^log_rows` rows whose values are drawn from `seed`.
    ///
    /// # Errors
    /// When the AIR needs more rows, or no machine has so many.
    pub fn random(name: AirName, log_rows: usize, seed: u64) -> Result<Self, Error> {
        let min = match name {
            AirName::Fib => 1,
            AirName::Poseidon2 | AirName::Blake3 => 0,
            AirName::Keccak => keccak::MIN_LOG_ROWS,
        };
        if !(min..=MAX_LOG_ROWS).contains(&log_rows) {
            return Err(Error::Statement(format!(
                "a trace of {name} has from 2^{min} to 2^{MAX_LOG_ROWS} rows, not 2^{log_rows}"
            )));
        }
        let rows = 1 << log_rows;
        let mut rng = StdRng::seed_from_u64(seed);
        let (spec, trace, public_values) = match name {
            AirName::Fib => {
                let (trace, public_values) = fibonacci::trace(rng.random(), rng.random(), rows);
                (AirSpec::Fib, trace, public_values)
            }
            AirName::Poseidon2 => {
                let inputs = (0..rows).map(|_| rng.random()).collect();
                (AirSpec::Poseidon2, poseidon2_trace(inputs), Vec::new())
            }
            AirName::Keccak => {
                // As long as the rows allow: the padding takes a byte of the last block.
                let blocks = rows / keccak::ROUNDS;
                let message: Vec<u8> = (0..blocks * keccak::RATE - 1).map(|_| rng.random()).collect();
                return Self::keccak(&message, Some(log_rows));
            }
            AirName::Blake3 => {
                let inputs = (0..rows).map(|_| rng.random()).collect();
                let trace = p3_blake3_air::generate_trace_rows(inputs, 0);
                (AirSpec::Blake3, trace, Vec::new())
            }
        };
        Ok(Self { spec, air: spec.build(log_rows)?, trace, public_values })
    }

    /// The Keccak-256 hash of `message`, in `2^log_rows` rows, or as few as it takes.
    ///
    /// # Errors
    /// When it takes more.
    pub fn keccak(message: &[u8], log_rows: Option<usize>) -> Result<Self, Error> {
        let sponge = keccak::Absorbed::new(message);
        let needed = sponge.log_rows();
        let log_rows = log_rows.unwrap_or(needed);
        if !(needed..=MAX_LOG_ROWS).contains(&log_rows) {
            return Err(Error::Statement(format!(
                "the Keccak-256 hash of {} bytes takes from 2^{needed} to 2^{MAX_LOG_ROWS} rows, not 2^{log_rows}",
                message.len()
            )));
        }
        let spec = AirSpec::Keccak { blocks: sponge.blocks() };
        Ok(Self {
            spec,
            air: spec.build(log_rows)?,
            trace: sponge.trace(log_rows),
            public_values: sponge.public_values(),
        })
    }

    /// Rows of the trace, as a logarithm.
    pub fn log_rows(&self) -> usize {
        use p3_matrix::Matrix;
        self.trace.height().ilog2() as usize
    }

    /// The hash that a proof of [`AirName::Keccak`] is about, in hexadecimal.
    pub fn hash(&self) -> Option<String> {
        hash(self.spec, &self.public_values)
    }
}

/// The hash that public values of [`AirSpec::Keccak`] stand for, in hexadecimal.
pub fn hash(spec: AirSpec, public_values: &[Val]) -> Option<String> {
    matches!(spec, AirSpec::Keccak { .. }).then(|| {
        public_values
            .iter()
            .flat_map(|limb| (limb.as_canonical_u64() as u16).to_le_bytes())
            .map(|byte| format!("{byte:02x}"))
            .collect()
    })
}

/// log2 of the most rows of a trace that is generated here.
const MAX_LOG_ROWS: usize = 24;

fn poseidon2() -> Poseidon2 {
    // The permutation that the card itself hashes with, by default.
    let constants = Poseidon2Constants::default();
    Poseidon2::new(RoundConstants::new(constants.initial, constants.partial, constants.terminal))
}

/// The trace of one permutation a row.
fn poseidon2_trace(inputs: Vec<[Val; 8]>) -> RowMajorMatrix<Val> {
    let constants = Poseidon2Constants::default();
    let constants = RoundConstants::new(constants.initial, constants.partial, constants.terminal);
    p3_poseidon2_air::generate_trace_rows::<Val, GenericPoseidon2LinearLayersGoldilocks, 8, 7, 1, 4, 22>(
        inputs, &constants, 0,
    )
}
