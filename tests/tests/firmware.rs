//! The firmware's ELF: no path to a panic, and small enough for boot RAM.

use karat_abi::registers::firmware::BOOT_RAM_BYTES;
use karat_sim::firmware::{Build, elf, image};
use object::{Object, ObjectSymbol};

/// Symbols of the unstripped ELF that only a panic needs.
fn panic_symbols(build: Build) -> Vec<String> {
    let elf = elf(build).expect("the firmware compiles");
    let file = object::File::parse(&*elf).expect("it is an ELF");
    let names = file.symbols().filter_map(|symbol| symbol.name().map(str::to_owned).ok());
    let names: Vec<String> = names.collect();
    assert!(names.len() > 20, "the ELF is stripped: the check would find nothing");
    names.into_iter().filter(|name| name.contains("panicking") || name.contains("panic_fmt")).collect()
}

#[test]
fn firmware_has_no_path_to_a_panic() {
    assert_eq!(panic_symbols(Build::Normal), [""; 0]);
}

#[test]
fn the_check_sees_a_deliberate_panic() {
    assert!(!panic_symbols(Build::DeliberatePanic).is_empty());
}

#[test]
fn image_fits_boot_ram_with_room_for_a_stack() {
    let bytes = image(Build::Normal).unwrap().len() as u32;
    println!("image: {bytes} bytes");
    assert!(bytes + 8192 <= BOOT_RAM_BYTES, "{bytes} bytes leave less than 8 KiB of {BOOT_RAM_BYTES}");
}
