//! The number-theoretic transform engine.
