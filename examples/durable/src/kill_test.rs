//! Workers that are killed all the time, and whether every workflow still ends exactly once, with the right result.
//!
//! Orders (`order.wat`) reserve goods of a stock (`stock.wat`), which is a workflow too, and wait for payments, which come in parts and some
//! of them twice; some never come. As much is paid as there were kills, so that there is always something left to kill.

use crate::guest::{Guests, random};
use crate::replay::replay;
use crate::server::Server;
use crate::tables::Tables;
use crate::{database, list};
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How an order is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Paid,
    Cancelled,
    SoldOut,
}

/// An order, and how it is to end.
#[derive(Debug, Clone, Copy)]
pub struct Order(pub usize);

impl Order {
    /// Its key.
    pub fn key(self) -> String {
        format!("order-{}", self.0)
    }

    fn fate(self) -> Fate {
        match self.0 % 50 {
            49 => Fate::SoldOut,
            number if number % 10 == 7 => Fate::Cancelled,
            _ => Fate::Paid,
        }
    }

    fn quantity(self) -> i64 {
        if self.fate() == Fate::SoldOut { 1_000_000_000 } else { 1 + self.0 as i64 % 5 }
    }

    fn total(self) -> i64 {
        self.quantity() * (10 + self.0 as i64 % 7)
    }

    /// What `run` is called with.
    pub fn args(self) -> String {
        let patience = if self.fate() == Fate::Cancelled { 2_000 } else { 3_600_000 };
        format!("{} {} {patience}", self.quantity(), 10 + self.0 % 7)
    }

    /// The payments' amounts: one to three, the last of what is left.
    fn payments(self) -> Vec<i64> {
        let count = if self.fate() == Fate::Paid { 1 + self.0 as i64 % 3 } else { 0 };
        let part = self.total() / count.max(1);
        (1..=count).map(|i| if i == count { self.total() - part * (count - 1) } else { part }).collect()
    }

    fn result(self) -> i64 {
        match self.fate() {
            Fate::Paid => self.total(),
            Fate::Cancelled => -1,
            Fate::SoldOut => -2,
        }
    }

    /// What it sends outside, where to and what.
    fn sends(self) -> &'static [(&'static str, &'static str)] {
        match self.fate() {
            Fate::Paid => &[("carrier", "packing"), ("mail", "thank you")],
            Fate::Cancelled => &[("mail", "cancelled")],
            Fate::SoldOut => &[("mail", "sold out")],
        }
    }
}

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Orders.
    pub workflows: usize,
    /// Workers at a time.
    pub workers: usize,
    /// Kills, at least.
    pub kills: usize,
    /// How long a worker waits before each commit, in milliseconds, so that kills are mostly in the middle.
    pub linger: u64,
    /// How often the server fails, too.
    pub crashes: usize,
    /// What the choices are made by.
    pub seed: i64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { workflows: 2000, workers: 4, kills: 50, linger: 4, crashes: 0, seed: 1 }
    }
}

/// What happened.
#[derive(Debug, Default)]
pub struct Report {
    /// Workflows that ended once with the right result, and all there are.
    pub workflows: usize,
    /// Workers that were killed.
    pub kills: usize,
    /// Those among them that were within a transaction; PostgreSQL tells.
    pub within: Option<usize>,
    /// Times the server failed.
    pub crashes: usize,
    /// Steps of workflows.
    pub steps: i64,
    /// Payments sent, and how many of them a second time.
    pub payments: [usize; 2],
    /// What was sent outside, and how much of it was delivered a second time, under the same key.
    pub delivered: [usize; 2],
    /// What it took until all had ended, and until all were executed again.
    pub took: [Duration; 2],
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [took, replayed] = self.took.map(|took| took.as_secs_f64());
        writeln!(
            f,
            "{} workflows ended once, with the right result, in {} steps and {took:.1} s",
            self.workflows, self.steps
        )?;
        write!(f, "{} workers were killed", self.kills)?;
        if let Some(within) = self.within {
            write!(f, ", {within} of them within a transaction")?;
        }
        writeln!(f, "; the server failed {} times", self.crashes)?;
        writeln!(f, "{} payments, of which {} were sent twice, were taken once", self.payments[0], self.payments[1])?;
        let [sent, twice] = self.delivered;
        writeln!(f, "{sent} sends to the outside were delivered, {twice} of them again, under the same key")?;
        writeln!(f, "all were executed again from what was recorded, with the same results, in {replayed:.1} s")
    }
}

/// Processes that work, and are killed when this is dropped.
struct Workers {
    program: PathBuf,
    arguments: Vec<String>,
    children: Vec<Child>,
}

