//! The one error of parsing, validating and lowering.

use std::fmt;

/// Why a module was refused: what is wrong, and where in the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    message: Box<str>,
    offset: u64,
}

impl Error {
    /// An error at a byte offset of the module.
    pub fn new(message: impl Into<String>, offset: u64) -> Self {
        Self { message: message.into().into_boxed_str(), offset }
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where: bytes from the beginning of the binary module.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at offset {:#x})", self.message, self.offset)
    }
}

impl std::error::Error for Error {}

impl From<wasmparser::BinaryReaderError> for Error {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::new(error.message(), error.offset())
    }
}
