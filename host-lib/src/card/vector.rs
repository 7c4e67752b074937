//! Programs in card memory, and commands that run them.

use std::sync::Arc;

use karat_abi::engine::vector::{self, shape};
use karat_abi::vector::MATRICES;
use karat_abi::{Stage, VectorPass};
use karat_driver::{After, CardMemory, Error, Layout};
use p3_field::{ExtensionField, PrimeField64};

use super::Session;
use crate::BackendError;
use crate::config::Val;
use crate::program::Code;
use crate::vector::{Domain, Shape};

/// Words of a beat.
const BEAT: usize = 8;

/// Words for the card, in pieces that each begin a beat, uploaded together.
#[derive(Default)]
pub(crate) struct Block {
    words: Vec<u64>,
}

/// A piece of a block: its first beat in the block, and its words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    beat: u32,
    words: u32,
}

/// A block in card memory.
#[derive(Clone)]
pub(crate) struct CardBlock {
    memory: Arc<CardMemory>,
}

impl Piece {
    /// Its words.
    pub fn words(self) -> u32 {
        self.words
    }
}

impl Block {
    /// Beats of a block of pieces of so many words.
    pub fn beats_of(pieces: &[usize]) -> u64 {
        pieces.iter().map(|words| words.div_ceil(BEAT) as u64).sum()
    }

    /// Adds a piece.
    pub fn push(&mut self, words: impl IntoIterator<Item = u64>) -> Piece {
        let first = self.words.len();
        self.words.extend(words);
        let piece = Piece { beat: (first / BEAT) as u32, words: (self.words.len() - first) as u32 };
        self.words.resize(self.words.len().next_multiple_of(BEAT), 0);
        piece
    }

    /// Adds a piece of field elements.
    pub fn push_values(&mut self, values: &[Val]) -> Piece {
        self.push(values.iter().map(PrimeField64::as_canonical_u64))
    }
}

/// A program in card memory.
pub(crate) struct CardCode {
    block: CardBlock,
    code: Code,
    instructions: Piece,
    loads: Piece,
}

impl CardCode {
    /// The program.
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// Beats of card memory that a program takes.
    pub fn beats_of(code: &Code) -> u64 {
        Block::beats_of(&[2 * code.instructions.len(), code.loads.len()])
    }
}

/// A matrix as a program reads it.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct View {
    /// First beat.
    pub first: u32,
    /// Beats between two tiles.
    pub stride: u32,
    /// Tiles; none if there is no such matrix.
    pub tiles: u32,
    /// Words of a row in a tile, 2, 4 or 8.
    pub words: u32,
    /// Every run reads the first rows.
    pub fixed: bool,
}

impl View {
    /// A matrix of tiles.
    pub fn tiles(first: u32, stride: u32, tiles: u32) -> Self {
        Self { first, stride, tiles, words: BEAT as u32, fixed: false }
    }

    /// A flat vector of so many words a row.
    pub fn flat(first: u32, words: usize) -> Self {
        Self { first, stride: 0, tiles: 1, words: words as u32, fixed: false }
    }

    /// The same rows for every run.
    pub fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }
}

/// One program over all rows.
pub(crate) struct Pass<'a> {
    /// The program.
    pub code: &'a CardCode,
    /// Its runs.
    pub domain: Domain,
    /// Where its constants are.
    pub data: &'a CardBlock,
    /// Its table.
    pub table: Piece,
    /// Its stream.
    pub stream: Option<Piece>,
    /// What it reads.
    pub matrices: [View; MATRICES],
    /// First beat and words of a row of what it puts out.
    pub output: Option<(u32, usize)>,
    /// From the last run to the first.
    pub descending: bool,
}

impl<'a> Pass<'a> {
    /// A program that reads and puts out nothing.
    pub fn new(code: &'a CardCode, domain: Domain, data: &'a CardBlock, table: Piece) -> Self {
        let matrices = [View::default(); MATRICES];
        Self { code, domain, data, table, stream: None, matrices, output: None, descending: false }
    }

    fn descriptor(&self) -> VectorPass {
        let code = self.code;
        let mut pass = VectorPass::default();
        let words = &mut pass.words;
        words[vector::PROGRAM] = code.block.at(code.instructions);
        words[vector::INSTRUCTIONS] = code.instructions.words / 2;
        if let Some(stream) = self.stream {
            words[vector::CONSTANTS] = self.data.at(stream);
            words[vector::CONSTANT_COUNT] = stream.words;
        }
        words[vector::LOADS] = code.block.at(code.loads);
        words[vector::LOAD_COUNT] = code.loads.words;
        words[vector::TABLE] = self.data.at(self.table);
        words[vector::RUNS] = self.domain.runs();
        words[vector::SHAPE] = (self.domain.log_groups() as u32) << shape::LOG_GROUPS
            | (self.domain.log_unroll() as u32) << shape::LOG_UNROLL
            | (code.code.initial_loads as u32) << shape::INITIAL_LOADS;
        if self.descending {
            words[vector::SHAPE] |= shape::DESCENDING;
        }
        if let Some((first, words_of_row)) = self.output {
            words[vector::OUTPUT] = first;
            words[vector::SHAPE] |= shape::WRITES | words_of_row.ilog2() << shape::LOG_WORDS;
        }
        for (index, view) in self.matrices.iter().enumerate().filter(|(_, view)| view.tiles > 0) {
            words[vector::MATRIX_SHAPES] |= (view.words.ilog2() | u32::from(view.fixed) << 2) << (4 * index);
            words[vector::MATRIX + 3 * index..][..3].copy_from_slice(&[view.first, view.stride, view.tiles]);
        }
        pass
    }
}

