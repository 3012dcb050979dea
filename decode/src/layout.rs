//! Where things lie: the words of an instance and of a call frame. Lowering writes these places into operands, the
//! machine reads them, the linker fills them; all three take them from here.
//!
//! An instance is a block of 64-bit words: a fixed head of [`HEAD_WORDS`], then [`RECORD_WORDS`] for every function (its
//! record: code and instance), one word for every global (pointer to its cell), table and memory (pointer to it), then two
//! words for every data segment (address, bytes left) and element segment (address, elements left), and one for every tag
//! (pointer to it). Index spaces begin with
//! the imports, as in the module. What accesses to memory 0 need stands in the head besides.
//!
//! What is the same in all instances of a function stands right before its code: [`CodeHead`].
//!
//! A frame is a run of words of the value stack, its pointer `fp` at the first argument, which the caller computed in
//! place:
//!
//! ```text
//! fp -> [ arguments, later the results ][ header: caller's link, fp and instance ][ other locals ][ operands ]
//! ```
//!
//! The first part is as long as the longer of the two ([`FrameLayout::header`]), so the header's place follows from the
//! function's type alone and a caller knows it without asking the callee.

use crate::{FuncIdx, FuncType, Module, TypeId};

/// Words before the index spaces of an instance.
pub const HEAD_WORDS: usize = 9;

/// Words of a function's record.
pub const RECORD_WORDS: usize = 2;

/// Words of a frame's header: the caller's `link`, `fp` and `instance`. (Where the function itself returns to is in a
/// register.)
pub const HEADER_WORDS: usize = 3;

/// Words of a host function's frame behind its header: the address of the cell it returns to.
pub const RETURN_WORDS: usize = 1;

/// Words below the first frame of an entry from the host: where the entry before has its first free word, or null.
pub const ENTRY_WORDS: usize = 1;

/// Most words of one frame: slots are 16 bits wide in operands.
pub const MAX_FRAME_WORDS: usize = 65_535;

/// How many entries the index spaces of a module have.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Functions.
    pub funcs: usize,
    /// Globals.
    pub globals: usize,
    /// Tables.
    pub tables: usize,
    /// Memories.
    pub memories: usize,
    /// Data segments.
    pub data: usize,
    /// Element segments.
    pub elements: usize,
    /// Tags.
    pub tags: usize,
    /// Types, if any is of structs or arrays.
    pub types: usize,
}

/// Word index of the first entry of each index space in an instance. They follow each other, whoever makes the layout: the
/// machine trusts it with where it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceLayout {
    /// First function record.
    pub(crate) funcs: usize,
    /// First global cell pointer.
    pub(crate) globals: usize,
    /// First table pointer.
    pub(crate) tables: usize,
    /// First memory pointer.
    pub(crate) memories: usize,
    /// First data segment: two words each.
    pub(crate) data: usize,
    /// First element segment: two words each.
    pub(crate) elements: usize,
    /// First tag pointer.
    pub(crate) tags: usize,
    /// First type.
    pub(crate) types: usize,
    /// Words of the whole block.
    words: usize,
}

impl InstanceLayout {
    /// The layout of every instance of `module`.
    pub fn of(module: &Module) -> Self {
        Self::new(Counts {
            funcs: module.funcs.len(),
            globals: module.globals.len(),
            tables: module.tables.len(),
            memories: module.memories.len(),
            data: module.data.len(),
            elements: module.elements.len(),
            tags: module.tags.len(),
            types: if module.has_objects() { module.types.len() } else { 0 },
        })
    }

    /// The layout of instances with so many of each.
    ///
    /// # Panics
    /// They have more words than there are numbers for.
    pub const fn new(counts: Counts) -> Self {
        let Counts { funcs, globals, tables, memories, data, elements, tags, types } = counts;
        /// Behind `count` entries of `words` words each.
        const fn behind(start: usize, count: usize, words: usize) -> usize {
            let Some(len) = count.checked_mul(words) else { panic!("an instance of too many words") };
            let Some(end) = start.checked_add(len) else { panic!("an instance of too many words") };
            end
        }
        let globals_at = behind(HEAD_WORDS, funcs, RECORD_WORDS);
        let tables_at = behind(globals_at, globals, 1);
        let memories_at = behind(tables_at, tables, 1);
        let data_at = behind(memories_at, memories, 1);
        let elements_at = behind(data_at, data, 2);
        let tags_at = behind(elements_at, elements, 2);
        let types_at = behind(tags_at, tags, 1);
        let words = behind(types_at, types, 1);
        Self {
            funcs: HEAD_WORDS,
            globals: globals_at,
            tables: tables_at,
            memories: memories_at,
            data: data_at,
            elements: elements_at,
            tags: tags_at,
            types: types_at,
            words,
        }
    }

