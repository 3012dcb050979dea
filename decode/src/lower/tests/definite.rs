//! Which locals are zeroed, and which a place says are unset.

use super::machine::{Machine, lowered};
use crate::code_map::Lowered;
use crate::lower::place::Stand;
use crate::lower::target::Options;
use crate::{Module, TypeId};
use std::collections::HashSet;

/// What a function begins with that zeroes: with two i32 parameters, and locals 2 to 4, an i32, an i64 and a vector, in slots 5, 6
/// and 7. The checker looks at each function, too.
fn zeroes(body: &str) -> Option<String> {
    let wat = format!("(module (memory 1) (func (param i32 i32) (local i32 i64 v128) {body}))");
    let ways = [true, false].map(|fuse| {
        let options = Options { fuse, ..Options::default() };
        first(&lowered(&Machine::base(), options, &wat).expect("a valid module"))
    });
    assert_eq!(ways[0], ways[1], "{body}");
    ways[0].clone()
}

/// The first cell, if it zeroes; no other does.
fn first(cells: &[String]) -> Option<String> {
    assert!(cells[1..].iter().all(|cell| !cell.starts_with("Zero")), "{cells:?}");
    cells.first().filter(|cell| cell.starts_with("Zero")).cloned()
}

const READ: &str = "(drop (i32.load (local.get 2)))";
const SET: &str = "(local.set 2 (i32.const 1))";

#[track_caller]
fn none(body: &str) {
    assert_eq!(zeroes(body), None, "{body}");
}

/// Local 2 alone is zeroed.
#[track_caller]
fn one(body: &str) {
    assert_eq!(zeroes(body).as_deref(), Some("ZeroFew a 5 b 5 c 5 d 5"), "{body}");
}

#[test]
fn what_is_set_before_it_is_read_is_not_zeroed() {
    none("");
    none(SET);
    none(&format!("{SET} {READ}"));
    none("(drop (i32.load (local.tee 2 (local.get 0))))");
    one(READ);
    one(&format!("{READ} {SET}"));
    // To itself.
    one("(local.set 2 (local.get 2))");
    one("(local.set 2 (i32.add (local.get 2) (i32.const 1)))");
}

#[test]
fn a_join_brings_what_all_its_branches_bring() {
    let cond = "(local.get 0)";
    one(&format!("(if {cond} (then {SET})) {READ}"));
    one(&format!("(if {cond} (then {SET}) (else)) {READ}"));
    one(&format!("(if {cond} (then) (else {SET})) {READ}"));
    one(&format!("(if {cond} (then {SET}) (else {READ}))"));
    none(&format!("(if {cond} (then {SET}) (else {SET})) {READ}"));
    none(&format!("(if {cond} (then {SET} {READ}))"));
    none(&format!("(if {cond} (then {SET}) (else (return))) {READ}"));
    none(&format!("(if {cond} (then (unreachable)) (else {SET})) {READ}"));
    none(&format!("(block {SET} (br_if 0 {cond})) {READ}"));
    one(&format!("(block (br_if 0 {cond}) {SET}) {READ}"));
    none(&format!("(block (block (br_if 0 {cond}) {SET} (br 1)) {SET}) {READ}"));
    one(&format!("(block (block (br_if 0 {cond}) {SET} (br 1))) {READ}"));
    none(&format!("(block (block (block (br_table 0 1 {cond})) {SET} (br 1)) {SET}) {READ}"));
    one(&format!("(block (block (block (br_table 0 1 2 {cond})) {SET} (br 1)) {SET}) {READ}"));
    // The first branch brings it, a later one does not.
    one(&format!("(block (if {cond} (then {SET} (br 1))) (br_if 0 {cond}) {SET}) {READ}"));
    none(&format!("(block (if {cond} (then {SET} (br 1))) {SET}) {READ}"));
    // Blocks have what those had that are closed, unless it is theirs.
    let nested = format!("(block (block (br_if 0 {cond})) {SET} (br_if 0 {cond}) (block (br_if 0 {cond}))) {READ}");
    none(&nested);
    // By way of values.
    none(&format!("(drop (block (result i32) {SET} (br_if 0 (local.get 1) {cond}))) {READ}"));
    one(&format!("(drop (block (result i32) (drop (br_if 0 (local.get 1) {cond})) {SET} (local.get 1))) {READ}"));
    // A return is no way on.
    none(&format!("(br_if 0 {cond}) {SET} {READ}"));
    none(&format!("(br_table 0 0 {cond}) {READ}"));
}

