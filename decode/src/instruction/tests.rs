//! Every row of the table against wasmparser: what the opcode means, how long its immediates are, and what it takes and
//! gives, by validating bodies that are right, and bodies that are wrong in one operand or result.

use super::{Immediate, Info, Instruction, Opcode, Type};
use crate::Module;
use crate::lower::read::Reader;
use crate::module::FEATURES;
use crate::ops::Op;
use wasmparser::{BinaryReader, OperatorsReader, Validator};

const I32: u8 = 0x7f;
const I64: u8 = 0x7e;
const F32: u8 = 0x7d;
const F64: u8 = 0x7c;
const V128: u8 = 0x7b;
const FUNCREF: u8 = 0x70;
const EXTERNREF: u8 = 0x6f;
const EXNREF: u8 = 0x69;

/// The module: function 0 is of type 0, as is every block; the local, the global and the table's elements have a type
/// each, different from those and from each other.
const PARAMS: &[u8] = &[I64, F32];
const RESULTS: &[u8] = &[F64];
const LOCAL: u8 = F64;
const GLOBAL: u8 = F32;
const ELEMENT: u8 = FUNCREF;
/// The function at hand is of type 1: these results, and no parameters. Function 2 has the parameters above, and these
/// results.
const RETURNS: &[u8] = &[F32, I32];
/// What `any` and `named` stand for.
const ANY: u8 = I64;
const NAMED: u8 = EXTERNREF;

/// A local of each type. The first is the one that immediates name.
const LOCALS: [u8; 8] = [LOCAL, I32, I64, F32, F64, V128, FUNCREF, EXTERNREF];

fn local(ty: u8) -> u8 {
    LOCALS.iter().rposition(|&local| local == ty).expect("a local of each type") as u8
}

/// The instructions that a module may contain.
fn readable() -> impl Iterator<Item = Instruction> {
    Instruction::ALL.iter().copied().filter(|instruction| instruction.info().opcode.exists())
}

/// The opcode's bytes.
fn opcode(Opcode { prefix, number }: Opcode) -> Vec<u8> {
    match prefix {
        None => vec![number as u8],
        Some(prefix) => [&[prefix], &*leb128(number.into())].concat(),
    }
}

fn leb128(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The immediates, for the module; `longer`: in more bytes than they need, if they may be.
fn immediates(instruction: Instruction, longer: bool) -> Vec<u8> {
    let tail_call = matches!(instruction, Instruction::ReturnCall | Instruction::ReturnCallIndirect);
    let one = |&one: &Immediate| match one {
        // A callee of the right type: function 2, of type 2.
        Immediate::FuncIdx | Immediate::TypeIdx if tail_call && longer => vec![0x82, 0],
        Immediate::FuncIdx | Immediate::TypeIdx if tail_call => vec![2],
        // Atomic accesses are aligned to as many bytes as they have.
        Immediate::MemArg if let Instruction::Atomic(atomic) = instruction => {
            let align = atomic.access().ilog2() as u8;
            if longer { vec![align | 0x80, 0, 0x80, 0] } else { vec![align, 0] }
        }
        _ => immediate(one, longer),
    };
    instruction.info().immediates.iter().flat_map(one).collect()
}

fn immediate(immediate: Immediate, longer: bool) -> Vec<u8> {
    let zero: &[u8] = if longer { &[0x80, 0] } else { &[0] };
    match immediate {
        Immediate::BlockType => zero.to_vec(),
        Immediate::LabelIdx
        | Immediate::FuncIdx
        | Immediate::TypeIdx
        | Immediate::FieldIdx
        | Immediate::Count
        | Immediate::TableIdx
        | Immediate::MemIdx
        | Immediate::GlobalIdx
        | Immediate::LocalIdx
        | Immediate::ElemIdx
        | Immediate::DataIdx
        | Immediate::TagIdx
        | Immediate::I32
        | Immediate::I64 => zero.to_vec(),
        Immediate::LabelIdxs => [&[if longer { 2 } else { 1 }], &zero.repeat(if longer { 3 } else { 2 })[..]].concat(),
        // One of each kind, to the block around.
        Immediate::Catches => {
            let index = |kind: u8| [&[kind], zero].concat();
            let mut catches = if longer { vec![0x84, 0] } else { vec![4] };
            (0..4).for_each(|kind| {
                catches.extend(index(kind));
                catches.extend(if kind < 2 { zero } else { &[] });
            });
            catches
        }
        Immediate::MemArg => zero.repeat(2),
        Immediate::HeapType => vec![NAMED],
        Immediate::ValTypes => vec![1, NAMED],
        Immediate::F32 => vec![0; 4],
        Immediate::F64 => vec![0; 8],
        Immediate::V128 | Immediate::LaneIdxs => vec![0; 16],
        Immediate::LaneIdx | Immediate::Reserved | Immediate::CastFlags => vec![0],
    }
}

/// The types in the module that a row's type stands for.
fn types(ty: Type) -> &'static [u8] {
    match ty {
        Type::I32 => &[I32],
        Type::I64 => &[I64],
        Type::F32 => &[F32],
        Type::F64 => &[F64],
        Type::V128 => &[V128],
        Type::Func => &[FUNCREF],
        Type::Ref => &[EXTERNREF],
        Type::Exn => &[EXNREF],
        Type::Any => &[ANY],
        Type::Named => &[NAMED],
        Type::Local => &[LOCAL],
        Type::Global => &[GLOBAL],
        Type::Element => &[ELEMENT],
        Type::Params => PARAMS,
        // The block around is a block of type 0.
        Type::Results | Type::Label => RESULTS,
        Type::Returns => RETURNS,
    }
}

