//! The read half of a memory port: AR and R.

use std::collections::VecDeque;

use karat_verilator::{Error, Instance, Port};

use crate::check::{self, Stable, mix};
use crate::slave::{Common, ID_LIMIT, Way};
use crate::{Beat, Memory};

struct Burst {
    address: u64,
    left: u64,
    id: u64,
    ready_at: u64,
}

struct Pins {
    arid: Port,
    araddr: Port,
    arlen: Port,
    arsize: Port,
    arburst: Port,
    arvalid: Port,
    arready: Port,
    rid: Port,
    rdata: [Port; 8],
    rresp: Port,
    rlast: Port,
    rvalid: Port,
    rready: Port,
}

pub(crate) struct ReadHalf {
    pins: Pins,
    stable: Stable,
    queue: VecDeque<Burst>,
    /// A beat on the pins waits to be taken.
    valid: bool,
    /// What is on the pins: R valid, AR ready. They change in `drive` only, after the rising edge.
    valid_pin: bool,
    ready: bool,
    name: String,
}

impl ReadHalf {
    pub fn new(instance: &Instance, prefix: &str) -> Result<Self, Error> {
        let port = |name: &str| instance.port(&format!("{prefix}_{name}"));
        let pins = Pins {
            arid: port("arid")?,
            araddr: port("araddr")?,
            arlen: port("arlen")?,
            arsize: port("arsize")?,
            arburst: port("arburst")?,
            arvalid: port("arvalid")?,
            arready: port("arready")?,
            rid: port("rid")?,
            rdata: instance.ports8(&format!("{prefix}_rdata"))?,
            rresp: port("rresp")?,
            rlast: port("rlast")?,
            rvalid: port("rvalid")?,
            rready: port("rready")?,
        };
        Ok(Self {
            pins,
            stable: Stable::default(),
            queue: VecDeque::new(),
            valid: false,
            valid_pin: false,
            ready: false,
            name: format!("{prefix} AR"),
        })
    }

    pub fn reset(&mut self, instance: &mut Instance) {
        self.queue.clear();
        self.stable = Stable::default();
        (self.valid, self.valid_pin, self.ready) = (false, false, false);
        instance.set(self.pins.rvalid, 0);
        instance.set(self.pins.arready, 0);
    }

    /// Sets the inputs of the coming cycle.
    pub fn drive(&mut self, instance: &mut Instance, memory: &mut dyn Memory, common: &mut Common) {
        let ready = self.queue.len() < common.timing.reads && !common.held_back();
        if ready != self.ready {
            self.ready = ready;
            instance.set(self.pins.arready, ready.into());
        }
        if !self.valid {
            self.valid = self.present(instance, memory, common);
        }
        if self.valid != self.valid_pin {
            self.valid_pin = self.valid;
            instance.set(self.pins.rvalid, self.valid.into());
        }
    }

    /// Puts the next beat on the pins, if its time has come.
    fn present(&mut self, instance: &mut Instance, memory: &mut dyn Memory, common: &mut Common) -> bool {
        let Some(burst) = self.queue.front() else {
            return false;
        };
        if burst.ready_at > common.cycle || !common.read_link.take(common.cycle) {
            return false;
        }
        let (beat, response): (Beat, u64) = match memory.read(burst.address) {
            Some(beat) => (common.corrupt(Way::Read, burst.id, beat), 0),
            None => ([u64::MAX; 8], 3),
        };
        for (port, word) in self.pins.rdata.iter().zip(beat) {
            instance.set(*port, word);
        }
        instance.set(self.pins.rid, burst.id);
        instance.set(self.pins.rresp, response);
        instance.set(self.pins.rlast, (burst.left == 1).into());
        true
    }

    /// Looks at the outputs just before the rising edge.
    pub fn sample(&mut self, instance: &Instance, common: &mut Common) {
        if self.valid && instance.get(self.pins.rready) == 1 {
            self.valid = false;
            common.counters.read_beats += 1;
            let burst = self.queue.front_mut().expect("a valid beat belongs to a burst");
            burst.address += 64;
            burst.left -= 1;
            if burst.left == 0 {
                self.queue.pop_front();
            }
        }
        let valid = instance.get(self.pins.arvalid) == 1;
        if !valid && !self.stable.waiting() {
            return;
        }
        let (address, len) = (instance.get(self.pins.araddr), instance.get(self.pins.arlen) + 1);
        let payload = mix(mix(address, len), instance.get(self.pins.arid));
        self.stable.check(&self.name, valid, self.ready, payload, &mut common.violations);
        if valid && self.ready {
            check::burst(&self.name, address, len, &mut common.violations);
            common.check_fixed(&self.name, instance.get(self.pins.arsize), instance.get(self.pins.arburst));
            let id = instance.get(self.pins.arid) % ID_LIMIT;
            let ready_at = common.burst_ready(address, common.timing.read_latency);
            common.counters.read_bursts += 1;
            self.queue.push_back(Burst { address, left: len, id, ready_at });
        }
    }

    /// Nothing is outstanding.
    pub fn idle(&self) -> bool {
        self.queue.is_empty()
    }
}