#[test]
fn a_loop_begins_with_what_is_set_before_it() {
    let again = "(br_if 0 (local.get 0))";
    none(&format!("(loop {SET} {READ} {again})"));
    none(&format!("(loop {SET} {again}) {READ}"));
    none(&format!("{SET} (loop {READ} {again})"));
    one(&format!("(loop {READ} {SET} {again})"));
    one(&format!("(block (loop (br_if 1 (local.get 1)) {SET} (br 0))) {READ}"));
    none(&format!("(block (loop {SET} (br_if 1 (local.get 1)) (br 0))) {READ}"));
    // Peeled.
    none(
        "(loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (local.set 2 (local.get 0)) (br_if 0 (local.get 2)))",
    );
}

#[test]
fn what_is_not_reached_reads_nothing() {
    none(&format!("(unreachable) {READ}"));
    none(&format!("(block (br 0) {READ}) {SET} {READ}"));
    none(&format!("(return) (if (local.get 0) (then {READ}) (else {READ})) {READ}"));
    one(&format!("(block (br 0) {SET}) {READ}"));
}

#[test]
fn a_few_slots_are_zeroed_one_by_one_and_more_as_a_range() {
    let vector = "(v128.store (i32.const 0) (local.get 4))";
    assert_eq!(zeroes(vector).as_deref(), Some("ZeroFew a 7 b 8 c 7 d 7"));
    let all = format!("{vector} {READ} (drop (i64.load (i32.wrap_i64 (local.get 3))))");
    assert_eq!(zeroes(&all).as_deref(), Some("ZeroFew a 5 b 6 c 7 d 8"));
    let cells = |locals: &str, body: &str| {
        let wat = format!("(module (memory 1) (func (param i32) (local {locals}) {body}))");
        first(&lowered(&Machine::base(), Options::default(), &wat).expect("a valid module"))
    };
    let read = |local: u32| format!("(i32.store (i32.const 0) (local.get {local}))");
    let many = "i32 ".repeat(10);
    // The locals have slots from 4 on.
    let five: String = [1, 3, 4, 7, 9].map(read).concat();
    assert_eq!(cells(&many, &five).as_deref(), Some("Zero from 4 count 9"));
    // The locals from 128 on are zeroed whatever becomes of them, and the others not.
    let many = "i32 ".repeat(200);
    assert_eq!(cells(&many, "").as_deref(), Some("Zero from 131 count 73"));
    assert_eq!(cells(&many, &read(9)).as_deref(), Some("Zero from 12 count 192"));
    assert_eq!(cells(&many, &read(127)).as_deref(), Some("Zero from 130 count 74"));
}

/// The locals unset where a call stands, at the places that fuel asks at, and in a loop.
#[test]
fn places_say_which_locals_are_unset() {
    let wat = "(module (func $f)
        (func (param i32) (local i32 i64 i32)
            (call $f)
            (local.set 1 (local.get 0))
            (loop
                (local.set 2 (i64.const 1))
                (call $f)
                (br_if 0 (local.get 3)))
            (call $f)))";
    let module = Module::new(wat::parse_str(wat).unwrap()).unwrap();
    let type_ids: Vec<TypeId> = (0..).map(TypeId).take(module.types.len()).collect();
    let machine = Machine::base();
    let body = module.body(module.own_funcs().last().unwrap());
    for (fuse, fuel) in [(true, false), (false, false), (true, true), (false, true)] {
        let options = Options { fuse, fuel, ..Options::default() };
        let funcidx = module.own_funcs().last().unwrap();
        let lowered = Lowered { module: &module, type_ids: &type_ids, funcidx, options, target: &machine };
        let unset = |stand| -> Vec<Vec<u32>> {
            let all = (body.start..body.end).map(|at| (stand, at as u32)).collect();
            let mut places: Vec<_> = lowered.places_of(all).unwrap().into_values().collect();
            places.sort_by_key(|place| place.offset);
            // It is found by its position in the finished code, too.
            let at: HashSet<_> = places.iter().map(|place| (place.position, stand == Stand::Call)).collect();
            assert_eq!(lowered.places_at(at.clone()).unwrap().len(), at.len());
            places.into_iter().map(|place| place.unset).collect()
        };
        // Local 3 is read first, and so zeroed.
        assert_eq!(unset(Stand::Entry), [[1, 2]]);
        assert_eq!(unset(Stand::Call), [vec![1, 2], vec![], vec![]]);
        assert_eq!(unset(Stand::Loop), [[2]]);
    }
}

