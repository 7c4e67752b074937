//! From a doorbell to a command in its slot.

use core::mem::offset_of;

use karat_abi::Submission;
use karat_abi::registers::{QUEUES, bells, control};

use super::Firmware;
use crate::hardware::Hardware;
use crate::log;
use crate::mailbox::{self, Direction, Purpose};
use crate::queue::{Fetch, Queue, State};

impl<H: Hardware> Firmware<H> {
    /// Looks at the first of the queues whose doorbells were rung.
    #[inline]
    pub(super) fn answer(&mut self, bells: u32) {
        // One queue at a time, the others at the next poll. Cleared before the positions are read: a doorbell rung in between is
        // seen again.
        let number = (bells >> bells::LOWEST_SHIFT) as u8 % QUEUES as u8;
        self.card.hardware.set_control(control::DOORBELLS, 1 << number);
        if self.queues.get(number).state != State::Live && !self.open(number) {
            return;
        }
        let queue = self.queues.get(number);
        let tail = self.card.hardware.sq_tail(number.into());
        // A single entry is on its way before the doorbells are looked at more closely: it is in the ring in any case, and
        // forgotten if they turn out to be wrong.
        if tail == queue.next_to_fetch() && queue.may_fetch() && self.card.mailbox.room() {
            let fetch = queue.fetch_one();
            self.read_entries(number, fetch);
        }
        let queue = self.queues.get(number);
        let head = self.card.hardware.cq_head(number.into());
        let more = queue.has_more(tail);
        if queue.ring(tail, head) {
            if more && queue.fetching {
                self.reserve(number);
            } else if more {
                self.fetch(number);
            }
        } else {
            queue.state = State::Frozen;
            queue.waiting = 0;
            if let Some(slot) = queue.reserved.take() {
                self.commands.give_back(slot);
            }
            self.ringing &= !(1 << number);
            self.fetched &= !(1 << number);
            log::line(&mut self.card.hardware, "doorbell out of bounds, frozen queue", number.into());
        }
    }

    /// Makes the admin queue if it is the one whose doorbell was rung while it was not there.
    #[cold]
    fn open(&mut self, number: u8) -> bool {
        let queue = self.queues.get(number);
        if number == 0 && queue.state == State::Absent {
            open_admin_queue(&mut self.card.hardware, queue);
        }
        queue.state == State::Live
    }

    /// Starts to fetch entries of a queue, or takes note that it wants to.
    #[inline]
    pub(super) fn fetch(&mut self, number: u8) {
        let queue = self.queues.get(number);
        let wanted = queue.wants_fetch();
        if wanted && !self.card.mailbox.room() {
            self.ringing |= 1 << number;
            return;
        }
        self.ringing &= !(1 << number);
        if wanted {
            let fetch = queue.fetch();
            self.read_entries(number, fetch);
        }
    }

    /// Starts to read entries into a queue's part of the mailbox. The mailbox engine must have room.
    #[inline(always)]
    fn read_entries(&mut self, number: u8, Fetch { host, entries }: Fetch) {
        let purpose = Purpose::Fetch { queue: number, entries: entries as u8 };
        let beat = mailbox::FETCH + u32::from(number) * mailbox::FETCH_ENTRIES;
        self.card.transfer(host, beat, entries, Direction::ReadEntries, purpose);
    }

    /// Takes the first of the entries that were fetched for a queue.
    #[inline(always)]
    pub(super) fn entries_arrived(&mut self, number: u8, entries: u8) {
        let queue = self.queues.get(number);
        queue.fetching = false;
        if queue.state == State::Live {
            queue.waiting = entries.into();
            queue.next = 0;
            self.fetched |= 1 << number;
            if let Some(slot) = queue.reserved.take() {
                self.accept(number, slot, 0);
            }
        }
    }

    /// Looks for room for the next entry of a queue, while the entry is on its way.
    #[inline]
    pub(super) fn reserve(&mut self, number: u8) {
        let queue = self.queues.get(number);
        if queue.reserved.is_none() && queue.has_credit() {
            queue.reserved = self.commands.take_slot(number);
        }
    }

    /// Takes the next fetched entry of a queue, entry `next` of its part of the mailbox, into a slot.
    #[inline(always)]
    pub(super) fn accept(&mut self, number: u8, slot: u8, next: u32) {
        let beat = mailbox::FETCH + u32::from(number) * mailbox::FETCH_ENTRIES + next;
        let submission = &mut self.commands.get_mut(slot).submission;
        for words in UPLOAD_WORDS {
            self.card.hardware.mailbox_words(beat, words, bytemuck::cast_mut(submission));
        }
        // The mailbox engine leaves zero where the checksum was right.
        let intact = submission.checksum == 0;
        let alone = self.queues.get(number).slots == 0 && number != 0;
        let started = intact && alone && self.starts_upload(slot);
        let submission = &mut self.commands.get_mut(slot).submission;
        self.card.hardware.mailbox_words(beat, OTHER_WORDS, bytemuck::cast_mut(submission));
        if started {
            self.commands.insert(slot, number, 0);
            self.commands.start(slot);
        } else {
            self.dispatch(number, slot, intact);
        }
        // The queue's account comes after the command's engine.
        let queue = self.queues.get(number);
        queue.take(slot);
        if queue.waiting == 0 {
            self.fetched &= !(1 << number);
            // There may be more in the ring.
            self.ringing |= 1 << number;
        }
    }
}

/// The words of an entry that say all about an upload: what to do and for whom, the host's data, the matrix, the checksum.
const UPLOAD_WORDS: [[usize; 4]; 3] = [[0, 1, 2, 3], [4, 5, 10, 11], [12, 13, 14, 15]];
/// The others: a list and the stage.
const OTHER_WORDS: [usize; 4] = [6, 7, 8, 9];
const _: () = assert!(offset_of!(Submission, list) == 4 * 6 && offset_of!(Submission, stage) == 4 * 9);

/// Takes over the rings that the host has put into the registers.
#[cold]
fn open_admin_queue<H: Hardware>(hardware: &mut H, queue: &mut Queue) {
    let [sq_low, sq_high, cq_low, cq_high, entries] = [
        control::ADMIN_SQ_LO,
        control::ADMIN_SQ_HI,
        control::ADMIN_CQ_LO,
        control::ADMIN_CQ_HI,
        control::ADMIN_ENTRIES,
    ]
    .map(|register| hardware.control(register));
    let address = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    match Queue::create(0, address(sq_low, sq_high), address(cq_low, cq_high), entries) {
        Ok(created) => *queue = created,
        Err(failure) => log::line(hardware, "bad admin ring, status", failure.status as u32),
    }
}
