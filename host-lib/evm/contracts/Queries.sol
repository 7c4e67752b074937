// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Goldilocks, P} from "./Goldilocks.sol";
import {Extension} from "./Extension.sol";
import {Fold} from "./Fold.sol";
import {
    BETAS,
    DIGESTS,
    ELEMENT_BYTES,
    FINAL,
    FINAL_LENGTH,
    FOLD_ROOT,
    FOLD_ROOT_INVERSE,
    INDICES,
    INPUT_TREES,
    INVERSES,
    LOG_ARITIES,
    LOG_HEIGHT,
    OPENS_NEXT,
    POINTS,
    PREPROCESSED_WIDTH,
    QUERIES,
    QUOTIENT_WIDTH,
    REDUCTION,
    ROOT,
    ROOTS,
    ROOT_INVERSE,
    ROUNDS,
    ROW,
    SIBLINGS,
    SIBLING_BYTES,
    TRACE_WIDTH,
    TWIDDLES
} from "./Parameters.sol";

/// The queries: opened rows are reduced to one codeword, which is folded to the final polynomial. Digests of the rows go
/// to `DIGESTS`, for the trees.
library Queries {
    /// The points of the queries on the subgroup and their inverses to `POINTS`, and the inverses of what the openings
    /// divide by to `INVERSES`. False if a query meets an opening point.
    function prepare(uint256 zeta, uint256 zetaNext) internal pure returns (bool) {
        unchecked {
            uint256 product = 1;
            uint256 ptr = INVERSES;
            for (uint256 query = 0; query < QUERIES; query++) {
                (uint256 x, uint256 inverse) = point(word(INDICES + 32 * query));
                put(POINTS + 64 * query, x);
                put(POINTS + 64 * query + 32, inverse);
                // The rows are of polynomials on a coset.
                uint256 shifted = mulmod(x, 7, P);
                // Behind every denominator the product of those before it.
                uint256 denominator = Extension.sub(zeta, shifted);
                put(ptr, denominator);
                put(ptr + 32, product);
                product = Extension.mul(product, denominator);
                ptr += 64;
                if (OPENS_NEXT != 0) {
                    denominator = Extension.sub(zetaNext, shifted);
                    put(ptr, denominator);
                    put(ptr + 32, product);
                    product = Extension.mul(product, denominator);
                    ptr += 64;
                }
            }
            if (product == 0) return false;
            product = Extension.inverse(product);
            while (ptr > INVERSES) {
                ptr -= 64;
                uint256 denominator = word(ptr);
                put(ptr, Extension.mul(product, word(ptr + 32)));
                product = Extension.mul(product, denominator);
            }
            return true;
        }
    }

    /// Writes the root of every bit of an index and its inverse to `ROOTS`, the highest bit's first: rows are bit-reversed.
    /// And to `TWIDDLES` the powers of the root of order 16 that rows of up to 16 values need: the point at place `i` of a
    /// row is the first one times a power; the second word is that power's inverse. Shorter rows have the first ones.
    function prepareRoots() internal pure {
        assembly ("memory-safe") {
            let root := ROOT
            let inverse := ROOT_INVERSE
            for { let to := ROOTS } lt(to, add(ROOTS, mul(64, LOG_HEIGHT))) { to := add(to, 64) } {
                mstore(to, root)
                mstore(add(to, 32), inverse)
                root := mulmod(root, root, P)
                inverse := mulmod(inverse, inverse, P)
            }
            for { let i := 0 } lt(i, 16) { i := add(i, 1) } {
                let exponent := or(or(shl(3, and(i, 1)), shl(1, and(i, 2))), or(shr(1, and(i, 4)), shr(3, i)))
                root := 1
                inverse := 1
                for {} exponent { exponent := sub(exponent, 1) } {
                    root := mulmod(root, FOLD_ROOT, P)
                    inverse := mulmod(inverse, FOLD_ROOT_INVERSE, P)
                }
                mstore(add(TWIDDLES, shl(6, i)), root)
                mstore(add(TWIDDLES, add(shl(6, i), 32)), inverse)
            }
        }
    }

    /// The point of a row on the subgroup, and its inverse.
    function point(uint256 index) private pure returns (uint256 x, uint256 inverse) {
        assembly ("memory-safe") {
            x := 1
            inverse := 1
            let from := ROOTS
            for { let bit := shl(sub(LOG_HEIGHT, 1), 1) } bit { bit := shr(1, bit) } {
                if and(index, bit) {
                    x := mulmod(x, mload(from), P)
                    inverse := mulmod(inverse, mload(add(from, 32)), P)
                }
                from := add(from, 64)
            }
        }
    }

    /// All queries, whose rows and siblings are at `data` in calldata.
    function check(uint256 data) internal pure returns (bool) {
        unchecked {
            for (uint256 query = 0; query < QUERIES; query++) {
                (bool ok, uint256 value) = reduceRows(query, data);
                data += 8 * (TRACE_WIDTH + QUOTIENT_WIDTH + PREPROCESSED_WIDTH);
                // Siblings are in memory too, big-endian.
                uint256 end = data + SIBLING_BYTES;
                if (!ok || !Goldilocks.read(data, end, SIBLINGS - data) || !fold(query, value, data)) return false;
                data = end;
            }
            return true;
        }
    }

    /// Folds the value of a query to one of the final polynomial. Its siblings are at `data` in calldata.
    function fold(uint256 query, uint256 folded, uint256 data) private pure returns (bool) {
        unchecked {
            uint256 ptr = SIBLINGS;
            data -= SIBLINGS;
            uint256 index = word(INDICES + 32 * query);
            uint256 inverse = word(POINTS + 64 * query + 32);
            for (uint256 round = 0; round < ROUNDS; round++) {
                uint256 logArity = (LOG_ARITIES >> (8 * round)) & 0xff;
                uint256 siblings = ELEMENT_BYTES * ((1 << logArity) - 1);
                uint256 position = index & ((1 << logArity) - 1);
                index >>= logArity;
                hashRow(DIGESTS + 32 * (QUERIES * (INPUT_TREES + round) + query), folded, position, siblings, data + ptr);
                folded = Fold.row(folded, position, logArity, ptr, inverse, word(BETAS + 32 * round));
                ptr += siblings;
                for (; logArity != 0; logArity--) inverse = mulmod(inverse, inverse, P);
            }
            return folded == finalValue(word(POINTS + 64 * query));
        }
    }

    /// The final polynomial where a query's point comes to lie.
    function finalValue(uint256 x) private pure returns (uint256) {
        unchecked {
            for (uint256 arities = LOG_ARITIES; arities != 0; arities >>= 8) {
                for (uint256 logArity = arities & 0xff; logArity != 0; logArity--) x = mulmod(x, x, P);
            }
            return Extension.evaluate(FINAL, FINAL_LENGTH, x);
        }
    }

    /// The leaf of a commit phase: the siblings, with the folded value at its place among them.
    function hashRow(uint256 to, uint256 folded, uint256 position, uint256 siblings, uint256 data) private pure {
        uint256 own = Goldilocks.swap(Extension.serial(folded));
        assembly ("memory-safe") {
            let before := mul(position, ELEMENT_BYTES)
            calldatacopy(ROW, data, before)
            mstore(add(ROW, before), own)
            calldatacopy(add(add(ROW, before), ELEMENT_BYTES), add(data, before), sub(siblings, before))
            mstore(to, keccak256(ROW, add(siblings, ELEMENT_BYTES)))
        }
    }

    /// The reduced opening of a query, which is the first codeword's value, and whether all elements are below `P`.
    function reduceRows(uint256 query, uint256 data) private pure returns (bool ok, uint256) {
        unchecked {
            uint256 start = data;
            uint256 to = DIGESTS + 32 * query;
            hash(to, data, 8 * TRACE_WIDTH);
            (uint256 row, uint256 doubt) = Extension.dot(data, TRACE_WIDTH);
            uint256 here = Extension.sub(word(REDUCTION), row);
            uint256 next = word(REDUCTION + 32);
            if (OPENS_NEXT & 1 != 0) next = Extension.sub(next, Extension.mul(row, word(REDUCTION + 64)));
            data += 8 * TRACE_WIDTH;

            uint256 more;
            hash(to + 32 * QUERIES, data, 8 * QUOTIENT_WIDTH);
            (row, more) = Extension.dot(data, QUOTIENT_WIDTH);
            doubt |= more;
            here = Extension.sub(here, Extension.mul(row, word(REDUCTION + 96)));
            data += 8 * QUOTIENT_WIDTH;

            if (PREPROCESSED_WIDTH != 0) {
                hash(to + 64 * QUERIES, data, 8 * PREPROCESSED_WIDTH);
                (row, more) = Extension.dot(data, PREPROCESSED_WIDTH);
                doubt |= more;
                here = Extension.sub(here, Extension.mul(row, word(REDUCTION + 128)));
                if (OPENS_NEXT & 2 != 0) next = Extension.sub(next, Extension.mul(row, word(REDUCTION + 160)));
                data += 8 * PREPROCESSED_WIDTH;
            }
            ok = Goldilocks.canonical(start, data, doubt);

            if (OPENS_NEXT == 0) return (ok, Extension.mul(here, word(INVERSES + 64 * query)));
            to = INVERSES + 128 * query;
            return (ok, Extension.reduce(Extension.mul(here, word(to)) + Extension.mul(next, word(to + 64))));
        }
    }

    function hash(uint256 to, uint256 data, uint256 size) private pure {
        assembly ("memory-safe") {
            calldatacopy(ROW, data, size)
            mstore(to, keccak256(ROW, size))
        }
    }

    function word(uint256 ptr) private pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := mload(ptr)
        }
    }

    function put(uint256 ptr, uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(ptr, value)
        }
    }
}
