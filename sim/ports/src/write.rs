//! The write half of a memory port: AW, W and B.

use std::collections::VecDeque;

use karat_verilator::{Error, Instance, Port};

use crate::check::{self, Stable, mix};
use crate::slave::{Common, ID_LIMIT, Way};
use crate::{Beat, Memory};

struct Burst {
    address: u64,
    left: u64,
    id: u64,
    failed: bool,
}

struct Response {
    id: u64,
    failed: bool,
    ready_at: u64,
}

struct Pins {
    awid: Port,
    awaddr: Port,
    awlen: Port,
    awsize: Port,
    awburst: Port,
    awvalid: Port,
    awready: Port,
    wdata: [Port; 8],
    wstrb: Port,
    wlast: Port,
    wvalid: Port,
    wready: Port,
    bid: Port,
    bresp: Port,
    bvalid: Port,
    bready: Port,
}

pub(crate) struct WriteHalf {
    pins: Pins,
    aw_stable: Stable,
    w_stable: Stable,
    bursts: VecDeque<Burst>,
    responses: VecDeque<Response>,
    /// What is on the pins: AW ready, W ready, B valid. They change in `drive` only, after the rising edge.
    aw_ready: bool,
    w_ready: bool,
    b_valid: bool,
    aw_name: String,
    w_name: String,
}

impl WriteHalf {
    pub fn new(instance: &Instance, prefix: &str) -> Result<Self, Error> {
        let port = |name: &str| instance.port(&format!("{prefix}_{name}"));
        let pins = Pins {
            awid: port("awid")?,
            awaddr: port("awaddr")?,
            awlen: port("awlen")?,
            awsize: port("awsize")?,
            awburst: port("awburst")?,
            awvalid: port("awvalid")?,
            awready: port("awready")?,
            wdata: instance.ports8(&format!("{prefix}_wdata"))?,
            wstrb: port("wstrb")?,
            wlast: port("wlast")?,
            wvalid: port("wvalid")?,
            wready: port("wready")?,
            bid: port("bid")?,
            bresp: port("bresp")?,
            bvalid: port("bvalid")?,
            bready: port("bready")?,
        };
        Ok(Self {
            pins,
            aw_stable: Stable::default(),
            w_stable: Stable::default(),
            bursts: VecDeque::new(),
            responses: VecDeque::new(),
            aw_ready: false,
            w_ready: false,
            b_valid: false,
            aw_name: format!("{prefix} AW"),
            w_name: format!("{prefix} W"),
        })
    }

    pub fn reset(&mut self, instance: &mut Instance) {
        self.bursts.clear();
        self.responses.clear();
        (self.aw_stable, self.w_stable) = (Stable::default(), Stable::default());
        (self.aw_ready, self.w_ready, self.b_valid) = (false, false, false);
        for pin in [self.pins.awready, self.pins.wready, self.pins.bvalid] {
            instance.set(pin, 0);
        }
    }

    /// Sets the inputs of the coming cycle.
    pub fn drive(&mut self, instance: &mut Instance, common: &mut Common) {
        let outstanding = self.bursts.len() + self.responses.len();
        let aw_ready = outstanding < common.timing.writes && !common.held_back();
        if aw_ready != self.aw_ready {
            self.aw_ready = aw_ready;
            instance.set(self.pins.awready, aw_ready.into());
        }
        let w_ready = !self.bursts.is_empty() && common.write_link.ready(common.cycle) && !common.held_back();
        if w_ready != self.w_ready {
            self.w_ready = w_ready;
            instance.set(self.pins.wready, w_ready.into());
        }
        let response = self.responses.front().filter(|response| response.ready_at <= common.cycle);
        if let Some(response) = response {
            instance.set(self.pins.bid, response.id);
            instance.set(self.pins.bresp, if response.failed { 3 } else { 0 });
        }
        if response.is_some() != self.b_valid {
            self.b_valid = response.is_some();
            instance.set(self.pins.bvalid, self.b_valid.into());
        }
    }

    /// Looks at the outputs just before the rising edge.
    pub fn sample(&mut self, instance: &Instance, memory: &mut dyn Memory, common: &mut Common) {
        if self.b_valid && instance.get(self.pins.bready) == 1 {
            self.responses.pop_front();
        }
        self.sample_w(instance, memory, common);
        let valid = instance.get(self.pins.awvalid) == 1;
        if !valid && !self.aw_stable.waiting() {
            return;
        }
        let (address, len) = (instance.get(self.pins.awaddr), instance.get(self.pins.awlen) + 1);
        let payload = mix(mix(address, len), instance.get(self.pins.awid));
        self.aw_stable.check(&self.aw_name, valid, self.aw_ready, payload, &mut common.violations);
        if valid && self.aw_ready {
            check::burst(&self.aw_name, address, len, &mut common.violations);
            common.check_fixed(&self.aw_name, instance.get(self.pins.awsize), instance.get(self.pins.awburst));
            let id = instance.get(self.pins.awid) % ID_LIMIT;
            common.counters.write_bursts += 1;
            self.bursts.push_back(Burst { address, left: len, id, failed: false });
        }
    }

    fn sample_w(&mut self, instance: &Instance, memory: &mut dyn Memory, common: &mut Common) {
        let valid = instance.get(self.pins.wvalid) == 1;
        if !valid && !self.w_stable.waiting() {
            return;
        }
        let beat: Beat = self.pins.wdata.map(|port| instance.get(port));
        let (strobes, last) = (instance.get(self.pins.wstrb), instance.get(self.pins.wlast) == 1);
        // Bytes that no strobe enables carry nothing, so they may change.
        let enabled = beat.iter().enumerate().filter(|(word, _)| strobes >> (8 * word) & 0xff != 0);
        let payload = enabled.fold(mix(strobes, last.into()), |digest, (_, word)| mix(digest, *word));
        self.w_stable.check(&self.w_name, valid, self.w_ready, payload, &mut common.violations);
        if !(valid && self.w_ready) {
            return;
        }
        common.write_link.take(common.cycle);
        common.counters.write_beats += 1;
        let burst = self.bursts.front_mut().expect("W is ready only with a burst");
        let beat = common.corrupt(Way::Write, burst.id, beat);
        let mut words = 0;
        for word in 0..8 {
            match strobes >> (8 * word) & 0xff {
                0xff => words |= 1 << word,
                0 => {}
                _ => common.violations.push(format!("{}: strobes {strobes:#018x} split a word", self.w_name)),
            }
        }
        burst.failed |= !memory.write(burst.address, &beat, words);
        burst.address += 64;
        burst.left -= 1;
        if last != (burst.left == 0) {
            common.violations.push(format!("{}: last is {last} with {} beats to come", self.w_name, burst.left));
        }
        if burst.left == 0 {
            let burst = self.bursts.pop_front().expect("it is there");
            let ready_at = common.burst_ready(burst.address - 64, common.timing.write_latency);
            self.responses.push_back(Response { id: burst.id, failed: burst.failed, ready_at });
        }
    }

    /// Nothing is outstanding.
    pub fn idle(&self) -> bool {
        self.bursts.is_empty() && self.responses.is_empty()
    }
}
