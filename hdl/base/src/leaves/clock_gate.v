// module clock_gate
`ifdef VERILATOR // a clock that stands still costs nothing to simulate
reg on;
always @(negedge clock) on <= enable;
assign gated = clock & on;
`else // blocks behind the gate keep their state by themselves, and stopping the clock would change nothing but power
assign gated = clock;
`endif
