//! Instructions (spec 2.4): what the [`table`] says of each, and which one an opcode means (spec 5.4).
//!
//! Whoever reads code matches on [`Instruction`] exhaustively, so the compiler finds every place that a new row concerns.

pub mod atomics;
mod opcode;
pub mod table;
#[cfg(test)]
mod tests;
pub mod vectors;
pub mod wide;

use crate::ops::Op;
pub use atomics::Atomic;
pub use opcode::Opcode;

/// Defines an enum of the words that rows are written with, and the macro that knows them.
macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident by $macro:ident { $($(#[$word_doc:meta])* $word:ident $variant:ident,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$word_doc])* $variant,)* }

        macro_rules! $macro { $(($word) => { $name::$variant };)* }
    };
}

words! {
    /// Types of an operand or result.
    Type by ty {
        /// i32.
        u32 I32,
        /// i64.
        u64 I64,
        /// f32.
        f32 F32,
        /// f64.
        f64 F64,
        /// v128.
        v128 V128,
        /// Any reference type.
        Ref Ref,
        /// `funcref`.
        func Func,
        /// `exnref`.
        exn Exn,
        /// Any type, the same for all such operands and results of the instruction.
        any Any,
        /// The type that the immediate names.
        named Named,
        /// The local's type.
        local Local,
        /// The global's type.
        global Global,
        /// The type of the table's elements.
        element Element,
        /// Any number of types: what a branch to the label takes.
        label Label,
        /// Any number of types: the parameters of the block, of the function that is called, or of the tag.
        params Params,
        /// Any number of types: the results of the block, or of the function that is called.
        results Results,
        /// Any number of types: the results of the function around the instruction.
        returns Returns,
    }
}

words! {
    /// What follows an opcode. A `memarg` is followed by the index of its memory, if there is more than one.
    Immediate by immediate {
        /// A block type (spec 5.4.1): a typeidx, a value type, or nothing.
        blocktype BlockType,
        /// How many blocks out.
        labelidx LabelIdx,
        /// Some of them, and a default one.
        labelidxs LabelIdxs,
        /// The index of a function.
        funcidx FuncIdx,
        /// The index of a type.
        typeidx TypeIdx,
        /// The index of a field.
        fieldidx FieldIdx,
        /// A number of operands.
        count Count,
        /// Whether the two types behind it, of a cast, are nullable: a byte.
        castflags CastFlags,
        /// The index of a table.
        tableidx TableIdx,
        /// The index of a memory.
        memidx MemIdx,
        /// The index of a global.
        globalidx GlobalIdx,
        /// The index of a local.
        localidx LocalIdx,
        /// The index of an element segment.
        elemidx ElemIdx,
        /// The index of a data segment.
        dataidx DataIdx,
        /// The index of a tag.
        tagidx TagIdx,
        /// The catch clauses of a `try_table`.
        catches Catches,
        /// Alignment and static offset of an access.
        memarg MemArg,
        /// A heap type.
        heaptype HeapType,
        /// Some value types.
        valtypes ValTypes,
        /// An i32, signed.
        i32 I32,
        /// An i64, signed.
        i64 I64,
        /// The bits of an f32.
        f32 F32,
        /// The bits of an f64.
        f64 F64,
        /// The bits of a v128.
        v128 V128,
        /// A byte that is zero.
        reserved Reserved,
        /// The index of a lane.
        laneidx LaneIdx,
        /// Sixteen of them, a byte each.
        laneidxs LaneIdxs,
    }
}

/// What an instruction does besides taking operands and giving results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effects(u16);

macro_rules! effects {
    ($($(#[$doc:meta])* $word:ident $name:ident = $bits:expr;)*) => {
        impl Effects {
            /// None.
            pub const NONE: Self = Self(0);
            $($(#[$doc])* pub const $name: Self = Self($bits);)*
        }

        macro_rules! effect { $(($word) => { Effects::$name };)* }
    };
}
effects! {
    /// It may trap.
    traps TRAPS = 1 << 0;
    /// It reads a memory or its size.
    reads_memory READS_MEMORY = 1 << 1;
    /// It writes to a memory, or makes it grow.
    writes_memory WRITES_MEMORY = 1 << 2;
    /// It reads a table or its size.
    reads_table READS_TABLE = 1 << 3;
    /// It writes to a table, or makes it grow.
    writes_table WRITES_TABLE = 1 << 4;
    /// It reads a global.
    reads_global READS_GLOBAL = 1 << 5;
    /// It sets a global.
    writes_global WRITES_GLOBAL = 1 << 6;
    /// It reads a segment.
    reads_segment READS_SEGMENT = 1 << 7;
    /// It drops a segment.
    writes_segment WRITES_SEGMENT = 1 << 8;
    /// It reads a local.
    reads_local READS_LOCAL = 1 << 9;
    /// It sets a local.
    writes_local WRITES_LOCAL = 1 << 10;
    /// Control may go on elsewhere in the function, or leave it.
    branches BRANCHES = 1 << 11;
    /// A function is called: besides, it has all effects above but those on locals.
    calls CALLS = 1 << 12 | 0x1ff;
}

impl Effects {
    /// Both.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all effects of `other` are among these.
    pub const fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What the table says of an instruction.
#[derive(Debug, Clone, Copy)]
pub struct Info {
    /// wasmparser's name.
    pub name: &'static str,
    /// The text format's name.
    pub text: &'static str,
    /// Its opcode.
    pub opcode: Opcode,
    /// Types of the operands, the topmost last.
    pub operands: &'static [Type],
    /// Types of the results, the topmost last.
    pub results: &'static [Type],
    /// What follows the opcode, in order.
    pub immediates: &'static [Immediate],
    /// See [`Effects`].
    pub effects: Effects,
    /// Units of fuel. (Operations on memories and tables as a whole pay for their size, too.)
    pub cost: u8,
    /// Whether what follows it can be reached from it.
    pub falls_through: bool,
}

impl Info {
    /// Whether it begins a block, which an `end` or a `delegate` ends.
    pub const fn opens_block(&self) -> bool {
        matches!(self.immediates, [Immediate::BlockType, ..])
    }

    const fn operator(
        name: &'static str,
        text: &'static str,
        opcode: Opcode,
        [operands, results]: [&'static [Type]; 2],
        immediates: &'static [Immediate],
        effects: Effects,
    ) -> Self {
        Self { name, text, opcode, operands, results, immediates, effects, cost: 1, falls_through: true }
    }

    const fn ternary(
        op: Op,
        name: &'static str,
        text: &'static str,
        opcode: Opcode,
        types: [&'static [Type]; 2],
    ) -> Self {
        if matches!(op, Op::I8x16Shuffle) {
            let types = [&[Type::V128, Type::V128] as &[_], types[1]];
            return Self::operator(name, text, opcode, types, &[Immediate::LaneIdxs], Effects::NONE);
        }
        Self::operator(name, text, opcode, types, &[], Effects::NONE)
    }
}

macro_rules! operator_effects {
    (pure) => {
        Effects::NONE
    };
    (traps) => {
        Effects::TRAPS
    };
}

macro_rules! falls_through {
    (falls) => {
        true
    };
    (leaves) => {
        false
    };
}

macro_rules! define {
    (
        special {
            $($name:ident [$($code:literal)+] $text:literal
                [$($operand:ident)*] => [$($result:ident)*] [$($imm:ident)*] [$($effect:ident)*] $cost:literal $flow:ident;)*
        }
        cells {
            $($cname:ident [$($ccode:literal)+] $ctext:literal
                [$($coperand:ident)*] => [$($cresult:ident)*] [$($cimm:ident)*] [$($ceffect:ident)*] $ccost:literal $cflow:ident
                { $($fields:tt)* };)*
        }
        atomics {
            $($atomic:ident [$($ac:literal)+] $a_text:literal $awhat:ident $araw:ident [$($aoperand:ident)*] => [$($aresult:ident)*];)*
        }
        unops {
            $($un:ident [$($uc:literal)+] $un_text:literal $ua:ident => $ut:ident $ue:ident |$ux:ident| $usem:expr;)*
        }
        binops {
            $($bin:ident [$($bc:literal)+] $bin_text:literal $ba:ident => $bt:ident $be:ident
                |$bx:ident, $by:ident| $bsem:expr;)*
        }
        loads { $($load:ident [$($lc:literal)+] $load_text:literal $lraw:ident => $lt:ident |$lx:ident| $lsem:expr;)* }
        stores {
            $($store:ident [$($sc:literal)+] $store_text:literal $st:ident => $sraw:ident |$sx:ident| $ssem:expr;)*
        }
        unops {
            $($vun:ident [$($vuc:literal)*] $vun_text:literal $vua:ident => $vut:ident $vum:ident <$vui:ident> |$vux:ident|
                $vusem:expr;)*
        }
        binops {
            $($vbin:ident [$($vbc:literal)*] $vbin_text:literal $vba:ident $vbb:ident => $vbt:ident $vbm:ident <$vbi:ident>
                |$vbx:ident, $vby:ident| $vbsem:expr;)*
        }
        ternops {
            $($tern:ident [$($tc:literal)*] $tern_text:literal $ta:ident $tb:ident $td:ident => $tt:ident $tm:ident
                <$ti:ident> |$tx:ident, $ty:ident, $tz:ident| $tsem:expr;)*
        }
        extracts {
            $($ext:ident [$($ec:literal)+] $ext_text:literal $elanes:literal $ea:ident => $et:ident $em:ident
                <$ei:ident, $el:ident> |$ex:ident| $esem:expr;)*
        }
        replaces {
            $($rep:ident [$($rc:literal)+] $rep_text:literal $rlanes:literal $ra:ident $rb:ident => $rt:ident $rm:ident
                <$ri:ident, $rl:ident> |$rx:ident, $ry:ident| $rsem:expr;)*
        }
        loads {
            $($vload:ident [$($vlc:literal)+] $vload_text:literal in $vlraw:ident => $vlt:ident $vlm:ident <$vli:ident>
                |$vlx:ident| $vlsem:expr;)*
        }
        stores {
            $($vstore:ident [$($vsc:literal)*] $vstore_text:literal $vst:ident => in $vsraw:ident $vsm:ident <$vsi:ident>
                |$vsx:ident| $vssem:expr;)*
        }
        lane_loads { $($lload:ident [$($llc:literal)+] $lload_text:literal $lllanes:literal $llop:ident $llrep:ident;)* }
        lane_stores { $($lstore:ident [$($lsc:literal)+] $lstore_text:literal $lslanes:literal $lsext:ident $lsop:ident;)* }
        relaxed { $($rel:ident [$($relc:literal)+] $rel_text:literal $relop:ident $reldet:ident;)* }
    ) => {
        /// An instruction. Which operator of the table it is, if it is one, stands inside.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Instruction {
            $(#[doc = concat!("`", $text, "`.")] $name,)*
            $(#[doc = concat!("`", $ctext, "`.")] $cname,)*
            /// An operator of one operand.
            Unary(Op),
            /// An operator of two operands.
            Binary(Op),
            /// An atomic instruction.
            Atomic(Atomic),
            /// A load.
            Load(Op),
            /// A store.
            Store(Op),
            /// An operator on vectors: one of two types, at least, is `v128`. The third operand of `i8x16.shuffle` is its
            /// immediate.
            Vector(Op),
            /// A load to one lane.
            LoadLane(LaneLoad),
            /// A store of one lane.
            StoreLane(LaneStore),
            /// An operator whose results may differ between machines.
            Relaxed(Relaxed),
        }

        /// A load to one lane of a vector.
        #[allow(missing_docs, reason = "the instructions of the same names")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u32)]
        pub enum LaneLoad { $($lload,)* }

        impl LaneLoad {
            /// What it is made of: the load, and the operator that puts what it gives in a lane.
            pub const fn parts(self) -> [Op; 2] {
                match self { $(Self::$lload => [Op::$llop, Op::$llrep],)* }
            }
        }

        /// A store of one lane of a vector.
        #[allow(missing_docs, reason = "the instructions of the same names")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u32)]
        pub enum LaneStore { $($lstore,)* }

        impl LaneStore {
            /// What it is made of: the operator that gives a lane, and the store.
            pub const fn parts(self) -> [Op; 2] {
                match self { $(Self::$lstore => [Op::$lsext, Op::$lsop],)* }
            }
        }

        /// An operator of relaxed SIMD.
        #[allow(missing_docs, reason = "the instructions of the same names")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u32)]
        pub enum Relaxed { $($rel,)* }

        impl Relaxed {
            /// The operator that is executed for it: one that the machine is quick at, or the one that gives what the
            /// specification's deterministic profile asks for.
            pub const fn operator(self, deterministic: bool) -> Op {
                match self {
                    $(Self::$rel => if deterministic { Op::$reldet } else { Op::$relop },)*
                }
            }
        }

        impl Instruction {
            /// Every instruction, in the table's order.
            pub const ALL: &'static [Self] = &[
                $(Self::$name,)* $(Self::$cname,)* $(Self::Atomic(Atomic::$atomic),)*
                $(Self::Unary(Op::$un),)* $(Self::Binary(Op::$bin),)* $(Self::Load(Op::$load),)* $(Self::Store(Op::$store),)*
                $(Self::Vector(Op::$vun),)* $(Self::Vector(Op::$vbin),)* $(Self::Vector(Op::$tern),)*
                $(Self::Vector(Op::$ext),)* $(Self::Vector(Op::$rep),)*
                $(Self::Vector(Op::$vload),)* $(Self::Vector(Op::$vstore),)*
                $(Self::LoadLane(LaneLoad::$lload),)* $(Self::StoreLane(LaneStore::$lstore),)*
                $(Self::Relaxed(Relaxed::$rel),)*
            ];

            /// The operators' rows, by number.
            const OPERATORS: &'static [Info] = &[
                $(Info::operator(
                    stringify!($un), $un_text, Opcode::of(&[$($uc),+]),
                    [&[ty!($ua)], &[ty!($ut)]], &[], operator_effects!($ue),
                ),)*
                $(Info::operator(
                    stringify!($bin), $bin_text, Opcode::of(&[$($bc),+]),
                    [&[ty!($ba), ty!($ba)], &[ty!($bt)]], &[], operator_effects!($be),
                ),)*
                $(Info::operator(
                    stringify!($load), $load_text, Opcode::of(&[$($lc),+]),
                    [&[Type::I32], &[ty!($lt)]], &[Immediate::MemArg], Effects::TRAPS.with(Effects::READS_MEMORY),
                ),)*
                $(Info::operator(
                    stringify!($store), $store_text, Opcode::of(&[$($sc),+]),
                    [&[Type::I32, ty!($st)], &[]], &[Immediate::MemArg], Effects::TRAPS.with(Effects::WRITES_MEMORY),
                ),)*
                $(Info::operator(
                    stringify!($vun), $vun_text, Opcode::of(&[$($vuc),*]),
                    [&[ty!($vua)], &[ty!($vut)]], &[], Effects::NONE,
                ),)*
                $(Info::operator(
                    stringify!($vbin), $vbin_text, Opcode::of(&[$($vbc),*]),
                    [&[ty!($vba), ty!($vbb)], &[ty!($vbt)]], &[], Effects::NONE,
                ),)*
                $(Info::ternary(
                    Op::$tern, stringify!($tern), $tern_text, Opcode::of(&[$($tc),*]),
                    [&[ty!($ta), ty!($tb), ty!($td)], &[ty!($tt)]],
                ),)*
                $(Info::operator(
                    stringify!($ext), $ext_text, Opcode::of(&[$($ec),+]),
                    [&[ty!($ea)], &[ty!($et)]], &[Immediate::LaneIdx], Effects::NONE,
                ),)*
                $(Info::operator(
                    stringify!($rep), $rep_text, Opcode::of(&[$($rc),+]),
                    [&[ty!($ra), ty!($rb)], &[ty!($rt)]], &[Immediate::LaneIdx], Effects::NONE,
                ),)*
                $(Info::operator(
                    stringify!($vload), $vload_text, Opcode::of(&[$($vlc),+]),
                    [&[Type::I32], &[ty!($vlt)]], &[Immediate::MemArg], Effects::TRAPS.with(Effects::READS_MEMORY),
                ),)*
                $(Info::operator(
                    stringify!($vstore), $vstore_text, Opcode::of(&[$($vsc),*]),
                    [&[Type::I32, ty!($vst)], &[]], &[Immediate::MemArg], Effects::TRAPS.with(Effects::WRITES_MEMORY),
                ),)*
            ];

            /// Its row.
            #[inline]
            pub const fn info(self) -> &'static Info {
                match self {
                    $(Self::$name => const { &Info {
                        name: stringify!($name),
                        text: $text,
                        opcode: Opcode::of(&[$($code),+]),
                        operands: &[$(ty!($operand)),*],
                        results: &[$(ty!($result)),*],
                        immediates: &[$(immediate!($imm)),*],
                        effects: Effects::NONE$(.with(effect!($effect)))*,
                        cost: $cost,
                        falls_through: falls_through!($flow),
                    } },)*
                    $(Self::$cname => const { &Info {
                        name: stringify!($cname),
                        text: $ctext,
                        opcode: Opcode::of(&[$($ccode),+]),
                        operands: &[$(ty!($coperand)),*],
                        results: &[$(ty!($cresult)),*],
                        immediates: &[$(immediate!($cimm)),*],
                        effects: Effects::NONE$(.with(effect!($ceffect)))*,
                        cost: $ccost,
                        falls_through: falls_through!($cflow),
                    } },)*
                    $(Self::Atomic(Atomic::$atomic) => const { &Info::operator(
                        stringify!($atomic), $a_text, Opcode::of(&[$($ac),+]),
                        [&[Type::I32, $(ty!($aoperand)),*], &[$(ty!($aresult)),*]], &[Immediate::MemArg],
                        Effects::TRAPS.with(Effects::READS_MEMORY).with(Effects::WRITES_MEMORY),
                    ) },)*
                    Self::Unary(op) | Self::Binary(op) | Self::Load(op) | Self::Store(op) | Self::Vector(op) => {
                        &Self::OPERATORS[op as usize]
                    }
                    $(Self::LoadLane(LaneLoad::$lload) => const { &Info::operator(
                        stringify!($lload), $lload_text, Opcode::of(&[$($llc),+]),
                        [&[Type::I32, Type::V128], &[Type::V128]], &[Immediate::MemArg, Immediate::LaneIdx],
                        Effects::TRAPS.with(Effects::READS_MEMORY),
                    ) },)*
                    $(Self::StoreLane(LaneStore::$lstore) => const { &Info::operator(
                        stringify!($lstore), $lstore_text, Opcode::of(&[$($lsc),+]),
                        [&[Type::I32, Type::V128], &[]], &[Immediate::MemArg, Immediate::LaneIdx],
                        Effects::TRAPS.with(Effects::WRITES_MEMORY),
                    ) },)*
                    $(Self::Relaxed(Relaxed::$rel) => const { &Info {
                        name: stringify!($rel),
                        text: $rel_text,
                        opcode: Opcode::of(&[$($relc),+]),
                        ..Self::OPERATORS[Op::$relop as usize]
                    } },)*
                }
            }
        }
    };
}
macro_rules! all_rows {
    ($($special:tt)*) => { crate::for_each_op! { with_vectors $($special)* } };
}
macro_rules! with_vectors {
    ($($rows:tt)*) => { crate::for_each_vector_op! { define $($rows)* } };
}
crate::for_each_special!(all_rows);
