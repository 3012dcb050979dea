//! `durable`: the command line. `durable help` prints it.

#![forbid(unsafe_code)]

use anyhow::{Context, Result, bail, ensure};
use pirn_durable::guest::Guests;
use pirn_durable::kill_test::{Plan, kill_test};
use pirn_durable::server::Server;
use pirn_durable::tables::{Parcel, Tables};
use pirn_durable::worker::{Options, Worker};
use pirn_durable::{list, measure, replay};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

const HELP: &str = "durable [--database PLACE] COMMAND

PLACE is a file of SQLite (durable.db), or postgres://USER@HOST/NAME; DATABASE_URL, if it is set.

    submit FILE KEY [NUMBERS...]        adds a workflow: a module, its name, and what `run` is called with
    send KEY CHANNEL TEXT [--id ID]     sends it a message; again with the same id, nothing happens
    work [--batch N] [--linger MS] [--until-idle] [--outside FILE]
                                        executes what is due; what workflows send outside is appended to a file, or printed
    list [N]                            shows how far they are
    retry KEY                           lets a parked workflow try again
    replay KEY                          executes it again from what was recorded, and compares
    kill-test [--workflows N] [--workers N] [--kills N] [--linger MS] [--crashes N] [--seed N] [--postgres]
                                        kills workers all the time; on SQLite, or on a PostgreSQL of its own
    measure [N] [--postgres]            prints figures

";

/// The command line, of which options are taken out.
struct Arguments(Vec<String>);

impl Arguments {
    fn flag(&mut self, name: &str) -> bool {
        let place = self.0.iter().position(|arg| arg == name);
        place.map(|place| self.0.remove(place)).is_some()
    }

    fn option(&mut self, name: &str) -> Result<Option<String>> {
        let Some(place) = self.0.iter().position(|arg| arg == name) else { return Ok(None) };
        ensure!(place + 1 < self.0.len(), "{name} wants a value");
        self.0.remove(place);
        Ok(Some(self.0.remove(place)))
    }

    /// Sets the value if the option is there.
    fn number<T: std::str::FromStr>(&mut self, name: &str, value: &mut T) -> Result<()> {
        if let Some(text) = self.option(name)? {
            *value = text.parse().ok().with_context(|| format!("{name}: expected a number, found `{text}`"))?;
        }
        Ok(())
    }

    fn next(&mut self, what: &str) -> Result<String> {
        ensure!(!self.0.is_empty(), "expected {what}\n{HELP}");
        Ok(self.0.remove(0))
    }

    fn end(&self) -> Result<()> {
        ensure!(self.0.is_empty(), "too much: {:?}\n{HELP}", self.0);
        Ok(())
    }
}

fn main() -> Result<()> {
    let mut arguments = Arguments(std::env::args().skip(1).collect());
    let place = arguments.option("--database")?.or_else(|| std::env::var("DATABASE_URL").ok());
    let place = place.as_deref().unwrap_or("durable.db");
    match &*arguments.next("a command")? {
        "submit" => submit(place, arguments),
        "send" => send(place, arguments),
        "work" => work(place, arguments),
        "list" => {
            let limit = if arguments.0.is_empty() { 20 } else { arguments.next("a number")?.parse()? };
            arguments.end()?;
            print!("{}", list::list(&mut Tables::open(place)?, limit)?);
            Ok(())
        }
        "retry" => {
            let mut tables = Tables::open(place)?;
            let now = tables.database().now()?;
            tables.retry(&arguments.next("a key")?, now)
        }
        "replay" => {
            let key = arguments.next("a key")?;
            arguments.end()?;
            let replayed = replay::replay(&mut Tables::open(place)?, &Guests::new()?, &key)?;
            println!("{key}: the same in {} steps: {:?}", replayed.steps, replayed.result);
            Ok(())
        }
        "kill-test" => test(arguments),
        "measure" => figures(arguments),
        "help" => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("there is no command `{other}`\n{HELP}"),
    }
}

/// Adds a workflow.
fn submit(place: &str, mut arguments: Arguments) -> Result<()> {
    let (file, key) = (arguments.next("a file")?, arguments.next("a key")?);
    let args = arguments.0.join(" ");
    ensure!(arguments.0.iter().all(|arg| arg.parse::<i64>().is_ok()), "arguments are integers");
    let guests = Guests::new()?;
    let bytes = guests.binary(&std::fs::read(&file).with_context(|| format!("reading {file}"))?)?;
    let hash = guests.module(&bytes)?.hash();
    let mut tables = Tables::open(place)?;
    tables.keep_module(&hash, &bytes)?;
    let now = tables.database().now()?;
    // Recorded, so that it need not be good.
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos() as i64;
    let new = tables.submit(&key, &hash, &args, seed, now)?;
    println!("{key} {}", if new { "was added" } else { "is there already" });
    Ok(())
}

