//! RAM and ROM against arrays.

use karat_hdl_base::emit::emit;
use karat_hdl_base::memory::{EnabledRam, Ram, Rom, SizedRam};
use karat_hdl_base::testing::simulate;
use karat_verilator::Model;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Checks a RAM of 32 words; with `noise` on the address bits above.
fn check(model: &Model, noise: bool) {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let [enable, write, data, read, out] =
        ["write_enable", "write_address", "write_data", "read_address", "read_data"].map(|p| model.port(p).unwrap());
    let mut dut = model.instance(seed);
    let mut words = [None; 32];
    let mut collisions = 0;
    for _ in 0..50_000 {
        let (w, r, value, writes) = (rng.random_range(0..32), rng.random_range(0..32), rng.random(), rng.random());
        let mut address = |low: usize| low as u64 | if noise { rng.random_range(0..1 << 15) << 5 } else { 0 };
        for (port, value) in [(enable, u64::from(writes)), (write, address(w)), (data, value), (read, address(r))] {
            dut.set(port, value);
        }
        dut.cycle();
        let collision = writes && w == r;
        match words[r] {
            Some(word) if collision => assert_ne!(dut.get(out), word),
            Some(word) => assert_eq!(dut.get(out), word),
            None => {}
        }
        collisions += u32::from(collision);
        if writes {
            words[w] = Some(value);
        }
    }
    assert!(collisions > 100);
}

#[test]
fn a_ram_returns_what_was_written_and_nothing_good_on_a_collision() {
    check(&simulate("ram", Ram::<64, 5>::default).unwrap(), false);
    check(&simulate("sized_ram", || SizedRam::new(5)).unwrap(), true);
}

#[test]
fn an_enabled_ram_shows_the_word_read_last_until_the_next_read() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate("enabled_ram", EnabledRam::<64, 5>::default).unwrap();
    let [write_enable, write, data, read_enable, read, out] =
        ["write_enable", "write_address", "write_data", "read_enable", "read_address", "read_data"]
            .map(|p| model.port(p).unwrap());
    let mut dut = model.instance(seed);
    let mut words = [None; 32];
    let mut shown = None;
    let mut held = 0;
    for _ in 0..50_000 {
        let (w, value, reads) = (rng.random_range(0..32_usize), rng.random::<u64>(), rng.random::<bool>());
        // Never the word that is written.
        let r = (w + rng.random_range(1..32)) % 32;
        for (port, value) in
            [(write_enable, 1), (write, w as u64), (data, value), (read_enable, reads.into()), (read, r as u64)]
        {
            dut.set(port, value);
        }
        dut.cycle();
        if reads {
            shown = words[r];
        } else if shown.is_some_and(|word| words[r].is_some_and(|other| other != word)) {
            held += 1;
        }
        words[w] = Some(value);
        if let Some(word) = shown {
            assert_eq!(dut.get(out), word);
        }
    }
    assert!(held > 1000);
}

#[test]
fn a_rom_holds_its_table() {
    let table: Vec<u64> = (0..27_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 3).collect();
    let model = simulate("rom", || Rom::<61, 5>::new(table.clone())).unwrap();
    let [address, data] = ["address", "data"].map(|name| model.port(name).unwrap());
    let mut dut = model.instance(0);
    for at in 0..32 {
        dut.set(address, at);
        dut.cycle();
        assert_eq!(dut.get(data), table.get(at as usize).copied().unwrap_or(0));
    }
    assert!(emit("rom", || Rom::<8, 2>::new([256])).unwrap_err().to_string().contains("wider than 8 bits"));
}
