//! Programs that are interrupted, written to a file, and go on in another process.

mod support;

use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::{PRELUDE, Scratch, pirn, stderr, stdout};

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

/// Fills tables, sorts them, looks for patterns in strings, and writes what it does to a file as well.
const SCRIPT: &str = r#"
local log = io.open("/work/log.txt", "a")
local function say(...) print(...); log:write(table.concat({...}, " "), "\n") end
local function numbers(seed)
    return function()
        seed = (seed * 1103515245 + 12345) % 2147483648
        return seed
    end
end
for round = 1, ROUNDS do
    local next, t, words = numbers(round), {}, {}
    for i = 1, 4000 do t[i] = next() end
    table.sort(t)
    for i = 1, 300 do words[i] = string.format("%08x", t[i * 10]) end
    local text = table.concat(words)
    local sum = 0
    for word in text:gmatch("%x%x%x") do sum = (sum * 31 + tonumber(word, 16)) % 1000000007 end
    say(round, sum, #text:gsub("a", ""))
end
log:close()
"#;

#[test]
fn real_programs_go_on_in_new_processes() {
    let workloads = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/workloads");
    let file = |path: &str| workloads.join(path).to_str().unwrap().to_owned();
    let scratch = Scratch::new("checkpoint-programs");
    // Without optimisation a process takes most of its time to load the module.
    let slow = cfg!(debug_assertions);
    let (every, least, rounds) = if slow { (1500, 2, "2") } else { (10, 4, "12") };
    scratch.file("script.lua", &SCRIPT.replace("ROUNDS", rounds));
    let dirs = [format!("{}::/work", scratch.0.display()), format!("{}::/data::ro", file("data"))];
    let dirs = ["--dir", &dirs[0], "--dir", &dirs[1]];
    let programs: &[&[&str]] = &[
        &[&file("judge/lua54.wasm"), "/work/script.lua"],
        &[&file("train/sqlite.wasm"), "1000"],
        &[&file("train/quickjs.wasm"), "/data/bench.js"],
    ];
    for &program in &programs[..if slow { 1 } else { programs.len() }] {
        let log = scratch.0.join("log.txt");
        let _ = fs::remove_file(&log);
        let expected = pirn(&[&["run"], &dirs[..], program].concat());
        assert_eq!((expected.status.code(), stderr(&expected)), (Some(0), ""), "{program:?}");
        let logged = fs::read_to_string(&log).ok();
        let checkpoint = scratch.0.join("checkpoint").display().to_string();
        let found = in_pieces(every, least, &dirs, program, &checkpoint, &|| drop(fs::remove_file(&log)));
        assert_eq!((stdout(&found), stderr(&found)), (stdout(&expected), ""), "{program:?}");
        assert_eq!(found.status.code(), Some(0), "{program:?}");
        assert_eq!(fs::read_to_string(&log).ok(), logged, "{program:?}");
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

/// Who is killed while a checkpoint is written leaves a part of one under another name.
#[test]
fn what_killed_writers_left_is_removed() {
    let scratch = Scratch::new("checkpoint-left");
    let module = scratch.file("nothing.wat", r#"(module (func (export "_start")))"#);
    let names = [".c.123", ".c.124", ".c.x", ".c.", ".d.123"];
    let old = std::time::SystemTime::now() - Duration::from_secs(7200);
    for name in names {
        scratch.file(name, "part of a checkpoint");
        if name != ".c.124" {
            fs::File::options().write(true).open(scratch.0.join(name)).unwrap().set_modified(old).unwrap();
        }
    }
    let checkpoint = scratch.0.join("c").display().to_string();
    let run = pirn(&["run", "--checkpoint-every", "1h", "--checkpoint", &checkpoint, &module]);
    assert_eq!((run.status.code(), stderr(&run)), (Some(0), ""));
    // Another may be writing still, and what has other names is another's.
    let left: Vec<_> = names.into_iter().filter(|name| scratch.0.join(name).exists()).collect();
    assert_eq!(left, [".c.124", ".c.x", ".c.", ".d.123"]);
}

#[test]
fn a_program_that_is_killed_goes_on_from_its_last_checkpoint() {
    let scratch = Scratch::new("checkpoint-killed");
    let module = scratch.file("counts.wat", COUNTS);
    let checkpoint = scratch.0.join("checkpoint");
    let path = checkpoint.to_str().unwrap();
    let begin = Instant::now();
    let expected = pirn(&["run", "--invoke", "run", &module, ROUNDS]);
    // Long enough for a checkpoint, and not for the whole program.
    let life = (begin.elapsed() / 3).max(Duration::from_millis(60));
    let every = ["--checkpoint-every", "20ms", "--checkpoint", path];
    let begin = [&["run"], &every[..], &["--invoke", "run", &module, ROUNDS]].concat();
    let mut kills = 0;
    let found = loop {
        let args = if checkpoint.exists() { &["resume", path][..] } else { &begin };
        let mut command = Command::new(env!("CARGO_BIN_EXE_pirn"));
        let mut child = command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(life);
        if child.try_wait().unwrap().is_some() {
            break child.wait_with_output().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        assert!(kills < 500, "it gets no further");
    };
    assert_eq!((stdout(&found), found.status.code()), (stdout(&expected), Some(0)));
    assert!(kills > 0);
    // Whatever was being written when it was killed is gone with the next one, or lies beside.
    assert!(checkpoint.exists());
}

#[test]
fn results_fuel_and_traps_are_as_if_nothing_had_happened() {
    let scratch = Scratch::new("checkpoint-ends");
    let module = scratch.file("counts.wat", COUNTS);
    let checkpoint = scratch.0.join("checkpoint").display().to_string();
    let program = ["--invoke", "run", &module, ROUNDS];
    let expected = pirn(&[&["run"], &program[..]].concat());
    let in_pieces = |options: &[&str], program: &[&str]| in_pieces(100, 2, options, program, &checkpoint, &|| ());
    let found = in_pieces(&[], &program);
    assert_eq!((stdout(&found), stderr(&found)), (stdout(&expected), ""));
    // As much fuel as it takes, and less.
    let with = |fuel: &str| in_pieces(&["--fuel", fuel], &program);
    let found = with("100000000000");
    assert_eq!(stdout(&found), stdout(&expected));
    let rounds: u64 = ROUNDS.parse().unwrap();
    let found = with(&(rounds * 10_000).to_string());
    assert_eq!((found.status.code(), stdout(&found)), (Some(134), ""), "{}", stderr(&found));
    assert!(stderr(&found).contains("fuel"), "{}", stderr(&found));

    // Traps in the end.
    let text = COUNTS.replace("(local.get $sum)))", "(i64.load (i32.const -1))))");
    let module = scratch.file("traps.wat", &text);
    let found = in_pieces(&[], &["--invoke", "run", &module, ROUNDS]);
    assert_eq!(found.status.code(), Some(134));
    assert!(
        stderr(&found).contains("out of bounds") && stderr(&found).contains("wasm backtrace"),
        "{}",
        stderr(&found)
    );
}

#[test]
fn within_what_takes_long_it_is_tried_again() {
    let scratch = Scratch::new("checkpoint-long");
    // Nearly always within one of the fills.
    let text = r#"(module (memory 256)
        (func (export "run") (param i32) (result i32 i32)
            (loop $l
                (memory.fill (i32.const 0) (local.get 0) (i32.const 16777216))
                (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (i32.load8_u (i32.const 16777215)) (i32.load8_u (i32.const 7))))"#;
    let module = scratch.file("fills.wat", text);
    let checkpoint = scratch.0.join("checkpoint").display().to_string();
    let found = in_pieces(50, 2, &[], &["--invoke", "run", &module, "1000"], &checkpoint, &|| ());
    assert_eq!((stdout(&found), stderr(&found), found.status.code()), ("1\n1\n", "", Some(0)));
}

/// Where a deadline passes between calls, only code stops that asks for it: also where no more checkpoints are written.
#[test]
fn a_program_that_stands_between_calls_goes_on_without_checkpoints() {
    let scratch = Scratch::new("checkpoint-between");
    let calls = |name: &str, count: usize| format!("(call {name})").repeat(count);
    let text = format!(
        r#"(module (global $n (mut i32) (i32.const 0))
            (func $one (global.set $n (i32.add (global.get $n) (i32.const 1))))
            (func $some {}) (func $many {})
            (func (export "run") (result i32) {} (global.get $n)))"#,
        calls("$one", 190),
        calls("$some", 190),
        calls("$many", if cfg!(debug_assertions) { 100 } else { 5_000 }),
    );
    let module = scratch.file("calls.wat", &text);
    let expected = pirn(&["run", "--invoke", "run", &module]);
    let checkpoint = scratch.0.join("checkpoint").display().to_string();
    for _ in 0..4 {
        let every = ["run", "--checkpoint-every", "2ms", "--checkpoint", &checkpoint, "--checkpoint-and-exit"];
        let first = pirn(&[&every[..], &["--invoke", "run", &module]].concat());
        assert_eq!((first.status.code(), stderr(&first)), (Some(WRITTEN), ""));
        let rest = pirn(&["resume", "--checkpoint-every", "0", &checkpoint]);
        assert_eq!((rest.status.code(), stderr(&rest)), (Some(0), ""));
        assert_eq!(stdout(&rest), stdout(&expected));
    }
}

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

#[test]
fn where_nothing_can_be_written() {
    let scratch = Scratch::new("checkpoint-nowhere");
    let module = scratch.file("counts.wat", COUNTS);
    let dir = scratch.0.join("d");
    fs::create_dir(&dir).unwrap();
    // The program does not begin.
    for (file, why) in [("/nowhere/at/all", "No such file or directory"), (dir.to_str().unwrap(), "it is a directory")]
    {
        let output = pirn(&["run", "--checkpoint-every", "1h", "--checkpoint", file, "--invoke", "run", &module, "1"]);
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), ""));
        assert!(stderr(&output).contains(&format!("cannot write {file}: {why}")), "{}", stderr(&output));
    }
    // Nothing is left where something could be.
    let checkpoint = dir.join("checkpoint");
    let every = ["run", "--checkpoint", checkpoint.to_str().unwrap(), "--invoke", "run", "--checkpoint-every"];
    let output = pirn(&[&every[..], &["1h", &module, "1"]].concat());
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    // Later it is said once, and the program goes on.
    let mut command = Command::new(env!("CARGO_BIN_EXE_pirn"));
    let command = command.args(&every[..]).args(["20ms", &module, ROUNDS]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !checkpoint.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it wrote one");
        std::thread::sleep(Duration::from_millis(1));
    }
    // It may be writing one just now.
    while fs::remove_dir_all(&dir).is_err() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output).matches(&format!("cannot write {}", checkpoint.display())).count(), 1);
}

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
fn hostile_files_are_refused() {
    let scratch = Scratch::new("checkpoint-hostile");
    let (module, checkpoint) = written(&scratch);
    let bytes = fs::read(&checkpoint).unwrap();
    let changed = |bytes: &[u8]| {
        fs::write(&checkpoint, bytes).unwrap();
        pirn(&["resume", &checkpoint])
    };
    let refused = |bytes: &[u8], expected: &str| {
        let output = changed(bytes);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    };
    refused(b"", "it is no checkpoint");
    refused(&bytes[..7], "it is no checkpoint");
    refused(&fs::read(&module).unwrap(), "it is no checkpoint");
    for len in [8, 11, 12, 43, 44, 45, 60, bytes.len() / 2, bytes.len() - 1] {
        refused(&bytes[..len], if len < 44 { "ends too early" } else { "cut off or changed" });
    }
    let mut other = bytes.clone();
    other[8] = 2;
    refused(&other, "of version 2 of the format");
    refused(&[&bytes[..], &[0]].concat(), "cut off or changed");

    // With the right hash: whatever it is, it is said, or an execution goes on that the time ends.
    let hashed = |mut bytes: Vec<u8>| {
        let hash = Sha256::digest(&bytes[44..]);
        bytes[12..44].copy_from_slice(&hash);
        bytes
    };
    refused(&hashed([&bytes[..], &[0]].concat()), "something follows its end");
    let mut random = 0x9e37_79b9_u32;
    let mut below = |most: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % most
    };
    // The engine's own section has a hash of its own; the two in front of it are short.
    let snapshot = bytes.windows(8).position(|window| window == b"pirnsnap").unwrap();
    for _ in 0..if cfg!(debug_assertions) { 20 } else { 200 } {
        let mut other = bytes.clone();
        for _ in 0..=below(2) {
            let at = 44 + below(snapshot - 44);
            match below(3) {
                0 => other[at] ^= 1 << below(8),
                1 => other[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)],
                _ => drop(other.remove(at)),
            }
        }
        fs::write(&checkpoint, hashed(other)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pirn"));
        let options = ["resume", "--checkpoint-and-exit", "--checkpoint-every", "5ms", "--checkpoint"];
        let to = scratch.0.join("next");
        let output = command.args(options).arg(to).arg(&checkpoint).stdin(Stdio::null()).output().unwrap();
        // What was changed may be how much fuel there is.
        let is_out_of_fuel = output.status.code() == Some(134) && stderr(&output).contains("all fuel consumed");
        let is_right = matches!(output.status.code(), Some(1 | WRITTEN)) || is_out_of_fuel;
        assert!(is_right, "{:?} {}", output.status, stderr(&output));
    }
}

