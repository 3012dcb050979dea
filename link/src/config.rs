//! What an engine may be asked to do differently.

use crate::limits::StoreLimits;

/// When functions are lowered to threaded code. Modules are validated wholly by `Module::new` in either mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CompilationMode {
    /// Each function on its first call: the quickest start, and nothing is spent on functions that never run.
    #[default]
    Lazy,
    /// All functions in `Module::new`: no call pays for lowering.
    Eager,
}

/// Settings of an `Engine`, in the manner of a builder.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) stack_bytes: usize,
    pub(crate) max_nested_entries: u32,
    pub(crate) mode: CompilationMode,
    pub(crate) fuse: bool,
    pub(crate) loop_registers: bool,
    pub(crate) limits: StoreLimits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            stack_bytes: 8 << 20,
            max_nested_entries: 256,
            mode: CompilationMode::default(),
            fuse: true,
            loop_registers: true,
            limits: StoreLimits::default(),
        }
    }
}

impl Config {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of a store's value stack, on which all WebAssembly frames lie; calls that pass its end trap with
    /// `Trap::StackOverflow`. The default is 8 MiB. The system commits only what is used.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Self {
        self.stack_bytes = bytes;
        self
    }

    /// How many calls from the host into WebAssembly may be nested (through host functions that call WebAssembly
    /// again) before the next one traps with `Trap::StackOverflow`. Only these calls use the native stack. The default
    /// is 256.
    pub fn max_nested_entries(&mut self, entries: u32) -> &mut Self {
        self.max_nested_entries = entries;
        self
    }

    /// When functions are lowered; [`CompilationMode::Lazy`] by default.
    pub fn compilation_mode(&mut self, mode: CompilationMode) -> &mut Self {
        self.mode = mode;
        self
    }

    /// Whether several operations may become one handler (true by default). Turning it off gives slow code with the
    /// same meaning, to find out whether fusion is to blame for something.
    pub fn fuse(&mut self, fuse: bool) -> &mut Self {
        self.fuse = fuse;
        self
    }

    /// Whether innermost loops may keep locals in registers (true by default). Turning it off serves the same purpose as
    /// turning off [`Config::fuse`].
    pub fn loop_registers(&mut self, loop_registers: bool) -> &mut Self {
        self.loop_registers = loop_registers;
        self
    }

    /// The limits every new store begins with; `Store::set_limits` changes them for one store.
    pub fn limits(&mut self, limits: StoreLimits) -> &mut Self {
        self.limits = limits;
        self
    }
}
