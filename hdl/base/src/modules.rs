//! Merging of equal modules: rust-hdl emits one module an instance, named by the path of the instance.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

/// Comment line by which a leaf proposes its module's name.
pub(crate) const NAME_HINT: &str = "// module ";

/// Comment line by which a leaf asks synthesis to leave its module as it is.
pub(crate) const KEEP: &str = "// keep";

/// One emitted module: lines of its body between `module` and `endmodule`.
struct Module<'a> {
    ports: &'a str,
    body: Vec<&'a str>,
}

/// Rewrites rust-hdl's Verilog with every set of equal modules merged into one, in the order children before parents.
///
/// Modules are named by the hint in their body, else `top_instance` after the first instance in order of path.
pub(crate) fn merge(top: &str, verilog: &str) -> Result<String, String> {
    let modules = split(verilog)?;
    if !modules.contains_key(top) {
        return Err("the top module was not emitted".into());
    }
    let mut merger =
        Merger { modules, kinds: HashMap::new(), by_text: HashMap::new(), taken: HashMap::new(), out: String::new() };
    // The top keeps its name.
    merger.taken.insert(top.to_owned(), 0);
    merger.place(top, top)?;
    Ok(merger.out)
}

fn split(verilog: &str) -> Result<BTreeMap<&str, Module<'_>>, String> {
    let mut modules = BTreeMap::new();
    let mut open: Option<(&str, Module)> = None;
    for line in verilog.lines().map(str::trim_end) {
        let bare = line.trim_start();
        // rust-hdl puts this before a wrapped leaf.
        if bare.starts_with("// v--") {
            continue;
        }
        if let Some((name, module)) = &mut open {
            if bare.starts_with("endmodule") {
                let (name, module) = (*name, std::mem::replace(module, Module { ports: "", body: vec![] }));
                modules.insert(name, module);
                open = None;
            } else if !bare.is_empty() {
                module.body.push(line);
            }
        } else if let Some(head) = bare.strip_prefix("module ") {
            let (name, ports) = head.split_once('(').ok_or_else(|| format!("no port list in `{bare}`"))?;
            open = Some((name, Module { ports, body: vec![] }));
        } else if !bare.is_empty() {
            return Err(format!("`{bare}` stands outside every module; leaves bring no other modules"));
        }
    }
    match open {
        Some((name, _)) => Err(format!("module {name} does not end")),
        None => Ok(modules),
    }
}

struct Merger<'a> {
    modules: BTreeMap<&'a str, Module<'a>>,
    /// Merged name of every module placed so far.
    kinds: HashMap<&'a str, String>,
    /// Merged name by ports and body.
    by_text: HashMap<String, String>,
    /// Names in use, with the number of the last suffix.
    taken: HashMap<String, usize>,
    out: String,
}

impl<'a> Merger<'a> {
    /// Places module `path` after its children and returns its merged name.
    fn place(&mut self, top: &str, path: &str) -> Result<String, String> {
        if let Some(kind) = self.kinds.get(path) {
            return Ok(kind.clone());
        }
        let (path, module) = self
            .modules
            .remove_entry(path)
            .ok_or_else(|| format!("module {path} is used but not emitted, or uses itself"))?;
        let mut text = format!("({}\n", module.ports);
        for line in &module.body {
            match self.instance(path, line) {
                Some((child, rest)) => {
                    let kind = self.place(top, child)?;
                    let indent = &line[..line.len() - line.trim_start().len()];
                    _ = writeln!(text, "{indent}{kind} {rest}");
                }
                None => _ = writeln!(text, "{line}"),
            }
        }
        text += "endmodule\n";
        let kind = match self.by_text.get(&text) {
            Some(kind) => kind.clone(),
            None => {
                let kind = if path == top { top.to_owned() } else { self.name(top, path, &module) };
                if module.body.iter().any(|line| line.trim() == KEEP) {
                    self.out += "(* keep_hierarchy *)\n";
                }
                _ = writeln!(self.out, "module {kind}{text}");
                self.by_text.insert(text, kind.clone());
                kind
            }
        };
        self.kinds.insert(path, kind.clone());
        Ok(kind)
    }

    /// Splits the first line of an instance, `KIND NAME(`, if KIND is a module below `parent`.
    fn instance<'l>(&self, parent: &str, line: &'l str) -> Option<(&'l str, &'l str)> {
        let (kind, rest) = line.trim_start().split_once(' ')?;
        let below = kind.strip_prefix(parent)?.starts_with('$');
        (below && rest.ends_with('(')).then_some((kind, rest))
    }

    fn name(&mut self, top: &str, path: &str, module: &Module) -> String {
        let hint = module.body.iter().find_map(|line| line.trim_start().strip_prefix(NAME_HINT));
        let stem = match hint {
            Some(hint) => hint.trim().to_owned(),
            None => {
                let numeric = |part: &&str| !part.bytes().all(|b| b.is_ascii_digit());
                let instance = path.rsplit('$').find(numeric).unwrap_or(path);
                format!("{top}_{instance}")
            }
        };
        match self.taken.get_mut(&stem) {
            None => {
                self.taken.insert(stem.clone(), 0);
                stem
            }
            Some(last) => {
                *last += 1;
                let name = format!("{stem}_{last}");
                self.taken.insert(name.clone(), 0);
                name
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::merge;

    #[test]
    fn equal_modules_become_one() {
        let text = "module t(a);\n input wire a;\n t$x x(\n .a(x$a)\n );\n t$y$0 y$0(\n .a(y$0$a)\n );\nendmodule // t\n\
                    module t$x(a);\n input wire a;\nendmodule // t$x\n\
                    module t$y$0(a);\n input wire a;\nendmodule // t$y$0\n";
        let merged = merge("t", text).unwrap();
        assert_eq!(merged.matches("endmodule").count(), 2);
        assert!(merged.contains("t_x x(") && merged.contains("t_x y$0("));
    }

    #[test]
    fn only_a_module_that_asks_for_it_is_kept() {
        let text = "module t(a);\n input wire a;\n t$x x(\n .a(x$a)\n );\nendmodule // t\n\
                    module t$x(a);\n input wire a;\n // keep\nendmodule // t$x\n";
        let merged = merge("t", text).unwrap();
        assert_eq!(merged.matches("keep_hierarchy").count(), 1);
        assert!(merged.contains("(* keep_hierarchy *)\nmodule t_x("));
    }

    #[test]
    fn a_module_inside_a_leaf_is_refused() {
        let text = "module t(a);\nendmodule\nassign x = y;\n";
        assert!(merge("t", text).unwrap_err().contains("assign x = y;"));
    }
}
