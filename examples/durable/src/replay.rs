//! Executes a workflow again, from its beginning, with what was recorded: when each step began, and with which message.
//!
//! Nothing is written, and no snapshot is taken. What comes of it has to be what came of it then; if not, something happened twice, or
//! not at all, or the workflow was executed wrongly.

use crate::guest::{Answer, Guests, Message, Outcome, Progress, Sent, Task};
use crate::tables::Tables;
use anyhow::{Context, Result, ensure};

/// What was executed again.
#[derive(Debug)]
pub struct Replayed {
    /// What the workflow returned, if it has.
    pub result: Option<String>,
    /// Its steps.
    pub steps: i64,
    /// All that it sent, also to workflows.
    pub sent: Vec<Sent>,
}

/// Executes the workflow of this key again, and compares what comes of it with what is in the tables.
///
/// # Errors
/// Something differs; the error says what. Or the database failed.
pub fn replay(tables: &mut Tables, guests: &Guests, key: &str) -> Result<Replayed> {
    let sql = "SELECT id, module, args, seed, steps, draws, sends, result FROM workflows WHERE key = $1";
    let mut rows = tables.database().query(sql, &[key.into()])?;
    let row = rows.first_mut().with_context(|| format!("there is no workflow `{key}`"))?;
    let (id, module, args, seed) = (row.int(0)?, row.bytes(1)?, row.text(2)?, row.int(3)?);
    let (steps, draws, sends, result) = (row.int(4)?, row.int(5)?, row.int(6)?, row.maybe_text(7)?);
    let module = guests.module(&tables.module(&module)?)?;

    let sql = "SELECT h.step, h.at, h.message, m.body FROM history h LEFT JOIN messages m ON m.seq = h.message
        WHERE h.workflow = $1 ORDER BY h.step";
    let mut recorded = Vec::new();
    for (mut row, number) in tables.database().query(sql, &[id.into()])?.into_iter().zip(0..) {
        ensure!(row.int(0)? == number, "step {number} of `{key}` is not recorded");
        let message = match row.maybe_int(2)? {
            Some(seq) => Some(Message { seq, body: row.bytes(3).context("a message is missing")? }),
            None => None,
        };
        recorded.push(Answer { at: row.int(1)?, message });
    }
    ensure!(recorded.len() as i64 == steps + 1, "`{key}`: {} steps are recorded of {}", recorded.len(), steps + 1);

    let mut recorded = recorded.into_iter();
    let progress = Progress { at: recorded.next().context("it has not begun")?.at, ..Progress::default() };
    let task = Task { key, args: &args, seed, progress, snapshot: None };
    let turn = guests.turn(&module, task, false, &mut |_| Ok(recorded.next()))?;
    ensure!(recorded.next().is_none(), "`{key}` ended before its last step");
    let found = if let Outcome::Finished(result) = turn.outcome { Some(result) } else { None };
    // One that has not ended may have been written down in the middle of a step, when its fuel was used up. Here it goes on to that step's end.
    let has_ended = result.is_some();
    ensure!(found == result || !has_ended, "`{key}`: returned {found:?} again, {result:?} at first");
    let again = [turn.progress.steps, turn.progress.draws, turn.progress.sends];
    let first = [steps, draws, sends];
    ensure!(
        again == first || !has_ended && again[0] == steps && again[1] >= draws && again[2] >= sends,
        "`{key}`: {again:?} steps, draws, and sends, after {first:?}"
    );

    let sql = "SELECT number, target, body FROM outbox WHERE workflow = $1 ORDER BY number";
    let rows = tables.database().query(sql, &[id.into()])?;
    let outside = turn.sent.iter().filter(|sent| !sent.to.starts_with("workflow:") && sent.number < sends);
    let posted =
        rows.into_iter().map(|mut row| Ok(Sent { number: row.int(0)?, to: row.text(1)?, body: row.bytes(2)? }));
    let posted = posted.collect::<Result<Vec<_>>>()?;
    ensure!(posted.iter().eq(outside), "`{key}`: what it sent outside differs");
    Ok(Replayed { result, steps, sent: turn.sent })
}
