//! From power-on to the handshake, and every way in which that can fail.

mod support;

use std::sync::Arc;
use std::time::Duration;

use karat_abi::image::Header;
use karat_abi::registers::{bar0, fatal, status};
use karat_abi::{ABI_HASH, ABI_VERSION};
use karat_driver::image::ImageError;
use karat_driver::{Device, Error, Info, Timeouts};
use support::{IMPATIENCE, Mock, PATIENT, image};

fn refused(result: Result<Arc<Device>, Error>) -> Error {
    result.err().expect("the card is refused")
}

#[test]
fn card_comes_up_and_says_what_it_is() {
    let mock = Mock::new();
    let device = mock.open();
    let expected = Info {
        ntt_lanes: 2,
        hash_multipliers: 8,
        log_buffer: 10,
        log_hash_batch: 7,
        layout_beats: 512,
        memory_channels: 1,
        hashes: 3,
        vector_lanes: 8,
        card_beats: 1 << 16,
    };
    assert_eq!(device.info(), &expected);
    assert!(device.log().contains("ready"), "{}", device.log());
    drop(device);
    assert_eq!(mock.host.allocations(), 0, "a closed device leaves nothing pinned");
    assert_eq!(mock.host.misses(), 0);
    // Closing does not spoil the card.
    mock.open();
}

#[test]
fn what_is_not_a_karat_card_is_left_alone() {
    let mock = Mock::new();
    mock.faults().registers.insert(bar0::MAGIC, 0x1234_5678);
    let error = refused(mock.try_open(PATIENT));
    assert!(matches!(error, Error::NotACard { magic: 0x1234_5678, .. }), "{error}");
}

#[test]
fn other_contracts_are_refused_by_part() {
    for (register, value, expected) in [
        (bar0::ABI_VERSION, ABI_VERSION + 1, "hardware"),
        (bar0::ABI_HASH_LO, ABI_HASH as u32 ^ 1, "hardware"),
        (bar0::ABI_HASH_HI, (ABI_HASH >> 32) as u32 ^ 1, "hardware"),
        (bar0::FIRMWARE_HASH_LO, ABI_HASH as u32 ^ 1, "running firmware"),
        (bar0::FIRMWARE_HASH_HI, (ABI_HASH >> 32) as u32 ^ 1, "running firmware"),
    ] {
        let mock = Mock::new();
        mock.faults().registers.insert(register, value);
        let error = refused(mock.try_open(PATIENT));
        assert!(matches!(error, Error::Contract { part, .. } if part == expected), "{register:#x}: {error}");
        let (seen, ours) = (error.to_string(), format!("{ABI_HASH:016x}"));
        assert!(seen.contains(&ours), "both contracts are named: {seen}");
        assert_eq!(mock.host.allocations(), 0);
    }
}

#[test]
fn foreign_boot_image_is_refused_before_the_card_is_touched() {
    let mock = Mock::new();
    let mut foreign = image();
    let header: &mut Header = bytemuck::from_bytes_mut(&mut foreign[..size_of::<Header>()]);
    header.abi_hash ^= 1 << 63;
    let error = Device::open(mock.clone(), &foreign).err().expect("it is foreign");
    assert!(matches!(error, Error::Contract { part: "boot image", .. }), "{error}");
    assert!(error.to_string().contains(&format!("{:016x}", ABI_HASH ^ 1 << 63)), "{error}");
    // The registers of the handshake were read, nothing more.
    assert!(mock.faults().accesses <= 5, "{} accesses", mock.faults().accesses);
}

#[test]
fn damaged_boot_image_is_refused_before_the_card_is_touched() {
    let mock = Mock::new();
    let mut damaged = image();
    damaged[77] ^= 4;
    let error = Device::open(mock.clone(), &damaged).err().expect("it is damaged");
    assert!(matches!(error, Error::Image(ImageError::Checksum { .. })), "{error}");
    assert_eq!(mock.faults().accesses, 0);
}

#[test]
fn boot_ram_is_read_back() {
    let mock = Mock::new();
    mock.faults().bad_boot_word = Some((0x40, 0x100));
    let error = refused(mock.try_open(PATIENT));
    assert!(matches!(error, Error::BootMemory { address: 0x40, written: 0x13, seen: 0x113, .. }), "{error}");
}

#[test]
fn transfers_of_before_are_waited_for() {
    let mock = Mock::new();
    mock.faults().drains = 20;
    let device = mock.open();
    assert_eq!(mock.faults().drains, 0);
    drop(device);

    mock.faults().drains = u32::MAX;
    let error = refused(mock.try_open(Timeouts { halt: IMPATIENCE, ..PATIENT }));
    let Error::Timeout { what, waited, .. } = &error else { panic!("{error}") };
    assert!(what.contains("transfers") && *waited >= IMPATIENCE && *waited < Duration::from_secs(5), "{error}");
}

#[test]
fn firmware_that_does_not_come_up_is_told_from_one_that_stops() {
    let mock = Mock::new();
    for state in [status::RESET, status::BOOTING] {
        mock.faults().registers.insert(bar0::STATUS, state);
        let error = refused(mock.try_open(Timeouts { boot: IMPATIENCE, ..PATIENT }));
        let Error::Timeout { what, waited, .. } = &error else { panic!("{error}") };
        assert!(what.contains("come up") && *waited >= IMPATIENCE && *waited < Duration::from_secs(5), "{error}");
    }
    for (code, text) in [(fatal::IMAGE, "damaged"), (fatal::TRAP, "trapped"), (fatal::CONTRACT, "contract")] {
        let mut faults = mock.faults();
        faults.registers.insert(bar0::STATUS, status::FATAL);
        faults.registers.insert(bar0::FATAL_CODE, code);
        faults.registers.insert(bar0::FATAL_ADDRESS, 0xabc);
        drop(faults);
        let error = refused(mock.try_open(PATIENT));
        assert!(matches!(error, Error::Fatal { address: 0xabc, .. }), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    mock.faults().registers.clear();
    mock.open();
}

#[test]
fn card_may_be_lost_at_any_access_of_the_boot() {
    let mock = Mock::new();
    mock.open();
    // The accesses of the drop are among them: there nobody hears the error.
    let most = mock.faults().accesses;
    let mut opened = 0;
    for after in 0..most {
        let mock = Mock::new();
        mock.faults().lost_after = Some(after);
        match mock.try_open(PATIENT) {
            Err(error) => assert!(matches!(error, Error::CardLost { .. }), "after {after} accesses: {error}"),
            Ok(_) => opened += 1,
        }
        assert_eq!(mock.host.allocations(), 0, "after {after} accesses");
    }
    assert!(opened <= 4, "{opened} cards were opened without their last accesses");
}
