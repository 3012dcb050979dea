//! Programs as compilers write them that do not optimise: what an instruction gives goes to a local of its own, and is read back from there.
//!
//! Any program becomes one by [`of`], and does the same. A value is set to a local and read at once; or it stays there while others are computed, and
//! all of them are read back when something takes them; or two are read in another order than they were set.

use crate::program::Program;
use crate::rng::Rng;
use wasm_encoder::{CodeSection, Module, RawSection};
use wasmparser::{
    BinaryReaderError, FuncValidatorAllocations, FunctionBody, Operator, Parser, Payload, ValType, ValidPayload,
};
use wasmparser::{FuncValidator, Validator, ValidatorResources, WasmFeatures};

/// The program, written so.
pub fn of(mut program: Program, seed: u64) -> Program {
    let mut rng = Rng::new(seed ^ 0x0A1F);
    for module in program.modules.iter_mut().chain(&mut program.merged) {
        *module = rewritten(module, &mut rng).expect("generated modules are valid");
    }
    program.original = None;
    program
}

fn rewritten(module: &[u8], rng: &mut Rng) -> Result<Vec<u8>, BinaryReaderError> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut allocations = FuncValidatorAllocations::default();
    let (mut to, mut code) = (Module::new(), CodeSection::new());
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let ValidPayload::Func(func, body) = validator.payload(&payload)? {
            let mut validator = func.into_validator(allocations);
            code.raw(&Rewriter::new(rng).body(&mut validator, &body)?);
            allocations = validator.into_allocations();
        }
        match payload {
            Payload::CodeSectionStart { count: 0, .. } => _ = to.section(&code),
            Payload::CodeSectionEntry(_) => {
                let is_last = code.len() as usize == functions(module)?;
                if is_last {
                    to.section(&code);
                }
            }
            Payload::CustomSection(_) => {}
            payload => {
                if let Some((id, range)) = payload.as_section()
                    && id != wasm_encoder::SectionId::Code as u8
                {
                    to.section(&RawSection { id, data: &module[range.start as usize..range.end as usize] });
                }
            }
        }
    }
    Ok(to.finish())
}

/// How many functions have bodies.
fn functions(module: &[u8]) -> Result<usize, BinaryReaderError> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionStart { count, .. } = payload? {
            return Ok(count as usize);
        }
    }
    Ok(0)
}

/// What an instruction does with the operand stack, if it is one of those that values may lie in locals meanwhile.
fn pops(opcode: u8) -> Option<usize> {
    match opcode {
        // `local.get` and constants.
        0x20 | 0x41..=0x44 => Some(0),
        // Loads, tests and conversions.
        0x28..=0x35 | 0x45 | 0x50 | 0x67..=0x69 | 0x79..=0x7b | 0x8b..=0x91 | 0x99..=0x9f | 0xa7..=0xc4 => Some(1),
        0x46..=0x4f | 0x51..=0x66 | 0x6a..=0x78 | 0x7c..=0x8a | 0x92..=0x98 | 0xa0..=0xa6 => Some(2),
        _ => None,
    }
}

struct Rewriter<'a> {
    rng: &'a mut Rng,
    code: Vec<u8>,
    /// Types of the locals that were added.
    locals: Vec<ValType>,
    first: u32,
    /// Locals that hold what lies at the bottom of these values, the lowest first, and the height of the operand stack below them.
    kept: Vec<u32>,
    height: u32,
    /// How many of a hundred values go to locals.
    often: usize,
}

impl<'a> Rewriter<'a> {
    fn new(rng: &'a mut Rng) -> Self {
        let often = rng.between(20, 90);
        Self { rng, code: Vec::new(), locals: Vec::new(), first: 0, kept: Vec::new(), height: 0, often }
    }

    fn op(&mut self, opcode: u8, mut index: u32) {
        self.code.push(opcode);
        while index >= 0x80 {
            self.code.push(index as u8 | 0x80);
            index >>= 7;
        }
        self.code.push(index as u8);
    }

    /// Sets what is on top to a local of its own.
    fn set(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        let local = self.first + self.locals.len() as u32 - 1;
        self.op(0x21, local);
        local
    }

    /// Divides one constant by another, now and then by zero, and sets the quotient to a local.
    fn quotient(&mut self) -> u32 {
        let divisor = if self.rng.chance(4) { 0 } else { 3 };
        self.op(0x41, 60);
        self.op(0x41, divisor);
        self.code.push(0x6e);
        self.set(ValType::I32)
    }

    fn get(&mut self, local: u32) {
        self.op(0x20, local);
    }

    /// Puts all values back that lie in locals, above which there are these.
    fn restore(&mut self, above: &[ValType]) {
        let mut locals: Vec<u32> = above.iter().rev().map(|&ty| self.set(ty)).collect();
        locals.reverse();
        for local in std::mem::take(&mut self.kept).into_iter().chain(locals) {
            self.get(local);
        }
    }

