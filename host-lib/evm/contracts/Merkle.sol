// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {CAP, DIGESTS, NODES, ORDER, QUERIES} from "./Parameters.sol";

/// Plonky3's pruned multi-openings: only the siblings that no query yields are in the proof. They come in the order of the
/// leaves whose paths need them first, and from the leaf up.
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
            shift := add(shift, 16)
            let ok := 1
            // A stack of nodes that wait for their right siblings: a level, which falls from one to the next, and a digest.
            // Below it is one that nothing reaches.
            mstore(NODES, not(0))
            let top := add(NODES, 64)
            // Behind the last leaf is one that meets no other below the cap.
            let end := add(ORDER, mul(QUERIES, 32))
            mstore(end, not(0))
            for { let from := ORDER } lt(from, end) {} {
                let index := mload(from)
                let node := mload(add(digests, shl(5, and(index, 0xffff))))
                index := shr(shift, index)
                let following
                for {} 1 {} {
                    from := add(from, 32)
                    let key := mload(from)
                    following := shr(shift, key)
                    if iszero(eq(following, index)) { break }
                    // Queries of the same leaf must have opened the same.
                    ok := and(ok, eq(node, mload(add(digests, shl(5, and(key, 0xffff))))))
                }
                // Where the path meets the next leaf's.
                let target := sub(255, clz(xor(index, following)))
                if gt(target, levels) { target := levels }
                let level := 0
                for { let path := shl(5, index) } 1 {} {
                    let until := mload(sub(top, 64))
                    let joins := lt(until, target)
                    if iszero(joins) { until := target }
                    for {} lt(level, until) { level := add(level, 1) } {
                        let right := and(path, 32)
                        mstore(right, node)
                        calldatacopy(sub(32, right), siblings, 32)
                        node := keccak256(0, 64)
                        siblings := add(siblings, 32)
                        path := shr(1, path)
                    }
                    if iszero(joins) { break }
                    top := sub(top, 64)
                    mstore(0, mload(add(top, 32)))
                    mstore(32, node)
                    node := keccak256(0, 64)
                    level := add(level, 1)
                    path := shr(1, path)
                }
                switch eq(target, levels)
                case 1 { ok := and(ok, eq(node, mload(add(CAP, shl(5, shr(levels, index)))))) }
                default {
                    mstore(top, target)
                    mstore(add(top, 32), node)
                    top := add(top, 64)
                }
            }
            next := mul(ok, siblings)
        }
    }
}
