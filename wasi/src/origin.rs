//! Where things were opened.

/// A directory that the guest was given, and a path from there.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The number that the directory had at the start.
    pub root: u32,
    /// The path; empty for the directory itself.
    pub path: String,
}

impl Origin {
    /// Of what is opened by `path` from here.
    pub(crate) fn join(&self, path: &str) -> Self {
        let path = if self.path.is_empty() { path.into() } else { format!("{}/{path}", self.path) };
        Self { root: self.root, path }
    }
}
