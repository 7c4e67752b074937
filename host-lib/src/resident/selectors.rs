//! The selectors on the quotient's domain, made on the card.

use std::sync::Arc;

use karat_abi::Stage;
use karat_driver::CardMemory;

use super::{ChallengeField, Shape, context};
use crate::BackendError;
use crate::card::Session;
use crate::card::vector::{Block, Pass, View};
use crate::config::Val;
use crate::vector::{Domain, Selectors, Shape as Program};

/// Beats of the selectors of a block: four words a row.
pub(super) fn beats(shape: Shape) -> u32 {
    shape.rows() / 2
}

/// Selectors of all blocks, one behind the other, in rows of four words.
pub(super) fn make<E: ChallengeField>(session: &Session, shape: Shape) -> Result<Arc<CardMemory>, BackendError> {
    let stage = Stage::Quotient;
    let selectors = Selectors::new(shape.log_rows, shape.log_lanes);
    let (chains, root) = (selectors.reciprocals, selectors.root());
    let groups = chains.domain.unroll();
    let code = |program| session.shape::<E>(&program, stage);
    let start = code(Program::ChainStart { groups })?;
    let forward = code(Program::ChainForward { groups, degree: 1 })?;
    let invert = code(Program::ChainInvert { groups })?;
    let first = code(Program::SelectorsFirst { groups })?;
    let finish = code(Program::SelectorsFinish)?;
    let make = || {
        let memory = session.lasting(beats(shape) << shape.log_chunks)?;
        let links = session.passing(shape.rows() / 2)?;
        let pairs = session.passing(shape.rows() / 4)?;
        for index in 0..shape.chunks() {
            let base = shape.block_base(index);
            let mut block = Block::default();
            let seeds = block.push_values(&pairs_of(&chains.domain.seeds(base, root)));
            let chain_table = block.push_values(&chains.table(&Selectors::polynomial(), root));
            let table = block.push_values(&selectors.table(base));
            let stream = block.push_values(&forward.code().stream(&chains.words(root)));
            let data = session.place(&block, stage)?;
            let once = Domain::one_group(shape.log_lanes);
            let (all, groups) = (chains.domain, Domain { most_unroll: 0, ..chains.domain });
            let link = [View::flat(links.first(), 4), View::default(), View::default(), View::default()];
            let pair = [View::flat(pairs.first(), 2), View::default(), View::default(), View::default()];
            let seed = [View::default(), View::default(), data.flat(seeds, 2).fixed(), View::default()];
            let pass = |code, domain, table| Pass::new(code, domain, &data, table);
            let output = memory.first() + index as u32 * beats(shape);
            let chain = [
                Pass { matrices: seed, ..pass(&start, once, chain_table) },
                Pass { stream: Some(stream), output: Some((links.first(), 4)), ..pass(&forward, all, chain_table) },
                pass(&invert, chains.inversion(), table),
                Pass { matrices: link, output: Some((pairs.first(), 2)), descending: true, ..pass(&first, all, table) },
            ];
            session.run(&chain, &[&links, &pairs], stage)?;
            let last = Pass { matrices: pair, output: Some((output, 4)), ..pass(&finish, groups, table) };
            session.run(&[last], &[&pairs, &memory], stage)?;
        }
        Ok(memory)
    };
    context(make(), "making the selectors")
}

/// Each with a zero behind it.
pub(super) fn pairs_of(values: &[Val]) -> Vec<Val> {
    values.iter().flat_map(|&value| [value, Val::default()]).collect()
}
