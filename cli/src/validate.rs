//! `pirn validate`.

use crate::features::{self, Feature};
use crate::output::{complain_of, print};
use crate::unsupported::explain;
use anyhow::Result;
use pirn::{Config, Engine, Module};
use std::path::PathBuf;
use std::process::ExitCode;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Refuse modules that use FEATURE
    #[arg(long, value_name = "FEATURE", value_enum)]
    disable: Vec<Feature>,
    /// Modules, binary or text
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Says of each module in a line whether it is valid.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut config = Config::new();
    features::disable(&mut config, &args.disable);
    let engine = Engine::new(&config)?;
    let mut status = ExitCode::SUCCESS;
    for file in &args.files {
        let read = std::fs::read(file).map_err(anyhow::Error::from);
        match read.and_then(|bytes| Ok(Module::new(&engine, bytes)?)).map_err(explain) {
            Ok(_) => print(format_args!("{}: valid\n", file.display()))?,
            Err(error) => {
                // One line: what the text format's parser says has several.
                let message = format!("{error:#}");
                let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
                complain_of("error", &format_args!("{}: {message}", file.display()));
                status = ExitCode::FAILURE;
            }
        }
    }
    Ok(status)
}
