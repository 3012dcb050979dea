//! The binary, as a user runs it: programs written here as text, their output, files and exit statuses.

mod support;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use support::{Scratch, pirn, program, stderr, stdout};

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
fn the_example_runs() {
    let output = pirn(&["run", concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/hello.wat")]);
    assert_eq!((stdout(&output), stderr(&output)), ("Hello, WebAssembly!\n", ""));
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
    let output = pirn(&["run", &file, "-x", "--invoke", "two words", "--", ""]);
    assert_eq!(stdout(&output), "program.wat\0-x\0--invoke\0two words\0--\0\0");
    assert_eq!(output.status.code(), Some(6));
    // A `--` ends what is pirn's own.
    let output = pirn(&["run", &file, "--", "--invoke", "--"]);
    assert_eq!(stdout(&output), "program.wat\0--invoke\0--\0");
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
fn fuel_bounds_a_program() {
    let scratch = Scratch::new("fuel");
    let file = program(
        &scratch,
        r#"(data (i32.const 100) "before")
        (func (export "_start") (call $write (i32.const 1) (i32.const 100) (i32.const 6)) (loop (br 0)))"#,
    );
    let output = pirn(&["run", "--fuel", "1000000", &file]);
    assert_eq!(stdout(&output), "before");
    assert_eq!(stderr(&output).lines().next(), Some("trap: all fuel consumed"));
    assert_eq!(output.status.code(), Some(134));
    let file =
        program(&scratch, r#"(func (export "add") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"#);
    assert_eq!(stdout(&pirn(&["run", "--fuel", "3", &file, "--invoke", "add", "41"])), "42\n");
    assert_eq!(pirn(&["run", "--fuel", "2", &file, "--invoke", "add", "41"]).status.code(), Some(134));
}

#[test]
fn time_bounds_a_program() {
    let scratch = Scratch::new("timeout");
    let file = program(
        &scratch,
        r#"(data (i32.const 100) "before")
        (func (export "_start") (call $write (i32.const 1) (i32.const 100) (i32.const 6)) (loop (br 0)))"#,
    );
    // Long enough for a busy machine to get as far as the loop.
    let output = pirn(&["run", "--timeout", "3000ms", &file]);
    assert_eq!((stdout(&output), stderr(&output)), ("before", "trap: interrupt: the program has run for 3s\n"));
    assert_eq!(output.status.code(), Some(124));
    let file = program(&scratch, r#"(func (export "nothing") (loop (br_if 0 (i32.const 0))))"#);
    for time in ["1h", "2.5m", "1000s", "1000"] {
        assert!(pirn(&["run", "--timeout", time, &file, "--invoke", "nothing"]).status.success(), "{time}");
    }
    for time in ["1d", "s", "1e9s", "-1s", "99999999999999999999h"] {
        let output = pirn(&["run", "--timeout", time, &file, "--invoke", "nothing"]);
        assert_eq!(output.status.code(), Some(2), "{time}");
    }
}

#[test]
fn a_trap_is_told_from_an_exit() {
    let scratch = Scratch::new("trap");
    let file = program(
        &scratch,
        r#"(data (i32.const 100) "before")
        (func $divide (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
        (func (export "_start")
            (call $write (i32.const 1) (i32.const 100) (i32.const 6))
            (drop (call $divide (i32.load (i32.const 5000)))))"#,
    );
    let output = pirn(&["run", &file]);
    assert_eq!(stdout(&output), "before");
    let told: Vec<_> = stderr(&output).lines().collect();
    assert_eq!(told[..2], ["trap: integer divide by zero", "wasm backtrace, the innermost frame first:"]);
    assert!(told[2].starts_with("   0: ") && told[2].ends_with(" - <unknown>!divide"), "{told:?}");
    assert!(told[3].starts_with("   1: ") && told[3].ends_with(" - <unknown>!_start"), "{told:?}");
    assert_eq!(told.len(), 4);
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
            (func (export "same32") (param f32) (result f32) (local.get 0))
            (func (export "same64") (param f64) (result f64) (local.get 0))
            (func (export "null") (result externref) (ref.null extern))
            (func (export "ref") (param funcref) (result funcref) (local.get 0))
            (func (export "v128") (param v128 i32) (result v128 i32) (local.get 0) (local.get 1))
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
        ("f64", &["+Infinity"], "inf\n"),
        ("same32", &["3.4e38"], "340000000000000000000000000000000000000\n"),
        ("f64", &["1e300"], &format!("{}\n", 5e299)),
        ("f64", &["-0.1"], "-0.05\n"),
        ("f64", &["NaN"], "NaN\n"),
        ("swap", &["7", "2.5"], "2.5\n7\n"),
        ("none", &[], ""),
        ("v128", &["0x0102030405060708090A0b0c0d0e0f10", "5"], "0x0102030405060708090a0b0c0d0e0f10\n5\n"),
        ("v128", &["0Xffffffffffffffffffffffffffffffff", "-1"], "0xffffffffffffffffffffffffffffffff\n-1\n"),
        ("v128", &["17", "0x11"], "0x00000000000000000000000000000011\n17\n"),
        ("null", &[], "null\n"),
        ("ref", &["null"], "null\n"),
        ("f32", &["0x1.8p1"], "1.5\n"),
        ("f64", &["0x.8"], "0.25\n"),
        ("f64", &["-0x1p-1073"], &format!("{}\n", -f64::from_bits(1))),
        ("v128", &["i32x4:1,-1,0x10,0", "0"], "0x0000000000000010ffffffff00000001\n0\n"),
        ("v128", &["f64x2:1,-0x1p0", "0"], "0xbff00000000000003ff0000000000000\n0\n"),
        ("v128", &["i8x16:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,-1", "0"], "0xff0e0d0c0b0a09080706050403020100\n0\n"),
        ("same32", &["nan:0x1"], "nan:0x1\n"),
        ("same32", &["-nan:0x400000"], "-nan:0x400000\n"),
        ("same32", &["nan:0x400000"], "NaN\n"),
        ("same32", &["0x1.000001p0"], "1\n"),
        ("same32", &["0x1.000003p0"], "1.0000002\n"),
        ("same32", &["0x1p-149"], &format!("{}\n", f32::from_bits(1))),
        ("same32", &["0x1p-151"], "0\n"),
        ("same64", &["-nan:0x7"], "-nan:0x7\n"),
        ("same64", &["0x1.fffffffffffffp1023"], &format!("{}\n", f64::MAX)),
        ("same64", &["-0x0p0"], "-0\n"),
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
        ("v128", &["0x100000000000000000000000000000000", "0"], "is no v128"),
        ("v128", &["-1", "0"], "`-1` is no v128"),
        ("v128", &["0x+1", "0"], "is no v128"),
        ("v128", &["1", "18446744073709551616"], "is no i32"),
        ("i32", &[], "takes 1 parameter, not 0"),
        ("none", &["1"], "takes 0 parameters, not 1"),
        ("ref", &["7"], "that can be given"),
        ("same32", &["nan:0x800000"], "is no f32"),
        ("same32", &["nan:0x0"], "is no f32"),
        ("same32", &["nan:1"], "is no f32"),
        ("same32", &["0x1p128"], "is no f32"),
        ("same32", &["0x"], "is no f32"),
        ("same32", &["3.5e38"], "is no f32"),
        ("same32", &["-1e999"], "is no f32"),
        ("same64", &["1e309"], "is no f64"),
        ("same64", &["0x1.8q1"], "is no f64"),
        ("v128", &["i32x4:1,2,3", "0"], "is no v128"),
        ("v128", &["i32x4:1,2,3,4,5", "0"], "is no v128"),
        ("v128", &["i8x16:256,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0", "0"], "is no v128"),
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
fn the_function_may_stand_behind_the_file() {
    let scratch = Scratch::new("behind");
    let file = scratch.file(
        "sub.wat",
        r#"(module (func (export "sub") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1))))"#,
    );
    for args in [
        &["run", &file, "--invoke", "sub", "-1", "2"][..],
        &["run", &file, "--invoke=sub", "-1", "2"],
        &["run", &file, "--invoke", "sub", "--", "-1", "2"],
        &["run", "--invoke", "sub", &file, "--", "-1", "2"],
        &["run", "--invoke=sub", "--", &file, "-1", "2"],
    ] {
        let output = pirn(args);
        assert_eq!((stdout(&output), stderr(&output)), ("-3\n", ""), "{args:?}");
        assert_eq!(output.status.code(), Some(0));
    }
    for (args, what) in [
        (&["run", &file, "--invoke"][..], "`--invoke` needs a NAME"),
        (&["run", "--invoke", "sub", &file, "--invoke", "sub"], "`--invoke` is given twice"),
    ] {
        let output = pirn(args);
        assert_eq!(stderr(&output), format!("error: {what}\n"));
        assert_eq!(output.status.code(), Some(2));
    }
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

/// Names are a module's, and may hold what a terminal obeys.
#[test]
fn names_do_not_command_the_terminal() {
    let scratch = Scratch::new("names");
    let names = r#"(module (import "host\1b[31m" "name\07\0d\u{202e}" (func)) (func (export "\1b]0;title\07") nop))"#;
    let file = scratch.file("names.wat", names);
    let (info, run) = (pirn(&["info", &file]), pirn(&["run", &file]));
    assert!(stdout(&info).contains(r"host\u{1b}[31m::name\u{7}\r\u{202e}: "), "{}", stdout(&info));
    assert!(stdout(&info).contains(r"\u{1b}]0;title\u{7}"), "{}", stdout(&info));
    assert!(stderr(&run).contains(r"\u{1b}[31m"), "{}", stderr(&run));
    let commands = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
    assert!(![stdout(&info), stderr(&info), stdout(&run), stderr(&run)].into_iter().any(commands));
}
