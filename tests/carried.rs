//! Short loops that have their slots in registers as long as they run, against code in which each operator has a cell: how many
//! iterations they run, how they are left, where they trap, what locals and memory hold then.

use pirn::*;
use std::fmt::Write;

/// What loops do, over the locals that [`function`] has, before they count.
const WORK: [&str; 28] = [
    "",
    "(local.set $x (i32.add (local.get $x) (local.get $i)))",
    "(local.set $x (i32.xor (local.get $x) (local.get $n)))",
    "(local.set $x (i32.add (i32.load (local.get $i)) (local.get $x)))",
    "(local.set $x (i32.add (local.get $x) (i32.load8_u (local.get $p)))) (local.set $p (i32.add (local.get $p) (i32.const 1)))",
    "(local.set $l (i64.add (local.get $l) (i64.load (local.get $i))))",
    "(local.set $f (f64.add (local.get $f) (f64.load (local.get $i))))",
    "(i32.store8 (local.get $i) (local.get $x))",
    "(i32.store (local.get $i) (i32.const 77))",
    "(i64.store (local.get $p) (local.get $l)) (local.set $p (i32.add (local.get $p) (i32.const 8)))",
    "(i32.store8 (local.get $p) (i32.load8_u (local.get $q))) (local.set $p (i32.add (local.get $p) (i32.const 1)))
     (local.set $q (i32.add (local.get $q) (i32.const 1)))",
    "(i32.store offset=500 (local.get $i) (i32.load (local.get $i)))",
    "(local.set $l (i64.mul (local.get $l) (local.get $m))) (local.set $m (i64.add (local.get $m) (i64.const 2)))",
    "(local.set $m (i64.add (local.get $l) (local.get $k))) (local.set $l (local.get $k)) (local.set $k (local.get $m))",
    "(local.get $k) (i64.add (local.get $l) (local.get $k)) (local.set $k) (local.set $l)",
    "(local.set $l (i64.xor (local.get $l) (i64.shl (local.get $l) (i64.const 13))))
     (local.set $l (i64.xor (local.get $l) (i64.shr_u (local.get $l) (i64.const 7))))
     (local.set $l (i64.xor (local.get $l) (i64.shl (local.get $l) (i64.const 17))))",
    "(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1103515245)) (i32.const 12345)))
     (local.set $q (i32.add (local.get $q) (i32.and (i32.shr_u (local.get $x) (i32.const 16)) (i32.const 32767))))",
    "(local.set $f (f64.mul (f64.mul (f64.const 3.9) (local.get $f)) (f64.sub (f64.const 1) (local.get $f))))",
    "(local.set $f (f64.add (local.get $f) (f64.const 1)))
     (local.set $g (f64.add (local.get $g) (f64.div (f64.const 1) (local.get $f))))",
    "(local.set $x (i32.add (local.get $x) (i32.xor (local.get $i) (local.get $p))))",
    "(local.set $x (i32.add (local.get $x) (i32.load8_u (local.get $i)))) (local.set $q (i32.add (local.get $q) (local.get $x)))",
    // What leaves in the middle, with a branch or a trap.
    "(br_if $out (i32.ne (i32.load8_u (local.get $p)) (i32.load8_u (local.get $q))))
     (local.set $p (i32.add (local.get $p) (i32.const 1))) (local.set $q (i32.add (local.get $q) (i32.const 1)))",
    "(local.set $x (i32.rem_u (local.get $q) (local.get $p))) (local.set $q (local.get $p)) (local.set $p (local.get $x))",
    "(global.set $g32 (i32.add (global.get $g32) (i32.const 3)))",
    "(global.set $g32 (i32.add (global.get $g32) (local.get $i)))",
    "(global.set $g32 (i32.sub (global.get $g32) (local.get $n)))",
    // Another global, and the same one by another index.
    "(global.set $g32 (i32.add (global.get $other) (local.get $i)))",
    "(global.set $g32 (i32.add (global.get $again) (i32.const 5)))",
];

/// How they end: with a test at the end, of what they count; or in front.
const ENDS: [&str; 17] = [
    "(br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))",
    "(br_if $next (local.tee $n (i32.add (local.get $n) (i32.const -1))))",
    "(br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))",
    "(br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 5000)))",
    "(local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $next (i32.ne (local.get $i) (local.get $n)))",
    "(br_if $next (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 72000)))",
    "(local.set $m (i64.sub (local.get $m) (i64.const 1))) (br_if $next (i64.ne (local.get $m) (i64.const 0)))",
    "(br_if $next (i64.lt_s (local.tee $m (i64.add (local.get $m) (i64.const 1))) (i64.const 3000)))",
    "(br_if $next (i32.lt_u (global.get $g32) (local.get $n)))",
    "<(i32.eqz (local.get $n))> (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br $next)",
    "<(i32.ge_u (local.get $i) (local.get $n))> (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $next)",
    "<(i64.eqz (local.get $m))> (local.set $m (i64.sub (local.get $m) (i64.const 1))) (br $next)",
    "(global.set $g32 (i32.sub (global.get $g32) (i32.const 0x100000))) (br_if $next (global.get $g32))",
    "(global.set $g32 (i32.add (global.get $g32) (i32.const 0x100000))) (br_if $next (global.get $again))",
    "(global.set $g32 (i32.add (global.get $g32) (i32.const 2))) (br_if $next (i32.lt_u (global.get $g32) (i32.const 3001)))",
    "(global.set $g32 (i32.add (global.get $again) (i32.const 2))) (br_if $next (i32.lt_s (global.get $g32) (i32.const 3001)))",
    "<(i32.ge_u (global.get $g32) (local.get $n))> (global.set $g32 (i32.add (global.get $g32) (i32.const 1))) (br $next)",
];

