//! Where WebAssembly was: the frames that were active when an error left it, or when somebody asked.
//!
//! A backtrace is made of the module, the function and the offset of each frame, which cost little to find
//! ([`crate::frames`]). Names and source lines are looked up when somebody reads them.

use crate::module::Module;
use std::fmt;
#[cfg(feature = "addr2line")]
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
    /// Frames further out, beyond as many as are kept.
    omitted: usize,
}

/// One frame of a [`WasmBacktrace`].
#[derive(Clone)]
pub struct FrameInfo {
    module: Module,
    func_index: u32,
    /// Of the instruction, from the module's first byte.
    offset: Option<u32>,
    #[cfg(feature = "addr2line")]
    symbols: OnceLock<Box<[FrameSymbol]>>,
}

/// A function of the source, where a [`FrameInfo`] was in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameSymbol {
    pub(crate) name: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
}

impl WasmBacktrace {
    /// Of these frames, the innermost first, and so many further out.
    pub(crate) fn new(frames: Vec<FrameInfo>, omitted: usize) -> Self {
        Self { frames: frames.into(), omitted }
    }

    /// The frames, the innermost first: at most as many as
    /// [`Config::wasm_backtrace_max_frames`](crate::Config::wasm_backtrace_max_frames) allows.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }
}

impl FrameInfo {
    pub(crate) fn new(module: Module, func_index: u32, offset: Option<u32>) -> Self {
        Self {
            module,
            func_index,
            offset,
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
        self.func_index
    }

    /// What the module's name section calls the function, as it stands there.
    pub fn func_name(&self) -> Option<&str> {
        self.module.func_name(self.func_index)
    }

    /// Offset of the instruction in the binary module, in bytes from its beginning. In the innermost frame it is the
    /// instruction that trapped, in the others the call. `None` if it is not known.
    pub fn module_offset(&self) -> Option<usize> {
        self.offset.map(|offset| offset as usize)
    }

    /// As [`FrameInfo::module_offset`], in bytes from the beginning of the function's body: its locals (spec 5.5.13).
    pub fn func_offset(&self) -> Option<usize> {
        let parsed = self.module.parsed();
        let body = &parsed.bodies[(self.func_index as usize).checked_sub(parsed.imported_funcs)?];
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
                self.offset.map_or_else(Default::default, |offset| self.module.symbols(u64::from(offset)).into())
            })
        }
        #[cfg(not(feature = "addr2line"))]
        &[]
    }
}

impl FrameSymbol {
    /// The function, demangled.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The source file.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line, the first one being 1.
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// The column, the first one being 1.
    pub fn column(&self) -> Option<u32> {
        self.column
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
        match self.omitted {
            0 => Ok(()),
            1 => f.write_str("\n      and 1 frame further out"),
            omitted => write!(f, "\n      and {omitted} frames further out"),
        }
    }
}

impl std::error::Error for WasmBacktrace {}

impl fmt::Display for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{offset:#8x}")?,
            None => write!(f, "{:>8}", "?")?,
        }
        write!(f, " - {}!", self.module.name().unwrap_or("<unknown>"))?;
        match self.func_name() {
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
            .field("module", &self.module.name())
            .field("func_index", &self.func_index)
            .field("func_name", &self.func_name())
            .field("module_offset", &self.module_offset())
            .finish()
    }
}

/// The name of a function as it was written, if it was mangled by a compiler of Rust or C++.
pub(crate) struct Demangled<'a>(pub(crate) &'a str);

impl fmt::Display for Demangled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "demangle")]
        {
            if let Ok(name) = rustc_demangle::try_demangle(self.0) {
                // Without the hash.
                return write!(f, "{name:#}");
            }
            if let Some(name) = cpp_demangle::Symbol::new(self.0).ok().and_then(|symbol| symbol.demangle().ok()) {
                return f.write_str(&name);
            }
        }
        f.write_str(self.0)
    }
}
