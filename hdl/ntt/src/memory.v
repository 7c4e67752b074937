// module memory_DEPTH
(* no_rw_check *) reg [63:0] mem [0:DEPTH-1];
always @(posedge clock) begin
  if (write_enable) mem[write_address[TOP:0]] <= write_data;
`ifdef VERILATOR // hardware promises nothing about a word that is being written, so show nothing good
  read_data <= mem[read_address[TOP:0]] ^ {64{write_enable && write_address[TOP:0] == read_address[TOP:0]}};
`else
  read_data <= mem[read_address[TOP:0]];
`endif
end
