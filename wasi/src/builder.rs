//! Making a guest's view of the world.

use crate::abi::{Fdflags, Filetype};
use crate::clock::{HostMonotonicClock, HostRandom, HostWallClock, MonotonicClock, SystemRandom, WallClock};
use crate::ctx::{Observer, Shared, WasiP1Ctx};
use crate::descriptor::{Descriptor, Descriptors, OpenSocket};
use crate::dir::{DirPerms, FilePerms, OpenDir};
use crate::origin::Origin;
use crate::saved::{self, Saved};
use crate::stream::{Empty, Sink, Stderr, Stdin, StdinStream, Stdout, StdoutStream};
use cap_std::fs::Dir;
use rustix::fd::OwnedFd;
use std::fmt;
use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Says what a guest sees of the world. At first that is nothing: no arguments, no environment, no input, output that is
/// forgotten, no directory; but the system's clocks and random numbers.
///
/// It has the shape of wasmtime's.
///
/// ```
/// use pirn_wasi::{DirPerms, FilePerms, MemoryOutputPipe, WasiCtxBuilder};
///
/// # fn main() -> std::io::Result<()> {
/// let out = MemoryOutputPipe::new(1 << 20);
/// let ctx = WasiCtxBuilder::new()
///     .args(&["program", "--verbose"])
///     .env("LANG", "C")
///     .stdout(out.clone())
///     .inherit_stderr()
///     .preopened_dir(std::env::temp_dir(), "/tmp", DirPerms::READ, FilePerms::READ)?
///     .build_p1();
/// # drop(ctx);
/// # Ok(())
/// # }
/// ```
pub struct WasiCtxBuilder {
    args: Vec<Vec<u8>>,
    env: Vec<(Vec<u8>, Vec<u8>)>,
    stdin: Box<dyn StdinStream>,
    stdout: Box<dyn StdoutStream>,
    stderr: Box<dyn StdoutStream>,
    preopened: Vec<Descriptor>,
    wall_clock: Box<dyn HostWallClock>,
    monotonic_clock: Option<Box<dyn HostMonotonicClock>>,
    random: Box<dyn HostRandom>,
    max_random_size: u64,
    max_descriptors: usize,
    max_listed_entries: usize,
    observer: Option<Box<Observer>>,
    built: bool,
}

impl Default for WasiCtxBuilder {
    fn default() -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            stdin: Box::new(Empty),
            stdout: Box::new(Sink),
            stderr: Box::new(Sink),
            preopened: Vec::new(),
            wall_clock: Box::new(WallClock),
            monotonic_clock: None,
            random: Box::new(SystemRandom),
            max_random_size: 64 << 20,
            max_descriptors: 512,
            max_listed_entries: 1 << 20,
            observer: None,
            built: false,
        }
    }
}

impl fmt::Debug for WasiCtxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtxBuilder").field("args", &self.args.len()).finish_non_exhaustive()
    }
}

/// A socket that a guest is given: one that accepts connections, or one that is connected.
#[derive(Debug)]
pub struct Socket {
    socket: OwnedFd,
    listens: bool,
    filetype: Filetype,
}

macro_rules! sockets {
    ($($ty:ty, $listens:literal, $filetype:ident;)*) => {$(
        impl From<$ty> for Socket {
            fn from(socket: $ty) -> Self {
                Self { socket: socket.into(), listens: $listens, filetype: Filetype::$filetype }
            }
        }
    )*};
}

sockets! {
    TcpListener, true, SocketStream;
    UnixListener, true, SocketStream;
    TcpStream, false, SocketStream;
    UnixStream, false, SocketStream;
    UdpSocket, false, SocketDgram;
    UnixDatagram, false, SocketDgram;
}

impl WasiCtxBuilder {
    /// A builder that gives nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an argument; the first is the program's name. It should have no byte 0, at which guests take it to end.
    pub fn arg(&mut self, arg: impl AsRef<[u8]>) -> &mut Self {
        self.args.push(arg.as_ref().to_vec());
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, args: &[impl AsRef<[u8]>]) -> &mut Self {
        self.args.extend(args.iter().map(|arg| arg.as_ref().to_vec()));
        self
    }

    /// Adds the process's own arguments, its name included.
    pub fn inherit_args(&mut self) -> &mut Self {
        self.args.extend(std::env::args_os().map(OsStringExt::into_vec));
        self
    }

    /// Adds a variable to the environment, or replaces it. The name should have no `=`, at which guests take it to end, and neither it
    /// nor the value a byte 0.
    pub fn env(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        let (name, value) = (name.as_ref(), value.as_ref().to_vec());
        match self.env.iter_mut().find(|(old, _)| old == name) {
            Some((_, old)) => *old = value,
            None => self.env.push((name.to_vec(), value)),
        }
        self
    }

