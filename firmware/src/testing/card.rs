//! The card as the firmware sees it.

use std::collections::VecDeque;

use karat_abi::engine::{ENGINES, Engine};
use karat_abi::registers::{QUEUES, bells, control, firmware};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::engine::EngineState;
use super::hash::HashEngine;
use super::host::HostBus;
use super::ntt::NttEngine;
use crate::Hardware;

/// What a software card is made with.
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
            delay: 20,
            seed: 1,
        }
    }
}

/// A card of software engines on a host memory.
pub struct SoftwareCard<M> {
    /// Host memory.
    pub host: M,
    /// Card memory, in beats.
    pub memory: Vec<[u64; 8]>,
    pub(crate) limits: Limits,
    pub(crate) mailbox: Vec<u32>,
    pub(crate) engines: [EngineState; ENGINES],
    pub(crate) upload: VecDeque<u64>,
    pub(crate) download: VecDeque<u64>,
    pub(crate) row: Vec<u64>,
    pub(crate) ntt: NttEngine,
    pub(crate) hash: HashEngine,
    pub(crate) rng: SmallRng,
    pub(crate) control: [u32; 0x20],
    pub(crate) doorbells: u32,
    pub(crate) sq_tail: [u32; QUEUES as usize],
    pub(crate) cq_head: [u32; QUEUES as usize],
    pub(crate) interrupts: [u64; QUEUES as usize],
    pub(crate) log: Vec<u8>,
    pub(crate) cycles: u64,
    /// Most engines that were busy in the same poll.
    pub most_busy: usize,
}

impl<M: HostBus> SoftwareCard<M> {
    /// A card in reset.
    pub fn new(limits: Limits, host: M) -> Self {
        let mut control = [0; 0x20];
        control[control::CARD_BEATS as usize / 4] = limits.card_beats;
        control[control::CAPABILITIES as usize / 4] = 2 | 8 << 8 | limits.log_transform << 16 | limits.log_batch << 24;
        control[control::CAPABILITIES2 as usize / 4] = limits.layout_beats | 1 << 16 | limits.vector_lanes << 24;
        let mut rng = SmallRng::seed_from_u64(limits.seed);
        // Nothing may depend on memory being clear.
        let memory = (0..limits.card_beats).map(|_| [rng.random(); 8]).collect();
        Self {
            host,
            memory,
            limits,
            mailbox: (0..firmware::MAILBOX_BYTES / 4).map(|_| rng.random()).collect(),
            engines: Default::default(),
            upload: VecDeque::new(),
            download: VecDeque::new(),
            row: Vec::new(),
            ntt: NttEngine::new(limits.log_transform),
            hash: HashEngine::new(limits.log_batch),
            rng,
            control,
            doorbells: 0,
            sq_tail: [0; QUEUES as usize],
            cq_head: [0; QUEUES as usize],
            interrupts: [0; QUEUES as usize],
            log: Vec::new(),
            cycles: 0,
            most_busy: 0,
        }
    }

    /// Puts engines and registers back to their state after reset. Memories keep what they hold.
    pub fn reset(&mut self) {
        for engine in &mut self.engines {
            *engine = EngineState::default();
        }
        self.upload.clear();
        self.download.clear();
        self.row.clear();
        for register in [
            control::STATUS,
            control::FATAL_CODE,
            control::FATAL_ADDRESS,
            control::FIRMWARE_HASH_LO,
            control::FIRMWARE_HASH_HI,
            control::LOG_ADDRESS,
            control::MARKER,
            control::LEDS,
        ] {
            self.control[register as usize / 4] = 0;
        }
        self.doorbells = 0;
        self.sq_tail = Default::default();
        self.cq_head = Default::default();
    }

    /// Whether an engine has a descriptor.
    pub fn is_busy(&self, engine: Engine) -> bool {
        self.engines[engine as usize].active.is_some()
    }

    /// Units of work that an engine has done since reset.
    pub fn work(&self, engine: Engine) -> u64 {
        self.engines[engine as usize].work
    }

    /// Words left in the streams between host and card: none when nothing is under way.
    pub fn words_in_flight(&self) -> usize {
        self.upload.len() + self.download.len() + self.row.len()
    }

    /// The log's text so far.
    pub fn log_text(&self) -> String {
        String::from_utf8_lossy(&self.log).into_owned()
    }

