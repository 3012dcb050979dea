//! The one WASI that programs see, whatever runs them: arguments, standard streams and read-only files, all in memory,
//! so that no disk is timed, and a clock that moves by a millisecond whenever it is read, so that outputs with times in
//! them can be compared byte by byte.
//!
//! The functions are methods on a handle, taking the guest's memory as bytes and numbers as `i32` and `i64`; an adapter
//! expands [`for_each_wasi_function`](crate::for_each_wasi_function) once to define them all in its runtime's own way.
//! Not a WASI to use elsewhere: it holds what the programs under `benches/workloads` call; the rest can be imported
//! ([`stubs`]) and traps.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

/// Name of the module programs import these functions from.
pub const MODULE: &str = "wasi_snapshot_preview1";

const SUCCESS: i32 = 0;
const BADF: i32 = 8;
const FAULT: i32 = 21;
const INVAL: i32 = 28;
const NOENT: i32 = 44;
const NOSYS: i32 = 52;
const ROFS: i32 = 69;
const SPIPE: i32 = 70;

const DIRECTORY: u8 = 3;
const REGULAR_FILE: u8 = 4;

/// Rights that go with changing files.
const WRITING: i64 = 1 << 6 | 1 << 8 | 1 << 22;
const SEEK_AND_TELL: u64 = 1 << 2 | 1 << 5;

/// What the one preopened directory is called; its descriptor is 3.
const DATA: &str = "/data";

/// Longest path that is looked at.
const MAX_PATH: usize = 4096;

/// Nanoseconds the clock moves by at each look.
const TICK: u64 = 1_000_000;

/// Calls the macro `$do` with the list of functions that answer an error number; `proc_exit`, which never returns, is
/// not among them.
#[macro_export]
macro_rules! for_each_wasi_function {
    ($do:ident) => {
        $do! {
            args_get(argv: i32, buffer: i32);
            args_sizes_get(count: i32, bytes: i32);
            environ_get(environ: i32, buffer: i32);
            environ_sizes_get(count: i32, bytes: i32);
            clock_time_get(clock: i32, precision: i64, time: i32);
            fd_close(fd: i32);
            fd_fdstat_get(fd: i32, stat: i32);
            fd_fdstat_set_flags(fd: i32, flags: i32);
            fd_filestat_get(fd: i32, stat: i32);
            fd_prestat_get(fd: i32, prestat: i32);
            fd_prestat_dir_name(fd: i32, path: i32, len: i32);
            fd_read(fd: i32, iovs: i32, count: i32, nread: i32);
            fd_renumber(from: i32, to: i32);
            fd_seek(fd: i32, offset: i64, whence: i32, position: i32);
            fd_tell(fd: i32, position: i32);
            fd_write(fd: i32, iovs: i32, count: i32, nwritten: i32);
            path_filestat_get(fd: i32, lookup: i32, path: i32, path_len: i32, stat: i32);
            path_filestat_set_times(fd: i32, lookup: i32, path: i32, path_len: i32, atim: i64, mtim: i64, flags: i32);
            path_open(fd: i32, lookup: i32, path: i32, path_len: i32, oflags: i32, base: i64, inheriting: i64,
                flags: i32, opened: i32);
            path_remove_directory(fd: i32, path: i32, path_len: i32);
            path_rename(from_fd: i32, from: i32, from_len: i32, to_fd: i32, to: i32, to_len: i32);
            path_unlink_file(fd: i32, path: i32, path_len: i32);
            random_get(buffer: i32, len: i32);
        }
    };
}

/// The error a program's `proc_exit` ends its execution with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(pub i32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program exited with status {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// A guest's memory. Most runtimes lend it as a slice; not all do.
pub trait Memory {
    /// Copies what is at `at`; `false` if it does not all lie within the memory.
    fn read(&mut self, at: usize, into: &mut [u8]) -> bool;
    /// Copies `bytes` to `at`; `false` if they do not all fit into the memory.
    fn write(&mut self, at: usize, bytes: &[u8]) -> bool;
}

impl Memory for [u8] {
    fn read(&mut self, at: usize, into: &mut [u8]) -> bool {
        let bytes = self.get(at..).and_then(|rest| rest.get(..into.len()));
        bytes.map(|bytes| into.copy_from_slice(bytes)).is_some()
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> bool {
        let to = self.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len()));
        to.map(|to| to.copy_from_slice(bytes)).is_some()
    }
}

