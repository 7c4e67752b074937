//! The control word that travels beside the columns.
//!
//! | bits | field | meaning |
//! |---|---|---|
//! | 0-19 | slot | position in the frame times the slots of a beat, plus the group of columns |
//! | 20 | inverse | direction of the transform |
//! | 21 | to memory | the result leaves the card's pipeline towards memory |
//! | 22 | to buffer | the result goes to the transform buffer |
//! | 23 | bank | half of the transform buffer that is written, or (`from buffer`) read |
//! | 24 | advance | there is an element; bits 0-23 mean something |
//! | 25 | from memory | the element comes from the input FIFO |
//! | 26 | from buffer | the element comes from the transform buffer |
//! | 27 | unscaled | the pre-multiplier multiplies by one |
//! | 28-31 | set | twiddle set of the pre-multiplier |
//!
//! Bits 20-23 are the *tag*: the same for all elements of a frame. Bits 25-31 matter up to the pre-multiplier.
