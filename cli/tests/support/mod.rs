//! What the tests of the binary share: directories of their own, running it, and the beginning of programs.

#![allow(dead_code, reason = "each test uses some of it")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A directory of one test's own, empty at first.
#[derive(Debug)]
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// The directory called `test`, emptied.
    pub fn new(test: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file and gives its path.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    /// A file's content.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

/// Runs the binary with nothing on its standard input.
pub fn pirn(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pirn")).args(args).stdin(Stdio::null()).output().unwrap()
}

/// What it wrote to standard output.
pub fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// What it wrote to standard error.
pub fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The imports all programs share, and functions that take a text as pointer and length.
pub const PRELUDE: &str = r#"
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
    (memory (export "memory") 1)
    ;; Writes a text to a descriptor.
    (func $write (param $fd i32) (param $ptr i32) (param $len i32)
        (i32.store (i32.const 0) (local.get $ptr))
        (i32.store (i32.const 4) (local.get $len))
        (call $check (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
    ;; Exits with the error number, if it is one.
    (func $check (param $errno i32)
        (if (local.get $errno) (then (call $proc_exit (local.get $errno)))))
    ;; Opens a path below the first preopened directory, for reading and writing.
    (func $open (param $ptr i32) (param $len i32) (param $oflags i32) (result i32)
        (call $check (call $path_open (i32.const 3) (i32.const 1) (local.get $ptr) (local.get $len)
            (local.get $oflags) (i64.const 0x42) (i64.const 0) (i32.const 0) (i32.const 16)))
        (i32.load (i32.const 16)))
    ;; Reads at most 1000 bytes from a descriptor to 30000, and says how many.
    (func $read (param $fd i32) (result i32)
        (i32.store (i32.const 0) (i32.const 30000))
        (i32.store (i32.const 4) (i32.const 1000))
        (call $check (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
        (i32.load (i32.const 8)))
"#;

/// A file with a program that begins with the prelude.
pub fn program(scratch: &Scratch, rest: &str) -> String {
    scratch.file("program.wat", &format!("(module {PRELUDE} {rest})"))
}
