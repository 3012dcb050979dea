//! Operators: what lowering and machine know of the rows of [`for_each_op!`](crate::for_each_op).
//!
//! This crate expands names and types ([`Op`]); the machine expands the same rows into handlers.

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
    /// 128 bits, in two slots that follow each other.
    V128,
    /// Integer of 128 bits, `u128` in handlers. It exists within a cell alone: in slots there are two i64s.
    I128,
}

impl Class {
    /// Every class, in order.
    pub const ALL: [Self; 6] = [Self::I32, Self::I64, Self::F32, Self::F64, Self::V128, Self::I128];

    /// Whether values of this class live in vector registers: floats do as well.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64 | Self::V128)
    }

    /// Whether a value takes two slots. The others take one.
    #[inline]
    pub const fn is_wide(self) -> bool {
        matches!(self, Self::V128)
    }

    /// How many slots a value takes.
    #[inline]
    pub const fn words(self) -> usize {
        1 + self.is_wide() as usize
    }

    /// The class of what an entry of the operand stack gives when its tree of this class is evaluated: of an integer of 128
    /// bits, the low half.
    #[inline]
    pub(crate) const fn of_entry(self) -> Self {
        match self {
            Self::I128 => Self::I64,
            Self::I32 | Self::I64 | Self::F32 | Self::F64 | Self::V128 => self,
        }
    }

    /// How many slots are written when a tree of this class is spilled.
    #[inline]
    pub(crate) const fn slots(self) -> usize {
        1 + matches!(self, Self::V128 | Self::I128) as usize
    }

    /// Bytes of an immediate.
    pub const fn bytes(self) -> usize {
        match self {
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
            Self::V128 | Self::I128 => 16,
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
            crate::ValType::V128 => Self::V128,
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
    /// Class of the operands, or of the first (of the value, for stores; `I32` addresses for loads).
    pub operand: Class,
    /// Class of the second operand, if there are two, and the third; else as `operand`.
    pub second: Class,
    /// Class of the result (none for stores: their operand's).
    pub result: Class,
    /// See [`Effect`].
    pub effect: Effect,
    /// How many bytes of memory it accesses.
    pub access: u8,
    /// How many lanes it may work on, if it is one of those that work on one lane.
    pub lanes: u8,
}

/// What 16 bytes of memory are here: nothing but as wide.
#[allow(non_camel_case_types, reason = "rows have the word")]
type v128 = u128;

macro_rules! class {
    (u32) => {
        Class::I32
    };
    (u64) => {
        Class::I64
    };
    (Ref) => {
        Class::I64
    };
    (f32) => {
        Class::F32
    };
    (f64) => {
        Class::F64
    };
    (v128) => {
        Class::V128
    };
    (u128) => {
        Class::I128
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

impl OpInfo {
    const fn new(text: &'static str, [operand, second, result]: [Class; 3], effect: Effect, access: usize) -> Self {
        Self { text, operand, second, result, effect, access: access as u8, lanes: 0 }
    }

    const fn of_lane(text: &'static str, lanes: u8, classes: [Class; 3]) -> Self {
        Self { lanes, ..Self::new(text, classes, Effect::Pure, 0) }
    }
}

macro_rules! define {
    (
        unops { $($un:ident $uc:tt $un_text:literal $ua:ident => $ut:ident $ue:ident |$ux:ident| $usem:expr;)* }
        binops { $($bin:ident $bc:tt $bin_text:literal $ba:ident => $bt:ident $be:ident |$bx:ident, $by:ident| $bsem:expr;)* }
        loads { $($load:ident $lc:tt $load_text:literal $lraw:ident => $lt:ident |$lx:ident| $lsem:expr;)* }
        stores { $($store:ident $sc:tt $store_text:literal $st:ident => $sraw:ident |$sx:ident| $ssem:expr;)* }
        unops { $($vun:ident $vuc:tt $vun_text:literal $vua:ident => $vut:ident $vum:ident <$vui:ident> |$vux:ident| $vusem:expr;)* }
        binops {
            $($vbin:ident $vbc:tt $vbin_text:literal $vba:ident $vbb:ident => $vbt:ident $vbm:ident <$vbi:ident>
                |$vbx:ident, $vby:ident| $vbsem:expr;)*
        }
        ternops {
            $($tern:ident $tc:tt $tern_text:literal $ta:ident $tb:ident $td:ident => $tt:ident $tm:ident <$ti:ident>
                |$tx:ident, $ty:ident, $tz:ident| $tsem:expr;)*
        }
        extracts {
            $($ext:ident $ec:tt $ext_text:literal $elanes:literal $ea:ident => $et:ident $em:ident <$ei:ident, $el:ident>
                |$ex:ident| $esem:expr;)*
        }
        replaces {
            $($rep:ident $rc:tt $rep_text:literal $rlanes:literal $ra:ident $rb:ident => $rt:ident $rm:ident
                <$ri:ident, $rl:ident> |$rx:ident, $ry:ident| $rsem:expr;)*
        }
        loads {
            $($vload:ident $vlc:tt $vload_text:literal in $vlraw:ident => $vlt:ident $vlm:ident <$vli:ident> |$vlx:ident|
                $vlsem:expr;)*
        }
        stores {
            $($vstore:ident $vsc:tt $vstore_text:literal $vst:ident => in $vsraw:ident $vsm:ident <$vsi:ident> |$vsx:ident|
                $vssem:expr;)*
        }
        lane_loads $lane_loads:tt
        lane_stores $lane_stores:tt
        relaxed $relaxed:tt
        unops { $($wun:ident $wun_text:literal $wua:ident => $wut:ident |$wux:ident| $wusem:expr;)* }
        binops { $($wbin:ident $wbin_text:literal $wba:ident $wbb:ident => $wbt:ident |$wbx:ident, $wby:ident| $wbsem:expr;)* }
    ) => {
        /// An operator of the table.
        #[allow(missing_docs, reason = "the instructions of the same names")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Op {
            $($un,)* $($bin,)* $($load,)* $($store,)*
            $($vun,)* $($vbin,)* $($tern,)* $($ext,)* $($rep,)* $($vload,)* $($vstore,)*
            $($wun,)* $($wbin,)*
        }

        impl Op {
            /// Every operator, in the order of the tables: those on vectors come behind all scalar ones, those of wide
            /// arithmetic last.
            pub const ALL: &'static [Self] = &[
                $(Self::$un,)* $(Self::$bin,)* $(Self::$load,)* $(Self::$store,)*
                $(Self::$vun,)* $(Self::$vbin,)* $(Self::$tern,)* $(Self::$ext,)* $(Self::$rep,)*
                $(Self::$vload,)* $(Self::$vstore,)*
                $(Self::$wun,)* $(Self::$wbin,)*
            ];

            const INFO: &'static [OpInfo] = &[
                $(OpInfo::new($un_text, [class!($ua), class!($ua), class!($ut)], effect!($ue), 0),)*
                $(OpInfo::new($bin_text, [class!($ba), class!($ba), class!($bt)], effect!($be), 0),)*
                $(OpInfo::new($load_text, [Class::I32, Class::I32, class!($lt)], Effect::Loads, size_of::<$lraw>()),)*
                $(OpInfo::new($store_text, [class!($st); 3], Effect::Stores, size_of::<$sraw>()),)*
                $(OpInfo::new($vun_text, [class!($vua), class!($vua), class!($vut)], Effect::Pure, 0),)*
                $(OpInfo::new($vbin_text, [class!($vba), class!($vbb), class!($vbt)], Effect::Pure, 0),)*
                $(OpInfo::new($tern_text, [class!($ta), class!($tb), class!($tt)], Effect::Pure, 0),)*
                $(OpInfo::of_lane($ext_text, $elanes, [class!($ea), class!($ea), class!($et)]),)*
                $(OpInfo::of_lane($rep_text, $rlanes, [class!($ra), class!($rb), class!($rt)]),)*
                $(OpInfo::new($vload_text, [Class::I32, Class::I32, class!($vlt)], Effect::Loads, size_of::<$vlraw>()),)*
                $(OpInfo::new($vstore_text, [class!($vst); 3], Effect::Stores, size_of::<$vsraw>()),)*
                $(OpInfo::new($wun_text, [class!($wua), class!($wua), class!($wut)], Effect::Pure, 0),)*
                $(OpInfo::new($wbin_text, [class!($wba), class!($wbb), class!($wbt)], Effect::Pure, 0),)*
            ];

            /// Which section of the table it stands in.
            pub const fn kind(self) -> Kind {
                const KINDS: &[Kind] = &[
                    $({ _ = Op::$un; Kind::Unary },)*
                    $({ _ = Op::$bin; Kind::Binary },)*
                    $({ _ = Op::$load; Kind::Load },)*
                    $({ _ = Op::$store; Kind::Store },)*
                    $({ _ = Op::$vun; Kind::Unary },)*
                    $({ _ = Op::$vbin; Kind::Binary },)*
                    $({ _ = Op::$tern; Kind::Ternary },)*
                    $({ _ = Op::$ext; Kind::Extract },)*
                    $({ _ = Op::$rep; Kind::Replace },)*
                    $({ _ = Op::$vload; Kind::Load },)*
                    $({ _ = Op::$vstore; Kind::Store },)*
                    $({ _ = Op::$wun; Kind::Unary },)*
                    $({ _ = Op::$wbin; Kind::Binary },)*
                ];
                KINDS[self as usize]
            }
        }
    };
}
macro_rules! all_rows {
    ($($scalar:tt)*) => { crate::for_each_vector_op! { with_wide $($scalar)* } };
}
macro_rules! with_wide {
    ($($rows:tt)*) => { crate::for_each_wide_op! { define $($rows)* } };
}
crate::for_each_op!(all_rows);

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
    /// Three operands.
    Ternary,
    /// A lane of a vector.
    Extract,
    /// A vector, with another value in one lane.
    Replace,
}

