//! Contracts accept exactly the mutated proofs that Plonky3's verifier does: some thousands for every change.

mod fuzz;
mod support;

#[test]
fn mutated_proofs() {
    let tally = fuzz::run(&fuzz::subjects(false), 12_000);
    assert!(tally.compared() > 5000, "{tally:?}");
    assert!(tally.accepted.iter().chain(&tally.rejected).all(|&count| count > 500), "{tally:?}");
    assert!(tally.changed.iter().all(|&count| count > 0) && tally.lucky > 0, "{tally:?}");
}
