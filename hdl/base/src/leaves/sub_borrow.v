// module sub_borrow
`ifdef VERILATOR
assign difference = a - b;
assign borrow = a < b;
`else
assign {borrow, difference} = {1'b0, a} - {1'b0, b};
`endif
