//! What an engine may be asked to do differently.

use crate::limits::StoreLimits;
use pirn_decode::{Features, ModuleLimits, Proposal};

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
    pub(crate) consume_fuel: bool,
    pub(crate) text_size: usize,
    pub(crate) module_limits: ModuleLimits,
    pub(crate) features: Features,
    pub(crate) limits: StoreLimits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            stack_bytes: 8 << 20,
            max_nested_entries: 256,
            mode: CompilationMode::default(),
            fuse: true,
            consume_fuel: false,
            text_size: usize::MAX,
            module_limits: ModuleLimits::default(),
            features: Features::default(),
            limits: StoreLimits::default(),
        }
    }
}

impl Config {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Settings for modules of strangers, who may mean ill. What an embedder wants otherwise is set on top.
    ///
    /// | setting | value | why |
    /// |---|---|---|
    /// | [`consume_fuel`](Config::consume_fuel) | yes | nothing else stops a loop. A store begins without: `Store::set_fuel` gives it some |
    /// | [`max_wasm_stack`](Config::max_wasm_stack) | 1 MiB | a module may fill it, and that of each resumable call. Recursion of 20,000 small frames fits |
    /// | [`max_nested_entries`](Config::max_nested_entries) | 24 | through host functions that call WebAssembly, the module chooses how deep the native stack gets: on a thread of 2 MiB each of them may take 64 KiB |
    /// | [`max_text_size`](Config::max_text_size) | 0 | text can take time quadratic in its size to read |
    /// | [`module_limits`](Config::module_limits) | [`ModuleLimits::untrusted`] | bound the time and memory that making a module takes |
    /// | [`limits`](Config::limits) | [`StoreLimits::untrusted`] | bound the memory that running it takes |
    ///
    /// What host functions do for a module remains the embedder's to bound.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Config, Engine, Linker, Module, Store, Trap};
    ///
    /// let engine = Engine::new(&Config::untrusted())?;
    /// # let stranger = wat::parse_str(r#"(module
    /// #     (func (export "answer") (result i32) (i32.const 42))
    /// #     (func (export "hang") (loop $again (br $again))))"#).unwrap();
    /// // `stranger` is bytes from somewhere.
    /// let module = Module::from_binary(&engine, &stranger)?;
    ///
    /// // A store of its own: when it is dropped, all that the module took is free again.
    /// let mut store = Store::new(&engine, ());
    /// store.set_fuel(1_000_000)?;
    /// let linker = Linker::new(&engine); // Define what it may call.
    /// let instance = linker.instantiate(&mut store, &module)?;
    /// let answer = instance.get_typed_func::<(), i32>(&store, "answer")?;
    /// assert_eq!(answer.call(&mut store, ())?, 42);
    ///
    /// let hang = instance.get_typed_func::<(), ()>(&store, "hang")?;
    /// assert_eq!(hang.call(&mut store, ()).unwrap_err().trap(), Some(Trap::OutOfFuel));
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    pub fn untrusted() -> Self {
        Self {
            stack_bytes: 1 << 20,
            max_nested_entries: 24,
            consume_fuel: true,
            text_size: 0,
            module_limits: ModuleLimits::untrusted(),
            limits: StoreLimits::untrusted(),
            ..Self::default()
        }
    }

