//! The engine under Verilator. One binary, since every one would translate the hardware again.

mod forms;
mod linear;
mod permutation;
mod rates;
mod sponge;
mod support;
mod tree;