/// A checkpoint of somebody else may name any file of the system as a module.
#[test]
fn what_is_no_module_is_not_read() {
    let scratch = Scratch::new("checkpoint-modules");
    let (module, checkpoint) = written(&scratch);
    let bytes = fs::read(&checkpoint).unwrap();
    // Behind the head: a byte, the length of the section, how many modules, and the length of the first one's path.
    let (section, path) = (45, 61);
    let names = |file: &str| {
        let mut other = [&bytes[..path], &(file.len() as u64).to_le_bytes(), file.as_bytes()].concat();
        other.extend(&bytes[path + 8 + module.len()..]);
        let len = u64::from_le_bytes(bytes[section..section + 8].try_into().unwrap());
        let len = len + file.len() as u64 - module.len() as u64;
        other[section..section + 8].copy_from_slice(&len.to_le_bytes());
        let hash = Sha256::digest(&other[44..]);
        other[12..44].copy_from_slice(&hash);
        fs::write(&checkpoint, other).unwrap();
    };
    let resume = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pirn"));
        command.args(["resume"]).args(args).arg(&checkpoint).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let begin = Instant::now();
        while child.try_wait().unwrap().is_none() && begin.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        child.wait_with_output().unwrap()
    };
    let refused = |file: &str, expected: &str| {
        names(file);
        let output = resume(&[]);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(file) && text.contains(expected) && text.contains("--module"), "{text}");
        assert!(!text.contains("secret") && !text.contains("73 65 63"), "{text}");
    };
    refused("/dev/zero", "it is no regular file");
    let pipe = scratch.0.join("pipe").display().to_string();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    refused(&pipe, "it is no regular file");
    refused(&scratch.file("text", "secret of somebody\n"), "is another module than it was");
    fs::write(scratch.0.join("bytes"), b"secret \xff").unwrap();
    refused(&scratch.0.join("bytes").display().to_string(), "is another module than it was");
    let large = scratch.0.join("large");
    fs::File::create(&large).unwrap().set_len((1 << 30) + 1).unwrap();
    refused(&large.display().to_string(), "it has more than 1073741824 bytes");
    // What is given is read, whatever it is, and a binary is what its text was.
    let binary = wat::parse_str(COUNTS).unwrap();
    fs::write(scratch.0.join("counts.wasm"), binary).unwrap();
    let goes_on = ["--checkpoint-every", "5ms", "--checkpoint-and-exit"];
    names(&pipe);
    assert_eq!(resume(&[&goes_on[..], &["--module", &module]].concat()).status.code(), Some(WRITTEN));
    names(&scratch.0.join("counts.wasm").display().to_string());
    let output = resume(&goes_on);
    assert_eq!((output.status.code(), stderr(&output)), (Some(WRITTEN), ""));
}

