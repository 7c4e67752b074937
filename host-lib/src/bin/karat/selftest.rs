//! `karat selftest`: a ladder from registers to a Merkle tree; each rung needs the ones below it.

use karat::{Error, OpenOptions, selftest};

/// What `karat selftest` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// The card: `model`, `sim`, `sim:CONFIGURATION`, or `dual` or `dual:CONFIGURATION` for both, compared.
    #[arg(long, default_value = "sim")]
    card: String,
}

/// Runs the ladder and prints a line a rung; stops at the first that fails.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let session = crate::open::session(&crate::open::card(&arguments.card, &OpenOptions::default())?)?;
    println!("boot        ok: firmware up, contracts agree");
    for rung in selftest::LADDER {
        match (rung.run)(&session) {
            Ok(seen) => println!("{:<11} ok: {seen}", rung.name),
            Err(error) => {
                println!("{:<11} FAILED", rung.name);
                return Err(error);
            }
        }
    }
    Ok(())
}
