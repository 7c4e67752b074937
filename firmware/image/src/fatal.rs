//! The log ring, and what happens when the firmware cannot go on.

use core::ptr;

use karat_abi::registers::{control, fatal, status};
use karat_firmware::Hardware;
use karat_firmware::log::{self, Ring};

use crate::mmio::{self, Mmio};

static mut LOG: Ring = Ring::new();

/// Where the driver finds the log ring in boot RAM.
pub fn log_address() -> u32 {
    (&raw const LOG).addr() as u32
}

/// Appends text to the log ring.
pub fn log(text: &[u8]) {
    // SAFETY: one processor, interrupts are never enabled, and no reference outlives this call. A trap inside it does not
    // return, and finds at worst a character missing.
    unsafe { (*ptr::addr_of_mut!(LOG)).write(text) };
}

/// Tells the host why the firmware stops, and stops.
pub fn stop(code: u32, address: u32) -> ! {
    let mut card = Mmio;
    card.set_control(control::FATAL_CODE, code);
    card.set_control(control::FATAL_ADDRESS, address);
    card.set_control(control::STATUS, status::FATAL);
    let Ok(()) = mmio::board().show_fault();
    loop {
        riscv::asm::wfi();
    }
}

/// Every trap is one that should not have happened: interrupts stay masked.
#[unsafe(export_name = "ExceptionHandler")]
extern "C" fn trap(_: &riscv_rt::TrapFrame) -> ! {
    let (cause, address) = (riscv::register::mcause::read().bits(), riscv::register::mepc::read());
    log::line(&mut Mmio, "trap, mcause", cause as u32);
    stop(fatal::TRAP, address as u32);
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    log(b"panic: ");
    log(info.message().as_str().unwrap_or("(formatted message)").as_bytes());
    let line = info.location().map_or(0, |location| {
        log(b" in ");
        log(location.file().as_bytes());
        location.line()
    });
    log::line(&mut Mmio, ", line", line);
    stop(fatal::PANIC, line);
}
