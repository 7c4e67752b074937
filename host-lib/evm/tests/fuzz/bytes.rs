//! Mutations of an encoded proof: of its elements, digests, queries, sections and length.

use rand::rngs::SmallRng;
use rand::{Rng, RngExt};

use crate::support::P;
use crate::support::sections::Sections;

/// Changes something, or nothing now and then.
pub fn mutate(proof: &mut Vec<u8>, sections: &Sections, rng: &mut SmallRng) {
    match rng.random_range(0..20) {
        0..4 => flip(proof, rng),
        4..9 => element(proof, sections, rng),
        9..12 => digest(proof, sections, rng),
        12..15 => query(proof, sections, rng),
        15 => section(proof, sections, rng),
        16 => length(proof, sections, rng),
        _ => witness(proof, sections, rng),
    }
}

fn flip(proof: &mut [u8], rng: &mut SmallRng) {
    if !proof.is_empty() {
        let bit = rng.random_range(0..8 * proof.len());
        proof[bit / 8] ^= 1 << (bit % 8);
    }
}

/// The start of an element: the parts before the queries are as likely as the many queries.
fn place(sections: &Sections, rng: &mut SmallRng) -> usize {
    let range = if rng.random() { 0..sections.queries } else { sections.queries..sections.caps };
    8 * rng.random_range(range.start / 8..range.end / 8)
}

fn element(proof: &mut [u8], sections: &Sections, rng: &mut SmallRng) {
    let (at, other) = (place(sections, rng), place(sections, rng));
    if at.max(other) + 8 > proof.len() {
        return;
    }
    let read = |at: usize| u64::from_le_bytes(proof[at..at + 8].try_into().expect("8 bytes"));
    let (old, copied) = (read(at), read(other));
    let new = match rng.random_range(0..16) {
        0 => rng.next_u64(),
        1 | 13..16 => rng.next_u64() % P,
        2 => P,
        3 => P + 1,
        4 => u64::MAX,
        // The same element, unless it is one of those few that have no second number.
        5 => old.checked_add(P).unwrap_or(old.wrapping_sub(P)),
        6 => 0,
        7 => 1,
        8 => P - 1,
        9 => old.wrapping_add(1),
        10 => old.wrapping_sub(1),
        11 => copied,
        _ => {
            proof[other..other + 8].copy_from_slice(&old.to_le_bytes());
            copied
        }
    };
    proof[at..at + 8].copy_from_slice(&new.to_le_bytes());
}

fn digest(proof: &mut [u8], sections: &Sections, rng: &mut SmallRng) {
    let digests = (proof.len().max(sections.caps) - sections.caps) / 32;
    if digests == 0 {
        return;
    }
    let mut place = || sections.caps + 32 * rng.random_range(0..digests);
    let (at, other) = (place(), place());
    match rng.random_range(0..5) {
        0 => (0..32).for_each(|i| proof.swap(at + i, other + i)),
        1 => proof.copy_within(other..other + 32, at),
        2 => proof[at..at + 32].fill(0),
        3 => proof[at..at + 32].fill(0xff),
        _ => rng.fill_bytes(&mut proof[at..at + 32]),
    }
}

/// Queries trade places, or one becomes another.
fn query(proof: &mut [u8], sections: &Sections, rng: &mut SmallRng) {
    let (start, size) = (sections.queries, sections.query_bytes);
    if proof.len() < sections.caps {
        return;
    }
    let count = (sections.caps - start) / size;
    let mut place = || start + size * rng.random_range(0..count);
    let (at, other) = (place(), place());
    match rng.random() {
        true => (0..size).for_each(|i| proof.swap(at + i, other + i)),
        false => proof.copy_within(other..other + size, at),
    }
}

/// Two sections trade places, or one is there twice, or not at all.
fn section(proof: &mut Vec<u8>, sections: &Sections, rng: &mut SmallRng) {
    if proof.len() != sections.end {
        return;
    }
    let mut parts: Vec<&[u8]> = sections.boundaries.windows(2).map(|ends| &proof[ends[0]..ends[1]]).collect();
    let (one, other) = (rng.random_range(0..parts.len()), rng.random_range(0..parts.len()));
    match rng.random_range(0..6) {
        0 => parts.insert(one, parts[other]),
        1 => drop(parts.remove(one)),
        2 => parts[one] = parts[other],
        _ => parts.swap(one, other),
    }
    *proof = parts.concat();
}

/// Cut at a boundary or anywhere, extended, or with something more or less in the middle.
fn length(proof: &mut Vec<u8>, sections: &Sections, rng: &mut SmallRng) {
    let size = [1, 8, 16, 24, 32, 64][rng.random_range(0..6)];
    match rng.random_range(0..4) {
        0 => proof.truncate(sections.boundaries[rng.random_range(0..sections.boundaries.len())]),
        1 => proof.truncate(proof.len().saturating_sub(size)),
        2 => proof.resize(proof.len() + size, rng.random()),
        _ => {
            let at = rng.random_range(0..=proof.len().saturating_sub(size));
            let some = proof[at..(at + size).min(proof.len())].to_vec();
            if rng.random() {
                proof.drain(at..at + some.len());
            } else {
                proof.splice(at..at, some);
            }
        }
    }
}

/// Another witness of the queries: with few bits of work, and few rows, it is right now and then.
fn witness(proof: &mut [u8], sections: &Sections, rng: &mut SmallRng) {
    let Some(at) = sections.query_witness.filter(|at| at + 8 <= proof.len()) else { return };
    let old = u64::from_le_bytes(proof[at..at + 8].try_into().expect("8 bytes"));
    let new = if rng.random_range(0..8) == 0 { old.wrapping_add(P) } else { rng.next_u64() % P };
    proof[at..at + 8].copy_from_slice(&new.to_le_bytes());
}
