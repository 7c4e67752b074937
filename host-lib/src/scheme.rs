//! A configuration's types, chosen while a program runs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::{Challenge, CubicChallenge};
use crate::{ChallengeField, HashFunction, HashingFor, Keccak, Poseidon2};

/// The hash, and the field of challenges by its degree.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Scheme {
    /// The hash of trees and transcript.
    pub hash: HashName,
    /// Coefficients of a challenge.
    pub degree: Degree,
}

/// A [`HashFunction`] by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum HashName {
    /// Poseidon2 of width 8.
    #[default]
    Poseidon2,
    /// Keccak-256, which contracts can check.
    Keccak,
}

impl fmt::Display for HashName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Poseidon2 => "poseidon2",
            Self::Keccak => "keccak",
        })
    }
}

impl From<HashFunction> for HashName {
    fn from(function: HashFunction) -> Self {
        match function {
            HashFunction::Poseidon2 => Self::Poseidon2,
            HashFunction::Keccak => Self::Keccak,
        }
    }
}

/// The degree of the field of challenges over Goldilocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, clap::ValueEnum)]
pub enum Degree {
    /// 128 bits.
    #[default]
    #[value(name = "2")]
    #[serde(rename = "2")]
    Two,
    /// 192 bits.
    #[value(name = "3")]
    #[serde(rename = "3")]
    Three,
}

impl fmt::Display for Degree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Two => "2",
            Self::Three => "3",
        })
    }
}

/// What can be done with the types of any scheme.
pub trait WithTypes {
    /// What comes of it.
    type Output;
    /// Does it.
    fn run<E: ChallengeField, H: HashingFor<E>>(self) -> Self::Output;
}

impl Scheme {
    /// The scheme of these types.
    pub fn of<E: ChallengeField, H: HashingFor<E>>() -> Self {
        let degree = if E::DIMENSION == 2 { Degree::Two } else { Degree::Three };
        Self { hash: H::FUNCTION.into(), degree }
    }

    /// Does something with the scheme's types.
    pub fn with_types<W: WithTypes>(self, work: W) -> W::Output {
        match (self.hash, self.degree) {
            (HashName::Poseidon2, Degree::Two) => work.run::<Challenge, Poseidon2>(),
            (HashName::Poseidon2, Degree::Three) => work.run::<CubicChallenge, Poseidon2>(),
            (HashName::Keccak, Degree::Two) => work.run::<Challenge, Keccak>(),
            (HashName::Keccak, Degree::Three) => work.run::<CubicChallenge, Keccak>(),
        }
    }
}
