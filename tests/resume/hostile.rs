//! Snapshots of generated programs that somebody changed: each is refused, or goes on without harm.

use crate::change::{changed, places};
use crate::program::{Random, Text, program};
use crate::property::{host, seeds};
use crate::snapshots::{Home, Moving, Numbers};
use pirn::*;
use std::collections::BTreeMap;

/// Changed snapshots of each program, unless `PIRN_CHANGES` says otherwise.
const CHANGES: usize = if cfg!(debug_assertions) { 20 } else { 100 };

/// An engine whose stores refuse what would take long, whatever the snapshot says.
fn engine(fuse: bool) -> Engine {
    let limits = StoreLimitsBuilder::untrusted().memory_size(1 << 20).total_memory_size(10 << 20).table_elements(1000);
    let mut config = Config::new();
    Engine::new(config.consume_fuel(true).fuse(fuse).limits(limits.build()).max_wasm_stack(256 << 10)).unwrap()
}

/// What becomes of a changed snapshot.
fn outcome(content: &[u8], home: &Home<'_>, yields: bool) -> &'static str {
    let Ok(snapshot) = Snapshot::from_content(content) else { return "malformed" };
    let mut store = home.store();
    let restored = snapshot.restore_with(&mut store, &host(&home.engine, yields), &home.modules, &mut Numbers);
    let Ok(mut restored) = restored else { return "does not fit" };
    let mut outcome = "goes on";
    for paused in restored.take_paused() {
        let mut call = Resumable::Paused(paused);
        for _ in 0..20 {
            let Resumable::Paused(paused) = call else {
                outcome = "returns";
                break;
            };
            if let Ok(again) = Snapshot::take_with(&store, &[&paused], &mut Numbers) {
                assert_eq!(Snapshot::from_bytes(&again.to_bytes()).unwrap().content(), again.content());
            }
            let answers: Vec<_> = paused.expects().iter().map(|&ty| Val::default_for(ty)).collect();
            store.set_fuel(500).unwrap();
            match paused.resume(&mut store, &answers) {
                Ok(next) => call = next,
                Err(_) => {
                    outcome = "traps";
                    break;
                }
            }
        }
    }
    outcome
}

#[test]
fn changed_snapshots_of_programs_are_refused_or_do_no_harm() {
    let changes = std::env::var("PIRN_CHANGES").map_or(CHANGES, |text| text.parse().expect("PIRN_CHANGES is a number"));
    let mut outcomes = BTreeMap::<_, usize>::new();
    let seeds = seeds();
    for seed in seeds.clone() {
        let program = program(seed);
        let modules: Vec<_> = program.iter().map(|(name, text): &Text| (&**name, &**text)).collect();
        let names: Vec<_> = modules.iter().map(|&(name, _)| name).collect();
        let homes = [true, false].map(|fuse| Home::with(engine(fuse), &modules));
        let mut random = Random(seed);
        let (step, yields) = ([1, 7, 50][random.below(3)], random.below(2) == 0);
        let mut store = homes[0].store();
        let mut moving = Moving::begin(&mut store, &modules, step, yields);
        let mut left = random.below(1000 / step as usize);
        while (left > 0 || !moving.may_move()) && moving.run.advance(&mut store) {
            left = left.saturating_sub(1);
        }
        if !moving.may_move() {
            continue;
        }
        let snapshot = Snapshot::from_bytes(&moving.leave(&store, &names)).unwrap();
        let content = snapshot.content();
        let places = places(&content);
        for _ in 0..changes {
            let changed = changed(&content, &places, |n| random.below(n));
            *outcomes.entry(outcome(&changed, &homes[random.below(2)], yields)).or_default() += 1;
        }
    }
    println!("{outcomes:?}");
    let all: usize = outcomes.values().sum();
    assert!(all > (seeds.end - seeds.start) as usize * changes / 2, "most programs pause: {outcomes:?}");
    assert!(outcomes.len() == 5 && outcomes.values().all(|&count| count > all / 1000), "{outcomes:?}");
}
