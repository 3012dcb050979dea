//! `pirn dump`.

use crate::output::{harmless, is_closed, print};
use anyhow::{Context, Result, ensure};
use pirn_decode::checker::{self, Verdict};
use pirn_decode::dump::Listing;
use pirn_decode::module::ExternIndex;
use pirn_decode::{FuncIdx, Module, Options};
use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show this function alone: its name in the name section, the name of an export, or its index
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// Show what becomes of every operator by itself
    #[arg(long)]
    no_fuse: bool,
    /// Print no code, but check that it does what the functions say, fused or not, metered or not; print mistakes, and fail
    /// if there are any
    #[arg(long)]
    check: bool,
    /// A module, binary or text
    file: PathBuf,
}

/// Prints threaded code.
pub fn run(args: &Args) -> Result<ExitCode> {
    let file = &args.file;
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let bytes = wat::parse_bytes(&bytes).with_context(|| format!("cannot load {}", file.display()))?;
    let module = Module::new(&*bytes).with_context(|| format!("cannot load {}", file.display()))?;
    let options = Options { fuse: !args.no_fuse, ..Options::default() };
    let disassembler = pirn_exec::inspect::disassembler(&module, options);
    let mut own = module.own_funcs();
    let funcs: Vec<FuncIdx> = match &args.function {
        None => own.collect(),
        Some(wanted) => {
            let names = disassembler.names();
            let named = module.own_funcs();
            let exported = exported(&module, wanted);
            let named = named.filter(|func| names.get(func) == Some(wanted) || exported.contains(func));
            let mut funcs: Vec<_> = named.collect();
            if let (true, Ok(index)) = (funcs.is_empty(), wanted.parse()) {
                funcs.extend(own.find(|&func| func == FuncIdx(index)));
            }
            ensure!(!funcs.is_empty(), "{}: the module defines no function `{wanted}`", file.display());
            funcs
        }
    };
    if args.check {
        return check(&module, &funcs);
    }
    let listings = funcs.iter().map(|&func| disassembler.listing(func));
    match list(listings) {
        // Whoever read has read enough.
        Err(error) if !is_closed(&error) => Err(error),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}

/// Prints functions, a line at a time.
fn list<'a>(listings: impl Iterator<Item = Result<Listing<'a>, pirn_decode::Error>>) -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for listing in listings {
        let mut listing = listing?;
        writeln!(out, "{}", harmless(listing.head()))?;
        for line in listing.by_ref() {
            writeln!(out, "  {}", harmless(&line?.to_string()))?;
        }
        for line in listing.catches() {
            writeln!(out, "  {}", harmless(&line))?;
        }
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

/// Checks functions in every way of lowering.
fn check(module: &Module, funcs: &[FuncIdx]) -> Result<ExitCode> {
    let type_ids = checker::type_ids(module);
    let (mut checked, mut too_hard, mut wrong) = (0, 0, 0);
    let without = Options { fuse: false, ..Options::default() };
    let fused = Options { fuse: true, ..without };
    let ways = [
        ("fused", fused),
        ("not fused", without),
        ("fused, with fuel", Options { fuel: true, ..fused }),
        ("not fused, with fuel", Options { fuel: true, ..without }),
        ("fused, with deadlines", Options { epochs: true, ..fused }),
    ];
    for (way, options) in ways {
        let checker = pirn_exec::inspect::checker(module, &type_ids, options);
        for &func in funcs {
            checked += 1;
            match checker.function(func) {
                Ok(Verdict::Right) => {}
                Ok(Verdict::TooHard) => too_hard += 1,
                Err(mistake) => {
                    wrong += 1;
                    print(format_args!("{way}: {mistake}\n"))?;
                }
            }
        }
    }
    let (funcs, ways) = (funcs.len(), ways.len());
    print(format_args!(
        "{funcs} functions lowered in {ways} ways: {checked} codes checked, {wrong} wrong, {too_hard} too hard\n"
    ))?;
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The functions that are exported under this name: one, or none.
fn exported(module: &Module, name: &str) -> HashSet<FuncIdx> {
    let exports = module.exports.iter().filter(|export| module.name(export.name) == name);
    let funcs = exports.filter_map(|export| match export.index {
        ExternIndex::Func(funcidx) => Some(funcidx),
        _ => None,
    });
    funcs.collect()
}
