//! The runner itself: that it fails what should fail, and says where. (That it passes what should pass, the official
//! suite shows.)

use pirn::Trap;
use pirn_wast::{Options, Report, run};

fn script(text: &str) -> Report {
    run("test.wast", text, &Options::default())
}

/// The one failure of a script, as text.
fn failure(text: &str) -> String {
    let report = script(text);
    let [failure] = &report.failed[..] else { panic!("expected one failure: {report}") };
    failure.to_string()
}

fn passes(text: &str) {
    let report = script(text);
    assert!(report.is_success(), "{report}");
    assert!(report.passed > 0);
}

#[test]
fn text_that_is_no_script() {
    assert!(failure("(module)\n  (assert_wrong)").starts_with("2:4: unexpected token"));
    assert!(failure("(module").starts_with("1:8: "));
    assert!(failure("(module)\n \"").starts_with("2:3: "));
}

#[test]
fn refusing_modules() {
    passes("(assert_invalid (module (func (result i32))) \"type mismatch\")");
    passes("(assert_malformed (module quote \"(func) (import \\\"\\\" \\\"\\\" (func))\") \"import after function\")");
    passes("(assert_malformed (module binary \"\\00asm\") \"unexpected end\")");
    assert_eq!(
        failure("(assert_invalid (module (func)) \"type mismatch\")"),
        "1:2: the module should be refused: type mismatch"
    );
    assert!(failure("(assert_malformed (module quote \"(func)\") \"what\")").ends_with("refused: what"));
    assert!(failure("(assert_malformed (module binary \"\\00asm\\01\\00\\00\\00\") \"what\")").ends_with("what"));
    assert!(failure("(module (func (result i32)))").contains("type mismatch"));
    assert!(failure("(module quote \"(func\")").contains("expected `)`"));
}

