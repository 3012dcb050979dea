//! Files and directories that a program has open come along, and what is not as it was is said.

use super::WRITTEN;
use crate::support::{PRELUDE, Scratch, pirn, stderr, stdout};
use std::fs;

/// What it imports besides.
const IMPORTS: &str = r#"
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))"#;

/// Opens things, waits for two seconds by its clock without giving the processor up, and uses them.
const FILES: &str = r#"
    (data (i32.const 100) "in.txt") (data (i32.const 200) "sub/out.txt") (data (i32.const 300) "log.txt") (data (i32.const 400) "sub")
    (func $now (result i64)
        (call $check (call $clock (i32.const 1) (i64.const 1) (i32.const 80)))
        (i64.load (i32.const 80)))
    (func $spin (local $end i64)
        (local.set $end (i64.add (call $now) (i64.const 2000000000)))
        (loop $l (br_if $l (i64.lt_u (call $now) (local.get $end)))))
    (func (export "_start") (local $in i32) (local $out i32) (local $log i32) (local $dir i32) (local $hole i32)
        (local.set $hole (call $open (i32.const 100) (i32.const 6) (i32.const 0)))
        (local.set $in (call $open (i32.const 100) (i32.const 6) (i32.const 0)))
        (local.set $out (call $open (i32.const 200) (i32.const 11) (i32.const 1)))
        ;; To append.
        (call $check (call $path_open (i32.const 3) (i32.const 1) (i32.const 300) (i32.const 7)
            (i32.const 1) (i64.const 0x40) (i64.const 0) (i32.const 1) (i32.const 16)))
        (local.set $log (i32.load (i32.const 16)))
        ;; A directory.
        (call $check (call $path_open (i32.const 3) (i32.const 1) (i32.const 400) (i32.const 3)
            (i32.const 2) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 16)))
        (local.set $dir (i32.load (i32.const 16)))
        (call $check (call $fd_readdir (local.get $dir) (i32.const 1000) (i32.const 4000) (i64.const 0) (i32.const 20)))
        (call $check (call $fd_close (local.get $hole)))
        (call $check (call $fd_seek (local.get $in) (i64.const 3) (i32.const 0) (i32.const 40)))
        (call $write (local.get $out) (i32.const 100) (i32.const 6))
        (call $write (local.get $log) (i32.const 300) (i32.const 3))
        (call $spin)
        ;; The rest of one file, to the other.
        (call $write (local.get $out) (i32.const 30000) (call $read (local.get $in)))
        (call $write (local.get $log) (i32.const 200) (i32.const 3))
        ;; The third entry of the listing as it was then; the number that was free is so still.
        (call $check (call $fd_readdir (local.get $dir) (i32.const 1000) (i32.const 30) (i64.const 2) (i32.const 20)))
        (call $write (i32.const 1) (i32.const 1024) (i32.const 6))
        (if (i32.ne (call $open (i32.const 100) (i32.const 6) (i32.const 0)) (local.get $hole)) (then (unreachable)))
        (call $check (call $environ_get (i32.const 5000) (i32.const 6000)))
        (call $write (i32.const 1) (i32.const 6000) (i32.const 3))
        (call $check (call $args_get (i32.const 5000) (i32.const 6000)))
        (call $write (i32.const 1) (i32.load (i32.const 5004)) (i32.const 5)))"#;

/// A file with a program that begins with the prelude.
fn files(scratch: &Scratch, rest: &str) -> String {
    scratch.file("program.wat", &format!("(module {IMPORTS} {PRELUDE} {rest})"))
}

/// A checkpoint of [`FILES`] behind its beginning, what the program has to be run with, and its directory.
fn with_files(test: &str) -> (Scratch, String) {
    let scratch = Scratch::new(test);
    fs::create_dir_all(scratch.0.join("d/sub")).unwrap();
    scratch.file("d/in.txt", "0123456789");
    scratch.file("d/log.txt", "");
    let module = files(&scratch, FILES);
    let checkpoint = scratch.0.join("checkpoint").display().to_string();
    let dir = format!("{}::/d", scratch.0.join("d").display());
    let options = ["--checkpoint-every", "700ms", "--checkpoint", &checkpoint, "--checkpoint-and-exit"];
    let world = ["--dir", &dir, "--env", "A=b", &module, "first"];
    let output = pirn(&[&["run"], &options[..], &world[..]].concat());
    assert_eq!((output.status.code(), stderr(&output)), (Some(WRITTEN), ""));
    assert_eq!((scratch.read("d/sub/out.txt"), scratch.read("d/log.txt")), ("in.txt".into(), "log".into()));
    (scratch, checkpoint)
}

