//! A thin wrapper of Verilator: pinned packages, cached models, ports as integers.
