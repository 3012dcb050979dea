//! One arena for many functions.

use super::machine::{Machine, lowered, lowered_in};
use crate::lower::Arena;
use crate::lower::target::Options;

/// Functions that leave something behind: trees, code that was longer, blocks, locals.
const BODIES: [&str; 3] = [
    "(local i64 f32) (loop (block (br_if 1 (local.get 0))) (local.set 0 (i32.const 5)) (br_if 0 (local.get 0)))",
    "(if (local.get 0) (then (local.set 0 (i32.clz (i32.clz (local.get 0))))))",
    "",
];

#[test]
fn what_a_function_left_does_not_show_in_the_next() {
    let machine = Machine::base();
    let mut arena = Arena::new();
    for body in BODIES.iter().chain(BODIES.iter().rev()) {
        let wat = format!("(module (func (param i32) {body}))");
        let fresh = lowered(&machine, Options::default(), &wat).expect("a valid module");
        assert_eq!(lowered_in(&mut arena, &machine, Options::default(), &wat).expect("a valid module"), fresh);
    }
}

#[test]
fn what_hardly_any_function_needs_is_given_back() {
    let mut arena = Arena::new();
    let (bump, kept) = arena.empty();
    bump.alloc_slice_fill_copy(2 << 20, 0_u8);
    kept.code.resize(2 << 20, 0);
    kept.branches.resize(2 << 20, 0);
    let (bump, kept) = arena.empty();
    assert_eq!(bump.allocated_bytes(), 0);
    assert!(kept.code.capacity() < 1 << 20 && kept.branches.capacity() < 1 << 10);
    // And what most need is kept.
    bump.alloc_slice_fill_copy(1 << 10, 0_u8);
    kept.code.resize(1 << 10, 0);
    kept.branches.resize(1 << 10, 0);
    let (bump, kept) = arena.empty();
    assert!(
        bump.allocated_bytes() >= 1 << 10 && kept.code.capacity() >= 1 << 10 && kept.branches.capacity() >= 1 << 10
    );
    assert!(kept.branches.is_empty());
}
