//! Modules with their code, as bytes that outlive the process.

use crate::engine::Engine;
use crate::error::{Context, Result};
use crate::module::Module;
use crate::precompiled::{self, MAGIC, Stored};
use std::hash::Hash;
use std::io::Read;
use std::path::Path;

/// What bytes hold that [`Engine::detect_precompiled`] has recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Precompiled {
    /// A module, of [`Module::serialize`] or [`Engine::precompile_module`].
    Module,
}

impl Module {
    /// The module with the threaded code of all its functions, as bytes from which [`Module::deserialize`] makes it again in
    /// any process of the same build of pirn, without validating or lowering anything.
    ///
    /// They hold the whole binary, custom sections included, because names, backtraces, and the data of segments are read from
    /// there; and the code. Of four C programs, there were 2.2 to 3.9 bytes for each byte of the binary. Compressing them is left
    /// to the embedder. The same module gives the same bytes in each process of one build.
    ///
    /// All functions are lowered for this, those that have been lowered before once more.
    ///
    /// # Errors
    /// A function has 4 GiB of code.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Engine, Instance, Module, Store};
    ///
    /// let engine = Engine::default();
    /// let text = r#"(module (func (export "answer") (result i32) (i32.const 42)))"#;
    /// let bytes = Module::new(&engine, text)?.serialize()?;
    ///
    /// // In another process, perhaps.
    /// // SAFETY: the bytes are those that `serialize` gave.
    /// let module = unsafe { Module::deserialize(&engine, &bytes)? };
    /// let mut store = Store::new(&engine, ());
    /// let answer = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), i32>(&store, "answer")?;
    /// assert_eq!(answer.call(&mut store, ())?, 42);
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    pub fn serialize(&self) -> Result<Vec<u8>> {
        precompiled::write(self.engine(), self.parsed(), self.options())
    }

    /// The module of which [`Module::serialize`] gave these bytes.
    ///
    /// It is like the one that was serialized, in all that can be seen of it. With [`CompilationMode::Lazy`] the code of a function
    /// is copied from the bytes, of which the module keeps a copy, at its first call; with [`CompilationMode::Eager`], now. For four C
    /// programs of 0.2 to 0.9 MB this took 0.11 to 0.15 of the time of [`Module::new`] in the former mode, and 0.04 to 0.07 in the
    /// latter; `examples/precompile.rs` measures it for others.
    ///
    /// [`CompilationMode::Lazy`]: crate::CompilationMode::Lazy
    /// [`CompilationMode::Eager`]: crate::CompilationMode::Eager
    ///
    /// # Errors
    /// The bytes are refused, with the reason, if they do not begin as serialized modules do; were cut off or changed, by length and
    /// checksum; are of another build: version, architecture, dispatcher, handlers; or of an engine with other settings on which
    /// code depends: [`fuse`](crate::Config::fuse), [`consume_fuel`](crate::Config::consume_fuel),
    /// [`epoch_interruption`](crate::Config::epoch_interruption),
    /// [`relaxed_simd_deterministic`](crate::Config::relaxed_simd_deterministic), proposals,
    /// [`module_limits`](crate::Config::module_limits).
    ///
    /// # Safety
    /// The bytes are what [`Module::serialize`] or [`Engine::precompile_module`] gave. The checks find accidents, not intent: code
    /// that somebody wrote who knows the format may read and write any memory of the process. So keep the bytes where only
    /// you can write, or sign them.
    pub unsafe fn deserialize(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Self> {
        let (parsed, stored) = Stored::read(engine, bytes.as_ref())?;
        Self::of(engine, parsed, Some(stored))
    }

    /// As [`Module::deserialize`], of the content of a file.
    ///
    /// # Errors
    /// As [`Module::deserialize`], or the file cannot be read.
    ///
    /// # Safety
    /// As [`Module::deserialize`].
    pub unsafe fn deserialize_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let context = || format!("cannot load the module in {}", path.display());
        let bytes = std::fs::read(path).map_err(crate::Error::new).with_context(context)?;
        // SAFETY: asked for above.
        unsafe { Self::deserialize(engine, bytes) }.with_context(context)
    }
}

impl Engine {
    /// The bytes that [`Module::serialize`] gives of a module of these bytes, a binary or, with the feature `wat`, text.
    ///
    /// # Errors
    /// As [`Module::new`] and [`Module::serialize`].
    pub fn precompile_module(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        Module::new(self, bytes)?.serialize()
    }

    /// A value whose hash is the same for two engines, in different processes too, if each takes the modules that the other has
    /// serialized; otherwise it differs, as far as hashes do.
    pub fn precompile_compatibility_hash(&self) -> impl Hash + '_ {
        precompiled::identity(self)
    }

    /// Whether bytes begin as a serialized module does. This does not say that [`Module::deserialize`] takes them.
    pub fn detect_precompiled(bytes: &[u8]) -> Option<Precompiled> {
        bytes.starts_with(MAGIC).then_some(Precompiled::Module)
    }

    /// As [`Engine::detect_precompiled`], of the beginning of a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn detect_precompiled_file(path: impl AsRef<Path>) -> Result<Option<Precompiled>> {
        let mut head = Vec::new();
        std::fs::File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut head)?;
        Ok(Self::detect_precompiled(&head))
    }
}
