//! The promise of the whole project, to the instruction: a call into another instance costs what a local call costs. And
//! no count grows unnoticed.
//!
//! Without valgrind the tests pass with a message, unless `CI` is `true`. A debug build, whose dispatch is the portable
//! loop, is not what is promised for.

use anyhow::{Result, ensure};
use pirn_counts::Counter;
use std::process::Command;

/// Most instructions of one call and return of `x + 1`, the loop subtracted.
const LIMIT: u64 = 50;

/// Whether anything can be counted.
///
/// # Errors
/// It cannot, and this is CI.
fn can_count() -> Result<bool> {
    if cfg!(debug_assertions) {
        eprintln!("skipped: only an optimised build is counted; run this with --release");
        return Ok(false);
    }
    if !pirn_counts::valgrind() {
        ensure!(std::env::var("CI").as_deref() != Ok("true"), "valgrind is missing, and this is CI");
        eprintln!("skipped: valgrind is missing");
        return Ok(false);
    }
    Ok(true)
}

#[test]
fn an_imported_call_costs_what_a_local_call_costs() -> Result<()> {
    if !can_count()? {
        return Ok(());
    }
    let counter = Counter::new(env!("CARGO_BIN_EXE_counts"))?;
    let (local, imported) = (counter.call("pirn", "local")?, counter.call("pirn", "imported")?);
    eprintln!("call and return: local {local}, imported {imported}");
    ensure!(imported == local, "an imported call takes {imported} instructions, a local one {local}");
    ensure!(local <= LIMIT, "a local call takes {local} instructions; the limit is {LIMIT}");
    Ok(())
}

#[test]
fn no_count_has_grown() -> Result<()> {
    if !can_count()? {
        return Ok(());
    }
    let output = Command::new(env!("CARGO_BIN_EXE_counts")).arg("--check").output()?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    Ok(())
}