    /// Adds variables to the environment, or replaces them.
    pub fn envs(&mut self, env: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) -> &mut Self {
        for (name, value) in env {
            self.env(name, value);
        }
        self
    }

    /// Adds the process's own environment.
    pub fn inherit_env(&mut self) -> &mut Self {
        for (name, value) in std::env::vars_os() {
            self.env(name.into_vec(), value.into_vec());
        }
        self
    }

    /// Says where standard input comes from: [`Stdin`], a [`MemoryInputPipe`](crate::MemoryInputPipe), a
    /// file or pipe of the system ([`FdStream`](crate::FdStream)), or something of your own.
    pub fn stdin(&mut self, stdin: impl StdinStream + 'static) -> &mut Self {
        self.stdin = Box::new(stdin);
        self
    }

    /// Says where standard output goes: to [`Stdout`], a [`MemoryOutputPipe`](crate::MemoryOutputPipe), a
    /// file or pipe of the system ([`FdStream`](crate::FdStream)), or something of your own.
    pub fn stdout(&mut self, stdout: impl StdoutStream + 'static) -> &mut Self {
        self.stdout = Box::new(stdout);
        self
    }

    /// Says where standard error goes.
    pub fn stderr(&mut self, stderr: impl StdoutStream + 'static) -> &mut Self {
        self.stderr = Box::new(stderr);
        self
    }

    /// Gives the guest the process's standard input.
    pub fn inherit_stdin(&mut self) -> &mut Self {
        self.stdin(Stdin)
    }

    /// Gives the guest the process's standard output. What goes through Rust's `print!` is buffered there: flush it before the
    /// guest writes.
    pub fn inherit_stdout(&mut self) -> &mut Self {
        self.stdout(Stdout)
    }

    /// Gives the guest the process's standard error.
    pub fn inherit_stderr(&mut self) -> &mut Self {
        self.stderr(Stderr)
    }

    /// Gives the guest the process's three standard streams.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Gives the guest the directory `host_path` under the name `guest_path`, and what is below it, as far as the permissions go.
    /// It gets the next descriptor, the first of which is 3.
    ///
    /// # Errors
    /// It is no directory, or cannot be opened.
    pub fn preopened_dir(
        &mut self,
        host_path: impl AsRef<Path>,
        guest_path: impl AsRef<str>,
        dir_perms: DirPerms,
        file_perms: FilePerms,
    ) -> io::Result<&mut Self> {
        let dir = Dir::open_ambient_dir(host_path, cap_std::ambient_authority())?;
        // Behind the standard streams.
        let origin = Origin::of(3 + self.preopened.len() as u32);
        let dir = OpenDir::new(dir, Some(guest_path.as_ref().to_owned()), dir_perms, file_perms, origin);
        self.preopened.push(Descriptor::Dir(dir));
        Ok(self)
    }

    /// Gives the guest a socket that is open already; preview 1 has no way to open one. It gets the next descriptor, the first of
    /// which is 3.
    ///
    /// One that accepts connections is set not to wait, for everyone who has it open: another process may take the connection that was
    /// there. The guest waits all the same, unless it says otherwise.
    pub fn preopened_socket(&mut self, socket: impl Into<Socket>) -> &mut Self {
        let Socket { socket, listens, filetype } = socket.into();
        if listens {
            // A system that cannot do this has accepting wait.
            let _ = rustix::io::ioctl_fionbio(&socket, true);
        }
        let socket = OpenSocket::new(socket, listens, filetype, Fdflags::empty());
        self.preopened.push(Descriptor::Socket(socket));
        self
    }

    /// Replaces the clock that tells the time of day.
    pub fn wall_clock(&mut self, clock: impl HostWallClock + 'static) -> &mut Self {
        self.wall_clock = Box::new(clock);
        self
    }

    /// Replaces the clock that only goes forward, by which guests wait too.
    pub fn monotonic_clock(&mut self, clock: impl HostMonotonicClock + 'static) -> &mut Self {
        self.monotonic_clock = Some(Box::new(clock));
        self
    }

    /// Replaces where random numbers come from.
    pub fn secure_random(&mut self, random: impl HostRandom + 'static) -> &mut Self {
        self.random = Box::new(random);
        self
    }

    /// How many random bytes a call (`random_get`) gives at most; it fails with `inval` if it asks for more. At first 64 MiB,
    /// as in wasmtime. Such a call is not interrupted: 64 MiB take some tenths of a second.
    pub fn max_random_size(&mut self, max: u64) -> &mut Self {
        self.max_random_size = max;
        self
    }

