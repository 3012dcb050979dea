//! Owners and mirrors.

use crate::lower::accumulators::{Accumulators, Mirrors};
use crate::lower::slot::Slot;
use crate::lower::tree::Register;
use crate::ops::Class;

#[test]
fn owners_leave_with_their_entries() {
    let mut owners = Accumulators::UNKNOWN.owners;
    owners.set(Register::Integer, 3);
    owners.set(Register::Float, 5);
    owners.truncate(6);
    assert_eq!([Register::Integer, Register::Float].map(|register| owners.of(register)), [Some(3), Some(5)]);
    owners.truncate(5);
    assert_eq!([Register::Integer, Register::Float].map(|register| owners.of(register)), [Some(3), None]);
    owners.disown(4);
    assert_eq!(owners.of(Register::Integer), Some(3));
    owners.disown(3);
    assert_eq!(owners.of(Register::Integer), None);
}

#[test]
fn one_entry_may_own_both() {
    let mut owners = Accumulators::UNKNOWN.owners;
    owners.set(Register::Integer, 3);
    owners.set(Register::Float, 3);
    owners.disown(3);
    assert_eq!([Register::Integer, Register::Float].map(|register| owners.of(register)), [None; 2]);
}

#[test]
fn a_register_mirrors_the_slot_written_last() {
    let mut mirrors = Mirrors::NONE;
    mirrors.written(Class::I32, Slot(3));
    mirrors.written(Class::F64, Slot(4));
    mirrors.written(Class::I64, Slot(5));
    let integer = mirrors.of(Register::Integer);
    assert_eq!((integer.slot, integer.class, integer.bit), (Slot(5), Class::I64, 1 << 5));
    assert_eq!(mirrors.of(Register::Float).slot, Slot(4));
    assert_eq!(mirrors.bits(), 1 << 4 | 1 << 5);
}

#[test]
fn a_slot_that_is_written_from_the_other_register_is_mirrored_no_longer() {
    let mut mirrors = Mirrors::NONE;
    mirrors.written(Class::I32, Slot(3));
    mirrors.written(Class::F32, Slot(3));
    assert_eq!(mirrors.of(Register::Integer).bit, 0);
    assert_eq!(mirrors.of(Register::Float).slot, Slot(3));
}

#[test]
fn more_mirrors_than_wanted_will_do() {
    let mut wanted = Mirrors::NONE;
    wanted.written(Class::I32, Slot(3));
    let mut now = wanted;
    now.written(Class::F32, Slot(4));
    assert!(now.include(&wanted) && !wanted.include(&now) && now.include(&Mirrors::NONE));
    // The same slot, of another class, is not the same value.
    let mut other = Mirrors::NONE;
    other.written(Class::I64, Slot(3));
    assert!(!other.include(&wanted));
    now.forget(Register::Integer);
    assert!(!now.include(&wanted));
}
