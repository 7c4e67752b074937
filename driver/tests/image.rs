//! Boot images from handmade ELF files, and damaged ones.

use karat_abi::image::{HEADER_BYTES, Header, IMAGE_MAGIC};
use karat_abi::registers::firmware::BOOT_RAM_BYTES;
use karat_abi::{ABI_HASH, ABI_VERSION};
use karat_driver::image::{self, ImageError};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A loadable segment: physical address, content, size in memory.
#[derive(Clone)]
struct Segment(u32, Vec<u8>, u32);

const RISCV: u16 = 243;
const ARM: u16 = 40;

/// A 32-bit ELF file with nothing but program headers.
fn elf(machine: u16, big_endian: bool, entry: u32, segments: &[Segment]) -> Vec<u8> {
    let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut file = vec![0x7f, b'E', b'L', b'F', 1, 1 + u8::from(big_endian), 1, 0];
    file.resize(16, 0);
    file.extend([half(2), half(machine)].concat());
    file.extend([word(1), word(entry), word(52), word(0), word(0)].concat());
    file.extend([half(52), half(32), half(segments.len() as u16), half(40), half(0), half(0)].concat());
    let mut offset = 52 + 32 * segments.len() as u32;
    for Segment(address, content, memory) in segments {
        let len = content.len() as u32;
        let fields = [1, offset, *address, *address, len, *memory, 7, 4].map(word);
        file.extend(fields.concat());
        offset += len;
    }
    segments.iter().for_each(|segment| file.extend(&segment.1));
    file
}

/// The header as the firmware has it.
fn header(abi_hash: u64) -> Segment {
    let header = Header { magic: IMAGE_MAGIC, abi_version: ABI_VERSION, abi_hash, ..Default::default() };
    Segment(0, bytemuck::bytes_of(&header).to_vec(), HEADER_BYTES)
}

/// The image of a header and these segments.
fn riscv(segments: &[Segment]) -> Result<Vec<u8>, ImageError> {
    let segments = [&[header(ABI_HASH)], segments].concat();
    image::from_elf(&elf(RISCV, false, HEADER_BYTES, &segments))
}

#[test]
fn segments_land_at_their_addresses_behind_a_header() {
    let code = Segment(HEADER_BYTES, (1..=10).collect(), 10);
    let data = Segment(0x40, vec![0xaa; 5], 5);
    let bss = Segment(0x48, vec![], 0x1000);
    let image = riscv(&[code, data, bss]).unwrap();
    assert_eq!(image.len(), 0x48, "the end of the data, in whole words");
    assert_eq!(image[0x20..0x2a], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(image[0x2a..0x40], [0; 22]);
    assert_eq!(image[0x40..], [0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0, 0, 0]);
    let header: Header = bytemuck::pod_read_unaligned(&image[..HEADER_BYTES as usize]);
    assert_eq!((header.magic, header.abi_version, header.abi_hash), (IMAGE_MAGIC, ABI_VERSION, ABI_HASH));
    assert_eq!(header.len, 0x48);
    assert_eq!(image::check(&image), Ok(header));
}

#[test]
fn contract_is_the_firmware_s_own() {
    let foreign = image::from_elf(&elf(RISCV, false, HEADER_BYTES, &[header(!ABI_HASH)])).unwrap();
    assert_eq!(image::check(&foreign).unwrap().abi_hash, !ABI_HASH);
}

#[test]
fn checksum_is_the_contract_s() {
    let image = riscv(&[Segment(HEADER_BYTES, vec![0; 32], 32)]).unwrap();
    let header = image::check(&image).unwrap();
    assert_eq!(header.checksum, karat_abi::checksum(&[0; 8]));
}

#[test]
fn image_may_fill_boot_ram_to_the_last_byte_and_no_further() {
    let bytes = BOOT_RAM_BYTES - HEADER_BYTES;
    let full = riscv(&[Segment(HEADER_BYTES, vec![7; bytes as usize], bytes)]).unwrap();
    assert_eq!(full.len(), BOOT_RAM_BYTES as usize);
    image::check(&full).unwrap();
    for (address, content, memory) in [
        (HEADER_BYTES, vec![7; bytes as usize + 1], bytes + 1),
        (HEADER_BYTES, vec![7; 4], bytes + 4),
        (BOOT_RAM_BYTES - 2, vec![7; 4], 4),
        (0x8000_0000, vec![7; 4], 4),
        (0xffff_fffc, vec![7; 8], 8),
    ] {
        let refused = riscv(&[Segment(address, content, memory)]);
        assert!(matches!(refused, Err(ImageError::Segment { .. })), "{address:#x}, {memory:#x}: {refused:?}");
    }
}

#[test]
fn files_for_something_else_are_refused() {
    let code = [Segment(HEADER_BYTES, vec![0x13, 0, 0, 0], 4)];
    for (machine, big_endian) in [(ARM, false), (RISCV, true)] {
        let refused = image::from_elf(&elf(machine, big_endian, HEADER_BYTES, &code));
        assert!(matches!(refused, Err(ImageError::Architecture(_))), "{refused:?}");
    }
    let refused = image::from_elf(&elf(RISCV, false, 0x80, &code));
    assert_eq!(refused, Err(ImageError::Entry(0x80)));
    let headless = image::from_elf(&elf(RISCV, false, HEADER_BYTES, &code));
    assert!(matches!(headless, Err(ImageError::Header(_))), "{headless:?}");
    assert!(matches!(image::from_elf(&elf(RISCV, false, HEADER_BYTES, &[])), Err(ImageError::Header(_))));
    let mut wide = elf(RISCV, false, HEADER_BYTES, &code);
    wide[4] = 2;
    assert!(matches!(image::from_elf(&wide), Err(ImageError::Elf(_))));
}

#[test]
fn no_cut_of_a_file_gives_an_image() {
    let file = elf(RISCV, false, HEADER_BYTES, &[header(ABI_HASH), Segment(HEADER_BYTES, vec![1; 16], 16)]);
    image::from_elf(&file).unwrap();
    for len in 0..file.len() {
        let refused = image::from_elf(&file[..len]);
        assert!(matches!(refused, Err(ImageError::Elf(_))), "{len} bytes: {refused:?}");
    }
}

#[test]
fn every_altered_byte_is_refused_or_is_another_contract() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let code: Vec<u8> = (0..500).map(|_| rng.random()).collect();
    let image = riscv(&[Segment(HEADER_BYTES, code, 500)]).unwrap();
    let contract = 4..16;
    for at in 0..image.len() {
        for change in (0..8).map(|bit| 1 << bit).chain([rng.random_range(1..=255u8)]) {
            let mut altered = image.clone();
            altered[at] ^= change;
            match image::check(&altered) {
                Err(_) => assert!(!contract.contains(&at), "the contract is for the handshake to judge"),
                Ok(header) => assert!(
                    contract.contains(&at) && (header.abi_version, header.abi_hash) != (ABI_VERSION, ABI_HASH),
                    "byte {at} changed by {change:#04x} goes unnoticed"
                ),
            }
        }
    }
    for len in 0..image.len() {
        assert!(image::check(&image[..len]).is_err(), "{len} bytes");
    }
    let longer = [&image[..], &[0; 4]].concat();
    assert!(image::check(&longer).is_err());
}
