//! The one table of numeric and memory operators: name, text, types, whether it traps, and meaning.
//!
//! This crate expands names and types ([`Op`]); the machine expands the same rows into handlers. Names are wasmparser's,
//! texts the specification's, and a row's last part is the operator's semantics (spec 4.3) on the Rust types that stand
//! for value types: `u32` for i32, `u64` for i64 and references, `f32`, `f64`. `num` and `Trap` are the machine's. A row
//! marked `traps` gives a `Result`.

/// Calls `$callback!` with every row:
/// - `unops`: `Name "text" operand => result pure|traps |a| meaning;`
/// - `binops`: `Name "text" operands => result pure|traps |a, b| meaning;`
/// - `loads`: `Name "text" in memory => result |a| conversion;`
/// - `stores`: `Name "text" operand => in memory |a| conversion;`
#[macro_export]
macro_rules! for_each_op {
    ($callback:ident) => {
        $callback! {
            unops {
                I32Eqz "i32.eqz" u32 => u32 pure |a| u32::from(a == 0);
                I32Clz "i32.clz" u32 => u32 pure |a| a.leading_zeros();
                I32Ctz "i32.ctz" u32 => u32 pure |a| a.trailing_zeros();
                I32Popcnt "i32.popcnt" u32 => u32 pure |a| a.count_ones();
                I32Extend8S "i32.extend8_s" u32 => u32 pure |a| a as i8 as u32;
                I32Extend16S "i32.extend16_s" u32 => u32 pure |a| a as i16 as u32;
                I64Eqz "i64.eqz" u64 => u32 pure |a| u32::from(a == 0);
                I64Clz "i64.clz" u64 => u64 pure |a| u64::from(a.leading_zeros());
                I64Ctz "i64.ctz" u64 => u64 pure |a| u64::from(a.trailing_zeros());
                I64Popcnt "i64.popcnt" u64 => u64 pure |a| u64::from(a.count_ones());
                I64Extend8S "i64.extend8_s" u64 => u64 pure |a| a as i8 as u64;
                I64Extend16S "i64.extend16_s" u64 => u64 pure |a| a as i16 as u64;
                I64Extend32S "i64.extend32_s" u64 => u64 pure |a| a as i32 as u64;
                I32WrapI64 "i32.wrap_i64" u64 => u32 pure |a| a as u32;
                I64ExtendI32S "i64.extend_i32_s" u32 => u64 pure |a| a as i32 as u64;
                I64ExtendI32U "i64.extend_i32_u" u32 => u64 pure |a| u64::from(a);
                I32TruncF32S "i32.trunc_f32_s" f32 => u32 traps |a| num::f32_to_i32(a);
                I32TruncF32U "i32.trunc_f32_u" f32 => u32 traps |a| num::f32_to_u32(a);
                I32TruncF64S "i32.trunc_f64_s" f64 => u32 traps |a| num::f64_to_i32(a);
                I32TruncF64U "i32.trunc_f64_u" f64 => u32 traps |a| num::f64_to_u32(a);
                I32TruncSatF32S "i32.trunc_sat_f32_s" f32 => u32 pure |a| a as i32 as u32;
                I32TruncSatF32U "i32.trunc_sat_f32_u" f32 => u32 pure |a| a as u32;
                I32TruncSatF64S "i32.trunc_sat_f64_s" f64 => u32 pure |a| a as i32 as u32;
                I32TruncSatF64U "i32.trunc_sat_f64_u" f64 => u32 pure |a| a as u32;
                I64TruncF32S "i64.trunc_f32_s" f32 => u64 traps |a| num::f32_to_i64(a);
                I64TruncF32U "i64.trunc_f32_u" f32 => u64 traps |a| num::f32_to_u64(a);
                I64TruncF64S "i64.trunc_f64_s" f64 => u64 traps |a| num::f64_to_i64(a);
                I64TruncF64U "i64.trunc_f64_u" f64 => u64 traps |a| num::f64_to_u64(a);
                I64TruncSatF32S "i64.trunc_sat_f32_s" f32 => u64 pure |a| a as i64 as u64;
                I64TruncSatF32U "i64.trunc_sat_f32_u" f32 => u64 pure |a| a as u64;
                I64TruncSatF64S "i64.trunc_sat_f64_s" f64 => u64 pure |a| a as i64 as u64;
                I64TruncSatF64U "i64.trunc_sat_f64_u" f64 => u64 pure |a| a as u64;
                F32ConvertI32S "f32.convert_i32_s" u32 => f32 pure |a| a as i32 as f32;
                F32ConvertI32U "f32.convert_i32_u" u32 => f32 pure |a| a as f32;
                F32ConvertI64S "f32.convert_i64_s" u64 => f32 pure |a| a as i64 as f32;
                F32ConvertI64U "f32.convert_i64_u" u64 => f32 pure |a| a as f32;
                F64ConvertI32S "f64.convert_i32_s" u32 => f64 pure |a| a as i32 as f64;
                F64ConvertI32U "f64.convert_i32_u" u32 => f64 pure |a| a as f64;
                F64ConvertI64S "f64.convert_i64_s" u64 => f64 pure |a| a as i64 as f64;
                F64ConvertI64U "f64.convert_i64_u" u64 => f64 pure |a| a as f64;
                F32DemoteF64 "f32.demote_f64" f64 => f32 pure |a| a as f32;
                F64PromoteF32 "f64.promote_f32" f32 => f64 pure |a| f64::from(a);
                I32ReinterpretF32 "i32.reinterpret_f32" f32 => u32 pure |a| a.to_bits();
                I64ReinterpretF64 "i64.reinterpret_f64" f64 => u64 pure |a| a.to_bits();
                F32ReinterpretI32 "f32.reinterpret_i32" u32 => f32 pure |a| f32::from_bits(a);
                F64ReinterpretI64 "f64.reinterpret_i64" u64 => f64 pure |a| f64::from_bits(a);
                F32Abs "f32.abs" f32 => f32 pure |a| a.abs();
                F32Neg "f32.neg" f32 => f32 pure |a| -a;
                F32Ceil "f32.ceil" f32 => f32 pure |a| num::f32_ceil(a);
                F32Floor "f32.floor" f32 => f32 pure |a| num::f32_floor(a);
                F32Trunc "f32.trunc" f32 => f32 pure |a| num::f32_trunc(a);
                F32Nearest "f32.nearest" f32 => f32 pure |a| num::f32_nearest(a);
                F32Sqrt "f32.sqrt" f32 => f32 pure |a| a.sqrt();
                F64Abs "f64.abs" f64 => f64 pure |a| a.abs();
                F64Neg "f64.neg" f64 => f64 pure |a| -a;
                F64Ceil "f64.ceil" f64 => f64 pure |a| num::f64_ceil(a);
                F64Floor "f64.floor" f64 => f64 pure |a| num::f64_floor(a);
                F64Trunc "f64.trunc" f64 => f64 pure |a| num::f64_trunc(a);
                F64Nearest "f64.nearest" f64 => f64 pure |a| num::f64_nearest(a);
                F64Sqrt "f64.sqrt" f64 => f64 pure |a| a.sqrt();
                RefIsNull "ref.is_null" u64 => u32 pure |a| u32::from(a == 0);
            }
            binops {
                I32Add "i32.add" u32 => u32 pure |a, b| a.wrapping_add(b);
                I32Sub "i32.sub" u32 => u32 pure |a, b| a.wrapping_sub(b);
                I32Mul "i32.mul" u32 => u32 pure |a, b| a.wrapping_mul(b);
                I32And "i32.and" u32 => u32 pure |a, b| a & b;
                I32Or "i32.or" u32 => u32 pure |a, b| a | b;
                I32Xor "i32.xor" u32 => u32 pure |a, b| a ^ b;
                I32Shl "i32.shl" u32 => u32 pure |a, b| a.wrapping_shl(b);
                I32ShrS "i32.shr_s" u32 => u32 pure |a, b| (a as i32).wrapping_shr(b) as u32;
                I32ShrU "i32.shr_u" u32 => u32 pure |a, b| a.wrapping_shr(b);
                I32Rotl "i32.rotl" u32 => u32 pure |a, b| a.rotate_left(b % 32);
                I32Rotr "i32.rotr" u32 => u32 pure |a, b| a.rotate_right(b % 32);
                I32DivS "i32.div_s" u32 => u32 traps |a, b| num::i32_div(a, b);
                I32DivU "i32.div_u" u32 => u32 traps |a, b| a.checked_div(b).ok_or(Trap::IntegerDivideByZero);
                I32RemS "i32.rem_s" u32 => u32 traps |a, b| num::i32_rem(a, b);
                I32RemU "i32.rem_u" u32 => u32 traps |a, b| a.checked_rem(b).ok_or(Trap::IntegerDivideByZero);
                I32Eq "i32.eq" u32 => u32 pure |a, b| u32::from(a == b);
                I32Ne "i32.ne" u32 => u32 pure |a, b| u32::from(a != b);
                I32LtS "i32.lt_s" u32 => u32 pure |a, b| u32::from((a as i32) < (b as i32));
                I32LtU "i32.lt_u" u32 => u32 pure |a, b| u32::from(a < b);
                I32GtS "i32.gt_s" u32 => u32 pure |a, b| u32::from((a as i32) > (b as i32));
                I32GtU "i32.gt_u" u32 => u32 pure |a, b| u32::from(a > b);
                I32LeS "i32.le_s" u32 => u32 pure |a, b| u32::from((a as i32) <= (b as i32));
                I32LeU "i32.le_u" u32 => u32 pure |a, b| u32::from(a <= b);
                I32GeS "i32.ge_s" u32 => u32 pure |a, b| u32::from((a as i32) >= (b as i32));
                I32GeU "i32.ge_u" u32 => u32 pure |a, b| u32::from(a >= b);
                I64Add "i64.add" u64 => u64 pure |a, b| a.wrapping_add(b);
                I64Sub "i64.sub" u64 => u64 pure |a, b| a.wrapping_sub(b);
                I64Mul "i64.mul" u64 => u64 pure |a, b| a.wrapping_mul(b);
                I64And "i64.and" u64 => u64 pure |a, b| a & b;
                I64Or "i64.or" u64 => u64 pure |a, b| a | b;
                I64Xor "i64.xor" u64 => u64 pure |a, b| a ^ b;
                I64Shl "i64.shl" u64 => u64 pure |a, b| a.wrapping_shl(b as u32);
                I64ShrS "i64.shr_s" u64 => u64 pure |a, b| (a as i64).wrapping_shr(b as u32) as u64;
                I64ShrU "i64.shr_u" u64 => u64 pure |a, b| a.wrapping_shr(b as u32);
                I64Rotl "i64.rotl" u64 => u64 pure |a, b| a.rotate_left(b as u32 % 64);
                I64Rotr "i64.rotr" u64 => u64 pure |a, b| a.rotate_right(b as u32 % 64);
                I64DivS "i64.div_s" u64 => u64 traps |a, b| num::i64_div(a, b);
                I64DivU "i64.div_u" u64 => u64 traps |a, b| a.checked_div(b).ok_or(Trap::IntegerDivideByZero);
                I64RemS "i64.rem_s" u64 => u64 traps |a, b| num::i64_rem(a, b);
                I64RemU "i64.rem_u" u64 => u64 traps |a, b| a.checked_rem(b).ok_or(Trap::IntegerDivideByZero);
                I64Eq "i64.eq" u64 => u32 pure |a, b| u32::from(a == b);
                I64Ne "i64.ne" u64 => u32 pure |a, b| u32::from(a != b);
                I64LtS "i64.lt_s" u64 => u32 pure |a, b| u32::from((a as i64) < (b as i64));
                I64LtU "i64.lt_u" u64 => u32 pure |a, b| u32::from(a < b);
                I64GtS "i64.gt_s" u64 => u32 pure |a, b| u32::from((a as i64) > (b as i64));
                I64GtU "i64.gt_u" u64 => u32 pure |a, b| u32::from(a > b);
                I64LeS "i64.le_s" u64 => u32 pure |a, b| u32::from((a as i64) <= (b as i64));
                I64LeU "i64.le_u" u64 => u32 pure |a, b| u32::from(a <= b);
                I64GeS "i64.ge_s" u64 => u32 pure |a, b| u32::from((a as i64) >= (b as i64));
                I64GeU "i64.ge_u" u64 => u32 pure |a, b| u32::from(a >= b);
                F32Add "f32.add" f32 => f32 pure |a, b| a + b;
                F32Sub "f32.sub" f32 => f32 pure |a, b| a - b;
                F32Mul "f32.mul" f32 => f32 pure |a, b| a * b;
                F32Div "f32.div" f32 => f32 pure |a, b| a / b;
                F32Min "f32.min" f32 => f32 pure |a, b| num::f32_min(a, b);
                F32Max "f32.max" f32 => f32 pure |a, b| num::f32_max(a, b);
                F32Copysign "f32.copysign" f32 => f32 pure |a, b| a.copysign(b);
                F32Eq "f32.eq" f32 => u32 pure |a, b| u32::from(a == b);
                F32Ne "f32.ne" f32 => u32 pure |a, b| u32::from(a != b);
                F32Lt "f32.lt" f32 => u32 pure |a, b| u32::from(a < b);
                F32Gt "f32.gt" f32 => u32 pure |a, b| u32::from(a > b);
                F32Le "f32.le" f32 => u32 pure |a, b| u32::from(a <= b);
                F32Ge "f32.ge" f32 => u32 pure |a, b| u32::from(a >= b);
                F64Add "f64.add" f64 => f64 pure |a, b| a + b;
                F64Sub "f64.sub" f64 => f64 pure |a, b| a - b;
                F64Mul "f64.mul" f64 => f64 pure |a, b| a * b;
                F64Div "f64.div" f64 => f64 pure |a, b| a / b;
                F64Min "f64.min" f64 => f64 pure |a, b| num::f64_min(a, b);
                F64Max "f64.max" f64 => f64 pure |a, b| num::f64_max(a, b);
                F64Copysign "f64.copysign" f64 => f64 pure |a, b| a.copysign(b);
                F64Eq "f64.eq" f64 => u32 pure |a, b| u32::from(a == b);
                F64Ne "f64.ne" f64 => u32 pure |a, b| u32::from(a != b);
                F64Lt "f64.lt" f64 => u32 pure |a, b| u32::from(a < b);
                F64Gt "f64.gt" f64 => u32 pure |a, b| u32::from(a > b);
                F64Le "f64.le" f64 => u32 pure |a, b| u32::from(a <= b);
                F64Ge "f64.ge" f64 => u32 pure |a, b| u32::from(a >= b);
            }
            loads {
                I32Load "i32.load" u32 => u32 |a| a;
                I64Load "i64.load" u64 => u64 |a| a;
                F32Load "f32.load" f32 => f32 |a| a;
                F64Load "f64.load" f64 => f64 |a| a;
                I32Load8S "i32.load8_s" i8 => u32 |a| a as u32;
                I32Load8U "i32.load8_u" u8 => u32 |a| u32::from(a);
                I32Load16S "i32.load16_s" i16 => u32 |a| a as u32;
                I32Load16U "i32.load16_u" u16 => u32 |a| u32::from(a);
                I64Load8S "i64.load8_s" i8 => u64 |a| a as u64;
                I64Load8U "i64.load8_u" u8 => u64 |a| u64::from(a);
                I64Load16S "i64.load16_s" i16 => u64 |a| a as u64;
                I64Load16U "i64.load16_u" u16 => u64 |a| u64::from(a);
                I64Load32S "i64.load32_s" i32 => u64 |a| a as u64;
                I64Load32U "i64.load32_u" u32 => u64 |a| u64::from(a);
            }
            stores {
                I32Store "i32.store" u32 => u32 |a| a;
                I64Store "i64.store" u64 => u64 |a| a;
                F32Store "f32.store" f32 => f32 |a| a;
                F64Store "f64.store" f64 => f64 |a| a;
                I32Store8 "i32.store8" u32 => u8 |a| a as u8;
                I32Store16 "i32.store16" u32 => u16 |a| a as u16;
                I64Store8 "i64.store8" u64 => u8 |a| a as u8;
                I64Store16 "i64.store16" u64 => u16 |a| a as u16;
                I64Store32 "i64.store32" u64 => u32 |a| a as u32;
            }
        }
    };
}

