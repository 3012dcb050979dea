//! Modules made to take more memory than they may: what is read, lowered and instantiated is linear in the module, and what
//! an engine and its stores take afterwards is not their business.

use peak_alloc::PeakAlloc;
use pirn::*;
use std::process::Command;
use std::time::{Duration, Instant};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that `call` takes at its peak, over those there were.
fn peak(call: impl FnOnce()) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    call();
    MEMORY.peak_usage() - before
}

/// Unsigned LEB128 (spec 5.2.2).
fn leb(mut n: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (n & 0x7f) as u8;
        n >>= 7;
        if n == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A section of so many items.
fn section(id: u8, count: usize, items: &[u8]) -> Vec<u8> {
    let count = leb(count);
    [vec![id], leb(count.len() + items.len()), count, items.to_vec()].concat()
}

/// A module of these sections.
fn binary(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

/// Runs the body of the test called `name` in a process of its own, since what runs beside it would be counted.
fn alone(name: &str, body: fn()) {
    const ALONE: &str = "PIRN_TESTED_ALONE";
    if std::env::var_os(ALONE).is_some_and(|alone| alone == name) {
        return body();
    }
    let mut test = Command::new(std::env::current_exe().unwrap());
    let output = test.args(["--exact", name, "--nocapture"]).env(ALONE, name).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("test result: ok. 1 passed"), "{name} failed: {}", output.status);
}

#[test]
fn lowering_is_linear() {
    alone("lowering_is_linear", lowering);
}

#[test]
fn parsing_and_instantiating_is_linear() {
    alone("parsing_and_instantiating_is_linear", parsing_and_instantiating);
}

#[test]
fn first_calls_are_bounded() {
    alone("first_calls_are_bounded", first_calls);
}

/// Quadratic, each of these would take minutes.
#[test]
fn delegates_are_lowered_in_linear_time() {
    const MANY: usize = 100_000;
    let outwards = [&[TRY, NONE].repeat(MANY)[..], &[vec![DELEGATE], leb(0)].concat().repeat(MANY)].concat();
    let far = [
        &[TRY, NONE].repeat(MANY)[..],
        &[&[TRY, NONE, DELEGATE][..], &leb(MANY)].concat().repeat(MANY),
        &[END].repeat(MANY),
    ]
    .concat();
    let deep: Vec<u8> = (0..MANY).rev().flat_map(|label| [vec![DELEGATE], leb(label)].concat()).collect();
    let to_outermost = [&[TRY, NONE].repeat(MANY)[..], &deep].concat();
    for code in [outwards, far, to_outermost] {
        let mut config = Config::new();
        config.compilation_mode(CompilationMode::Eager).wasm_legacy_exceptions(true);
        let begin = Instant::now();
        Module::from_binary(&Engine::new(&config).unwrap(), &function(&code, 32)).unwrap();
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    }
}

#[test]
fn types_are_forgotten() {
    alone("types_are_forgotten", forgetting_types);
}

#[test]
fn what_is_too_large_is_not_copied() {
    alone("what_is_too_large_is_not_copied", copying_what_is_too_large);
}

/// Repetitions just past a power of two: vectors double.
const MANY: usize = (1 << 14) + 20;

/// Types 0 to 3: of nothing; of 32 parameters and results; of `most`; of `most` results.
fn types(most: usize) -> Vec<u8> {
    let ty = |params: usize, results: usize| {
        [vec![0x60], leb(params), vec![0x7f; params], leb(results), vec![0x7f; results]].concat()
    };
    section(1, 4, &[ty(0, 0), ty(32, 32), ty(most, most), ty(0, most)].concat())
}

/// A module of four functions: one exported as "f", with one local and this code, and one of each type above but the first.
/// Its types have `most` parameters and results at most.
fn function(code: &[u8], most: usize) -> Vec<u8> {
    let body = |locals: &[u8], code: &[u8]| {
        let body = [locals, code, &[END]].concat();
        [leb(body.len()), body].concat()
    };
    let bodies = [body(&[1, 1, 0x7f], code), body(&[0], &[UNREACHABLE]).repeat(3)].concat();
    binary(&[types(most), section(3, 4, &[0, 1, 2, 3]), section(7, 1, &[1, b'f', 0, 0]), section(10, 4, &bodies)])
}

// Opcodes (spec 5.4), and block types: of no values, and of type 1 above.
const UNREACHABLE: u8 = 0x00;
const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;
const IF: u8 = 0x04;
const ELSE: u8 = 0x05;
const END: u8 = 0x0b;
const TRY: u8 = 0x06;
const DELEGATE: u8 = 0x18;
const BR_IF: u8 = 0x0d;
const BR_TABLE: u8 = 0x0e;
const CALL: u8 = 0x10;
const EQZ: u8 = 0x45;
const NONE: u8 = 0x40;
const WIDE: u8 = 1;
const GET: [u8; 2] = [0x20, 0];
/// A value that waits below.
const WAITS: [u8; 2] = [0x41, 7];

/// A construct: how it begins and ends, and the most bytes that parsing and lowering it take for one of its own, nested and
/// in sequence. `wide` ones take 32 values.
struct Construct {
    name: &'static str,
    begin: &'static [u8],
    end: &'static [u8],
    wide: bool,
    nested: usize,
    in_sequence: usize,
}

const CONSTRUCTS: [Construct; 11] = [
    Construct { name: "block", begin: &[BLOCK, NONE], end: &[END], wide: false, nested: 138, in_sequence: 10 },
    Construct { name: "loop", begin: &[LOOP, NONE], end: &[END], wide: false, nested: 145, in_sequence: 15 },
    Construct { name: "if", begin: &[0x20, 0, IF, NONE], end: &[END], wide: false, nested: 128, in_sequence: 18 },
    Construct {
        name: "if else",
        begin: &[0x20, 0, IF, NONE, ELSE],
        end: &[END],
        wide: false,
        nested: 79,
        in_sequence: 21,
    },
    Construct {
        name: "if then else",
        begin: &[0x20, 0, IF, NONE],
        end: &[ELSE, END],
        wide: false,
        nested: 109,
        in_sequence: 21,
    },
    Construct {
        name: "br_if out",
        begin: &[BLOCK, NONE, 0x20, 0, BR_IF, 0],
        end: &[END],
        wide: false,
        nested: 71,
        in_sequence: 16,
    },
    Construct {
        name: "br_if back",
        begin: &[LOOP, NONE],
        end: &[0x20, 0, BR_IF, 0, END],
        wide: false,
        nested: 70,
        in_sequence: 19,
    },
    Construct { name: "wide block", begin: &[BLOCK, WIDE], end: &[END], wide: true, nested: 138, in_sequence: 10 },
    Construct { name: "wide loop", begin: &[LOOP, WIDE], end: &[END], wide: true, nested: 145, in_sequence: 15 },
    Construct {
        name: "wide if",
        begin: &[0x20, 0, IF, WIDE],
        end: &[ELSE, END],
        wide: true,
        nested: 78,
        in_sequence: 21,
    },
    Construct {
        name: "wide br_if",
        begin: &[BLOCK, WIDE, 0x20, 0, BR_IF, 0],
        end: &[END],
        wide: true,
        nested: 68,
        in_sequence: 16,
    },
];

impl Construct {
    /// So many, `deep` within each other at most.
    fn code(&self, count: usize, deep: usize) -> Vec<u8> {
        let group = |n| [self.begin.repeat(n), self.end.repeat(n)].concat();
        let groups = [group(deep).repeat(count / deep), group(count % deep)].concat();
        if self.wide { [GET.repeat(32), groups, vec![UNREACHABLE]].concat() } else { groups }
    }
}

/// Straight code that is dear, of about so many bytes; and the most bytes that parsing and lowering take for one of it.
/// With `wide` values of 1,000 instead of 32.
fn straight(size: usize, wide: bool) -> [(&'static str, Vec<u8>, usize); 6] {
    let (values, ty): (usize, &[u8]) = if wide { (1000, &[2]) } else { (32, &[WIDE]) };
    let values = GET.repeat(values);
    let end = [UNREACHABLE];
    let repeat = |code: &[u8]| code.repeat(size / code.len());
    // Something waits below all the time.
    let block = [&WAITS, &values[..], &[BLOCK], ty, &WAITS, &values].concat();
    let targets = size / 2;
    [
        ("calls", [&WAITS, &values[..], &repeat(&[&[CALL], ty].concat()), &end].concat(), 37),
        ("arms", [&WAITS, &values[..], &repeat(&[&GET[..], &[IF], ty, &[ELSE, END]].concat()), &end].concat(), 33),
        ("tests", [&GET[..], &repeat(&[EQZ]), &end].concat(), 31),
        ("moves", [&block[..], &repeat(&[&GET[..], &[BR_IF, 0]].concat()), &[UNREACHABLE, END], &end].concat(), 45),
        ("targets", [&block[..], &GET, &[BR_TABLE], &leb(targets), &vec![0; targets + 1], &[END], &end].concat(), 58),
        ("sets", [&values[..], &repeat(&[&GET[..], &[0x21, 0]].concat()), &end].concat(), 30),
    ]
}

/// Bytes that all functions of `wasm` take when they are lowered, for one of the module.
fn bytes_for_one(wasm: &[u8]) -> usize {
    let engine = Engine::new(Config::new().compilation_mode(CompilationMode::Eager).consume_fuel(true)).unwrap();
    // The handler table is made once.
    Module::from_binary(&engine, b"\0asm\x01\0\0\0").unwrap();
    peak(|| drop(Module::from_binary(&engine, wasm).unwrap())).div_ceil(wasm.len())
}

fn lowering() {
    for construct in &CONSTRUCTS {
        let name = construct.name;
        for (how, deep, most) in [("nested", MANY, construct.nested), ("in sequence", 1, construct.in_sequence)] {
            let bytes = bytes_for_one(&function(&construct.code(MANY, deep), 1000));
            println!("{name} {how}: {bytes} bytes for one of the module");
            assert!(bytes <= most, "{name} {how}: {bytes} bytes for one of the module, more than {most}");
        }
    }
    for (name, code, most) in straight(40_000, true) {
        let bytes = bytes_for_one(&function(&code, 1000));
        println!("{name}: {bytes} bytes for one of the module");
        assert!(bytes <= most, "{name}: {bytes} bytes for one of the module, more than {most}");
    }
    let bytes = bytes_for_one(&stubs());
    println!("stubs: {bytes} bytes for one of the module");
    assert!(bytes <= STUBS, "stubs: {bytes} bytes for one of the module");
}

/// Most bytes for one of [`stubs`].
const STUBS: usize = 19;

/// Tables of branches that move 1,000 values each.
fn stubs() -> Vec<u8> {
    let types = "i32 ".repeat(1000);
    let labels = (1..=100).map(|label| format!("{label} ")).collect::<String>();
    let tables = format!("(block i32.const 7 call $g local.get 0 br_table {labels} 1) ").repeat(100);
    let wat = format!(
        "(module (func $g (result {types}) unreachable) (func (param i32) (result {types}) {} {tables} unreachable {}))",
        format!("(block (result {types}) ").repeat(100),
        ")".repeat(100)
    );
    wat::parse_str(wat).unwrap()
}

/// Most bytes that the first call of a function takes under `Config::untrusted`, to lower it, beside the module.
const FIRST_CALL: usize = 18_200_000;

/// The first call of a function as large as it may be, without fuel to run it.
fn first_calls() {
    /// Less than the limit by what stands around the code.
    const SIZE: usize = (512 << 10) - 1_000;
    let engine = Engine::new(&Config::untrusted()).unwrap();
    let mut cases: Vec<_> = straight(SIZE, false).map(|(name, code, _)| (name.to_owned(), code)).into();
    for construct in &CONSTRUCTS {
        let count = SIZE / (construct.begin.len() + construct.end.len());
        cases.push((format!("{} nested", construct.name), construct.code(count, 10_000)));
        cases.push((format!("{} in sequence", construct.name), construct.code(count, 1)));
    }
    for (name, code) in cases {
        let module =
            Module::from_binary(&engine, &function(&code, 32)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut store = Store::new(&engine, ());
        let f = Instance::new(&mut store, &module, &[]).unwrap().get_func(&store, "f").unwrap();
        let bytes = peak(|| _ = f.call(&mut store, &[], &mut []));
        println!("{name}: {bytes} bytes for the first call");
        assert!(bytes <= FIRST_CALL, "{name}: {bytes} bytes for the first call, more than {FIRST_CALL}");
    }
}

/// Many of whatever takes few bytes to declare: as many as just pass a power of two, since vectors double.
fn parsing_and_instantiating() {
    let n = 16_400;
    // Segments and globals are dearest at other counts.
    let (segments, globals) = (65_600, 1_000_000);
    let repeat = |id, item: &[u8]| section(id, n, &item.repeat(n));
    let repeated = |id, n, item: &[u8]| section(id, n, &item.repeat(n));
    let nothing = section(1, 1, &[0x60, 0, 0]);
    let func = section(3, 1, &[0]);
    let code = section(10, 1, &[2, 0, 0x0b]);
    let table = section(4, 1, &[0x70, 0, 0]);
    // `(import "" "" ...)` and exports of four letters.
    let letters = |i: usize| [0, 1, 2, 3].map(|at| b'a' + (i >> (4 * at) & 15) as u8);
    let exports: Vec<u8> = (0..n).flat_map(|i| [&[4][..], &letters(i), &[0, 0]].concat()).collect();
    let types: Vec<u8> = (0..n)
        .flat_map(|i| {
            [&[0x60, 8][..], &[0, 1, 2, 3, 4, 5, 6, 7].map(|at| 0x7c + (i >> (2 * at) & 3) as u8), &[0]].concat()
        })
        .collect();
    let elements = section(9, 1, &[&[1, 0][..], &leb(n), &vec![0; n]].concat());
    let exprs = section(9, 1, &[&[5, 0x70][..], &leb(n), &[0xd0, 0x70, 0x0b].repeat(n)].concat());
    let (one_memory, global) = (section(5, 1, &[0, 0]), [0x7f, 0, 0x41, 0, 0x0b]);
    let functions = [nothing.clone(), func.clone(), table.clone()].concat();
    // Name, most bytes to make it and for each instance, for one of the module, and the module.
    let cases = [
        ("types", 139, 2, binary(&[repeat(1, &[0x60, 0, 0])])),
        ("different types", 52, 2, binary(&[section(1, n, &types)])),
        ("imported functions", 62, 12, binary(&[nothing.clone(), repeat(2, &[0, 0, 0, 0])])),
        ("functions", 32, 6, binary(&[nothing.clone(), repeat(3, &[0]), repeat(10, &[2, 0, 0x0b])])),
        ("tables", 45, 53, binary(&[repeated(4, 10_000, &[0x70, 0, 0])])),
        ("globals", 25, 16, binary(&[repeat(6, &global)])),
        ("a million globals", 15, 13, binary(&[repeated(6, globals, &global)])),
        ("exports", 29, 2, binary(&[nothing.clone(), func.clone(), section(7, n, &exports), code.clone()])),
        ("passive element segments", 28, 12, binary(&[table.clone(), repeat(9, &[1, 0, 0])])),
        ("active element segments", 18, 8, binary(&[table.clone(), repeat(9, &[0, 0x41, 0, 0x0b, 0])])),
        (
            "passive segments of one element",
            23,
            12,
            binary(&[functions.clone(), repeated(9, segments, &[1, 0, 1, 0]), code.clone()]),
        ),
        (
            "passive segments of one expression",
            21,
            8,
            binary(&[functions.clone(), repeated(9, segments, &[5, 0x70, 1, 0xd2, 0, 0x0b]), code.clone()]),
        ),
        ("elements", 7, 10, binary(&[functions, elements, code.clone()])),
        ("element expressions", 13, 4, binary(&[table, exprs])),
        ("data segments", 31, 10, binary(&[one_memory.clone(), repeat(11, &[1, 0])])),
        ("active data segments", 14, 5, binary(&[one_memory, repeat(11, &[0, 0x41, 0, 0x0b, 0])])),
        ("locals", 21, 4, binary(&[nothing, repeat(3, &[0]), repeat(10, &[6, 1, 0xd0, 0x86, 3, 0x7f, 0x0b])])),
    ];
    // The handler table is made once, when something is lowered.
    let engine = Engine::new(Config::new().compilation_mode(CompilationMode::Eager)).unwrap();
    Module::new(&engine, "(module (func))").unwrap();
    for (name, most, most_instantiated, wasm) in cases {
        let mut config = Config::new();
        config.compilation_mode(CompilationMode::Eager).limits(StoreLimitsBuilder::new().tables(n * 2).build());
        let engine = Engine::new(&config).unwrap();
        // Without imports there would be nothing to instantiate it with.
        let mut linker = Linker::<()>::new(&engine);
        linker.func_wrap("", "", || {}).unwrap();
        // Its value stack and the like.
        let mut store = Store::new(&engine, ());
        let (mut module, mut made, mut instantiated) = (None, 0, 0);
        made += peak(|| {
            module = Some(Module::from_binary(&engine, &wasm).unwrap_or_else(|error| panic!("{name}: {error}")))
        });
        let module = module.unwrap();
        for _ in 0..3 {
            // What stays of each, too.
            let peak =
                peak(|| _ = linker.instantiate(&mut store, &module).unwrap_or_else(|error| panic!("{name}: {error}")));
            instantiated = peak.max(instantiated);
        }
        let (made, instantiated) = (made.div_ceil(wasm.len()), instantiated.div_ceil(wasm.len()));
        println!("{name}: {made} bytes for one of the module, {instantiated} for each instance");
        assert!(made <= most, "{name} take {made} bytes for one of the module, more than {most}");
        assert!(
            instantiated <= most_instantiated,
            "{name} take {instantiated} bytes for one of the module for an instance, more than {most_instantiated}"
        );
    }
}

/// After a module of very many types, an engine holds nothing of them, and stores are as cheap as before; also while
/// another module that was made later lives.
fn forgetting_types() {
    let engine = Engine::default();
    let n = 30_000;
    let hostile = |salt: u8| {
        let ty = |i: usize| {
            let mut ty = [0x60, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, salt, 0];
            (0..9).for_each(|at| ty[2 + at] = 0x7c + (i >> (2 * at) & 3) as u8);
            ty
        };
        binary(&[section(1, n, &(0..n).flat_map(ty).collect::<Vec<u8>>())])
    };
    let benign = wat::parse_str(
        "(module (func (export \"f\") (param f64 i64 i64 f64 f32 f64 i64 i64 i64 i64 f32 f32 f32) (result i64) (i64.const 1)))",
    )
    .unwrap();
    let params: Vec<_> = [
        Val::from(0f64),
        Val::I64(0),
        Val::I64(0),
        Val::from(0f64),
        Val::from(0f32),
        Val::from(0f64),
        Val::I64(0),
        Val::I64(0),
        Val::I64(0),
        Val::I64(0),
        Val::from(0f32),
        Val::from(0f32),
        Val::from(0f32),
    ]
    .into();
    let store = |module: &Module| {
        peak(|| {
            let mut store = Store::new(&engine, ());
            let f = Instance::new(&mut store, module, &[]).unwrap().get_func(&store, "f").unwrap();
            f.call(&mut store, &params, &mut [Val::I64(0)]).unwrap();
        })
    };
    // The machine of the first store serves the later ones.
    let first = Module::new(&engine, &benign).unwrap();
    store(&first);
    let cheap = store(&first);
    drop(first);
    let before = MEMORY.current_usage();
    let one = Module::from_binary(&engine, &hostile(0x7c)).unwrap();
    let late = Module::new(&engine, &benign).unwrap();
    assert_eq!(engine.function_types(), n + 1);
    // The first call lowers the function.
    store(&late);
    assert_eq!(store(&late), cheap);
    drop(one);
    assert_eq!(engine.function_types(), 1);
    let dear = store(&late);
    drop(late);
    assert_eq!(dear, cheap);
    // Modules come and go.
    for salt in [0x7d, 0x7e, 0x7f] {
        drop(Module::from_binary(&engine, &hostile(salt)).unwrap());
    }
    let left = MEMORY.current_usage() - before;
    println!("{cheap} bytes for a store, {left} left of {n} types");
    assert!(left < 100_000, "{left} bytes are left of {n} types");
}

/// A binary that is larger than the engine takes is refused before it is copied.
fn copying_what_is_too_large() {
    let engine = Engine::new(&Config::untrusted()).unwrap();
    let mut wasm = binary(&[]);
    wasm.resize(16 << 20, 0);
    let refused = |made: Result<Module>| assert!(made.unwrap_err().to_string().contains("more than the 8388608"));
    let taken = peak(|| {
        refused(Module::new(&engine, &wasm));
        refused(Module::from_binary(&engine, &wasm));
    });
    assert!(taken < 64 << 10, "{taken} bytes");
}

/// The validator bounds the clauses of a `try_table`; so does the check that most bodies pass instead.
#[test]
fn as_many_clauses_as_the_validator_takes() {
    for objects in ["", "(type (struct))"] {
        for (count, is_valid) in [(1_000, true), (1_001, true), (10_000, true), (10_001, false)] {
            let clauses = "(catch_all 0)".repeat(count);
            let text = format!("(module {objects} (func (block (try_table {clauses}))))");
            assert_eq!(Module::new(&Engine::default(), text).is_ok(), is_valid, "{objects} {count}");
        }
    }
}
