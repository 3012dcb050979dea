//! What the command line gives a program, asks of it, and says of it.

mod support;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{Scratch, pirn, program, stderr, stdout};

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pirn"));
    command.args(args).stdin(Stdio::null());
    command
}

/// Prints its environment, each variable with a 0 behind it.
const ENVIRONMENT: &str = r#"(module
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 4)
    (func (export "_start")
        (drop (call $sizes (i32.const 16) (i32.const 4)))
        (drop (call $get (i32.const 1024) (i32.const 65536)))
        (i32.store (i32.const 0) (i32.const 65536))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

#[test]
fn an_environment_is_given() {
    let scratch = Scratch::new("environment");
    let file = scratch.file("environment.wat", ENVIRONMENT);
    let run = |args: &[&str]| {
        let mut command = command(&[&["run"], args, &[&file]].concat());
        let output = command.env_clear().env("OURS", "1").env("OTHER", "2").output().unwrap();
        assert_eq!(stderr(&output), "");
        stdout(&output).to_owned()
    };
    assert_eq!(run(&[]), "");
    assert_eq!(run(&["--env", "A=b=c", "--env", "E=", "--env", "OURS", "--env", "ABSENT"]), "A=b=c\0E=\0OURS=1\0");
    let all = run(&["--inherit-env", "--env", "OURS=3"]);
    assert!(all.contains("OURS=3\0") && all.contains("OTHER=2\0") && !all.contains("OURS=1"), "{all}");
    assert_eq!(pirn(&["run", "--env", "=x", &file]).status.code(), Some(1));
}

#[test]
fn a_directory_may_be_only_read() {
    let scratch = Scratch::new("read-only");
    fs::create_dir(scratch.0.join("d")).unwrap();
    scratch.file("d/f", "text");
    let dir = scratch.0.join("d").display().to_string();
    let read = program(
        &scratch,
        r#"(data (i32.const 100) "f") (func (export "_start")
            (call $check (call $path_open (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 1)
                (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)))
            (call $write (i32.const 1) (i32.const 30000) (call $read (i32.load (i32.const 16)))))"#,
    );
    let output = pirn(&["run", "--dir", &format!("{dir}::/d::ro"), &read]);
    assert_eq!((stdout(&output), stderr(&output)), ("text", ""));
    let write = program(
        &scratch,
        r#"(data (i32.const 100) "f") (func (export "_start") (drop (call $open (i32.const 100) (i32.const 1) (i32.const 0))))"#,
    );
    // PERM.
    assert_eq!(pirn(&["run", "--dir", &format!("{dir}::/d::ro"), &write]).status.code(), Some(63));
    assert_eq!(pirn(&["run", "--dir", &format!("{dir}::/d"), &write]).status.code(), Some(0));
    // Neither is a directory that could be changed.
    for wrong in ["/d::rw", "/d:ro"] {
        assert_eq!(pirn(&["run", "--dir", &format!("{dir}::{wrong}"), &write]).status.code(), Some(1), "{wrong}");
    }
    let output = pirn(&["run", "--dir", "no such directory", &write]);
    assert!(stderr(&output).contains("cannot open the directory no such directory"), "{}", stderr(&output));
}

/// Writes to both streams in turn, then spins if it has an argument.
fn both_streams(scratch: &Scratch) -> String {
    program(
        scratch,
        r#"(data (i32.const 100) "out1 err1 out2 err2 ")
        (func $both
            (call $write (i32.const 1) (i32.const 100) (i32.const 5))
            (call $write (i32.const 2) (i32.const 105) (i32.const 5))
            (call $write (i32.const 1) (i32.const 110) (i32.const 5))
            (call $write (i32.const 2) (i32.const 115) (i32.const 5)))
        (func (export "_start") (call $both))
        (func (export "spin") (call $both) (loop (br 0)))"#,
    )
}

#[test]
fn streams_keep_their_order() {
    let scratch = Scratch::new("order");
    let file = both_streams(&scratch);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = command(&["run", &file]);
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    assert!(command.status().unwrap().success());
    drop(command);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "out1 err1 out2 err2 ");
}

#[test]
fn what_was_written_is_written_when_it_is_killed() {
    let scratch = Scratch::new("killed");
    let file = both_streams(&scratch);
    let mut child =
        command(&["run", "--invoke", "spin", &file]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, mut err) = ([0; 10], [0; 10]);
    child.stdout.as_mut().unwrap().read_exact(&mut out).unwrap();
    child.stderr.as_mut().unwrap().read_exact(&mut err).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((&out, &err), (b"out1 out2 ", b"err1 err2 "));
}

