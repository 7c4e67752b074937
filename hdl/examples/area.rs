//! Area and clock of the engines and the control system of the `tiny` card on an ECP5-85 (of the vector engine four lanes), as a table; arguments pick some by
//! name: `cargo run --release -p karat-hdl --example area -- control`. The path that decides each clock goes to the error output.

use std::error::Error;
use std::fs;

use karat_hdl::TINY;
use karat_hdl_base::emit::{self, emit};
use karat_hdl_base::synth::{self, Report, Size};
use karat_hdl_control::{ControlSystem, PROCESSOR, processor_verilog};
use karat_hdl_dma::system::DmaSystem;
use karat_hdl_hash::TinyHashEngine;
use karat_hdl_ntt::NttEngine;
use karat_hdl_vector::VectorEngine;
use karat_verilator::packages;

/// What nextpnr aims for.
const TARGET_MHZ: u32 = 100;

type Emit = fn(&str) -> Result<String, emit::Error>;

const PARTS: [(&str, Size, Emit); 5] = [
    ("control_system", Size::Small, |name| emit(name, ControlSystem::default)),
    ("dma_system", Size::Medium, |name| emit(name, DmaSystem::<9, 10, 7>::default)),
    ("ntt_engine", Size::Large { period: 5 }, |name| {
        emit(name, || NttEngine::<{ TINY.ntt_log_fifo }>::new(TINY.ntt_lanes, TINY.ntt_log_buffer))
    }),
    ("hash_engine", Size::Large { period: 4 }, |name| emit(name, TinyHashEngine::default)),
    // Half of the lanes of `tiny`: more multipliers than four take the device has not.
    ("vector_engine_4", Size::Large { period: 4 }, |name| emit(name, VectorEngine::<4>::default)),
];

fn main() -> Result<(), Box<dyn Error>> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", Report::HEAD);
    for (name, size, text) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())) {
            let mut verilog = text(name)?;
            if name == "control_system" {
                verilog += &processor_verilog(&fs::read_to_string(packages::vexriscv(PROCESSOR)?)?)?;
            }
            let report = synth::run(name, &verilog, TARGET_MHZ, size)?;
            println!("{report}");
            if let Some(path) = report.slowest {
                eprintln!("{name}: {path}");
            }
        }
    }
    Ok(())
}
