//! The source: a validated body as instructions of the checker's own, with everything resolved that the specification
//! resolves by structure: where branches lead and how high the operand stack is there, what cannot be reached, and what
//! fuel the regions cost. `read` makes it.
//!
//! Locals and operands are counted in words: a vector is two of each.

use super::value::Access;
use crate::TypeIdx;
use crate::cell::{Amount, Cell};
use crate::instruction::Atomic;
use crate::ops::{Class, Effect, Op};

/// Index of an instruction.
pub(super) type Pc = u32;

/// Where a branch leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Label {
    pub(super) pc: Pc,
    /// Height of the operand stack below the values that the branch takes.
    pub(super) height: u32,
    /// How many words the values have that it takes.
    pub(super) arity: u32,
    /// Whether the topmost operand is dropped first.
    pub(super) drops: bool,
}

/// Which exceptions are caught, and where they lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clause {
    /// The word and the index of a tag, whose values come to the label; exceptions of all tags without.
    pub(super) tag: Option<(u32, u32)>,
    pub(super) reference: Reference,
    /// A label's index. What comes there lies on its height.
    pub(super) label: u32,
}

/// Whether a reference to the exception comes to the label of a clause, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    None,
    /// Above the values.
    Above,
    /// Below them.
    Below,
}

/// What a `try_table` covers, or a `try` before its first `catch`.
#[derive(Debug)]
pub(super) struct Scope {
    /// Where exceptions go that no clause catches: to a scope around it, or out of the function.
    pub(super) outer: Option<u32>,
    /// In the order in which they are asked.
    pub(super) clauses: Vec<Clause>,
    /// The first instruction behind it.
    pub(super) end: Pc,
}

/// One instruction. Indices of globals, tables, segments and functions are words of the instance already.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Instr {
    /// Nothing, or what cannot be reached.
    Nop,
    /// A region's fuel.
    Fuel(u64),
    /// Fuel for a size, which is the topmost operand; with the table's word.
    Pay(Amount, u32),
    /// Goes on behind it, or at `otherwise`; both ways meet at `end`.
    If {
        otherwise: Pc,
        end: Pc,
    },
    /// Goes on there.
    Jump(Pc),
    /// A label's index.
    Br(u32),
    BrIf(u32),
    /// So many labels from this one on, the default one last.
    BrTable(u32, u32),
    Return,
    Unreachable,
    /// With the function's word.
    Call(u32, TypeIdx),
    /// With the table's word.
    CallIndirect(u32, TypeIdx),
    ReturnCall(u32, TypeIdx),
    ReturnCallIndirect(u32, TypeIdx),
    /// Replaces an index by the function that a table holds there, of a type below this one.
    TableFunc(u32, TypeIdx),
    CallRef(TypeIdx),
    ReturnCallRef(TypeIdx),
    /// With the tag's word, and its index.
    Throw(u32, u32),
    ThrowRef,
    /// Throws the exception that is the operand at this height, which a handler began with.
    Rethrow(u32),
    /// Pushes whether the topmost operand, which stays, is null.
    IsNull,
    /// Pushes the topmost operand, which stays.
    Copy,
    /// Replaces an array and an index by where the element lies.
    Element,
    /// Stores in an array, at an index.
    ElementStore(Op),
    Drop,
    Select,
    Get(u32),
    Set(u32),
    Tee(u32),
    /// Sets a local to what it holds: code may do so or not.
    Keep(u32),
    /// The same, which is the topmost operand.
    SetSame(u32),
    GlobalGet(u32, Class),
    GlobalSet(u32),
    Const(u64, Class),
    /// A vector, by its halves.
    Vector([u64; 2]),
    Func(u32),
    Numeric(Op),
    /// An operator that gives an integer of 128 bits, of i64s that are such integers or are its operands.
    Wide(Op),
    /// An operator on one lane, with its index.
    Lane(Op, u8),
    Load(Op, Access),
    Store(Op, Access),
    /// Loads, and puts what it loads in a lane.
    LoadLane([Op; 2], Access, u8),
    /// Takes a lane, and stores that.
    StoreLane([Op; 2], Access, u8),
    Atomic(Atomic, Access),
    Fence,
    /// With the class of addresses, as for others.
    MemorySize(u32, Class),
    MemoryGrow(u32, Class),
    MemoryFill(u32),
    /// To, from.
    MemoryCopy(u32, u32),
    /// Memory, segment.
    MemoryInit(u32, u32),
    DataDrop(u32),
    TableGet(u32),
    /// With the class of indices, which become ones of 32 bits.
    TableSet(u32, Class),
    TableSize(u32, Class),
    TableGrow(u32, Class),
    TableFill(u32),
    TableCopy(u32, u32),
    /// Table, segment.
    TableInit(u32, u32),
    ElemDrop(u32),
    /// What a cell about objects does, of these operands but the slots, with a typeidx for a type's id, which takes so many words, and
    /// gives a result.
    Object(Cell, [u32; 3], u16, Option<Class>),
}

impl Instr {
    /// Whether executing it can be seen from outside, or chooses a way: the two sides must do so in step.
    pub(super) fn is_event(self) -> bool {
        match self {
            Self::Nop
            | Self::Jump(_)
            | Self::Br(_)
            | Self::Drop
            | Self::IsNull
            | Self::Copy
            | Self::Element
            | Self::Select
            | Self::Get(_)
            | Self::Set(_)
            | Self::Tee(_)
            | Self::Keep(_)
            | Self::SetSame(_)
            | Self::GlobalGet(..)
            | Self::Const(..)
            | Self::Vector(_)
            | Self::Func(_)
            | Self::Wide(_)
            | Self::Lane(..)
            | Self::MemorySize(..)
            | Self::TableSize(..) => false,
            Self::Numeric(op) => op.info().effect != Effect::Pure,
            _ => true,
        }
    }

    /// Whether an exception may come of it here.
    pub(super) fn may_throw(self) -> bool {
        matches!(
            self,
            Self::Call(..)
                | Self::CallIndirect(..)
                | Self::CallRef(_)
                | Self::Throw(..)
                | Self::ThrowRef
                | Self::Rethrow(_)
        )
    }
}

/// A function's body.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) instrs: Vec<Instr>,
    /// Of each instruction, its offset in the binary.
    pub(super) offsets: Vec<u32>,
    /// Of each instruction, whether branches lead there.
    pub(super) is_label: Vec<bool>,
    pub(super) labels: Vec<Label>,
    pub(super) scopes: Vec<Scope>,
    /// Of each instruction, the innermost scope that covers it.
    pub(super) covered: Vec<Option<u32>>,
    /// Classes of the locals' words, parameters first.
    pub(super) locals: Vec<Class>,
    /// How high the operand stack gets.
    pub(super) max_height: u32,
}

impl Source {
    /// The words of the local that begins with this one.
    pub(super) fn words_of(&self, word: u32) -> std::ops::Range<usize> {
        let word = word as usize;
        word..word + self.locals[word].words()
    }
}
