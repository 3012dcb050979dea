//! Modules that are initialised already: what is written is a module that does the same, without initialising.

mod support;

use std::fs;
use support::{PRELUDE, Scratch, pirn, stderr, stdout};

/// Initialises a module, and gives the path of what was written.
fn initialised(scratch: &Scratch, text: &str, options: &[&str]) -> String {
    let module = scratch.file("module.wat", text);
    let output = scratch.0.join("initialised.wasm").display().to_string();
    let done = pirn(&[&["snapshot"], options, &["-o", &output, &module]].concat());
    assert_eq!((done.status.code(), stdout(&done), stderr(&done)), (Some(0), "", ""));
    output
}

/// What a function gives.
fn call(module: &str, args: &[&str]) -> String {
    let output = pirn(&[&["run", "--invoke"], &args[..1], &[module], &args[1..]].concat());
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""), "{args:?}");
    stdout(&output).to_owned()
}

/// Says why a module cannot be initialised.
fn refused(scratch: &Scratch, text: &str, options: &[&str], expected: &[&str]) {
    let module = scratch.file("module.wat", text);
    let output = scratch.0.join("none.wasm");
    let done = pirn(&[&["snapshot"], options, &["-o", output.to_str().unwrap(), &module]].concat());
    assert_eq!(done.status.code(), Some(1), "{}", stderr(&done));
    assert!(expected.iter().all(|part| stderr(&done).contains(part)), "{}", stderr(&done));
    assert!(!output.exists());
}

#[test]
fn a_program_finds_the_table_that_was_filled() {
    let scratch = Scratch::new("snapshot-table");
    let text = format!(
        r#"(module {PRELUDE}
        (type $f (func (param i32) (result i32)))
        (table $t 2 20 funcref)
        (elem (i32.const 1) $minus)
        (elem declare func $square)
        (func $double (type $f) (i32.mul (local.get 0) (i32.const 2)))
        (func $square (type $f) (i32.mul (local.get 0) (local.get 0)))
        (func $minus (type $f) (i32.sub (i32.const 0) (local.get 0)))
        (func (export "init")
            (drop (table.grow $t (ref.func $square) (i32.const 3)))
            (table.set $t (i32.const 0) (ref.func $square))
            (table.set $t (i32.const 3) (ref.null func)))
        (func (export "_start")
            (if (i32.ne (table.size $t) (i32.const 5)) (then (call $proc_exit (i32.const 1))))
            (if (i32.eqz (ref.is_null (table.get $t (i32.const 3)))) (then (call $proc_exit (i32.const 2))))
            (table.set $t (i32.const 3) (ref.func $square))
            (call $proc_exit (i32.add (call_indirect (type $f) (i32.const 7) (i32.const 0))
                (i32.add (call_indirect (type $f) (i32.const 3) (i32.const 4))
                    (call_indirect (type $f) (i32.const 8) (i32.const 1)))))))"#
    );
    let module = initialised(&scratch, &text, &["--invoke", "init"]);
    assert_eq!(pirn(&["run", &module]).status.code(), Some(49 + 9 - 8));
    // What initialised it is no export any more.
    let exports = stdout(&pirn(&["info", &module])).to_owned();
    assert!(exports.contains("  _start: ") && !exports.contains("  init: ") && !exports.contains("pirn."), "{exports}");
    let kept = initialised(&scratch, &text, &["--init-func", "init", "--keep-init-func"]);
    assert!(stdout(&pirn(&["info", &kept])).contains("  init: "));
}

