//! What a guest's standard streams may be: those of the process, pipes in memory, files, or something of the embedder's own.
//!
//! Nothing here holds output back: what a guest wrote has been written when its call returns, in the order of its calls.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IsTerminal, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// Where a guest's standard input comes from.
///
/// Threads of one guest share it, so its methods take `&self`.
pub trait StdinStream: Send + Sync {
    /// Reads to the beginning of `buffer`, and gives how many bytes; 0 at the end. It may wait.
    ///
    /// # Errors
    /// Of reading. [`io::ErrorKind::WouldBlock`] becomes the guest's `again`; or, if there is a descriptor ([`Self::as_fd`]), the guest waits until
    /// that is ready, and this is called again.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Whether a person types it.
    fn is_terminal(&self) -> bool {
        false
    }

    /// What says when there is something to read. Without, there always is.
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// Where a guest's standard output, or its error messages, go.
///
/// Threads of one guest share it, so its methods take `&self`.
pub trait StdoutStream: Send + Sync {
    /// Writes the beginning of `bytes`, and gives how many. It may wait.
    ///
    /// # Errors
    /// Of writing. [`io::ErrorKind::WouldBlock`] is as for [`StdinStream::read`].
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Whether a person reads it.
    fn is_terminal(&self) -> bool {
        false
    }

    /// What says when something can be written. Without, something always can.
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl fmt::Debug for dyn StdinStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StdinStream")
    }
}

impl fmt::Debug for dyn StdoutStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StdoutStream")
    }
}

/// Does something again when a signal has interrupted it.
pub(crate) fn retry<T>(mut action: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match action() {
            Err(rustix::io::Errno::INTR) => {}
            result => return result,
        }
    }
}

/// The process's standard input, read without a buffer, so that nothing is lost to whoever reads it next.
#[derive(Debug, Clone, Copy)]
pub struct Stdin;

impl StdinStream for Stdin {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(retry(|| rustix::io::read(io::stdin(), &mut *buffer))?)
    }

    fn is_terminal(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(rustix::stdio::stdin())
    }
}

/// The process's standard output.
#[derive(Debug, Clone, Copy)]
pub struct Stdout;

impl StdoutStream for Stdout {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(retry(|| rustix::io::write(io::stdout(), bytes))?)
    }

    fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(rustix::stdio::stdout())
    }
}

/// The process's standard error.
#[derive(Debug, Clone, Copy)]
pub struct Stderr;

impl StdoutStream for Stderr {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(retry(|| rustix::io::write(io::stderr(), bytes))?)
    }

    fn is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(rustix::stdio::stderr())
    }
}

/// No input: at its end from the beginning. What a guest has unless it is given something else.
#[derive(Debug, Clone, Copy, Default)]
pub struct Empty;

impl StdinStream for Empty {
    fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

/// Takes all output and forgets it. What a guest has unless it is given something else.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sink;

impl StdoutStream for Sink {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }
}

/// Input from bytes in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryInputPipe(Arc<Mutex<VecDeque<u8>>>);

impl MemoryInputPipe {
    /// These bytes, and then the end.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new(Mutex::new(bytes.into().into())))
    }
}

impl StdinStream for MemoryInputPipe {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read(buffer)
    }
}

/// Output to memory. A clone of it gives what was written.
#[derive(Debug, Clone)]
pub struct MemoryOutputPipe {
    bytes: Arc<Mutex<Vec<u8>>>,
    capacity: usize,
}

impl MemoryOutputPipe {
    /// Takes at most `capacity` bytes; writing more is an error, the guest's `io`, as in wasmtime.
    pub fn new(capacity: usize) -> Self {
        Self { bytes: Arc::default(), capacity }
    }

    /// What was written until now.
    pub fn contents(&self) -> Vec<u8> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl StdoutStream for MemoryOutputPipe {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.capacity - all.len();
        if room == 0 && !bytes.is_empty() {
            return Err(io::Error::other("the pipe is full"));
        }
        let count = room.min(bytes.len());
        all.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

/// Anything of the system that is open: a [`File`](std::fs::File), an end of a pipe or of a socket, a terminal.
#[derive(Debug)]
pub struct FdStream(OwnedFd);

impl FdStream {
    /// Takes what is open.
    pub fn new(fd: impl Into<OwnedFd>) -> Self {
        Self(fd.into())
    }
}

impl StdinStream for FdStream {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(retry(|| rustix::io::read(&self.0, &mut *buffer))?)
    }

    fn is_terminal(&self) -> bool {
        self.0.is_terminal()
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

impl StdoutStream for FdStream {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(retry(|| rustix::io::write(&self.0, bytes))?)
    }

    fn is_terminal(&self) -> bool {
        self.0.is_terminal()
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}
