//! What takes too long for every change: `cargo test --release -p karat-evm --features full --test full -- --nocapture`.

mod fuzz;
mod support;

use karat_evm::config::Challenge;
use support::Provable;
use support::spoiled::{calls, flips, longer, shorter};
use support::table::{Row, Visit, table};

#[test]
fn a_hundred_thousand_mutated_proofs() {
    let tally = fuzz::run(&fuzz::subjects(true), 300_000);
    assert!(tally.compared() >= 100_000, "{tally:?}");
    assert!(tally.accepted.iter().chain(&tally.rejected).all(|&count| count > 10_000), "{tally:?}");
    assert!(tally.changed.iter().all(|&count| count > 50) && tally.lucky > 100, "{tally:?}");
}

struct Check;

impl Visit for Check {
    fn visit<E: Challenge, A: Provable<E>>(&mut self, row: Row<E, A>) {
        let Row { columns, log_rows, bounds, security: (conjectured, proven), mut case } = row;
        let gas = case.accepted().gas;
        println!("{columns} x 2^{log_rows}: {gas} gas, {conjectured} bits conjectured, {proven} proven");
        assert!(gas <= bounds.gas && conjectured >= bounds.conjectured && proven >= bounds.proven);
        flips(&mut case);
        shorter(&mut case);
        longer(&mut case);
        calls(&mut case);
        case.accepted();
    }
}

/// The README's table: what a verification costs, and that no call but the one with the proof is accepted.
#[test]
fn the_sizes_that_the_table_has() {
    table(&mut Check);
}