/// How the machine sees a value: which registers and how many bytes. References count as 64-bit integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    /// 32-bit integer, `u32` in handlers.
    I32,
    /// 64-bit integer or reference, `u64`.
    I64,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
}

impl Class {
    /// Every class, in order.
    pub const ALL: [Self; 4] = [Self::I32, Self::I64, Self::F32, Self::F64];

    /// Whether values of this class live in vector registers.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// Bytes of an immediate.
    pub const fn bytes(self) -> usize {
        match self {
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }
}

impl From<crate::ValType> for Class {
    fn from(ty: crate::ValType) -> Self {
        match ty {
            crate::ValType::I32 => Self::I32,
            crate::ValType::I64 | crate::ValType::Ref(_) => Self::I64,
            crate::ValType::F32 => Self::F32,
            crate::ValType::F64 => Self::F64,
        }
    }
}

/// What an operator's evaluation may not be moved across.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it depends on its operands alone.
    Pure,
    /// Side effects, for it may trap.
    Traps,
    /// Writes to memory and other side effects: it reads memory and may trap.
    Loads,
    /// It is a side effect.
    Stores,
}

/// What lowering knows of an operator.
#[derive(Debug, Clone, Copy)]
pub struct OpInfo {
    /// The text format's name.
    pub text: &'static str,
    /// Class of the operands (of the value, for stores; `I32` addresses for loads).
    pub operand: Class,
    /// Class of the result (none for stores: their operand's).
    pub result: Class,
    /// See [`Effect`].
    pub effect: Effect,
}

