//! A row of a tile: the eight words of a beat, packed.

use karat_abi::P;
use p3_field::{Field, PackedValue, PrimeField64};
use p3_goldilocks::Goldilocks;

/// A beat of card memory: eight canonical words.
pub(super) type Beat = [u64; 8];
/// Plonky3's vector of elements, as wide as the build allows.
pub(super) type Packed = <Goldilocks as Field>::Packing;
/// Elements of a vector.
pub(super) const WIDTH: usize = Packed::WIDTH;
/// The eight elements of a beat.
pub(super) type Row = [Packed; 8 / WIDTH];

/// The elements of a beat.
#[inline(always)]
pub(super) fn load(beat: &Beat) -> Row {
    std::array::from_fn(|pack| Packed::from_fn(|lane| Goldilocks::new(beat[pack * WIDTH + lane])))
}

/// Elements as card memory has them.
#[inline(always)]
pub(super) fn store(row: &Row) -> Beat {
    let elements = Packed::unpack_slice(row);
    std::array::from_fn(|i| elements[i].as_canonical_u64())
}

/// A scalar in all places.
#[inline(always)]
pub(super) fn broadcast(value: Goldilocks) -> Row {
    [Packed::from_fn(|_| value); 8 / WIDTH]
}

/// A row times a scalar.
#[inline(always)]
pub(super) fn scale(row: &Row, factor: Goldilocks) -> Row {
    row.map(|pack| pack * factor)
}

/// The canonical form of any word.
#[inline(always)]
pub(super) fn canonical(word: u64) -> u64 {
    // Below P the difference wraps, and is the larger.
    word.min(word.wrapping_sub(P))
}
