//! Where WebAssembly was: the frames that were active when an error left it, or when somebody asked.
//!
//! A backtrace is made of each frame's module, function and place in its code, which cost little to find. Offsets, names and
//! source lines are looked up when somebody reads them.

use crate::module::Module;
use crate::symbol::{Cut, Demangled, FrameSymbol};
use pirn_decode::FuncIdx;
use pirn_exec::FrameAt;
use std::fmt;
use std::sync::OnceLock;

/// The frames of WebAssembly that were active, the innermost first.
///
/// An [`Error`](crate::Error) that leaves WebAssembly carries the one of the moment it happened:
/// `error.downcast_ref::<WasmBacktrace>()` finds it, unless [`Config::wasm_backtrace`](crate::Config::wasm_backtrace) was
/// turned off. A function that made a tail call has no frame any more (spec 4.4.8), and functions of the host have none.
///
/// [`Display`](fmt::Display) shows a line for each frame, and with the feature `addr2line` the source lines besides.
#[derive(Debug, Clone)]
pub struct WasmBacktrace {
    frames: Box<[FrameInfo]>,
    /// Whether there are frames further out, beyond as many as are kept.
    is_cut: bool,
}

/// One frame of a [`WasmBacktrace`].
#[derive(Clone)]
pub struct FrameInfo {
    module: Module,
    func_index: FuncIdx,
    /// Where in the function's code, in bytes, and what is there.
    position: usize,
    at: FrameAt,
    /// Of the instruction, from the module's first byte.
    offset: OnceLock<Option<u32>>,
    #[cfg(feature = "addr2line")]
    symbols: OnceLock<Box<[FrameSymbol]>>,
}

impl WasmBacktrace {
    /// Of these frames, the innermost first; whether there are more.
    pub(crate) fn new(frames: Vec<FrameInfo>, is_cut: bool) -> Self {
        Self { frames: frames.into(), is_cut }
    }

    /// The frames, the innermost first: at most as many as
    /// [`Config::wasm_backtrace_max_frames`](crate::Config::wasm_backtrace_max_frames) allows.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }
}

impl FrameInfo {
    /// A frame of a function that is not imported, which is `at` byte `position` of its code.
    pub(crate) fn new(module: Module, func_index: FuncIdx, position: usize, at: FrameAt) -> Self {
        Self {
            module,
            func_index,
            position,
            at,
            offset: OnceLock::new(),
            #[cfg(feature = "addr2line")]
            symbols: OnceLock::new(),
        }
    }

    /// The module of the function.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The function's index in its module (spec 2.5.1), imports counted.
    pub fn func_index(&self) -> u32 {
        self.func_index.0
    }

    /// What the module's name section calls the function, as it stands there.
    pub fn func_name(&self) -> Option<&str> {
        self.module.func_name(self.func_index.0)
    }

    /// What its module exports the function as, if it does: the first of several names. Where the name section says none, the frame is shown by this
    /// one.
    pub fn export_name(&self) -> Option<&str> {
        self.module.func_export_name(self.func_index)
    }

    /// Offset of the instruction in the binary module, in bytes from its beginning. In the innermost frame it is the
    /// instruction that trapped, in the others the call. `None` if it is not known.
    ///
    /// The driver compares these offsets with wasmtime's. wasmtime says another one in two cases: of a conditional trap such as
    /// `if unreachable end`, the `if`; of a load that traps, sometimes the instruction that uses what is loaded.
    ///
    /// The first time it is asked, the function is lowered once more to find it, which takes some microseconds.
    pub fn module_offset(&self) -> Option<usize> {
        let offset = self.offset.get_or_init(|| self.module.offset_at(self.func_index, self.position, self.at));
        offset.map(|offset| offset as usize)
    }

    /// As [`FrameInfo::module_offset`], in bytes from the beginning of the function's body: its locals (spec 5.5.13).
    pub fn func_offset(&self) -> Option<usize> {
        let parsed = self.module.parsed();
        let body = &parsed.bodies[parsed.own(self.func_index)?];
        self.module_offset()?.checked_sub(body.start)
    }

    /// Functions and lines of the source, from the module's DWARF, an inlined function before the one it was inlined into.
    /// Nothing without DWARF, or without the feature `addr2line`.
    ///
    /// The first look at a module's DWARF reads all of it that is needed, which takes milliseconds where there is much.
    pub fn symbols(&self) -> &[FrameSymbol] {
        #[cfg(feature = "addr2line")]
        {
            self.symbols.get_or_init(|| {
                let offset = self.module_offset();
                offset.map_or_else(Default::default, |offset| self.module.symbols(offset as u64).into())
            })
        }
        #[cfg(not(feature = "addr2line"))]
        &[]
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, frame) in self.frames.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{number:>4}: {frame}")?;
        }
        if self.is_cut {
            f.write_str("\n      and more further out")?;
        }
        Ok(())
    }
}

impl std::error::Error for WasmBacktrace {}

impl fmt::Display for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.module_offset() {
            Some(offset) => write!(f, "{offset:#8x}")?,
            None => write!(f, "{:>8}", "?")?,
        }
        write!(f, " - {}!", Cut(self.module.name().unwrap_or("<unknown>")))?;
        match self.func_name().or_else(|| self.export_name()) {
            Some(name) => write!(f, "{}", Demangled(name))?,
            None => write!(f, "<wasm function {}>", self.func_index)?,
        }
        for symbol in self.symbols() {
            let Some(file) = symbol.file() else { continue };
            write!(f, "\n{:>16} {file}", "at")?;
            if let Some(line) = symbol.line() {
                write!(f, ":{line}")?;
                if let Some(column) = symbol.column() {
                    write!(f, ":{column}")?;
                }
            }
            // The outermost is the frame's function, which stands above.
            if let (Some(name), false) = (symbol.name(), std::ptr::eq(symbol, self.symbols().last().unwrap_or(symbol)))
            {
                write!(f, " in {name}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameInfo")
            .field("module", &self.module.name().map(|name| Cut(name).to_string()))
            .field("func_index", &self.func_index.0)
            .field("func_name", &self.func_name().map(|name| Cut(name).to_string()))
            .field("module_offset", &self.module_offset())
            .finish()
    }
}
