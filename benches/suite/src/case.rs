//! The kernels and programs: what runs, with which input, and which answer is right.
//!
//! Kernels are text under `benches/kernels`, each with an export `run` of type `(i32) -> i64`. Programs are commands of
//! WASI preview 1 under `benches/workloads`, described by `manifest.json` there.

use crate::wasi::{self, Files, Number, Stub, Wasi};
use anyhow::{Context, Result, bail, ensure};
use pirn::{Engine, ExternType, Module, ValType};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a case may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A kernel of a few lines.
    Kernel,
    /// A program that tuning (the mining of shapes) may look at.
    Train,
    /// A program that speed is judged on and no tuner sees.
    Judge,
    /// A large module that is decoded and instantiated, not run.
    Startup,
}

/// One module and what is done with it.
#[derive(Debug, Clone)]
pub struct Case {
    /// What tables call it.
    pub name: String,
    /// What it may be used for.
    pub role: Role,
    /// The module, binary.
    pub wasm: Vec<u8>,
    /// What is done with it.
    pub job: Job,
}

/// What is done with a module.
#[derive(Debug, Clone)]
pub enum Job {
    /// `run` is called with this.
    Kernel(i32),
    /// `_start` is called.
    Command {
        /// Arguments, the program's name not among them.
        args: Vec<String>,
        /// Standard input.
        stdin: Arc<[u8]>,
        /// What is below `/data`.
        files: Arc<Files>,
        /// The right exit status, and the SHA-256 of the right output if the manifest has it.
        expected: (i32, Option<String>),
    },
    /// Nothing: it is only instantiated, with these imports.
    Startup(Arc<[Stub]>),
}

/// What came out of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Of a kernel.
    Value(i64),
    /// Of a command.
    Output {
        /// Exit status.
        status: i32,
        /// Standard output.
        stdout: Vec<u8>,
    },
}

