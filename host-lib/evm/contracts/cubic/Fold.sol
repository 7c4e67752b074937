// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {P} from "./Goldilocks.sol";
import {LANE} from "./Extension.sol";
import {EVALUATIONS, TWIDDLES} from "./Parameters.sol";

/// One round of FRI on one row, for challenges of degree 3.
library Fold {
    /// The value at `beta` of the polynomial through a row. `own` is the value at `position`, whose point has the inverse
    /// `inverse`; its siblings are at `ptr`.
    function row(uint256 own, uint256 position, uint256 logArity, uint256 ptr, uint256 inverse, uint256 beta)
        internal
        pure
        returns (uint256 r)
    {
        assembly ("memory-safe") {
            // Values are a word a coefficient, sums of them unreduced.
            {
                let place := add(EVALUATIONS, mul(96, position))
                mstore(place, and(own, LANE))
                mstore(add(place, 32), and(shr(85, own), LANE))
                mstore(add(place, 64), shr(170, own))
                let to := EVALUATIONS
                for { let end := add(to, shl(logArity, 96)) } lt(to, end) { to := add(to, 96) } {
                    if eq(to, place) { continue }
                    let w := mload(ptr)
                    mstore(to, shr(192, w))
                    mstore(add(to, 32), and(shr(128, w), 0xffffffffffffffff))
                    mstore(add(to, 64), and(shr(64, w), 0xffffffffffffffff))
                    ptr := add(ptr, 24)
                }
            }
            // The challenge, over the point of the row's first value.
            let b0 := mulmod(inverse, mload(add(TWIDDLES, shl(6, position))), P)
            let b1 := mulmod(and(shr(85, beta), LANE), b0, P)
            let b2 := mulmod(shr(170, beta), b0, P)
            b0 := mulmod(and(beta, LANE), b0, P)
            for { let size := mul(shl(logArity, 1), 48) } 1 {} {
                let to := EVALUATIONS
                let twiddle := add(TWIDDLES, 32)
                for { let end := add(to, size) } lt(to, end) { to := add(to, 96) } {
                    let from := sub(shl(1, to), EVALUATIONS)
                    let f0 := mload(twiddle)
                    let f1 := mulmod(b1, f0, P)
                    let f2 := mulmod(b2, f0, P)
                    f0 := mulmod(b0, f0, P)
                    // 2^8 times P is more than any value.
                    let d0 := mload(from)
                    let d1 := mload(add(from, 96))
                    mstore(to, add(d0, d1))
                    d0 := sub(add(d0, 0xffffffff0000000100), d1)
                    let d2 := mload(add(from, 128))
                    d1 := mload(add(from, 32))
                    mstore(add(to, 32), add(d1, d2))
                    d1 := sub(add(d1, 0xffffffff0000000100), d2)
                    {
                        let high := mload(add(from, 160))
                        d2 := mload(add(from, 64))
                        mstore(add(to, 64), add(d2, high))
                        d2 := sub(add(d2, 0xffffffff0000000100), high)
                    }
                    twiddle := add(twiddle, 128)
                    let c3 := add(mul(d1, f2), mul(d2, f1))
                    mstore(to, add(mload(to), mod(add(mul(d0, f0), c3), P)))
                    let c4 := mul(d2, f2)
                    c3 := add(c3, add(c4, add(mul(d0, f1), mul(d1, f0))))
                    mstore(add(to, 32), add(mload(add(to, 32)), mod(c3, P)))
                    c4 := add(c4, add(mul(d1, f1), add(mul(d0, f2), mul(d2, f0))))
                    mstore(add(to, 64), add(mload(add(to, 64)), mod(c4, P)))
                }
                if eq(size, 96) { break }
                size := shr(1, size)
                let c3 := mul(2, mul(b1, b2))
                let c4 := mul(b2, b2)
                let c2 := mod(add(c4, add(mul(b1, b1), mul(2, mul(b0, b2)))), P)
                b1 := mod(add(c3, add(c4, mul(2, mul(b0, b1)))), P)
                b0 := mod(add(mul(b0, b0), c3), P)
                b2 := c2
            }
            // Every level gave twice what it should. The inverse of 2^k is P - (P - 1) / 2^k.
            let half := sub(P, shr(logArity, sub(P, 1)))
            r := or(mulmod(mload(EVALUATIONS), half, P), shl(85, mulmod(mload(add(EVALUATIONS, 32)), half, P)))
            r := or(r, shl(170, mulmod(mload(add(EVALUATIONS, 64)), half, P)))
        }
    }
}
