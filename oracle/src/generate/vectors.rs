//! Vectors: expressions and statements of all operators that the table has.
//!
//! Every vector that can be seen (in a local, a global, memory, as argument or result) has bits that are certain. What
//! computes floats leaves a NaN's bits open, so it stands in trees whose values go nowhere else: to operators that look at
//! numbers alone (comparisons, conversions to integers), to the areas of memory that hold floats, to scalars, or through a
//! mask of what is no NaN.
//!
//! Relaxed operators are used in programs of which every engine does what the deterministic profile says, but for what others
//! do differently even so: they fuse multiply-add, and their dot products wrap. So these multiply what has an exact product,
//! and lanes of seven bits.

use super::Generator;
use super::expr::{i32_const, leaf, plain};
use super::shuffles::{self, lanes_of, shuffle};
use super::tree::Node;
use crate::outcome::Type::{self, F32, F64, I32, I64, V128};
use pirn_decode::instruction::{self, Immediate, Instruction};
use pirn_decode::ops::{Class, Kind, Op};
use std::convert::Infallible;
use std::sync::LazyLock;
use wasm_encoder::Instruction as I;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasmparser::Operator;

/// What is encoded behind an opcode.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Immediates {
    /// The static offset.
    pub(super) offset: u64,
    /// The index of a lane.
    pub(super) lane: u8,
    /// The lanes that are shuffled.
    pub(super) lanes: [u8; 16],
}

/// A type of immediates.
trait Part {
    fn of(immediates: Immediates) -> Self;
}

impl Part for wasmparser::MemArg {
    fn of(Immediates { offset, .. }: Immediates) -> Self {
        Self { align: 0, max_align: 0, offset, target: wasmparser::MemArgTarget::Memory(0), ordering: None }
    }
}

impl Part for u8 {
    fn of(Immediates { lane, .. }: Immediates) -> Self {
        lane
    }
}

impl Part for [u8; 16] {
    fn of(Immediates { lanes, .. }: Immediates) -> Self {
        lanes
    }
}

impl Part for wasmparser::V128 {
    fn of(_: Immediates) -> Self {
        unreachable!("constants are made as such")
    }
}

macro_rules! named {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($types:tt)*))*) => {
        /// The operator of this name, which is wasmparser's as well as the table's.
        fn named(name: &str, immediates: Immediates) -> Operator<'static> {
            match name {
                $(stringify!($op) => Operator::$op $({ $($arg: <$ty as Part>::of(immediates)),* })?,)*
                name => unreachable!("there is no operator {name}"),
            }
        }
    };
}
wasmparser::for_each_visit_simd_operator!(named);

/// An instruction on vectors.
fn instruction(instruction: Instruction, immediates: Immediates) -> I<'static> {
    let made: Result<_, wasm_encoder::reencode::Error<Infallible>> =
        RoundtripReencoder.instruction(named(instruction.info().name, immediates));
    made.expect("it is one that can be encoded")
}

/// The instruction of an operator on vectors that has one, or is a shuffle.
pub(super) fn encoding(op: Op, immediates: Immediates) -> I<'static> {
    match lanes_of(op) {
        Some(lanes) => shuffle(lanes),
        None => instruction(Instruction::Vector(op), immediates),
    }
}

/// The instruction of an operator on one lane.
pub(super) fn on_lane(op: Op, lane: u8) -> I<'static> {
    encoding(op, Immediates { lane, ..Immediates::default() })
}

/// What the lanes of a vector are, as far as NaNs go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lanes {
    /// Bits that are certain.
    Bits,
    /// Floats of 32 bits, or of 64. A NaN's bits may differ between engines.
    F32,
    F64,
}

impl Lanes {
    /// Those of what an operator gives, if it gives a vector.
    pub(super) fn given(op: Option<Op>) -> Self {
        match op.map(Op::info) {
            Some(info) if info.result == Class::V128 => lanes(info.text).1,
            _ => Self::Bits,
        }
    }

    /// Of a vector of floats, those that are numbers, and zeros for the others. It is in the local meanwhile.
    pub(super) fn numbers(self, vector: Node, local: u32) -> Node {
        let get = || leaf(I::LocalGet(local), V128);
        let equal = if self == Self::F32 { I::F32x4Eq } else { I::F64x2Eq };
        let set = plain(I::LocalTee(local), vec![vector], &[V128]);
        plain(I::V128And, vec![set, plain(equal, vec![get(), get()], &[V128])], &[V128])
    }
}

