//! What a module may have, where its embedder wants less than WebAssembly allows.

/// Limits of modules.
///
/// What a module takes to make is linear in its size, but some bytes take much more than others: those that declare types
/// or locals, and those that move many values. These limits bound it. They are looked at while the module is validated,
/// before what they bound.
///
/// | limit | default | [untrusted](ModuleLimits::untrusted) | why |
/// |---|---|---|---|
/// | [`size`](ModuleLimits::size) | none | 8 MiB | what making a module takes is linear in it: SECURITY.md has the figures. A program of 2.7 MB in C++ takes 0.1 s |
/// | [`types`](ModuleLimits::types) | 1,000,000 | 10,000 | three bytes declare a function type, and take up to 400 bytes of memory |
/// | [`params`](ModuleLimits::params) | 1,000 | 32 | a `call`, which is two bytes, takes some 13 ns to lower for a parameter and a result |
/// | [`results`](ModuleLimits::results) | 1,000 | 32 | the same; and a target of a `br_table`, which is a byte, takes 5 to 9 ns to validate for each |
/// | [`fields`](ModuleLimits::fields) | 10,000 | 100 | `struct.new` and `struct.new_default`, which are three bytes, take some 4 ns to validate for each field |
/// | [`locals`](ModuleLimits::locals) | 50,000 | 5,000 | 50,000 take 8 bytes to declare, and 16 to 24 us to lower; 5,000 take 3 us |
/// | [`function_size`](ModuleLimits::function_size) | 7,654,321 bytes | 512 KiB | the first call of a function lowers it, which fuel does not pay for: SECURITY.md has the figures. The largest function of the programs measured with has 199,780 bytes (Go) |
/// | [`nesting`](ModuleLimits::nesting) | none | 10,000 | two bytes open a block, which takes up to 430 bytes of memory until it ends. The programs measured with nest 3,289 deep (Go), 1,408 (C) |
///
/// The defaults are those of wasmparser and of browsers, so they refuse nothing more. No program that pirn is measured
/// with has more than 106 types, or a function of more than 22 parameters, one result or 184 locals. Others have: yosys has a
/// function of 33 parameters, and a module of a larger Dart or Kotlin program, which declares each of its classes, 13,537 and
/// 75,976 types. Whoever wants those from strangers sets [`types`](ModuleLimits::types) and [`params`](ModuleLimits::params) higher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleLimits {
    pub(crate) size: usize,
    pub(crate) types: u32,
    pub(crate) params: usize,
    pub(crate) results: usize,
    pub(crate) fields: usize,
    pub(crate) locals: u32,
    pub(crate) function_size: usize,
    pub(crate) nesting: u32,
}

impl Default for ModuleLimits {
    /// What WebAssembly allows.
    fn default() -> Self {
        Self {
            size: usize::MAX,
            types: u32::MAX,
            params: usize::MAX,
            results: usize::MAX,
            fields: usize::MAX,
            locals: u32::MAX,
            function_size: usize::MAX,
            nesting: u32::MAX,
        }
    }
}

impl ModuleLimits {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// For modules of strangers: see the table above.
    pub fn untrusted() -> Self {
        Self {
            size: 8 << 20,
            types: 10_000,
            params: 32,
            results: 32,
            fields: 100,
            locals: 5_000,
            function_size: 512 << 10,
            nesting: 10_000,
        }
    }

    /// Most bytes of the binary.
    pub fn size(mut self, bytes: usize) -> Self {
        self.size = bytes;
        self
    }

    /// Most types that it declares: of functions, structs and arrays.
    pub fn types(mut self, count: u32) -> Self {
        self.types = count;
        self
    }

    /// Most parameters of a function type.
    pub fn params(mut self, count: usize) -> Self {
        self.params = count;
        self
    }

    /// Most results of a function type.
    pub fn results(mut self, count: usize) -> Self {
        self.results = count;
        self
    }

    /// Most fields of a struct type.
    pub fn fields(mut self, count: usize) -> Self {
        self.fields = count;
        self
    }

    /// Most locals that a function declares, parameters not counted.
    pub fn locals(mut self, count: u32) -> Self {
        self.locals = count;
        self
    }

    /// Most bytes of one function's body, its declarations of locals included. The first call of a function lowers it
    /// whole (unless all were lowered before), and fuel does not pay for that: this bounds it.
    pub fn function_size(mut self, bytes: usize) -> Self {
        self.function_size = bytes;
        self
    }

    /// Most blocks (`block`, `loop`, `if`, `try_table` and `try`) that are open at a time within one function.
    pub fn nesting(mut self, depth: u32) -> Self {
        self.nesting = depth;
        self
    }

    /// Refuses a binary of so many bytes if it is larger than [`size`](ModuleLimits::size) says, as [`crate::Module::limited`] does: for
    /// those who would copy it first.
    ///
    /// # Errors
    /// It is larger.
    #[doc(hidden)]
    pub fn check_size(&self, bytes: usize) -> Result<(), crate::Error> {
        Self::check(&"bytes", bytes as u64, self.size as u64, 0)
    }

    /// Refuses `found` of something if it is more than `limit`.
    #[inline]
    pub(crate) fn check(what: &dyn std::fmt::Display, found: u64, limit: u64, offset: u64) -> Result<(), crate::Error> {
        if found <= limit { Ok(()) } else { Err(exceeded(what, found, limit, offset)) }
    }
}

#[cold]
fn exceeded(what: &dyn std::fmt::Display, found: u64, limit: u64, offset: u64) -> crate::Error {
    crate::Error::new(format!("{found} {what}, more than the {limit} that the engine's limits allow"), offset)
}
