//! Calls that are not those of a proof that is accepted, but nearly so.

use karat_evm::config::Challenge;
use karat_evm::{arguments, selector};
use rand::RngExt;
use revm::primitives::U256;

use super::sections::Sections;
use super::{Case, Provable, rng};

/// Any bit of a call: of the selector, of offsets and lengths, of the proof and what fills it up to a word, of public values.
pub fn flips<E: Challenge, A: Provable<E>>(case: &mut Case<E, A>) {
    let mut rng = rng();
    let (proof, public) = (case.encoded(), case.public());
    let call = [&selector("verify(bytes,uint64[])")[..], &arguments(&proof, &public)].concat();
    let start = 4 + 96;
    let padding = start + proof.len()..start + proof.len().next_multiple_of(32);
    let random: Vec<usize> = (0..2000).map(|_| rng.random_range(0..8 * call.len())).collect();
    for bit in random.into_iter().chain(8 * padding.start..8 * padding.end) {
        let mut call = call.clone();
        call[bit / 8] ^= 1 << (bit % 8);
        let outcome = case.evm.call(case.address, call);
        // Only what are no arguments reverts: a proof never does.
        let within = (start..padding.end).contains(&(bit / 8));
        assert!(outcome.map_or(!within, |outcome| !outcome.accepted), "bit {bit}");
    }
}

/// Cut at every boundary of the encoding, and a byte, an element, a digest to either side of it.
pub fn shorter<E: Challenge, A: Provable<E>>(case: &mut Case<E, A>) {
    let (proof, public) = (case.encoded(), case.public());
    let sections = Sections::new(&case.contract.shape, &case.proof);
    assert_eq!(sections.end, proof.len());
    let element = 8 * E::DIMENSION as isize;
    let beside = [0, 1, -1, 8, -8, element, -element, 32, -32];
    let near = sections.boundaries.iter().flat_map(|&end| beside.map(|by| end.saturating_add_signed(by)));
    let mut ends: Vec<usize> = near.chain((0..proof.len()).step_by(64)).chain([0, 1, 2, 7, 8, 31, 32, 33]).collect();
    ends.retain(|&end| end < proof.len());
    ends.sort_unstable();
    ends.dedup();
    for end in ends {
        assert!(!case.call(&proof[..end], &public).accepted, "{end} bytes");
        // What is cut off in front, too.
        assert!(!case.call(&proof[end + 1..], &public).accepted, "from {end} on");
    }
}

/// With more behind, in front and within, and with less within.
pub fn longer<E: Challenge, A: Provable<E>>(case: &mut Case<E, A>) {
    let mut rng = rng();
    let (proof, public) = (case.encoded(), case.public());
    let sections = Sections::new(&case.contract.shape, &case.proof);
    for more in [1, 7, 8, 8 * E::DIMENSION, 31, 32, 33, 64, 1000, proof.len().min(50_000), 100_000] {
        let some: Vec<u8> = (0..more).map(|_| rng.random()).collect();
        let own = proof.iter().rev().take(more).copied().collect();
        for extension in [vec![0; more], vec![0xff; more], some, own] {
            assert!(!case.call(&[&proof[..], &extension].concat(), &public).accepted, "{more} bytes more");
            assert!(!case.call(&[&extension, &proof[..]].concat(), &public).accepted, "{more} bytes in front");
        }
    }
    // More or less within, so that all that follows is elsewhere.
    for &at in &sections.boundaries {
        for size in [1, 8, 8 * E::DIMENSION, 32] {
            let (before, after) = proof.split_at(at);
            assert!(!case.call(&[before, &vec![0; size], after].concat(), &public).accepted, "{size} more at {at}");
            if let Some(after) = after.get(size..) {
                assert!(!case.call(&[before, after].concat(), &public).accepted, "{size} less at {at}");
            }
        }
    }
}

/// A call that was cut off, or whose offsets and lengths point elsewhere, is not accepted, whether it reverts or not.
pub fn calls<E: Challenge, A: Provable<E>>(case: &mut Case<E, A>) {
    let (proof, public) = (case.encoded(), case.public());
    let call = [&selector("verify(bytes,uint64[])")[..], &arguments(&proof, &public)].concat();
    let mut accepted = |call: &[u8]| case.evm.call(case.address, call.to_vec()).is_ok_and(|outcome| outcome.accepted);
    assert!(accepted(&call));
    let words = (0..call.len()).step_by(32).flat_map(|end| [end, end + 1, end + 4, end + 31]);
    for end in words.chain(call.len() - 40..call.len()).filter(|&end| end < call.len()) {
        assert!(!accepted(&call[..end]), "{end} bytes");
    }
    for more in [1, 4, 31, 32, 33, 1000] {
        for byte in [0, 1, 0xff] {
            assert!(!accepted(&[&call[..], &vec![byte; more]].concat()), "{more} bytes of {byte} behind");
        }
    }

    // The offset of the proof, that of the public values, the proof's length, and the number of public values.
    let padded = proof.len().next_multiple_of(32);
    for at in [4, 36, 68, 100 + padded] {
        let own = U256::from_be_slice(&call[at..at + 32]);
        let near = [1, 4, 7, 8, 31, 32, 33, 64].map(U256::from);
        let powers = (0..256).map(|bit| U256::ONE << bit);
        let values = [U256::ZERO, U256::MAX, U256::from(call.len()), U256::from(call.len() - 4)].into_iter();
        let values = values.chain(near.map(|by| own.wrapping_add(by))).chain(near.map(|by| own.wrapping_sub(by)));
        for value in values.chain(powers.clone()).chain(powers.map(|power| own.wrapping_add(power))) {
            let mut call = call.clone();
            call[at..at + 32].copy_from_slice(&value.to_be_bytes::<32>());
            assert!(value == own || !accepted(&call), "{value} at {at}");
        }
    }
}
