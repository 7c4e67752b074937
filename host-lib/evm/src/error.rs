//! What can go wrong, and what to do about it.

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter that no contract is made for.
    #[error("{name} is {value}, and contracts are made for {min} to {max}")]
    OutOfRange {
        /// The parameter.
        name: &'static str,
        /// What it was.
        value: usize,
        /// The least it can be.
        min: usize,
        /// The most it can be.
        max: usize,
    },
    /// An AIR with something that contracts do not evaluate.
    #[error("the AIR has {0}, which contracts do not evaluate")]
    Unsupported(&'static str),
    /// The commitment to preprocessed columns is not there, or should not be, or is of other columns.
    #[error(
        "the AIR has {width} preprocessed columns in 2^{log_rows} rows, and the key is of {got}; make it with `setup_preprocessed` of this configuration"
    )]
    PreprocessedKey {
        /// Preprocessed columns of the AIR.
        width: usize,
        /// log2 of the rows.
        log_rows: usize,
        /// What the key says.
        got: String,
    },
    /// Not a name of a contract.
    #[error("`{0}` is no name for a contract: a letter, then letters, digits and underscores")]
    Name(String),
    /// A proof that is not of the contract's shape.
    #[error(
        "the proof has {got} {what}, and the contract takes {expected}: it was made for another AIR, or with other parameters; `export` a contract with its own"
    )]
    Shape {
        /// What there is too much or too little of.
        what: &'static str,
        /// How much there is.
        got: usize,
        /// How much there should be.
        expected: usize,
    },
    /// Bytes that are no proof's encoding.
    #[error("the encoded proof {0}")]
    Encoding(&'static str),
    /// Code that no chain would take.
    #[error(
        "the contract `{name}` is {size} bytes or more, and a chain takes {limit}: it takes constraints of fewer different forms, or shorter periodic columns"
    )]
    TooLarge {
        /// The contract.
        name: String,
        /// Its bytes.
        size: usize,
        /// The most there can be.
        limit: usize,
    },
    /// Proofs that no transaction has the gas for.
    #[error(
        "a proof for the contract `{name}` is more than {bytes} bytes, and its verification takes about {gas} gas or more, of the {limit} of a transaction: it takes an AIR of fewer columns, or more blowup and proof of work with fewer queries"
    )]
    TooMuchGas {
        /// The contract.
        name: String,
        /// Bytes of a proof without the siblings of its trees.
        bytes: usize,
        /// What a verification takes at least, about.
        gas: u64,
        /// The most of a transaction.
        limit: u64,
    },
    /// The Solidity compiler refused a contract.
    #[error("the Solidity compiler refused `{name}`:\n{output}")]
    Compile {
        /// The contract.
        name: String,
        /// What it said.
        output: String,
    },
    /// The compiler could not be fetched, or the cache not be used.
    #[error(transparent)]
    Packages(#[from] karat_packages::Error),
    /// A chain's node could not be used, or did not do what it was asked to.
    #[error(transparent)]
    Node(#[from] crate::NodeError),
    /// The virtual machine did not run the call to its end.
    #[error("{what} did not run: {reason}")]
    Execution {
        /// What was run.
        what: &'static str,
        /// Why it stopped.
        reason: String,
    },
}
