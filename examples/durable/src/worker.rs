//! Takes workflows that are due, gives each a turn, and delivers the outbox.
//!
//! A batch of turns is a transaction: a commit waits for the disk, which takes longer than a turn. A turn that fails fails alone: the
//! database hears of it only what is written then, that it failed. If anything else fails, the batch did not happen. A turn that kills
//! its worker is found by counting before: see [`Worker::announce`].

use crate::guest::{Answer, Guests, Outcome, Task, Turn};
use crate::tables::{Next, Parcel, Tables, Workflow};
use crate::wait::Wait;
use anyhow::{Context, Result};
use pirn::Module;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// A workflow whose turn failed so often is parked.
pub const ATTEMPTS: i64 = 5;

/// One whose turn was announced so often, without any end, is parked. Workers may be killed for other reasons.
pub const DEATHS: i64 = 10;

/// A batch that takes longer is written as far as it is: long before the server takes its worker for one that hangs.
const BATCH: Duration = Duration::from_secs(2);

/// So many modules a worker keeps, at most.
const MODULES: usize = 1000;

/// How a worker works.
#[derive(Debug, Clone)]
pub struct Options {
    /// Turns, and deliveries, a transaction.
    pub batch: i64,
    /// So many turns are [announced](Worker::announce), the first ones.
    pub announced: u64,
    /// How often it looks for work when there is none.
    pub idle: Duration,
    /// How long it waits before it commits: for tests that kill it meanwhile.
    pub linger: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { batch: 32, announced: 4, idle: Duration::from_millis(20), linger: Duration::ZERO }
    }
}

/// What a worker did.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// Turns.
    pub turns: u64,
    /// Turns that failed.
    pub failed: u64,
    /// What was delivered.
    pub delivered: u64,
    /// Time in turns: restoring, executing, taking snapshots.
    pub in_turns: Duration,
    /// Time in the whole.
    pub busy: Duration,
}

/// Brings something to the outside: given its key, where it goes, and what it says. It may be asked twice.
pub type Deliver<'a> = dyn FnMut(&Parcel) -> Result<()> + 'a;

/// A worker.
pub struct Worker {
    tables: Tables,
    guests: Guests,
    modules: HashMap<Vec<u8>, Module>,
    options: Options,
    /// Turns that were announced.
    announced: u64,
    /// What it did so far.
    pub counts: Counts,
}

impl Worker {
    /// A worker on this database.
    ///
    /// # Errors
    /// Those of the database.
    pub fn new(place: &str, options: Options) -> Result<Self> {
        let tables = Tables::open(place)?;
        let guests = Guests::new()?;
        Ok(Self { tables, guests, modules: HashMap::new(), options, announced: 0, counts: Counts::default() })
    }

    /// The tables.
    pub fn tables(&mut self) -> &mut Tables {
        &mut self.tables
    }

    /// Works on and on, until `stop` says so when there is nothing to do.
    ///
    /// # Errors
    /// Those of the database.
    pub fn work(&mut self, deliver: &mut Deliver<'_>, mut stop: impl FnMut(&mut Tables) -> Result<bool>) -> Result<()> {
        loop {
            let begin = Instant::now();
            let done = self.turns()? + self.deliveries(deliver)?;
            if done > 0 {
                self.counts.busy += begin.elapsed();
                continue;
            }
            if stop(&mut self.tables)? {
                return Ok(());
            }
            // Not LISTEN and NOTIFY: a transaction that notifies takes a lock of the whole database to commit.
            std::thread::sleep(self.options.idle);
        }
    }