impl CardBlock {
    /// Card address of a piece, in beats.
    fn at(&self, piece: Piece) -> u32 {
        self.memory.first() + piece.beat
    }

    /// A piece as a matrix of so many words a row.
    pub fn flat(&self, piece: Piece, words: usize) -> View {
        View::flat(self.at(piece), words)
    }
}

impl Session {
    /// Uploads a block, which goes with the commands on it. Commands that come later find it there.
    pub(crate) fn place(&self, block: &Block, stage: Stage) -> Result<CardBlock, Error> {
        self.place_in(self.passing((block.words.len() / BEAT) as u32)?, block, stage)
    }

    fn place_in(&self, memory: Arc<CardMemory>, block: &Block, stage: Stage) -> Result<CardBlock, Error> {
        let rows = (block.words.len() / BEAT) as u32;
        let layout = Layout { first: memory.first(), tile_stride: rows, width: BEAT as u32, rows };
        let commands = self.commands()?;
        let buffer = commands.buffer_from(&block.words)?;
        let pending = commands.upload(buffer, &layout, stage, After::Nothing)?;
        self.0.flight.lock().add(pending, &[&memory])?;
        Ok(CardBlock { memory })
    }

    /// Puts a program on the card, where it stays.
    pub(crate) fn place_code(&self, code: Code, stage: Stage) -> Result<CardCode, Error> {
        Ok(self.place_codes(vec![code], stage)?.remove(0))
    }

    /// Puts programs on the card in one upload; they stay while one of them does.
    fn place_codes(&self, codes: Vec<Code>, stage: Stage) -> Result<Vec<CardCode>, Error> {
        let mut block = Block::default();
        let push = |code: &Code| {
            let instructions = block.push(code.instructions.iter().flat_map(karat_abi::vector::Instruction::encode));
            [instructions, block.push(code.loads.iter().map(|load| load.encode()))]
        };
        let pieces: Vec<[Piece; 2]> = codes.iter().map(push).collect();
        let memory = Arc::new(self.commands()?.allocate((block.words.len() / BEAT) as u32)?);
        let block = self.place_in(memory, &block, stage)?;
        let placed = codes.into_iter().zip(pieces);
        let placed =
            placed.map(|(code, [instructions, loads])| CardCode { block: block.clone(), code, instructions, loads });
        Ok(placed.collect())
    }

    /// A program that the card has, if it has it.
    pub(crate) fn known<E: ExtensionField<Val>>(&self, shape: &Shape) -> Option<Arc<CardCode>> {
        self.0.codes.lock().get(&(E::DIMENSION, shape.clone()))
    }

    /// Gives the card programs, in one upload.
    pub(crate) fn teach<E: ExtensionField<Val>>(
        &self,
        programs: Vec<(Shape, Code)>,
        stage: Stage,
    ) -> Result<Vec<Arc<CardCode>>, BackendError> {
        let (shapes, codes): (Vec<Shape>, Vec<Code>) = programs.into_iter().unzip();
        let placed = self.place_codes(codes, stage);
        let placed = placed.map_err(|error| BackendError::new("putting programs on the card", error))?;
        let placed: Vec<_> = placed.into_iter().map(Arc::new).collect();
        let mut codes = self.0.codes.lock();
        for (shape, code) in shapes.into_iter().zip(&placed) {
            codes.insert((E::DIMENSION, shape), Arc::clone(code));
        }
        Ok(placed)
    }

    /// A program that the card has, or is given.
    pub(crate) fn shape<E: ExtensionField<Val>>(
        &self,
        shape: &Shape,
        stage: Stage,
    ) -> Result<Arc<CardCode>, BackendError> {
        if let Some(code) = self.known::<E>(shape) {
            return Ok(code);
        }
        let operation = || format!("compiling the program {shape:?}");
        let code = shape.compile::<E>().map_err(|error| BackendError::new(operation(), error))?;
        Ok(self.teach::<E>(vec![(shape.clone(), code)], stage)?.remove(0))
    }

    /// Runs passes one after the other, behind everything that was submitted before.
    pub(crate) fn run(&self, passes: &[Pass<'_>], memory: &[&Arc<CardMemory>], stage: Stage) -> Result<(), Error> {
        let descriptors: Vec<VectorPass> = passes.iter().map(Pass::descriptor).collect();
        let pending = self.commands()?.vector(&descriptors, stage, After::All)?;
        let mut memory = memory.to_vec();
        for pass in passes {
            memory.extend([&pass.code.block.memory, &pass.data.memory]);
        }
        self.0.flight.lock().add(pending, &memory)?;
        Ok(())
    }
}