    /// Lets every engine do a little.
    pub fn tick(&mut self) {
        self.cycles += 1;
        let busy = self.engines.iter().filter(|engine| engine.active.is_some()).count();
        self.most_busy = self.most_busy.max(busy);
        for engine in Engine::ALL {
            self.tick_fill(engine);
            let state = &mut self.engines[engine as usize];
            let Some(words) = state.active else { continue };
            state.busy += 1;
            if state.progress == 0 && state.delay > 0 {
                state.delay -= 1;
                continue;
            }
            if self.act(engine, &words) {
                let delay = self.rng.random_range(0..=self.limits.delay);
                let state = &mut self.engines[engine as usize];
                state.finish();
                state.delay = delay;
            }
        }
    }

    fn tick_fill(&mut self, engine: Engine) {
        let state = &mut self.engines[engine as usize];
        if let Some(fill) = state.fill.take() {
            match engine {
                Engine::Ntt => {
                    for words in [state.active, state.pending].into_iter().flatten() {
                        NttEngine::assert_free(&words, fill.index);
                    }
                    self.ntt.fill(fill);
                    state.filling = 1 + self.rng.random_range(0..=self.limits.delay);
                }
                Engine::Hash => {
                    for words in [state.active, state.pending].into_iter().flatten() {
                        HashEngine::assert_free(&words, fill.index);
                    }
                    self.hash.fill(fill);
                }
                _ => panic!("{} has no tables", engine.name()),
            }
        }
        state.filling = state.filling.saturating_sub(1);
    }

    /// Goes on with the active descriptor. True when it is done.
    fn act(&mut self, engine: Engine, words: &[u32; 32]) -> bool {
        match engine {
            Engine::Mailbox => self.mailbox_transfer(words),
            Engine::HostRead => self.host_read(words),
            Engine::CardWrite => self.card_write(words),
            Engine::CardRead => self.card_read(words),
            Engine::HostWrite => self.host_write(words),
            Engine::Ntt => {
                let beats = self.ntt.run(words, &mut self.memory);
                self.engines[engine as usize].work += beats;
                true
            }
            Engine::Hash => {
                let permutations = self.hash.run(words, &mut self.memory);
                self.engines[engine as usize].work += permutations;
                self.engines[engine as usize].result = self.hash.result;
                true
            }
            Engine::Vector => unimplemented!("no command uses it yet"),
        }
    }
}

impl<M: HostBus> Hardware for SoftwareCard<M> {
    fn control(&mut self, register: u32) -> u32 {
        match register {
            control::DOORBELLS => {
                let busy = |engine: &Engine| self.engines[*engine as usize].active.is_some();
                let busy = Engine::ALL.iter().filter(|engine| busy(engine)).fold(0, |busy, e| busy | 1 << *e as u32);
                self.doorbells
                    | busy << bells::BUSY_SHIFT
                    | (self.doorbells.trailing_zeros() & 7) << bells::LOWEST_SHIFT
            }
            control::CYCLE_LO => self.cycles as u32,
            control::CYCLE_HI => (self.cycles >> 32) as u32,
            _ => self.control[register as usize / 4],
        }
    }

    fn set_control(&mut self, register: u32, value: u32) {
        match register {
            control::DOORBELLS => self.doorbells &= !value,
            control::INTERRUPT => self.interrupts[value as usize] += 1,
            _ => self.control[register as usize / 4] = value,
        }
    }

    fn sq_tail(&mut self, queue: u32) -> u32 {
        self.sq_tail[queue as usize]
    }

    fn cq_head(&mut self, queue: u32) -> u32 {
        self.cq_head[queue as usize]
    }

    fn mailbox(&mut self, word: u32) -> u32 {
        self.mailbox[word as usize]
    }

    fn set_mailbox(&mut self, word: u32, value: u32) {
        self.mailbox[word as usize] = value;
    }

    fn engine(&mut self, engine: Engine, offset: u32) -> u32 {
        self.engines[engine as usize].read(offset)
    }

    fn set_engine(&mut self, engine: Engine, offset: u32, value: u32) {
        self.engines[engine as usize].write(offset, value);
        // A fill is visible as FILLING at once.
        if self.engines[engine as usize].fill.is_some() {
            self.tick_fill(engine);
        }
    }

    fn log(&mut self, text: &[u8]) {
        self.log.extend_from_slice(text);
    }
}
