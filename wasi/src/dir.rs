//! Open directories, and the paths below them: what a guest can reach of the file system.
//!
//! cap-std resolves every path, in one step with what is done there: by `openat2` where the system has it, else component by
//! component. So neither `..` nor a link leads out, whoever else moves directories meanwhile. The rest is asked of the system, so
//! errors, and which of several is told, are the system's.

use crate::Errno;
use crate::abi::{Fdflags, Filestat, Filetype, Fstflags, Lookupflags, Oflags, Rights};
use crate::file::{OpenFile, filestat};
use crate::origin::Origin;
use bitflags::bitflags;
use cap_std::fs::{Dir, FileTypeExt, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, OFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

bitflags! {
    /// What a guest may do with the directories below one that it is given.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct DirPerms: usize {
        /// List them, open what is in them, and ask about it.
        const READ = 1;
        /// Create, remove, rename and link what is in them, and change its times. Opening a file for writing takes this too.
        const MUTATE = 2;
    }

    /// What a guest may do with the files below a directory that it is given.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct FilePerms: usize {
        /// Read them.
        const READ = 1;
        /// Write them, change their sizes, and set the times of those that are open. (Setting times by path takes
        /// [`DirPerms::MUTATE`].)
        const WRITE = 2;
    }
}

/// An open directory.
#[derive(Debug)]
pub(crate) struct OpenDir {
    pub dir: Dir,
    /// What the guest calls it, if it was given at the start.
    pub preopen: Option<String>,
    pub perms: DirPerms,
    pub file_perms: FilePerms,
    /// Where it was opened.
    pub origin: Origin,
    /// Its content when the guest last read it from the beginning, so that cookies stay true while files come and go.
    listing: Mutex<Option<Arc<[Entry]>>>,
}

/// One entry of a directory.
#[derive(Debug)]
pub(crate) struct Entry {
    pub name: Box<str>,
    pub ino: u64,
    pub filetype: Filetype,
}

/// What a path led to.
#[derive(Debug)]
pub(crate) enum Opened {
    File(OpenFile),
    Dir(OpenDir),
}

fn cap_filetype_of(ty: cap_std::fs::FileType) -> Filetype {
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
        Filetype::Unknown
    }
}

/// Whether a path's end says that what it names is a directory, so that a link there is followed whatever the flags say.
fn names_directory(path: &str) -> bool {
    path.ends_with('/') || path.ends_with("/.")
}

/// Times to set, of `flags` and nanoseconds since 1970.
pub(crate) fn timestamps(atim: u64, mtim: u64, flags: Fstflags) -> Result<Timestamps, Errno> {
    let one = |set, now, nanos: u64| match (flags.contains(set), flags.contains(now)) {
        (true, true) => Err(Errno::INVAL),
        (true, false) => Ok(Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as _ }),
        (false, true) => Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_NOW }),
        (false, false) => Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }),
    };
    Ok(Timestamps {
        last_access: one(Fstflags::ATIM, Fstflags::ATIM_NOW, atim)?,
        last_modification: one(Fstflags::MTIM, Fstflags::MTIM_NOW, mtim)?,
    })
}

impl OpenDir {
    pub(crate) fn new(
        dir: Dir,
        preopen: Option<String>,
        perms: DirPerms,
        file_perms: FilePerms,
        origin: Origin,
    ) -> Self {
        Self { dir, preopen, perms, file_perms, origin, listing: Mutex::new(None) }
    }

    fn must_read(&self) -> Result<(), Errno> {
        if self.perms.contains(DirPerms::READ) { Ok(()) } else { Err(Errno::PERM) }
    }

    fn must_mutate(&self) -> Result<(), Errno> {
        if self.perms.contains(DirPerms::MUTATE) { Ok(()) } else { Err(Errno::PERM) }
    }

