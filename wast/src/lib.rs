//! Runs the scripts of the WebAssembly specification's test suite (`.wast`) on pirn.
//!
//! A script is a list of directives: modules to instantiate, functions to call, and assertions about the outcome, as
//! described in the specification's `interpreter/README.md`. [`run`] executes one script and says for each directive
//! whether it did what it should. The host module `spectest` is the specification's.
//!
//! How strictly an outcome is compared:
//!
//! | directive | passes if |
//! |---|---|
//! | `assert_return` | every result has the type and bits asked for, or is such a NaN |
//! | `assert_trap`, `assert_exhaustion` | it traps, and of the trap's text and the text asked for one begins the other |
//! | `assert_exception` | it throws an exception that nothing catches |
//! | `assert_unlinkable` | instantiation fails, but not by a trap |
//! | `assert_invalid`, `assert_malformed` | the module is refused; the texts of implementations differ |
//!
//! A panic is a failure of the directive that caused it, not of the run.

#![forbid(unsafe_code)]

mod script;
mod spectest;
mod value;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{Wast, WastDirective};

/// How to run a script.
#[derive(Debug, Clone)]
pub struct Options {
    /// Settings of the engine every module of the script runs in.
    pub config: pirn::Config,
    /// Makes a module of a binary.
    pub load: Load,
}

/// See [`Options::load`].
pub type Load = fn(&pirn::Engine, &[u8]) -> pirn::Result<pirn::Module>;

impl Default for Options {
    /// The default settings, and [`pirn::Module::from_binary`].
    fn default() -> Self {
        Self { config: pirn::Config::default(), load: pirn::Module::from_binary }
    }
}

/// What happened in a script.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The script's name, as given to [`run`].
    pub name: String,
    /// Directives that did what they should.
    pub passed: usize,
    /// How many of all directives, passed or not, are assertions.
    pub assertions: usize,
    /// Directives that did not.
    pub failed: Vec<Failure>,
}

/// A directive that did not do what it should, or the text that is no script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Line in the script, counted from 1.
    pub line: usize,
    /// Column in the line, in bytes, counted from 1.
    pub column: usize,
    /// What happened instead.
    pub message: String,
}

impl Report {
    /// Whether nothing failed.
    pub fn is_success(&self) -> bool {
        self.failed.is_empty()
    }
}

impl fmt::Display for Report {
    /// A line for each failure, as compilers write them, and the counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failed {
            writeln!(f, "{}:{failure}", self.name)?;
        }
        write!(f, "{}: {} passed, {} failed", self.name, self.passed, self.failed.len())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Runs a script. Failed directives do not end it; a script that cannot be parsed is one failure.
pub fn run(name: &str, text: &str, options: &Options) -> Report {
    let mut report = Report { name: name.to_owned(), ..Report::default() };
    if let Err(failure) = run_into(&mut report, text, options) {
        report.failed.push(failure);
    }
    report
}

fn run_into(report: &mut Report, text: &str, options: &Options) -> Result<(), Failure> {
    let lines = Lines::of(text);
    let refused = |error: wast::Error| lines.failure(error.span(), error.message());
    let buffer = parse_buffer(text).map_err(refused)?;
    let directives = parser::parse::<Wast<'_>>(&buffer).map_err(refused)?.directives;
    let mut script = script::Script::new(options).map_err(|error| Failure {
        line: 1,
        column: 1,
        message: format!("the script cannot begin: {error}"),
    })?;
    for directive in directives {
        let span = directive.span();
        report.assertions += usize::from(is_assertion(&directive));
        // The script's state after a panic is whatever it is: the directives that rely on it fail on their own.
        let outcome = catch_unwind(AssertUnwindSafe(|| script.run(directive)))
            .unwrap_or_else(|payload| Err(anyhow::anyhow!("panic: {}", panic_text(&*payload))));
        match outcome {
            Ok(()) => report.passed += 1,
            Err(error) => report.failed.push(lines.failure(span, format!("{error:#}"))),
        }
    }
    Ok(())
}

/// Tokens of a script or of a quoted module; the suite has names that look confusing on purpose.
pub(crate) fn parse_buffer(text: &str) -> Result<ParseBuffer<'_>, wast::Error> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    ParseBuffer::new_with_lexer(lexer)
}

fn is_assertion(directive: &WastDirective<'_>) -> bool {
    use WastDirective::*;
    !matches!(
        directive,
        Module(_) | ModuleDefinition(_) | ModuleInstance { .. } | Register { .. } | Invoke(_) | Thread(_) | Wait { .. }
    )
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("of unknown cause")
}

/// Where the lines of a text begin, in bytes. A script may have as many failures as lines.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect())
    }

    fn failure(&self, span: wast::token::Span, message: String) -> Failure {
        let line = self.0.partition_point(|&start| start <= span.offset());
        Failure { line, column: span.offset() - self.0[line - 1] + 1, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wast::token::Span;

    #[test]
    fn places_are_lines_and_columns_in_bytes() {
        for text in ["", "\n", "a", "ä b\r\nc\n\n d", "a\nb\n"] {
            let lines = Lines::of(text);
            for offset in 0..=text.len() {
                let span = Span::from_offset(offset);
                let found = lines.failure(span, String::new());
                let (line, column) = span.linecol_in(text);
                assert_eq!((found.line, found.column), (line + 1, column + 1), "{text:?}, {offset}");
            }
        }
    }
}
