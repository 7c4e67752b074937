//! The C++ between a verilated design and [`crate::Model`].

use std::fmt::Write;

/// A port as Verilator declares it in the model's header.
#[derive(Debug, PartialEq)]
pub(crate) struct Declaration {
    /// Name in C++, with `$` and the like encoded.
    pub(crate) symbol: String,
    pub(crate) width: u32,
    pub(crate) input: bool,
}

/// Class and file prefix of every model; names stay inside its shared library.
pub(crate) const PREFIX: &str = "Vm";

const SHIM: &str = include_str!("shim.cpp");

/// Put before the model's files: their initial values come from the instance's own generator.
pub(crate) const PRELUDE: &str = r#"#include "Vm__pch.h"
IData karat_random_i(int, uint64_t, uint64_t);
QData karat_random_q(int, uint64_t, uint64_t);
WDataOutP karat_random_w(int, WDataOutP, uint64_t, uint64_t);
#define VL_SCOPED_RAND_RESET_I karat_random_i
#define VL_SCOPED_RAND_RESET_Q karat_random_q
#define VL_SCOPED_RAND_RESET_W karat_random_w
"#;

/// Ports of the model's header, in its order: lines such as `VL_IN8(&a__0240,7,0);`. Unpacked array ports are left out.
pub(crate) fn parse_ports(header: &str) -> Vec<Declaration> {
    header.lines().filter_map(parse_port).collect()
}

fn parse_port(line: &str) -> Option<Declaration> {
    let (kind, rest) = line.trim().strip_prefix("VL_")?.split_once("(&")?;
    let input = kind.starts_with("IN") && !kind.starts_with("INOUT");
    if !input && !kind.starts_with("OUT") {
        return None;
    }
    let mut fields = rest.strip_suffix(");")?.split(',');
    let symbol = fields.next().filter(|symbol| !symbol.contains(')'))?.to_owned();
    let high: u32 = fields.next()?.parse().ok()?;
    let low: u32 = fields.next()?.parse().ok()?;
    Some(Declaration { symbol, width: high - low + 1, input })
}

/// The Verilog name of a C++ symbol: Verilator writes odd characters as `__0` and two hexadecimal digits.
pub(crate) fn verilog_name(symbol: &str) -> String {
    let mut name = String::new();
    let mut rest = symbol;
    while let Some(at) = rest.find("__0") {
        let code = rest.get(at + 3..at + 5).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (kept, skip, character) = match code {
            Some(code) => (at, at + 5, Some(code as char)),
            None => (at + 3, at + 3, None),
        };
        name.push_str(&rest[..kept]);
        name.extend(character);
        rest = &rest[skip..];
    }
    name + rest
}

/// The shim's text for a design with these ports, `clock` being the one that [`crate::Instance::cycle`] drives.
pub(crate) fn text(ports: &[Declaration], clock: &str) -> String {
    let mut text = format!("#include \"{PREFIX}__pch.h\"\n#include <cstddef>\n");
    text += "struct Port { const char* name; uint64_t offset; uint32_t width; uint8_t input; };\n";
    text += "static const Port PORTS[] = {\n";
    for Declaration { symbol, width, input } in ports {
        let name = verilog_name(symbol).replace('\\', "\\\\").replace('"', "\\\"");
        let input = u8::from(*input);
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {{\"{name}\", offsetof({PREFIX}___024root, {symbol}), {width}, {input}}},");
    }
    let _ = writeln!(text, "  {{nullptr, 0, 0, 0}}}};\n#define PORT_COUNT {}", ports.len());
    let clock = ports.iter().find(|port| port.input && port.width == 1 && verilog_name(&port.symbol) == clock);
    let _ = match clock {
        Some(port) => writeln!(text, "#define SET_CLOCK(i, level) ((i)->model->{} = (level))", port.symbol),
        None => writeln!(text, "#define SET_CLOCK(i, level) ((void)0)"),
    };
    text + SHIM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_from_a_header() {
        let header = "    VL_IN8(&clock,0,0);\n    VL_OUTW(&wo,99,0,4);\n    VL_IN64(&a__0240,63,0);\n  int x;\n    VL_OUT16((&v)[4],8,0);";
        let port = |symbol: &str, width, input| Declaration { symbol: symbol.into(), width, input };
        assert_eq!(parse_ports(header), [port("clock", 1, true), port("wo", 100, false), port("a__0240", 64, true)]);
    }

    #[test]
    fn encoded_names_are_decoded() {
        for (symbol, name) in
            [("a__0240", "a$0"), ("a___05Fb", "a__b"), ("x__02412", "x$12"), ("plain", "plain"), ("q__0", "q__0")]
        {
            assert_eq!(verilog_name(symbol), name);
        }
    }
}
