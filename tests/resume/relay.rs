//! Generated programs behave, handed from process to process, perhaps on other processors, as in one go.
//!
//! A folder has a file for each run of a program: how much fuel was given, what the host was asked, and the store with its paused call, as
//! a snapshot. A *leg* goes on with each of them for a while, and writes it anew. The last leg goes on to the end. `PIRN_RELAY` names the
//! folder, and makes the test a leg; `PIRN_RELAY_LAST` makes it the last one. Otherwise it runs some legs of its own.

use crate::program::{Random, Text, program};
use crate::property::{FUEL, assert_same, seeds, whole};
use crate::snapshots::{Home, Moving};
use std::path::{Path, PathBuf};

/// Legs that most programs are there for.
const LEGS: u64 = 8;

/// How far runs are.
#[derive(Debug, Default)]
struct Counts {
    begun: usize,
    handed_on: usize,
    ended: usize,
    over: usize,
}

/// What is in a file.
enum Baton {
    /// Nothing is left to do.
    Over,
    /// Fuel that was given, what the host was asked, a snapshot.
    Paused(u64, Vec<i32>, Vec<u8>),
}

impl Baton {
    fn write(&self, path: &Path) {
        let mut bytes = Vec::new();
        if let Self::Paused(given, asked, snapshot) = self {
            bytes.extend(given.to_le_bytes());
            bytes.extend((asked.len() as u64).to_le_bytes());
            bytes.extend(asked.iter().flat_map(|asked| asked.to_le_bytes()));
            bytes.extend(snapshot);
        }
        std::fs::write(path, bytes).unwrap();
    }

    fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let mut rest = &bytes[..];
        let word = |rest: &mut &[u8]| u64::from_le_bytes(*rest.split_off(..8)?.first_chunk()?).into();
        let given: Option<u64> = word(&mut rest);
        let Some(given) = given else { return Some(Self::Over) };
        let count: u64 = word(&mut rest)?;
        let asked = rest.split_off(..4 * count as usize)?.chunks(4);
        let asked = asked.map(|bytes| i32::from_le_bytes(bytes.try_into().expect("four"))).collect();
        Some(Self::Paused(given, asked, rest.to_vec()))
    }
}

/// Goes on with one run, up to some pause or the end.
fn go_on(seed: u64, (step, yields): (u64, bool), path: &Path, leg: u64, last: bool, counts: &mut Counts) {
    let program = program(seed);
    let modules: Vec<_> = program.iter().map(|(name, text): &Text| (&**name, &**text)).collect();
    let names: Vec<_> = modules.iter().map(|&(name, _)| name).collect();
    let mut random = Random(seed ^ leg << 32 ^ step << 40 ^ u64::from(yields) << 63);
    let home = Home::new(random.below(2) == 0, &modules);
    let (mut store, mut moving) = match Baton::read(path) {
        Some(Baton::Over) => {
            counts.over += 1;
            return;
        }
        Some(Baton::Paused(given, asked, bytes)) => {
            counts.handed_on += 1;
            Moving::arrive(&home, &bytes, (step, yields), (given, asked))
        }
        None => {
            counts.begun += 1;
            let mut store = home.store();
            let moving = Moving::begin(&mut store, &modules, step, yields);
            (store, moving)
        }
    };
    let mut left = 1 + random.below((2 * FUEL / step / LEGS) as usize);
    while moving.run.advance(&mut store) {
        left = left.saturating_sub(1);
        if left == 0 && !last && moving.may_move() {
            let bytes = moving.leave(&store, &names);
            return Baton::Paused(moving.run.given, moving.run.asked, bytes).write(path);
        }
    }
    counts.ended += 1;
    let way = format!("seed {seed}, step {step}, yields {yields}");
    assert_same(&moving.trace(&store), &whole(&modules), &way);
    Baton::Over.write(path);
}

/// Goes on with all runs in the folder.
fn leg(folder: &Path, seeds: std::ops::Range<u64>, leg: u64, last: bool) -> Counts {
    let mut counts = Counts::default();
    for seed in seeds {
        for step in [1, 7, 1000] {
            for yields in [false, true] {
                let path = folder.join(format!("{seed}-{step}-{}", if yields { "yields" } else { "answers" }));
                go_on(seed, (step, yields), &path, leg, last, &mut counts);
            }
        }
    }
    let processor = std::env::consts::ARCH;
    println!("{processor}, leg {leg}{}: {counts:?}", if last { ", the last" } else { "" });
    counts
}

#[test]
fn handed_from_process_to_process_as_in_one_go() {
    if let Some(folder) = std::env::var_os("PIRN_RELAY") {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        // Numbers of legs only have to differ.
        let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let last = std::env::var_os("PIRN_RELAY_LAST").is_some();
        leg(&folder, seeds(), time.as_secs(), last);
        return;
    }
    let folder = std::env::temp_dir().join(format!("pirn-relay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let few = 0..if cfg!(debug_assertions) { 4 } else { 30 };
    let runs = few.end as usize * 6;
    let first = leg(&folder, few.clone(), 1, false);
    let second = leg(&folder, few.clone(), 2, false);
    let last = leg(&folder, few.clone(), 3, true);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(first.begun == runs && second.handed_on > runs / 4, "{first:?} {second:?}");
    assert_eq!(last.handed_on + last.over, runs);
    assert_eq!(first.ended + second.ended + last.ended, runs);
}
