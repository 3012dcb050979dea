//! What a guest's file descriptors stand for.

use super::Errno;
use cap_std::fs::{Dir, File};
use std::io::{BufWriter, IsTerminal, Write};

/// An open descriptor.
#[derive(Debug)]
pub enum Descriptor {
    /// The process's standard input.
    Stdin,
    /// The process's standard output.
    Stdout(Stdout),
    /// The process's standard error.
    Stderr,
    /// A file.
    File(OpenFile),
    /// A directory.
    Dir(OpenDir),
}

/// An open file. The flags are kept here because the file may be open to more than the guest asked for (creating needs
/// writing on some systems) and because appending can be switched.
#[derive(Debug)]
pub struct OpenFile {
    /// The file; its own position is the descriptor's.
    pub file: File,
    /// May be read.
    pub read: bool,
    /// May be written.
    pub write: bool,
    /// Writes go to the end.
    pub append: bool,
}

/// An open directory: the paths below it are what the guest can reach.
#[derive(Debug)]
pub struct OpenDir {
    /// The directory. cap-std refuses every path that leads out of it.
    pub dir: Dir,
    /// What the guest calls it, if it was given at the start.
    pub preopen: Option<String>,
    /// Its content when the guest last read it from the beginning, so that cookies stay true while files come and go.
    pub listing: Vec<Entry>,
}

/// One entry of a directory.
#[derive(Debug)]
pub struct Entry {
    /// Name within the directory.
    pub name: String,
    /// Serial number, 0 if unknown.
    pub ino: u64,
    /// What it is.
    pub filetype: u8,
}

/// Standard output: buffered, since a guest's `printf` is a call into the host; line by line for a terminal would split
/// what libc already gathered, so there each write is passed on whole.
#[derive(Debug)]
pub struct Stdout {
    out: BufWriter<std::io::Stdout>,
    terminal: bool,
}

impl Stdout {
    /// The process's standard output.
    pub fn new() -> Self {
        let out = std::io::stdout();
        let terminal = out.is_terminal();
        Self { out: BufWriter::with_capacity(64 << 10, out), terminal }
    }

    /// Whether a person is reading.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write_all(bytes)?;
        if self.terminal {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()?;
        self.out.get_mut().flush()
    }
}

/// The descriptors by number.
#[derive(Debug, Default)]
pub struct Descriptors(Vec<Option<Descriptor>>);

impl Descriptors {
    /// The descriptor `fd`.
    pub fn get(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.0.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::BADF)
    }

    /// The descriptor `fd`, which must be a file.
    pub fn file(&mut self, fd: u32) -> Result<&mut OpenFile, Errno> {
        match self.get(fd)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Dir(_) => Err(Errno::ISDIR),
            _ => Err(Errno::SPIPE),
        }
    }

    /// The descriptor `fd`, which must be a directory.
    pub fn dir(&mut self, fd: u32) -> Result<&mut OpenDir, Errno> {
        match self.get(fd)? {
            Descriptor::Dir(dir) => Ok(dir),
            _ => Err(Errno::NOTDIR),
        }
    }

    /// Gives `descriptor` the lowest free number. The system's own limit bounds how many there can be.
    pub fn add(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let fd = self.0.iter().position(Option::is_none).unwrap_or(self.0.len());
        let number = u32::try_from(fd).map_err(|_| Errno::MFILE)?;
        if fd == self.0.len() {
            self.0.push(None);
        }
        self.0[fd] = Some(descriptor);
        Ok(number)
    }

    /// Takes `fd` out.
    pub fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        self.0.get_mut(fd as usize).and_then(Option::take).ok_or(Errno::BADF)
    }

    /// Moves `from` to `to`, closing what was there; both must be open.
    pub fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            self.0[to as usize] = self.0[from as usize].take();
        }
        Ok(())
    }

    /// Every standard output that is open.
    pub fn stdouts(&mut self) -> impl Iterator<Item = &mut Stdout> {
        self.0.iter_mut().flatten().filter_map(|descriptor| match descriptor {
            Descriptor::Stdout(out) => Some(out),
            _ => None,
        })
    }
}
