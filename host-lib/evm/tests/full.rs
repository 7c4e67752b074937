//! What takes too long for every change: `cargo test --release -p karat-evm --features full --test full -- --nocapture`.

mod fuzz;
mod support;

#[test]
fn a_hundred_thousand_mutated_proofs() {
    let tally = fuzz::run(&fuzz::subjects(true), 300_000);
    assert!(tally.compared() >= 100_000, "{tally:?}");
    assert!(tally.accepted.iter().chain(&tally.rejected).all(|&count| count > 10_000), "{tally:?}");
    assert!(tally.changed.iter().all(|&count| count > 50) && tally.lucky > 100, "{tally:?}");
}
