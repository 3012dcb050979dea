//! `memory.fill` and `memory.copy` with every kind of operand, of every length around which they are done differently, with
//! ranges that overlap either way and that end where the memory does, compared with the standard library's.

use pirn::*;
use std::fmt::Write;

const LENGTHS: [u32; 24] =
    [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 63, 64, 65, 128, 1000, 70_000];

/// Where constants point, and parameters in turn.
const PLACES: [[u32; 2]; 6] = [[100, 100], [100, 101], [109, 100], [100, 130], [163, 100], [70_500, 100]];

const END: u32 = 3 << 16;

/// An operand: a parameter, a constant, or something computed just before, which is in the accumulator.
fn operand(kind: usize, param: u32, constant: u32) -> String {
    match kind {
        0 => format!("(local.get {param})"),
        1 => format!("(i32.const {constant})"),
        _ => format!("(i32.xor (local.get {param}) (local.get 3))"),
    }
}

fn name(copies: bool, kinds: [usize; 3], length: u32) -> String {
    format!("{copies} {kinds:?} {length}")
}

/// Every kind of each operand.
fn all_kinds() -> impl Iterator<Item = [usize; 3]> {
    (0..27).map(|i| [i / 9, i / 3 % 3, i % 3])
}

fn module() -> String {
    let mut wat = String::from("(module (memory (export \"memory\") 3)");
    for length in LENGTHS {
        for kinds in all_kinds() {
            for (operator, copies) in [("memory.fill", false), ("memory.copy", true)] {
                let [a, b, n] = [(0, 100), (1, 109), (2, length)].map(|(param, constant)| (param, constant));
                let operands =
                    [operand(kinds[0], a.0, a.1), operand(kinds[1], b.0, b.1), operand(kinds[2], n.0, n.1)].join(" ");
                // Something that may trap waits below, and something comes behind that reads what was written.
                write!(
                    wat,
                    "(func (export \"{}\") (param i32 i32 i32 i32) (result i32)
                        (i32.add (i32.load8_u (i32.const 100)) (block (result i32) ({operator} {operands}) (i32.load8_u (i32.const 100)))))\n",
                    name(copies, kinds, length)
                )
                .unwrap();
            }
        }
    }
    wat + ")"
}

#[test]
fn they_do_what_the_standard_library_does() {
    let wasm = wat::parse_str(module()).unwrap();
    for (fuse, metered) in [(true, false), (false, false), (true, true)] {
        let engine = Engine::new(Config::new().fuse(fuse).consume_fuel(metered)).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let mut store = Store::new(&engine, ());
        if metered {
            store.set_fuel(u64::MAX).unwrap();
        }
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let mut model: Vec<u8> = (0..END).map(|i| ((i * 7) >> 3) as u8).collect();
        memory.write(&mut store, 0, &model).unwrap();
        for length in LENGTHS {
            for kinds in all_kinds() {
                for copies in [false, true] {
                    let name = name(copies, kinds, length);
                    let func = instance.get_typed_func::<(i32, i32, i32, i32), i32>(&store, &name).unwrap();
                    for [to, from] in
                        PLACES.into_iter().chain([[END - length, 7], [7, END - length], [END - length + 1, 7]])
                    {
                        let (a, b) = (if kinds[0] == 1 { 100 } else { to }, if kinds[1] == 1 { 109 } else { from });
                        let before = model[100];
                        let (a, b, n) = (a as usize, b as usize, length as usize);
                        let fits = a + n <= model.len() && (!copies || b + n <= model.len());
                        if fits && copies {
                            model.copy_within(b..b + n, a);
                        } else if fits {
                            model[a..a + n].fill(b as u8);
                        }
                        let result = func.call(&mut store, (to as i32, from as i32, length as i32, 0));
                        if fits {
                            let sum = i32::from(before) + i32::from(model[100]);
                            assert_eq!(result.unwrap(), sum, "{name} {to} {from}");
                        } else {
                            assert_eq!(result.unwrap_err().trap(), Some(Trap::MemoryOutOfBounds), "{name} {to} {from}");
                        }
                        // The whole memory is compared where the least was written.
                        let around = if n < 100 { 0..1000 } else { 0..model.len() };
                        assert!(memory.data(&store)[around.clone()] == model[around], "{name} {to} {from}");
                    }
                }
            }
        }
        assert!(memory.data(&store) == model);
    }
}

#[test]
fn addresses_do_not_wrap_around() {
    let engine = Engine::default();
    let wat = r#"(module (memory 1)
        (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 1) (local.get 1)))
        (func (export "copy to") (param i32 i32) (memory.copy (local.get 0) (i32.const 1) (local.get 1)))
        (func (export "copy from") (param i32 i32) (memory.copy (i32.const 1) (local.get 0) (local.get 1))))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &Module::new(&engine, wat).unwrap(), &[]).unwrap();
    for name in ["fill", "copy to", "copy from"] {
        let func = instance.get_typed_func::<(i32, i32), ()>(&store, name).unwrap();
        for (start, bytes) in [(-1, 1), (-1, 2), (-1, -1), (1, -1), (-4, 8), (65_536, 1), (65_537, 0), (65_535, 2)] {
            let error = func.call(&mut store, (start, bytes)).unwrap_err();
            assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds), "{name} {start} {bytes}");
        }
        func.call(&mut store, (65_536, 0)).unwrap();
    }
}
