//! `pirn run`.

use crate::budget::Budget;
use crate::checkpoint::file::Command;
use crate::checkpoint::{self, Checkpoints, Ended};
use crate::ended::{self, TIMED_OUT};
use crate::features::{self, Feature};
use crate::host::{Grants, Host};
use crate::output::{self, complain, complain_of, harmless};
use crate::profile::{Output, Sampler};
use crate::threads::Threads;
use crate::unsupported::explain;
use crate::values;
use anyhow::{Context, Result, bail, ensure};
use clap::error::ErrorKind;
use pirn::{
    CompilationMode, Config, Engine, Func, FuncType, Instance, LinkError, LinkedGroup, Linker, Module, Resumable,
    Store, StoreLimitsBuilder, Trap, Val, ValType,
};
use pirn_wasi::p1;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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
    #[arg(long, value_name = "TIME", value_parser = values::duration, conflicts_with = "profile")]
    timeout: Option<Duration>,
    /// Let memories grow to SIZE bytes, all together, those of threads too: 65536, 64K, 512M, 2G. Structs, arrays and exceptions may take as
    /// much besides, and at least 1 MiB, in each thread; tables (at most 80 MB in each), stacks (--max-stack), and what is kept of files and
    /// directories that the program opens are not counted
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    max_memory: Option<u64>,
    /// Let calls nest until their frames take SIZE bytes
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    max_stack: Option<u64>,
    /// Lower all functions before the program begins, not each when it is called first
    #[arg(long)]
    eager: bool,
    /// Write the program's state to the file of --checkpoint so often: 5s, 250ms, 2m, 1h. `pirn resume` goes on from there. None
    /// is written while the program starts or is initialised, or waits in a call of the system
    #[arg(long, value_name = "TIME", value_parser = values::duration, requires = "checkpoint",
        conflicts_with_all = ["profile", "timeout"])]
    checkpoint_every: Option<Duration>,
    /// Write it to FILE, in the place of what is there. If nothing can be written there, the program does not begin; if that fails
    /// later, there is a warning, and the program goes on
    #[arg(long, value_name = "FILE", requires = "checkpoint_every")]
    checkpoint: Option<PathBuf>,
    /// End at the first checkpoint, with status 75, when it is written
    #[arg(long, requires = "checkpoint_every")]
    checkpoint_and_exit: bool,
    /// Refuse modules that use FEATURE (may be given several times)
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
    /// Whether some of them look like options, which may have been meant for us.
    has_options: bool,
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
        let told = rest.strip_prefix(&[OsString::from("--")]);
        let args = told.unwrap_or(rest);
        let has_options = told.is_none() && args.iter().any(|arg| arg.as_encoded_bytes().starts_with(b"--"));
        Ok(Program { file: Path::new(file), invoke: after.or(self.invoke.as_deref()), args, has_options })
    }
}

/// Runs the program and gives its exit status.
pub fn run(args: &Args) -> Result<ExitCode> {
    let program = &args.program().unwrap_or_else(|error| error.exit());
    let file = program.file;
    let engine = engine(&args.settings())?;
    // What looks like a mistyped command.
    let is_word = file.extension().is_none() && file.components().count() == 1 && !file.exists();
    let hint = if is_word { " (which is no command either: `pirn help` lists them)" } else { "" };
    let (module, binary) = read(&engine, file, hint, args.profile.is_some())?;
    let output = args.profile.iter().flatten().next();
    let sampler = |binary| Sampler::new(&module, binary, args.fuel.unwrap_or(u64::MAX), output.is_some());
    let mut sampler = binary.map(sampler);
    let profile = output.map(Output::create).transpose()?;
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.wasi)?;
    let name = file.file_name().unwrap_or_default();
    let mut store = Store::new(&engine, args.grants.host(name, program.args, sampler.is_some())?);
    store.data_mut().budget = args.max_memory.map(Budget::new);
    limit(&mut store);
    let (fuel, timeout) = (args.fuel, args.timeout);
    // A profile is one of the main thread.
    let fuel_of_threads = fuel.or_else(|| args.profile.is_some().then_some(u64::MAX));
    let prepare = move |store: &mut Store<Host>| {
        limit(store);
        prepare(store, fuel_of_threads, timeout)
    };
    let threads = Threads::new(&module, args.max_threads, prepare, move |error| end(error, timeout));
    threads.add_to_linker(&store, &mut linker)?;
    if sampler.is_none() {
        self::prepare(&mut store, fuel, None)?;
    }
    let mut checkpoints = checkpoints(args, program, &module)?;

    let ended = Arc::new(AtomicBool::new(false));
    if let Some(timeout) = timeout {
        store.set_epoch_deadline(1);
        interrupt_after(&engine, timeout, Arc::clone(&ended));
    } else {
        store.set_epoch_deadline(u64::MAX);
    }
    let result = execute(&mut store, &linker, &module, args, program, (sampler.as_mut(), checkpoints.as_mut()));
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
    ended::of_call(result, program.invoke.is_some(), timeout)
}

