//! The command line of pirn: runs WebAssembly programs and spec scripts, and says what modules are.
//!
//! | exit status | of `pirn run` |
//! |---|---|
//! | the program's | it called `proc_exit` |
//! | 0 | it returned |
//! | 134 | it trapped, or threw an exception that nobody caught (128 + SIGABRT, what shells show of a program that aborts) |
//! | 124 | its time was over (what timeout(1) gives) |
//! | 75 | it was to end at a checkpoint, which was written (EX_TEMPFAIL of sysexits.h) |
//! | 1 | it could not be run: not a module, an import missing, no such export, wrong parameters... |
//! | 2 | options are not understood |
//!
//! The others exit with 0 if nothing failed, else with 1. Nobody reading standard output any more is a failure, about which nothing
//! is said.
//!
//! `echo ':wasm:M::\x00asm\x01\x00\x00\x00::/usr/local/bin/pirn:' > /proc/sys/fs/binfmt_misc/register` (as root) has Linux run
//! modules by themselves: `./program.wasm ARGS`.

#![forbid(unsafe_code)]

mod budget;
mod checkpoint;
mod dump;
mod ended;
mod features;
mod host;
mod info;
mod initialise;
mod output;
mod profile;
mod resume;
mod run;
mod threads;
mod times;
mod unsupported;
mod validate;
mod values;
mod wast;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs WebAssembly. `pirn FILE` is `pirn run FILE`.
#[derive(Debug, Parser)]
#[command(name = "pirn", version, max_term_width = 120)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a WASI preview 1 command, or one function of a module
    #[command(
        after_help = values::EXIT_STATUS
    )]
    Run(Box<run::Args>),
    /// Go on with a program from a checkpoint that `pirn run --checkpoint` wrote
    #[command(after_help = "Exit status: as of `pirn run`. A checkpoint says which directories the program is given: \
                            resume your own ones only, or say with --dir what it is given.")]
    Resume(resume::Args),
    /// Write a module that begins as another one is after a function of it was called
    #[command(after_help = "Exit status: 1 if the function fails, or the state cannot be in a module.")]
    Snapshot(initialise::Args),
    /// Say of modules whether they are valid, in a line each
    #[command(after_help = "Exit status: 1 if one is not.")]
    Validate(validate::Args),
    /// Show what a module imports and exports, how large it is, and which features it needs
    Info(info::Args),
    /// Show the threaded code of a module's functions, a line for each cell
    #[command(
        after_help = "Each line: offset of the cell, @ offset of the operator in the binary, what the cell does. \
                            s5 is slot 5 of the frame, r0 and v0 are the accumulators, #1 is a constant. Below them, which scope of \
                            handlers is the innermost around the calls that end there, and where each scope leads."
    )]
    Dump(dump::Args),
    /// Run spec scripts
    #[command(after_help = "Exit status: 1 if anything failed.")]
    Wast(wast::Args),
    /// Print what makes a shell complete pirn's arguments
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page: `pirn man run | man -l -`
    Man {
        /// The command that it is about; pirn as a whole if left out
        command: Option<String>,
    },
}

/// The command line, with `run` where there is none of the others.
fn args() -> Vec<OsString> {
    let mut args: Vec<_> = std::env::args_os().collect();
    let known = |arg: &OsString| {
        let ours = ["help", "-h", "--help", "-V", "--version"];
        ours.iter().any(|name| arg == name)
            || Args::command().get_subcommands().any(|command| arg == command.get_name())
    };
    if args.get(1).is_some_and(|arg| !known(arg)) {
        args.insert(1, "run".into());
    }
    args
}

/// Prints what another crate writes.
fn print(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    write(&mut text).context("cannot make it")?;
    output::print(format_args!("{}", String::from_utf8_lossy(&text)))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the manual page of a command.
fn man(name: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut command = Args::command();
    command.build();
    if let Some(name) = name {
        let sub = command.get_subcommands().find(|sub| sub.get_name() == name);
        let sub = sub.with_context(|| format!("there is no command `{name}`"))?;
        command = sub.clone();
    }
    print(|text| clap_mangen::Man::new(command).render(text))
}

fn main() -> ExitCode {
    let status = output::status(match Args::parse_from(args()).command {
        Command::Run(args) => run::run(&args),
        Command::Resume(args) => resume::run(&args),
        Command::Snapshot(args) => initialise::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Dump(args) => dump::run(&args),
        Command::Wast(args) => wast::run(&args),
        Command::Completions { shell } => print(|text| {
            clap_complete::generate(shell, &mut Args::command(), "pirn", text);
            Ok(())
        }),
        Command::Man { command } => man(command.as_deref()),
    });
    // A thread of the program may have failed first, and be about to say so.
    output::begin_to_end();
    status
}
