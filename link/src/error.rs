//! The one error of the public API.
//!
//! An [`Error`] is one pointer wide and carries any `std::error::Error`: a [`Trap`], an error of decoding with its
//! offset, or what a host function returned. It passes through WebAssembly frames unharmed, so what comes out of the
//! outer call is the very value the host function gave, to be found with [`Error::downcast_ref`].
//!
//! It implements `std::error::Error` itself, so `?` turns it into `anyhow::Error` or `Box<dyn Error>`. That excludes a
//! blanket `From<E: Error>`; foreign errors go in with [`Error::new`], or with the methods of [`Context`].

use crate::yielding::Yield;
use pirn_exec::{Exit, Trap};
use std::any::Any;
use std::error::Error as StdError;
use std::fmt;

/// A `Result` with pirn's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong: a trap, a refused module, a failed link, or an error of a host function.
///
/// [`Error::context`] says more about it on its way out. [`Display`](fmt::Display) shows what was said last; with `{:#}` it
/// shows everything on one line, and [`Debug`](fmt::Debug) shows each cause on a line of its own.
pub struct Error(Box<Repr>);

enum Repr {
    Error(Wrapped),
    /// What was said about an error, and the error.
    Context(Box<dyn StdError + Send + Sync>, Error),
    /// Where an error happened, which is no part of what it says, and the error.
    Traced(Box<dyn StdError + Send + Sync>, Error),
}

/// An error of another type.
enum Wrapped {
    Std(Box<dyn StdError + Send + Sync>),
    /// As it is: only anyhow finds what is below its context.
    #[cfg(feature = "anyhow")]
    Anyhow(anyhow::Error),
}

impl Wrapped {
    /// The error; of anyhow's, what was said last.
    fn error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        match self {
            Self::Std(error) => &**error,
            #[cfg(feature = "anyhow")]
            Self::Anyhow(error) => &**error,
        }
    }

    fn downcast_ref<E: StdError + Send + Sync + 'static>(&self) -> Option<&E> {
        match self {
            Self::Std(error) => error.downcast_ref(),
            #[cfg(feature = "anyhow")]
            Self::Anyhow(error) => error.downcast_ref(),
        }
    }

    fn downcast<E: StdError + Send + Sync + 'static>(self) -> Result<E, Self> {
        match self {
            Self::Std(error) => error.downcast().map(|error| *error).map_err(Self::Std),
            #[cfg(feature = "anyhow")]
            Self::Anyhow(error) => error.downcast().map_err(Self::Anyhow),
        }
    }

    /// The `Error` that it gives as its source.
    fn inner(&self) -> Option<&Error> {
        match self {
            Self::Std(error) => inner(&**error),
            // Or that was said about it.
            #[cfg(feature = "anyhow")]
            Self::Anyhow(error) => {
                error.downcast_ref().or_else(|| error.chain().find_map(|cause| cause.downcast_ref()))
            }
        }
    }
}

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

/// A program asked to end with this exit status: see [`Error::i32_exit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct I32Exit(pub i32);

impl fmt::Display for I32Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exited with status {}", self.0)
    }
}

impl StdError for I32Exit {}

/// An exception was thrown: the one that the store has [pending](crate::Store::take_pending_exception). Nothing in WebAssembly has caught it,
/// if a call fails with this. If a host function returns it, the exception goes on in its caller, provided that it is still pending there: else
/// this is an error as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrownException {
    /// Of the exception: see [`Vm::pending_number`](pirn_exec::Vm::pending_number).
    pub(crate) number: u64,
}

impl fmt::Display for ThrownException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("thrown Wasm exception")
    }
}

impl StdError for ThrownException {}

impl Error {
    /// Wraps an error of another type; [`Error::downcast_ref`] finds it again. An `Error` is returned as it is.
    pub fn new(error: impl StdError + Send + Sync + 'static) -> Self {
        let mut error = Some(error);
        match (&mut error as &mut dyn Any).downcast_mut::<Option<Self>>().and_then(Option::take) {
            Some(same) => same,
            None => Self::from_box(Box::new(error.expect("it was not taken"))),
        }
    }

    fn from_repr(repr: Repr) -> Self {
        Self(Box::new(repr))
    }

    fn from_box(error: Box<dyn StdError + Send + Sync>) -> Self {
        Self::from_repr(Repr::Error(Wrapped::Std(error)))
    }

    /// An error that says `message`.
    #[cold]
    pub fn msg(message: impl fmt::Display) -> Self {
        Self::from_box(Box::new(Message(message.to_string().into())))
    }

    /// A trap outside any call, and its place in words.
    #[cold]
    pub(crate) fn trap_at(trap: Trap, place: &str) -> Self {
        Self::from(trap).context(format_args!("{trap}: {place}"))
    }

    /// The error by which a host function ends the program with an exit status, as WASI's `proc_exit` does.
    #[cold]
    pub fn i32_exit(status: i32) -> Self {
        Self::new(I32Exit(status))
    }

