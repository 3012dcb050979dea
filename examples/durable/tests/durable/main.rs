//! Workflows on both databases.
//!
//! - `cases`: what happens to workflows, one thing at a time;
//! - `kill`: workers that are killed, by the command line.
//!
//! PostgreSQL is started from Debian's programs (`apt-get install postgresql`). Where it is not installed its tests are skipped, but in CI.

mod cases;
mod kill;

use pirn_durable::server::{Server, programs};
use std::path::PathBuf;

/// A directory that is removed afterwards.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("durable-test-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether PostgreSQL is there; if not, it says so, and fails in CI.
fn has_postgres() -> bool {
    if programs().is_some() {
        return true;
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "PostgreSQL is missing, and this is CI");
    println!("skipped: PostgreSQL is not installed (apt-get install postgresql)");
    false
}

#[test]
fn cases_on_sqlite() {
    let directory = Directory::new("sqlite");
    for (name, case) in cases::ALL {
        println!("{name}");
        case(&directory.0.join(name).to_string_lossy());
    }
}

#[test]
fn cases_on_postgres() {
    if !has_postgres() {
        return;
    }
    let directory = Directory::new("postgres");
    let server = Server::start(&directory.0.join("server")).unwrap();
    for (name, case) in cases::ALL {
        println!("{name}");
        let mut database = pirn_durable::database::open(&server.place()).unwrap();
        database.execute(&format!("CREATE DATABASE {name}"), &[]).unwrap();
        case(&server.place().replace("dbname=postgres", &format!("dbname={name}")));
    }
}
