//! The boot image: the firmware compiled for the card's processor, on first use, cached by its sources and compiler.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::toolchain::{PROFILE, TARGET, Toolchain};

/// Which image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Build {
    /// The one that cards run.
    Normal,
    /// A control for tests, which panics when it is ready.
    DeliberatePanic,
}

/// The boot image of a build.
pub fn image(build: Build) -> Result<Vec<u8>, Error> {
    Ok(karat_driver::image::from_elf(&elf(build)?)?)
}

/// The unstripped ELF of a build.
pub fn elf(build: Build) -> Result<Vec<u8>, Error> {
    let folder = karat_verilator::packages::cache_dir().join("firmware");
    fs::create_dir_all(&folder).map_err(Error::io("creating", &folder))?;
    // One process compiles, the others wait for it. Before the compiler is looked for: that may install one.
    let lock_path = folder.join("lock");
    let lock = File::create(&lock_path).map_err(Error::io("creating", &lock_path))?;
    lock.lock().map_err(Error::io("locking", &lock_path))?;
    let sources = sources(build)?;
    let toolchain = match Toolchain::find() {
        Ok(toolchain) => toolchain,
        // A copied cache is enough, whatever compiled it.
        Err(error) => return cached(&folder, &sources).ok_or(error),
    };
    let compiler = hexadecimal(&Sha256::digest(toolchain.identity()?));
    let place = folder.join(format!("{sources}-{}.elf", &compiler[..16]));
    if let Some(elf) = read_checked(&place) {
        return Ok(elf);
    }
    eprintln!("compiling the firmware");
    // From nothing: to cargo, the crates of two checkouts are the same, and those of the other's folder may be newer than the sources.
    let target = folder.join("target");
    remove(&target)?;
    let elf = compile(&toolchain, build, &target)?;
    write_checked(&place, &elf)?;
    remove(&target)?;
    Ok(elf)
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("removing", folder)(error)),
        _ => Ok(()),
    }
}

/// The ELF of these sources that any compiler made, if there is one.
fn cached(folder: &Path, sources: &str) -> Option<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let matches = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(sources) && name.ends_with(".elf")
    };
    paths.iter().filter(matches).find_map(|path| read_checked(path))
}

fn compile(toolchain: &Toolchain, build: Build, target: &Path) -> Result<Vec<u8>, Error> {
    let mut command = toolchain.build();
    command.arg("--target-dir").arg(target).current_dir(source("../firmware/image"));
    if build == Build::DeliberatePanic {
        command.args(["--features", "deliberate-panic"]);
    }
    let text = format!("{command:?}");
    let output = command.output().map_err(|source| Error::Run { program: text.clone(), source })?;
    if !output.status.success() {
        let lines = String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect::<Vec<_>>();
        let output = lines[lines.len().saturating_sub(30)..].join("\n");
        return Err(Error::Firmware { command: text, output });
    }
    let path = target.join(TARGET).join(PROFILE).join("karat-firmware-image");
    fs::read(&path).map_err(Error::io("reading", &path))
}

/// A folder of Karat's sources, beside this crate's.
fn source(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Hash of everything but the compiler that decides the ELF.
fn sources(build: Build) -> Result<String, Error> {
    let mut hash = Sha256::new();
    hash.update(format!("{build:?}"));
    for folder in ["../firmware", "../hdl/abi"] {
        hash_folder(&source(folder), &mut hash)?;
    }
    for file in ["../Cargo.toml", "../Cargo.lock"] {
        let path = source(file);
        hash.update(fs::read(&path).map_err(Error::io("reading", &path))?);
    }
    Ok(hexadecimal(&hash.finalize()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash_folder(folder: &Path, hash: &mut Sha256) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(Error::io("reading", folder))?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let paths = paths.as_mut().map_err(|error| Error::io("reading", folder)(std::io::Error::from(error.kind())))?;
    paths.sort();
    for path in paths.iter().filter(|path| !path.ends_with("target") && !path.ends_with("tests")) {
        if path.is_dir() {
            hash_folder(path, hash)?;
        } else {
            hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
            hash.update(fs::read(path).map_err(Error::io("reading", path))?);
        }
    }
    Ok(())
}

/// A cached file whose digest stands beside it; `None` if it is missing, cut short or altered.
fn read_checked(path: &Path) -> Option<Vec<u8>> {
    let content = fs::read(path).ok()?;
    let digest = fs::read(path.with_extension("sha256")).ok()?;
    (Sha256::digest(&content).as_slice() == digest).then_some(content)
}

fn write_checked(path: &Path, content: &[u8]) -> Result<(), Error> {
    let digest = path.with_extension("sha256");
    fs::write(path, content).map_err(Error::io("writing", path))?;
    fs::write(&digest, Sha256::digest(content)).map_err(Error::io("writing", &digest))
}

#[cfg(test)]
mod tests {
    use super::{cached, read_checked, write_checked};
    use std::fs;

    #[test]
    fn what_another_compiler_made_of_the_same_sources_is_found_if_it_is_whole() {
        let folder = std::env::temp_dir().join(format!("karat-firmware-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let place = |name: &str| folder.join(name);
        for (name, content) in [("aa-1.elf", "first"), ("aa-2.elf", "second"), ("bb-1.elf", "other sources")] {
            write_checked(&place(name), content.as_bytes()).unwrap();
        }
        assert_eq!(cached(&folder, "aa").as_deref(), Some(&b"first"[..]));
        // Cut short, altered, without its digest.
        fs::write(place("aa-1.elf"), "firs").unwrap();
        assert_eq!(cached(&folder, "aa").as_deref(), Some(&b"second"[..]));
        fs::write(place("aa-2.elf"), "seconD").unwrap();
        assert_eq!(cached(&folder, "aa"), None);
        fs::remove_file(place("bb-1.sha256")).unwrap();
        assert_eq!(read_checked(&place("bb-1.elf")), None);
        fs::remove_dir_all(&folder).unwrap();
    }
}
