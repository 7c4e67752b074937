//! Proofs as files that carry everything that verifying them takes.
//!
//! Layout, little-endian: magic (8 bytes), version (u32), length of the header (u32), header, length of the proof (u64),
//! proof, SHA-256 of all that. Header and proof are postcard; the proof is that of `p3_uni_stark::Proof`. The checksum
//! tells a damaged file from a proof that is not valid. It says nothing about who made the file.

use p3_field::PrimeField64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::airs::{self, AirSpec};
use crate::config::{Proof, Val};
use crate::constants::WORDS;
use crate::{ChallengeField, Error, HashName, HashingFor, Parameters, Poseidon2Constants, Scheme, Security, WithTypes};

const MAGIC: [u8; 8] = *b"karatprf";
const VERSION: u32 = 2;
const CHECKSUM: usize = 32;

/// A proof and its statement.
pub struct ProofFile {
    /// The AIR.
    pub spec: AirSpec,
    /// log2 of the rows of the trace.
    pub log_rows: usize,
    /// Its hash and field of challenges.
    pub scheme: Scheme,
    /// What prover and verifier agreed on besides. Keccak has no use for the constants.
    pub parameters: Parameters,
    /// The public values, canonical.
    pub public_values: Vec<Val>,
    /// The postcard of the proof.
    pub proof: Vec<u8>,
}

/// A file that is not a proof, or not any more.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofFileError {
    /// It starts with something else.
    #[error("it is not a proof file: it does not start with the bytes \"karatprf\"")]
    NotAProof,
    /// It was written by another version.
    #[error("it has format {0}, and this program reads format {VERSION}")]
    Version(u32),
    /// It ends early, or goes on.
    #[error("it has {got} bytes and should have {expected}: it was cut short, or its lengths were altered")]
    Length {
        /// Bytes that are there.
        got: u64,
        /// Bytes that the lengths in it add up to.
        expected: u64,
    },
    /// It was altered.
    #[error("its checksum does not match: it was altered")]
    Checksum,
    /// Its parts make no sense, though nothing was altered since it was written.
    #[error("its {part} cannot be read: {reason}")]
    Malformed {
        /// The part.
        part: &'static str,
        /// Why not.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Header {
    spec: AirSpec,
    scheme: Scheme,
    log_rows: u32,
    log_blowup: u32,
    log_final_poly_len: u32,
    max_log_arity: u32,
    num_queries: u32,
    batch_pow_bits: u32,
    commit_pow_bits: u32,
    query_pow_bits: u32,
    ood_pow_bits: u32,
    cap_height: u32,
    /// Absent for p3's own constants.
    constants: Option<Vec<u64>>,
    public_values: Vec<u64>,
}

