//! `Module::new`: what a module declares comes out as written, what is wrong is refused with its place, and no bytes at
//! all make it panic.

use pirn_decode::body::Body;
use pirn_decode::module::{ConstOp, ElementItems, ExternIndex, SegmentMode};
use pirn_decode::{Error, ExternType, FuncIdx, FuncType, GlobalType, MemoryType, Module, RefType, TableType, ValType};

fn parse(text: &str) -> Result<Module, Error> {
    Module::new(wat::parse_str(text).expect("the text should encode"))
}

fn good(text: &str) -> Module {
    parse(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The error must say `what`, and lie within the binary.
fn bad(text: &str, what: &str) {
    let binary = wat::parse_str(text).expect("the text should encode");
    let len = binary.len() as u64;
    let error = Module::new(binary).map(|_| ()).expect_err(text);
    assert!(error.message().contains(what), "{error}, not {what}: {text}");
    assert!((8..=len).contains(&error.offset()), "{error}: the module has {len} bytes: {text}");
    assert!(error.to_string().contains(&format!("{:#x}", error.offset())));
}

const RICH: &str = r#"(module
    (type (func (param i32 f64) (result i64 externref)))
    (import "a" "f" (func (type 0)))
    (import "a" "t" (table 1 5 funcref))
    (import "b" "m" (memory 1 9))
    (import "b" "g" (global i32))
    (import "b" "h" (global (mut f32)))
    (table 3 externref)
    (func $twice (export "twice") (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
    (func $start)
    (global i64 (i64.mul (i64.const 3) (i64.sub (i64.const 1) (i64.const 2))))
    (global (mut funcref) (ref.func $twice))
    (global i32 (i32.add (global.get 0) (i32.const -1)))
    (global f64 (f64.const -0.0))
    (global externref (ref.null extern))
    (export "mem" (memory 0))
    (export "" (global 2))
    (export "tab" (table 1))
    (start $start)
    (elem (offset (global.get 0)) func $twice 0)
    (elem declare func $start)
    (elem externref (ref.null extern))
    (elem (table 1) (i32.const 1) externref (item (ref.null extern)))
    (data (i32.const 7) "ab\00c")
    (data "passive"))"#;

#[test]
fn declarations_come_out_as_written() {
    let module = good(RICH);
    let ty = FuncType::new([ValType::I32, ValType::F64], [ValType::I64, ValType::EXTERNREF]);
    assert_eq!(module.types[0].as_func(), Some(&ty));
    let imports: Vec<_> = module
        .imports
        .iter()
        .map(|i| (module.name(i.module), module.name(i.name), module.extern_type(i.index)))
        .collect();
    assert_eq!(
        imports,
        [
            ("a", "f", ExternType::Func(ty)),
            ("a", "t", ExternType::Table(TableType::new(RefType::FUNCREF, 1, Some(5)))),
            ("b", "m", ExternType::Memory(MemoryType::new(1, Some(9)))),
            ("b", "g", ExternType::Global(GlobalType::new(ValType::I32, false))),
            ("b", "h", ExternType::Global(GlobalType::new(ValType::F32, true))),
        ]
    );
    assert_eq!((module.imported_funcs, module.imported_tables), (1, 1));
    assert_eq!((module.imported_memories, module.imported_globals), (1, 2));
    assert_eq!(module.funcs.len(), 3);
    assert_eq!(*module.func_type(FuncIdx(1)), FuncType::new([ValType::I32], [ValType::I32]));
    assert_eq!(module.tables[1], TableType::new(RefType::EXTERNREF, 3, None));
    assert_eq!(module.memories, [MemoryType::new(1, Some(9))]);
    assert_eq!(module.globals.len(), 7);
    assert_eq!(module.globals[3], GlobalType::new(ValType::FUNCREF, true));
    assert_eq!(module.start, Some(FuncIdx(2)));
    let exports: Vec<_> = module.exports.iter().map(|e| (module.name(e.name), e.index)).collect();
    assert_eq!(
        exports,
        [
            ("twice", ExternIndex::Func(FuncIdx(1))),
            ("mem", ExternIndex::Memory(0)),
            ("", ExternIndex::Global(2)),
            ("tab", ExternIndex::Table(1)),
        ]
    );
}

#[test]
fn constant_expressions_keep_their_order() {
    let module = good(RICH);
    use ConstOp::*;
    let inits: Vec<_> = module.global_inits.iter().map(|init| init.to_vec()).collect();
    assert_eq!(inits[0], [I64Const(3), I64Const(1), I64Const(2), I64Sub, I64Mul]);
    assert_eq!(inits[1], [RefFunc(FuncIdx(1))]);
    assert_eq!(inits[2], [GlobalGet(0), I32Const(-1), I32Add]);
    assert_eq!(inits[3], [F64Const(1 << 63)]);
    assert_eq!(inits[4], [RefNull(RefType::EXTERNREF)]);
}

#[test]
fn constant_vectors_are_two_words() {
    use ConstOp::*;
    let module = good(
        "(module (import \"a\" \"b\" (global v128)) (global v128 (v128.const i64x2 1 -2)) (global v128 (global.get 0)))",
    );
    let inits: Vec<_> = module.global_inits.iter().map(|init| init.to_vec()).collect();
    assert_eq!(inits, [vec![I64Const(1), I64Const(-2), V128Const], vec![GlobalGet(0)]]);
    assert_eq!(size_of::<ConstOp>(), 16);
}

#[test]
fn segments_come_out_as_written() {
    let module = good(RICH);
    let [first, second] = &module.data[..] else { panic!("two data segments") };
    assert_eq!(&module.bytes[first.bytes.clone()], b"ab\0c");
    assert!(
        matches!(&first.mode, SegmentMode::Active { index: 0, offset } if offset.as_slice() == [ConstOp::I32Const(7)])
    );
    assert_eq!(&module.bytes[second.bytes.clone()], b"passive");
    assert!(matches!(second.mode, SegmentMode::Passive));

    let [funcs, declared, passive, table1] = &module.elements[..] else { panic!("four element segments") };
    assert!(matches!(&funcs.items, ElementItems::Funcs(items) if **items == [1, 0].map(FuncIdx)));
    assert!(
        matches!(&funcs.mode, SegmentMode::Active { index: 0, offset } if offset.as_slice() == [ConstOp::GlobalGet(0)])
    );
    assert_eq!(funcs.ty, RefType::FUNCREF);
    assert!(matches!(declared.mode, SegmentMode::Declared));
    assert!(matches!(passive.mode, SegmentMode::Passive));
    assert_eq!(passive.ty, RefType::EXTERNREF);
    assert!(matches!(&passive.items, ElementItems::Exprs(items) if items.len() == 1));
    assert!(matches!(table1.mode, SegmentMode::Active { index: 1, .. }));
}

#[test]
fn bodies_lie_where_they_say() {
    let module = good("(module (func (local i32 i32 f32) (nop)) (func))");
    let bodies: Vec<_> = module.bodies.iter().map(|range| &module.bytes[range.clone()]).collect();
    assert_eq!(bodies, [&[2, 2, 0x7f, 1, 0x7d, 0x01, 0x0b][..], &[0, 0x0b][..]]);
}

#[test]
fn the_empty_module_is_valid() {
    let module = good("(module)");
    assert!(module.types.is_empty() && module.exports.is_empty() && module.bodies.is_empty());
    assert_eq!(&*module.bytes, b"\0asm\x01\0\0\0");
}

#[test]
fn invalid_modules_are_refused() {
    bad("(module (func (result i32)))", "type mismatch");
    bad("(module (func (i32.add (i32.const 1) (i64.const 1)) drop))", "type mismatch");
    bad("(module (func (local.get 0) drop))", "unknown local");
    bad("(module (func (br 1)))", "unknown label");
    bad("(module (func (call 7)))", "unknown function");
    bad("(module (func (drop (i32.load (i32.const 0)))))", "unknown memory");
    bad("(module (memory 0) (func (drop (i32.load align=8 (i32.const 0)))))", "alignment");
    bad("(module (global i32 (i64.const 0)))", "type mismatch");
    bad("(module (global i32 (i32.ctz (i32.const 0))))", "constant expression required");
    bad("(module (global i32 (global.get 0)))", "unknown global");
    bad("(module (memory 65537))", "memory size");
    bad("(module (memory 2 1))", "size minimum");
    bad("(module (table 2 1 funcref))", "size minimum");
    bad("(module (func) (export \"a\" (func 0)) (export \"a\" (func 0)))", "duplicate export name");
    bad("(module (func (param i32)) (start 0))", "start function");
    bad("(module (func) (func (drop (ref.func 0))))", "undeclared");
    bad("(module (global i32 (i32.const 0)) (func (global.set 0 (i32.const 1))))", "immutable");
}

#[test]
fn unsupported_features_are_refused() {
    bad("(module (type (cont 0)) (type (func)))", "stack switching");
    bad("(module (memory 1 shared))", "shared memory must have maximum size");
}

#[test]
fn supported_features_are_accepted() {
    good("(module (func (export \"f\") (return_call 0)) (table funcref (elem 0)))");
    good("(module (table 1 funcref) (func (return_call_indirect (i32.const 0))))");
    good("(module (func (result i32 i64) (i32.const 1) (i64.const 2)))");
    good("(module (func (param f32) (result i64) (i64.extend32_s (i64.trunc_sat_f32_u (local.get 0)))))");
    good("(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))");
    good("(module (import \"a\" \"b\" (global (mut i32))) (export \"b\" (global 0)))");
    good("(module (memory 65536 65536) (table 0 4294967295 funcref))");
    good(
        "(module (global (export \"g\") v128 (v128.const i64x2 1 2)) (func (param v128) (result v128) (local.get 0)))",
    );
    good("(module (@custom \"name\" \"\\ff\\ff\"))");
    good("(module (memory 1) (memory i64 1) (table i64 1 funcref) (memory 1 1 (pagesize 1)))");
    good("(module (import \"a\" \"t\" (tag (param i32))) (tag) (export \"t\" (tag 1)) (func (throw 1)))");
    good("(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))");
    good("(module (memory 1) (memory i64 1) (func (memory.copy 0 1 (i32.const 0) (i64.const 0) (i32.const 0))))");
}

#[test]
fn what_is_no_module_is_refused() {
    for (bytes, what) in [
        (&b""[..], "unexpected end"),
        (b"\0as", "unexpected end"),
        (b"\0asn\x01\0\0\0", "magic header"),
        (b"\0asm\x02\0\0\0", "version"),
        // The header of a component.
        (b"\0asm\x0d\0\x01\0", "component"),
        (b"\0asm\x01\0\0\0\x0e\0", "malformed section id"),
    ] {
        let error = Module::new(bytes).map(|_| ()).expect_err("no module");
        assert!(error.message().contains(what), "{error}, not {what}");
    }
}

/// A function with `locals` locals whose operand stack reaches `height`.
fn tall(locals: usize, height: usize) -> String {
    format!(
        "(module (func (param i64) (result i32) {} {} {}))",
        "(local f64)".repeat(locals),
        "(i32.const 1)".repeat(height),
        "(drop)".repeat(height - 1),
    )
}

#[test]
fn frames_are_addressable() {
    // 1 word of arguments, the frame's header and a callee's, locals, operands.
    let fixed = 1 + 2 * pirn_decode::layout::HEADER_WORDS;
    let most = pirn_decode::layout::MAX_FRAME_WORDS - fixed;
    good(&tall(1000, most - 1000));
    bad(&tall(1001, most - 1000), "function 0 needs a frame of 65536 words, more than the 65535 supported");
    bad(&tall(0, most + 1), "function 0");
    // Few bytes push many words if functions have many results.
    let wide = |calls: usize| {
        let (results, calls) = ("i64 ".repeat(1000), "(call 0)".repeat(calls));
        format!("(module (func (result {results}) unreachable) (func {calls} unreachable))")
    };
    good(&wide(65));
    bad(&wide(66), "function 1 needs a frame of 66006 words");
    // Nor do those that catch push little, and each has the exception in a word of its own: within each other, or after each other.
    let values = "i64 ".repeat(1000);
    let catching = |handlers: usize, inside: &str| {
        let within = (0..handlers).fold(inside.to_owned(), |inside, _| format!("try catch 0 {inside} unreachable end"));
        format!("(module (tag (param {values})) (func {within}))")
    };
    good(&catching(65, ""));
    bad(&catching(66, ""), "function 0 needs a frame of 66072 words");
    // Half of the locals are vectors, for no function has so many words of others.
    let deep = |handlers: usize, words: usize| {
        let within = "try catch_all ".repeat(handlers) + &"end ".repeat(handlers);
        let locals = "v128 ".repeat(20_000) + &"i64 ".repeat(words - 40_000);
        format!("(module (func (local {locals}) {within} try catch_all end))")
    };
    for handlers in [1, 4, 450, 2_000] {
        good(&deep(handlers, most + 1 - handlers));
        bad(&deep(handlers, most + 2 - handlers), "function 0 needs a frame of 65536 words");
    }
    // The number counts imports too.
    let text = tall(0, most + 1).replacen("(module", "(module (import \"\" \"\" (func)) (func)", 1);
    bad(&text, "function 2");
}

#[test]
fn a_vector_is_two_words_of_a_frame() {
    let fixed = 2 * pirn_decode::layout::HEADER_WORDS;
    let most = pirn_decode::layout::MAX_FRAME_WORDS - fixed;
    let vector = "(v128.const i64x2 1 2)";
    let function = |locals: usize, body: &str| format!("(module (func {} {body}))", "(local v128)".repeat(locals));
    // An odd number of words is left: one is over.
    good(&function(most / 2, ""));
    good(&function(most / 2 - 1, &format!("(drop {vector}) (drop (i32.const 1)) (drop (i32.const 1))")));
    bad(&function(most / 2 + 1, ""), "function 0 needs a frame of 65536 words, more than the 65535 supported");
    bad(&function(50_000, ""), "function 0 needs a frame of 100006 words");
    let tall = |what: &str, height: usize| what.repeat(height) + &"(drop)".repeat(height);
    good(&function(0, &tall(vector, most / 2)));
    bad(&function(0, &tall(vector, most / 2 + 1)), "function 0 needs a frame of 65536 words");
    good(&function(10_000, &tall(vector, most / 2 - 10_000)));
    bad(&function(10_000, &tall(vector, most / 2 - 9_999)), "function 0 needs a frame of 65536 words");
    // Numbers are counted as such, up to the first vector.
    good(&function(0, &(tall("(i32.const 1)", most) + &tall(vector, 1))));
    bad(&function(0, &(tall(vector, 1) + &tall("(i32.const 1)", most))), "function 0 needs a frame of 131064 words");
    // The parameters are words, and so are results.
    let parameters =
        |locals: usize| format!("(module (func (param {}) {}))", "v128 ".repeat(1000), "(local v128)".repeat(locals));
    good(&parameters(most / 2 - 1000));
    bad(&parameters(most / 2 - 999), "function 0 needs a frame of 65536 words");
    let wide = |calls: usize| {
        let (results, calls) = ("v128 ".repeat(999) + "i32", "(call 0)".repeat(calls));
        format!("(module (func (result {results}) unreachable) (func {calls} unreachable))")
    };
    good(&wide(32));
    bad(&wide(33), "function 1 needs a frame of 66006 words");
}

/// What every mutant must be: refused within its bytes, or a module whose ranges can be read.
fn survives(bytes: &[u8]) -> bool {
    match Module::new(bytes) {
        Ok(module) => {
            for range in module.bodies.iter().chain(module.data.iter().map(|data| &data.bytes)) {
                assert!(module.bytes.get(range.clone()).is_some());
            }
            assert_eq!(module.bodies.len(), module.funcs.len() - module.imported_funcs);
            assert_eq!(module.global_inits.len(), module.globals.len() - module.imported_globals);
            true
        }
        Err(error) => {
            assert!(error.offset() <= bytes.len() as u64, "{error}: {} bytes", bytes.len());
            assert!(!error.message().is_empty());
            false
        }
    }
}

const SEEDS: [&str; 3] = [
    RICH,
    "(module (memory 1) (table 4 funcref) (func $f (param i32) (result i64) (local f32 f64 i64)
        (block (loop (br_table 0 1 (local.get 0))))
        (if (result i64) (local.get 0)
            (then (i64.load offset=8 (i32.const 3)))
            (else (call_indirect (param i32) (result i64) (local.get 0) (i32.const 0)))))
        (elem (i32.const 0) $f))",
    "(module (global $g (mut externref) (ref.null extern))
        (func (export \"f\") (param externref i32) (result externref)
            (global.set $g (select (result externref) (local.get 0) (ref.null extern) (local.get 1)))
            (global.get $g)))",
];

#[test]
fn truncated_bytes_never_panic() {
    for seed in SEEDS {
        let bytes = wat::parse_str(seed).unwrap();
        assert!(survives(&bytes));
        for len in 0..bytes.len() {
            // A module may end after any section, so a prefix can be valid; it must only be coherent.
            survives(&bytes[..len]);
        }
    }
}

#[test]
fn mutated_bytes_never_panic() {
    // Knuth's MMIX generator: the same mutants on every machine.
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut valid, mut refused) = (0, 0);
    for seed in SEEDS {
        let bytes = wat::parse_str(seed).unwrap();
        for _ in 0..4000 {
            let mut mutant = bytes.clone();
            for _ in 0..=next(3) {
                let at = 8 + next(mutant.len() - 8);
                match next(4) {
                    0 => mutant[at] = next(256) as u8,
                    1 => mutant[at] ^= 1 << next(8),
                    2 => mutant.insert(at, [0, 1, 0x7f, 0x80, 0xff][next(5)]),
                    _ => drop(mutant.remove(at)),
                }
            }
            if survives(&mutant) { valid += 1 } else { refused += 1 }
        }
    }
    // Both ways are exercised.
    assert!(valid > 100 && refused > 1000, "{valid} valid, {refused} refused");
}

