//! The one table of instructions: a row says all that pirn knows of an instruction, once.
//!
//! Sections say what lowering does with a row. Those of [`for_each_op!`](crate::for_each_op) are operators: nodes of
//! trees, whose handlers follow from the row. Those of [`for_each_special!`](crate::for_each_special) are all the others:
//! some have a [cell](crate::cell) of their own, which the row lists too; those of atomic instructions are in
//! [`for_each_atomic!`](crate::for_each_atomic). Within a section of the latter, rows stand in
//! the order of opcodes (spec 5.4); operators stand by type, in an order on which their signatures depend.
//!
//! | part | says |
//! |---|---|
//! | `I32Add` | the name, as wasmparser has it |
//! | `[0x6a]`, `[0xfc 0x0b]` | the opcode; prefix and number |
//! | `"i32.add"` | the text format's name |
//! | `[u32 Ref] => [u32]` | operands and results: see below |
//! | `[typeidx tableidx]` | immediates, in order: [`Immediate`](super::Immediate) |
//! | `[traps reads_table]` | effects: [`Effects`](super::Effects) |
//! | `1` | cost, in fuel |
//! | `falls`, `leaves` | whether what follows it can be reached from it |
//! | `{ table: table, }` | operands of its cell: name and [`Field`](crate::cell::Field) |
//!
//! Types are the Rust types that stand for value types: `u32` for i32, `u64` for i64, `f32`, `f64`, and `Ref` for any
//! reference. Types that depend on immediates or on where the instruction stands have names of their own:
//! [`Type`](super::Type).
//!
//! An operator's last part is its meaning (spec 4.3). `num` and `Trap` are the machine's. A row marked `traps` gives a
//! `Result`. Operators have no immediates but the `memarg` of loads and stores, cost 1, and fall through.

