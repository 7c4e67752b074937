// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {P} from "./Goldilocks.sol";
import {Extension} from "./Extension.sol";
import {ELEMENT_BYTES, EVALUATIONS, FOLD_ROOT, FOLD_ROOT_INVERSE, TWIDDLES} from "./Parameters.sol";

/// One round of FRI on one row: the polynomial through its values, at the challenge.
library Fold {
    /// Writes the powers of the root of order 16 that rows of up to 16 values need: for place `i` of a row, which is
    /// bit-reversed, the point is `start` times the first; the second is its inverse. Shorter rows have the first ones.
    function prepare() internal pure {
        unchecked {
            for (uint256 i = 0; i < 16; i++) {
                uint256 exponent = ((i & 1) << 3) | ((i & 2) << 1) | ((i & 4) >> 1) | (i >> 3);
                uint256 up = 1;
                uint256 down = 1;
                for (; exponent != 0; exponent--) {
                    up = mulmod(up, FOLD_ROOT, P);
                    down = mulmod(down, FOLD_ROOT_INVERSE, P);
                }
                assembly ("memory-safe") {
                    mstore(add(TWIDDLES, shl(6, i)), up)
                    mstore(add(TWIDDLES, add(shl(6, i), 32)), down)
                }
            }
        }
    }

    /// `own` is the value at `position`, whose point has the inverse `inverse`; its siblings are at `ptr`.
    function row(uint256 own, uint256 position, uint256 logArity, uint256 ptr, uint256 inverse, uint256 beta)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            uint256 size = 32 << logArity;
            uint256 place = EVALUATIONS;
            for (uint256 i = 0; i < size; i += 32) {
                uint256 value = own;
                if (i != position * 32) {
                    value = Extension.load(ptr);
                    ptr += ELEMENT_BYTES;
                }
                assembly ("memory-safe") {
                    mstore(place, value)
                    place := add(place, 32)
                }
            }
            // The inverse of the point of the row's first value.
            uint256 start;
            assembly ("memory-safe") {
                start := mulmod(inverse, mload(add(TWIDDLES, shl(6, position))), P)
            }
            beta = Extension.scale(beta, start);
            while (true) {
                size >>= 1;
                halve(size, beta);
                if (size == 32) break;
                beta = Extension.mul(beta, beta);
            }
            assembly ("memory-safe") {
                own := mload(EVALUATIONS)
            }
            // One half of every level. The inverse of 2 is (P + 1) / 2, of 2^k it is P - (P - 1) / 2^k.
            return Extension.scale(own, P - ((P - 1) >> logArity));
        }
    }

    /// Folds pairs to `size` bytes of values, twice what they should be.
    function halve(uint256 size, uint256 beta) private pure {
        unchecked {
            for (uint256 i = 0; i < size; i += 32) {
                uint256 low;
                uint256 high;
                uint256 twiddle;
                assembly ("memory-safe") {
                    low := mload(add(EVALUATIONS, shl(1, i)))
                    high := mload(add(EVALUATIONS, add(32, shl(1, i))))
                    twiddle := mload(add(add(TWIDDLES, 32), shl(2, i)))
                }
                uint256 factor = i == 0 ? beta : Extension.scale(beta, twiddle);
                low = low + high + Extension.mul(Extension.sub(low, high), factor);
                assembly ("memory-safe") {
                    mstore(add(EVALUATIONS, i), low)
                }
            }
        }
    }
}
