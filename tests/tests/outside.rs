//! A crate outside the workspace that depends on `karat` by path builds, and proves on the simulated card.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Writes a file unless it says that already: cargo builds again what was written.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    }
}

/// The crate is the repository's `tests/outside`, copied to cargo's folder for temporary files, where it is a workspace of its own. It
/// shares the folder of compiled crates with this workspace, and its versions, so that what it takes is there already.
#[test]
fn a_crate_outside_the_workspace_proves_on_the_simulated_card() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(here.join(path)).expect("a file of the repository");
    let library = here.join("../host-lib").canonicalize().expect("the library");
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let project = temporary.join("outside");
    let manifest =
        read("outside/Cargo.toml").replace("\"../../host-lib\"", &format!("{:?}", library.display().to_string()));
    write(&project.join("Cargo.toml"), &manifest);
    write(&project.join("src/main.rs"), &read("outside/src/main.rs"));
    // Cargo takes from it what it needs, and strikes out the rest.
    fs::write(project.join("Cargo.lock"), read("../Cargo.lock")).expect("the versions are written");

    let output = Command::new(std::env::var_os("CARGO").expect("cargo runs tests"))
        .args(["run", "--release", "--offline", "--target-dir"])
        .arg(temporary.parent().expect("the folder of compiled crates"))
        .current_dir(&project)
        .output()
        .expect("cargo runs");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{errors}");
    assert_eq!(said, "proved on sim, verified by Plonky3\n", "{errors}");
}
