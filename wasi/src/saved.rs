//! A guest's view of the world as bytes, to go on elsewhere: arguments, environment, the monotonic clock's time, and descriptors.
//!
//! What the embedder gave is named by its number, and is to be given again: the standard streams, directories, sockets. What the guest
//! opened below a directory is named by that and its path, and is opened again; so it has to be there under that path when the bytes are
//! made, which is looked at, and when they are read. `docs/checkpoint-format.md` describes the bytes.
//!
//! The content of files is not part of it.

use crate::Errno;
use crate::abi::{Fdflags, Filetype, Flags, Lookupflags, Oflags, Rights};
use crate::clock::{HostMonotonicClock, MonotonicClock};
use crate::ctx::WasiP1Ctx;
use crate::descriptor::{Descriptor, Descriptors};
use crate::dir::{Entry, OpenDir, Opened};
use crate::file::OpenFile;
use crate::stream::StdinStream;
use rustix::fs::{SeekFrom, seek};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Weak};
use std::time::Instant;

/// A clock that goes on from a time.
#[derive(Debug)]
struct LaterClock {
    clock: MonotonicClock,
    start: u64,
}

impl HostMonotonicClock for LaterClock {
    fn resolution(&self) -> u64 {
        self.clock.resolution()
    }

    fn now(&self) -> u64 {
        self.start.saturating_add(self.clock.now())
    }

    fn is_real(&self) -> bool {
        true
    }
}

/// The clock of a guest that goes on; at first it says `start`.
pub(crate) fn clock_from(start: u64) -> Box<dyn HostMonotonicClock> {
    Box::new(LaterClock { clock: MonotonicClock(Instant::now()), start })
}

/// Why something cannot be saved, or not now.
fn cannot(fd: usize, why: &str) -> io::Error {
    io::Error::other(format!("descriptor {fd}: {why}"))
}

#[cold]
fn malformed(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("the saved state of WASI is malformed: {what}"))
}

/// Of the bytes.
const VERSION: u8 = 1;

/// What a descriptor is.
const CLOSED: u8 = 0;
const INITIAL: u8 = 1;
const FILE: u8 = 2;
const DIRECTORY: u8 = 3;

impl WasiP1Ctx {
    /// This view of the world, as bytes of which [`WasiCtxBuilder::restore_p1`](crate::WasiCtxBuilder::restore_p1) makes it again,
    /// in another process too. Nothing changes here.
    ///
    /// # Errors
    /// Something is open that cannot be opened again: a connection that was accepted; a pipe; a file or directory that was removed or
    /// renamed since it was opened, whose directory, given at the start, was closed, or to which the path from there has more than 4,095 bytes. The
    /// error says which descriptor it is.
    pub fn save(&self) -> io::Result<Vec<u8>> {
        let shared = &*self.shared;
        let mut out = Writer(vec![VERSION]);
        for list in [&shared.args, &shared.env] {
            out.list(list, |out, item| out.bytes(item));
        }
        out.number(shared.monotonic_clock.now());
        out.list(&shared.names, |out, name| out.bytes(name.as_bytes()));
        let descriptors = self.descriptors().all();
        out.number(descriptors.len() as u64);
        for (fd, descriptor) in descriptors.iter().enumerate() {
            match descriptor {
                None => out.0.push(CLOSED),
                Some(descriptor) => self.save_one(&mut out, fd, descriptor)?,
            }
        }
        Ok(out.0)
    }

    /// Has the system write to the disk what was written to files that are open. Where [`WasiP1Ctx::save`] is to be good for after the
    /// system has failed, this comes before that is relied upon: a file that is shorter by then than it was is not opened again.
    ///
    /// # Errors
    /// Those of the system.
    pub fn sync(&self) -> io::Result<()> {
        // Whoever calls the guest meanwhile does not wait for the disk.
        let open = self.descriptors().all();
        for descriptor in open.iter().flatten() {
            if let Descriptor::File(file) = &**descriptor
                && file.write
                && file.seeks()
            {
                file.file.sync_data()?;
            }
        }
        Ok(())
    }

