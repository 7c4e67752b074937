//! One simulated design.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::model::Raw;
use crate::model::{Loaded, Port, WidePort};
use crate::{Error, Model};

/// One simulated copy of a design. Inputs keep their value until set; outputs are those of the last evaluation.
pub struct Instance {
    raw: NonNull<Raw>,
    /// Start of the design's state, where ports are.
    base: NonNull<u8>,
    loaded: Arc<Loaded>,
}

// SAFETY: an instance owns its C++ object, whose context is its own; the thread-local pointers of Verilator's runtime are
// set anew at every call.
unsafe impl Send for Instance {}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("top", &self.loaded.top).field("time", &self.time()).finish_non_exhaustive()
    }
}

impl Instance {
    pub(crate) fn new(loaded: Arc<Loaded>, seed: u64) -> Self {
        // SAFETY: `create` has no precondition; C++'s `new` and `make_unique` return no null.
        let raw = unsafe { NonNull::new_unchecked((loaded.api.create)(seed)) };
        // SAFETY: `raw` is alive; the state is a member of the model, so its address does not change.
        let base = unsafe { NonNull::new_unchecked((loaded.api.base)(raw.as_ptr())) };
        Self { raw, base, loaded }
    }

    /// The port of this Verilog name, at most 64 bits wide; see [`Model::port`].
    pub fn port(&self, name: &str) -> Result<Port, Error> {
        self.loaded.port(name)
    }

    /// The ports `name$0` to `name$7`; see [`Model::ports8`].
    pub fn ports8(&self, name: &str) -> Result<[Port; 8], Error> {
        self.loaded.array(name)
    }

    /// The ports `name$0` to `name${N-1}`; see [`Model::port_array`].
    pub fn port_array<const N: usize>(&self, name: &str) -> Result<[Port; N], Error> {
        self.loaded.array(name)
    }

    /// The port of this Verilog name, more than 64 bits wide; see [`Model::wide_port`].
    pub fn wide_port(&self, name: &str) -> Result<WidePort, Error> {
        self.loaded.wide_port(name)
    }

    /// Sets an input to the low bits of `value`. Seen by the design at the next evaluation.
    ///
    /// # Panics
    /// If the port is an output or of another model.
    #[inline]
    pub fn set(&mut self, port: Port, value: u64) {
        assert!(port.key == self.loaded.key | 1, "set takes an input of this model");
        let value = value & port.mask;
        // SAFETY: the key says that the port is of this model, so that at `offset` of the state there is an aligned
        // integer of this size, which nobody else touches while we have `&mut self`.
        unsafe {
            let at = self.base.as_ptr().add(port.offset as usize);
            match port.log_bytes {
                0 => at.write(value as u8),
                1 => at.cast::<u16>().write(value as u16),
                2 => at.cast::<u32>().write(value as u32),
                _ => at.cast::<u64>().write(value),
            }
        }
    }

    /// The value of a port.
    ///
    /// # Panics
    /// If the port is of another model.
    #[inline]
    pub fn get(&self, port: Port) -> u64 {
        assert!(port.key & !1 == self.loaded.key, "get takes a port of this model");
        // SAFETY: as in `set`; the C++ side writes only during calls that take `&mut self`.
        unsafe {
            let at = self.base.as_ptr().add(port.offset as usize);
            match port.log_bytes {
                0 => u64::from(at.read()),
                1 => u64::from(at.cast::<u16>().read()),
                2 => u64::from(at.cast::<u32>().read()),
                _ => at.cast::<u64>().read(),
            }
        }
    }

    /// The 32-bit words of a wide port, least significant first.
    ///
    /// # Panics
    /// If the port is of another model.
    pub fn get_wide(&self, port: WidePort) -> &[u32] {
        assert!(port.key & !1 == self.loaded.key, "get_wide takes a port of this model");
        // SAFETY: as in `get`: a VlWide of this many 32-bit words.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().add(port.offset as usize).cast(), port.words as usize) }
    }

