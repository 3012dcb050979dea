//! `pirn run`.

use crate::profile::{Output, Sampler};
use crate::wasi::{self, ProcExit, Threads, Times, Wasi};
use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::error::ErrorKind;
use pirn::{CompilationMode, Config, Engine, Func, Instance, Linker, Module, Store, Trap, Val, ValType, WasmBacktrace};
use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

/// Exit status of a program that trapped.
const TRAPPED: u8 = 134;
/// Exit status of a program that took too long; that of timeout(1).
const TIMED_OUT: u8 = 124;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "pirn run [--dir HOST[::GUEST]]... [--fuel N] [--timeout TIME] [--profile[=FILE]] FILE [--invoke NAME] [--] [ARGS]..."
)]
pub struct Args {
    /// Give the program the directory HOST, under the name GUEST (the same if left out)
    #[arg(long, value_name = "HOST[::GUEST]")]
    dir: Vec<String>,
    /// Trap when N units of fuel are used up, about one an operator; without, a program may run forever
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// Trap when the program has run for so long: 5s, 250ms, 2m, 1h. What waits for the system is not interrupted
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "profile")]
    timeout: Option<Duration>,
    /// Let the program have N threads besides the main one, if it is built for `wasi-threads`
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_threads: usize,
    /// Find out where the program's time goes: show it on standard error when it has ended, by function and loop, or write it to
    /// FILE with call stacks: FILE.svg is a flame graph, FILE.json is for profiler.firefox.com
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, value_parser = Output::new)]
    profile: Option<Option<Output>>,
    /// Show N functions in the profile
    #[arg(long, value_name = "N", default_value_t = 20, requires = "profile")]
    profile_top: usize,
    /// Call this exported function instead, with ARGS as its parameters, and print its results; may also stand directly
    /// after FILE
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,
    /// A module, binary or text; what follows goes to the program (after `--` also what looks like `--invoke`)
    #[arg(required = true, trailing_var_arg = true, value_names = ["FILE", "ARGS"])]
    program: Vec<OsString>,
}

/// What is run, with which arguments.
#[derive(Debug)]
struct Program<'a> {
    file: &'a Path,
    /// The function; `_start` by default.
    invoke: Option<&'a str>,
    args: &'a [OsString],
}

impl Args {
    /// Takes what follows FILE apart: an `--invoke` directly behind it is ours, a `--` ends what is ours.
    fn program(&self) -> Result<Program<'_>, clap::Error> {
        let (file, rest) = self.program.split_first().expect("clap asks for FILE");
        let usage = |message: &str| clap::Error::raw(ErrorKind::InvalidValue, format!("{message}\n"));
        let is_not_utf8 = || usage("the NAME given to `--invoke` is not UTF-8");
        let (after, rest) = match rest {
            [option, rest @ ..] if option == "--invoke" => match rest {
                [name, rest @ ..] => (Some(name.to_str().ok_or_else(is_not_utf8)?), rest),
                [] => return Err(usage("`--invoke` needs a NAME")),
            },
            [option, rest @ ..] if option.as_encoded_bytes().starts_with(b"--invoke=") => {
                (Some(&option.to_str().ok_or_else(is_not_utf8)?["--invoke=".len()..]), rest)
            }
            _ => (None, rest),
        };
        if self.invoke.is_some() && after.is_some() {
            return Err(usage("`--invoke` is given twice"));
        }
        let args = rest.strip_prefix(&[OsString::from("--")]).unwrap_or(rest);
        Ok(Program { file: Path::new(file), invoke: after.or(self.invoke.as_deref()), args })
    }
}

/// Runs the program and gives its exit status.
pub fn run(args: &Args) -> Result<ExitCode> {
    let program = &args.program().unwrap_or_else(|error| error.exit());
    let file = program.file;
    let engine = engine(args)?;
    let loaded = load(&engine, file, args).with_context(|| format!("cannot load {}", file.display()));
    let (module, mut sampler) = loaded?;
    let output = args.profile.iter().flatten().next();
    let profile = output.map(Output::create).transpose()?;
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |wasi| wasi)?;
    wasi::define_missing(&mut linker, &module);
    let mut store = Store::new(&engine, context(program, &args.dir)?);
    let (fuel, timeout) = (args.fuel, args.timeout);
    // A profile is one of the main thread.
    let fuel_of_threads = fuel.or_else(|| args.profile.is_some().then_some(u64::MAX));
    let prepare = move |store: &mut Store<Wasi>| prepare(store, fuel_of_threads, timeout);
    let threads = Threads::new(&module, args.max_threads, prepare, move |error, wasi| end(error, wasi, timeout));
    threads.add_to_linker(&store, &mut linker)?;
    store.data_mut().threads = Some(threads);
    match &sampler {
        Some(_) => store.data_mut().times = Some(Times::default()),
        None => self::prepare(&mut store, fuel, None)?,
    }

    if let Some(timeout) = timeout {
        store.set_epoch_deadline(1);
        interrupt_after(&engine, timeout);
    }
    let result = execute(&mut store, &linker, &module, program, sampler.as_mut());
    // What was written before a trap was written.
    let flushed = store.data_mut().flush();
    match sampler {
        Some(sampler) if let (Some(output), Some(profile)) = (output, profile) => {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            match sampler.write(&store, output, profile, &name) {
                Ok(()) => drop(writeln!(std::io::stderr(), "profile: {}", output.path().display())),
                Err(error) => drop(writeln!(std::io::stderr(), "error: no profile: {error:#}")),
            }
        }
        // Whether or not somebody reads it, the program ends as it would have.
        Some(sampler) => drop(std::io::stderr().write_all(sampler.report(&store, args.profile_top).as_bytes())),
        None => show_pairs(),
    }
    let error = match result {
        Ok(()) => {
            flushed.context("cannot write to standard output")?;
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => error,
    };
    match error.downcast_ref::<pirn::Error>().and_then(|error| status(error, timeout)) {
        Some(status) => Ok(ExitCode::from(status)),
        None => Err(error),
    }
}

