//! What is in the database, and every statement.
//!
//! | table | a row is |
//! |---|---|
//! | `modules` | a module, once, by the hash of its bytes |
//! | `workflows` | a workflow: its snapshot, when it is due, which channel it waits on, how far it is |
//! | `messages` | a message to a workflow: new, in the mailbox, or taken by a step |
//! | `outbox` | something that a workflow sent to the outside, delivered or to be |
//! | `history` | a step of a workflow: when it began, and with which message |
//!
//! Whoever takes a workflow has its row locked until the transaction ends. Only then may it change the workflow's row, or in which
//! state its messages are. Whoever sends a message just inserts it. So nobody waits for a lock, and a message wakes a workflow that another
//! worker executes right now: it stays new until somebody has the workflow's lock and looks.
//!
//! There is no foreign key from messages to workflows, on purpose: PostgreSQL would check it with a lock on the workflow's row, and wait.

use crate::database::{Database, Row};
use crate::guest::{Message, Progress, Sent, Step};
use anyhow::{Context, Result, bail, ensure};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS modules (hash BYTEA PRIMARY KEY, bytes BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS workflows (
    id {serial},
    key TEXT NOT NULL UNIQUE,
    module BYTEA NOT NULL REFERENCES modules (hash),
    args TEXT NOT NULL,
    seed BIGINT NOT NULL,
    state TEXT NOT NULL,             -- running, finished, parked
    due BIGINT,                      -- when it is to have a turn, in ms since 1970; null: only for a message, or never
    channel TEXT,                    -- a message of this channel is a reason for a turn, too
    snapshot BYTEA,                  -- null: it has not begun, or has ended
    steps BIGINT NOT NULL,
    at BIGINT NOT NULL,
    draws BIGINT NOT NULL,
    sends BIGINT NOT NULL,
    note TEXT,
    attempts BIGINT NOT NULL,        -- turns that failed, since the last one that did not
    error TEXT,
    result TEXT);
CREATE INDEX IF NOT EXISTS workflows_due ON workflows (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS messages (
    seq {serial},
    workflow BIGINT NOT NULL,
    channel TEXT NOT NULL,
    id TEXT NOT NULL,                -- given by the sender, who may send it twice
    body BYTEA NOT NULL,
    state BIGINT NOT NULL,           -- 0 new, 1 in the mailbox, 2 taken
    UNIQUE (workflow, id));
CREATE INDEX IF NOT EXISTS messages_new ON messages (seq) WHERE state = 0;
CREATE INDEX IF NOT EXISTS messages_mailbox ON messages (workflow, channel, seq) WHERE state < 2;
CREATE TABLE IF NOT EXISTS outbox (
    workflow BIGINT NOT NULL,
    number BIGINT NOT NULL,
    key TEXT NOT NULL,               -- the receiver sees by it what comes twice
    target TEXT NOT NULL,
    body BYTEA NOT NULL,
    due BIGINT,                      -- null: delivered
    attempts BIGINT NOT NULL,
    error TEXT,
    PRIMARY KEY (workflow, number));
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS history (
    workflow BIGINT NOT NULL, step BIGINT NOT NULL, at BIGINT NOT NULL, message BIGINT, PRIMARY KEY (workflow, step));
";

const WORKFLOW: &str = "w.id, w.key, w.module, w.args, w.seed, w.due, w.channel, w.snapshot, w.steps, w.at, w.draws, w.sends, w.note, w.attempts";

/// A workflow, locked.
#[derive(Debug)]
pub struct Workflow {
    /// Its row.
    pub id: i64,
    /// Its name.
    pub key: String,
    /// The hash of its module.
    pub module: Vec<u8>,
    /// Its arguments.
    pub args: String,
    /// Of its random numbers.
    pub seed: i64,
    /// When it is due.
    pub due: Option<i64>,
    /// What it waits on.
    pub channel: Option<String>,
    /// Where it stands.
    pub snapshot: Option<Vec<u8>>,
    /// How far it is.
    pub progress: Progress,
    /// Turns that failed.
    pub attempts: i64,
}

impl Workflow {
    fn read(mut row: Row) -> Result<Self> {
        Ok(Self {
            id: row.int(0)?,
            key: row.text(1)?,
            module: row.bytes(2)?,
            args: row.text(3)?,
            seed: row.int(4)?,
            due: row.maybe_int(5)?,
            channel: row.maybe_text(6)?,
            snapshot: row.maybe_bytes(7)?,
            progress: Progress {
                steps: row.int(8)?,
                at: row.int(9)?,
                draws: row.int(10)?,
                sends: row.int(11)?,
                note: row.maybe_text(12)?,
            },
            attempts: row.int(13)?,
        })
    }
}

/// What a workflow's row becomes.
#[derive(Debug)]
pub enum Next<'a> {
    /// It goes on when it is due, or a message comes.
    Running {
        /// Where it stands.
        snapshot: Option<&'a [u8]>,
        /// When it is due, if ever.
        due: Option<i64>,
        /// What it waits on.
        channel: Option<&'a str>,
        /// Turns that failed, and how the last one did.
        failed: Option<(i64, &'a str)>,
    },
    /// It has returned.
    Finished {
        /// What.
        result: &'a str,
    },
}

/// The tables of a database.
pub struct Tables(Box<dyn Database>);

impl Tables {
    /// Opens a database, and makes the tables where they are missing.
    ///
    /// # Errors
    /// Those of the database, as of all methods.
    pub fn open(place: &str) -> Result<Self> {
        let mut database = crate::database::open(place)?;
        database.define(SCHEMA)?;
        Ok(Self(database))
    }

    /// The connection, for what is asked once.
    pub fn database(&mut self) -> &mut dyn Database {
        &mut *self.0
    }

    /// Executes `body` in a transaction, which is as if it had not been if that fails.
    ///
    /// # Errors
    /// Those of the database, and of `body`.
    pub fn transaction<R>(&mut self, body: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        self.0.begin()?;
        match body(self) {
            Ok(result) => self.0.commit().map(|()| result),
            Err(error) => {
                // It is undone in any case, if the connection is gone.
                _ = self.0.roll_back();
                Err(error)
            }
        }
    }

    /// Keeps a module, once.
    ///
    /// # Errors
    /// Those of the database.
    pub fn keep_module(&mut self, hash: &[u8], bytes: &[u8]) -> Result<()> {
        let sql = "INSERT INTO modules (hash, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.0.execute(sql, &[hash.into(), bytes.into()]).map(|_| ())
    }

    /// The bytes of a module.
    ///
    /// # Errors
    /// It is not there.
    pub fn module(&mut self, hash: &[u8]) -> Result<Vec<u8>> {
        let mut rows = self.0.query("SELECT bytes FROM modules WHERE hash = $1", &[hash.into()])?;
        rows.first_mut().context("the module is not there")?.bytes(0)
    }

    /// Adds a workflow, which is due now. If there is one of this key, nothing happens, so that whoever does not know whether it was added
    /// adds it again. Gives whether it was.
    ///
    /// # Errors
    /// Those of the database.
    pub fn submit(&mut self, key: &str, module: &[u8], args: &str, seed: i64, now: i64) -> Result<bool> {
        ensure!(
            (1..=200).contains(&key.len()) && !key.contains(['/', '\0']),
            "a key has at most 200 bytes, no slash and no zero"
        );
        let sql = "INSERT INTO workflows (key, module, args, seed, due, state, steps, at, draws, sends, attempts)
            VALUES ($1, $2, $3, $4, $5, 'running', 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING";
        Ok(self.0.execute(sql, &[key.into(), module.into(), args.into(), seed.into(), now.into()])? == 1)
    }

    /// The row of the workflow of this key.
    ///
    /// # Errors
    /// Those of the database.
    pub fn find(&mut self, key: &str) -> Result<Option<i64>> {
        let mut rows = self.0.query("SELECT id FROM workflows WHERE key = $1", &[key.into()])?;
        rows.first_mut().map(|row| row.int(0)).transpose()
    }

    /// Sends a message from outside to a workflow, which gets it once, however often it is sent under this id. Gives whether it was new.
    ///
    /// # Errors
    /// The id has a slash: those of the messages that workflows send have one. Or those of the database.
    pub fn send(&mut self, workflow: i64, channel: &str, id: &str, body: &[u8]) -> Result<bool> {
        ensure!(!id.contains(['/', '\0']), "a message's id has no slash and no zero");
        self.insert(workflow, channel, id, body)
    }

    /// Sends what a workflow sent to another, or to itself.
    ///
    /// # Errors
    /// It was sent already; or those of the database.
    pub fn pass(&mut self, workflow: i64, channel: &str, from: &str, sent: &Sent) -> Result<()> {
        let id = format!("{from}/{}", sent.number);
        ensure!(self.insert(workflow, channel, &id, &sent.body)?, "message {id} was sent already");
        Ok(())
    }

    fn insert(&mut self, workflow: i64, channel: &str, id: &str, body: &[u8]) -> Result<bool> {
        let sql = "INSERT INTO messages (workflow, channel, id, body, state) VALUES ($1, $2, $3, $4, 0)
            ON CONFLICT DO NOTHING";
        Ok(self.0.execute(sql, &[workflow.into(), channel.into(), id.into(), body.into()])? == 1)
    }

    /// Takes workflows that are due, and such as have new messages: at most so many of both, and none that another worker has.
    ///
    /// # Errors
    /// Those of the database.
    pub fn take(&mut self, now: i64, limit: i64) -> Result<Vec<Workflow>> {
        let due = format!(
            "SELECT {WORKFLOW} FROM workflows w WHERE w.due <= $1 ORDER BY w.due LIMIT $2 FOR UPDATE OF w SKIP LOCKED"
        );
        let woken = format!(
            "SELECT {WORKFLOW} FROM messages m JOIN workflows w ON w.id = m.workflow WHERE m.state = 0
            ORDER BY m.seq LIMIT $1 FOR UPDATE OF w SKIP LOCKED"
        );
        let mut rows = self.0.query(&due, &[now.into(), limit.into()])?;
        rows.extend(self.0.query(&woken, &[limit.into()])?);
        let mut list: Vec<Workflow> = Vec::new();
        for row in rows {
            let workflow = Workflow::read(row)?;
            if !list.iter().any(|other| other.id == workflow.id) {
                list.push(workflow);
            }
        }
        Ok(list)
    }

    /// Takes a workflow, if it still has so many attempts, and no other worker has it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn take_one(&mut self, workflow: i64, attempts: i64) -> Result<Option<Workflow>> {
        let sql = format!(
            "SELECT {WORKFLOW} FROM workflows w WHERE w.id = $1 AND w.attempts = $2 FOR UPDATE OF w SKIP LOCKED"
        );
        let mut rows = self.0.query(&sql, &[workflow.into(), attempts.into()])?;
        rows.pop().map(Workflow::read).transpose()
    }

    /// Writes that a turn of it is about to be tried. It is due now, whatever it waits for, so that nobody forgets it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn announce(&mut self, workflow: i64, attempts: i64, now: i64) -> Result<()> {
        let sql = "UPDATE workflows SET attempts = $1, due = $2 WHERE id = $3";
        self.0.execute(sql, &[attempts.into(), now.into(), workflow.into()]).map(|_| ())
    }

    /// Puts the new messages of a workflow into its mailbox, before anybody looks there. What comes later is new again.
    ///
    /// # Errors
    /// Those of the database.
    pub fn sort_mail(&mut self, workflow: i64) -> Result<()> {
        let sql = "UPDATE messages SET state = 1 WHERE workflow = $1 AND state = 0";
        self.0.execute(sql, &[workflow.into()]).map(|_| ())
    }

    /// The first message on a channel that was not taken, behind `last`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mail(&mut self, workflow: i64, channel: &str, last: i64) -> Result<Option<Message>> {
        let sql = "SELECT seq, body FROM messages
            WHERE workflow = $1 AND channel = $2 AND seq > $3 AND state < 2 ORDER BY seq LIMIT 1";
        let mut rows = self.0.query(sql, &[workflow.into(), channel.into(), last.into()])?;
        rows.first_mut().map(|row| Ok(Message { seq: row.int(0)?, body: row.bytes(1)? })).transpose()
    }

    /// Writes what becomes of a workflow.
    ///
    /// # Errors
    /// Those of the database.
    pub fn update(&mut self, workflow: i64, progress: &Progress, next: &Next<'_>) -> Result<()> {
        let (state, snapshot, due, channel, failed, result) = match *next {
            Next::Running { snapshot, due, channel, failed } => ("running", snapshot, due, channel, failed, None),
            Next::Finished { result } => ("finished", None, None, None, None, Some(result)),
        };
        let state = if due.is_none() && failed.is_some() { "parked" } else { state };
        let sql = "UPDATE workflows SET state = $1, snapshot = $2, due = $3, channel = $4, attempts = $5, error = $6, result = $7,
            steps = $8, at = $9, draws = $10, sends = $11, note = $12 WHERE id = $13";
        let touched = self.0.execute(
            sql,
            &[
                state.into(),
                snapshot.into(),
                due.into(),
                channel.into(),
                failed.map_or(0, |(attempts, _)| attempts).into(),
                failed.map(|(_, error)| error).into(),
                result.into(),
                progress.steps.into(),
                progress.at.into(),
                progress.draws.into(),
                progress.sends.into(),
                progress.note.as_deref().into(),
                workflow.into(),
            ],
        )?;
        ensure!(touched == 1, "workflow {workflow} is not there");
        Ok(())
    }

    /// Records a step, and that it took its message. That no step is recorded twice, and no message taken twice, the database checks.
    ///
    /// # Errors
    /// Those of the database.
    pub fn record(&mut self, workflow: i64, step: &Step) -> Result<()> {
        let sql = "INSERT INTO history (workflow, step, at, message) VALUES ($1, $2, $3, $4)";
        self.0.execute(sql, &[workflow.into(), step.number.into(), step.at.into(), step.message.into()])?;
        if let Some(message) = step.message {
            // In the mailbox, or new still: it may have come while the workflow was executed.
            let sql = "UPDATE messages SET state = 2 WHERE seq = $1 AND state < 2";
            ensure!(self.0.execute(sql, &[message.into()])? == 1, "message {message} was taken already");
        }
        Ok(())
    }

    /// Puts something into the outbox.
    ///
    /// # Errors
    /// Those of the database.
    pub fn post(&mut self, workflow: i64, key: &str, sent: &Sent, now: i64) -> Result<()> {
        let sql = "INSERT INTO outbox (workflow, number, key, target, body, due, attempts) VALUES ($1, $2, $3, $4, $5, $6, 0)";
        let (target, body) = (&*sent.to, &*sent.body);
        let key = format!("{key}/{}", sent.number);
        let values = [workflow.into(), sent.number.into(), (&*key).into(), target.into(), body.into(), now.into()];
        self.0.execute(sql, &values).map(|_| ())
    }

    /// Takes what is to be delivered: at most so much, and nothing that another worker has.
    ///
    /// # Errors
    /// Those of the database.
    pub fn undelivered(&mut self, now: i64, limit: i64) -> Result<Vec<Parcel>> {
        let sql = "SELECT w.workflow, w.number, w.key, w.target, w.body, w.attempts FROM outbox w WHERE w.due <= $1 ORDER BY w.due
            LIMIT $2 FOR UPDATE OF w SKIP LOCKED";
        let rows = self.0.query(sql, &[now.into(), limit.into()])?;
        let parcel = |mut row: Row| {
            Ok(Parcel {
                workflow: row.int(0)?,
                number: row.int(1)?,
                key: row.text(2)?,
                target: row.text(3)?,
                body: row.bytes(4)?,
                attempts: row.int(5)?,
            })
        };
        rows.into_iter().map(parcel).collect()
    }

    /// Writes what became of it: delivered, or to be tried again then.
    ///
    /// # Errors
    /// Those of the database.
    pub fn delivered(&mut self, parcel: &Parcel, again: Option<(i64, &str)>) -> Result<()> {
        let sql = "UPDATE outbox SET due = $1, error = $2, attempts = attempts + 1 WHERE workflow = $3 AND number = $4";
        let (due, error) = again.unzip();
        let values = [due.into(), error.into(), parcel.workflow.into(), parcel.number.into()];
        self.0.execute(sql, &values).map(|_| ())
    }

    /// Lets a parked workflow try again.
    ///
    /// # Errors
    /// There is no such parked workflow.
    pub fn retry(&mut self, key: &str, now: i64) -> Result<()> {
        let sql = "UPDATE workflows SET state = 'running', due = $1, attempts = 0 WHERE key = $2 AND state = 'parked'";
        if self.0.execute(sql, &[now.into(), key.into()])? != 1 {
            bail!("there is no parked workflow `{key}`");
        }
        Ok(())
    }
}

/// Something to be delivered.
#[derive(Debug)]
pub struct Parcel {
    /// The workflow that sent it.
    pub workflow: i64,
    /// Its number there.
    pub number: i64,
    /// Its key.
    pub key: String,
    /// Where it goes.
    pub target: String,
    /// What it says.
    pub body: Vec<u8>,
    /// How often it was tried.
    pub attempts: i64,
}
