//! The firmware of the card, as a library that also runs on the host.
