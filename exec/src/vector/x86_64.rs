//! The operators by instructions of x86-64: by SSE2, which every such processor has, and by AVX2 and FMA, which most
//! have.
//!
//! An operator that is no instruction is made of as few as possible, without branches; constants are loads, which cost
//! little.

mod avx2;
mod floats;
mod integers;
mod lanes;
mod sse2;

pub(crate) use avx2::Avx2;
pub(crate) use sse2::Sse2;

/// The vector as integers, as `f32`s, as `f64`s.
macro_rules! take {
    (i $a:ident) => {
        $a.0
    };
    (s $a:ident) => {
        _mm_castsi128_ps($a.0)
    };
    (d $a:ident) => {
        _mm_castsi128_pd($a.0)
    };
}
use take;

/// Back again.
macro_rules! give {
    (i $a:expr) => {
        V128($a)
    };
    (s $a:expr) => {
        V128(_mm_castps_si128($a))
    };
    (d $a:expr) => {
        V128(_mm_castpd_si128($a))
    };
}
use give;

/// Writes functions of `Isa` as rows, on vectors of integers (`i`), `f32`s (`s`) or `f64`s (`d`).
macro_rules! rows {
    (unary $from:ident $to:ident { $($name:ident |$a:ident| $body:expr;)* }) => {
        $(#[inline(always)]
        #[allow(unused_unsafe, reason = "some call functions of ours only")]
        fn $name($a: V128) -> V128 {
            // SAFETY: V1.
            unsafe {
                let $a = take!($from $a);
                give!($to $body)
            }
        })*
    };
    (test $from:ident { $($name:ident |$a:ident| $body:expr;)* }) => {
        $(#[inline(always)]
        fn $name($a: V128) -> u32 {
            // SAFETY: V1.
            unsafe {
                let $a = take!($from $a);
                $body as u32
            }
        })*
    };
    (shift { $($name:ident |$a:ident, $count:ident| $body:expr;)* }) => {
        $(#[inline(always)]
        #[allow(unused_unsafe, reason = "some call functions of ours only")]
        fn $name($a: V128, $count: u32) -> V128 {
            // SAFETY: V1.
            unsafe {
                let ($a, $count) = ($a.0, $count as i32);
                V128($body)
            }
        })*
    };
    (binary $from:ident $to:ident { $($name:ident |$a:ident, $b:ident| $body:expr;)* }) => {
        $(#[inline(always)]
        #[allow(unused_unsafe, reason = "some call functions of ours only")]
        fn $name($a: V128, $b: V128) -> V128 {
            // SAFETY: V1.
            unsafe {
                let ($a, $b) = (take!($from $a), take!($from $b));
                give!($to $body)
            }
        })*
    };
    (ternary $from:ident $to:ident { $($name:ident |$a:ident, $b:ident, $c:ident| $body:expr;)* }) => {
        $(#[inline(always)]
        #[allow(unused_unsafe, reason = "some call functions of ours only")]
        fn $name($a: V128, $b: V128, $c: V128) -> V128 {
            // SAFETY: V1.
            unsafe {
                let ($a, $b, $c) = (take!($from $a), take!($from $b), take!($from $c));
                give!($to $body)
            }
        })*
    };
}
use rows;
