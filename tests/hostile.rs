//! Modules made to take more memory than they may: what is read, lowered and instantiated is linear in the module, and what
//! an engine and its stores take afterwards is not their business.

use peak_alloc::PeakAlloc;
use pirn::*;

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

/// Bytes that all functions of `wat` take, when they are lowered, for one of the module.
fn bytes_for_one(wat: &str) -> usize {
    let engine = Engine::new(Config::new().compilation_mode(CompilationMode::Eager)).unwrap();
    // The handler table is made once.
    Module::new(&engine, "(module (func))").unwrap();
    let wasm = wat::parse_str(wat).unwrap();
    peak(|| drop(Module::new(&engine, &wasm).unwrap())) / wasm.len()
}

/// One test: what runs beside it would be counted.
#[test]
fn memory_is_linear() {
    lowering();
    parsing_and_instantiating();
    types_are_forgotten();
}

fn lowering() {
    let (types, values) = ("i32 ".repeat(1000), "(local.get 0)".repeat(1000));
    // Something waits below all the time.
    let below = "i32.const 7 ";
    let wide = format!("(type $t (func (param {types}) (result {types}))) (func $f (type $t) unreachable)");
    let function = |body: &str| format!("(module {wide} (func (param i32) {below} {body} unreachable))");
    let calls = function(&format!("{values} {}", "call $f ".repeat(20_000)));
    let arms = function(&format!("{values} {}", "local.get 0 if (type $t) else end ".repeat(5_000)));
    let tests = function(&format!("i32.const 1 {}", "i32.eqz ".repeat(200_000)));
    let moves = function(&format!(
        "(block (result {types}) {below} {values} {} unreachable) unreachable",
        "local.get 0 br_if 0 ".repeat(10_000)
    ));
    let labels = (1..=100).map(|label| format!("{label} ")).collect::<String>();
    let tables = format!("(block {below} call $g local.get 0 br_table {labels} 1) ").repeat(100);
    let tables = format!(
        "(module (func $g (result {types}) unreachable) (func (param i32) (result {types}) {} {tables} unreachable {}))",
        format!("(block (result {types}) ").repeat(100),
        ")".repeat(100)
    );
    for (name, wat) in [("calls", calls), ("arms", arms), ("tests", tests), ("moves", moves), ("tables", tables)] {
        let bytes = bytes_for_one(&wat);
        println!("{name}: {bytes} bytes for one of the module");
        assert!(bytes < 200, "{name} take {bytes} bytes for one of the module");
    }
}

/// Many of whatever takes few bytes to declare: as many as just pass a power of two, since vectors double.
fn parsing_and_instantiating() {
    let n = 16_400;
    let repeat = |id, item: &[u8]| section(id, n, &item.repeat(n));
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
    let cases = [
        ("types", binary(&[repeat(1, &[0x60, 0, 0])])),
        ("different types", binary(&[section(1, n, &types)])),
        ("imported functions", binary(&[nothing.clone(), repeat(2, &[0, 0, 0, 0])])),
        ("functions", binary(&[nothing.clone(), repeat(3, &[0]), repeat(10, &[2, 0, 0x0b])])),
        ("tables", binary(&[section(4, 10_000, &[0x70, 0, 0].repeat(10_000))])),
        ("globals", binary(&[repeat(6, &[0x7f, 0, 0x41, 0, 0x0b])])),
        ("exports", binary(&[nothing.clone(), func.clone(), section(7, n, &exports), code.clone()])),
        ("passive element segments", binary(&[table.clone(), repeat(9, &[1, 0, 0])])),
        ("active element segments", binary(&[table.clone(), repeat(9, &[0, 0x41, 0, 0x0b, 0])])),
        (
            "elements",
            binary(&[
                nothing.clone(),
                func.clone(),
                table.clone(),
                section(9, 1, &[&[1, 0][..], &leb(n), &vec![0; n]].concat()),
                code.clone(),
            ]),
        ),
        (
            "element expressions",
            binary(&[table, section(9, 1, &[&[5, 0x70][..], &leb(n), &[0xd0, 0x70, 0x0b].repeat(n)].concat())]),
        ),
        ("data segments", binary(&[section(5, 1, &[0, 0]), repeat(11, &[1, 0])])),
        ("active data segments", binary(&[section(5, 1, &[0, 0]), repeat(11, &[0, 0x41, 0, 0x0b, 0])])),
        ("locals", binary(&[nothing, repeat(3, &[0]), repeat(10, &[6, 1, 0xd0, 0x86, 3, 0x7f, 0x0b])])),
    ];
    for (name, wasm) in cases {
        let engine = Engine::new(Config::new().compilation_mode(CompilationMode::Eager)).unwrap();
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
        instantiated +=
            peak(|| _ = linker.instantiate(&mut store, &module).unwrap_or_else(|error| panic!("{name}: {error}")));
        let (made, instantiated) = (made / wasm.len(), instantiated / wasm.len());
        println!("{name}: {made} bytes for one of the module, {instantiated} for each instance");
        assert!(made < 200 && instantiated < 200, "{name} take {made} and {instantiated} bytes for one of the module");
    }
}

/// After a module of very many types, an engine holds nothing of them, and stores are as cheap as before; also while
/// another module that was made later lives.
fn types_are_forgotten() {
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
