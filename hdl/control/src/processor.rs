//! The processor core: VexRiscv as an external module.

use karat_abi::image::HEADER_BYTES;
use rust_hdl::prelude::*;

/// VexRiscv, RV32IM with the caches that [`crate::caches`] gives it, the variant `VexRiscv` of the package
/// `pythondata-cpu-vexriscv`. Its Verilog is not part of the emission: give the file to the simulator or to synthesis.
///
/// Addresses with bit 31 set are uncached. The data cache writes through, so boot RAM always holds what the core has
/// stored. Lines are eight words, and a refill is a burst of them.
#[derive(LogicBlock, Default)]
pub struct Processor {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Clears the core and its caches; execution starts at [`karat_abi::image::HEADER_BYTES`].
    pub reset: Signal<In, Bit>,
    /// External interrupt lines, masked by CSR 0xBC0 and read by 0xFC0.
    pub interrupts: Signal<In, Bits<32>>,
    /// Instruction bus: a word of a line is wanted.
    pub fetch_strobe: Signal<Out, Bit>,
    /// Instruction bus: word address.
    pub fetch_address: Signal<Out, Bits<30>>,
    /// Instruction bus: `fetch_data` is the word at `fetch_address`.
    pub fetch_ack: Signal<In, Bit>,
    /// Instruction bus: the word.
    pub fetch_data: Signal<In, Bits<32>>,
    /// Data bus: an access.
    pub data_strobe: Signal<Out, Bit>,
    /// Data bus: it is a write.
    pub data_write: Signal<Out, Bit>,
    /// Data bus: word address.
    pub data_address: Signal<Out, Bits<30>>,
    /// Data bus: Wishbone cycle type; 2 says that the next word follows.
    pub data_cycle_type: Signal<Out, Bits<3>>,
    /// Data bus: bytes that a write touches.
    pub data_select: Signal<Out, Bits<4>>,
    /// Data bus: the word to write.
    pub data_out: Signal<Out, Bits<32>>,
    /// Data bus: the access is done.
    pub data_ack: Signal<In, Bit>,
    /// Data bus: the word read.
    pub data_in: Signal<In, Bits<32>>,
}

impl Logic for Processor {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.fetch_strobe.connect();
        self.fetch_address.connect();
        self.data_strobe.connect();
        self.data_write.connect();
        self.data_address.connect();
        self.data_cycle_type.connect();
        self.data_select.connect();
        self.data_out.connect();
    }

    fn hdl(&self) -> Verilog {
        // Timer and software interrupt stay low: the firmware polls, and takes time from the cycle counter. rust-hdl makes
        // outputs of a leaf `reg`, which an instance cannot drive: hence the copies.
        Verilog::Custom(format!(
            "wire fetch_strobe_o, data_strobe_o, data_write_o;
wire [29:0] fetch_address_o, data_address_o;
wire [2:0] data_cycle_type_o;
wire [3:0] data_select_o;
wire [31:0] data_out_o;
VexRiscv core(
    .clk(clock), .reset(reset), .externalResetVector(32'h{HEADER_BYTES:x}),
    .timerInterrupt(1'b0), .softwareInterrupt(1'b0), .externalInterruptArray(interrupts),
    .iBusWishbone_STB(fetch_strobe_o), .iBusWishbone_ADR(fetch_address_o), .iBusWishbone_ACK(fetch_ack),
    .iBusWishbone_DAT_MISO(fetch_data), .iBusWishbone_ERR(1'b0), .iBusWishbone_CYC(), .iBusWishbone_WE(),
    .iBusWishbone_DAT_MOSI(), .iBusWishbone_SEL(), .iBusWishbone_CTI(), .iBusWishbone_BTE(),
    .dBusWishbone_STB(data_strobe_o), .dBusWishbone_WE(data_write_o), .dBusWishbone_ADR(data_address_o),
    .dBusWishbone_CTI(data_cycle_type_o), .dBusWishbone_SEL(data_select_o), .dBusWishbone_DAT_MOSI(data_out_o),
    .dBusWishbone_ACK(data_ack), .dBusWishbone_DAT_MISO(data_in), .dBusWishbone_ERR(1'b0),
    .dBusWishbone_CYC(), .dBusWishbone_BTE());
always @(*) begin
    fetch_strobe = fetch_strobe_o;
    fetch_address = fetch_address_o;
    data_strobe = data_strobe_o;
    data_write = data_write_o;
    data_address = data_address_o;
    data_cycle_type = data_cycle_type_o;
    data_select = data_select_o;
    data_out = data_out_o;
end
"
        ))
    }
}
