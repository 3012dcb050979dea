//! Programs that are interrupted every so often, to write down how far they got.
//!
//! A clock's thread has the engine's epoch pass. The program, which is a resumable call, pauses where it asks for the epoch next: at the
//! beginning of a function, or of an iteration of a loop. There its state can be told, but within an operation on a memory or table that
//! takes long; then it goes on to the next place at once.
//!
//! - `file`: what is written.

pub mod file;

use crate::host::Host;
use crate::output::complain_of;
use anyhow::{Context, Result};
use file::{Checkpoint, Command};
use pirn::{Engine, ExternType, Module, PauseReason, Paused, Resumable, Snapshot, Store, Trap, UpdateDeadline, Val};
use std::path::PathBuf;
use std::time::Duration;

/// Exit status of a program that was to end at a checkpoint.
pub const WRITTEN: u8 = 75;

/// Writes checkpoints.
#[derive(Debug)]
pub struct Checkpoints {
    /// Where to.
    file: PathBuf,
    command: Command,
    /// Whether the first one ends the process.
    exits: bool,
    /// What was complained of last.
    told: String,
}

/// How a program's call ended.
#[derive(Debug)]
pub enum Ended {
    /// It returned.
    Returned(Vec<Val>),
    /// A checkpoint was written, which was to end the process.
    Written,
}

impl Checkpoints {
    /// Writes to `file`, as often as `command` says; with `exits`, only once, which ends the program.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn new(file: PathBuf, command: Command, exits: bool) -> Result<Self> {
        file::Checkpoint::remove_left(&file);
        file::Checkpoint::check(&file).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self { file, command, exits, told: String::new() })
    }

    /// Does what `begin` begins, to its end, or to the first checkpoint if that is to be the end.
    ///
    /// # Errors
    /// Those of `begin` and of what it calls.
    pub fn run(
        &mut self,
        store: &mut Store<Host>,
        begin: impl FnOnce(&mut Store<Host>) -> pirn::Result<Resumable<Vec<Val>>>,
    ) -> pirn::Result<Ended> {
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        store.set_epoch_deadline(1);
        tick(store.engine(), self.command.every);
        let mut call = begin(store)?;
        loop {
            let paused = match call {
                Resumable::Finished(results) => return Ok(Ended::Returned(results)),
                Resumable::Paused(paused) => paused,
            };
            match paused.reason() {
                PauseReason::OutOfFuel { .. } => return Err(Trap::OutOfFuel.into()),
                // Its deadline has passed again.
                _ if paused.is_within_instruction() => store.set_epoch_deadline(0),
                _ => {
                    if self.take(store, &paused) && self.exits {
                        return Ok(Ended::Written);
                    }
                }
            }
            call = paused.resume(&mut *store, &[])?;
        }
    }

    /// Writes a checkpoint, if it can be written now. What is wrong is said once.
    fn take(&mut self, store: &Store<Host>, paused: &Paused<Vec<Val>>) -> bool {
        let written = Snapshot::take(store, &[paused]).map_err(Into::into);
        let Err(error) = written.and_then(|snapshot| self.write(store, &snapshot)) else {
            self.told = String::new();
            return true;
        };
        let text = format!("no checkpoint: {error:#}");
        if text != self.told {
            complain_of("warning", &text);
            self.told = text;
        }
        false
    }

    fn write(&self, store: &Store<Host>, snapshot: &Snapshot) -> Result<()> {
        let wasi = store.data().wasi.save()?;
        // The one before is about to be gone. So this one is to be right after the system has failed, too.
        store.data().wasi.sync().context("cannot write what the program has open to the disk")?;
        let checkpoint = Checkpoint { command: self.command.clone(), wasi, snapshot: snapshot.to_bytes() };
        checkpoint.write(&self.file).with_context(|| format!("cannot write {}", self.file.display()))?;
        Ok(())
    }
}

/// Why checkpoints of a program cannot be written, if that can be seen beforehand.
pub fn refusal(module: &Module) -> Option<&'static str> {
    let shared = |ty: &ExternType| matches!(ty, ExternType::Memory(memory) if memory.shared);
    let imports = module.imports().any(|import| shared(&import.ty()) || import.name() == "thread-spawn");
    let exports = module.exports().any(|export| shared(&export.ty()));
    (imports || exports).then_some("its threads share a memory, which cannot be in a checkpoint")
}

/// Has the epoch pass `every` so often, as long as the engine is there.
fn tick(engine: &Engine, every: Duration) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(every);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    });
}
