//! What the machine knows of the objects of one type: what to write at their beginning, where references lie in them, what they
//! are below.

use pirn_decode::objects::{ARRAY_HEADER_BYTES, HEADER_BYTES, is_traced, places};
use pirn_decode::{CompositeType, DefinedType, HeapType, TypeId, ValType, planted};

/// How many types there may be between a type and the one that is below nothing, itself counted (spec 7.1.2).
const DEPTH: usize = 64;

/// Where an exception has the address of its tag.
pub(crate) const TAG_AT: u32 = HEADER_BYTES;

/// Where values lie in an exception, behind its tag.
pub const EXCEPTION_VALUES_AT: u32 = TAG_AT + 8;

/// What kind of object something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ObjectKind {
    /// A struct.
    Struct,
    /// An array.
    Array,
    /// An exception.
    Exception,
}

/// What all objects of a type have in common. Their first word is its address, so it stays where it is as long as they are there.
///
/// A cast loads that word, then the place in `display` that the type cast to has in all types below it.
#[repr(C, align(16))]
#[derive(Debug, Clone)]
pub struct ObjectType {
    /// What it is below, from the type that is below nothing to itself; then [`TypeId::NONE`].
    pub(crate) display: [TypeId; DEPTH],
    /// Its type in the engine; that of the tag's function type, of an exception.
    pub(crate) id: TypeId,
    pub(crate) kind: ObjectKind,
    /// Whether [`Self::references`] is all that is traced.
    pub(crate) is_plain: bool,
    /// Of arrays: the logarithm of an element's bytes.
    pub(crate) shift: u16,
    /// Bytes of an object; of an array without elements.
    pub(crate) bytes: u32,
    /// A bit for each of the first 64 words of a struct or exception: whether it is traced.
    pub(crate) references: u64,
    /// Where words lie that are traced beyond these.
    pub(crate) traced: Box<[u32]>,
    /// Where references to functions lie, which who copies an object has to find; of an array, where the first element does if all are such.
    pub(crate) functions: Box<[u32]>,
}

impl ObjectType {
    /// What there is to know of objects of this type.
    ///
    /// # Panics
    /// It is a type of functions, or below more types than validation allows.
    pub fn of(defined: &DefinedType) -> Box<Self> {
        let mut display = [TypeId::NONE; DEPTH];
        display[..defined.supertypes.len()].copy_from_slice(&defined.supertypes);
        if planted(19) {
            display[0] = TypeId::NONE;
        }
        if planted(20) {
            display[defined.supertypes.len() - 1] = TypeId::NONE;
        }
        let (kind, bytes, shift, traces_elements, (references, traced)) = match &defined.ty.composite {
            CompositeType::Struct(ty) => (ObjectKind::Struct, ty.bytes(), 0, false, traced(HEADER_BYTES, ty.values())),
            CompositeType::Array(ty) => {
                let traces = is_traced(ty.field_type().element_type.unpack());
                (ObjectKind::Array, ARRAY_HEADER_BYTES, ty.shift(), traces, Default::default())
            }
            CompositeType::Func(_) => panic!("functions are no objects of the heap"),
        };
        let functions = match &defined.ty.composite {
            CompositeType::Array(ty) => {
                functions(ARRAY_HEADER_BYTES, std::iter::once(ty.field_type().element_type.unpack()))
            }
            CompositeType::Struct(ty) => functions(HEADER_BYTES, ty.values()),
            CompositeType::Func(_) => Box::default(),
        };
        let is_plain = !traces_elements && traced.is_empty();
        Box::new(Self { display, id: defined.id, kind, is_plain, shift, bytes, references, traced, functions })
    }

    /// What there is to know of exceptions whose tag has a type with these parameters, called `id`.
    pub fn of_exception(id: TypeId, params: &[ValType]) -> Box<Self> {
        let words: usize = params.iter().map(|ty| ty.words()).sum();
        let (references, traced) = traced(EXCEPTION_VALUES_AT, params.iter().copied());
        Box::new(Self {
            display: [TypeId::NONE; DEPTH],
            id,
            kind: ObjectKind::Exception,
            is_plain: traced.is_empty(),
            shift: 0,
            bytes: EXCEPTION_VALUES_AT + 8 * words as u32,
            references,
            traced,
            functions: functions(EXCEPTION_VALUES_AT, params.iter().copied()),
        })
    }

    /// Whether it is of arrays whose elements are references that are traced.
    pub(crate) fn traces_elements(&self) -> bool {
        self.kind == ObjectKind::Array && !self.is_plain
    }

    /// Its type in the engine; that of the tag's function type, of an exception.
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// What kind of objects they are.
    pub fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// How many bytes an object takes; of an array, one without elements.
    pub fn bytes(&self) -> u32 {
        self.bytes
    }

    /// How many bytes an object takes that has so many elements, if it is an array.
    pub fn bytes_with(&self, len: u32) -> u64 {
        match self.kind {
            ObjectKind::Array => u64::from(self.bytes) + (u64::from(len) << self.shift),
            ObjectKind::Struct | ObjectKind::Exception => self.bytes.into(),
        }
    }
}

/// Where words lie that are traced: of the first 64 as bits, of the others their places.
fn traced(at: u32, types: impl Iterator<Item = ValType>) -> (u64, Box<[u32]>) {
    let places = places(at, types).filter(|&(_, ty)| is_traced(ty)).map(|(at, _)| at);
    let most = if planted(21) { 4 } else { u64::BITS };
    let (first, others): (Vec<u32>, Vec<u32>) = places.partition(|&at| at < 8 * most);
    let others = if planted(21) { Vec::new() } else { others };
    (first.iter().fold(0, |bits, at| bits | 1 << (at / 8)), others.into())
}

/// Where references to functions lie.
fn functions(at: u32, types: impl Iterator<Item = ValType>) -> Box<[u32]> {
    let is_function = |ty| matches!(ty, ValType::Ref(ty) if ty.heap_type().top() == HeapType::Func);
    places(at, types).filter(|&(_, ty)| is_function(ty)).map(|(at, _)| at).collect()
}
