//! Pinned packages from PyPI and npm, checked by digest, in a cache of entries that appear whole or not at all.
//!
//! They are fetched by the registries' own clients, whose configuration (index, proxy, certificates) is honoured; nothing is
//! installed outside the cache.

mod error;
pub mod node;
pub mod pip;
mod progress;
pub mod store;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

pub use error::Error;
pub use progress::Progress;

/// The value of an environment variable; an empty one counts as unset.
pub fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// The cache folder: `KARAT_CACHE`, else `karat` in the user's cache folder (`XDG_CACHE_HOME`, `~/.cache`).
pub fn cache_dir() -> PathBuf {
    let cache = variable("KARAT_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
            .or_else(|| env::home_dir().map(|home| home.join(".cache")))
            .unwrap_or_else(env::temp_dir)
            .join("karat")
    });
    // Tools run in other folders, so a relative path would name something else there.
    std::path::absolute(&cache).unwrap_or(cache)
}

/// The Python command that fetches packages: `PYTHON`, else `python3`.
pub fn python() -> OsString {
    variable("PYTHON").unwrap_or_else(|| "python3".into())
}

/// The last `lines` lines of a tool's output.
pub(crate) fn tail(output: &[u8], lines: usize) -> String {
    let text = String::from_utf8_lossy(output);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
