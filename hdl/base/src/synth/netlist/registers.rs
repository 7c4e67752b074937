//! Registers beside multipliers move into those that multipliers have: yosys leaves them in slices, a long wire away.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

type Cells = Map<String, Value>;

/// Moves every register without enable and reset that all of a multiplier's factor comes from, or that takes all of its
/// product, into the multiplier. What has no loads left after that goes.
pub(super) fn pack(cells: &mut Cells, ports: &Value) {
    let mut wires = Wires::new(cells, ports);
    let multipliers: Vec<String> =
        cells.iter().filter(|(_, cell)| cell["type"] == "MULT18X18D").map(|(name, _)| name.clone()).collect();
    for name in &multipliers {
        let mut cell = cells[name].take();
        let inputs = ["A", "B"].map(|side| wires.factor(&cell, side));
        let output = wires.product(&cell);
        let clocks: HashSet<u64> = inputs.iter().flatten().chain(&output).map(|bank| bank.clock).collect();
        // All of its registers have one clock.
        if let [clock] = clocks.into_iter().collect::<Vec<_>>()[..] {
            for (side, bank) in ["INPUTA", "INPUTB"].into_iter().zip(&inputs) {
                if let Some(bank) = bank {
                    enable(&mut cell, side);
                    for (pin, register) in &bank.pins {
                        let before = wires.register[register].data.clone();
                        *wires.loads.get_mut(register).expect("a load is counted") -= 1;
                        if let Some(before) = before.as_u64() {
                            *wires.loads.entry(before).or_default() += 1;
                        }
                        cell["connections"][pin] = json!([before]);
                    }
                }
            }
            if let Some(bank) = &output {
                enable(&mut cell, "OUTPUT");
                for (pin, register) in &bank.pins {
                    cell["connections"][pin] = json!([register]);
                    cells.remove(&wires.register.remove(register).expect("it is known").name);
                }
            }
            cell["parameters"]["GSR"] = json!("DISABLED");
            for (pin, value) in [("CLK0", json!(clock)), ("CE0", json!("1")), ("RST0", json!("0"))] {
                cell["connections"][pin] = json!([value]);
                cell["port_directions"][pin] = json!("input");
            }
        }
        cells[name] = cell;
    }
    for (output, register) in wires.register {
        if wires.loads.get(&output).is_none_or(|loads| *loads == 0) {
            cells.remove(&register.name);
        }
    }
}

fn enable(multiplier: &mut Value, register: &str) {
    for (part, pin) in [("CLK", "CLK0"), ("CE", "CE0"), ("RST", "RST0")] {
        multiplier["parameters"][format!("REG_{register}_{part}")] = json!(pin);
    }
}

/// A register without enable and reset.
struct Register {
    name: String,
    clock: u64,
    data: Value,
}

/// Pins of a multiplier and the outputs of registers that belong to them.
struct Bank {
    clock: u64,
    pins: Vec<(String, u64)>,
}

struct Wires {
    /// Registers by their output.
    register: HashMap<u64, Register>,
    /// Outputs of registers by their input.
    output: HashMap<u64, u64>,
    /// Number of inputs that a wire goes to.
    loads: HashMap<u64, usize>,
}

impl Wires {
    fn new(cells: &Cells, ports: &Value) -> Self {
        let mut wires = Self { register: HashMap::new(), output: HashMap::new(), loads: HashMap::new() };
        let pins = |port: &Value| port.as_array().into_iter().flatten().filter_map(Value::as_u64).collect::<Vec<_>>();
        for port in ports.as_object().into_iter().flat_map(Map::values) {
            for wire in pins(&port["bits"]) {
                *wires.loads.entry(wire).or_default() += 1;
            }
        }
        for (name, cell) in cells {
            for (port, bits) in cell["connections"].as_object().into_iter().flatten() {
                if cell["port_directions"][port] != "output" {
                    for wire in pins(bits) {
                        *wires.loads.entry(wire).or_default() += 1;
                    }
                }
            }
            if let Some((output, register)) = plain_register(name, cell) {
                if let Some(input) = register.data.as_u64() {
                    wires.output.insert(input, output);
                }
                wires.register.insert(output, register);
            }
        }
        wires
    }

    /// The registers that all of a factor comes from.
    fn factor(&self, multiplier: &Value, side: &str) -> Option<Bank> {
        let wires = (0..18).map(|i| format!("{side}{i}")).filter_map(|pin| Some((wire(multiplier, &pin)?, pin)));
        self.bank(wires.map(|(wire, pin)| (pin, wire)).collect())
    }

