//! What instances are told when a memory grows.

use super::*;
use pirn_decode::{MemoryType, PAGE_BYTES};

#[test]
fn growing_is_published_to_all_who_have_the_memory() {
    let memory = Box::into_raw(Box::new(Memory::new(MemoryType::new(1, Some(400)), u64::MAX).unwrap()));
    let [mut a, mut b] = [InstanceHead::empty(), InstanceHead::empty()];
    let (a, b) = (&raw mut a, &raw mut b);
    // SAFETY: memory and heads are live until the end.
    unsafe {
        Memory::attach(memory, a);
        // Growing out of its slot of 64 KiB, and then of one of 16 MiB, moves it.
        for delta in [0, 1, 300] {
            (*memory).grow(delta).unwrap();
            if delta == 0 {
                Memory::attach(memory, b);
            }
            let len = (*memory).size() * PAGE_BYTES;
            for instance in [a, b] {
                assert_eq!((*instance).mem_base.cast_const(), (*memory).bytes().as_ptr());
                // Below which address an access of 1, 2, 4, 8 and 16 bytes must begin.
                assert_eq!((*instance).mem_limits, [len, len - 1, len - 3, len - 7, len - 15]);
            }
        }
        drop(Box::from_raw(memory));
    }
}

#[test]
fn an_access_to_a_memory_without_pages_begins_nowhere() {
    let memory = Box::into_raw(Box::new(Memory::new(MemoryType::new(0, Some(1)), u64::MAX).unwrap()));
    let mut head = InstanceHead::empty();
    // SAFETY: memory and head are live until the end.
    unsafe {
        Memory::attach(memory, &raw mut head);
        assert_eq!(head.mem_limits, [0; 5]);
        drop(Box::from_raw(memory));
    }
}

#[test]
fn a_memory_that_cannot_grow_is_as_it_was() {
    let mut memory = Memory::new(MemoryType::new(1, Some(2)), u64::MAX).unwrap();
    memory.bytes_mut()[PAGE_BYTES as usize - 1] = 9;
    assert!(!memory.can_grow(2) && memory.can_grow(1));
    assert_eq!(memory.grow(2), None);
    assert_eq!(memory.grow(u64::MAX), None);
    assert_eq!((memory.size(), memory.bytes().last()), (1, Some(&9)));
    assert_eq!(memory.grow(1), Some(1));
}
