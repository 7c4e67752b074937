//! The commit phase of the low-degree test: layers are committed and folded on the card.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use karat_abi::command::{MAX_PASSES, matrix};
use karat_abi::{MatrixArguments, Stage};
use karat_driver::{CardMemory, Layout};
use p3_dft::{Radix2DFTSmallBatch, TwoAdicSubgroupDft};
use p3_field::PrimeCharacteristicRing;
use p3_fri::{FriParameters, FriShape, ProverTranscript};
use p3_util::reverse_slice_index_bits;
use tracing::info_span;

use super::selectors::pairs_of;
use super::{ChallengeField, Committed, ProverConfig, Shape, context, queries};
use crate::BackendError;
use crate::card::vector::{Block, Pass, View};
use crate::card::{CardTree, Session};
use crate::config::{Commitment, OpeningProof, Val};
use crate::hashing::{Hashing, HashingFor};
use crate::vector::{Domain, Fold, Shape as Program, element_words};

/// A committed layer: a codeword, flat, whose leaves fold to one value each.
pub(super) struct Layer {
    pub memory: Arc<CardMemory>,
    pub tree: CardTree,
    /// log2 of the leaves.
    pub log_rows: usize,
    pub log_cap: usize,
    pub log_arity: usize,
}

/// What folding leaves behind.
struct Folded<E, H: Hashing> {
    layers: Vec<Layer>,
    commits: Vec<Commitment<H>>,
    witnesses: Vec<Val>,
    final_poly: Vec<E>,
}

/// p3's `prove_fri` for one codeword, step for step in the transcript.
pub(super) fn prove<E, H>(
    config: &ProverConfig<E, H>,
    shape: Shape,
    codeword: Arc<CardMemory>,
    data: &[&Committed],
    batch_pow_witness: Val,
    challenger: &mut H::Challenger,
) -> Result<OpeningProof<E, H>, BackendError>
where
    E: ChallengeField,
    H: HashingFor<E>,
{
    let log_height = shape.log_rows + shape.log_blowup;
    let fri_shape = fri_shape(&config.parameters.fri_with(()), log_height);
    let log_arities = fri_shape.log_arities.clone();
    // p3 asserts in `drop` that a described transcript was played to its end, and this one, unlike the others, cannot
    // be told of an error. So where the card fails it is leaked: some hundred bytes.
    let mut transcript = ManuallyDrop::new(ProverTranscript::<H::Challenger, Val, E>::new(challenger, fri_shape));
    let folded = info_span!("fold").in_scope(|| fold(config, shape, codeword, &log_arities, &mut transcript))?;
    let (indices, query_pow_witness) = transcript.query_phase(&folded.final_poly);
    ManuallyDrop::into_inner(transcript).finish();

    let (input_openings, commit_phase_openings) = info_span!("query", queries = indices.len())
        .in_scope(|| queries::answer::<E, H>(&config.session, shape, data, &folded.layers, &indices))?;
    Ok(OpeningProof::<E, H> {
        batch_pow_witness,
        commit_phase_commits: folded.commits,
        commit_pow_witnesses: folded.witnesses,
        input_openings,
        commit_phase_openings,
        final_poly: folded.final_poly,
        query_pow_witness: query_pow_witness.unwrap_or(Val::ZERO),
    })
}

/// The folds of a codeword of `2^log_height` values.
pub(super) fn fri_shape(parameters: &FriParameters<()>, log_height: usize) -> FriShape {
    FriShape::new(parameters, &[log_height], log_height)
}

/// Folds by two, in which a layer of `2^log_height` values is folded by `2^log_arity`.
pub(super) fn folds(shape: Shape, log_height: usize, log_arity: usize) -> Vec<Fold> {
    (1..=log_arity).map(|k| Fold::new(log_height - k, shape.log_lanes, shape.degree)).collect()
}

