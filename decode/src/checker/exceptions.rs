//! Exceptions (spec 4.6.13): what throws, and that both sides go on in the same way where it is caught.
//!
//! Behind what calls or throws, the source has the clauses around it, from the innermost scope outwards; the code has those of its
//! table, found by where the cell ends. These must be the same. Each way to one of them is followed like a branch: of the source
//! are left its locals and the operands below the label, of the code the slots that no callee had, and no accumulator. Then comes
//! what the exception brings, which nobody knows: to the top of the source's stack, and to the slots that the table names.

use super::event::{After, What};
use super::mistake::Mistake;
use super::operators::classes;
use super::source::{Clause, Pc, Reference, Scope};
use super::state::Register;
use super::value::{UNKNOWN, Value, ValueId};
use super::walk::Walk;
use crate::CatchClause;
use crate::ops::Class;
use smallvec::SmallVec;

impl Walk<'_> {
    /// Executes a cell that throws an exception of the tag at a word, with the values in slots.
    pub(super) fn throw(&mut self, tag: u32, args: u32) -> Result<(), Mistake> {
        let index = (tag as usize).checked_sub(self.layout.tags).filter(|&index| index < self.module.tags.len());
        let Some(index) = index else { return Err(self.wrong(format!("word {tag} is no tag"))) };
        let ty = self.module.tag_type(index as u32);
        let values = self.read_all(args, classes(ty.params()))?;
        // Making the exception may collect, and what lies above the values is not marked.
        let behind = args + ty.param_words() as u32;
        self.event(What::Throw(tag), &values, After::Throw { behind });
        Ok(())
    }

    /// Executes a cell that throws the exception in a slot.
    pub(super) fn throw_ref(&mut self, exception: u32) -> Result<(), Mistake> {
        let exception = self.read(exception, Class::I64)?;
        self.event(What::ThrowRef, &[exception], After::Throw { behind: self.state.geometry.words });
        Ok(())
    }

    /// What calls or throws has just done so, on both sides, the source at `pc`: follows each way to a
    /// clause.
    pub(super) fn catch(&mut self, pc: Pc) -> Result<(), Mistake> {
        for (clause, way) in self.ways(pc)? {
            self.check_budget()?;
            self.follow(clause, way)?;
        }
        Ok(())
    }

    /// The clauses around both sides, up to one that leaves nothing for others.
    fn ways(&mut self, pc: Pc) -> Result<SmallVec<[(Clause, CatchClause); 4]>, Mistake> {
        let cell = self.at.cell;
        let mut found = self.target.clauses_behind(cell);
        let mut ways = SmallVec::<[(Clause, CatchClause); 4]>::new();
        let mut scope = self.source.covered[pc as usize];
        let mut differ = None;
        'scopes: while let Some(index) = scope {
            let Scope { outer, ref clauses, .. } = self.source.scopes[index as usize];
            for &clause in clauses {
                self.state.work += 1;
                match found.next() {
                    Some(&way) if clause.is_like(way) => ways.push((clause, way)),
                    way => {
                        differ = Some((Some(clause), way.copied()));
                        break 'scopes;
                    }
                }
                if clause.tag.is_none() {
                    break 'scopes;
                }
            }
            self.state.work += 1;
            scope = outer;
        }
        if scope.is_none()
            && let Some(&way) = found.next()
        {
            differ = Some((None, Some(way)));
        }
        let wrong = |message: String| Err(Mistake { offset: self.source.offsets[pc as usize], ..self.wrong(message) });
        if let Some((clause, way)) = differ {
            let expected = clause.map_or("no more handlers".to_owned(), Clause::text);
            let found = way.map_or("no more".to_owned(), |way| text(way.tag, way.reference.is_some()));
            return wrong(format!("expected {expected}, found {found}"));
        }
        if !ways.is_empty() && self.at.statement != self.target.statements(cell).len() {
            return wrong("what throws is not the last in its cell".to_owned());
        }
        Ok(ways)
    }

    /// Follows the way to a clause up to where it begins, and comes back.
    fn follow(&mut self, clause: Clause, way: CatchClause) -> Result<(), Mistake> {
        let (at, mark, world) = (self.at, self.state.mark(), self.state.world);
        let label = self.source.labels[clause.label as usize];
        let exception = self.fresh(Class::I64);
        let module = self.module;
        let types = clause.tag.map_or(&[][..], |(_, tag)| module.tag_type(tag).params());
        let values: SmallVec<[ValueId; 4]> = classes(types).map(|class| self.fresh(class)).collect();

        self.at.stack = self.state.stacks.cut(self.at.stack, label.height);
        if clause.reference == Reference::Below {
            self.push(exception);
        }
        values.iter().for_each(|&value| self.push(value));
        if clause.reference == Reference::Above {
            self.push(exception);
        }
        self.at.source_backward |= label.pc < self.at.pc;
        self.at.pc = label.pc;

        Register::ALL.into_iter().for_each(|register| self.state.set_register(register, UNKNOWN));
        let mut slot = way.values.into();
        for &value in &values {
            let class = self.state.values.class(value);
            self.write_value(slot, value, class)?;
            slot += class.words() as u32;
        }
        if let Some(slot) = way.reference {
            self.write(slot.into(), exception)?;
        }
        let to = self.target.handler(self.at.cell, way.target)?;
        self.go_to(to, true);

        self.at.since = self.state.mark();
        self.at.event = self.at.since;
        self.arrive(to)?;
        self.state.back_to(mark);
        (self.at, self.state.world) = (at, world);
        Ok(())
    }

    /// A value that nobody knows, which both sides are given.
    pub(super) fn fresh(&mut self, class: Class) -> ValueId {
        self.results += 1;
        self.state.values.number(Value::Result(self.results), class)
    }
}

impl Clause {
    /// Whether the code's clause catches the same, and gives the same.
    fn is_like(self, way: CatchClause) -> bool {
        self.tag.map(|(word, _)| word) == way.tag && self.gives_reference() == way.reference.is_some()
    }

    fn gives_reference(self) -> bool {
        self.reference != Reference::None
    }

    fn text(self) -> String {
        text(self.tag.map(|(word, _)| word), self.gives_reference())
    }
}

fn text(tag: Option<u32>, reference: bool) -> String {
    let what = tag.map_or("a handler of all tags".to_owned(), |word| format!("a handler of the tag at word {word}"));
    if reference { what + ", by reference" } else { what }
}
