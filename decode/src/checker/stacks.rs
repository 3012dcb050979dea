//! Operand stacks as classes, of each word: a vector is two. There are as many as there are different ones, whoever asks.

use crate::ops::Class;

/// A stack of classes, shared between all stacks that begin alike.
pub(super) type Stack = u32;

#[derive(Debug, Clone, Copy)]
struct StackNode {
    class: Class,
    height: u32,
    below: Stack,
    /// Further below, so that finding an operand takes logarithmic time.
    jump: Stack,
    /// The stacks one higher, by the class on top; 0 where there is none yet.
    above: [Stack; Class::ALL.len()],
}

/// All stacks of classes.
#[derive(Debug)]
pub(super) struct Stacks(Vec<StackNode>);

impl Stacks {
    pub(super) const EMPTY: Stack = 0;

    pub(super) fn new() -> Self {
        Self(vec![StackNode { class: Class::I32, height: 0, below: 0, jump: 0, above: [0; Class::ALL.len()] }])
    }

    pub(super) fn height(&self, stack: Stack) -> u32 {
        self.0[stack as usize].height
    }

    pub(super) fn push(&mut self, stack: Stack, class: Class) -> Stack {
        let node = self.0[stack as usize];
        if node.above[class as usize] != 0 {
            return node.above[class as usize];
        }
        let (jump, height) = (node.jump, node.height);
        let length = |from: u32, to: Stack| from - self.height(to);
        let again = self.0[jump as usize].jump;
        let jump = if length(height, jump) == length(self.height(jump), again) { again } else { stack };
        let new = self.0.len() as Stack;
        self.0.push(StackNode { class, height: height + 1, below: stack, jump, above: [0; Class::ALL.len()] });
        self.0[stack as usize].above[class as usize] = new;
        new
    }

    /// The lowest `height` entries.
    pub(super) fn cut(&self, mut stack: Stack, height: u32) -> Stack {
        while self.height(stack) > height {
            let StackNode { below, jump, .. } = self.0[stack as usize];
            stack = if self.height(jump) >= height { jump } else { below };
        }
        stack
    }

    /// The class of the operand word `height`.
    pub(super) fn class(&self, stack: Stack, height: u32) -> Class {
        self.0[self.cut(stack, height + 1) as usize].class
    }
}
