//! `pirn run`.

use crate::features::{self, Feature};
use crate::host::{Grants, Host};
use crate::output::{complain, complain_of, harmless, print};
use crate::profile::{Output, Sampler};
use crate::threads::Threads;
use crate::unsupported::explain;
use crate::values;
use anyhow::{Context, Result, bail, ensure};
use clap::error::ErrorKind;
use pirn::{
    CompilationMode, Config, Engine, Func, Instance, LinkedGroup, Linker, Module, Store, StoreLimitsBuilder, Trap, Val,
    WasmBacktrace,
};
use pirn_wasi::p1;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Exit status of a program that trapped.
const TRAPPED: u8 = 134;
/// Exit status of a program that took too long; that of timeout(1).
const TIMED_OUT: u8 = 124;
/// The function that initialises an instance of a library.
const INITIALIZE: &str = "_initialize";
/// How long a program may take to notice that its time is over.
const GRACE: Duration = Duration::from_secs(1);

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "pirn run [OPTIONS] FILE [--invoke NAME] [--] [ARGS]...",
    after_long_help = values::HELP
)]
pub struct Args {
    #[command(flatten)]
    grants: Grants,
    /// Instantiate the module FILE under NAME too, for the program to import from; several may import from each other, in circles
    /// too
    #[arg(long, value_name = "NAME=FILE", value_parser = preload)]
    preload: Vec<(String, PathBuf)>,
    /// Trap when N units of fuel are used up, about one an operator; each thread has N of its own, and what waits uses none: see --timeout and --max-threads. Without, a program may run forever
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// End the program when it has run for so long: 5s, 250ms, 2m, 1h
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "profile")]
    timeout: Option<Duration>,
    /// Let memories grow to SIZE bytes, all together: 65536, 64K, 512M, 2G
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    max_memory: Option<u64>,
    /// Let calls nest until their frames take SIZE bytes
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    max_stack: Option<u64>,
    /// Lower all functions before the program begins, not each when it is called first
    #[arg(long)]
    eager: bool,
    /// Refuse modules that use FEATURE
    #[arg(long, value_name = "FEATURE", value_enum)]
    disable: Vec<Feature>,
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
    let loaded = load(&engine, file, args).map_err(explain).with_context(|| format!("cannot load {}", file.display()));
    let (module, mut sampler) = loaded?;
    let output = args.profile.iter().flatten().next();
    let profile = output.map(Output::create).transpose()?;
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.wasi)?;
    let name = file.file_name().unwrap_or_default();
    let mut store = Store::new(&engine, args.grants.host(name, program.args, sampler.is_some())?);
    let (fuel, timeout) = (args.fuel, args.timeout);
    // A profile is one of the main thread.
    let fuel_of_threads = fuel.or_else(|| args.profile.is_some().then_some(u64::MAX));
    let prepare = move |store: &mut Store<Host>| prepare(store, fuel_of_threads, timeout);
    let threads = Threads::new(&module, args.max_threads, prepare, move |error| end(error, timeout));
    threads.add_to_linker(&store, &mut linker)?;
    if sampler.is_none() {
        self::prepare(&mut store, fuel, None)?;
    }

    let ended = Arc::new(AtomicBool::new(false));
    if let Some(timeout) = timeout {
        store.set_epoch_deadline(1);
        interrupt_after(&engine, timeout, Arc::clone(&ended));
    }
    let result = execute(&mut store, &linker, &module, args, program, sampler.as_mut());
    ended.store(true, Ordering::Relaxed);
    match sampler {
        Some(sampler) if let (Some(output), Some(profile)) = (output, profile) => {
            match sampler.write(&store, output, profile, &name.to_string_lossy()) {
                Ok(()) => complain(format_args!("profile: {}", output.path().display())),
                Err(error) => complain_of("error", &format_args!("no profile: {error:#}")),
            }
        }
        // Whether or not somebody reads it, the program ends as it would have.
        Some(sampler) => {
            drop(std::io::stderr().write_all(harmless(&sampler.report(&store, args.profile_top)).as_bytes()))
        }
        None => show_pairs(),
    }
    let Err(error) = result else { return Ok(ExitCode::SUCCESS) };
    match error.downcast_ref::<pirn::Error>().and_then(|error| status(error, timeout)) {
        Some(status) => Ok(ExitCode::from(status)),
        None => Err(error),
    }
}

/// Gives a store fuel, and a deadline.
fn prepare(store: &mut Store<Host>, fuel: Option<u64>, timeout: Option<Duration>) -> pirn::Result<()> {
    if timeout.is_some() {
        store.set_epoch_deadline(1);
    }
    fuel.map_or(Ok(()), |fuel| store.set_fuel(fuel))
}

/// Ends the program because one of its threads has failed, or exits.
fn end(error: &pirn::Error, timeout: Option<Duration>) {
    let status = status(error, timeout).unwrap_or_else(|| {
        complain_of("error", &format_args!("{error:#}"));
        1
    });
    std::process::exit(status.into());
}

/// The exit status of a program that ended with an error, which is shown, if it is one of the program.
fn status(error: &pirn::Error, timeout: Option<Duration>) -> Option<u8> {
    if let Some(status) = error.i32_exit_status() {
        // What systems keep of it.
        return Some(status as u8);
    }
    if let (Some(timeout), Some(Trap::Interrupt)) = (timeout, error.trap()) {
        complain_of("trap", &format_args!("{error}: the program has run for {timeout:?}"));
        return Some(TIMED_OUT);
    }
    if error.trap().is_some() {
        complain_of("trap", error);
        show_backtrace(error);
        return Some(TRAPPED);
    }
    if error.is::<WasmBacktrace>() {
        complain_of("error", &format_args!("{error:#}"));
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
        complain(format_args!("wasm backtrace, the innermost frame first:\n{}", backtrace.to_string().trim_end()));
    }
}

