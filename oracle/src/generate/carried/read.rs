//! What a loop that has a handler does, as its shape says: statements over variables, and what makes it end.

use pirn_decode::cell::Cell;
use pirn_decode::ops::{Class, Op};
use pirn_decode::shape::Shape;
use pirn_decode::sig::{Form, Leaf, Numbers};

/// An expression over variables.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Var(usize),
    Imm(Class),
    Acc,
    Global,
    Op(Op, Vec<Self>),
    Select(Class, Box<[Self; 3]>),
}

/// A statement over variables. Of globals there are no more than one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stmt {
    Set(usize, Expr),
    SetAcc(Expr),
    SetGlobal(Expr),
    Store(Op, Expr, Expr),
    BrIf(Expr),
    Br,
}

/// What a shape's statements are, and of what class each variable is.
pub(super) fn read(shape: &Shape) -> Option<(Vec<Stmt>, Vec<Class>)> {
    let Shape::Carried(numbers, shape) = shape else { return None };
    let mut reader = Reader { numbers: *numbers, at: 0, classes: Vec::new() };
    let mut statements = Vec::new();
    reader.statements(shape, &mut statements)?;
    Some((statements, reader.classes))
}

struct Reader {
    numbers: Numbers,
    at: u32,
    classes: Vec<Class>,
}

impl Reader {
    fn number(&mut self, class: Class) -> usize {
        let number = self.numbers.get(self.at);
        self.at += 1;
        if number == self.classes.len() {
            self.classes.push(class);
        }
        number
    }

    fn statements(&mut self, shape: &Shape, out: &mut Vec<Stmt>) -> Option<()> {
        let statement = match *shape {
            Shape::Seq(a, b) => {
                self.statements(a, out)?;
                return self.statements(b, out);
            }
            Shape::Form(Form::SetSlot, class, a) => Stmt::Set(self.number(class), self.expr(a)?),
            Shape::Form(Form::SetAcc, _, a) => Stmt::SetAcc(self.expr(a)?),
            Shape::Form(Form::SetGlobal, Class::I32, a) => Stmt::SetGlobal(self.expr(a)?),
            Shape::Form(Form::BrIf, _, a) => Stmt::BrIf(self.expr(a)?),
            Shape::Store(op, a, b) => Stmt::Store(op, self.expr(a)?, self.expr(b)?),
            Shape::Cell(Cell::Br) => Stmt::Br,
            _ => return None,
        };
        out.push(statement);
        Some(())
    }

    fn expr(&mut self, shape: &Shape) -> Option<Expr> {
        Some(match *shape {
            Shape::Leaf(Leaf::Slot, class) => Expr::Var(self.number(class)),
            Shape::Leaf(Leaf::Imm, class) => Expr::Imm(class),
            Shape::Leaf(Leaf::Acc, _) => Expr::Acc,
            Shape::Leaf(Leaf::Global, Class::I32) => Expr::Global,
            Shape::Unary(op, a) | Shape::Load(op, a) => Expr::Op(op, vec![self.expr(a)?]),
            Shape::Binary(op, a, b) => Expr::Op(op, vec![self.expr(a)?, self.expr(b)?]),
            Shape::Select(class, a, b, c) => {
                Expr::Select(class, Box::new([self.expr(a)?, self.expr(b)?, self.expr(c)?]))
            }
            _ => return None,
        })
    }
}

/// What a loop counts in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Counter {
    Var(usize),
    Global,
}

/// How far it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limit {
    Zero,
    Imm,
    Var(usize),
}

/// What makes a loop end.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// The counter steps, up if a positive immediate lets it, until it is the limit, or beyond.
    Count { counter: Counter, limit: Limit, op: Op, subtracts: bool },
    /// What it computes, if the immediates are the right ones.
    Itself,
}