/// What writes checkpoints, if that is asked for.
fn checkpoints(args: &Args, program: &Program<'_>, module: &Module) -> Result<Option<Checkpoints>> {
    let (Some(every), Some(file)) = (args.checkpoint_every, &args.checkpoint) else { return Ok(None) };
    ensure!(!every.is_zero(), "`--checkpoint-every` needs a time that is not 0");
    if let Some(why) = checkpoint::refusal(module) {
        bail!("{}: no checkpoints of it: {why}", program.file.display());
    }
    let mut modules = vec![(std::path::absolute(program.file)?, module.hash())];
    for (_, file) in &args.preload {
        modules.push((std::path::absolute(file)?, read(module.engine(), file, "", false)?.0.hash()));
    }
    let command = Command {
        modules,
        dirs: args.grants.dirs()?,
        prints: program.invoke.is_some(),
        fuel: args.fuel.is_some(),
        max_memory: args.max_memory,
        max_stack: args.max_stack,
        disabled: args.disable.clone(),
        every,
    };
    Ok(Some(Checkpoints::new(file.clone(), command, args.checkpoint_and_exit)?))
}

/// Runs what pauses only when it is out of fuel, to its end.
///
/// # Errors
/// Those of the call; it is out of fuel.
pub fn to_the_end(
    store: &mut Store<Host>,
    begin: impl FnOnce(&mut Store<Host>) -> pirn::Result<Resumable<Vec<Val>>>,
) -> pirn::Result<Vec<Val>> {
    begin(store)?.finished().ok_or_else(|| Trap::OutOfFuel.into())
}

/// Has a store ask for what its memories are to have, if there is a limit.
fn limit(store: &mut Store<Host>) {
    if store.data().budget.is_some() {
        store.limiter(|host| host.budget.as_mut().expect("nobody takes it away"));
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
fn end(error: pirn::Error, timeout: Option<Duration>) -> ! {
    output::exit(ended::status(&error, timeout).unwrap_or(1), move || ended::show(&error, timeout))
}

/// Has the engine's epoch pass in a while, if it is still there. A program that waits for the system then does not notice, so the
/// process ends a little later, unless the program has `ended`.
fn interrupt_after(engine: &Engine, time: Duration, ended: Arc<AtomicBool>) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        std::thread::sleep(time);
        if let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
        }
        std::thread::sleep(GRACE);
        if !ended.load(Ordering::Relaxed) {
            output::exit(TIMED_OUT, move || {
                complain_of("trap", &format_args!("interrupt: the program has run for {time:?}, and waits"));
            })
        }
    });
}

/// Which cells followed which, in builds that count it.
fn show_pairs() {
    #[cfg(feature = "profile")]
    for (first, second, count) in pirn_exec::profile::pairs() {
        complain(format_args!("{count}\t{first}\t{second}"));
    }
}

/// What an engine is asked for.
#[derive(Debug)]
pub struct Settings<'a> {
    fuel: bool,
    epochs: bool,
    eager: bool,
    max_stack: Option<u64>,
    max_memory: Option<u64>,
    disabled: &'a [Feature],
}

impl<'a> Settings<'a> {
    /// As for the program of a checkpoint.
    pub fn of(command: &'a Command) -> Self {
        let Command { fuel, max_stack, max_memory, ref disabled, .. } = *command;
        // Also where no more are written: it may stand where only code stops that asks for the epoch.
        Self { fuel, epochs: true, eager: false, max_stack, max_memory, disabled }
    }
}

impl Args {
    fn settings(&self) -> Settings<'_> {
        let profiles = self.profile.is_some();
        Settings {
            fuel: self.fuel.is_some() || profiles,
            epochs: self.timeout.is_some() || self.checkpoint_every.is_some(),
            // What is lowered before the program begins takes none of its time.
            eager: self.eager || profiles,
            max_stack: self.max_stack,
            max_memory: self.max_memory,
            disabled: &self.disable,
        }
    }
}

/// An engine.
///
/// # Errors
/// Of [`Engine::new`].
pub fn engine(settings: &Settings<'_>) -> Result<Engine> {
    let mut config = Config::new();
    config.consume_fuel(settings.fuel).epoch_interruption(settings.epochs);
    if settings.eager {
        config.compilation_mode(CompilationMode::Eager);
    }
    if let Some(bytes) = settings.max_stack {
        config.max_wasm_stack(usize::try_from(bytes).context("the stack is too large")?);
    }
    if let Some(bytes) = settings.max_memory {
        let one = usize::try_from(bytes).unwrap_or(usize::MAX);
        config.limits(
            StoreLimitsBuilder::new().memory_size(one).total_memory_size(bytes).gc_heap(bytes.max(LEAST_HEAP)).build(),
        );
    }
    features::disable(&mut config, settings.disabled);
    Ok(Engine::new(&config)?)
}

