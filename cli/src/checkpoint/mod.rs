//! Programs that are interrupted every so often, to write down how far they got.
//!
//! A clock's thread has the engine's epoch pass. The program, which is a resumable call, pauses where it asks for the epoch next: at the
//! beginning of a function, or of an iteration of a loop. There its state can be told, but within an operation on a memory or table that
//! takes long; then the clock has the epoch pass once more, a little later.
//!
//! - `file`: what is written.

pub mod file;

use crate::host::Host;
use crate::output::complain_of;
use anyhow::{Context, Result};
use file::{Checkpoint, Command};
use pirn::{Engine, ExternType, Module, PauseReason, Paused, Resumable, Snapshot, Store, Trap, UpdateDeadline, Val};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Exit status of a program that was to end at a checkpoint.
pub const WRITTEN: u8 = 75;

/// After how long it is tried again where the state could not be told; then after twice as long, each time.
const AGAIN: Duration = Duration::from_millis(1);

/// How often that is tried before the next checkpoint is due: for a second.
const MOST: u32 = 10;

/// Writes checkpoints.
#[derive(Debug)]
pub struct Checkpoints {
    /// Where to.
    file: PathBuf,
    command: Command,
    /// Whether the first one ends the process.
    exits: bool,
    /// Has the clock tick in a while.
    soon: Sender<Duration>,
    /// The clock's end of it, until the clock begins.
    clock: Option<Receiver<Duration>>,
    /// How often it was tried since the last one that was written or given up.
    tries: u32,
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
    pub fn new(file: PathBuf, command: Command, exits: bool) -> Self {
        let (soon, clock) = channel();
        Self { file, command, exits, soon, clock: Some(clock), tries: 0, told: String::new() }
    }

    /// Has the store's program pause when a checkpoint is due. The clock begins.
    fn begin(&mut self, store: &mut Store<Host>) {
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        store.set_epoch_deadline(1);
        if let Some(soon) = self.clock.take() {
            tick(store.engine(), self.command.every, soon);
        }
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
        self.begin(store);
        let mut call = begin(store)?;
        loop {
            let paused = match call {
                Resumable::Finished(results) => return Ok(Ended::Returned(results)),
                Resumable::Paused(paused) => paused,
            };
            match paused.reason() {
                PauseReason::OutOfFuel { .. } => return Err(Trap::OutOfFuel.into()),
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
        let error = match Snapshot::take(store, &[paused]) {
            Ok(snapshot) => match self.write(store, &snapshot) {
                Ok(()) => {
                    (self.tries, self.told) = (0, String::new());
                    return true;
                }
                Err(error) => error,
            },
            Err(_) if self.tries < MOST => {
                // Whether or not the clock runs, the next checkpoint is due some time.
                let _ = self.soon.send(AGAIN * (1 << self.tries));
                self.tries += 1;
                return false;
            }
            Err(error) => error.into(),
        };
        self.tries = 0;
        let text = format!("no checkpoint: {error:#}");
        if text != self.told {
            complain_of("warning", &text);
            self.told = text;
        }
        false
    }

    fn write(&self, store: &Store<Host>, snapshot: &Snapshot) -> Result<()> {
        let wasi = store.data().wasi.save()?;
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

/// Has the epoch pass `every` so often, as long as the engine is there, and in so long as it is asked for.
fn tick(engine: &Engine, every: Duration, soon: Receiver<Duration>) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        loop {
            match soon.recv_timeout(every) {
                Ok(time) => std::thread::sleep(time),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    });
}
