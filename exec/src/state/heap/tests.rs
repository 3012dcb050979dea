//! The heap by itself.

use super::block::{BLOCK_BYTES, Block};
use super::mark::Marker;
use super::object::ObjectType;
use super::*;
use pirn_decode::{
    ArrayType, CompositeType, DefinedType, FieldType, RefType, StorageType, StructType, SubType, ValType,
};

const LINK: StorageType = StorageType::ValType(ValType::Ref(RefType::ANYREF));

/// A heap with a type of lists, whose items have a number and what follows, and one of arrays of anything.
fn heap() -> (Heap, *const ObjectType, *const ObjectType) {
    let field = |element_type| FieldType { element_type, mutable: true };
    let list = StructType::of_fields([field(StorageType::ValType(ValType::I64)), field(LINK)].into());
    let array = ArrayType::of_field(field(LINK));
    let mut heap = Heap::new();
    let mut ty = |id, composite| {
        let ty = SubType { composite, supertype: None, is_final: true };
        let defined = DefinedType::new(TypeId(id), ty, vec![TypeId(id)]);
        heap.object_type(TypeId(id), || ObjectType::of(&defined))
    };
    let (list, array) = (ty(1, CompositeType::Struct(list)), ty(2, CompositeType::Array(array)));
    (heap, list, array)
}

/// An item of a list.
fn item(heap: &mut Heap, ty: *const ObjectType, number: u64, next: u64) -> u64 {
    let object = heap.take(24).expect("there is room");
    // SAFETY: an object of three words.
    unsafe {
        object.write(ty.expose_provenance() as u64);
        object.add(1).write(number);
        object.add(2).write(next);
    }
    object.expose_provenance() as u64
}

fn array(heap: &mut Heap, ty: *const ObjectType, elements: &[u64]) -> u64 {
    let object = heap.take(16 + 8 * elements.len() as u64).expect("there is room");
    // SAFETY: an object with that many elements.
    unsafe {
        object.write(ty.expose_provenance() as u64);
        object.add(1).write((elements.len() as u64) << 32);
        object.add(2).copy_from_nonoverlapping(elements.as_ptr(), elements.len());
    }
    object.expose_provenance() as u64
}

/// Word `at` of an object.
fn word(object: u64, at: usize) -> u64 {
    // SAFETY: the tests ask for words that there are.
    unsafe { std::ptr::with_exposed_provenance::<u64>(object as usize).add(at).read() }
}

/// Collects with these roots.
fn collect(heap: &mut Heap, roots: &[u64]) {
    // SAFETY: they are references.
    unsafe { heap.collect(|marker| roots.iter().for_each(|&root| marker.mark(root)), |_| ()) };
}

/// How many small objects are left of a heap that was just collected.
fn marked(heap: &Heap) -> usize {
    assert!(heap.is_marked());
    // SAFETY: blocks of this heap, to which nobody writes.
    heap.classes.iter().flat_map(|class| &class.unswept).map(|&block| unsafe { Block::marked(block) }).sum()
}

#[test]
fn what_is_reached_stays_and_the_rest_is_used_again() {
    let (mut heap, list, many) = heap();
    let mut first = 0;
    for number in 0..10_000 {
        first = item(&mut heap, list, number, first);
        // Of the others nobody knows.
        item(&mut heap, list, u64::MAX, first);
    }
    let root = array(&mut heap, many, &[0, i31_word(7), first, extern_word(3)]);
    let large = array(&mut heap, many, &vec![root; 5_000]);
    let before = heap.bytes();
    for round in 0..20 {
        collect(&mut heap, &[large, i31_word(1)]);
        assert!(heap.has_object(large as usize) && heap.has_object(root as usize));
        let (mut at, mut count) = (word(root, 4), 0);
        while at != 0 {
            assert!(heap.has_object(at as usize), "round {round}, item {count}");
            assert_eq!(word(at, 1), 9_999 - count, "round {round}");
            (at, count) = (word(at, 2), count + 1);
        }
        assert_eq!(count, 10_000);
        for number in 0..10_000 {
            item(&mut heap, list, number, 0);
        }
    }
    assert_eq!(heap.bytes(), before, "what was freed is used again");
    collect(&mut heap, &[]);
    assert!(!heap.has_object(large as usize));
    assert!(heap.bytes() < before, "large objects are given back");
    assert_eq!(marked(&heap), 0, "no block has objects");
}