#[test]
fn functions_without_references_are_known() {
    let holds = |text: &str| {
        let module = good(text);
        let last = FuncIdx(module.funcs.len() as u32 - 1);
        pirn_decode::may_hold_references(&module, last).unwrap()
    };
    for (may_hold, func) in [
        (false, "(func)"),
        (false, "(func (param i32) (result i64) (local f32 f64 v128) (i64.const 0))"),
        // Nobody looks at what is called: some type of the module gives a reference.
        (true, "(func (drop (call_indirect (result i32) (i32.const 0))) (call $plain))"),
        (false, "(func (table.copy (i32.const 0) (i32.const 0) (i32.const 0)) (drop (table.size)))"),
        (false, "(func (table.init 0 (i32.const 0) (i32.const 0) (i32.const 0)) (elem.drop 0))"),
        (false, "(func (loop (br_if 0 (select (i32.const 1) (i32.const 2) (i32.const 3)))))"),
        (true, "(func (param funcref))"),
        (true, "(func (result externref) (unreachable))"),
        (true, "(func (local externref))"),
        (true, "(func (drop (ref.null func)))"),
        (true, "(func (drop (ref.func $plain)))"),
        (true, "(func (drop (table.get (i32.const 0))))"),
        (true, "(func (drop (global.get $g)))"),
        (true, "(func (drop (call $gives)))"),
        (true, "(func (drop (call_indirect (type $gives) (i32.const 0))))"),
    ] {
        let text = format!(
            "(module (type $gives (func (result funcref))) (import \"m\" \"f\" (func $gives (type $gives)))
                (table 1 funcref) (elem func $plain) (global $g (mut funcref) (ref.null func)) (func $plain) {func})"
        );
        assert_eq!(holds(&text), may_hold, "{func}");
    }
    // Without such types and globals, a call and a global give none.
    assert!(!holds(
        "(module (global $g i32 (i32.const 0)) (func $f (result i32) (global.get $g)) (func (drop (call $f))))"
    ));
}

/// A loop's parent is the loop around it, whatever blocks are between them, and whatever loops ended before it.
#[test]
fn loops_are_told_with_those_around_them() {
    let module = good(
        "(module (func (param i32)
            (loop (block (loop)) (if (local.get 0) (then (loop (loop))) (else (loop))) (block))
            (block (loop (block (br 0) (loop))))))",
    );
    let loops = Body::read(&module, FuncIdx(0)).unwrap().loops;
    let parents: Vec<_> = loops.iter().map(|one| one.parent).collect();
    assert_eq!(parents, [None, Some(0), Some(0), Some(2), Some(0), None, Some(5)]);
    for one in &loops {
        assert!(one.start < one.end);
        assert!(one.parent.is_none_or(|parent| loops[parent].start < one.start && one.end < loops[parent].end));
    }
}
