//! The cycle-accurate card in this process.
