// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Goldilocks, P} from "./Goldilocks.sol";
import {POWERS} from "./Parameters.sol";

// Coefficients of an element.
uint256 constant DEGREE = 3;
// Bits from one coefficient of a word to the next.
uint256 constant STRIDE = 85;
// One lane of a word.
uint256 constant LANE = 0x1fffffffffffffffffffff;
// 2^8 times `P` in every lane: what is subtracted must be below it.
uint256 constant OFFSET = (0xffffffff00000001 | (0xffffffff00000001 << 85) | (0xffffffff00000001 << 170)) << 8;

/// X^3 = X + 1 over Goldilocks. An element is one word, the constant coefficient lowest; lanes need not be reduced, so
/// that a sum is one addition, and there is room for many.
library Extension {
    /// Reads `count` elements from calldata, to one a word, and tells whether all coefficients are below `P`.
    function read(uint256 from, uint256 count, uint256 to) internal pure returns (bool) {
        unchecked {
            uint256 end = from + 24 * count;
            uint256 doubt = 0;
            for (uint256 ptr = from; ptr < end; ptr += 24) {
                uint256 word;
                assembly ("memory-safe") {
                    word := calldataload(ptr)
                }
                word = Goldilocks.swap(word);
                doubt |= Goldilocks.doubts(word);
                assembly ("memory-safe") {
                    let r := or(shr(192, word), shl(85, and(shr(128, word), 0xffffffffffffffff)))
                    mstore(to, or(r, shl(170, and(shr(64, word), 0xffffffffffffffff))))
                    to := add(to, 32)
                }
            }
            return Goldilocks.canonical(from, end, doubt);
        }
    }

    /// Big-endian coefficients of a reduced element, from the top of a word.
    function serial(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(shl(192, a), or(shl(128, and(shr(85, a), LANE)), shl(64, shr(170, a))))
        }
    }

    function reduce(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(mod(and(a, LANE), P), shl(85, mod(and(shr(85, a), LANE), P)))
            r := or(r, shl(170, mod(shr(170, a), P)))
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
            let a1 := and(shr(85, a), LANE)
            let a2 := shr(170, a)
            let b1 := and(shr(85, b), LANE)
            let b2 := shr(170, b)
            a := and(a, LANE)
            b := and(b, LANE)
            let c3 := add(mul(a1, b2), mul(a2, b1))
            let c4 := mul(a2, b2)
            r := mod(add(mul(a, b), c3), P)
            r := or(r, shl(85, mod(add(add(mul(a, b1), mul(a1, b)), add(c3, c4)), P)))
            r := or(r, shl(170, mod(add(add(mul(a, b2), mul(a2, b)), add(mul(a1, b1), c4)), P)))
        }
    }

    /// Times an element of Goldilocks.
    function scale(uint256 a, uint256 b) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(mod(mul(and(a, LANE), b), P), shl(85, mod(mul(and(shr(85, a), LANE), b), P)))
            r := or(r, shl(170, mod(mul(shr(170, a), b), P)))
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
            let a2 := shr(170, a)
            r := or(mod(a2, P), shl(85, mod(add(and(a, LANE), a2), P)))
            r := or(r, shl(170, mod(and(shr(85, a), LANE), P)))
        }
    }

    /// The product of the conjugates, and the norm, which is in Goldilocks: their quotient is the inverse.
    function conjugate(uint256 a) internal pure returns (uint256 r, uint256 norm) {
        assembly ("memory-safe") {
            let a0 := mod(and(a, LANE), P)
            let a1 := mod(and(shr(85, a), LANE), P)
            let a2 := mod(shr(170, a), P)
            // The first row of the adjugate of the matrix that multiplies by `a`: columns (a0, a1, a2), (a2, a0 + a2, a1),
            // (a1, a1 + a2, a0 + a2).
            let s := add(a0, a2)
            let r0 := addmod(mul(s, s), mul(sub(P, a1), add(a1, a2)), P)
            let r1 := addmod(mul(a2, add(a1, a2)), mul(sub(P, a1), s), P)
            let r2 := addmod(mul(a1, a1), mul(sub(P, a2), s), P)
            r := or(r0, or(shl(85, r1), shl(170, r2)))
            norm := mod(add(mul(a0, r0), add(mul(a1, r2), mul(a2, r1))), P)
        }
    }

    /// Fills the table that `dot` and `dotElements` read with powers of an element.
    function powers(uint256 a, uint256 count) internal pure {
        uint256 ptr = POWERS;
        uint256 current = 1;
        uint256 end = POWERS + 96 * count;
        while (ptr < end) {
            assembly ("memory-safe") {
                mstore(ptr, and(current, LANE))
                mstore(add(ptr, 32), and(shr(85, current), LANE))
                mstore(add(ptr, 64), shr(170, current))
                ptr := add(ptr, 96)
            }
            current = mul(current, a);
        }
    }

    /// The sum of `count` elements at `ptr`, one a word, times a power each.
    function dotElements(uint256 ptr, uint256 count) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let s0 := 0
            let s1 := 0
            let s2 := 0
            let table := POWERS
            for { let end := add(ptr, shl(5, count)) } lt(ptr, end) { ptr := add(ptr, 32) } {
                let a0 := mload(ptr)
                let a1 := and(shr(85, a0), LANE)
                let a2 := shr(170, a0)
                a0 := and(a0, LANE)
                let b := mload(table)
                s0 := add(s0, mul(a0, b))
                s1 := add(s1, mul(a1, b))
                s2 := add(s2, mul(a2, b))
                // Times X to the third is times X + 1.
                b := mload(add(table, 32))
                let c := mul(a2, b)
                s0 := add(s0, c)
                s1 := add(s1, add(mul(a0, b), c))
                s2 := add(s2, mul(a1, b))
                b := mload(add(table, 64))
                c := mul(a1, b)
                let d := mul(a2, b)
                s0 := add(s0, c)
                s1 := add(s1, add(c, d))
                s2 := add(s2, add(mul(a0, b), d))
                table := add(table, 96)
            }
            r := or(mod(s0, P), or(shl(85, mod(s1, P)), shl(170, mod(s2, P))))
        }
    }

    /// The sum of `count` elements of Goldilocks in calldata, times a power each, and whether there is doubt that they are
    /// below `P`.
    function dot(uint256 ptr, uint256 count) internal pure returns (uint256 r, uint256 doubt) {
        unchecked {
            uint256 s0 = 0;
            uint256 s1 = 0;
            uint256 s2 = 0;
            uint256 table = POWERS;
            uint256 end = ptr + 8 * count;
            uint256 word;
            for (uint256 whole = end - 31; ptr < whole; ptr += 32) {
                assembly ("memory-safe") {
                    word := calldataload(ptr)
                }
                word = Goldilocks.swap(word);
                doubt |= Goldilocks.doubts(word);
                assembly ("memory-safe") {
                    let v := shr(192, word)
                    s0 := add(s0, mul(v, mload(table)))
                    s1 := add(s1, mul(v, mload(add(table, 32))))
                    s2 := add(s2, mul(v, mload(add(table, 64))))
                    v := and(shr(128, word), 0xffffffffffffffff)
                    s0 := add(s0, mul(v, mload(add(table, 96))))
                    s1 := add(s1, mul(v, mload(add(table, 128))))
                    s2 := add(s2, mul(v, mload(add(table, 160))))
                    v := and(shr(64, word), 0xffffffffffffffff)
                    s0 := add(s0, mul(v, mload(add(table, 192))))
                    s1 := add(s1, mul(v, mload(add(table, 224))))
                    s2 := add(s2, mul(v, mload(add(table, 256))))
                    v := and(word, 0xffffffffffffffff)
                    s0 := add(s0, mul(v, mload(add(table, 288))))
                    s1 := add(s1, mul(v, mload(add(table, 320))))
                    s2 := add(s2, mul(v, mload(add(table, 352))))
                    table := add(table, 384)
                }
            }
            if (ptr < end) {
                assembly ("memory-safe") {
                    word := calldataload(ptr)
                }
                word = Goldilocks.swap(word);
                doubt |= Goldilocks.doubts(word);
                for (; ptr < end; ptr += 8) {
                    assembly ("memory-safe") {
                        let v := shr(192, word)
                        word := shl(64, word)
                        s0 := add(s0, mul(v, mload(table)))
                        s1 := add(s1, mul(v, mload(add(table, 32))))
                        s2 := add(s2, mul(v, mload(add(table, 64))))
                        table := add(table, 96)
                    }
                }
            }
            assembly ("memory-safe") {
                r := or(mod(s0, P), or(shl(85, mod(s1, P)), shl(170, mod(s2, P))))
            }
        }
    }

    /// The value at an element of Goldilocks of a polynomial whose big-endian coefficients are at `ptr`.
    function evaluate(uint256 ptr, uint256 count, uint256 x) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let s0 := 0
            let s1 := 0
            let s2 := 0
            let current := 1
            for { let end := add(ptr, mul(24, count)) } lt(ptr, end) { ptr := add(ptr, 24) } {
                let w := mload(ptr)
                s0 := add(s0, mul(current, shr(192, w)))
                s1 := add(s1, mul(current, and(shr(128, w), 0xffffffffffffffff)))
                s2 := add(s2, mul(current, and(shr(64, w), 0xffffffffffffffff)))
                current := mulmod(current, x, P)
            }
            r := or(mod(s0, P), or(shl(85, mod(s1, P)), shl(170, mod(s2, P))))
        }
    }
}
