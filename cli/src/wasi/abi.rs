//! Numbers and memory layouts of `wasi_snapshot_preview1`, from its witx description.

use super::{Errno, Guest};
use cap_std::fs::{FileType, Metadata};
use std::time::{SystemTime, UNIX_EPOCH};

/// `filetype`.
pub mod filetype {
    /// Neither of the others, or not known.
    pub const UNKNOWN: u8 = 0;
    /// A terminal.
    pub const CHARACTER_DEVICE: u8 = 2;
    /// A directory.
    pub const DIRECTORY: u8 = 3;
    /// A file.
    pub const REGULAR_FILE: u8 = 4;
    /// A symbolic link.
    pub const SYMBOLIC_LINK: u8 = 7;
}

/// `rights`: what a descriptor may be used for. Only reading and writing are enforced; the rest is what libc asks for
/// to find out what kind of descriptor it has.
pub mod rights {
    /// `fd_read`.
    pub const READ: u64 = 1 << 1;
    /// `fd_seek`.
    pub const SEEK: u64 = 1 << 2;
    /// `fd_tell`.
    pub const TELL: u64 = 1 << 5;
    /// `fd_write`.
    pub const WRITE: u64 = 1 << 6;
    /// `fd_allocate`.
    pub const ALLOCATE: u64 = 1 << 8;
    /// `fd_filestat_set_size`.
    pub const SET_SIZE: u64 = 1 << 22;
    /// Every right but those of sockets.
    pub const ALL: u64 = (1 << 28) - 1;
    /// What only makes sense for files that may be written.
    pub const WRITING: u64 = WRITE | ALLOCATE | SET_SIZE;
    /// What paths and directories are for.
    pub const DIRECTORY: u64 = 0x073f_fe00;
}

/// `fdflags`.
pub mod fdflags {
    /// Writes go to the end.
    pub const APPEND: u16 = 1;
    /// Do not wait.
    pub const NONBLOCK: u16 = 4;
}

/// `oflags` of `path_open`.
pub mod oflags {
    /// Create the file if there is none.
    pub const CREAT: u16 = 1;
    /// Fail if it is no directory.
    pub const DIRECTORY: u16 = 2;
    /// Fail if there is one already.
    pub const EXCL: u16 = 4;
    /// Empty it.
    pub const TRUNC: u16 = 8;
}

/// `lookupflags`: follow a symbolic link at the path's end.
pub const SYMLINK_FOLLOW: u32 = 1;

/// Size of a `dirent`, the name following it not included.
pub const DIRENT_BYTES: usize = 24;

/// A `filestat`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filestat {
    dev: u64,
    ino: u64,
    filetype: u8,
    nlink: u64,
    size: u64,
    times: [u64; 3],
}

impl Filestat {
    /// Of something that is no file.
    pub fn of_stream(filetype: u8) -> Self {
        Self { filetype, nlink: 1, ..Self::default() }
    }

    /// Of a file or directory.
    pub fn of(metadata: &Metadata) -> Self {
        let nanos = |time: std::io::Result<cap_std::time::SystemTime>| time.map_or(0, |time| nanos(time.into_std()));
        let (dev, ino, nlink) = identity(metadata);
        let modified = nanos(metadata.modified());
        Self {
            dev,
            ino,
            filetype: filetype_of(metadata.file_type()),
            nlink,
            size: metadata.len(),
            times: [nanos(metadata.accessed()), modified, modified],
        }
    }

    /// Stores it.
    pub fn write(&self, guest: &mut Guest<'_>, ptr: u32) -> Result<(), Errno> {
        let words = [self.dev, self.ino, self.filetype.into(), self.nlink, self.size];
        let mut bytes = [0; 64];
        for (to, word) in bytes.chunks_exact_mut(8).zip(words.iter().chain(&self.times)) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        guest.write(ptr, &bytes)
    }
}

/// Device, serial number and number of links, where the system has them.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64, u64) {
    use cap_std::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino(), metadata.nlink())
}

/// Device, serial number and number of links, where the system has them.
#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64, u64) {
    (0, 0, 1)
}

/// The file's serial number, 0 if unknown.
pub fn ino(metadata: &Metadata) -> u64 {
    identity(metadata).1
}

/// The `filetype` of a file.
pub fn filetype_of(ty: FileType) -> u8 {
    if ty.is_dir() {
        filetype::DIRECTORY
    } else if ty.is_file() {
        filetype::REGULAR_FILE
    } else if ty.is_symlink() {
        filetype::SYMBOLIC_LINK
    } else {
        filetype::UNKNOWN
    }
}

/// Nanoseconds since 1970, 0 before.
pub fn nanos(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// Stores an `fdstat`.
pub fn write_fdstat(
    guest: &mut Guest<'_>,
    ptr: u32,
    filetype: u8,
    flags: u16,
    base: u64,
    inheriting: u64,
) -> Result<(), Errno> {
    let mut bytes = [0; 24];
    bytes[0] = filetype;
    bytes[2..4].copy_from_slice(&flags.to_le_bytes());
    bytes[8..16].copy_from_slice(&base.to_le_bytes());
    bytes[16..24].copy_from_slice(&inheriting.to_le_bytes());
    guest.write(ptr, &bytes)
}

/// A `dirent`, without its name; `next` is the cookie of the entry after it.
pub fn dirent(next: u64, ino: u64, name_len: u32, filetype: u8) -> [u8; DIRENT_BYTES] {
    let mut bytes = [0; DIRENT_BYTES];
    bytes[0..8].copy_from_slice(&next.to_le_bytes());
    bytes[8..16].copy_from_slice(&ino.to_le_bytes());
    bytes[16..20].copy_from_slice(&name_len.to_le_bytes());
    bytes[20] = filetype;
    bytes
}
