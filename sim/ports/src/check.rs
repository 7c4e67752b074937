//! Protocol checks of one AXI channel.

/// A channel driven by the design: once valid, its payload may not change and valid may not fall before ready.
#[derive(Default)]
pub(crate) struct Stable {
    pending: Option<u64>,
}

impl Stable {
    /// Whether the last look saw valid without ready.
    pub fn waiting(&self) -> bool {
        self.pending.is_some()
    }

    /// Looks at the channel before a rising edge. `payload` is a digest of everything it carries.
    pub fn check(&mut self, channel: &str, valid: bool, ready: bool, payload: u64, violations: &mut Vec<String>) {
        if let Some(before) = self.pending {
            if !valid {
                violations.push(format!("{channel}: valid fell before ready"));
            } else if before != payload {
                violations.push(format!("{channel}: payload changed while valid waited for ready"));
            }
        }
        self.pending = (valid && !ready).then_some(payload);
    }
}

/// Mixes a word into a payload digest.
pub(crate) fn mix(digest: u64, word: u64) -> u64 {
    (digest ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

/// Checks the address of a burst: beat size, alignment, 4 KiB rule.
pub(crate) fn burst(channel: &str, address: u64, len: u64, violations: &mut Vec<String>) {
    if !address.is_multiple_of(64) {
        violations.push(format!("{channel}: address {address:#x} is not a multiple of 64"));
    }
    if address / 4096 != (address + len * 64 - 1) / 4096 {
        violations.push(format!("{channel}: burst of {len} beats at {address:#x} crosses a 4 KiB boundary"));
    }
}