    /// The registers that take all of the product, and nothing else does.
    fn product(&self, multiplier: &Value) -> Option<Bank> {
        let loads = |wire: &u64| self.loads.get(wire).copied().unwrap_or(0);
        let wires = (0..36).map(|i| format!("P{i}")).filter_map(|pin| Some((wire(multiplier, &pin)?, pin)));
        let used = wires.filter(|(wire, _)| loads(wire) > 0);
        let pins = used.map(|(wire, pin)| (loads(&wire) == 1).then_some((pin, *self.output.get(&wire)?)));
        self.bank(pins.collect::<Option<_>>()?)
    }

    fn bank(&self, pins: Vec<(String, u64)>) -> Option<Bank> {
        let clock = self.register.get(&pins.first()?.1)?.clock;
        let same = |(_, output): &(String, u64)| self.register.get(output).is_some_and(|it| it.clock == clock);
        pins.iter().all(same).then_some(Bank { clock, pins })
    }
}

fn wire(cell: &Value, port: &str) -> Option<u64> {
    cell["connections"][port][0].as_u64()
}

fn plain_register(name: &str, cell: &Value) -> Option<(u64, Register)> {
    let parameter = |name: &str| cell["parameters"][name].as_str().map(str::trim);
    let plain = cell["type"] == "TRELLIS_FF"
        && cell["connections"]["LSR"][0] == "0"
        && [("CEMUX", "1"), ("CLKMUX", "CLK"), ("LSRMUX", "LSR"), ("REGSET", "RESET")]
            .iter()
            .all(|(name, value)| parameter(name) == Some(value));
    let register =
        Register { name: name.into(), clock: wire(cell, "CLK")?, data: cell["connections"]["DI"][0].clone() };
    plain.then_some((wire(cell, "Q")?, register))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::pack;

    /// A register from wire `data` to wire `output`.
    fn register(data: u64, output: u64, enable: &str) -> Value {
        json!({
            "type": "TRELLIS_FF",
            "parameters": { "CEMUX": enable, "CLKMUX": "CLK", "LSRMUX": "LSR", "REGSET": "RESET" },
            "port_directions": { "CLK": "input", "DI": "input", "LSR": "input", "Q": "output" },
            "connections": { "CLK": [2], "DI": [data], "LSR": ["0"], "Q": [output] },
        })
    }

    /// `P1 P0 = A1 A0 * B0`, with factors from registers a0, a1, b0 and the product into registers p0, p1.
    fn cells(enable: &str) -> Map<String, Value> {
        let multiplier = json!({
            "type": "MULT18X18D",
            "parameters": {},
            "port_directions": { "A0": "input", "A1": "input", "A2": "input", "B0": "input", "P0": "output", "P1": "output" },
            "connections": { "A0": [20], "A1": [21], "A2": ["0"], "B0": [22], "P0": [30], "P1": [31] },
        });
        let other = json!({ "type": "LUT4", "port_directions": { "A": "input" }, "connections": { "A": [21] } });
        [
            ("a0", register(10, 20, "1 ")),
            ("a1", register(11, 21, "1 ")),
            ("b0", register(12, 22, enable)),
            ("p0", register(30, 40, "1 ")),
            ("p1", register(31, 41, "1 ")),
            ("multiplier", multiplier),
            ("other", other),
        ]
        .into_iter()
        .map(|(name, cell)| (name.to_owned(), cell))
        .collect()
    }

    fn names(cells: &Map<String, Value>) -> Vec<&str> {
        cells.keys().map(String::as_str).collect()
    }

    #[test]
    fn registers_on_both_sides_move_in_and_one_with_another_load_stays_too() {
        let mut cells = cells("1 ");
        pack(&mut cells, &json!({ "product": { "bits": [40, 41] } }));
        assert_eq!(names(&cells), ["a1", "multiplier", "other"]);
        let multiplier = &cells["multiplier"];
        let at = |pin: &str| multiplier["connections"][pin][0].clone();
        assert_eq!(["A0", "A1", "B0", "P0", "P1", "CLK0"].map(at), [10, 11, 12, 40, 41, 2].map(Value::from));
        assert_eq!(["A2", "CE0", "RST0"].map(at), ["0", "1", "0"].map(Value::from));
        for bank in ["INPUTA", "INPUTB", "OUTPUT"] {
            assert_eq!(multiplier["parameters"][format!("REG_{bank}_CLK")], "CLK0");
        }
    }

    #[test]
    fn a_register_with_enable_and_a_product_with_two_loads_stay() {
        let mut cells = cells("CE");
        cells["other"]["connections"]["A"] = json!([30]);
        pack(&mut cells, &json!({ "product": { "bits": [40, 41] } }));
        assert_eq!(names(&cells), ["b0", "multiplier", "other", "p0", "p1"]);
        let multiplier = &cells["multiplier"];
        assert_eq!(multiplier["connections"]["B0"], json!([22]));
        assert_eq!(multiplier["connections"]["P0"], json!([30]));
        assert_eq!(multiplier["parameters"].as_object().unwrap().len(), 4);
    }
}
