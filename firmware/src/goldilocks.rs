//! Arithmetic modulo p = 2^64 - 2^32 + 1 on canonical values, in 32-bit pieces: the processor multiplies 32 x 32 bits.

use karat_abi::P;

/// 2^64 mod p.
const EPSILON: u64 = 0xffff_ffff;

/// log2 of the largest subgroup of two-power order.
pub(crate) const TWO_ADICITY: u32 = 32;

/// `ROOTS[k]` has order 2^k: Plonky3's choice, of which each is the square of the next.
static ROOTS: [u64; TWO_ADICITY as usize + 1] = {
    let mut roots = [0; TWO_ADICITY as usize + 1];
    let mut k = TWO_ADICITY as usize;
    roots[k] = 0x1856_29dc_da58_878c;
    while k > 0 {
        roots[k - 1] = mul(roots[k], roots[k]);
        k -= 1;
    }
    roots
};

static INVERSE_ROOTS: [u64; TWO_ADICITY as usize + 1] = {
    let mut inverses = [1; TWO_ADICITY as usize + 1];
    let mut k = 0;
    while k <= TWO_ADICITY as usize {
        inverses[k] = power(ROOTS[k], (1 << k) - 1);
        k += 1;
    }
    inverses
};

/// The generator of order 2^`log`, `log` at most 32.
pub(crate) fn root(log: u32) -> u64 {
    ROOTS.get(log as usize).copied().unwrap_or(1)
}

/// Product.
pub(crate) const fn mul(a: u64, b: u64) -> u64 {
    let (a0, a1) = (a as u32 as u64, a >> 32);
    let (b0, b1) = (b as u32 as u64, b >> 32);
    let low = a0 * b0;
    // Neither sum overflows: (2^32-1)^2 + 2 (2^32-1) = 2^64 - 1.
    let middle = a1 * b0 + (low >> 32);
    let middle2 = a0 * b1 + (middle as u32 as u64);
    let high = a1 * b1 + (middle >> 32) + (middle2 >> 32);
    reduce(middle2 << 32 | low as u32 as u64, high)
}

/// low + 2^64 high, canonical; with 2^64 = 2^32 - 1 and 2^96 = -1.
const fn reduce(low: u64, high: u64) -> u64 {
    let (mut x, borrow) = low.overflowing_sub(high >> 32);
    if borrow {
        x = x.wrapping_sub(EPSILON);
    }
    let h = high as u32 as u64;
    let (mut y, carry) = x.overflowing_add((h << 32) - h);
    if carry {
        y = y.wrapping_add(EPSILON);
    }
    if y >= P { y - P } else { y }
}

/// `a` to the power 2^`log`.
pub(crate) const fn power_of_two_power(mut a: u64, log: u32) -> u64 {
    let mut i = 0;
    while i < log {
        a = mul(a, a);
        i += 1;
    }
    a
}

/// `a` to the power `exponent`.
pub(crate) const fn power(mut a: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent != 0 {
        if exponent & 1 == 1 {
            result = mul(result, a);
        }
        a = mul(a, a);
        exponent >>= 1;
    }
    result
}

/// The inverse of `root(log)`.
pub(crate) fn root_inverse(log: u32) -> u64 {
    INVERSE_ROOTS.get(log as usize).copied().unwrap_or(1)
}

/// 2^-`log`, `log` at most 32.
pub(crate) const fn inverse_of_two_to_the(log: u32) -> u64 {
    // p = 1 modulo 2^32, so that (p - 1) / 2^log * 2^log = -1.
    P - ((P - 1) >> log)
}
