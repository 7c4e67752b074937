//! Area and clock of the engine's blocks whose names contain an argument (all without arguments), as a table. The path that
//! decides each clock goes to the error output.

use std::error::Error;

use karat_hdl_base::emit::{self, emit};
use karat_hdl_base::synth::{self, Report, Size};
use karat_hdl_hash::TinyHashEngine;
use karat_hdl_hash::keccak::Keccak;
use karat_hdl_hash::lane::Lane;
use karat_hdl_hash::linear::Linear;
use karat_hdl_hash::sbox::Sbox;
use karat_hdl_hash::sequencer::Sequencer;

/// What nextpnr aims for.
const TARGET_MHZ: u32 = 120;

type Emit = fn(&str) -> Result<String, emit::Error>;

const BLOCKS: [(&str, Size, Emit); 6] = [
    ("hash_linear", Size::Small, |name| emit(name, Linear::default)),
    ("hash_sbox", Size::Small, |name| emit(name, Sbox::default)),
    ("hash_sequencer", Size::Small, |name| emit(name, Sequencer::<2, 6>::default)),
    ("hash_lane", Size::Small, |name| emit(name, Lane::<6, 7>::default)),
    ("hash_keccak", Size::Medium, |name| emit(name, || Keccak::new(7, 1))),
    ("hash_engine", Size::Large { period: 4 }, |name| emit(name, TinyHashEngine::default)),
];

fn main() -> Result<(), Box<dyn Error>> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", Report::HEAD);
    for (name, size, text) in BLOCKS {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())) {
            let report = synth::run(name, &text(name)?, TARGET_MHZ, size)?;
            println!("{report}");
            if let Some(path) = report.slowest {
                eprintln!("{name}: {path}");
            }
        }
    }
    Ok(())
}
