//! The calls on paths: `path_*`. A path is always relative to a directory's descriptor.

use super::Result;
use crate::abi::{Fdflags, Flags, Fstflags, Lookupflags, Oflags, Rights};
use crate::ctx::Failure;
use crate::descriptor::Descriptor;
use crate::dir::timestamps;
use crate::memory::Guest;
use crate::wait::Wait;
use crate::{Errno, WasiP1Ctx};

#[allow(clippy::too_many_arguments, reason = "the interface has them")]
impl WasiP1Ctx {
    pub(crate) fn path_create_directory(&mut self, guest: &mut Guest<'_>, fd: u32, path: u32, path_len: u32) -> Result {
        let descriptor = self.descriptor(fd)?;
        let dir = descriptor.dir()?;
        Ok(dir.create_dir(&guest.text(path, path_len)?)?)
    }

    pub(crate) fn path_filestat_get(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        stat: u32,
    ) -> Result {
        let lookup = Lookupflags::of(lookup)?;
        let descriptor = self.descriptor(fd)?;
        let dir = descriptor.dir()?;
        let filestat = dir.filestat_at(&guest.text(path, path_len)?, lookup)?;
        Ok(filestat.store(guest, stat)?)
    }

    pub(crate) fn path_filestat_set_times(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        atim: u64,
        mtim: u64,
        flags: u32,
    ) -> Result {
        let lookup = Lookupflags::of(lookup)?;
        let times = timestamps(atim, mtim, Fstflags::of(flags)?)?;
        let descriptor = self.descriptor(fd)?;
        let dir = descriptor.dir()?;
        Ok(dir.set_times_at(&guest.text(path, path_len)?, lookup, &times)?)
    }

    pub(crate) fn path_link(
        &mut self,
        guest: &mut Guest<'_>,
        from_fd: u32,
        lookup: u32,
        from: u32,
        from_len: u32,
        to_fd: u32,
        to: u32,
        to_len: u32,
    ) -> Result {
        let lookup = Lookupflags::of(lookup)?;
        let (from_dir, to_dir) = (self.descriptor(from_fd)?, self.descriptor(to_fd)?);
        let (from_dir, to_dir) = (from_dir.dir()?, to_dir.dir()?);
        let (from, to) = (guest.text(from, from_len)?, guest.text(to, to_len)?);
        Ok(from_dir.link(&from, lookup, to_dir, &to)?)
    }

    pub(crate) fn path_open(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        oflags: u32,
        base: u64,
        inheriting: u64,
        flags: u32,
        opened: u32,
    ) -> Result {
        let (lookup, oflags, flags) = (Lookupflags::of(lookup)?, Oflags::of(oflags)?, Fdflags::of(flags)?);
        let rights = Rights::from_bits(base).ok_or(Errno::INVAL)?;
        Rights::from_bits(inheriting).ok_or(Errno::INVAL)?;
        let path = guest.text(path, path_len)?;
        let descriptor = self.descriptor(fd)?;
        let dir = match &*descriptor {
            Descriptor::Dir(dir) => dir,
            Descriptor::File(_) => return Err(Errno::NOTDIR.into()),
            _ => return Err(Errno::BADF.into()),
        };
        // Where the number goes is checked first: the guest could not close what it does not know.
        guest.check(opened, 4)?;
        let room = self.room()?;
        let waits = !self.blocking && !flags.contains(Fdflags::NONBLOCK);
        let new = match dir.open(&path, lookup, oflags, rights, flags, self.blocking) {
            // The system says nothing when somebody reads.
            Err(Errno::NXIO) if waits && dir.is_pipe(&path) => return Err(Failure::Wait(Wait::next_look())),
            // Another process has a lease on the file, which the system takes back meanwhile.
            Err(Errno::AGAIN) if waits => return Err(Failure::Wait(Wait::next_look())),
            opened => opened?,
        };
        Ok(guest.write_u32(opened, room.take(new.into()))?)
    }

    pub(crate) fn path_readlink(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
        buf: u32,
        buf_len: u32,
        used: u32,
    ) -> Result {
        let descriptor = self.descriptor(fd)?;
        let dir = descriptor.dir()?;
        let target = dir.read_link(&guest.text(path, path_len)?)?;
        let target = &target.as_bytes()[..target.len().min(buf_len as usize)];
        guest.write(buf, target)?;
        Ok(guest.write_u32(used, target.len() as u32)?)
    }

    pub(crate) fn path_remove_directory(&mut self, guest: &mut Guest<'_>, fd: u32, path: u32, path_len: u32) -> Result {
        let descriptor = self.descriptor(fd)?;
        let dir = descriptor.dir()?;
        Ok(dir.remove_dir(&guest.text(path, path_len)?)?)
    }

    pub(crate) fn path_rename(
        &mut self,
        guest: &mut Guest<'_>,
        from_fd: u32,
        from: u32,
        from_len: u32,
        to_fd: u32,
        to: u32,
        to_len: u32,
    ) -> Result {
        let (from_dir, to_dir) = (self.descriptor(from_fd)?, self.descriptor(to_fd)?);
        let (from_dir, to_dir) = (from_dir.dir()?, to_dir.dir()?);
        let (from, to) = (guest.text(from, from_len)?, guest.text(to, to_len)?);
        Ok(from_dir.rename(&from, to_dir, &to)?)
    }

    pub(crate) fn path_symlink(
        &mut self,
        guest: &mut Guest<'_>,
        target: u32,
        target_len: u32,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result {
        let descriptor = self.descriptor(fd)?;
        let dir = descriptor.dir()?;
        let (target, path) = (guest.text(target, target_len)?, guest.text(path, path_len)?);
        Ok(dir.symlink(&target, &path)?)
    }

    pub(crate) fn path_unlink_file(&mut self, guest: &mut Guest<'_>, fd: u32, path: u32, path_len: u32) -> Result {
        let descriptor = self.descriptor(fd)?;
        let dir = descriptor.dir()?;
        Ok(dir.remove_file(&guest.text(path, path_len)?)?)
    }
}
