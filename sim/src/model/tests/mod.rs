//! Every engine of the model against the strict one of the firmware's tests, on random descriptors.

mod hashes;
mod moves;
mod transforms;
mod vectors;

use karat_abi::engine::Engine;
use karat_abi::registers::engine as registers;
use karat_driver::{Contiguity, DmaMemory};
use karat_firmware::Hardware;
use karat_firmware::software::{Engines, SoftwareCard};
use karat_firmware::testing::{Limits, StrictEngines};
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};

use super::{LOG_BATCH, LOG_TRANSFORM, ModelEngines};
use crate::host::HostMemory;

const BEATS: u32 = 1 << 15;
const HALF: u32 = BEATS / 2;

/// The same card twice.
struct Pair {
    model: SoftwareCard<ModelEngines>,
    strict: SoftwareCard<StrictEngines<HostMemory>>,
    hosts: [HostMemory; 2],
    rng: SmallRng,
}

impl Pair {
    fn new(seed: u64, piece_bytes: usize) -> Self {
        println!("seed {seed}");
        let hosts = [HostMemory::new(piece_bytes), HostMemory::new(piece_bytes)];
        let limits = Limits {
            card_beats: BEATS,
            log_transform: LOG_TRANSFORM,
            log_batch: LOG_BATCH,
            layout_beats: 4096,
            seed,
            ..Limits::default()
        };
        let mut pair = Self {
            model: SoftwareCard::new(ModelEngines::new(BEATS, hosts[0].clone())),
            strict: SoftwareCard::new(StrictEngines::new(limits, hosts[1].clone())),
            hosts,
            rng: SmallRng::seed_from_u64(seed),
        };
        pair.shuffle();
        pair
    }

    /// Other words in card memory.
    fn shuffle(&mut self) {
        for beat in 0..BEATS as usize {
            let words = std::array::from_fn(|_| word(&mut self.rng));
            self.model.engines.memory[beat] = words;
            self.strict.engines.memory[beat] = words;
        }
    }

    /// Memory of each card's host, at the same bus addresses.
    fn allocate(&self, bytes: usize) -> [DmaMemory; 2] {
        let memories = self.hosts.each_ref().map(|host| host.allocate(bytes, Contiguity::Pieces));
        assert_eq!(memories[0].pieces(), memories[1].pieces());
        memories
    }

    fn set(&mut self, engine: Engine, offset: u32, value: u32) {
        self.model.set_engine(engine, offset, value);
        self.strict.set_engine(engine, offset, value);
    }

    fn push(&mut self, engine: Engine, words: &[u32]) {
        for (i, word) in words.iter().enumerate() {
            self.set(engine, 4 * i as u32, *word);
        }
        self.set(engine, registers::PUSH, 1);
    }

    fn fill(&mut self, engine: Engine, index: u32, start: u64, ratio: u64, count: u32) {
        let (start_high, ratio_high) = ((start >> 32) as u32, (ratio >> 32) as u32);
        for (offset, value) in [
            (registers::TABLE_INDEX, index),
            (registers::TABLE_START_LO, start as u32),
            (registers::TABLE_START_HI, start_high),
            (registers::TABLE_RATIO_LO, ratio as u32),
            (registers::TABLE_RATIO_HI, ratio_high),
            (registers::TABLE_FILL, count),
        ] {
            self.set(engine, offset, value);
        }
        finish(&mut self.strict);
    }

    /// Lets both work until nothing is left to do, and compares.
    fn finish(&mut self, what: &str) {
        finish(&mut self.model);
        finish(&mut self.strict);
        let (model, strict) = (&self.model.engines.memory, &self.strict.engines.memory);
        let wrong = model.iter().zip(strict).position(|(model, strict)| model != strict);
        assert_eq!(wrong, None, "beat of card memory that differs after {what}");
        for engine in Engine::ALL {
            let (model, strict) =
                (&self.model.registers.engines[engine as usize], &self.strict.registers.engines[engine as usize]);
            assert_eq!(model.work, strict.work, "work of {} after {what}", engine.name());
            assert_eq!(model.error, strict.error, "error of {} after {what}", engine.name());
            assert_eq!(model.result, strict.result, "result of {} after {what}", engine.name());
        }
    }
}

fn finish<E: Engines>(card: &mut SoftwareCard<E>) {
    for _ in 0..1_000_000 {
        if !Engine::ALL.iter().any(|engine| card.registers.is_busy(*engine) || filling(card, *engine)) {
            return;
        }
        card.tick();
    }
    panic!("descriptors do not end");
}

fn filling<E: Engines>(card: &mut SoftwareCard<E>, engine: Engine) -> bool {
    card.engine(engine, registers::STATUS) & karat_abi::engine::status::FILLING != 0
}

/// A canonical word, often one at the edge.
fn word(rng: &mut impl Rng) -> u64 {
    match rng.random_range(0..8) {
        0 => rng.random_range(0..3),
        1 => karat_abi::P - rng.random_range(1..4),
        _ => rng.random_range(0..karat_abi::P),
    }
}
