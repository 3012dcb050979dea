//! What the command line asks of the driver; its words are in `main.rs`.

use pirn_oracle::{Authority, Kind};
use std::path::PathBuf;
use std::time::Duration;

/// What [`pirn_decode::checker`] is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Nothing.
    No,
    /// Whether code is right, before it runs.
    First,
    /// The same, and nothing runs.
    Only,
}

#[derive(Debug, Clone)]
pub struct Options {
    pub seeds: std::ops::Range<u64>,
    pub kinds: Vec<Kind>,
    pub jobs: usize,
    pub out: PathBuf,
    pub max_failures: u64,
    pub authority: Authority,
    /// Whether programs that show a mismatch are made smaller.
    pub shrink: bool,
    /// Report the handlers that are not in the seeds' code.
    pub lowered: bool,
    /// Report the handlers that nobody executed of those who wrote here.
    pub coverage: Option<PathBuf>,
    /// Whether the seeds' code is checked before it runs, and whether it runs.
    pub check: Check,
    /// Write the modules here, and do nothing else.
    pub corpus: Option<PathBuf>,
    /// Begin no batch after this.
    pub time: Option<Duration>,
    /// Run here, and write each seed to this file.
    pub worker: Option<PathBuf>,
    /// Leave pirn out: the process that asks wants to know whether the oracle survives.
    pub oracle_alone: bool,
    /// Show the one seed.
    pub verbose: bool,
    /// Modules to run in place of generated ones.
    pub wasm: Vec<PathBuf>,
}

/// Those of the command line.
///
/// # Errors
/// What is wrong with them.
pub fn read() -> Result<Options, String> {
    let mut options = Options {
        seeds: 0..1_000,
        kinds: Kind::ALL.into_iter().filter(|&kind| kind != Kind::Naive).collect(),
        jobs: 2,
        out: "oracle-failures".into(),
        max_failures: 20,
        authority: Authority::default(),
        shrink: true,
        coverage: None,
        lowered: false,
        check: Check::First,
        corpus: None,
        time: None,
        worker: None,
        oracle_alone: false,
        verbose: false,
        wasm: Vec::new(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--help" || arg == "-h" {
            return Err("options are listed at the beginning of oracle/src/main.rs".into());
        }
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        let number = |text: &str| text.replace('_', "").parse::<u64>().map_err(|error| format!("{text}: {error}"));
        match arg.as_str() {
            "--seeds" => {
                let (from, to) = value.split_once("..").ok_or("--seeds A..B")?;
                options.seeds = number(from)?..number(to)?;
            }
            "--fresh" => {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                let first = now.map_err(|error| error.to_string())?.as_secs() * 1_000;
                options.seeds = first..first + number(&value)?;
            }
            "--seed" => {
                options.seeds = number(&value)?..number(&value)? + 1;
                options.verbose = true;
            }
            "--kind" if value == "all" => {}
            "--kind" => {
                let kind = Kind::ALL.into_iter().find(|kind| kind.name() == value);
                let names = || format!("--kind {}|all", Kind::ALL.map(Kind::name).join("|"));
                options.kinds = vec![kind.ok_or_else(names)?];
            }
            "--check" => {
                options.check = match value.as_str() {
                    "yes" => Check::First,
                    "no" => Check::No,
                    "only" => Check::Only,
                    _ => return Err("--check yes|no|only".into()),
                }
            }
            "--lowered" => options.lowered = value == "yes",
            "--no-shrink" => options.shrink = value != "yes",
            "--corpus" => options.corpus = Some(value.into()),
            "--coverage" => options.coverage = Some(value.into()),
            "--oracle" => {
                let authority = Authority::ALL.iter().find(|authority| authority.name() == value);
                options.authority =
                    *authority.ok_or("--oracle wasmi|pirn, or wasmtime with the feature of that name")?;
            }
            "--seconds" => options.time = Some(Duration::from_secs(number(&value)?)),
            "--wasm" => options.wasm.push(value.into()),
            "--jobs" => options.jobs = number(&value)?.max(1) as usize,
            "--out" => options.out = value.into(),
            "--max-failures" => options.max_failures = number(&value)?,
            "--oracle-alone" => options.oracle_alone = value == "yes",
            "--worker" => options.worker = Some(value.into()),
            _ => return Err(format!("unknown option {arg}")),
        }
    }
    Ok(options)
}
