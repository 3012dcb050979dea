//! What the quick check does about each opcode, and what numeric instructions take and give.

use super::{F32, F64, FUNCREF, I32, I64, V128};
use crate::instruction::{self, Instruction};
use crate::ops::Op;

/// Defines a pattern of all instructions that have cells of their own. What is new among them is rare here.
macro_rules! define_pattern {
    (
        special $special:tt
        cells {
            $($name:ident $code:tt $text:literal $operands:tt => $results:tt $immediates:tt $effects:tt $cost:literal
                $flow:ident $fields:tt;)*
        }
        atomics $atomics:tt
    ) => {
        macro_rules! any_with_cell { () => { $(Instruction::$name)|* | Instruction::Atomic(_) }; }
    };
}
crate::for_each_special!(define_pattern);

/// What is done about an opcode of one byte. (Matching on [`Instruction`] itself, of which there are many more, takes
/// several instructions more for each operator.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    LocalGet,
    LocalSet,
    LocalTee,
    GlobalGet,
    GlobalSet,
    I32Const,
    I64Const,
    F32Const,
    F64Const,
    /// As [`BY_BYTE`] says.
    Numeric,
    Load,
    Store,
    Block,
    Loop,
    If,
    Else,
    End,
    Br,
    BrIf,
    BrTable,
    Return,
    Unreachable,
    Call,
    CallIndirect,
    Drop,
    Select,
    MemorySize,
    MemoryGrow,
    Nop,
    /// No opcode of this pass's own: a block that is `try`, whose body, `catch` or `catch_all` stands open.
    Try,
    Catch,
    CatchAll,
    /// A prefix, or nothing.
    Number,
    /// This pass does not know it.
    Refuse,
}

impl Step {
    const fn of(instruction: Instruction) -> Self {
        match instruction {
            Instruction::LocalGet => Self::LocalGet,
            Instruction::LocalSet => Self::LocalSet,
            Instruction::LocalTee => Self::LocalTee,
            Instruction::GlobalGet => Self::GlobalGet,
            Instruction::GlobalSet => Self::GlobalSet,
            Instruction::I32Const => Self::I32Const,
            Instruction::I64Const => Self::I64Const,
            Instruction::F32Const => Self::F32Const,
            Instruction::F64Const => Self::F64Const,
            Instruction::Unary(_) | Instruction::Binary(_) => Self::Numeric,
            Instruction::Load(_) => Self::Load,
            Instruction::Store(_) => Self::Store,
            Instruction::Block => Self::Block,
            Instruction::Loop => Self::Loop,
            Instruction::If => Self::If,
            Instruction::Else => Self::Else,
            Instruction::End => Self::End,
            Instruction::Br => Self::Br,
            Instruction::BrIf => Self::BrIf,
            Instruction::BrTable => Self::BrTable,
            Instruction::Return => Self::Return,
            Instruction::Unreachable => Self::Unreachable,
            Instruction::Call => Self::Call,
            Instruction::CallIndirect => Self::CallIndirect,
            Instruction::Drop => Self::Drop,
            Instruction::Select => Self::Select,
            Instruction::MemorySize => Self::MemorySize,
            Instruction::MemoryGrow => Self::MemoryGrow,
            Instruction::Nop => Self::Nop,
            // Rare, or with a prefix.
            Instruction::ReturnCall
            | Instruction::ReturnCallIndirect
            | Instruction::CallRef
            | Instruction::ReturnCallRef
            | Instruction::BrOnNull
            | Instruction::BrOnNonNull
            | Instruction::Try
            | Instruction::Catch
            | Instruction::Throw
            | Instruction::Rethrow
            | Instruction::ThrowRef
            | Instruction::Delegate
            | Instruction::CatchAll
            | Instruction::TryTable
            | Instruction::TypedSelect
            | Instruction::RefEq
            | Instruction::StructNew
            | Instruction::StructNewDefault
            | Instruction::StructGet
            | Instruction::StructGetS
            | Instruction::StructGetU
            | Instruction::StructSet
            | Instruction::ArrayNew
            | Instruction::ArrayNewDefault
            | Instruction::ArrayNewFixed
            | Instruction::ArrayNewData
            | Instruction::ArrayNewElem
            | Instruction::ArrayGet
            | Instruction::ArrayGetS
            | Instruction::ArrayGetU
            | Instruction::ArraySet
            | Instruction::ArrayLen
            | Instruction::ArrayFill
            | Instruction::ArrayCopy
            | Instruction::ArrayInitData
            | Instruction::ArrayInitElem
            | Instruction::RefTestNonNull
            | Instruction::RefTestNullable
            | Instruction::RefCastNonNull
            | Instruction::RefCastNullable
            | Instruction::BrOnCast
            | Instruction::BrOnCastFail
            | Instruction::AnyConvertExtern
            | Instruction::ExternConvertAny
            | Instruction::RefI31
            | Instruction::RefNull
            | Instruction::RefFunc
            | Instruction::MemoryCopy
            | Instruction::MemoryFill
            | Instruction::I64Add128
            | Instruction::I64Sub128
            | Instruction::I64MulWideS
            | Instruction::I64MulWideU
            | Instruction::V128Const
            | Instruction::Vector(_)
            | Instruction::LoadLane(_)
            | Instruction::StoreLane(_)
            | Instruction::Relaxed(_) => Self::Refuse,
            #[allow(unreachable_patterns, reason = "some have arms above")]
            any_with_cell!() => Self::Refuse,
        }
    }
}

