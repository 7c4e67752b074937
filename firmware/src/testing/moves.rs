//! The engines that move data: mailbox, host and card readers and writers.

use karat_abi::Engine;
use karat_abi::P;
use karat_abi::engine::{card, host, mailbox};

use super::card::SoftwareCard;
use super::engine::Words;
use super::host::HostBus;

/// Words that a stream holds, and words that an engine moves in a poll.
const STREAM: usize = 64;
const AT_ONCE: usize = 48;

fn address(words: &Words) -> u64 {
    u64::from(words[host::ADDRESS_LO]) | u64::from(words[host::ADDRESS_HI]) << 32
}

impl<M: HostBus> SoftwareCard<M> {
    pub(crate) fn mailbox_transfer(&mut self, words: &Words) -> bool {
        let address = u64::from(words[mailbox::HOST_LO]) | u64::from(words[mailbox::HOST_HI]) << 32;
        let (slot, beats, direction) = (words[mailbox::SLOT], words[mailbox::BEATS], words[mailbox::DIRECTION]);
        assert!(address.is_multiple_of(64) && (1..=64).contains(&beats), "mailbox {address:#x}, {beats} beats");
        assert_eq!(address / 4096, (address + u64::from(beats) * 64 - 1) / 4096, "mailbox transfer crosses a page");
        for beat in 0..beats {
            let place = ((slot + beat) * 16) as usize;
            for word in 0..8 {
                let at = address + u64::from(beat * 64 + word * 8);
                let place = place + 2 * word as usize;
                if direction & mailbox::WRITE == 0 {
                    let value = self.host_word(Engine::Mailbox, at);
                    self.mailbox[place] = value as u32;
                    self.mailbox[place + 1] = (value >> 32) as u32;
                } else if direction >> word & 1 == 1 {
                    let value = u64::from(self.mailbox[place]) | u64::from(self.mailbox[place + 1]) << 32;
                    if !self.host.write(at, value) {
                        self.engines[Engine::Mailbox as usize].error = true;
                    }
                }
            }
            if direction & (mailbox::WRITE | mailbox::CHECK) == mailbox::CHECK {
                self.mailbox[place + 15] ^= karat_abi::checksum(&self.mailbox[place..place + 15]);
            }
        }
        self.engines[Engine::Mailbox as usize].work += u64::from(beats);
        true
    }

    fn host_word(&mut self, engine: Engine, address: u64) -> u64 {
        match self.host.read(address) {
            Some(word) => word,
            None => {
                self.engines[engine as usize].error = true;
                0xdead_dead_dead_dead
            }
        }
    }

    pub(crate) fn host_read(&mut self, words: &Words) -> bool {
        let (address, bytes) = (address(words), u64::from(words[host::BYTES]));
        assert!(address.is_multiple_of(8) && bytes.is_multiple_of(8) && bytes > 0, "piece {address:#x}, {bytes} bytes");
        for _ in 0..AT_ONCE {
            let progress = self.engines[Engine::HostRead as usize].progress;
            if progress == bytes {
                return true;
            }
            if self.upload.len() == STREAM {
                return false;
            }
            let word = self.host_word(Engine::HostRead, address + progress);
            self.upload.push_back(word);
            self.engines[Engine::HostRead as usize].progress += 8;
        }
        false
    }

    pub(crate) fn host_write(&mut self, words: &Words) -> bool {
        let (address, bytes) = (address(words), u64::from(words[host::BYTES]));
        assert!(address.is_multiple_of(8) && bytes.is_multiple_of(8) && bytes > 0, "piece {address:#x}, {bytes} bytes");
        for _ in 0..AT_ONCE {
            let progress = self.engines[Engine::HostWrite as usize].progress;
            if progress == bytes {
                return true;
            }
            let Some(word) = self.download.pop_front() else { return false };
            if !self.host.write(address + progress, word) {
                self.engines[Engine::HostWrite as usize].error = true;
            }
            self.engines[Engine::HostWrite as usize].progress += 8;
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

    pub(crate) fn card_write(&mut self, words: &Words) -> bool {
        for _ in 0..AT_ONCE {
            let row = self.engines[Engine::CardWrite as usize].progress;
            if row == u64::from(words[card::ROWS]) {
                return true;
            }
            let Some(word) = self.upload.pop_front() else { return false };
            self.row.push(if word >= P { word - P } else { word });
            if self.row.len() == words[card::WIDTH] as usize {
                for (beat, values) in self.row_beats(words, row).into_iter().zip(self.row.chunks(8)) {
                    self.memory[beat] = [0; 8];
                    self.memory[beat][..values.len()].copy_from_slice(values);
                }
                self.row.clear();
                self.engines[Engine::CardWrite as usize].progress += 1;
            }
        }
        false
    }

    pub(crate) fn card_read(&mut self, words: &Words) -> bool {
        let row = self.engines[Engine::CardRead as usize].progress;
        if row == u64::from(words[card::ROWS]) {
            return true;
        }
        if self.download.len() < STREAM {
            let beats = self.row_beats(words, row);
            let values = beats.into_iter().flat_map(|beat| self.memory[beat]);
            self.download.extend(values.take(words[card::WIDTH] as usize));
            self.engines[Engine::CardRead as usize].progress += 1;
        }
        false
    }
}
