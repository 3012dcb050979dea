//! Calls: where arguments and headers lie, and what is called.

use crate::checker::event::{After, What};
use crate::checker::mistake::Mistake;
use crate::checker::operators::classes;
use crate::checker::value::ValueId;
use crate::checker::walk::Walk;
use crate::layout::{FrameLayout, RECORD_WORDS};
use crate::{TypeId, TypeIdx};

impl Walk<'_> {
    /// The typeidx of the function whose record begins at a word.
    pub(super) fn callee(&self, word: u32) -> Result<TypeIdx, Mistake> {
        let index = (word as usize).checked_sub(self.layout.funcs).filter(|offset| offset % RECORD_WORDS == 0);
        let typeidx = index.and_then(|offset| self.module.funcs.get(offset / RECORD_WORDS));
        typeidx.copied().ok_or_else(|| self.wrong(format!("word {word} is no function")))
    }

    /// A typeidx with this id in the engine.
    pub(super) fn type_of_id(&self, type_id: TypeId) -> Result<TypeIdx, Mistake> {
        let typeidx = self.type_ids.iter().position(|&id| id == type_id);
        typeidx.map(|typeidx| TypeIdx(typeidx as u32)).ok_or_else(|| self.wrong(format!("{type_id} is no type's id")))
    }

    pub(super) fn call(
        &mut self,
        what: What,
        typeidx: TypeIdx,
        index: Option<ValueId>,
        args: u32,
        header: u32,
    ) -> Result<(), Mistake> {
        let ty = self.module.signature(typeidx);
        let expected = args + FrameLayout::of(ty).header as u32;
        // What does not fit 16 bits, no function has.
        if header != expected & 0xffff {
            return Err(self.wrong(format!("the callee's header is in slot {expected}, not {header}")));
        }
        // What the call leaves in place must be no part of what this frame still needs, and be part of it.
        if args < self.state.geometry.operands {
            return Err(self.wrong(format!("a callee's frame begins in slot {args}, among locals")));
        }
        let mut values = self.read_all(args, classes(ty.params()))?;
        values.extend(index);
        self.event(what, &values, After::Call { args });
        Ok(())
    }

    pub(super) fn tail_call(
        &mut self,
        what: What,
        typeidx: TypeIdx,
        index: Option<ValueId>,
        args: u32,
        moves: u32,
        [header, new_header]: [u32; 2],
    ) -> Result<(), Mistake> {
        let ty = self.module.signature(typeidx);
        let (own, callee) = (self.state.geometry.header, FrameLayout::of(ty).header as u32);
        if header != own || moves & 1 == 1 && new_header != callee || moves & 1 == 0 && callee != own {
            return Err(self.wrong(format!("the header goes from slot {own} to {callee}")));
        }
        let count = moves / 2;
        if count != 0 && count != ty.param_words() as u32 {
            return Err(self.wrong(format!("moves {count} words of {}", ty.param_words())));
        }
        let first = if count == 0 { 0 } else { args };
        let mut values = self.read_all(first, classes(ty.params()))?;
        values.extend(index);
        self.event(what, &values, After::Nothing);
        Ok(())
    }
}