/// The heap grows by so much: with less there are no objects.
const LEAST_HEAP: u64 = 1 << 20;

/// A name and a file.
fn preload(text: &str) -> Result<(String, PathBuf)> {
    let (name, file) = text.split_once('=').context("it is NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
}

/// The module in a file, and its binary, which profiles need, if it is `profiled`.
///
/// # Errors
/// It cannot be loaded; `hint` says more about that.
fn read(engine: &Engine, file: &Path, hint: &str, profiled: bool) -> Result<(Module, Option<Vec<u8>>)> {
    let cannot = || format!("cannot load {}{hint}", file.display());
    let read = || {
        if !profiled {
            return Ok((Module::from_file(engine, file)?, None));
        }
        let binary = wat::parse_bytes(&std::fs::read(file)?)?.into_owned();
        Ok((Module::from_binary(engine, &binary)?, Some(binary)))
    };
    read().map_err(explain).with_context(cannot)
}

/// The instance of the program, and those that it imports from. One of WASI libraries ("reactor") is initialised before anything
/// of it is called.
fn instantiate(
    store: &mut Store<Host>,
    linker: &Linker<Host>,
    module: &Module,
    args: &Args,
    mut sampler: Option<&mut Sampler>,
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
        let (loaded, binary) = read(module.engine(), file, "", sampler.is_some())?;
        group.module(name, &loaded)?;
        if let (Some(sampler), Some(binary)) = (&mut sampler, binary) {
            sampler.add(name, &loaded, binary);
        }
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

/// Says, if a module is missing, how to give it.
fn name_what_is_missing(error: anyhow::Error) -> anyhow::Error {
    let link_error = error.downcast_ref::<pirn::Error>().and_then(|error| error.downcast_ref());
    let Some(LinkError::UnknownImport { import, module_exists: false, .. }) = link_error else {
        return error;
    };
    let name = import.module.clone();
    error.context(format!("nothing is named `{name}`; `--preload {name}=FILE` gives a module that name"))
}

fn execute(
    store: &mut Store<Host>,
    linker: &Linker<Host>,
    module: &Module,
    args: &Args,
    program: &Program<'_>,
    (mut sampler, checkpoints): (Option<&mut Sampler>, Option<&mut Checkpoints>),
) -> Result<Ended> {
    let (instance, others) =
        instantiate(store, linker, module, args, sampler.as_deref_mut()).map_err(name_what_is_missing)?;
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
    let (func, params) = match program.invoke {
        None => {
            // Whoever writes options behind FILE gives them to the program.
            let hint = if program.has_options {
                " (what follows FILE goes to the program: options stand before it)"
            } else {
                ""
            };
            let start = func(store, instance, "_start").with_context(|| {
                format!("it has no function `_start`, so it is no WASI command; --invoke calls another one{hint}")
            })?;
            ensure!(
                start.ty(&*store).is_written_as(&FuncType::new([], [])),
                "`_start` takes parameters or gives results"
            );
            (start, Vec::new())
        }
        Some(name) => {
            // Once, even if that is what is asked for.
            if name != INITIALIZE
                && let Ok(initialize) = func(store, instance, INITIALIZE)
            {
                call(store, initialize, &[])?;
            }
            let func = func(store, instance, name)?;
            let params = params(&func.ty(&*store), name, program.args)?;
            (func, params)
        }
    };
    // Checkpoints are of the last call alone: behind the others there would be more to do.
    match checkpoints {
        Some(checkpoints) => Ok(checkpoints.run(store, |store| func.call_resumable(store, &params))?),
        None => call(store, func, &params).map(Ended::Returned),
    }
}

/// Parameters for a function of this type.
fn params(ty: &FuncType, name: &str, args: &[OsString]) -> Result<Vec<Val>> {
    ensure!(
        args.len() == ty.params().len(),
        "`{name}` is {ty}: it takes {} parameter{}, not {}",
        ty.params().len(),
        if ty.params().len() == 1 { "" } else { "s" },
        args.len()
    );
    let value = |(index, (&ty, arg)): (usize, (&ValType, &OsString))| {
        values::parse(ty, arg).with_context(|| format!("parameter {} of `{name}`", index + 1))
    };
    ty.params().iter().zip(args).enumerate().map(value).collect()
}

fn func(store: &mut Store<Host>, instance: Instance, name: &str) -> Result<Func> {
    let export = instance.get_export(&*store, name);
    let export =
        export.with_context(|| format!("no export `{name}`: {}", instance.module(&*store).exports_like(name)))?;
    export.into_func().with_context(|| format!("the export `{name}` is no function"))
}
