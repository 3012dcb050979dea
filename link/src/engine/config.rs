//! Settings of an engine.

use crate::engine::limits::StoreLimits;
use pirn_decode::{Features, ModuleLimits, Proposal};
use pirn_exec::GcStress;

/// When functions are lowered to threaded code. In either mode `Module::new` validates the whole module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CompilationMode {
    /// Each function is lowered on its first call. This starts fastest, and spends nothing on functions that never run.
    #[default]
    Lazy,
    /// `Module::new` lowers all functions. No call pays for lowering.
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
    pub(crate) epoch_interruption: bool,
    pub(crate) deterministic: bool,
    pub(crate) backtrace: bool,
    pub(crate) backtrace_frames: usize,
    pub(crate) text_size: usize,
    pub(crate) module_limits: ModuleLimits,
    pub(crate) features: Features,
    pub(crate) gc_stress: GcStress,
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
            epoch_interruption: false,
            deterministic: false,
            backtrace: true,
            backtrace_frames: 20,
            text_size: usize::MAX,
            module_limits: ModuleLimits::default(),
            features: Features::default(),
            gc_stress: GcStress::None,
            limits: StoreLimits::default(),
        }
    }
}

impl Config {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Settings for modules of strangers, who may be hostile. An embedder changes single settings afterwards.
    ///
    /// | setting | value | why |
    /// |---|---|---|
    /// | [`consume_fuel`](Config::consume_fuel) | yes | nothing else stops a loop. A store begins without: `Store::set_fuel` gives it some |
    /// | [`max_wasm_stack`](Config::max_wasm_stack) | 1 MiB | a module may fill it, and that of each resumable call. Recursion of 20,000 small frames fits |
    /// | [`max_nested_entries`](Config::max_nested_entries) | 24 | through host functions that call WebAssembly, the module chooses how deep the native stack gets: on a thread of 2 MiB each of them may take 64 KiB |
    /// | [`max_text_size`](Config::max_text_size) | 0 | text can take time quadratic in its size to read |
    /// | [`module_limits`](Config::module_limits) | [`ModuleLimits::untrusted`] | bound the time and memory that making a module takes |
    /// | [`limits`](Config::limits) | [`StoreLimits::untrusted`] | bound the memory that running it takes |
    /// | [`wasm_threads`](Config::wasm_threads) | no | waiting for another thread consumes no fuel |
    ///
    /// The embedder has to bound what host functions do for a module.
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
        let mut config = Self {
            stack_bytes: 1 << 20,
            max_nested_entries: 24,
            consume_fuel: true,
            text_size: 0,
            module_limits: ModuleLimits::untrusted(),
            limits: StoreLimits::untrusted(),
            ..Self::default()
        };
        config.wasm_threads(false);
        config
    }

    /// Sets the size of a value stack in bytes, rounded down to words of 8 bytes. The default is 8 MiB. In one too small for any frame,
    /// of 0 bytes for instance, every call traps.
    ///
    /// The frames of all WebAssembly functions that one call from the host runs lie on one value stack. A call that would pass
    /// its end traps with `Trap::StackOverflow`.
    ///
    /// A store has a value stack only while something runs in it. A resumable call has one of its own while it runs; a paused one holds just
    /// its frames ([`Paused`](crate::Paused)). The system commits only what is used. A thread keeps two stacks of up to 16 MiB for its next
    /// calls. `Engine::new` refuses more than `isize::MAX / 2` bytes.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Self {
        self.stack_bytes = bytes;
        self
    }

    /// Sets how many calls from the host into WebAssembly may be nested, through host functions that call WebAssembly again.
    /// One more traps with `Trap::StackOverflow`. The default is 256.
    ///
    /// Only these calls use the native stack. Each takes what the host function takes that stands between it and the call
    /// before, and about 1 KiB for itself in a release build (some KiB in a debug build). pirn does not compare this with the
    /// native stack there is. If the stack is too small, it overflows, and the system aborts the process. So multiply, and set a
    /// lower limit for threads with a small stack.
    pub fn max_nested_entries(&mut self, entries: u32) -> &mut Self {
        self.max_nested_entries = entries;
        self
    }

    /// Sets when functions are lowered. The default is [`CompilationMode::Lazy`].
    pub fn compilation_mode(&mut self, mode: CompilationMode) -> &mut Self {
        self.mode = mode;
        self
    }

    /// Sets whether lowering may join several operations in one handler. The default is true. Without it, code is slow and has
    /// the same meaning: so one finds out whether fusion is to blame for something.
    pub fn fuse(&mut self, fuse: bool) -> &mut Self {
        self.fuse = fuse;
        self
    }

    /// Sets whether executing WebAssembly consumes fuel. The default is false, and costs nothing.
    ///
    /// A store begins without fuel: `Store::set_fuel` gives it some. When the fuel does not suffice to go on, the execution traps
    /// with `Trap::OutOfFuel`, or pauses if it was begun with `Func::call_resumable`.
    ///
    /// Costs are the same on every machine and in every run:
    ///
    /// - *Operators* cost one unit each, and so do the clauses of a `try_table`, whenever it is entered. `nop`, `drop`, `block`, `loop`,
    ///   `else`, `end`, `try_table` itself, `try` and `delegate` are free, and so are operators that can never be reached, such as
    ///   those behind a `br`. A function's operators outside its loops are paid for together when the function is entered. A loop's operators outside its inner loops are paid for together when an iteration begins.
    ///   Entering a function or an iteration costs at least 1. All arms of an `if` or a `br_table` are paid for, whichever is
    ///   taken. So a program consumes at least one unit for each operator it executes that is not free, and the cost of a call
    ///   or an iteration can be read off the module's text.
    /// - *Exceptions*: finding a handler costs nothing more; the frames that are left were paid for when they were entered.
    /// - *Words*: entering a function costs one more unit for every 8 words of its locals that are not parameters, because they
    ///   may have to be zeroed, and one more for every 8 words of its results. A branch or `return` costs one more for every 8
    ///   words of the values it takes, and a `throw` one more for every 8 words of its values. All are rounded down. A `v128` has
    ///   two words, any other value one.
    /// - *Sizes*: `memory.fill`, `memory.copy`, `memory.init`, `memory.grow` and their like for tables cost one more unit for
    ///   every 64 bytes they write or add, rounded down. An element counts as 8 bytes. Growing that the maximum forbids adds
    ///   nothing. What traps because it reaches beyond the end costs no more than the whole memory or table would.
    /// - *Structs and arrays*: `struct.new`, `struct.new_default` and `array.new_fixed` cost one more unit for every 8 words of the fields or
    ///   elements; other instructions that make arrays, fill or copy them, one more for every 64 bytes, of elements that count as 8 bytes each,
    ///   also of those that trap, for however many elements they are told.
    ///   `any.convert_extern` and `extern.convert_any` are free. Collecting costs nothing.
    /// - *Host functions* cost nothing but the `call`. They may charge more with `Caller::set_fuel`.
    ///
    /// An operation is not begun if there is not enough fuel for it, so fuel is never negative.
    pub fn consume_fuel(&mut self, consume: bool) -> &mut Self {
        self.consume_fuel = consume;
        self
    }

    /// Sets whether executions are interrupted at their store's deadline. The default is false, and costs nothing.
    ///
    /// A deadline is an epoch: a number that [`Engine::increment_epoch`](crate::Engine::increment_epoch) counts up, by whoever has
    /// the time. When the store's deadline ([`Store::set_epoch_deadline`](crate::Store::set_epoch_deadline)) has passed, what runs
    /// in the store traps with `Trap::Interrupt`, or does as a callback says
    /// ([`Store::epoch_deadline_callback`](crate::Store::epoch_deadline_callback)). **A new store's deadline has passed already**,
    /// as in wasmtime: set one before anything runs.
    ///
    /// Code asks for the epoch where loops branch back, at the beginning of functions that call or are long, and between calls or
    /// operations in a row; operations on memories, tables and arrays of more than 128 KiB ask in between, and so does copying segments
    /// of a mebibyte and more while a module is instantiated, and looking for who catches an exception. An operation that is interrupted may have been done in part. So a
    /// deadline is noticed within a millisecond or so, but for these:
    ///
    /// - what host functions do, and looking for who catches what they throw;
    /// - lowering a function at its first call ([`CompilationMode::Eager`] leaves none);
    /// - what is collected at once ([`Store::gc`](crate::Store::gc) says when; it takes the longer the larger the
    ///   [heap](crate::StoreLimitsBuilder::gc_heap) is);
    /// - arrays that constant expressions make while a module is instantiated (which that bounds, too);
    /// - `table.grow` of a table whose elements cannot be null (a millisecond or so for each million; the store's limits of
    ///   [tables](crate::StoreLimitsBuilder::table_elements) bound it).
    ///
    /// This is cheaper than [fuel](Config::consume_fuel), and says how long something may take; but when it stops, no two runs
    /// agree on. Both may be on.
    pub fn epoch_interruption(&mut self, enable: bool) -> &mut Self {
        self.epoch_interruption = enable;
        self
    }

    /// Sets whether results are the same on every machine, bit by bit. The default is false.
    ///
    /// Two things may differ between machines otherwise: which NaN floating-point operators give (spec 4.3.3), and what
    /// the operators of relaxed SIMD do, each of which has a few results to choose from. With this, every NaN that is
    /// computed is the positive canonical one, of scalars and of vectors, and relaxed operators do what the
    /// specification's deterministic profile says. It costs a few instructions for each operator that computes floats.
    pub fn relaxed_simd_deterministic(&mut self, enable: bool) -> &mut Self {
        self.deterministic = enable;
        self
    }

    /// Whether errors that leave WebAssembly carry a [`WasmBacktrace`](crate::WasmBacktrace) (true by default). It costs nothing
    /// while nothing fails, and a microsecond or two when something does.
    pub fn wasm_backtrace(&mut self, enable: bool) -> &mut Self {
        self.backtrace = enable;
        self
    }

    /// How many frames a [`WasmBacktrace`](crate::WasmBacktrace) has at most, the innermost ones (20 by default). With 0 it has
    /// none, and says that there were more.
    pub fn wasm_backtrace_max_frames(&mut self, frames: usize) -> &mut Self {
        self.backtrace_frames = frames;
        self
    }

    /// Whether executing consumes fuel: see [`Config::consume_fuel`].
    pub fn consumes_fuel(&self) -> bool {
        self.consume_fuel
    }

    /// Sets the most bytes that a module in the text format may have. With 0, `Module::new` reads binaries only. By default there
    /// is no limit. `Module::new` says what reading text costs.
    pub fn max_text_size(&mut self, bytes: usize) -> &mut Self {
        self.text_size = bytes;
        self
    }

    /// Sets what stores do about collecting garbage whenever something is allocated: `true` is [`GcStress::Collect`]. By default that is
    /// nothing ([`GcStress::None`]). It is for tests that look for references that are not kept rooted; it makes allocating slow.
    pub fn gc_stress(&mut self, stress: impl Into<GcStress>) -> &mut Self {
        self.gc_stress = stress.into();
        self
    }

    /// Sets the limits of modules. By default modules may have all that WebAssembly allows.
    pub fn module_limits(&mut self, limits: ModuleLimits) -> &mut Self {
        self.module_limits = limits;
        self
    }

    /// Sets the limits that every new store begins with. `Store::set_limits` changes them for one store.
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
    /// Vectors of 128 bits (allowed by default).
    wasm_simd: Simd;
    /// Vector instructions whose results may differ between machines (allowed by default): see
    /// [`Config::relaxed_simd_deterministic`].
    wasm_relaxed_simd: RelaxedSimd;
    /// Shared memories and atomic instructions (allowed by default). `memory.atomic.wait32` and `memory.atomic.wait64` block the
    /// thread, also in async calls; what ends them besides a notification and their time is a deadline.
    wasm_threads: Threads;
    /// Threads that share everything (not supported).
    wasm_shared_everything_threads: SharedEverythingThreads;
    /// Several memories (allowed by default).
    wasm_multi_memory: MultiMemory;
    /// Memories and tables with 64-bit indices (allowed by default).
    wasm_memory64: Memory64;
    /// Tags, `throw`, `throw_ref` and `try_table` (allowed by default).
    wasm_exceptions: Exceptions;
    /// The instructions for exceptions before `try_table`: `try`, `catch`, `catch_all`, `delegate`, `rethrow` (allowed by default).
    wasm_legacy_exceptions: LegacyExceptions;
    /// Typed references to functions, `call_ref`, locals and tables without nulls (allowed by default).
    wasm_function_references: FunctionReferences;
    /// Structs, arrays, integers of 31 bits as references, casts (allowed by default).
    wasm_gc: Gc;
    /// Memories with pages of one byte (allowed by default).
    wasm_custom_page_sizes: CustomPageSizes;
    /// `i64.add128`, `i64.sub128`, `i64.mul_wide_s` and `i64.mul_wide_u` (allowed by default).
    wasm_wide_arithmetic: WideArithmetic;
    /// Imports of one module, or of one module and type, in a group (allowed by default).
    wasm_compact_imports: CompactImports;
    /// Continuations (not supported).
    wasm_stack_switching: StackSwitching;
    /// Components (not supported).
    wasm_component_model: ComponentModel;
}