fn all_types(types_of: &[Type]) -> Vec<u8> {
    types_of.iter().flat_map(|&ty| types(ty)).copied().collect()
}

/// A module in which function 1 has this code, without the last `end`.
fn module(code: &[u8]) -> Vec<u8> {
    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [&[id], &*leb128(content.len() as u32), content].concat()
    }
    fn list(types: &[u8]) -> Vec<u8> {
        [&[types.len() as u8], types].concat()
    }
    let locals: Vec<u8> = LOCALS.iter().flat_map(|&ty| [1, ty]).collect();
    let trap = [3, 0, 0x00, 0x0b];
    let types = [
        &[3, 0x60],
        &*list(PARAMS),
        &list(RESULTS),
        &[0x60, 0],
        &list(RETURNS),
        &[0x60],
        &list(PARAMS),
        &list(RETURNS),
    ];
    let body = [&[LOCALS.len() as u8], &*locals, code, &[0x0b]].concat();
    [
        b"\0asm\x01\0\0\0",
        &*section(1, &types.concat()),
        &section(3, &[3, 0, 1, 2]),
        &section(4, &[1, ELEMENT, 0, 1]),
        &section(5, &[1, 0, 1]),
        &section(6, &[1, GLOBAL, 1, 0x43, 0, 0, 0, 0, 0x0b]),
        // A passive segment, which declares function 0.
        &section(9, &[1, 1, 0, 1, 0]),
        &section(12, &[1]),
        &section(10, &[&[3], &trap[..], &leb128(body.len() as u32), &body, &trap].concat()),
        &section(11, &[1, 1, 0]),
    ]
    .concat()
}

/// Whether wasmparser accepts the code; pirn must agree.
fn accepts(code: &[u8]) -> bool {
    let module = module(code);
    let theirs = Validator::new_with_features(FEATURES).validate_all(&module).map(|_| ());
    let ours = Module::new(module).map(|_| ());
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{code:02x?}: {ours:?}, and wasmparser {theirs:?}");
    theirs.is_ok()
}

/// Code with the instruction in a block of type 0, on operands of these types, and what takes results of those.
fn code(instruction: Instruction, operands: &[u8], results: &[u8]) -> Vec<u8> {
    let info = instruction.info();
    let get = |&ty: &u8| [0x20, local(ty)];
    let mut code: Vec<u8> = PARAMS.iter().flat_map(get).collect();
    // The block around. What it got, it drops.
    match instruction {
        Instruction::Else => code.extend([0x20, local(I32), 0x04, 0, 0x1a, 0x1a]),
        _ => code.extend([0x02, 0, 0x1a, 0x1a]),
    }
    code.extend(operands.iter().flat_map(get));
    code.extend(opcode(info.opcode));
    code.extend(immediates(instruction, false));
    code.extend(results.iter().rev().flat_map(|&ty| [0x21, local(ty)]));
    // Without `else`, an `if` gives back what it takes.
    if instruction == Instruction::If {
        code.extend(RESULTS.iter().flat_map(get));
        code.extend([0x05, 0x1a, 0x1a]);
    }
    // What is on the stack besides would be too much for the block's end, or too little for the function's.
    let open = 1 + usize::from(info.opens_block()) - usize::from(instruction == Instruction::End);
    for _ in 0..open {
        if info.falls_through {
            code.extend(RESULTS.iter().flat_map(get));
        }
        code.extend([0x0b, 0x21, local(F64)]);
        debug_assert_eq!(RESULTS, [F64]);
    }
    code.extend(RETURNS.iter().flat_map(get));
    code
}

