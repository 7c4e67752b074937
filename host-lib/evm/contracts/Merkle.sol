// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {CAP, DIGESTS, NODES, ORDER, QUERIES} from "./Parameters.sol";

/// Plonky3's pruned multi-openings: only the siblings that no query yields are in the proof, level by level, in the order
/// of their parents.
library Merkle {
    /// Sorts the queries by index, into `ORDER`: an index times 2^16, plus the query.
    function sort(uint256 indices) internal pure {
        assembly ("memory-safe") {
            for { let i := 0 } lt(i, QUERIES) { i := add(i, 1) } {
                let key := or(shl(16, mload(add(indices, shl(5, i)))), i)
                let ptr := add(ORDER, shl(5, i))
                for {} gt(ptr, ORDER) { ptr := sub(ptr, 32) } {
                    let before := mload(sub(ptr, 32))
                    if lt(before, key) { break }
                    mstore(ptr, before)
                }
                mstore(ptr, key)
            }
        }
    }

    /// Checks the leaves of tree `tree`, whose indices are those of the queries shifted by `shift`, against the cap at
    /// `CAP`, `levels` above them. `siblings` is where the siblings are in calldata, and where they end is returned, or
    /// zero if the tree does not match.
    function check(uint256 tree, uint256 shift, uint256 levels, uint256 siblings) internal pure returns (uint256 next) {
        assembly ("memory-safe") {
            let digests := add(DIGESTS, mul(tree, mul(QUERIES, 32)))
            let end := NODES
            let ok := 1
            // Nodes are an index and a digest, ascending, each index once.
            {
                let last := not(0)
                shift := add(shift, 16)
                for { let i := 0 } lt(i, QUERIES) { i := add(i, 1) } {
                    let key := mload(add(ORDER, shl(5, i)))
                    let digest := mload(add(digests, shl(5, and(key, 0xffff))))
                    key := shr(shift, key)
                    switch eq(key, last)
                    case 1 { ok := and(ok, eq(digest, mload(sub(end, 32)))) }
                    default {
                        mstore(end, key)
                        mstore(add(end, 32), digest)
                        end := add(end, 64)
                        last := key
                    }
                }
            }
            for {} levels { levels := sub(levels, 1) } {
                // No node is the sibling of what follows the last one.
                mstore(end, not(0))
                let to := NODES
                for { let from := NODES } lt(from, end) {} {
                    let index := mload(from)
                    let right := shl(5, and(index, 1))
                    mstore(right, mload(add(from, 32)))
                    from := add(from, 64)
                    switch eq(mload(from), or(index, 1))
                    case 1 {
                        mstore(32, mload(add(from, 32)))
                        from := add(from, 64)
                    }
                    default {
                        calldatacopy(sub(32, right), siblings, 32)
                        siblings := add(siblings, 32)
                    }
                    mstore(to, shr(1, index))
                    mstore(add(to, 32), keccak256(0, 64))
                    to := add(to, 64)
                }
                end := to
            }
            for { let ptr := NODES } lt(ptr, end) { ptr := add(ptr, 64) } {
                ok := and(ok, eq(mload(add(ptr, 32)), mload(add(CAP, shl(5, mload(ptr))))))
            }
            next := mul(ok, siblings)
        }
    }
}