    fn body(
        mut self,
        validator: &mut FuncValidator<ValidatorResources>,
        body: &FunctionBody<'_>,
    ) -> Result<Vec<u8>, BinaryReaderError> {
        validator.read_locals(&mut body.get_binary_reader())?;
        self.first = validator.len_locals();
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let at = reader.original_position();
            let (start, bytes) = (at - body.range().start, body.as_bytes());
            let before = validator.operand_stack_height();
            let operator = reader.read()?;
            let raw = &bytes[start as usize..(reader.original_position() - body.range().start) as usize];
            // How many values are on the stack itself, above those that lie in locals.
            if !self.kept.is_empty() {
                let above = (before - self.height) as usize - self.kept.len();
                let gives_reference = matches!(operator, Operator::LocalGet { local_index }
                    if matches!(validator.get_local_type(local_index), Some(ValType::Ref(_))));
                if gives_reference || pops(raw[0]).is_none_or(|pops| pops > above) {
                    let types: Option<Vec<_>> = (0..above).rev().map(|depth| top(validator, depth)).collect();
                    self.restore(&types.expect("only what can be set was computed meanwhile"));
                }
            }
            // One that is computed before what is applied to something older, and used behind: either may trap.
            let around = matches!(pops(raw[0]), Some(1 | 2)) && self.kept.is_empty() && self.rng.chance(8);
            let value = around.then(|| self.quotient());
            validator.op(at, &operator)?;
            self.code.extend(raw);
            if let Some(local) = value {
                self.get(local);
                self.code.push(0x1a);
            }
            let after = validator.operand_stack_height();
            // What lies below the innermost block is none of its business.
            let own = after as usize - validator.get_control_frame(0).map_or(0, |frame| frame.height);
            let Some(ty) = top(validator, 0).filter(|_| own > 0) else { continue };
            let gives = pops(raw[0]).is_some() || matches!(raw[0], 0x10 | 0x11 | 0x1b | 0x23 | 0x3f | 0x40);
            if !gives || !self.rng.chance(self.often) {
                continue;
            }
            match self.rng.below(10) {
                // Two that are read in another order than they were set.
                0 if own >= 2 && self.kept.is_empty() && top(validator, 1).is_some() => {
                    let second = top(validator, 1).expect("seen just now");
                    let b = self.set(ty);
                    let a = self.set(second);
                    self.get(a);
                    self.get(b);
                }
                // It stays there for a while; values above the first must lie in locals too.
                1..=4 if self.kept.is_empty() || after == self.height + self.kept.len() as u32 + 1 => {
                    let local = self.set(ty);
                    if self.kept.is_empty() {
                        self.height = after - 1;
                    }
                    self.kept.push(local);
                }
                // It is not read at all.
                5 => {
                    let local = self.set(ty);
                    self.get(local);
                    self.get(local);
                    _ = self.set(ty);
                }
                _ => {
                    let local = self.set(ty);
                    self.get(local);
                }
            }
        }
        let mut locals = Vec::new();
        let mut declared = body.get_locals_reader()?;
        let groups = declared.get_count();
        let from = declared.original_position() - body.range().start;
        for _ in 0..groups {
            declared.read()?;
        }
        let to = declared.original_position() - body.range().start;
        let mut written = Rewriter::new(self.rng);
        written.leb(groups + self.locals.len() as u32);
        locals.append(&mut written.code);
        locals.extend(&body.as_bytes()[from as usize..to as usize]);
        for ty in &self.locals {
            let byte = match ty {
                ValType::I32 => 0x7f,
                ValType::I64 => 0x7e,
                ValType::F32 => 0x7d,
                ValType::F64 => 0x7c,
                ValType::V128 => 0x7b,
                ValType::Ref(_) => unreachable!("`top` gives none"),
            };
            locals.extend([1, byte]);
        }
        locals.extend(self.code);
        Ok(locals)
    }

    fn leb(&mut self, value: u32) {
        self.op(0, value);
        self.code.remove(0);
    }
}

/// The type of the value that is so deep in the operand stack, if there is one that has a number's or vector's.
fn top(validator: &FuncValidator<ValidatorResources>, depth: usize) -> Option<ValType> {
    validator.get_operand_type(depth)?.filter(|ty| !matches!(ty, ValType::Ref(_)))
}

#[cfg(test)]
mod tests {
    use crate::Kind;
    use wasmparser::{Validator, WasmFeatures};

    #[test]
    fn what_is_written_so_is_valid() {
        let mut count = 0;
        for seed in 0..60 {
            let Some(program) = Kind::Naive.program(seed) else { continue };
            for module in &program.modules {
                count += 1;
                if let Err(error) = Validator::new_with_features(WasmFeatures::all()).validate_all(module) {
                    panic!("seed {seed}: {error}");
                }
            }
        }
        assert!(count > 50, "{count}");
    }
}
