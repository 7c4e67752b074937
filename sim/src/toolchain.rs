//! A compiler for the card's processor: rustup's, or where rustup cannot fetch the target, Debian's with the library
//! built from source.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// The target of the firmware: no compressed instructions, which the processor lacks.
pub(crate) const TARGET: &str = "riscv32im-unknown-none-elf";
/// The workspace's profile for it.
pub(crate) const PROFILE: &str = "firmware";
/// Debian's compiler, its library's source and a linker.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "binutils-riscv64-unknown-elf"];
/// The version of Rust that the firmware needs, as this crate does.
const NEEDED: &str = env!("CARGO_PKG_RUST_VERSION");
/// Debian's compiler.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_LINKER: &str = "/usr/bin/riscv64-unknown-elf-ld";

/// How to compile firmware here.
pub(crate) enum Toolchain {
    /// The toolchain that compiled this program, with the target installed.
    Rustup { cargo: OsString, rustc: OsString },
    /// Debian's compiler, building `core` from source.
    Debian,
}

impl Toolchain {
    /// Finds a toolchain, installing what is missing if it can.
    pub fn find() -> Result<Self, Error> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        if has_target(&rustc) {
            return Ok(Self::Rustup { cargo, rustc });
        }
        // Asked before rustup, which without a network takes its time to fail, and would on every run.
        if debian_is_ready() {
            return Ok(Self::Debian);
        }
        eprintln!("installing the Rust target {TARGET} (rustup)");
        let rustup = match run(Command::new("rustup").args(["target", "add", TARGET])) {
            Ok(_) if has_target(&rustc) => return Ok(Self::Rustup { cargo, rustc }),
            Ok(_) => "it reported success, but the target is not there".into(),
            Err(error) => error,
        };
        let command = format!("apt-get install -y --no-install-recommends {}", PACKAGES.join(" "));
        let failed = |rustup| Error::NoTarget { rustup, command: command.clone() };
        if !(Path::new("/etc/debian_version").exists() && is_root()) {
            return Err(failed(rustup));
        }
        eprintln!("rustup cannot fetch {TARGET}; installing Debian's compiler instead: {command}");
        let install = |update: bool| {
            // Another installation may be under way; and nobody is there to answer a package's questions.
            let apt = |arguments: &[&str]| {
                let mut command = Command::new("apt-get");
                command.args(["-o", "DPkg::Lock::Timeout=300"]).args(arguments);
                run(command.env("DEBIAN_FRONTEND", "noninteractive"))
            };
            if update {
                apt(&["update"])?;
            }
            apt(&[&["install", "-y", "--no-install-recommends"], &PACKAGES[..]].concat())
        };
        // The lists of packages may be missing or old, and name no compiler or one that is too old: then they are fetched.
        let installed = match install(false) {
            Ok(()) if debian_is_ready() => Ok(()),
            _ => install(true),
        };
        match installed {
            Ok(()) if debian_is_ready() => Ok(Self::Debian),
            Ok(()) => Err(failed(format!("{rustup}; apt-get installed no compiler of at least version {NEEDED}"))),
            Err(error) => Err(failed(format!("{rustup}; apt-get: {error}"))),
        }
    }

    /// What decides the code it makes, for the cache.
    pub fn identity(&self) -> Result<String, Error> {
        let rustc: &std::ffi::OsStr = match self {
            Self::Rustup { rustc, .. } => rustc,
            Self::Debian => DEBIAN_RUSTC.as_ref(),
        };
        let output = Command::new(rustc).arg("-vV").output();
        let output = output.map_err(|source| Error::Run { program: rustc.to_string_lossy().into_owned(), source })?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A `cargo build` of the firmware, without a manifest or features yet.
    pub fn build(&self) -> Command {
        let mut command = match self {
            Self::Rustup { cargo, .. } => Command::new(cargo),
            Self::Debian => Command::new(DEBIAN_CARGO),
        };
        // What the surrounding cargo was told is not meant for another target.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let wanted = text == "CARGO_HOME" || text.starts_with("CARGO_HTTP") || text.starts_with("CARGO_NET");
            let inherited = text.starts_with("CARGO") || text.starts_with("RUSTC") || text.ends_with("RUSTFLAGS");
            if inherited && !wanted {
                command.env_remove(&name);
            }
        }
        command.args(["build", "--profile", PROFILE, "--locked", "--target", TARGET]);
        match self {
            Self::Rustup { rustc, .. } => {
                command.env("RUSTC", rustc);
            }
            Self::Debian => {
                command.env_remove("RUSTUP_TOOLCHAIN");
                command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=core");
                let flags = "-Clinker-flavor=ld -Clink-arg=-melf32lriscv";
                command.env("CARGO_TARGET_RISCV32IM_UNKNOWN_NONE_ELF_LINKER", DEBIAN_LINKER);
                command.args(["--config", &format!("target.{TARGET}.rustflags=\"{flags}\"")]);
            }
        }
        command
    }
}

/// Whether a compiler has the core library of the target.
fn has_target(rustc: &OsString) -> bool {
    let Ok(output) = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output() else {
        return false;
    };
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let Ok(files) = std::fs::read_dir(folder) else { return false };
    files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
}

/// Whether Debian's compiler, the library's source and the linker are there, and not too old.
fn debian_is_ready() -> bool {
    let ask = |arguments: &[&str]| {
        let output = Command::new(DEBIAN_RUSTC).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let (Some(version), Some(sysroot)) = (ask(&["--version"]), ask(&["--print", "sysroot"])) else {
        return false;
    };
    let library = PathBuf::from(sysroot).join("lib/rustlib/src/rust/library/core");
    suffices(&version) && library.exists() && Path::new(DEBIAN_CARGO).exists() && Path::new(DEBIAN_LINKER).exists()
}

/// Whether a compiler that calls itself so, such as `rustc 1.95.0 (...)`, is as new as [`NEEDED`].
fn suffices(version: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> { text.split('.').map_while(|part| part.parse().ok()).collect() };
    version.split(' ').nth(1).is_some_and(|version| numbers(version) >= numbers(NEEDED))
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Runs a command quietly; the end of its complaints if it fails.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{NEEDED, suffices};

    #[test]
    fn compilers_that_are_too_old_are_not_used() {
        for (version, enough) in [
            (format!("rustc {NEEDED}.0 (59807616e 2026-04-14)"), true),
            ("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)".to_owned(), true),
            ("rustc 2.0.0".to_owned(), true),
            ("rustc 1.85.0 (4d91de4e4 2025-02-17) (built from a source tarball)".to_owned(), false),
            ("rustc 1.9.0".to_owned(), false),
            (String::new(), false),
            ("no version at all".to_owned(), false),
        ] {
            assert_eq!(suffices(&version), enough, "{version}");
        }
    }
}
