//! WASI as programs see it: files, directories and their bounds, clocks, and pointers nobody should trust.

mod support;

use std::fs;
use std::time::{Duration, Instant};
use support::{PRELUDE, Scratch, pirn, program, stderr, stdout};

/// Error numbers the guest sees.
const BADF: i32 = 8;
const FAULT: i32 = 21;
const INVAL: i32 = 28;
const NOENT: i32 = 44;
const PERM: i32 = 63;

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
fn reading_and_writing_elsewhere_leaves_the_position() {
    let scratch = Scratch::new("elsewhere");
    fs::create_dir(scratch.0.join("d")).unwrap();
    scratch.file("d/f", "0123456789");
    let file = scratch.file(
        "program.wat",
        &format!(
            r#"(module
            (import "wasi_snapshot_preview1" "fd_pread" (func $pread (param i32 i32 i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_pwrite" (func $pwrite (param i32 i32 i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_tell" (func $tell (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $set_flags (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $set_size (param i32 i64) (result i32)))
            (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
            {PRELUDE}
            (data (i32.const 100) "f") (data (i32.const 200) "ab")
            (func (export "_start") (local $f i32)
                (local.set $f (call $open (i32.const 100) (i32.const 1) (i32.const 0)))
                (call $check (call $fd_seek (local.get $f) (i64.const 2) (i32.const 0) (i32.const 40)))
                ;; 2 bytes from 7 on, over the letters; then the letters to 4.
                (i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 2))
                (call $check (call $pread (local.get $f) (i32.const 0) (i32.const 1) (i64.const 7) (i32.const 8)))
                (call $write (i32.const 1) (i32.const 200) (i32.load (i32.const 8)))
                (call $check (call $pwrite (local.get $f) (i32.const 0) (i32.const 1) (i64.const 4) (i32.const 8)))
                (call $check (call $tell (local.get $f) (i32.const 40)))
                (if (i64.ne (i64.load (i32.const 40)) (i64.const 2)) (then unreachable))
                ;; Writing at the position, then at the end.
                (call $write (local.get $f) (i32.const 100) (i32.const 1))
                (call $check (call $set_flags (local.get $f) (i32.const 1)))
                (call $write (local.get $f) (i32.const 100) (i32.const 1))
                (call $check (call $set_size (local.get $f) (i64.const 13)))
                ;; Standard output becomes the file.
                (call $check (call $renumber (local.get $f) (i32.const 1)))
                (call $write (i32.const 1) (i32.const 100) (i32.const 1))
                (call $check (call $fd_close (local.get $f)))))"#
        ),
    );
    let dir = format!("{}::.", scratch.0.join("d").display());
    let output = pirn(&["run", "--dir", &dir, &file]);
    assert_eq!((stdout(&output), stderr(&output)), ("78", ""));
    assert_eq!(scratch.read("d/f"), "01f3786789f\0\0f");
    assert_eq!(output.status.code(), Some(BADF));
}

#[test]
fn what_was_not_asked_for_is_not_allowed() {
    let scratch = Scratch::new("rights");
    fs::create_dir(scratch.0.join("d")).unwrap();
    scratch.file("d/f", "content");
    let dir = format!("{}::.", scratch.0.join("d").display());
    // The rights to read and to write, `oflags`, and what then happens when reading and when writing.
    for (rights, oflags, reading, writing) in [(2, 0, 0, BADF), (2, 1, 0, BADF), (0x40, 0, BADF, 0), (0x42, 9, 0, 0)] {
        for (call, errno) in [("$fd_read", reading), ("$fd_write", writing)] {
            let file = program(
                &scratch,
                &format!(
                    r#"(data (i32.const 100) "f")
                    (func (export "_start")
                        (call $check (call $path_open (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 1)
                            (i32.const {oflags}) (i64.const {rights}) (i64.const 0) (i32.const 0) (i32.const 16)))
                        (i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 1))
                        (call $check (call {call}
                            (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 8))))"#
                ),
            );
            let status = pirn(&["run", "--dir", &dir, &file]).status.code();
            assert_eq!(status, Some(errno), "{call} {rights} {oflags}");
        }
    }
}

#[test]
fn clocks_go_and_sleeping_takes_time() {
    let scratch = Scratch::new("clocks");
    // A subscription at 0: clock, monotonic, 50 ms from now, user data 77.
    let file = scratch.file(
        "clocks.wat",
        r#"(module
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "sleep") (result i32 i32 i64 i32 i32)
                (i64.store (i32.const 0) (i64.const 77))
                (i32.store (i32.const 16) (i32.const 1))
                (i64.store (i32.const 24) (i64.const 50000000))
                (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200))
                (i32.load (i32.const 200)) (i64.load (i32.const 100)) (i32.load16_u (i32.const 108))
                (i32.load8_u (i32.const 110)))
            (func (export "time") (param $clock i32) (result i32 i64)
                (call $time (local.get $clock) (i64.const 0) (i32.const 300)) (i64.load (i32.const 300)))
            (func (export "random") (result i32 i64)
                (call $random (i32.const 400) (i32.const 8)) (i64.load (i32.const 400))))"#,
    );
    let invoke = |args: &[&str]| {
        let output = pirn(&[&["run", "--invoke", args[0], &file], &args[1..]].concat());
        stdout(&output).lines().map(|line| line.parse::<i64>().unwrap()).collect::<Vec<_>>()
    };
    let begin = Instant::now();
    assert_eq!(invoke(&["sleep"]), [0, 1, 77, 0, 0]);
    assert!(begin.elapsed() >= Duration::from_millis(50));
    let now = invoke(&["time", "0"]);
    // Later than when this was written.
    assert!(now[0] == 0 && now[1] > 1_700_000_000_000_000_000, "{now:?}");
    assert_eq!(invoke(&["time", "1"])[0], 0);
    assert_eq!(invoke(&["time", "9"])[0], i64::from(INVAL));
    let (first, second) = (invoke(&["random"]), invoke(&["random"]));
    assert!(first[0] == 0 && first != second, "{first:?}");
}