    /// How many descriptors the guest may have at once, with all its threads; what it tries to open beyond fails with `mfile`. Streams,
    /// directories and sockets that are given count, but are always there; so does what a call waits to open. At first 512.
    ///
    /// The system bounds how many files a process may open, often to 1,024 (`ulimit -n`), and guests share that with the embedder: choose
    /// the number so that all guests together stay below it. What [`save`](WasiP1Ctx::save) wrote does not have the number:
    /// [`restore_p1`](Self::restore_p1) takes that of its builder.
    pub fn max_descriptors(&mut self, max: usize) -> &mut Self {
        self.max_descriptors = max;
        self
    }

    /// How many entries of directories may be kept at once. Each descriptor of a directory keeps what was in it when the guest last read it
    /// (`fd_readdir`) from the beginning; a directory that has more than there is room for is not listed, with `nomem`. An entry takes
    /// some 100 bytes. At first 1,048,576.
    pub fn max_listed_entries(&mut self, max: usize) -> &mut Self {
        self.max_listed_entries = max;
        self
    }

    /// Has `observer` told of each call when it has ended: the function's name, and how long it took, waiting included.
    pub fn observe(&mut self, observer: impl Fn(&'static str, Duration) + Send + Sync + 'static) -> &mut Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// The context, for `add_to_linker_sync` of the runtime's adapter.
    ///
    /// # Panics
    /// It was built already.
    pub fn build_p1(&mut self) -> WasiP1Ctx {
        self.build(None).expect("nothing is opened again")
    }

    /// The context that [`WasiP1Ctx::save`] made these bytes of. Streams, directories and sockets are those given here, which have to be as
    /// many as then, in the same order, and directories to have the same names for the guest; what the guest opened below them is opened
    /// again. Arguments and environment are those of then, whatever is given here. The monotonic clock, unless another one is given, goes
    /// on from the time of then.
    ///
    /// Standard input that is a file, and open files, go on at their positions. A file that the guest may write, and that has grown since, is
    /// cut back to its size of then, for it will be written again; what else happened to files stays.
    ///
    /// The bytes need not be trusted: they give the guest nothing that the builder does not. But they may cut files that the guest may write.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if the bytes are none of `save`; else something given here is not as it was then, or something cannot be
    /// opened any more, or a file is shorter than it was, or the guest had more descriptors than
    /// [`max_descriptors`](Self::max_descriptors).
    ///
    /// # Panics
    /// As [`build_p1`](Self::build_p1).
    pub fn restore_p1(&mut self, saved: &[u8]) -> io::Result<WasiP1Ctx> {
        self.build(Some(Saved::new(saved)?))
    }

    fn build(&mut self, saved: Option<Saved<'_>>) -> io::Result<WasiP1Ctx> {
        assert!(!self.built, "the context was built already");
        let builder = std::mem::replace(self, Self { built: true, ..Self::default() });
        let streams =
            [Descriptor::Stdin(builder.stdin), Descriptor::Stdout(builder.stdout), Descriptor::Stdout(builder.stderr)];
        let given: Vec<_> = streams.into_iter().chain(builder.preopened).map(Arc::new).collect();
        let names = saved::names(&given);
        let initial = given.iter().map(Arc::downgrade).collect();
        let env = |(name, value): (Vec<u8>, Vec<u8>)| [name, value].join(&b'=');
        let most = builder.max_descriptors;
        let (args, env, clock, descriptors) = match saved {
            None => {
                let env = builder.env.into_iter().map(env).collect();
                let clock: Box<dyn HostMonotonicClock> = Box::new(MonotonicClock(Instant::now()));
                (builder.args, env, clock, Descriptors::of(given.into_iter().map(Some).collect(), most))
            }
            Some(mut saved) => {
                let (args, env) = (std::mem::take(&mut saved.args), std::mem::take(&mut saved.env));
                (args, env, saved::clock_from(saved.monotonic), saved.descriptors(&given, &names, most)?)
            }
        };
        let shared = Shared {
            args,
            env,
            wall_clock: builder.wall_clock,
            monotonic_clock: builder.monotonic_clock.unwrap_or(clock),
            random: Mutex::new(builder.random),
            max_random_size: builder.max_random_size,
            descriptors: Mutex::new(descriptors),
            max_listed_entries: builder.max_listed_entries,
            initial,
            names,
            observer: builder.observer,
        };
        Ok(WasiP1Ctx { shared: Arc::new(shared), blocking: true, begun: None })
    }
}
