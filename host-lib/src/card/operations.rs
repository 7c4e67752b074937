//! The operations of [`Backend`] as commands of the card.

use std::ops::Range;
use std::sync::Arc;

use karat_abi::{BEAT_BYTES, Engine, HashFunction, LdeArguments, MatrixArguments, MerkleArguments, Stage};
use karat_driver::{After, CardMemory, Error, Layout};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;

use super::flight::Ticket;
use super::matrix::{PANEL_COLUMNS, Panel, panels, part};
use super::{CardMatrix, CardTree, Session};
use crate::Poseidon2Constants;
use crate::backend::{Backend, BackendError, Node};
use crate::report::{EngineUsage, StageUsage, Usage};

/// The card has one set of constants for all.
#[derive(Debug, thiserror::Error)]
#[error("another session of the card uses other constants")]
struct OtherConstants;

/// Names the operation that failed.
fn context<T>(result: Result<T, Error>, operation: impl FnOnce() -> String) -> Result<T, BackendError> {
    result.map_err(|error| BackendError::new(operation(), error))
}

impl Session {
    fn upload_panels(&self, values: &RowMajorMatrix<Goldilocks>, stage: Stage) -> Result<CardMatrix, Error> {
        let (width, rows) = (values.width() as u32, values.height() as u32);
        let memory = self.passing(beats(width, rows))?;
        let layout = Layout { first: memory.first(), tile_stride: rows, width, rows };
        let mut matrix = CardMatrix::empty(self, memory, layout);
        self.upload_columns(&mut matrix, 0, values, stage)?;
        Ok(matrix)
    }

    /// Fills the panels of a matrix from column `first` on, which one begins.
    pub(crate) fn upload_columns(
        &self,
        matrix: &mut CardMatrix,
        first: u32,
        values: &RowMajorMatrix<Goldilocks>,
        stage: Stage,
    ) -> Result<(), Error> {
        // After an upload that failed half-way.
        matrix.panels.truncate(first.div_ceil(PANEL_COLUMNS) as usize);
        for panel in panels(values.width() as u32) {
            let columns = panel.first as usize..(panel.first + panel.width) as usize;
            let mut words = Vec::with_capacity(columns.len() * values.height());
            for row in values.row_slices() {
                // Any representative will do: the card reduces.
                words.extend(row[columns.clone()].iter().map(|value| value.as_canonical_u64()));
            }
            let buffer = self.commands()?.buffer_from(&words)?;
            let panel = Panel { first: first + panel.first, ..panel };
            let pending = self.commands()?.upload(buffer, &part(&matrix.layout, panel), stage, After::Nothing)?;
            matrix.panels.push(self.0.flight.lock().add(pending, &[&matrix.memory])?);
        }
        Ok(())
    }

    fn extend_panels(
        &self,
        source: &CardMatrix,
        log_blowup: usize,
        shift: Goldilocks,
        stage: Stage,
    ) -> Result<CardMatrix, Error> {
        let (from, rows) = (&source.layout, source.layout.rows);
        let extended = rows << log_blowup;
        let memory = self.lasting(beats(from.width, extended))?;
        let to = Layout { first: memory.first(), tile_stride: extended, width: from.width, rows: extended };
        // One work area serves all panels: the transform engine does them one after the other.
        let scratch_beats = self.work_area(rows.ilog2(), log_blowup as u32);
        let scratch = self.passing(scratch_beats)?;
        let mut tickets: Vec<Ticket> = Vec::new();
        for (i, panel) in panels(from.width).enumerate() {
            let arguments = LdeArguments {
                shift: shift.as_canonical_u64(),
                source: part(from, panel).first,
                source_stride: from.tile_stride,
                destination: part(&to, panel).first,
                destination_stride: to.tile_stride,
                tiles: Layout::tiles(panel.width),
                log_rows: rows.ilog2(),
                log_blowup: log_blowup as u32,
                mode: karat_abi::command::lde::EXTEND,
                scratch: scratch.first(),
                scratch_beats,
                reserved: [0; 4],
            };
            let mut flight = self.0.flight.lock();
            let after = match flight.id(source.panels[i]) {
                // A work area in use by the panel before: wait for it, and with it for all.
                _ if scratch_beats > 0 && i > 0 => After::All,
                Some(id) => After::Command(id),
                None => After::Nothing,
            };
            drop(flight);
            let pending = self.commands()?.lde(&arguments, stage, after)?;
            flight = self.0.flight.lock();
            tickets.push(flight.add(pending, &[&source.memory, &memory, &scratch])?);
        }
        Ok(CardMatrix { memory, layout: to, panels: tickets, _session: self.0.clone() })
    }