/// Gives a store fuel, and a deadline.
fn prepare(store: &mut Store<Wasi>, fuel: Option<u64>, timeout: Option<Duration>) -> pirn::Result<()> {
    if timeout.is_some() {
        store.set_epoch_deadline(1);
    }
    fuel.map_or(Ok(()), |fuel| store.set_fuel(fuel))
}

/// Ends the program because one of its threads has failed, or exits.
fn end(error: &pirn::Error, wasi: &mut Wasi, timeout: Option<Duration>) {
    let status = status(error, timeout).unwrap_or_else(|| {
        eprintln!("error: {error:#}");
        1
    });
    // Nobody is left to whom it could be told that this has failed.
    let _ = wasi.flush();
    std::process::exit(status.into());
}

/// The exit status of a program that ended with an error, which is shown, if it is one of the program.
fn status(error: &pirn::Error, timeout: Option<Duration>) -> Option<u8> {
    if let Some(&ProcExit(code)) = error.downcast_ref() {
        return Some(code as u8);
    }
    if let (Some(timeout), Some(Trap::Interrupt)) = (timeout, error.trap()) {
        eprintln!("trap: {error}: the program has run for {timeout:?}");
        return Some(TIMED_OUT);
    }
    if error.trap().is_some() {
        eprintln!("trap: {error}");
        show_backtrace(error);
        return Some(TRAPPED);
    }
    if error.is::<WasmBacktrace>() {
        eprintln!("error: {error:#}");
        show_backtrace(error);
        return Some(1);
    }
    None
}

/// Where an error happened, if it was in WebAssembly.
fn show_backtrace(error: &pirn::Error) {
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>()
        && !backtrace.frames().is_empty()
    {
        eprintln!("wasm backtrace, the innermost frame first:\n{backtrace}");
    }
}

/// Has the engine's epoch pass in a while, if it is still there.
fn interrupt_after(engine: &Engine, time: Duration) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        std::thread::sleep(time);
        if let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
        }
    });
}

/// A time: a number and a unit, or seconds without one.
fn duration(text: &str) -> Result<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => bail!("a time has the unit ms, s, m or h"),
    };
    let number = f64::from_str(number).context("a time begins with a number")?;
    Duration::try_from_secs_f64(number * seconds).context("the time is too long")
}

/// Which cells followed which, in builds that count it.
fn show_pairs() {
    #[cfg(feature = "profile")]
    for (first, second, count) in pirn_exec::profile::pairs() {
        eprintln!("{count}\t{first}\t{second}");
    }
}

fn engine(args: &Args) -> Result<Engine> {
    let mut config = Config::new();
    config.consume_fuel(args.fuel.is_some() || args.profile.is_some()).epoch_interruption(args.timeout.is_some());
    if args.profile.is_some() {
        // What is lowered before the program begins takes none of its time.
        config.compilation_mode(CompilationMode::Eager);
    }
    Ok(Engine::new(&config)?)
}

/// The module, and what profiles it if that is asked for.
fn load(engine: &Engine, file: &Path, args: &Args) -> Result<(Module, Option<Sampler>)> {
    let Some(profile) = &args.profile else {
        return Ok((Module::from_file(engine, file)?, None));
    };
    let binary = wat::parse_bytes(&std::fs::read(file)?)?.into_owned();
    let module = Module::from_binary(engine, &binary)?;
    let sampler = Sampler::new(&module, binary, args.fuel.unwrap_or(u64::MAX), profile.is_some());
    Ok((module, Some(sampler)))
}

