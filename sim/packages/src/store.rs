//! Cache entries that appear whole or not at all.
//!
//! An entry is a folder with a manifest of its files' sizes and hashes, written last. It is made in a folder beside its
//! place and renamed, under a file lock, so that many processes may ask for it at once. One whose files do not match
//! the manifest (a disk that filled up, a machine that lost power) is made again.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::progress::Progress;

const MANIFEST: &str = "MANIFEST";

/// A hash over fields, each with its length, so that no two lists of fields run together.
pub struct Key(Sha256);

impl Key {
    /// A hash of something that is this kind of thing.
    pub fn new(kind: &str) -> Self {
        Key(Sha256::new()).field(kind)
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, field: impl AsRef<[u8]>) -> Self {
        let field = field.as_ref();
        self.0.update((field.len() as u64).to_le_bytes());
        self.0.update(field);
        self
    }

    /// The hash, in hexadecimal.
    pub fn finish(self) -> String {
        hex(&self.0.finalize()[..16])
    }
}

/// Returns the folder of entry `name` (a relative path) under `cache`, and whether this call made it. `make` fills an
/// empty folder. The wait for another process that makes the same entry ends when that process ends.
///
/// # Errors
/// Of `make`, and when the cache cannot be written.
pub fn entry<E: From<Error>>(
    cache: &Path,
    name: &str,
    make: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(PathBuf, bool), E> {
    let place = cache.join(name);
    if verify(&place) {
        return Ok((place, false));
    }
    let locks = cache.join("locks");
    fs::create_dir_all(&locks).map_err(Error::io("creating cache folder", &locks))?;
    let lock_path = locks.join(name.replace('/', "-"));
    let lock = File::create(&lock_path).map_err(Error::io("creating lock", &lock_path))?;
    if lock.try_lock().is_err() {
        let progress = Progress::new();
        progress.step(format!("waiting for another build of {name}"));
        lock.lock().map_err(Error::io("locking", &lock_path))?;
    }
    if verify(&place) {
        return Ok((place, false));
    }
    // What a killed process left under these names belongs to nobody: the lock is ours.
    let beside = |suffix| cache.join(format!("{name}.{suffix}"));
    let (fresh, stale) = (beside("new"), beside("old"));
    for leftover in [&fresh, &stale] {
        remove(leftover)?;
    }
    fs::create_dir_all(&fresh).map_err(Error::io("creating cache folder", &fresh))?;
    let made = make(&fresh).and_then(|()| write_manifest(&fresh).map_err(E::from));
    if let Err(error) = made {
        remove(&fresh)?;
        return Err(error);
    }
    if place.exists() {
        fs::rename(&place, &stale).map_err(Error::io("moving away damaged cache entry", &place))?;
    }
    fs::rename(&fresh, &place).map_err(Error::io("placing cache entry", &place))?;
    remove(&stale)?;
    Ok((place, true))
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("removing", folder)(e)),
        _ => Ok(()),
    }
}

/// Whether `folder` holds exactly what its manifest says.
fn verify(folder: &Path) -> bool {
    let Ok(manifest) = fs::read_to_string(folder.join(MANIFEST)) else {
        return false;
    };
    // The last line counts the others, so a manifest cut short is seen too.
    let mut lines: Vec<&str> = manifest.lines().collect();
    if lines.pop() != Some(&format!("files {}", lines.len())) {
        return false;
    }
    lines.iter().all(|line| {
        let mut parts = line.splitn(3, ' ');
        let (Some(hash), Some(size), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let path = folder.join(name);
        fs::metadata(&path).is_ok_and(|m| m.len().to_string() == size) && hash_file(&path).is_ok_and(|h| h == hash)
    })
}

fn write_manifest(folder: &Path) -> Result<(), Error> {
    let mut names = Vec::new();
    list_files(folder, folder, &mut names)?;
    names.sort();
    let mut text = String::new();
    for name in &names {
        let path = folder.join(name);
        let size = fs::metadata(&path).map_err(Error::io("reading", &path))?.len();
        let hash = hash_file(&path).map_err(Error::io("reading", &path))?;
        text += &format!("{hash} {size} {name}\n");
    }
    text += &format!("files {}\n", names.len());
    let path = folder.join(MANIFEST);
    let write = |path: &Path| -> std::io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write(&path).map_err(Error::io("writing", &path))
}

fn list_files(root: &Path, folder: &Path, names: &mut Vec<String>) -> Result<(), Error> {
    for item in fs::read_dir(folder).map_err(Error::io("listing", folder))? {
        let path = item.map_err(Error::io("listing", folder))?.path();
        if path.is_dir() {
            list_files(root, &path, names)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            names.push(name.to_owned());
        }
    }
    Ok(())
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub fn hash_file(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
