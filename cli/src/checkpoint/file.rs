//! Checkpoints as files: what the command line has to know, the state of WASI, and the engine's snapshot, side by side.
//! `docs/checkpoint-format.md` describes them.

use crate::features::Feature;
use crate::host::Dir;
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use sha2::{Digest, Sha256};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How they begin.
const MAGIC: &[u8; 8] = b"pirnckpt";
/// Of the format.
const VERSION: u32 = 1;
/// Bytes of a hash.
const HASH: usize = 32;
/// Bytes before the sections.
const HEAD: usize = MAGIC.len() + size_of::<u32>() + HASH;

/// The sections, in order.
const SECTIONS: [u8; 3] = [1, 2, 3];

/// What the command line has to know to go on with a program.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Command {
    /// Where modules are, and the hashes of their binaries; the program's first.
    pub modules: Vec<(PathBuf, [u8; HASH])>,
    /// What the program is given.
    pub dirs: Vec<Dir>,
    /// Whether the results are printed.
    pub prints: bool,
    /// Whether fuel is consumed.
    pub fuel: bool,
    /// Most bytes of memories, and of frames.
    pub max_memory: Option<u64>,
    pub max_stack: Option<u64>,
    /// What modules may not use.
    pub disabled: Vec<Feature>,
    /// How often a checkpoint is written.
    pub every: Duration,
}

/// A program that stands still.
#[derive(Debug)]
pub struct Checkpoint {
    pub command: Command,
    /// What `WasiP1Ctx::save` gave.
    pub wasi: Vec<u8>,
    /// What `Snapshot::to_bytes` gave.
    pub snapshot: Vec<u8>,
}

impl Checkpoint {
    /// The bytes of the file.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = [&MAGIC[..], &VERSION.to_le_bytes(), &[0; HASH]].concat();
        let command = self.command.to_bytes();
        for (id, section) in SECTIONS.into_iter().zip([&command, &self.wasi, &self.snapshot]) {
            out.push(id);
            out.extend((section.len() as u64).to_le_bytes());
            out.extend_from_slice(section);
        }
        let hash = Sha256::digest(&out[HEAD..]);
        out[HEAD - HASH..HEAD].copy_from_slice(&hash);
        out
    }

    /// The checkpoint of these bytes.
    ///
    /// # Errors
    /// They are none, or of another version, or were changed.
    fn of_bytes(bytes: &[u8]) -> Result<Self> {
        let mut head = Reader(bytes);
        ensure!(head.array().ok() == Some(*MAGIC), "it is no checkpoint");
        let version = u32::from_le_bytes(head.array()?);
        ensure!(version == VERSION, "it is of version {version} of the format: this pirn reads version {VERSION}");
        let hash: [u8; HASH] = head.array()?;
        ensure!(hash == *Sha256::digest(head.0), "it was cut off or changed: it has another hash");
        let mut section = |id| -> Result<Vec<u8>> {
            let [found] = head.array()?;
            ensure!(found == id, "it is malformed: section {found} in the place of section {id}");
            let len = u64::from_le_bytes(head.array()?);
            Ok(head.take(len)?.to_vec())
        };
        let [command, wasi, snapshot] = SECTIONS.map(&mut section);
        let (command, wasi, snapshot) = (Command::of_bytes(&command?)?, wasi?, snapshot?);
        ensure!(head.0.is_empty(), "it is malformed: something follows its end");
        Ok(Self { command, wasi, snapshot })
    }

    /// Writes the file: whoever opens it sees this one or the one before, whole, also after the system has failed. Gives its size.
    ///
    /// # Errors
    /// Of writing; the one before is there still.
    pub fn write(&self, file: &Path) -> Result<usize> {
        let bytes = self.to_bytes();
        let (dir, temporary) = temporary(file)?;
        let write = || -> std::io::Result<()> {
            let mut to = create(&temporary)?;
            to.write_all(&bytes)?;
            to.sync_all()?;
            fs::rename(&temporary, file)?;
            File::open(dir)?.sync_all()
        };
        write().inspect_err(|_| drop(fs::remove_file(&temporary)))?;
        Ok(bytes.len())
    }

    /// Whether a file can be made where it is to be written: better to know it before a program has run for an hour.
    ///
    /// # Errors
    /// Of making it; there is a directory.
    pub fn check(file: &Path) -> Result<()> {
        // A link to one would be replaced.
        ensure!(!file.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()), "it is a directory");
        let (_, temporary) = temporary(file)?;
        create(&temporary)?;
        Ok(fs::remove_file(&temporary)?)
    }

    /// Removes what writers left beside the file that were killed while they wrote: what nobody has written to for an hour.
    pub fn remove_left(file: &Path) {
        let Ok((dir, prefix)) = temporary_names(file) else { return };
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let process = name.as_bytes().strip_prefix(prefix.as_bytes());
            let is_temporary =
                process.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit));
            let is_old = || Some(entry.metadata().ok()?.modified().ok()?.elapsed().ok()? > LEFT);
            if is_temporary && is_old() == Some(true) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Reads a file of at most so many bytes. It may be one that never ends.
    ///
    /// # Errors
    /// Of reading; it is longer, or no checkpoint, or was cut off or changed.
    pub fn read(file: &Path, most: u64) -> Result<Self> {
        let mut bytes = Vec::new();
        File::open(file)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        ensure!(bytes.len() as u64 <= most, "it has more than {most} bytes (--max-read)");
        Self::of_bytes(&bytes)
    }
}

