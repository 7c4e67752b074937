//! The control system's memories, as leaves.

use karat_abi::registers::firmware::BOOT_RAM_BYTES;
use rust_hdl::prelude::*;

/// Boot RAM: 64 KiB in words, two ports. What a port read stays until it reads again; a word that one port writes while the
/// other reads it is read as anything.
#[derive(LogicBlock, Default)]
pub struct BootRam {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Port A: access.
    pub a_enable: Signal<In, Bit>,
    /// Port A: the access writes the whole word.
    pub a_write: Signal<In, Bit>,
    /// Port A: word address.
    pub a_address: Signal<In, Bits<14>>,
    /// Port A: the word to write.
    pub a_write_data: Signal<In, Bits<32>>,
    /// Port A: the word read in the last reading access.
    pub a_read_data: Signal<Out, Bits<32>>,
    /// Port B: access.
    pub b_enable: Signal<In, Bit>,
    /// Port B: bytes to write; a read if none.
    pub b_write: Signal<In, Bits<4>>,
    /// Port B: word address.
    pub b_address: Signal<In, Bits<14>>,
    /// Port B: the word to write.
    pub b_write_data: Signal<In, Bits<32>>,
    /// Port B: the word read in the last reading access.
    pub b_read_data: Signal<Out, Bits<32>>,
}

impl Logic for BootRam {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.a_read_data.connect();
        self.b_read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        // Saying that a word read while the other port writes it is unknown is what lets yosys take block RAM; it wants to
        // be told for each byte.
        let last = BOOT_RAM_BYTES / 4 - 1;
        let each = |line: fn(u32) -> String| (0..4).map(line).collect::<String>();
        let unknown = each(|i| {
            format!("        if (b_enable && b_write[{i}] && b_address == a_address) a_read_data <= 32'bx;\n")
        });
        let write = each(|i| {
            let (low, high) = (8 * i, 8 * i + 7);
            format!("    if (b_write[{i}]) memory[b_address][{high}:{low}] <= b_write_data[{high}:{low}];\n")
        });
        Verilog::Custom(format!(
            "reg [31:0] memory[0:{last}];
always @(posedge clock) if (a_enable) begin
    if (a_write) memory[a_address] <= a_write_data;
    else begin
        a_read_data <= memory[a_address];
{unknown}    end
end
always @(posedge clock) if (b_enable) begin
{write}    if (b_write == 4'd0) begin
        b_read_data <= memory[b_address];
        if (a_enable && a_write && b_address == a_address) b_read_data <= 32'bx;
    end
end
"
        ))
    }
}

/// Sixteen words that are read in the same cycle: the doorbells as the host wrote them.
#[derive(LogicBlock, Default)]
pub struct DoorbellRam {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Write.
    pub write: Signal<In, Bit>,
    /// Index of the word to write.
    pub write_index: Signal<In, Bits<4>>,
    /// The word to write.
    pub write_data: Signal<In, Bits<32>>,
    /// Index of the word to read.
    pub read_index: Signal<In, Bits<4>>,
    /// The word at `read_index`.
    pub read_data: Signal<Out, Bits<32>>,
}

impl Logic for DoorbellRam {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(
            "reg [31:0] memory[0:15];
always @(posedge clock) if (write) memory[write_index] <= write_data;
always @(*) read_data = memory[read_index];
"
            .into(),
        )
    }
}