/// Files by their path below `/data`.
pub type Files = BTreeMap<String, Arc<[u8]>>;

/// A program's view of the world. Clones are the same world.
#[derive(Debug, Clone, Default)]
pub struct Wasi {
    world: Arc<Mutex<World>>,
    stubs: Arc<[Stub]>,
}

/// A type of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "WebAssembly's names")]
pub enum Number {
    I32,
    I64,
    F32,
    F64,
}

/// A function that a module imports and nobody has: it traps.
#[derive(Debug, Clone)]
pub struct Stub {
    /// The import's module.
    pub module: String,
    /// The import's name.
    pub name: String,
    /// Types of its parameters.
    pub params: Vec<Number>,
    /// Types of its results.
    pub results: Vec<Number>,
}

/// The functions of preview 1 that are not there, for programs that import them and do not call them.
pub fn stubs() -> Arc<[Stub]> {
    use Number::{I32 as I, I64 as L};
    const MISSING: [(&str, &[Number]); 21] = [
        ("clock_res_get", &[I, I]),
        ("fd_advise", &[I, L, L, I]),
        ("fd_allocate", &[I, L, L]),
        ("fd_datasync", &[I]),
        ("fd_fdstat_set_rights", &[I, L, L]),
        ("fd_filestat_set_size", &[I, L]),
        ("fd_filestat_set_times", &[I, L, L, I]),
        ("fd_pread", &[I, I, I, L, I]),
        ("fd_pwrite", &[I, I, I, L, I]),
        ("fd_readdir", &[I, I, I, L, I]),
        ("fd_sync", &[I]),
        ("path_create_directory", &[I, I, I]),
        ("path_link", &[I, I, I, I, I, I, I]),
        ("path_readlink", &[I, I, I, I, I, I]),
        ("path_symlink", &[I, I, I, I, I]),
        ("poll_oneoff", &[I, I, I, I]),
        ("sched_yield", &[]),
        ("sock_accept", &[I, I, I]),
        ("sock_recv", &[I, I, I, I, I, I]),
        ("sock_send", &[I, I, I, I, I]),
        ("sock_shutdown", &[I, I]),
    ];
    let stub = |&(name, params): &(&str, &[Number])| Stub {
        module: MODULE.into(),
        name: name.into(),
        params: params.into(),
        results: vec![I],
    };
    MISSING.iter().map(stub).collect()
}

/// Whether there is a function of this name, `proc_exit` included.
pub fn defines(name: &str) -> bool {
    macro_rules! names {
        ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
            [$(stringify!($name),)* "proc_exit"]
        };
    }
    for_each_wasi_function!(names).contains(&name)
}

/// The `filestat` of a file of `len` bytes.
fn filestat(len: usize) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[16] = REGULAR_FILE;
    bytes[24] = 1;
    bytes[32..40].copy_from_slice(&(len as u64).to_le_bytes());
    bytes
}

#[derive(Debug, Default)]
struct World {
    args: Vec<Vec<u8>>,
    files: Arc<Files>,
    descriptors: Vec<Option<Descriptor>>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    clock: u64,
    random: u64,
    exit: Option<i32>,
}

#[derive(Debug, Clone)]
enum Descriptor {
    Input { content: Arc<[u8]>, position: usize },
    Stdout,
    Stderr,
    Data,
    File { content: Arc<[u8]>, position: usize },
}

/// Error numbers travel as errors, so that `?` works; the guest sees one number.
type Answer<T = ()> = Result<T, i32>;

fn number(answer: Answer) -> i32 {
    answer.err().unwrap_or(SUCCESS)
}

fn put<const N: usize>(memory: &mut (impl Memory + ?Sized), at: i32, value: [u8; N]) -> Answer {
    write(memory, at, &value)
}

fn write(memory: &mut (impl Memory + ?Sized), at: i32, bytes: &[u8]) -> Answer {
    if memory.write(at as u32 as usize, bytes) { Ok(()) } else { Err(FAULT) }
}

fn read(memory: &mut (impl Memory + ?Sized), at: i32, into: &mut [u8]) -> Answer {
    if memory.read(at as u32 as usize, into) { Ok(()) } else { Err(FAULT) }
}

fn word(memory: &mut (impl Memory + ?Sized), at: i32) -> Answer<i32> {
    let mut bytes = [0; 4];
    read(memory, at, &mut bytes)?;
    Ok(i32::from_le_bytes(bytes))
}

