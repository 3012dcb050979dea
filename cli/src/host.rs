//! What a program sees of the world, and what is known of it.

use crate::times::Times;
use anyhow::{Context, Result, bail};
use pirn_wasi::{DirPerms, FilePerms, WasiCtxBuilder, WasiP1Ctx};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The data of a program's stores.
#[derive(Debug)]
pub struct Host {
    /// Its view of the world.
    pub wasi: WasiP1Ctx,
    /// How long its calls took, if that is measured.
    times: Option<Arc<Mutex<Times>>>,
}

/// What is given to a program.
#[derive(Debug, clap::Args)]
pub struct Grants {
    /// Give the program the directory HOST, under the name GUEST (the same if left out); with `ro`, it can change nothing there
    #[arg(long, value_name = "HOST[::GUEST[::ro]]")]
    dir: Vec<String>,
    /// Set a variable of the program's environment; without a value, to that of this process, if it has one
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<OsString>,
    /// Give the program the environment of this process; `--env` adds to it
    #[arg(long)]
    inherit_env: bool,
}

/// One directory that is given.
fn preopen(builder: &mut WasiCtxBuilder, dir: &str) -> Result<()> {
    let mut parts = dir.split("::");
    let host = parts.next().unwrap_or_default();
    let guest = parts.next().unwrap_or(host);
    let (dirs, files) = match (parts.next(), parts.next()) {
        (None, _) => (DirPerms::all(), FilePerms::all()),
        (Some("ro"), None) => (DirPerms::READ, FilePerms::READ),
        _ => bail!("`--dir {dir}` is not HOST[::GUEST[::ro]]"),
    };
    builder.preopened_dir(host, guest, dirs, files).with_context(|| format!("cannot open the directory {host}"))?;
    Ok(())
}

impl Grants {
    /// The data of the store of a program that is called `name`; `timed` if its calls are measured.
    pub fn host(&self, name: &OsStr, args: &[OsString], timed: bool) -> Result<Host> {
        let mut builder = WasiCtxBuilder::new();
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
        for dir in &self.dir {
            preopen(&mut builder, dir)?;
        }
        let times = timed.then(Arc::<Mutex<Times>>::default);
        if let Some(times) = &times {
            let times = Arc::clone(times);
            builder.observe(move |name, time| times.lock().unwrap_or_else(PoisonError::into_inner).add(name, time));
        }
        Ok(Host { wasi: builder.build_p1(), times })
    }
}

impl Host {
    /// What another thread of the program sees.
    pub fn for_thread(&self) -> Self {
        Self { wasi: self.wasi.clone(), times: None }
    }

    /// How long its calls took, if that is measured.
    pub fn times(&self) -> Option<MutexGuard<'_, Times>> {
        self.times.as_ref().map(|times| times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
