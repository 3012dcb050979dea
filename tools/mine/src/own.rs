//! Shapes for one program: what the lists of this repository are for many, whoever runs one program for long can have for it.

use crate::{Chosen, List, Program, Weighed, choose, printable};
use anyhow::{Context, Result, bail};
use pirn_suite::wasi::Files;
use pirn_suite::{Case, Job, Role};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

/// How many shapes are kept, unless it is said.
const KEEP: usize = 500;

const OWN: List = List {
    role: Role::Train,
    judges: None,
    takes: |_| true,
    known: || [pirn_exec::written(), pirn_exec::mined(), pirn_exec::mined_vectors()].into_iter().flatten().collect(),
    file: "",
    head: "",
};

/// What the command line says.
struct Options {
    program: PathBuf,
    keep: usize,
    /// The exit status that the program is to end with.
    status: i32,
    data: Option<PathBuf>,
    output: PathBuf,
    args: Vec<String>,
}

fn options(args: &[&str]) -> Result<Options> {
    let mut options = Options {
        program: PathBuf::new(),
        keep: KEEP,
        status: 0,
        data: None,
        output: "shapes.txt".into(),
        args: Vec::new(),
    };
    let mut args = args.iter();
    while let Some(&arg) = args.next() {
        if arg == "--" {
            options.args = args.map(|arg| (*arg).into()).collect();
            break;
        }
        let value = args.next().with_context(|| format!("{arg} needs a value"))?;
        match arg {
            "--program" => options.program = value.into(),
            "--keep" => options.keep = value.parse().with_context(|| format!("--keep {value}"))?,
            "--status" => options.status = value.parse().with_context(|| format!("--status {value}"))?,
            "--data" => options.data = Some(value.into()),
            "--output" => options.output = value.into(),
            _ => bail!("unknown option {arg}"),
        }
    }
    if options.program.as_os_str().is_empty() {
        bail!("own --program FILE [--keep N] [--status N] [--data DIR] [--output FILE] [-- ARGS...]");
    }
    Ok(options)
}

/// The files of a directory, by their paths in it.
fn files(directory: &Path) -> Result<Files> {
    let (mut files, mut waiting) = (Files::new(), vec![directory.to_owned()]);
    while let Some(directory_of) = waiting.pop() {
        for entry in std::fs::read_dir(&directory_of).with_context(|| directory_of.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let name = path.strip_prefix(directory).expect("it was found there").to_string_lossy().into_owned();
            files.insert(name, std::fs::read(&path).with_context(|| path.display().to_string())?.into());
        }
    }
    Ok(files)
}

/// Chooses shapes by one program, as `args` say.
pub fn own(args: &[&str]) -> Result<()> {
    let Options { program, keep, status, data, output, args } = options(args)?;
    let mut stdin = Vec::new();
    if !std::io::stdin().is_terminal() {
        std::io::stdin().read_to_end(&mut stdin)?;
    }
    let wasm = std::fs::read(&program).with_context(|| program.display().to_string())?;
    let files = data.as_deref().map_or_else(|| Ok(Files::new()), files)?;
    let job = Job::Command {
        args,
        stdin: stdin.into(),
        files: files.into(),
        expected: (status, None),
        stubs: pirn_suite::wasi::stubs(),
    };
    let name = program.display().to_string();
    let program = Program::new(&Case { name: name.clone(), role: Role::Train, wasm, job, right: None })?;
    let before = program.dispatches(&Chosen(Some((OWN.known)())), Some(crate::LIMITS))?;
    let (kept, target) = choose(std::slice::from_ref(&program), &OWN, keep, Chosen(None), 16 * keep)?;
    let after = program.dispatches(&target, Some(crate::LIMITS))?;
    let mut text = format!("// Shapes that {name} executes and the standard handlers lack, the heaviest first.\n");
    for Weighed { shape, dispatches } in &kept {
        if let Some(shape) = printable(shape) {
            text.push_str(&format!("{shape} // {dispatches:.0}\n"));
        }
    }
    std::fs::write(&output, text).with_context(|| output.display().to_string())?;
    let path = std::path::absolute(&output)?;
    println!(
        "{name}: {before:.3} dispatches for an instruction, {after:.3} with {} shapes more\n\
         build with PIRN_SHAPES={}",
        kept.len(),
        path.display()
    );
    Ok(())
}
