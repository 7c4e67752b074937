//! Register maps: BAR0 as the host sees it, the control block as the firmware sees it, and the block that every
//! engine shows to the firmware.

/// Who may do what with a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Reads only; writes are ignored.
    ReadOnly,
    /// Reads return what was written last.
    ReadWrite,
    /// Writes act; reads return zero.
    WriteOnly,
    /// Writing ones clears those bits.
    WriteOneToClear,
}

/// One register: its name, byte offset in its block, access and meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Register {
    /// Name, as in the generated page.
    pub name: &'static str,
    /// Byte offset in the block, a multiple of four.
    pub offset: u32,
    /// Access from the side that the block is described for.
    pub access: Access,
    /// One line of meaning.
    pub doc: &'static str,
}

macro_rules! registers {
    ($($(#[$block_doc:meta])* $block:ident { $($name:ident = $offset:literal $access:ident $doc:literal;)* })*) => {
        $(
            $(#[$block_doc])*
            pub mod $block {
                use super::{Access, Register};
                $(#[doc = $doc] pub const $name: u32 = $offset;)*
                /// Every register of the block, in order of offset.
                pub const TABLE: &[Register] = &[
                    $(Register { name: stringify!($name), offset: $offset, access: Access::$access, doc: $doc },)*
                ];
            }
        )*
    };
}

registers! {
    /// BAR0, 64 KiB, as the host sees it. Reads have no side effects. All-ones means that the card is gone.
    bar0 {
        MAGIC = 0x00 ReadOnly "`KRAT`, least significant byte first";
        ABI_VERSION = 0x04 ReadOnly "Version of the contract that the hardware was built with";
        ABI_HASH_LO = 0x08 ReadOnly "Hash of the contract that the hardware was built with, low word";
        ABI_HASH_HI = 0x0c ReadOnly "Its high word";
        CONTROL = 0x10 ReadWrite "Bit 0 RUN: 0 holds the processor and the engines in reset; bit 1 DRAINING (read only): transfers of before the reset are still on the buses, host memory may be written";
        STATUS = 0x14 ReadOnly "State of the firmware, see `status`; 0 after reset";
        SCRATCH = 0x18 ReadWrite "Free for tests; the firmware never looks at it";
        CAPABILITIES = 0x1c ReadOnly "Bits 0-7 NTT lanes, 8-15 hash multipliers, 16-23 log2 of the transform buffer in beats, 24-31 log2 of the hash batch in rows";
        FATAL_CODE = 0x20 ReadOnly "Why the firmware stopped, see `fatal`; valid when STATUS is FATAL";
        FATAL_ADDRESS = 0x24 ReadOnly "Program counter or line number that belongs to FATAL_CODE";
        FIRMWARE_HASH_LO = 0x28 ReadOnly "Contract hash that the running firmware was built with, low word";
        FIRMWARE_HASH_HI = 0x2c ReadOnly "Its high word";
        CARD_BEATS = 0x30 ReadOnly "Size of card memory in beats";
        LOG_ADDRESS = 0x34 ReadOnly "Byte address of the log ring in boot RAM, 0 before the firmware runs";
        BOOT_ADDRESS = 0x38 ReadWrite "Byte address of the next BOOT_DATA access; each write of BOOT_DATA adds four";
        BOOT_DATA = 0x3c ReadWrite "The word of boot RAM at BOOT_ADDRESS";
        ADMIN_SQ_LO = 0x40 ReadWrite "Bus address of the admin submission ring, low word; 64-byte aligned";
        ADMIN_SQ_HI = 0x44 ReadWrite "Its high word";
        ADMIN_CQ_LO = 0x48 ReadWrite "Bus address of the admin completion ring, low word; 64-byte aligned";
        ADMIN_CQ_HI = 0x4c ReadWrite "Its high word";
        ADMIN_ENTRIES = 0x50 ReadWrite "Entries of both admin rings, a power of two from 2 to 1024";
        CYCLE_LO = 0x54 ReadOnly "Card cycles since reset, low word";
        CYCLE_HI = 0x58 ReadOnly "Its high word";
        CAPABILITIES2 = 0x5c ReadOnly "Bits 0-15 beats of half the layout buffer, 16-19 memory channels, 20 and 21 whether the hash engine has Poseidon2 and Keccak-256, 24-31 lanes of the vector engine";
    }
    /// The control block at `firmware::CONTROL`, as the firmware sees it.
    control {
        DOORBELLS = 0x00 WriteOneToClear "Bit q: SQ_TAIL or CQ_HEAD of queue q was written since the bit was cleared. Read only: bit 8 + e engine e is busy; bits 16-18 the lowest q whose bit is set, or 0";
        CONTROL = 0x04 ReadOnly "Bit 0 RUN, as the host wrote it";
        STATUS = 0x08 ReadWrite "Shown to the host as STATUS";
        FATAL_CODE = 0x0c ReadWrite "Shown to the host as FATAL_CODE";
        FATAL_ADDRESS = 0x10 ReadWrite "Shown to the host as FATAL_ADDRESS";
        FIRMWARE_HASH_LO = 0x14 ReadWrite "Shown to the host";
        FIRMWARE_HASH_HI = 0x18 ReadWrite "Shown to the host";
        LOG_ADDRESS = 0x1c ReadWrite "Shown to the host";
        CYCLE_LO = 0x20 ReadOnly "Card cycles since reset, low word";
        CYCLE_HI = 0x24 ReadOnly "Its high word";
        INTERRUPT = 0x28 WriteOnly "Sends the MSI-X message of the vector written";
        MARKER = 0x2c ReadWrite "Bits 0-7 stage of the command dispatched last, 8-23 its id: driven to a pin for timelines";
        LEDS = 0x30 ReadWrite "Bits 0-3 drive the board's LEDs";
        IDLE_LO = 0x34 ReadOnly "Cycles since reset in which no engine was busy, low word";
        IDLE_HI = 0x38 ReadOnly "Its high word";
        CARD_BEATS = 0x3c ReadOnly "Size of card memory in beats";
        ADMIN_SQ_LO = 0x40 ReadOnly "What the host wrote";
        ADMIN_SQ_HI = 0x44 ReadOnly "What the host wrote";
        ADMIN_CQ_LO = 0x48 ReadOnly "What the host wrote";
        ADMIN_CQ_HI = 0x4c ReadOnly "What the host wrote";
        ADMIN_ENTRIES = 0x50 ReadOnly "What the host wrote";
        CAPABILITIES = 0x54 ReadOnly "As in BAR0";
        CAPABILITIES2 = 0x58 ReadOnly "As in BAR0";
    }
    /// The block of every engine, as the firmware sees it. Offsets 0x00 to 0x7c stage descriptor words 0 to 31.
    engine {
        PUSH = 0x80 WriteOnly "Queues the staged descriptor behind the active one; ignored while FULL";
        STATUS = 0x84 ReadOnly "Bit 0 BUSY: a descriptor is active or pending; bit 1 FULL: one is pending; bit 2 ERROR: a bus answered with an error since reset; bit 3 FILLING: a table fill runs";
        DONE = 0x88 ReadOnly "Descriptors completed since reset, all their writes acknowledged; wraps at 2^32";
        ARM = 0x8c WriteOnly "Writes PUSH as soon as none of these engines is busy, bit e of engine e; zero: now, unless that has happened";
        BUSY_LO = 0x90 ReadOnly "Cycles with a descriptor active, low word";
        BUSY_HI = 0x94 ReadOnly "Its high word";
        STARVED_LO = 0x98 ReadOnly "Busy cycles in which the datapath waited for input, low word";
        STARVED_HI = 0x9c ReadOnly "Its high word";
        STALLED_LO = 0xa0 ReadOnly "Busy cycles in which the datapath waited for its output to be taken, low word";
        STALLED_HI = 0xa4 ReadOnly "Its high word";
        WORK_LO = 0xa8 ReadOnly "Units of work done (beats through a transform pipeline, permutations, beats moved), low word";
        WORK_HI = 0xac ReadOnly "Its high word";
        RESULT_LO = 0xb0 ReadOnly "What the last search found, low word, see `engine::hash`; zero of other engines";
        RESULT_HI = 0xb4 ReadOnly "Its high word";
        TABLE_INDEX = 0xc0 WriteOnly "Engine-specific table access, see `engine::ntt` and `engine::hash`";
        TABLE_START_LO = 0xc4 WriteOnly "First value, low word";
        TABLE_START_HI = 0xc8 WriteOnly "Its high word";
        TABLE_RATIO_LO = 0xcc WriteOnly "Ratio of a geometric fill, low word";
        TABLE_RATIO_HI = 0xd0 WriteOnly "Its high word";
        TABLE_FILL = 0xd4 WriteOnly "Writes this many entries from TABLE_INDEX on: start, start*ratio, ...; poll FILLING";
    }
}

/// First doorbell of BAR0: queue `q` has SQ_TAIL at `DOORBELL + q * DOORBELL_STRIDE` and CQ_HEAD four bytes on.
pub const DOORBELL: u32 = 0x4000;
/// One page a queue, so that a queue can be given to a process by mapping its page.
pub const DOORBELL_STRIDE: u32 = 0x1000;
/// Queue pairs, the admin pair 0 included. Each has the MSI-X vector of its number.
pub const QUEUES: u32 = 8;
/// Bytes of BAR0.
pub const BAR0_BYTES: u32 = 0x1_0000;
/// `bar0::MAGIC`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"KRAT");
/// `bar0::CONTROL`: the processor and the engines run.
pub const CONTROL_RUN: u32 = 1;
/// `bar0::CONTROL`, read only: after RUN fell, transfers are still on the buses; pinned memory must stay until they end.
pub const CONTROL_DRAINING: u32 = 2;

/// Parts of `CAPABILITIES2`.
pub mod capabilities2 {
    /// Lowest bit of the hashes that there are, one for each [`HashFunction`](crate::HashFunction).
    pub const HASHES: u32 = 20;
}

/// Parts of `control::DOORBELLS`: all that an event loop asks for again and again, in one load.
pub mod bells {
    /// Bit q: a doorbell of queue q.
    pub const BELLS: u32 = (1 << super::QUEUES) - 1;
    /// Bit of engine 0's activity.
    pub const BUSY_SHIFT: u32 = 8;
    /// Lowest bit of the number of the lowest queue in `BELLS`.
    pub const LOWEST_SHIFT: u32 = 16;
}
const _: () = assert!(QUEUES == 8);

/// Values of `bar0::STATUS`.
pub mod status {
    /// The processor is held in reset or has not come to its first instruction.
    pub const RESET: u32 = 0;
    /// The firmware checks its image and clears its state.
    pub const BOOTING: u32 = 1;
    /// The admin queue is served.
    pub const READY: u32 = 2;
    /// The firmware stopped, see `bar0::FATAL_CODE`.
    pub const FATAL: u32 = 3;
}

/// Values of `bar0::FATAL_CODE`.
pub mod fatal {
    /// The firmware panicked; FATAL_ADDRESS is the line, the log ring has the message.
    pub const PANIC: u32 = 1;
    /// The processor trapped; FATAL_ADDRESS is mepc.
    pub const TRAP: u32 = 2;
    /// The image in boot RAM does not match its header.
    pub const IMAGE: u32 = 3;
    /// The hardware was built with another contract.
    pub const CONTRACT: u32 = 4;
}

/// The address map of the processor.
pub mod firmware {
    /// Boot RAM: code, data and stack. Execution starts at its first byte after the image header.
    pub const BOOT_RAM: u32 = 0x0000_0000;
    /// Bytes of boot RAM.
    pub const BOOT_RAM_BYTES: u32 = 0x1_0000;
    /// The mailbox RAM, reached by the mailbox engine in beats and by the processor in words. Uncached.
    pub const MAILBOX: u32 = 0x8000_0000;
    /// Bytes of mailbox RAM.
    pub const MAILBOX_BYTES: u32 = 0x2000;
    /// The control block, `registers::control`.
    pub const CONTROL: u32 = 0x8001_0000;
    /// SQ_TAIL of queue q at `SQ_TAIL + 4 q`, as the host wrote it.
    pub const SQ_TAIL: u32 = CONTROL + 0x80;
    /// CQ_HEAD of queue q at `CQ_HEAD + 4 q`, as the host wrote it.
    pub const CQ_HEAD: u32 = CONTROL + 0xc0;
    /// Engine blocks: engine `e` at `ENGINES + e * ENGINE_STRIDE`.
    pub const ENGINES: u32 = 0x8002_0000;
    /// Bytes between two engine blocks.
    pub const ENGINE_STRIDE: u32 = 0x100;
}
