//! What programs do.

use super::program::{Expr, Form, LOCALS, Stmt};

/// More steps are too many.
const MOST_STEPS: u32 = 20_000;

#[derive(Clone, Copy)]
pub struct Thrown {
    pub tag: usize,
    pub values: [i32; 2],
    /// Handlers are asked from this label on.
    pub from: Option<u32>,
}

/// Why evaluation does not go on.
pub enum Leave {
    Br(u32),
    Return(i32),
    Thrown(Thrown),
    TooLong,
}

/// One call.
struct Frame {
    locals: [i32; LOCALS as usize],
    /// Of the handlers that run, by their labels.
    caught: Vec<(u32, Thrown)>,
    reference: Option<Thrown>,
}

pub struct Evaluator<'a> {
    pub funcs: &'a [(Vec<Stmt>, Expr)],
    pub global: i32,
    pub memory: [i32; 16],
    pub steps: u32,
}

impl Evaluator<'_> {
    pub fn call(&mut self, func: usize, a: i32, b: i32) -> Result<i32, Leave> {
        let funcs = self.funcs;
        let (body, value) = &funcs[func];
        let mut frame = Frame { locals: [a, b, 0, 0], caught: Vec::new(), reference: None };
        let result = self.stmts(&mut frame, body).and_then(|()| self.expr(&mut frame, value));
        match result {
            Err(Leave::Return(value)) => Ok(value),
            Err(Leave::Thrown(thrown)) => Err(Leave::Thrown(Thrown { from: None, ..thrown })),
            other => other,
        }
    }

    fn step(&mut self) -> Result<(), Leave> {
        self.steps += 1;
        if self.steps > MOST_STEPS { Err(Leave::TooLong) } else { Ok(()) }
    }

    fn expr(&mut self, frame: &mut Frame, expr: &Expr) -> Result<i32, Leave> {
        self.step()?;
        Ok(match expr {
            Expr::Const(value) => *value,
            Expr::Local(index) => frame.locals[*index as usize],
            Expr::Global => self.global,
            Expr::Load(at) => self.memory[self.expr(frame, at)? as usize & 15],
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.expr(frame, a)?, self.expr(frame, b)?);
                match *op {
                    "add" => a.wrapping_add(b),
                    "sub" => a.wrapping_sub(b),
                    "mul" => a.wrapping_mul(b),
                    "xor" => a ^ b,
                    "and" => a & b,
                    "lt_s" => i32::from(a < b),
                    _ => i32::from(a == b),
                }
            }
            Expr::Call(callee, a, b) => {
                let (a, b) = (self.expr(frame, a)?, self.expr(frame, b)?);
                self.call(*callee, a, b)?
            }
            Expr::Block(label, body, value) => {
                let result = self.stmts(frame, body).and_then(|()| self.expr(frame, value));
                leaves(*label, result)?
            }
            Expr::Try(of) => {
                let result = self.stmts(frame, &of.body).and_then(|()| self.expr(frame, &of.value));
                // What is thrown to the block around, which is the handler of a `try_table` too, is thrown inside of that.
                let thrown = match self.asked(of.label, result) {
                    Err(Leave::Thrown(thrown)) if thrown.from.is_none() && thrown.tag == of.tag => thrown,
                    other => return other,
                };
                let [a, b] = thrown.values;
                let value = if of.tag == 1 { a.wrapping_sub(b) } else { a };
                if of.form == Form::TableRef {
                    frame.reference = Some(thrown);
                }
                self.handler(frame, of.label, thrown, &of.handler)?;
                value.wrapping_add(of.more)
            }
        })
    }

    /// An exception that is delegated to this label is asked for here.
    fn asked<T>(&self, label: u32, result: Result<T, Leave>) -> Result<T, Leave> {
        result.map_err(|leave| match leave {
            Leave::Thrown(thrown) if thrown.from == Some(label) => Leave::Thrown(Thrown { from: None, ..thrown }),
            other => other,
        })
    }

    fn handler(&mut self, frame: &mut Frame, label: u32, thrown: Thrown, body: &[Stmt]) -> Result<(), Leave> {
        frame.caught.push((label, thrown));
        let result = self.stmts(frame, body);
        frame.caught.pop();
        self.asked(label, result)
    }

    fn stmts(&mut self, frame: &mut Frame, stmts: &[Stmt]) -> Result<(), Leave> {
        stmts.iter().try_for_each(|stmt| self.stmt(frame, stmt))
    }

    fn stmt(&mut self, frame: &mut Frame, stmt: &Stmt) -> Result<(), Leave> {
        self.step()?;
        match stmt {
            Stmt::Set(index, value) => frame.locals[*index as usize] = self.expr(frame, value)?,
            Stmt::SetGlobal(value) => self.global = self.expr(frame, value)?,
            Stmt::Store(at, value) => {
                let at = self.expr(frame, at)? as usize & 15;
                self.memory[at] = self.expr(frame, value)?;
            }
            Stmt::Drop(value) => _ = self.expr(frame, value)?,
            Stmt::If(condition, then, otherwise) => {
                let condition = self.expr(frame, condition)?;
                self.stmts(frame, if condition != 0 { then } else { otherwise })?;
            }
            Stmt::Loop(_, times, body) => (0..*times).try_for_each(|_| self.stmts(frame, body))?,
            Stmt::Block(label, body) => leaves(*label, self.stmts(frame, body))?,
            Stmt::Br(to) => return Err(Leave::Br(*to)),
            Stmt::BrIf(to, condition) => {
                if self.expr(frame, condition)? != 0 {
                    return Err(Leave::Br(*to));
                }
            }
            Stmt::Return(value) => return Err(Leave::Return(self.expr(frame, value)?)),
            Stmt::Throw(tag, a, b) => {
                let mut values = [0; 2];
                for (value, of) in [a, b].into_iter().zip(&mut values).take([1, 2, 0][*tag]) {
                    *of = self.expr(frame, value)?;
                }
                return Err(Leave::Thrown(Thrown { tag: *tag, values, from: None }));
            }
            Stmt::Rethrow(label) => {
                let &(_, thrown) = frame.caught.iter().rfind(|(of, _)| of == label).expect("its handler runs");
                return Err(Leave::Thrown(Thrown { from: None, ..thrown }));
            }
            Stmt::ThrowRef => {
                let thrown = frame.reference.expect("a reference was caught");
                return Err(Leave::Thrown(Thrown { from: None, ..thrown }));
            }
            Stmt::Catches(label, clauses, body) => {
                let result = self.stmts(frame, body);
                let result = self.asked(*label, result);
                if let Err(Leave::Thrown(Thrown { tag, from: None, .. })) = result
                    && let Some((_, to)) = clauses.iter().find(|(of, _)| of.is_none_or(|of| of == tag))
                {
                    return Err(Leave::Br(*to));
                }
                result?;
            }
            Stmt::CatchAll(label, body, handler) => {
                let result = self.stmts(frame, body);
                let result = match self.asked(*label, result) {
                    Err(Leave::Thrown(thrown)) if thrown.from.is_none() => self.handler(frame, *label, thrown, handler),
                    other => other,
                };
                leaves(*label, result)?;
            }
            Stmt::Delegate(label, body, to) => {
                let result = self.stmts(frame, body);
                let result = match self.asked(*label, result) {
                    // The caller has no label here.
                    Err(Leave::Thrown(thrown)) if thrown.from.is_none() => {
                        Err(Leave::Thrown(Thrown { from: Some(to.unwrap_or(u32::MAX)), ..thrown }))
                    }
                    other => other,
                };
                leaves(*label, result)?;
            }
        }
        Ok(())
    }
}

/// What goes on behind a block with this label.
fn leaves<T: Default>(label: u32, result: Result<T, Leave>) -> Result<T, Leave> {
    match result {
        Err(Leave::Br(to)) if to == label => Ok(T::default()),
        Err(Leave::Thrown(thrown)) if thrown.from == Some(label) => Err(Leave::Thrown(Thrown { from: None, ..thrown })),
        other => other,
    }
}