/// All functions but the one that exits, and their parameters: `i` for i32, `l` for i64.
const FUNCTIONS: [(&str, &str); 45] = [
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("fd_advise", "illi"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_pread", "iiili"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_open", "iiiiillii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("fd_allocate", "ill"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_set_times", "illi"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_readlink", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("proc_raise", "i"),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

#[test]
fn no_arguments_make_the_host_panic() {
    let scratch = Scratch::new("arguments-of-all-kinds");
    fs::create_dir_all(scratch.0.join("d/sub")).unwrap();
    let dir = format!("{}::.", scratch.0.join("d").display());
    // Knuth's MMIX generator: the same arguments every time.
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    const WORDS: [&str; 16] =
        ["0", "1", "2", "3", "4", "5", "8", "16", "64", "100", "4096", "65528", "65535", "65536", "0x7fffffff", "-1"];
    const LONGS: [&str; 6] = ["0", "1", "5", "100000", "0x7fffffffffffffff", "-1"];
    for _ in 0..20 {
        let (mut imports, mut calls) = (String::new(), String::new());
        for (name, params) in FUNCTIONS {
            let types = params.chars().map(|param| if param == 'i' { " i32" } else { " i64" }).collect::<String>();
            imports +=
                &format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param{types}) (result i32)))\n");
        }
        for _ in 0..600 {
            let (name, params) = FUNCTIONS[next(FUNCTIONS.len())];
            let args = params.chars().map(|param| match param {
                'i' => format!(" (i32.const {})", WORDS[next(WORDS.len())]),
                // Sizes of files are kept small: the disk is shared.
                _ if ["fd_filestat_set_size", "fd_pwrite", "fd_allocate"].contains(&name) => {
                    " (i64.const 100)".to_owned()
                }
                _ => format!(" (i64.const {})", LONGS[next(LONGS.len())]),
            });
            calls += &format!("(drop (call ${name}{}))\n", args.collect::<String>());
        }
        let file = scratch.file(
            "program.wat",
            &format!(
                r#"(module {imports} (memory (export "memory") 1)
                (data (i32.const 0) "f\00\00\00\05\00\00\00sub/..\00\00..") (data (i32.const 64) "\64\00\00\00\10\00\00\00")
                (func (export "_start") {calls}))"#
            ),
        );
        let output = pirn(&["run", "--dir", &dir, &file]);
        // What it did to its own standard output is its own business.
        assert_eq!(output.status.code(), Some(0), "{:?}: {}", output.status, stderr(&output));
    }
}

/// A call of WASI acts on the memory of the instance whose code made it, tail call or not.
#[test]
fn tail_calls_have_a_memory() {
    let scratch = Scratch::new("tail");
    let file = scratch.file(
        "tail.wat",
        r#"(module
            (type $write (func (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (type $write)))
            (memory (export "memory") 1)
            (table funcref (elem $fd_write))
            (data (i32.const 0) "\10\00\00\00\06\00\00\00") (data (i32.const 16) "hello\n")
            (func (export "direct") (result i32) (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (func (export "tail") (result i32)
                (return_call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (func (export "tail_indirect") (result i32)
                (return_call_indirect (type $write)
                    (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 0))))"#,
    );
    for function in ["direct", "tail", "tail_indirect"] {
        let output = pirn(&["run", "--invoke", function, &file]);
        assert_eq!((stdout(&output), stderr(&output)), ("hello\n0\n", ""), "{function}");
    }
}
