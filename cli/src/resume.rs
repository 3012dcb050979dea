//! `pirn resume`.

use crate::checkpoint::file::{Checkpoint, Command};
use crate::checkpoint::{Checkpoints, Ended};
use crate::ended;
use crate::host::{self, Dir, Host};
use crate::run::{self, Settings};
use crate::unsupported::explain;
use crate::values;
use anyhow::{Context, Result, ensure};
use pirn::{Engine, Linker, Module, Snapshot, Store};
use pirn_wasi::p1;
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Most bytes of a module that is read because a checkpoint says where it is.
const MODULE: u64 = 1 << 30;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where a module of the program is now; without, it is looked for where it was, if that is a regular file of at most 1 GiB. May be given several times
    #[arg(long, value_name = "FILE")]
    module: Vec<PathBuf>,
    /// Give the program these directories in the place of those that it had: as of `pirn run`, in the same order, with the same names
    #[arg(long, value_name = "HOST[::GUEST[::ro]]", value_parser = host::dir)]
    dir: Vec<Dir>,
    /// Write checkpoints so often; without, as often as before; 0: no more
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    checkpoint_every: Option<Duration>,
    /// Write them to FILE; without, to the file from which the program goes on
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// End at the next checkpoint, with status 75, when it is written
    #[arg(long)]
    checkpoint_and_exit: bool,
    /// Most memory that reading the checkpoint may take, some twice as much as the memory that the program has filled. It is compressed,
    /// so without a limit a small file could take any amount
    #[arg(long, value_name = "SIZE", value_parser = values::size, default_value = "4G")]
    max_read: u64,
    /// A checkpoint
    file: PathBuf,
}

/// Goes on with a program, and gives its exit status.
pub fn run(args: &Args) -> Result<ExitCode> {
    let file = &args.file;
    let unusable = || format!("cannot go on from {}", file.display());
    let checkpoint = Checkpoint::read(file, args.max_read).with_context(unusable)?;
    let mut command = checkpoint.command.clone();
    if !args.dir.is_empty() {
        command.dirs.clone_from(&args.dir);
    }
    command.every = args.checkpoint_every.unwrap_or(command.every);
    let engine = run::engine(&Settings::of(&command))?;
    let most = usize::try_from(args.max_read).unwrap_or(usize::MAX);
    let snapshot = Snapshot::from_bytes_within(&checkpoint.snapshot, most)
        .with_context(|| format!("{} (reading it may take {most} bytes of memory: --max-read)", unusable()))?;
    let modules = modules(&engine, &snapshot, &mut command, &args.module)?;
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.wasi)?;
    let mut store = Store::new(&engine, Host::nothing());
    store.set_epoch_deadline(u64::MAX);
    let mut restored = snapshot.restore(&mut store, &linker, &modules).with_context(unusable)?;
    let mut paused = restored.take_paused();
    ensure!(paused.len() == 1, "{}: it has {} calls that stand still", unusable(), paused.len());
    let paused = paused.pop().expect("there is one");
    let to = args.checkpoint.clone().unwrap_or_else(|| file.clone());
    let writes = !command.every.is_zero();
    let checkpoints = || {
        let elsewhere =
            "no more checkpoints can be written (`--checkpoint FILE`: elsewhere; `--checkpoint-every 0`: none)";
        Checkpoints::new(to, command.clone(), args.checkpoint_and_exit).context(elsewhere)
    };
    let checkpoints = writes.then(checkpoints).transpose()?;
    // At last, for it cuts files: nothing is lost by a checkpoint that cannot be gone on from.
    *store.data_mut() = Host::restored(&command.dirs, &checkpoint.wasi).with_context(unusable)?;
    // What it was read from is as large, and not needed any more.
    drop((snapshot, checkpoint));

    let go_on = |store: &mut Store<Host>| Ok(paused.resume(store, &[])?);
    let result = match checkpoints {
        None => run::to_the_end(&mut store, go_on).map(Ended::Returned),
        Some(mut checkpoints) => checkpoints.run(&mut store, go_on),
    };
    ended::of_call(result.map_err(Into::into), command.prints, None)
}

/// The content of a file that a checkpoint names, and that may be any of the system: what never ends, waits for others or acts when it is
/// opened is not read.
fn read(path: &Path) -> Result<Vec<u8>> {
    let is_module = |metadata: &Metadata| {
        ensure!(metadata.is_file(), "it is no regular file");
        ensure!(metadata.len() <= MODULE, "it has more than {MODULE} bytes");
        Ok(())
    };
    is_module(&fs::metadata(path)?)?;
    // Another may be in its place by now.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    is_module(&file.metadata()?)?;
    let mut bytes = Vec::new();
    // Some files of the system say that they are empty.
    file.take(MODULE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The modules of a snapshot: of those that are given, or where they were. Where they are now is told to `command`.
fn modules(engine: &Engine, snapshot: &Snapshot, command: &mut Command, given: &[PathBuf]) -> Result<Vec<Module>> {
    let cannot = |file: &Path| format!("cannot load {}", file.display());
    let load = |file: &PathBuf| {
        let module = Module::from_file(engine, file).map_err(|error| explain(error.into()));
        module.with_context(|| cannot(file))
    };
    let given = given.iter().map(|file| Ok((file, load(file)?))).collect::<Result<Vec<_>>>()?;
    let mut modules = Vec::new();
    for hash in snapshot.modules() {
        let known = command.modules.iter_mut().find(|(_, known)| *known == hash);
        let (path, _) = known.context("the checkpoint does not say where a module is")?;
        if let Some((file, module)) = given.iter().find(|(_, module)| module.hash() == hash) {
            *path = std::path::absolute(file)?;
            modules.push(module.clone());
            continue;
        }
        let bytes = read(path).with_context(|| cannot(path));
        let bytes = bytes.context("a module is not where it was; --module FILE says where it is")?;
        // Whoever made the checkpoint may not be who reads the errors: nothing is said of what another file holds.
        let binary = wat::parse_bytes(&bytes).ok().filter(|binary| *Sha256::digest(binary) == hash);
        let binary = binary.with_context(|| {
            format!("{} is another module than it was; --module FILE says where the right one is", path.display())
        })?;
        let module = Module::from_binary(engine, &binary).map_err(|error| explain(error.into()));
        modules.push(module.with_context(|| cannot(path))?);
    }
    Ok(modules)
}