    /// What may be done with it, and with what is opened below it. For a directory given at the start, what libc asks for to tell
    /// such directories from others.
    pub(crate) fn rights(&self) -> (Rights, Rights) {
        if self.preopen.is_none() {
            let not =
                Rights::FD_SEEK | Rights::FD_FILESTAT_SET_SIZE | Rights::PATH_FILESTAT_SET_SIZE | Rights::FD_WRITE;
            let rights = Rights::all() - not;
            return (rights, rights);
        }
        let base = Rights::PATH_CREATE_DIRECTORY
            | Rights::PATH_CREATE_FILE
            | Rights::PATH_LINK_SOURCE
            | Rights::PATH_LINK_TARGET
            | Rights::PATH_OPEN
            | Rights::FD_READDIR
            | Rights::PATH_READLINK
            | Rights::PATH_RENAME_SOURCE
            | Rights::PATH_RENAME_TARGET
            | Rights::PATH_SYMLINK
            | Rights::PATH_REMOVE_DIRECTORY
            | Rights::PATH_UNLINK_FILE
            | Rights::PATH_FILESTAT_GET
            | Rights::PATH_FILESTAT_SET_TIMES
            | Rights::FD_FILESTAT_GET
            | Rights::FD_FILESTAT_SET_TIMES;
        let files = Rights::FD_DATASYNC
            | Rights::FD_READ
            | Rights::FD_SEEK
            | Rights::FD_FDSTAT_SET_FLAGS
            | Rights::FD_SYNC
            | Rights::FD_TELL
            | Rights::FD_WRITE
            | Rights::FD_ADVISE
            | Rights::FD_ALLOCATE
            | Rights::FD_FILESTAT_SET_SIZE
            | Rights::POLL_FD_READWRITE;
        (base, base | files)
    }

    /// Refuses to make a file under a name with a slash behind it, whatever is there, as Linux does. cap-std asks the system for a directory that is to
    /// be made where it takes a path component by component (without `openat2`), and that is refused for another reason, or done in part.
    fn must_name_file(&self, path: &str) -> Result<(), Errno> {
        let name = path.trim_end_matches('/');
        if name.is_empty() || name.len() == path.len() || path.contains('\0') {
            return Ok(());
        }
        // Where nothing can be made, that is said first.
        let parent = match name.rsplit_once('/') {
            Some(("", _)) => "/",
            Some((parent, _)) => parent,
            None => ".",
        };
        Err(if self.dir.metadata(parent)?.is_dir() { Errno::ISDIR } else { Errno::NOTDIR })
    }

    /// Opens what `path` leads to. If it must not wait, the reading end of a named pipe is open before anybody writes to it, and reading
    /// waits for that; the writing end gives [`Errno::NXIO`] until somebody reads. A file that another process has a lease on gives
    /// [`Errno::AGAIN`] until that is given back.
    pub(crate) fn open(
        &self,
        path: &str,
        lookup: Lookupflags,
        oflags: Oflags,
        rights: Rights,
        flags: Fdflags,
        may_wait: bool,
    ) -> Result<Opened, Errno> {
        let write = rights.contains(Rights::FD_WRITE);
        // Who asks for nothing may read, as in wasmtime.
        let readable = self.file_perms.contains(FilePerms::READ);
        let read = rights.contains(Rights::FD_READ) || !write && readable;
        let creates = oflags.contains(Oflags::CREAT);
        // Creating and emptying take a file that is open for writing. What the guest may do is kept beside it.
        let changes = creates || oflags.contains(Oflags::TRUNC);
        if oflags.contains(Oflags::DIRECTORY) && oflags.intersects(Oflags::CREAT | Oflags::EXCL | Oflags::TRUNC) {
            return Err(Errno::INVAL);
        }
        self.must_read()?;
        let mutable = self.file_perms.contains(FilePerms::WRITE);
        if write || changes {
            self.must_mutate()?;
            if !mutable || read && !readable {
                return Err(Errno::PERM);
            }
        }
        if creates {
            self.must_name_file(path)?;
        }
        let mut options = OpenOptions::new();
        options.read(read || !(write || changes)).write(write || changes).truncate(oflags.contains(Oflags::TRUNC));
        if creates && oflags.contains(Oflags::EXCL) {
            options.create_new(true);
        } else {
            options.create(creates);
        }
        let mut system = OFlags::empty();
        system.set(OFlags::DSYNC, flags.contains(Fdflags::DSYNC));
        if flags.intersects(Fdflags::SYNC | Fdflags::RSYNC) {
            system |= OFlags::SYNC;
        }
        // A named pipe is not waited for if only a directory will do. (`OFlags::DIRECTORY` would say so, but where cap-std takes a path component
        // by component, it then takes a link at the end for what is no directory.)
        let directory = oflags.contains(Oflags::DIRECTORY);
        system.set(OFlags::NONBLOCK, flags.contains(Fdflags::NONBLOCK) || !may_wait || directory);
        if !lookup.contains(Lookupflags::SYMLINK_FOLLOW) {
            // Where cap-std takes a path component by component, it does not see the flag.
            let link = !oflags.contains(Oflags::CREAT | Oflags::EXCL)
                && self.dir.symlink_metadata(path).is_ok_and(|it| it.is_symlink());
            if link && !names_directory(path) {
                return Err(Errno::LOOP);
            }
            system |= OFlags::NOFOLLOW;
        }
        options.custom_flags(system.bits() as i32);
        let file = match self.dir.open_with(path, &options).map_err(Errno::from) {
            // A pipe that nobody reads, or a file that another process has a lease on.
            Err(Errno::NXIO | Errno::AGAIN) if directory => return Err(Errno::NOTDIR),
            opened => opened?.into_std(),
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            let (dir, origin) = (Dir::from_std_file(file), self.origin.join(path));
            return Ok(Opened::Dir(Self::new(dir, None, self.perms, self.file_perms, origin)));
        }
        if directory {
            return Err(Errno::NOTDIR);
        }
        if read && !readable {
            return Err(Errno::PERM);
        }
        let file = OpenFile::new(file, &metadata, flags, (read, write, mutable), self.origin.join(path));
        if !may_wait {
            // The system keeps what was only for opening.
            file.set_flags(flags)?;
        }
        Ok(Opened::File(file))
    }

