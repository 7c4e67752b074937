//! From reset to the event loop.

use karat_abi::registers::control;
use karat_firmware::{Firmware, Hardware};

use crate::mmio::{self, Cycles, Mmio};
use crate::{fatal, image};

#[riscv_rt::entry]
fn main() -> ! {
    let mut card = Mmio;
    card.set_control(control::LOG_ADDRESS, fatal::log_address());
    if let Err(found) = image::check() {
        fatal::stop(karat_abi::registers::fatal::IMAGE, found);
    }
    let mut board = mmio::board();
    let Ok(()) = board.lamp_test(&mut Cycles);
    let mut firmware = Firmware::new(card);
    let Ok(()) = board.show_ready();
    firmware.announce();
    #[cfg(feature = "deliberate-panic")]
    panic!("deliberate");
    #[cfg_attr(feature = "deliberate-panic", allow(unreachable_code))]
    loop {
        firmware.poll();
    }
}
