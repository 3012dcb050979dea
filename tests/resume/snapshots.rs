//! Generated programs behave, moved from engine to engine whenever they pause, as in one go.
//!
//! Where such a program pauses, its store is written to bytes, read, and made again in a store of another engine, of which the first
//! lowers with fusion and the second without; there it goes on. With few units of fuel at a time it pauses too often for that,
//! so then it is moved at some of the pauses.

use crate::program::{Random, Text, program};
use crate::property::{FUEL, PROGRAMS, Run, Stage, Trace, engine, host, whole};
use pirn::*;
use std::any::Any;

/// Writes down what the host function yields: a number.
struct Numbers;

impl SnapshotHooks for Numbers {
    fn save_payload(&mut self, payload: &(dyn Any + Send)) -> Result<Vec<u8>> {
        Ok(payload.downcast_ref::<i32>().expect("a number").to_le_bytes().to_vec())
    }

    fn load_payload(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send>> {
        Ok(Box::new(i32::from_le_bytes(bytes.try_into().expect("four bytes"))))
    }
}

/// An engine, and the modules of a program.
struct Home {
    engine: Engine,
    modules: Vec<Module>,
}

impl Home {
    fn new(fuse: bool, modules: &[(&str, &str)]) -> Self {
        let engine = engine(fuse);
        let modules = modules.iter().map(|(_, text)| Module::new(&engine, text).unwrap()).collect();
        Self { engine, modules }
    }
}

/// The program is moved at one of so many pauses, in the mean.
fn rarity(step: u64) -> usize {
    match step {
        1 => 400,
        7 => 60,
        _ => 1,
    }
}

/// A run in pieces, moved at pauses; and how often it was.
fn moved(program: &[(&str, &str)], homes: &[Home; 2], step: u64, yields: bool, random: &mut Random) -> (Trace, usize) {
    let mut at = random.below(2);
    let mut moves = 0;
    let mut store = Store::new(&homes[at].engine, Vec::new());
    let mut run = Run::begin(&mut store, program, step, yields);
    let mut instances: Vec<(String, Instance)> = Vec::new();
    let mut shared = None;
    while run.advance(&mut store) {
        let Stage::Running(Resumable::Paused(_)) = &run.stage else { continue };
        if random.below(rarity(step)) != 0 {
            continue;
        }
        let Stage::Running(Resumable::Paused(paused)) = std::mem::replace(&mut run.stage, Stage::Over(Ok(vec![])))
        else {
            unreachable!("just seen")
        };
        let mut snapshot = Snapshot::take_with(&store, &[&paused], &mut Numbers).unwrap();
        if moves == 0 {
            let linked = run.linked.take().expect("it runs");
            instances = linked.iter().map(|(name, instance)| (name.into(), instance)).collect();
        }
        for (name, instance) in &instances {
            snapshot.set_name(*instance, name).unwrap();
        }
        let bytes = snapshot.to_bytes();
        assert_eq!(Snapshot::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        // Elsewhere, mostly.
        at = if random.below(4) == 0 { at } else { 1 - at };
        let Home { engine, modules } = &homes[at];
        store = Store::new(engine, Vec::new());
        let linker = host(engine, yields);
        let snapshot = Snapshot::from_bytes(&bytes).unwrap();
        let mut restored = snapshot.restore_with(&mut store, &linker, modules, &mut Numbers).unwrap();
        for (name, instance) in &mut instances {
            *instance = restored.get(name).expect("it has a name");
        }
        // The host made its memory first.
        shared = Some(restored.memories()[0]);
        let [paused] = restored.take_paused().try_into().expect("one was paused");
        assert_eq!(store.get_fuel().unwrap(), run.fuel, "fuel is part of the store");
        run.stage = Stage::Running(Resumable::Paused(paused));
        moves += 1;
    }
    let Some(shared) = shared else { return (run.trace(&store), 0) };
    let Stage::Over(result) = run.stage else { panic!("it is not over") };
    let memories = instances.iter().filter_map(|(_, instance)| instance.get_memory(&store, "memory"));
    let globals = instances.iter().map(|(_, instance)| instance.get_global(&store, "g").unwrap().get(&store));
    let trace = Trace {
        result,
        shared: shared.data(&store).to_vec(),
        memories: memories.map(|memory| memory.data(&store).to_vec()).collect(),
        globals: globals.collect(),
        fuel: run.given - run.fuel,
        asked: run.asked,
    };
    (trace, moves)
}

#[test]
fn moved_at_pauses_as_in_one_go() {
    let mut moves = [0; 2];
    for seed in 0..PROGRAMS {
        let program = program(seed);
        let modules: Vec<_> = program.iter().map(|(name, text): &Text| (&**name, &**text)).collect();
        let expected = whole(&modules);
        let homes = [true, false].map(|fuse| Home::new(fuse, &modules));
        let mut random = Random(seed);
        for step in [1, 7, 1000, FUEL] {
            for yields in [false, true] {
                let way = format!("seed {seed}, step {step}, yields {yields}");
                let (trace, count) = moved(&modules, &homes, step, yields, &mut random);
                assert_eq!(trace.result, expected.result, "{way}");
                assert_eq!(trace.globals, expected.globals, "{way}");
                assert_eq!(trace.asked, expected.asked, "{way}");
                assert_eq!(trace.fuel, expected.fuel, "{way}");
                assert!(trace == expected, "{way}: memories differ");
                moves[usize::from(yields)] += count;
            }
        }
    }
    println!("moved {} times out of fuel, {} times out of fuel or in a host function", moves[0], moves[1]);
    assert!(moves.iter().all(|&moves| moves > 10 * PROGRAMS as usize), "{moves:?}");
}
