//! The image's own header, and the check against it.

use bytemuck::Zeroable;
use karat_abi::image::{HEADER_BYTES, Header, IMAGE_MAGIC};
use karat_abi::registers::firmware::BOOT_RAM_BYTES;
use karat_abi::{ABI_HASH, ABI_VERSION};

/// Length and checksum are filled in when the ELF file is made into a flat image.
#[unsafe(link_section = ".header")]
#[used]
static HEADER: Header =
    Header { magic: IMAGE_MAGIC, abi_version: ABI_VERSION, abi_hash: ABI_HASH, len: 0, checksum: 0, reserved: [0; 2] };

/// Compares boot RAM with the header; the error is the checksum found. To be called before anything writes to `.data`.
pub fn check() -> Result<(), u32> {
    let mut header = Header::zeroed();
    let words: &mut [u32; HEADER_BYTES as usize / 4] = bytemuck::cast_mut(&mut header);
    for (word, address) in words.iter_mut().zip((0..).step_by(4)) {
        *word = load(address);
    }
    if header.magic != IMAGE_MAGIC || header.len > BOOT_RAM_BYTES || header.len < HEADER_BYTES || header.len & 3 != 0 {
        return Err(0);
    }
    let mut sum = karat_abi::Checksum::new();
    for address in (HEADER_BYTES..header.len).step_by(4) {
        sum.word(load(address));
    }
    if sum.value() == header.checksum { Ok(()) } else { Err(sum.value()) }
}

/// The word at an address of boot RAM. Rust has no pointer to address 0, where the header stands.
fn load(address: u32) -> u32 {
    let word;
    // SAFETY: a load from boot RAM, all of which may be read.
    unsafe { core::arch::asm!("lw {}, 0({})", out(reg) word, in(reg) address, options(nostack, readonly)) };
    word
}