/// After so long nobody goes on writing.
const LEFT: Duration = Duration::from_secs(3600);

/// The directory of a file, and under which name it is written there before it has its own.
fn temporary(file: &Path) -> Result<(&Path, PathBuf)> {
    let (dir, prefix) = temporary_names(file)?;
    Ok((dir, dir.join([&*prefix, OsStr::new(&std::process::id().to_string())].concat_os())))
}

/// Makes a file for a checkpoint, to be written.
fn create(temporary: &Path) -> std::io::Result<File> {
    // Left by another process of this number, if it is there.
    let _ = fs::remove_file(temporary);
    // It has all that the program knows, and its environment.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)
}

/// The directory of a file, and what names begin with there under which the file is written before it has its own.
fn temporary_names(file: &Path) -> Result<(&Path, OsString)> {
    let name = file.file_name().context("it has no name")?;
    let dir = match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    Ok((dir, [OsStr::new("."), name, OsStr::new(".")].concat_os()))
}

/// Putting names together.
trait Concat {
    fn concat_os(&self) -> OsString;
}

impl Concat for [&OsStr] {
    fn concat_os(&self) -> OsString {
        self.iter().copied().collect()
    }
}

impl Command {
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let bytes = |out: &mut Vec<u8>, bytes: &[u8]| {
            out.extend((bytes.len() as u64).to_le_bytes());
            out.extend_from_slice(bytes);
        };
        let count = |out: &mut Vec<u8>, count: usize| out.extend((count as u64).to_le_bytes());
        count(&mut out, self.modules.len());
        for (path, hash) in &self.modules {
            bytes(&mut out, path.as_os_str().as_bytes());
            out.extend(hash);
        }
        count(&mut out, self.dirs.len());
        for dir in &self.dirs {
            bytes(&mut out, dir.host.as_os_str().as_bytes());
            bytes(&mut out, dir.guest.as_bytes());
            out.push(dir.read_only.into());
        }
        count(&mut out, self.disabled.len());
        for feature in &self.disabled {
            bytes(&mut out, feature.name().as_bytes());
        }
        out.extend([self.prints, self.fuel].map(u8::from));
        for limit in [self.max_memory, self.max_stack] {
            out.push(limit.is_some().into());
            out.extend(limit.unwrap_or_default().to_le_bytes());
        }
        out.extend(u64::try_from(self.every.as_nanos()).unwrap_or(u64::MAX).to_le_bytes());
        out
    }

    fn of_bytes(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader(bytes);
        let this = Self {
            modules: reader.list(|reader| Ok((reader.path()?, reader.array()?)))?,
            dirs: reader
                .list(|reader| Ok(Dir { host: reader.path()?, guest: reader.text()?, read_only: reader.flag()? }))?,
            disabled: reader.list(|reader| {
                let name = reader.text()?;
                Feature::from_str(&name, false).ok().with_context(|| format!("there is no feature `{name}`"))
            })?,
            prints: reader.flag()?,
            fuel: reader.flag()?,
            max_memory: reader.option()?,
            max_stack: reader.option()?,
            every: Duration::from_nanos(u64::from_le_bytes(reader.array()?)),
        };
        ensure!(reader.0.is_empty(), "it is malformed: something follows its end");
        Ok(this)
    }
}

/// What is left to read. Nothing of it is trusted.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: u64) -> Result<&'a [u8]> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        self.0.split_off(..len).context("it is malformed: it ends too early")
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(*self.take(N as u64)?.first_chunk().expect("as many as were taken"))
    }

    fn number(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn flag(&mut self) -> Result<bool> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => bail!("it is malformed: a flag"),
        }
    }

    fn option(&mut self) -> Result<Option<u64>> {
        let (is_some, number) = (self.flag()?, self.number()?);
        Ok(is_some.then_some(number))
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        let len = self.number()?;
        Ok(self.take(len)?.to_vec())
    }

    fn path(&mut self) -> Result<PathBuf> {
        Ok(OsString::from_vec(self.bytes()?).into())
    }

    fn text(&mut self) -> Result<String> {
        String::from_utf8(self.bytes()?).context("it is malformed: a name that is not UTF-8")
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let len = self.number()?;
        // An item has a byte at least.
        ensure!(len <= self.0.len() as u64, "it is malformed: it ends too early");
        (0..len).map(|_| item(self)).collect()
    }
}