/// What makes these statements end, if anything is known to.
pub(super) fn end_of(statements: &[Stmt]) -> Option<End> {
    // The test in front may ask for what the accumulator is set to before it.
    let mut front = statements.iter().skip_while(|statement| matches!(statement, Stmt::SetAcc(_)));
    let test = match (front.next()?, statements.last()?) {
        (_, Stmt::BrIf(test)) | (Stmt::BrIf(test), Stmt::Br) => test,
        _ => return None,
    };
    let itself = |statement: &Stmt| match statement {
        Stmt::Set(_, Expr::Select(..)) => true,
        Stmt::Set(_, Expr::Op(op, kids)) => {
            let lowest_bit = matches!(kids[0], Expr::Op(Op::I32Sub | Op::I64Sub, _));
            let remains = matches!(op, Op::I32RemU | Op::I32RemS | Op::I64RemU | Op::I64RemS);
            remains || matches!(op, Op::I32And | Op::I64And) && lowest_bit
        }
        _ => false,
    };
    if statements.iter().any(itself) {
        return Some(End::Itself);
    }
    let counter = |expr: &Expr| match expr {
        Expr::Var(number) => Some(Counter::Var(*number)),
        Expr::Acc | Expr::Global => Some(Counter::Global),
        _ => None,
    };
    let (op, counter, limit) = match test {
        Expr::Var(_) | Expr::Global => (Op::I32Ne, counter(test)?, Limit::Zero),
        Expr::Op(Op::I32Eqz, kids) => (Op::I32Ne, counter(&kids[0])?, Limit::Zero),
        Expr::Op(Op::I64Eqz, kids) => (Op::I64Ne, counter(&kids[0])?, Limit::Zero),
        Expr::Op(op, kids) => {
            let limit = match kids.get(1)? {
                Expr::Imm(_) => Limit::Imm,
                Expr::Var(number) => Limit::Var(*number),
                _ => return None,
            };
            // In front stands what ends it.
            let op = if statements.last() == Some(&Stmt::Br) { op.inverse()? } else { *op };
            (op, counter(&kids[0])?, limit)
        }
        _ => return None,
    };
    let step = statements.iter().find_map(|statement| match (statement, counter) {
        (Stmt::Set(number, Expr::Op(op, kids)), Counter::Var(counter)) if *number == counter => {
            (kids[..] == [Expr::Var(counter), kids[1].clone()] && matches!(kids[1], Expr::Imm(_))).then_some(*op)
        }
        (Stmt::SetGlobal(Expr::Op(op, kids)), Counter::Global) => matches!(kids[1], Expr::Imm(_)).then_some(*op),
        _ => None,
    })?;
    let subtracts = match step {
        Op::I32Add | Op::I64Add => false,
        Op::I32Sub | Op::I64Sub => true,
        _ => return None,
    };
    Some(End::Count { counter, limit, op, subtracts })
}

/// Variables that are addresses, or that addresses are made of.
pub(super) fn pointers(statements: &[Stmt]) -> Vec<usize> {
    fn of_address(expr: &Expr, out: &mut Vec<usize>) {
        match expr {
            Expr::Var(number) => out.push(*number),
            Expr::Op(_, kids) => kids.iter().for_each(|kid| of_address(kid, out)),
            _ => {}
        }
    }
    fn of(expr: &Expr, out: &mut Vec<usize>) {
        match expr {
            Expr::Op(op, kids) if kids.len() == 1 && op.may_trap() => of_address(&kids[0], out),
            Expr::Op(_, kids) => kids.iter().for_each(|kid| of(kid, out)),
            Expr::Select(_, kids) => kids.iter().for_each(|kid| of(kid, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    for statement in statements {
        match statement {
            Stmt::Set(_, a) | Stmt::SetAcc(a) | Stmt::SetGlobal(a) | Stmt::BrIf(a) => of(a, &mut out),
            Stmt::Store(_, a, b) => {
                of_address(a, &mut out);
                of(b, &mut out);
            }
            Stmt::Br => {}
        }
    }
    out
}