macro_rules! class {
    (u32) => {
        Class::I32
    };
    (u64) => {
        Class::I64
    };
    (f32) => {
        Class::F32
    };
    (f64) => {
        Class::F64
    };
}

macro_rules! effect {
    (pure) => {
        Effect::Pure
    };
    (traps) => {
        Effect::Traps
    };
}

macro_rules! define {
    (
        unops { $($un:ident $un_text:literal $ua:ident => $ut:ident $ue:ident |$ux:ident| $usem:expr;)* }
        binops { $($bin:ident $bin_text:literal $ba:ident => $bt:ident $be:ident |$bx:ident, $by:ident| $bsem:expr;)* }
        loads { $($load:ident $load_text:literal $lraw:ident => $lt:ident |$lx:ident| $lsem:expr;)* }
        stores { $($store:ident $store_text:literal $st:ident => $sraw:ident |$sx:ident| $ssem:expr;)* }
    ) => {
        /// An operator of the table.
        #[allow(missing_docs, reason = "the instructions of the same names")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Op {
            $($un,)* $($bin,)* $($load,)* $($store,)*
        }

        impl Op {
            /// Every operator, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$un,)* $(Self::$bin,)* $(Self::$load,)* $(Self::$store,)*];

            const INFO: &'static [OpInfo] = &[
                $(OpInfo { text: $un_text, operand: class!($ua), result: class!($ut), effect: effect!($ue) },)*
                $(OpInfo { text: $bin_text, operand: class!($ba), result: class!($bt), effect: effect!($be) },)*
                $(OpInfo { text: $load_text, operand: Class::I32, result: class!($lt), effect: Effect::Loads },)*
                $(OpInfo { text: $store_text, operand: class!($st), result: class!($st), effect: Effect::Stores },)*
            ];

            /// Which section of the table it stands in.
            pub const fn kind(self) -> Kind {
                const KINDS: &[Kind] = &[
                    $({ _ = Op::$un; Kind::Unary },)*
                    $({ _ = Op::$bin; Kind::Binary },)*
                    $({ _ = Op::$load; Kind::Load },)*
                    $({ _ = Op::$store; Kind::Store },)*
                ];
                KINDS[self as usize]
            }
        }
    };
}
for_each_op!(define);

