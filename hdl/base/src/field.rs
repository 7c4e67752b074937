//! Arithmetic in the Goldilocks field, p = 2^64 - 2^32 + 1, as pipelines: an element a cycle, fixed latency, no stall.
//!
//! Elements are canonical (below p) unless a block says otherwise. A result appears at the output in the cycle `LATENCY`
//! after that of its operands. 2^64 = 2^32 - 1 =: EPSILON in the field; a carry out of 64 bits is repaired by adding it, a
//! borrow by subtracting it.

mod add;
mod carry;
mod excess;
mod multiply;
mod rotate;
mod single;

pub use add::{Add, Sub};
pub use carry::{AddCarry, SubBorrow};
pub use multiply::{Multiply, Square};
pub use rotate::{Rotate, rotation};
pub use single::{Canonicalise, Halve, Negate};

/// The order of the field.
pub const PRIME: u64 = 0xffff_ffff_0000_0001;