/// Calls `$callback!` with `$before` and the rows of the operators:
/// - `unops`: `Name [opcode] "text" operand => result pure|traps |a| meaning;`
/// - `binops`: `Name [opcode] "text" operands => result pure|traps |a, b| meaning;`
/// - `loads`: `Name [opcode] "text" in memory => result |a| conversion;`
/// - `stores`: `Name [opcode] "text" operand => in memory |a| conversion;`
#[macro_export]
macro_rules! for_each_op {
    ($callback:ident $($before:tt)*) => {
        $callback! {
            $($before)*
            unops {
                I32Eqz [0x45] "i32.eqz" u32 => u32 pure |a| u32::from(a == 0);
                I32Clz [0x67] "i32.clz" u32 => u32 pure |a| a.leading_zeros();
                I32Ctz [0x68] "i32.ctz" u32 => u32 pure |a| a.trailing_zeros();
                I32Popcnt [0x69] "i32.popcnt" u32 => u32 pure |a| a.count_ones();
                I32Extend8S [0xc0] "i32.extend8_s" u32 => u32 pure |a| a as i8 as u32;
                I32Extend16S [0xc1] "i32.extend16_s" u32 => u32 pure |a| a as i16 as u32;
                I64Eqz [0x50] "i64.eqz" u64 => u32 pure |a| u32::from(a == 0);
                I64Clz [0x79] "i64.clz" u64 => u64 pure |a| u64::from(a.leading_zeros());
                I64Ctz [0x7a] "i64.ctz" u64 => u64 pure |a| u64::from(a.trailing_zeros());
                I64Popcnt [0x7b] "i64.popcnt" u64 => u64 pure |a| u64::from(a.count_ones());
                I64Extend8S [0xc2] "i64.extend8_s" u64 => u64 pure |a| a as i8 as u64;
                I64Extend16S [0xc3] "i64.extend16_s" u64 => u64 pure |a| a as i16 as u64;
                I64Extend32S [0xc4] "i64.extend32_s" u64 => u64 pure |a| a as i32 as u64;
                I32WrapI64 [0xa7] "i32.wrap_i64" u64 => u32 pure |a| a as u32;
                I64ExtendI32S [0xac] "i64.extend_i32_s" u32 => u64 pure |a| a as i32 as u64;
                I64ExtendI32U [0xad] "i64.extend_i32_u" u32 => u64 pure |a| u64::from(a);
                I32TruncF32S [0xa8] "i32.trunc_f32_s" f32 => u32 traps |a| num::f32_to_i32(a);
                I32TruncF32U [0xa9] "i32.trunc_f32_u" f32 => u32 traps |a| num::f32_to_u32(a);
                I32TruncF64S [0xaa] "i32.trunc_f64_s" f64 => u32 traps |a| num::f64_to_i32(a);
                I32TruncF64U [0xab] "i32.trunc_f64_u" f64 => u32 traps |a| num::f64_to_u32(a);
                I32TruncSatF32S [0xfc 0x00] "i32.trunc_sat_f32_s" f32 => u32 pure |a| a as i32 as u32;
                I32TruncSatF32U [0xfc 0x01] "i32.trunc_sat_f32_u" f32 => u32 pure |a| a as u32;
                I32TruncSatF64S [0xfc 0x02] "i32.trunc_sat_f64_s" f64 => u32 pure |a| a as i32 as u32;
                I32TruncSatF64U [0xfc 0x03] "i32.trunc_sat_f64_u" f64 => u32 pure |a| a as u32;
                I64TruncF32S [0xae] "i64.trunc_f32_s" f32 => u64 traps |a| num::f32_to_i64(a);
                I64TruncF32U [0xaf] "i64.trunc_f32_u" f32 => u64 traps |a| num::f32_to_u64(a);
                I64TruncF64S [0xb0] "i64.trunc_f64_s" f64 => u64 traps |a| num::f64_to_i64(a);
                I64TruncF64U [0xb1] "i64.trunc_f64_u" f64 => u64 traps |a| num::f64_to_u64(a);
                I64TruncSatF32S [0xfc 0x04] "i64.trunc_sat_f32_s" f32 => u64 pure |a| a as i64 as u64;
                I64TruncSatF32U [0xfc 0x05] "i64.trunc_sat_f32_u" f32 => u64 pure |a| a as u64;
                I64TruncSatF64S [0xfc 0x06] "i64.trunc_sat_f64_s" f64 => u64 pure |a| a as i64 as u64;
                I64TruncSatF64U [0xfc 0x07] "i64.trunc_sat_f64_u" f64 => u64 pure |a| a as u64;
                F32ConvertI32S [0xb2] "f32.convert_i32_s" u32 => f32 pure |a| a as i32 as f32;
                F32ConvertI32U [0xb3] "f32.convert_i32_u" u32 => f32 pure |a| a as f32;
                F32ConvertI64S [0xb4] "f32.convert_i64_s" u64 => f32 pure |a| a as i64 as f32;
                F32ConvertI64U [0xb5] "f32.convert_i64_u" u64 => f32 pure |a| a as f32;
                F64ConvertI32S [0xb7] "f64.convert_i32_s" u32 => f64 pure |a| a as i32 as f64;
                F64ConvertI32U [0xb8] "f64.convert_i32_u" u32 => f64 pure |a| a as f64;
                F64ConvertI64S [0xb9] "f64.convert_i64_s" u64 => f64 pure |a| a as i64 as f64;
                F64ConvertI64U [0xba] "f64.convert_i64_u" u64 => f64 pure |a| a as f64;
                F32DemoteF64 [0xb6] "f32.demote_f64" f64 => f32 pure |a| a as f32;
                F64PromoteF32 [0xbb] "f64.promote_f32" f32 => f64 pure |a| f64::from(a);
                I32ReinterpretF32 [0xbc] "i32.reinterpret_f32" f32 => u32 pure |a| a.to_bits();
                I64ReinterpretF64 [0xbd] "i64.reinterpret_f64" f64 => u64 pure |a| a.to_bits();
                F32ReinterpretI32 [0xbe] "f32.reinterpret_i32" u32 => f32 pure |a| f32::from_bits(a);
                F64ReinterpretI64 [0xbf] "f64.reinterpret_i64" u64 => f64 pure |a| f64::from_bits(a);
                F32Abs [0x8b] "f32.abs" f32 => f32 pure |a| a.abs();
                F32Neg [0x8c] "f32.neg" f32 => f32 pure |a| -a;
                F32Ceil [0x8d] "f32.ceil" f32 => f32 pure |a| num::f32_ceil(a);
                F32Floor [0x8e] "f32.floor" f32 => f32 pure |a| num::f32_floor(a);
                F32Trunc [0x8f] "f32.trunc" f32 => f32 pure |a| num::f32_trunc(a);
                F32Nearest [0x90] "f32.nearest" f32 => f32 pure |a| num::f32_nearest(a);
                F32Sqrt [0x91] "f32.sqrt" f32 => f32 pure |a| a.sqrt();
                F64Abs [0x99] "f64.abs" f64 => f64 pure |a| a.abs();
                F64Neg [0x9a] "f64.neg" f64 => f64 pure |a| -a;
                F64Ceil [0x9b] "f64.ceil" f64 => f64 pure |a| num::f64_ceil(a);
                F64Floor [0x9c] "f64.floor" f64 => f64 pure |a| num::f64_floor(a);
                F64Trunc [0x9d] "f64.trunc" f64 => f64 pure |a| num::f64_trunc(a);
                F64Nearest [0x9e] "f64.nearest" f64 => f64 pure |a| num::f64_nearest(a);
                F64Sqrt [0x9f] "f64.sqrt" f64 => f64 pure |a| a.sqrt();
                RefIsNull [0xd1] "ref.is_null" Ref => u32 pure |a| u32::from(a == 0);
                RefAsNonNull [0xd4] "ref.as_non_null" Ref => Ref traps |a| num::non_null(a);
                I31GetS [0xfb 0x1d] "i31.get_s" Ref => u32 traps |a| num::i31_s(a);
                I31GetU [0xfb 0x1e] "i31.get_u" Ref => u32 traps |a| num::i31_u(a);
            }
            binops {
                I32Add [0x6a] "i32.add" u32 => u32 pure |a, b| a.wrapping_add(b);
                I32Sub [0x6b] "i32.sub" u32 => u32 pure |a, b| a.wrapping_sub(b);
                I32Mul [0x6c] "i32.mul" u32 => u32 pure |a, b| a.wrapping_mul(b);
                I32And [0x71] "i32.and" u32 => u32 pure |a, b| a & b;
                I32Or [0x72] "i32.or" u32 => u32 pure |a, b| a | b;
                I32Xor [0x73] "i32.xor" u32 => u32 pure |a, b| a ^ b;
                I32Shl [0x74] "i32.shl" u32 => u32 pure |a, b| a.wrapping_shl(b);
                I32ShrS [0x75] "i32.shr_s" u32 => u32 pure |a, b| (a as i32).wrapping_shr(b) as u32;
                I32ShrU [0x76] "i32.shr_u" u32 => u32 pure |a, b| a.wrapping_shr(b);
                I32Rotl [0x77] "i32.rotl" u32 => u32 pure |a, b| a.rotate_left(b % 32);
                I32Rotr [0x78] "i32.rotr" u32 => u32 pure |a, b| a.rotate_right(b % 32);
                I32DivS [0x6d] "i32.div_s" u32 => u32 traps |a, b| num::i32_div(a, b);
                I32DivU [0x6e] "i32.div_u" u32 => u32 traps |a, b| a.checked_div(b).ok_or(Trap::IntegerDivideByZero);
                I32RemS [0x6f] "i32.rem_s" u32 => u32 traps |a, b| num::i32_rem(a, b);
                I32RemU [0x70] "i32.rem_u" u32 => u32 traps |a, b| a.checked_rem(b).ok_or(Trap::IntegerDivideByZero);
                I32Eq [0x46] "i32.eq" u32 => u32 pure |a, b| u32::from(a == b);
                I32Ne [0x47] "i32.ne" u32 => u32 pure |a, b| u32::from(a != b);
                I32LtS [0x48] "i32.lt_s" u32 => u32 pure |a, b| u32::from((a as i32) < (b as i32));
                I32LtU [0x49] "i32.lt_u" u32 => u32 pure |a, b| u32::from(a < b);
                I32GtS [0x4a] "i32.gt_s" u32 => u32 pure |a, b| u32::from((a as i32) > (b as i32));
                I32GtU [0x4b] "i32.gt_u" u32 => u32 pure |a, b| u32::from(a > b);
                I32LeS [0x4c] "i32.le_s" u32 => u32 pure |a, b| u32::from((a as i32) <= (b as i32));
                I32LeU [0x4d] "i32.le_u" u32 => u32 pure |a, b| u32::from(a <= b);
                I32GeS [0x4e] "i32.ge_s" u32 => u32 pure |a, b| u32::from((a as i32) >= (b as i32));
                I32GeU [0x4f] "i32.ge_u" u32 => u32 pure |a, b| u32::from(a >= b);
                I64Add [0x7c] "i64.add" u64 => u64 pure |a, b| a.wrapping_add(b);
                I64Sub [0x7d] "i64.sub" u64 => u64 pure |a, b| a.wrapping_sub(b);
                I64Mul [0x7e] "i64.mul" u64 => u64 pure |a, b| a.wrapping_mul(b);
                I64And [0x83] "i64.and" u64 => u64 pure |a, b| a & b;
                I64Or [0x84] "i64.or" u64 => u64 pure |a, b| a | b;
                I64Xor [0x85] "i64.xor" u64 => u64 pure |a, b| a ^ b;
                I64Shl [0x86] "i64.shl" u64 => u64 pure |a, b| a.wrapping_shl(b as u32);
                I64ShrS [0x87] "i64.shr_s" u64 => u64 pure |a, b| (a as i64).wrapping_shr(b as u32) as u64;
                I64ShrU [0x88] "i64.shr_u" u64 => u64 pure |a, b| a.wrapping_shr(b as u32);
                I64Rotl [0x89] "i64.rotl" u64 => u64 pure |a, b| a.rotate_left(b as u32 % 64);
                I64Rotr [0x8a] "i64.rotr" u64 => u64 pure |a, b| a.rotate_right(b as u32 % 64);
                I64DivS [0x7f] "i64.div_s" u64 => u64 traps |a, b| num::i64_div(a, b);
                I64DivU [0x80] "i64.div_u" u64 => u64 traps |a, b| a.checked_div(b).ok_or(Trap::IntegerDivideByZero);
                I64RemS [0x81] "i64.rem_s" u64 => u64 traps |a, b| num::i64_rem(a, b);
                I64RemU [0x82] "i64.rem_u" u64 => u64 traps |a, b| a.checked_rem(b).ok_or(Trap::IntegerDivideByZero);
                I64Eq [0x51] "i64.eq" u64 => u32 pure |a, b| u32::from(a == b);
                I64Ne [0x52] "i64.ne" u64 => u32 pure |a, b| u32::from(a != b);
                I64LtS [0x53] "i64.lt_s" u64 => u32 pure |a, b| u32::from((a as i64) < (b as i64));
                I64LtU [0x54] "i64.lt_u" u64 => u32 pure |a, b| u32::from(a < b);
                I64GtS [0x55] "i64.gt_s" u64 => u32 pure |a, b| u32::from((a as i64) > (b as i64));
                I64GtU [0x56] "i64.gt_u" u64 => u32 pure |a, b| u32::from(a > b);
                I64LeS [0x57] "i64.le_s" u64 => u32 pure |a, b| u32::from((a as i64) <= (b as i64));
                I64LeU [0x58] "i64.le_u" u64 => u32 pure |a, b| u32::from(a <= b);
                I64GeS [0x59] "i64.ge_s" u64 => u32 pure |a, b| u32::from((a as i64) >= (b as i64));
                I64GeU [0x5a] "i64.ge_u" u64 => u32 pure |a, b| u32::from(a >= b);
                F32Add [0x92] "f32.add" f32 => f32 pure |a, b| a + b;
                F32Sub [0x93] "f32.sub" f32 => f32 pure |a, b| a - b;
                F32Mul [0x94] "f32.mul" f32 => f32 pure |a, b| a * b;
                F32Div [0x95] "f32.div" f32 => f32 pure |a, b| a / b;
                F32Min [0x96] "f32.min" f32 => f32 pure |a, b| num::f32_min(a, b);
                F32Max [0x97] "f32.max" f32 => f32 pure |a, b| num::f32_max(a, b);
                F32Copysign [0x98] "f32.copysign" f32 => f32 pure |a, b| a.copysign(b);
                F32Eq [0x5b] "f32.eq" f32 => u32 pure |a, b| u32::from(a == b);
                F32Ne [0x5c] "f32.ne" f32 => u32 pure |a, b| u32::from(a != b);
                F32Lt [0x5d] "f32.lt" f32 => u32 pure |a, b| u32::from(a < b);
                F32Gt [0x5e] "f32.gt" f32 => u32 pure |a, b| u32::from(a > b);
                F32Le [0x5f] "f32.le" f32 => u32 pure |a, b| u32::from(a <= b);
                F32Ge [0x60] "f32.ge" f32 => u32 pure |a, b| u32::from(a >= b);
                F64Add [0xa0] "f64.add" f64 => f64 pure |a, b| a + b;
                F64Sub [0xa1] "f64.sub" f64 => f64 pure |a, b| a - b;
                F64Mul [0xa2] "f64.mul" f64 => f64 pure |a, b| a * b;
                F64Div [0xa3] "f64.div" f64 => f64 pure |a, b| a / b;
                F64Min [0xa4] "f64.min" f64 => f64 pure |a, b| num::f64_min(a, b);
                F64Max [0xa5] "f64.max" f64 => f64 pure |a, b| num::f64_max(a, b);
                F64Copysign [0xa6] "f64.copysign" f64 => f64 pure |a, b| a.copysign(b);
                F64Eq [0x61] "f64.eq" f64 => u32 pure |a, b| u32::from(a == b);
                F64Ne [0x62] "f64.ne" f64 => u32 pure |a, b| u32::from(a != b);
                F64Lt [0x63] "f64.lt" f64 => u32 pure |a, b| u32::from(a < b);
                F64Gt [0x64] "f64.gt" f64 => u32 pure |a, b| u32::from(a > b);
                F64Le [0x65] "f64.le" f64 => u32 pure |a, b| u32::from(a <= b);
                F64Ge [0x66] "f64.ge" f64 => u32 pure |a, b| u32::from(a >= b);
            }
            loads {
                I32Load [0x28] "i32.load" u32 => u32 |a| a;
                I64Load [0x29] "i64.load" u64 => u64 |a| a;
                F32Load [0x2a] "f32.load" f32 => f32 |a| a;
                F64Load [0x2b] "f64.load" f64 => f64 |a| a;
                I32Load8S [0x2c] "i32.load8_s" i8 => u32 |a| a as u32;
                I32Load8U [0x2d] "i32.load8_u" u8 => u32 |a| u32::from(a);
                I32Load16S [0x2e] "i32.load16_s" i16 => u32 |a| a as u32;
                I32Load16U [0x2f] "i32.load16_u" u16 => u32 |a| u32::from(a);
                I64Load8S [0x30] "i64.load8_s" i8 => u64 |a| a as u64;
                I64Load8U [0x31] "i64.load8_u" u8 => u64 |a| u64::from(a);
                I64Load16S [0x32] "i64.load16_s" i16 => u64 |a| a as u64;
                I64Load16U [0x33] "i64.load16_u" u16 => u64 |a| u64::from(a);
                I64Load32S [0x34] "i64.load32_s" i32 => u64 |a| a as u64;
                I64Load32U [0x35] "i64.load32_u" u32 => u64 |a| u64::from(a);
            }
            stores {
                I32Store [0x36] "i32.store" u32 => u32 |a| a;
                I64Store [0x37] "i64.store" u64 => u64 |a| a;
                F32Store [0x38] "f32.store" f32 => f32 |a| a;
                F64Store [0x39] "f64.store" f64 => f64 |a| a;
                I32Store8 [0x3a] "i32.store8" u32 => u8 |a| a as u8;
                I32Store16 [0x3b] "i32.store16" u32 => u16 |a| a as u16;
                I64Store8 [0x3c] "i64.store8" u64 => u8 |a| a as u8;
                I64Store16 [0x3d] "i64.store16" u64 => u16 |a| a as u16;
                I64Store32 [0x3e] "i64.store32" u64 => u32 |a| a as u32;
            }
        }
    };
}

