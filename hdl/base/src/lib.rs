//! Goldilocks arithmetic, streams and Verilog emission shared by the engines.
