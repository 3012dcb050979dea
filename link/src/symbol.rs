//! What a place in WebAssembly is in the source that it was compiled from.

use std::fmt;

/// A function of the source, where a [`FrameInfo`](crate::FrameInfo) was in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameSymbol {
    pub(crate) name: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
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
