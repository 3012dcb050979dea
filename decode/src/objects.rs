//! Where things lie in objects: structs, arrays and exceptions. Lowering writes these places into operands, the machine
//! allocates and collects by them; both take them from here.
//!
//! An object begins with a word that says what it is, in the machine's terms. A struct's fields follow, each in as many words
//! as its value takes slots: so a struct is made by copying slots, and a subtype has its supertype's fields where that has
//! them. (Packing small fields would save memory in structs of many of them, and cost a loop over types where they are made.)
//! An array has its length in a second word, then its elements, packed.
//!
//! Objects of a similar size lie together: a size's *class* is the smallest size of [`CLASS_BYTES`] that has room for it.

use crate::{ArrayType, CompositeType, StorageType, StructType, ValType};

/// Bytes before a struct's fields.
pub const HEADER_BYTES: u32 = 8;

/// Bytes before an array's elements.
pub const ARRAY_HEADER_BYTES: u32 = 16;

/// Where an array's length lies, 32 bits. No field of a struct lies there, so whoever reads a length is told from who reads a field.
pub const LENGTH_AT: u32 = 12;

/// How many classes of sizes there are.
pub const CLASSES: usize = 36;

/// Bytes of the objects of each class: by eights to 64, then four steps to each doubling, then what fits a block of 32 KiB so
/// many times.
pub const CLASS_BYTES: [u32; CLASSES] = {
    let mut sizes = [0; CLASSES];
    let mut class = 0;
    while class < 7 {
        sizes[class] = 16 + 8 * class as u32;
        class += 1;
    }
    let mut power = 64;
    while power < 4096 {
        let mut step = 1;
        while step <= 4 {
            sizes[class] = power + step * power / 4;
            class += 1;
            step += 1;
        }
        power *= 2;
    }
    let large = [5120, 6400, 8032, 10_704, 16_064];
    let mut i = 0;
    while i < large.len() {
        sizes[class] = large[i];
        class += 1;
        i += 1;
    }
    sizes
};

/// The class of objects of so many bytes; `None` of those that are larger than any class.
pub const fn class_of(bytes: u64) -> Option<u16> {
    if bytes <= 64 {
        return Some(if bytes <= 16 { 0 } else { (bytes as u16 - 9) / 8 });
    }
    if bytes <= 4096 {
        let power = (bytes - 1).ilog2();
        let step = ((bytes - 1) - (1 << power)) >> (power - 2);
        return Some(7 + 4 * (power as u16 - 6) + step as u16);
    }
    let mut class = 31;
    while class < CLASSES {
        if bytes <= CLASS_BYTES[class] as u64 {
            return Some(class as u16);
        }
        class += 1;
    }
    None
}

/// Whether what has this type may be an object, or a value of the embedder: collecting has to look at it.
pub const fn is_traced(ty: ValType) -> bool {
    use crate::HeapType::{ConcreteFunc, Func, NoExtern, NoFunc, None};
    match ty {
        ValType::Ref(ty) => !matches!(ty.heap_type(), Func | NoFunc | ConcreteFunc(_) | NoExtern | None),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => false,
    }
}

/// Where in a struct, or an exception, values of these types lie that stand one behind the other from `at` on.
pub fn places(at: u32, types: impl Iterator<Item = ValType>) -> impl Iterator<Item = (u32, ValType)> {
    types.scan(at, |next, ty| {
        let at = *next;
        *next += 8 * ty.words() as u32;
        Some((at, ty))
    })
}

impl StructType {
    /// The types of its fields' values.
    pub fn values(&self) -> impl Iterator<Item = ValType> {
        self.fields().iter().map(|field| field.element_type.unpack())
    }

    /// How many words its fields take.
    pub fn words(&self) -> usize {
        self.words_of(self.fields().len()) as usize
    }

    /// How many bytes structs of this type take.
    pub fn bytes(&self) -> u32 {
        HEADER_BYTES + 8 * self.words() as u32
    }

    /// Where field `index` lies in a struct.
    ///
    /// # Panics
    /// There is none.
    pub fn offset(&self, index: usize) -> u32 {
        assert!(index < self.fields().len(), "a field that the type has");
        HEADER_BYTES + 8 * self.words_of(index)
    }
}

impl ArrayType {
    /// How many bytes arrays of so many elements take; more than 64 bits can say counts as all there are.
    pub fn bytes(&self, len: u32) -> u64 {
        u64::from(ARRAY_HEADER_BYTES) + u64::from(len) * u64::from(self.field_type().element_type.bytes())
    }

    /// The logarithm of an element's bytes.
    pub fn shift(&self) -> u16 {
        self.field_type().element_type.bytes().ilog2() as u16
    }
}

impl StorageType {
    /// Whether values that are read from it are those that were written, but for what does not fit.
    pub const fn is_packed(self) -> bool {
        matches!(self, Self::I8 | Self::I16)
    }
}

impl CompositeType {
    /// Whether it describes objects of the heap.
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Struct(_) | Self::Array(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_the_smallest_that_has_room() {
        assert!(CLASS_BYTES.is_sorted());
        for bytes in 0..=16_064 {
            let class = usize::from(class_of(bytes).unwrap());
            assert!(u64::from(CLASS_BYTES[class]) >= bytes, "{bytes}");
            assert!(class == 0 || u64::from(CLASS_BYTES[class - 1]) < bytes, "{bytes}");
        }
        assert_eq!(class_of(16_065), None);
    }
}
