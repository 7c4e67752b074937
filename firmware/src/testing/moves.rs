//! The engines that move data: host and card readers and writers.

use karat_abi::Engine;
use karat_abi::P;
use karat_abi::engine::{card, host};

use super::engines::StrictEngines;
use crate::software::{ERROR_WORD, HostBus, Registers, Words};

/// Words that a stream holds, and words that an engine moves in a poll.
const STREAM: usize = 64;
const AT_ONCE: usize = 48;

fn address(words: &Words) -> u64 {
    u64::from(words[host::ADDRESS_LO]) | u64::from(words[host::ADDRESS_HI]) << 32
}

impl<M: HostBus> StrictEngines<M> {
    fn host_word(&mut self, registers: &mut Registers, address: u64) -> u64 {
        match self.host.read(address) {
            Some(word) => word,
            None => {
                registers.engine(Engine::HostRead).error = true;
                ERROR_WORD
            }
        }
    }

    pub(crate) fn host_read(&mut self, registers: &mut Registers, words: &Words) -> bool {
        let (address, bytes) = (address(words), u64::from(words[host::BYTES]));
        assert!(address.is_multiple_of(8) && bytes.is_multiple_of(8) && bytes > 0, "piece {address:#x}, {bytes} bytes");
        for _ in 0..AT_ONCE {
            let progress = self.positions[Engine::HostRead as usize].progress;
            if progress == bytes {
                return true;
            }
            if self.upload.len() == STREAM {
                return false;
            }
            if progress == 0 || (address + progress).is_multiple_of(64) {
                registers.engine(Engine::HostRead).work += 1;
            }
            let word = self.host_word(registers, address + progress);
            self.upload.push_back(word);
            self.positions[Engine::HostRead as usize].progress += 8;
        }
        false
    }

    pub(crate) fn host_write(&mut self, registers: &mut Registers, words: &Words) -> bool {
        let (address, bytes) = (address(words), u64::from(words[host::BYTES]));
        assert!(address.is_multiple_of(8) && bytes.is_multiple_of(8) && bytes > 0, "piece {address:#x}, {bytes} bytes");
        for _ in 0..AT_ONCE {
            let progress = self.positions[Engine::HostWrite as usize].progress;
            if progress == bytes {
                return true;
            }
            let Some(word) = self.download.pop_front() else { return false };
            if progress == 0 || (address + progress).is_multiple_of(64) {
                registers.engine(Engine::HostWrite).work += 1;
            }
            if !self.host.write(address + progress, word) {
                registers.engine(Engine::HostWrite).error = true;
            }
            self.positions[Engine::HostWrite as usize].progress += 8;
        }
        false
    }

    /// Beats of a row in its tiles; checks the descriptor on the way.
    fn row_beats(&self, words: &Words, row: u64) -> Vec<usize> {
        let (width, rows) = (words[card::WIDTH], words[card::ROWS]);
        assert!(width > 0 && rows > 0, "{width} x {rows}");
        let tiles = width.div_ceil(8);
        let group = tiles << words[card::LOG_GROUP];
        assert!(
            words[card::LOG_GROUP] == 0 || group <= self.limits.layout_beats,
            "layout buffer overrun: {group} beats"
        );
        let first = u64::from(words[card::CARD]) + row;
        (0..u64::from(tiles)).map(|tile| (first + tile * u64::from(words[card::TILE_STRIDE])) as usize).collect()
    }

    pub(crate) fn card_write(&mut self, registers: &mut Registers, words: &Words) -> bool {
        for _ in 0..AT_ONCE {
            let row = self.positions[Engine::CardWrite as usize].progress;
            if row == u64::from(words[card::ROWS]) {
                return true;
            }
            let Some(word) = self.upload.pop_front() else { return false };
            self.row.push(if word >= P { word - P } else { word });
            if self.row.len() == words[card::WIDTH] as usize {
                for (beat, values) in self.row_beats(words, row).into_iter().zip(self.row.chunks(8)) {
                    registers.engine(Engine::CardWrite).work += 1;
                    self.memory[beat] = [0; 8];
                    self.memory[beat][..values.len()].copy_from_slice(values);
                }
                self.row.clear();
                self.positions[Engine::CardWrite as usize].progress += 1;
            }
        }
        false
    }

    pub(crate) fn card_read(&mut self, registers: &mut Registers, words: &Words) -> bool {
        let row = self.positions[Engine::CardRead as usize].progress;
        if row == u64::from(words[card::ROWS]) {
            return true;
        }
        if self.download.len() < STREAM {
            let beats = self.row_beats(words, row);
            registers.engine(Engine::CardRead).work += beats.len() as u64;
            let values = beats.into_iter().flat_map(|beat| self.memory[beat]);
            self.download.extend(values.take(words[card::WIDTH] as usize));
            self.positions[Engine::CardRead as usize].progress += 1;
        }
        false
    }
}