impl Op {
    /// The operator's row.
    pub const fn info(self) -> &'static OpInfo {
        &Self::INFO[self as usize]
    }

    /// Whether it does more than to make one value of its operands' bits.
    pub const fn computes(self) -> bool {
        !matches!(self, Self::I64Widen | Self::I64Join)
    }

    /// Whether executing it may trap.
    pub const fn may_trap(self) -> bool {
        match self.info().effect {
            Effect::Pure => false,
            Effect::Traps | Effect::Loads | Effect::Stores => true,
        }
    }

    /// The operator that makes NaNs canonical where this one computes floats: which NaN it gives differs between machines.
    /// (What only moves bits, the sign's included, does not compute.)
    pub const fn canonical_nans(self) -> Option<Self> {
        use Op::*;
        match self {
            F32Add | F32Sub | F32Mul | F32Div | F32Min | F32Max | F32Sqrt | F32Ceil | F32Floor | F32Trunc
            | F32Nearest | F32DemoteF64 => Some(F32Canonical),
            F64Add | F64Sub | F64Mul | F64Div | F64Min | F64Max | F64Sqrt | F64Ceil | F64Floor | F64Trunc
            | F64Nearest | F64PromoteF32 => Some(F64Canonical),
            F32x4Add | F32x4Sub | F32x4Mul | F32x4Div | F32x4Min | F32x4Max | F32x4Sqrt | F32x4Ceil | F32x4Floor
            | F32x4Trunc | F32x4Nearest | F32x4DemoteF64x2Zero | F32x4Madd | F32x4Nmadd | F32x4RelaxedMadd
            | F32x4RelaxedNmadd => Some(F32x4Canonical),
            F64x2Add | F64x2Sub | F64x2Mul | F64x2Div | F64x2Min | F64x2Max | F64x2Sqrt | F64x2Ceil | F64x2Floor
            | F64x2Trunc | F64x2Nearest | F64x2PromoteLowF32x4 | F64x2Madd | F64x2Nmadd | F64x2RelaxedMadd
            | F64x2RelaxedNmadd => Some(F64x2Canonical),
            // Most compute no floats.
            _ => None,
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
    #[inline]
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
        const COMMUTATIVE: &[Op] = &[
            I32Add,
            I32Mul,
            I32And,
            I32Or,
            I32Xor,
            I32Eq,
            I32Ne,
            I64Add,
            I64Mul,
            I64And,
            I64Or,
            I64Xor,
            I64Eq,
            I64Ne,
            F32Add,
            F32Mul,
            F32Eq,
            F32Ne,
            F64Add,
            F64Mul,
            F64Eq,
            F64Ne,
            V128And,
            V128Or,
            V128Xor,
            I8x16Add,
            I8x16AddSatS,
            I8x16AddSatU,
            I8x16MinS,
            I8x16MinU,
            I8x16MaxS,
            I8x16MaxU,
            I8x16AvgrU,
            I8x16Eq,
            I8x16Ne,
            I16x8Add,
            I16x8AddSatS,
            I16x8AddSatU,
            I16x8Mul,
            I16x8MinS,
            I16x8MinU,
            I16x8MaxS,
            I16x8MaxU,
            I16x8AvgrU,
            I16x8Eq,
            I16x8Ne,
            I32x4Add,
            I32x4Mul,
            I32x4MinS,
            I32x4MinU,
            I32x4MaxS,
            I32x4MaxU,
            I32x4Eq,
            I32x4Ne,
            I32x4DotI16x8S,
            I64x2Add,
            I64x2Mul,
            I64x2Eq,
            I64x2Ne,
            F32x4Add,
            F32x4Mul,
            F32x4Eq,
            F32x4Ne,
            F64x2Add,
            F64x2Mul,
            F64x2Eq,
            F64x2Ne,
            I64Add128,
            I64MulWideS,
            I64MulWideU,
        ];
        // Most operators have none, and a new one is safe without.
        static SWAPPED: [Option<Op>; Op::INFO.len()] = {
            let (mut table, mut i) = (MIRRORED, 0);
            while i < COMMUTATIVE.len() {
                table[COMMUTATIVE[i] as usize] = Some(COMMUTATIVE[i]);
                i += 1;
            }
            table
        };
        SWAPPED[self as usize]
    }
}
