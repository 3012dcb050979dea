//! Error numbers of WASI preview 1, and which one an error of the host becomes.

use std::io::{Error, ErrorKind};

/// What a call returns to the guest instead of 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(u16);

/// The names are those of the interface's `errno`.
macro_rules! errnos {
    ($($name:ident = $code:literal)*) => {
        #[allow(missing_docs, reason = "the names of POSIX")]
        impl Errno {
            $(pub const $name: Self = Self($code);)*
        }
    };
}

errnos! {
    ACCES = 2
    AGAIN = 6
    BADF = 8
    BUSY = 10
    EXIST = 20
    FAULT = 21
    FBIG = 22
    ILSEQ = 25
    INTR = 27
    INVAL = 28
    IO = 29
    ISDIR = 31
    LOOP = 32
    MFILE = 33
    MLINK = 34
    NAMETOOLONG = 37
    NOENT = 44
    NOMEM = 48
    NOSPC = 51
    NOSYS = 52
    NOTDIR = 54
    NOTEMPTY = 55
    NOTSUP = 58
    PERM = 63
    PIPE = 64
    ROFS = 69
    SPIPE = 70
    TXTBSY = 74
    XDEV = 75
}

impl Errno {
    /// The number the guest sees.
    pub const fn code(self) -> i32 {
        self.0 as i32
    }
}

impl From<Error> for Errno {
    fn from(error: Error) -> Self {
        // Paths that lead out of a preopened directory are refused by cap-std itself, not by the system.
        if error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
            return Self::PERM;
        }
        // Conditions that have no `ErrorKind` yet.
        #[cfg(target_os = "linux")]
        match error.raw_os_error() {
            Some(1) => return Self::PERM,
            Some(24) => return Self::MFILE,
            Some(40) => return Self::LOOP,
            _ => {}
        }
        match error.kind() {
            ErrorKind::NotFound => Self::NOENT,
            ErrorKind::PermissionDenied => Self::ACCES,
            ErrorKind::AlreadyExists => Self::EXIST,
            ErrorKind::InvalidInput => Self::INVAL,
            ErrorKind::Interrupted => Self::INTR,
            ErrorKind::Unsupported => Self::NOTSUP,
            ErrorKind::OutOfMemory => Self::NOMEM,
            ErrorKind::BrokenPipe => Self::PIPE,
            ErrorKind::NotADirectory => Self::NOTDIR,
            ErrorKind::IsADirectory => Self::ISDIR,
            ErrorKind::DirectoryNotEmpty => Self::NOTEMPTY,
            ErrorKind::ReadOnlyFilesystem => Self::ROFS,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::NOSPC,
            ErrorKind::NotSeekable => Self::SPIPE,
            ErrorKind::FileTooLarge => Self::FBIG,
            ErrorKind::ResourceBusy => Self::BUSY,
            ErrorKind::ExecutableFileBusy => Self::TXTBSY,
            ErrorKind::CrossesDevices => Self::XDEV,
            ErrorKind::TooManyLinks => Self::MLINK,
            ErrorKind::InvalidFilename => Self::NAMETOOLONG,
            ErrorKind::InvalidData => Self::ILSEQ,
            _ => Self::IO,
        }
    }
}