impl ProofFile {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = postcard::to_stdvec(&self.header()).expect("a header has a postcard");
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((header.len() as u32).to_le_bytes());
        bytes.extend(header);
        bytes.extend((self.proof.len() as u64).to_le_bytes());
        bytes.extend(&self.proof);
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        bytes
    }

    /// Reads a file, without verifying the proof in it.
    ///
    /// # Errors
    /// When anything about it is not as [`Self::to_bytes`] writes it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProofFileError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(ProofFileError::NotAProof);
        }
        let short = |expected: u64| ProofFileError::Length { got: bytes.len() as u64, expected };
        let rest = &bytes[MAGIC.len()..];
        let minimum = (MAGIC.len() + 16 + CHECKSUM) as u64;
        let (version, rest) = rest.split_first_chunk().ok_or_else(|| short(minimum))?;
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err(ProofFileError::Version(version));
        }
        let (length, rest) = rest.split_first_chunk().ok_or_else(|| short(minimum))?;
        let header_length = u32::from_le_bytes(*length) as usize;
        let with_header = minimum + header_length as u64;
        let (header, rest) = rest.split_at_checked(header_length).ok_or_else(|| short(with_header))?;
        let (length, rest) = rest.split_first_chunk().ok_or_else(|| short(with_header))?;
        let proof_length = u64::from_le_bytes(*length);
        let expected = with_header.saturating_add(proof_length);
        if expected != bytes.len() as u64 {
            return Err(short(expected));
        }
        let (proof, checksum) = rest.split_at(rest.len() - CHECKSUM);
        if checksum != Sha256::digest(&bytes[..bytes.len() - CHECKSUM]).as_slice() {
            return Err(ProofFileError::Checksum);
        }
        Self::from_parts(&decode("header", header)?, proof)
    }

    /// The proof.
    ///
    /// # Errors
    /// When its bytes are not a proof's.
    pub fn decode<E: ChallengeField, H: HashingFor<E>>(&self) -> Result<Proof<E, H>, ProofFileError> {
        decode("proof", &self.proof)
    }

    /// Verifies the proof with Plonky3 and returns its security.
    ///
    /// # Errors
    /// When it is not accepted.
    pub fn verify(&self) -> Result<Security, Error> {
        // Before anything is computed from them: all these numbers are the file's.
        self.parameters.validate(self.log_rows)?;
        self.scheme.with_types(Verify(self))
    }

    /// The hash that a proof of `keccak` is about, in hexadecimal.
    pub fn hash(&self) -> Option<String> {
        airs::hash(self.spec, &self.public_values)
    }

    /// The statement and the parameters, a line each, for people.
    pub fn describe(&self) -> String {
        let p = &self.parameters;
        let mut text = format!(
            "air          {}\nhash         {}\nchallenges   of degree {}\nrows         {}\nblowup       {}\narity        {}\nqueries      {}\n",
            self.spec.name(),
            self.scheme.hash,
            self.scheme.degree,
            1u64.checked_shl(self.log_rows as u32).unwrap_or(0),
            1u64.checked_shl(p.log_blowup as u32).unwrap_or(0),
            1u64.checked_shl(p.max_log_arity as u32).unwrap_or(0),
            p.num_queries,
        );
        text += &format!(
            "proof of work  {} bits before the queries, {} a fold, {} before batching, {} out of domain\n",
            p.query_pow_bits, p.commit_pow_bits, p.batch_pow_bits, p.ood_pow_bits
        );
        text += &format!(
            "cap height   {}\nfinal poly   {} coefficients\n",
            p.cap_height,
            1u64.checked_shl(p.log_final_poly_len as u32).unwrap_or(0),
        );
        if self.scheme.hash == HashName::Poseidon2 {
            let standard = p.constants == Poseidon2Constants::default();
            text += &format!("constants    {}\n", if standard { "Plonky3's" } else { "the file's own" });
        }
        text += &format!("proof        {} bytes\n", self.proof.len());
        match self.hash() {
            Some(hash) => text += &format!("Keccak-256   {hash}\n"),
            None => {
                for (i, value) in self.public_values.iter().enumerate() {
                    text += &format!("public {i:<5} {value}\n");
                }
            }
        }
        text
    }

    fn header(&self) -> Header {
        let p = &self.parameters;
        Header {
            spec: self.spec,
            scheme: self.scheme,
            log_rows: self.log_rows as u32,
            log_blowup: p.log_blowup as u32,
            log_final_poly_len: p.log_final_poly_len as u32,
            max_log_arity: p.max_log_arity as u32,
            num_queries: p.num_queries as u32,
            batch_pow_bits: p.batch_pow_bits as u32,
            commit_pow_bits: p.commit_pow_bits as u32,
            query_pow_bits: p.query_pow_bits as u32,
            ood_pow_bits: p.ood_pow_bits as u32,
            cap_height: p.cap_height as u32,
            constants: (p.constants != Poseidon2Constants::default()).then(|| p.constants.to_words().to_vec()),
            public_values: self.public_values.iter().map(PrimeField64::as_canonical_u64).collect(),
        }
    }

    fn from_parts(header: &Header, proof: &[u8]) -> Result<Self, ProofFileError> {
        let malformed = |reason: &str| ProofFileError::Malformed { part: "header", reason: reason.to_owned() };
        let constants = match &header.constants {
            None => Poseidon2Constants::default(),
            Some(words) => {
                let words: &[u64; WORDS] =
                    words.as_slice().try_into().map_err(|_| malformed("there are not 86 round constants"))?;
                Poseidon2Constants::from_words(words)
            }
        };
        let public_values = header
            .public_values
            .iter()
            .map(|&value| {
                (value < Val::ORDER_U64)
                    .then(|| Val::new(value))
                    .ok_or_else(|| malformed("a public value is not canonical"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            spec: header.spec,
            scheme: header.scheme,
            log_rows: header.log_rows as usize,
            parameters: Parameters {
                log_blowup: header.log_blowup as usize,
                log_final_poly_len: header.log_final_poly_len as usize,
                max_log_arity: header.max_log_arity as usize,
                num_queries: header.num_queries as usize,
                batch_pow_bits: header.batch_pow_bits as usize,
                commit_pow_bits: header.commit_pow_bits as usize,
                query_pow_bits: header.query_pow_bits as usize,
                ood_pow_bits: header.ood_pow_bits as usize,
                cap_height: header.cap_height as usize,
                constants,
            },
            public_values,
            proof: proof.to_vec(),
        })
    }
}

/// Verification with a file's types.
struct Verify<'a>(&'a ProofFile);

impl WithTypes for Verify<'_> {
    type Output = Result<Security, Error>;

    fn run<E: ChallengeField, H: HashingFor<E>>(self) -> Result<Security, Error> {
        let Self(file) = self;
        let air = file.spec.build(file.log_rows)?;
        let proof = file.decode::<E, H>()?;
        if proof.degree_bits != file.log_rows {
            return Err(Error::Invalid(format!(
                "it is about 2^{} rows, and the file says 2^{}",
                proof.degree_bits, file.log_rows
            )));
        }
        let parameters = file.parameters.with_constants::<H>(H::constants_of(&file.parameters.constants));
        crate::verify::<E, H, _>(&parameters, &air, &proof, &file.public_values)?;
        Ok(Security::of::<E, H, _>(&air, &parameters, file.log_rows))
    }
}

/// Decodes a postcard that fills `bytes`.
fn decode<T: for<'de> Deserialize<'de>>(part: &'static str, bytes: &[u8]) -> Result<T, ProofFileError> {
    let malformed = |reason| ProofFileError::Malformed { part, reason };
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| malformed(error.to_string()))?;
    if rest.is_empty() { Ok(value) } else { Err(malformed(format!("{} bytes are left over", rest.len()))) }
}
