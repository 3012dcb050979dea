//! The calls on descriptors: `fd_*`.

use super::abi::{self, Filestat, fdflags, filetype, rights};
use super::descriptor::{Descriptor, Entry, OpenDir, OpenFile};
use super::{Errno, Guest, Wasi};
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};

/// Restores a file's position after something happened elsewhere in it. The guest's threads, of which one has the descriptors at a
/// time, see no difference from a read or write that has its own position, on any system.
fn elsewhere<T>(
    file: &mut OpenFile,
    offset: u64,
    action: impl FnOnce(&mut OpenFile) -> Result<T, Errno>,
) -> Result<T, Errno> {
    let back = file.file.stream_position()?;
    file.file.seek(SeekFrom::Start(offset))?;
    let result = action(file);
    file.file.seek(SeekFrom::Start(back))?;
    result
}

/// A standard stream's kind: a terminal, or nobody knows what.
fn stream_type(terminal: bool) -> u8 {
    if terminal { filetype::CHARACTER_DEVICE } else { filetype::UNKNOWN }
}

fn stream_type_of(descriptor: &Descriptor) -> u8 {
    match descriptor {
        Descriptor::Stdin => stream_type(std::io::stdin().is_terminal()),
        Descriptor::Stdout(out) => stream_type(out.is_terminal()),
        Descriptor::Stderr => stream_type(std::io::stderr().is_terminal()),
        Descriptor::File(_) => filetype::REGULAR_FILE,
        Descriptor::Dir(_) => filetype::DIRECTORY,
    }
}

impl OpenDir {
    fn read_listing(&mut self) -> Result<(), Errno> {
        let itself = abi::ino(&self.dir.dir_metadata()?);
        let dots = [(".", itself), ("..", 0)];
        self.listing = dots
            .map(|(name, ino)| Entry { name: name.into(), ino, filetype: filetype::DIRECTORY })
            .into_iter()
            .collect();
        for entry in self.dir.entries()? {
            let entry = entry?;
            let name = entry.file_name().into_string().map_err(|_| Errno::ILSEQ)?;
            let ino = entry.metadata().map_or(0, |metadata| abi::ino(&metadata));
            self.listing.push(Entry { name, ino, filetype: abi::filetype_of(entry.file_type()?) });
        }
        Ok(())
    }
}

impl Wasi {
    pub(super) fn fd_advise(
        &mut self,
        _: &mut Guest<'_>,
        fd: u32,
        _offset: u64,
        _len: u64,
        advice: u32,
    ) -> Result<(), Errno> {
        self.descriptors().file(fd)?;
        // Advice may be ignored, if it is any.
        if advice <= 5 { Ok(()) } else { Err(Errno::INVAL) }
    }

    pub(super) fn fd_close(&mut self, _: &mut Guest<'_>, fd: u32) -> Result<(), Errno> {
        if let Descriptor::Stdout(mut out) = self.descriptors().remove(fd)? {
            out.flush()?;
        }
        Ok(())
    }

    pub(super) fn fd_datasync(&mut self, _: &mut Guest<'_>, fd: u32) -> Result<(), Errno> {
        match self.descriptors().get(fd)? {
            Descriptor::File(file) => Ok(file.file.sync_data()?),
            Descriptor::Stdout(out) => Ok(out.flush()?),
            _ => Ok(()),
        }
    }

    pub(super) fn fd_sync(&mut self, _: &mut Guest<'_>, fd: u32) -> Result<(), Errno> {
        match self.descriptors().get(fd)? {
            Descriptor::File(file) => Ok(file.file.sync_all()?),
            Descriptor::Stdout(out) => Ok(out.flush()?),
            _ => Ok(()),
        }
    }

