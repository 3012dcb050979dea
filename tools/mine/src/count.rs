//! How often each operator of a program is executed.
//!
//! The program is instrumented, not the machine: a global of its own counts every straight run of operators, so the counts
//! do not depend on how the machine executes them.

use anyhow::{Context, Result, bail};
use pirn::{Engine, Extern, Store, Val};
use pirn_suite::{Case, Job, adapters};
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, GlobalSection, GlobalType, Instruction, SectionId, ValType,
};
use wasmparser::{FunctionBody, Operator};

/// A straight run of operators.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Offset of its first operator in the module.
    pub start: u32,
    /// How often it was executed.
    pub count: u64,
}

/// The runs of every function the module defines, in the order of their offsets.
#[derive(Debug)]
pub struct Counts {
    /// By function, without the imported ones.
    pub functions: Vec<Vec<Run>>,
    /// Instructions executed; the marks of structure (`block`, `loop`, `else`, `end`, `nop`) are not counted.
    pub executed: u64,
}

impl Counts {
    /// How often the operator at `offset` of the `function`th defined function was executed.
    pub fn at(&self, function: usize, offset: u32) -> u64 {
        let runs = &self.functions[function];
        let after = runs.partition_point(|run| run.start <= offset);
        after.checked_sub(1).map_or(0, |index| runs[index].count)
    }
}

/// Whether a new run begins behind this operator.
fn ends_run(operator: &Operator<'_>) -> bool {
    use Operator::{BrIf, Else, End, If, Loop};
    matches!(operator, Loop { .. } | If { .. } | Else | End | BrIf { .. })
}

fn is_mark(operator: &Operator<'_>) -> bool {
    matches!(operator, Operator::Block { .. } | Operator::Loop { .. } | Operator::Else | Operator::End | Operator::Nop)
}

struct Instrument {
    globals: u32,
    counters: u32,
    next: u32,
    /// Whether the counters are declared.
    declared: bool,
}

impl Instrument {
    fn declare(&mut self, globals: &mut GlobalSection) {
        let ty = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
        for _ in 0..self.counters {
            globals.global(ty, &ConstExpr::i64_const(0));
        }
        self.declared = true;
    }

    fn count(&mut self, function: &mut wasm_encoder::Function) {
        let counter = self.globals + self.next;
        self.next += 1;
        function.instruction(&Instruction::GlobalGet(counter));
        function.instruction(&Instruction::I64Const(1));
        function.instruction(&Instruction::I64Add);
        function.instruction(&Instruction::GlobalSet(counter));
    }
}

impl Reencode for Instrument {
    type Error = Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_global_section(self, globals, section)?;
        self.declare(globals);
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut wasm_encoder::Module,
        _: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<(), reencode::Error> {
        if before == Some(SectionId::Export) && !self.declared {
            let mut globals = GlobalSection::new();
            self.declare(&mut globals);
            module.section(&globals);
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_export_section(self, exports, section)?;
        for counter in 0..self.counters {
            exports.export(&export(counter), ExportKind::Global, self.globals + counter);
        }
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), reencode::Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        self.count(&mut function);
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let ends = ends_run(&reader.clone().read()?);
            function.instruction(&self.parse_instruction(&mut reader)?);
            if ends && !reader.eof() {
                self.count(&mut function);
            }
        }
        code.function(&function);
        Ok(())
    }
}

fn export(counter: u32) -> String {
    format!("executed {counter}")
}

/// Runs a command with its arguments and counts.
///
/// # Errors
/// It cannot be run, or answers wrongly.
pub fn count(case: &Case) -> Result<Counts> {
    let module = pirn_decode::Module::new(case.wasm.clone())?;
    // By function: each run's offset, and how many instructions it has.
    let mut runs: Vec<Vec<(u32, u64)>> = Vec::new();
    for range in &module.bodies {
        let body = FunctionBody::new(wasmparser::BinaryReader::new(&module.bytes[range.clone()], range.start as u64));
        let mut reader = body.get_operators_reader()?;
        let mut starts = vec![(reader.original_position() as u32, 0)];
        while !reader.eof() {
            let operator = reader.read()?;
            starts.last_mut().expect("one was pushed").1 += u64::from(!is_mark(&operator));
            if ends_run(&operator) && !reader.eof() {
                starts.push((reader.original_position() as u32, 0));
            }
        }
        runs.push(starts);
    }
    let counters = runs.iter().map(Vec::len).sum::<usize>() as u32;
    let mut instrument = Instrument { globals: module.globals.len() as u32, counters, next: 0, declared: false };
    let mut instrumented = wasm_encoder::Module::new();
    let parser = wasmparser::Parser::new(0);
    instrument
        .parse_core_module(&mut instrumented, parser, &case.wasm)
        .map_err(|error| anyhow::anyhow!("{}: {error}", case.name))?;
    let wasm = instrumented.finish();

    let world = case.wasi();
    let engine = Engine::default();
    let linker = adapters::linker(&engine, &world)?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &pirn::Module::new(&engine, wasm)?)?;
    match case.job {
        Job::Kernel(argument) => {
            instance.get_typed_func::<i32, i64>(&store, "run")?.call(&mut store, argument)?;
        }
        Job::Command { .. } => {
            let start = instance.get_typed_func::<(), ()>(&store, "_start")?;
            let status = world.status(start.call(&mut store, ()))?;
            case.check(&pirn_suite::Answer::Output { status, stdout: world.stdout() })?;
        }
        Job::Startup(_) => bail!("{} is not run", case.name),
    }

    let mut counter = 0;
    let mut executed = 0;
    let mut functions = Vec::new();
    for starts in runs {
        let mut function = Vec::new();
        for (start, instructions) in starts {
            let global = instance.get_export(&mut store, &export(counter)).context("it was exported")?;
            let Extern::Global(global) = global else { bail!("a counter is no global") };
            let Val::I64(count) = global.get(&store) else { bail!("a counter is no i64") };
            function.push(Run { start, count: count as u64 });
            executed += count as u64 * instructions;
            counter += 1;
        }
        functions.push(function);
    }
    Ok(Counts { functions, executed })
}
