//! Where things were opened.

/// Bytes of a path that the system opens no more: Linux's, with the zero behind it.
const TOO_LONG: usize = 4096;

/// A directory that the guest was given, and a path from there.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The number that the directory had at the start.
    pub root: u32,
    /// The path; empty for the directory itself. `None` if it is too long to be opened again: else guests could lengthen it without end, by opening
    /// `.` from what they have opened last.
    pub path: Option<String>,
}

impl Origin {
    /// Of the directory with this number itself.
    pub(crate) fn of(root: u32) -> Self {
        Self { root, path: Some(String::new()) }
    }

    /// Of what is opened by `path` from here.
    pub(crate) fn join(&self, path: &str) -> Self {
        let between = if self.path.as_deref() == Some("") { "" } else { "/" };
        let own = self.path.as_ref().filter(|own| own.len() + between.len() + path.len() < TOO_LONG);
        Self { root: self.root, path: own.map(|own| format!("{own}{between}{path}")) }
    }
}