    /// Beats of the work area of an extension.
    fn work_area(&self, log_rows: u32, log_blowup: u32) -> u32 {
        if log_rows > self.card().device().info().log_buffer { 1 << (log_rows + log_blowup + 1) } else { 0 }
    }

    /// Extends tiles, several times behind everything that was submitted before and with one work area; all are of one shape.
    pub(crate) fn extend_tiles(
        &self,
        extensions: &[LdeArguments],
        memory: &[&Arc<CardMemory>],
        stage: Stage,
    ) -> Result<Vec<Ticket>, Error> {
        let area = extensions.first().map_or(0, |first| self.work_area(first.log_rows, first.log_blowup));
        let scratch = self.passing(area)?;
        let mut held = memory.to_vec();
        held.push(&scratch);
        let extend = |extension: &LdeArguments| {
            let arguments = LdeArguments { scratch: scratch.first(), scratch_beats: area, ..*extension };
            let pending = self.commands()?.lde(&arguments, stage, After::All)?;
            self.0.flight.lock().add(pending, &held)
        };
        extensions.iter().map(extend).collect()
    }

    fn build_tree(
        &self,
        matrices: &[&CardMatrix],
        cap_height: usize,
        hash: HashFunction,
        stage: Stage,
    ) -> Result<(Vec<Node>, CardTree), Error> {
        let mut order: Vec<&CardMatrix> = matrices.to_vec();
        // Stable: matrices of one height keep their order within a leaf.
        order.sort_by_key(|matrix| std::cmp::Reverse(matrix.layout.rows));
        let leaves = order.first().map_or(1, |matrix| matrix.layout.rows);
        let second = order.iter().map(|matrix| matrix.layout.rows).find(|rows| *rows < leaves).unwrap_or(0);
        let list: Vec<_> = order
            .iter()
            .map(|matrix| MatrixArguments {
                card: matrix.layout.first,
                tile_stride: matrix.layout.tile_stride,
                width: matrix.layout.width,
                log_rows: matrix.layout.rows.ilog2(),
            })
            .collect();
        let memory: Vec<_> = order.iter().map(|matrix| &matrix.memory).collect();
        self.tree_of(&list, &memory, [leaves, second], cap_height, hash, stage)
    }

    /// The tree of matrices, tallest first, of `leaves` and then of at most `second` rows.
    pub(crate) fn tree_of(
        &self,
        matrices: &[MatrixArguments],
        memory: &[&Arc<CardMemory>],
        [leaves, second]: [u32; 2],
        cap_height: usize,
        hash: HashFunction,
        stage: Stage,
    ) -> Result<(Vec<Node>, CardTree), Error> {
        let heap = self.lasting(leaves)?;
        let scratch = self.passing(second)?;
        let arguments = MerkleArguments {
            heap: heap.first(),
            scratch: scratch.first(),
            scratch_beats: second,
            matrices: matrices.len() as u32,
            cap_height: cap_height as u32,
            hash: hash as u32,
            reserved: [0; 2],
        };
        let pending = self.commands()?.merkle(&arguments, matrices, stage, After::All)?;
        let mut held = vec![&heap, &scratch];
        held.extend(memory);
        self.0.flight.lock().add(pending, &held)?;
        let tree = CardTree { memory: heap, leaves, _session: self.0.clone() };
        let cap = self.read_nodes(&tree, 1 << cap_height..2 << cap_height, stage)?;
        Ok((cap, tree))
    }
}

/// Beats of a matrix of tiles. What exceeds 32 bits exceeds any card.
fn beats(width: u32, rows: u32) -> u32 {
    u32::try_from(u64::from(Layout::tiles(width)) * u64::from(rows)).unwrap_or(u32::MAX)
}

fn to_matrix(words: Vec<u64>, width: usize) -> RowMajorMatrix<Goldilocks> {
    RowMajorMatrix::new(words.into_iter().map(Goldilocks::from_u64).collect(), width)
}

