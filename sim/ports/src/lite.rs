//! The host's side of the AXI4-Lite port.

use karat_verilator::{Error, Instance, Port};

/// A master on the pins `PREFIX_ar*`, `PREFIX_r*`, `PREFIX_aw*`, `PREFIX_w*`, `PREFIX_b*`, 32-bit data, one access at a time.
pub struct LiteMaster {
    awaddr: Port,
    awvalid: Port,
    awready: Port,
    wdata: Port,
    wstrb: Port,
    wvalid: Port,
    wready: Port,
    bvalid: Port,
    bready: Port,
    araddr: Port,
    arvalid: Port,
    arready: Port,
    rdata: Port,
    rvalid: Port,
    rready: Port,
    state: State,
    /// What is on the valid pins: AW, W, AR.
    pins: (bool, bool, bool),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// AW still to be taken, W still to be taken.
    Write {
        address: bool,
        data: bool,
    },
    /// AR still to be taken.
    Read {
        address: bool,
    },
    Done(u32),
}

impl LiteMaster {
    /// A master on the pins with this prefix.
    pub fn new(instance: &mut Instance, prefix: &str) -> Result<Self, Error> {
        let port = |name: &str| instance.port(&format!("{prefix}_{name}"));
        let master = Self {
            awaddr: port("awaddr")?,
            awvalid: port("awvalid")?,
            awready: port("awready")?,
            wdata: port("wdata")?,
            wstrb: port("wstrb")?,
            wvalid: port("wvalid")?,
            wready: port("wready")?,
            bvalid: port("bvalid")?,
            bready: port("bready")?,
            araddr: port("araddr")?,
            arvalid: port("arvalid")?,
            arready: port("arready")?,
            rdata: port("rdata")?,
            rvalid: port("rvalid")?,
            rready: port("rready")?,
            state: State::Idle,
            pins: (false, false, false),
        };
        for pin in [master.awvalid, master.wvalid, master.arvalid] {
            instance.set(pin, 0);
        }
        instance.set(master.bready, 1);
        instance.set(master.rready, 1);
        Ok(master)
    }

    /// Starts a write. Nothing else may be under way.
    pub fn write(&mut self, instance: &mut Instance, address: u32, value: u32) {
        assert!(self.state == State::Idle, "one access at a time");
        instance.set(self.awaddr, address.into());
        instance.set(self.wdata, value.into());
        instance.set(self.wstrb, 0xf);
        self.state = State::Write { address: true, data: true };
    }

    /// Starts a read. Nothing else may be under way.
    pub fn read(&mut self, instance: &mut Instance, address: u32) {
        assert!(self.state == State::Idle, "one access at a time");
        instance.set(self.araddr, address.into());
        self.state = State::Read { address: true };
    }

    /// Sets the design's inputs for the coming cycle. Before the evaluation with the clock low.
    pub fn drive(&mut self, instance: &mut Instance) {
        let pins = match self.state {
            State::Idle | State::Done(_) => (false, false, false),
            State::Write { address, data } => (address, data, false),
            State::Read { address } => (false, false, address),
        };
        if pins != self.pins {
            self.pins = pins;
            instance.set(self.awvalid, pins.0.into());
            instance.set(self.wvalid, pins.1.into());
            instance.set(self.arvalid, pins.2.into());
        }
    }

    /// Looks at the design's outputs. After the evaluation with the clock low, before the one with it high.
    pub fn sample(&mut self, instance: &Instance) {
        match &mut self.state {
            State::Idle | State::Done(_) => {}
            State::Write { address: false, data: false } => {
                if instance.get(self.bvalid) == 1 {
                    self.state = State::Done(0);
                }
            }
            State::Write { address, data } => {
                *address &= instance.get(self.awready) == 0;
                *data &= instance.get(self.wready) == 0;
            }
            State::Read { address: false } => {
                if instance.get(self.rvalid) == 1 {
                    self.state = State::Done(instance.get(self.rdata) as u32);
                }
            }
            State::Read { address } => *address = instance.get(self.arready) == 0,
        }
    }

    /// The value of an access that has ended (0 for a write), once.
    pub fn finish(&mut self) -> Option<u32> {
        let State::Done(value) = self.state else {
            return None;
        };
        self.state = State::Idle;
        Some(value)
    }

    /// Gives up the access under way, for a port that does not answer.
    pub fn abandon(&mut self) {
        self.state = State::Idle;
    }
}