fn fold<E, H>(
    config: &ProverConfig<E, H>,
    shape: Shape,
    mut codeword: Arc<CardMemory>,
    log_arities: &[usize],
    transcript: &mut ProverTranscript<'_, H::Challenger, Val, E>,
) -> Result<Folded<E, H>, BackendError>
where
    E: ChallengeField,
    H: HashingFor<E>,
{
    let session = &config.session;
    let mut log_height = shape.log_rows + shape.log_blowup;
    let (mut layers, mut commits, mut witnesses) = (Vec::new(), Vec::new(), Vec::new());
    for &log_arity in log_arities {
        let log_rows = log_height - log_arity;
        let log_cap = config.parameters.cap_height.min(log_rows);
        let log_words = element_words(shape.degree).ilog2() + log_arity as u32;
        let skip = if shape.degree == element_words(shape.degree) { 0 } else { matrix::SKIP };
        let leaves = MatrixArguments {
            card: codeword.first(),
            tile_stride: 0,
            width: (shape.degree << log_arity) as u32,
            log_rows: log_rows as u32 | log_words << matrix::FLAT_SHIFT | skip,
        };
        let tree = session.tree_of(&[leaves], &[&codeword], [1 << log_rows, 0], log_cap, H::FUNCTION, Stage::Fri);
        let (cap, tree) = context(tree, "committing to a folded layer")?;
        let commit = H::cap(&cap);
        let (beta, witness) = transcript.commit_round(commit.clone());
        let next = fold_layer(session, shape, &codeword, log_height, log_arity, beta)?;
        layers.push(Layer { memory: codeword, tree, log_rows, log_cap, log_arity });
        commits.push(commit);
        witnesses.push(witness.unwrap_or(Val::ZERO));
        (codeword, log_height) = (next, log_rows);
    }
    // The first values of a bit-reversed codeword of low degree determine it.
    let mut values =
        context(read::<E>(session, shape, &codeword, config.parameters.log_final_poly_len), "reading the last layer")?;
    reverse_slice_index_bits(&mut values);
    let final_poly = Radix2DFTSmallBatch::<Val>::default().idft_algebra(values);
    Ok(Folded { layers, commits, witnesses, final_poly })
}

/// Folds by two, `log_arity` times, with `beta` to the powers of two.
pub(super) fn fold_layer<E: ChallengeField>(
    session: &Session,
    shape: Shape,
    codeword: &Arc<CardMemory>,
    log_height: usize,
    log_arity: usize,
    beta: E,
) -> Result<Arc<CardMemory>, BackendError> {
    let folds = folds(shape, log_height, log_arity);
    let mut codes = Vec::new();
    for fold in &folds {
        let [start, fold] = Program::of_fold(fold).map(|program| session.shape::<E>(&program, Stage::Fri));
        codes.push((start?, fold?));
    }
    let run = || {
        let mut block = Block::default();
        let pieces: Vec<_> = folds
            .iter()
            .zip(&codes)
            .enumerate()
            .map(|(k, (fold, (start, _)))| {
                let seeds = block.push_values(&pairs_of(&fold.seeds()));
                let table = block.push_values(&fold.table(beta.exp_power_of_2(k), E::ZERO));
                let stream = block.push_values(&start.code().stream(&fold.words()));
                (seeds, table, stream)
            })
            .collect();
        let data = session.place(&block, Stage::Fri)?;
        let words = element_words(shape.degree);
        let none = View::default();
        let mut memory = vec![Arc::clone(codeword)];
        let mut passes = Vec::new();
        for ((fold, (start, code)), &(seeds, table, stream)) in folds.iter().zip(&codes).zip(&pieces) {
            let beats = shape.flat_beats(fold.domain.log_rows);
            // The last is a layer.
            let next = if memory.len() == log_arity { session.lasting(beats) } else { session.passing(beats) }?;
            let source = View::flat(memory[memory.len() - 1].first(), 2 * words);
            passes.push(Pass {
                stream: (stream.words() > 0).then_some(stream),
                matrices: [none, none, data.flat(seeds, 2).fixed(), none],
                ..Pass::new(start, Domain::one_group(shape.log_lanes), &data, table)
            });
            passes.push(Pass {
                matrices: [source, none, none, none],
                output: Some((next.first(), words)),
                ..Pass::new(code, fold.domain, &data, table)
            });
            memory.push(next);
        }
        let held: Vec<&Arc<CardMemory>> = memory.iter().collect();
        for passes in passes.chunks(MAX_PASSES as usize) {
            session.run(passes, &held, Stage::Fri)?;
        }
        Ok(memory.pop().expect("a fold"))
    };
    context(run(), "folding a layer")
}

/// The first `2^log_count` elements of a flat vector.
pub(super) fn read<E: ChallengeField>(
    session: &Session,
    shape: Shape,
    codeword: &CardMemory,
    log_count: usize,
) -> Result<Vec<E>, karat_driver::Error> {
    let words = element_words(shape.degree);
    let beats = (words << log_count).div_ceil(8);
    let layout = Layout { first: codeword.first(), tile_stride: beats as u32, width: 8, rows: beats as u32 };
    let values = session.download_rows(&layout, 0..beats, Stage::Fri)?;
    Ok(values.chunks_exact(words).take(1 << log_count).map(|words| element(words, shape.degree)).collect())
}

/// An element from its words.
pub(super) fn element<E: ChallengeField>(words: &[u64], degree: usize) -> E {
    E::from_basis_coefficients_fn(|k| if k < degree { Val::new(words[k]) } else { Val::ZERO })
}
