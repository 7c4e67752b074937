//! The engine under Verilator. One binary, since every one would translate the hardware again.

mod direct;
mod forms;
mod grid;
mod multi_pass;
mod rates;
mod reversed;
mod single_pass;
mod support;
