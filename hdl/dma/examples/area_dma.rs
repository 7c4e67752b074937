//! Area and clock of the blocks whose names contain an argument (all without arguments), as a table.

use std::error::Error;

use karat_hdl_base::emit::{self, emit};
use karat_hdl_base::synth::{self, Report, Size};
use karat_hdl_dma::card_read::CardRead;
use karat_hdl_dma::card_write::CardWrite;
use karat_hdl_dma::fabric::{ReadFabric, WriteFabric};
use karat_hdl_dma::host_read::HostRead;
use karat_hdl_dma::host_write::HostWrite;
use karat_hdl_dma::mailbox::Mailbox;

/// What nextpnr aims for.
const TARGET_MHZ: u32 = 120;

type Emit = fn(&str) -> Result<String, emit::Error>;

const BLOCKS: [(&str, Emit); 7] = [
    ("mailbox", |name| emit(name, Mailbox::default)),
    ("host_read", |name| emit(name, HostRead::<9>::default)),
    ("card_write", |name| emit(name, CardWrite::<10>::default)),
    ("card_read", |name| emit(name, CardRead::<10>::default)),
    ("host_write", |name| emit(name, HostWrite::<7>::default)),
    ("read_fabric", |name| emit(name, ReadFabric::<3>::default)),
    ("write_fabric", |name| emit(name, WriteFabric::<3, 24>::default)),
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
