//! Paused calls that go on elsewhere: on other threads, on other stacks, in any order, with few frames and with many.

use crate::instantiate;
use pirn::*;
use std::sync::{Barrier, mpsc};
use std::thread;

/// Functions of three modules that call each other, and ask in between. What they keep in locals meanwhile, and what they are asked with,
/// looks like anything, addresses included.
const ASKS: &str = r#"(module
    (import "host" "ask" (func $ask (param i64) (result i64)))
    (func $mix (param $x i64) (param $y i64) (result i64)
        (i64.xor (i64.mul (local.get $x) (i64.const 0x9e3779b97f4a7c15)) (i64.shr_u (local.get $y) (i64.const 7))))
    (func $down (export "down") (param $left i32) (param $x i64) (result i64) (local $kept i64) (local $v v128)
        (local.set $kept (call $mix (local.get $x) (i64.extend_i32_u (local.get $left))))
        (local.set $v (i64x2.splat (local.get $kept)))
        (if (i32.eqz (local.get $left)) (then (return (call $ask (local.get $kept)))))
        (local.set $x (call $down (i32.sub (local.get $left) (i32.const 1)) (local.get $kept)))
        ;; Now and then on the way back.
        (if (i32.eqz (i32.rem_u (local.get $left) (i32.const 97)))
            (then (local.set $x (i64.add (local.get $x) (call $ask (local.get $x))))))
        (call $mix (i64.add (local.get $x) (local.get $kept)) (i64x2.extract_lane 1 (local.get $v))))
    (func $overflow (export "overflow") (param $x i64) (result i64)
        (i64.add (call $deeper (call $ask (local.get $x))) (i64.const 1)))
    (func $deeper (param $x i64) (result i64)
        (i64.add (call $deeper (local.get $x)) (i64.const 1)))
    (func $trap (export "trap") (param $x i64) (result i64)
        (i64.add (call $divides (local.get $x)) (i64.const 1)))
    (func $divides (param $x i64) (result i64)
        (i64.div_u (local.get $x) (call $ask (local.get $x)))))"#;

fn mix(x: u64, y: u64) -> u64 {
    x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (y >> 7)
}

fn answer(asked: u64) -> u64 {
    asked.rotate_left(13) ^ 0x5555
}

/// What `down` gives.
fn down(left: u32, x: u64) -> u64 {
    let kept = mix(x, left.into());
    if left == 0 {
        return answer(kept);
    }
    let mut below = down(left - 1, kept);
    if left.is_multiple_of(97) {
        below = below.wrapping_add(answer(below));
    }
    mix(below.wrapping_add(kept), kept)
}

struct World {
    store: Store<()>,
    instance: Instance,
}

impl World {
    fn new(config: &mut Config) -> Self {
        let engine = Engine::new(config).unwrap();
        let mut linker = Linker::<()>::new(&engine);
        linker.func_wrap("host", "ask", |asked: u64| -> Result<u64> { Err(Yield::new(asked).into()) }).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_limits(StoreLimitsBuilder::new().resumable_calls(10_000).build());
        let instance = instantiate(&linker, &mut store, ASKS);
        Self { store, instance }
    }

    fn begin(&mut self, left: u32, x: u64) -> Resumable<u64> {
        let down = self.instance.get_typed_func::<(u32, u64), u64>(&self.store, "down").unwrap();
        down.call_resumable(&mut self.store, (left, x)).unwrap()
    }

    fn one(&mut self, name: &str, x: u64) -> Paused<u64> {
        let func = self.instance.get_typed_func::<u64, u64>(&self.store, name).unwrap();
        func.call_resumable(&mut self.store, x).unwrap().paused().unwrap()
    }

    fn go_on(&mut self, paused: Paused<u64>) -> Resumable<u64> {
        let asked = asked(&paused);
        paused.resume(&mut self.store, &[Val::I64(answer(asked) as i64)]).unwrap()
    }
}

