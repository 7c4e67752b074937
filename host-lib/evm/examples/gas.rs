//! Prints what verifications cost: gas as billed, of the execution, bytes, and the time in this process.
#![allow(missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use karat_evm::config::Challenge;
use support::Provable;
use support::table::{Row, Visit, table};

struct Print;

impl Visit for Print {
    fn visit<E: Challenge, A: Provable<E>>(&mut self, row: Row<E, A>) {
        let Row { columns, log_rows, security: (conjectured, proven), mut case, .. } = row;
        let parameters = case.parameters;
        let outcome = case.accepted();
        let (proof, public) = (case.encoded(), case.public());
        let times = (0..5).map(|_| {
            let start = Instant::now();
            case.call(&proof, &public);
            start.elapsed()
        });
        let time = times.min().expect("there are five");
        println!(
            "| {columns} x 2^{log_rows} | {} | {}, {}, {} + {} + {} | {conjectured}, {proven} | {} | {} | {} | {} | {} | {:.1} ms |",
            E::DIMENSION,
            1 << parameters.log_blowup,
            parameters.num_queries,
            parameters.query_pow_bits,
            parameters.commit_pow_bits,
            parameters.batch_pow_bits,
            parameters.cap_height,
            proof.len(),
            outcome.gas,
            outcome.execution_gas,
            case.size,
            time.as_secs_f64() * 1e3
        );
    }
}

fn main() {
    println!(
        "| columns x rows | degree | blowup, queries, PoW | bits conjectured, proven | cap | proof B | gas as billed | execution gas | contract B | time |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    table(&mut Print);
}
