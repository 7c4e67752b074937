//! What the engine's two units do for a program, before it is scheduled.

use karat_abi::vector::{PRODUCT_LATENCY, ProductOp, Row, SUM_LATENCY, SumOp};

/// Index of an operation; those that it reads have smaller ones.
pub(crate) type Index = usize;

/// What a load brings for every row of the lanes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Tile {
    /// Matrix of the descriptor.
    pub matrix: u8,
    /// Tile of the matrix.
    pub tile: u32,
    /// Which rows.
    pub row: Row,
    /// Group of the run's.
    pub group: u8,
}

/// A word that is the same for every row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Constant {
    /// A word of the table.
    Table(u8),
    /// The word of the table for the turn to the next group.
    Turn,
    /// A word that the caller gives, by index.
    Word(usize),
    /// A constant of the AIR, canonical.
    Value(u64),
    /// A public value.
    Public(usize),
    /// A coefficient of the power of the challenge that a constraint is multiplied by.
    Power { constraint: usize, coefficient: usize },
    /// A coefficient of the sum of the constraints that depend on no column.
    Offset { coefficient: usize },
    /// An expression of such, of the program's list.
    Expression(usize),
}

impl Constant {
    /// In every table.
    pub const ZERO: Self = Self::Table(0);
    /// What the results of a program are multiplied by.
    pub const SCALE: Self = Self::Table(1);
    /// In every table.
    pub const ONE: Self = Self::Table(2);

    /// It is in the table, not in the stream.
    pub fn is_in_table(self) -> bool {
        matches!(self, Self::Table(_) | Self::Turn)
    }
}

/// What an operation reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// The result of an operation.
    Result(Index),
    /// A state: what the last run left there.
    State(u16),
    /// A word of a tile.
    Tile(Tile, u8),
    /// A constant.
    Constant(Constant),
}

/// What an operation does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// In the product unit.
    Product(ProductOp),
    /// In the sum unit.
    Sum(SumOp),
    /// Adds `a * b` to the sum of all constraints in this coefficient.
    Accumulate(usize),
    /// `a + b`, in the sum unit, which leaves the engine as this word of the run's output.
    Output(usize),
}

impl Kind {
    /// In the sum unit.
    pub fn is_sum(self) -> bool {
        matches!(self, Self::Sum(_) | Self::Output(_))
    }

    /// Instructions from its start to the first that can read its result.
    pub fn latency(self) -> usize {
        if self.is_sum() { SUM_LATENCY } else { PRODUCT_LATENCY }
    }
}

/// An operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub kind: Kind,
    pub a: Source,
    pub b: Source,
    /// Of a product with a summand: a result or a state.
    pub c: Option<Source>,
    /// Of a product: the state that it is for the next run.
    pub state: Option<u16>,
    /// Of a sum: `a` is that of the lane whose index differs by these bits.
    pub exchange: u8,
}

impl Operation {
    pub fn new(kind: Kind, a: Source, b: Source) -> Self {
        Self { kind, a, b, c: None, state: None, exchange: 0 }
    }

    /// The constant that it reads, if any: never two.
    pub fn constant(&self) -> Option<Constant> {
        [self.a, self.b].into_iter().find_map(|source| match source {
            Source::Constant(constant) => Some(constant),
            _ => None,
        })
    }
}