    /// Gives a batch of workflows that are due a turn, in one transaction, and gives how many those were. The first turns of a worker are
    /// [announced](Worker::announce), each in a transaction of its own.
    ///
    /// # Errors
    /// Those of the database; then nothing happened.
    pub fn turns(&mut self) -> Result<usize> {
        let announced = if self.announced < self.options.announced { self.announce()? } else { None };
        self.announced += u64::from(announced.is_some());
        let Self { tables, guests, modules, options, counts, .. } = self;
        let mut new = *counts;
        let done = tables.transaction(|tables| {
            let now = tables.database().now()?;
            let workflows = match announced {
                Some((id, attempts)) => tables.take_one(id, attempts)?.into_iter().collect(),
                None => tables.take(now, options.batch)?,
            };
            let (mut done, begun) = (0, Instant::now());
            for workflow in &workflows {
                if begun.elapsed() > BATCH {
                    break;
                }
                done += 1;
                tables.sort_mail(workflow.id)?;
                if !is_ready(tables, workflow, now)? {
                    continue;
                }
                let module = load(modules, guests, tables, &workflow.module)?;
                let begin = Instant::now();
                let turn = match module {
                    Ok(module) => turn(guests, &module, tables, workflow, now)?,
                    Err(error) => Err(error),
                };
                new.in_turns += begin.elapsed();
                new.turns += 1;
                let turn = turn.and_then(|turn| Ok((targets(tables, &turn)?, turn)));
                match turn {
                    Ok((targets, turn)) => write(tables, workflow, &targets, &turn, now)?,
                    Err(error) => {
                        new.failed += 1;
                        let attempts = workflow.attempts + i64::from(announced.is_none());
                        fail(tables, workflow, attempts, &format!("{error:#}"), now)?;
                    }
                }
            }
            if done > 0 {
                std::thread::sleep(options.linger);
            }
            Ok(done)
        })?;
        *counts = new;
        Ok(done)
    }

    /// Counts an attempt of the next workflow that is to have a turn, before that, and gives its row and its attempts.
    ///
    /// What a turn does to its worker (a mistake of the engine, the system's memory) would otherwise never be written: all workers would take the
    /// workflow that is due longest, one after the other, and die of it. As each begins like this, such a workflow is parked in
    /// the end. A turn that succeeds sets the attempts to zero.
    ///
    /// # Errors
    /// Those of the database.
    pub fn announce(&mut self) -> Result<Option<(i64, i64)>> {
        self.tables.transaction(|tables| {
            let now = tables.database().now()?;
            for workflow in tables.take(now, 1)? {
                if !is_ready(tables, &workflow, now)? {
                    continue;
                }
                let attempts = workflow.attempts + 1;
                if attempts > DEATHS {
                    tables.sort_mail(workflow.id)?;
                    fail(tables, &workflow, attempts, "the workers that executed it died", now)?;
                    continue;
                }
                tables.announce(workflow.id, attempts, now)?;
                return Ok(Some((workflow.id, attempts)));
            }
            Ok(None)
        })
    }

    /// Delivers a batch of the outbox, and gives how many those were. What `deliver` brought before the worker died, another one brings
    /// again, under the same key.
    ///
    /// # Errors
    /// Those of the database.
    pub fn deliveries(&mut self, deliver: &mut Deliver<'_>) -> Result<usize> {
        let Options { batch, linger, .. } = self.options;
        let done = self.tables.transaction(|tables| {
            let now = tables.database().now()?;
            let parcels = tables.undelivered(now, batch)?;
            let (mut done, begun) = (0, Instant::now());
            for parcel in &parcels {
                if begun.elapsed() > BATCH {
                    break;
                }
                done += 1;
                let failed = deliver(parcel).err().map(|error| format!("{error:#}"));
                let again = failed.as_deref().map(|error| (now + back_off(parcel.attempts + 1), error));
                tables.delivered(parcel, again)?;
            }
            if done > 0 {
                std::thread::sleep(linger);
            }
            Ok(done)
        })?;
        self.counts.delivered += done as u64;
        Ok(done)
    }
}

/// Whether a workflow is to have a turn: it is due, or there is a message that it waits for.
fn is_ready(tables: &mut Tables, workflow: &Workflow, now: i64) -> Result<bool> {
    if workflow.due.is_some_and(|due| due <= now) {
        return Ok(true);
    }
    match &workflow.channel {
        Some(channel) => Ok(tables.mail(workflow.id, channel, 0)?.is_some()),
        None => Ok(false),
    }
}

/// Milliseconds until something that failed so often is tried again: a fifth of a second, doubled each time, to a minute.
fn back_off(attempts: i64) -> i64 {
    (100 << attempts.clamp(1, 10)).min(60_000)
}

/// A module; inside, why this version of pirn does not take it.
///
/// # Errors
/// Those of the database.
fn load(
    modules: &mut HashMap<Vec<u8>, Module>,
    guests: &Guests,
    tables: &mut Tables,
    hash: &[u8],
) -> Result<Result<Module>> {
    if let Some(module) = modules.get(hash) {
        return Ok(Ok(module.clone()));
    }
    let module = match guests.module(&tables.module(hash)?) {
        Ok(module) => module,
        Err(error) => return Ok(Err(error.into())),
    };
    if modules.len() == MODULES {
        modules.clear();
    }
    modules.insert(hash.into(), module.clone());
    Ok(Ok(module))
}

