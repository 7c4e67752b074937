//! What two cards did not do alike.

use std::fmt;

use karat_abi::{Opcode, Stage, Status};

/// The first thing that two cards did not do alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Which command of the sessions of the two it was, from 1.
    pub command: u64,
    /// Its opcode.
    pub opcode: Opcode,
    /// What it was done for.
    pub stage: Stage,
    /// What differs.
    pub place: Place,
    /// What either card has there.
    pub values: [u64; 2],
    /// The names of the two.
    pub names: [String; 2],
}

/// Something that a command gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The status of its completion.
    Status,
    /// The result of its completion.
    Result,
    /// A word of a matrix in card memory.
    Matrix {
        /// First beat of the matrix as the command names it.
        first: u32,
        /// Row, as it stands.
        row: u32,
        /// Column; past the last one are the absent ones of its tile, which are zero.
        column: u32,
    },
    /// A word of a Merkle tree.
    Heap {
        /// First beat of its heap.
        first: u32,
        /// Beat of the heap.
        beat: u32,
        /// Word of the beat.
        word: u32,
    },
    /// A word of what a program of the vector engine put out.
    Pass {
        /// Which pass of the command, from 0.
        pass: u32,
        /// First beat of its output.
        first: u32,
        /// Beat of the output.
        beat: u32,
        /// Word of the beat.
        word: u32,
    },
    /// A word that came to the host.
    Host {
        /// Row of the matrix that it came from.
        row: u32,
        /// Column.
        column: u32,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status => write!(f, "its status"),
            Self::Result => write!(f, "its result"),
            Self::Matrix { first, row, column } => {
                write!(f, "row {row}, column {column} of the matrix at beat {first}")
            }
            Self::Heap { first, beat, word } => write!(f, "beat {beat}, word {word} of the heap at beat {first}"),
            Self::Pass { pass, first, beat, word } => {
                write!(f, "beat {beat}, word {word} of the output of pass {pass} at beat {first}")
            }
            Self::Host { row, column } => write!(f, "row {row}, column {column} of what came to the host"),
        }
    }
}

impl Difference {
    fn value(&self, card: usize) -> String {
        let value = self.values[card];
        let status = u16::try_from(value).ok().and_then(Status::from_u16);
        match (self.place, status) {
            (Place::Status, Some(status)) => status.text().trim_start().into(),
            _ => format!("{value:#018x}"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, opcode, stage, place, names: [first, second], .. } = self;
        write!(f, "two cards differ after command {command}, {opcode:?} of stage {}: {place} is ", stage.name())?;
        write!(f, "{} on {first} and {} on {second}; open them again to go on", self.value(0), self.value(1))
    }
}

impl std::error::Error for Difference {}
