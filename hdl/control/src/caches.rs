//! Larger caches for the packaged processor.
//!
//! The package has VexRiscv with caches of 4 KiB at most, and its generator needs a JVM. Less than half of what the firmware runs
//! again and again fits, and with every line that is missing 13 cycles go by. The generator writes the size of a cache as plain
//! numbers in the cache's own module: here they are replaced, in the text of the package whose hash is pinned.

/// log2 of the bytes of the packaged caches.
const PACKAGED: u32 = 12;
/// log2 of the bytes of a line.
const LINE: u32 = 5;

/// log2 of the bytes of the instruction cache: all of boot RAM. There is one way, and with half of it, how soon a doorbell is answered
/// depends on which functions the linker happens to put 32 KiB apart: 519 to 592 cycles or 586 to 644.
pub const LOG_INSTRUCTION_CACHE: u32 = 16;
/// log2 of the bytes of the data cache: all state of the firmware.
pub const LOG_DATA_CACHE: u32 = 14;

/// The processor's Verilog is not that of the pinned package.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A cache is missing.
    #[error("the processor has no module {0}")]
    Module(&'static str),
    /// It is made in another way.
    #[error("module {module} of the processor does not say `{text}`")]
    Text {
        /// The cache.
        module: &'static str,
        /// What it should say somewhere.
        text: String,
    },
}

/// The processor as the card has it, from the packaged Verilog of the variant [`crate::PROCESSOR`].
pub fn processor_verilog(packaged: &str) -> Result<String, Error> {
    let verilog = resize(packaged, "InstructionCache", "lineLoader_flushCounter", LOG_INSTRUCTION_CACHE)?;
    resize(&verilog, "DataCache", "stageB_flusher_counter", LOG_DATA_CACHE)
}

/// What the module of a cache of 2^`log` bytes says about its size, in an order in which a larger cache's numbers do not meet those
/// that are still to be replaced. `counter` clears a line a cycle after reset; its top bit says that it is done.
fn sizes(counter: &str, log: u32) -> [String; 13] {
    let (word, line, tag) = (log - 2, log - LINE, 32 - log);
    [
        // Parts of an address.
        format!("[{} : {LINE}]", log - 1),
        format!("[{} : 2]", log - 1),
        format!("[31 : {log}]"),
        // A tag's part of an entry; a tag; the entry with its two flags.
        format!("[{} : 2]", tag + 1),
        format!("[{}:0]", tag - 1),
        format!("[{}:0]", tag + 1),
        // The memories.
        format!("[0:{}]", (1 << word) - 1),
        format!("[0:{}]", (1 << line) - 1),
        // Numbers of words and of lines.
        format!("[{}:0] ", word - 1),
        format!("[{}:0] ", line - 1),
        // The counter.
        format!("[{line}:0]    {counter}"),
        format!("{counter}[{line}]"),
        format!("{}'h0", line + 1),
    ]
}

fn resize(verilog: &str, module: &'static str, counter: &str, log: u32) -> Result<String, Error> {
    let start = verilog.find(&format!("module {module} (")).ok_or(Error::Module(module))?;
    let length = verilog[start..].find("endmodule").ok_or(Error::Module(module))?;
    let (before, rest) = verilog.split_at(start);
    let (cache, after) = rest.split_at(length);
    // The counter's slice is written in two ways.
    let mut cache = cache.replace(&format!("{counter}[6 : 0]"), &format!("{counter}[6:0] "));
    cache = cache.replace(&format!("{counter}[6:0];"), &format!("{counter}[6:0] ;"));
    for (from, to) in sizes(counter, PACKAGED).into_iter().zip(sizes(counter, log)) {
        if !cache.contains(&from) {
            return Err(Error::Text { module, text: from });
        }
        cache = cache.replace(&from, &to);
    }
    Ok([before, &cache, after].concat())
}

#[cfg(test)]
mod tests {
    use super::{Error, processor_verilog, resize};

    #[test]
    fn another_processor_is_refused() {
        assert!(matches!(processor_verilog("module VexRiscv ();"), Err(Error::Module("InstructionCache"))));
        let other = "module InstructionCache (\n input [11 : 5] a);\nendmodule";
        let error = processor_verilog(other).unwrap_err();
        assert_eq!(error.to_string(), "module InstructionCache of the processor does not say `[11 : 2]`");
    }

    #[test]
    fn a_cache_of_the_packaged_size_stays_as_it_is_but_for_spaces() {
        let text = "module C (\nx[11 : 5] x[11 : 2] x[31 : 12] x[21 : 2] x[19:0] x[21:0] m[0:1023] t[0:127] w[9:0] l[6:0] \
                    r[7:0]    n; n[7] 8'h0 n[6:0] ;\nendmodule";
        assert_eq!(resize(text, "C", "n", 12).unwrap(), text);
    }
}