/// Calls `$callback!` with `$before` and the rows of all other instructions:
/// - `special`: those that lowering gives their meaning;
/// - `cells`: those that a cell of their own executes, with the cell's operands;
/// - `atomics`: those of [`for_each_atomic!`](crate::for_each_atomic), which have cells, too.
#[macro_export]
macro_rules! for_each_special {
    ($callback:ident $($before:tt)*) => {
        $crate::for_each_atomic! {
            $callback
            $($before)*
            special {
                Unreachable [0x00] "unreachable" [] => [] [] [traps] 1 leaves;
                Nop [0x01] "nop" [] => [] [] [] 0 falls;
                Block [0x02] "block" [params] => [params] [blocktype] [] 0 falls;
                Loop [0x03] "loop" [params] => [params] [blocktype] [] 0 falls;
                If [0x04] "if" [params u32] => [params] [blocktype] [] 1 falls;
                Else [0x05] "else" [results] => [params] [] [] 0 falls;
                Try [0x06] "try" [params] => [params] [blocktype] [] 0 falls;
                Catch [0x07] "catch" [results] => [params] [tagidx] [] 1 falls;
                Throw [0x08] "throw" [params] => [] [tagidx] [branches] 1 leaves;
                Rethrow [0x09] "rethrow" [] => [] [labelidx] [branches] 1 leaves;
                ThrowRef [0x0a] "throw_ref" [exn] => [] [] [traps branches] 1 leaves;
                End [0x0b] "end" [results] => [results] [] [] 0 falls;
                Br [0x0c] "br" [label] => [] [labelidx] [branches] 1 leaves;
                BrIf [0x0d] "br_if" [label u32] => [label] [labelidx] [branches] 1 falls;
                BrTable [0x0e] "br_table" [label u32] => [] [labelidxs] [branches] 1 leaves;
                Return [0x0f] "return" [returns] => [] [] [branches] 1 leaves;
                Call [0x10] "call" [params] => [results] [funcidx] [calls] 1 falls;
                CallIndirect [0x11] "call_indirect" [params u32] => [results] [typeidx tableidx] [calls] 1 falls;
                ReturnCall [0x12] "return_call" [params] => [] [funcidx] [calls branches] 1 leaves;
                ReturnCallIndirect [0x13] "return_call_indirect"
                    [params u32] => [] [typeidx tableidx] [calls branches] 1 leaves;
                CallRef [0x14] "call_ref" [params func] => [results] [typeidx] [calls] 1 falls;
                ReturnCallRef [0x15] "return_call_ref" [params func] => [] [typeidx] [calls branches] 1 leaves;
                Delegate [0x18] "delegate" [results] => [results] [labelidx] [] 0 falls;
                CatchAll [0x19] "catch_all" [results] => [] [] [] 1 falls;
                Drop [0x1a] "drop" [any] => [] [] [] 0 falls;
                Select [0x1b] "select" [any any u32] => [any] [] [] 1 falls;
                TypedSelect [0x1c] "select" [named named u32] => [named] [valtypes] [] 1 falls;
                TryTable [0x1f] "try_table" [params] => [params] [blocktype catches] [] 0 falls;
                LocalGet [0x20] "local.get" [] => [local] [localidx] [reads_local] 1 falls;
                LocalSet [0x21] "local.set" [local] => [] [localidx] [writes_local] 1 falls;
                LocalTee [0x22] "local.tee" [local] => [local] [localidx] [writes_local] 1 falls;
                GlobalGet [0x23] "global.get" [] => [global] [globalidx] [reads_global] 1 falls;
                GlobalSet [0x24] "global.set" [global] => [] [globalidx] [writes_global] 1 falls;
                I32Const [0x41] "i32.const" [] => [u32] [i32] [] 1 falls;
                I64Const [0x42] "i64.const" [] => [u64] [i64] [] 1 falls;
                F32Const [0x43] "f32.const" [] => [f32] [f32] [] 1 falls;
                F64Const [0x44] "f64.const" [] => [f64] [f64] [] 1 falls;
                V128Const [0xfd 0x0c] "v128.const" [] => [v128] [v128] [] 1 falls;
                RefNull [0xd0] "ref.null" [] => [named] [heaptype] [] 1 falls;
                RefFunc [0xd2] "ref.func" [] => [func] [funcidx] [] 1 falls;
                BrOnNull [0xd5] "br_on_null" [label Ref] => [label Ref] [labelidx] [branches] 1 falls;
                RefEq [0xd3] "ref.eq" [Ref Ref] => [u32] [] [] 1 falls;
                BrOnNonNull [0xd6] "br_on_non_null" [label] => [label] [labelidx] [branches] 1 falls;
                StructNew [0xfb 0x00] "struct.new" [params] => [Ref] [typeidx] [traps] 1 falls;
                StructNewDefault [0xfb 0x01] "struct.new_default" [] => [Ref] [typeidx] [traps] 1 falls;
                StructGet [0xfb 0x02] "struct.get" [Ref] => [any] [typeidx fieldidx] [traps] 1 falls;
                StructGetS [0xfb 0x03] "struct.get_s" [Ref] => [u32] [typeidx fieldidx] [traps] 1 falls;
                StructGetU [0xfb 0x04] "struct.get_u" [Ref] => [u32] [typeidx fieldidx] [traps] 1 falls;
                StructSet [0xfb 0x05] "struct.set" [Ref any] => [] [typeidx fieldidx] [traps] 1 falls;
                ArrayNew [0xfb 0x06] "array.new" [any u32] => [Ref] [typeidx] [traps] 1 falls;
                ArrayNewDefault [0xfb 0x07] "array.new_default" [u32] => [Ref] [typeidx] [traps] 1 falls;
                ArrayNewFixed [0xfb 0x08] "array.new_fixed" [params] => [Ref] [typeidx count] [traps] 1 falls;
                ArrayNewData [0xfb 0x09] "array.new_data" [u32 u32] => [Ref] [typeidx dataidx] [traps reads_segment] 1 falls;
                ArrayNewElem [0xfb 0x0a] "array.new_elem" [u32 u32] => [Ref] [typeidx elemidx] [traps reads_segment] 1 falls;
                ArrayGet [0xfb 0x0b] "array.get" [Ref u32] => [any] [typeidx] [traps] 1 falls;
                ArrayGetS [0xfb 0x0c] "array.get_s" [Ref u32] => [u32] [typeidx] [traps] 1 falls;
                ArrayGetU [0xfb 0x0d] "array.get_u" [Ref u32] => [u32] [typeidx] [traps] 1 falls;
                ArraySet [0xfb 0x0e] "array.set" [Ref u32 any] => [] [typeidx] [traps] 1 falls;
                ArrayLen [0xfb 0x0f] "array.len" [Ref] => [u32] [] [traps] 1 falls;
                ArrayFill [0xfb 0x10] "array.fill" [Ref u32 any u32] => [] [typeidx] [traps] 1 falls;
                ArrayCopy [0xfb 0x11] "array.copy" [Ref u32 Ref u32 u32] => [] [typeidx typeidx] [traps] 1 falls;
                ArrayInitData [0xfb 0x12] "array.init_data"
                    [Ref u32 u32 u32] => [] [typeidx dataidx] [traps reads_segment] 1 falls;
                ArrayInitElem [0xfb 0x13] "array.init_elem"
                    [Ref u32 u32 u32] => [] [typeidx elemidx] [traps reads_segment] 1 falls;
                RefTestNonNull [0xfb 0x14] "ref.test" [Ref] => [u32] [heaptype] [] 1 falls;
                RefTestNullable [0xfb 0x15] "ref.test" [Ref] => [u32] [heaptype] [] 1 falls;
                RefCastNonNull [0xfb 0x16] "ref.cast" [Ref] => [Ref] [heaptype] [traps] 1 falls;
                RefCastNullable [0xfb 0x17] "ref.cast" [Ref] => [Ref] [heaptype] [traps] 1 falls;
                BrOnCast [0xfb 0x18] "br_on_cast"
                    [label] => [label] [castflags labelidx heaptype heaptype] [branches] 1 falls;
                BrOnCastFail [0xfb 0x19] "br_on_cast_fail"
                    [label] => [label] [castflags labelidx heaptype heaptype] [branches] 1 falls;
                AnyConvertExtern [0xfb 0x1a] "any.convert_extern" [Ref] => [Ref] [] [] 0 falls;
                ExternConvertAny [0xfb 0x1b] "extern.convert_any" [Ref] => [Ref] [] [] 0 falls;
                RefI31 [0xfb 0x1c] "ref.i31" [u32] => [Ref] [] [] 1 falls;
                MemoryCopy [0xfc 0x0a] "memory.copy"
                    [u32 u32 u32] => [] [memidx memidx] [traps reads_memory writes_memory] 1 falls;
                MemoryFill [0xfc 0x0b] "memory.fill" [u32 u32 u32] => [] [memidx] [traps writes_memory] 1 falls;
                I64Add128 [0xfc 0x13] "i64.add128" [u64 u64 u64 u64] => [u64 u64] [] [] 1 falls;
                I64Sub128 [0xfc 0x14] "i64.sub128" [u64 u64 u64 u64] => [u64 u64] [] [] 1 falls;
                I64MulWideS [0xfc 0x15] "i64.mul_wide_s" [u64 u64] => [u64 u64] [] [] 1 falls;
                I64MulWideU [0xfc 0x16] "i64.mul_wide_u" [u64 u64] => [u64 u64] [] [] 1 falls;
            }
            cells {
                TableGet [0x25] "table.get" [u32] => [element] [tableidx] [traps reads_table] 1 falls {
                    table: table,
                };
                TableSet [0x26] "table.set" [u32 element] => [] [tableidx] [traps writes_table] 1 falls {
                    table: table, args: operands,
                };
                MemorySize [0x3f] "memory.size" [] => [u32] [memidx] [reads_memory] 1 falls {};
                MemoryGrow [0x40] "memory.grow" [u32] => [u32] [memidx] [reads_memory writes_memory] 1 falls {};
                MemoryInit [0xfc 0x08] "memory.init"
                    [u32 u32 u32] => [] [dataidx memidx] [traps reads_segment writes_memory] 1 falls {
                    segment: data, args: operands,
                };
                DataDrop [0xfc 0x09] "data.drop" [] => [] [dataidx] [writes_segment] 1 falls {
                    segment: data,
                };
                TableInit [0xfc 0x0c] "table.init"
                    [u32 u32 u32] => [] [elemidx tableidx] [traps reads_segment writes_table] 1 falls {
                    table: table, segment: element, args: operands,
                };
                ElemDrop [0xfc 0x0d] "elem.drop" [] => [] [elemidx] [writes_segment] 1 falls {
                    segment: element,
                };
                TableCopy [0xfc 0x0e] "table.copy"
                    [u32 u32 u32] => [] [tableidx tableidx] [traps reads_table writes_table] 1 falls {
                    to: table, from: table, args: operands,
                };
                TableGrow [0xfc 0x0f] "table.grow"
                    [element u32] => [u32] [tableidx] [reads_table writes_table] 1 falls {
                    table: table, args: operands,
                };
                TableSize [0xfc 0x10] "table.size" [] => [u32] [tableidx] [reads_table] 1 falls {
                    table: table,
                };
                TableFill [0xfc 0x11] "table.fill"
                    [u32 element u32] => [] [tableidx] [traps writes_table] 1 falls {
                    table: table, args: operands,
                };
                AtomicFence [0xfe 0x03] "atomic.fence" [] => [] [reserved] [reads_memory writes_memory] 1 falls {};
            }
        }
    };
}
