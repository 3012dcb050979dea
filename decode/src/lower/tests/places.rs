//! Places where execution stands still: the same whatever lowering makes of a function, and of the types that validation says.

use super::machine::Machine;
use crate::code_map::Lowered;
use crate::frame_types::{Bodies, FrameTypes};
use crate::instruction::Instruction;
use crate::layout::FrameLayout;
use crate::lower::place::{Operand, Place, Source, Stand};
use crate::lower::read::Reader;
use crate::lower::target::Options;
use crate::{Features, FuncIdx, Module, TypeId, ValType};
use std::collections::HashMap;
use std::fmt::Write;

const FUSED: Options = Options { fuse: true, fuel: false, epochs: false, deterministic: false };
const UNFUSED: Options = Options { fuse: false, ..FUSED };

/// Fused and not, metered, with deadlines, with both.
const WAYS: [Options; 6] = [
    FUSED,
    UNFUSED,
    Options { fuel: true, ..FUSED },
    Options { fuel: true, ..UNFUSED },
    Options { epochs: true, ..FUSED },
    Options { fuel: true, epochs: true, ..FUSED },
];

/// The last function of `wat`.
fn last(module: &Module) -> FuncIdx {
    module.own_funcs().last().expect("a function")
}

fn module(wat: &str) -> Module {
    Module::new(wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}"))).unwrap()
}

/// What a way of lowering says of the places of a function at these offsets, and the types there.
struct Told<'m> {
    module: &'m Module,
    type_ids: Vec<TypeId>,
    bodies: Bodies,
    machine: Machine,
}

impl<'m> Told<'m> {
    fn of(module: &'m Module) -> Self {
        let type_ids = (0..).map(TypeId).take(module.types.len()).collect();
        let bodies = Bodies::new(module, Features::default()).unwrap();
        let shapes = ["MemoryFill<S<u32>, S<u32>, S<u32>>", "SetHigh<Bin<I64MulWideU, S<u64>, S<u64>>>"];
        Self { module, type_ids, bodies, machine: Machine::with(&shapes) }
    }

    fn lowered(&self, options: Options) -> Lowered<'_, Machine> {
        let (module, type_ids, target) = (self.module, &self.type_ids[..], &self.machine);
        Lowered { module, type_ids, funcidx: last(module), options, target }
    }

    fn types(&self, stand: Stand, offset: u32) -> Option<FrameTypes> {
        let key = (stand, offset);
        self.bodies.types_of(self.module, last(self.module), &HashMap::from([(key, None)])).unwrap().remove(&key)
    }

    /// The place, which is found by its position as well.
    fn place(&self, options: Options, stand: Stand, offset: u32) -> Option<Place> {
        let lowered = self.lowered(options);
        let place = lowered.places_of([(stand, offset)].into()).unwrap().remove(&(stand, offset))?;
        let at = (place.position, stand == Stand::Call);
        let found = lowered.places_at([at].into()).unwrap().remove(&at).expect("it is there");
        // Of several in one position another may be found.
        assert_eq!(found.position, place.position);
        if stand == Stand::Call {
            assert_eq!(found, place);
        }
        Some(place)
    }

    /// All that stand so, by their offsets.
    fn all(&self, options: Options, stand: Stand) -> HashMap<u32, Place> {
        let end = self.module.body(last(self.module)).end;
        let mut reader = Reader::new(&self.module.bytes[..end], self.entry() as usize);
        let mut all = HashMap::new();
        while !reader.is_done() {
            let offset = reader.position() as u32;
            let instruction;
            (instruction, reader) = reader.skip();
            let stands = match instruction {
                Instruction::Call | Instruction::CallIndirect => Stand::Call,
                Instruction::Loop => Stand::Loop,
                Instruction::MemoryGrow | Instruction::MemoryFill => Stand::Before,
                _ => continue,
            };
            if stands == stand
                && let Some(place) = self.place(options, stand, offset)
            {
                all.insert(offset, place);
            }
        }
        all
    }
}

/// The slots that values of these types own, from `first` on.
fn slots(types: &[ValType], mut first: usize) -> Vec<(u16, bool)> {
    let own = |ty: &ValType| {
        let slot = (first as u16, *ty == ValType::V128);
        first += ty.words();
        slot
    };
    types.iter().map(own).collect()
}

