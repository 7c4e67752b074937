//! Packages from PyPI.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::progress::Progress;
use crate::{Error, tail};

/// Installs requirements (`name==version --hash=sha256:...`, one a line, with everything that they depend on) into a folder
/// in `place`, and returns that folder. `otherwise` says what else than fetching `label` would do, for errors.
///
/// # Errors
/// Without Python or pip, without a network, or if a digest differs.
pub fn install(
    python: &OsStr,
    label: &str,
    otherwise: &'static str,
    requirements: &str,
    place: &Path,
) -> Result<PathBuf, Error> {
    let progress = Progress::new();
    progress.step(format!("fetching {label}"));
    let (list, target) = (place.join("requirements.txt"), place.join("pip"));
    fs::write(&list, requirements).map_err(Error::io("writing", &list))?;
    let output = Command::new(python)
        .args(["-m", "pip", "--no-input", "--disable-pip-version-check", "install", "--no-deps", "--require-hashes"])
        .args(["--no-compile", "--only-binary", ":all:", "--progress-bar", "off", "--target"])
        .arg(&target)
        .arg("--requirement")
        .arg(&list)
        // Where pip is told to install as the user, `--target` would be refused.
        .env("PIP_USER", "0")
        .output();
    let (package, python) = (label.to_owned(), python.to_string_lossy().into_owned());
    let output = match output {
        Ok(output) => output,
        Err(source) => return Err(Error::NoPython { package, python, otherwise, source }),
    };
    if !output.status.success() {
        if String::from_utf8_lossy(&output.stderr).contains("No module named pip") {
            return Err(Error::NoPip { package, python });
        }
        return Err(Error::Fetch { client: "pip", package, otherwise, output: tail(&output.stderr, 12) });
    }
    fs::remove_file(&list).map_err(Error::io("removing", &list))?;
    Ok(target)
}
