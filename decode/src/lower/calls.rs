//! Calls. What a callee's frame looks like follows from its type, so nothing here asks who it is.

use super::Function;
use super::emit::Position;
use super::slot::Slot;
use super::target::Target;
use super::tree::Traits;
use crate::cell;
use crate::layout::FrameLayout;
use crate::ops::Class;
use crate::{FuncIdx, TypeId, TypeIdx};

impl<T: Target> Function<'_, T> {
    pub(super) fn call(&mut self, funcidx: FuncIdx) {
        let ty = self.module.func_type(funcidx);
        let (args, header) = self.operands.arguments(ty.param_words(), FrameLayout::of(ty));
        let func = self.layout.func(funcidx) as u32;
        self.operands.code.special(cell::Call { func, args: args.0, header: header.0 }, &[]);
        self.operands.note_call(self.operands.height() - ty.param_words(), args);
        self.operands.results(ty);
    }

    pub(super) fn call_indirect(&mut self, typeidx: TypeIdx, tableidx: u32) {
        let ty = self.module.signature(typeidx);
        let (table, type_id) = (self.table_word(tableidx), self.type_ids[typeidx.index()]);
        if !self.module.types[typeidx.index()].is_final {
            self.table_func(table, type_id);
            return self.call_ref(typeidx);
        }
        self.operands.callee_index(ty.param_words());
        let (args, header) = self.operands.arguments(ty.param_words(), FrameLayout::of(ty));
        let call = cell::CallIndirect { table, type_id, args: args.0, header: header.0 };
        self.operands.code.special(call, &[]);
        self.operands.note_call(self.operands.height() - ty.param_words(), args);
        self.operands.results(ty);
    }

    pub(super) fn return_call(&mut self, funcidx: FuncIdx) {
        let ty = self.module.func_type(funcidx);
        let count = ty.param_words();
        let new_header = FrameLayout::of(ty).header as u16;
        let (args, count) = self.operands.tail_arguments(count);
        if let Some(start) = self.start
            && funcidx == self.funcidx
        {
            return self.loop_to(start, args, count);
        }
        let (func, args, header) = (self.layout.func(funcidx) as u32, args.0, self.operands.header.0);
        let moves = cell::moves(count, header != new_header);
        self.operands.code.special(cell::ReturnCall { func, args, moves, header, new_header }, &[]);
        self.blocks.unreachable(&mut self.operands);
    }

    /// A function calls itself in tail position: its parameters are set, and it begins anew. `count` words of arguments, from
    /// `args` on, are not in their places yet.
    fn loop_to(&mut self, start: Position, args: Slot, count: u16) {
        let code = &mut self.operands.code;
        if count > 0 {
            code.special(cell::Copy { from: args.0, to: 0, count }, &[]);
        }
        let branch = code.br();
        code.bind_back(branch, start);
        self.blocks.unreachable(&mut self.operands);
    }

    pub(super) fn return_call_indirect(&mut self, typeidx: TypeIdx, tableidx: u32) {
        let ty = self.module.signature(typeidx);
        let count = ty.param_words();
        let new_header = FrameLayout::of(ty).header as u16;
        let (table, type_id) = (self.table_word(tableidx), self.type_ids[typeidx.index()]);
        if !self.module.types[typeidx.index()].is_final {
            self.table_func(table, type_id);
            return self.return_call_ref(typeidx);
        }
        self.operands.callee_index(count);
        let (args, _) = self.operands.arguments(count, FrameLayout::of(ty));
        let (args, header) = (args.0, self.operands.header.0);
        let moves = cell::moves(count as u16, header != new_header);
        let call = cell::ReturnCallIndirect { table, type_id, args, moves, header, new_header };
        self.operands.code.special(call, &[]);
        self.blocks.unreachable(&mut self.operands);
    }

    /// Replaces the index at the top by the function that the table holds there, whose type is below this one.
    fn table_func(&mut self, table: u32, type_id: TypeId) {
        self.transform(cell::TableFunc { table, type_id }, Traits::TRAPS);
        self.top_is(Class::I64);
    }

    pub(super) fn call_ref(&mut self, typeidx: TypeIdx) {
        let ty = self.module.signature(typeidx);
        self.operands.callee_index(ty.param_words());
        let (args, header) = self.operands.arguments(ty.param_words(), FrameLayout::of(ty));
        self.operands
            .code
            .special(cell::CallRef { type_id: self.type_ids[typeidx.index()], args: args.0, header: header.0 }, &[]);
        self.operands.note_call(self.operands.height() - ty.param_words(), args);
        self.operands.results(ty);
    }

    pub(super) fn return_call_ref(&mut self, typeidx: TypeIdx) {
        let ty = self.module.signature(typeidx);
        let count = ty.param_words();
        let new_header = FrameLayout::of(ty).header as u16;
        self.operands.callee_index(count);
        let (args, _) = self.operands.arguments(count, FrameLayout::of(ty));
        let (args, header) = (args.0, self.operands.header.0);
        let moves = cell::moves(count as u16, header != new_header);
        let call = cell::ReturnCallRef { type_id: self.type_ids[typeidx.index()], args, moves, header, new_header };
        self.operands.code.special(call, &[]);
        self.blocks.unreachable(&mut self.operands);
    }
}
