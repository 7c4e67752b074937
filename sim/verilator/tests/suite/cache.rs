//! What is built, when, and what happens to damaged entries.

use std::fs;
use std::path::{Path, PathBuf};

use karat_verilator::{Config, Design, Model};

use crate::common::{counter, fresh_cache};

fn check(model: &Model) {
    let mut dut = model.instance(1);
    let (step, count) = (dut.port("step").unwrap(), dut.port("count").unwrap());
    let before = dut.get(count);
    dut.set(step, 3);
    dut.run(2);
    assert_eq!(dut.get(count), (before + 6) & 0xff);
}

/// The only model in the cache.
fn library(config: &Config) -> PathBuf {
    let models: Vec<_> = fs::read_dir(config.cache.join("models")).unwrap().collect();
    assert_eq!(models.len(), 1, "{models:?}");
    models[0].as_ref().unwrap().path().join("model.so")
}

#[test]
fn a_design_is_built_once() {
    let (config, _folder) = fresh_cache();
    let first = counter().build_with(&config).unwrap();
    let second = counter().build_with(&config).unwrap();
    assert!(first.was_built() && !second.was_built());
    check(&first);
    check(&second);
    let entry = library(&config);
    let mut files: Vec<_> = fs::read_dir(entry.parent().unwrap()).unwrap().map(|f| f.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["MANIFEST", "model.so"]);
}

#[test]
fn whatever_decides_the_model_makes_another_one() {
    let (config, _folder) = fresh_cache();
    assert!(counter().build_with(&config).unwrap().was_built());
    let changes: [fn(&mut Design); 5] = [
        |design| design.sources[0].text += "// changed\n",
        |design| design.sources[0].name = "other.v".into(),
        |design| design.args.push("-DOTHER=1".into()),
        |design| design.optimize = 1,
        |design| design.clock = "step".into(),
    ];
    for change in changes {
        let mut design = counter();
        change(&mut design);
        assert!(design.build_with(&config).unwrap().was_built());
        assert!(!design.build_with(&config).unwrap().was_built());
    }
}

#[test]
fn a_damaged_entry_is_built_again() {
    let (config, _folder) = fresh_cache();
    let loaded = counter().build_with(&config).unwrap();
    let library = library(&config);
    let damages: [fn(&Path); 6] = [
        // Cut short; in a new file, since the loaded one is mapped.
        |path| {
            let bytes = fs::read(path).unwrap();
            fs::remove_file(path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        },
        // One bit.
        |path| {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::remove_file(path).unwrap();
            fs::write(path, bytes).unwrap();
        },
        |path| fs::remove_file(path).unwrap(),
        |path| fs::remove_file(path.with_file_name("MANIFEST")).unwrap(),
        |path| {
            let manifest = path.with_file_name("MANIFEST");
            let text = fs::read_to_string(&manifest).unwrap();
            fs::write(&manifest, text.lines().next().unwrap()).unwrap();
        },
        |path| fs::write(path.with_file_name("MANIFEST"), "").unwrap(),
    ];
    for (number, damage) in damages.iter().enumerate() {
        damage(&library);
        let again = counter().build_with(&config).unwrap();
        assert!(again.was_built(), "damage {number}");
        check(&again);
        assert!(!counter().build_with(&config).unwrap().was_built(), "damage {number}");
    }
    check(&loaded);
}

/// What a process that was killed while building leaves behind.
#[test]
fn leftovers_of_a_killed_build_are_cleared() {
    let (config, _folder) = fresh_cache();
    counter().build_with(&config).unwrap();
    let entry = library(&config).parent().unwrap().to_owned();
    let beside = |suffix| PathBuf::from(format!("{}.{suffix}", entry.display()));
    fs::rename(&entry, beside("new")).unwrap();
    fs::create_dir_all(beside("old").join("work")).unwrap();
    fs::write(beside("new").join("rubbish"), "rubbish").unwrap();
    check(&counter().build_with(&config).unwrap());
    library(&config);
    assert!(!entry.join("rubbish").exists());
}

#[test]
fn threads_that_want_one_model_build_it_once() {
    let (config, _folder) = fresh_cache();
    let models: Vec<Model> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| counter().build_with(&config).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(models.iter().filter(|model| model.was_built()).count(), 1);
    models.iter().for_each(check);
}
