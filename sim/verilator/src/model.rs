//! A loaded model and its ports.

use std::ffi::{CStr, c_char};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use libloading::{Library, Symbol};

use crate::{Error, Instance};

/// A port of the top module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortInfo {
    /// Its name in Verilog (array elements of rust-hdl are `a$0`, `a$1`, ...).
    pub name: String,
    /// Its width in bits.
    pub width: u32,
    /// Whether it is an input.
    pub input: bool,
    /// Place in the design's state, in bytes from [`Api::base`].
    pub(crate) offset: usize,
}

/// A port of at most 64 bits. Valid for every instance of its model.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    pub(crate) offset: u32,
    pub(crate) key: u32,
    pub(crate) mask: u64,
    pub(crate) log_bytes: u32,
}

/// A port of more than 64 bits, as 32-bit words, least significant first. Valid for every instance of its model.
#[derive(Clone, Copy, Debug)]
pub struct WidePort {
    pub(crate) offset: u32,
    pub(crate) key: u32,
    pub(crate) words: u32,
    /// Valid bits of the last word.
    pub(crate) last_mask: u32,
}

/// One simulated design on the C++ side.
#[repr(C)]
pub(crate) struct Raw {
    _private: [u8; 0],
}

#[repr(C)]
struct RawPort {
    name: *const c_char,
    offset: u64,
    width: u32,
    input: u8,
}

/// `struct Api` of `shim.cpp`.
#[repr(C)]
pub(crate) struct Api {
    ports: *const RawPort,
    port_count: u32,
    pub(crate) traced: u8,
    pub(crate) create: unsafe extern "C" fn(u64) -> *mut Raw,
    pub(crate) destroy: unsafe extern "C" fn(*mut Raw),
    pub(crate) base: unsafe extern "C" fn(*mut Raw) -> *mut u8,
    pub(crate) eval: unsafe extern "C" fn(*mut Raw),
    pub(crate) run: unsafe extern "C" fn(*mut Raw, u64),
    pub(crate) run_until: unsafe extern "C" fn(*mut Raw, u64, u32, u64, u64, u64) -> u8,
    pub(crate) time: unsafe extern "C" fn(*mut Raw) -> u64,
    pub(crate) reason: unsafe extern "C" fn(*mut Raw) -> *const c_char,
    pub(crate) trace_open: unsafe extern "C" fn(*mut Raw, *const c_char) -> u8,
    pub(crate) trace_close: unsafe extern "C" fn(*mut Raw),
}

// SAFETY: a constant table of the library: nothing is written through its pointers.
unsafe impl Send for Api {}
// SAFETY: as above.
unsafe impl Sync for Api {}

pub(crate) struct Loaded {
    pub(crate) api: &'static Api,
    pub(crate) top: String,
    pub(crate) ports: Vec<PortInfo>,
    /// Tells this model's ports from those of others: even, and unique in the process.
    pub(crate) key: u32,
    /// Keeps `api` in memory; last, so that it goes last.
    _library: Library,
}

/// A loaded model. Clones share it, and its instances keep it loaded.
#[derive(Clone)]
pub struct Model {
    loaded: Arc<Loaded>,
    built: bool,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("top", &self.loaded.top).field("built", &self.built).finish_non_exhaustive()
    }
}