/// Pointer and length of the buffers described at `at`.
fn buffers(memory: &mut (impl Memory + ?Sized), at: i32, count: i32) -> Answer<Vec<(i32, usize)>> {
    (0..count).map(|i| Ok((word(memory, at + 8 * i)?, word(memory, at + 8 * i + 4)? as u32 as usize))).collect()
}

impl Wasi {
    /// A program with these arguments (its name not among them), this standard input and these files below `/data`.
    pub fn new(args: &[String], stdin: Arc<[u8]>, files: Arc<Files>) -> Self {
        let args = std::iter::once("program").chain(args.iter().map(String::as_str));
        let input = Descriptor::Input { content: stdin, position: 0 };
        let world = World {
            args: args.map(|arg| [arg.as_bytes(), &[0]].concat()).collect(),
            files,
            descriptors: [input, Descriptor::Stdout, Descriptor::Stderr, Descriptor::Data].map(Some).into(),
            ..World::default()
        };
        Self { world: Arc::new(Mutex::new(world)), stubs: Arc::default() }
    }

    /// Adds functions that trap.
    pub fn with_stubs(self, stubs: Arc<[Stub]>) -> Self {
        Self { stubs, ..self }
    }

    /// The functions that trap.
    pub fn stubs(&self) -> &[Stub] {
        &self.stubs
    }

    /// What the program wrote to its standard output.
    pub fn stdout(&self) -> Vec<u8> {
        self.lock().stdout.clone()
    }

    /// What the program wrote to its standard error.
    pub fn stderr(&self) -> Vec<u8> {
        self.lock().stderr.clone()
    }

    /// The status the program exited with, if it did so by `proc_exit`.
    pub fn exit(&self) -> Option<i32> {
        self.lock().exit
    }

    /// Exit status of a program whose `_start` gave `result`: of all runtimes' ways to pass on the error of a host
    /// function only the fact that there was one is used.
    ///
    /// # Errors
    /// The execution ended otherwise than by returning or by `proc_exit`.
    pub fn status<E>(&self, result: Result<(), E>) -> Result<i32, E> {
        match (result, self.exit()) {
            (_, Some(code)) => Ok(code),
            (Ok(()), None) => Ok(0),
            (Err(error), None) => Err(error),
        }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no call panics")
    }

    /// `proc_exit`: what the host function has to end the execution with.
    pub fn proc_exit(&self, code: i32) -> Exit {
        self.lock().exit = Some(code);
        Exit(code)
    }
}

impl World {
    fn descriptor(&mut self, fd: i32) -> Answer<&mut Descriptor> {
        self.descriptors.get_mut(fd as u32 as usize).and_then(Option::as_mut).ok_or(BADF)
    }

    fn read(&mut self, memory: &mut (impl Memory + ?Sized), fd: i32, iovs: i32, count: i32, nread: i32) -> Answer {
        let (Descriptor::Input { content, position } | Descriptor::File { content, position }) = self.descriptor(fd)?
        else {
            return Err(BADF);
        };
        let mut total = 0_usize;
        for (at, len) in buffers(memory, iovs, count)? {
            let rest = &content[(*position).min(content.len())..];
            let now = len.min(rest.len());
            write(memory, at, &rest[..now])?;
            *position += now;
            total += now;
        }
        put(memory, nread, (total as u32).to_le_bytes())
    }

    fn write(&mut self, memory: &mut (impl Memory + ?Sized), fd: i32, iovs: i32, count: i32, nwritten: i32) -> Answer {
        let error = match self.descriptor(fd)? {
            Descriptor::Stdout => false,
            Descriptor::Stderr => true,
            _ => return Err(BADF),
        };
        let stream = if error { &mut self.stderr } else { &mut self.stdout };
        let mut total = 0_usize;
        for (at, len) in buffers(memory, iovs, count)? {
            let end = stream.len();
            stream.resize(end + len, 0);
            read(memory, at, &mut stream[end..])?;
            total += len;
        }
        put(memory, nwritten, (total as u32).to_le_bytes())
    }

    fn seek(&mut self, memory: &mut (impl Memory + ?Sized), fd: i32, offset: i64, whence: i32, to: i32) -> Answer {
        let Descriptor::File { content, position } = self.descriptor(fd)? else { return Err(SPIPE) };
        let base = match whence {
            0 => 0,
            1 => *position as i64,
            2 => content.len() as i64,
            _ => return Err(INVAL),
        };
        *position = base.checked_add(offset).and_then(|at| usize::try_from(at).ok()).ok_or(INVAL)?;
        put(memory, to, (*position as u64).to_le_bytes())
    }

