//! What the DMA system costs in simulation: nanoseconds of processor time a cycle.

#[path = "../tests/support/mod.rs"]
mod support;

use karat_abi::engine::{Engine, status};
use karat_ports::Timing;
use support::{Bench, Rows, piece, tiny};

/// The shortest of the runs counts, since other processes disturb.
const RUNS: u64 = 10;
const CYCLES: u64 = 50_000;

fn main() {
    let mut bench = Bench::new(&tiny(), Timing::HOST, Timing::CARD, 1);
    let idle = (0..RUNS).map(|_| time(|| bench.dut.run(CYCLES))).min().expect("runs");
    println!("idle: {} ns", idle / CYCLES);
    let models = (0..RUNS).map(|_| time(|| (0..CYCLES).for_each(|_| bench.cycle()))).min().expect("runs");
    println!("idle, with the models of the memories: {} ns", models / CYCLES);
    let up = Rows { card: 0, stride: 4000, width: 20, rows: 4000, log_group: 6 };
    let down = Rows { card: 16_000, ..up };
    for jobs in [
        vec![(Engine::HostRead, piece(0, 80_000)), (Engine::CardWrite, up.words())],
        vec![(Engine::CardRead, down.words()), (Engine::HostWrite, piece(0, 80_000))],
        vec![
            (Engine::HostRead, piece(0, 80_000)),
            (Engine::CardWrite, up.words()),
            (Engine::CardRead, down.words()),
            (Engine::HostWrite, piece(3, 80_000)),
        ],
    ] {
        let best = (0..RUNS).map(|_| time(|| keep_busy(&mut bench, &jobs))).min().expect("runs");
        bench.run([], 100_000);
        let names: Vec<_> = jobs.iter().map(|(engine, _)| engine.name()).collect();
        println!("{}, with the models: {} ns", names.join(", "), best / CYCLES);
    }
}

/// Pushes the descriptors again and again.
fn keep_busy(bench: &mut Bench, jobs: &[(Engine, Vec<u32>)]) {
    let end = bench.cycles + CYCLES;
    while bench.cycles < end {
        for (engine, words) in jobs {
            if bench.status(*engine) & status::FULL == 0 {
                bench.push(*engine, words);
            }
        }
        (0..2000).for_each(|_| bench.cycle());
    }
}

/// Processor time of this thread in nanoseconds: the wall clock also counts what other processes take.
fn time(work: impl FnOnce()) -> u64 {
    let now = || -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells the time of a thread");
        text.split(' ').next().and_then(|word| word.parse().ok()).expect("its first word is a number")
    };
    let start = now();
    work();
    now() - start
}
