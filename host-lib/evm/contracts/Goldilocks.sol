// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

// The order of the field, 2^64 - 2^32 + 1.
uint256 constant P = 0xffffffff00000001;
// The upper half of every 64-bit lane of a word. Elements of `P` or more have all its bits set, and hardly any others.
uint256 constant UPPER = 0xffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000;
// Half of what `UPPER` plus this is: what carries into the highest bit of a lane.
uint256 constant CARRY = 0x0000000080000000000000008000000000000000800000000000000080000000;
// The highest bit of every lane.
uint256 constant DOUBT = 0x8000000000000000800000000000000080000000000000008000000000000000;

/// The field of traces.
library Goldilocks {
    /// Reverses the bytes of each of the four 64-bit lanes of a word.
    function swap(uint256 word) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(
                and(shr(8, word), 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff),
                and(shl(8, word), 0xff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00)
            )
            r := or(
                and(shr(16, r), 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff),
                and(shl(16, r), 0xffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000)
            )
            r := or(
                and(shr(32, r), 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff),
                and(shl(32, r), 0xffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000)
            )
        }
    }

    /// What has a bit of `DOUBT` if an element of a swapped word may be `P` or more.
    function doubts(uint256 word) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := add(shr(1, and(word, UPPER)), CARRY)
        }
    }

    /// Whether all little-endian elements of calldata are below `P`; `doubt` tells whether there is any doubt.
    function canonical(uint256 from, uint256 end, uint256 doubt) internal pure returns (bool) {
        unchecked {
            if (doubt & DOUBT == 0) return true;
            for (; from < end; from += 8) {
                uint256 word;
                assembly ("memory-safe") {
                    word := calldataload(from)
                }
                if (swap(word) >> 192 >= P) return false;
            }
            return true;
        }
    }

    /// Copies little-endian elements from calldata to memory, `shift` further, as big-endian ones, and tells whether all are
    /// below `P`. It takes nothing that is constant at a call: the compiler would make one function for every call of that.
    function read(uint256 from, uint256 end, uint256 shift) internal pure returns (bool) {
        unchecked {
            uint256 doubt = 0;
            for (uint256 ptr = from; ptr < end; ptr += 32) {
                uint256 word;
                assembly ("memory-safe") {
                    word := calldataload(ptr)
                }
                word = swap(word);
                // Behind the last element is something else: at worst, there is doubt.
                doubt |= doubts(word);
                assembly ("memory-safe") {
                    mstore(add(ptr, shift), word)
                }
            }
            return canonical(from, end, doubt);
        }
    }

    /// `a` to the power of `P - 2`: its inverse, or zero for zero.
    function inverse(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := 1
            for { let bit := 0x8000000000000000 } bit { bit := shr(1, bit) } {
                r := mulmod(r, r, P)
                if and(bit, 0xfffffffeffffffff) { r := mulmod(r, a, P) }
            }
        }
    }
}
