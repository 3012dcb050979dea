//! The command line of pirn: runs WebAssembly programs and spec scripts.
//!
//! | exit status | of `pirn run` |
//! |---|---|
//! | the program's | it called `proc_exit` |
//! | 0 | it returned |
//! | 134 | it trapped (128 + SIGABRT, what shells show of a program that aborts) |
//! | 1 | it could not be run: not a module, an import missing, no such export... |
//! | 2 | the command line makes no sense |
//!
//! `pirn wast` exits with 0 if nothing failed, else with 1.

#![forbid(unsafe_code)]

mod dump;
mod profile;
mod run;
mod wasi;
mod wast;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Runs WebAssembly.
#[derive(Debug, Parser)]
#[command(name = "pirn", version, max_term_width = 120)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a WASI preview 1 command, or one function of a module
    #[command(after_help = "Exit status: the program's own; 134 if it trapped; 1 if it could not be run.")]
    Run(run::Args),
    /// Show the threaded code of a module's functions, a line for each cell
    #[command(
        after_help = "Each line: offset of the cell, @ offset of the operator in the binary, what the cell does. \
                            s5 is slot 5 of the frame, r0 and v0 are the accumulators, #1 is a constant."
    )]
    Dump(dump::Args),
    /// Run spec scripts
    #[command(after_help = "Exit status: 1 if anything failed.")]
    Wast(wast::Args),
}

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Dump(args) => dump::run(&args),
        Command::Wast(args) => wast::run(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