/// Lists that differ from `types` in one type.
fn others(types: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..types.len()).flat_map(move |at| {
        let other = LOCALS.into_iter().skip(1).filter(move |&ty| ty != types[at]);
        other.map(move |ty| {
            let mut types = types.to_vec();
            types[at] = ty;
            types
        })
    })
}

#[test]
fn rows_as_wasmparser_validates_them() {
    for instruction in readable().filter(|&it| !takes_typed_references(it) && !is_about_exceptions(it)) {
        let info = instruction.info();
        let (operands, results) = (all_types(info.operands), all_types(info.results));
        assert!(accepts(&code(instruction, &operands, &results)), "{}: {operands:x?} => {results:x?}", info.name);
        // Too few operands, results that are not there, results that stay.
        if let [_, fewer @ ..] = &operands[..] {
            assert!(!accepts(&code(instruction, fewer, &results)), "{}: an operand too few", info.name);
        }
        if info.falls_through {
            let more = [&[I32], &*results].concat();
            assert!(!accepts(&code(instruction, &operands, &more)), "{}: a result too few", info.name);
        }
        if let [_, fewer @ ..] = &results[..] {
            assert!(!accepts(&code(instruction, &operands, fewer)), "{}: a result too many", info.name);
        }
        // What may be anything may be something else, too; and any reference is as good as another.
        let is_right = |ty: Type, other: u8| match ty {
            Type::Any => info.operands.iter().filter(|&&ty| ty == Type::Any).count() == 1,
            Type::Ref => matches!(other, FUNCREF | EXTERNREF),
            _ => false,
        };
        let places: Vec<Type> = info.operands.iter().flat_map(|&ty| types(ty).iter().map(move |_| ty)).collect();
        for wrong in others(&operands) {
            let at = (0..wrong.len()).find(|&at| wrong[at] != operands[at]).expect("one differs");
            let right = is_right(places[at], wrong[at]);
            assert_eq!(accepts(&code(instruction, &wrong, &results)), right, "{}: {wrong:x?}", info.name);
        }
        for wrong in others(&results) {
            assert!(!accepts(&code(instruction, &operands, &wrong)), "{}: results {wrong:x?}", info.name);
        }
        // Code behind what leaves need not fit what is in front of it.
        let mut behind = code(instruction, &operands, &results);
        if !info.opens_block() && instruction != Instruction::End && instruction != Instruction::Else {
            let place = behind.len() - 2 * RETURNS.len() - 3;
            let place = place - if info.falls_through { 2 * RESULTS.len() } else { 0 };
            behind.splice(place..place, [0x1a]);
            assert_eq!(accepts(&behind), !info.falls_through, "{}: what follows it", info.name);
        }
    }
}

/// Whether its types are no single bytes: see [`rows_about_typed_references`].
fn takes_typed_references(instruction: Instruction) -> bool {
    instruction.info().opcode.prefix == Some(0xfb)
        || matches!(
            instruction,
            Instruction::RefEq
                | Instruction::CallRef
                | Instruction::ReturnCallRef
                | Instruction::BrOnNull
                | Instruction::BrOnNonNull
                | Instruction::Unary(Op::RefAsNonNull)
        )
}

/// Whether it has to do with exceptions: see [`rows_about_exceptions`].
fn is_about_exceptions(instruction: Instruction) -> bool {
    matches!(
        instruction,
        Instruction::Try
            | Instruction::Catch
            | Instruction::Throw
            | Instruction::Rethrow
            | Instruction::ThrowRef
            | Instruction::Delegate
            | Instruction::CatchAll
            | Instruction::TryTable
    )
}

