//! What a program sees of the world, and what is known of it.

use crate::budget::Budget;
use crate::times::Times;
use anyhow::{Context, Result, bail, ensure};
use pirn_wasi::{DirPerms, FilePerms, WasiCtxBuilder, WasiP1Ctx};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The data of a program's stores.
#[derive(Debug)]
pub struct Host {
    /// Its view of the world.
    pub wasi: WasiP1Ctx,
    /// What its memories may have, if that is limited.
    pub budget: Option<Budget>,
    /// How long its calls took, if that is measured.
    times: Option<Arc<Mutex<Times>>>,
}

/// What is given to a program.
#[derive(Debug, clap::Args)]
pub struct Grants {
    /// Give the program the directory HOST, under the name GUEST (the same if left out); with `ro`, it can change nothing there (may be given
    /// several times)
    #[arg(long, value_name = "HOST[::GUEST[::ro]]")]
    dir: Vec<String>,
    /// Set a variable of the program's environment; without a value, to that of this process, if it has one (may be given several times)
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<OsString>,
    /// Give the program the environment of this process; `--env` adds to it
    #[arg(long)]
    inherit_env: bool,
}

/// One directory that is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Dir {
    pub host: PathBuf,
    /// What the program calls it.
    pub guest: String,
    /// Whether the program can change nothing there.
    pub read_only: bool,
}

/// What `--dir` says.
///
/// # Errors
/// It says none.
pub fn dir(text: &str) -> Result<Dir> {
    let mut parts = text.split("::");
    let host = parts.next().unwrap_or_default();
    let guest = parts.next().unwrap_or(host);
    let read_only = match (parts.next(), parts.next()) {
        (None, _) => false,
        (Some("ro"), None) => true,
        _ => bail!("`--dir {text}` is not HOST[::GUEST[::ro]]"),
    };
    // Whoever means a directory that cannot be changed had better not give one that can.
    ensure!(
        !guest.ends_with(":ro"),
        "`--dir {text}`: a directory that the program cannot change ends in `::ro`, with two colons"
    );
    Ok(Dir { host: host.into(), guest: guest.into(), read_only })
}

impl Dir {
    /// Gives it.
    fn preopen(&self, builder: &mut WasiCtxBuilder) -> Result<()> {
        let (dirs, files) = match self.read_only {
            false => (DirPerms::all(), FilePerms::all()),
            true => (DirPerms::READ, FilePerms::READ),
        };
        let opened = builder.preopened_dir(&self.host, &self.guest, dirs, files);
        opened.with_context(|| {
            let host = self.host.display().to_string();
            let colons = if host.contains(':') { " (HOST::GUEST has two colons)" } else { "" };
            format!("cannot open the directory {host}{colons}")
        })?;
        Ok(())
    }
}

impl Grants {
    /// The directories, wherever the process is by then.
    ///
    /// # Errors
    /// The process is nowhere.
    pub fn dirs(&self) -> Result<Vec<Dir>> {
        let absolute = |text: &String| {
            let dir = dir(text)?;
            Ok(Dir { host: std::path::absolute(&dir.host)?, ..dir })
        };
        self.dir.iter().map(absolute).collect()
    }

    /// The data of the store of a program that is called `name`; `timed` if its calls are measured.
    pub fn host(&self, name: &OsStr, args: &[OsString], timed: bool) -> Result<Host> {
        let mut builder = builder();
        builder.inherit_stdio().arg(name.as_bytes());
        for arg in args {
            builder.arg(arg.as_bytes());
        }
        if self.inherit_env {
            builder.inherit_env();
        }
        for variable in &self.env {
            let bytes = variable.as_bytes();
            match bytes.iter().position(|&byte| byte == b'=') {
                Some(0) => bail!("`--env {}` has no name", variable.display()),
                Some(at) => drop(builder.env(&bytes[..at], &bytes[at + 1..])),
                None => {
                    if let Some(value) = std::env::var_os(variable) {
                        builder.env(bytes, value.as_bytes());
                    }
                }
            }
        }
        for text in &self.dir {
            dir(text)?.preopen(&mut builder)?;
        }
        let times = timed.then(Arc::<Mutex<Times>>::default);
        if let Some(times) = &times {
            let times = Arc::clone(times);
            builder.observe(move |name, time| times.lock().unwrap_or_else(PoisonError::into_inner).add(name, time));
        }
        Ok(Host { wasi: builder.build_p1(), budget: None, times })
    }
}

/// A builder for programs that may open and list what this process may.
fn builder() -> WasiCtxBuilder {
    let mut builder = WasiCtxBuilder::new();
    builder.max_descriptors(usize::MAX).max_listed_entries(usize::MAX);
    builder
}

impl Host {
    /// What a program sees that is given nothing.
    pub fn nothing() -> Self {
        Self { wasi: WasiCtxBuilder::new().build_p1(), budget: None, times: None }
    }

    /// What a program sees that goes on: what was saved of that, with these directories.
    ///
    /// # Errors
    /// A directory, or what the program has opened there, cannot be opened.
    pub fn restored(dirs: &[Dir], saved: &[u8]) -> Result<Self> {
        let mut builder = builder();
        builder.inherit_stdio();
        for dir in dirs {
            dir.preopen(&mut builder)?;
        }
        Ok(Self { wasi: builder.restore_p1(saved)?, budget: None, times: None })
    }

    /// What another thread of the program sees.
    pub fn for_thread(&self) -> Self {
        Self { wasi: self.wasi.clone(), budget: self.budget.as_ref().map(Budget::for_thread), times: None }
    }

    /// How long its calls took, if that is measured.
    pub fn times(&self) -> Option<MutexGuard<'_, Times>> {
        self.times.as_ref().map(|times| times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