/// Sends a message.
fn send(place: &str, mut arguments: Arguments) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos();
    let id = arguments.option("--id")?.unwrap_or_else(|| format!("sent-{now}-{}", std::process::id()));
    let (key, channel, text) = (arguments.next("a key")?, arguments.next("a channel")?, arguments.next("a text")?);
    arguments.end()?;
    let mut tables = Tables::open(place)?;
    let workflow = tables.find(&key)?.with_context(|| format!("there is no workflow `{key}`"))?;
    let new = tables.send(workflow, &channel, &id, text.as_bytes())?;
    println!("{}", if new { "sent" } else { "was sent already" });
    Ok(())
}

/// Works, and connects again when the database was gone.
fn work(place: &str, mut arguments: Arguments) -> Result<()> {
    let mut options = Options::default();
    let mut linger = 0;
    arguments.number("--batch", &mut options.batch)?;
    arguments.number("--linger", &mut linger)?;
    options.linger = Duration::from_millis(linger);
    let until_idle = arguments.flag("--until-idle");
    let outside = arguments.option("--outside")?;
    if arguments.flag("--child") {
        std::thread::spawn(|| {
            // There is nothing to read: it ends when the parent does.
            _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
    }
    arguments.end()?;
    let mut file = match &outside {
        Some(path) => Some(OpenOptions::new().create(true).append(true).open(path)?),
        None => None,
    };
    loop {
        let idle = |tables: &mut Tables| {
            // What is in the outbox is work as well.
            let sql = "SELECT (SELECT count(*) FROM workflows WHERE due IS NOT NULL)
                            + (SELECT count(*) FROM outbox WHERE due IS NOT NULL)";
            Ok(until_idle && tables.database().query(sql, &[])?[0].int(0)? == 0)
        };
        let worked = Worker::new(place, options.clone())
            .and_then(|mut worker| worker.work(&mut |parcel| deliver(file.as_mut(), parcel), idle));
        match worked {
            Ok(()) => return Ok(()),
            Err(error) => eprintln!("the database failed, and is tried again: {error:#}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The outside of this example: lines of a file. A real one would be called with the key, by which it knows what comes twice.
fn deliver(file: Option<&mut File>, parcel: &Parcel) -> Result<()> {
    let line = format!("{} {}: {}\n", parcel.key, parcel.target, String::from_utf8_lossy(&parcel.body));
    match file {
        // At once, so that no part of a line is written.
        Some(file) => Ok(file.write_all(line.as_bytes())?),
        None => Ok(std::io::stdout().write_all(line.as_bytes())?),
    }
}

/// A directory for what is made now, which is removed when it is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("durable-{}", std::process::id()));
        std::fs::create_dir(&path)?;
        // A server's user has to come through.
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(Self(path))
    }

    /// A database in it.
    fn database(&self, postgres: bool) -> Result<(String, Option<Server>)> {
        if !postgres {
            return Ok((self.0.join("durable.db").to_string_lossy().into(), None));
        }
        let server = Server::start(&self.0.join("server"))?;
        Ok((server.place(), Some(server)))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is a temporary one.
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The kill test.
fn test(mut arguments: Arguments) -> Result<()> {
    let mut plan = Plan::default();
    arguments.number("--workflows", &mut plan.workflows)?;
    arguments.number("--workers", &mut plan.workers)?;
    arguments.number("--kills", &mut plan.kills)?;
    arguments.number("--linger", &mut plan.linger)?;
    arguments.number("--crashes", &mut plan.crashes)?;
    arguments.number("--seed", &mut plan.seed)?;
    let postgres = arguments.flag("--postgres");
    arguments.end()?;
    ensure!(plan.crashes == 0 || postgres, "only a server crashes");
    ensure!(plan.workflows > 0 && plan.workers > 0, "some workflows and workers");
    let directory = Temporary::new()?;
    let (place, server) = directory.database(postgres)?;
    let outside = directory.0.join("outside");
    let report = kill_test(&std::env::current_exe()?, &place, &outside, server.as_ref(), &plan)?;
    print!("\r{report}");
    Ok(())
}

/// Figures.
fn figures(mut arguments: Arguments) -> Result<()> {
    let postgres = arguments.flag("--postgres");
    let count = if arguments.0.is_empty() { 1000 } else { arguments.next("a number")?.parse()? };
    arguments.end()?;
    let directory = Temporary::new()?;
    let (place, _server) = directory.database(postgres)?;
    measure::measure(&place, count)
}