/// A generator of bodies: of numbers that follow each other.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// An expression that gives an i32, an f64 or a vector.
    fn value(&mut self, ty: &str, depth: usize) -> String {
        if depth == 0 {
            return match (ty, self.below(3)) {
                ("i32", 0) => format!("(i32.const {})", self.below(100)),
                ("f64", 0) => format!("(f64.const {})", self.below(100)),
                ("v128", 0) => format!("(v128.const i64x2 {} 7)", self.below(100)),
                ("i32", _) => format!("(local.get $i{})", self.below(2)),
                ("f64", _) => format!("(local.get $f{})", self.below(2)),
                _ => format!("(local.get $v{})", self.below(2)),
            };
        }
        let mut kid = |ty: &str| self.value(ty, depth - 1);
        let (a, b, c) = (kid(ty), kid(ty), kid("i32"));
        match (self.below(9), ty) {
            (0 | 1, "i32") => format!("(call $i {a} {b})"),
            (0, "f64") => format!("(call $f {a} {c})"),
            (0, _) => format!("(call $v {c} {a})"),
            (2, "i32") => format!("(call_indirect (type $binary) {a} {b} {c})"),
            (3, _) => format!("(if (result {ty}) {c} (then {a}) (else {b}))"),
            (4, _) => format!("(select {a} {b} {c})"),
            (5, "i32") => format!("(memory.grow {a})"),
            (6, "i32") => format!("(block (result i32) (memory.fill {a} {b} {c}) {b})"),
            (7, "i32") => format!("(local.tee $i{} {a})", self.below(2)),
            (8, _) => format!("(loop (result {ty}) (br_if 0 {c}) {a})"),
            (_, "i32") => format!("(i32.sub {a} {b})"),
            (_, "f64") => format!("(f64.mul {a} {b})"),
            _ => format!("(v128.xor {a} {b})"),
        }
    }

    fn module(&mut self) -> String {
        let mut wat = String::from(
            "(module (type $binary (func (param i32 i32) (result i32)))
            (import \"m\" \"i\" (func $i (param i32 i32) (result i32)))
            (import \"m\" \"f\" (func $f (param f64 i32) (result f64)))
            (import \"m\" \"v\" (func $v (param i32 v128) (result v128)))
            (memory 1) (table 1 funcref)
            (func (param $i0 i32) (param $v0 v128) (param $f0 f64) (result i32 f64 v128)
                (local $f1 f64) (local $i1 i32) (local $v1 v128)\n",
        );
        for ty in ["i32", "f64", "v128"] {
            let (depth, drops) = (1 + self.below(4) as usize, self.below(2));
            if drops == 0 {
                writeln!(wat, "(drop {})", self.value(ty, depth)).unwrap();
            }
        }
        for ty in ["i32", "f64", "v128"] {
            let depth = 1 + self.below(4) as usize;
            writeln!(wat, "{}", self.value(ty, depth)).unwrap();
        }
        wat + "))"
    }
}

#[test]
fn every_lowering_has_the_same_calls_and_loops_with_the_same_values() {
    let mut counts = HashMap::<_, usize>::new();
    for seed in 0..if cfg!(debug_assertions) { 60 } else { 400 } {
        let wat = Random(seed).module();
        let module = module(&wat);
        let told = Told::of(&module);
        let first = {
            let entry = told.types(Stand::Entry, told.entry()).expect("an entry");
            let params = module.func_type(last(&module)).params().len();
            let words: usize = entry.locals[params..].iter().map(|ty| ty.words()).sum();
            FrameLayout::of(module.func_type(last(&module))).locals() + words
        };
        for stand in [Stand::Call, Stand::Loop, Stand::Before] {
            let places: Vec<_> = WAYS.iter().map(|&options| (options, told.all(options, stand))).collect();
            for (options, found) in &places {
                if stand != Stand::Before {
                    let offsets = |places: &HashMap<u32, Place>| {
                        let mut offsets: Vec<_> = places.keys().copied().collect();
                        offsets.sort_unstable();
                        offsets
                    };
                    assert_eq!(offsets(found), offsets(&places[0].1), "{options:?} {stand:?}\n{wat}");
                } else {
                    assert!(options.fuel || options.epochs || found.is_empty(), "nothing is paid for");
                }
                for (&offset, place) in found {
                    *counts.entry(stand).or_default() += 1;
                    let types = told.types(stand, offset).unwrap_or_else(|| panic!("{offset} is not reached\n{wat}"));
                    let own = |operand: &Operand| (operand.slot, operand.is_vector);
                    let operands: Vec<_> = place.operands.iter().map(own).collect();
                    assert_eq!(operands, slots(&types.operands, first), "{options:?} {place:?}\n{wat}");
                    for operand in &place.operands {
                        if let Source::Slot(slot) = operand.source {
                            assert!(slot == operand.slot || usize::from(slot) < first, "{operand:?}\n{wat}");
                        }
                    }
                }
            }
        }
    }
    assert!(counts.len() == 3 && counts.values().all(|&count| count > 100), "{counts:?}");
}

impl Told<'_> {
    /// Where the body begins.
    fn entry(&self) -> u32 {
        let body = self.module.body(last(self.module));
        let entry = |offset: &u32| self.types(Stand::Entry, *offset).is_some();
        (body.start as u32..body.end as u32).find(entry).expect("a body begins")
    }
}

/// What waits below a call in a function of these parameters, whose body this is.
fn below_a_call(options: Options, body: &str) -> Vec<Source> {
    let wat = format!(
        "(module (memory 1) (global $g (mut i32) (i32.const 0)) (func $f)
            (func (param i32 f64) {body} unreachable))"
    );
    let module = module(&wat);
    let told = Told::of(&module);
    let places = told.all(options, Stand::Call);
    assert_eq!(places.len(), 1);
    places.into_values().next().expect("one").operands.iter().map(|operand| operand.source).collect()
}

#[test]
fn what_waits_below_a_call_is_a_leaf_or_in_its_slot() {
    // The header is behind two parameters, so the first entry has slot 5.
    for options in [FUSED, UNFUSED] {
        let sources = |body| below_a_call(options, body);
        assert_eq!(sources("local.get 0 call $f"), [Source::Slot(0)]);
        assert_eq!(sources("i32.const 7 local.get 1 call $f"), [Source::Constant(7), Source::Slot(1)]);
        assert_eq!(sources("i32.const 7 local.get 0 i32.add call $f"), [Source::Slot(5)]);
        assert_eq!(sources("global.get 0 ref.null func call $f"), [Source::Slot(5), Source::Constant(0)]);
        assert_eq!(sources("local.get 0 i32.const 1 local.set 0 call $f"), [Source::Slot(5)]);
        let vector = [Source::Vector([1; 16]), Source::Slot(0)];
        assert_eq!(sources("v128.const i64x2 0x0101010101010101 0x0101010101010101 local.get 0 call $f"), vector);
        assert_eq!(sources("(i64.mul_wide_u (i64.const 1) (i64.const 2)) call $f"), [Source::Slot(5), Source::Slot(6)]);
    }
}

#[test]
fn there_is_no_place_where_nothing_is_called_or_reached() {
    let module = module("(module (func $f) (func (param i32) nop (block (br 0) (call $f)) unreachable (loop)))");
    let told = Told::of(&module);
    for options in WAYS {
        assert!(told.all(options, Stand::Call).is_empty() && told.all(options, Stand::Loop).is_empty());
        assert!(told.place(options, Stand::Entry, told.entry()).is_some());
    }
    let body = module.body(last(&module));
    for offset in body.start as u32..body.end as u32 {
        assert!([Stand::Call, Stand::Loop].iter().all(|&stand| told.types(stand, offset).is_none()));
    }
    assert!(told.bodies.types_of(&module, FuncIdx(9), &HashMap::new()).is_err());
}

/// Bodies with references, both kinds of handlers, and blocks that end where nothing comes by.
const OF_REFERENCES: &[&str] = &[
    // Handlers within handlers, with values below them.
    "(local.get $v) (i32.const 5)
    try (param i32) (result i32 f64)
        (loop (param i32) (result i32) (call $i))
        (throw $tag (f64.convert_i32_s))
    catch $tag
        (loop $again (param f64) (call $f) (br_if $again (call $i (i32.const 0))) drop)
        i32.const 3
        try (result f64)
            (call_ref $t (i32.const 1) (ref.func $i)) drop
            (call $f (f64.const 2))
        catch_all
            (loop (call $i (i32.const 1)) drop)
            (call_ref $t (i32.const 1) (ref.func $i))
            (if (then (rethrow 1)) (else (rethrow 2)))
            try (result f64) (call $i (i32.const 4)) drop (f64.const 1) delegate 0
            call $f
        end
    catch_all
        (drop (call $i (i32.const 9)))
        (call $i (i32.const 9)) (call $f (f64.const 1))
        (array.fill $array (local.get $a) (i32.const 0) (local.get $v) (i32.const 2))
    end
    drop drop drop",
    // A `try` whose body cannot be left, and handlers that cannot.
    "(i64.const 1)
    try (result i32)
        unreachable
        try catch $tag unreachable catch_all (loop (drop (call $i (i32.const 1)))) end
    catch $tag
        (drop (call $f)) (loop (drop (call $i (i32.const 1)))) (br 0 (i32.const 1))
    catch_all
        (loop (drop (call $i (i32.const 1)))) (rethrow 0)
    end
    drop drop",
    // What may be null, and casts.
    "(local.get $s)
    (block $null (result)
        (br_on_null $null (local.get $s)) (call $i (i32.const 1)) drop
        drop)
    (block $cast (result (ref $struct))
        (br_on_cast $cast anyref (ref $struct) (local.get $s)) (call $i (i32.const 1)) drop drop
        (struct.new $struct (i32.const 1) (v128.const i64x2 1 2)) (call $i (i32.const 1)) drop)
    (call $i (i32.const 1)) drop
    (ref.as_non_null (local.get $s)) (call $i (i32.const 1)) drop
    (extern.convert_any (local.get $s)) (ref.i31 (i32.const 3)) (loop (call $i (i32.const 1)) drop)
    (array.new $array (local.get $v) (i32.const 9)) (local.set $a)
    (array.copy $array $array (local.get $a) (i32.const 0) (local.get $a) (i32.const 0) (i32.const 1))
    drop drop drop drop drop",
    // Values that come with an exception.
    "(local.get $v) (f64.const 1)
    (loop $loop (param f64)
        (block $caught (param f64) (result f64 exnref)
            (try_table (param f64) (catch_ref $tag $caught) (catch $tag $loop) (call $f) drop (call $i (i32.const 1)) drop)
            (loop (call $i (i32.const 1)) drop)
            (local.get 2) (ref.null exn))
        (call $i (i32.const 1)) drop drop (br_if $loop (call $i (i32.const 1))) drop)
    drop",
];

/// What lowering takes for the operand stack, and what validation does, is the same wherever anything may stand.
#[test]
fn lowering_and_validation_count_operands_the_same() {
    let mut count = 0;
    for body in OF_REFERENCES {
        let wat = format!(
            "(module (type $t (func (param i32) (result i32))) (type $struct (sub (struct (field i32) (field v128))))
            (type $array (array (mut v128))) (tag $tag (param f64)) (elem declare func $i)
            (import \"m\" \"i\" (func $i (type $t))) (import \"m\" \"f\" (func $f (param f64) (result f64)))
            (func (param $v v128) (param $s (ref null $struct)) (param f64) (local $a (ref null $array)) {body}))"
        );
        let module = module(&wat);
        let told = Told::of(&module);
        let entry = told.types(Stand::Entry, told.entry()).expect("an entry");
        let words: usize = entry.locals[3..].iter().map(|ty| ty.words()).sum();
        let first = FrameLayout::of(module.func_type(last(&module))).locals() + words;
        let range = module.body(last(&module));
        let offsets = range.start as u32..range.end as u32;
        let stands = [Stand::Entry, Stand::Call, Stand::Loop, Stand::Before];
        let all = || stands.iter().flat_map(|&stand| offsets.clone().map(move |offset| (stand, offset)));
        let types = told.bodies.types_of(&module, last(&module), &all().map(|key| (key, None)).collect()).unwrap();
        for options in WAYS {
            for (key, place) in told.lowered(options).places_of(all().collect()).unwrap() {
                count += 1;
                let types = types.get(&key).unwrap_or_else(|| panic!("{key:?} is not reached\n{wat}"));
                let operands: Vec<_> = place.operands.iter().map(|operand| (operand.slot, operand.is_vector)).collect();
                assert_eq!(operands, slots(&types.operands, first), "{options:?} {place:?}\n{wat}");
            }
        }
    }
    assert!(count > 200, "{count}");
}