#[test]
fn what_a_program_has_open_comes_along() {
    let (scratch, checkpoint) = with_files("checkpoint-files");
    // What the process might still have done before it was killed.
    scratch.file("d/sub/out.txt", "in.txt and more than will be written");
    scratch.file("d/log.txt", "log twice");
    scratch.file("d/sub/0-new", "");
    let output = pirn(&["resume", "--checkpoint-every", "0", &checkpoint]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert_eq!(stdout(&output), "out.txA=bfirst");
    assert_eq!((scratch.read("d/sub/out.txt"), scratch.read("d/log.txt")), ("in.txt3456789".into(), "logsub".into()));
    // It can be gone on from again, elsewhere.
    fs::rename(scratch.0.join("d"), scratch.0.join("e")).unwrap();
    scratch.file("e/log.txt", "log");
    let output = pirn(&["resume", "--checkpoint-every", "0", &checkpoint]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot open the directory"), "{}", stderr(&output));
    let dir = format!("{}::/d", scratch.0.join("e").display());
    let output = pirn(&["resume", "--checkpoint-every", "0", "--dir", &dir, &checkpoint]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert_eq!((scratch.read("e/sub/out.txt"), scratch.read("e/log.txt")), ("in.txt3456789".into(), "logsub".into()));
}

#[test]
fn what_is_not_as_it_was_is_said() {
    let (scratch, checkpoint) = with_files("checkpoint-changed");
    let refused = |args: &[&str], expected: &[&str]| {
        let output = pirn(&[&["resume"], args, &[&checkpoint]].concat());
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(expected.iter().all(|part| stderr(&output).contains(part)), "{}", stderr(&output));
    };
    let dir = scratch.0.join("d").display().to_string();
    refused(&["--dir", &format!("{dir}::/other")], &["the program was given", "/d", "/other"]);
    refused(&["--dir", &format!("{dir}::/d"), "--dir", &dir], &["the program was given"]);
    refused(&["--dir", &format!("{dir}::/d::ro")], &["`in.txt` cannot be opened again", "perm"]);
    let out = scratch.0.join("d/sub/out.txt");
    // Nothing is cut off if another file is not as it was.
    fs::write(&out, "in.txt and more").unwrap();
    scratch.file("d/log.txt", "lo");
    refused(&[], &["`log.txt` has 2 bytes: it had 3"]);
    assert_eq!(scratch.read("d/sub/out.txt"), "in.txt and more");
    scratch.file("d/log.txt", "log");
    fs::write(&out, "in").unwrap();
    refused(&[], &["`sub/out.txt` has 2 bytes: it had 6"]);
    fs::remove_file(&out).unwrap();
    refused(&[], &["`sub/out.txt` cannot be opened again", "noent"]);
    fs::create_dir(&out).unwrap();
    refused(&[], &["`sub/out.txt`"]);
    let module = scratch.0.join("program.wat");
    let text = fs::read_to_string(&module).unwrap();
    fs::write(&module, text.replace("2000000000", "2000000001")).unwrap();
    refused(&[], &["is another module than it was", "--module"]);
    fs::remove_file(&module).unwrap();
    refused(&[], &["a module is not where it was; --module FILE says where it is"]);
    let moved = scratch.file("moved.wat", &text);
    refused(&["--module", &moved], &["`sub/out.txt`"]);
}

#[test]
fn what_cannot_be_opened_again_is_no_checkpoint() {
    let scratch = Scratch::new("checkpoint-gone");
    fs::create_dir_all(scratch.0.join("d/sub")).unwrap();
    scratch.file("d/in.txt", "0123456789");
    // Removed while it is open.
    let text = FILES.replace(
        "(call $spin)",
        "(call $check (call $path_unlink_file (i32.const 3) (i32.const 100) (i32.const 6))) (call $spin) (call $proc_exit (i32.const 7))",
    );
    let module = files(&scratch, &text);
    let checkpoint = scratch.0.join("checkpoint");
    let dir = format!("{}::/d", scratch.0.join("d").display());
    let every = ["run", "--checkpoint-every", "700ms", "--checkpoint", checkpoint.to_str().unwrap()];
    let output = pirn(&[&every[..], &["--dir", &dir, &module]].concat());
    // It is said once, and the program goes on.
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(stderr(&output).matches("no checkpoint: descriptor 5: `in.txt` was removed or renamed").count(), 1);
    assert!(!checkpoint.exists());
    // Threads share a memory.
    let every = ["run", "--checkpoint-every", "50ms", "--checkpoint", checkpoint.to_str().unwrap()];
    let text = r#"(module (import "env" "memory" (memory 1 1 shared)) (func (export "_start")))"#;
    let module = scratch.file("threads.wat", text);
    let output = pirn(&[&every[..], &[&module]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("threads share a memory"), "{}", stderr(&output));
}