/// Ends that count in a global: which work does not keep them from ending.
fn counts_in_global(end: usize) -> Option<&'static [usize]> {
    match end {
        8 => Some(&[23, 27]),
        12.. => Some(&[0]),
        _ => None,
    }
}

/// A function of a loop; what it was left with goes to memory, and so does what stood in the accumulators.
fn function(out: &mut String, name: &str, work: &str, end: &str) {
    let (test, end) = match end.strip_prefix('<') {
        Some(rest) => rest.split_once('>').expect("a test in front ends"),
        None => ("", end),
    };
    let test = if test.is_empty() { String::new() } else { format!("(br_if $out {test})") };
    write!(
        out,
        "(func (export \"{name}\") (param $n i32) (param $i i32) (param $p i32) (param $q i32) (result i64)
            (local $x i32) (local $k i64) (local $l i64) (local $m i64) (local $f f64) (local $g f64) (local $last i32)
            (local.set $x (i32.const 5)) (local.set $k (i64.const 1)) (local.set $l (i64.const 88172645463325252))
            (local.set $m (i64.extend_i32_u (i32.and (local.get $n) (i32.const 4095)))) (local.set $f (f64.const 0.3))
            (global.set $g32 (i32.const 0))
            (block $done (block $out
                (loop $next {test} {work} {end})
                (local.set $last (i32.clz (local.get $n)))
                (br $done)))
            (i64.store (i32.const 65000) (local.get $k)) (i64.store (i32.const 65008) (local.get $l))
            (i64.store (i32.const 65016) (local.get $m)) (f64.store (i32.const 65024) (local.get $f))
            (f64.store (i32.const 65032) (local.get $g)) (i32.store (i32.const 65040) (local.get $x))
            (i32.store (i32.const 65044) (local.get $n)) (i32.store (i32.const 65048) (local.get $i))
            (i32.store (i32.const 65052) (local.get $p)) (i32.store (i32.const 65056) (local.get $q))
            (i32.store (i32.const 65060) (local.get $last)) (i32.store (i32.const 65064) (global.get $g32))
            (local.get $l))\n"
    )
    .expect("strings take everything");
}

fn module() -> (String, Vec<String>) {
    let mut wat = String::from(
        "(module (import \"\" \"g\" (global $g32 (mut i32))) (import \"\" \"g\" (global $again (mut i32)))
            (memory (export \"memory\") 1) (global $other (mut i32) (i32.const 9))\n",
    );
    let mut names = Vec::new();
    for (w, work) in WORK.iter().enumerate() {
        for (e, end) in ENDS.iter().enumerate() {
            let name = format!("{w} {e}");
            function(&mut wat, &name, work, end);
            names.push(name);
        }
    }
    (wat + ")", names)
}

/// What they are called with: few iterations and more than a handler does in one go; pointers that pass the end of the memory.
const ARGS: [[i32; 4]; 6] =
    [[1, 0, 64, 96], [2, 0, 1, 1], [7, 0, 0, 1], [1001, 0, 128, 4096], [3500, 8, 65533, 8], [66000, 65528, 300, 65530]];

/// What a call gives, or how and where it traps.
type Answer = Result<i64, (Option<Trap>, Option<usize>)>;

/// What a call gives, and what the memory is then; the call ends some time, for it has fuel or a deadline, or its loop does.
fn outcomes(config: &Config, wasm: &[u8], names: &[String]) -> Vec<(String, Answer, u64)> {
    let engine = Engine::new(config).unwrap();
    let module = Module::new(&engine, wasm).unwrap();
    let mut outcomes = Vec::new();
    for name in names {
        for args in ARGS {
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(1);
            let global = Global::new(&mut store, GlobalType::new(ValType::I32, true), Val::I32(0)).unwrap();
            let instance = Instance::new(&mut store, &module, &[global.into(), global.into()]).unwrap();
            let memory = instance.get_memory(&mut store, "memory").unwrap();
            for (i, byte) in memory.data_mut(&mut store)[..60_000].iter_mut().enumerate() {
                *byte = (i * 7 % 13 / 12) as u8;
            }
            let func = instance.get_typed_func::<(i32, i32, i32, i32), i64>(&mut store, name).unwrap();
            let [n, i, p, q] = args;
            let result = func.call(&mut store, (n, i, p, q));
            let result = result.map_err(|error| {
                let backtrace = error.downcast_ref::<WasmBacktrace>().expect("traps have backtraces");
                (error.downcast_ref::<Trap>().copied(), backtrace.frames()[0].module_offset())
            });
            let hash = memory
                .data(&store)
                .iter()
                .fold(0_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3).rotate_left(7));
            outcomes.push((format!("{name} {args:?}"), result, hash));
        }
    }
    outcomes
}

#[test]
fn loops_do_in_registers_what_they_do_in_slots() {
    let (wat, names) = module();
    // But for those that would run for years: they count in a local that they set as well, or in a global that they do not.
    let ends = |name: &&String| {
        let (work, end) = name.split_once(' ').expect("two numbers");
        let [work, end]: [usize; 2] = [work, end].map(|number| number.parse().expect("two numbers"));
        match counts_in_global(end) {
            Some(of) => of.contains(&work),
            None => !(matches!(end, 6 | 7 | 11) && matches!(work, 12 | 13)),
        }
    };
    let names: Vec<String> = names.iter().filter(ends).cloned().collect();
    let wasm = wat::parse_str(wat).unwrap();
    let expected = outcomes(Config::new().fuse(false), &wasm, &names);
    for epochs in [false, true] {
        let found = outcomes(Config::new().epoch_interruption(epochs), &wasm, &names);
        for (expected, found) in expected.iter().zip(found) {
            assert_eq!(*expected, found, "deadlines: {epochs}");
        }
    }
}