    fn stat(&mut self, memory: &mut (impl Memory + ?Sized), fd: i32, at: i32) -> Answer {
        let (filetype, rights) = match self.descriptor(fd)? {
            // libc takes a character device that cannot seek for a terminal; nothing here is one.
            Descriptor::Input { .. } | Descriptor::Stdout | Descriptor::Stderr => (0, !SEEK_AND_TELL),
            Descriptor::Data => (DIRECTORY, !0),
            Descriptor::File { .. } => (REGULAR_FILE, !0),
        };
        let mut stat = [0; 24];
        stat[0] = filetype;
        stat[8..16].copy_from_slice(&u64::to_le_bytes(rights));
        stat[16..24].copy_from_slice(&u64::to_le_bytes(!0));
        put(memory, at, stat)
    }

    fn strings(strings: &[Vec<u8>], memory: &mut (impl Memory + ?Sized), table: i32, buffer: i32) -> Answer {
        let (mut slot, mut at) = (table, buffer);
        for string in strings {
            put(memory, slot, at.to_le_bytes())?;
            write(memory, at, string)?;
            slot += 4;
            at += string.len() as i32;
        }
        Ok(())
    }

    /// The file a path names: relative to `/data`, whose descriptor must have been given.
    fn file(&mut self, memory: &mut (impl Memory + ?Sized), fd: i32, path: i32, len: i32) -> Answer<Arc<[u8]>> {
        if !matches!(self.descriptor(fd)?, Descriptor::Data) {
            return Err(BADF);
        }
        let mut name = vec![0; (len as u32 as usize).min(MAX_PATH)];
        read(memory, path, &mut name)?;
        let path = std::str::from_utf8(&name).map_err(|_| INVAL)?;
        self.files.get(path.trim_start_matches("./")).cloned().ok_or(NOENT)
    }

    fn open(&mut self, file: Arc<[u8]>) -> i32 {
        let free = self.descriptors.iter().position(Option::is_none).unwrap_or_else(|| {
            self.descriptors.push(None);
            self.descriptors.len() - 1
        });
        self.descriptors[free] = Some(Descriptor::File { content: file, position: 0 });
        free as i32
    }
}

/// The functions themselves, each as the interface's description says; see there for the parameters.
#[allow(missing_docs, clippy::too_many_arguments, reason = "the interface has them")]
impl Wasi {
    pub fn args_get(&self, memory: &mut (impl Memory + ?Sized), argv: i32, buffer: i32) -> i32 {
        number(World::strings(&self.lock().args, memory, argv, buffer))
    }

    pub fn args_sizes_get(&self, memory: &mut (impl Memory + ?Sized), count: i32, len: i32) -> i32 {
        let args = &self.lock().args;
        let total: usize = args.iter().map(Vec::len).sum();
        number(
            put(memory, count, (args.len() as u32).to_le_bytes())
                .and_then(|()| put(memory, len, (total as u32).to_le_bytes())),
        )
    }

    pub fn environ_get(&self, _: &mut (impl Memory + ?Sized), _environ: i32, _buffer: i32) -> i32 {
        SUCCESS
    }

    pub fn environ_sizes_get(&self, memory: &mut (impl Memory + ?Sized), count: i32, len: i32) -> i32 {
        number(put(memory, count, [0; 4]).and_then(|()| put(memory, len, [0; 4])))
    }

    pub fn clock_time_get(&self, memory: &mut (impl Memory + ?Sized), _clock: i32, _precision: i64, time: i32) -> i32 {
        let clock = &mut self.lock().clock;
        *clock += TICK;
        number(put(memory, time, clock.to_le_bytes()))
    }

    pub fn fd_close(&self, _: &mut (impl Memory + ?Sized), fd: i32) -> i32 {
        let mut world = self.lock();
        number(world.descriptors.get_mut(fd as u32 as usize).and_then(Option::take).map(drop).ok_or(BADF))
    }

    pub fn fd_fdstat_get(&self, memory: &mut (impl Memory + ?Sized), fd: i32, stat: i32) -> i32 {
        number(self.lock().stat(memory, fd, stat))
    }

    pub fn fd_fdstat_set_flags(&self, _: &mut (impl Memory + ?Sized), fd: i32, _flags: i32) -> i32 {
        number(self.lock().descriptor(fd).map(drop))
    }

