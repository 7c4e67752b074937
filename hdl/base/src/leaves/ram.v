// module ram_WIDTHxDEPTH
(* no_rw_checkSTYLE *) reg [WIDTH-1:0] mem [0:DEPTH-1];
always @(posedge clock) begin
  if (write_enable) mem[write_address SELECT] <= write_data;
`ifdef VERILATOR // hardware promises nothing about a word that is being written, so show nothing good
  READread_data <= mem[read_address SELECT] ^ {WIDTH{write_enable && write_address SELECT == read_address SELECT}};
`else
  READread_data <= mem[read_address SELECT];
`endif
end
