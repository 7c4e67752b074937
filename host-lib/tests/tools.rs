//! `karat` where a tool, the network or a part of the cache is missing: an error that says what to do, or what is missing made
//! again.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use karat_sim::firmware::{Build, elf};
use tempfile::TempDir;

/// A cache of its own, with these parts of the ordinary one.
fn cache(parts: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for part in parts {
        let there = ordinary().join(part);
        assert!(there.exists(), "{} is missing", there.display());
        symlink(there, folder.path().join(part)).expect("a link");
    }
    folder
}

/// The ordinary cache, with all that a proof takes in it.
fn ordinary() -> PathBuf {
    karat_sim::model("tiny", false).expect("the model builds");
    elf(Build::Normal).expect("the firmware compiles");
    karat_verilator::packages::cache_dir()
}

fn info(cache: &Path, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_karat"));
    command.arg("info").env("KARAT_CACHE", cache).envs(environment.iter().copied());
    command.output().expect("karat runs")
}

/// Insists on an error that says all of this and is no panic.
fn refused(output: &Output, parts: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("error: cannot open the card sim: ") && !text.contains("panicked"), "{text}");
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

fn accepted(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn no_python() {
    let cache = cache(&["firmware"]);
    refused(&info(cache.path(), &[("PYTHON", "/nonexistent/python")]), &["/nonexistent/python", "install Python 3"]);
    accepted(&info(&ordinary(), &[("PYTHON", "/nonexistent/python")]));
}

#[test]
fn no_network() {
    let cache = cache(&["firmware"]);
    let offline = [("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", "")];
    refused(&info(cache.path(), &offline), &["pip could not fetch", "PIP_FIND_LINKS", "KARAT_CACHE"]);
    accepted(&info(&ordinary(), &offline));
}

#[test]
fn no_compiler() {
    let cache = cache(&["firmware", "packages"]);
    refused(&info(cache.path(), &[("CXX", "/nonexistent/c++")]), &["/nonexistent/c++", "apt-get install g++"]);
}

#[test]
fn no_verilator() {
    let cache = cache(&["firmware", "packages"]);
    let output = info(cache.path(), &[("VERILATOR", "/nonexistent/verilator_bin")]);
    refused(&output, &["VERILATOR=/nonexistent/verilator_bin", "unset"]);
}

#[test]
fn firmware_cut_short_in_the_cache_is_compiled_again() {
    let cache = cache(&["packages", "models", "runtime"]);
    let (theirs, ours) = (ordinary().join("firmware"), cache.path().join("firmware"));
    fs::create_dir(&ours).expect("a folder");
    // With what was compiled, so that only the firmware itself is compiled again.
    symlink(theirs.join("target"), ours.join("target")).expect("a link");
    // From here on nobody else compiles into it.
    let lock = fs::File::create(theirs.join("lock")).expect("the lock");
    lock.lock().expect("the lock");
    let mut damaged = Vec::new();
    for entry in fs::read_dir(&theirs).expect("the cache") {
        let path = entry.expect("an entry").path();
        let (Some(extension), Some(name)) = (path.extension(), path.file_name()) else { continue };
        let bytes = fs::read(&path).expect("a file");
        let cut = if extension == "elf" { bytes.len() / 2 } else { bytes.len() };
        fs::write(ours.join(name), &bytes[..cut]).expect("a copy");
        damaged.extend((extension == "elf").then(|| ours.join(name)));
    }
    assert!(!damaged.is_empty());
    let text = accepted(&info(cache.path(), &[]));
    assert!(text.contains("compiling the firmware"), "{text}");
    let text = accepted(&info(cache.path(), &[]));
    assert!(!text.contains("compiling"), "{text}");
}
