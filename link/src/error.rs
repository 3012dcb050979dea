//! The one error of the public API.
//!
//! An [`Error`] is one pointer wide and carries any `std::error::Error`: a [`Trap`], an error of decoding with its
//! offset, or what a host function returned. It passes through WebAssembly frames unharmed, so what comes out of the
//! outer call is the very value the host function gave, to be found with [`Error::downcast_ref`].
//!
//! It implements `std::error::Error` itself, so `?` turns it into `anyhow::Error` or `Box<dyn Error>`. That excludes a
//! blanket `From<E: Error>`; foreign errors go in with [`Error::new`].

use crate::yielding::Yield;
use pirn_exec::{Exit, Trap};
use std::any::Any;
use std::error::Error as StdError;
use std::fmt;

/// A `Result` with pirn's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong: a trap, a refused module, a failed link, or an error of a host function.
pub struct Error(Box<Box<dyn StdError + Send + Sync>>);

/// A panic on its way around WebAssembly frames, which cannot be unwound.
pub(crate) struct CaughtPanic(pub(crate) Box<dyn Any + Send>);

/// An error that is nothing but its text.
#[derive(Debug)]
struct Message(Box<str>);

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Message {}

/// A trap whose place is worth telling. To whoever downcasts an [`Error`] it is a [`Trap`] like others.
#[derive(Debug)]
struct PlacedTrap {
    trap: Trap,
    place: Box<str>,
}

impl fmt::Display for PlacedTrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.trap, self.place)
    }
}

impl StdError for PlacedTrap {}

impl Error {
    /// Wraps an error of another type; [`Error::downcast_ref`] finds it again.
    pub fn new(error: impl StdError + Send + Sync + 'static) -> Self {
        Self(Box::new(Box::new(error)))
    }

    /// An error that says `message`.
    #[cold]
    pub fn msg(message: impl fmt::Display) -> Self {
        Self::new(Message(message.to_string().into()))
    }

    /// A trap outside any call, and its place in words.
    #[cold]
    pub(crate) fn trap_at(trap: Trap, place: &str) -> Self {
        Self::new(PlacedTrap { trap, place: place.into() })
    }

    /// Whether this is an `E`.
    pub fn is<E: StdError + 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// The wrapped error, if it is an `E`; for example `error.downcast_ref::<Trap>()`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        let trap = || self.0.downcast_ref().and_then(|PlacedTrap { trap, .. }| (trap as &dyn StdError).downcast_ref());
        self.0.downcast_ref().or_else(trap)
    }

    /// Why an execution ends when a host function returns this.
    #[cold]
    pub(crate) fn into_exit(self) -> Exit {
        match self.downcast::<Yield>() {
            Ok(payload) => Exit::Yield(payload.into_payload()),
            Err(error) => Exit::Host(Box::new(error)),
        }
    }

    /// Unwraps the error if it is an `E`.
    ///
    /// # Errors
    /// The error itself, if it is something else.
    pub fn downcast<E: StdError + 'static>(self) -> Result<E, Self> {
        let other = match self.0.downcast::<E>() {
            Ok(error) => return Ok(*error),
            Err(other) => other,
        };
        if let Some(PlacedTrap { trap, .. }) = other.downcast_ref() {
            let trap: Box<dyn StdError> = Box::new(*trap);
            if let Ok(trap) = trap.downcast::<E>() {
                return Ok(*trap);
            }
        }
        Err(Self(Box::new(other)))
    }

    /// The trap, if execution trapped.
    pub fn trap(&self) -> Option<Trap> {
        self.downcast_ref().copied()
    }

    /// Where in the binary module the error lies, in bytes from its beginning, if the module was refused.
    pub fn offset(&self) -> Option<u64> {
        self.downcast_ref::<pirn_decode::Error>().map(pirn_decode::Error::offset)
    }

    /// The error an execution ended with; a panic goes on unwinding here.
    #[cold]
    pub(crate) fn from_exit(exit: Exit) -> Self {
        match exit {
            Exit::Trap(trap) => trap.into(),
            Exit::OutOfFuel { .. } => Trap::OutOfFuel.into(),
            Exit::Yield(_) => format_err!(
                "a host function yielded in a call that cannot be resumed: `call_resumable` would have to begin it"
            ),
            Exit::Host(error) => match error.downcast::<Self>() {
                Ok(error) => *error,
                Err(other) => match other.downcast::<CaughtPanic>() {
                    Ok(panic) => std::panic::resume_unwind(panic.0),
                    Err(_) => unreachable!("host functions and the hook for lowering return `Error` or `CaughtPanic`"),
                },
            },
            Exit::NoStack { bytes } => format_err!("the system gave no memory for a value stack of {bytes} bytes"),
            Exit::Panic(payload) => std::panic::resume_unwind(payload),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    /// The text and its causes, for `unwrap` and `fn main() -> Result<()>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\ncaused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl From<Trap> for Error {
    #[cold]
    fn from(trap: Trap) -> Self {
        Self::new(trap)
    }
}

impl From<pirn_decode::Error> for Error {
    fn from(error: pirn_decode::Error) -> Self {
        Self::new(error)
    }
}

impl From<Yield> for Error {
    #[cold]
    fn from(payload: Yield) -> Self {
        Self::new(payload)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(error)
    }
}

impl From<Box<dyn StdError + Send + Sync>> for Error {
    fn from(error: Box<dyn StdError + Send + Sync>) -> Self {
        Self(Box::new(error))
    }
}

/// Makes an [`Error`] from a format string.
macro_rules! format_err {
    ($($arg:tt)*) => { $crate::error::Error::msg(format_args!($($arg)*)) };
}
pub(crate) use format_err;
