//! Open files: reading, writing and appending at positions that are the descriptor's own.
//!
//! A file that can seek is read and written with its position as an argument, never through the system's. It is not opened for
//! appending either, because then Linux would append what is written elsewhere (`fd_pwrite`) too: each append asks for the end by
//! itself, in one step with writing, so several processes may append to one file.

use crate::Errno;
use crate::abi::{Fdflags, Filestat, Filetype, Rights, Whence};
use crate::origin::Origin;
use crate::stream::retry;
use rustix::fs::OFlags;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An open file.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub file: File,
    pub filetype: Filetype,
    /// The guest asked to read it, and may.
    pub read: bool,
    /// The guest asked to write it, and may.
    pub write: bool,
    /// The guest may change it, if the system lets it.
    pub mutable: bool,
    /// Where it was opened.
    pub origin: Origin,
    /// Of all threads of the guest.
    state: Mutex<State>,
}

/// What changes while a file is open.
#[derive(Debug)]
struct State {
    /// Where the next read or write begins.
    position: u64,
    /// As the guest asked for them. Of the last three the system knows, so they stay.
    flags: Fdflags,
}

/// Those that are settled when a file is opened.
const SYNCHRONOUS: Fdflags = Fdflags::DSYNC.union(Fdflags::RSYNC).union(Fdflags::SYNC);

/// The `filetype` of a file.
pub(crate) fn filetype_of(ty: std::fs::FileType) -> Filetype {
    if ty.is_dir() {
        Filetype::Directory
    } else if ty.is_file() {
        Filetype::RegularFile
    } else if ty.is_symlink() {
        Filetype::SymbolicLink
    } else if ty.is_block_device() {
        Filetype::BlockDevice
    } else if ty.is_char_device() {
        Filetype::CharacterDevice
    } else if ty.is_socket() {
        Filetype::SocketStream
    } else {
        // The interface has no number for pipes.
        Filetype::Unknown
    }
}

/// The `filestat` of a file, from what the system says.
macro_rules! filestat {
    ($metadata:expr, $filetype:expr) => {{
        let nanos = |seconds: i64, nanos: i64| {
            u64::try_from(seconds).map_or(0, |s| s.saturating_mul(1_000_000_000).saturating_add(nanos as u64))
        };
        let metadata = $metadata;
        Filestat {
            dev: metadata.dev(),
            ino: metadata.ino(),
            filetype: $filetype,
            nlink: metadata.nlink(),
            size: metadata.size(),
            atim: nanos(metadata.atime(), metadata.atime_nsec()),
            mtim: nanos(metadata.mtime(), metadata.mtime_nsec()),
            ctim: nanos(metadata.ctime(), metadata.ctime_nsec()),
        }
    }};
}
pub(crate) use filestat;

impl OpenFile {
    /// A file that was opened with `flags` of the guest, to be read, written, changed or not.
    pub(crate) fn new(
        file: File,
        metadata: &Metadata,
        flags: Fdflags,
        (read, write, mutable): (bool, bool, bool),
        origin: Origin,
    ) -> Self {
        let state = Mutex::new(State { position: 0, flags });
        Self { file, filetype: filetype_of(metadata.file_type()), read, write, mutable, origin, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are positions in it.
    pub(crate) fn seeks(&self) -> bool {
        matches!(self.filetype, Filetype::RegularFile | Filetype::BlockDevice)
    }

    /// Whether a call is to fail where it would wait.
    pub(crate) fn nonblocking(&self) -> bool {
        self.state().flags.contains(Fdflags::NONBLOCK)
    }

    /// As the guest asked for them.
    pub(crate) fn flags(&self) -> Fdflags {
        self.state().flags
    }

    pub(crate) fn set_flags(&self, flags: Fdflags) -> Result<(), Errno> {
        if !self.seeks() {
            let mut system = rustix::fs::fcntl_getfl(&self.file)?;
            system.set(OFlags::NONBLOCK, flags.contains(Fdflags::NONBLOCK));
            rustix::fs::fcntl_setfl(&self.file, system)?;
        }
        let mut state = self.state();
        state.flags = flags | (state.flags & SYNCHRONOUS);
        Ok(())
    }

    /// What may be done with it.
    pub(crate) fn rights(&self) -> Rights {
        let mut rights = Rights::all();
        rights.set(Rights::FD_READ | Rights::FD_READDIR, self.read);
        rights.set(Rights::FD_WRITE, self.write);
        rights
    }

    pub(crate) fn filestat(&self) -> Result<Filestat, Errno> {
        Ok(filestat!(self.file.metadata()?, self.filetype))
    }

    /// Reads at the position, which moves on.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        if !self.read {
            return Err(Errno::BADF);
        }
        if !self.seeks() {
            return Ok(retry(|| rustix::io::read(&self.file, &mut *buffer))?);
        }
        let mut state = self.state();
        let count = self.read_at_position(buffer, state.position)?;
        state.position += count as u64;
        Ok(count)
    }

    /// Reads elsewhere.
    pub(crate) fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize, Errno> {
        if !self.read {
            return Err(Errno::BADF);
        }
        self.read_at_position(buffer, position)
    }

