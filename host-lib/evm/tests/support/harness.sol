// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Extension} from "./Extension.sol";
import {Statement} from "./Statement.sol";
import "./Parameters.sol";

/// What tests call of a contract's inside.
contract Harness is Statement {
    /// The constraints' sum: of a challenge, opened values, selectors, periodic columns and public values.
    function evaluate(uint256[] calldata values) external view returns (uint256) {
        uint256 selectors = 1 + OPENED_COUNT;
        assembly ("memory-safe") {
            mstore(0x40, MEMORY_END)
            calldatacopy(OPENED, add(values.offset, 32), mul(32, OPENED_COUNT))
            calldatacopy(SELECTORS, add(values.offset, mul(32, selectors)), 96)
            calldatacopy(PUBLIC, add(values.offset, mul(32, add(selectors, 3))), mul(32, PUBLIC_VALUES))
            let periodic := add(selectors, add(3, PUBLIC_VALUES))
            calldatacopy(PERIODIC, add(values.offset, mul(32, periodic)), mul(32, sub(values.length, periodic)))
        }
        return Extension.reduce(constraints(values[0]));
    }

    /// Sum, difference, product, inverse and a power of elements.
    function arithmetic(uint256[] calldata values) external pure returns (uint256, uint256, uint256, uint256, uint256) {
        unchecked {
            (uint256 a, uint256 b) = (values[0], values[1]);
            return (
                Extension.reduce(a + b),
                Extension.reduce(Extension.sub(a, b)),
                Extension.mul(a, b),
                Extension.inverse(a),
                Extension.shift(Extension.power(Extension.scale(a, values[2]), 5))
            );
        }
    }
}
