//! PostgreSQL.

use super::{Database, Row, Value};
use anyhow::{Context, Result, bail};
use bytes::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};
use std::collections::HashMap;
use std::error::Error;

struct Postgres {
    client: Client,
    prepared: HashMap<String, Statement>,
}

/// Connects. (Without TLS: over a socket of the machine, or within a network that one trusts.)
///
/// # Errors
/// Those of the database.
pub(super) fn open(place: &str) -> Result<Box<dyn Database>> {
    let mut config: Config = place.parse()?;
    // By which an operator, and the kill test, finds the connections of a process.
    config.application_name(&format!("durable-{}", std::process::id()));
    let mut client = config.connect(NoTls).context("connecting to PostgreSQL")?;
    // A row's lock ends with the connection. So that a worker that hangs, or whose machine is gone, keeps none for long, the server
    // ends such connections.
    client.batch_execute(
        "SET idle_in_transaction_session_timeout = '60s'; SET tcp_keepalives_idle = 30; SET client_min_messages = warning",
    )?;
    Ok(Box::new(Postgres { client, prepared: HashMap::new() }))
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql_checked(ty, out),
            Self::Text(value) => value.to_sql_checked(ty, out),
            Self::Bytes(value) => value.to_sql_checked(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::TEXT | Type::NAME | Type::BYTEA)
    }

    to_sql_checked!();
}

/// A column, as its type is.
fn value(row: &postgres::Row, column: usize) -> Result<Value> {
    fn get<'a, T: FromSql<'a> + Into<Value>>(row: &'a postgres::Row, column: usize) -> Result<Value> {
        Ok(row.try_get::<_, Option<T>>(column)?.into())
    }
    match *row.columns()[column].type_() {
        Type::INT8 => get::<i64>(row, column),
        Type::TEXT => get::<&str>(row, column),
        Type::BYTEA => get::<&[u8]>(row, column),
        ref other => bail!("column {column} is of type {other}"),
    }
}

impl Postgres {
    fn prepare(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).with_context(|| format!("preparing {sql}"))?;
        self.prepared.insert(sql.into(), statement.clone());
        Ok(statement)
    }
}

/// The parameters as postgres takes them.
fn list(parameters: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|value| value as _).collect()
}

impl Database for Postgres {
    fn define(&mut self, schema: &str) -> Result<()> {
        // `CREATE INDEX IF NOT EXISTS` takes a lock even where it exists, and deadlocks with workers that write.
        if self.query("SELECT count(to_regclass('history'))", &[])?[0].int(0)? == 1 {
            return Ok(());
        }
        let schema = schema.replace("{serial}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY");
        // `IF NOT EXISTS` races: two that begin at once would both make a table. The number is any that nobody else uses.
        Ok(self.client.batch_execute(&format!("BEGIN; SELECT pg_advisory_xact_lock(7047102); {schema}; COMMIT"))?)
    }

    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>> {
        let statement = self.prepare(sql)?;
        let rows = self.client.query(&statement, &list(parameters)).with_context(|| format!("executing {sql}"))?;
        rows.iter().map(|row| (0..row.len()).map(|column| value(row, column)).collect::<Result<_>>().map(Row)).collect()
    }

    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64> {
        let statement = self.prepare(sql)?;
        self.client.execute(&statement, &list(parameters)).with_context(|| format!("executing {sql}"))
    }

    fn begin(&mut self) -> Result<()> {
        Ok(self.client.batch_execute("BEGIN")?)
    }

    fn commit(&mut self) -> Result<()> {
        Ok(self.client.batch_execute("COMMIT")?)
    }

    fn roll_back(&mut self) -> Result<()> {
        Ok(self.client.batch_execute("ROLLBACK")?)
    }

    fn now(&mut self) -> Result<i64> {
        // Not `now()`, which is when the transaction began.
        self.query("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)", &[])?[0].int(0)
    }
}