/// What the specification says of exceptions, and the proposal before it, is so, and nothing else is.
#[test]
fn rows_about_exceptions() {
    let cases = [
        ("", "i64.const 0 f32.const 0 throw $e", true),
        ("", "i64.const 0 f32.const 0 throw $e drop", true),
        ("", "f32.const 0 i64.const 0 throw $e", false),
        ("", "f32.const 0 throw $e", false),
        ("(result i64)", "local.get $x throw_ref", true),
        ("", "ref.null extern throw_ref", false),
        ("(result i64 f32)", "try_table (catch $e 0) end i64.const 0 f32.const 0", true),
        ("(result i64 f32)", "try_table (catch_ref $e 0) end i64.const 0 f32.const 0", false),
        ("(result i64 f32 exnref)", "try_table (catch_ref $e 0) end i64.const 0 f32.const 0 local.get $x", true),
        ("", "try_table (catch_all 0) end", true),
        ("", "try_table (catch_all 1) end", false),
        ("", "try_table (catch_all_ref 0) end", false),
        ("(result exnref)", "try_table (catch_all_ref 0) end local.get $x", true),
        ("", "i64.const 0 try_table (param i64) drop end", true),
        ("", "try_table (param i64) drop end", false),
        ("(result i64)", "try_table (result i64) i64.const 0 end", true),
        ("", "try i64.const 0 f32.const 0 throw $e catch $e drop drop catch_all rethrow 0 end", true),
        ("", "try catch $e drop end", false),
        ("", "try catch_all drop end", false),
        ("", "try rethrow 0 catch_all end", false),
        ("(result i64)", "try (result i64) i64.const 0 catch $e drop end", true),
        ("", "try try nop delegate 0 catch_all end", true),
        ("", "try try nop delegate 1 catch_all end", true),
        ("", "try try nop delegate 2 catch_all end", false),
    ];
    for (results, code, valid) in cases {
        let text = format!("(module (tag $e (param i64 f32)) (func (param $x exnref) {results} {code}))");
        let binary = wat::parse_str(&text).unwrap_or_else(|error| panic!("{code}: {error}"));
        assert_eq!(Module::new(binary).is_ok(), valid, "{results} {code}");
    }
}

/// What the specification says of instructions on typed references is so, and nothing else is.
#[test]
fn rows_about_typed_references() {
    let cases = [
        ("(result i64)", "f32.const 0 local.get $f call_ref $t", true),
        ("(result i64)", "f32.const 0 local.get $n call_ref $t", true),
        ("(result i64)", "f32.const 0 local.get $any call_ref $t", false),
        ("(result i64)", "f32.const 0 local.get $other call_ref $t", false),
        ("(result i64)", "local.get $f call_ref $t", false),
        ("(result i32)", "f32.const 0 local.get $f call_ref $t", false),
        ("(result i64)", "f32.const 0 local.get $f return_call_ref $t", true),
        ("(result i64)", "f32.const 0 local.get $f return_call_ref $t f32.const 0", false),
        ("(result i32)", "f32.const 0 local.get $f return_call_ref $t", false),
        ("(result i64)", "i64.const 0 local.get $n br_on_null 0 drop", true),
        ("(result (ref $t))", "block local.get $n br_on_null 0 return end local.get $f", true),
        ("(result (ref $t))", "block local.get $n return end local.get $f", false),
        ("(result i64)", "i32.const 0 local.get $n br_on_null 0 drop i64.const 0", false),
        ("", "i32.const 0 br_on_null 0 drop", false),
        ("(result (ref $t))", "local.get $n br_on_non_null 0 local.get $f", true),
        ("(result (ref $t))", "local.get $any br_on_non_null 0 local.get $f", false),
        ("", "local.get $n br_on_non_null 0", false),
        ("(result (ref $t))", "local.get $n ref.as_non_null", true),
        ("(result (ref func))", "local.get $n ref.as_non_null", true),
        ("(result (ref $t))", "local.get $any ref.as_non_null", false),
        ("(result (ref $t))", "local.get $n", false),
    ];
    for (results, code, valid) in cases {
        let text = format!(
            "(module (type $t (func (param f32) (result i64))) (type $u (func))
                (func (param $f (ref $t)) (param $n (ref null $t)) (param $any funcref) (param $other (ref $u)) {results} {code}))"
        );
        let binary = wat::parse_str(&text).unwrap_or_else(|error| panic!("{code}: {error}"));
        assert_eq!(Module::new(binary).is_ok(), valid, "{results} {code}");
    }
}