impl Session {
    /// The card's own counters.
    fn measure(&self) -> Result<Usage, Error> {
        self.settle()?;
        let counters = self.card().device().counters()?;
        let work = |engine: Engine| counters.engines[engine as usize].work * u64::from(BEAT_BYTES);
        let engines = Engine::ALL.iter().zip(&counters.engines).map(|(engine, counters)| EngineUsage {
            name: engine.name().into(),
            busy_cycles: counters.busy,
            starved_cycles: counters.starved,
            stalled_cycles: counters.stalled,
        });
        let stages = Stage::ALL.iter().zip(&counters.stages).map(|(stage, counters)| StageUsage {
            name: stage.name().into(),
            cycles: counters.cycles,
            commands: counters.commands,
        });
        Ok(Usage {
            cycles: counters.cycles,
            idle_cycles: counters.idle,
            host_cycles: counters.waiting,
            host_seconds: self.0.flight.lock().idle().as_secs_f64(),
            commands: counters.commands,
            bytes_to_card: work(Engine::HostRead),
            bytes_from_card: work(Engine::HostWrite),
            engines: engines.collect(),
            stages: stages.collect(),
        })
    }
}

impl Backend for Session {
    type Matrix = CardMatrix;
    type Tree = CardTree;

    fn load_constants(&self, constants: &Poseidon2Constants) -> Result<(), BackendError> {
        let mut shared = self.card().0.constants.lock();
        if shared.loaded.as_ref() == Some(constants) {
            return Ok(());
        }
        let operation = "loading the constants of Poseidon2";
        if shared.loaded.is_some() && shared.sessions > 1 {
            return Err(BackendError::new(operation, OtherConstants));
        }
        let load = || {
            self.settle()?;
            self.card().device().load_constants(&constants.to_words())
        };
        context(load(), || operation.into())?;
        shared.loaded = Some(constants.clone());
        Ok(())
    }

    fn upload(&self, values: &RowMajorMatrix<Goldilocks>, stage: Stage) -> Result<CardMatrix, BackendError> {
        let (rows, width) = (values.height(), values.width());
        context(self.upload_panels(values, stage), || format!("uploading {rows} rows of {width} columns"))
    }

    fn lde(
        &self,
        matrix: &CardMatrix,
        log_blowup: usize,
        shift: Goldilocks,
        stage: Stage,
    ) -> Result<CardMatrix, BackendError> {
        let extended = self.extend_panels(matrix, log_blowup, shift, stage);
        context(extended, || format!("extending {} rows of {} columns", matrix.height(), matrix.width()))
    }

    fn merkle(
        &self,
        matrices: &[&CardMatrix],
        cap_height: usize,
        hash: HashFunction,
        stage: Stage,
    ) -> Result<(Vec<Node>, CardTree), BackendError> {
        let rows = matrices.iter().map(|matrix| matrix.height()).max().unwrap_or(0);
        let tree = self.build_tree(matrices, cap_height, hash, stage);
        context(tree, || format!("building the tree of {} matrices over {rows} leaves", matrices.len()))
    }

    fn download(
        &self,
        matrix: &CardMatrix,
        rows: Range<usize>,
        stage: Stage,
    ) -> Result<RowMajorMatrix<Goldilocks>, BackendError> {
        let words = self.download_rows(&matrix.layout, rows.clone(), stage);
        let words = context(words, || format!("downloading rows {rows:?} of {} columns", matrix.width()))?;
        Ok(to_matrix(words, matrix.width()))
    }

    fn rows(
        &self,
        matrix: &CardMatrix,
        indices: &[usize],
        stage: Stage,
    ) -> Result<RowMajorMatrix<Goldilocks>, BackendError> {
        let words = self.gather_rows(&matrix.layout, indices, stage);
        let words = context(words, || format!("reading {} rows of {} columns", indices.len(), matrix.width()))?;
        Ok(to_matrix(words, matrix.width()))
    }

    fn nodes(&self, tree: &CardTree, nodes: &[usize], stage: Stage) -> Result<Vec<Node>, BackendError> {
        let read = tree.read(nodes);
        let words = self.read_all(std::slice::from_ref(&read), stage);
        let words = context(words, || format!("reading {} nodes of a tree", nodes.len()))?;
        Ok(read.nodes(&words[0], nodes))
    }

    fn usage(&self) -> Result<Usage, BackendError> {
        context(self.measure(), || "reading the card's counters".into())
    }
}