/// Bodies of blocks, loops, `if`s and branches among which locals 1 to 5 are set and read.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn local(&mut self) -> u64 {
        1 + self.below(5)
    }

    /// Statements in so many blocks.
    fn statements(&mut self, depth: u64) -> String {
        (0..1 + self.below(4)).map(|_| self.statement(depth)).collect()
    }

    fn statement(&mut self, depth: u64) -> String {
        let most = if depth < 5 { 13 } else { 8 };
        match self.below(most) {
            0 | 1 => format!("(i32.store (i32.const 0) (local.get {}))", self.local()),
            2 | 3 => format!("(local.set {} (i32.const {}))", self.local(), self.below(9)),
            4 => format!("(local.set {} (i32.add (local.get {}) (local.get 0)))", self.local(), self.local()),
            5 => format!("(br_if {} (local.get 0))", self.below(depth + 1)),
            6 => match self.below(4) {
                0 => format!("(br {})", self.below(depth + 1)),
                1 => format!("(br_table {} {} {} (local.get 0))", self.below(depth + 1), self.below(depth + 1), depth),
                _ => format!("(i32.store (i32.const 4) (local.tee {} (local.get 0)))", self.local()),
            },
            7 => format!("(if (local.get 0) (then (local.set {} (local.get 0))))", self.local()),
            8 => format!("(block {})", self.statements(depth + 1)),
            9 => format!("(loop {})", self.statements(depth + 1)),
            10 => format!("(if (local.get 0) (then {}))", self.statements(depth + 1)),
            _ => {
                let arms = [self.statements(depth + 1), self.statements(depth + 1)];
                format!("(if (local.get 0) (then {}) (else {}))", arms[0], arms[1])
            }
        }
    }
}

/// What is zeroed is what the checker, which finds that out in another way, asks for: no less, or it would not be right, and no
/// more, or it would be right with less.
#[test]
fn no_more_is_zeroed_than_is_read_first() {
    let mut zeroed = [0; 2];
    for seed in 0..if cfg!(debug_assertions) { 100 } else { 1000 } {
        let body = Random(seed).statements(0);
        let wat = format!("(module (memory 1) (func (param i32) (local i32 i32 i32 i32 i32) {body}))");
        for fuse in [true, false] {
            let machine = Machine::with(&["SetSlot<Select<S<u32>, S<u32>, S<u32>>>"]);
            let cells = lowered(&machine, Options { fuse, ..Options::default() }, &wat).expect("a valid module");
            let found = match first(&cells) {
                None => Vec::new(),
                Some(text) if text.starts_with("ZeroFew") => {
                    let mut slots: Vec<u32> = text.split(' ').filter_map(|word| word.parse().ok()).collect();
                    slots.sort_unstable();
                    slots.dedup();
                    // Parameters have one slot, the header three.
                    slots.into_iter().map(|slot| slot - 3).collect()
                }
                // All five.
                Some(_) => vec![1, 2, 3, 4, 5],
            };
            zeroed[usize::from(!found.is_empty())] += 1;
            assert_eq!(found, read_first(&wat), "{wat}");
        }
    }
    assert!(zeroed.iter().all(|&count| count > 50), "{zeroed:?}");
}

/// The locals that the checker says are read before they are set.
fn read_first(wat: &str) -> Vec<u32> {
    let module = Module::new(wat::parse_str(wat).unwrap()).unwrap();
    crate::checker::read_first(&module, module.own_funcs().next().unwrap())
}
