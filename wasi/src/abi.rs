//! Numbers and memory layouts of the interface, from its witx description, and how `wasi_unstable` differs.

use crate::Errno;
use crate::memory::{Guest, u32_at, u64_at};
use crate::version::Version;
use bitflags::bitflags;

/// `filetype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Filetype {
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    SocketDgram = 5,
    SocketStream = 6,
    SymbolicLink = 7,
}

impl Filetype {
    /// The one of this number.
    pub(crate) fn of(number: u8) -> Option<Self> {
        const ALL: [Filetype; 8] = [
            Filetype::Unknown,
            Filetype::BlockDevice,
            Filetype::CharacterDevice,
            Filetype::Directory,
            Filetype::RegularFile,
            Filetype::SocketDgram,
            Filetype::SocketStream,
            Filetype::SymbolicLink,
        ];
        ALL.get(usize::from(number)).copied()
    }
}

bitflags! {
    /// `rights`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Rights: u64 {
        const FD_DATASYNC = 1;
        const FD_READ = 1 << 1;
        const FD_SEEK = 1 << 2;
        const FD_FDSTAT_SET_FLAGS = 1 << 3;
        const FD_SYNC = 1 << 4;
        const FD_TELL = 1 << 5;
        const FD_WRITE = 1 << 6;
        const FD_ADVISE = 1 << 7;
        const FD_ALLOCATE = 1 << 8;
        const PATH_CREATE_DIRECTORY = 1 << 9;
        const PATH_CREATE_FILE = 1 << 10;
        const PATH_LINK_SOURCE = 1 << 11;
        const PATH_LINK_TARGET = 1 << 12;
        const PATH_OPEN = 1 << 13;
        const FD_READDIR = 1 << 14;
        const PATH_READLINK = 1 << 15;
        const PATH_RENAME_SOURCE = 1 << 16;
        const PATH_RENAME_TARGET = 1 << 17;
        const PATH_FILESTAT_GET = 1 << 18;
        const PATH_FILESTAT_SET_SIZE = 1 << 19;
        const PATH_FILESTAT_SET_TIMES = 1 << 20;
        const FD_FILESTAT_GET = 1 << 21;
        const FD_FILESTAT_SET_SIZE = 1 << 22;
        const FD_FILESTAT_SET_TIMES = 1 << 23;
        const PATH_SYMLINK = 1 << 24;
        const PATH_REMOVE_DIRECTORY = 1 << 25;
        const PATH_UNLINK_FILE = 1 << 26;
        const POLL_FD_READWRITE = 1 << 27;
        const SOCK_SHUTDOWN = 1 << 28;
        const SOCK_ACCEPT = 1 << 29;
    }

    /// `fdflags`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Fdflags: u16 {
        const APPEND = 1;
        const DSYNC = 2;
        const NONBLOCK = 4;
        const RSYNC = 8;
        const SYNC = 16;
    }

    /// `oflags`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Oflags: u16 {
        const CREAT = 1;
        const DIRECTORY = 2;
        const EXCL = 4;
        const TRUNC = 8;
    }

    /// `lookupflags`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Lookupflags: u32 {
        const SYMLINK_FOLLOW = 1;
    }

    /// `fstflags`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Fstflags: u16 {
        const ATIM = 1;
        const ATIM_NOW = 2;
        const MTIM = 4;
        const MTIM_NOW = 8;
    }

    /// `riflags`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Riflags: u16 {
        const RECV_PEEK = 1;
        const RECV_WAITALL = 2;
    }

    /// `sdflags`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Sdflags: u8 {
        const RD = 1;
        const WR = 2;
    }
}

/// Flags as a parameter: [`Errno::INVAL`] if one has no meaning.
pub(crate) trait Flags: bitflags::Flags + Sized {
    /// Those of a parameter.
    fn of(bits: u32) -> Result<Self, Errno>;
}

impl<F: bitflags::Flags<Bits: TryFrom<u32>>> Flags for F {
    fn of(bits: u32) -> Result<Self, Errno> {
        F::Bits::try_from(bits).ok().and_then(Self::from_bits).ok_or(Errno::INVAL)
    }
}

/// `roflags`: the message was longer than the buffers.
pub(crate) const RECV_DATA_TRUNCATED: u16 = 1;

/// `clockid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockId {
    Realtime,
    Monotonic,
    Cputime,
}

impl ClockId {
    /// That of a parameter.
    pub(crate) fn of(id: u32) -> Result<Self, Errno> {
        match id {
            0 => Ok(Self::Realtime),
            1 => Ok(Self::Monotonic),
            2 | 3 => Ok(Self::Cputime),
            _ => Err(Errno::INVAL),
        }
    }
}

/// `whence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whence {
    Set,
    Cur,
    End,
}

impl Whence {
    /// That of a parameter.
    pub(crate) fn of(whence: u32, version: Version) -> Result<Self, Errno> {
        match (version, whence) {
            (Version::Preview1, 0) | (Version::Unstable, 2) => Ok(Self::Set),
            (Version::Preview1, 1) | (Version::Unstable, 0) => Ok(Self::Cur),
            (Version::Preview1, 2) | (Version::Unstable, 1) => Ok(Self::End),
            _ => Err(Errno::INVAL),
        }
    }
}

