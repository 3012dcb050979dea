//! What a guest's descriptors stand for, by number.

use crate::Errno;
use crate::abi::{Fdflags, Filetype};
use crate::dir::{OpenDir, Opened};
use crate::file::OpenFile;
use crate::stream::{StdinStream, StdoutStream, retry};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::net::{RecvFlags, SendFlags};
use std::sync::{Arc, Mutex, PoisonError};

/// An open descriptor.
#[derive(Debug)]
pub(crate) enum Descriptor {
    Stdin(Box<dyn StdinStream>),
    /// Standard output or standard error.
    Stdout(Box<dyn StdoutStream>),
    File(OpenFile),
    Dir(OpenDir),
    Socket(OpenSocket),
}

/// A socket that was opened beforehand, or a connection that one of these accepted.
#[derive(Debug)]
pub(crate) struct OpenSocket {
    pub socket: OwnedFd,
    /// Whether it accepts connections.
    pub listens: bool,
    pub filetype: Filetype,
    /// [`Fdflags::NONBLOCK`] or none.
    flags: Mutex<Fdflags>,
}

impl OpenSocket {
    pub(crate) fn new(socket: OwnedFd, listens: bool, filetype: Filetype, flags: Fdflags) -> Self {
        Self { socket, listens, filetype, flags: Mutex::new(flags & Fdflags::NONBLOCK) }
    }

    pub(crate) fn flags(&self) -> Fdflags {
        *self.flags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_flags(&self, flags: Fdflags) {
        *self.flags.lock().unwrap_or_else(PoisonError::into_inner) = flags & Fdflags::NONBLOCK;
    }
}

impl OpenSocket {
    /// Whether a call on it may wait on this thread, if the context's `blocking` says that any may.
    pub(crate) fn waits(&self, blocking: bool) -> bool {
        blocking && self.flags().is_empty()
    }

    /// Sends the beginning of `bytes`, and gives how much. Whoever may not wait sends what there is room for.
    pub(crate) fn send(&self, bytes: &[u8], waits: bool) -> Result<usize, Errno> {
        // A connection that is closed gives an error; it does not end the process.
        #[cfg(not(target_vendor = "apple"))]
        let mut flags = SendFlags::NOSIGNAL;
        #[cfg(target_vendor = "apple")]
        let mut flags = SendFlags::empty();
        flags.set(SendFlags::DONTWAIT, !waits);
        Ok(retry(|| rustix::net::send(&self.socket, bytes, flags))?)
    }

    /// Receives to the beginning of `buffer`: how many bytes are there, and how long the message was.
    pub(crate) fn receive(
        &self,
        buffer: &mut [u8],
        mut flags: RecvFlags,
        waits: bool,
    ) -> Result<(usize, usize), Errno> {
        flags.set(RecvFlags::DONTWAIT, !waits);
        // Linux then says how long a message was that did not fit. A stream would lose what is said not to have fitted.
        #[cfg(target_os = "linux")]
        flags.set(RecvFlags::TRUNC, self.filetype == Filetype::SocketDgram);
        Ok(retry(|| rustix::net::recv(&self.socket, &mut *buffer, flags))?)
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
}

impl Interest {
    pub(crate) fn flags(self) -> PollFlags {
        match self {
            Self::Read => PollFlags::IN,
            Self::Write => PollFlags::OUT,
        }
    }
}

/// What a pipe that is ready takes at once. POSIX says 512 at least; Linux has room for a page.
const PIPE_BUF: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// No time.
pub(crate) const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

impl From<Opened> for Descriptor {
    fn from(opened: Opened) -> Self {
        match opened {
            Opened::File(file) => Self::File(file),
            Opened::Dir(dir) => Self::Dir(dir),
        }
    }
}

impl Descriptor {
    /// Its kind.
    pub(crate) fn filetype(&self) -> Filetype {
        let terminal = match self {
            Self::Stdin(stream) => stream.is_terminal(),
            Self::Stdout(stream) => stream.is_terminal(),
            Self::File(file) => return file.filetype,
            Self::Dir(_) => return Filetype::Directory,
            Self::Socket(socket) => return socket.filetype,
        };
        if terminal { Filetype::CharacterDevice } else { Filetype::Unknown }
    }

    /// What the system can wait for; what has nothing of this kind is always ready.
    pub(crate) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Stdin(stream) => stream.as_fd(),
            Self::Stdout(stream) => stream.as_fd(),
            Self::File(file) => Some(file.file.as_fd()),
            Self::Dir(_) => None,
            Self::Socket(socket) => Some(socket.socket.as_fd()),
        }
    }