    fn save_one(&self, out: &mut Writer, fd: usize, descriptor: &Arc<Descriptor>) -> io::Result<()> {
        let is_it = |initial: &Weak<Descriptor>| std::ptr::eq(initial.as_ptr(), Arc::as_ptr(descriptor));
        if let Some(number) = self.shared.initial.iter().position(is_it) {
            out.0.push(INITIAL);
            out.number(number as u64);
            match &**descriptor {
                Descriptor::Stdin(stream) => out.option(position(&**stream), Writer::number),
                Descriptor::Dir(dir) => out.listing(dir),
                Descriptor::Socket(socket) => out.0.push(u8::from(!socket.flags().is_empty())),
                Descriptor::Stdout(_) | Descriptor::File(_) => {}
            }
            return Ok(());
        }
        let (origin, found) = match &**descriptor {
            Descriptor::File(file) => (&file.origin, file.filestat()),
            Descriptor::Dir(dir) => (&dir.origin, dir.filestat()),
            Descriptor::Socket(_) => return Err(cannot(fd, "a connection cannot be saved")),
            Descriptor::Stdin(_) | Descriptor::Stdout(_) => return Err(cannot(fd, "it was not given at the start")),
        };
        let root = self.shared.initial.get(origin.root as usize).and_then(Weak::upgrade);
        let root = root.ok_or_else(|| cannot(fd, "the directory below which it was opened is closed"))?;
        let root = root.dir().map_err(|_| cannot(fd, "it was opened below no directory"))?;
        let path = origin.path.as_deref();
        let path = path.ok_or_else(|| cannot(fd, "the path to it is too long, so it cannot be saved"))?;
        let gone =
            || cannot(fd, &format!("`{path}` was removed or renamed since it was opened, so it cannot be saved"));
        let there = root.filestat_at(path, Lookupflags::SYMLINK_FOLLOW).map_err(|_| gone())?;
        let found = found.map_err(|errno| cannot(fd, &errno.to_string()))?;
        if (there.dev, there.ino) != (found.dev, found.ino) {
            return Err(gone());
        }
        match &**descriptor {
            Descriptor::File(file) if is_pipe(file) => {
                return Err(cannot(fd, &format!("`{path}` is a pipe, which cannot be saved")));
            }
            Descriptor::File(file) => {
                out.0.push(FILE);
                out.origin(origin.root, path);
                out.number(u64::from(file.flags().bits()));
                out.0.push(u8::from(file.read) | u8::from(file.write) << 1);
                out.number(file.tell().unwrap_or_default());
                out.number(file.size());
            }
            Descriptor::Dir(dir) => {
                out.0.push(DIRECTORY);
                out.origin(origin.root, path);
                out.listing(dir);
            }
            _ => unreachable!("only what was opened has an origin"),
        }
        Ok(())
    }
}

/// Where a file is read next that standard input comes from.
fn position(stream: &dyn StdinStream) -> Option<u64> {
    seek(stream.as_fd()?, SeekFrom::Current(0)).ok()
}

/// What [`WasiP1Ctx::save`] wrote.
#[derive(Debug)]
pub(crate) struct Saved<'a> {
    pub args: Vec<Vec<u8>>,
    pub env: Vec<Vec<u8>>,
    pub monotonic: u64,
    /// Of what was given at the start.
    names: Vec<String>,
    /// The descriptors, by number.
    rest: Reader<'a>,
}

impl<'a> Saved<'a> {
    /// # Errors
    /// The bytes are none of [`WasiP1Ctx::save`].
    pub(crate) fn new(bytes: &'a [u8]) -> io::Result<Self> {
        let mut reader = Reader(bytes);
        if reader.byte()? != VERSION {
            return Err(malformed("another version"));
        }
        let (args, env) = (reader.list(Reader::bytes)?, reader.list(Reader::bytes)?);
        let monotonic = reader.number()?;
        Ok(Self { args, env, monotonic, names: reader.list(Reader::text)?, rest: reader })
    }

