//! `REGISTERS.md` is what the tables say. After a change of the tables, `KARAT_BLESS=1 cargo test -p karat-abi` writes it anew.

use std::fmt::Write;
use std::path::Path;

use karat_abi::Engine;
use karat_abi::engine;
use karat_abi::registers::{self, Access, Register, bar0, control, fatal, firmware, status};

fn page() -> String {
    let mut page = String::from(
        "# Registers\n\n\
         Made from the tables of `src/registers.rs` by `KARAT_BLESS=1 cargo test -p karat-abi`; a test fails when it is stale.\n\
         All registers are 32-bit words, little-endian. RO: writes are ignored. RW: reads return what was written last. WO: reads\n\
         return zero. W1C: writing ones clears those bits. Reads have no side effects.\n",
    );
    section(
        &mut page,
        "BAR0: the host's view",
        &format!(
            "{} KiB. An address that is not listed reads zero and ignores writes; so does a write of less than a word. All-ones means\n\
             that the card is gone.",
            registers::BAR0_BYTES / 1024
        ),
        bar0::TABLE,
    );
    _ = write!(
        page,
        "\nDoorbells, write only, one page a queue (queues 0 to {}; the queue's MSI-X vector has its number). They are lost while\n\
         the processor is in reset: ring after STATUS is READY.\n\n\
         | address | name | meaning |\n|---|---|---|\n\
         | `{doorbell:#x} + {stride:#x} q` | SQ_TAIL | entries the host has put into submission ring q |\n\
         | `{:#x} + {stride:#x} q` | CQ_HEAD | entries the host has taken from completion ring q |\n",
        registers::QUEUES - 1,
        registers::DOORBELL + 4,
        doorbell = registers::DOORBELL,
        stride = registers::DOORBELL_STRIDE,
    );
    values(
        &mut page,
        "STATUS",
        &[
            (status::RESET, "RESET", "held in reset, or not yet at the first instruction"),
            (status::BOOTING, "BOOTING", "the firmware checks its image and clears its state"),
            (status::READY, "READY", "the admin queue is served"),
            (status::FATAL, "FATAL", "the firmware stopped, see FATAL_CODE"),
        ],
    );
    values(
        &mut page,
        "FATAL_CODE",
        &[
            (fatal::PANIC, "PANIC", "the firmware panicked; FATAL_ADDRESS is the line, the log ring has the message"),
            (fatal::TRAP, "TRAP", "the processor trapped; FATAL_ADDRESS is mepc"),
            (fatal::IMAGE, "IMAGE", "the image in boot RAM does not match its header"),
            (fatal::CONTRACT, "CONTRACT", "the hardware was built with another contract"),
        ],
    );
    page += "\n## The processor's address map\n\n| from | to | what |\n|---|---|---|\n";
    let engines = firmware::ENGINES + engine::ENGINES as u32 * firmware::ENGINE_STRIDE;
    for (from, to, what) in [
        (firmware::BOOT_RAM, firmware::BOOT_RAM + firmware::BOOT_RAM_BYTES, "boot RAM, cached, written through"),
        (firmware::MAILBOX, firmware::MAILBOX + firmware::MAILBOX_BYTES, "mailbox RAM"),
        (firmware::CONTROL, firmware::CONTROL + 0x100, "control block"),
        (firmware::ENGINES, engines, "engine blocks"),
    ] {
        _ = writeln!(page, "| `{from:#010x}` | `{:#010x}` | {what} |", to - 1);
    }
    page += "\nFrom bit 31 on nothing is cached, and accesses are whole words. An address that nothing answers to reads zero.\n";
    section(
        &mut page,
        &format!("Control block, at {:#010x}", firmware::CONTROL),
        "Cleared while the processor is in reset.",
        control::TABLE,
    );
    _ = write!(
        page,
        "| `{:#04x} + 4 q` | SQ_TAIL | RO | As the host wrote it; 0 until then |\n\
         | `{:#04x} + 4 q` | CQ_HEAD | RO | As the host wrote it; 0 until then |\n",
        firmware::SQ_TAIL - firmware::CONTROL,
        firmware::CQ_HEAD - firmware::CONTROL,
    );
    section(
        &mut page,
        "Engine block",
        "Words 0 to 31 (`0x00` to `0x7c`, WO) stage a descriptor; what they mean to which engine is in `src/engine.rs`.",
        registers::engine::TABLE,
    );
    page += "\n| block | engine | descriptor words |\n|---|---|---|\n";
    for engine in Engine::ALL {
        let words = match engine {
            Engine::Mailbox => engine::mailbox::WORDS,
            Engine::HostRead | Engine::HostWrite => engine::host::WORDS,
            Engine::CardRead | Engine::CardWrite => engine::card::WORDS,
            Engine::Ntt => engine::ntt::WORDS,
            Engine::Hash => engine::hash::WORDS,
            Engine::Vector => engine::vector::WORDS,
        };
        let base = firmware::ENGINES + engine as u32 * firmware::ENGINE_STRIDE;
        _ = writeln!(page, "| `{base:#010x}` | {} | {words} |", engine.name());
    }
    page
}

fn section(page: &mut String, title: &str, text: &str, table: &[Register]) {
    _ = write!(page, "\n## {title}\n\n{text}\n\n| offset | name | access | meaning |\n|---|---|---|---|\n");
    for Register { name, offset, access, doc } in table {
        let access = match access {
            Access::ReadOnly => "RO",
            Access::ReadWrite => "RW",
            Access::WriteOnly => "WO",
            Access::WriteOneToClear => "W1C",
        };
        _ = writeln!(page, "| `{offset:#04x}` | {name} | {access} | {doc} |");
    }
}

fn values(page: &mut String, register: &str, values: &[(u32, &str, &str)]) {
    _ = write!(page, "\n| {register} | name | meaning |\n|---|---|---|\n");
    for (value, name, meaning) in values {
        _ = writeln!(page, "| {value} | {name} | {meaning} |");
    }
}

#[test]
fn registers_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("REGISTERS.md");
    let page = page();
    if std::env::var_os("KARAT_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "REGISTERS.md is stale: run `KARAT_BLESS=1 cargo test -p karat-abi` and look at the difference"
    );
}

#[test]
fn tables_are_in_order_and_names_are_unique() {
    for (block, table) in [("bar0", bar0::TABLE), ("control", control::TABLE), ("engine", registers::engine::TABLE)] {
        for pair in table.windows(2) {
            assert!(pair[0].offset < pair[1].offset, "{block}: {} and {}", pair[0].name, pair[1].name);
        }
        for (at, register) in table.iter().enumerate() {
            assert_eq!(register.offset % 4, 0, "{block}: {}", register.name);
            assert!(table[..at].iter().all(|other| other.name != register.name), "{block}: {} twice", register.name);
        }
    }
}