#[test]
fn memories_are_as_they_were() {
    let scratch = Scratch::new("snapshot-memories");
    // The last byte, far from others; segments that were active; growth; a memory of 64-bit addresses, and one that nothing was done to.
    let text = r#"(module
        (memory $a (export "memory") 1) (memory $b i64 1 100) (memory $c 1) (memory $d 2 2)
        (data (memory $a) (i32.const 8) "\01\02\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\03")
        (data (memory $b) (i64.const 65530) "\00\09")
        (func (export "wizer.initialize")
            (i32.store8 $a (i32.const 9) (i32.const 0))
            (i32.store $a (i32.const 65532) (i32.const 0x01020304))
            (drop (memory.grow $a (i32.const 2)))
            (i32.store8 $a (i32.const 196607) (i32.const 0xff))
            (drop (memory.grow $b (i64.const 70)))
            (i64.store $b (i64.const 4600000) (i64.const -2))
            (memory.fill $c (i32.const 100) (i32.const 7) (i32.const 50000)))
        (func $sum (param $m i32) (result i64) (local $i i32) (local $sum i64) (local $byte i64) (local $end i32)
            (local.set $end (i32.mul (i32.const 65536) (block $size (result i32)
                (br_if $size (memory.size $a) (i32.eqz (local.get $m)))
                (drop)
                (br_if $size (i32.wrap_i64 (memory.size $b)) (i32.eq (local.get $m) (i32.const 1)))
                (drop)
                (br_if $size (memory.size $c) (i32.eq (local.get $m) (i32.const 2)))
                (drop)
                (memory.size $d))))
            (loop $l
                (local.set $byte (block $read (result i64)
                    (br_if $read (i64.load8_u $a (select (local.get $i) (i32.const 0) (i32.eqz (local.get $m)))) (i32.eqz (local.get $m)))
                    (drop)
                    (br_if $read (i64.load8_u $b (i64.extend_i32_u (select (local.get $i) (i32.const 0) (i32.eq (local.get $m) (i32.const 1)))))
                        (i32.eq (local.get $m) (i32.const 1)))
                    (drop)
                    (br_if $read (i64.load8_u $c (select (local.get $i) (i32.const 0) (i32.eq (local.get $m) (i32.const 2)))) (i32.eq (local.get $m) (i32.const 2)))
                    (drop)
                    (i64.load8_u $d (local.get $i))))
                (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 1099511628211)) (i64.add (local.get $byte) (i64.const 1))))
                (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $end))))
            (local.get $sum))
        (func (export "check") (result i64 i64 i64 i64)
            (call $sum (i32.const 0)) (call $sum (i32.const 1)) (call $sum (i32.const 2)) (call $sum (i32.const 3)))
        (func (export "both") (result i64 i64 i64 i64)
            (call 0)
            (call $sum (i32.const 0)) (call $sum (i32.const 1)) (call $sum (i32.const 2)) (call $sum (i32.const 3))))"#;
    let module = initialised(&scratch, text, &[]);
    assert_eq!(call(&module, &["check"]), call(&scratch.0.join("module.wat").display().to_string(), &["both"]));
    // It is not as large as its memories.
    let size = fs::metadata(&module).unwrap().len();
    assert!(size < 52_000, "{size}");
}

#[test]
fn globals_are_as_they_were() {
    let scratch = Scratch::new("snapshot-globals");
    let (mut globals, mut sets, mut gets) = (String::new(), String::new(), String::new());
    for i in 0..500 {
        let (ty, value) = match i % 4 {
            0 => ("i32", format!("i32.const {}", i * 7919 - 1_000_000)),
            1 => ("i64", format!("i64.const {}", i64::MIN + i)),
            2 => ("f32", format!("f32.const nan:{:#x}", i + 1)),
            _ => ("f64", format!("f64.const -{i}.125")),
        };
        globals += &format!("(global $g{i} (mut {ty}) ({ty}.const 0))\n");
        sets += &format!("(global.set $g{i} ({value}))\n");
        let bits = match ty {
            "f32" => format!("(i64.extend_i32_u (i32.reinterpret_f32 (global.get $g{i})))"),
            "f64" => format!("(i64.reinterpret_f64 (global.get $g{i}))"),
            "i32" => format!("(i64.extend_i32_s (global.get $g{i}))"),
            _ => format!("(global.get $g{i})"),
        };
        gets += &format!("(local.set 0 (i64.add (i64.mul (local.get 0) (i64.const 31)) {bits}))\n");
    }
    let text = format!(
        r#"(module {globals}
        (global $v (mut v128) (v128.const i64x2 0 0)) (global $f (mut funcref) (ref.null func)) (global $constant i32 (i32.const 77))
        (global $e (mut externref) (ref.null extern)) (global $own (export "own") (mut i32) (i32.const 5))
        (func $seven (export "seven") (result i32) (i32.const 7))
        (table $t 1 funcref)
        (func $init (export "init") {sets}
            (global.set $v (v128.const i64x2 3 -4)) (global.set $f (ref.func $seven)) (global.set $own (i32.const 6)))
        (func $check (export "check") (result i64 v128 i32 i32 i32 i32) (local i64) {gets}
            (local.get 0) (global.get $v) (global.get $constant) (global.get $own) (ref.is_null (global.get $e))
            (table.set $t (i32.const 0) (global.get $f)) (call_indirect $t (result i32) (i32.const 0)))
        (func (export "both") (result i64 v128 i32 i32 i32 i32) (call $init) (call $check)))"#
    );
    let module = initialised(&scratch, &text, &["--invoke", "init"]);
    let found = call(&module, &["check"]);
    assert_eq!(found, call(&scratch.0.join("module.wat").display().to_string(), &["both"]));
    assert!(found.ends_with("\n77\n6\n1\n7\n"), "{found}");
}

