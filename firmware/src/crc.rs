//! CRC-32C (Castagnoli), of which a submission entry and the boot image carry one.

const POLYNOMIAL: u32 = 0x82f6_3b78;

/// `TABLES[j][b]`: the remainder of byte `b` followed by `j` zero bytes.
static TABLES: [[u32; 256]; 4] = {
    let mut tables = [[0; 256]; 4];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut j = 1;
    while j < 4 {
        let mut byte = 0;
        while byte < 256 {
            let shorter = tables[j - 1][byte];
            tables[j][byte] = tables[0][(shorter & 0xff) as usize] ^ shorter >> 8;
            byte += 1;
        }
        j += 1;
    }
    tables
};

/// A checksum under way, a little-endian word at a time.
#[derive(Clone, Copy, Debug)]
pub struct Crc32c(u32);

impl Crc32c {
    /// Of nothing.
    pub const fn new() -> Self {
        Self(!0)
    }

    /// Takes the next four bytes.
    #[inline(always)]
    pub fn word(&mut self, word: u32) {
        let x = self.0 ^ word;
        self.0 = TABLES[3][(x & 0xff) as usize]
            ^ TABLES[2][(x >> 8 & 0xff) as usize]
            ^ TABLES[1][(x >> 16 & 0xff) as usize]
            ^ TABLES[0][(x >> 24) as usize];
    }

    /// The checksum of everything taken.
    pub const fn value(self) -> u32 {
        !self.0
    }
}

impl Default for Crc32c {
    fn default() -> Self {
        Self::new()
    }
}

/// The checksum of words.
pub fn of_words(words: &[u32]) -> u32 {
    let mut crc = Crc32c::new();
    for word in words {
        crc.word(*word);
    }
    crc.value()
}

#[cfg(test)]
mod tests {
    #[test]
    fn matches_the_check_value_of_the_catalogue_and_rfc_3720() {
        // RFC 3720 B.4: 32 bytes of zeros, of ones, and counting up.
        assert_eq!(super::of_words(&[0; 8]), 0x8a91_36aa);
        assert_eq!(super::of_words(&[!0; 8]), 0x62a8_ab43);
        let counting: Vec<u32> = (0..8).map(|i| 0x0302_0100 + 0x0404_0404 * i).collect();
        assert_eq!(super::of_words(&counting), 0x46dd_794e);
    }
}