/// An operator: what it takes and gives.
#[derive(Debug, Clone, Copy)]
struct Row {
    instruction: Instruction,
    operands: &'static [instruction::Type],
    /// What the lanes of its vectors are.
    takes: Lanes,
    gives: Lanes,
    /// The scalar it gives, if it gives one.
    scalar: Option<Type>,
    lanes: u8,
}

impl Row {
    fn of(instruction: Instruction) -> Option<Self> {
        let info = instruction.info();
        let op = match instruction {
            Instruction::Vector(op) if info.opcode.exists() => op,
            Instruction::Relaxed(relaxed) => relaxed.operator(true),
            _ => return None,
        };
        if matches!(op.kind(), Kind::Load | Kind::Store) {
            return None;
        }
        let (takes, gives) = lanes(info.text);
        let scalar = match info.results {
            [instruction::Type::I32] => Some(I32),
            [instruction::Type::I64] => Some(I64),
            [instruction::Type::F32] => Some(F32),
            [instruction::Type::F64] => Some(F64),
            _ => None,
        };
        Some(Self { instruction, operands: info.operands, takes, gives, scalar, lanes: op.info().lanes })
    }

    fn is_relaxed(&self) -> bool {
        matches!(self.instruction, Instruction::Relaxed(_))
    }
}

/// What an operator takes and gives, by its name.
fn lanes(text: &str) -> (Lanes, Lanes) {
    let (shape, name) = text.split_once('.').expect("a shape and a name");
    let of_name = |name: &str| {
        let by_width = [("f32x4", Lanes::F32), ("f64x2", Lanes::F64)];
        by_width.into_iter().find(|(shape, _)| name.contains(shape)).map_or(Lanes::Bits, |(_, lanes)| lanes)
    };
    let own = of_name(shape);
    match name {
        "eq" | "ne" | "lt" | "gt" | "le" | "ge" => (own, Lanes::Bits),
        _ if name.starts_with("convert") => (Lanes::Bits, Lanes::Bits),
        // Of another shape: demoted, promoted, truncated.
        _ if of_name(name) != Lanes::Bits => (of_name(name), own),
        _ => (own, own),
    }
}

/// Those of the table that compute.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| Instruction::ALL.iter().filter_map(|&row| Row::of(row)).collect());

/// Operators of two vectors whose bits are certain.
static BINARY: LazyLock<Vec<Op>> = LazyLock::new(|| {
    let is_one = |row: &&Row| {
        let two = row.operands == [instruction::Type::V128; 2] && row.scalar.is_none();
        two && row.takes == Lanes::Bits && row.gives == Lanes::Bits
    };
    let op = |row: &Row| match row.instruction {
        Instruction::Vector(op) if op != Op::I8x16Shuffle => Some(op),
        _ => None,
    };
    ROWS.iter().filter(is_one).filter_map(op).collect()
});

/// Loads of vectors.
static LOADS: LazyLock<Vec<Op>> = LazyLock::new(|| {
    Op::ALL.iter().copied().filter(|op| op.kind() == Kind::Load && op.info().result.is_wide()).collect()
});

/// Loads and stores of lanes, each kind by itself.
static LANE_ACCESSES: LazyLock<[Vec<(Instruction, u8)>; 2]> = LazyLock::new(|| {
    let [mut loads, mut stores] = [Vec::new(), Vec::new()];
    for &row in Instruction::ALL {
        match row {
            Instruction::LoadLane(load) => loads.push((row, load.parts()[1].info().lanes)),
            Instruction::StoreLane(store) => stores.push((row, store.parts()[0].info().lanes)),
            _ => {}
        }
    }
    [loads, stores]
});

fn access(op: Op, offset: u64) -> I<'static> {
    encoding(op, Immediates { offset, ..Immediates::default() })
}