    /// Sets a wide input from 32-bit words, least significant first; words not given become zero.
    ///
    /// # Panics
    /// If the port is an output or of another model, or there are more words than it has.
    pub fn set_wide(&mut self, port: WidePort, words: &[u32]) {
        assert!(port.key == self.loaded.key | 1, "set_wide takes an input of this model");
        assert!(words.len() <= port.words as usize, "set_wide takes at most {} words", port.words);
        // SAFETY: as in `get_wide`, and `&mut self` makes it ours alone.
        let all: &mut [u32] = unsafe {
            std::slice::from_raw_parts_mut(self.base.as_ptr().add(port.offset as usize).cast(), port.words as usize)
        };
        all.fill(0);
        all[..words.len()].copy_from_slice(words);
        all[port.words as usize - 1] &= port.last_mask;
    }

    /// Evaluates the design with its inputs as they are, and advances time by one.
    #[inline]
    pub fn eval(&mut self) {
        // SAFETY: `raw` is alive until drop.
        unsafe { (self.loaded.api.eval)(self.raw.as_ptr()) }
    }

    /// One clock cycle: evaluates with the clock low, then high. Outputs are then those after the rising edge, with the
    /// inputs as they were set before it. A design without the clock is evaluated twice.
    #[inline]
    pub fn cycle(&mut self) {
        self.run(1);
    }

    /// `cycles` clock cycles with the inputs as they are.
    #[inline]
    pub fn run(&mut self, cycles: u64) {
        // SAFETY: as in `eval`.
        unsafe { (self.loaded.api.run)(self.raw.as_ptr(), cycles) }
    }

    /// Clock cycles until the port has the value after one, at most `limit`. Returns whether it came to have it.
    ///
    /// # Panics
    /// If the port is of another model.
    pub fn run_until(&mut self, port: Port, value: u64, limit: u64) -> bool {
        assert!(port.key & !1 == self.loaded.key, "run_until takes a port of this model");
        let api = self.loaded.api;
        // SAFETY: as in `eval` and `get`.
        unsafe { (api.run_until)(self.raw.as_ptr(), port.offset.into(), port.log_bytes, port.mask, value, limit) != 0 }
    }

    /// Evaluations so far: two a clock cycle.
    pub fn time(&self) -> u64 {
        // SAFETY: as in `eval`; it only reads.
        unsafe { (self.loaded.api.time)(self.raw.as_ptr()) }
    }

    /// An error once the design has stopped: `$finish`, `$stop`, `$fatal`, a failed assertion, or combinational logic
    /// that does not settle. A stopped design ignores further evaluations.
    pub fn check(&self) -> Result<(), Error> {
        // SAFETY: as in `eval`; the text is alive until the next call, and is copied before that.
        let reason = unsafe {
            let reason = (self.loaded.api.reason)(self.raw.as_ptr());
            if reason.is_null() {
                return Ok(());
            }
            CStr::from_ptr(reason).to_string_lossy().into_owned()
        };
        Err(Error::Stopped { top: self.loaded.top.clone(), time: self.time(), reason })
    }

    /// Writes a waveform from here on, until [`Instance::close_fst`] or the end of the instance. Its time is
    /// [`Instance::time`].
    pub fn open_fst(&mut self, path: &Path) -> Result<(), Error> {
        if self.loaded.api.traced == 0 {
            return Err(Error::NoTrace { top: self.loaded.top.clone() });
        }
        let failed = Error::io("creating waveform", path);
        let name = match std::fs::File::create(path).and(CString::new(path.as_os_str().as_bytes()).map_err(Into::into))
        {
            Ok(name) => name,
            Err(error) => return Err(failed(error)),
        };
        // SAFETY: as in `eval`; the name is a C string and is not kept.
        match unsafe { (self.loaded.api.trace_open)(self.raw.as_ptr(), name.as_ptr()) } {
            0 => Err(failed(std::io::Error::other("the waveform writer refused it"))),
            _ => Ok(()),
        }
    }

    /// Completes the waveform.
    pub fn close_fst(&mut self) {
        // SAFETY: as in `eval`.
        unsafe { (self.loaded.api.trace_close)(self.raw.as_ptr()) }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: `raw` came from `create` and is not used after this; the library stays until `loaded` is dropped.
        unsafe { (self.loaded.api.destroy)(self.raw.as_ptr()) }
    }
}

const _: fn() = || {
    fn shared<T: Send + Sync + Clone>() {}
    fn movable<T: Send>() {}
    shared::<Model>();
    movable::<Instance>();
};
