// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Goldilocks, P} from "./Goldilocks.sol";
import {DEGREE, Extension} from "./Extension.sol";
import {Merkle} from "./Merkle.sol";
import {Queries} from "./Queries.sol";
import {Transcript} from "./Transcript.sol";
import "./Parameters.sol";

/// Plonky3's verifier of one AIR with one set of parameters. What depends on the AIR is in the contract that inherits it.
abstract contract Stark {
    /// Whether `proof` is a proof that the AIR is satisfied with these public values.
    function verify(bytes calldata proof, uint64[] calldata publicValues) external view returns (bool) {
        uint256 data;
        uint256 public_;
        assembly ("memory-safe") {
            // Everything has its fixed place in memory, below this.
            mstore(0x40, MEMORY_END)
            data := proof.offset
            public_ := publicValues.offset
        }
        if (publicValues.length != PUBLIC_VALUES || proof.length < FIXED_BYTES) return false;
        if (!isCanonical(proof, publicValues)) return false;
        if (!readPublicValues(public_)) return false;

        // Every field element comes first, then the caps, then the siblings of all trees.
        uint256 end = seed(BUFFER + 32);
        end = Transcript.observe(end, data + TRACE_CAP_DATA, TRACE_CAP_BYTES);
        if (PREPROCESSED_WIDTH != 0) {
            preprocessedCap();
            assembly ("memory-safe") {
                mcopy(end, PREPROCESSED_CAP, TRACE_CAP_BYTES)
                end := add(end, TRACE_CAP_BYTES)
            }
        }
        end = Transcript.observeWords(end, PUBLIC, PUBLIC_VALUES);
        Transcript.flush(BUFFER + 32, end);
        uint256 alpha = Transcript.challenge();

        end = Transcript.observe(BUFFER + 32, data + QUOTIENT_CAP_DATA, QUOTIENT_CAP_BYTES);
        Transcript.flush(BUFFER, end);
        if (OOD_POW_BITS != 0 && !Transcript.grind(data + OOD_POW_DATA, OOD_POW_BITS)) return false;
        uint256 zeta = Transcript.challenge();

        if (!readElements(data, OPENED_DATA, BUFFER + 32)) return false;
        if (!Extension.read(data + OPENED_DATA, OPENED_COUNT, OPENED)) return false;
        if (!checkConstraints(alpha, zeta)) return false;
        return openings(data, proof.length, zeta);
    }

    function readPublicValues(uint256 from) private pure returns (bool ok) {
        assembly ("memory-safe") {
            ok := 1
            let to := PUBLIC
            for { let end := add(from, mul(32, PUBLIC_VALUES)) } lt(from, end) { from := add(from, 32) } {
                let value := calldataload(from)
                ok := and(ok, lt(value, P))
                mstore(to, value)
                to := add(to, 32)
            }
        }
    }

    /// Reads elements of Goldilocks that fit into memory at `to`.
    function readElements(uint256 from, uint256 size, uint256 to) private pure returns (bool) {
        unchecked {
            return Goldilocks.read(from, from + size, to - from);
        }
    }

    /// Whether the constraints over the vanishing polynomial are the quotient, at `zeta`.
    function checkConstraints(uint256 alpha, uint256 zeta) private view returns (bool) {
        unchecked {
            uint256 power = zeta;
            for (uint256 i = 0; i < LOG_ROWS; i++) {
                // The powers by two-power exponents: periodic columns are polynomials of them.
                assembly ("memory-safe") {
                    mstore(add(SQUARES, shl(5, i)), power)
                }
                power = Extension.mul(power, power);
            }
            assembly ("memory-safe") {
                mstore(add(SQUARES, shl(5, LOG_ROWS)), power)
            }
            uint256 vanishing = Extension.reduce(Extension.sub(power, 1));
            if (vanishing == 0) return false;
            uint256 first = Extension.sub(zeta, 1);
            uint256 last = Extension.sub(zeta, LAST_ROW);
            uint256 ratio = Extension.mul(vanishing, Extension.inverse(Extension.mul(first, last)));
            uint256 isFirst = Extension.mul(ratio, last);
            uint256 isLast = Extension.mul(ratio, first);
            last = Extension.reduce(last);
            assembly ("memory-safe") {
                mstore(SELECTORS, isFirst)
                mstore(add(SELECTORS, 32), isLast)
                mstore(add(SELECTORS, 64), last)
            }
            periodicColumns();
            return Extension.reduce(constraints(alpha)) == Extension.mul(quotient(power), vanishing);
        }
    }

    /// The quotient polynomial, of its chunks' values. `power` is `zeta` to the power of the rows.
    function quotient(uint256 power) private pure returns (uint256 sum) {
        unchecked {
            chunks();
            for (uint256 i = 0; i < CHUNKS; i++) {
                uint256 term;
                assembly ("memory-safe") {
                    term := mload(add(CHUNK_FACTORS, shl(6, i)))
                }
                for (uint256 j = 0; j < CHUNKS; j++) {
                    if (j == i) continue;
                    uint256 inverseShift;
                    assembly ("memory-safe") {
                        inverseShift := mload(add(CHUNK_FACTORS, add(32, shl(6, j))))
                    }
                    term = Extension.mul(term, Extension.sub(Extension.scale(power, inverseShift), 1));
                }
                uint256 value = 0;
                for (uint256 k = DEGREE; k > 0; k--) {
                    uint256 coefficient;
                    assembly ("memory-safe") {
                        coefficient := mload(add(OPENED_CHUNKS, shl(5, add(mul(i, DEGREE), sub(k, 1)))))
                    }
                    value = Extension.shift(value) + coefficient;
                }
                sum = Extension.reduce(sum + Extension.mul(term, value));
            }
        }
    }

    /// The opening argument: that the opened values are those of the committed polynomials.
    function openings(uint256 data, uint256 size, uint256 zeta) private pure returns (bool) {
        unchecked {
            // What is left of the elements besides the queries': witnesses, which are of interest as they are in calldata, and
            // the final polynomial.
            if (!readElements(data + BATCH_POW_DATA, FINAL_DATA - BATCH_POW_DATA, BUFFER + 32)) return false;
            if (!readElements(data + FINAL_DATA, QUERY_DATA - FINAL_DATA, FINAL)) return false;
            uint256 end = openingSeed(BUFFER + 32);
            end = Transcript.observe(end, data + OPENED_DATA, 8 * DEGREE * OPENED_COUNT);
            Transcript.flush(BUFFER, end);
            if (BATCH_POW_BITS != 0 && !Transcript.grind(data + BATCH_POW_DATA, BATCH_POW_BITS)) return false;
            reduceOpenedValues(Transcript.challenge());
            if (!drawQueries(data)) return false;

            Queries.prepareRoots();
            if (!Queries.prepare(zeta, Extension.scale(zeta, NEXT_ROW))) return false;
            if (!Queries.check(data + QUERY_DATA)) return false;
            Merkle.sort(INDICES);
            return trees(data) == data + size;
        }
    }

    /// Commitments, challenges and indices of FRI.
    function drawQueries(uint256 data) private pure returns (bool) {
        unchecked {
            uint256 end = friSeed(BUFFER + 32);
            for (uint256 round = 0; round < ROUNDS; round++) {
                uint256 cap = roundCap(round);
                end = Transcript.observe(end, data + (cap & 0xffffffff), cap >> 32);
                Transcript.flush(BUFFER, end);
                if (COMMIT_POW_BITS != 0 && !Transcript.grind(data + COMMIT_POW_DATA + 8 * round, COMMIT_POW_BITS)) {
                    return false;
                }
                uint256 beta = Transcript.challenge();
                assembly ("memory-safe") {
                    mstore(add(BETAS, shl(5, round)), beta)
                }
                end = BUFFER + 32;
            }
            end = Transcript.observe(end, data + FINAL_DATA, 8 * DEGREE * FINAL_LENGTH);
            Transcript.flush(BUFFER, end);
            if (QUERY_POW_BITS != 0 && !Transcript.grind(data + QUERY_POW_DATA, QUERY_POW_BITS)) return false;
            for (uint256 query = 0; query < QUERIES; query++) {
                uint256 index = Transcript.sample() & ((1 << LOG_HEIGHT) - 1);
                assembly ("memory-safe") {
                    mstore(add(INDICES, shl(5, query)), index)
                }
            }
            return true;
        }
    }

    /// The sums of all opened values of a point times powers of the challenge, and the powers that rows start with.
    function reduceOpenedValues(uint256 alpha) private pure {
        unchecked {
            Extension.powers(alpha, POWER_COUNT);
            uint256 next = Extension.power(alpha, TRACE_WIDTH);
            uint256 chunk = OPENS_NEXT & 1 != 0 ? Extension.mul(next, next) : next;
            uint256 preprocessed = Extension.mul(chunk, Extension.power(alpha, QUOTIENT_WIDTH));
            uint256 preprocessedNext = Extension.mul(preprocessed, Extension.power(alpha, PREPROCESSED_WIDTH));

            uint256 ptr = OPENED;
            uint256 here = Extension.dotElements(ptr, TRACE_WIDTH);
            ptr += 32 * TRACE_WIDTH;
            uint256 there = 0;
            if (OPENS_NEXT & 1 != 0) {
                there = Extension.mul(next, Extension.dotElements(ptr, TRACE_WIDTH));
                ptr += 32 * TRACE_WIDTH;
            }
            here += Extension.mul(chunk, Extension.dotElements(ptr, QUOTIENT_WIDTH));
            ptr += 32 * QUOTIENT_WIDTH;
            if (PREPROCESSED_WIDTH != 0) {
                here += Extension.mul(preprocessed, Extension.dotElements(ptr, PREPROCESSED_WIDTH));
                ptr += 32 * PREPROCESSED_WIDTH;
                if (OPENS_NEXT & 2 != 0) {
                    there += Extension.mul(preprocessedNext, Extension.dotElements(ptr, PREPROCESSED_WIDTH));
                }
            }
            here = Extension.reduce(here);
            there = Extension.reduce(there);
            assembly ("memory-safe") {
                mstore(REDUCTION, here)
                mstore(add(REDUCTION, 32), there)
                mstore(add(REDUCTION, 64), next)
                mstore(add(REDUCTION, 96), chunk)
                mstore(add(REDUCTION, 128), preprocessed)
                mstore(add(REDUCTION, 160), preprocessedNext)
            }
        }
    }

    /// Checks all trees; returns where their siblings end in calldata, or zero.
    function trees(uint256 data) private pure returns (uint256 siblings) {
        unchecked {
            siblings = Merkle.check(0, 0, INPUT_LEVELS, loadCap(data + TRACE_CAP_DATA, TRACE_CAP_BYTES, data + FIXED_BYTES));
            if (siblings == 0) return 0;
            siblings = Merkle.check(1, 0, INPUT_LEVELS, loadCap(data + QUOTIENT_CAP_DATA, QUOTIENT_CAP_BYTES, siblings));
            if (siblings == 0) return 0;
            if (PREPROCESSED_WIDTH != 0) {
                assembly ("memory-safe") {
                    mcopy(CAP, PREPROCESSED_CAP, TRACE_CAP_BYTES)
                }
                siblings = Merkle.check(2, 0, INPUT_LEVELS, siblings);
                if (siblings == 0) return 0;
            }
            uint256 height = LOG_HEIGHT;
            for (uint256 round = 0; round < ROUNDS; round++) {
                height -= (LOG_ARITIES >> (8 * round)) & 0xff;
                uint256 cap = roundCap(round);
                uint256 levels = height > CAP_HEIGHT ? height - CAP_HEIGHT : 0;
                loadCap(data + (cap & 0xffffffff), cap >> 32, 0);
                siblings = Merkle.check(INPUT_TREES + round, LOG_HEIGHT - height, levels, siblings);
                if (siblings == 0) return 0;
            }
        }
    }

    function loadCap(uint256 from, uint256 size, uint256 siblings) private pure returns (uint256) {
        assembly ("memory-safe") {
            calldatacopy(CAP, from, size)
        }
        return siblings;
    }

    /// Where the cap of a round is in the proof, and its bytes times 2^32.
    function roundCap(uint256 round) private pure returns (uint256) {
        unchecked {
            uint256 ptr = ROUND_CAP_DATA;
            uint256 height = LOG_HEIGHT;
            uint256 size = 0;
            for (uint256 i = 0; i <= round; i++) {
                ptr += size;
                height -= (LOG_ARITIES >> (8 * i)) & 0xff;
                size = 32 << (height > CAP_HEIGHT ? CAP_HEIGHT : height);
            }
            return ptr | (size << 32);
        }
    }

    /// Observes the domain separation of the three transcripts.
    function seed(uint256 to) internal pure virtual returns (uint256 end);
    function openingSeed(uint256 to) internal pure virtual returns (uint256 end);
    function friSeed(uint256 to) internal pure virtual returns (uint256 end);

    /// Writes the commitment to the preprocessed columns to `PREPROCESSED_CAP`, if there are any.
    function preprocessedCap() internal pure virtual;

    /// Writes what every chunk of the quotient is to be multiplied by, and the power of the shift that it is on.
    function chunks() internal pure virtual;

    /// Evaluates the periodic columns.
    function periodicColumns() internal pure virtual;

    /// The sum of all constraints times a power of `alpha` each.
    function constraints(uint256 alpha) internal view virtual returns (uint256);

    /// Whether a call is the one encoding of its arguments: the ABI lets others have gaps, something behind, and anything in what
    /// fills the proof up to a word.
    function isCanonical(bytes calldata proof, uint64[] calldata publicValues) private pure returns (bool canonical) {
        assembly ("memory-safe") {
            let end := add(proof.offset, proof.length)
            let padded := add(proof.offset, and(add(proof.length, 31), not(31)))
            // From the end on, up to a word.
            let filling := shr(shl(3, sub(32, sub(padded, end))), calldataload(end))
            canonical := and(eq(proof.offset, 100), eq(publicValues.offset, add(padded, 32)))
            canonical := and(canonical, eq(calldatasize(), add(publicValues.offset, shl(5, publicValues.length))))
            canonical := and(canonical, iszero(filling))
        }
    }
}