/// Has the engine's epoch pass in a while, if it is still there. A program that waits for the system then does not notice, so the
/// process ends a little later.
fn interrupt_after(engine: &Engine, time: Duration, ended: Arc<AtomicBool>) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        std::thread::sleep(time);
        if let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
        }
        std::thread::sleep(GRACE);
        if !ended.load(Ordering::Relaxed) {
            complain_of("trap", &format_args!("interrupt: the program has run for {time:?}, and waits"));
            std::process::exit(TIMED_OUT.into());
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
        complain(format_args!("{count}\t{first}\t{second}"));
    }
}

fn engine(args: &Args) -> Result<Engine> {
    let mut config = Config::new();
    config.consume_fuel(args.fuel.is_some() || args.profile.is_some()).epoch_interruption(args.timeout.is_some());
    if args.profile.is_some() || args.eager {
        // What is lowered before the program begins takes none of its time.
        config.compilation_mode(CompilationMode::Eager);
    }
    if let Some(bytes) = args.max_stack {
        config.max_wasm_stack(usize::try_from(bytes).context("the stack is too large")?);
    }
    if let Some(bytes) = args.max_memory {
        let one = usize::try_from(bytes).unwrap_or(usize::MAX);
        config.limits(StoreLimitsBuilder::new().memory_size(one).total_memory_size(bytes).build());
    }
    features::disable(&mut config, &args.disable);
    Ok(Engine::new(&config)?)
}

/// A name and a file.
fn preload(text: &str) -> Result<(String, PathBuf)> {
    let (name, file) = text.split_once('=').context("it is NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
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

/// The instance of the program, and those that it imports from. One of WASI libraries ("reactor") is initialised before anything
/// of it is called.
fn instantiate(
    store: &mut Store<Host>,
    linker: &Linker<Host>,
    module: &Module,
    args: &Args,
    sampler: Option<&mut Sampler>,
) -> Result<(Instance, Vec<Instance>)> {
    if args.preload.is_empty() {
        let instance = match sampler {
            None => linker.instantiate(&mut *store, module)?,
            Some(sampler) => sampler.run(store, |store| linker.instantiate_resumable(store, module))?,
        };
        return Ok((instance, Vec::new()));
    }
    let threads = module.imports().any(|import| (import.module(), import.name()) == ("wasi", "thread-spawn"));
    ensure!(!threads, "a program with threads cannot have `--preload`: each thread would have instances of its own");
    let mut group = linker.group();
    for (name, file) in &args.preload {
        ensure!(!name.is_empty(), "`--preload` needs a NAME before the `=`");
        let loaded = Module::from_file(module.engine(), file).map_err(|error| explain(error.into()));
        let loaded = loaded.with_context(|| format!("cannot load {}", file.display()))?;
        group.module(name, &loaded)?;
    }
    // No import can be of it, but for one without a name of its module.
    group.module("", module)?;
    let instances: LinkedGroup = match sampler {
        None => group.instantiate(&mut *store)?,
        Some(sampler) => sampler.run(store, |store| group.instantiate_resumable(store))?,
    };
    let others = instances.iter().filter(|(name, _)| !name.is_empty()).map(|(_, instance)| instance).collect();
    Ok((instances.get("").expect("it was added"), others))
}

fn execute(
    store: &mut Store<Host>,
    linker: &Linker<Host>,
    module: &Module,
    args: &Args,
    program: &Program<'_>,
    mut sampler: Option<&mut Sampler>,
) -> Result<()> {
    let (instance, others) = instantiate(store, linker, module, args, sampler.as_deref_mut())?;
    let mut call = |store: &mut Store<Host>, func: Func, params: &[Val]| -> Result<Vec<Val>> {
        if let Some(sampler) = &mut sampler {
            return Ok(sampler.run(store, |store| func.call_resumable(store, params))?);
        }
        let mut results: Vec<_> = func.ty(&*store).results().iter().map(|&ty| Val::default_for(ty)).collect();
        func.call(store, params, &mut results)?;
        Ok(results)
    };
    for other in others {
        if let Ok(initialize) = func(store, other, INITIALIZE) {
            call(store, initialize, &[])?;
        }
    }
    let Some(name) = program.invoke else {
        let start = func(store, instance, "_start").context("this is no command; --invoke calls a function of it")?;
        ensure!(start.ty(&*store) == pirn::FuncType::new([], []), "`_start` takes parameters or gives results");
        call(store, start, &[])?;
        return Ok(());
    };
    // Once, even if that is what is asked for.
    if name != INITIALIZE
        && let Ok(initialize) = func(store, instance, INITIALIZE)
    {
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
    let params =
        ty.params().iter().zip(program.args).map(|(&ty, arg)| values::parse(ty, arg)).collect::<Result<Vec<_>>>()?;
    let results = call(store, func, &params)?;
    let lines: String = results.iter().map(|result| format!("{}\n", values::show(result))).collect();
    print(format_args!("{lines}"))
}

fn func(store: &mut Store<Host>, instance: Instance, name: &str) -> Result<Func> {
    let export = instance.get_export(store, name).with_context(|| format!("no export `{name}`"))?;
    export.into_func().with_context(|| format!("the export `{name}` is no function"))
}
