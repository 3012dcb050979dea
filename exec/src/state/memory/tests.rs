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

#[test]
fn copies_have_what_was_there_and_nothing_of_each_other() {
    for pages in [0, 1, 3, 100, 300] {
        let mut memory = Memory::new(MemoryType::new(pages, None), u64::MAX).unwrap();
        let len = memory.bytes().len();
        for at in (0..len).step_by(10_000) {
            memory.bytes_mut()[at] = 1;
        }
        let mut expected = memory.bytes().to_vec();
        let mut copies = Vec::new();
        for round in 2..8_u8 {
            let mut copy = memory.fork().unwrap();
            assert!(copy.bytes() == expected);
            // Every other time something was written since, now and then much.
            if round % 2 == 0 && len > 0 {
                let some = if round == 6 { 0..len } else { len / 2..len / 2 + 1 };
                memory.bytes_mut()[some.clone()].fill(round);
                expected[some].fill(round);
            }
            if len > 0 {
                copy.bytes_mut()[7] = round;
            }
            copies.push((copy, round));
        }
        assert!(memory.bytes() == expected);
        drop(memory);
        for (copy, round) in &mut copies {
            assert!(len == 0 || copy.bytes()[7] == *round);
            assert_eq!(copy.grow(2), Some(pages.into()));
            assert!(copy.bytes()[len..].iter().all(|&byte| byte == 0));
            assert!(copy.fork().unwrap().bytes() == copy.bytes());
        }
    }
}

#[test]
fn what_is_reset_is_as_it_was_made() {
    let data = vec![9; 100_000];
    let image = MemoryImage::new([(5_000, &data[..]), (6_000, &[1, 2])].into_iter(), 5 << 16);
    assert_eq!(image.is_some(), cfg!(all(any(target_os = "linux", target_os = "android"), not(miri))));
    for image in [None, image] {
        let mut memory = Memory::new(MemoryType::new(5, None), u64::MAX).unwrap();
        for round in 0..4 {
            memory.grow(round).unwrap();
            memory.bytes_mut().fill(3);
            // SAFETY: nothing uses the memory.
            assert_eq!(unsafe { memory.reset(5, image.as_ref()) }, Some((round << 16, image.is_some())));
            assert_eq!(memory.size(), 5);
            let expected = |at: usize| match at {
                _ if image.is_none() => 0,
                6_000 => 1,
                6_001 => 2,
                5_000..105_000 => 9,
                _ => 0,
            };
            assert!(memory.bytes().iter().enumerate().all(|(at, &byte)| byte == expected(at)));
            // A copy of it is reset to the same.
            let mut copy = memory.fork().unwrap();
            copy.bytes_mut()[5_500] = 4;
            memory.bytes_mut()[5_501] = 4;
            // SAFETY: as above.
            unsafe { copy.reset(5, image.as_ref()) };
            assert_eq!(copy.bytes()[5_500..5_502], [expected(5_500); 2]);
        }
    }
}
