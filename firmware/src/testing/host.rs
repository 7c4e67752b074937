//! Host memory as a card reaches it.

use std::collections::BTreeMap;

use crate::software::HostBus;

/// Host memory for tests: buffers at scattered addresses, with nothing in between.
#[derive(Default)]
pub struct HostMemory {
    buffers: BTreeMap<u64, Vec<u64>>,
    next: u64,
}

impl HostMemory {
    /// A zeroed buffer of so many bytes (rounded up to 64); its address, a multiple of 64.
    pub fn allocate(&mut self, bytes: usize) -> u64 {
        let address = 0x1_0000_0fc0 + self.next;
        // A gap after each, and no alignment to pages, so that overruns and page crossings are met.
        self.next += (bytes as u64).next_multiple_of(64) + 64 * 7;
        self.buffers.insert(address, vec![0; bytes.div_ceil(64).max(1) * 8]);
        address
    }

    /// A buffer that holds these words.
    pub fn allocate_words(&mut self, words: &[u64]) -> u64 {
        let address = self.allocate(words.len() * 8);
        self.store(address, words);
        address
    }

    /// Stores words at an address inside a buffer.
    pub fn store(&mut self, address: u64, words: &[u64]) {
        for (i, word) in words.iter().enumerate() {
            assert!(self.write(address + 8 * i as u64, *word), "test stores outside its buffers");
        }
    }

    /// Loads words from an address inside a buffer.
    pub fn load(&mut self, address: u64, count: usize) -> Vec<u64> {
        (0..count).map(|i| self.read(address + 8 * i as u64).expect("test loads outside its buffers")).collect()
    }

    fn word(&mut self, address: u64) -> Option<&mut u64> {
        let (base, words) = self.buffers.range_mut(..=address).next_back()?;
        words.get_mut(((address - base) / 8) as usize)
    }
}

impl HostBus for HostMemory {
    fn read(&mut self, address: u64) -> Option<u64> {
        self.word(address).copied()
    }

    fn write(&mut self, address: u64, value: u64) -> bool {
        self.word(address).map(|word| *word = value).is_some()
    }
}