#[test]
fn only_the_beginning_of_an_object_in_use_keeps_it() {
    let (mut heap, list, _) = heap();
    let objects: Vec<u64> = (0..100).map(|number| item(&mut heap, list, number, 0)).collect();
    let block = objects[0] as usize & !(BLOCK_BYTES - 1);
    let starts = (0..BLOCK_BYTES).filter(|at| heap.has_object(block + at)).count();
    assert_eq!(starts, 100);
    assert!(!heap.has_object(0) && !heap.has_object(8) && !heap.has_object(usize::MAX & !7));
    // SAFETY: words that may be anything.
    unsafe {
        let words = [objects[3], objects[5] + 8, objects[7] + 1, 12, u64::MAX, extern_word(1 << 40)];
        heap.collect(|marker| words.iter().for_each(|&word| marker.mark_maybe(word)), |_| ());
    }
    assert_eq!(marked(&heap), 1);
}

#[test]
fn values_of_the_embedder_are_marked_through_objects() {
    let (mut heap, _, many) = heap();
    heap.set_externs(100);
    let object = array(&mut heap, many, &[extern_word(64), i31_word(65), 0]);
    let mut marked = Vec::new();
    // SAFETY: the object is one of this heap.
    unsafe {
        let roots = |marker: &mut Marker<'_>| [object, extern_word(99)].iter().for_each(|&root| marker.mark(root));
        heap.collect(roots, |marker| marked.extend((0..100).filter(|&index| marker.is_extern_marked(index))));
    }
    assert_eq!(marked, [64, 99]);
}

#[test]
fn references_far_within_large_objects_are_followed() {
    let (mut heap, list, many) = heap();
    let field = |element_type| FieldType { element_type, mutable: true };
    // Words 1 to 100 of the object, of which 10, 62 to 65 and 100 are references.
    let number = StorageType::ValType(ValType::I64);
    let fields = (1..=100).map(|at| field(if matches!(at, 10 | 62..=65 | 100) { LINK } else { number }));
    let composite = CompositeType::Struct(StructType::of_fields(fields.collect()));
    let ty = SubType { composite, supertype: None, is_final: true };
    let wide = DefinedType::new(TypeId(3), ty, vec![TypeId(3)]);
    let wide = heap.object_type(TypeId(3), || ObjectType::of(&wide));
    let items: Vec<u64> = (1..=100).map(|number| item(&mut heap, list, number, 0)).collect();
    let object = heap.take(8 * 101).expect("there is room");
    // SAFETY: an object of 101 words.
    unsafe {
        object.write(wide.expose_provenance() as u64);
        object.add(1).copy_from_nonoverlapping(items.as_ptr(), 100);
    }
    // And more elements than are marked at once, each of which leads on.
    let elements: Vec<u64> = (0..10_000).map(|number| item(&mut heap, list, number, 0)).collect();
    let lists: Vec<u64> = elements.iter().map(|&next| item(&mut heap, list, 0, next)).collect();
    let root = array(&mut heap, many, &lists);
    let root = array(&mut heap, many, &[root, object.expose_provenance() as u64]);
    for _ in 0..3 {
        collect(&mut heap, &[root]);
        // So that what is free is swept, and known to be free.
        collect(&mut heap, &[root]);
        assert!(elements.iter().chain(&lists).all(|&item| heap.has_object(item as usize)));
        for (at, &item) in (1..).zip(&items) {
            assert_eq!(heap.has_object(item as usize), matches!(at, 10 | 62..=65 | 100), "word {at}");
        }
    }
}