    /// The descriptors, of those that are given at the start now.
    ///
    /// # Errors
    /// Those that are given are others; something cannot be opened any more, or is something else.
    pub(crate) fn descriptors(
        mut self,
        given: &[Arc<Descriptor>],
        names: &[String],
        most: usize,
    ) -> io::Result<Descriptors> {
        if self.names != names {
            let (before, now) = (self.names.join(", "), names.join(", "));
            return Err(io::Error::other(format!("the program was given [{before}], and is given [{now}] now")));
        }
        let (mut taken, mut sizes) = (vec![false; given.len()], Vec::new());
        let (mut numbers, mut open) = (0, 0);
        let mut all = self.rest.list(|reader| {
            let descriptor = reader.descriptor(given, &mut taken, &mut sizes)?;
            numbers += 1;
            open += usize::from(descriptor.is_some());
            let given_ones = taken.iter().filter(|taken| **taken).count();
            // Numbers are the lowest that are free, so they are not larger either.
            if open > most && open > given_ones || numbers > most.max(given.len()) {
                return Err(io::Error::other(format!("the program had more than {most} descriptors")));
            }
            Ok(descriptor)
        })?;
        if !self.rest.0.is_empty() {
            return Err(malformed("what follows its end"));
        }
        // At last, when nothing is wrong with any of them: what is cut off is lost.
        for (descriptor, size) in sizes {
            descriptor.file().expect("only files have a size").file.set_len(size)?;
        }
        // What is closed at the end is as if it never had been there.
        while all.pop_if(|last| last.is_none()).is_some() {}
        Ok(Descriptors::of(all, most))
    }
}

impl OpenFile {
    /// Goes on as it was saved. Says whether it is to be cut back, for it has grown since.
    fn restore(&self, path: &str, position: u64, size: u64) -> io::Result<bool> {
        let now = self.size();
        if now < size {
            return Err(io::Error::other(format!(
                "the file `{path}` has {now} bytes: it had {size} when it was saved"
            )));
        }
        self.set_position(position);
        // What was written since will be written again.
        Ok(self.write && self.mutable && now > size)
    }
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    /// Unsigned LEB128.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        items.iter().for_each(|each| item(self, each));
    }

    fn option<T>(&mut self, item: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.0.push(item.is_some().into());
        if let Some(item) = item {
            write(self, item);
        }
    }

    fn origin(&mut self, root: u32, path: &str) {
        self.number(root.into());
        self.bytes(path.as_bytes());
    }

    fn listing(&mut self, dir: &OpenDir) {
        self.option(dir.last_listing(), |out, entries| {
            out.list(&entries, |out, entry| {
                out.bytes(entry.name.as_bytes());
                out.number(entry.ino);
                out.0.push(entry.filetype as u8);
            });
        });
    }
}