#[test]
fn nothing_panics_where_nobody_reads() {
    let scratch = Scratch::new("closed");
    let values =
        scratch.file("values.wat", r#"(module (func (export "f") (result i32 i32) (i32.const 1) (i32.const 2)))"#);
    let script = scratch.file("script.wast", "(module)");
    for args in [
        &["run", &values, "--invoke", "f"][..],
        &["wast", &script],
        &["info", &values],
        &["validate", &values],
        &["dump", &values, "--check"],
        &["man"],
        &["completions", "bash"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((stderr(&output), output.status.code()), ("", Some(1)), "{args:?}");
        if let Ok(full) = File::options().write(true).open("/dev/full") {
            let output = command(args).stdout(full).stderr(Stdio::piped()).output().unwrap();
            assert!(stderr(&output).starts_with("error: cannot write to standard output: "), "{args:?}");
            assert_eq!(output.status.code(), Some(1), "{args:?}");
        }
    }
    // Nor if nobody can be told.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command(&["run", "no such file"]).stderr(writer).stdout(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

/// Waits for input or for 300 ms: what came, and how many.
const POLL: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $p (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "f") (result i32)
        (i32.store8 (i32.const 8) (i32.const 1))
        (i32.store (i32.const 64) (i32.const 1)) (i64.store (i32.const 72) (i64.const 300000000))
        (drop (call $p (i32.const 0) (i32.const 256) (i32.const 2) (i32.const 512)))
        (i32.add (i32.mul (i32.load (i32.const 512)) (i32.const 100)) (i32.load8_u (i32.const 266))))
    (func (export "hour") (result i32)
        (i32.store (i32.const 64) (i32.const 1)) (i64.store (i32.const 72) (i64.const 3600000000000))
        (call $p (i32.const 48) (i32.const 256) (i32.const 1) (i32.const 512))))"#;

#[test]
fn input_is_awaited() {
    let scratch = Scratch::new("awaited");
    let file = scratch.file("poll.wat", POLL);
    let run = |input: Option<&[u8]>| {
        let mut child =
            command(&["run", "--invoke", "f", &file]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        if let Some(input) = input {
            stdin.write_all(input).unwrap();
        }
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        child.wait().unwrap();
        text
    };
    let begin = Instant::now();
    assert_eq!(run(None), "100\n");
    assert!(begin.elapsed() >= Duration::from_millis(300));
    assert_eq!(run(Some(b"x")), "101\n");
}

#[test]
fn time_is_over_for_what_waits_too() {
    let scratch = Scratch::new("waits");
    let file = scratch.file("poll.wat", POLL);
    let begin = Instant::now();
    let output = pirn(&["run", "--timeout", "50ms", "--invoke", "hour", &file]);
    assert_eq!(output.status.code(), Some(124));
    assert!(stderr(&output).starts_with("trap: interrupt: the program has run for 50ms"), "{}", stderr(&output));
    assert!(begin.elapsed() < Duration::from_secs(60));
}

/// The exit status of a program whose standard error nobody reads; what still runs after a while is killed.
fn unread(args: &[&str]) -> Option<i32> {
    let mut child = command(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() && begin.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    child.wait().unwrap().code()
}

#[test]
fn time_is_over_where_nobody_reads_why() {
    let scratch = Scratch::new("unread");
    // A pipe is full then.
    let full = "(call $write (i32.const 2) (i32.const 0) (i32.const 65536))";
    for (rest, status) in [(format!("(loop {full} (br 0))"), 124), (format!("{full} unreachable"), 134)] {
        let file = program(&scratch, &format!(r#"(func (export "_start") {rest})"#));
        assert_eq!(unread(&["run", "--timeout", "200ms", &file]), Some(status), "{rest}");
    }
}

#[test]
fn modules_are_linked_with_others() {
    let scratch = Scratch::new("preload");
    let even = scratch.file(
        "even.wat",
        r#"(module
            (import "odd" "odd" (func $odd (param i32) (result i32)))
            (global $ready (mut i32) (i32.const 0))
            (func (export "_initialize") (global.set $ready (i32.const 1)))
            (func (export "even") (param i32) (result i32)
                (if (i32.eqz (global.get $ready)) (then unreachable))
                (if (result i32) (local.get 0)
                    (then (call $odd (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1)))))"#,
    );
    let odd = scratch.file(
        "odd.wat",
        r#"(module
            (import "even" "even" (func $even (param i32) (result i32)))
            (func (export "odd") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (call $even (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0)))))"#,
    );
    let main = scratch.file(
        "main.wat",
        r#"(module
            (import "even" "even" (func $even (param i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (func (export "is_even") (param i32) (result i32) (call $even (local.get 0)))
            (func (export "_start") (call $exit (i32.add (i32.const 40) (call $even (i32.const 7))))))"#,
    );
    let (even, odd) = (format!("even={even}"), format!("odd={odd}"));
    let output = pirn(&["run", "--preload", &even, "--preload", &odd, &main, "--invoke", "is_even", "10"]);
    assert_eq!((stdout(&output), stderr(&output)), ("1\n", ""));
    assert_eq!(pirn(&["run", "--preload", &odd, "--preload", &even, &main]).status.code(), Some(40));
    let output = pirn(&["run", "--preload", &even, &main]);
    assert!(stderr(&output).contains("odd"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(pirn(&["run", "--preload", "nothing", &main]).status.code(), Some(2));
    assert_eq!(pirn(&["run", "--preload", "even=no such file", &main]).status.code(), Some(1));
}

#[test]
fn a_library_is_initialised_once() {
    let scratch = Scratch::new("initialise");
    let file = scratch.file(
        "library.wat",
        r#"(module
            (global $count (mut i32) (i32.const 0))
            (func (export "_initialize") (global.set $count (i32.add (global.get $count) (i32.const 1)))
                (if (i32.gt_u (global.get $count) (i32.const 1)) (then unreachable)))
            (func (export "count") (result i32) (global.get $count)))"#,
    );
    assert_eq!(stdout(&pirn(&["run", "--invoke", "count", &file])), "1\n");
    let output = pirn(&["run", "--invoke", "_initialize", &file]);
    assert_eq!((stderr(&output), output.status.code()), ("", Some(0)));
}

#[test]
fn run_is_what_is_meant() {
    let scratch = Scratch::new("meant");
    let file = scratch.file("f.wat", r#"(module (func (export "f") (param i32) (result i32) (local.get 0)))"#);
    for args in [
        &[&file, "--invoke", "f", "7"][..],
        &["--invoke", "f", &file, "7"],
        &["--fuel", "9", &file, "--invoke", "f", "7"],
    ] {
        let output = pirn(args);
        assert_eq!((stdout(&output), stderr(&output)), ("7\n", ""), "{args:?}");
    }
    assert!(stdout(&pirn(&["--version"])).starts_with("pirn "));
    assert!(stdout(&pirn(&["--help"])).contains("validate"));
    assert_eq!(pirn(&["no such file"]).status.code(), Some(1));
    assert_eq!(pirn(&[]).status.code(), Some(2));
}

#[test]
fn limits_hold() {
    let scratch = Scratch::new("limits");
    let file = scratch.file(
        "limits.wat",
        r#"(module (memory 1)
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func $deep (export "deep") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))
            (type $numbers (array (mut i64)))
            (func (export "array") (param i32) (result i32) (array.len (array.new_default $numbers (local.get 0))))
            (tag $t)
            (func (export "throw") (throw $t)))"#,
    );
    let run = |args: &[&str]| {
        let output = pirn(&[&["run"], args].concat());
        (output.status.code(), stdout(&output).to_owned())
    };
    for (size, pages, result) in
        [("1M", "15", "1\n"), ("1M", "16", "-1\n"), ("131072", "1", "1\n"), ("128KiB", "2", "-1\n")]
    {
        assert_eq!(
            run(&["--max-memory", size, &file, "--invoke", "grow", pages]),
            (Some(0), result.to_owned()),
            "{size}"
        );
    }
    // Objects are bounded with them.
    assert_eq!(run(&["--max-memory", "1M", &file, "--invoke", "array", "100000"]), (Some(0), "100000\n".to_owned()));
    assert_eq!(run(&["--max-memory", "1M", &file, "--invoke", "array", "200000"]).0, Some(134));
    assert_eq!(run(&["--max-memory", "64K", &file, "--invoke", "array", "10"]), (Some(0), "10\n".to_owned()));
    assert_eq!(run(&[&file, "--invoke", "array", "200000"]), (Some(0), "200000\n".to_owned()));
    assert_eq!(run(&[&file, "--invoke", "throw"]).0, Some(134));
    assert_eq!(run(&["--max-memory", "1000", &file, "--invoke", "grow", "0"]).0, Some(1));
    assert_eq!(run(&["--max-memory", "1X", &file, "--invoke", "grow", "0"]).0, Some(2));
    assert_eq!(
        run(&["--max-stack", "4M", "--eager", &file, "--invoke", "deep", "1000"]),
        (Some(0), "1000\n".to_owned())
    );
    assert_eq!(run(&["--max-stack", "64K", &file, "--invoke", "deep", "100000"]).0, Some(134));
    // Those that threads could share are bounded together, with the others.
    let file = scratch.file(
        "shared.wat",
        r#"(module (memory (import "env" "a") 2 4 shared) (memory (import "env" "b") 2 2 shared) (memory 1)
            (func (export "grow") (param i32) (result i32) (memory.grow 0 (local.get 0)))
            (func (export "own") (param i32) (result i32) (memory.grow 2 (local.get 0))))"#,
    );
    assert_eq!(run(&["--max-memory", "192K", &file, "--invoke", "grow", "0"]).0, Some(1));
    assert_eq!(run(&["--max-memory", "256K", &file, "--invoke", "grow", "0"]).0, Some(1));
    assert_eq!(run(&["--max-memory", "320K", &file, "--invoke", "grow", "0"]), (Some(0), "2\n".to_owned()));
    assert_eq!(run(&["--max-memory", "384K", &file, "--invoke", "grow", "1"]), (Some(0), "2\n".to_owned()));
    assert_eq!(run(&["--max-memory", "384K", &file, "--invoke", "grow", "2"]), (Some(0), "-1\n".to_owned()));
    assert_eq!(run(&["--max-memory", "384K", &file, "--invoke", "own", "1"]), (Some(0), "1\n".to_owned()));
    assert_eq!(run(&["--max-memory", "384K", &file, "--invoke", "own", "2"]), (Some(0), "-1\n".to_owned()));
}

#[test]
fn modules_are_validated() {
    let scratch = Scratch::new("validate");
    let good = scratch.file("good.wat", "(module (func (result v128) (v128.const i64x2 0 0)))");
    let bad = scratch.file("bad.wat", "(module (func (result i32)))");
    let worse = scratch.file("worse.wat", "(module");
    let output = pirn(&["validate", &good]);
    assert_eq!((stdout(&output), stderr(&output)), (&*format!("{good}: valid\n"), ""));
    assert_eq!(output.status.code(), Some(0));
    let output = pirn(&["validate", &bad, &good, &worse, "no such file"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), format!("{good}: valid\n"));
    let told: Vec<_> = stderr(&output).lines().collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with(&format!("error: {bad}: ")) && told[0].contains("type mismatch"), "{told:?}");
    assert_eq!(pirn(&["validate", "--disable", "simd", &good]).status.code(), Some(1));
    assert_eq!(pirn(&["validate", "--disable", "no such feature", &good]).status.code(), Some(2));
    assert_eq!(pirn(&["run", "--disable", "simd", &good, "--invoke", "x"]).status.code(), Some(1));
}

/// What a module needs that is not here is named, and so is who has it.
#[test]
fn what_is_not_supported_is_named() {
    let scratch = Scratch::new("unsupported");
    for (text, what) in
        [("(module (type $f (func)) (type (cont $f)))", "stack switching"), ("(component)", "components")]
    {
        let file = scratch.file("m.wat", text);
        for command in ["run", "validate", "info"] {
            let output = pirn(&[command, &file]);
            assert!(stderr(&output).contains(&format!("it needs {what}, which pirn")), "{}", stderr(&output));
            assert_eq!(output.status.code(), Some(1));
        }
    }
    // What is valid nowhere is not said to be elsewhere.
    let output = pirn(&["run", &scratch.file("m.wat", "(module (func (result i32)))")]);
    assert!(!stderr(&output).contains("it needs"), "{}", stderr(&output));
    let disabled = scratch.file("m.wat", "(module (func (result v128) (v128.const i64x2 0 0)))");
    assert!(!stderr(&pirn(&["validate", "--disable", "simd", &disabled])).contains("it needs"));
}

#[test]
fn a_module_is_described() {
    let scratch = Scratch::new("info");
    let file = scratch.file(
        "m.wat",
        r#"(module
            (import "host" "f" (func $f (param i32) (result i64)))
            (memory (export "memory") 1 3)
            (func (export "g") (param f32) (return_call $h))
            (func $h))"#,
    );
    let output = pirn(&["info", &file]);
    let text = stdout(&output);
    for line in ["imports: 1", "exports: 2", "features: tail-call"] {
        assert!(text.lines().any(|told| told == line), "{text}");
    }
    assert!(text.contains("2 functions") && text.contains("  host::f: ") && text.contains("  memory: "), "{text}");
    let file = scratch.file("m.wat", r#"(module (import "host" (item "f" (func)) (item "g" (func))) (func))"#);
    let output = pirn(&["info", &file]);
    let text = stdout(&output);
    assert!(text.contains("bytes, 1 function\n") && text.contains("features: compact-imports\n"), "{text}");
    assert!(stderr(&pirn(&["validate", "--disable", "compact-imports", &file])).contains("compact"));
    assert_eq!(pirn(&["info", "no such file"]).status.code(), Some(1));
}

#[test]
fn shells_and_manuals_know_it() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(stdout(&pirn(&["completions", shell])).contains("preload"), "{shell}");
    }
    assert!(stdout(&pirn(&["man"])).contains("validate"));
    assert!(stdout(&pirn(&["man", "run"])).contains("max\\-memory"));
    assert_eq!(pirn(&["man", "nothing"]).status.code(), Some(1));
}
