//! Programs that are interrupted, written to a file, and go on in another process.

mod files;
mod hostile;
mod programs;
#[path = "../support/mod.rs"]
mod support;
mod writing;

use std::process::Output;
use support::{Scratch, pirn, stderr};

/// Exit status of a program that ended at a checkpoint.
const WRITTEN: i32 = 75;

/// Runs a program with these options, in a new process from each checkpoint on; all that was written. There are as many processes as is said, or
/// more: where so many milliseconds between checkpoints make fewer, it is run again with half of them.
fn in_pieces(
    mut every: u32,
    least: usize,
    options: &[&str],
    program: &[&str],
    checkpoint: &str,
    before: &dyn Fn(),
) -> Output {
    loop {
        before();
        let time = format!("{every}ms");
        let first = ["run", "--checkpoint-every", &time, "--checkpoint", checkpoint, "--checkpoint-and-exit"];
        let mut all = pirn(&[&first, options, program].concat());
        let mut processes = 1;
        while all.status.code() == Some(WRITTEN) {
            let next = pirn(&["resume", "--checkpoint-and-exit", checkpoint]);
            all.stdout.extend_from_slice(&next.stdout);
            all.stderr.extend_from_slice(&next.stderr);
            all.status = next.status;
            processes += 1;
        }
        if processes >= least {
            return all;
        }
        assert!(every > 1, "{program:?}: {processes} processes");
        every /= 2;
    }
}

/// Counts to a number that takes a while, in loops of several kinds, and gives what it came to.
const COUNTS: &str = r#"(module
    (memory (export "memory") 1)
    (func $twice (param i64) (result i64) (i64.mul (local.get 0) (i64.const 2)))
    (func (export "run") (param i32) (result i64) (local $sum i64) (local $i i32)
        (block $end (loop $outer
            (br_if $end (i32.eqz (local.get 0)))
            (local.set $i (i32.const 1000))
            (block $done (loop $while
                (br_if $done (i32.eqz (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
                (local.set $sum (i64.add (local.get $sum) (call $twice (i64.extend_i32_u (local.get $i)))))
                (i64.store (i32.and (local.get $i) (i32.const 0xff8)) (local.get $sum))
                (br $while)))
            (local.set $i (i32.const 0))
            (loop $until
                (local.set $sum (i64.xor (local.get $sum) (i64.load (local.get $i))))
                (br_if $until (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 4096))))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br $outer)))
        (local.get $sum)))"#;

/// So many rounds take half a second or more.
const ROUNDS: &str = if cfg!(debug_assertions) { "1000" } else { "60000" };

/// A module that counts for long, and its checkpoint.
fn written(scratch: &Scratch) -> (String, String) {
    let module = scratch.file("counts.wat", COUNTS);
    let checkpoint = scratch.0.join("checkpoint").display().to_string();
    let every = ["run", "--checkpoint-every", "20ms", "--checkpoint", &checkpoint, "--checkpoint-and-exit"];
    let dir = scratch.0.display().to_string();
    let output = pirn(&[&every[..], &["--dir", &dir, "--invoke", "run", &module, "1000000000"]].concat());
    assert_eq!(output.status.code(), Some(WRITTEN));
    (module, checkpoint)
}

#[test]
fn the_command_line_makes_sense() {
    for args in [
        &["--checkpoint-every", "1s"][..],
        &["--checkpoint", "f"],
        &["--checkpoint-and-exit"],
        &["--checkpoint-every", "1s", "--checkpoint", "f", "--timeout", "1s"],
        &["--checkpoint-every", "1s", "--checkpoint", "f", "--profile"],
    ] {
        assert_eq!(pirn(&[&["run"], args, &["x.wasm"]].concat()).status.code(), Some(2), "{args:?}");
    }
    let output = pirn(&["resume", "nothing-is-here"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot go on from nothing-is-here"), "{}", stderr(&output));
}