/// A file of some kilobytes that says nothing but zeros, many megabytes of them.
#[test]
fn what_reading_takes_is_bounded() {
    let scratch = Scratch::new("checkpoint-large");
    let (_, checkpoint) = written(&scratch);
    // In the place of the snapshot's chunks, a chunk of 255 zeros for each byte: a literal, and one copy of it that goes on for long.
    let mut bytes = fs::read(&checkpoint).unwrap();
    let snapshot = bytes.windows(8).position(|window| window == b"pirnsnap").unwrap();
    let head = bytes[snapshot..][..8 + 4].to_vec();
    bytes.truncate(snapshot - 8);
    let copies = 4_000;
    let len = 1 + 19 + copies * 255;
    let compressed = [&[0x1f, 0, 1, 0][..], &vec![255; copies], &[0, 0]].concat();
    let chunk = [&(len as u32).to_le_bytes()[..], &(compressed.len() as u32).to_le_bytes(), &compressed].concat();
    let content = chunk.repeat(30);
    let section = [&head[..], &Sha256::digest(&content), &content].concat();
    bytes.extend((section.len() as u64).to_le_bytes());
    bytes.extend(section);
    let hash = Sha256::digest(&bytes[44..]);
    bytes[12..44].copy_from_slice(&hash);
    fs::write(&checkpoint, &bytes).unwrap();
    for (most, expected) in
        [("16M", "more memory"), ("1G", "malformed"), ("100K", "more than 102400 bytes"), ("x", "size")]
    {
        let output = pirn(&["resume", "--max-read", most, &checkpoint]);
        assert!(!output.status.success());
        let text = stderr(&output);
        assert!(text.contains(expected) && text.contains("--max-read"), "{most}: {text}");
    }
    // One that never ends.
    let output = pirn(&["resume", "--max-read", "1M", "/dev/zero"]);
    assert!(stderr(&output).contains("more than 1048576 bytes"), "{}", stderr(&output));
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