/// What is left to read. Nothing of it is trusted.
#[derive(Debug)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> io::Result<u8> {
        self.0.split_off_first().copied().ok_or_else(|| malformed("it ends too early"))
    }

    fn flag(&mut self) -> io::Result<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(malformed("a flag")),
        }
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(malformed("a number of more than 64 bits"))
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let len = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        Ok(self.0.split_off(..len).ok_or_else(|| malformed("it ends too early"))?.to_vec())
    }

    fn text(&mut self) -> io::Result<String> {
        String::from_utf8(self.bytes()?).map_err(|_| malformed("a name that is not UTF-8"))
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> io::Result<T>) -> io::Result<Vec<T>> {
        let len = self.number()?;
        // An item has a byte at least.
        if len > self.0.len() as u64 {
            return Err(malformed("it ends too early"));
        }
        (0..len).map(|_| item(self)).collect()
    }

    fn option<T>(&mut self, item: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<Option<T>> {
        Ok(if self.flag()? { Some(item(self)?) } else { None })
    }

    fn listing(&mut self) -> io::Result<Option<Vec<Entry>>> {
        self.option(|reader| {
            reader.list(|reader| {
                let (name, ino) = (reader.text()?.into(), reader.number()?);
                let filetype = Filetype::of(reader.byte()?).ok_or_else(|| malformed("a kind of file"))?;
                Ok(Entry { name, ino, filetype })
            })
        })
    }

    /// A descriptor, opened again; if it is a file that has grown, `sizes` gets what it is to be cut back to.
    fn descriptor(
        &mut self,
        given: &[Arc<Descriptor>],
        taken: &mut [bool],
        sizes: &mut Vec<(Arc<Descriptor>, u64)>,
    ) -> io::Result<Option<Arc<Descriptor>>> {
        match self.byte()? {
            CLOSED => Ok(None),
            INITIAL => {
                let number = usize::try_from(self.number()?).unwrap_or(usize::MAX);
                let descriptor = given.get(number).ok_or_else(|| malformed("what was not given at the start"))?;
                if std::mem::replace(&mut taken[number], true) {
                    return Err(malformed("a descriptor with two numbers"));
                }
                match &**descriptor {
                    Descriptor::Stdin(stream) => {
                        if let (Some(position), Some(fd)) = (self.option(Self::number)?, stream.as_fd()) {
                            // A pipe goes on where it is.
                            let _ = seek(fd, SeekFrom::Start(position));
                        }
                    }
                    Descriptor::Dir(dir) => dir.set_listing(self.listing()?),
                    Descriptor::Socket(socket) => {
                        let nonblocking = self.flag()?;
                        socket.set_flags(if nonblocking { Fdflags::NONBLOCK } else { Fdflags::empty() });
                    }
                    Descriptor::Stdout(_) | Descriptor::File(_) => {}
                }
                Ok(Some(Arc::clone(descriptor)))
            }
            FILE => {
                let (dir, path) = self.origin(given)?;
                let flags = u32::try_from(self.number()?).ok().and_then(|flags| Fdflags::of(flags).ok());
                let flags = flags.ok_or_else(|| malformed("flags of a file"))?;
                let (asked, position, size) = (self.byte()?, self.number()?, self.number()?);
                if asked > 3 || i64::try_from(position).is_err() {
                    return Err(malformed("a file"));
                }
                let mut rights = Rights::empty();
                rights.set(Rights::FD_READ, asked & 1 != 0);
                rights.set(Rights::FD_WRITE, asked & 2 != 0);
                match open(dir, &path, Oflags::empty(), rights, flags)? {
                    Opened::File(file) if is_pipe(&file) => {
                        Err(io::Error::other(format!("`{path}` is a pipe: it was a file")))
                    }
                    Opened::File(file) => {
                        let is_cut = file.restore(&path, position, size)?;
                        let descriptor = Arc::new(Descriptor::File(file));
                        sizes.extend(is_cut.then(|| (Arc::clone(&descriptor), size)));
                        Ok(Some(descriptor))
                    }
                    Opened::Dir(_) => Err(io::Error::other(format!("`{path}` is a directory: it was a file"))),
                }
            }
            DIRECTORY => {
                let (dir, path) = self.origin(given)?;
                let Opened::Dir(dir) = open(dir, &path, Oflags::DIRECTORY, Rights::empty(), Fdflags::empty())? else {
                    return Err(io::Error::other(format!("`{path}` is no directory: it was one")));
                };
                dir.set_listing(self.listing()?);
                Ok(Some(Arc::new(Descriptor::Dir(dir))))
            }
            _ => Err(malformed("a kind of descriptor")),
        }
    }

    /// The directory below which something was opened, and the path.
    fn origin<'g>(&mut self, given: &'g [Arc<Descriptor>]) -> io::Result<(&'g OpenDir, String)> {
        let root = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let dir = given.get(root).and_then(|given| given.dir().ok());
        Ok((dir.ok_or_else(|| malformed("a path from no directory"))?, self.text()?))
    }
}

/// Whether it is a pipe, or a socket.
fn is_pipe(file: &OpenFile) -> bool {
    matches!(file.filetype, Filetype::Unknown | Filetype::SocketStream)
}

fn open(dir: &OpenDir, path: &str, oflags: Oflags, rights: Rights, flags: Fdflags) -> io::Result<Opened> {
    let open = |may_wait| dir.open(path, Lookupflags::SYMLINK_FOLLOW, oflags, rights, flags, may_wait);
    // What was a file may be a named pipe now, whose other end nobody may ever open. Who has a lease on a file gives it back.
    let opened = match open(false) {
        Err(Errno::AGAIN) if !flags.contains(Fdflags::NONBLOCK) => open(true),
        opened => opened,
    };
    opened.map_err(|errno| io::Error::other(format!("`{path}` cannot be opened again: {errno}")))
}

/// What the embedder calls what it gives: directories by their names for the guest.
pub(crate) fn names(descriptors: &[Arc<Descriptor>]) -> Vec<String> {
    let name = |descriptor: &Arc<Descriptor>| match &**descriptor {
        Descriptor::Stdin(_) => "standard input".into(),
        Descriptor::Stdout(_) => "an output".into(),
        Descriptor::Dir(dir) => dir.preopen.clone().unwrap_or_default(),
        Descriptor::Socket(_) => "a socket".into(),
        Descriptor::File(_) => "a file".into(),
    };
    descriptors.iter().map(name).collect()
}