/// By opcode.
pub(super) static STEPS: [Step; 256] = {
    let mut table = [Step::Number; 256];
    let mut i = 0;
    while i < Instruction::ALL.len() {
        let opcode = Instruction::ALL[i].info().opcode;
        if opcode.prefix.is_none() && opcode.exists() {
            table[opcode.number as usize] = Step::of(Instruction::ALL[i]);
        }
        i += 1;
    }
    table
};

/// What an operator takes and gives: types by their bytes in the binary.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operator {
    /// Type of its operands, but for the address of an access.
    pub(super) operand: u8,
    pub(super) result: u8,
    /// How many operands it takes beyond the first.
    pub(super) more: u8,
    /// Exponent of the natural alignment of an access.
    pub(super) align: u8,
}

/// No operand has this type: nothing of it is ever pushed.
pub(super) const NOTHING: u8 = 0xff;

/// By number of the operator. One that takes or gives what this pass knows no type for, or operands of several types,
/// takes nothing that there is: `ref.is_null`, whose operand may be any reference.
pub(super) static OPERATORS: [Operator; Op::ALL.len()] = {
    let mut table = [Operator { operand: NOTHING, result: NOTHING, more: 0, align: 0 }; Op::ALL.len()];
    let mut i = 0;
    while i < Instruction::ALL.len() {
        let info = Instruction::ALL[i].info();
        if let Instruction::Unary(op) | Instruction::Binary(op) = Instruction::ALL[i] {
            let row = &mut table[op as usize];
            (row.operand, row.result) = (of_type(info.operands[0]), of_type(info.results[0]));
            row.more = info.operands.len() as u8 - 1;
            if row.result == NOTHING || row.more > 0 && of_type(info.operands[1]) != row.operand {
                row.operand = NOTHING;
            }
        }
        if let Instruction::Load(op) | Instruction::Store(op) = Instruction::ALL[i] {
            let row = &mut table[op as usize];
            row.align = op.info().access.trailing_zeros() as u8;
            match (info.operands, info.results) {
                (&[instruction::Type::I32], &[result]) => row.result = of_type(result),
                (&[instruction::Type::I32, value], &[]) => row.operand = of_type(value),
                _ => panic!("a load takes an address, a store a value as well"),
            }
            assert!(row.operand != row.result, "of a type that this pass does not know");
        }
        i += 1;
    }
    table
};

/// The same by opcode, where that is one byte. (Looking up what [`Instruction`] holds takes a load more for each of them.)
pub(super) static BY_BYTE: [Operator; 256] = {
    let mut table = [Operator { operand: NOTHING, result: NOTHING, more: 0, align: 0 }; 256];
    let mut i = 0;
    while i < Instruction::ALL.len() {
        if let Instruction::Unary(op) | Instruction::Binary(op) | Instruction::Load(op) | Instruction::Store(op) =
            Instruction::ALL[i]
            && Instruction::ALL[i].info().opcode.prefix.is_none()
        {
            table[Instruction::ALL[i].byte() as usize] = OPERATORS[op as usize];
        }
        i += 1;
    }
    table
};

/// The type that rows of the table name so, if there is one that this pass knows.
pub(super) const fn of_type(ty: instruction::Type) -> u8 {
    use instruction::Type::*;
    match ty {
        I32 => self::I32,
        I64 => self::I64,
        F32 => self::F32,
        F64 => self::F64,
        V128 => self::V128,
        Func => FUNCREF,
        Ref | Exn | Any | Named | Local | Global | Element | Label | Params | Results | Returns => NOTHING,
    }
}
