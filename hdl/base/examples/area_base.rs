//! Area and clock of the blocks whose names contain an argument (all without arguments), as a table.

use std::error::Error;

use karat_hdl_base::emit::{self, emit};
use karat_hdl_base::engine_registers::EngineRegisters;
use karat_hdl_base::field::{Add, Canonicalise, Halve, Multiply, Negate, Rotate, Square, Sub};
use karat_hdl_base::fifo::{BeatFifo, Fifo};
use karat_hdl_base::memory::Ram;
use karat_hdl_base::synth::{self, Report, Size};

/// What nextpnr aims for.
const TARGET_MHZ: u32 = 200;

type Emit = fn(&str) -> Result<String, emit::Error>;

const BLOCKS: [(&str, Emit); 12] = [
    ("add_block", |name| emit(name, Add::default)),
    ("sub_block", |name| emit(name, Sub::default)),
    ("multiply_block", |name| emit(name, Multiply::default)),
    ("square_block", |name| emit(name, Square::default)),
    ("rotate_block", |name| emit(name, Rotate::default)),
    ("canonicalise_block", |name| emit(name, Canonicalise::default)),
    ("halve_block", |name| emit(name, Halve::default)),
    ("negate_block", |name| emit(name, Negate::default)),
    ("ram_64x512", |name| emit(name, Ram::<64, 9>::default)),
    ("beat_fifo_512", |name| emit(name, BeatFifo::<9>::default)),
    ("fifo_48x16", |name| emit(name, Fifo::<48, 4>::default)),
    ("engine_registers_11", |name| emit(name, EngineRegisters::<11>::default)),
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