    /// Whether `path` leads to a named pipe.
    pub(crate) fn is_pipe(&self, path: &str) -> bool {
        self.dir.metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
    }

    pub(crate) fn filestat(&self) -> Result<Filestat, Errno> {
        Ok(filestat!(self.dir.dir_metadata()?, Filetype::Directory))
    }

    pub(crate) fn filestat_at(&self, path: &str, lookup: Lookupflags) -> Result<Filestat, Errno> {
        self.must_read()?;
        let follow = lookup.contains(Lookupflags::SYMLINK_FOLLOW) || names_directory(path);
        let metadata = if follow { self.dir.metadata(path)? } else { self.dir.symlink_metadata(path)? };
        let filetype = cap_filetype_of(metadata.file_type());
        Ok(filestat!(metadata, filetype))
    }

    pub(crate) fn set_times(&self, times: &Timestamps) -> Result<(), Errno> {
        self.must_mutate()?;
        // A directory may be open for its path alone, which is not enough to set times.
        let itself = self.dir.open_with(".", OpenOptions::new().read(true))?;
        Ok(rustix::fs::futimens(&itself, times)?)
    }

    pub(crate) fn set_times_at(&self, path: &str, lookup: Lookupflags, times: &Timestamps) -> Result<(), Errno> {
        self.must_mutate()?;
        let name = Path::new(path).file_name().filter(|_| !names_directory(path));
        let Some(name) = name.filter(|_| !lookup.contains(Lookupflags::SYMLINK_FOLLOW)) else {
            // Whatever was opened is below, so its times are set through it.
            let open = |options: &mut OpenOptions| self.dir.open_with(path, options);
            let file = open(OpenOptions::new().write(true).custom_flags(OFlags::NONBLOCK.bits() as i32))
                .or_else(|_| open(OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32)))?;
            return Ok(rustix::fs::futimens(&file, times)?);
        };
        let parent = match Path::new(path).parent() {
            Some(parent) if !parent.as_os_str().is_empty() => &self.dir.open_dir(parent)?,
            _ => &self.dir,
        };
        // One name without a `/`, and not followed: below.
        Ok(rustix::fs::utimensat(parent, name, times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    pub(crate) fn create_dir(&self, path: &str) -> Result<(), Errno> {
        self.must_mutate()?;
        Ok(self.dir.create_dir(path)?)
    }

    pub(crate) fn remove_dir(&self, path: &str) -> Result<(), Errno> {
        self.must_mutate()?;
        // The system takes a slash at the end for what it is, cap-std for a `.`, which cannot be removed.
        let name = path.trim_end_matches('/');
        Ok(self.dir.remove_dir(if name.is_empty() { path } else { name })?)
    }

    pub(crate) fn remove_file(&self, path: &str) -> Result<(), Errno> {
        self.must_mutate()?;
        Ok(self.dir.remove_file(path)?)
    }

    pub(crate) fn read_link(&self, path: &str) -> Result<String, Errno> {
        self.must_read()?;
        // A target that is absolute would say where things lie in the host; cap-std refuses to read it.
        self.dir.read_link(path)?.into_os_string().into_string().map_err(|_| Errno::ILSEQ)
    }

    /// Makes a link called `path` to `target`, which is nothing absolute.
    pub(crate) fn symlink(&self, target: &str, path: &str) -> Result<(), Errno> {
        self.must_mutate()?;
        Ok(self.dir.symlink(target, path)?)
    }

    /// Both directories have to have the same permissions, so that no file gets more by a move.
    fn must_be_alike(&self, other: &Self) -> Result<(), Errno> {
        self.must_mutate()?;
        other.must_mutate()?;
        if (self.perms, self.file_perms) == (other.perms, other.file_perms) { Ok(()) } else { Err(Errno::PERM) }
    }

    pub(crate) fn link(&self, path: &str, lookup: Lookupflags, to: &Self, to_path: &str) -> Result<(), Errno> {
        self.must_be_alike(to)?;
        if lookup.contains(Lookupflags::SYMLINK_FOLLOW) {
            return Err(Errno::INVAL);
        }
        Ok(self.dir.hard_link(path, &to.dir, to_path)?)
    }

    pub(crate) fn rename(&self, path: &str, to: &Self, to_path: &str) -> Result<(), Errno> {
        self.must_be_alike(to)?;
        // cap-std takes a slash at the second path's end away.
        if to_path.ends_with('/') && !self.dir.symlink_metadata(path)?.is_dir() {
            return Err(Errno::NOTDIR);
        }
        Ok(self.dir.rename(path, &to.dir, to_path)?)
    }

    /// What was in it when the guest last read it from the beginning, if it has.
    pub(crate) fn last_listing(&self) -> Option<Arc<[Entry]>> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has the guest read on in what was in it once.
    pub(crate) fn set_listing(&self, listing: Option<Vec<Entry>>) {
        *self.listing.lock().unwrap_or_else(PoisonError::into_inner) = listing.map(Into::into);
    }

    /// What is in it: as it is now if the guest reads from the beginning, else as it was then. `room` says how many entries can be kept.
    pub(crate) fn listing(&self, from_beginning: bool, room: impl FnOnce() -> usize) -> Result<Arc<[Entry]>, Errno> {
        self.must_read()?;
        if let Some(listing) = self.last_listing()
            && !from_beginning
        {
            return Ok(listing);
        }
        // Asks other directories, so nothing is locked here; one that is listed by another thread at this moment is not counted.
        let room = room();
        let itself = self.dir.dir_metadata()?.ino();
        // The parent's number may be none of the guest's business.
        let mut all: Vec<_> = [".", ".."]
            .map(|name| Entry { name: name.into(), ino: itself, filetype: Filetype::Directory })
            .into_iter()
            .collect();
        for entry in self.dir.entries()? {
            let entry = entry?;
            // Paths are UTF-8, so by no path could the guest reach another name. The rest of the directory is there all the same.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let filetype = cap_filetype_of(entry.file_type()?);
            // What has gone meanwhile is left out.
            let Ok(metadata) = entry.metadata() else { continue };
            if all.len() >= room {
                return Err(Errno::NOMEM);
            }
            all.push(Entry { name: name.into(), ino: metadata.ino(), filetype });
        }
        let all: Arc<[Entry]> = all.into();
        *self.listing.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&all));
        Ok(all)
    }
}
