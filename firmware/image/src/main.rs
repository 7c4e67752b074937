//! The firmware image: start, self-check, registers, and the event loop of `karat-firmware`.
#![cfg_attr(target_arch = "riscv32", no_std, no_main)]

#[cfg(target_arch = "riscv32")]
mod fatal;
#[cfg(target_arch = "riscv32")]
mod image;
#[cfg(target_arch = "riscv32")]
mod mmio;
#[cfg(target_arch = "riscv32")]
mod start;

/// What is left of it on a host, where the workspace is built as a whole.
#[cfg(not(target_arch = "riscv32"))]
fn main() {
    eprintln!("this program is for the card's processor, riscv32im-unknown-none-elf");
    std::process::exit(1);
}
