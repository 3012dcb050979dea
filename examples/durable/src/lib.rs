//! Workflows in WebAssembly that outlive the processes, and the machines, that execute them.
//!
//! A workflow is an ordinary module. When it sleeps or waits for a message, a host function yields, and the paused execution becomes a
//! [`Snapshot`](pirn::Snapshot) in a row of a database. Any worker takes the row when its time has come, goes on, and writes what came of it
//! in the transaction in which it took it. The README says how to run it, and why each step happens exactly once.
//!
//! - `database`: the few things asked of PostgreSQL and SQLite;
//! - `tables`: what is in the database, and every statement;
//! - `guest`: what a workflow may call, and one turn of it, from its snapshot to the next;
//! - `worker`: takes due workflows, gives each a turn, delivers the outbox;
//! - `replay`: executes a workflow again from what was recorded;
//! - `list`: a picture of it all, in text;
//! - `server`, `kill_test`, `measure`: a PostgreSQL of one's own, workers that are killed, and figures.

#![forbid(unsafe_code)]

pub mod database;
pub mod guest;
pub mod kill_test;
pub mod list;
pub mod measure;
pub mod replay;
pub mod server;
pub mod tables;
pub mod wait;
pub mod worker;