impl Answer {
    /// In a few words, for messages.
    pub fn summary(&self) -> String {
        match self {
            Self::Value(value) => value.to_string(),
            Self::Output { status, stdout } => {
                format!("status {status} and {} bytes, SHA-256 {}", stdout.len(), hex(stdout))
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where `benches/` is: the binaries are made to be run by cargo from a checkout.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies below it").into()
}

/// Name and `$n` of the kernels.
const KERNELS: [(&str, i32); 6] =
    [("fib", 30), ("dot", 1000), ("crc", 500_000), ("sieve", 4_000_000), ("quicksort", 400_000), ("matmul", 150)];

/// Name and `$n` of kernels that were written to be counted, for what no other executes: they are no part of what engines
/// are compared by.
const COUNTED: [(&str, i32); 1] = [("watches", 2_000)];

/// The kernels.
///
/// # Errors
/// The checkout is incomplete.
pub fn kernels() -> Result<Vec<Case>> {
    read_kernels(&KERNELS)
}

/// Kernels that are only counted.
///
/// # Errors
/// The checkout is incomplete.
pub fn counted() -> Result<Vec<Case>> {
    read_kernels(&COUNTED)
}

fn read_kernels(kernels: &[(&str, i32)]) -> Result<Vec<Case>> {
    kernels
        .iter()
        .map(|&(name, n)| {
            let wasm = wat::parse_file(directory().join("kernels").join(format!("{name}.wat")))?;
            Ok(Case { name: name.into(), role: Role::Kernel, wasm, job: Job::Kernel(n) })
        })
        .collect()
}

/// One entry of `manifest.json`; what else stands there is for people.
#[derive(Debug, Deserialize)]
struct Entry {
    role: Role,
    file: String,
    #[serde(default)]
    args: Vec<String>,
    stdin: Option<String>,
    #[serde(default)]
    exit: i32,
    stdout_sha256: Option<String>,
    wasm_sha256: String,
}

/// The programs, in the order of their names; `choose` says by name and role which ones.
///
/// # Errors
/// The checkout is incomplete, or a file in it is not the one the manifest describes.
pub fn programs(choose: impl Fn(&str, Role) -> bool) -> Result<Vec<Case>> {
    let root = directory().join("workloads");
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let manifest: BTreeMap<String, Entry> = serde_json::from_slice(&read(&root.join("manifest.json"))?)?;
    let mut files = Files::new();
    for entry in std::fs::read_dir(root.join("data"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, read(&path)?.into());
    }
    let files = Arc::new(files);

    let mut cases = Vec::new();
    for (name, entry) in manifest {
        if !choose(&name, entry.role) {
            continue;
        }
        let wasm = read(&root.join(&entry.file))?;
        ensure!(hex(&wasm) == entry.wasm_sha256, "{name} is not the file that the manifest describes");
        let stdin = match &entry.stdin {
            Some(text) => match text.strip_prefix('@') {
                Some(file) => read(&root.join(file))?.into(),
                None => text.as_bytes().into(),
            },
            None => Arc::default(),
        };
        let job = match entry.role {
            Role::Startup => Job::Startup(stubs(&wasm)?),
            _ => Job::Command {
                args: entry.args,
                stdin,
                files: files.clone(),
                expected: (entry.exit, entry.stdout_sha256),
            },
        };
        cases.push(Case { name, role: entry.role, wasm, job });
    }
    Ok(cases)
}

/// The functions that a module imports and that are not WASI's.
fn stubs(wasm: &[u8]) -> Result<Arc<[Stub]>> {
    let number = |ty: &ValType| match ty {
        ValType::I32 => Ok(Number::I32),
        ValType::I64 => Ok(Number::I64),
        ValType::F32 => Ok(Number::F32),
        ValType::F64 => Ok(Number::F64),
        _ => bail!("an import takes or gives {ty}"),
    };
    let module = Module::new(&Engine::default(), wasm)?;
    let others = module.imports().filter(|import| import.module() != wasi::MODULE || !wasi::defines(import.name()));
    others
        .map(|import| {
            let ExternType::Func(ty) = import.ty() else { bail!("it imports other things than functions") };
            Ok(Stub {
                module: import.module().into(),
                name: import.name().into(),
                params: ty.params().iter().map(number).collect::<Result<_>>()?,
                results: ty.results().iter().map(number).collect::<Result<_>>()?,
            })
        })
        .collect()
}

impl Case {
    /// A fresh world for one run of it.
    pub fn wasi(&self) -> Wasi {
        match &self.job {
            Job::Command { args, stdin, files, .. } => Wasi::new(args, stdin.clone(), files.clone()),
            Job::Startup(stubs) => Wasi::default().with_stubs(stubs.clone()),
            Job::Kernel(_) => Wasi::default(),
        }
    }

    /// Whether `answer` is right, as far as the manifest says: a kernel's, and that of a program that prints times, is
    /// only known by what another runtime answers.
    ///
    /// # Errors
    /// It is wrong.
    pub fn check(&self, answer: &Answer) -> Result<()> {
        let (Job::Command { expected, .. }, Answer::Output { status, stdout }) = (&self.job, answer) else {
            return Ok(());
        };
        ensure!(*status == expected.0, "{}: exit status {status}, not {}", self.name, expected.0);
        if let Some(right) = &expected.1 {
            ensure!(hex(stdout) == *right, "{}: wrong output: {}", self.name, answer.summary());
        }
        Ok(())
    }
}

/// The ways to call `x + 1` in a loop, by the names of the exports that do so. `empty` is the loop without a call.
pub const CALLS: [&str; 5] = ["empty", "local", "imported", "indirect", "host"];

/// The export that the host calls: `x + 1` itself.
pub const ENTRY: &str = "entry";

/// The modules that measure the call `export`, one of [`CALLS`] or [`ENTRY`], in the order they are linked in. What calls
/// within one instance is a module of its own, for runtimes that do not link modules.
///
/// # Errors
/// The checkout is incomplete.
pub fn calls(export: &str) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let read = |name: &str| Ok::<_, anyhow::Error>(wat::parse_file(directory().join("kernels").join(name))?);
    Ok(match export {
        "imported" => vec![("callee", read("callee.wat")?), ("main", read("imported.wat")?)],
        _ => vec![("main", read("calls.wat")?)],
    })
}

/// What modules look like to [`Runtime::compile`](crate::Runtime::compile).
pub fn borrow<'a>(modules: &'a [(&'static str, Vec<u8>)]) -> Vec<(&'static str, &'a [u8])> {
    modules.iter().map(|(name, wasm)| (*name, &wasm[..])).collect()
}
