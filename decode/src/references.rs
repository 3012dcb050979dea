//! Which functions may have references in their frames, for those who have to find these there.

use crate::instruction::{Effects, Instruction, Type};
use crate::lower::read::Reader;
use crate::{Error, FuncIdx, Module, ValType};
use wasmparser::{BinaryReader, FunctionBody};

/// Whether function `funcidx`, which is not an imported one, may have a reference in a local or on its operand stack: some may be said to that
/// never have, but all that have are.
///
/// # Errors
/// It cannot be read, which validation excludes.
///
/// # Panics
/// The module has no such function, or it is imported.
pub fn may_hold_references(module: &Module, funcidx: FuncIdx) -> Result<bool, Error> {
    let is_reference = |ty: &ValType| matches!(ty, ValType::Ref(_));
    let ty = module.func_type(funcidx);
    if ty.params().iter().chain(ty.results()).any(is_reference) {
        return Ok(true);
    }
    let body = body(module, funcidx);
    for local in body.get_locals_reader()? {
        if matches!(local?.1, wasmparser::ValType::Ref(_)) {
            return Ok(true);
        }
    }
    let of_globals = module.globals.iter().any(|global| is_reference(&global.content));
    let of_types = module.types.iter().any(|ty| ty.as_func().is_some_and(|ty| ty.results().iter().any(is_reference)));
    let mut reader = operators(module, funcidx)?;
    while !reader.is_done() {
        let instruction;
        (instruction, reader) = reader.skip();
        let info = instruction.info();
        let gives = info.results.iter().any(|ty| match ty {
            Type::I32 | Type::I64 | Type::F32 | Type::F64 | Type::V128 => false,
            Type::Ref | Type::Func | Type::Exn | Type::Element | Type::Named => true,
            Type::Global => of_globals,
            // Of what is called; what a block has was there before.
            Type::Params | Type::Results | Type::Returns | Type::Label => {
                info.effects.contain(Effects::CALLS) && of_types
            }
            // Those of operands, and of locals.
            Type::Any | Type::Local => false,
        });
        // A handler has an exception below what it catches, and labels are given references to them.
        let catches = matches!(instruction, Instruction::Catch | Instruction::CatchAll | Instruction::TryTable);
        if gives || catches {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The element segments from which function `funcidx`, which is not an imported one, initialises tables: as often as it does.
///
/// # Errors
/// As [`may_hold_references`].
///
/// # Panics
/// As [`may_hold_references`].
pub fn initialises_from(module: &Module, funcidx: FuncIdx) -> Result<Vec<u32>, Error> {
    let (mut reader, mut found) = (operators(module, funcidx)?, Vec::new());
    while !reader.is_done() {
        let (instruction, rest) = reader.clone().skip();
        if instruction == Instruction::TableInit {
            reader.instruction();
            found.push(reader.indices().0);
        }
        reader = rest;
    }
    Ok(found)
}

fn body(module: &Module, funcidx: FuncIdx) -> FunctionBody<'_> {
    let range = module.body(funcidx);
    let start = range.start as u64;
    FunctionBody::new(BinaryReader::new(&module.bytes[range], start))
}

fn operators(module: &Module, funcidx: FuncIdx) -> Result<Reader<'_>, Error> {
    let code = body(module, funcidx).get_binary_reader_for_operators()?.original_position() as usize;
    Ok(Reader::new(&module.bytes[..module.body(funcidx).end], code))
}
