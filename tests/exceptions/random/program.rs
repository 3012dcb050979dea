//! Programs: trees of statements and values, and random ones.

pub const TAGS: [&str; 3] = ["(param i32)", "(param i32 i32)", ""];
pub const FUNCS: usize = 4;
pub const LOCALS: i32 = 4;
/// A value.
pub enum Expr {
    Const(i32),
    Local(i32),
    Global,
    Load(Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Call(usize, Box<Expr>, Box<Expr>),
    Block(u32, Vec<Stmt>, Box<Expr>),
    Try(Box<Try>),
}

/// A value, or what a handler makes of an exception.
pub struct Try {
    pub label: u32,
    pub form: Form,
    pub tag: usize,
    pub body: Vec<Stmt>,
    pub value: Expr,
    pub handler: Vec<Stmt>,
    pub more: i32,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Form {
    /// `catch`, or `catch_ref`, of a `try_table`; what it refers to is kept for `throw_ref`.
    Table,
    TableRef,
    /// `try` with `catch`.
    Legacy,
}

pub enum Stmt {
    Set(i32, Expr),
    SetGlobal(Expr),
    Store(Expr, Expr),
    Drop(Expr),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// So many times.
    Loop(u32, i32, Vec<Stmt>),
    Block(u32, Vec<Stmt>),
    Br(u32),
    BrIf(u32, Expr),
    Return(Expr),
    Throw(usize, Expr, Expr),
    /// Of the handler of this label.
    Rethrow(u32),
    /// What the innermost handler of a `TableRef` got.
    ThrowRef,
    /// A `try_table`: clauses lead to labels that take nothing.
    Catches(u32, Vec<(Option<usize>, u32)>, Vec<Stmt>),
    CatchAll(u32, Vec<Stmt>, Vec<Stmt>),
    /// A `try` that delegates to a label, or to the caller.
    Delegate(u32, Vec<Stmt>, Option<u32>),
}

struct Generator {
    random: u64,
    labels: u32,
    loops: usize,
    func: usize,
    /// Labels that may be branched to, those that may be rethrown from, and whether there is a reference.
    open: Vec<u32>,
    caught: Vec<u32>,
    refs: usize,
    depth: u32,
}

impl Generator {
    fn below(&mut self, n: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as usize % n
    }

    fn label(&mut self) -> u32 {
        self.labels += 1;
        self.labels
    }

    fn exprs(&mut self) -> [Box<Expr>; 2] {
        [(); 2].map(|()| Box::new(self.expr()))
    }

    fn expr(&mut self) -> Expr {
        if self.depth > 5 {
            return if self.below(2) == 0 {
                Expr::Local(self.below(4) as i32)
            } else {
                Expr::Const(self.below(99) as i32)
            };
        }
        self.depth += 1;
        let expr = match self.below(14) {
            0 | 1 => Expr::Const(self.below(1000) as i32 - 300),
            2..=4 => Expr::Local(self.below(LOCALS as usize) as i32),
            5 => Expr::Global,
            6 => Expr::Load(Box::new(self.expr())),
            7..=9 => {
                let op = ["add", "sub", "mul", "xor", "and", "lt_s", "eq"][self.below(7)];
                let [a, b] = self.exprs();
                Expr::Binary(op, a, b)
            }
            10 if self.func > 0 => {
                let callee = self.below(self.func);
                let [a, b] = self.exprs();
                Expr::Call(callee, a, b)
            }
            11 => {
                let label = self.label();
                // Nobody branches to a label that takes a value.
                let body = self.stmts();
                Expr::Block(label, body, Box::new(self.expr()))
            }
            _ => {
                let form = [Form::Table, Form::TableRef, Form::Legacy][self.below(3)];
                let (label, tag) = (self.label(), self.below(2));
                let body = self.stmts();
                let value = self.expr();
                match form {
                    Form::Table => {}
                    Form::TableRef => self.refs += 1,
                    Form::Legacy => self.caught.push(label),
                }
                let handler = self.stmts();
                match form {
                    Form::Table => {}
                    Form::TableRef => self.refs -= 1,
                    Form::Legacy => _ = self.caught.pop(),
                }
                let more = self.below(50) as i32;
                Expr::Try(Box::new(Try { label, form, tag, body, value, handler, more }))
            }
        };
        self.depth -= 1;
        expr
    }

