//! The descriptions of the interface that there are.

/// Which description of the interface a call is by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `wasi_unstable`, what came before: other layouts of `filestat` and `subscription`, other numbers for `whence`.
    Unstable,
    /// `wasi_snapshot_preview1`.
    Preview1,
}

impl Version {
    /// The name of the module that guests import from.
    pub const fn module(self) -> &'static str {
        match self {
            Self::Unstable => "wasi_unstable",
            Self::Preview1 => "wasi_snapshot_preview1",
        }
    }
}
