//! Writing to the standard streams where it may fail: a disk is full, or nobody reads any more.

use anyhow::{Context, Result};
use std::fmt::{Arguments, Display};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// How long a process that ends waits for its last message to be written.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Text with what a terminal would obey, or would not show as it is, replaced: names are a module's, and may hold anything. Messages
/// with the embedder's own texts, such as paths, go through it as well.
pub fn harmless(text: &str) -> String {
    let is_harmful = |c: char| pirn::is_disguise(c) && !matches!(c, '\n' | '\t');
    text.chars().map(|c| if is_harmful(c) { c.escape_default().to_string() } else { c.into() }).collect()
}

/// Writes to standard output at once.
///
/// # Errors
/// It cannot be written. [`is_closed`] tells whether only nobody reads it.
pub fn print(text: Arguments<'_>) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(harmless(&text.to_string()).as_bytes())
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}

/// Writes a line to standard error. If it cannot, there is nobody who could be told.
pub fn complain(text: Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{}", harmless(&text.to_string()));
}

/// Writes a line with what kind of message it is before it, in red on a terminal.
pub fn complain_of(kind: &str, message: &dyn Display) {
    // What every terminal knows; `NO_COLOR` is for those that do not, or people (no-color.org).
    let color = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let (begin, end) = if color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    let _ = writeln!(io::stderr(), "{begin}{kind}:{end} {}", harmless(&message.to_string()));
}

/// Whether somebody ends the process, which takes a moment.
static ENDS: AtomicBool = AtomicBool::new(false);

/// Ends the process with this status when `say` has written why, or could not for a while.
pub fn exit(status: u8, say: impl FnOnce() + Send + 'static) -> ! {
    begin_to_end();
    try_to(say);
    std::process::exit(status.into())
}

/// Says that the process ends. Whoever says so first ends it; any other waits for that here.
pub fn begin_to_end() {
    while ENDS.swap(true, Ordering::Relaxed) {
        std::thread::park();
    }
}

/// Has `say` write a last message. If it cannot for a while, nobody waits any longer: nobody may read standard error, and who waits for that may
/// hold its lock.
pub fn try_to(say: impl FnOnce() + Send + 'static) {
    let (said, is_said) = mpsc::channel();
    let say = move || {
        say();
        let _ = said.send(());
    };
    // Where there can be no thread, nothing is said.
    if std::thread::Builder::new().spawn(say).is_ok() {
        let _ = is_said.recv_timeout(LAST_WORDS);
    }
}

/// Whether an error says that nobody reads what is written any more, which is nobody's fault.
pub fn is_closed(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == ErrorKind::BrokenPipe))
}

/// The exit status of a command; its error is shown.
pub fn status(result: Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        if !is_closed(&error) {
            complain_of("error", &format_args!("{error:#}"));
        }
        ExitCode::FAILURE
    })
}