    /// As much of `bytes` as it takes without waiting when it is ready to be written, if it is not a socket, which says so itself: pipes have room
    /// for `PIPE_BUF` bytes then (POSIX), at least.
    pub(crate) fn at_once<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let takes_all = match self {
            Self::File(file) => file.seeks(),
            _ => self.as_fd().is_none(),
        };
        &bytes[..if takes_all { bytes.len() } else { bytes.len().min(PIPE_BUF) }]
    }

    /// Whether nothing has to be waited for.
    pub(crate) fn ready(&self, interest: Interest) -> bool {
        let Some(fd) = self.as_fd() else { return true };
        // If it cannot be asked, the call will say why.
        !matches!(poll(&mut [PollFd::from_borrowed_fd(fd, interest.flags())], Some(&AT_ONCE)), Ok(0))
    }

    /// The file it is, if it is one.
    pub(crate) fn file(&self) -> Result<&OpenFile, Errno> {
        if let Self::File(file) = self { Ok(file) } else { Err(Errno::BADF) }
    }

    /// The directory it is, if it is one.
    pub(crate) fn dir(&self) -> Result<&OpenDir, Errno> {
        if let Self::Dir(dir) = self { Ok(dir) } else { Err(Errno::BADF) }
    }

    /// The file it is; a stream has no positions.
    pub(crate) fn seekable(&self) -> Result<&OpenFile, Errno> {
        match self {
            Self::File(file) => Ok(file),
            Self::Stdin(_) | Self::Stdout(_) | Self::Socket(_) => Err(Errno::SPIPE),
            Self::Dir(_) => Err(Errno::BADF),
        }
    }

    /// The socket it is, if it is one.
    pub(crate) fn socket(&self) -> Result<&OpenSocket, Errno> {
        if let Self::Socket(socket) = self { Ok(socket) } else { Err(Errno::NOTSOCK) }
    }
}

/// The descriptors by number. Whoever uses one keeps it: it may be closed by another thread meanwhile.
#[derive(Debug)]
pub(crate) struct Descriptors {
    by_number: Vec<Option<Arc<Descriptor>>>,
    /// How many there are, with those that are about to be opened.
    count: usize,
    /// How many there are at most, unless more were given.
    most: usize,
}

impl Descriptors {
    /// These, by number; the guest may open others as long as there are fewer than `most`.
    pub(crate) fn of(by_number: Vec<Option<Arc<Descriptor>>>, most: usize) -> Self {
        let count = by_number.iter().flatten().count();
        Self { by_number, count, most }
    }

    /// All of them as they are now, by number, up to the last that is open.
    pub(crate) fn all(&self) -> Vec<Option<Arc<Descriptor>>> {
        let len = self.by_number.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        self.by_number[..len].to_vec()
    }

    /// The descriptor `fd`.
    pub(crate) fn get(&self, fd: u32) -> Result<Arc<Descriptor>, Errno> {
        self.by_number.get(fd as usize).cloned().flatten().ok_or(Errno::BADF)
    }

    /// Counts one more, which is about to be opened. Whoever does so gives it a number, or has it counted no more.
    ///
    /// # Errors
    /// There are as many as there may be.
    pub(crate) fn reserve(&mut self) -> Result<(), Errno> {
        if self.count >= self.most {
            return Err(Errno::MFILE);
        }
        self.count += 1;
        Ok(())
    }

    /// One that was counted was not opened.
    pub(crate) fn release(&mut self) {
        self.count -= 1;
    }

    /// Gives `descriptor`, which is counted already, the lowest free number.
    pub(crate) fn add(&mut self, descriptor: Descriptor) -> u32 {
        let number = self.by_number.iter().position(Option::is_none).unwrap_or(self.by_number.len());
        if number == self.by_number.len() {
            self.by_number.push(None);
        }
        self.by_number[number] = Some(Arc::new(descriptor));
        u32::try_from(number).expect("four billion of them take more memory than there is")
    }

    /// Takes `fd` out.
    pub(crate) fn remove(&mut self, fd: u32) -> Result<Arc<Descriptor>, Errno> {
        let removed = self.by_number.get_mut(fd as usize).and_then(Option::take).ok_or(Errno::BADF)?;
        self.count -= 1;
        Ok(removed)
    }

    /// Moves `from` to `to`, closing what was there; both must be open.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            self.by_number[to as usize] = self.by_number[from as usize].take();
            self.count -= 1;
        }
        Ok(())
    }
}
