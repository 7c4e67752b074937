//! Header of the boot image, which stands at the start of boot RAM.

use bytemuck::{Pod, Zeroable};

/// The first bytes of an image. The processor starts at `HEADER_BYTES`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Header {
    /// `IMAGE_MAGIC`.
    pub magic: u32,
    /// `ABI_VERSION` that the firmware was built with.
    pub abi_version: u32,
    /// `ABI_HASH` that the firmware was built with.
    pub abi_hash: u64,
    /// Bytes of the image, this header included, a multiple of 4.
    pub len: u32,
    /// [`crate::checksum()`] of the image from `HEADER_BYTES` to `len`.
    pub checksum: u32,
    /// Zero.
    pub reserved: [u32; 2],
}

/// Where execution starts.
pub const HEADER_BYTES: u32 = 32;
/// First word of an image.
pub const IMAGE_MAGIC: u32 = u32::from_le_bytes(*b"KFW1");

/// The log ring in boot RAM: a head that counts bytes ever written, then the bytes.
pub mod log {
    /// Bytes of text kept.
    pub const RING_BYTES: u32 = 2048;
    /// Offset of the u32 that counts bytes written since boot.
    pub const HEAD: u32 = 0;
    /// Offset of the ring.
    pub const DATA: u32 = 4;
}

const _: () = assert!(size_of::<Header>() == HEADER_BYTES as usize);
