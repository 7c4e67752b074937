// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

// The order of the field, 2^64 - 2^32 + 1.
uint256 constant P = 0xffffffff00000001;

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

    /// Copies little-endian elements from calldata to memory, `shift` further, as big-endian ones, and tells whether all are
    /// below `P`. It takes nothing that is constant at a call: the compiler would make one function for every call of that.
    function read(uint256 from, uint256 end, uint256 shift) internal pure returns (bool canonical) {
        assembly ("memory-safe") {
            let carries := 0
            for {} lt(from, end) {} {
                let r := calldataload(from)
                // What lies behind the last element belongs to something else.
                if lt(sub(end, from), 32) { r := and(r, not(shr(shl(3, sub(end, from)), not(0)))) }
                r := or(
                    and(shr(8, r), 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff),
                    and(shl(8, r), 0xff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00)
                )
                r := or(
                    and(shr(16, r), 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff),
                    and(shl(16, r), 0xffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000)
                )
                r := or(
                    and(shr(32, r), 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff),
                    and(shl(32, r), 0xffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000)
                )
                mstore(add(from, shift), r)
                // Adding 2^64 - P carries out of a lane exactly if it held P or more.
                let low := and(r, 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff)
                let high := and(shr(64, r), 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff)
                carries := or(carries, add(low, 0x000000000000000000000000ffffffff000000000000000000000000ffffffff))
                carries := or(carries, add(high, 0x000000000000000000000000ffffffff000000000000000000000000ffffffff))
                from := add(from, 32)
            }
            canonical := iszero(and(carries, 0x0000000000000001000000000000000000000000000000010000000000000000))
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
