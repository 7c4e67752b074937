//! The programs of the vector engine.
//!
//! The engine works on as many rows at a time as it has lanes, all lanes on the same instruction. A lane has a pipelined multiplier with
//! an adder behind it (the product unit), an adder beside it (the sum unit), and three banks of words: the results of either unit, and
//! the tiles that were loaded. An instruction starts one operation in each unit; what it reads is there if enough instructions lie
//! between, which is for the compiler to see to: the engine checks nothing. Constants come one an instruction.

/// Words of each bank of results.
pub const REGISTERS: usize = 512;
/// Places for loaded groups of columns, of [`crate::TILE_COLUMNS`] words each.
pub const SLOTS: usize = 64;
/// Words that every lane reads alike and that stay for all rows.
pub const TABLE: usize = 64;
/// First word of the table that [`Operand::Turn`] reads.
pub const TURN: usize = 32;
/// Matrices that a descriptor names.
pub const MATRICES: usize = 4;
/// log2 of the most groups of rows that a run works on.
pub const LOG_UNROLL_MAX: u32 = 6;
/// log2 of the bound of the instructions of a program, of its constants and of its loads.
pub const LOG_LENGTH: u32 = 20;
/// Instructions from one that starts a product to the first that may read it.
pub const PRODUCT_LATENCY: usize = 16;
/// Cycles after the factors in which the summand of a product is read.
pub const SUMMAND_DELAY: usize = 10;
/// Instructions from one that starts a sum to the first that may read it.
pub const SUM_LATENCY: usize = 6;

/// What an instruction reads. Of the operands of an instruction, all that are constants are the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// A result of the product unit.
    Product(u16),
    /// A result of the sum unit.
    Sum(u16),
    /// Word `.1` of the columns in slot `.0`.
    Tile(u8, u8),
    /// A constant: a word of the table.
    Table(u8),
    /// A constant: the next word of their stream.
    Next,
    /// A constant: word `TURN + k` of the table, k the trailing ones of the index of the run's group: what takes a power whose exponent
    /// is a reversed index from this group to the next.
    Turn,
}

const OPERAND_BITS: u32 = 11;
const NEXT: u64 = 3 << 9 | 1 << 8;
const TURN_BIT: u64 = 3 << 9 | 1 << 7;

impl Operand {
    /// Its 11 bits: bank in 9 and 10, word below.
    pub const fn encode(self) -> u64 {
        match self {
            Self::Product(register) => register as u64,
            Self::Sum(register) => 1 << 9 | register as u64,
            Self::Tile(slot, word) => 2 << 9 | (slot as u64) << 3 | word as u64,
            Self::Table(word) => 3 << 9 | word as u64,
            Self::Next => NEXT,
            Self::Turn => TURN_BIT,
        }
    }

    /// Back from its bits; those above are ignored.
    pub const fn decode(bits: u64) -> Self {
        let word = bits & 0x1ff;
        match bits >> 9 & 3 {
            0 => Self::Product(word as u16),
            1 => Self::Sum(word as u16),
            2 => Self::Tile((word >> 3) as u8, (word & 7) as u8),
            _ if word >> 8 == 1 => Self::Next,
            _ if word >> 7 == 1 => Self::Turn,
            _ => Self::Table((word & 0x3f) as u8),
        }
    }
}

/// What the product unit does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ProductOp {
    /// `a * b`.
    Multiply = 1,
    /// `a * b + c`.
    Add = 2,
    /// `c - a * b`.
    SubtractFrom = 3,
    /// `a * b - c`.
    Subtract = 4,
}

/// An operation of the product unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Product {
    /// What is done.
    pub op: ProductOp,
    /// Left factor.
    pub a: Operand,
    /// Right factor.
    pub b: Operand,
    /// Summand: a result of either unit, read [`SUMMAND_DELAY`] cycles later than the factors.
    pub c: Operand,
    /// Result of the product unit that is written.
    pub to: u16,
}

/// What the sum unit does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum SumOp {
    /// `a + b`.
    Add = 1,
    /// `a - b`.
    Subtract = 2,
    /// `b - a`.
    SubtractFrom = 3,
}

/// An operation of the sum unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sum {
    /// What is done.
    pub op: SumOp,
    /// Left operand.
    pub a: Operand,
    /// Right operand.
    pub b: Operand,
    /// Result of the sum unit that is written.
    pub to: u16,
    /// `a` is that of the lane whose index differs by these bits.
    pub exchange: u8,
    /// The result is also the next word of this row's output.
    pub output: bool,
}

/// An instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Instruction {
    /// Operation of the product unit.
    pub product: Option<Product>,
    /// Operation of the sum unit.
    pub sum: Option<Sum>,
    /// Loads that must have arrived before it, besides those that earlier instructions waited for; at most 31.
    pub need: u8,
    /// Loads that may begin from now on, as the slots they go to are no longer read; at most 31.
    pub release: u8,
    /// It is the last.
    pub last: bool,
}

impl Instruction {
    /// Most that `need` and `release` hold.
    pub const COUNT_MAX: u8 = 31;

