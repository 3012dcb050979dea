//! The binary, as a user runs it: programs written here as text, their output, files and exit statuses.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A directory of one test's own, empty at first.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file and gives its path.
    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

fn pirn(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pirn")).args(args).stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The imports all programs share, and functions that take a text as pointer and length.
const PRELUDE: &str = r#"
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

fn program(scratch: &Scratch, rest: &str) -> String {
    scratch.file("program.wat", &format!("(module {PRELUDE} {rest})"))
}

#[test]
fn a_program_prints() {
    let scratch = Scratch::new("prints");
    let file = program(
        &scratch,
        r#"(data (i32.const 100) "hello\n") (data (i32.const 200) "oops\n")
        (func (export "_start")
            (call $write (i32.const 1) (i32.const 100) (i32.const 6))
            (call $write (i32.const 2) (i32.const 200) (i32.const 5)))"#,
    );
    let output = pirn(&["run", &file]);
    assert_eq!((stdout(&output), stderr(&output)), ("hello\n", "oops\n"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_binary_runs_like_its_text() {
    let scratch = Scratch::new("binary");
    let file = scratch.0.join("empty.wasm");
    // (module (func (export "_start")))
    let binary = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x0a\x01\x06_start\0\0\x0a\x04\x01\x02\0\x0b";
    fs::write(&file, binary).unwrap();
    assert_eq!(pirn(&["run", file.to_str().unwrap()]).status.code(), Some(0));
}

#[test]
fn arguments_arrive() {
    let scratch = Scratch::new("arguments");
    let file = program(
        &scratch,
        r#"(func (export "_start")
            (call $check (call $args_sizes_get (i32.const 20) (i32.const 24)))
            (call $check (call $args_get (i32.const 1000) (i32.const 2000)))
            (call $write (i32.const 1) (i32.const 2000) (i32.load (i32.const 24)))
            (call $proc_exit (i32.load (i32.const 20))))"#,
    );
    let output = pirn(&["run", &file, "--invoke", "-x", "two words", "--", ""]);
    assert_eq!(stdout(&output), "program.wat\0--invoke\0-x\0two words\0--\0\0");
    assert_eq!(output.status.code(), Some(6));
}

#[test]
fn the_exit_status_is_the_programs() {
    let scratch = Scratch::new("status");
    let file = program(
        &scratch,
        r#"(data (i32.const 100) "before")
        (func $deep (call $write (i32.const 1) (i32.const 100) (i32.const 6)) (call $proc_exit (i32.const 42)))
        (func (export "_start") (call $deep) unreachable)"#,
    );
    let output = pirn(&["run", &file]);
    assert_eq!((stdout(&output), stderr(&output)), ("before", ""));
    assert_eq!(output.status.code(), Some(42));
}

#[test]
fn a_trap_is_told_from_an_exit() {
    let scratch = Scratch::new("trap");
    let file = program(
        &scratch,
        r#"(data (i32.const 100) "before")
        (func (export "_start")
            (call $write (i32.const 1) (i32.const 100) (i32.const 6))
            (drop (i32.div_s (i32.const 1) (i32.load (i32.const 5000)))))"#,
    );
    let output = pirn(&["run", &file]);
    assert_eq!(stdout(&output), "before");
    assert_eq!(stderr(&output), "trap: integer divide by zero\n");
    assert_eq!(output.status.code(), Some(134));
}

#[test]
fn what_cannot_run_says_why() {
    let scratch = Scratch::new("cannot");
    for (text, what) in [
        ("(module (func (result i32)))", "type mismatch"),
        ("(module", "expected `)`"),
        ("(module (import \"a\" \"b\" (func)) (func (export \"_start\")))", "unknown import"),
        ("(module)", "_start"),
        ("(module (func (export \"_start\") (param i32)))", "_start"),
        ("(module (memory (export \"_start\") 0))", "_start"),
    ] {
        let output = pirn(&["run", &scratch.file("bad.wat", text)]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(stderr(&output).contains(what), "{}, not {what}: {text}", stderr(&output));
    }
    assert_eq!(pirn(&["run", "no such file"]).status.code(), Some(1));
    assert_eq!(pirn(&["run"]).status.code(), Some(2));
}

#[test]
fn standard_input_arrives() {
    let scratch = Scratch::new("stdin");
    let file = program(
        &scratch,
        r#"(func (export "_start") (local $n i32)
            (loop $more
                (local.set $n (call $read (i32.const 0)))
                (call $write (i32.const 1) (i32.const 30000) (local.get $n))
                (br_if $more (local.get $n))))"#,
    );
    let mut child = Command::new(env!("CARGO_BIN_EXE_pirn"))
        .args(["run", &file])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = "0123456789".repeat(1234);
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(stdout(&output), text);
}

#[test]
fn files_below_a_preopened_directory() {
    let scratch = Scratch::new("files");
    fs::create_dir(scratch.0.join("shared")).unwrap();
    scratch.file("shared/in.txt", "some content");
    let file = program(
        &scratch,
        r#"(data (i32.const 100) "in.txt") (data (i32.const 200) "new/out.txt") (data (i32.const 300) "new/moved.txt")
        (func (export "_start") (local $in i32) (local $out i32) (local $n i32)
            (local.set $in (call $open (i32.const 100) (i32.const 6) (i32.const 0)))
            (call $check (call $mkdir (i32.const 3) (i32.const 200) (i32.const 3)))
            (local.set $out (call $open (i32.const 200) (i32.const 11) (i32.const 1)))
            (call $check (call $fd_seek (local.get $in) (i64.const -7) (i32.const 2) (i32.const 40)))
            (local.set $n (call $read (local.get $in)))
            (call $write (local.get $out) (i32.const 30000) (local.get $n))
            (call $check (call $fd_close (local.get $out)))
            (call $check (call $path_rename
                (i32.const 3) (i32.const 200) (i32.const 11) (i32.const 3) (i32.const 300) (i32.const 13)))
            (call $check (call $path_unlink_file (i32.const 3) (i32.const 100) (i32.const 6)))
            (call $proc_exit (i32.load (i32.const 40))))"#,
    );
    let dir = format!("{}::/work", scratch.0.join("shared").display());
    let output = pirn(&["run", "--dir", &dir, &file]);
    assert_eq!(stderr(&output), "");
    // Where the seek led.
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(scratch.read("shared/new/moved.txt"), "content");
    assert!(!scratch.0.join("shared/in.txt").exists() && !scratch.0.join("shared/new/out.txt").exists());
}

/// Error numbers the guest sees.
const BADF: i32 = 8;
const FAULT: i32 = 21;
const INVAL: i32 = 28;
const NOENT: i32 = 44;
const NOSYS: i32 = 52;
const PERM: i32 = 63;

#[test]
fn nothing_outside_the_directory_can_be_reached() {
    let scratch = Scratch::new("escape");
    fs::create_dir_all(scratch.0.join("shared/sub")).unwrap();
    let secret = scratch.file("secret.txt", "secret");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&secret, scratch.0.join("shared/absolute")).unwrap();
        std::os::unix::fs::symlink("../secret.txt", scratch.0.join("shared/relative")).unwrap();
        std::os::unix::fs::symlink("..", scratch.0.join("shared/up")).unwrap();
    }
    let dir = format!("{}::/", scratch.0.join("shared").display());
    let mut paths = vec!["../secret.txt", "sub/../../secret.txt", "../escape/shared/../secret.txt", "..", &*secret];
    if cfg!(unix) {
        paths.extend(["absolute", "relative", "up/secret.txt", "up"]);
    }
    for path in paths {
        for call in [
            "(drop (call $open (i32.const 100) (i32.const LEN) (i32.const 0)))",
            // Creating does not help.
            "(drop (call $open (i32.const 100) (i32.const LEN) (i32.const 9)))",
        ] {
            let call = call.replace("LEN", &path.len().to_string());
            let file = program(
                &scratch,
                &format!(
                    "(data (i32.const 100) {path:?}) (func (export \"_start\") {call} (call $proc_exit (i32.const 99)))"
                ),
            );
            let status = pirn(&["run", "--dir", &dir, &file]).status.code();
            // A symbolic link that leads out may also be said to lead to nothing.
            assert!([Some(PERM), Some(NOENT)].contains(&status), "{path}: {status:?}");
        }
    }
    let file = program(
        &scratch,
        r#"(data (i32.const 100) "sub/../../secret.txt")
        (func (export "_start") (call $check (call $path_unlink_file (i32.const 3) (i32.const 100) (i32.const 20))))"#,
    );
    assert_eq!(pirn(&["run", "--dir", &dir, &file]).status.code(), Some(PERM));
    assert_eq!(scratch.read("secret.txt"), "secret");
    // Without a directory there is none.
    assert_eq!(pirn(&["run", &file]).status.code(), Some(BADF));
}

#[test]
fn guest_pointers_are_checked() {
    let scratch = Scratch::new("pointers");
    for (call, errno) in [
        // The table of buffers, a buffer, the place of the result.
        ("(call $fd_write (i32.const 1) (i32.const 65529) (i32.const 1) (i32.const 8))", FAULT),
        ("(call $fd_write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 8))", FAULT),
        ("(call $fd_write (i32.const 1) (i32.const 1000) (i32.const 1) (i32.const 8))", FAULT),
        ("(call $fd_write (i32.const 1) (i32.const 2000) (i32.const 1) (i32.const 65533))", FAULT),
        ("(call $fd_write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 8))", INVAL),
        ("(call $fd_read (i32.const 0) (i32.const 1000) (i32.const 1) (i32.const 8))", FAULT),
        ("(call $fd_write (i32.const 77) (i32.const 2000) (i32.const 1) (i32.const 8))", BADF),
        ("(call $args_get (i32.const 65535) (i32.const 0))", FAULT),
        ("(call $args_get (i32.const 0) (i32.const -1))", FAULT),
        ("(call $path_unlink_file (i32.const 3) (i32.const 65530) (i32.const 20))", FAULT),
        ("(call $fd_readdir (i32.const 3) (i32.const 65530) (i32.const 20) (i64.const 0) (i32.const 0))", FAULT),
        ("(call $fd_readdir (i32.const 3) (i32.const 0) (i32.const 20) (i64.const -1) (i32.const 100))", 0),
    ] {
        let file = program(
            &scratch,
            &format!(
                r#"(data (i32.const 1000) "\00\ff\00\00\01\01\00\00") (data (i32.const 2000) "\00\00\00\00\00\00\00\00")
                (func (export "_start") (call $check {call}))"#
            ),
        );
        let dir = scratch.0.display().to_string();
        assert_eq!(pirn(&["run", "--dir", &dir, &file]).status.code(), Some(errno), "{call}");
    }
}

#[test]
fn what_there_is_not_says_so() {
    let scratch = Scratch::new("nosys");
    let file = scratch.file(
        "nosys.wat",
        r#"(module
            (import "wasi_snapshot_preview1" "sock_accept" (func $sock (param i32 i32 i32) (result i32)))
            (func (export "call") (result i32) (call $sock (i32.const 0) (i32.const 0) (i32.const 0))))"#,
    );
    assert_eq!(stdout(&pirn(&["run", "--invoke", "call", &file])), format!("{NOSYS}\n"));
}

