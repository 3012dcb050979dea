//! `wasi-threads`: programs that spawn threads, how they end, and how many there may be.

#[path = "../support/mod.rs"]
mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{Scratch, pirn, stderr, stdout};

/// What `program.rs` was built to, and what it prints for so many rounds.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/threads/program.wasm");

fn expected(rounds: u64) -> String {
    let channel: u64 = (0..3 * rounds).sum();
    let queue: u64 = (0..rounds).map(|work| (0..work % 50).fold(work, |a, b| a ^ b)).sum();
    format!("lock {}\nchannel {channel}\nqueue {queue}\n", 4 * rounds)
}

#[test]
fn locks_channels_and_queues_of_a_library() {
    let rounds = if cfg!(debug_assertions) { 200 } else { 20_000 };
    for options in [&[][..], &["--timeout", "10m"], &["--fuel", "100000000000"]] {
        let rounds_text = rounds.to_string();
        let output = pirn(&[&["run"], options, &[PROGRAM, &rounds_text]].concat());
        assert_eq!(stderr(&output), "", "{options:?}");
        assert_eq!(stdout(&output), expected(rounds), "{options:?}");
        assert!(output.status.success(), "{options:?}");
    }
}

/// A module whose threads run `$thread`, and whose main thread `$main`. A thread has an address for itself.
fn program(scratch: &Scratch, thread: &str, main: &str) -> String {
    let wat = format!(
        r#"(module
        (import "env" "memory" (memory 1 1 shared))
        (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (export "memory" (memory 0))
        (data (i32.const 100) "said\n")
        (func $say
            (i32.store (i32.const 0) (i32.const 100))
            (i32.store (i32.const 4) (i32.const 5))
            (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
        ;; Waits until the number at an address is not zero, and gives it.
        (func $await (param $at i32) (result i32)
            (drop (memory.atomic.wait32 (local.get $at) (i32.const 0) (i64.const -1)))
            (i32.atomic.load (local.get $at)))
        (func $set (param $at i32) (param $to i32)
            (i32.atomic.store (local.get $at) (local.get $to))
            (drop (memory.atomic.notify (local.get $at) (i32.const -1))))
        (func (export "wasi_thread_start") (param $id i32) (param $arg i32) {thread})
        (func (export "_start") {main}))"#
    );
    scratch.file("program.wat", &wat)
}

/// A thread gets its id and its argument, and may write.
#[test]
fn a_thread_is_spawned() {
    let scratch = Scratch::new("spawned");
    let file = program(
        &scratch,
        "(call $say) (call $set (i32.const 16) (i32.add (local.get $id) (local.get $arg)))",
        "(local $id i32)
        (local.set $id (call $spawn (i32.const 40)))
        (call $exit (i32.eq (call $await (i32.const 16)) (i32.add (local.get $id) (i32.const 40))))",
    );
    let output = pirn(&["run", &file]);
    assert_eq!((stdout(&output), stderr(&output)), ("said\n", ""));
    assert_eq!(output.status.code(), Some(1));
}

/// The main thread waits for ever; what a thread does ends the program.
#[test]
fn threads_end_the_program() {
    let scratch = Scratch::new("ends");
    let main = "(drop (call $spawn (i32.const 0))) (drop (call $await (i32.const 16)))";
    let output = pirn(&["run", &program(&scratch, "(call $say) (call $exit (i32.const 7))", main)]);
    assert_eq!((stdout(&output), stderr(&output), output.status.code()), ("said\n", "", Some(7)));
    let output = pirn(&["run", &program(&scratch, "(call $say) unreachable", main)]);
    assert_eq!((stdout(&output), output.status.code()), ("said\n", Some(134)));
    assert!(stderr(&output).starts_with("trap: unreachable"), "{}", stderr(&output));
}

/// The program ends when the main thread returns, or its time is over, whatever the others do.
#[test]
fn others_do_not_keep_it() {
    let scratch = Scratch::new("kept");
    let thread = "(call $set (i32.const 16) (i32.const 1)) (drop (call $await (i32.const 20)))";
    let main = "(drop (call $spawn (i32.const 0))) (drop (call $await (i32.const 16)))";
    let output = pirn(&["run", &program(&scratch, thread, main)]);
    assert_eq!((stderr(&output), output.status.code()), ("", Some(0)));
    let begun = Instant::now();
    let main = format!("{main} (drop (call $await (i32.const 24)))");
    let output = pirn(&["run", "--timeout", "200ms", &program(&scratch, thread, &main)]);
    assert_eq!(output.status.code(), Some(124));
    assert!(begun.elapsed() < Duration::from_secs(60));
}

/// The main thread waits for a reader of standard error; another one fails, and cannot say why.
#[test]
fn threads_end_the_program_where_nobody_reads() {
    let scratch = Scratch::new("unread");
    let thread = "(drop (memory.atomic.wait32 (i32.const 20) (i32.const 0) (i64.const 200000000))) unreachable";
    let main = "(drop (call $spawn (i32.const 0)))
        (i32.store (i32.const 4) (i32.const 65536))
        (loop (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))";
    let mut command = Command::new(env!("CARGO_BIN_EXE_pirn"));
    let mut child = command.args(["run", &program(&scratch, thread, main)]).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    assert_eq!(child.wait().unwrap().code(), Some(134));
}

/// Threads have memories of their own besides the one that they share. All are bounded together, and what a thread had is there again when it
/// has ended, but not what it made the shared one grow by.
#[test]
fn their_memories_are_bounded_together() {
    let scratch = Scratch::new("together");
    let file = scratch.file(
        "together.wat",
        r#"(module
            (import "env" "memory" (memory $shared 1 3 shared))
            (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory $own 1)
            (func $expect (param $found i32) (param $expected i32) (param $status i32)
                (if (i32.ne (local.get $found) (local.get $expected)) (then (call $exit (local.get $status)))))
            ;; A thread says that it has grown, and waits until it may end.
            (func (export "wasi_thread_start") (param $id i32) (param $arg i32)
                (call $expect (memory.grow $own (i32.const 2)) (i32.const 1) (i32.const 3))
                (call $expect (memory.grow $shared (i32.const 1)) (i32.add (local.get $arg) (i32.const 1)) (i32.const 4))
                (drop (i32.atomic.rmw.add $shared (i32.const 16) (i32.const 1)))
                (loop (br_if 0 (i32.eqz (i32.atomic.load $shared (i32.const 20))))))
            (func $next (param $arg i32)
                (call $expect (i32.gt_s (call $spawn (local.get $arg)) (i32.const 0)) (i32.const 1) (i32.const 5))
                (loop (br_if 0 (i32.le_u (i32.atomic.load $shared (i32.const 16)) (local.get $arg)))))
            (func (export "_start")
                ;; 2 pages, 6 with one thread, and 10 with two.
                (call $next (i32.const 0))
                (call $next (i32.const 1))
                (call $expect (memory.grow $own (i32.const 2)) (i32.const -1) (i32.const 6))
                (call $expect (memory.grow $own (i32.const 1)) (i32.const 1) (i32.const 7))
                (i32.atomic.store $shared (i32.const 20) (i32.const 1))
                (loop (br_if 0 (i32.eq (memory.grow $own (i32.const 6)) (i32.const -1))))
                (call $expect (memory.grow $own (i32.const 1)) (i32.const -1) (i32.const 8))
                (call $exit (memory.size $own))))"#,
    );
    // 3 pages of the shared one, and 8.
    let output = pirn(&["run", "--timeout", "60s", "--max-memory", "704K", &file]);
    assert_eq!((stderr(&output), output.status.code()), ("", Some(8)));
}

/// There are no more threads than were allowed; where one has ended there may be another.
#[test]
fn their_number_is_bounded() {
    let scratch = Scratch::new("bounded");
    let file = program(
        &scratch,
        "(drop (call $await (i32.const 16)))",
        "(local $count i32)
        (loop $next
            (if (i32.gt_s (call $spawn (i32.const 0)) (i32.const 0)) (then
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (br $next))))
        (call $set (i32.const 16) (i32.const 1))
        (loop $again (br_if $again (i32.lt_s (call $spawn (i32.const 0)) (i32.const 0))))
        (call $exit (local.get $count))",
    );
    let output = pirn(&["run", "--max-threads", "3", &file]);
    assert_eq!((stderr(&output), output.status.code()), ("", Some(3)));
    let file = program(&scratch, "", "(call $exit (i32.sub (i32.const 0) (call $spawn (i32.const 0))))");
    let output = pirn(&["run", "--max-threads", "0", &file]);
    // EAGAIN of WASI.
    assert_eq!((stderr(&output), output.status.code()), ("", Some(6)));
}
