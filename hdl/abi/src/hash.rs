//! A hash of the whole contract, compared when driver, firmware and hardware meet.

/// FNV-1a over the source text of the modules that make the contract: coarse (a changed comment changes it), but
/// nothing that two layers share can change without it.
pub const ABI_HASH: u64 = {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    hash = bytes(hash, include_bytes!("checksum.rs"));
    hash = bytes(hash, include_bytes!("command.rs"));
    hash = bytes(hash, include_bytes!("engine.rs"));
    hash = bytes(hash, include_bytes!("error.rs"));
    hash = bytes(hash, include_bytes!("image.rs"));
    hash = bytes(hash, include_bytes!("queue.rs"));
    hash = bytes(hash, include_bytes!("registers.rs"));
    hash = bytes(hash, include_bytes!("stage.rs"));
    bytes(hash, include_bytes!("vector.rs"))
};

const fn bytes(mut hash: u64, data: &[u8]) -> u64 {
    let mut i = 0;
    while i < data.len() {
        hash = (hash ^ data[i] as u64).wrapping_mul(0x100_0000_01b3);
        i += 1;
    }
    hash
}
