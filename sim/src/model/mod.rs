//! The whole card in software, quick: the firmware's own library on engines that compute with Plonky3's packed arithmetic on all
//! threads. No Verilator, no compiler, nothing to build on first use.
//!
//! Driver, queues, firmware and errors are the card's. Engines get descriptors and card memory and nothing else, and execute a
//! descriptor in one go, inside the call of whoever waits. Time is not modelled: every counter of cycles reads zero. Counters of
//! work count what the card's count.

mod dif;
mod hash;
mod moves;
mod ntt;
mod row;
#[cfg(test)]
mod tests;
mod transport;
mod vector;

use karat_abi::Engine;
use karat_firmware::software::{Capabilities, Engines, Registers, TableFill, Words, transfer};

use crate::host::HostMemory;
use hash::HashEngine;
use moves::Streams;
use ntt::NttEngine;
use row::Beat;
pub use transport::ModelTransport;
use vector::VectorEngine;

/// How a model is made.
#[derive(Clone, Debug)]
pub struct ModelOptions {
    /// Size of card memory in beats of 64 bytes. What is never written takes no memory of the host.
    pub card_beats: u32,
    /// Host memory is given to the card in pieces of at most this size, a multiple of 64.
    pub piece_bytes: usize,
}

impl Default for ModelOptions {
    /// 2 GiB of card memory, and host memory in one piece.
    fn default() -> Self {
        Self { card_beats: 1 << 25, piece_bytes: 1 << 40 }
    }
}

/// log2 of the longest frame of the transform engine, the most that the contract has.
const LOG_TRANSFORM: u32 = 16;
/// log2 of the rows of a hash batch.
const LOG_BATCH: u32 = 16;
/// Rows that the vector engine works on at a time.
const LANES: u32 = 8;

/// The engines, on pinned host memory.
pub(crate) struct ModelEngines {
    host: HostMemory,
    memory: Vec<Beat>,
    streams: Streams,
    ntt: NttEngine,
    hash: HashEngine,
    vector: VectorEngine,
}

impl ModelEngines {
    pub(crate) fn new(card_beats: u32, host: HostMemory) -> Self {
        Self {
            host,
            // Zeros from the system, which gives them when they are first touched.
            memory: vec![[0; 8]; card_beats as usize],
            streams: Streams::default(),
            ntt: NttEngine::new(LOG_TRANSFORM),
            hash: HashEngine::new(),
            vector: VectorEngine::new(),
        }
    }

    /// Executes a descriptor, or leaves it for later: false, if the other end of its stream is not there yet.
    fn act(&mut self, registers: &mut Registers, engine: Engine, words: &Words) -> bool {
        let state = registers.engine(engine);
        match engine {
            Engine::Mailbox => transfer(registers, &mut self.host, words),
            Engine::HostRead => {
                let good = self.streams.host_read(&self.host, words);
                state.error |= !good;
                state.work += moves::host_beats(words);
            }
            Engine::CardWrite => match self.streams.card_write(&mut self.memory, words) {
                Some(beats) => state.work += beats,
                None => return false,
            },
            Engine::CardRead => state.work += self.streams.card_read(words),
            Engine::HostWrite => match self.streams.host_write(&self.host, &self.memory, words) {
                Some(good) => {
                    state.error |= !good;
                    state.work += moves::host_beats(words);
                }
                None => return false,
            },
            Engine::Ntt => state.work += self.ntt.run(words, &mut self.memory),
            Engine::Hash => {
                state.work += self.hash.run(words, &mut self.memory);
                state.result = self.hash.result;
            }
            Engine::Vector => match self.vector.run(words, &mut self.memory) {
                Some(products) => state.work += products,
                None => state.error = true,
            },
        }
        true
    }
}

impl Engines for ModelEngines {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            card_beats: self.memory.len() as u32,
            // There are no lanes and no multipliers.
            ntt_lanes: 0,
            hash_multipliers: 0,
            log_transform: LOG_TRANSFORM,
            log_batch: LOG_BATCH,
            layout_beats: 4096,
            vector_lanes: LANES,
            hashes: 3,
        }
    }

    fn tick(&mut self, registers: &mut Registers) {
        for engine in Engine::ALL {
            while let Some(&words) = registers.engine(engine).active() {
                if !self.act(registers, engine, &words) {
                    break;
                }
                registers.engine(engine).finish();
            }
        }
    }

    fn fill(&mut self, engine: Engine, fill: TableFill, _: &Registers) -> u32 {
        match engine {
            Engine::Ntt => self.ntt.fill(fill),
            Engine::Hash => self.hash.fill(fill),
            _ => panic!("{} has no tables", engine.name()),
        }
        0
    }

    fn reset(&mut self) {
        self.streams = Streams::default();
    }
}
