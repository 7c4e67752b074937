//! Roots of unity, computed when the hardware is emitted.

use karat_abi::P;

/// `a * b` in the field.
pub fn multiply(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(P)) as u64
}

/// `base^exponent` in the field.
pub fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, base);
        }
        base = multiply(base, base);
        exponent >>= 1;
    }
    result
}

/// Plonky3's generator of the subgroup of order 2^32.
const TWO_ADIC_GENERATOR: u64 = 1_753_635_133_440_165_772;

/// Plonky3's generator of the subgroup of order 2^`log_order`.
pub fn root(log_order: usize) -> u64 {
    power(TWO_ADIC_GENERATOR, 1 << (32 - log_order))
}

/// The exponent of 2 that gives the root of order 2^`log_order`, which is at most 64: `root(6)` is 2^39.
pub const fn root_shift(log_order: usize) -> u64 {
    39 << (6 - log_order) as u64
}
