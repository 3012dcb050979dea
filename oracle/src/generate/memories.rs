//! Programs of one 32-bit memory and one such table, made programs of several and of 64-bit ones that do the same.
//!
//! Generators know one memory and one table. A [`Style`] says what becomes of these: how many others stand in front, so that
//! all accesses are far, whether addresses and indices have 64 bits, whether pages have one byte. Addresses are extended where they
//! are used, sometimes with a sign, or so that what is far out of bounds has small low halves; operands that stand below others are
//! extended where they are computed, or after all have gone through locals. Sizes are scaled and wrapped. Copies,
//! fills and initialisations sometimes take a detour through another memory or table, of another width perhaps. So what can be seen of
//! the program stays as it was: every address from 2^20 on was out of bounds, and still is.
//!
//! Only a *hostile* style changes what happens: some static offsets are so large that their accesses trap.

mod change;

use super::expr::{i32_const, leaf, plain};
use super::tree::{FuncSpec, Import, MAX_PAGES, ModuleSpec, Node, TABLE};
use crate::outcome::Type;
use crate::rng::Rng;
use change::Change;
use wasm_encoder::{ExportKind, Instruction as I, MemoryType, RefType, TableType};

/// Bytes of a page of WebAssembly 1.0, as a logarithm.
const PAGE_LOG2: u32 = 16;

/// What becomes of a program's memory and table. The default leaves them alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// What is chosen at random comes from this.
    seed: u64,
    /// How many memories stand in front.
    pub memories: u32,
    /// How many tables do.
    pub tables: u32,
    /// Whether addresses of the memory have 64 bits.
    pub memory64: bool,
    /// Whether indices of the table have.
    pub table64: bool,
    /// Whether pages of the memory have one byte.
    pub bytes: bool,
    /// Whether some static offsets make accesses trap.
    pub hostile: bool,
    /// Whether the memory is one that threads share: so are some of those in front.
    pub shared: bool,
    /// Whether some addresses are computed with 64 bits beforehand.
    native: bool,
}

/// A memory or table in front: what its type is follows from its index and the style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// A memory.
    Memory(MemoryType),
    /// A table.
    Table(TableType),
}

impl Style {
    /// The style of a seed: mostly the default.
    pub fn of(seed: u64) -> Self {
        if Rng::new(seed ^ 0x57_71E5).chance(65) { Self::default() } else { Self::other(seed) }
    }

