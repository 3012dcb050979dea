//! What the tables ask of a database: statements with parameters, and transactions.
//!
//! Statements are written once, in what PostgreSQL and SQLite both understand. All values are one of three types, so that neither needs
//! conversions: times are milliseconds since 1970.

mod postgres;
mod sqlite;

use anyhow::{Result, bail};

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `BIGINT`.
    Int(i64),
    /// `TEXT`.
    Text(String),
    /// `BYTEA`.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of an answer.
#[derive(Debug)]
pub struct Row(Vec<Value>);

impl Row {
    /// Takes a number out.
    ///
    /// # Errors
    /// The column is not one.
    pub fn int(&mut self, column: usize) -> Result<i64> {
        self.maybe_int(column)?.ok_or_else(|| anyhow::format_err!("column {column} is null"))
    }

    /// Takes a number out, or nothing.
    ///
    /// # Errors
    /// The column is something else.
    pub fn maybe_int(&mut self, column: usize) -> Result<Option<i64>> {
        match self.take(column) {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(value)),
            other => bail!("column {column}: expected a number, found {other:?}"),
        }
    }

    /// Takes text out.
    ///
    /// # Errors
    /// The column is not text.
    pub fn text(&mut self, column: usize) -> Result<String> {
        self.maybe_text(column)?.ok_or_else(|| anyhow::format_err!("column {column} is null"))
    }

    /// Takes text out, or nothing.
    ///
    /// # Errors
    /// The column is something else.
    pub fn maybe_text(&mut self, column: usize) -> Result<Option<String>> {
        match self.take(column) {
            Value::Null => Ok(None),
            Value::Text(value) => Ok(Some(value)),
            other => bail!("column {column}: expected text, found {other:?}"),
        }
    }

    /// Takes bytes out.
    ///
    /// # Errors
    /// The column is not bytes.
    pub fn bytes(&mut self, column: usize) -> Result<Vec<u8>> {
        self.maybe_bytes(column)?.ok_or_else(|| anyhow::format_err!("column {column} is null"))
    }

    /// Takes bytes out, or nothing.
    ///
    /// # Errors
    /// The column is something else.
    pub fn maybe_bytes(&mut self, column: usize) -> Result<Option<Vec<u8>>> {
        match self.take(column) {
            Value::Null => Ok(None),
            Value::Bytes(value) => Ok(Some(value)),
            other => bail!("column {column}: expected bytes, found {other:?}"),
        }
    }

    fn take(&mut self, column: usize) -> Value {
        self.0.get_mut(column).map_or(Value::Null, |value| std::mem::replace(value, Value::Null))
    }
}

/// A connection. One transaction at a time may be open.
pub trait Database {
    /// Makes the tables, where they are missing. `{serial}` stands for a key that counts itself.
    ///
    /// # Errors
    /// Those of the database, as of all methods.
    fn define(&mut self, schema: &str) -> Result<()>;

    /// Executes a statement, and gives its rows. Parameters are `$1` and so on, which appear first in this order.
    ///
    /// # Errors
    /// Those of the database.
    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>>;

    /// Executes a statement, and gives the number of rows that it touched.
    ///
    /// # Errors
    /// Those of the database.
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64>;

    /// Begins a transaction.
    ///
    /// # Errors
    /// Those of the database.
    fn begin(&mut self) -> Result<()>;

    /// Ends the transaction: what was written stays, even if the machine fails.
    ///
    /// # Errors
    /// Those of the database. The transaction may have been committed or not.
    fn commit(&mut self) -> Result<()>;

    /// Ends the transaction, as if it had not been.
    ///
    /// # Errors
    /// Those of the database.
    fn roll_back(&mut self) -> Result<()>;

    /// What time it is, in milliseconds since 1970: for all workers by one clock.
    ///
    /// # Errors
    /// Those of the database.
    fn now(&mut self) -> Result<i64>;
}

/// Connects to PostgreSQL if it is a URL (`postgres://...`) or pairs (`host=/run/postgresql user=me`), and else to SQLite in this file.
///
/// # Errors
/// Those of the database.
pub fn open(place: &str) -> Result<Box<dyn Database>> {
    if is_postgres(place) { postgres::open(place) } else { sqlite::open(place) }
}

/// Whether the place is in PostgreSQL.
pub fn is_postgres(place: &str) -> bool {
    ["postgres://", "postgresql://", "host="].iter().any(|begin| place.starts_with(begin))
}
