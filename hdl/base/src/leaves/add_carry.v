// module add_carry
`ifdef VERILATOR // 65-bit values are slow to simulate
assign sum = a + b;
assign carry = sum < a;
`else
assign {carry, sum} = {1'b0, a} + {1'b0, b};
`endif