impl Workers {
    fn start(&self) -> Result<Child> {
        let mut command = Command::new(&self.program);
        // It ends when its standard input does, so that none is left behind if we are killed.
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().with_context(|| format!("starting {}", self.program.display()))
    }

    /// Kills a worker (SIGKILL) and starts another one in its place.
    fn kill(&mut self, place: usize) -> Result<()> {
        let ended = self.children[place].try_wait()?;
        ensure!(ended.is_none(), "a worker ended by itself: {ended:?}");
        self.children[place].kill()?;
        self.children[place].wait()?;
        self.children[place] = self.start()?;
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended.
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// How many orders have not ended.
fn left(tables: &mut Tables) -> Result<i64> {
    let sql = "SELECT count(*) FROM workflows WHERE state <> 'finished' AND key <> 'stock'";
    tables.database().query(sql, &[])?[0].int(0)
}

/// Waits until the statement counts none.
fn wait(tables: &mut Tables, sql: &str) -> Result<()> {
    let begin = Instant::now();
    while tables.database().query(sql, &[])?[0].int(0)? > 0 {
        if begin.elapsed() > Duration::from_secs(120) {
            anyhow::bail!("nothing happens any more:\n{}", list::list(tables, 30)?);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Adds the stock and the orders, which are then waiting for the workers. Gives how much is in stock.
///
/// # Errors
/// Those of the database.
pub fn submit_orders(tables: &mut Tables, guests: &Guests, count: usize) -> Result<i64> {
    let sources = [&include_bytes!("../stock.wat")[..], include_bytes!("../order.wat")];
    let mut hashes = Vec::new();
    for source in sources {
        let bytes = guests.binary(source)?;
        let hash = guests.module(&bytes)?.hash();
        tables.keep_module(&hash, &bytes)?;
        hashes.push(hash);
    }
    let stock = 5 * count as i64;
    tables.transaction(|tables| {
        let now = tables.database().now()?;
        tables.submit("stock", &hashes[0], &stock.to_string(), 0, now)?;
        for order in (0..count).map(Order) {
            tables.submit(&order.key(), &hashes[1], &order.args(), order.0 as i64, now)?;
        }
        Ok(stock)
    })
}

/// Executes the plan with workers that are processes of `program`, on an empty database. What they deliver goes to the file `outside`.
/// `server` is whose the database is, if it may fail.
///
/// # Errors
/// Something did not end, or ended otherwise than it has to.
pub fn kill_test(program: &Path, place: &str, outside: &Path, server: Option<&Server>, plan: &Plan) -> Result<Report> {
    let begin = Instant::now();
    let guests = Guests::new()?;
    let mut tables = Tables::open(place)?;
    let stock = submit_orders(&mut tables, &guests, plan.workflows)?;
    let mut report = Report { within: database::is_postgres(place).then_some(0), ..Report::default() };

    let mut draws = 0;
    let mut below = |limit: u64| {
        draws += 1;
        (random(plan.seed, draws) as u64 % limit) as usize
    };
    let mut payments: Vec<(Order, usize, i64)> = Vec::new();
    for order in (0..plan.workflows).map(Order) {
        for (part, amount) in order.payments().into_iter().enumerate() {
            payments.push((order, part, amount));
        }
    }
    for i in (1..payments.len()).rev() {
        payments.swap(i, below(i as u64 + 1));
    }
    let mut ids = HashMap::new();
    for mut row in tables.database().query("SELECT key, id FROM workflows", &[])? {
        ids.insert(row.text(0)?, row.int(1)?);
    }

    let (linger, file) = (plan.linger.to_string(), outside.to_string_lossy());
    let arguments = ["--database", place, "work", "--child", "--outside", &file, "--linger", &linger];
    let mut workers =
        Workers { program: program.into(), arguments: arguments.map(Into::into).into(), children: Vec::new() };
    for _ in 0..plan.workers {
        let child = workers.start()?;
        workers.children.push(child);
    }
    let (mut paid, kills) = (0, plan.kills.max(1));
    let mut progress = (0, Instant::now());
    loop {
        let done = paid == payments.len() && report.kills >= plan.kills;
        let left = left(&mut tables)?;
        if done && left == 0 {
            break;
        }
        if progress.0 != left {
            progress = (left, Instant::now());
        }
        ensure!(
            progress.1.elapsed() < Duration::from_secs(60),
            "nothing ends any more:\n{}",
            list::list(&mut tables, 30)?
        );
        if std::io::stdout().is_terminal() {
            let ended = plan.workflows - left as usize;
            let bar = "#".repeat(ended * 40 / plan.workflows);
            print!("\r[{bar:<40}] {ended} of {} ended, {} kills ", plan.workflows, report.kills);
            std::io::stdout().flush()?;
        }
        let goal = payments.len() * (report.kills + 1).min(kills) / kills;
        // Some at a time, for a commit takes long.
        for some in payments.get(paid..goal).unwrap_or_default().chunks(50) {
            let twice: Vec<_> = some.iter().map(|_| below(4) == 0).collect();
            tables.transaction(|tables| {
                for (&(order, part, amount), &twice) in some.iter().zip(&twice) {
                    for new in if twice { &[true, false][..] } else { &[true] } {
                        let (id, body) = (part.to_string(), amount.to_string());
                        let sent = tables.send(ids[&order.key()], "payment", &id, body.as_bytes())?;
                        ensure!(sent == *new, "{}: payment {part} was sent", order.key());
                    }
                }
                Ok(())
            })?;
            report.payments[0] += some.len();
            report.payments[1] += twice.iter().filter(|&&twice| twice).count();
        }
        paid = paid.max(goal);
        std::thread::sleep(Duration::from_millis(30 + below(100) as u64));
        if report.kills < plan.kills {
            let victim = below(plan.workers as u64);
            if let Some(within) = &mut report.within {
                let name = format!("durable-{}", workers.children[victim].id());
                let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle'";
                *within += tables.database().query(sql, &[(&*name).into()])?[0].int(0)? as usize;
            }
            workers.kill(victim)?;
            report.kills += 1;
        }
        if let Some(server) = server
            && report.crashes < plan.crashes * report.kills / kills
        {
            server.crash()?;
            tables = Tables::open(place)?;
            report.crashes += 1;
        }
    }
    tables.send(ids["stock"], "change", "close", &[0; 4])?;
    wait(&mut tables, "SELECT count(*) FROM workflows WHERE state <> 'finished'")?;
    wait(&mut tables, "SELECT count(*) FROM outbox WHERE due IS NOT NULL")?;
    drop(workers);
    report.took[0] = begin.elapsed();
    let begin = Instant::now();
    verify(&mut tables, &guests, outside, stock, plan, &mut report)?;
    report.took[1] = begin.elapsed();
    Ok(report)
}

/// Compares what is in the tables, and what came outside, with what has to be there.
fn verify(
    tables: &mut Tables,
    guests: &Guests,
    outside: &Path,
    stock: i64,
    plan: &Plan,
    report: &mut Report,
) -> Result<()> {
    let orders = || (0..plan.workflows).map(Order);
    // Also by arithmetic: what was taken twice, or given back twice, would be missing or too much.
    let sold = orders().filter(|order| order.fate() == Fate::Paid).map(Order::quantity).sum::<i64>();
    let found = replay(tables, guests, "stock")?;
    ensure!(found.result == Some((stock - sold).to_string()), "in stock: {:?}, not {}", found.result, stock - sold);

    let mut expected = BTreeMap::new();
    for order in orders() {
        let key = order.key();
        let found = replay(tables, guests, &key)?;
        let result = order.result().to_string();
        ensure!(found.result.as_ref() == Some(&result), "{key}: {:?}, not {result}", found.result);
        report.steps += found.steps;
        let sent = found.sent.iter().filter(|sent| !sent.to.starts_with("workflow:"));
        let sent: Vec<_> =
            sent.map(|sent| (sent.number, &*sent.to, str::from_utf8(&sent.body).unwrap_or("?"))).collect();
        ensure!(sent.iter().map(|&(_, to, body)| (to, body)).eq(order.sends().iter().copied()), "{key}: sent {sent:?}");
        for (number, to, body) in sent {
            expected.insert(format!("{key}/{number}"), format!("{to}: {body}"));
        }
        report.workflows += 1;
    }
    let sql = "SELECT count(*) FROM messages WHERE state <> 2";
    ensure!(tables.database().query(sql, &[])?[0].int(0)? == 0, "messages are left");

    let lines = std::fs::read_to_string(outside)?;
    let mut came: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for line in lines.lines() {
        let (key, what) = line.split_once(' ').with_context(|| format!("outside came {line:?}"))?;
        let (first, times) = came.entry(key).or_insert((what, 0));
        ensure!(*first == what, "{key} came outside as {first:?} and as {what:?}");
        *times += 1;
    }
    let same =
        came.iter().map(|(key, (what, _))| (*key, *what)).eq(expected.iter().map(|(key, what)| (&**key, &**what)));
    ensure!(same, "outside came {} of {}", came.len(), expected.len());
    report.delivered = [came.len(), came.values().map(|(_, times)| times - 1).sum()];
    Ok(())
}
