// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Goldilocks, P} from "./Goldilocks.sol";
import {DEGREE, STRIDE} from "./Extension.sol";
import {BUFFER, LEFT} from "./Parameters.sol";

/// Plonky3's `SerializingChallenger64` over a `HashChallenger` of Keccak-256. The word at `BUFFER` is the last hash, what
/// is observed follows it, and the word at `LEFT` tells how many of the hash's four 64-bit samples are left.
library Transcript {
    /// Observes `size` bytes of calldata; returns where the next ones go.
    function observe(uint256 end, uint256 from, uint256 size) internal pure returns (uint256) {
        assembly ("memory-safe") {
            calldatacopy(end, from, size)
            end := add(end, size)
        }
        return end;
    }

    /// Observes big-endian elements in memory, one a word, that are below `P`.
    function observeWords(uint256 end, uint256 from, uint256 count) internal pure returns (uint256) {
        unchecked {
            for (uint256 stop = from + 32 * count; from < stop; from += 32) {
                uint256 value;
                assembly ("memory-safe") {
                    value := shl(192, mload(from))
                }
                value = Goldilocks.swap(value);
                assembly ("memory-safe") {
                    mstore(end, value)
                    end := add(end, 8)
                }
            }
        }
        return end;
    }

    /// Hashes memory from `start`, which is `BUFFER` unless nothing was hashed before, to `end`.
    function flush(uint256 start, uint256 end) internal pure {
        assembly ("memory-safe") {
            mstore(BUFFER, keccak256(start, sub(end, start)))
            mstore(LEFT, 4)
        }
    }

    /// The next 64 bits: samples are popped from the end of the hash.
    function sample() internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let left := mload(LEFT)
            if iszero(left) {
                mstore(BUFFER, keccak256(BUFFER, 32))
                left := 4
            }
            r := and(shr(shl(6, sub(4, left)), mload(BUFFER)), 0xffffffffffffffff)
            mstore(LEFT, sub(left, 1))
        }
    }

    /// An element of the extension.
    function challenge() internal pure returns (uint256 r) {
        unchecked {
            for (uint256 lane = 0; lane < DEGREE * STRIDE; lane += STRIDE) {
                uint256 value;
                do {
                    value = sample();
                } while (value >= P);
                r |= value << lane;
            }
        }
    }

    /// Whether the witness at `witness` in calldata is a proof of work of `bits` bits on what has been hashed.
    function grind(uint256 witness, uint256 bits) internal pure returns (bool) {
        assembly ("memory-safe") {
            calldatacopy(add(BUFFER, 32), witness, 8)
        }
        flush(BUFFER, BUFFER + 40);
        return sample() & ((1 << bits) - 1) == 0;
    }
}
