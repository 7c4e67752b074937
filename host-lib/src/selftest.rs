//! A ladder of tests of a card, from its registers to a Merkle tree. Each rung needs the ones below it.

use karat_abi::Stage;
use karat_abi::registers::bar0;
use karat_driver::{After, finish};
use p3_commit::Mmcs;
use p3_dft::TwoAdicSubgroupDft;
use p3_field::{Field, PrimeCharacteristicRing};
use p3_goldilocks::Goldilocks;
use p3_matrix::Matrix;
use p3_matrix::bitrev::BitReversibleMatrix;
use p3_matrix::dense::RowMajorMatrix;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::backend::Backend;
use crate::config::{Dft, Val};
use crate::hashing::Hashing;
use crate::{BackendError, Error, Keccak, Parameters, Poseidon2, Session};

/// One test: what it saw, in a few words, or why it failed.
pub struct Rung {
    /// Its name.
    pub name: &'static str,
    /// The test.
    pub run: fn(&Session) -> Result<String, Error>,
}

/// All tests, lowest first.
pub const LADDER: &[Rung] = &[
    Rung { name: "scratch", run: scratch },
    Rung { name: "queue", run: queue },
    Rung { name: "dma", run: dma },
    Rung { name: "transform", run: transform },
    Rung { name: "hash", run: hash },
];

/// A width that fills no tile, and rows that fill several bursts.
const WIDTH: usize = 13;
const ROWS: usize = 256;

fn card_error(phase: &'static str) -> impl Fn(BackendError) -> Error {
    move |source| Error::Card { phase, source }
}

fn wrong(what: impl Into<String>) -> Error {
    Error::Selftest(what.into())
}

fn matrix() -> RowMajorMatrix<Val> {
    let mut rng = SmallRng::seed_from_u64(1);
    RowMajorMatrix::new((0..WIDTH * ROWS).map(|_| Goldilocks::from_u64(rng.random())).collect(), WIDTH)
}

/// Every bit of the scratch register, both ways.
fn scratch(session: &Session) -> Result<String, Error> {
    let transport = session.card().device().transport();
    for value in (0..32).map(|bit| 1u32 << bit).flat_map(|bit| [bit, !bit]) {
        transport.write32(bar0::SCRATCH, value);
        let seen = transport.read32(bar0::SCRATCH);
        if seen != value {
            return Err(wrong(format!("the scratch register reads {seen:#010x} after {value:#010x} was written")));
        }
    }
    Ok("64 patterns through the scratch register".into())
}

/// Commands through ring, firmware and interrupt, more than the ring has entries.
fn queue(session: &Session) -> Result<String, Error> {
    const COMMANDS: u32 = 100;
    for value in 0..COMMANDS {
        let command = session.driver().nop(value, After::Nothing);
        let (_, completion) = command
            .and_then(|pending| finish(pending, std::time::Duration::from_secs(60)))
            .map_err(|error| card_error("queue test")(BackendError::new("an empty command", error)))?;
        if completion.result != u64::from(value) {
            return Err(wrong(format!("an empty command returned {} instead of {value}", completion.result)));
        }
    }
    Ok(format!("{COMMANDS} commands there and back"))
}

/// Rows to tiles and back, whole and gathered.
fn dma(session: &Session) -> Result<String, Error> {
    let error = card_error("DMA test");
    let values = matrix();
    let there = session.upload(&values, Stage::None).map_err(&error)?;
    if session.download(&there, 0..ROWS, Stage::None).map_err(&error)? != values {
        return Err(wrong("a matrix came back different from what was uploaded"));
    }
    let indices = [0, 1, 77, ROWS - 1];
    let rows = session.rows(&there, &indices, Stage::None).map_err(&error)?;
    for (row, index) in rows.row_slices().zip(indices) {
        if row != &values.values[index * WIDTH..][..WIDTH] {
            return Err(wrong(format!("row {index} came back different from what was uploaded")));
        }
    }
    Ok(format!("{ROWS} rows of {WIDTH} columns there and back"))
}

/// A low-degree extension, against Plonky3's.
fn transform(session: &Session) -> Result<String, Error> {
    let error = card_error("transform test");
    let values = matrix();
    let there = session.upload(&values, Stage::None).map_err(&error)?;
    let extended = session.lde(&there, 1, Val::GENERATOR, Stage::None).map_err(&error)?;
    let expected = Dft::default().coset_lde_batch(values, 1, Val::GENERATOR).bit_reverse_rows().to_row_major_matrix();
    if session.download(&extended, 0..2 * ROWS, Stage::None).map_err(&error)? != expected {
        return Err(wrong("a low-degree extension differs from Plonky3's"));
    }
    Ok(format!("{ROWS} rows extended to {}", 2 * ROWS))
}

/// A Merkle tree with each hash that the card has, against Plonky3's.
fn hash(session: &Session) -> Result<String, Error> {
    session.load_constants(&Parameters::default().constants).map_err(card_error("hash test"))?;
    tree::<Poseidon2>(session)?;
    let mut text = format!("a tree of {ROWS} leaves with Poseidon2");
    if session.card().device().info().has_hash(Keccak::FUNCTION) {
        tree::<Keccak>(session)?;
        text += " and with Keccak";
    }
    Ok(text)
}

fn tree<H: Hashing>(session: &Session) -> Result<(), Error> {
    let error = card_error("hash test");
    let values = matrix();
    let there = session.upload(&values, Stage::None).map_err(&error)?;
    let (cap, _) = session.merkle(&[&there], 0, H::FUNCTION, Stage::None).map_err(&error)?;
    let (expected, _) = Parameters::<H>::benchmark().mmcs().commit_matrix(values);
    if expected != H::cap(&cap) {
        return Err(wrong("a Merkle tree's root differs from Plonky3's"));
    }
    Ok(())
}