#[test]
fn a_limit_is_kept_and_a_collection_makes_room() {
    let (mut heap, list, many) = heap();
    heap.set_limit(3 << 20);
    let mut count = 0;
    while let Some(object) = heap.take(24) {
        // SAFETY: an object of three words.
        unsafe { object.copy_from_nonoverlapping([list.expose_provenance() as u64, 0, 0].as_ptr(), 3) };
        count += 1;
    }
    assert!(heap.bytes() <= 3 << 20 && count > 3 * (1 << 20) / 24 * 9 / 10, "{count}");
    assert!(heap.take(1 << 20).is_none());
    collect(&mut heap, &[]);
    let object = heap.take(24).expect("there is room");
    // SAFETY: an object of three words.
    unsafe { object.copy_from_nonoverlapping([list.expose_provenance() as u64, 0, 0].as_ptr(), 3) };
    // Pieces without objects are given back for what is larger, and only those.
    assert!(heap.take(1 << 20).is_none());
    heap.give_empty_back();
    assert!(heap.bytes() <= 1 << 20 && heap.has_object(object.addr()));
    array(&mut heap, many, &[0; 100_000]);
    let first = item(&mut heap, list, 1, 0);
    collect(&mut heap, &[first]);
    assert!(heap.has_object(first as usize));
}

#[test]
fn a_copy_has_objects_of_its_own() {
    let (mut heap, list, many) = heap();
    heap.set_externs(10);
    let mut first = 0;
    for number in 0..5_000 {
        first = item(&mut heap, list, number, first);
        item(&mut heap, list, u64::MAX, first);
    }
    let elements: Vec<_> = (0..5_000).map(|at| [first, 0, i31_word(7), extern_word(3)][at % 4]).collect();
    let large = array(&mut heap, many, &elements);
    let root = item(&mut heap, list, 77, large);
    // A circle.
    // SAFETY: the array has such an element.
    unsafe { std::ptr::with_exposed_provenance_mut::<u64>(large as usize).add(3).write(root) };
    assert!(!heap.is_marked());
    collect(&mut heap, &[root]);
    assert!(heap.is_marked());
    let mut copy = Heap::new();
    copy.set_limit(1);
    // SAFETY: nobody refers to the objects, nor is anything allocated meanwhile.
    let pieces = unsafe {
        let pieces = heap.copy_to(&mut copy).expect("there is room");
        heap.lead_over(&mut copy, &|address| address);
        pieces
    };
    assert!(copy.bytes() <= heap.bytes());
    let there = |object: u64| {
        let object = object as usize;
        let piece = pieces
            .iter()
            .find(|piece| (piece.begin..piece.begin + piece.bytes).contains(&object))
            .expect("it was copied");
        (piece.to + (object - piece.begin)) as u64
    };
    let (root, large, first) = (there(root), there(large), there(first));
    let check = |copy: &Heap| {
        assert!(
            [root, large, first]
                .iter()
                .all(|&object| copy.has_object(object as usize) && copy.is_inherited(object as usize))
        );
        assert_eq!((word(root, 1), word(root, 2), word(large, 3)), (77, large, root));
        for (at, expected) in (2..).zip([first, root, i31_word(7), extern_word(3), first, 0]) {
            assert_eq!(word(large, at), expected);
        }
        let (mut at, mut count) = (first, 0);
        while at != 0 {
            assert_eq!(word(at, 1), 4_999 - count);
            (at, count) = (word(at, 2), count + 1);
        }
        assert_eq!(count, 5_000);
    };
    check(&copy);
    drop(heap);
    copy.set_limit(u64::MAX);
    let list = copy.known_type(TypeId(1)).expect("types are copied, too");
    for _ in 0..3 {
        collect(&mut copy, &[root]);
        let new: Vec<_> = (0..10_000).map(|_| item(&mut copy, list, u64::MAX, root)).collect();
        assert!(new.iter().all(|&object| !copy.is_inherited(object as usize)));
        check(&copy);
    }
    // What was freed once is no copy any more, whatever comes there.
    collect(&mut copy, &[first]);
    assert!(
        !copy.is_inherited(root as usize) && !copy.is_inherited(large as usize) && copy.is_inherited(first as usize)
    );
    for _ in 0..20_000 {
        item(&mut copy, list, 0, 0);
    }
    assert!(copy.has_object(root as usize) && !copy.is_inherited(root as usize));
    collect(&mut copy, &[]);
    assert!(!copy.is_inherited(first as usize));
}

