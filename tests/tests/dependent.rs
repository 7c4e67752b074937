//! How soon a command starts that waited for another: from the end of the last engine to the start of the next, in a proof.

use std::collections::BTreeMap;

use karat::Parameters;
use karat::airs::{AirName, Statement};
use karat_sim::Options;
use karat_tests::{accept, card, run_resident};
use serde_json::Value;

/// Engines that move or make data. The mailbox only has commands and lists.
const ENGINES: [&str; 7] = ["host_read", "card_write", "card_read", "host_write", "ntt", "hash", "vector"];
/// Cycles from one command to the next, at the median.
const MEDIAN: u64 = 150;

/// Cycle of a time of the timeline.
fn cycle(value: &Value) -> u64 {
    (value.as_f64().expect("a time") * 1e3).round() as u64
}

/// Cycles in which no engine was busy though the host had nothing to do with it, by the engine before and the engine after.
///
/// Between two descriptors of one engine are the levels of a tree or the passes of a vector command; commands of one engine follow each
/// other in the engine, so that nothing is seen of them here.
fn gaps(timeline: &Value) -> BTreeMap<(String, String), Vec<u64>> {
    let events = timeline["traceEvents"].as_array().expect("events");
    let doorbells: Vec<u64> =
        events.iter().filter(|event| event["name"] == "doorbell").map(|event| cycle(&event["ts"])).collect();
    let mut intervals: Vec<(u64, u64, &str)> = events
        .iter()
        .filter(|event| event["ph"] == "X")
        .filter_map(|event| ENGINES.into_iter().find(|name| event["name"] == *name).map(|name| (event, name)))
        .map(|(event, name)| (cycle(&event["ts"]), cycle(&event["ts"]) + cycle(&event["dur"]), name))
        .collect();
    intervals.sort_unstable();
    let mut gaps: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    let (mut end, mut last) = (u64::MAX, "");
    for (from, to, name) in intervals {
        if from > end && last != name && !doorbells.iter().any(|at| (end..from).contains(at)) {
            gaps.entry((last.into(), name.into())).or_default().push(from - end);
        }
        if end == u64::MAX || to > end {
            (end, last) = (to, name);
        }
    }
    gaps
}

#[test]
fn a_dependent_command_starts_soon_after_the_one_it_waits_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("timeline.json");
    let options = Options { timeline: Some(path.clone()), ..Options::new("tiny") };
    let session = card(&options);
    let parameters = Parameters { log_blowup: 1, query_pow_bits: 4, ..Parameters::default() };
    accept(run_resident(&session, &parameters, Statement::random(AirName::Poseidon2, 7, 1).unwrap()));
    drop(session);

    let timeline = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let gaps = gaps(&timeline);
    println!("{:<24} {:>6} {:>6} {:>6} {:>6}", "from, to", "times", "least", "median", "most");
    let mut all = Vec::new();
    let mut after_uploads = 0;
    for ((from, to), mut cycles) in gaps {
        cycles.sort_unstable();
        let name = format!("{from}, {to}");
        let (least, most) = (cycles[0], cycles[cycles.len() - 1]);
        println!("{name:<24} {:>6} {least:>6} {:>6} {most:>6}", cycles.len(), cycles[cycles.len() / 2]);
        // What waits for an upload was submitted with it: this is the time from its own doorbell.
        if from == "card_write" {
            after_uploads += cycles.len();
        } else {
            all.extend(cycles);
        }
    }
    all.sort_unstable();
    assert!(all.len() >= 20, "only {} commands waited for others", all.len());
    let median = all[all.len() / 2];
    println!("{} in all, {median} cycles at the median; {after_uploads} after uploads besides", all.len());
    assert!(median <= MEDIAN, "{median} cycles from command to command");
}
