//! The quotient: the constraints on the extended trace, and its chunks' commitment.

use std::sync::Arc;

use karat_abi::command::{MAX_PASSES, lde};
use karat_abi::{LdeArguments, Stage};
use karat_driver::Layout;
use p3_field::{Field, PrimeCharacteristicRing, PrimeField64, TwoAdicField};

use super::setup::commit_extended;
use super::{ChallengeField, Committed, ProverConfig, Setup, context, selectors};
use crate::BackendError;
use crate::card::CardMatrix;
use crate::card::vector::{Block, Pass, View};
use crate::config::Val;
use crate::hashing::HashingFor;
use crate::program::Program;
use crate::vector::Domain;

/// Commits to the quotient's chunks, of which chunk i is columns of tile i.
pub(super) fn commit<E: ChallengeField, H: HashingFor<E>>(
    config: &ProverConfig<E, H>,
    setup: &Setup<E, H>,
    trace: &CardMatrix,
    alpha: E,
    public_values: &[Val],
) -> Result<Committed, BackendError> {
    let chunks = context(chunks(config, setup, trace, alpha, public_values), "evaluating the quotient")?;
    commit_extended(config, chunks)
}

fn chunks<E: ChallengeField, H: HashingFor<E>>(
    config: &ProverConfig<E, H>,
    setup: &Setup<E, H>,
    trace: &CardMatrix,
    alpha: E,
    public_values: &[Val],
) -> Result<Vec<CardMatrix>, karat_driver::Error> {
    let (session, shape, rows) = (&config.session, setup.shape, setup.shape.rows());
    let domain = Domain { log_rows: shape.log_rows, log_lanes: shape.log_lanes, most_unroll: 0 };
    let mut data = Block::default();
    let stream = data.push_values(&setup.program.constants(alpha, public_values));
    let tables: Vec<_> = (0..shape.chunks())
        .map(|block| {
            let vanishing = shape.block_base(block).exp_power_of_2(shape.log_rows) - Val::ONE;
            data.push_values(&Program::table(vanishing.inverse()))
        })
        .collect();
    let data = session.place(&data, Stage::Quotient)?;
    let values = session.passing(rows << shape.log_chunks)?;
    let matrix = |matrix: Option<&CardMatrix>, block: usize| {
        matrix.map_or(View::default(), |matrix| matrix.view(block as u32 * rows))
    };
    let selectors = |block: usize| {
        setup.selectors.as_ref().map_or(View::default(), |selectors| {
            View::flat(selectors.first() + block as u32 * selectors::beats(shape), 4)
        })
    };
    let preprocessed = setup.preprocessed.as_ref().map(|committed| &committed.matrices[0]);
    let passes: Vec<Pass<'_>> = (0..shape.chunks())
        .map(|block| Pass {
            code: &setup.code,
            domain,
            data: &data,
            table: tables[block],
            stream: (stream.words() > 0).then_some(stream),
            matrices: [
                matrix(Some(trace), block),
                matrix(preprocessed, block),
                matrix(setup.periodic.as_ref(), block),
                selectors(block),
            ],
            output: Some((values.first() + shape.chunk_of(block) as u32 * rows, 8)),
            descending: false,
        })
        .collect();
    let mut memory = vec![&values, trace.memory()];
    memory.extend(preprocessed.map(CardMatrix::memory));
    memory.extend(setup.periodic.as_ref().map(CardMatrix::memory));
    memory.extend(setup.selectors.as_ref());
    for passes in passes.chunks(MAX_PASSES as usize) {
        session.run(passes, &memory, Stage::Quotient)?;
    }

    let extended = session.lasting(shape.extended() << shape.log_chunks)?;
    let root = Val::two_adic_generator(shape.log_rows + shape.log_chunks);
    let extensions: Vec<LdeArguments> = (0..shape.chunks())
        .map(|chunk| LdeArguments {
            shift: root.exp_u64(chunk as u64).inverse().as_canonical_u64(),
            source: values.first() + chunk as u32 * rows,
            source_stride: rows,
            destination: extended.first() + chunk as u32 * shape.extended(),
            destination_stride: shape.extended(),
            tiles: 1,
            log_rows: shape.log_rows as u32,
            log_blowup: shape.log_blowup as u32,
            mode: lde::EXTEND | lde::REVERSED,
            ..LdeArguments::default()
        })
        .collect();
    let tickets = session.extend_tiles(&extensions, &[&values, &extended], Stage::Quotient)?;
    let chunk = |(extension, ticket): (&LdeArguments, _)| {
        let (first, rows) = (extension.destination, shape.extended());
        let layout = Layout { first, tile_stride: rows, width: shape.degree as u32, rows };
        CardMatrix::new(session, Arc::clone(&extended), layout, ticket)
    };
    Ok(extensions.iter().zip(tickets).map(chunk).collect())
}
