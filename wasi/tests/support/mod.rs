//! What the tests share: directories of their own, and a guest without a runtime, whose memory is a vector.

#![allow(dead_code, reason = "each test uses some of it")]

use pirn_wasi::{DirPerms, Errno, FilePerms, Guest, Outcome, Version, WasiCtxBuilder, WasiP1Ctx, functions};
use std::fs;
use std::path::PathBuf;

/// Where results are put, and data.
pub const OUT: u32 = 4096;
pub const DATA: u32 = 8192;
/// Where texts and tables of buffers are put.
const TEXTS: u32 = 1024;
const IOVECS: u32 = 512;

/// A directory of one test's own, empty at first.
#[derive(Debug)]
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// The directory called `test`, emptied.
    pub fn new(test: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("wasi").join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

/// Makes a named pipe. No other process does: one that another test begins has all descriptors for a moment, so that a pipe is read
/// that no guest reads.
pub fn named_pipe(path: impl AsRef<std::path::Path>) {
    #[cfg(not(target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        mknodat(CWD, path.as_ref(), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }
    #[cfg(target_vendor = "apple")]
    assert!(std::process::Command::new("mkfifo").arg(path.as_ref()).status().unwrap().success());
}

/// An argument of a call.
#[derive(Debug, Clone)]
pub enum Arg {
    Number(u64),
    /// Pointer and length.
    Text(Vec<u8>),
    /// A table of one buffer that holds this, and its length, 1.
    Write(Vec<u8>),
    /// A table of one buffer of so many bytes, at [`DATA`].
    Read(u32),
}

macro_rules! numbers {
    ($($ty:ty)*) => {$(
        impl From<$ty> for Arg {
            fn from(number: $ty) -> Self {
                Self::Number(number as u64)
            }
        }
    )*};
}

numbers! { i32 u32 u64 i64 }

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// A guest that nothing executes: its calls are made by tests.
#[derive(Debug)]
pub struct TestGuest {
    pub ctx: WasiP1Ctx,
    pub memory: Vec<u8>,
    pub version: Version,
}

macro_rules! by_name {
    ($wanted:ident, $ctx:ident, $guest:ident, $args:ident: $($name:ident($($arg:ident: $ty:ty),*);)*) => {
        match $wanted {
            $(stringify!($name) => {
                let [$($arg),*] = $args[..] else { panic!("{}: {} arguments", $wanted, $args.len()) };
                functions::$name($ctx, $guest, $($arg as $ty),*)
            })*
            other => panic!("no function {other}"),
        }
    };
}

impl TestGuest {
    pub fn new(ctx: WasiP1Ctx) -> Self {
        Self { ctx, memory: vec![0; 65536], version: Version::Preview1 }
    }

    /// A guest that has one directory, as descriptor 3.
    pub fn with_dir(scratch: &Scratch, dir: &str) -> Self {
        let mut builder = WasiCtxBuilder::new();
        builder.preopened_dir(scratch.path(dir), "/", DirPerms::all(), FilePerms::all()).unwrap();
        Self::new(builder.build_p1())
    }

    /// Makes a call once.
    pub fn attempt(&mut self, name: &str, args: &[Arg], blocking: bool) -> Outcome {
        let (mut texts, mut numbers) = (TEXTS, Vec::new());
        for arg in args {
            let mut put = |bytes: &[u8], memory: &mut Vec<u8>| {
                let at = texts;
                memory[at as usize..][..bytes.len()].copy_from_slice(bytes);
                texts += bytes.len() as u32;
                at
            };
            match arg {
                Arg::Number(number) => numbers.push(*number),
                Arg::Text(text) => {
                    numbers.push(put(text, &mut self.memory).into());
                    numbers.push(text.len() as u64);
                }
                Arg::Write(bytes) => {
                    let at = put(bytes, &mut self.memory);
                    self.iovec(at, bytes.len() as u32);
                    numbers.extend([IOVECS.into(), 1]);
                }
                Arg::Read(len) => {
                    self.iovec(DATA, *len);
                    numbers.extend([IOVECS.into(), 1]);
                }
            }
        }
        let (ctx, mut memory) = (&mut self.ctx, &mut self.memory[..]);
        let guest = &mut Guest::new(&mut memory, self.version);
        ctx.begin(blocking);
        pirn_wasi::for_each_function! { by_name { name, ctx, guest, numbers: } }
    }

    fn iovec(&mut self, at: u32, len: u32) {
        self.memory[IOVECS as usize..][..4].copy_from_slice(&at.to_le_bytes());
        self.memory[IOVECS as usize + 4..][..4].copy_from_slice(&len.to_le_bytes());
    }

    /// Makes a call that does not wait.
    pub fn call(&mut self, name: &str, args: &[Arg]) -> Errno {
        match self.attempt(name, args, true) {
            Outcome::Done(errno) => errno,
            Outcome::Wait(_) => panic!("{name} waits"),
        }
    }

    /// The number at an address.
    pub fn u32(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.memory[at as usize..][..4].try_into().unwrap())
    }

    pub fn u64(&self, at: u32) -> u64 {
        u64::from_le_bytes(self.memory[at as usize..][..8].try_into().unwrap())
    }

    pub fn bytes(&self, at: u32, len: u32) -> &[u8] {
        &self.memory[at as usize..][..len as usize]
    }

    /// Opens a path below descriptor `fd` and gives the new one.
    pub fn open(&mut self, fd: u32, path: &str, oflags: u32, rights: u64, fdflags: u32) -> Result<u32, Errno> {
        let args = args![fd, 1, path, oflags, rights, 0, fdflags, OUT];
        match self.call("path_open", &args) {
            Errno::SUCCESS => Ok(self.u32(OUT)),
            errno => Err(errno),
        }
    }

    /// Writes all of a text.
    pub fn write(&mut self, fd: u32, text: &str) {
        assert_eq!(self.call("fd_write", &[fd.into(), Arg::Write(text.into()), OUT.into()]), Errno::SUCCESS);
        assert_eq!(self.u32(OUT), text.len() as u32);
    }

    /// Reads at most `len` bytes.
    pub fn read(&mut self, fd: u32, len: u32) -> Result<String, Errno> {
        match self.call("fd_read", &[fd.into(), Arg::Read(len), OUT.into()]) {
            Errno::SUCCESS => Ok(String::from_utf8(self.bytes(DATA, self.u32(OUT)).to_vec()).unwrap()),
            errno => Err(errno),
        }
    }
}

/// Arguments of a call.
#[macro_export]
macro_rules! args {
    ($($arg:expr),* $(,)?) => { [$($crate::support::Arg::from($arg)),*] };
}
pub use args;
