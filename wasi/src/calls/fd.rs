//! The calls on descriptors that neither read nor write: `fd_*`.

use super::Result;
use crate::abi::{DIRENT, Fdflags, Fdstat, Filestat, Flags, Fstflags, Rights, Whence, dirent};
use crate::descriptor::Descriptor;
use crate::dir::timestamps;
use crate::memory::Guest;
use crate::{Errno, WasiP1Ctx};
use std::sync::Arc;

impl WasiP1Ctx {
    pub(crate) fn fd_advise(&mut self, _: &mut Guest<'_>, fd: u32, offset: u64, len: u64, advice: u32) -> Result {
        if advice > 5 {
            return Err(Errno::INVAL.into());
        }
        Ok(self.descriptor(fd)?.file()?.advise(offset, len, advice)?)
    }

    pub(crate) fn fd_allocate(&mut self, _: &mut Guest<'_>, fd: u32, offset: u64, len: u64) -> Result {
        Ok(self.descriptor(fd)?.file()?.allocate(offset, len)?)
    }

    pub(crate) fn fd_close(&mut self, _: &mut Guest<'_>, fd: u32) -> Result {
        self.descriptors().remove(fd)?;
        Ok(())
    }

    pub(crate) fn fd_datasync(&mut self, _: &mut Guest<'_>, fd: u32) -> Result {
        Ok(self.descriptor(fd)?.file()?.file.sync_data()?)
    }

    pub(crate) fn fd_sync(&mut self, _: &mut Guest<'_>, fd: u32) -> Result {
        Ok(self.descriptor(fd)?.file()?.file.sync_all()?)
    }

    pub(crate) fn fd_fdstat_get(&mut self, guest: &mut Guest<'_>, fd: u32, stat: u32) -> Result {
        let descriptor = self.descriptor(fd)?;
        let (flags, base, inheriting) = match &*descriptor {
            // libc takes a character device that cannot seek for a terminal.
            Descriptor::Stdin(_) => (Fdflags::empty(), Rights::FD_READ, Rights::FD_READ),
            Descriptor::Stdout(_) => (Fdflags::empty(), Rights::FD_WRITE, Rights::FD_WRITE),
            Descriptor::File(file) => (file.flags(), file.rights(), file.rights()),
            Descriptor::Dir(dir) => {
                let (base, inheriting) = dir.rights();
                (Fdflags::empty(), base, inheriting)
            }
            Descriptor::Socket(socket) => {
                let stream = Rights::FD_READ | Rights::FD_WRITE | Rights::SOCK_SHUTDOWN | Rights::POLL_FD_READWRITE;
                let stream = stream | Rights::FD_FDSTAT_SET_FLAGS | Rights::FD_FILESTAT_GET;
                let listener = Rights::SOCK_ACCEPT | Rights::POLL_FD_READWRITE | Rights::FD_FDSTAT_SET_FLAGS;
                (socket.flags(), if socket.listens { listener } else { stream }, stream)
            }
        };
        Ok(Fdstat { filetype: descriptor.filetype(), flags, base, inheriting }.store(guest, stat)?)
    }

    pub(crate) fn fd_fdstat_set_flags(&mut self, _: &mut Guest<'_>, fd: u32, flags: u32) -> Result {
        let flags = Fdflags::of(flags)?;
        let descriptor = self.descriptor(fd)?;
        if let Descriptor::Socket(socket) = &*descriptor {
            socket.set_flags(flags);
            return Ok(());
        }
        let file = descriptor.file()?;
        // What is written is made safe, or not, from when the file is opened.
        if flags.intersects(Fdflags::DSYNC | Fdflags::RSYNC | Fdflags::SYNC) {
            return Err(Errno::INVAL.into());
        }
        Ok(file.set_flags(flags)?)
    }

    /// Rights follow from how something was opened, and nothing takes them away later; wasmtime says so too.
    pub(crate) fn fd_fdstat_set_rights(&mut self, _: &mut Guest<'_>, fd: u32, base: u64, inheriting: u64) -> Result {
        Rights::from_bits(base).and(Rights::from_bits(inheriting)).ok_or(Errno::INVAL)?;
        match &*self.descriptor(fd)? {
            Descriptor::File(_) | Descriptor::Dir(_) => Err(Errno::NOTSUP.into()),
            _ => Err(Errno::BADF.into()),
        }
    }