/// An access may be aligned by as many bytes as it has, and by no more.
#[test]
fn accesses_as_wide_as_wasmparser_says() {
    for instruction in readable() {
        let (Instruction::Load(op) | Instruction::Store(op)) = instruction else { continue };
        let info = instruction.info();
        let code = code(instruction, &all_types(info.operands), &all_types(info.results));
        let opcode = opcode(info.opcode);
        let at = code.windows(opcode.len() + 2).position(|bytes| *bytes == [&*opcode, &[0, 0]].concat());
        let at = at.expect("the instruction and its memarg") + opcode.len();
        for align in 0..8 {
            let mut code = code.clone();
            code[at] = align;
            assert_eq!(accepts(&code), 1 << align <= op.info().access, "{}: {align}", info.name);
        }
    }
}

/// The names are wasmparser's, and immediates take as many bytes.
#[test]
fn opcodes_as_wasmparser_reads_them() {
    for instruction in readable() {
        let &Info { name, opcode: number, .. } = instruction.info();
        for longer in [false, true] {
            let mut bytes = opcode(number);
            bytes.extend(immediates(instruction, longer));
            let len = bytes.len();
            bytes.extend([0; 16]);
            // wasmparser reads an `else` only in an `if`, and a `catch` only in a `try`.
            let around = if is_about_exceptions(instruction) { 0x06 } else { 0x04 };
            let inside = [&[around, 0x40], &bytes[..]].concat();
            let mut operators = OperatorsReader::new(BinaryReader::new(&inside, 0));
            operators.read().expect("an `if` or `try`");
            let theirs = operators.read().unwrap_or_else(|error| panic!("{name}: {error}"));
            let theirs = format!("{theirs:?}");
            assert_eq!(theirs.split([' ', '{']).next(), Some(name));
            assert_eq!(operators.original_position(), len as u64 + 2, "{name}");
            let (read, ours) = Reader::new(&bytes, 0).skip();
            assert_eq!((read, ours.position()), (instruction, len), "{name}");
        }
    }
}

/// What has no row wasmparser does not accept, whatever its immediates.
#[test]
fn every_opcode_has_a_row() {
    let numbers = (0xfb..=0xfe).flat_map(|prefix| (0..0x180).map(move |number| (prefix, number)));
    let (mut known, mut unknown) = (0, 0);
    let bytes = (0..0xfb).chain(0xff..=0xff).map(|byte: u8| (vec![byte], Instruction::of_byte(byte)));
    let numbers = numbers
        .map(|(prefix, number)| ([&[prefix], &*leb128(number)].concat(), Instruction::of_number(prefix, number)));
    for (opcode, instruction) in bytes.chain(numbers) {
        if instruction.is_some() {
            known += 1;
            continue;
        }
        unknown += 1;
        for immediates in [&[][..], &[0], &[0, 0], &[0, 0, 0], &[1, 0], &[I32], &[1, I32], &[0; 16], &[0; 18]] {
            // Where nothing is reached, any operand is there.
            let code = [&[0x00], &*opcode, immediates, &[0x00]].concat();
            assert!(!accepts(&code), "{opcode:x?} {immediates:x?}");
        }
    }
    assert_eq!(known, readable().count());
    assert!(unknown > 1_000, "{unknown}");
}

/// Whatever computes floats of floats has a canonical NaN: on two machines it may give different ones.
#[test]
fn operators_that_compute_floats_have_canonical_nans() {
    use crate::ops::Class::{F32, F64};
    // These move bits, or are what makes NaNs canonical.
    let moves = |op: Op| {
        let name = format!("{op:?}");
        ["Abs", "Neg", "Copysign", "Canonical"].iter().any(|end| name.ends_with(end))
    };
    let mut count = 0;
    for &op in Op::ALL {
        let info = op.info();
        let computes = [info.operand, info.result].iter().all(|class| matches!(class, F32 | F64)) && !moves(op);
        // A load's operand is an address; what is stored has no result.
        if computes && info.access == 0 {
            assert!(op.canonical_nans().is_some(), "{op:?} is not in `Op::canonical_nans`");
            count += 1;
        }
    }
    assert_eq!(count, 24);
}