#[test]
fn segments_that_code_refers_to_are_there_or_dropped() {
    let scratch = Scratch::new("snapshot-segments");
    let text = r#"(module
        (memory (export "memory") 1)
        (table $t 4 funcref)
        (data $active (i32.const 4) "act") (data $kept "kept") (data $gone "gone")
        (elem $first (i32.const 0) $a) (elem $later func $a $b) (elem $never func $b) (elem $nulls funcref (ref.null func) (ref.func $b))
        (func $a (result i32) (i32.const 10)) (func $b (result i32) (i32.const 20))
        (func (export "init") (data.drop $gone) (elem.drop $never))
        (func (export "kept") (result i32)
            (memory.init $kept (i32.const 100) (i32.const 0) (i32.const 4)) (i32.load (i32.const 100)))
        (func (export "gone") (memory.init $gone (i32.const 100) (i32.const 0) (i32.const 1)))
        (func (export "active") (memory.init $active (i32.const 100) (i32.const 0) (i32.const 1)))
        (func (export "nothing") (result i32)
            (memory.init $gone (i32.const 100) (i32.const 0) (i32.const 0)) (i32.load (i32.const 4)))
        (func (export "later") (result i32 i32)
            (table.init $t $later (i32.const 2) (i32.const 0) (i32.const 2))
            (i32.add (call_indirect $t (result i32) (i32.const 2)) (call_indirect $t (result i32) (i32.const 3)))
            (table.init $t $nulls (i32.const 2) (i32.const 0) (i32.const 2))
            (ref.is_null (table.get $t (i32.const 2))))
        (func (export "never") (table.init $t $never (i32.const 2) (i32.const 0) (i32.const 1))))"#;
    let module = initialised(&scratch, text, &["--invoke", "init"]);
    assert_eq!(call(&module, &["kept"]), format!("{}\n", u32::from_le_bytes(*b"kept") as i32));
    assert_eq!(call(&module, &["nothing"]), format!("{}\n", u32::from_le_bytes(*b"act\0") as i32));
    assert_eq!(call(&module, &["later"]), "30\n1\n");
    for trap in ["gone", "active", "never"] {
        let output = pirn(&["run", "--invoke", trap, &module]);
        assert_eq!(output.status.code(), Some(134), "{trap}");
        assert!(stderr(&output).contains("out of bounds"), "{trap}: {}", stderr(&output));
    }
}

#[test]
fn arrays_are_made_of_the_segments_that_they_were_made_of() {
    let scratch = Scratch::new("snapshot-arrays");
    let text = r#"(module
        (type $bytes (array (mut i8))) (type $funcs (array (mut funcref)))
        (memory 1) (table $t 2 funcref) (elem (table $t) (i32.const 0) func $a)
        (data (i32.const 4) "active") (data $kept "kept") (elem $later func $b $a)
        (func $a (result i32) (i32.const 10)) (func $b (result i32) (i32.const 20))
        (func (export "init") (i32.store (i32.const 100) (i32.const 7)) (table.set $t (i32.const 1) (ref.func $a)))
        (func (export "data") (result i32 i32) (local $array (ref $bytes))
            (array.get_u $bytes (array.new_data $bytes $kept (i32.const 1) (i32.const 3)) (i32.const 0))
            (local.set $array (array.new_default $bytes (i32.const 4)))
            (array.init_data $bytes $kept (local.get $array) (i32.const 0) (i32.const 0) (i32.const 4))
            (array.get_u $bytes (local.get $array) (i32.const 3)))
        (func $call (param funcref) (result i32)
            (table.set $t (i32.const 0) (local.get 0)) (call_indirect $t (result i32) (i32.const 0)))
        (func (export "elements") (result i32 i32) (local $array (ref $funcs))
            (call $call (array.get $funcs (array.new_elem $funcs $later (i32.const 0) (i32.const 2)) (i32.const 0)))
            (local.set $array (array.new_default $funcs (i32.const 2)))
            (array.init_elem $funcs $later (local.get $array) (i32.const 1) (i32.const 0) (i32.const 1))
            (call $call (array.get $funcs (local.get $array) (i32.const 1)))))"#;
    let module = initialised(&scratch, text, &["--invoke", "init"]);
    assert_eq!(call(&module, &["data"]), format!("{}\n{}\n", b'e', b't'));
    assert_eq!(call(&module, &["elements"]), "20\n20\n");
}

