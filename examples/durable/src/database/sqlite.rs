//! SQLite: a file, for the processes of one machine.

use super::{Database, Row, Value};
use anyhow::{Context, Result, bail};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use std::time::{Duration, SystemTime};

struct Sqlite(Connection);

/// Opens the file, or makes it.
///
/// # Errors
/// Those of the database.
pub(super) fn open(place: &str) -> Result<Box<dyn Database>> {
    let connection = Connection::open(place).with_context(|| format!("opening {place}"))?;
    connection.busy_timeout(Duration::from_secs(60))?;
    // Readers do not wait for the writer; and a commit is on the disk before it returns.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(Box::new(Sqlite(connection)))
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

/// What SQLite understands. It has one writer at a time, from the beginning of its transaction, so it locks no rows.
fn dialect(sql: &str) -> String {
    sql.replace("FOR UPDATE OF w SKIP LOCKED", "")
}

impl Database for Sqlite {
    fn define(&mut self, schema: &str) -> Result<()> {
        Ok(self.0.execute_batch(&schema.replace("{serial}", "INTEGER PRIMARY KEY AUTOINCREMENT"))?)
    }

    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>> {
        let mut statement = self.0.prepare_cached(&dialect(sql)).with_context(|| format!("preparing {sql}"))?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(parameters))?;
        let mut list = Vec::new();
        while let Some(row) = rows.next()? {
            let value = |column| {
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => value.into(),
                    ValueRef::Text(value) => std::str::from_utf8(value)?.into(),
                    ValueRef::Blob(value) => value.into(),
                    ValueRef::Real(value) => bail!("column {column} is {value}"),
                })
            };
            list.push(Row((0..columns).map(value).collect::<Result<_>>()?));
        }
        Ok(list)
    }

    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64> {
        let mut statement = self.0.prepare_cached(&dialect(sql)).with_context(|| format!("preparing {sql}"))?;
        Ok(statement.execute(params_from_iter(parameters))? as u64)
    }

    fn begin(&mut self) -> Result<()> {
        Ok(self.0.execute_batch("BEGIN IMMEDIATE")?)
    }

    fn commit(&mut self) -> Result<()> {
        Ok(self.0.execute_batch("COMMIT")?)
    }

    fn roll_back(&mut self) -> Result<()> {
        Ok(self.0.execute_batch("ROLLBACK")?)
    }

    fn now(&mut self) -> Result<i64> {
        Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis() as i64)
    }
}