fn asked(paused: &Paused<u64>) -> u64 {
    let PauseReason::Yield(asked) = paused.reason() else { panic!("{:?}", paused.reason()) };
    *asked.downcast_ref().unwrap()
}

/// Numbers that follow from their seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

/// A thousand at once, of all depths: those with many frames, too, which keep their stacks, up to a hundred of them.
#[test]
fn in_any_order() {
    for fuse in [true, false] {
        let mut world = World::new(Config::new().fuse(fuse).max_wasm_stack(1 << 20));
        let mut random = Random(7);
        let depth = |n: u64| if n.is_multiple_of(10) { 100 + n as u32 } else { n as u32 % 40 };
        let mut paused: Vec<_> = (0..1_000).map(|n| (n, world.begin(depth(n), n << 40).paused().unwrap())).collect();
        let mut pauses = 0;
        while !paused.is_empty() {
            let (n, call) = paused.swap_remove(random.below(paused.len()));
            match world.go_on(call) {
                Resumable::Finished(result) => assert_eq!(result, down(depth(n), n << 40), "{n}"),
                Resumable::Paused(call) => {
                    pauses += 1;
                    paused.push((n, call));
                }
            }
        }
        assert_eq!(pauses, (0..1_000).map(|n| depth(n) / 97).sum::<u32>());
    }
}

/// The store and its calls go from thread to thread. Each has used a stack already, which it has kept, so the next one's lies elsewhere.
#[test]
fn from_thread_to_thread() {
    const THREADS: usize = 4;
    const CALLS: u64 = 60;
    /// A world with its calls, and those that have finished; nothing when all have.
    type Parcel = Option<(World, Vec<(u64, Paused<u64>)>, Vec<u64>)>;
    let depth = |n: u64| if n.is_multiple_of(6) { 1_000 } else { n as u32 * 3 };
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel::<Parcel>()).unzip();
    let (done, results) = mpsc::channel();
    let started = Barrier::new(THREADS);
    thread::scope(|scope| {
        for (place, receiver) in receivers.into_iter().enumerate() {
            let next = senders[(place + 1) % THREADS].clone();
            let (done, started) = (done.clone(), &started);
            scope.spawn(move || {
                // A stack of its own, while all others have one.
                let mut own = World::new(&mut Config::new());
                let call = own.begin(3, 3).paused().unwrap();
                assert_eq!(own.go_on(call).finished(), Some(down(3, 3)));
                started.wait();
                for parcel in receiver {
                    let Some((mut world, paused, mut finished)) = parcel else { break };
                    let mut still = Vec::new();
                    for (n, call) in paused {
                        match world.go_on(call) {
                            Resumable::Finished(result) => {
                                assert_eq!(result, down(depth(n), n));
                                finished.push(n);
                            }
                            Resumable::Paused(call) => still.push((n, call)),
                        }
                    }
                    if still.is_empty() {
                        done.send(finished).unwrap();
                        break;
                    }
                    next.send(Some((world, still, finished))).unwrap();
                }
                // Who is there still ends as well.
                _ = next.send(None);
            });
        }
        let mut world = World::new(&mut Config::new());
        let paused = (0..CALLS).map(|n| (n, world.begin(depth(n), n).paused().unwrap())).collect();
        senders[0].send(Some((world, paused, Vec::new()))).unwrap();
        let mut finished = results.recv().unwrap();
        finished.sort_unstable();
        assert_eq!(finished, (0..CALLS).collect::<Vec<_>>());
    });
}

type Job = Box<dyn FnOnce() + Send>;

/// Two threads that run jobs in turns, each on a stack that it keeps.
struct Workers(Vec<mpsc::Sender<Job>>);

impl Workers {
    fn new() -> Self {
        let worker = |_| {
            let (sender, jobs) = mpsc::channel::<Job>();
            thread::spawn(move || jobs.into_iter().for_each(|job| job()));
            sender
        };
        Self((0..2).map(worker).collect())
    }

