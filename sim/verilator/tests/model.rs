//! Values, initial state, wide ports, stops and waveforms of small designs.

use karat_verilator::{Design, Model, Source};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

const ADDER: &str = "
module adder(input wire clock, input wire [63:0] a$0, input wire [63:0] a$1, input wire [99:0] w, input wire b__c,
             output reg [63:0] sum, output reg carry, output wire [99:0] inverse, output wire [63:0] both);
  always @(posedge clock) {carry, sum} <= {1'b0, a$0} + {1'b0, a$1} + {64'b0, b__c};
  assign inverse = ~w;
  assign both = a$0 & a$1;
endmodule";

fn adder() -> Model {
    Design::new("adder", [Source::new("adder.v", ADDER)])
        .build()
        .unwrap()
}

#[test]
fn registers_and_wires_follow_the_verilog() {
    let model = adder();
    let a = model.port_array::<2>("a").unwrap();
    let port = |name| model.port(name).unwrap();
    let (carry_in, sum, carry, both) = (port("b__c"), port("sum"), port("carry"), port("both"));
    let mut dut = model.instance(1);
    let mut random = SmallRng::seed_from_u64(1);
    for _ in 0..10_000 {
        let [x, y]: [u64; 2] = random.random();
        let c = random.random::<bool>();
        dut.set(a[0], x);
        dut.set(a[1], y);
        dut.set(carry_in, c.into());
        dut.cycle();
        let expected = u128::from(x) + u128::from(y) + u128::from(c);
        assert_eq!(
            (dut.get(sum), dut.get(carry)),
            (expected as u64, (expected >> 64) as u64),
            "seed 1"
        );
        assert_eq!(dut.get(both), x & y);
    }
    assert_eq!(dut.time(), 20_000);
    dut.check().unwrap();
}