/// A turn; inside, how the workflow failed.
///
/// # Errors
/// Those of the database.
fn turn(guests: &Guests, module: &Module, tables: &mut Tables, workflow: &Workflow, now: i64) -> Result<Result<Turn>> {
    let mut progress = workflow.progress.clone();
    if workflow.snapshot.is_none() {
        progress.at = now;
    }
    let (key, args, seed) = (&*workflow.key, &*workflow.args, workflow.seed);
    let task = Task { key, args, seed, progress, snapshot: workflow.snapshot.as_deref() };
    // Messages are not taken before the turn has succeeded; so it remembers how far it read each channel.
    let mut read: HashMap<String, i64> = HashMap::new();
    let mut broken = None;
    let mut answer = |wait: &Wait| {
        if let Some(channel) = wait.channel() {
            let last = read.get(channel).copied().unwrap_or(0);
            let message = tables.mail(workflow.id, channel, last).map_err(|error| {
                broken = Some(error);
                pirn::Error::msg("the database failed")
            })?;
            if let Some(message) = message {
                read.insert(channel.into(), message.seq);
                return Ok(Some(Answer { at: now, message: Some(message) }));
            }
        }
        Ok(wait.until().is_some_and(|until| until <= now).then_some(Answer { at: now, message: None }))
    };
    // A panic would be a mistake of the engine, or of a host function. The next worker would run into it as well.
    let turn = catch_unwind(AssertUnwindSafe(|| guests.turn(module, task, true, &mut answer)));
    if let Some(error) = broken {
        return Err(error);
    }
    Ok(match turn {
        Ok(turn) => turn.map_err(Into::into),
        Err(_) => Err(anyhow::format_err!("a panic")),
    })
}

/// Where each thing that was sent goes: to a workflow and a channel, or outside.
///
/// # Errors
/// There is no such workflow.
fn targets(tables: &mut Tables, turn: &Turn) -> Result<Vec<Option<(i64, String)>>> {
    let mut target = |to: &str| {
        let Some(address) = to.strip_prefix("workflow:") else { return Ok(None) };
        let (key, channel) = address.split_once('/').with_context(|| format!("`{to}` names no channel"))?;
        let workflow = tables.find(key)?.with_context(|| format!("there is no workflow `{key}` to send to"))?;
        Ok(Some((workflow, channel.into())))
    };
    turn.sent.iter().map(|sent| target(&sent.to)).collect()
}

/// Writes what came of a turn.
fn write(
    tables: &mut Tables,
    workflow: &Workflow,
    targets: &[Option<(i64, String)>],
    turn: &Turn,
    now: i64,
) -> Result<()> {
    for step in &turn.steps {
        tables.record(workflow.id, step)?;
    }
    for (sent, target) in turn.sent.iter().zip(targets) {
        match target {
            Some((other, channel)) => tables.pass(*other, channel, &workflow.key, sent)?,
            None => tables.post(workflow.id, &workflow.key, sent, now)?,
        }
    }
    let next = match &turn.outcome {
        Outcome::Waiting { snapshot, wait } => {
            Next::Running { snapshot: Some(snapshot), due: wait.until(), channel: wait.channel(), failed: None }
        }
        Outcome::Ready { snapshot } => {
            Next::Running { snapshot: Some(snapshot), due: Some(now), channel: None, failed: None }
        }
        Outcome::Finished(result) => Next::Finished { result },
    };
    tables.update(workflow.id, &turn.progress, &next)
}

/// Writes that a turn failed: it is tried again later, or parked.
fn fail(tables: &mut Tables, workflow: &Workflow, attempts: i64, error: &str, now: i64) -> Result<()> {
    let due = (attempts < ATTEMPTS).then(|| now + back_off(attempts));
    let snapshot = workflow.snapshot.as_deref();
    // PostgreSQL takes no zeros in text, and nobody reads more.
    let error: String = error.chars().filter(|&char| char != '\0').take(2000).collect();
    let next = Next::Running { snapshot, due, channel: None, failed: Some((attempts, &error)) };
    tables.update(workflow.id, &workflow.progress, &next)
}