    /// Its two words, each an operation of a unit: from bit 0 operands `a`, `b` and (product) `c`, then where the result goes (9 bits),
    /// then what is done (3 bits); from bit 46 the rest.
    pub const fn encode(&self) -> [u64; 2] {
        let mut words = [0; 2];
        if let Some(Product { op, a, b, c, to }) = self.product {
            words[0] = a.encode()
                | b.encode() << OPERAND_BITS
                | (c.encode() & 0x3ff) << (2 * OPERAND_BITS)
                | (to as u64) << 32
                | (op as u64) << 41;
        }
        if let Some(Sum { op, a, b, to, exchange, output }) = self.sum {
            words[1] = a.encode()
                | b.encode() << OPERAND_BITS
                | (to as u64) << 32
                | (op as u64) << 41
                | (exchange as u64) << 46
                | (output as u64) << 49;
        }
        words[0] |= (self.need as u64) << 46 | (self.release as u64) << 51 | (self.last as u64) << 56;
        words
    }

    /// Back from its words.
    pub const fn decode(words: [u64; 2]) -> Self {
        let product_op = match words[0] >> 41 & 7 {
            1 => Some(ProductOp::Multiply),
            2 => Some(ProductOp::Add),
            3 => Some(ProductOp::SubtractFrom),
            4 => Some(ProductOp::Subtract),
            _ => None,
        };
        let sum_op = match words[1] >> 41 & 7 {
            1 => Some(SumOp::Add),
            2 => Some(SumOp::Subtract),
            3 => Some(SumOp::SubtractFrom),
            _ => None,
        };
        let product = match product_op {
            Some(op) => Some(Product {
                op,
                a: Operand::decode(words[0]),
                b: Operand::decode(words[0] >> OPERAND_BITS),
                c: Operand::decode(words[0] >> (2 * OPERAND_BITS) & 0x3ff),
                to: (words[0] >> 32 & 0x1ff) as u16,
            }),
            None => None,
        };
        let sum = match sum_op {
            Some(op) => Some(Sum {
                op,
                a: Operand::decode(words[1]),
                b: Operand::decode(words[1] >> OPERAND_BITS),
                to: (words[1] >> 32 & 0x1ff) as u16,
                exchange: (words[1] >> 46 & 7) as u8,
                output: words[1] >> 49 & 1 == 1,
            }),
            None => None,
        };
        Self {
            product,
            sum,
            need: (words[0] >> 46 & 31) as u8,
            release: (words[0] >> 51 & 31) as u8,
            last: words[0] >> 56 & 1 == 1,
        }
    }
}

/// Which rows a load brings, in the order of the trace, of a matrix whose rows stand in bit-reversed order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
#[repr(u8)]
pub enum Row {
    /// Each lane its own.
    #[default]
    Own = 0,
    /// The one behind it; behind the last comes the first. Of runs of one group only.
    Next = 1,
    /// The one before it; before the first comes the last. Of runs of one group only.
    Previous = 2,
}

/// One group of columns for every row of the lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Which matrix of the descriptor.
    pub matrix: u8,
    /// Tile of the matrix.
    pub tile: u16,
    /// Which rows.
    pub row: Row,
    /// Group of the run's.
    pub group: u8,
    /// Slot that it goes to.
    pub slot: u8,
}

impl Load {
    /// Its word: tile in bits 0 to 15, slot in 16 to 21, matrix in 24 and 25, row in 32 and 33, group in 40 to 45.
    pub const fn encode(self) -> u64 {
        self.tile as u64
            | (self.slot as u64) << 16
            | (self.matrix as u64) << 24
            | (self.row as u64) << 32
            | (self.group as u64) << 40
    }

    /// Back from its word.
    pub const fn decode(word: u64) -> Self {
        Self {
            tile: word as u16,
            slot: (word >> 16 & 0x3f) as u8,
            matrix: (word >> 24 & 3) as u8,
            row: match word >> 32 & 3 {
                1 => Row::Next,
                2 => Row::Previous,
                _ => Row::Own,
            },
            group: (word >> 40 & 0x3f) as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Instruction, Load, Operand, Product, ProductOp, Row, Sum, SumOp};

    #[test]
    fn what_is_encoded_comes_back() {
        let operands = [
            Operand::Product(511),
            Operand::Sum(300),
            Operand::Tile(63, 7),
            Operand::Table(63),
            Operand::Next,
            Operand::Turn,
        ];
        let products = [ProductOp::Multiply, ProductOp::Add, ProductOp::SubtractFrom, ProductOp::Subtract];
        let sums = [SumOp::Add, SumOp::Subtract, SumOp::SubtractFrom];
        for (i, a) in operands.into_iter().enumerate() {
            for (j, b) in operands.into_iter().enumerate() {
                let product = Product { op: products[i % 4], a, b, c: operands[j % 2], to: 511 - i as u16 };
                let sum = Sum { op: sums[j % 3], a: b, b: a, to: 77, exchange: j as u8, output: i % 2 == 0 };
                for (product, sum) in [(Some(product), Some(sum)), (Some(product), None), (None, Some(sum))] {
                    let one = Instruction { product, sum, need: 31, release: i as u8, last: j % 2 == 0 };
                    assert_eq!(Instruction::decode(one.encode()), one);
                }
            }
        }
        for row in [Row::Own, Row::Next, Row::Previous] {
            let load = Load { matrix: 3, tile: 65_535, row, group: 63, slot: 63 };
            assert_eq!(Load::decode(load.encode()), load);
        }
    }
}
