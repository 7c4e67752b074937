//! Area and clock of the engine's blocks whose names contain an argument (all without arguments), as a table.

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

const BLOCKS: [(&str, Emit); 6] = [
    ("hash_linear", |name| emit(name, Linear::default)),
    ("hash_sbox", |name| emit(name, Sbox::default)),
    ("hash_sequencer", |name| emit(name, Sequencer::<2, 6>::default)),
    ("hash_lane", |name| emit(name, Lane::<6, 7>::default)),
    ("hash_keccak", |name| emit(name, || Keccak::new(7, 1))),
    ("hash_engine", |name| emit(name, TinyHashEngine::default)),
];

fn main() -> Result<(), Box<dyn Error>> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", Report::HEAD);
    for (name, text) in BLOCKS {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())) {
            println!("{}", synth::run(name, &text(name)?, TARGET_MHZ, Size::Small)?);
        }
    }
    Ok(())
}