    pub(super) fn fd_fdstat_get(&mut self, guest: &mut Guest<'_>, fd: u32, stat: u32) -> Result<(), Errno> {
        let mut descriptors = self.descriptors();
        let descriptor = descriptors.get(fd)?;
        let filetype = stream_type_of(descriptor);
        let (flags, base, inheriting) = match descriptor {
            // libc takes a character device that cannot seek for a terminal.
            Descriptor::Stdin => (0, rights::ALL & !(rights::SEEK | rights::TELL | rights::WRITING), 0),
            Descriptor::Stdout(_) | Descriptor::Stderr => {
                (0, rights::ALL & !(rights::SEEK | rights::TELL | rights::READ), 0)
            }
            Descriptor::File(file) => {
                let read = if file.read { 0 } else { rights::READ };
                let write = if file.write { 0 } else { rights::WRITING };
                let flags = if file.append { fdflags::APPEND } else { 0 };
                (flags, rights::ALL & !(rights::DIRECTORY & !(1 << 21)) & !read & !write, 0)
            }
            Descriptor::Dir(_) => (0, rights::DIRECTORY, rights::ALL),
        };
        abi::write_fdstat(guest, stat, filetype, flags, base, inheriting)
    }

    pub(super) fn fd_fdstat_set_flags(&mut self, _: &mut Guest<'_>, fd: u32, flags: u32) -> Result<(), Errno> {
        if flags & !u32::from(fdflags::APPEND | fdflags::NONBLOCK) != 0 {
            // Synchronous writing cannot be switched on later.
            return Err(Errno::NOTSUP);
        }
        if let Descriptor::File(file) = self.descriptors().get(fd)? {
            file.append = flags & u32::from(fdflags::APPEND) != 0;
        }
        Ok(())
    }

    pub(super) fn fd_filestat_get(&mut self, guest: &mut Guest<'_>, fd: u32, stat: u32) -> Result<(), Errno> {
        let filestat = match self.descriptors().get(fd)? {
            Descriptor::File(file) => Filestat::of(&file.file.metadata()?),
            Descriptor::Dir(dir) => Filestat::of(&dir.dir.dir_metadata()?),
            stream => Filestat::of_stream(stream_type_of(stream)),
        };
        filestat.write(guest, stat)
    }

    pub(super) fn fd_filestat_set_size(&mut self, _: &mut Guest<'_>, fd: u32, size: u64) -> Result<(), Errno> {
        let mut descriptors = self.descriptors();
        let file = descriptors.file(fd)?;
        if !file.write {
            return Err(Errno::BADF);
        }
        Ok(file.file.set_len(size)?)
    }

    pub(super) fn fd_read(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        iovs: u32,
        count: u32,
        nread: u32,
    ) -> Result<(), Errno> {
        let iovecs = guest.iovecs(iovs, count)?;
        let mut descriptors = self.descriptors();
        let total = match descriptors.get(fd)? {
            Descriptor::Stdin => {
                // What was asked should be seen before the answer is awaited, and other threads have the descriptors meanwhile.
                descriptors.stdouts().try_for_each(Write::flush)?;
                drop(descriptors);
                guest.fill(&iovecs, |buffer| std::io::stdin().lock().read(buffer))?
            }
            Descriptor::File(file) if file.read => guest.fill(&iovecs, |buffer| file.file.read(buffer))?,
            Descriptor::Dir(_) => return Err(Errno::ISDIR),
            _ => return Err(Errno::BADF),
        };
        guest.write_u32(nread, total)
    }

    pub(super) fn fd_pread(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        iovs: u32,
        count: u32,
        offset: u64,
        nread: u32,
    ) -> Result<(), Errno> {
        let iovecs = guest.iovecs(iovs, count)?;
        let mut descriptors = self.descriptors();
        let file = descriptors.file(fd)?;
        if !file.read {
            return Err(Errno::BADF);
        }
        let total = elsewhere(file, offset, |file| guest.fill(&iovecs, |buffer| file.file.read(buffer)))?;
        guest.write_u32(nread, total)
    }

    pub(super) fn fd_write(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        iovs: u32,
        count: u32,
        nwritten: u32,
    ) -> Result<(), Errno> {
        let iovecs = guest.iovecs(iovs, count)?;
        let total = match self.descriptors().get(fd)? {
            Descriptor::Stdout(out) => guest.drain(&iovecs, |bytes| out.write(bytes))?,
            Descriptor::Stderr => guest.drain(&iovecs, |bytes| std::io::stderr().lock().write(bytes))?,
            Descriptor::File(file) if file.write => {
                if file.append {
                    file.file.seek(SeekFrom::End(0))?;
                }
                guest.drain(&iovecs, |bytes| file.file.write(bytes))?
            }
            _ => return Err(Errno::BADF),
        };
        guest.write_u32(nwritten, total)
    }

