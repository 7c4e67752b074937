//! All engines, word by word, with delays drawn from a seed.

use std::collections::VecDeque;

use karat_abi::engine::{ENGINES, Engine};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::hash::HashEngine;
use super::ntt::NttEngine;
use super::vector::VectorEngine;
use crate::software::{Capabilities, Engines, HostBus, Machine, Registers, TableFill, Words, transfer};

/// What a card for tests is made with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Beats of card memory.
    pub card_beats: u32,
    /// log2 of the beats of the transform buffer.
    pub log_transform: u32,
    /// log2 of the rows of a hash batch.
    pub log_batch: u32,
    /// Beats of half the layout buffer.
    pub layout_beats: u32,
    /// Lanes of the vector engine.
    pub vector_lanes: u32,
    /// The hashes that there are, a bit each.
    pub hashes: u32,
    /// Longest delay of a descriptor, in polls.
    pub delay: u32,
    /// Seed of the delays.
    pub seed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            card_beats: 1 << 16,
            log_transform: 10,
            log_batch: 7,
            layout_beats: 512,
            vector_lanes: 8,
            hashes: 3,
            delay: 20,
            seed: 1,
        }
    }
}

/// Where an engine is with its active descriptor.
#[derive(Clone, Copy, Default)]
pub(crate) struct Position {
    /// Polls until it acts.
    delay: u32,
    /// What of it was done.
    pub(crate) progress: u64,
}

/// Software engines on a host memory, slow and strict: they panic when the firmware breaks the contract.
pub struct StrictEngines<M> {
    /// Host memory.
    pub host: M,
    /// Card memory, in beats.
    pub memory: Vec<[u64; 8]>,
    /// Most engines that were busy in the same poll.
    pub most_busy: usize,
    pub(crate) limits: Limits,
    pub(crate) positions: [Position; ENGINES],
    pub(crate) upload: VecDeque<u64>,
    pub(crate) download: VecDeque<u64>,
    pub(crate) row: Vec<u64>,
    ntt: NttEngine,
    hash: HashEngine,
    vector: VectorEngine,
    rng: SmallRng,
}

/// A card for tests on a host memory, held in reset.
pub fn machine<M: HostBus>(limits: Limits, host: M) -> Machine<StrictEngines<M>> {
    let mut machine = Machine::new(StrictEngines::new(limits, host));
    let mut rng = SmallRng::seed_from_u64(!limits.seed);
    machine.card_mut().registers.mailbox.fill_with(|| rng.random());
    machine
}

impl<M: HostBus> StrictEngines<M> {
    /// Idle engines.
    pub fn new(limits: Limits, host: M) -> Self {
        let mut rng = SmallRng::seed_from_u64(limits.seed);
        // Nothing may depend on memory being clear.
        let memory = (0..limits.card_beats).map(|_| [rng.random(); 8]).collect();
        Self {
            host,
            memory,
            most_busy: 0,
            limits,
            positions: Default::default(),
            upload: VecDeque::new(),
            download: VecDeque::new(),
            row: Vec::new(),
            ntt: NttEngine::new(limits.log_transform),
            hash: HashEngine::new(limits.log_batch),
            vector: VectorEngine::new(limits.vector_lanes),
            rng,
        }
    }

    /// Words left in the streams between host and card: none when nothing is under way.
    pub fn words_in_flight(&self) -> usize {
        self.upload.len() + self.download.len() + self.row.len()
    }

    /// Goes on with the active descriptor. True when it is done.
    fn act(&mut self, registers: &mut Registers, engine: Engine, words: &Words) -> bool {
        match engine {
            Engine::Mailbox => transfer(registers, &mut self.host, words),
            Engine::HostRead => return self.host_read(registers, words),
            Engine::CardWrite => return self.card_write(registers, words),
            Engine::CardRead => return self.card_read(registers, words),
            Engine::HostWrite => return self.host_write(registers, words),
            Engine::Ntt => registers.engine(engine).work += self.ntt.run(words, &mut self.memory),
            Engine::Hash => {
                let state = registers.engine(engine);
                state.work += self.hash.run(words, &mut self.memory);
                state.result = self.hash.result;
            }
            Engine::Vector => registers.engine(engine).work += self.vector.run(words, &mut self.memory),
        }
        true
    }
}

impl<M: HostBus> Engines for StrictEngines<M> {
    fn capabilities(&self) -> Capabilities {
        let Limits { card_beats, log_transform, log_batch, layout_beats, vector_lanes, hashes, .. } = self.limits;
        let (ntt_lanes, hash_multipliers) = (2, 8);
        Capabilities {
            card_beats,
            ntt_lanes,
            hash_multipliers,
            log_transform,
            log_batch,
            layout_beats,
            vector_lanes,
            hashes,
        }
    }

    fn tick(&mut self, registers: &mut Registers) {
        registers.cycles += 1;
        let busy = Engine::ALL.iter().filter(|engine| registers.is_busy(**engine)).count();
        self.most_busy = self.most_busy.max(busy);
        for engine in Engine::ALL {
            let state = registers.engine(engine);
            let Some(&words) = state.active() else { continue };
            state.busy += 1;
            let position = &mut self.positions[engine as usize];
            if position.progress == 0 && position.delay > 0 {
                position.delay -= 1;
                continue;
            }
            if self.act(registers, engine, &words) {
                registers.engine(engine).finish();
                let delay = self.rng.random_range(0..=self.limits.delay);
                self.positions[engine as usize] = Position { delay, progress: 0 };
            }
        }
    }

    fn fill(&mut self, engine: Engine, fill: TableFill, registers: &Registers) -> u32 {
        let state = &registers.engines[engine as usize];
        match engine {
            Engine::Ntt => {
                for words in [state.active(), state.pending()].into_iter().flatten() {
                    NttEngine::assert_free(words, fill.index);
                }
                self.ntt.fill(fill);
                1 + self.rng.random_range(0..=self.limits.delay)
            }
            Engine::Hash => {
                for words in [state.active(), state.pending()].into_iter().flatten() {
                    HashEngine::assert_free(words, fill.index);
                }
                self.hash.fill(fill);
                0
            }
            _ => panic!("{} has no tables", engine.name()),
        }
    }

    fn reset(&mut self) {
        self.positions = Default::default();
        self.upload.clear();
        self.download.clear();
        self.row.clear();
    }
}