    fn read_at_position(&self, buffer: &mut [u8], position: u64) -> Result<usize, Errno> {
        loop {
            match self.file.read_at(buffer, position) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Ok(result?),
            }
        }
    }

    /// Writes at the position, which moves on, or at the end.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        if !self.write {
            return Err(Errno::BADF);
        }
        if !self.seeks() {
            return Ok(retry(|| rustix::io::write(&self.file, bytes))?);
        }
        let mut state = self.state();
        if state.flags.contains(Fdflags::APPEND) {
            let count = self.append(bytes)?;
            state.position = self.file.metadata()?.len();
            return Ok(count);
        }
        let count = self.write_at_position(bytes, state.position)?;
        state.position += count as u64;
        Ok(count)
    }

    /// Writes elsewhere, whether or not writes append.
    pub(crate) fn write_at(&self, bytes: &[u8], position: u64) -> Result<usize, Errno> {
        if !self.write {
            return Err(Errno::BADF);
        }
        self.write_at_position(bytes, position)
    }

    fn write_at_position(&self, bytes: &[u8], position: u64) -> Result<usize, Errno> {
        loop {
            match self.file.write_at(bytes, position) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Ok(result?),
            }
        }
    }

    /// Writes at the end, wherever that is by then. The state is locked meanwhile.
    fn append(&self, bytes: &[u8]) -> Result<usize, Errno> {
        #[cfg(target_os = "linux")]
        {
            use rustix::io::{Errno as System, ReadWriteFlags, pwritev2};
            match retry(|| pwritev2(&self.file, &[io::IoSlice::new(bytes)], 0, ReadWriteFlags::APPEND)) {
                // An old kernel, or a file system that cannot.
                Err(System::NOSYS | System::OPNOTSUPP) => {}
                result => return Ok(result?),
            }
        }
        // The file is nobody else's, and its state is locked: no other write of the guest sees the flag but one elsewhere.
        let flags = rustix::fs::fcntl_getfl(&self.file)?;
        rustix::fs::fcntl_setfl(&self.file, flags | OFlags::APPEND)?;
        let result = retry(|| rustix::io::write(&self.file, bytes));
        rustix::fs::fcntl_setfl(&self.file, flags)?;
        Ok(result?)
    }

    /// Moves the position, and gives it.
    pub(crate) fn seek(&self, offset: i64, whence: Whence) -> Result<u64, Errno> {
        if !self.seeks() {
            return Err(Errno::SPIPE);
        }
        let mut state = self.state();
        let base = match whence {
            Whence::Set => 0,
            Whence::Cur => state.position,
            Whence::End => self.file.metadata()?.len(),
        };
        // The system has positions with a sign.
        let position = base.checked_add_signed(offset).filter(|&to| i64::try_from(to).is_ok()).ok_or(Errno::INVAL)?;
        state.position = position;
        Ok(position)
    }

    /// The position.
    pub(crate) fn tell(&self) -> Result<u64, Errno> {
        if self.seeks() { Ok(self.state().position) } else { Err(Errno::SPIPE) }
    }

    /// Moves the position, if there are positions in it.
    pub(crate) fn set_position(&self, position: u64) {
        self.state().position = position;
    }

    /// How many bytes a regular file has; 0 of others.
    pub(crate) fn size(&self) -> u64 {
        let is_regular = self.filetype == Filetype::RegularFile;
        is_regular.then(|| self.file.metadata().ok()).flatten().map_or(0, |metadata| metadata.len())
    }

    pub(crate) fn set_size(&self, size: u64) -> Result<(), Errno> {
        if !self.mutable {
            return Err(Errno::PERM);
        }
        if !self.write {
            // What the system says of files that were not opened for writing.
            return Err(Errno::INVAL);
        }
        Ok(self.file.set_len(size)?)
    }

    /// Has the system reserve space.
    pub(crate) fn allocate(&self, offset: u64, len: u64) -> Result<(), Errno> {
        if !self.mutable {
            return Err(Errno::PERM);
        }
        if !self.write {
            return Err(Errno::BADF);
        }
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_vendor = "apple"))]
        return Ok(rustix::fs::fallocate(&self.file, rustix::fs::FallocateFlags::empty(), offset, len)?);
        #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_vendor = "apple")))]
        {
            let _ = (offset, len);
            Err(Errno::NOTSUP)
        }
    }

    /// Tells the system how the file will be used.
    pub(crate) fn advise(&self, offset: u64, len: u64, advice: u32) -> Result<(), Errno> {
        if advice > 5 {
            return Err(Errno::INVAL);
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::fs::Advice;
            const ADVICE: [Advice; 6] = [
                Advice::Normal,
                Advice::Sequential,
                Advice::Random,
                Advice::WillNeed,
                Advice::DontNeed,
                Advice::NoReuse,
            ];
            let advice = ADVICE[advice as usize];
            rustix::fs::fadvise(&self.file, offset, std::num::NonZeroU64::new(len), advice)?;
        }
        let _ = (offset, len);
        Ok(())
    }

    /// How many bytes there are from the position on, for a file that has an end.
    pub(crate) fn left(&self) -> Option<u64> {
        let size = self.seeks().then(|| self.file.metadata().ok())??.len();
        Some(size.saturating_sub(self.state().position))
    }
}