#[test]
fn typed_references_keep_their_types() {
    let scratch = Scratch::new("snapshot-typed");
    let text = r#"(module
        (type $f (func (result i32)))
        (table $null 3 (ref null $f)) (table $full 2 4 (ref $f) (ref.func $a))
        (global $g (mut (ref null $f)) (ref.null $f)) (global $h (mut (ref $f)) (ref.func $a))
        (func $a (type $f) (i32.const 10)) (func $b (type $f) (i32.const 20)) (elem declare func $b)
        (func (export "init")
            (table.set $null (i32.const 2) (ref.func $b))
            (table.set $full (i32.const 1) (ref.func $b))
            (global.set $h (ref.func $b)))
        (func (export "check") (result i32 i32 i32 i32 i32)
            (ref.is_null (global.get $g))
            (call_ref $f (global.get $h))
            (ref.is_null (table.get $null (i32.const 1)))
            (call_indirect $null (type $f) (i32.const 2))
            (i32.sub (call_indirect $full (type $f) (i32.const 1)) (call_indirect $full (type $f) (i32.const 0)))))"#;
    let module = initialised(&scratch, text, &["--invoke", "init"]);
    assert_eq!(call(&module, &["check"]), "1\n20\n1\n20\n10\n");
}

/// A segment for each run would be more than modules may have.
#[test]
fn tables_with_many_gaps_are_as_they_were() {
    let scratch = Scratch::new("snapshot-gaps");
    for (ty, null) in [("funcref", "func"), ("(ref null $f)", "$f")] {
        let text = format!(
            r#"(module
            (type $f (func))
            (table 200100 {ty})
            (func $g (export "g") (type $f))
            (func (export "init") (local $i i32)
                (loop $next
                    (table.set (local.get $i) (ref.func $g))
                    (local.set $i (i32.add (local.get $i) (i32.const 2)))
                    (br_if $next (i32.lt_u (local.get $i) (i32.const 200100)))))
            (func (export "nulls") (result i32) (local $i i32) (local $nulls i32)
                (loop $next
                    (local.set $nulls (i32.add (local.get $nulls) (ref.is_null (table.get (local.get $i)))))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $i) (i32.const 200100))))
                (table.set (i32.const 0) (ref.null {null}))
                (table.set (i32.const 1) (ref.func $g))
                (local.get $nulls)))"#
        );
        let module = initialised(&scratch, &text, &["--invoke", "init"]);
        assert_eq!(call(&module, &["nulls"]), "100050\n", "{ty}");
    }
}

#[test]
fn segments_that_are_kept_leave_less_room() {
    let scratch = Scratch::new("snapshot-kept");
    let module = |drop: &str, segments: &str, count: usize| {
        format!(
            r#"(module (memory 1) (table 1 funcref) {} (func $g (export "g"))
            (func (export "init") (i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 60000) (i32.const 2))
                (table.set (i32.const 0) (ref.func $g)))
            (func (export "drop") ({drop} 0)))"#,
            segments.repeat(count)
        )
    };
    initialised(&scratch, &module("data.drop", "(data \"\")", 99_999), &["--invoke", "init"]);
    initialised(&scratch, &module("elem.drop", "(elem func)", 99_998), &["--invoke", "init"]);
    let expected = ["refers to 100000 segments", "no room"];
    refused(&scratch, &module("data.drop", "(data \"\")", 100_000), &["--invoke", "init"], &expected);
    refused(&scratch, &module("elem.drop", "(elem func)", 99_999), &["--invoke", "init"], &expected);
}

