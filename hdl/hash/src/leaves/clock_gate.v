// module clock_gate
`ifdef VERILATOR // an idle engine then costs nothing to simulate
reg open;
always @(negedge clock) open <= enable;
assign gated = clock & open;
`else // stopping the clock changes nothing but power: no gate on the device
assign gated = clock;
`endif
