//! Proofs on the card in software beside Plonky3's own prover, both on all threads, in the same build:
//! `RUSTFLAGS='-C target-cpu=native' cargo bench -p karat --bench model`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use karat::airs::{AirName, Statement};
use karat::config::{Challenge, Proof};
use karat::job::encode;
use karat::{Card, Parameters, ProverConfig, prove, prove_on_cpu, prove_with_card};

/// Proofs of each kind, alternating, of which the quickest counts.
const ROUNDS: usize = 5;

fn main() {
    let parameters = Parameters { num_queries: 84, ..Parameters::default() };
    let session = Card::open("model").and_then(|card| card.session()).expect("a model");
    let config = ProverConfig::<Challenge>::new(session.clone(), parameters.clone());
    let backend = Arc::new(session);
    for log_rows in [14, 16] {
        let Statement { air, trace, public_values, .. } =
            Statement::random(AirName::Poseidon2, log_rows, 1).expect("a statement");
        let mut best = [Duration::MAX; 3];
        for _ in 0..ROUNDS {
            let proofs = [
                time(|| prove_on_cpu(&parameters, &air, trace.clone(), &public_values)),
                time(|| prove(&config, &air, trace.clone(), &public_values)),
                time(|| prove_with_card(&backend, &parameters, &air, trace.clone(), &public_values)),
            ];
            for (best, (proof, time)) in best.iter_mut().zip(&proofs) {
                *best = (*best).min(*time);
                assert!(encode(proof) == encode(&proofs[0].0), "the proofs are the same");
            }
        }
        let [cpu, card, split] = best.map(|time| time.as_secs_f64());
        println!(
            "poseidon2 2^{log_rows}: Plonky3 {cpu:.3} s; all on the model {card:.3} s, {:.2} times that; \
             quotient on the host {split:.3} s, {:.2} times",
            card / cpu,
            split / cpu
        );
    }
}

fn time(prove: impl FnOnce() -> Result<Proof, karat::Error>) -> (Proof, Duration) {
    let start = Instant::now();
    let proof = prove().expect("a proof");
    (proof, start.elapsed())
}