#[test]
fn what_begins_a_module_is_not_done_again() {
    let scratch = Scratch::new("snapshot-start");
    let text = r#"(module
        (global $log (mut i32) (i32.const 1))
        (func $add (param i32) (global.set $log (i32.add (i32.mul (global.get $log) (i32.const 10)) (local.get 0))))
        (func $start (call $add (i32.const 2)))
        (start $start)
        (func (export "_initialize") (call $add (i32.const 3)))
        (func (export "wizer-initialize") (call $add (i32.const 4)))
        (func (export "log") (result i32) (global.get $log))
        (func (export "later") (result i32) (call $add (i32.const 5)) (global.get $log)))"#;
    let module = initialised(&scratch, text, &["-r", "log=later"]);
    assert_eq!(call(&module, &["log"]), "12345\n");
    assert!(!stdout(&pirn(&["info", &module])).contains("  later: "));
    // Only once where that is what is asked for.
    let module = initialised(&scratch, text, &["--invoke", "_initialize"]);
    assert_eq!(call(&module, &["log"]), "123\n");
    // Initialised once more.
    let again = scratch.0.join("again.wasm").display().to_string();
    let module = initialised(&scratch, text, &["--keep-init-func"]);
    let output = pirn(&["snapshot", "-o", &again, &module]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert_eq!(call(&again, &["log"]), "123434\n");
}

#[test]
fn wasi_is_there_if_it_is_allowed() {
    let scratch = Scratch::new("snapshot-wasi");
    let text = format!(
        r#"(module {PRELUDE}
        (data (i32.const 100) "in.txt")
        (func (export "wizer.initialize") (local $in i32)
            (local.set $in (call $open (i32.const 100) (i32.const 6) (i32.const 0)))
            (drop (call $read (local.get $in)))
            (call $check (call $fd_close (local.get $in))))
        (func (export "_start") (call $write (i32.const 1) (i32.const 30000) (i32.const 4))))"#
    );
    refused(&scratch, &text, &[], &["`wasi_snapshot_preview1::path_open` was called", "--allow-wasi"]);
    scratch.file("in.txt", "text");
    let dir = scratch.0.display().to_string();
    let module = initialised(&scratch, &text, &["--allow-wasi", "--dir", &dir]);
    fs::remove_file(scratch.0.join("in.txt")).unwrap();
    assert_eq!(stdout(&pirn(&["run", &module])), "text");
    // It exits instead.
    refused(&scratch, &text, &["--allow-wasi"], &["`wizer.initialize` ended with status 8"]);
}

#[test]
fn what_cannot_be_in_a_module_is_said() {
    let scratch = Scratch::new("snapshot-refused");
    let init = r#"(func (export "init"))"#;
    let refused = |text: &str, expected: &[&str]| refused(&scratch, text, &["--invoke", "init"], expected);
    refused(&format!(r#"(module (import "env" "g" (global i32)) {init})"#), &["it imports `env::g`"]);
    refused(&format!(r#"(module (import "env" "m" (memory 1)) {init})"#), &["it imports `env::m`"]);
    refused(
        r#"(module (import "env" "f" (func)) (export "init" (func 0)))"#,
        &["`env::f` was called, which is not there"],
    );
    refused("(module)", &["no export `init`"]);
    refused(r#"(module (memory (export "init") 1))"#, &["no parameters and gives no results"]);
    refused(r#"(module (func (export "init") (param i32)))"#, &["no parameters and gives no results"]);
    refused(r#"(module (func (export "init") unreachable))"#, &["unreachable", "wasm backtrace", "status 134"]);
    refused(&format!("(module (memory 1 1 shared) {init})"), &["memory 0 is shared between threads"]);
    refused("(module (func (result i32)))", &["cannot load"]);
    // An import that is not called is one still.
    let text = r#"(module (import "env" "f" (func $f)) (table (export "t") 1 funcref) (elem declare func $f)
        (func (export "init") (table.set 0 (i32.const 0) (ref.func $f))))"#;
    let module = initialised(&scratch, text, &["--invoke", "init"]);
    assert!(stdout(&pirn(&["info", &module])).contains("env::f"));
    let output = pirn(&["snapshot", "-o", "/nowhere/at/all", "--invoke", "init", &scratch.file("m.wat", text)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot write /nowhere/at/all"));
    // Without a name, two are looked for.
    let output = pirn(&["snapshot", "-o", "/nowhere/at/all", &scratch.file("m.wat", "(module)")]);
    assert!(stderr(&output).contains("no export `wizer.initialize`; --invoke says which"), "{}", stderr(&output));
}