/// What the program sees of the world.
fn context(program: &Program<'_>, dirs: &[String]) -> Result<Wasi> {
    let name = program.file.file_name().unwrap_or_default().to_os_string();
    let mut wasi = Wasi::new([name].iter().chain(program.args).map(|arg| arg.clone().into_encoded_bytes()));
    for dir in dirs {
        let (host, guest) = dir.split_once("::").unwrap_or((dir, dir));
        wasi.preopen(host, guest).with_context(|| format!("cannot open the directory {host}"))?;
    }
    Ok(wasi)
}

fn execute(
    store: &mut Store<Wasi>,
    linker: &Linker<Wasi>,
    module: &Module,
    program: &Program<'_>,
    mut sampler: Option<&mut Sampler>,
) -> Result<()> {
    let instance = match &mut sampler {
        None => linker.instantiate(&mut *store, module)?,
        Some(sampler) => sampler.run(store, |store| linker.instantiate_resumable(store, module))?,
    };
    let mut call = |store: &mut Store<Wasi>, func: Func, params: &[Val]| -> Result<Vec<Val>> {
        if let Some(sampler) = &mut sampler {
            return Ok(sampler.run(store, |store| func.call_resumable(store, params))?);
        }
        let mut results: Vec<_> = func.ty(&*store).results().iter().map(|&ty| Val::default_for(ty)).collect();
        func.call(store, params, &mut results)?;
        Ok(results)
    };
    let Some(name) = program.invoke else {
        let start = func(store, instance, "_start").context("this is no command; --invoke calls a function of it")?;
        ensure!(start.ty(&*store) == pirn::FuncType::new([], []), "`_start` takes parameters or gives results");
        call(store, start, &[])?;
        return Ok(());
    };
    // A library of functions ("reactor") is initialised once before its functions are called.
    if let Ok(initialize) = func(store, instance, "_initialize") {
        call(store, initialize, &[])?;
    }
    let func = func(store, instance, name)?;
    let ty = func.ty(&*store);
    ensure!(
        program.args.len() == ty.params().len(),
        "`{name}` is {ty}: it takes {} parameters, not {}",
        ty.params().len(),
        program.args.len()
    );
    let params = ty.params().iter().zip(program.args).map(|(&ty, arg)| parse(ty, arg)).collect::<Result<Vec<_>>>()?;
    let results = call(store, func, &params)?;
    // The function's own output comes first.
    store.data_mut().flush()?;
    for result in &results {
        println!("{}", show(result));
    }
    Ok(())
}

fn func(store: &mut Store<Wasi>, instance: Instance, name: &str) -> Result<Func> {
    let export = instance.get_export(store, name).with_context(|| format!("no export `{name}`"))?;
    export.into_func().with_context(|| format!("the export `{name}` is no function"))
}

/// A parameter of type `ty` from the command line: integers as decimal or hexadecimal numbers, signed or not; a vector as one
/// number without sign, lane 0 in its lowest digits.
fn parse(ty: ValType, arg: &OsString) -> Result<Val> {
    let text = arg.to_str().ok_or_else(|| anyhow!("an argument is not UTF-8"))?;
    let number = match ty {
        ValType::I32 => integer(text).and_then(|n| {
            let signed = i32::try_from(n).ok();
            signed.or_else(|| u32::try_from(n).ok().map(|n| n as i32)).map(Val::I32)
        }),
        ValType::I64 => integer(text).and_then(|n| {
            let signed = i64::try_from(n).ok();
            signed.or_else(|| u64::try_from(n).ok().map(|n| n as i64)).map(Val::I64)
        }),
        ValType::F32 => f32::from_str(text).ok().map(Val::from),
        ValType::F64 => f64::from_str(text).ok().map(Val::from),
        ValType::V128 => natural(text).map(Val::from),
        ValType::Ref(_) => bail!("parameters of type {ty} cannot be given on the command line"),
    };
    number.with_context(|| format!("`{text}` is no {ty}"))
}

fn integer(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = u64::try_from(natural(digits)?).ok()?;
    Some(sign * i128::from(magnitude))
}

/// A number without sign.
fn natural(text: &str) -> Option<u128> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    // The parser of `u128` would take a sign.
    (!digits.starts_with('+')).then(|| u128::from_str_radix(digits, radix))?.ok()
}

fn show(value: &Val) -> Box<dyn Display> {
    match *value {
        Val::I32(value) => Box::new(value),
        Val::I64(value) => Box::new(value),
        Val::F32(bits) => Box::new(f32::from_bits(bits)),
        Val::F64(bits) => Box::new(f64::from_bits(bits)),
        Val::V128(vector) => Box::new(format!("{:#034x}", vector.as_u128())),
        Val::FuncRef(None) | Val::ExternRef(None) => Box::new("null"),
        Val::FuncRef(Some(_)) => Box::new("funcref"),
        Val::ExternRef(Some(_)) => Box::new("externref"),
    }
}
