//! The Karat card in rust-hdl: top level, configurations and emission.
