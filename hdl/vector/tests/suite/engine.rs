//! Random jobs for the whole engine, several one after the other, against what the contract says that they do.

use karat_hdl_base::testing::engine::Bench;
use karat_hdl_base::testing::memory::Timing;
use karat_hdl_base::testing::simulate;
use karat_hdl_vector::VectorEngine;
use karat_verilator::Model;
use rand::rngs::SmallRng;
use rand::seq::index::sample;
use rand::{RngExt, SeedableRng};

use crate::support::job::{Job, Shape, Store};
use crate::support::machine::Machine;
use crate::support::program::{Program, REGISTERS};
use crate::support::seed;

/// Jobs that begin with setting all registers and end with putting them out.
struct Jobs {
    jobs: Vec<Job>,
    memory: Vec<[u64; 8]>,
    expected: Vec<[u64; 8]>,
}

impl Jobs {
    /// With programs of these lengths, numbers of loads and shapes.
    fn new(rng: &mut SmallRng, lanes: usize, programs: &[(usize, usize, Shape)]) -> Self {
        // The last register is one that no program reads.
        let registers =
            [(); 2].map(|()| sample(rng, 511, REGISTERS).into_iter().map(|register| register as u16).collect());
        let mut store = Store { beats: Vec::new() };
        let plain = Shape { runs: 1, log_unroll: 0, writes: false, ..Shape::random(rng, lanes) };
        let mut jobs = vec![Job::new(rng, &mut store, plain, Program::set(&registers))];
        for &(length, loads, shape) in programs {
            let program = Program::random(rng, &shape, &registers, length, loads);
            jobs.push(Job::new(rng, &mut store, shape, program));
        }
        let whole = Shape { log_unroll: 3, log_words: 3, writes: true, ..plain };
        jobs.push(Job::new(rng, &mut store, whole, Program::show(&registers, 64)));
        let mut expected = store.beats.clone();
        let mut machine = Machine::new(lanes);
        for job in &jobs {
            machine.run(job, &mut expected);
        }
        Self { jobs, memory: store.beats, expected }
    }

    /// Runs them, two queued at a time.
    fn run(&self, bench: &mut Bench) {
        bench.memory.beats[..self.memory.len()].copy_from_slice(&self.memory);
        for job in &self.jobs {
            bench.push(&job.descriptor());
        }
        bench.finish();
    }

    fn check(&self, bench: &mut Bench) {
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
    fn random(rng: &mut SmallRng, lanes: usize) -> Self {
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

    fn outputs(&self) -> usize {
        if self.writes { 1 << (self.log_words + self.log_unroll) } else { 0 }
    }
}

fn model<const LANES: usize>() -> Model {
    simulate(&format!("vector_engine_{LANES}"), VectorEngine::<LANES>::default).unwrap()
}

/// Short programs and longer ones, down to a single instruction.
fn random_jobs(rng: &mut SmallRng, lanes: usize, jobs: usize) -> Jobs {
    let programs: Vec<(usize, usize, Shape)> = (0..jobs)
        .map(|_| {
            let shape = Shape::random(rng, lanes);
            let more = if rng.random() { rng.random_range(0..4) } else { rng.random_range(0..100) };
            let loads = if rng.random_bool(0.2) { 0 } else { rng.random_range(0..=31) };
            ((shape.outputs() + more).max(1), loads, shape)
        })
        .collect();
    Jobs::new(rng, lanes, &programs)
}

fn check_random<const LANES: usize>(timing: Timing, times: usize) {
    let seed = seed();
    println!("{LANES} lanes, {timing:?}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = model::<LANES>();
    let mut bench = Bench::new(&model, seed, timing, 1 << 16);
    for _ in 0..times {
        random_jobs(&mut rng, LANES, 10).check(&mut bench);
    }
}

#[test]
fn random_jobs_on_eight_lanes() {
    check_random::<8>(Timing::STEADY, 15);
    check_random::<8>(Timing::ROUGH, 15);
    check_random::<8>(Timing::CONGESTED, 3);
}

#[test]
fn random_jobs_on_four_lanes() {
    check_random::<4>(Timing::STEADY, 15);
    check_random::<4>(Timing::ROUGH, 15);
    check_random::<4>(Timing::CONGESTED, 3);
}