    /// Words of the whole block.
    pub const fn words(&self) -> usize {
        self.words
    }
}

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident($index:ident: $ty:ty, $number:expr): $start:ident, $words:expr, $end:ident;)*) => {
        /// Where the entries of the index spaces lie.
        impl InstanceLayout {
            $(
                $(#[$doc])*
                ///
                /// # Panics
                /// There is none.
                #[inline]
                pub const fn $name(&self, $index: $ty) -> usize {
                    assert!(
                        $number < (self.$end - self.$start) / $words,
                        concat!("the instance has no such ", stringify!($name))
                    );
                    self.$start + $words * $number
                }
            )*
        }
    };
}
places! {
    /// The record of function `index`: [`RECORD_WORDS`].
    func(index: FuncIdx, index.index()): funcs, RECORD_WORDS, globals;
    /// The pointer to the cell of global `index`.
    global(index: usize, index): globals, 1, tables;
    /// The pointer to table `index`.
    table(index: usize, index): tables, 1, memories;
    /// The pointer to memory `index`.
    memory(index: usize, index): memories, 1, data;
    /// Address and length of data segment `index`.
    data(index: usize, index): data, 2, elements;
    /// Address and length of element segment `index`.
    element(index: usize, index): elements, 2, tags;
    /// The pointer to tag `index`.
    tag(index: usize, index): tags, 1, types;
    /// What the machine knows of objects of type `index`.
    object(index: usize, index): types, 1, words;
}

/// Places in a frame that follow from the function's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLayout {
    /// Word index of the header; also how many words arguments or results need.
    pub header: usize,
}

impl FrameLayout {
    /// The frame of functions of type `ty`.
    pub fn of(ty: &FuncType) -> Self {
        Self { header: ty.param_words().max(ty.result_words()) }
    }

    /// Word index of the first local that is not a parameter.
    pub fn locals(self) -> usize {
        self.header + HEADER_WORDS
    }
}

/// What a call, and whoever holds a reference, needs to know of a function besides its code: it stands right before the
/// first cell, in the cache line that the call is about to read anyhow, and once for all instances.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeHead {
    /// Funcidx in its module; 0 for host functions.
    pub index: FuncIdx,
    /// Words of the frame before the header: the longer of parameters and results.
    pub header: u32,
    /// Bytes of the whole frame, from `fp` to the end of the operands.
    pub frame_bytes: u32,
    /// Its type in the engine.
    pub type_id: TypeId,
}

impl CodeHead {
    /// Words it takes.
    pub const WORDS: usize = 2;

    /// The head of function `index` of type `ty` before anybody knows more of its frame than the type says.
    pub fn new(index: FuncIdx, ty: &FuncType, type_id: TypeId) -> Self {
        let header = FrameLayout::of(ty).header as u32;
        Self { index, header, frame_bytes: (header + HEADER_WORDS as u32) * 8, type_id }
    }

    /// The head of which [`CodeHead::words`] gives these.
    pub fn of_words(words: [u64; Self::WORDS]) -> Self {
        let halves = words.map(|word| {
            let [a0, a1, a2, a3, b0, b1, b2, b3] = word.to_ne_bytes();
            [u32::from_ne_bytes([a0, a1, a2, a3]), u32::from_ne_bytes([b0, b1, b2, b3])]
        });
        let [[index, header], [frame_bytes, type_id]] = halves;
        Self { index: FuncIdx(index), header, frame_bytes, type_id: TypeId(type_id) }
    }

    /// Its words, as they lie in memory.
    pub fn words(self) -> [u64; Self::WORDS] {
        let word = |[a, b]: [u32; 2]| {
            let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a.to_ne_bytes(), b.to_ne_bytes());
            u64::from_ne_bytes([a0, a1, a2, a3, b0, b1, b2, b3])
        };
        [word([self.index.0, self.header]), word([self.frame_bytes, self.type_id.0])]
    }
}