impl Generator<'_> {
    /// Bits of a vector, whose lanes, of some shape, are interesting.
    pub(super) fn vector_bits(&mut self) -> u128 {
        let shape = self.rng.below(6);
        let (lanes, width) = [(16, 8), (8, 16), (4, 32), (2, 64), (4, 32), (2, 64)][shape];
        let same = self.rng.chance(25);
        let mut lane = 0;
        (0..lanes).fold(0, |bits, index| {
            if !same || index == 0 {
                lane = match shape {
                    4 => u128::from((self.rng.float() as f32).to_bits()),
                    5 => u128::from(self.rng.float().to_bits()),
                    _ => u128::from(self.rng.integer()) & ((1 << width) - 1),
                };
            }
            bits | lane << (index * width)
        })
    }

    /// An operator of two vectors that gives one, in all bits of all three.
    pub(super) fn vector_operator(&mut self) -> I<'static> {
        encoding(*self.rng.pick(&BINARY), Immediates::default())
    }

    fn row(&mut self, fits: impl Fn(&Row) -> bool) -> Option<Row> {
        let relaxed = self.habits.relaxed;
        let fitting: Vec<Row> =
            ROWS.iter().copied().filter(|row| fits(row) && (relaxed || !row.is_relaxed())).collect();
        (!fitting.is_empty()).then(|| *self.rng.pick(&fitting))
    }

    fn immediates(&mut self, row: &Row) -> Immediates {
        let lane = if row.lanes > 0 { self.rng.below(row.lanes.into()) as u8 } else { 0 };
        let mut immediates = Immediates { lane, ..Immediates::default() };
        if row.instruction.info().immediates.contains(&Immediate::LaneIdxs) {
            immediates.lanes = shuffles::lanes(self.rng);
        }
        immediates
    }

    /// Floats whose products are exact.
    fn exact(&mut self, lanes: Lanes, depth: usize) -> Node {
        let (bits, convert) = match lanes {
            Lanes::F32 => (21, I::F32x4ConvertI32x4S),
            _ => (8, I::F64x2ConvertLowI32x4S),
        };
        let small = plain(I::I32x4ShrS, vec![self.vector(depth), i32_const(bits)], &[V128]);
        plain(convert, vec![small], &[V128])
    }

    /// An operator of the row, over operands as it takes them.
    fn apply(&mut self, row: Row, depth: usize, result: Type) -> Node {
        let mut kids = Vec::new();
        let text = row.instruction.info().text;
        let (fuses, wraps) = (text.ends_with("madd"), text.contains("i7x16"));
        for &operand in row.operands {
            kids.push(match operand {
                instruction::Type::V128 if fuses && kids.len() < 2 => self.exact(row.takes, depth),
                instruction::Type::V128 if wraps && kids.len() == 1 => {
                    let mask = leaf(I::V128Const(i128::from_le_bytes([0x7f; 16])), V128);
                    plain(I::V128And, vec![self.vector(depth), mask], &[V128])
                }
                instruction::Type::V128 => self.lanes(row.takes, depth),
                instruction::Type::I64 => self.expr(I64, depth),
                instruction::Type::F32 => self.expr(F32, depth),
                instruction::Type::F64 => self.expr(F64, depth),
                // What shifts by, is made a lane, or fills all.
                _ if self.rng.chance(35) => i32_const(self.rng.below(70) as i32),
                _ => self.expr(I32, depth),
            });
        }
        let immediates = self.immediates(&row);
        plain(instruction(row.instruction, immediates), kids, &[result])
    }

    /// A vector whose bits are certain.
    pub(super) fn vector(&mut self, depth: usize) -> Node {
        self.lanes(Lanes::Bits, depth)
    }

    /// A vector whose lanes are these.
    fn lanes(&mut self, lanes: Lanes, depth: usize) -> Node {
        self.budget -= 1;
        if depth == 0 || self.budget < 0 {
            return self.simple(V128);
        }
        let depth = depth - 1;
        if lanes == Lanes::Bits {
            return match self.rng.below(20) {
                0..2 => self.expr(V128, depth),
                2..4 => self.load_vector(lanes, depth),
                4 => self.load_lane(depth),
                5..8 => {
                    let lanes = *self.rng.pick(&[Lanes::F32, Lanes::F64]);
                    self.numbers(lanes, depth)
                }
                _ => self.computed(lanes, depth),
            };
        }
        match self.rng.below(10) {
            0..2 => self.expr(V128, depth),
            2 => self.load_vector(lanes, depth),
            _ => self.computed(lanes, depth),
        }
    }

    fn computed(&mut self, lanes: Lanes, depth: usize) -> Node {
        match self.row(|row| row.scalar.is_none() && row.gives == lanes) {
            Some(row) => self.apply(row, depth, V128),
            None => self.simple(V128),
        }
    }

    /// Of floats, those that are numbers.
    fn numbers(&mut self, lanes: Lanes, depth: usize) -> Node {
        let Some(local) = self.free_local(V128) else { return self.constant(V128) };
        let value = self.computed(lanes, depth);
        // The local is seen, too.
        plain(I::LocalTee(local), vec![lanes.numbers(value, local)], &[V128])
    }

    fn load_vector(&mut self, lanes: Lanes, depth: usize) -> Node {
        let (op, (address, offset)) = match lanes {
            Lanes::Bits => (*self.rng.pick(&LOADS), self.integer_address(depth)),
            Lanes::F32 => (
                *self.rng.pick(&[Op::V128Load, Op::V128Load32Splat, Op::V128Load32Zero]),
                self.float_address(F32, depth),
            ),
            Lanes::F64 => (
                *self.rng.pick(&[Op::V128Load, Op::V128Load64Splat, Op::V128Load64Zero]),
                self.float_address(F64, depth),
            ),
        };
        plain(access(op, offset), vec![address], &[V128])
    }

    fn load_lane(&mut self, depth: usize) -> Node {
        let (row, lanes) = *self.rng.pick(&LANE_ACCESSES[0]);
        let (address, offset) = self.integer_address(depth);
        let kids = vec![address, self.expr(V128, depth)];
        let lane = self.rng.below(lanes.into()) as u8;
        plain(instruction(row, Immediates { offset, lane, ..Immediates::default() }), kids, &[V128])
    }

    /// A number that comes from a vector.
    pub(super) fn of_vector(&mut self, ty: Type, depth: usize) -> Node {
        match self.row(|row| row.scalar == Some(ty)) {
            Some(row) => self.apply(row, depth, ty),
            None => self.simple(ty),
        }
    }

    /// An operator of locals and constants, of what is loaded, or two.
    pub(super) fn vector_idiom(&mut self) -> Node {
        let operator = self.vector_operator();
        let first = match self.rng.below(5) {
            0 => {
                let local = *self.rng.pick(&self.pointers);
                let offset = 8 * self.rng.below(100) as u64;
                plain(access(*self.rng.pick(&LOADS), offset), vec![self.get(local)], &[V128])
            }
            1 => {
                let inner = self.vector_operator();
                let kids = vec![self.operand(V128), self.operand(V128)];
                plain(inner, kids, &[V128])
            }
            2 => match self.row(|row| row.operands.len() == 1 && row.gives == Lanes::Bits && row.scalar.is_none()) {
                Some(row) => self.apply(row, 0, V128),
                None => self.operand(V128),
            },
            _ => self.operand(V128),
        };
        let kids = if self.rng.chance(60) { vec![first, self.operand(V128)] } else { vec![self.operand(V128), first] };
        plain(operator, kids, &[V128])
    }

    /// A store of a vector, or of one of its lanes.
    pub(super) fn store_vector(&mut self, depth: usize) -> Node {
        match self.rng.below(10) {
            0..2 => {
                let (lanes, ty) = *self.rng.pick(&[(Lanes::F32, F32), (Lanes::F64, F64)]);
                let (address, offset) = self.float_address(ty, depth);
                let value = self.lanes(lanes, depth);
                plain(access(Op::V128Store, offset), vec![address, value], &[])
            }
            2..5 => {
                let (row, lanes) = *self.rng.pick(&LANE_ACCESSES[1]);
                let (address, offset) = self.integer_address(depth);
                let kids = vec![address, self.expr(V128, depth)];
                let lane = self.rng.below(lanes.into()) as u8;
                plain(instruction(row, Immediates { offset, lane, ..Immediates::default() }), kids, &[])
            }
            _ => {
                let (address, offset) = self.integer_address(depth);
                let value = self.expr(V128, depth);
                plain(access(Op::V128Store, offset), vec![address, value], &[])
            }
        }
    }
}
