//! Contracts of an AIR.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use karat_constraints::Dag;
use p3_air::Air;
use p3_air::symbolic::{AirLayout, SymbolicAirBuilder, get_all_symbolic_constraints};
use revm::primitives::hex;

use crate::config::{Challenge, Commitment, PreprocessedKey, Proof, Val};
use crate::constraints::Constraints;
use crate::periodic::Periodic;
use crate::{Error, Parameters, Shape, decoding, encoding, replay, source};

/// The files that all contracts share.
const LIBRARY: [(&str, &str); 6] = [
    ("Goldilocks.sol", include_str!("../contracts/Goldilocks.sol")),
    ("Transcript.sol", include_str!("../contracts/Transcript.sol")),
    ("Merkle.sol", include_str!("../contracts/Merkle.sol")),
    ("Queries.sol", include_str!("../contracts/Queries.sol")),
    ("Stark.sol", include_str!("../contracts/Stark.sol")),
    ("Registry.sol", include_str!("../contracts/Registry.sol")),
];

/// Names that the shared files define, or that a file of them has.
const RESERVED: [&str; 11] = [
    "Goldilocks",
    "Transcript",
    "Merkle",
    "Queries",
    "Stark",
    "Registry",
    "Verifier",
    "Extension",
    "Fold",
    "Parameters",
    "P",
];

/// A contract that verifies proofs of one AIR with one set of parameters, for traces of one height.
#[derive(Clone, Debug)]
pub struct Contract<E> {
    /// Its name, and its file's without `.sol`.
    pub name: String,
    /// Solidity files by name: everything that it takes to compile it, and the registry.
    pub sources: BTreeMap<String, String>,
    /// What transactions carry that put constraints onto a chain for which the contract has no room: its constructor takes
    /// the addresses, in this order.
    pub pieces: Vec<Vec<u8>>,
    /// The shape of its proofs.
    pub shape: Shape,
    /// What seeds the three transcripts.
    seeds: [Vec<u8>; 3],
    /// The commitment to the preprocessed columns.
    preprocessed: Option<Commitment>,
    challenge: PhantomData<E>,
}

impl<E: Challenge> Contract<E> {
    /// The sources, and the pieces as hexadecimal digits, by the names of files.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = self.sources.clone();
        let pieces = self.pieces.iter().enumerate();
        files.extend(pieces.map(|(i, piece)| (format!("{}.piece{i}.hex", self.name), hex::encode_prefixed(piece))));
        files
    }

    /// A proof as the contract takes it. The public values are those that it was made with: they decide the queries, and
    /// so the order of digests.
    ///
    /// # Errors
    /// For a proof of another shape.
    pub fn encode(&self, proof: &Proof<E>, public_values: &[Val]) -> Result<Vec<u8>, Error> {
        let indices = replay::indices(&self.shape, &self.seeds, self.preprocessed.as_ref(), proof, public_values);
        encoding::encode(&self.shape, proof, &indices)
    }

    /// The proof that these bytes are: what the contract says of them is what Plonky3's verifier says of it.
    ///
    /// # Errors
    /// For bytes that are no encoding: the contract accepts none.
    pub fn decode(&self, bytes: &[u8], public_values: &[Val]) -> Result<Proof<E>, Error> {
        let (seeds, cap) = (&self.seeds, self.preprocessed.as_ref());
        decoding::decode(&self.shape, bytes, |proof| replay::indices(&self.shape, seeds, cap, proof, public_values))
    }
}

/// The contract `name` for proofs that `air` is satisfied by a trace of `2^log_rows` rows. An AIR with preprocessed columns
/// needs their commitment.
///
/// # Errors
/// For an AIR, a commitment or parameters that no contract is made for. Whether the code is too large for a chain is known
/// for certain when it is compiled.
pub fn export<E, A>(
    air: &A,
    parameters: &Parameters,
    log_rows: usize,
    preprocessed: Option<&PreprocessedKey<E>>,
    name: &str,
) -> Result<Contract<E>, Error>
where
    E: Challenge,
    A: Air<SymbolicAirBuilder<Val>>,
{
    check_name(name)?;
    if !air.public_boundary_io().is_empty() {
        return Err(Error::Unsupported("public values bound to the boundary of the trace"));
    }
    let shape = Shape::new::<E, A>(air, parameters, log_rows)?;
    check_key(&shape, preprocessed)?;
    let (base, extension) = get_all_symbolic_constraints::<Val, Val, A>(air, AirLayout::from_air::<Val>(air));
    if !extension.is_empty() {
        return Err(Error::Unsupported("constraints over an extension"));
    }
    let dag = Dag::new(&base);
    let seeds = shape.seeds::<E, A>(air);
    let longest = seeds.iter().map(Vec::len).max().unwrap_or(0);
    let periodic = Periodic::new(name, &air.periodic_columns(), log_rows)?;
    let Constraints { constants, code, pieces } =
        Constraints::new::<E>(name, &dag, &shape, longest, periodic.longest())?;
    let cap: Vec<u8> = preprocessed.map_or(Vec::new(), |key| key.commitment.roots().concat());
    let main = source::contract::<E>(name, &shape, &constants, &seeds, &cap, &periodic, &code);

    let library = LIBRARY.iter().map(|&(file, text)| (file.to_owned(), text.to_owned()));
    let mut sources: BTreeMap<String, String> = library.collect();
    sources.insert("Extension.sol".to_owned(), E::SOURCE.to_owned());
    sources.insert("Fold.sol".to_owned(), E::FOLD.to_owned());
    sources.insert("Parameters.sol".to_owned(), constants.source());
    sources.insert(format!("{name}.sol"), main);
    let preprocessed = preprocessed.map(|key| key.commitment.clone());
    Ok(Contract { name: name.to_owned(), sources, pieces, shape, seeds, preprocessed, challenge: PhantomData })
}

fn check_name(name: &str) -> Result<(), Error> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || RESERVED.contains(&name) {
        return Err(Error::Name(name.to_owned()));
    }
    Ok(())
}

fn check_key<E: Challenge>(shape: &Shape, key: Option<&PreprocessedKey<E>>) -> Result<(), Error> {
    let (width, log_rows) = (shape.preprocessed_width, shape.log_rows);
    let roots = 1 << shape.cap_height(shape.log_height());
    let got = match key {
        None if width == 0 => return Ok(()),
        None => "none".to_owned(),
        Some(key) if key.width == width && key.degree_bits == log_rows && key.commitment.num_roots() == roots => {
            return Ok(());
        }
        Some(key) => {
            format!("{} columns in 2^{} rows, with {} roots", key.width, key.degree_bits, key.commitment.num_roots())
        }
    };
    Err(Error::PreprocessedKey { width, log_rows, got })
}
