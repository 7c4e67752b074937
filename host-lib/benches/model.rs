//! Proofs on the card in software beside Plonky3's own prover, both on all threads, in the same build:
//! `RUSTFLAGS='-C target-cpu=native' cargo bench -p karat --bench model`.

use std::time::{Duration, Instant};

use karat::airs::{AirName, Statement};
use karat::config::Challenge;
use karat::job::encode;
use karat::{Card, Parameters, Proof, ProverConfig, prove, prove_on_cpu};

/// Proofs of each kind, alternating, of which the quickest counts.
const ROUNDS: usize = 5;

fn main() {
    let parameters = Parameters { num_queries: 84, ..Parameters::default() };
    let session = Card::open("model").expect("a model").session().expect("all of it is free");
    let config = ProverConfig::<Challenge>::new(session, parameters.clone());
    for log_rows in [14, 16] {
        let Statement { air, trace, public_values, .. } =
            Statement::random(AirName::Poseidon2, log_rows, 1).expect("a statement");
        let on_card = || prove(&config, &air, trace.clone(), &public_values);
        let on_cpu = || prove_on_cpu(&parameters, &air, trace.clone(), &public_values);
        let mut best = [Duration::MAX; 2];
        for _ in 0..ROUNDS {
            let proofs: [(Proof, Duration); 2] = [time(on_cpu), time(on_card)];
            for (best, (_, time)) in best.iter_mut().zip(&proofs) {
                *best = (*best).min(*time);
            }
            assert!(encode(&proofs[0].0) == encode(&proofs[1].0), "the proofs are the same");
        }
        let [cpu, card] = best.map(|time| time.as_secs_f64());
        println!("poseidon2 2^{log_rows}: Plonky3 {cpu:.3} s, model {card:.3} s, {:.2} times that", card / cpu);
    }
}

fn time(prove: impl FnOnce() -> Result<Proof, karat::Error>) -> (Proof, Duration) {
    let start = Instant::now();
    let proof = prove().expect("a proof");
    (proof, start.elapsed())
}
