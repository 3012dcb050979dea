//! Instructions of a hop: the program `linking` run under callgrind, with twice the hops and with once.

use crate::MODULES;
use crate::ring::{Hop, Link, Ring};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;

/// Hops of the shorter run: whole rounds of the ring, and of nested calls.
const HOPS: u32 = 3_000 * MODULES as u32;

/// Whether valgrind can be run.
pub fn valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// What callgrind collects while it runs: a frame of its own that no optimisation may take away.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn measured(task: &mut dyn FnMut()) {
    task();
    std::hint::black_box(());
}

/// What runs under callgrind.
///
/// # Errors
/// The ring is wrong.
pub fn perform(link: Link, hop: Hop, fuel: u32) -> Result<()> {
    let mut ring = Ring::new(link, hop)?;
    // Everything is lowered, and knows its code, when the counting begins.
    ring.run(10 * MODULES as u32)?;
    let mut result = Ok(());
    measured(&mut || result = ring.run(fuel));
    result
}

fn collected(binary: &Path, link: Link, hop: Hop, fuel: u32) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=measured"]).arg(binary);
    let output = command.args(["run", link.name(), hop.name(), &fuel.to_string()]).output().context("valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed: {text}");
    let count = text.lines().find_map(|line| line.split("Collected :").nth(1)).context("valgrind counted nothing")?;
    Ok(count.trim().parse()?)
}

/// Instructions of a hop, entries from the host included; `binary` is the program `linking`.
///
/// # Errors
/// valgrind cannot be run, or the ring is wrong.
pub fn per_hop(binary: &Path, link: Link, hop: Hop) -> Result<f64> {
    let more = collected(binary, link, hop, 2 * HOPS)? - collected(binary, link, hop, HOPS)?;
    Ok(more as f64 / f64::from(HOPS))
}