    pub fn fd_filestat_get(&self, memory: &mut (impl Memory + ?Sized), fd: i32, stat: i32) -> i32 {
        match self.lock().descriptor(fd) {
            Ok(Descriptor::Input { content, .. }) => number(put(memory, stat, filestat(content.len()))),
            Ok(_) => NOSYS,
            Err(error) => error,
        }
    }

    pub fn fd_prestat_get(&self, memory: &mut (impl Memory + ?Sized), fd: i32, prestat: i32) -> i32 {
        match self.lock().descriptor(fd) {
            Ok(Descriptor::Data) => number(put(memory, prestat, [0, 0, 0, 0, DATA.len() as u8, 0, 0, 0])),
            _ => BADF,
        }
    }

    pub fn fd_prestat_dir_name(&self, memory: &mut (impl Memory + ?Sized), _fd: i32, path: i32, len: i32) -> i32 {
        if len as u32 as usize != DATA.len() {
            return INVAL;
        }
        number(write(memory, path, DATA.as_bytes()))
    }

    pub fn fd_read(&self, memory: &mut (impl Memory + ?Sized), fd: i32, iovs: i32, count: i32, nread: i32) -> i32 {
        number(self.lock().read(memory, fd, iovs, count, nread))
    }

    pub fn fd_renumber(&self, _: &mut (impl Memory + ?Sized), _from: i32, _to: i32) -> i32 {
        NOSYS
    }

    pub fn fd_seek(
        &self,
        memory: &mut (impl Memory + ?Sized),
        fd: i32,
        offset: i64,
        whence: i32,
        position: i32,
    ) -> i32 {
        number(self.lock().seek(memory, fd, offset, whence, position))
    }

    pub fn fd_tell(&self, memory: &mut (impl Memory + ?Sized), fd: i32, position: i32) -> i32 {
        number(self.lock().seek(memory, fd, 0, 1, position))
    }

    pub fn fd_write(&self, memory: &mut (impl Memory + ?Sized), fd: i32, iovs: i32, count: i32, nwritten: i32) -> i32 {
        number(self.lock().write(memory, fd, iovs, count, nwritten))
    }

    pub fn path_filestat_get(
        &self,
        memory: &mut (impl Memory + ?Sized),
        fd: i32,
        _lookup: i32,
        path: i32,
        path_len: i32,
        stat: i32,
    ) -> i32 {
        number(self.lock().file(memory, fd, path, path_len).and_then(|file| put(memory, stat, filestat(file.len()))))
    }

    pub fn path_filestat_set_times(
        &self,
        _: &mut (impl Memory + ?Sized),
        _fd: i32,
        _lookup: i32,
        _path: i32,
        _path_len: i32,
        _atim: i64,
        _mtim: i64,
        _flags: i32,
    ) -> i32 {
        ROFS
    }

    pub fn path_open(
        &self,
        memory: &mut (impl Memory + ?Sized),
        fd: i32,
        _lookup: i32,
        path: i32,
        path_len: i32,
        oflags: i32,
        base: i64,
        _inheriting: i64,
        _flags: i32,
        opened: i32,
    ) -> i32 {
        if oflags != 0 || base & WRITING != 0 {
            return ROFS;
        }
        let mut world = self.lock();
        number(world.file(memory, fd, path, path_len).and_then(|file| {
            let fd = world.open(file);
            put(memory, opened, fd.to_le_bytes())
        }))
    }

    pub fn path_remove_directory(&self, _: &mut (impl Memory + ?Sized), _fd: i32, _path: i32, _path_len: i32) -> i32 {
        ROFS
    }

    pub fn path_rename(
        &self,
        _: &mut (impl Memory + ?Sized),
        _from_fd: i32,
        _from: i32,
        _from_len: i32,
        _to_fd: i32,
        _to: i32,
        _to_len: i32,
    ) -> i32 {
        ROFS
    }

    pub fn path_unlink_file(&self, _: &mut (impl Memory + ?Sized), _fd: i32, _path: i32, _path_len: i32) -> i32 {
        ROFS
    }

    /// A fixed sequence: two runs must agree.
    pub fn random_get(&self, memory: &mut (impl Memory + ?Sized), buffer: i32, len: i32) -> i32 {
        let random = &mut self.lock().random;
        let bytes = (0..len as u32).map(|_| {
            *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*random >> 56) as u8
        });
        number(write(memory, buffer, &bytes.collect::<Vec<_>>()))
    }
}