    pub(super) fn fd_pwrite(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        iovs: u32,
        count: u32,
        offset: u64,
        nwritten: u32,
    ) -> Result<(), Errno> {
        let iovecs = guest.iovecs(iovs, count)?;
        let mut descriptors = self.descriptors();
        let file = descriptors.file(fd)?;
        if !file.write {
            return Err(Errno::BADF);
        }
        let total = elsewhere(file, offset, |file| guest.drain(&iovecs, |bytes| file.file.write(bytes)))?;
        guest.write_u32(nwritten, total)
    }

    pub(super) fn fd_seek(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        offset: i64,
        whence: u32,
        position: u32,
    ) -> Result<(), Errno> {
        let to = match whence {
            0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::INVAL)?),
            1 => SeekFrom::Current(offset),
            2 => SeekFrom::End(offset),
            _ => return Err(Errno::INVAL),
        };
        let at = self.descriptors().file(fd)?.file.seek(to)?;
        guest.write_u64(position, at)
    }

    pub(super) fn fd_tell(&mut self, guest: &mut Guest<'_>, fd: u32, position: u32) -> Result<(), Errno> {
        let at = self.descriptors().file(fd)?.file.stream_position()?;
        guest.write_u64(position, at)
    }

    pub(super) fn fd_renumber(&mut self, _: &mut Guest<'_>, from: u32, to: u32) -> Result<(), Errno> {
        if from != to
            && let Descriptor::Stdout(out) = self.descriptors().get(to)?
        {
            out.flush()?;
        }
        self.descriptors().renumber(from, to)
    }

    pub(super) fn fd_prestat_get(&mut self, guest: &mut Guest<'_>, fd: u32, prestat: u32) -> Result<(), Errno> {
        let name = self.preopened(fd)?;
        let len = name.len() as u32;
        // The tag, 0, means a directory.
        guest.write_u32(prestat, 0)?;
        guest.write_u32(prestat.checked_add(4).ok_or(Errno::FAULT)?, len)
    }

    pub(super) fn fd_prestat_dir_name(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: u32,
        len: u32,
    ) -> Result<(), Errno> {
        let name = self.preopened(fd)?;
        if (len as usize) < name.len() {
            return Err(Errno::NAMETOOLONG);
        }
        guest.write(path, name.as_bytes())
    }

    /// The name of a directory the program was given.
    fn preopened(&mut self, fd: u32) -> Result<String, Errno> {
        match self.descriptors().get(fd)? {
            Descriptor::Dir(OpenDir { preopen: Some(name), .. }) => Ok(name.clone()),
            _ => Err(Errno::BADF),
        }
    }

    pub(super) fn fd_readdir(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        buf: u32,
        len: u32,
        cookie: u64,
        used: u32,
    ) -> Result<(), Errno> {
        let mut descriptors = self.descriptors();
        let dir = descriptors.dir(fd)?;
        if cookie == 0 {
            dir.read_listing()?;
        }
        let first = usize::try_from(cookie).unwrap_or(usize::MAX);
        let filled = guest.fill_bytes(buf, len, |buffer| {
            let mut rest = &mut *buffer;
            for (index, entry) in dir.listing.iter().enumerate().skip(first) {
                let head = abi::dirent(index as u64 + 1, entry.ino, entry.name.len() as u32, entry.filetype);
                for part in [&head[..], entry.name.as_bytes()] {
                    // The last entry may be cut off; a buffer filled to its end tells the guest that there is more.
                    let (now, later) = rest.split_at_mut(part.len().min(rest.len()));
                    now.copy_from_slice(&part[..now.len()]);
                    rest = later;
                }
                if rest.is_empty() {
                    break;
                }
            }
            let left = rest.len();
            Ok::<_, Errno>(buffer.len() - left)
        })?;
        guest.write_u32(used, filled as u32)
    }
}