#[test]
fn linking() {
    passes("(assert_unlinkable (module (import \"spectest\" \"none\" (func))) \"unknown import\")");
    passes("(assert_unlinkable (module (import \"spectest\" \"print\" (global i32))) \"incompatible import type\")");
    passes(
        "(module $a (memory (export \"m\") 2)) (register \"a\")
        (module (import \"a\" \"m\" (memory 1)))
        (module definition $d (memory 1 1) (export \"m\" (memory 0)))
        (module instance $i $d) (register \"i\" $i)
        (assert_unlinkable (module (import \"i\" \"m\" (memory 2))) \"incompatible import type\")",
    );
    assert!(
        failure("(assert_unlinkable (module (import \"spectest\" \"none\" (func))) \"incompatible import type\")")
            .contains("expected `incompatible import type`, got `unknown import")
    );
    assert!(failure("(assert_unlinkable (module) \"unknown import\")").contains("linking should fail"));
    assert!(
        failure("(assert_unlinkable (module (memory 0) (data (i32.const 1) \"\")) \"x\")")
            .contains("it trapped: out of")
    );
    assert!(failure("(module (import \"a\" \"b\" (func)))").contains("instantiation failed: unknown import"));
    assert!(failure("(register \"a\" $a)").contains("no instance $a"));
}

#[test]
fn globals_and_segments_need_no_code() {
    let module = "(module $m (global (export \"g\") i64 (i64.const 3)))";
    passes(&format!("{module} (assert_return (get \"g\") (i64.const 3))"));
    passes(&format!("{module} (module) (assert_return (get $m \"g\") (i64.const 3))"));
    assert_eq!(
        failure(&format!("{module} (assert_return (get \"g\") (i64.const -1))")),
        "1:54: result 0: expected i64 -1 (0xffffffffffffffff), got i64 3 (0x3)"
    );
    assert!(failure(&format!("{module} (assert_return (get \"g\"))")).contains("expected 0 results, got 1"));
    assert!(failure(&format!("{module} (assert_return (get \"g\") (i32.const 3))")).contains("expected i32 3 (0x3)"));
    assert!(failure(&format!("{module} (assert_return (get \"h\"))")).contains("no export `h`"));
    passes("(assert_trap (module (memory 0) (data (i32.const 1) \"\")) \"out of bounds memory access\")");
    passes("(assert_trap (module (table 0 funcref) (elem (i32.const 1))) \"out of bounds table access\")");
    assert!(
        failure("(assert_trap (module (memory 0) (data (i32.const 1) \"\")) \"out of bounds table access\")")
            .ends_with("expected `out of bounds table access`, got `out of bounds memory access`")
    );
}

#[test]
fn nans_have_patterns() {
    for (ty, init, pattern, good) in [
        ("f32", "nan", "nan:canonical", true),
        ("f32", "-nan", "nan:canonical", true),
        ("f32", "nan:0x400001", "nan:canonical", false),
        ("f32", "nan:0x400001", "nan:arithmetic", true),
        ("f32", "nan:0x200000", "nan:arithmetic", false),
        ("f32", "inf", "nan:arithmetic", false),
        ("f32", "-0.0", "0.0", false),
        ("f64", "-nan", "nan:canonical", true),
        ("f64", "nan:0x8000000000001", "nan:canonical", false),
        ("f64", "nan:0x8000000000001", "nan:arithmetic", true),
        ("f64", "nan:0x4000000000000", "nan:arithmetic", false),
        ("f64", "nan:0x4000000000000", "nan:0x4000000000000", true),
    ] {
        let text = format!(
            "(module (global (export \"g\") {ty} ({ty}.const {init}))) \
            (assert_return (get \"g\") ({ty}.const {pattern}))"
        );
        assert_eq!(script(&text).is_success(), good, "{text}");
    }
}

#[test]
fn references_have_patterns() {
    let module = "(module (func $f) (global (export \"f\") funcref (ref.func $f))
        (global (export \"n\") funcref (ref.null func)) (global (export \"e\") externref (ref.null extern)))";
    for (global, pattern, good) in [
        ("f", "ref.func", true),
        ("f", "ref.null", false),
        ("n", "ref.null", true),
        ("n", "ref.null func", true),
        ("n", "ref.null extern", false),
        ("n", "ref.func", false),
        ("e", "ref.null extern", true),
        ("e", "ref.extern", false),
        ("e", "either (ref.extern 1) (ref.null extern)", true),
        ("e", "either (ref.extern 1) (ref.null func)", false),
    ] {
        let text = format!("{module} (assert_return (get \"{global}\") ({pattern}))");
        assert_eq!(script(&text).is_success(), good, "{text}");
    }
}

#[test]
fn what_is_not_supported_fails() {
    assert!(failure("(module) (thread $t (module))").contains("threads"));
}

#[test]
fn a_failed_module_is_not_replaced_by_the_one_before() {
    let report = script(
        "(module (global (export \"g\") i32 (i32.const 1))) (module (import \"a\" \"b\" (func)))
        (assert_return (get \"g\") (i32.const 1))",
    );
    assert_eq!((report.passed, report.failed.len(), report.assertions), (1, 2, 1));
    assert!(report.to_string().ends_with("test.wast: 1 passed, 2 failed"));
    assert_eq!(report.failed[1].to_string(), "2:10: no instance");
}

#[test]
fn no_trap_can_be_mistaken_for_another() {
    for a in Trap::ALL {
        for b in Trap::ALL {
            assert!(a == b || !a.message().starts_with(b.message()), "{a} and {b}");
        }
    }
}

#[test]
fn vectors_are_compared_lane_by_lane() {
    let module = "(module (func (export \"f\") (param v128) (result v128) (local.get 0)))";
    let gives = |given: &str, expected: &str| {
        let text = format!("{module} (assert_return (invoke \"f\" (v128.const {given})) {expected})");
        let report = script(&text);
        report.failed.first().map(|failure| failure.message.clone())
    };
    let (bytes, others) =
        ("i8x16 1 -1 0x7f 4 5 6 7 8 9 10 11 12 13 14 15 0x80", "i8x16 1 -1 0x7f 4 5 6 7 8 9 10 11 12 13 14 15 0x81");
    for (given, expected) in [
        (bytes, bytes),
        (bytes, "i16x8 0xff01 0x047f 0x0605 0x0807 0x0a09 0x0c0b 0x0e0d 0x800f"),
        (bytes, "i32x4 0x047fff01 0x08070605 0x0c0b0a09 0x800f0e0d"),
        (bytes, "i64x2 0x08070605047fff01 0x800f0e0d0c0b0a09"),
        ("f32x4 1 -0 inf 0.5", "f32x4 1 -0 inf 0.5"),
        ("f32x4 1 nan -nan nan:0x600000", "f32x4 1 nan:canonical nan:canonical nan:arithmetic"),
        ("f64x2 -nan 2", "f64x2 nan:canonical 2"),
        ("f64x2 2 nan:0xc000000000000", "f64x2 2 nan:arithmetic"),
    ] {
        assert_eq!(gives(given, &format!("(v128.const {expected})")), None, "{given}: {expected}");
    }
    for (given, expected) in [
        (bytes, others),
        ("i16x8 0 0 0 0 0 0 0 1", "i16x8 0 0 0 0 0 0 1 0"),
        ("i32x4 0 0 0 1", "i32x4 0 0 0 -1"),
        ("i64x2 1 0", "i64x2 0 1"),
        ("f32x4 0 0 0 0", "f32x4 0 0 0 -0"),
        ("f32x4 0 0 0 nan:0x600000", "f32x4 0 0 0 nan:canonical"),
        ("f32x4 0 nan:0x200000 0 0", "f32x4 0 nan:arithmetic 0 0"),
        ("f64x2 nan 1", "f64x2 1 nan:canonical"),
        ("f64x2 nan:0x4000000000000 1", "f64x2 nan:arithmetic 1"),
    ] {
        let message = gives(given, &format!("(v128.const {expected})"));
        assert!(message.is_some_and(|message| message.contains("expected V128")), "{given}: {expected}");
    }
    // Of relaxed operators there may be several right results.
    let either = "(either (v128.const i64x2 1 2) (v128.const f64x2 nan:canonical 0))";
    assert_eq!(gives("i64x2 1 2", either), None);
    assert_eq!(gives("f64x2 -nan 0", either), None);
    let message = gives("i64x2 2 2", either).unwrap();
    assert!(
        message
            .ends_with("got v128 i32x4 0x00000002 0x00000000 0x00000002 0x00000000 (f32x4 [3e-45, 0.0, 3e-45, 0.0])"),
        "{message}"
    );
    assert!(gives("i64x2 1 2", "(i64.const 1)").unwrap().contains("expected i64 1 (0x1), got v128 i32x4"));
    assert!(gives("i64x2 1 2", "(v128.const i64x2 1 2) (i64.const 1)").unwrap().contains("expected 2 results, got 1"));
}
