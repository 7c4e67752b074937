// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Goldilocks, P} from "./Goldilocks.sol";
import {POWERS} from "./Parameters.sol";

// Coefficients of an element.
uint256 constant DEGREE = 2;
// Bits from one coefficient of a word to the next.
uint256 constant STRIDE = 128;
// One lane of a word.
uint256 constant LANE = 0xffffffffffffffffffffffffffffffff;
// 2^8 times `P` in every lane: what is subtracted must be below it.
uint256 constant OFFSET = 0x0000000000000000_ffffffff00000001_0000000000000000_ffffffff00000001 << 8;

/// X^2 = 7 over Goldilocks. An element is one word, the constant coefficient lowest; lanes need not be reduced, so that
/// a sum is one addition, and there is room for many.
library Extension {
    /// Elements with big-endian coefficients at `from`, to one a word.
    function spread(uint256 from, uint256 to, uint256 count) internal pure {
        assembly ("memory-safe") {
            for { let end := add(to, shl(5, count)) } lt(to, end) { to := add(to, 32) } {
                let w := mload(from)
                mstore(to, or(shr(192, w), and(w, 0xffffffffffffffff00000000000000000000000000000000)))
                from := add(from, 16)
            }
        }
    }

    /// Big-endian coefficients of a reduced element, from the top of a word.
    function serial(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(shl(192, a), shl(128, shr(128, a)))
        }
    }

    function reduce(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(mod(and(a, LANE), P), shl(128, mod(shr(128, a), P)))
        }
    }

    /// `b` must be below `OFFSET` in every lane.
    function sub(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return a + OFFSET - b;
        }
    }

    function mul(uint256 a, uint256 b) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let a1 := shr(128, a)
            let b1 := shr(128, b)
            a := and(a, LANE)
            b := and(b, LANE)
            r := or(
                mod(add(mul(a, b), mul(7, mul(a1, b1))), P),
                shl(128, mod(add(mul(a, b1), mul(a1, b)), P))
            )
        }
    }

    /// Times an element of Goldilocks.
    function scale(uint256 a, uint256 b) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(mod(mul(and(a, LANE), b), P), shl(128, mod(mul(shr(128, a), b), P)))
        }
    }

    function power(uint256 a, uint256 exponent) internal pure returns (uint256 r) {
        r = 1;
        for (; exponent != 0; exponent >>= 1) {
            if (exponent & 1 != 0) r = mul(r, a);
            a = mul(a, a);
        }
    }

    /// The inverse, or zero for zero.
    function inverse(uint256 a) internal pure returns (uint256) {
        (uint256 r, uint256 norm) = conjugate(a);
        return scale(r, Goldilocks.inverse(norm));
    }

    /// Times X.
    function shift(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(mod(mul(7, shr(128, a)), P), shl(128, mod(and(a, LANE), P)))
        }
    }

    /// The conjugate, and the norm, which is in Goldilocks: their quotient is the inverse.
    function conjugate(uint256 a) internal pure returns (uint256 r, uint256 norm) {
        assembly ("memory-safe") {
            let a0 := mod(and(a, LANE), P)
            let a1 := mod(shr(128, a), P)
            r := or(a0, shl(128, sub(P, a1)))
            norm := addmod(mul(a0, a0), mul(7, mul(a1, sub(P, a1))), P)
        }
    }

    /// Fills the table that `dot` reads with powers of an element.
    function powers(uint256 a, uint256 count) internal pure {
        uint256 ptr = POWERS;
        uint256 current = 1;
        uint256 end = POWERS + 64 * count;
        while (ptr < end) {
            assembly ("memory-safe") {
                mstore(ptr, and(current, LANE))
                mstore(add(ptr, 32), shr(128, current))
                ptr := add(ptr, 64)
            }
            current = mul(current, a);
        }
    }

    /// The sum of `count` elements of Goldilocks at `ptr`, times a power each.
    function dot(uint256 ptr, uint256 count) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let s0 := 0
            let s1 := 0
            let table := POWERS
            let end := add(ptr, shl(3, count))
            for { let whole := sub(end, 31) } lt(ptr, whole) { ptr := add(ptr, 32) } {
                let w := mload(ptr)
                let v := shr(192, w)
                s0 := add(s0, mul(v, mload(table)))
                s1 := add(s1, mul(v, mload(add(table, 32))))
                v := and(shr(128, w), 0xffffffffffffffff)
                s0 := add(s0, mul(v, mload(add(table, 64))))
                s1 := add(s1, mul(v, mload(add(table, 96))))
                v := and(shr(64, w), 0xffffffffffffffff)
                s0 := add(s0, mul(v, mload(add(table, 128))))
                s1 := add(s1, mul(v, mload(add(table, 160))))
                v := and(w, 0xffffffffffffffff)
                s0 := add(s0, mul(v, mload(add(table, 192))))
                s1 := add(s1, mul(v, mload(add(table, 224))))
                table := add(table, 256)
            }
            for {} lt(ptr, end) { ptr := add(ptr, 8) } {
                let v := shr(192, mload(ptr))
                s0 := add(s0, mul(v, mload(table)))
                s1 := add(s1, mul(v, mload(add(table, 32))))
                table := add(table, 64)
            }
            r := or(mod(s0, P), shl(128, mod(s1, P)))
        }
    }

    /// The value at an element of Goldilocks of a polynomial whose big-endian coefficients are at `ptr`.
    function evaluate(uint256 ptr, uint256 count, uint256 x) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let s0 := 0
            let s1 := 0
            let current := 1
            for { let end := add(ptr, shl(4, count)) } lt(ptr, end) { ptr := add(ptr, 16) } {
                let w := mload(ptr)
                s0 := add(s0, mul(current, shr(192, w)))
                s1 := add(s1, mul(current, and(shr(128, w), 0xffffffffffffffff)))
                current := mulmod(current, x, P)
            }
            r := or(mod(s0, P), shl(128, mod(s1, P)))
        }
    }
}
