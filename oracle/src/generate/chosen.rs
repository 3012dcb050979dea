//! Which shapes a seed's program is made of, and in which style.

use super::memories::Style;
use super::parts::{is_encodable, is_far, is_near, is_wide};
use crate::rng::Rng;
use pirn_decode::shape::Shape;
use std::sync::LazyLock;

/// Lists of shapes, each in an order that does not change from run to run.
struct Lists {
    /// What programs with one 32-bit memory do.
    plain: Vec<&'static Shape>,
    /// Those of them with accesses. In other styles, these become accesses to any memory, with addresses of either width.
    near: Vec<&'static Shape>,
    /// With accesses at 64-bit addresses, or to any memory, or both.
    other: [Vec<&'static Shape>; 3],
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let all = pirn_exec::exercise::all();
    let mut shapes: Vec<_> = all.filter(|(_, shape)| !matches!(shape, Shape::Cell(_)) && is_encodable(shape)).collect();
    shapes.sort_by_key(|&(sig, _)| sig);
    let of = |wide, far| {
        let is_one = |shape: &&Shape| (is_wide(shape), is_far(shape)) == (wide, far);
        shapes.iter().map(|&(_, shape)| shape).filter(is_one).collect::<Vec<_>>()
    };
    let plain = of(false, false);
    let near = plain.iter().copied().filter(|shape| is_near(shape)).collect();
    Lists { plain, near, other: [of(true, false), of(false, true), of(true, true)] }
});

/// One seed of so many has a program of another style. The others have all plain shapes between them.
const STYLED: u64 = 4;
/// How many shapes a module has. They are taken in order, so successive seeds have all.
const PER_MODULE: usize = 32;

/// The shapes of a seed's program, and its style.
pub(super) fn of_seed(seed: u64) -> (Vec<&'static Shape>, Style) {
    let Lists { plain, near, other } = &*LISTS;
    let (number, all, style) = if seed % STYLED != STYLED - 1 {
        (seed - seed / STYLED, plain, Style::default())
    } else {
        let (number, kind) = (seed / (4 * STYLED), seed / STYLED % 4);
        let memories = Rng::new(seed).between(1, 3) as u32;
        match kind {
            0 => (number, near, Style::other(seed)),
            1 => (number, &other[0], Style::native(seed, 0, true)),
            2 => (number, &other[1], Style::native(seed, memories, false)),
            _ => (number, &other[2], Style::native(seed, memories, true)),
        }
    };
    let first = (number as usize).wrapping_mul(PER_MODULE);
    ((0..PER_MODULE).map(|i| all[first.wrapping_add(i) % all.len()]).collect(), style)
}