    /// The exit status, if the program asked to end: see [`Error::i32_exit`].
    pub fn i32_exit_status(&self) -> Option<i32> {
        self.downcast_ref().map(|&I32Exit(status)| status)
    }

    /// Says something about the error: what was to be done when it happened, for example. The error itself becomes the
    /// [source](StdError::source) of what is returned, and the methods here find it as before. The trait [`Context`] has
    /// this method for results and options.
    #[must_use = "the error with its context is returned"]
    #[cold]
    pub fn context(self, context: impl fmt::Display) -> Self {
        Self::from_repr(Repr::Context(Box::new(Message(context.to_string().into())), self))
    }

    /// What was said about the error, the last first; the error; then its sources.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let (mut ours, mut source) = (Some(self), None::<&(dyn StdError + 'static)>);
        std::iter::from_fn(move || {
            let Some(error) = ours.take() else {
                let error = source?;
                source = error.source();
                return Some(error);
            };
            let mut error = error;
            loop {
                match &*error.0 {
                    Repr::Traced(_, cause) => error = cause,
                    Repr::Context(context, cause) => {
                        ours = Some(cause);
                        return Some(&**context);
                    }
                    Repr::Error(wrapped) => {
                        let error = wrapped.error();
                        source = error.source();
                        // Who only passes an `Error` on says the same.
                        if let Some(within) = inner(error)
                            && within.to_string() == error.to_string()
                        {
                            source = within.source();
                        }
                        return Some(error);
                    }
                }
            }
        })
    }

    /// The last of the [chain](Error::chain).
    pub fn root_cause(&self) -> &(dyn StdError + 'static) {
        self.chain().last().expect("a chain begins with the error itself")
    }

    /// The wrapped error, without what was said about it.
    fn wrapped(&self) -> &Wrapped {
        let mut error = self;
        loop {
            match &*error.0 {
                Repr::Context(_, cause) | Repr::Traced(_, cause) => error = cause,
                Repr::Error(error) => return error,
            }
        }
    }

    /// Whether this is an `E`, whatever was said about it.
    pub fn is<E: StdError + Send + Sync + 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// The wrapped error, if it is an `E`; for example `error.downcast_ref::<Trap>()`. An error that wraps an `Error`, as
    /// [`ResumeError`](crate::ResumeError) does, and gives it as its source, is looked into.
    pub fn downcast_ref<E: StdError + Send + Sync + 'static>(&self) -> Option<&E> {
        let wrapped = self.wrapped();
        let found = wrapped.downcast_ref().or_else(|| self.trace()?.downcast_ref());
        found.or_else(|| wrapped.inner()?.downcast_ref())
    }

    /// Says where the error happened, which only [`Error::downcast_ref`] and [`Debug`](fmt::Debug) tell.
    #[cold]
    pub(crate) fn traced(self, trace: impl StdError + Send + Sync + 'static) -> Self {
        Self::from_repr(Repr::Traced(Box::new(trace), self))
    }

    /// Where it happened, if somebody said so.
    fn trace(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        let mut error = self;
        loop {
            match &*error.0 {
                Repr::Traced(trace, _) => return Some(&**trace),
                Repr::Context(_, cause) => error = cause,
                Repr::Error(foreign) => error = foreign.inner()?,
            }
        }
    }

    /// Why an execution ends when a host function returns this.
    #[cold]
    pub(crate) fn into_exit(self) -> Exit {
        match self.downcast::<Yield>() {
            Ok(payload) => Exit::Yield(payload.into_payload()),
            Err(error) => error.thrown_or_host(),
        }
    }

    /// Why a call ends with this that does not pause.
    pub(crate) fn thrown_or_host(self) -> Exit {
        match self.downcast_ref::<ThrownException>() {
            Some(&ThrownException { number }) => Exit::Thrown { number, error: Some(Box::new(self)) },
            None => Exit::Host(Box::new(self)),
        }
    }

    /// Unwraps the error if it is an `E`; what was said about it is dropped.
    ///
    /// # Errors
    /// The error itself, if it is something else, or has the `E` only as the source of another error.
    pub fn downcast<E: StdError + Send + Sync + 'static>(self) -> Result<E, Self> {
        if self.wrapped().downcast_ref::<E>().is_none() && !self.trace().is_some_and(|trace| trace.is::<E>()) {
            return Err(self);
        }
        let mut error = self;
        loop {
            match *error.0 {
                Repr::Traced(trace, cause) => match trace.downcast() {
                    Ok(trace) => return Ok(*trace),
                    Err(_) => error = cause,
                },
                Repr::Context(_, cause) => error = cause,
                Repr::Error(error) => {
                    return error.downcast().map_err(|other| Self::from_repr(Repr::Error(other)));
                }
            }
        }
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
            Exit::Late => format_err!(
                "the deadline's callback yielded in a call that cannot be resumed: `call_resumable` would have to begin it"
            ),
            Exit::Yield(_) => format_err!(
                "a host function yielded in a call that cannot be resumed: `call_resumable` would have to begin it"
            ),
            Exit::Thrown { number, error: None } => Self::new(ThrownException { number }),
            Exit::Host(error) | Exit::Thrown { error: Some(error), .. } => match error.downcast::<Self>() {
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

/// The `Error` that another error gives as its source.
fn inner<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    error.source()?.downcast_ref()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chain = self.chain();
        write!(f, "{}", chain.next().expect("a chain begins with the error itself"))?;
        if f.alternate() {
            chain.try_for_each(|cause| write!(f, ": {cause}"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    /// The text and its causes, for `unwrap` and `fn main() -> Result<()>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        self.chain().skip(1).try_for_each(|cause| write!(f, "\ncaused by: {cause}"))?;
        self.trace().map_or(Ok(()), |trace| write!(f, "\nwasm backtrace, the innermost frame first:\n{trace}"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.0 {
            Repr::Error(error) => error.error().source(),
            Repr::Context(_, cause) => Some(cause),
            Repr::Traced(_, cause) => cause.source(),
        }
    }
}

impl From<Trap> for Error {
    #[cold]
    fn from(trap: Trap) -> Self {
        Self::new(trap)
    }
}

impl From<ThrownException> for Error {
    #[cold]
    fn from(thrown: ThrownException) -> Self {
        Self::new(thrown)
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
    /// The `Error` in the box, if that is what it holds.
    fn from(error: Box<dyn StdError + Send + Sync>) -> Self {
        error.downcast::<Self>().map_or_else(Self::from_box, |error| *error)
    }
}

/// What [`Error::context`] is for errors, for results and options. `None` becomes an error that says the context.
pub trait Context<T>: Sized {
    /// Says `context` about the error, if there is one.
    ///
    /// # Errors
    /// There is one, or nothing.
    fn context(self, context: impl fmt::Display) -> Result<T> {
        self.with_context(|| context)
    }

    /// Says what `context` gives about the error, if there is one.
    ///
    /// # Errors
    /// There is one, or nothing.
    fn with_context<C: fmt::Display>(self, context: impl FnOnce() -> C) -> Result<T>;
}

impl<T, E: StdError + Send + Sync + 'static> Context<T> for Result<T, E> {
    fn with_context<C: fmt::Display>(self, context: impl FnOnce() -> C) -> Result<T> {
        self.map_err(|error| Error::new(error).context(context()))
    }
}

impl<T> Context<T> for Option<T> {
    fn with_context<C: fmt::Display>(self, context: impl FnOnce() -> C) -> Result<T> {
        self.ok_or_else(|| Error::msg(context()))
    }
}

#[cfg(feature = "anyhow")]
impl From<anyhow::Error> for Error {
    /// What it is, and what was said about it. If that is an `Error`, it is the same again, and so are [`Yield`] and others that end calls:
    /// [`Error::downcast_ref`] finds what anyhow's finds.
    fn from(error: anyhow::Error) -> Self {
        let own = error.chain().enumerate().find_map(|(i, cause)| Some((i, cause.downcast_ref::<Self>()?)));
        // Not if it is only the source of another error, which anyhow does not give.
        match (own, error.downcast_ref::<Self>()) {
            (Some((said, own)), Some(found)) if std::ptr::eq(own, found) => {
                let said: Vec<_> = error.chain().take(said).map(ToString::to_string).collect();
                let own = error.downcast::<Self>().expect("it was found");
                said.into_iter().rev().fold(own, Self::context)
            }
            _ => Self::from_repr(Repr::Error(Wrapped::Anyhow(error))),
        }
    }
}

/// Makes an [`Error`] from a format string and its arguments, or from anything that can be displayed.
#[macro_export]
macro_rules! format_err {
    ($format:literal $($arg:tt)*) => { $crate::Error::msg(::std::format_args!($format $($arg)*)) };
    ($message:expr $(,)?) => { $crate::Error::msg($message) };
}
pub(crate) use format_err;

/// Returns an [`Error`], which is made as by [`format_err!`], from the function it stands in.
#[macro_export]
macro_rules! bail {
    ($($arg:tt)*) => { return ::std::result::Result::Err($crate::format_err!($($arg)*)) };
}
pub(crate) use bail;

/// Returns an [`Error`] from the function it stands in unless the condition holds. The error is made as by
/// [`format_err!`]; without arguments it says which condition it was.
#[macro_export]
macro_rules! ensure {
    ($condition:expr $(,)?) => { $crate::ensure!($condition, "condition failed: `{}`", ::std::stringify!($condition)) };
    ($condition:expr, $($arg:tt)*) => {
        if !$condition {
            $crate::bail!($($arg)*);
        }
    };
}