    /// Bytes of a value stack, rounded down to words of 8, on which the frames of all WebAssembly lie that a call from the
    /// host runs; calls that pass its end trap with `Trap::StackOverflow`. The default is 8 MiB. A store has one only while
    /// something runs in it, and a resumable call as long as it is paused. The system commits only what is used; threads
    /// keep a stack of up to 16 MiB for their next call. `Engine::new` refuses more than `isize::MAX / 2`.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Self {
        self.stack_bytes = bytes;
        self
    }

    /// How many calls from the host into WebAssembly may be nested (through host functions that call WebAssembly
    /// again) before the next one traps with `Trap::StackOverflow`. The default is 256.
    ///
    /// Only these calls use the native stack, and each takes as much of it as the host function between it and the one
    /// before, and some KiB for the call itself (1 KiB in a release build). Nobody compares that with what there is: if it does not suffice for so many, it overflows, and the
    /// system aborts the process. So multiply, and choose less for threads with a small stack.
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

    /// Whether executing WebAssembly consumes fuel (false by default, at no cost). A store begins with none:
    /// `Store::set_fuel` gives it some. When it does not suffice to go on, the execution traps with `Trap::OutOfFuel`, or
    /// pauses, if it was begun with `Func::call_resumable`.
    ///
    /// What costs how much is the same on every machine and in every run:
    ///
    /// - *Operators*: a function's operators outside of loops are paid for together, one unit each, whenever the function
    ///   is entered; those of a loop, outside of the loops in it, whenever an iteration begins. `nop`, `drop`, `block`,
    ///   `loop`, `else` and `end` are free, and so are operators that can never be reached, such as those behind a `br`;
    ///   but entering a function or an iteration costs 1 at least. Of an `if` or a `br_table` all arms are paid for,
    ///   whichever is taken. So no more operators that cost are executed than fuel is consumed, and what an iteration or
    ///   a call costs can be read off the module's text.
    /// - *Words*: entering a function costs one more unit for every 8 of its locals, parameters not counted, since they are
    ///   zeroed, and for every 8 of its results; a branch or `return` costs one more for every 8 values it takes. All are
    ///   rounded down.
    /// - *Sizes*: `memory.fill`, `memory.copy`, `memory.init`, `memory.grow` and their like for tables cost one more unit
    ///   for every 64 bytes they write or add, rounded down, an element being 8 bytes. Growing that the maximum forbids
    ///   adds nothing, and what traps for reaching beyond the end costs no more than the whole memory or table.
    /// - *Host functions* cost nothing but the `call`; they may charge more with `Caller::set_fuel`.
    ///
    /// What there is not enough fuel for is not begun: fuel is never negative.
    pub fn consume_fuel(&mut self, consume: bool) -> &mut Self {
        self.consume_fuel = consume;
        self
    }

    /// Whether executing consumes fuel: see [`Config::consume_fuel`].
    pub fn consumes_fuel(&self) -> bool {
        self.consume_fuel
    }

    /// Most bytes of a module in the text format that `Module::new` reads; with 0 it reads none, and binaries only. There is
    /// no limit by default: see `Module::new` for what text costs.
    pub fn max_text_size(&mut self, bytes: usize) -> &mut Self {
        self.text_size = bytes;
        self
    }

    /// The limits of modules; by default they may have all that WebAssembly allows.
    pub fn module_limits(&mut self, limits: ModuleLimits) -> &mut Self {
        self.module_limits = limits;
        self
    }

    /// The limits every new store begins with; `Store::set_limits` changes them for one store.
    pub fn limits(&mut self, limits: StoreLimits) -> &mut Self {
        self.limits = limits;
        self
    }
}

macro_rules! switches {
    ($($(#[$doc:meta])* $name:ident: $proposal:ident;)*) => {
        /// Which proposals modules may use. By default all that pirn supports are allowed. [`Engine::new`](crate::Engine::new)
        /// refuses settings that allow one it does not support; a module that uses one that is not allowed is refused by
        /// [`Module::new`](crate::Module::new).
        impl Config {
            $(
                $(#[$doc])*
                pub fn $name(&mut self, enable: bool) -> &mut Self {
                    self.features.set(Proposal::$proposal, enable);
                    self
                }
            )*
        }
    };
}
switches! {
    /// Mutable globals that are imported or exported (allowed by default).
    wasm_mutable_global: MutableGlobal;
    /// Conversions from floats to integers that do not trap (allowed by default).
    wasm_saturating_float_to_int: SaturatingFloatToInt;
    /// `i32.extend8_s` and its like (allowed by default).
    wasm_sign_extension: SignExtension;
    /// Several results of functions and blocks, parameters of blocks (allowed by default).
    wasm_multi_value: MultiValue;
    /// `memory.copy` and its like, passive segments (allowed by default).
    wasm_bulk_memory: BulkMemory;
    /// References as values, several tables, and instructions on tables (allowed by default).
    wasm_reference_types: ReferenceTypes;
    /// `return_call` and `return_call_indirect` (allowed by default).
    wasm_tail_call: TailCall;
    /// Addition, subtraction and multiplication in constant expressions (allowed by default).
    wasm_extended_const: ExtendedConst;
    /// Vectors of 128 bits (not supported).
    wasm_simd: Simd;
    /// Relaxed vector instructions (not supported).
    wasm_relaxed_simd: RelaxedSimd;
    /// Shared memories and atomic instructions (not supported).
    wasm_threads: Threads;
    /// Threads that share everything (not supported).
    wasm_shared_everything_threads: SharedEverythingThreads;
    /// Several memories (not supported).
    wasm_multi_memory: MultiMemory;
    /// Memories and tables with 64-bit indices (not supported).
    wasm_memory64: Memory64;
    /// Exceptions (not supported).
    wasm_exceptions: Exceptions;
    /// Typed references to functions (not supported).
    wasm_function_references: FunctionReferences;
    /// Structs, arrays and casts (not supported).
    wasm_gc: Gc;
    /// Memories with pages of one byte (not supported).
    wasm_custom_page_sizes: CustomPageSizes;
    /// `i64.add128` and its like (not supported).
    wasm_wide_arithmetic: WideArithmetic;
    /// Continuations (not supported).
    wasm_stack_switching: StackSwitching;
    /// Components (not supported).
    wasm_component_model: ComponentModel;
}
