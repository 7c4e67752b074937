//! The checksum of submission entries and boot images.
//!
//! Not a CRC: the processor has no instruction for one, and the mailbox engine checks entries at 64 bits a cycle. Every step is a
//! bijection of the state for a fixed word and of the word for a fixed state, so that damage within one 32-bit word is
//! always seen, and other damage but for about one case in 2^32.

/// The checksum of nothing. Not zero, so that zeros are seen.
pub const INITIAL: u32 = 0x4b41_5254;
/// By how many bits to the left the sum of state and word is rotated: the next state is the sum of these and of itself, without
/// carries.
pub const ROTATIONS: [u32; 2] = [11, 19];

/// A checksum under way, a little-endian word at a time.
#[derive(Clone, Copy, Debug)]
pub struct Checksum(u32);

impl Checksum {
    /// Of nothing.
    pub const fn new() -> Self {
        Self(INITIAL)
    }

    /// Takes the next four bytes.
    #[inline(always)]
    pub const fn word(&mut self, word: u32) {
        // Three terms, and any odd number, make the rotations a bijection; the sum's carries make the whole not linear.
        let sum = self.0.wrapping_add(word);
        self.0 = sum ^ sum.rotate_left(ROTATIONS[0]) ^ sum.rotate_left(ROTATIONS[1]);
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
    fn two_flipped_bits_of_an_entry_are_always_seen() {
        let words: [u32; 15] = core::array::from_fn(|i| (i as u32).wrapping_mul(0x0123_4567));
        let flipped = |mut words: [u32; 15], bit: usize| {
            words[bit / 32] ^= 1 << (bit % 32);
            words
        };
        for one in 0..15 * 32 {
            for other in 0..one {
                let damaged = flipped(flipped(words, one), other);
                assert_ne!(checksum(&damaged), checksum(&words), "bits {one} and {other} flipped");
            }
        }
    }

    #[test]
    fn order_and_length_matter() {
        assert_ne!(checksum(&[1, 2]), checksum(&[2, 1]));
        assert_ne!(checksum(&[0; 3]), checksum(&[0; 4]));
    }
}
