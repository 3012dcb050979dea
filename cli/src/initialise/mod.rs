//! `pirn snapshot`: modules that are initialised already, as wizer makes them.
//!
//! The module is instantiated with more exports than it has, by which everything can be looked at: each of its functions, tables,
//! memories and globals. Its initialisation function is called. Then the module is written once more, with what is there in the place of
//! what it began with.
//!
//! - `probe`: the instance, and what is in it, which is a `state`.
//! - `scan`: which segments and functions the code refers to.
//! - `write`: the module that begins so.

mod probe;
mod scan;
mod state;
mod write;

use crate::ended;
use crate::host::{Grants, Host};
use crate::output::complain_of;
use crate::unsupported::explain;
use anyhow::{Context, Result, bail, ensure};
use pirn::{Engine, FuncType, Linker, Module, Store};
use pirn_wasi::p1;
use probe::Probe;
use std::path::PathBuf;
use std::process::ExitCode;

/// What initialisation functions are called, unless it is said: as in wizer, and in its newer versions.
const NAMES: [&str; 2] = ["wizer.initialize", "wizer-initialize"];
/// The function that initialises an instance of a library.
const INITIALIZE: &str = "_initialize";

/// Its arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    grants: Grants,
    /// The exported function that initialises the module; without, `wizer.initialize` or `wizer-initialize`
    #[arg(long, value_name = "NAME", visible_alias = "init-func")]
    invoke: Option<String>,
    /// Leave the function among the exports
    #[arg(long)]
    keep_init_func: bool,
    /// Export what is exported as SRC under the name DST alone, in the place of what has that name: `-r _start=wizer.resume`
    #[arg(short = 'r', long, value_name = "DST=SRC", value_parser = rename, visible_alias = "func-rename")]
    rename_func: Vec<(String, String)>,
    /// Let it call WASI's functions meanwhile: it has standard streams, and what --dir and --env give. What it opens is not open any
    /// more when the module that is written begins, and what it was told stays as it was
    #[arg(long)]
    allow_wasi: bool,
    /// Write the module to FILE
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// A module, binary or text
    file: PathBuf,
}

/// Two names.
fn rename(text: &str) -> Result<(String, String)> {
    let (to, from) = text.split_once('=').context("it is DST=SRC")?;
    Ok((to.into(), from.into()))
}

/// Writes the module.
pub fn run(args: &Args) -> Result<ExitCode> {
    let file = &args.file;
    let cannot = || format!("cannot initialise {}", file.display());
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let bytes = wat::parse_bytes(&bytes).with_context(|| format!("cannot load {}", file.display()))?;
    let engine = Engine::default();
    let module = Module::from_binary(&engine, &bytes)
        .map_err(|error| explain(error.into()))
        .with_context(|| format!("cannot load {}", file.display()))?;
    let name = initialiser(args, &module).with_context(cannot)?;
    let source = write::Source::new(&bytes).with_context(cannot)?;
    let mut store = Store::new(&engine, args.grants.host(file.as_os_str(), &[], false)?);
    let probe = match instantiate(&mut store, &module, &source, name, args.allow_wasi) {
        Ok(probe) => probe,
        Err(error) => {
            // Where it happened is said as of programs that are run.
            if let Some(status) = error.downcast_ref::<pirn::Error>().and_then(|error| ended::shown(error, None)) {
                complain_of("error", &format_args!("{}: `{name}` ended with status {status}", cannot()));
                return Ok(ExitCode::FAILURE);
            }
            return Err(error.context(cannot()));
        }
    };
    let is_removed = |export: &str| !args.keep_init_func && (export == name || export == INITIALIZE);
    let state = probe.state(&store).with_context(cannot)?;
    let written = source.write(&state, &is_removed, &args.rename_func).with_context(cannot)?;
    Module::from_binary(&engine, &written).context("the module that was made is not valid, which is a bug of pirn")?;
    std::fs::write(&args.output, written).with_context(|| format!("cannot write {}", args.output.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The name of the function that initialises the module.
fn initialiser<'a>(args: &'a Args, module: &Module) -> Result<&'a str> {
    let export = |name: &str| module.exports().find(|export| export.name() == name).map(|export| export.ty());
    let name = match &args.invoke {
        Some(name) => name,
        None => NAMES
            .into_iter()
            .find(|name| export(name).is_some())
            .with_context(|| format!("no export `{}`; --invoke says which function initialises it", NAMES[0]))?,
    };
    match export(name) {
        Some(pirn::ExternType::Func(ty)) if ty.is_written_as(&FuncType::new([], [])) => Ok(name),
        Some(ty) => bail!("the export `{name}` is {ty}: what initialises takes no parameters and gives no results"),
        None => bail!("no export `{name}`: {}", module.exports_like(name)),
    }
}

/// An instance that was initialised.
fn instantiate(
    store: &mut Store<Host>,
    module: &Module,
    source: &write::Source<'_>,
    name: &str,
    allow_wasi: bool,
) -> Result<Probe> {
    let mut linker = Linker::new(store.engine());
    if allow_wasi {
        p1::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.wasi)?;
    }
    for import in module.imports() {
        let (from, name) = (import.module().to_owned(), import.name().to_owned());
        let pirn::ExternType::Func(ty) = import.ty() else {
            bail!("it imports `{from}::{name}`, {}: only functions can be imported", import.ty());
        };
        if linker.get(&mut *store, &from, &name).is_some() {
            continue;
        }
        let wasi = if from.starts_with("wasi") && !allow_wasi { "; --allow-wasi lets it call WASI" } else { "" };
        let text = format!("the imported function `{from}::{name}` was called, which is not there{wasi}");
        linker.func_new(&from, &name, ty, move |_, _, _| Err(pirn::Error::msg(text.clone())))?;
    }
    let probe = Probe::new(store, &linker, source)?;
    // Once, even if that is what is asked for.
    let first = (name != INITIALIZE).then_some(INITIALIZE);
    for name in first.into_iter().chain([name]) {
        if let Some(func) = probe.instance.get_func(&mut *store, name) {
            ensure!(
                func.ty(&*store).is_written_as(&FuncType::new([], [])),
                "`{name}` takes parameters or gives results"
            );
            func.call(&mut *store, &[], &mut [])?;
        }
    }
    Ok(probe)
}
