//! Every configuration's Verilog passes Verilator's lint, alone and behind the board's ports.

use karat_hdl::{CardSources, Config, board_top, emit, processor_verilog};
use karat_verilator::{Design, Source, packages};

fn sources(config: &Config) -> (CardSources, Vec<Source>) {
    let card = emit(config).unwrap();
    let packaged = Source::read(&packages::vexriscv(card.processor).unwrap()).unwrap();
    let processor = Source::new(packaged.name, processor_verilog(&packaged.text).unwrap());
    let files = vec![Source::new(format!("{}.v", card.top), card.verilog.clone()), processor];
    (card, files)
}

/// What rust-hdl's way of writing gives: literals of 32 bits, casts by masking, comparisons that one width decides.
const EXPECTED: [&str; 2] = ["-Wno-WIDTH", "-Wno-CMPCONST"];

#[test]
fn every_configuration_is_clean_verilog() {
    for config in Config::ALL {
        let (card, files) = sources(config);
        let mut design = Design::new(card.top, files);
        design.args = EXPECTED.map(String::from).to_vec();
        design.lint().unwrap();
    }
}

#[test]
fn the_board_top_is_clean_and_has_wide_ports() {
    for config in Config::ALL {
        let (card, mut files) = sources(config);
        let text = board_top(&card);
        for port in ["host_axi_rdata", "host_axi_wdata", "card_axi_rdata", "card_axi_wdata"] {
            assert!(text.contains(&format!("[511:0] {port}")), "{port}");
        }
        assert!(!text.contains("input wire [31:0] s_axil_rdata") && text.contains("input wire [0:0] clock"));
        let top = format!("{}_board", card.top);
        files.push(Source::new(format!("{top}.v"), text));
        let mut design = Design::new(top, files);
        design.args = EXPECTED.map(String::from).to_vec();
        design.lint().unwrap();
    }
}

#[test]
fn emission_is_the_same_every_time() {
    for config in Config::ALL {
        assert!(emit(config).unwrap().verilog == emit(config).unwrap().verilog, "{}", config.name);
    }
}

#[test]
fn a_configuration_that_is_not_built_is_refused() {
    let mut other = *Config::ALL[0];
    other.ntt_lanes += 1;
    let error = emit(&other).unwrap_err().to_string();
    assert!(error.contains("known: tiny"), "{error}");
}
