//! Which tile is in which slot, and when.

use std::collections::{HashMap, VecDeque};

use karat_abi::vector::{Instruction, Load, SLOTS};

use super::ProgramError;
use super::operation::Tile;

/// Instructions from the last read of a slot to the first of what is loaded into it next, if possible: a load takes that long, with
/// others before it.
const AHEAD: usize = 200;

/// Cycles from the release of a slot to when the next load into it is there.
const LATENCY: usize = 120;

/// Cycles between two loads: lanes take a word a cycle, and tiles have four or eight for each.
const BETWEEN: usize = 4;

/// Loads, and what instructions have to wait for and may let go.
pub(super) struct Tiles {
    pub loads: Vec<Load>,
    /// Slot of every read, in the order of `reads`.
    pub slots: Vec<u8>,
    /// Loads that must have arrived before an instruction.
    pub need: Vec<u8>,
    /// Loads that may begin behind it.
    pub release: Vec<u8>,
    /// Loads that may begin before the first instruction.
    pub initial: usize,
}

impl Tiles {
    /// For `reads`, pairs of instruction and tile in order of instructions, of a program of that many instructions.
    pub fn new(reads: &[(usize, Tile)], instructions: usize) -> Result<Self, ProgramError> {
        let mut uses: HashMap<Tile, VecDeque<usize>> = HashMap::new();
        for &(at, tile) in reads {
            uses.entry(tile).or_default().push_back(at);
        }
        let mut tiles = Self {
            loads: Vec::new(),
            slots: Vec::with_capacity(reads.len()),
            need: vec![0; instructions],
            release: vec![0; instructions],
            initial: 0,
        };
        let mut places: HashMap<Tile, u8> = HashMap::new();
        let mut occupants: Vec<Option<(Tile, usize)>> = vec![None; SLOTS];
        // Per load, the last instruction that reads what was in its slot before; none if that was in the last run.
        let mut freed: Vec<Option<usize>> = Vec::new();
        for &(at, tile) in reads {
            let slot = if let Some(&slot) = places.get(&tile) {
                slot
            } else {
                let slot = victim(&occupants, &uses, at).ok_or(ProgramError::TooManyTiles { limit: SLOTS })?;
                if let Some((old, _)) = occupants[slot] {
                    places.remove(&old);
                }
                freed.push(occupants[slot].map(|(_, last)| last));
                let Tile { matrix, tile: index, row, group } = tile;
                let index = u16::try_from(index).map_err(|_| ProgramError::TooManyColumns)?;
                tiles.loads.push(Load { matrix, tile: index, row, group, slot: slot as u8 });
                tiles.need[at] += 1;
                places.insert(tile, slot as u8);
                slot as u8
            };
            occupants[slot as usize] = Some((tile, at));
            uses.get_mut(&tile).expect("every tile is read").pop_front();
            tiles.slots.push(slot);
        }
        tiles.set_releases(&freed, &occupants, instructions);
        Ok(tiles)
    }

    /// Loads begin in their order, so each waits for those before it too. The first into a slot waits for the last run of the
    /// program, which released it as this one does for the next.
    fn set_releases(&mut self, freed: &[Option<usize>], occupants: &[Option<(Tile, usize)>], instructions: usize) {
        let mut latest = 0;
        let mut counts = vec![0_usize; instructions];
        for freed in freed.iter().flatten() {
            latest = latest.max(*freed);
            counts[latest] += 1;
        }
        // Those of the next run begin behind all of this one.
        for (load, _) in self.loads.iter().zip(freed).filter(|(_, freed)| freed.is_none()) {
            let (_, last) = occupants[load.slot as usize].expect("a load into the slot");
            latest = latest.max(last);
            counts[latest] += 1;
            self.initial += 1;
        }
        // An instruction counts to a limit; what is more it leaves to the next.
        let mut left = 0;
        for (at, count) in counts.into_iter().enumerate() {
            left += count;
            let now = left.min(Instruction::COUNT_MAX as usize);
            self.release[at] = now as u8;
            left -= now;
        }
        self.release_rest(left);
    }

    /// Estimated cycles of a run behind another: an instruction a cycle, but for those that wait for loads.
    pub fn cycles(&self) -> usize {
        // When loads may begin, of this run and those behind it; when the last came.
        let mut free = vec![0; self.initial];
        let (mut begun, mut came, mut now) = (0, 0, 0);
        let mut run = || {
            let before = now;
            for (&need, &release) in self.need.iter().zip(&self.release) {
                for _ in 0..need {
                    came = (free[begun] + LATENCY).max(came + BETWEEN);
                    begun += 1;
                }
                now = came.max(now + 1);
                free.resize(free.len() + usize::from(release), now);
            }
            now - before
        };
        run();
        run()
    }

    fn release_rest(&mut self, mut left: usize) {
        for release in self.release.iter_mut().rev() {
            let more = left.min((Instruction::COUNT_MAX - *release) as usize);
            *release += more as u8;
            left -= more;
        }
    }
}

/// An empty slot, or else, of those that were read long ago, the one whose tile is read again last; not one that this instruction reads.
fn victim(occupants: &[Option<(Tile, usize)>], uses: &HashMap<Tile, VecDeque<usize>>, at: usize) -> Option<usize> {
    if let Some(empty) = occupants.iter().position(Option::is_none) {
        return Some(empty);
    }
    let next_use = |tile| uses[&tile].front().copied().unwrap_or(usize::MAX);
    (0..occupants.len())
        .filter_map(|slot| occupants[slot].map(|(tile, last)| (slot, next_use(tile), last)))
        .filter(|&(_, next, last)| next > at && last < at)
        // If none was read long ago, the one that has waited longest.
        .max_by_key(|&(_, next, last)| ((at - last).min(AHEAD), next, std::cmp::Reverse(last)))
        .map(|(slot, ..)| slot)
}
