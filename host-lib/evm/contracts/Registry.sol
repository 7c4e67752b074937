// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// What every contract of an AIR can do.
interface Verifier {
    function verify(bytes calldata proof, uint64[] calldata publicValues) external view returns (bool);
}

/// Records statements that were proved: who proved them, what they are, and when. Anyone may submit any contract, so what
/// an entry is worth is what its contract is worth.
contract Registry {
    /// A statement was accepted. It is the hash of the contract and of the public values, each in a word.
    event Accepted(
        address indexed prover, address indexed verifier, bytes32 indexed statement, uint256 time, uint64[] publicValues
    );

    /// The proof was not accepted.
    error Rejected();

    /// When a statement was first accepted, or zero.
    mapping(bytes32 statement => uint256 time) public accepted;

    /// Verifies a proof, and records what it proves.
    function submit(Verifier verifier, bytes calldata proof, uint64[] calldata publicValues)
        external
        returns (bytes32 statement)
    {
        // A contract that is not there would be taken for one that returns nothing: Solidity checks that there is one.
        if (!verifier.verify(proof, publicValues)) revert Rejected();
        statement = keccak256(abi.encode(verifier, publicValues));
        if (accepted[statement] == 0) accepted[statement] = block.timestamp;
        emit Accepted(msg.sender, address(verifier), statement, block.timestamp, publicValues);
    }
}
