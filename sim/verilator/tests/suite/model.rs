//! Values, initial state, wide ports, stops and waveforms of small designs.

use crate::common;

use karat_verilator::{Config, Design, Error, Model, Source};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

const ADDER: &str = "
module adder(input wire clock, input wire [63:0] a$0, input wire [63:0] a$1, input wire [99:0] w, input wire b__c,
             input wire [15:0] half, input wire [31:0] word,
             output reg [63:0] sum, output reg carry, output wire [99:0] inverse, output wire [63:0] both,
             output wire [15:0] not_half, output wire [31:0] not_word);
  always @(posedge clock) {carry, sum} <= {1'b0, a$0} + {1'b0, a$1} + {64'b0, b__c};
  assign inverse = ~w;
  assign both = a$0 & a$1;
  assign not_half = ~half;
  assign not_word = ~word;
endmodule";

const MEMORY: &str = "
module memory(input clock, input write, input [7:0] address, input [63:0] in, output reg [63:0] out, output [71:0] wide);
  reg [63:0] words [0:255];
  reg [71:0] state;
  assign wide = state;
  always @(posedge clock) begin
    out <= words[address];
    if (write) words[address] <= in;
    state <= {state[70:0], state[71]};
  end
endmodule";

fn build(top: &str, text: &str) -> Model {
    Design::new(top, [Source::new(format!("{top}.v"), text)]).build().unwrap()
}

#[test]
fn registers_and_wires_follow_the_verilog() {
    let model = build("adder", ADDER);
    let a = model.port_array::<2>("a").unwrap();
    let port = |name| model.port(name).unwrap();
    let (carry_in, sum, carry, both) = (port("b__c"), port("sum"), port("carry"), port("both"));
    let [half, not_half, word, not_word] = ["half", "not_half", "word", "not_word"].map(port);
    let mut dut = model.instance(1);
    let mut random = SmallRng::seed_from_u64(1);
    for _ in 0..10_000 {
        let [x, y]: [u64; 2] = random.random();
        let c = random.random::<bool>();
        dut.set(a[0], x);
        dut.set(a[1], y);
        dut.set(carry_in, c.into());
        // Wider than the ports: the low bits count.
        dut.set(half, x);
        dut.set(word, y);
        dut.cycle();
        let expected = u128::from(x) + u128::from(y) + u128::from(c);
        assert_eq!((dut.get(sum), dut.get(carry)), (expected as u64, (expected >> 64) as u64), "seed 1");
        assert_eq!(dut.get(both), x & y);
        assert_eq!((dut.get(not_half), dut.get(not_word)), ((!x as u16).into(), (!y as u32).into()));
    }
    assert_eq!(dut.time(), 20_000);
    dut.check().unwrap();
}

#[test]
fn wide_ports_are_words() {
    let model = build("adder", ADDER);
    let (w, inverse) = (model.wide_port("w").unwrap(), model.wide_port("inverse").unwrap());
    let mut dut = model.instance(1);
    dut.set_wide(w, &[1, 2, 3, 0xffff_fff4]);
    dut.eval();
    assert_eq!(dut.get_wide(w), [1, 2, 3, 4]);
    assert_eq!(dut.get_wide(inverse), [!1, !2, !3, 0xb]);
    dut.set_wide(w, &[7]);
    dut.eval();
    assert_eq!(dut.get_wide(inverse), [!7, u32::MAX, u32::MAX, 0xf]);
}

#[test]
fn ports_are_listed_by_their_verilog_names() {
    let model = build("adder", ADDER);
    let mut names: Vec<_> = model.ports().iter().map(|p| (p.name.as_str(), p.width, p.input)).collect();
    names.sort();
    assert_eq!(
        names,
        [
            ("a$0", 64, true),
            ("a$1", 64, true),
            ("b__c", 1, true),
            ("both", 64, false),
            ("carry", 1, false),
            ("clock", 1, true),
            ("half", 16, true),
            ("inverse", 100, false),
            ("not_half", 16, false),
            ("not_word", 32, false),
            ("sum", 64, false),
            ("w", 100, true),
            ("word", 32, true),
        ]
    );
}

#[test]
fn a_wrong_port_is_an_error_that_helps() {
    let model = build("adder", ADDER);
    let message = |error: Error| error.to_string();
    let missing = message(model.port("sun").unwrap_err());
    assert!(missing.contains("no port `sun`") && missing.contains("names: sum"), "{missing}");
    let wide = message(model.port("w").unwrap_err());
    assert!(wide.contains("`w`") && wide.contains("100 bits") && wide.contains("wide_port"), "{wide}");
    let narrow = message(model.wide_port("sum").unwrap_err());
    assert!(narrow.contains("`sum`") && narrow.contains("64 bits"), "{narrow}");
    let array = message(model.ports8("a").unwrap_err());
    assert!(array.contains("`a$2`"), "{array}");
}

#[test]
#[should_panic = "input of this model"]
fn outputs_are_not_set() {
    let model = build("adder", ADDER);
    let sum = model.port("sum").unwrap();
    model.instance(1).set(sum, 1);
}

#[test]
#[should_panic = "port of this model"]
fn ports_of_another_model_are_refused() {
    let sum = build("adder", ADDER).port("sum").unwrap();
    build("memory", MEMORY).instance(1).get(sum);
}

/// Registers and all words of the memory of a new instance.
fn initial_state(model: &Model, seed: u64) -> (Vec<u32>, Vec<u64>) {
    let mut dut = model.instance(seed);
    let port = |name| model.port(name).unwrap();
    let (write, address, out) = (port("write"), port("address"), port("out"));
    dut.set(write, 0);
    dut.eval();
    let wide = dut.get_wide(model.wide_port("wide").unwrap()).to_vec();
    let words = (0..256).map(|at| {
        dut.set(address, at);
        dut.cycle();
        dut.get(out)
    });
    let words = words.collect();
    (wide, words)
}

#[test]
fn initial_state_is_random_and_the_seed_decides_it() {
    let model = build("memory", MEMORY);
    let mut seen = std::collections::BTreeSet::new();
    for seed in [0, 1, 2, u64::MAX, 1 << 40] {
        let (wide, words) = initial_state(&model, seed);
        assert_eq!(initial_state(&model, seed), (wide.clone(), words.clone()), "seed {seed}");
        assert!(wide[2] < 256 && wide[..2].iter().all(|w| *w != 0), "{wide:x?}");
        seen.extend(words);
    }
    // Every word of every seed is another one.
    assert_eq!(seen.len(), 5 * 256);
    let bits: u32 = seen.iter().map(|w| w.count_ones()).sum();
    assert!((39_000..43_000).contains(&bits), "{bits} ones among {}", 5 * 256 * 64);
}

#[test]
fn memory_keeps_what_is_written() {
    let model = build("memory", MEMORY);
    let mut dut = model.instance(3);
    let port = |name| model.port(name).unwrap();
    let [write, address, input, out] = ["write", "address", "in", "out"].map(port);
    dut.set(write, 1);
    for at in 0..256 {
        dut.set(address, at);
        dut.set(input, at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dut.cycle();
    }
    dut.set(write, 0);
    for at in (0..256).rev() {
        dut.set(address, at);
        dut.cycle();
        assert_eq!(dut.get(out), at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
}

#[test]
fn instances_on_many_threads_do_not_disturb_one_another() {
    let model = build("memory", MEMORY);
    let alone: Vec<_> = (0..8).map(|seed| initial_state(&model, seed)).collect();
    let (model, alone) = (&model, &alone);
    std::thread::scope(|scope| {
        for seed in 0..8u64 {
            scope.spawn(move || {
                for _ in 0..50 {
                    assert_eq!(initial_state(model, seed), alone[seed as usize]);
                }
            });
        }
    });
}

#[test]
fn an_instance_moves_between_threads() {
    let mut dut = common::counter().build().unwrap().instance(1);
    let (step, count) = (dut.port("step").unwrap(), dut.port("count").unwrap());
    dut.set(step, 0);
    dut.cycle();
    let before = dut.get(count);
    dut.set(step, 1);
    for _ in 0..3 {
        dut = std::thread::spawn(move || {
            dut.run(5);
            dut
        })
        .join()
        .unwrap();
    }
    assert_eq!(dut.get(count), (before + 15) & 0xff);
}

#[test]
fn run_until_stops_at_the_value_or_the_limit() {
    let mut dut = common::counter().build().unwrap().instance(1);
    let (step, count) = (dut.port("step").unwrap(), dut.port("count").unwrap());
    dut.set(step, 1);
    assert!(dut.run_until(count, 100, 256));
    assert_eq!(dut.get(count), 100);
    let start = dut.time();
    assert!(dut.run_until(count, 110, 256));
    assert_eq!(dut.time() - start, 20);
    assert!(!dut.run_until(count, 109, 255 - 1));
    assert!(dut.run_until(count, 109, 1));
}

#[test]
fn a_design_that_stops_says_so_and_stays_stopped() {
    let stops = [("finish", "$finish"), ("stop", "$stop"), ("fatal(1, \"broken\")", "$stop or a failed assertion")];
    for (task, reason) in stops {
        let text = format!(
            "module stops(input clock, input now, output reg [7:0] count);
               always @(posedge clock) begin count <= count + 1; if (now) ${task}; end
             endmodule"
        );
        let model = build("stops", &text);
        let mut dut = model.instance(1);
        let (now, count) = (model.port("now").unwrap(), model.port("count").unwrap());
        dut.set(now, 0);
        dut.run(10);
        dut.check().unwrap();
        dut.set(now, 1);
        dut.cycle();
        let error = dut.check().unwrap_err().to_string();
        assert!(error.contains("stops") && error.contains(reason) && error.contains("stops.v:2"), "{error}");
        let (time, value) = (dut.time(), dut.get(count));
        dut.run(10);
        assert_eq!((dut.time(), dut.get(count)), (time, value));
        // Others go on.
        let mut other = model.instance(1);
        other.set(now, 0);
        other.run(10);
        other.check().unwrap();
    }
}

#[test]
fn logic_that_does_not_settle_is_an_error() {
    let text = "module ring(input enable, output out); wire loop; assign loop = ~(loop & enable); assign out = loop; endmodule";
    let model = build("ring", text);
    let mut dut = model.instance(1);
    let enable = model.port("enable").unwrap();
    dut.set(enable, 0);
    dut.eval();
    dut.check().unwrap();
    dut.set(enable, 1);
    dut.eval();
    let error = dut.check().unwrap_err().to_string();
    assert!(error.contains("ring") && error.contains("converge"), "{error}");
}

/// With the headers FST needs, a waveform; without them, the error that names their package.
#[test]
fn a_waveform_is_written_or_the_missing_package_named() {
    let mut design = common::counter();
    design.trace = true;
    let model = match design.build() {
        Ok(model) => model,
        Err(error @ Error::NoTraceHeader { .. }) => {
            let error = error.to_string();
            assert!(error.contains("apt-get install liblz4-dev"), "{error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let mut dut = model.instance(1);
    dut.set(dut.port("step").unwrap(), 1);
    dut.run(10);
    for (name, cycles) in [("first.fst", 100), ("second.fst", 7)] {
        let path = folder.path().join(name);
        let from = dut.time() + 1;
        dut.open_fst(&path).unwrap();
        dut.run(cycles);
        dut.close_fst();
        // Header block: type 0, length 329, first and last time, big-endian.
        let bytes = std::fs::read(&path).unwrap();
        let field = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!((bytes[0], field(1), field(9), field(17)), (0, 329, from, from + 2 * cycles - 1), "{name}");
        dut.run(3);
    }
    let error = dut.open_fst(&folder.path().join("none/x.fst")).unwrap_err().to_string();
    assert!(error.contains("none/x.fst"), "{error}");
}

#[test]
fn a_model_without_waveforms_refuses_to_open_one() {
    let mut dut = common::counter().build().unwrap().instance(1);
    let error = dut.open_fst(&std::env::temp_dir().join("karat-none.fst")).unwrap_err();
    assert!(matches!(error, Error::NoTrace { .. }), "{error}");
}

#[test]
fn lint_passes_clean_designs_and_refuses_warnings() {
    let config = Config::from_env();
    common::counter().lint_with(&config).unwrap();
    let text = "module widths(input [7:0] a, output [3:0] b); assign b = a; endmodule";
    let mut design = Design::new("widths", [Source::new("widths.v", text)]);
    let error = design.lint_with(&config).unwrap_err().to_string();
    assert!(error.contains("WIDTHTRUNC") && error.contains("widths.v:1"), "{error}");
    design.build().unwrap();
    design.args = vec!["-Wno-WIDTHTRUNC".into()];
    design.lint_with(&config).unwrap();
}
