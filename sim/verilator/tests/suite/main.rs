//! Models, the cache and errors, on designs small enough to build in a second or two.

mod cache;
mod common;
mod errors;
mod model;
