//! What came out: kept as JSON beside the build, so that the page can be written again without measuring again.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that one run measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// Day of the run.
    pub date: String,
    /// Processor and system.
    pub machine: String,
    /// Version of the compiler.
    pub rustc: String,
    /// `quick` or `full`.
    pub mode: String,
    /// How long it took.
    pub seconds: u64,
    /// The groups, in order.
    pub groups: Vec<Group>,
}

/// One group of cases.
#[derive(Debug, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Unit of the values.
    pub unit: String,
    /// Its cases, in order.
    pub rows: Vec<Row>,
}

/// One case.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub case: String,
    /// What each runtime made of it.
    pub cells: BTreeMap<String, Cell>,
}

/// What one runtime made of one case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Cell {
    /// The smallest value of several rounds.
    Value(f64),
    /// Why there is none.
    Failed(String),
}

impl Cell {
    /// The value, if there is one.
    pub fn value(&self) -> Option<f64> {
        if let Self::Value(value) = self { Some(*value) } else { None }
    }
}

impl Row {
    /// The value of `runtime`.
    pub fn value(&self, runtime: &str) -> Option<f64> {
        self.cells.get(runtime)?.value()
    }
}

impl Group {
    /// Geometric mean of the ratios of `runtime` to `base`, and how many cases both could run.
    pub fn geomean(&self, runtime: &str, base: &str) -> Option<(f64, usize)> {
        let ratios = self.rows.iter().filter_map(|row| Some(row.value(runtime)? / row.value(base)?));
        let ratios: Vec<f64> = ratios.filter(|ratio| ratio.is_finite() && *ratio > 0.0).collect();
        Some((pirn_suite::measure::geomean(ratios.iter().copied())?, ratios.len()))
    }
}
