//! When each engine was busy, as a Chrome/Perfetto trace: one track an engine, one for the stages, one for the host's doorbells. A card
//! cycle is shown as a nanosecond.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use karat_abi::engine::ENGINES;
use karat_abi::{Engine, Stage};
use serde_json::json;

use crate::Error;

/// Collects the intervals of a run and writes them when dropped.
pub(crate) struct Timeline {
    /// Made at the start, so that a run whose timeline has no place to go does not begin.
    file: BufWriter<File>,
    /// Start of the interval under way, by engine.
    since: [Option<u64>; ENGINES],
    activity: u64,
    stage: (u64, u64),
    events: Vec<serde_json::Value>,
}

const STAGE_TRACK: usize = ENGINES;
const HOST_TRACK: usize = ENGINES + 1;

impl Timeline {
    pub fn new(path: &Path) -> Result<Self, Error> {
        let file = BufWriter::new(File::create(path).map_err(Error::io("creating the timeline", path))?);
        let name = |track: usize, name: &str| json!({ "ph": "M", "pid": 0, "tid": track, "name": "thread_name", "args": { "name": name } });
        let mut events: Vec<_> = Engine::ALL.iter().map(|engine| name(*engine as usize, engine.name())).collect();
        events.extend([name(STAGE_TRACK, "stage"), name(HOST_TRACK, "host")]);
        Ok(Self { file, since: [None; ENGINES], activity: 0, stage: (0, 0), events })
    }

    /// Looks at the busy bits and the marker of a cycle.
    pub fn sample(&mut self, cycle: u64, activity: u64, marker: u64) {
        if activity != self.activity {
            for engine in Engine::ALL {
                let bit = activity >> engine as u32 & 1 == 1;
                match self.since[engine as usize] {
                    None if bit => self.since[engine as usize] = Some(cycle),
                    Some(start) if !bit => {
                        self.since[engine as usize] = None;
                        self.interval(engine as usize, engine.name(), start, cycle);
                    }
                    _ => {}
                }
            }
            self.activity = activity;
        }
        let stage = marker & 0xff;
        if stage != self.stage.1 {
            self.end_stage(cycle);
            self.stage = (cycle, stage);
        }
    }

    /// The host has submitted commands.
    pub fn doorbell(&mut self, cycle: u64) {
        let at = cycle as f64 / 1e3;
        self.events.push(json!({ "ph": "i", "pid": 0, "tid": HOST_TRACK, "name": "doorbell", "ts": at, "s": "t" }));
    }

    fn end_stage(&mut self, cycle: u64) {
        let (start, stage) = self.stage;
        if let Some(stage) = Stage::ALL.get(stage as usize).filter(|stage| **stage != Stage::None) {
            self.interval(STAGE_TRACK, stage.name(), start, cycle);
        }
    }

    fn interval(&mut self, track: usize, name: &str, start: u64, end: u64) {
        let (from, length) = (start as f64 / 1e3, (end - start) as f64 / 1e3);
        self.events.push(json!({ "ph": "X", "pid": 0, "tid": track, "name": name, "ts": from, "dur": length }));
    }

    /// Ends what is under way and writes the file.
    pub fn write(&mut self, cycle: u64) -> std::io::Result<()> {
        self.sample(cycle, 0, 0);
        let events = std::mem::take(&mut self.events);
        serde_json::to_writer(&mut self.file, &json!({ "displayTimeUnit": "ns", "traceEvents": events }))?;
        self.file.flush()
    }
}
