//! The operators of wide arithmetic (proposal "wide-arithmetic"): on integers of 128 bits.
//!
//! Its instructions take such an integer as two i64s, the low half below the high one, and give it so. To lowering and to the
//! machine it is one value (`u128`), which exists within a cell alone: `I64Widen` and `I64Join` make one of i64s, the operators
//! that are called as instructions are compute, and a statement of its own ([`Form::SetHigh`](crate::sig::Form::SetHigh))
//! takes it apart. So an expression of several of them is one tree, and carries stay in the processor's flags and registers.
//!
//! A row is written as those of [`table`](super::table) are, without opcode: the instructions have rows there.

/// Calls `$callback!` with `$before` and the rows of the operators of wide arithmetic:
/// - `unops`: `Name "text" operand => result |a| meaning;`
/// - `binops`: `Name "text" operand operand => result |a, b| meaning;`
#[macro_export]
macro_rules! for_each_wide_op {
    ($callback:ident $($before:tt)*) => {
        $callback! {
            $($before)*
            unops {
                I64Widen "i64.widen" u64 => u128 |a| u128::from(a);
            }
            binops {
                I64Join "i64.join" u64 u64 => u128 |low, high| u128::from(high) << 64 | u128::from(low);
                I64Add128 "i64.add128" u128 u128 => u128 |a, b| a.wrapping_add(b);
                I64Sub128 "i64.sub128" u128 u128 => u128 |a, b| a.wrapping_sub(b);
                I64MulWideS "i64.mul_wide_s" u64 u64 => u128
                    |a, b| (i128::from(a as i64) * i128::from(b as i64)) as u128;
                I64MulWideU "i64.mul_wide_u" u64 u64 => u128 |a, b| u128::from(a) * u128::from(b);
            }
        }
    };
}
