//! The card with AXI4 ports of 512 bits, for boards.

use std::fmt::Write;

use crate::CardSources;

/// A port of the card: name, whether it is an input, bits.
struct Port {
    name: String,
    input: bool,
    bits: usize,
}

/// Verilog of a module `TOP_board` around the card: the same ports, but each array of eight 64-bit words is one port of 512
/// bits. Add it to the card's own sources; simulation does not use it.
pub fn board_top(sources: &CardSources) -> String {
    let ports = ports(sources);
    let mut text = format!("module {}_board(\n", sources.top);
    let mut wiring = format!("    {} card(\n", sources.top);
    let mut declarations = Vec::new();
    let mut connections = Vec::new();
    for port in &ports {
        let direction = if port.input { "input" } else { "output" };
        let (name, bits) = match port.name.split_once('$') {
            None => (port.name.as_str(), port.bits),
            Some((array, "0")) => (array, 8 * port.bits),
            Some(_) => ("", 0),
        };
        if bits > 0 {
            declarations.push(format!("    {direction} wire [{}:0] {name}", bits - 1));
        }
        connections.push(match port.name.split_once('$') {
            None => format!("        .{0}({0})", port.name),
            // `\` starts an escaped identifier, which a blank ends.
            Some((array, index)) => format!("        .{array}${index} ({array}[64*{index} +: 64])"),
        });
    }
    text += &declarations.join(",\n");
    text += "\n);\n";
    wiring += &connections.join(",\n");
    _ = write!(text, "{wiring}\n    );\nendmodule\n");
    text
}

/// The top module's ports, from its declarations.
fn ports(sources: &CardSources) -> Vec<Port> {
    let head = format!("module {}(", sources.top);
    let body = sources.verilog.lines().skip_while(|line| !line.starts_with(&head)).skip(1);
    body.take_while(|line| !line.starts_with("endmodule"))
        .filter_map(|line| {
            let line = line.trim().trim_end_matches(';');
            let input = line.starts_with("input ");
            if !input && !line.starts_with("output ") {
                return None;
            }
            let name = line.rsplit(' ').next()?.to_owned();
            let bits = line
                .split_once('[')
                .and_then(|(_, rest)| rest.split_once(':')?.0.parse::<usize>().ok())
                .map_or(1, |high| high + 1);
            Some(Port { name, input, bits })
        })
        .collect()
}
