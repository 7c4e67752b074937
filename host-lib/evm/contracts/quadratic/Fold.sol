// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {P} from "./Goldilocks.sol";
import {LANE} from "./Extension.sol";
import {EVALUATIONS, TWIDDLES} from "./Parameters.sol";

/// One round of FRI on one row, for challenges of degree 2.
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
                let place := add(EVALUATIONS, shl(6, position))
                mstore(place, and(own, LANE))
                mstore(add(place, 32), shr(128, own))
                let to := EVALUATIONS
                for { let end := add(to, shl(logArity, 64)) } lt(to, end) { to := add(to, 64) } {
                    if eq(to, place) { continue }
                    let w := mload(ptr)
                    mstore(to, shr(192, w))
                    mstore(add(to, 32), and(shr(128, w), 0xffffffffffffffff))
                    ptr := add(ptr, 16)
                }
            }
            // The challenge, over the point of the row's first value.
            let b0 := mulmod(inverse, mload(add(TWIDDLES, shl(6, position))), P)
            let b1 := mulmod(shr(128, beta), b0, P)
            b0 := mulmod(and(beta, LANE), b0, P)
            for { let size := shl(logArity, 32) } 1 {} {
                let to := EVALUATIONS
                let from := EVALUATIONS
                let twiddle := add(TWIDDLES, 32)
                for { let end := add(to, size) } lt(to, end) { to := add(to, 64) } {
                    let f0 := mload(twiddle)
                    let f1 := mulmod(b1, f0, P)
                    f0 := mulmod(b0, f0, P)
                    let low0 := mload(from)
                    let low1 := mload(add(from, 32))
                    let high0 := mload(add(from, 64))
                    let high1 := mload(add(from, 96))
                    // 2^8 times P is more than any of them.
                    let d0 := sub(add(low0, 0xffffffff0000000100), high0)
                    let d1 := sub(add(low1, 0xffffffff0000000100), high1)
                    mstore(to, add(add(low0, high0), mod(add(mul(d0, f0), mul(7, mul(d1, f1))), P)))
                    mstore(add(to, 32), add(add(low1, high1), mod(add(mul(d0, f1), mul(d1, f0)), P)))
                    from := add(from, 128)
                    twiddle := add(twiddle, 128)
                }
                if eq(size, 64) { break }
                size := shr(1, size)
                let square := mod(add(mul(b0, b0), mul(7, mul(b1, b1))), P)
                b1 := mod(mul(2, mul(b0, b1)), P)
                b0 := square
            }
            // Every level gave twice what it should. The inverse of 2^k is P - (P - 1) / 2^k.
            let half := sub(P, shr(logArity, sub(P, 1)))
            r := or(mulmod(mload(EVALUATIONS), half, P), shl(128, mulmod(mload(add(EVALUATIONS, 32)), half, P)))
        }
    }
}
