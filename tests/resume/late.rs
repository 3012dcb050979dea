//! Generated programs behave, interrupted by deadlines and moved from engine to engine there, as in one go.
//!
//! Without fuel loops are lowered otherwise: peeled, rotated, repeated by one cell. Wherever a deadline stops such a program its state can be
//! told, but within what takes long. Programs that take all the fuel there is are left out, for they may never end without.

use crate::group;
use crate::program::{Random, Text, program};
use crate::property::{ARGUMENT, Trace, assert_same, entry, host, linker, seeds, whole};
use crate::snapshots::{Home, Numbers};
use pirn::*;

/// How often a run is moved at most.
const MOVES: usize = 12;

fn engine(fuse: bool) -> Engine {
    Engine::new(Config::new().epoch_interruption(true).fuse(fuse)).unwrap()
}

/// Has executions pause at some of the places where they ask for the epoch.
fn interrupt(store: &mut Store<Vec<i32>>, seed: u64) {
    let mut random = Random(seed);
    let late = move |_: StoreContextMut<'_, Vec<i32>>| {
        Ok(if random.below(3) == 0 { UpdateDeadline::Yield(0) } else { UpdateDeadline::Continue(0) })
    };
    store.epoch_deadline_callback(late);
    store.set_epoch_deadline(0);
}

/// In pieces, from engine to engine, of which the first lowers with fusion and the second without; and how often it was moved.
fn moved(modules: &[(&str, &str)], seed: u64, fuse: bool) -> (Trace, usize) {
    let homes = [fuse, !fuse].map(|fuse| Home::with(engine(fuse), modules));
    let mut random = Random(seed ^ 0x5a5a);
    let mut store = homes[0].store();
    interrupt(&mut store, seed);
    let (linker, mut shared) = linker(&mut store, false);
    let (mut instances, mut moves) = (Vec::new(), 0);
    let mut starting = group(&linker, modules).instantiate_resumable(&mut store);
    let linked = loop {
        match starting {
            Ok(Resumable::Paused(paused)) => starting = paused.resume(&mut store, &[]).map_err(Error::from),
            Ok(Resumable::Finished(linked)) => break Ok(linked),
            Err(error) => break Err(error.to_string()),
        }
    };
    let result = linked.and_then(|linked| {
        instances = modules.iter().map(|(name, _)| linked.get(name).expect("a module's instance")).collect();
        let mut call = entry(&store, &linked).call_resumable(&mut store, &[ARGUMENT]);
        loop {
            let mut paused = match call {
                Ok(Resumable::Paused(paused)) => paused,
                Ok(Resumable::Finished(results)) => break Ok(results),
                Err(error) => break Err(error.to_string()),
            };
            // In the beginning each time, later some times.
            if moves < MOVES && random.below(1 + moves) == 0 {
                match Snapshot::take(&store, &[&paused]) {
                    Ok(mut snapshot) => {
                        moves += 1;
                        for (instance, (name, _)) in instances.iter().zip(modules) {
                            snapshot.set_name(*instance, name).unwrap();
                        }
                        let home = &homes[moves % 2];
                        let mut next = home.store();
                        interrupt(&mut next, seed ^ moves as u64);
                        *next.data_mut() = std::mem::take(store.data_mut());
                        let snapshot = Snapshot::from_bytes(&snapshot.to_bytes()).unwrap();
                        let host = host(&home.engine, false);
                        let restored = snapshot.restore_with(&mut next, &host, &home.modules, &mut Numbers);
                        let mut restored = restored.unwrap();
                        instances =
                            modules.iter().map(|(name, _)| restored.get(name).expect("it has a name")).collect();
                        shared = restored.memories()[0];
                        paused = restored.take_paused().pop().expect("one was paused");
                        store = next;
                    }
                    Err(error) => assert!(format!("{error:?}").contains("within an instruction"), "{error:?}"),
                }
            }
            call = paused.resume(&mut store, &[]).map_err(Error::from);
        }
    });
    let memories = instances.iter().filter_map(|instance| instance.get_memory(&store, "memory"));
    let globals = instances.iter().map(|instance| instance.get_global(&store, "g").unwrap().get(&store));
    let trace = Trace {
        result,
        shared: shared.data(&store).to_vec(),
        memories: memories.map(|memory| memory.data(&store).to_vec()).collect(),
        globals: globals.collect(),
        fuel: 0,
        asked: store.data().clone(),
    };
    (trace, moves)
}

#[test]
fn from_engine_to_engine_at_deadlines_as_in_one_go() {
    let seeds = seeds();
    let (mut programs, mut all) = (0, 0);
    for seed in seeds.clone() {
        let program = program(seed);
        let modules: Vec<_> = program.iter().map(|(name, text): &Text| (&**name, &**text)).collect();
        let mut expected = whole(&modules);
        if expected.result.as_ref().is_err_and(|error| *error == Trap::OutOfFuel.to_string()) {
            continue;
        }
        expected.fuel = 0;
        programs += 1;
        for fuse in [true, false] {
            let (found, moves) = moved(&modules, seed, fuse);
            assert_same(&found, &expected, &format!("seed {seed}, fused first: {fuse}"));
            all += moves;
        }
    }
    let count = (seeds.end - seeds.start) as usize;
    assert!(programs > count / 4 && all > programs, "{programs} of {count}, {all} moves");
}