/// Which section of the table an operator stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One operand.
    Unary,
    /// Two operands.
    Binary,
    /// A load at a static offset.
    Load,
    /// A store at a static offset.
    Store,
}

impl Op {
    /// The operator's row.
    pub const fn info(self) -> &'static OpInfo {
        &Self::INFO[self as usize]
    }

    /// Whether executing it may trap.
    pub const fn may_trap(self) -> bool {
        match self.info().effect {
            Effect::Pure => false,
            Effect::Traps | Effect::Loads | Effect::Stores => true,
        }
    }

    /// Whether it compares two values.
    pub const fn is_comparison(self) -> bool {
        use Op::*;
        self.inverse().is_some()
            || matches!(
                self,
                F32Eq | F32Ne | F32Lt | F32Gt | F32Le | F32Ge | F64Eq | F64Ne | F64Lt | F64Gt | F64Le | F64Ge
            )
    }

    /// What each operator is paired with, in either direction.
    const fn pairs(pairs: &[(Self, Self)]) -> [Option<Self>; Self::INFO.len()] {
        let mut table = [None; Self::INFO.len()];
        let mut i = 0;
        while i < pairs.len() {
            let (a, b) = pairs[i];
            table[a as usize] = Some(b);
            table[b as usize] = Some(a);
            i += 1;
        }
        table
    }

    /// The comparison that gives the opposite result, for integers (for floats NaN spoils it).
    pub const fn inverse(self) -> Option<Self> {
        const INVERSE: [Option<Op>; Op::INFO.len()] = Op::pairs(&[
            (Op::I32Eq, Op::I32Ne),
            (Op::I32LtS, Op::I32GeS),
            (Op::I32LtU, Op::I32GeU),
            (Op::I32GtS, Op::I32LeS),
            (Op::I32GtU, Op::I32LeU),
            (Op::I64Eq, Op::I64Ne),
            (Op::I64LtS, Op::I64GeS),
            (Op::I64LtU, Op::I64GeU),
            (Op::I64GtS, Op::I64LeS),
            (Op::I64GtU, Op::I64LeU),
        ]);
        INVERSE[self as usize]
    }

    /// The operator that gives the same result with its operands swapped, if there is one.
    pub const fn swapped(self) -> Option<Self> {
        const MIRRORED: [Option<Op>; Op::INFO.len()] = Op::pairs(&[
            (Op::I32LtS, Op::I32GtS),
            (Op::I32LtU, Op::I32GtU),
            (Op::I32LeS, Op::I32GeS),
            (Op::I32LeU, Op::I32GeU),
            (Op::I64LtS, Op::I64GtS),
            (Op::I64LtU, Op::I64GtU),
            (Op::I64LeS, Op::I64GeS),
            (Op::I64LeU, Op::I64GeU),
            (Op::F32Lt, Op::F32Gt),
            (Op::F32Le, Op::F32Ge),
            (Op::F64Lt, Op::F64Gt),
            (Op::F64Le, Op::F64Ge),
        ]);
        use Op::*;
        match self {
            I32Add | I32Mul | I32And | I32Or | I32Xor | I32Eq | I32Ne | I64Add | I64Mul | I64And | I64Or | I64Xor
            | I64Eq | I64Ne | F32Add | F32Mul | F32Eq | F32Ne | F64Add | F64Mul | F64Eq | F64Ne => Some(self),
            _ => MIRRORED[self as usize],
        }
    }
}
