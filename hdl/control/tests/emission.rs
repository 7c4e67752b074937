//! The emission passes Verilator's lint.

mod support;

#[test]
fn the_control_system_is_clean_verilog() {
    support::design().lint().unwrap();
}
