//! What live stores cost: with an instance of one page each, of which the first bytes are touched.
#![cfg(target_os = "linux")]

use pirn::*;

/// The number in KiB behind `key` in a file like `/proc/self/status`.
fn kib(file: &str, key: &str) -> usize {
    let text = std::fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.trim_start_matches(':').trim_end_matches("kB").trim().parse().unwrap()
}

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

/// One test: what runs beside it would be counted.
#[test]
fn a_hundred_thousand_live_stores() {
    // A kernel gives a process 65,530 mappings.
    const STORES: usize = 100_000;
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (import "host" "add" (func $add (param i32) (result i32))) (memory (export "m") 1)
            (global $g (mut i32) (i32.const 0))
            (func (export "f") (param i32) (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (i32.store (i32.const 0) (call $add (local.get 0)))
                (i32.add (local.get 0) (global.get $g))))"#,
    )
    .unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "add", |x: i32| x + 1).unwrap();
    let pre = linker.instantiate_pre(&module).unwrap();
    let make = |i: usize| {
        let mut store = Store::new(&engine, ());
        let instance = pre.instantiate(&mut store).unwrap();
        let func = instance.get_typed_func::<i32, i32>(&store, "f").unwrap();
        assert_eq!(func.call(&mut store, i as i32).unwrap(), i as i32 + 1);
        (store, func, instance)
    };
    drop(make(0));
    let (resident, mapped) = (kib("/proc/self/status", "VmRSS"), mappings());
    let mut stores: Vec<_> = (0..STORES).map(make).collect();
    let each = (kib("/proc/self/status", "VmRSS") - resident) as f64 / STORES as f64;
    println!("{each:.2} KiB each, {} mappings more", mappings() - mapped);
    assert!(each < 12.0, "{each} KiB a store");
    assert!(mappings() < mapped + 4000, "{} mappings", mappings());
    // Huge pages would commit 2 MiB for a byte, so none are asked for, also where the system gives them to everybody.
    let huge = kib("/proc/self/smaps_rollup", "AnonHugePages");
    assert!(huge < 64 << 10, "{huge} KiB of huge pages");
    // Each is apart from the others, and what one wrote nobody else finds.
    for (i, (store, func, instance)) in stores.iter_mut().enumerate().step_by(997) {
        let memory = instance.get_memory(&*store, "m").unwrap();
        assert_eq!(memory.data(&*store)[..4], (i as u32 + 1).to_le_bytes());
        assert_eq!(func.call(store, 5).unwrap(), 7);
    }
    drop(stores);
    let (store, _, instance) = make(7);
    let memory = instance.get_memory(&store, "m").unwrap();
    assert!(memory.data(&store)[4..].iter().all(|&byte| byte == 0));
    let kept = kib("/proc/self/status", "VmRSS").saturating_sub(resident);
    // What is dropped goes back to the system, but for what the allocator keeps.
    assert!(kept < STORES * 4, "{kept} KiB are kept");
}
