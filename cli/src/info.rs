//! `pirn info`.

use crate::features::{self, Feature};
use crate::output::print;
use crate::unsupported::explain;
use anyhow::{Context, Result};
use pirn::{Config, Engine, Module};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A module, binary or text
    file: PathBuf,
}

/// Says what a module is made of, what it asks for and gives, and which proposals it uses.
pub fn run(args: &Args) -> Result<ExitCode> {
    let file = &args.file;
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let bytes = wat::parse_bytes(&bytes).with_context(|| format!("cannot load {}", file.display()))?;
    let engine = Engine::default();
    let module = Module::new(&engine, &bytes)
        .map_err(|error| explain(error.into()))
        .with_context(|| format!("cannot load {}", file.display()))?;
    let inside = pirn_decode::Module::new(&*bytes)?;

    let funcs = inside.own_funcs().count();
    let plural = if funcs == 1 { "" } else { "s" };
    let mut text = format!("{}: {} bytes, {funcs} function{plural}", file.display(), bytes.len());
    let needed: Vec<_> = Feature::ALL.iter().filter(|&&feature| needs(&bytes, feature)).map(|it| it.name()).collect();
    let needed = if needed.is_empty() { "none".to_owned() } else { needed.join(", ") };
    write!(text, "\nfeatures: {needed}\n")?;
    writeln!(text, "imports: {}", module.imports().count())?;
    for import in module.imports() {
        writeln!(text, "  {}::{}: {}", import.module(), import.name(), import.ty())?;
    }
    writeln!(text, "exports: {}", module.exports().count())?;
    for export in module.exports() {
        writeln!(text, "  {}: {}", export.name(), export.ty())?;
    }
    print(format_args!("{text}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a module that is valid is not without a proposal.
fn needs(bytes: &[u8], feature: Feature) -> bool {
    let mut config = Config::new();
    features::disable(&mut config, &[feature]);
    Engine::new(&config).is_ok_and(|engine| Module::new(&engine, bytes).is_err())
}
