// module ram_WIDTHxDEPTH
(* no_rw_check *) reg [WIDTH-1:0] mem [0:DEPTH-1];
always @(posedge clock) begin
  if (write_enable) mem[write_address] <= write_data;
`ifdef VERILATOR // hardware promises nothing about a word that is being written, so show nothing good
  read_data <= mem[read_address] ^ {WIDTH{write_enable && write_address == read_address}};
`else
  read_data <= mem[read_address];
`endif
end
