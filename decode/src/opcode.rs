//! Opcodes (spec 5.4). Those behind the prefix `0xfc` count from `0x100`.

use crate::ops::Op;

macro_rules! opcodes {
    ($($name:ident = $value:literal,)*) => { $(pub(crate) const $name: u16 = $value;)* };
}
opcodes! {
    UNREACHABLE = 0x00, NOP = 0x01, BLOCK = 0x02, LOOP = 0x03, IF = 0x04, ELSE = 0x05, END = 0x0b,
    BR = 0x0c, BR_IF = 0x0d, BR_TABLE = 0x0e, RETURN = 0x0f,
    CALL = 0x10, CALL_INDIRECT = 0x11, RETURN_CALL = 0x12, RETURN_CALL_INDIRECT = 0x13,
    DROP = 0x1a, SELECT = 0x1b, TYPED_SELECT = 0x1c,
    LOCAL_GET = 0x20, LOCAL_SET = 0x21, LOCAL_TEE = 0x22, GLOBAL_GET = 0x23, GLOBAL_SET = 0x24,
    TABLE_GET = 0x25, TABLE_SET = 0x26,
    MEMORY_SIZE = 0x3f, MEMORY_GROW = 0x40,
    I32_CONST = 0x41, I64_CONST = 0x42, F32_CONST = 0x43, F64_CONST = 0x44,
    REF_NULL = 0xd0, REF_FUNC = 0xd2,
    MEMORY_INIT = 0x108, DATA_DROP = 0x109, MEMORY_COPY = 0x10a, MEMORY_FILL = 0x10b,
    TABLE_INIT = 0x10c, ELEM_DROP = 0x10d, TABLE_COPY = 0x10e, TABLE_GROW = 0x10f, TABLE_SIZE = 0x110,
    TABLE_FILL = 0x111,
}

/// The prefix of what came after the first 256.
pub(crate) const PREFIX: u8 = 0xfc;
pub(crate) const FIRST_LOAD: u16 = 0x28;
pub(crate) const FIRST_STORE: u16 = 0x36;
pub(crate) const LAST_STORE: u16 = 0x3e;

/// The [`Op`] of each opcode below `0x108`.
pub(crate) static OPS: [Option<Op>; 0x108] = {
    use Op::*;
    const MEMORY: [Op; 23] = [
        I32Load, I64Load, F32Load, F64Load, I32Load8S, I32Load8U, I32Load16S, I32Load16U, I64Load8S, I64Load8U,
        I64Load16S, I64Load16U, I64Load32S, I64Load32U, I32Store, I64Store, F32Store, F64Store, I32Store8, I32Store16,
        I64Store8, I64Store16, I64Store32,
    ];
    const NUMERIC: [Op; 128] = [
        I32Eqz,
        I32Eq,
        I32Ne,
        I32LtS,
        I32LtU,
        I32GtS,
        I32GtU,
        I32LeS,
        I32LeU,
        I32GeS,
        I32GeU, // 0x45
        I64Eqz,
        I64Eq,
        I64Ne,
        I64LtS,
        I64LtU,
        I64GtS,
        I64GtU,
        I64LeS,
        I64LeU,
        I64GeS,
        I64GeU, // 0x50
        F32Eq,
        F32Ne,
        F32Lt,
        F32Gt,
        F32Le,
        F32Ge,
        F64Eq,
        F64Ne,
        F64Lt,
        F64Gt,
        F64Le,
        F64Ge, // 0x5b
        I32Clz,
        I32Ctz,
        I32Popcnt,
        I32Add,
        I32Sub,
        I32Mul,
        I32DivS,
        I32DivU,
        I32RemS,
        I32RemU, // 0x67
        I32And,
        I32Or,
        I32Xor,
        I32Shl,
        I32ShrS,
        I32ShrU,
        I32Rotl,
        I32Rotr, // 0x71
        I64Clz,
        I64Ctz,
        I64Popcnt,
        I64Add,
        I64Sub,
        I64Mul,
        I64DivS,
        I64DivU,
        I64RemS,
        I64RemU, // 0x79
        I64And,
        I64Or,
        I64Xor,
        I64Shl,
        I64ShrS,
        I64ShrU,
        I64Rotl,
        I64Rotr, // 0x83
        F32Abs,
        F32Neg,
        F32Ceil,
        F32Floor,
        F32Trunc,
        F32Nearest,
        F32Sqrt, // 0x8b
        F32Add,
        F32Sub,
        F32Mul,
        F32Div,
        F32Min,
        F32Max,
        F32Copysign, // 0x92
        F64Abs,
        F64Neg,
        F64Ceil,
        F64Floor,
        F64Trunc,
        F64Nearest,
        F64Sqrt, // 0x99
        F64Add,
        F64Sub,
        F64Mul,
        F64Div,
        F64Min,
        F64Max,
        F64Copysign, // 0xa0
        I32WrapI64,
        I32TruncF32S,
        I32TruncF32U,
        I32TruncF64S,
        I32TruncF64U, // 0xa7
        I64ExtendI32S,
        I64ExtendI32U,
        I64TruncF32S,
        I64TruncF32U,
        I64TruncF64S,
        I64TruncF64U, // 0xac
        F32ConvertI32S,
        F32ConvertI32U,
        F32ConvertI64S,
        F32ConvertI64U,
        F32DemoteF64, // 0xb2
        F64ConvertI32S,
        F64ConvertI32U,
        F64ConvertI64S,
        F64ConvertI64U,
        F64PromoteF32, // 0xb7
        I32ReinterpretF32,
        I64ReinterpretF64,
        F32ReinterpretI32,
        F64ReinterpretI64, // 0xbc
        I32Extend8S,
        I32Extend16S,
        I64Extend8S,
        I64Extend16S,
        I64Extend32S, // 0xc0
    ];
    const SATURATING: [Op; 8] = [
        I32TruncSatF32S,
        I32TruncSatF32U,
        I32TruncSatF64S,
        I32TruncSatF64U,
        I64TruncSatF32S,
        I64TruncSatF32U,
        I64TruncSatF64S,
        I64TruncSatF64U,
    ];
    const fn place(mut table: [Option<Op>; 0x108], at: usize, ops: &[Op]) -> [Option<Op>; 0x108] {
        let mut i = 0;
        while i < ops.len() {
            table[at + i] = Some(ops[i]);
            i += 1;
        }
        table
    }
    let table = place([None; 0x108], FIRST_LOAD as usize, &MEMORY);
    let table = place(table, 0x45, &NUMERIC);
    let table = place(table, 0xd1, &[RefIsNull]);
    place(table, 0x100, &SATURATING)
};

/// The [`Op`] of an opcode that is none of those above.
#[inline]
pub(crate) fn op(opcode: u16) -> Op {
    OPS[usize::from(opcode)].expect("an operator of the table")
}
