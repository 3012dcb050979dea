//! The calls on paths: `path_*`. A path is always relative to a directory descriptor, and cap-std resolves it so that
//! neither `..` nor a symbolic link leads out of that directory.

use super::abi::{Filestat, SYMLINK_FOLLOW, fdflags, oflags, rights};
use super::descriptor::{Descriptor, OpenDir, OpenFile};
use super::{Errno, Guest, Wasi};
use cap_std::fs::OpenOptions;

impl Wasi {
    #[allow(clippy::too_many_arguments, reason = "the interface has them")]
    pub(super) fn path_open(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        oflags: u32,
        base: u64,
        _inheriting: u64,
        flags: u32,
        opened: u32,
    ) -> Result<(), Errno> {
        let path = &*guest.str(path, path_len)?;
        let mut descriptors = self.descriptors();
        let dir = &descriptors.dir(fd)?.dir;
        if flags & !u32::from(fdflags::APPEND | fdflags::NONBLOCK) != 0 {
            return Err(Errno::NOTSUP);
        }
        let wants = |flag: u16| oflags & u32::from(flag) != 0;
        let write = base & rights::WRITING != 0;
        let found = dir.symlink_metadata(path);
        if lookup & SYMLINK_FOLLOW == 0 && found.as_ref().is_ok_and(|found| found.is_symlink()) {
            return Err(Errno::LOOP);
        }
        let found = if found.as_ref().is_ok_and(|found| found.is_symlink()) { dir.metadata(path) } else { found };
        let descriptor = if found.is_ok_and(|found| found.is_dir()) || wants(oflags::DIRECTORY) {
            if wants(oflags::CREAT) {
                return Err(if wants(oflags::DIRECTORY) { Errno::INVAL } else { Errno::ISDIR });
            }
            let dir = dir.open_dir(path)?;
            if write && !wants(oflags::DIRECTORY) {
                return Err(Errno::ISDIR);
            }
            Descriptor::Dir(OpenDir { dir, preopen: None, listing: Vec::new() })
        } else {
            let append = flags & u32::from(fdflags::APPEND) != 0;
            let read = base & rights::READ != 0;
            let mut options = OpenOptions::new();
            // Creating and emptying need a file that is open for writing; what the guest may do is kept beside it.
            let changes = wants(oflags::CREAT) || wants(oflags::TRUNC);
            options.read(read || !(write || changes)).write(write || changes);
            options.create(wants(oflags::CREAT)).truncate(wants(oflags::TRUNC));
            options.create_new(wants(oflags::CREAT) && wants(oflags::EXCL));
            Descriptor::File(OpenFile { file: dir.open_with(path, &options)?, read, write, append })
        };
        // Where the number goes is checked first: the guest could not close what it does not know.
        guest.write_u32(opened, 0)?;
        let fd = descriptors.add(descriptor)?;
        guest.write_u32(opened, fd)
    }

    pub(super) fn path_filestat_get(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        stat: u32,
    ) -> Result<(), Errno> {
        let path = &*guest.str(path, path_len)?;
        let mut descriptors = self.descriptors();
        let dir = &descriptors.dir(fd)?.dir;
        let metadata = if lookup & SYMLINK_FOLLOW == 0 { dir.symlink_metadata(path) } else { dir.metadata(path) };
        Filestat::of(&metadata?).write(guest, stat)
    }

    pub(super) fn path_create_directory(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let path = &*guest.str(path, path_len)?;
        Ok(self.descriptors().dir(fd)?.dir.create_dir(path)?)
    }

    pub(super) fn path_remove_directory(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let path = &*guest.str(path, path_len)?;
        Ok(self.descriptors().dir(fd)?.dir.remove_dir(path)?)
    }

    pub(super) fn path_unlink_file(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let path = &*guest.str(path, path_len)?;
        Ok(self.descriptors().dir(fd)?.dir.remove_file(path)?)
    }

    #[allow(clippy::too_many_arguments, reason = "the interface has them")]
    pub(super) fn path_rename(
        &mut self,
        guest: &mut Guest<'_>,
        from_fd: u32,
        from: u32,
        from_len: u32,
        to_fd: u32,
        to: u32,
        to_len: u32,
    ) -> Result<(), Errno> {
        let from = &*guest.str(from, from_len)?;
        let to = &*guest.str(to, to_len)?;
        let from_dir = self.descriptors().dir(from_fd)?.dir.try_clone()?;
        let mut descriptors = self.descriptors();
        let to_dir = &descriptors.dir(to_fd)?.dir;
        Ok(from_dir.rename(from, to_dir, to)?)
    }
}
