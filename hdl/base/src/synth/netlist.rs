//! What is done to a netlist between yosys and nextpnr, as neither has options for it.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::Error;

mod registers;

/// Weights of the router. By its own ones, paths that are nearly the slowest hardly give way on wires that others want, and in a
/// datapath most are; and nets keep within three tiles of the shortest way.
const SETTINGS: [(&str, &str); 3] =
    [("router2/currCongWeightMult", "20.0"), ("router2/bbMargin/x", "8"), ("router2/bbMargin/y", "8")];

/// Tiles of look-up tables of an ECP5-85; between the rows are those of RAM and multipliers.
const COLUMNS: Range<u64> = 2..125;
const ROWS: [Range<u64>; 8] = [2..10, 11..22, 23..34, 35..46, 47..58, 59..70, 71..82, 83..94];
const TABLES: [&str; 8] = ["A.K0", "A.K1", "B.K0", "B.K1", "C.K0", "C.K1", "D.K0", "D.K1"];

/// Rows that are left free: one in `period`.
fn free_rows(period: usize) -> impl Iterator<Item = u64> {
    ROWS.into_iter().flatten().step_by(period)
}

/// Look-up tables in the rows left free.
pub(super) fn free_tables(period: usize) -> u64 {
    free_rows(period).count() as u64 * (COLUMNS.end - COLUMNS.start) * TABLES.len() as u64
}

/// The netlist with registers in multipliers, the settings of the router, and look-up tables without wires in one row in
/// `period`, which is so left free.
pub(super) fn prepare(block: &str, netlist: &str, period: Option<usize>) -> Result<String, Error> {
    let missing = |missing: &str| Error::Netlist { block: block.into(), missing: missing.into() };
    let mut netlist: Value = serde_json::from_str(netlist).map_err(|_| missing("JSON"))?;
    let module = netlist["modules"][block].as_object_mut().ok_or_else(|| missing("module of that name"))?;
    let settings: Map<String, Value> =
        SETTINGS.map(|(name, value)| (name.to_owned(), Value::from(value))).into_iter().collect();
    module.insert("settings".into(), settings.into());
    let ports = module.get("ports").ok_or_else(|| missing("ports"))?.clone();
    let cells = module.get_mut("cells").and_then(Value::as_object_mut).ok_or_else(|| missing("cells"))?;
    registers::pack(cells, &ports);
    if let Some(period) = period {
        fill(cells, period);
    }
    Ok(netlist.to_string())
}

fn fill(cells: &mut Map<String, Value>, period: usize) {
    for y in free_rows(period) {
        for x in COLUMNS {
            for table in TABLES {
                let cell = json!({
                    "hide_name": 0,
                    "type": "TRELLIS_COMB",
                    "parameters": { "MODE": "LOGIC", "INITVAL": "0000000000000000" },
                    "attributes": { "BEL": format!("X{x}/Y{y}/SLICE{table}") },
                    "port_directions": {},
                    "connections": {},
                });
                cells.insert(format!("free_{x}_{y}_{table}"), cell);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{free_tables, prepare};

    #[test]
    fn free_rows_and_settings_are_in_the_module_of_the_block() {
        let text = r#"{ "modules": {
            "leaf": { "ports": {}, "cells": {} },
            "top": { "ports": {}, "cells": { "a": { "type": "LUT4", "port_directions": {}, "connections": {} } } }
        } }"#;
        for (period, cells) in [(None, 1), (Some(3), 1 + free_tables(3)), (Some(5), 1 + free_tables(5))] {
            let netlist: Value = serde_json::from_str(&prepare("top", text, period).unwrap()).unwrap();
            let [top, leaf] = ["top", "leaf"].map(|module| &netlist["modules"][module]);
            assert_eq!(top["cells"].as_object().unwrap().len() as u64, cells);
            assert!(top["settings"].is_object() && leaf["settings"].is_null());
            assert!(leaf["cells"].as_object().unwrap().is_empty());
        }
        assert!(prepare("other", text, Some(3)).unwrap_err().to_string().contains("module"));
    }
}
