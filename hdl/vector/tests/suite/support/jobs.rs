//! Jobs one after the other, and what memory is like behind them.

use karat_hdl_base::testing::engine::Bench;
use rand::RngExt;
use rand::rngs::SmallRng;
use rand::seq::index::sample;

use super::job::{Job, Shape, Store};
use super::machine::Machine;
use super::program::{Program, REGISTERS};

/// Jobs that begin with setting all registers and end with putting them out.
pub struct Jobs {
    pub jobs: Vec<Job>,
    memory: Vec<[u64; 8]>,
    expected: Vec<[u64; 8]>,
}

impl Jobs {
    /// With programs of these lengths, numbers of loads and shapes.
    pub fn random(rng: &mut SmallRng, lanes: usize, programs: &[(usize, usize, Shape)]) -> Self {
        // The last register is one that no program reads.
        let registers =
            [(); 2].map(|()| sample(rng, 511, REGISTERS).into_iter().map(|register| register as u16).collect());
        let plain = Shape { runs: 1, log_unroll: 0, writes: false, ..Shape::random(rng, lanes) };
        let mut all = vec![(plain, Program::set(&registers))];
        for &(length, loads, shape) in programs {
            all.push((shape, Program::random(rng, &shape, &registers, length, loads)));
        }
        let whole = Shape { log_unroll: 3, log_words: 3, writes: true, ..plain };
        all.push((whole, Program::show(&registers, 64)));
        Self::new(rng, lanes, all)
    }

    /// These programs on random data.
    pub fn new(rng: &mut SmallRng, lanes: usize, programs: Vec<(Shape, Program)>) -> Self {
        let mut store = Store { beats: Vec::new() };
        let jobs: Vec<Job> =
            programs.into_iter().map(|(shape, program)| Job::new(rng, &mut store, shape, program)).collect();
        let mut expected = store.beats.clone();
        let mut machine = Machine::new(lanes);
        for job in &jobs {
            machine.run(job, &mut expected);
        }
        Self { jobs, memory: store.beats, expected }
    }

    /// Puts memory as it is before them.
    pub fn prepare(&self, bench: &mut Bench) {
        bench.memory.beats[..self.memory.len()].copy_from_slice(&self.memory);
    }

    /// Runs them, two queued at a time.
    pub fn run(&self, bench: &mut Bench) {
        for job in &self.jobs {
            bench.push(&job.descriptor());
        }
        bench.finish();
    }

    /// Runs them, and compares all of memory.
    pub fn check(&self, bench: &mut Bench) {
        self.prepare(bench);
        self.run(bench);
        for (at, (got, expected)) in bench.memory.beats.iter().zip(&self.expected).enumerate() {
            if got != expected {
                let job = self.jobs.iter().rposition(|job| job.at[4] as usize <= at);
                panic!("beat {at}, job {job:?}: {got:x?}, expected {expected:x?}: {:#?}", self.jobs[job.unwrap_or(0)]);
            }
        }
    }
}

impl Shape {
    /// A random one.
    pub fn random(rng: &mut SmallRng, lanes: usize) -> Self {
        Self {
            lanes,
            runs: rng.random_range(1..=6),
            log_groups: rng.random_range(0..4),
            log_unroll: if rng.random() { 0 } else { rng.random_range(0..=3) },
            log_words: rng.random_range(1..=3),
            matrix_words: std::array::from_fn(|_| rng.random_range(1..=3)),
            descending: rng.random(),
            writes: rng.random_bool(0.8),
        }
    }

    /// Outputs of a run and row.
    pub fn outputs(&self) -> usize {
        if self.writes { 1 << (self.log_words + self.log_unroll) } else { 0 }
    }
}
