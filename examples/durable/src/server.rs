//! A PostgreSQL of one's own, in a directory that is removed afterwards: for tests, and to try things out.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server. It stops when it is dropped.
pub struct Server {
    programs: PathBuf,
    directory: PathBuf,
    user: Option<User>,
    /// Stops the server when our end of its standard input is closed: also if we are killed.
    guard: Child,
}

/// Whom the server runs as: it refuses to be root's.
struct User {
    name: String,
    uid: u32,
    gid: u32,
}

impl User {
    /// `postgres`, or else `nobody`, if we are root.
    fn unprivileged() -> Result<Option<Self>> {
        if fs::metadata("/proc/self").map(|process| process.uid()).unwrap_or(1) != 0 {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd")?;
        let find = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut numbers = line.split(':').skip(2).map(|number| number.parse().ok());
            Some(Self { name: name.into(), uid: numbers.next()??, gid: numbers.next()?? })
        };
        Ok(Some(find("postgres").or_else(|| find("nobody")).context("no user to run PostgreSQL as")?))
    }
}

/// Where PostgreSQL's programs are, as Debian has them: of the newest version. None if it is not installed.
pub fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let version = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|entry| version(entry.ok()?)).max()?;
    let programs = Path::new("/usr/lib/postgresql").join(newest.to_string()).join("bin");
    programs.join("initdb").exists().then_some(programs)
}

impl Server {
    /// Makes an empty database in `directory`, which does not exist yet, and starts a server for it, on a socket there.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start.
    pub fn start(directory: &Path) -> Result<Self> {
        let programs = programs().context("PostgreSQL is not installed: apt-get install postgresql")?;
        let user = User::unprivileged()?;
        fs::create_dir(directory)?;
        if let Some(User { uid, gid, .. }) = user {
            chown(directory, Some(uid), Some(gid))?;
        }
        let guard = guard(&programs, directory, user.as_ref())?;
        let this = Self { programs, directory: directory.into(), user, guard };
        this.run(
            "initdb",
            &["--auth=trust", "--username=durable", "--no-instructions", "--encoding=UTF8", "--locale=C"],
        )?;
        this.go()?;
        Ok(this)
    }

    /// What [`open`](crate::database::open) takes.
    pub fn place(&self) -> String {
        format!("host={} user=durable dbname=postgres", self.directory.display())
    }

    /// Has all of the server's processes end at once, as if the machine had failed, and starts it again.
    ///
    /// # Errors
    /// It does not start.
    pub fn crash(&self) -> Result<()> {
        self.run("pg_ctl", &["stop", "--mode=immediate"])?;
        self.go()
    }

    fn go(&self) -> Result<()> {
        let options = format!("-k {} -c listen_addresses=", self.directory.display());
        self.run("pg_ctl", &["start", "--wait", "--log", &self.directory.join("log").to_string_lossy(), "-o", &options])
    }

    /// Executes one of PostgreSQL's programs on the server's files.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let mut command = command(&self.programs.join(program), &self.directory, self.user.as_ref());
        let status = command.args(arguments).status().with_context(|| format!("executing {program}"))?;
        let log = || fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        ensure!(status.success(), "{program} {arguments:?}: {status}\n{}", log());
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to be done about what fails here.
        drop(self.guard.stdin.take());
        _ = self.guard.wait();
        _ = fs::remove_dir_all(&self.directory);
    }
}

/// A command that works on the server's files, as its user.
fn command(program: &Path, directory: &Path, user: Option<&User>) -> Command {
    let mut command = Command::new(program);
    command.env("PGDATA", directory.join("data")).current_dir(directory);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(User { name, uid, gid }) = user {
        command.uid(*uid).gid(*gid).env("USER", name).env("HOME", directory);
    }
    command
}

/// A shell that waits until its standard input ends, and then stops the server and removes its files. It is of a process group of its own, so
/// that what interrupts us at the terminal does not interrupt it.
fn guard(programs: &Path, directory: &Path, user: Option<&User>) -> Result<Child> {
    let script = "read _; \"$0\" stop --mode=immediate; rm -rf \"$PGDATA\"";
    let mut command = command(Path::new("/bin/sh"), directory, user);
    command.arg("-c").arg(script).arg(programs.join("pg_ctl")).process_group(0).stdin(Stdio::piped());
    command.spawn().context("starting a shell")
}
