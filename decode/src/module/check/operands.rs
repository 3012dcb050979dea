//! The quick check's operand stack.

use super::super::Module;
use super::tables::Operator;
use super::types::OperandType;
use super::{MOST_OPERANDS, ROOM};

/// The operand stack. There is a fence at [`super::BASE`] - 1 at the latest, so nothing is taken from below.
pub(super) struct Operands<'a, T> {
    pub(super) types: &'a mut [T; ROOM],
    pub(super) top: usize,
    /// Says which types are below which.
    pub(super) module: &'a Module,
}

impl<T: OperandType> Operands<'_, T> {
    /// The type of the operand that many places below the top, where 1 is the topmost.
    #[inline(always)]
    pub(super) fn below(&self, places: usize) -> T {
        self.types[self.top.wrapping_sub(places) % ROOM]
    }

    #[inline(always)]
    pub(super) fn last(&self) -> T {
        self.below(1)
    }

    /// Whether `ty` is `wanted`, or below it.
    #[inline(always)]
    pub(super) fn is(&self, ty: T, wanted: T) -> bool {
        ty == wanted || T::ORDERED && ty.is_below(wanted, self.module)
    }

    /// One operand more, or a fence.
    #[inline(always)]
    pub(super) fn grow(&mut self, ty: T) -> Option<()> {
        (self.top < MOST_OPERANDS).then_some(())?;
        self.types[self.top] = ty;
        self.top += 1;
        Some(())
    }

    /// An operand, in the place of one that was taken.
    #[inline(always)]
    pub(super) fn push(&mut self, ty: T) {
        self.types[self.top % ROOM] = ty;
        self.top += 1;
    }

    #[inline(always)]
    pub(super) fn expect(&self, ty: T) -> Option<()> {
        self.is(self.last(), ty).then_some(())
    }

    #[inline(always)]
    pub(super) fn take(&mut self, ty: T) -> Option<()> {
        self.expect(ty)?;
        self.top -= 1;
        Some(())
    }

    /// Whether the topmost operands are of these types, the last one on top. A fence is none of them.
    #[inline(always)]
    pub(super) fn expect_all(&self, types: &[T]) -> Option<()> {
        let mut below = (1..).map(|places| self.below(places));
        types.iter().rev().all(|&ty| below.next().is_some_and(|found| self.is(found, ty))).then_some(())
    }

    /// The same; of these types they are from here on.
    #[inline(always)]
    pub(super) fn expect_as(&mut self, types: &[T]) -> Option<()> {
        self.expect_all(types)?;
        if T::ORDERED {
            self.top -= types.len();
            types.iter().for_each(|&ty| self.push(ty));
        }
        Some(())
    }

    /// Takes what a function takes, and gives what it gives.
    #[inline(always)]
    pub(super) fn call(&mut self, params: &[T], results: &[T]) -> Option<()> {
        self.expect_all(params)?;
        self.top -= params.len();
        (self.top + results.len() <= MOST_OPERANDS).then_some(())?;
        results.iter().for_each(|&ty| self.push(ty));
        Some(())
    }

    /// Takes one operand or two and gives a result.
    #[inline(always)]
    pub(super) fn numeric(&mut self, Operator { operand, result, more, .. }: Operator) -> Option<()> {
        let operand = T::of_byte(operand);
        // The one below the top matters only if it is an operand.
        let second = self.below(1 + usize::from(more));
        (self.last() == operand && second == operand).then_some(())?;
        self.top -= usize::from(more);
        self.types[self.top.wrapping_sub(1) % ROOM] = T::of_byte(result);
        Some(())
    }
}