    pub(crate) fn fd_filestat_get(&mut self, guest: &mut Guest<'_>, fd: u32, stat: u32) -> Result {
        let descriptor = self.descriptor(fd)?;
        let filestat = match &*descriptor {
            Descriptor::File(file) => file.filestat()?,
            Descriptor::Dir(dir) => dir.filestat()?,
            stream => Filestat::of_stream(stream.filetype()),
        };
        Ok(filestat.store(guest, stat)?)
    }

    pub(crate) fn fd_filestat_set_size(&mut self, _: &mut Guest<'_>, fd: u32, size: u64) -> Result {
        Ok(self.descriptor(fd)?.file()?.set_size(size)?)
    }

    pub(crate) fn fd_filestat_set_times(
        &mut self,
        _: &mut Guest<'_>,
        fd: u32,
        atim: u64,
        mtim: u64,
        flags: u32,
    ) -> Result {
        let times = timestamps(atim, mtim, Fstflags::of(flags)?)?;
        match &*self.descriptor(fd)? {
            Descriptor::File(file) if file.mutable => Ok(rustix::fs::futimens(&file.file, &times)?),
            Descriptor::File(_) => Err(Errno::PERM.into()),
            Descriptor::Dir(dir) => Ok(dir.set_times(&times)?),
            _ => Err(Errno::BADF.into()),
        }
    }

    pub(crate) fn fd_prestat_get(&mut self, guest: &mut Guest<'_>, fd: u32, prestat: u32) -> Result {
        let descriptor = self.descriptor(fd)?;
        let name = descriptor.dir()?.preopen.as_ref().ok_or(Errno::BADF)?;
        // The tag, 0, means a directory.
        let mut bytes = [0; 8];
        bytes[4..].copy_from_slice(&(name.len() as u32).to_le_bytes());
        Ok(guest.write(prestat, &bytes)?)
    }

    pub(crate) fn fd_prestat_dir_name(&mut self, guest: &mut Guest<'_>, fd: u32, path: u32, len: u32) -> Result {
        let descriptor = self.descriptor(fd)?;
        let dir = descriptor.dir().map_err(|_| Errno::NOTDIR)?;
        let name = dir.preopen.as_ref().ok_or(Errno::NOTDIR)?;
        if name.len() > len as usize {
            return Err(Errno::NAMETOOLONG.into());
        }
        Ok(guest.write(path, name.as_bytes())?)
    }

    pub(crate) fn fd_renumber(&mut self, _: &mut Guest<'_>, from: u32, to: u32) -> Result {
        Ok(self.descriptors().renumber(from, to)?)
    }

    pub(crate) fn fd_seek(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        offset: i64,
        whence: u32,
        position: u32,
    ) -> Result {
        let whence = Whence::of(whence, guest.version())?;
        let at = self.descriptor(fd)?.seekable()?.seek(offset, whence)?;
        Ok(guest.write_u64(position, at)?)
    }

    pub(crate) fn fd_tell(&mut self, guest: &mut Guest<'_>, fd: u32, position: u32) -> Result {
        let at = self.descriptor(fd)?.seekable()?.tell()?;
        Ok(guest.write_u64(position, at)?)
    }

    /// How many entries `descriptor` may keep, for what the others keep.
    fn room_for_entries(&self, descriptor: &Arc<Descriptor>) -> usize {
        let others = self.descriptors().all().into_iter().flatten().filter(|other| !Arc::ptr_eq(other, descriptor));
        let kept = others.filter_map(|other| other.dir().ok()?.last_listing().map(|listing| listing.len()));
        self.shared.max_listed_entries.saturating_sub(kept.sum())
    }

    pub(crate) fn fd_readdir(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        buf: u32,
        len: u32,
        cookie: u64,
        used: u32,
    ) -> Result {
        let descriptor = self.descriptor(fd)?;
        let listing = descriptor.dir()?.listing(cookie == 0, || self.room_for_entries(&descriptor))?;
        let first = usize::try_from(cookie).unwrap_or(usize::MAX);
        guest.check(buf, len)?;
        // No more than is needed, for there may be a copy.
        let all: usize = listing.iter().skip(first).map(|entry| DIRENT + entry.name.len()).sum();
        let len = len.min(u32::try_from(all).unwrap_or(u32::MAX));
        let filled = guest.fill_bytes(buf, len, |buffer| {
            let mut rest = &mut *buffer;
            for (index, entry) in listing.iter().enumerate().skip(first) {
                let head = dirent(index as u64 + 1, entry.ino, entry.name.len() as u32, entry.filetype);
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
            Ok(buffer.len() - left)
        })?;
        Ok(guest.write_u32(used, filled)?)
    }
}