    fn stmts(&mut self) -> Vec<Stmt> {
        let most = if self.depth > 4 { 2 } else { 4 };
        (0..self.below(most)).map(|_| self.stmt()).collect()
    }

    fn inner(&mut self, label: u32) -> Vec<Stmt> {
        self.open.push(label);
        let stmts = self.stmts();
        self.open.pop();
        stmts
    }

    fn some_label(&mut self) -> Option<u32> {
        let choice = self.below(self.open.len().max(1));
        self.open.get(choice).copied()
    }

    fn stmt(&mut self) -> Stmt {
        self.depth += 1;
        let deep = self.depth > 6;
        let label = self.label();
        let stmt = match self.below(20) {
            0 | 1 => Stmt::SetGlobal(Expr::Binary(
                "add",
                Box::new(Expr::Binary("mul", Box::new(Expr::Global), Box::new(Expr::Const(31)))),
                Box::new(self.expr()),
            )),
            2 => {
                let [at, value] = self.exprs();
                Stmt::Store(*at, *value)
            }
            3 => Stmt::Drop(self.expr()),
            4 | 5 if !deep => Stmt::If(self.expr(), self.stmts(), self.stmts()),
            6 if !deep && self.loops < 4 => {
                self.loops += 1;
                let (times, body) = (1 + self.below(3) as i32, self.stmts());
                Stmt::Loop(label, times, body)
            }
            7 | 8 if !deep => Stmt::Block(label, self.inner(label)),
            9 => match self.some_label() {
                Some(to) if self.below(3) == 0 => Stmt::Br(to),
                Some(to) => Stmt::BrIf(to, self.expr()),
                None => Stmt::Return(self.expr()),
            },
            10 | 11 => {
                let [a, b] = self.exprs();
                Stmt::Throw(self.below(3), *a, *b)
            }
            12 if !self.caught.is_empty() => {
                let choice = self.below(self.caught.len());
                Stmt::Rethrow(self.caught[choice])
            }
            13 if self.refs > 0 => Stmt::ThrowRef,
            14 | 15 if !deep && !self.open.is_empty() => {
                let clauses = (0..1 + self.below(2))
                    .map(|_| ((self.below(2) == 0).then_some(2), self.some_label().expect("one is open")))
                    .collect();
                Stmt::Catches(label, clauses, self.stmts())
            }
            16 if !deep => {
                let body = self.inner(label);
                self.caught.push(label);
                let handler = self.inner(label);
                self.caught.pop();
                Stmt::CatchAll(label, body, handler)
            }
            17 if !deep => {
                let to = self.some_label().filter(|_| self.below(4) > 0);
                Stmt::Delegate(label, self.inner(label), to)
            }
            _ => Stmt::Set(self.below(LOCALS as usize) as i32, self.expr()),
        };
        self.depth -= 1;
        stmt
    }
}

/// The bodies of the functions, each of statements and a result.
pub fn random(seed: u64) -> Vec<(Vec<Stmt>, Expr)> {
    let mut generator = Generator {
        random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        labels: 0,
        loops: 0,
        func: 0,
        open: Vec::new(),
        caught: Vec::new(),
        refs: 0,
        depth: 0,
    };
    let mut body = |func| {
        (generator.func, generator.loops) = (func, 0);
        let body: Vec<Stmt> = (0..4).flat_map(|_| generator.stmts()).collect();
        (body, generator.expr())
    };
    (0..FUNCS).map(&mut body).collect()
}
