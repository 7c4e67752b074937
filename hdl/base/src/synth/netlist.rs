//! What nextpnr is told through the netlist, as it has no options for it.

use std::fmt::Write;
use std::ops::Range;

use super::Error;

/// Weights of the router. By its own ones, paths that are nearly the slowest hardly give way on wires that others want, and in a
/// datapath most are; and nets keep within three tiles of the shortest way.
const SETTINGS: &str =
    r#""settings": { "router2/currCongWeightMult": "20.0", "router2/bbMargin/x": "8", "router2/bbMargin/y": "8" },"#;

/// Tiles of look-up tables of an ECP5-85; between the rows are those of RAM and multipliers.
const COLUMNS: Range<u64> = 2..125;
const ROWS: [Range<u64>; 8] = [2..10, 11..22, 23..34, 35..46, 47..58, 59..70, 71..82, 83..94];
const TABLES: [&str; 8] = ["A.K0", "A.K1", "B.K0", "B.K1", "C.K0", "C.K1", "D.K0", "D.K1"];
/// Of how many rows one is left free.
const PERIOD: usize = 3;
/// Look-up tables in the rows left free.
pub(super) const FREE: u64 = free_rows() * (COLUMNS.end - COLUMNS.start) * TABLES.len() as u64;

const fn free_rows() -> u64 {
    let (mut rows, mut i) = (0, 0);
    while i < ROWS.len() {
        rows += ROWS[i].end - ROWS[i].start;
        i += 1;
    }
    rows.div_ceil(PERIOD as u64)
}

/// The netlist with the settings of the router, and with look-up tables without wires in the rows that are to be free.
pub(super) fn prepare(block: &str, netlist: &str, free: bool) -> Result<String, Error> {
    let missing = |missing: &str| Error::Netlist { block: block.into(), missing: missing.into() };
    let head = format!("\n    \"{block}\": {{");
    let settings_at = netlist.find(&head).ok_or_else(|| missing(&format!("module {block}")))? + head.len();
    let cells = "\n      \"cells\": {\n";
    let cells_at = settings_at + netlist[settings_at..].find(cells).ok_or_else(|| missing("cells"))? + cells.len();
    let mut text = String::with_capacity(netlist.len() + 300 * FREE as usize);
    text.push_str(&netlist[..settings_at]);
    text.push_str(SETTINGS);
    text.push_str(&netlist[settings_at..cells_at]);
    if free {
        for y in ROWS.into_iter().flatten().step_by(PERIOD) {
            for x in COLUMNS {
                for table in TABLES {
                    _ = writeln!(
                        text,
                        r#""free_{x}_{y}_{table}": {{ "hide_name": 0, "type": "TRELLIS_COMB",
                        "parameters": {{ "MODE": "LOGIC", "INITVAL": "0000000000000000" }},
                        "attributes": {{ "BEL": "X{x}/Y{y}/SLICE{table}" }}, "port_directions": {{}}, "connections": {{}} }},"#
                    );
                }
            }
        }
    }
    text.push_str(&netlist[cells_at..]);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{FREE, prepare};

    #[test]
    fn free_rows_and_settings_are_in_the_module_of_the_block() {
        let text = "{\n  \"modules\": {\n    \"leaf\": {\n      \"cells\": {\n      }\n    },\n    \"top\": {\n      \
                    \"cells\": {\n        \"a\": {}\n      }\n    }\n  }\n}\n";
        for (free, cells) in [(false, 1), (true, 1 + FREE)] {
            let netlist: Value = serde_json::from_str(&prepare("top", text, free).unwrap()).unwrap();
            let [top, leaf] = ["top", "leaf"].map(|module| &netlist["modules"][module]);
            assert_eq!(top["cells"].as_object().unwrap().len() as u64, cells);
            assert!(top["settings"].is_object() && leaf["settings"].is_null());
            assert!(leaf["cells"].as_object().unwrap().is_empty());
        }
        assert!(prepare("other", text, true).unwrap_err().to_string().contains("module other"));
    }
}