    /// What `job` gives, run by the one that did not run the last.
    fn run<R: Send + 'static>(&mut self, job: impl FnOnce() -> R + Send + 'static) -> R {
        let (sender, result) = mpsc::channel();
        self.0.swap(0, 1);
        self.0[0].send(Box::new(move || sender.send(job()).unwrap())).unwrap();
        result.recv().expect("the job does not panic")
    }
}

/// Out of fuel, a call stops anywhere, with values in registers.
#[test]
fn a_step_on_each_thread() {
    let mut workers = Workers::new();
    for (fuse, step, left) in [(true, 1, 5), (false, 1, 5), (true, 60, 120), (false, 60, 120), (true, 200, 400)] {
        let mut world = World::new(Config::new().consume_fuel(true).fuse(fuse));
        let mut call = world.begin(left, 6);
        let mut steps = 0;
        let result = loop {
            let paused = match call {
                Resumable::Finished(result) => break result,
                Resumable::Paused(paused) => paused,
            };
            steps += 1;
            (world, call) = workers.run(move || {
                let call = match paused.reason() {
                    PauseReason::OutOfFuel { required } => {
                        world.store.set_fuel(step.max(required)).unwrap();
                        paused.resume(&mut world.store, &[]).unwrap()
                    }
                    _ => world.go_on(paused),
                };
                (world, call)
            });
        };
        assert_eq!(result, down(left, 6), "{fuse}, {step}, {left}");
        assert!(steps > left / 10, "{steps}");
    }
}

/// What is found out of the frames is right where they are now, and so is where the stack ends.
#[test]
fn errors_after_moving() {
    let mut world = World::new(&mut Config::new());
    let (trap, overflow) = (world.one("trap", 8), world.one("overflow", 16));
    let (mut world, trap) = thread::spawn(move || {
        let World { mut store, instance } = world;
        let error = trap.resume(&mut store, &[Val::I64(0)]).unwrap_err();
        (World { store, instance }, error)
    })
    .join()
    .unwrap();
    // The stack of this thread is in use meanwhile.
    let mut other = World::new(&mut Config::new());
    let names = |error: &Error| {
        let frames = error.downcast_ref::<WasmBacktrace>().expect("a backtrace").frames();
        frames.iter().map(|frame| frame.func_name().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(trap.error().trap(), Some(Trap::IntegerDivideByZero));
    assert_eq!(names(trap.error()), ["divides", "trap"]);
    let overflow = overflow.resume(&mut world.store, &[Val::I64(1)]).unwrap_err();
    assert_eq!(overflow.error().trap(), Some(Trap::StackOverflow));
    assert_eq!(names(overflow.error())[..2], ["deeper", "deeper"]);
    // Stacks that were used to their ends are used again.
    let call = other.begin(200, 9).paused().unwrap();
    let call = other.go_on(call).paused().unwrap();
    let call = other.go_on(call).paused().unwrap();
    assert_eq!(other.go_on(call).finished(), Some(down(200, 9)));
}

/// Just what is used is on the account, or a whole stack, as long as a call pauses with many frames.
#[test]
fn few_frames_or_many() {
    const STACK: u64 = 1 << 20;
    let mut world = World::new(Config::new().max_wasm_stack(STACK as usize));
    let stacks = |world: &World| world.store.engine().memory_usage().stacks;
    let mut call = world.begin(97 * 12, 5);
    let mut held = Vec::new();
    let result = loop {
        match call {
            Resumable::Finished(result) => break result,
            Resumable::Paused(paused) => {
                held.push(stacks(&world));
                call = world.go_on(paused);
            }
        }
    };
    assert_eq!(result, down(97 * 12, 5));
    assert_eq!(stacks(&world), 0);
    // 12 words a frame: as many as fit 16 KiB, and more. On the way back they become fewer.
    let few = held.iter().filter(|bytes| **bytes <= 16 << 10).count();
    assert!(few >= 1 && held.len() - few >= 6, "{held:?}");
    assert!(held.iter().all(|&bytes| bytes <= 16 << 10 || bytes == STACK), "{held:?}");
    assert!(held.is_sorted_by(|one, next| one >= next), "{held:?}");
}
