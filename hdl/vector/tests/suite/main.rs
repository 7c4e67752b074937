//! The vector engine's blocks under Verilator, against Plonky3's field.

mod feeder;
mod lanes;