/// A `filestat`. Times are in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filestat {
    pub dev: u64,
    pub ino: u64,
    pub filetype: Filetype,
    pub nlink: u64,
    pub size: u64,
    pub atim: u64,
    pub mtim: u64,
    pub ctim: u64,
}

impl Filestat {
    /// Of something that is no file.
    pub(crate) const fn of_stream(filetype: Filetype) -> Self {
        Self { dev: 0, ino: 0, filetype, nlink: 0, size: 0, atim: 0, mtim: 0, ctim: 0 }
    }

    /// Stores it.
    pub(crate) fn store(&self, guest: &mut Guest<'_>, ptr: u32) -> Result<(), Errno> {
        let mut bytes = [0; 64];
        bytes[0..8].copy_from_slice(&self.dev.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.ino.to_le_bytes());
        bytes[16] = self.filetype as u8;
        let rest = match guest.version() {
            Version::Preview1 => {
                bytes[24..32].copy_from_slice(&self.nlink.to_le_bytes());
                32
            }
            Version::Unstable => {
                let nlink = u32::try_from(self.nlink).map_err(|_| Errno::OVERFLOW)?;
                bytes[20..24].copy_from_slice(&nlink.to_le_bytes());
                24
            }
        };
        for (index, word) in [self.size, self.atim, self.mtim, self.ctim].iter().enumerate() {
            bytes[rest + 8 * index..][..8].copy_from_slice(&word.to_le_bytes());
        }
        guest.write(ptr, &bytes[..rest + 32])
    }
}

/// An `fdstat`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fdstat {
    pub filetype: Filetype,
    pub flags: Fdflags,
    pub base: Rights,
    pub inheriting: Rights,
}

impl Fdstat {
    /// Stores it.
    pub(crate) fn store(&self, guest: &mut Guest<'_>, ptr: u32) -> Result<(), Errno> {
        let mut bytes = [0; 24];
        bytes[0] = self.filetype as u8;
        bytes[2..4].copy_from_slice(&self.flags.bits().to_le_bytes());
        bytes[8..16].copy_from_slice(&self.base.bits().to_le_bytes());
        bytes[16..24].copy_from_slice(&self.inheriting.bits().to_le_bytes());
        guest.write(ptr, &bytes)
    }
}

/// Bytes of a `dirent` without its name.
pub(crate) const DIRENT: usize = 24;

/// A `dirent`, without its name; `next` is the cookie of the entry after it.
pub(crate) fn dirent(next: u64, ino: u64, name_len: u32, filetype: Filetype) -> [u8; DIRENT] {
    let mut bytes = [0; DIRENT];
    bytes[0..8].copy_from_slice(&next.to_le_bytes());
    bytes[8..16].copy_from_slice(&ino.to_le_bytes());
    bytes[16..20].copy_from_slice(&name_len.to_le_bytes());
    bytes[20] = filetype as u8;
    bytes
}

/// A `subscription`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subscription {
    pub userdata: u64,
    pub to: SubscriptionTo,
}

/// What it is to. Nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SubscriptionTo {
    Clock { id: u32, timeout: u64, absolute: bool },
    FdRead(u32),
    FdWrite(u32),
}

impl Subscription {
    /// Bytes of one.
    pub(crate) const fn bytes(version: Version) -> u32 {
        match version {
            Version::Preview1 => 48,
            Version::Unstable => 56,
        }
    }

    /// Reads one from its bytes.
    pub(crate) fn load(bytes: &[u8], version: Version) -> Result<Self, Errno> {
        // The older one has an identifier of 8 bytes before the rest of a clock's.
        let clock = if version == Version::Unstable { 24 } else { 16 };
        let to = match bytes[8] {
            0 => {
                let flags = u16::from_le_bytes([bytes[clock + 24], bytes[clock + 25]]);
                if flags > 1 {
                    return Err(Errno::INVAL);
                }
                SubscriptionTo::Clock {
                    id: u32_at(bytes, clock),
                    timeout: u64_at(bytes, clock + 8),
                    absolute: flags == 1,
                }
            }
            1 => SubscriptionTo::FdRead(u32_at(bytes, 16)),
            2 => SubscriptionTo::FdWrite(u32_at(bytes, 16)),
            _ => return Err(Errno::INVAL),
        };
        Ok(Self { userdata: u64_at(bytes, 0), to })
    }
}

/// An `event`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub userdata: u64,
    pub error: Errno,
    /// `eventtype`: the number of the subscription's kind.
    pub eventtype: u8,
    pub nbytes: u64,
    pub hangup: bool,
}

impl Event {
    /// Bytes of one.
    pub(crate) const BYTES: u32 = 32;

    /// Stores it.
    pub(crate) fn store(&self, guest: &mut Guest<'_>, ptr: u32) -> Result<(), Errno> {
        let mut bytes = [0; Self::BYTES as usize];
        bytes[0..8].copy_from_slice(&self.userdata.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.error.code().to_le_bytes());
        bytes[10] = self.eventtype;
        bytes[16..24].copy_from_slice(&self.nbytes.to_le_bytes());
        bytes[24] = self.hangup.into();
        guest.write(ptr, &bytes)
    }
}