#[test]
fn integers_are_in_the_upper_bits() {
    for (value, signed) in [(0, 0), (1, 1), (0x3fff_ffff, 0x3fff_ffff), (0x4000_0000, -0x4000_0000), (0x7fff_ffff, -1)]
    {
        assert_eq!(i31_value(i31_word(value)), Some(signed));
        assert_eq!(i31_word(value), i31_word(value | 1 << 31), "the highest bit does not count");
    }
    assert_eq!((i31_value(0), i31_value(extern_word(1)), extern_index(extern_word(5))), (None, None, Some(5)));
}

/// What a program does with objects, at random: its locals are roots, which are looked at when a collection begins, and not again.
#[test]
fn what_is_reachable_stays_whatever_a_program_does_while_it_is_marked() {
    const LOCALS: usize = 20;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = move |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as usize % bound
    };
    for stress in [GcStress::Step, GcStress::None] {
        let (mut heap, list, many) = heap();
        heap.set_stress(stress);
        let mut locals = [0; LOCALS];
        let mut made = 0;
        let (mut freed, mut ended) = (0, 0);
        for round in 0..200_000 {
            let place =
                |object: u64, at: usize| std::ptr::with_exposed_provenance_mut::<u64>(object as usize).wrapping_add(at);
            // A field of an object of which a local knows, if it is one.
            let (of, to) = (below(LOCALS), below(LOCALS));
            let field = (locals[of] != 0).then(|| {
                // SAFETY: it begins with its type's address; an array has its length there.
                let is_list = unsafe { place(locals[of], 0).read() } == list.expose_provenance() as u64;
                if is_list {
                    place(locals[of], 2)
                } else {
                    place(locals[of], 2 + below((word(locals[of], 1) >> 32) as usize))
                }
            });
            match (below(8), field) {
                (0, _) => locals[to] = 0,
                (1..=3, Some(field)) => {
                    // SAFETY: it is a field of a reference, of an object that is reachable.
                    locals[to] = unsafe { field.read() };
                }
                (4 | 5, Some(field)) => {
                    // SAFETY: as above.
                    unsafe {
                        heap.keep(field.read());
                        field.write(locals[to]);
                    }
                }
                _ => {
                    if heap.is_due() || below(500) == 0 {
                        let before = heap.collections();
                        // SAFETY: these are the roots.
                        unsafe {
                            let roots = |marker: &mut Marker<'_>| locals.iter().for_each(|&local| marker.mark(local));
                            match below(100) {
                                0 => heap.collect(roots, |_| ()),
                                _ => heap.advance(roots, |_| ()),
                            }
                        }
                        ended += heap.collections() - before;
                    }
                    made += 1;
                    let elements = [locals[below(LOCALS)], locals[below(LOCALS)]];
                    locals[to] = match below(200) {
                        // With an allocation of its own.
                        0 => array(&mut heap, many, &[elements[0]; 4_000]),
                        1..=40 => array(&mut heap, many, &elements),
                        _ => item(&mut heap, list, made, elements[0]),
                    };
                }
            }
            if round % 1_000 == 0 {
                let mut seen = std::collections::HashSet::new();
                let mut waiting = locals.to_vec();
                while let Some(object) = waiting.pop() {
                    if object != 0 && seen.insert(object) {
                        assert!(heap.has_object(object as usize), "round {round}, {stress:?}");
                        if word(object, 0) == list.expose_provenance() as u64 {
                            waiting.push(word(object, 2));
                        } else {
                            assert_eq!(word(object, 0), many.expose_provenance() as u64, "round {round}, {stress:?}");
                            waiting.extend((0..(word(object, 1) >> 32) as usize).map(|at| word(object, 2 + at)));
                        }
                    }
                }
                freed = made - seen.len() as u64;
            }
        }
        assert!(freed > 0 && ended > 20, "{freed} freed, {ended} collections");
        collect(&mut heap, &[]);
        assert!(marked(&heap) == 0 && heap.large.is_empty(), "everything is freed in the end");
    }
}