impl Model {
    pub(crate) fn load(path: &Path, top: &str, built: bool) -> Result<Self, Error> {
        static KEYS: AtomicU32 = AtomicU32::new(0);
        let failed = |source| Error::Load { path: path.to_owned(), source };
        // SAFETY: the file was made by this crate from its own shim and matches its manifest; its initialisers are
        // those of the C++ library and of Verilator's runtime, which expect nothing of the process.
        let library = unsafe { Library::new(path) }.map_err(failed)?;
        let api: &'static Api = {
            // SAFETY: `karat_model` has this type in `shim.cpp`.
            let get: Symbol<'_, unsafe extern "C" fn() -> *const Api> =
                unsafe { library.get(b"karat_model\0") }.map_err(failed)?;
            // SAFETY: it returns a constant of the library. The reference does not outlive the library, since both live
            // in one `Loaded` that does not let it out.
            unsafe { &*get() }
        };
        // SAFETY: `ports` has `port_count` elements in the library's constants.
        let raw = unsafe { std::slice::from_raw_parts(api.ports, api.port_count as usize) };
        let ports = raw.iter().map(|port| PortInfo {
            // SAFETY: names are string literals of the library.
            name: unsafe { CStr::from_ptr(port.name) }.to_string_lossy().into_owned(),
            width: port.width,
            input: port.input != 0,
            offset: port.offset as usize,
        });
        let ports = ports.collect();
        let key = KEYS.fetch_add(2, Ordering::Relaxed);
        let loaded = Loaded { api, top: top.to_owned(), ports, key, _library: library };
        Ok(Self { loaded: Arc::new(loaded), built })
    }

    /// A new instance, whose registers, memories and inputs start random from the seed.
    pub fn instance(&self, seed: u64) -> Instance {
        Instance::new(self.loaded.clone(), seed)
    }

    /// The top module's ports, in the order Verilator lists them.
    pub fn ports(&self) -> &[PortInfo] {
        &self.loaded.ports
    }

    /// Whether this call built the model, rather than finding it in the cache.
    pub fn was_built(&self) -> bool {
        self.built
    }

    /// The port of this Verilog name, at most 64 bits wide.
    pub fn port(&self, name: &str) -> Result<Port, Error> {
        self.loaded.port(name)
    }

    /// The ports `name$0` to `name$7`: a 512-bit beat as rust-hdl writes it.
    pub fn ports8(&self, name: &str) -> Result<[Port; 8], Error> {
        self.loaded.array(name)
    }

    /// The ports `name$0` to `name${N-1}`.
    pub fn port_array<const N: usize>(&self, name: &str) -> Result<[Port; N], Error> {
        self.loaded.array(name)
    }

    /// The port of this Verilog name, more than 64 bits wide.
    pub fn wide_port(&self, name: &str) -> Result<WidePort, Error> {
        self.loaded.wide_port(name)
    }
}

impl Loaded {
    fn find(&self, name: &str) -> Result<&PortInfo, Error> {
        self.ports.iter().find(|port| port.name == name).ok_or_else(|| {
            let mut near: Vec<&str> = self.ports.iter().map(|port| port.name.as_str()).collect();
            near.sort_by_cached_key(|other| distance(name, other));
            near.truncate(5);
            Error::PortNotFound { top: self.top.clone(), name: name.to_owned(), near: near.join(", ") }
        })
    }

    fn key(&self, port: &PortInfo) -> u32 {
        self.key | u32::from(port.input)
    }

    fn width_error(&self, port: &PortInfo) -> Error {
        Error::PortWidth { top: self.top.clone(), name: port.name.clone(), width: port.width }
    }

    pub(crate) fn port(&self, name: &str) -> Result<Port, Error> {
        let port = self.find(name)?;
        // How Verilator stores ports: CData, SData, IData, QData.
        let log_bytes = match port.width {
            1..=8 => 0,
            9..=16 => 1,
            17..=32 => 2,
            33..=64 => 3,
            _ => return Err(self.width_error(port)),
        };
        let mask = u64::MAX >> (64 - port.width);
        Ok(Port { offset: port.offset as u32, key: self.key(port), mask, log_bytes })
    }

    pub(crate) fn array<const N: usize>(&self, name: &str) -> Result<[Port; N], Error> {
        let ports: Vec<Port> = (0..N).map(|n| self.port(&format!("{name}${n}"))).collect::<Result<_, _>>()?;
        Ok(std::array::from_fn(|n| ports[n]))
    }

    pub(crate) fn wide_port(&self, name: &str) -> Result<WidePort, Error> {
        let port = self.find(name)?;
        if port.width <= 64 {
            return Err(self.width_error(port));
        }
        let last_mask = u32::MAX >> (31 - (port.width - 1) % 32);
        Ok(WidePort { offset: port.offset as u32, key: self.key(port), words: port.width.div_ceil(32), last_mask })
    }
}

/// Levenshtein distance, to offer near names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
