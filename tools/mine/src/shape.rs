//! Shapes as trees of names: read from a survey, hashed to signatures, taken apart, written as Rust types.

use anyhow::{Context, Result, bail};
use pirn_decode::cell::Cell;
use pirn_decode::ops::{Class, Op};
use pirn_decode::sig::{self, Form, Leaf, Sig};
use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

/// A name with arguments, as in `Bin<I32Add, S<u32>, I<u32>>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape {
    /// The name.
    pub name: String,
    /// The arguments; operators and classes are names without any.
    pub args: Vec<Shape>,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (i, arg) in self.args.iter().enumerate() {
            write!(f, "{}{arg}", if i == 0 { "<" } else { ", " })?;
        }
        if self.args.is_empty() { Ok(()) } else { f.write_str(">") }
    }
}

fn op(name: &str) -> Result<Op> {
    static OPS: OnceLock<HashMap<String, Op>> = OnceLock::new();
    let ops = OPS.get_or_init(|| Op::ALL.iter().map(|&op| (format!("{op:?}"), op)).collect());
    ops.get(name).copied().with_context(|| format!("no operator {name}"))
}

fn class(shape: &Shape) -> Result<Class> {
    Ok(match shape.name.as_str() {
        "u32" => Class::I32,
        "u64" => Class::I64,
        "f32" => Class::F32,
        "f64" => Class::F64,
        "V128" => Class::V128,
        other => bail!("no class {other}"),
    })
}

impl Shape {
    /// A name with arguments.
    pub fn new(name: &str, args: Vec<Self>) -> Self {
        Self { name: name.into(), args }
    }

    /// Reads what [`fmt::Display`] writes.
    ///
    /// # Errors
    /// It is no shape.
    pub fn parse(text: &str) -> Result<Self> {
        let (shape, rest) = Self::parse_prefix(text)?;
        anyhow::ensure!(rest.is_empty(), "{text}: {rest} is left over");
        Ok(shape)
    }

    fn parse_prefix(text: &str) -> Result<(Self, &str)> {
        let end = text.find(['<', ',', '>']).unwrap_or(text.len());
        let (name, mut rest) = text.split_at(end);
        let mut args = Vec::new();
        if let Some(inner) = rest.strip_prefix('<') {
            rest = inner;
            loop {
                let (arg, after) = Self::parse_prefix(rest)?;
                args.push(arg);
                rest = match (after.strip_prefix(", "), after.strip_prefix('>')) {
                    (Some(more), _) => more,
                    (None, Some(after)) => {
                        rest = after;
                        break;
                    }
                    (None, None) => bail!("{text}: no end"),
                };
            }
        }
        Ok((Self { name: name.into(), args }, rest))
    }

    /// Whether it has a value.
    pub fn is_expr(&self) -> bool {
        self.is_leaf()
            || matches!(
                self.name.as_str(),
                "Un" | "Bin" | "Tern" | "Extract" | "Replace" | "Load" | "FarLoad" | "Select"
            )
    }

    /// Whether it is an expression without operators.
    pub fn is_leaf(&self) -> bool {
        matches!(self.name.as_str(), "S" | "R" | "I" | "Global" | "Func")
    }

    /// Whether a vector is in it.
    pub fn has_vectors(&self) -> bool {
        self.name == "V128" || self.args.iter().any(Self::has_vectors)
    }

    /// The class of an expression's value.
    ///
    /// # Errors
    /// It is none.
    pub fn class(&self) -> Result<Class> {
        match self.name.as_str() {
            "Func" => Ok(Class::I64),
            "S" | "R" | "I" | "Global" => class(&self.args[0]),
            "Un" | "Bin" | "Tern" | "Extract" | "Replace" | "Load" | "FarLoad" => {
                Ok(op(&self.args[0].name)?.info().result)
            }
            "Select" => self.args[0].class(),
            other => bail!("{other} is no expression"),
        }
    }

    /// The signature under which lowering asks for it.
    ///
    /// # Errors
    /// It is no shape.
    pub fn sig(&self) -> Result<Sig> {
        let args = &self.args;
        let form = |form: Form| Ok::<_, anyhow::Error>(sig::form(form, args[0].class()?, args[0].sig()?));
        Ok(match self.name.as_str() {
            "S" => sig::leaf(Leaf::Slot, class(&args[0])?),
            "R" => sig::leaf(Leaf::Acc, class(&args[0])?),
            "I" => sig::leaf(Leaf::Imm, class(&args[0])?),
            "Global" => sig::leaf(Leaf::Global, class(&args[0])?),
            "Func" => sig::leaf(Leaf::Func, Class::I64),
            "Un" | "Load" => sig::unary(op(&args[0].name)?, args[1].sig()?),
            "Bin" | "Store" => sig::binary(op(&args[0].name)?, args[1].sig()?, args[2].sig()?),
            "FarLoad" => sig::with(sig::far(op(&args[0].name)?), args[1].sig()?),
            "FarStore" => sig::with(sig::with(sig::far(op(&args[0].name)?), args[1].sig()?), args[2].sig()?),
            "Tern" => sig::ternary_operator(op(&args[0].name)?, args[1].sig()?, args[2].sig()?, args[3].sig()?),
            "Extract" => sig::extract(op(&args[0].name)?, args[1].name.parse()?, args[2].sig()?),
            "Replace" => sig::replace(op(&args[0].name)?, args[1].name.parse()?, args[2].sig()?, args[3].sig()?),
            "Select" => sig::select(args[0].class()?, args[0].sig()?, args[1].sig()?, args[2].sig()?),
            "SetAcc" => form(Form::SetAcc)?,
            "SetSlot" => form(Form::SetSlot)?,
            "SetGlobal" => form(Form::SetGlobal)?,
            "BrIf" => form(Form::BrIf)?,
            "MemoryFill" | "MemoryCopy" => {
                let form = if self.name == "MemoryFill" { Form::MemoryFill } else { Form::MemoryCopy };
                sig::bulk(form, args[0].sig()?, args[1].sig()?, args[2].sig()?)
            }
            "Return" if !args.is_empty() => form(Form::Return)?,
            "Seq" => sig::seq(args[0].sig()?, args[1].sig()?),
            name => {
                let cell = Cell::ALL.iter().find(|cell| format!("{cell:?}") == name);
                sig::cell(*cell.with_context(|| format!("no cell {name}"))?)
            }
        })
    }

    /// The same with slots for accumulators.
    pub fn without_registers(&self) -> Self {
        let name = if self.name == "R" { "S" } else { &self.name };
        Self { name: name.into(), args: self.args.iter().map(Self::without_registers).collect() }
    }

    /// What else lowering has to find on its way to this shape: every expression in it on its own, every statement, and
    /// the beginnings of a sequence.
    pub fn parts(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        match self.name.as_str() {
            "Seq" => parts.extend(self.args.iter().cloned()),
            _ => {
                let value = self.name != "SetAcc";
                for arg in &self.args {
                    arg.expressions(value, &mut parts);
                }
            }
        }
        parts
    }

    fn expressions(&self, whole: bool, out: &mut Vec<Self>) {
        if !self.is_expr() || self.is_leaf() {
            return;
        }
        if whole {
            // Trees wait with slots, and at most with an accumulator.
            out.push(Self::new("SetAcc", vec![self.clone()]));
            out.push(Self::new("SetAcc", vec![self.without_registers()]));
        }
        for arg in &self.args {
            arg.expressions(true, out);
        }
    }
}
