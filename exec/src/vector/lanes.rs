//! A vector as an array of numbers (spec 4.3.6): for the reference, and for tests.

use crate::vector::V128;
use core::ops::{Index, IndexMut};

/// A number that a lane holds.
pub(crate) trait Lane: Copy {
    /// As many as fit into a vector.
    type Lanes: Copy + Index<usize, Output = Self> + IndexMut<usize>;

    /// How many.
    const COUNT: usize;

    /// The lanes of a vector.
    fn lanes(vector: V128) -> Self::Lanes;

    /// The vector of these lanes.
    fn vector(lanes: Self::Lanes) -> V128;
}

macro_rules! lane {
    ($($ty:ident $count:literal)*) => {
        $(impl Lane for $ty {
            type Lanes = [$ty; $count];

            const COUNT: usize = $count;

            #[inline(always)]
            fn lanes(vector: V128) -> [$ty; $count] {
                // SAFETY: both are 16 bytes, and any bytes are numbers.
                unsafe { core::mem::transmute::<V128, [$ty; $count]>(vector) }
            }

            #[inline(always)]
            fn vector(lanes: [$ty; $count]) -> V128 {
                // SAFETY: both are 16 bytes, and numbers have no bytes that are not set.
                unsafe { core::mem::transmute::<[$ty; $count], V128>(lanes) }
            }
        })*
    };
}
lane!(i8 16 u8 16 i16 8 u16 8 i32 4 u32 4 i64 2 u64 2 f32 4 f64 2);

/// The vector whose lane `i` is `lane(i)`.
#[inline(always)]
pub(crate) fn make<R: Lane>(lane: impl Fn(usize) -> R) -> V128 {
    let mut lanes = R::lanes(V128::zero());
    for i in 0..R::COUNT {
        lanes[i] = lane(i);
    }
    R::vector(lanes)
}

/// `f` of each lane.
#[inline(always)]
pub(crate) fn map<A: Lane, R: Lane>(a: V128, f: impl Fn(A) -> R) -> V128 {
    let a = A::lanes(a);
    make(|i| f(a[i]))
}

/// `f` of each pair of lanes.
#[inline(always)]
pub(crate) fn zip<A: Lane, B: Lane, R: Lane>(a: V128, b: V128, f: impl Fn(A, B) -> R) -> V128 {
    let (a, b) = (A::lanes(a), B::lanes(b));
    make(|i| f(a[i], b[i]))
}

/// `f` of each three lanes.
#[inline(always)]
pub(crate) fn zip3<A: Lane, R: Lane>(a: V128, b: V128, c: V128, f: impl Fn(A, A, A) -> R) -> V128 {
    let (a, b, c) = (A::lanes(a), A::lanes(b), A::lanes(c));
    make(|i| f(a[i], b[i], c[i]))
}
