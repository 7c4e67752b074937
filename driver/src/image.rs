//! Boot images: from the ELF that the compiler makes to the words that go into boot RAM.

use karat_abi::Checksum;
use karat_abi::image::{HEADER_BYTES, Header, IMAGE_MAGIC};
use karat_abi::registers::firmware::BOOT_RAM_BYTES;
use object::elf::{EM_RISCV, PT_LOAD};
use object::read::elf::{ElfFile32, FileHeader, ProgramHeader};
use object::{Architecture, Endian, Object};

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
    /// A segment does not fit boot RAM.
    #[error("a segment at {address:#x} of {bytes} bytes does not fit the {BOOT_RAM_BYTES:#x} bytes of boot RAM")]
    Segment {
        /// Its address.
        address: u64,
        /// Its size.
        bytes: u64,
    },
    /// The ELF starts elsewhere than the processor.
    #[error("it starts at {0:#x}, but the processor starts behind the header, at {HEADER_BYTES:#x}")]
    Entry(u64),
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

/// The boot image of an ELF, whose loadable segments lie in boot RAM and are what runs. Its first bytes are a [`Header`] with
/// the contract that the firmware was built with; length and checksum are filled in here.
pub fn from_elf(elf: &[u8]) -> Result<Vec<u8>, ImageError> {
    let file = ElfFile32::<object::Endianness>::parse(elf).map_err(|error| ImageError::Elf(error.to_string()))?;
    let endian = file.endian();
    let header = file.elf_header();
    if file.architecture() != Architecture::Riscv32 || header.e_machine(endian) != EM_RISCV || endian.is_big_endian() {
        return Err(ImageError::Architecture(format!("{:?}, {endian:?}-endian", file.architecture())));
    }
    let entry = header.e_entry(endian);
    if entry != HEADER_BYTES {
        return Err(ImageError::Entry(entry.into()));
    }
    let mut image = Vec::new();
    for segment in file.elf_program_headers().iter().filter(|segment| segment.p_type(endian) == PT_LOAD) {
        let (loaded, bytes) = (u64::from(segment.p_paddr(endian)), u64::from(segment.p_filesz(endian)));
        let (runs, memory) = (u64::from(segment.p_vaddr(endian)), u64::from(segment.p_memsz(endian)));
        for (address, bytes) in [(loaded, bytes), (runs, memory)] {
            if address + bytes > BOOT_RAM_BYTES.into() {
                return Err(ImageError::Segment { address, bytes });
            }
        }
        let data = segment.data(endian, elf).map_err(|()| ImageError::Elf("a segment is cut short".into()))?;
        if data.is_empty() {
            continue;
        }
        let (start, end) = (loaded as usize, loaded as usize + data.len());
        if image.len() < end {
            image.resize(end.next_multiple_of(4), 0);
        }
        image[start..end].copy_from_slice(data);
    }
    let Some((space, content)) = image.split_at_mut_checked(HEADER_BYTES as usize) else {
        return Err(ImageError::Header("it is shorter than a header"));
    };
    let mut header: Header = bytemuck::pod_read_unaligned(space);
    if header.magic != IMAGE_MAGIC {
        return Err(ImageError::Header("the file has no header where boot RAM begins"));
    }
    header.len = (space.len() + content.len()) as u32;
    header.checksum = checksum(content);
    space.copy_from_slice(bytemuck::bytes_of(&header));
    Ok(image)
}

/// The checksum of whole little-endian words.
fn checksum(content: &[u8]) -> u32 {
    let mut sum = Checksum::new();
    for word in content.chunks_exact(4) {
        sum.word(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    }
    sum.value()
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
    let seen = checksum(content);
    if seen != header.checksum {
        return Err(ImageError::Checksum { seen, expected: header.checksum });
    }
    Ok(header)
}