    /// A style of a seed that is not the default.
    pub fn other(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x3E30);
        loop {
            let style = Self {
                seed,
                memories: *rng.pick(&[0, 0, 1, 1, 2, 3]),
                tables: *rng.pick(&[0, 0, 0, 1, 2]),
                memory64: rng.chance(55),
                table64: rng.chance(40),
                bytes: rng.chance(20),
                hostile: rng.chance(20),
                shared: false,
                native: false,
            };
            if style.memories > 0 || style.memory64 || style.table64 {
                return style;
            }
        }
    }

    /// A style of a seed whose memory is mostly shared.
    pub(super) fn shared(seed: u64) -> Self {
        Self { seed, shared: Rng::new(seed ^ 0x5_4A2E).chance(75), ..Self::of(seed) }
    }

    /// A style for programs whose accesses are to a memory of so many, whose addresses are computed as the memory wants them.
    pub(super) fn native(seed: u64, memories: u32, memory64: bool) -> Self {
        Self { memories, memory64, hostile: false, native: true, ..Self::other(seed) }
    }

    /// The style with one thing less that is not as in the default: each of these.
    pub fn simpler(self) -> impl Iterator<Item = Self> {
        let candidates = [
            Self::default(),
            Self { memories: 0, ..self },
            Self { memories: 1, ..self },
            Self { tables: 0, ..self },
            Self { memory64: false, ..self },
            Self { table64: false, ..self },
            Self { bytes: false, ..self },
            Self { hostile: false, ..self },
            Self { shared: false, ..self },
        ];
        let is_simpler = move |candidate: &Self| {
            *candidate != self
                && candidate.memories <= self.memories
                && (!self.native || (candidate.native, candidate.memory64) == (true, self.memory64))
        };
        candidates.into_iter().filter(is_simpler)
    }

    /// Whether the program does what it did.
    pub fn is_faithful(self) -> bool {
        !self.hostile && !self.native && !self.shared
    }

    /// The type of the memory.
    pub(super) fn memory_type(self) -> MemoryType {
        // A few bytes more, where that makes no pages.
        let more = if self.bytes && self.hostile { self.seed % 16 } else { 0 };
        let mut ty = memory_type(1, self.memory64, self.bytes);
        ty.minimum += more;
        ty.shared = self.shared;
        ty
    }

    /// A type with room for all that the memory ever holds.
    pub(super) fn largest_memory(self) -> MemoryType {
        memory_type(MAX_PAGES, self.memory64, self.bytes)
    }

    /// The type of the table.
    pub(super) fn table_type(self) -> TableType {
        table_type(TABLE.0, self.table64)
    }

    /// Whether the memory in front with this index has 64-bit addresses, and whether its pages have one byte.
    fn memory_in_front(self, index: u32) -> (bool, bool) {
        let bits = self.seed.rotate_left(17 + 4 * index);
        (bits & 1 != 0, bits & 6 == 6)
    }

    /// Whether the table in front with this index has 64-bit indices.
    fn table_in_front(self, index: u32) -> bool {
        self.seed.rotate_left(41 + 4 * index) & 1 != 0
    }

    /// Those in front: memories, then tables. Each has room for all that the program's own ever holds.
    fn in_front(self) -> impl Iterator<Item = Other> {
        let memory = move |index| {
            let (is_64, bytes) = self.memory_in_front(index);
            let mut ty = memory_type(MAX_PAGES, is_64, bytes);
            ty.shared = self.shared && index % 2 == 0;
            Other::Memory(ty)
        };
        let table = move |index| Other::Table(table_type(TABLE.1, self.table_in_front(index)));
        (0..self.memories).map(memory).chain((0..self.tables).map(table))
    }

    /// The module in this style. `name` is one that no other module of the program has, `first` the number of its first function among
    /// those of all modules: a module does the same as its part of a merged one.
    pub(super) fn apply(self, module: &ModuleSpec, name: &str, first: usize) -> ModuleSpec {
        let mut module = module.clone();
        if self == Self::default() {
            return module;
        }
        module.style = self;
        let imports = Rng::new(self.seed ^ 0x1111).chance(30);
        let mut imported = Vec::new();
        for (index, other) in self.in_front().enumerate() {
            let is_own = if matches!(other, Other::Memory(_)) { module.memory } else { module.table };
            if is_own && !imports {
                module.others.push(other);
            } else {
                imported.push(("host".into(), format!("{name}_{index}"), Import::Other(other)));
            }
        }
        module.imports.splice(0..0, imported);
        for (_, kind, index) in module.exports.iter_mut().flatten() {
            match kind {
                ExportKind::Memory => *index += self.memories,
                ExportKind::Table => *index += self.tables,
                _ => {}
            }
        }
        for (number, func) in module.funcs.iter_mut().enumerate() {
            let params = module.types.signatures()[func.ty as usize].0.len();
            let rng = Rng::new(self.seed ^ ((first + number) as u64) << 32);
            Change::new(self, rng, (params + func.locals.len()) as u32).func(func);
        }
        if self.shared && module.memory {
            let ty = module.types.index(&[], &[]);
            module.look = Some(FuncSpec { ty, locals: Vec::new(), body: vec![self.look()] });
        }
        module
    }

    /// Copies all of the memory to the one behind it.
    fn look(self) -> Node {
        let (ty, from) = if self.memory64 { (Type::I64, I::I64Const(0)) } else { (Type::I32, I::I32Const(0)) };
        let mut size = leaf(I::MemorySize(self.memories), ty);
        if self.memory64 {
            size = plain(I::I32WrapI64, vec![size], &[Type::I32]);
        }
        if !self.bytes {
            size = plain(I::I32Shl, vec![size, i32_const(PAGE_LOG2 as i32)], &[Type::I32]);
        }
        let copy = I::MemoryCopy { src_mem: self.memories, dst_mem: self.memories + 1 };
        plain(copy, vec![i32_const(0), leaf(from, ty), size], &[])
    }
}

fn memory_type(pages: u64, memory64: bool, bytes: bool) -> MemoryType {
    let shift = if bytes { PAGE_LOG2 } else { 0 };
    MemoryType {
        minimum: pages << shift,
        maximum: Some(MAX_PAGES << shift),
        memory64,
        shared: false,
        page_size_log2: bytes.then_some(0),
    }
}

fn table_type(minimum: u64, table64: bool) -> TableType {
    TableType { element_type: RefType::FUNCREF, table64, minimum, maximum: Some(TABLE.1), shared: false }
}
