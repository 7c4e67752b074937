// module clock_gate
`ifdef VERILATOR // a clock that stands still costs nothing to simulate
reg on;
always @(negedge clock) on <= enable;
assign gated = clock & on;
`else // blocks behind the gate keep their state by themselves
assign gated = clock;
`endif
