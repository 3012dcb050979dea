//! `pirn wast`.

use crate::output::print;
use anyhow::{Context, Result};
use pirn_wast::Options;
use std::path::PathBuf;
use std::process::ExitCode;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scripts
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Runs every script, and prints each failure, the counts of each file, and the total.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (mut passed, mut failed) = (0, 0);
    for file in &args.files {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let report = pirn_wast::run(&file.display().to_string(), &text, &Options::default());
        print(format_args!("{report}\n"))?;
        passed += report.passed;
        failed += report.failed.len();
    }
    print(format_args!("total: {passed} passed, {failed} failed\n"))?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
