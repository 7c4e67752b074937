//! The firmware's ELF: no path to a panic, and small enough for boot RAM.

use karat::airs::{AirName, Statement};
use karat::backend::Backend;
use karat_abi::registers::bar0;
use karat_abi::registers::firmware::BOOT_RAM_BYTES;
use karat_sim::Options;
use karat_sim::firmware::{Build, elf};
use karat_tests::{accept, card, parameters, run_resident};
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

/// Bytes above what stands below the stack that are looked at: the firmware that polls does not use them.
const PAINTED: u32 = 1536;
/// Of these, at least so many must never be used.
const SPARE: u32 = 1024;
const PAINT: u32 = 0x5eed_cafe;

#[test]
fn the_stack_does_not_come_near_what_stands_below_it() {
    let elf = elf(Build::Normal).unwrap();
    let file = object::File::parse(&*elf).unwrap();
    let end =
        file.symbols().find(|symbol| symbol.name() == Ok("__ebss")).expect("it has such a symbol").address() as u32;
    let session = card(&Options::new("tiny"));
    let transport = session.card().device().transport();
    transport.write32(bar0::BOOT_ADDRESS, end);
    (0..PAINTED / 4).for_each(|_| transport.write32(bar0::BOOT_DATA, PAINT));

    let statement = Statement::random(AirName::Fib, 5, 1).unwrap();
    accept(run_resident(&session, &parameters(1, 2, 0), statement));
    session.usage().unwrap();

    transport.write32(bar0::BOOT_ADDRESS, end);
    let untouched = 4 * (0..PAINTED / 4).take_while(|_| transport.read32(bar0::BOOT_DATA) == PAINT).count() as u32;
    println!("stack: {untouched} of {} bytes were not used", BOOT_RAM_BYTES - end);
    assert!(untouched >= SPARE, "only {untouched} bytes were never used");
}
