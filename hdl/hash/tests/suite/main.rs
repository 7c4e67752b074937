//! The engine under Verilator. One binary, since every one would translate the hardware again.

mod flat;
mod forms;
mod grind;
mod linear;
mod permutation;
mod rates;
mod sponge;
mod support;
mod tree;
