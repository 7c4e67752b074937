//! Boot images: from the ELF that the compiler makes to the words that go into boot RAM.

use karat_abi::image::{HEADER_BYTES, Header, IMAGE_MAGIC};
use karat_abi::registers::firmware::BOOT_RAM_BYTES;
use karat_abi::{ABI_HASH, ABI_VERSION};
use object::elf::{EM_RISCV, PT_LOAD};
use object::read::elf::{ElfFile32, FileHeader, ProgramHeader};
use object::{Architecture, Endian, Object};

/// CRC-32C, as in the header and in submissions.
pub(crate) const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);

/// Why bytes are not a boot image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Not an ELF file that can be read.
    #[error("not an ELF file: {0}")]
    Elf(String),
    /// An ELF for another processor.
    #[error("an ELF file for {0}, not for 32-bit little-endian RISC-V")]
    Architecture(String),
    /// A segment lies outside boot RAM or on the header.
    #[error(
        "a segment at {address:#x} of {bytes} bytes is outside boot RAM ({HEADER_BYTES:#x} to {BOOT_RAM_BYTES:#x})"
    )]
    Segment {
        /// Its address.
        address: u64,
        /// Its size.
        bytes: u64,
    },
    /// The ELF starts elsewhere than the processor.
    #[error("it starts at {0:#x}, but the processor starts behind the header, at {HEADER_BYTES:#x}")]
    Entry(u64),
    /// Nothing to load.
    #[error("nothing to load")]
    Empty,
    /// Not an image: too short, not whole words, or another magic.
    #[error("not a boot image: {0}")]
    Header(&'static str),
    /// The content does not match the header's checksum.
    #[error("the boot image is damaged: its checksum is {seen:#010x}, its header says {expected:#010x}")]
    Checksum {
        /// Of the content.
        seen: u32,
        /// In the header.
        expected: u32,
    },
}

/// The boot image of an ELF, whose loadable segments lie in boot RAM behind the header and are what runs.
pub fn from_elf(elf: &[u8]) -> Result<Vec<u8>, ImageError> {
    let file = ElfFile32::<object::Endianness>::parse(elf).map_err(|error| ImageError::Elf(error.to_string()))?;
    let endian = file.endian();
    let header = file.elf_header();
    if file.architecture() != Architecture::Riscv32 || header.e_machine(endian) != EM_RISCV || endian.is_big_endian() {
        return Err(ImageError::Architecture(format!("{:?}, {endian:?}-endian", file.architecture())));
    }
    let mut image = vec![0; HEADER_BYTES as usize];
    for segment in file.elf_program_headers().iter().filter(|segment| segment.p_type(endian) == PT_LOAD) {
        let (address, bytes) = (u64::from(segment.p_vaddr(endian)), u64::from(segment.p_memsz(endian)));
        if address + bytes > BOOT_RAM_BYTES.into() {
            return Err(ImageError::Segment { address, bytes });
        }
        let (address, bytes) = (u64::from(segment.p_paddr(endian)), u64::from(segment.p_filesz(endian)));
        if bytes == 0 {
            continue;
        }
        if address < HEADER_BYTES.into() || address + bytes > BOOT_RAM_BYTES.into() {
            return Err(ImageError::Segment { address, bytes });
        }
        let data = segment.data(endian, elf).map_err(|()| ImageError::Elf("a segment is cut short".into()))?;
        let end = (address + bytes).next_multiple_of(4) as usize;
        if image.len() < end {
            image.resize(end, 0);
        }
        image[address as usize..][..data.len()].copy_from_slice(data);
    }
    if image.len() == HEADER_BYTES as usize {
        return Err(ImageError::Empty);
    }
    let entry = header.e_entry(endian);
    if entry != HEADER_BYTES {
        return Err(ImageError::Entry(entry.into()));
    }
    let header = Header {
        magic: IMAGE_MAGIC,
        abi_version: ABI_VERSION,
        abi_hash: ABI_HASH,
        len: image.len() as u32,
        crc: CRC.checksum(&image[HEADER_BYTES as usize..]),
        reserved: [0; 2],
    };
    image[..HEADER_BYTES as usize].copy_from_slice(bytemuck::bytes_of(&header));
    Ok(image)
}

/// The header of an image whose length and checksum hold.
pub fn check(image: &[u8]) -> Result<Header, ImageError> {
    let Some((header, content)) = image.split_at_checked(HEADER_BYTES as usize) else {
        return Err(ImageError::Header("it is shorter than a header"));
    };
    let header: Header = bytemuck::pod_read_unaligned(header);
    if header.magic != IMAGE_MAGIC {
        return Err(ImageError::Header("its magic is another"));
    }
    if header.len as usize != image.len() || !image.len().is_multiple_of(4) || header.len > BOOT_RAM_BYTES {
        return Err(ImageError::Header("its length is not the header's"));
    }
    if header.reserved != [0; 2] {
        return Err(ImageError::Header("its header has a field that this driver does not know"));
    }
    let seen = CRC.checksum(content);
    if seen != header.crc {
        return Err(ImageError::Checksum { seen, expected: header.crc });
    }
    Ok(header)
}