#[test]
fn directories_are_read() {
    let scratch = Scratch::new("readdir");
    fs::create_dir_all(scratch.0.join("d/sub")).unwrap();
    scratch.file("d/a-file", "");
    // The whole buffer goes to standard output.
    let file = program(
        &scratch,
        r#"(func (export "_start")
            (call $check (call $fd_readdir (i32.const 3) (i32.const 1000) (i32.const 4000) (i64.const 0) (i32.const 20)))
            (call $write (i32.const 1) (i32.const 1000) (i32.load (i32.const 20))))"#,
    );
    let dir = format!("{}::.", scratch.0.join("d").display());
    let output = pirn(&["run", "--dir", &dir, &file]);
    let (mut rest, mut entries) = (&output.stdout[..], Vec::new());
    while !rest.is_empty() {
        let name_len = u32::from_le_bytes(rest[16..20].try_into().unwrap()) as usize;
        entries.push((String::from_utf8(rest[24..24 + name_len].into()).unwrap(), rest[20]));
        rest = &rest[24 + name_len..];
    }
    entries.sort();
    let expected = [(".", 3), ("..", 3), ("a-file", 4), ("sub", 3)];
    assert_eq!(entries, expected.map(|(name, filetype)| (name.to_owned(), filetype)));
}

#[test]
fn functions_are_invoked_with_every_type() {
    let scratch = Scratch::new("invoke");
    let file = scratch.file(
        "functions.wat",
        r#"(module
            (func (export "i32") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
            (func (export "i64") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
            (func (export "f32") (param f32) (result f32) (f32.mul (local.get 0) (f32.const 0.5)))
            (func (export "f64") (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0.5)))
            (func (export "swap") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
            (func (export "none"))
            (func (export "null") (result externref) (ref.null extern))
            (func (export "ref") (param funcref))
            (func (export "trap") unreachable)
            (memory (export "memory") 0))"#,
    );
    let invoke = |name: &str, args: &[&str]| pirn(&[&["run", "--invoke", name, &file], args].concat());
    for (name, args, expected) in [
        ("i32", &["41"][..], "42\n"),
        ("i32", &["-1"], "0\n"),
        ("i32", &["0xffffffff"], "0\n"),
        ("i32", &["2147483647"], "-2147483648\n"),
        ("i64", &["-0x10"], "-15\n"),
        ("i64", &["18446744073709551615"], "0\n"),
        ("i64", &["-9223372036854775808"], "-9223372036854775807\n"),
        ("f32", &["3"], "1.5\n"),
        ("f32", &["-inf"], "-inf\n"),
        ("f64", &["1e300"], &format!("{}\n", 5e299)),
        ("f64", &["-0.1"], "-0.05\n"),
        ("f64", &["NaN"], "NaN\n"),
        ("swap", &["7", "2.5"], "2.5\n7\n"),
        ("none", &[], ""),
        ("null", &[], "null\n"),
    ] {
        let output = invoke(name, args);
        assert_eq!((stdout(&output), stderr(&output)), (expected, ""), "{name} {args:?}");
        assert_eq!(output.status.code(), Some(0));
    }
    for (name, args, what) in [
        ("i32", &["4294967296"][..], "`4294967296` is no i32"),
        ("i32", &["-2147483649"], "is no i32"),
        ("i32", &["1.5"], "is no i32"),
        ("i64", &["--1"], "is no i64"),
        ("i64", &["-+1"], "is no i64"),
        ("f32", &["x"], "is no f32"),
        ("i32", &[], "takes 1 parameters, not 0"),
        ("none", &["1"], "takes 0 parameters, not 1"),
        ("ref", &["null"], "cannot be given"),
        ("memory", &[], "no function"),
        ("absent", &[], "no export `absent`"),
    ] {
        let output = invoke(name, args);
        assert!(stderr(&output).contains(what), "{}, not {what}: {name} {args:?}", stderr(&output));
        assert_eq!(output.status.code(), Some(1));
    }
    assert_eq!(invoke("trap", &[]).status.code(), Some(134));
}

#[test]
fn scripts_pass_and_fail() {
    let scratch = Scratch::new("wast");
    let good = scratch.file(
        "good.wast",
        r#"(module (func (export "f") (param i32) (result i32) (i32.div_u (i32.const 6) (local.get 0))))
        (assert_return (invoke "f" (i32.const 2)) (i32.const 3))
        (assert_trap (invoke "f" (i32.const 0)) "integer divide by zero")
        (assert_invalid (module (func (result i32))) "type mismatch")"#,
    );
    let bad = scratch.file(
        "bad.wast",
        "(module (func (export \"f\") (result i32) (i32.const 1)))\n  (assert_return (invoke \"f\") (i32.const 2))\n\
        (assert_trap (invoke \"f\") \"unreachable\")",
    );
    let output = pirn(&["wast", &good]);
    assert_eq!(stdout(&output), format!("{good}: 4 passed, 0 failed\ntotal: 4 passed, 0 failed\n"));
    assert_eq!(output.status.code(), Some(0));

    let output = pirn(&["wast", &good, &bad]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains(&format!("{bad}:2:4: result 0: expected i32 2 (0x2), got i32 1 (0x1)\n")), "{text}");
    assert!(text.contains(&format!("{bad}:3:2: it should trap: unreachable\n")), "{text}");
    assert!(text.ends_with(&format!("{bad}: 1 passed, 2 failed\ntotal: 5 passed, 2 failed\n")), "{text}");

    assert_eq!(pirn(&["wast", "no such file"]).status.code(), Some(1));
    assert_eq!(pirn(&["wast", &scratch.file("none.wast", "(modul)")]).status.code(), Some(1));
}
