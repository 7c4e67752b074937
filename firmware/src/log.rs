//! Text for the log ring, without the formatting machinery of `core`, which can panic.

use crate::hardware::Hardware;

/// Writes `text`, a number in hexadecimal and a line end.
pub fn line<H: Hardware>(hardware: &mut H, text: &str, value: u32) {
    let mut digits = *b" 0x00000000\n";
    for (i, digit) in digits.iter_mut().skip(3).take(8).enumerate() {
        let nibble = (value >> (28 - 4 * i as u32) & 15) as u8;
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    }
    hardware.log(text.as_bytes());
    hardware.log(&digits);
}

/// The ring that the driver reads, laid out as `karat_abi::image::log` says.
#[repr(C)]
pub struct Ring {
    head: u32,
    data: [u8; karat_abi::image::log::RING_BYTES as usize],
}

impl Ring {
    /// An empty ring.
    pub const fn new() -> Self {
        Self { head: 0, data: [0; karat_abi::image::log::RING_BYTES as usize] }
    }

    /// Appends text; what does not fit overwrites the oldest.
    pub fn write(&mut self, text: &[u8]) {
        for byte in text {
            let place = self.head as usize & (self.data.len() - 1);
            if let Some(slot) = self.data.get_mut(place) {
                *slot = *byte;
            }
            self.head = self.head.wrapping_add(1);
        }
    }

    /// The text that is still there, oldest first.
    pub fn text(&self) -> impl Iterator<Item = u8> {
        let kept = self.head.min(self.data.len() as u32);
        (self.head - kept..self.head).map(|place| self.data[place as usize & (self.data.len() - 1)])
    }
}

impl Default for Ring {
    fn default() -> Self {
        Self::new()
    }
}

const _: () = assert!(core::mem::offset_of!(Ring, data) == karat_abi::image::log::DATA as usize);
const _: () = assert!(core::mem::offset_of!(Ring, head) == karat_abi::image::log::HEAD as usize);
const _: () = assert!(karat_abi::image::log::RING_BYTES.is_power_of_two());
