//! The checksum of submission entries and boot images.
//!
//! Not a CRC: the processor has no instruction for one, and at 35 cycles a word it would cost more than all else
//! that a command takes. Every step is a bijection of the state for a fixed word and of the word for a fixed state, so that
//! damage within one 32-bit word is always seen, and other damage but for one case in 2^32.

/// A checksum under way, a little-endian word at a time.
#[derive(Clone, Copy, Debug)]
pub struct Checksum(u32);

impl Checksum {
    /// Of nothing. Not zero, so that zeros are seen.
    pub const fn new() -> Self {
        Self(0x4b41_5254)
    }

    /// Takes the next four bytes.
    #[inline(always)]
    pub const fn word(&mut self, word: u32) {
        // An odd multiplier (2^32 divided by the golden ratio) and a shift that folds high bits into low ones.
        let mixed = (self.0 ^ word).wrapping_mul(0x9e37_79b1);
        self.0 = mixed ^ mixed >> 15;
    }

    /// The checksum of everything taken.
    pub const fn value(self) -> u32 {
        self.0
    }
}

impl Default for Checksum {
    fn default() -> Self {
        Self::new()
    }
}

/// The checksum of words.
pub fn checksum(words: &[u32]) -> u32 {
    let mut sum = Checksum::new();
    for word in words {
        sum.word(*word);
    }
    sum.value()
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn damage_within_a_word_is_always_seen() {
        let words: [u32; 15] = core::array::from_fn(|i| (i as u32).wrapping_mul(0x0123_4567));
        for place in 0..words.len() {
            for bits in (0..32).map(|bit| 1 << bit).chain([0xffff, !0, 0x8000_0001]) {
                let mut damaged = words;
                damaged[place] ^= bits;
                assert_ne!(checksum(&damaged), checksum(&words), "word {place} with {bits:#x} flipped");
            }
        }
    }

    #[test]
    fn order_and_length_matter() {
        assert_ne!(checksum(&[1, 2]), checksum(&[2, 1]));
        assert_ne!(checksum(&[0; 3]), checksum(&[0; 4]));
    }
}
