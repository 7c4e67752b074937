//! The number-theoretic transform engine.
//!
//! ```text
//!  memory ─► reader ─► pre-multiplier ─► pipeline ─┬─► writer ─► memory
//!                 ▲         ▲                      │     ▲
//!                 │     twiddle sets               ▼     │
//!                 └───────────────────────────── buffer ─┘
//! ```
//!
//! The sequencer decides which frames pass the pre-multiplier and the pipeline in which order, and sends a control word
//! with every element. Nothing on that path ever stops: elements enter only when there is a place for what leaves.

mod buffer;
mod butterfly;
mod cell;
mod delay;
mod engine;
mod line;
mod pipeline;
mod plan;
mod power;
mod reader;
mod roots;
mod sequencer;
mod stage;
mod twiddle;
mod walker;
mod word;
mod writer;

pub use engine::NttEngine;
